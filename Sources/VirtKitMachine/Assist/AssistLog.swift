internal import Synchronization
internal import VirtKitCore

/// Counts a domain's assists, and tells of the first of each kind of instruction.
final class AssistLog: Sendable {
    private let primary: String
    private let assistant: String
    private let assists = Atomic<UInt64>(0)
    private let instructions = Atomic<UInt64>(0)
    private let refusals = Atomic<UInt64>(0)

    private struct Told {
        var events: MachineEventSource?
        /// The first three bytes of instructions.
        var kinds: Set<UInt64> = []
    }
    private let told = Mutex(Told())
    private static let maximumKinds = 64

    init(primary: String, assistant: String) {
        self.primary = primary
        self.assistant = assistant
    }

    func connect(_ events: MachineEventSource) { told.withLock { $0.events = events } }

    /// The assistant has executed the instruction of an exit, and perhaps more.
    func noteAssist(_ exit: VCPUExit, vcpu: Int, instructions count: UInt64) {
        assists.wrappingAdd(1, ordering: .relaxed)
        instructions.wrappingAdd(count, ordering: .relaxed)
        let events = told.withLock { told -> MachineEventSource? in
            guard told.kinds.count < Self.maximumKinds, told.kinds.insert(exit.detail & 0xFF_FFFF).inserted else {
                return nil
            }
            return told.events
        }
        guard let events else { return }
        let bytes = exit.instruction.map { hex(UInt64($0), digits: 2) }.joined(separator: " ")
        events.send(
            MachineEvent(
                .assisted,
                details: "vCPU \(vcpu): \(primary) can't execute the instruction at 0x\(hex(exit.address)) "
                    + "(\(bytes.isEmpty ? "bytes unknown" : bytes)); \(assistant) does"))
    }

    /// The assistant has gone on because the primary refused the state that it was to get back.
    func noteLongerAssist(instructions count: UInt64) { instructions.wrappingAdd(count, ordering: .relaxed) }

    /// One of the two has refused the other's state.
    func noteRefusal() { refusals.wrappingAdd(1, ordering: .relaxed) }

    var counters: [String: UInt64] {
        [
            "assists": assists.load(ordering: .relaxed),
            "assisted-instructions": instructions.load(ordering: .relaxed),
            "assist-refusals": refusals.load(ordering: .relaxed),
        ]
    }

    private func hex(_ value: UInt64, digits: Int = 1) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
