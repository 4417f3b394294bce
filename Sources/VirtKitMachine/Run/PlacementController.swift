internal import Synchronization
internal import VirtKitCore

/// Where a local machine's threads run. The machine's threads are put in when they are there.
final class PlacementController: MachinePlacementControl {
    /// The threads in order: vCPUs, then `io`.
    private let threads: [(thread: MachineThread, owned: OwnedThread)]

    init(vcpus: [OwnedThread], io: OwnedThread) {
        threads = vcpus.enumerated().map { (.vcpu($0.offset), $0.element) } + [(.io, io)]
    }

    /// Places every thread as a configuration says, before anything runs.
    func apply(_ placement: MachinePlacement) throws(VirtKitError) {
        for (thread, owned) in threads { try place(thread, owned, placement[thread]) }
    }

    func effective() async throws -> [EffectivePlacement] {
        var all: [EffectivePlacement] = []
        for (thread, owned) in threads {
            let found = try owned.withNumber { number throws(VirtKitError) in
                try ThreadPlacer.effective(thread, number: number)
            }
            guard let found else { throw Self.ended }
            all.append(found)
        }
        return all
    }

    func place(_ thread: MachineThread, _ placement: ThreadPlacement) async throws {
        guard let owned = threads.first(where: { $0.thread == thread })?.owned else {
            let known = threads.map(\.thread.rawValue)
            throw VirtKitError(
                .invalidConfiguration, operation: "place a thread", message: "the machine has no thread \"\(thread)\"",
                remedy: "name one of \(known.prefix(4).joined(separator: ", "))\(known.count > 4 ? " … io" : "")")
        }
        let faults = placement.faults
        guard faults.isEmpty else {
            throw VirtKitError(
                .invalidConfiguration, operation: "place a thread", message: faults.joined(separator: "; "))
        }
        try place(thread, owned, placement)
    }

    private func place(
        _ thread: MachineThread, _ owned: OwnedThread, _ placement: ThreadPlacement
    ) throws(VirtKitError) {
        let done: Void? = try owned.withNumber { number throws(VirtKitError) in
            try ThreadPlacer.place(thread, number: number, placement)
        }
        if done == nil { throw Self.ended }
    }

    private static var ended: VirtKitError {
        VirtKitError(.invalidState, operation: "place a thread", message: "the machine has ended")
    }
}
