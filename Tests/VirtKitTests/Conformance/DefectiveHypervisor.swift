import Foundation
import Synchronization
import Testing
import VirtKitCore
import VirtKitTesting

/// A fault that a hypervisor may have, named by the conformance case that finds it.
struct Defect: RawRepresentable, Hashable, Sendable, CustomTestStringConvertible {
    let rawValue: String
    var testDescription: String { rawValue }

    static let startsTwice = Defect(rawValue: "start-happens-once")
    static let pausesBeforeStart = Defect(rawValue: "created-machine-is-not-paused")
    static let resumesBeforeStart = Defect(rawValue: "created-machine-is-not-resumed")
    static let resetsAfterEnd = Defect(rawValue: "ended-machine-refuses-control")
    static let stopReplacesOutcome = Defect(rawValue: "stop-is-idempotent")
    static let stopIsCutShort = Defect(rawValue: "stop-is-not-cut-short")
    static let printsInAPause = Defect(rawValue: "pause-holds-the-guest")
    static let secondPauseFails = Defect(rawValue: "pause-is-idempotent")
    static let resetEndsAPause = Defect(rawValue: "reset-keeps-a-pause")
    static let shutdownWaitsForEver = Defect(rawValue: "shutdown-keeps-its-deadline")
    static let shutdownForgetsOutcome = Defect(rawValue: "shutdown-lets-the-guest-end")
    static let acceptsUnknownDevices = Defect(rawValue: "unknown-device-is-refused")
    static let namesOneFault = Defect(rawValue: "every-fault-is-named")
    static let losesAnEvent = Defect(rawValue: "events-come-in-order")
    static let lateEventsHang = Defect(rawValue: "events-after-the-end")
    static let resetIsNoEvent = Defect(rawValue: "reset-is-an-event")
    static let buttonIsNoEvent = Defect(rawValue: "power-button-is-an-event")
    static let consoleNeverEnds = Defect(rawValue: "console-ends")
    static let keepsAllOutput = Defect(rawValue: "console-output-is-bounded")
    static let keepsAllInput = Defect(rawValue: "console-input-is-bounded")
    static let clockRunsInAPause = Defect(rawValue: "machine-time-stands-still-in-a-pause")
    static let savesWhileRunning = Defect(rawValue: "save-needs-a-pause")
    static let restoresRunning = Defect(rawValue: "save-and-restore")
    static let restoresOtherHardware = Defect(rawValue: "restore-refuses-other-hardware")
    static let servesOneWaiter = Defect(rawValue: "waiting-from-several-tasks")
    static let cancelledWaitReturns = Defect(rawValue: "waiting-can-be-cancelled")
    static let resetLooksLikePowerOff = Defect(rawValue: "guest-resets")
    static let crashThrows = Defect(rawValue: "guest-crashes")
    static let changesConfiguration = Defect(rawValue: "made-machine-stands-still")
    static let leaksDescriptors = Defect(rawValue: "descriptors-are-given-back")
    static let leaksThreads = Defect(rawValue: "threads-are-given-back")

    /// Those that cases which may run at the same time find.
    static let all: [Defect] = [
        startsTwice, pausesBeforeStart, resumesBeforeStart, resetsAfterEnd, stopReplacesOutcome, stopIsCutShort,
        printsInAPause, secondPauseFails, resetEndsAPause, shutdownWaitsForEver, shutdownForgetsOutcome,
        acceptsUnknownDevices, namesOneFault, losesAnEvent, lateEventsHang, resetIsNoEvent, buttonIsNoEvent,
        consoleNeverEnds, keepsAllOutput, keepsAllInput, clockRunsInAPause, savesWhileRunning, restoresRunning,
        restoresOtherHardware, servesOneWaiter, cancelledWaitReturns, resetLooksLikePowerOff, crashThrows,
        changesConfiguration,
    ]
    /// Those that are seen in what the process holds.
    static let leaks: [Defect] = [leaksDescriptors, leaksThreads]
}

/// The fake hypervisor with one fault.
struct DefectiveHypervisor: Hypervisor {
    let base = FakeHypervisor()
    let defect: Defect

    func makeMachine(_ configuration: MachineConfiguration) async throws -> any Machine {
        var configuration = configuration
        switch defect {
        case .acceptsUnknownDevices: configuration.devices = []
        case .namesOneFault where !configuration.faults.isEmpty:
            throw VirtKitError(.invalidConfiguration, operation: "make machine", message: configuration.faults[0])
        case .keepsAllOutput where configuration.faults.isEmpty: configuration.serial.outputCapacity = 1 << 20
        case .keepsAllInput where configuration.faults.isEmpty: configuration.serial.inputCapacity = 1 << 16
        case .changesConfiguration where configuration.faults.isEmpty: configuration.name = "another"
        case .leaksDescriptors: _ = open("/dev/null", O_RDONLY)
        case .leaksThreads: Thread.detachNewThread { Thread.sleep(forTimeInterval: 10) }
        default: break
        }
        return DefectiveMachine(try await base.makeMachine(configuration), defect)
    }

    func restoreMachine(_ configuration: MachineConfiguration, from path: String) async throws -> any Machine {
        do {
            let machine = try await base.restoreMachine(configuration, from: path)
            if defect == .restoresRunning { try await machine.resume() }
            return DefectiveMachine(machine, defect)
        } catch let error as VirtKitError
            where defect == .restoresOtherHardware && error.message.contains("the configuration is another")
        {
            return try await makeMachine(configuration)
        }
    }
}

/// A fake machine with one fault.
final class DefectiveMachine: Machine {
    private struct State {
        var stoppedAgain = false
        var waits = 0
        var hasWaited = false
        var lost = false
    }

    let base: any Machine
    let defect: Defect
    private let shared = Mutex(State())
    private let otherConsole = SerialConsole()

    init(_ base: any Machine, _ defect: Defect) {
        self.base = base
        self.defect = defect
    }

    var configuration: MachineConfiguration { base.configuration }
    var state: MachineState { base.state }
    var snapshots: (any MachineSnapshots)? { self }

    private var powersOff: Bool {
        configuration.boot == FakeHypervisor.conformanceGuests[.powersOff]?.boot
    }

    var serial: SerialConsole { defect == .consoleNeverEnds && powersOff ? otherConsole : base.serial }

    func events() -> MachineEvents {
        switch defect {
        case .lateEventsHang where state == .stopped: MachineEventSource().leaked().events()
        case .losesAnEvent: filtered { $0.details == "paused" }
        case .resetIsNoEvent: filtered { $0.kind == .reset }
        case .buttonIsNoEvent: filtered { $0.kind == .powerButton }
        default: base.events()
        }
    }

    /// The events without the first that fits.
    private func filtered(_ drop: @escaping @Sendable (MachineEvent) -> Bool) -> MachineEvents {
        let source = MachineEventSource()
        let inner = base.events()
        Task {
            var dropped = false
            for await event in inner {
                if !dropped, drop(event) { dropped = true } else { source.send(event) }
            }
            source.finish()
        }
        return source.events()
    }

    func start() async throws {
        if defect == .startsTwice, state == .running { return }
        try await base.start()
    }

    func pause() async throws {
        if defect == .pausesBeforeStart, state == .created { return }
        if defect == .secondPauseFails, state == .paused {
            throw VirtKitError(.invalidState, operation: "pause", message: "the machine is paused already")
        }
        try await base.pause()
        if defect == .printsInAPause {
            Task {
                while base.state == .paused {
                    try? await Task.sleep(for: .milliseconds(5))
                    base.serial.deliver(0x0A)
                }
            }
        }
    }

    func resume() async throws {
        if defect == .resumesBeforeStart, state == .created { return }
        try await base.resume()
    }

    func reset() async throws {
        if defect == .resetsAfterEnd, state == .stopped { return }
        try await base.reset()
        if defect == .resetEndsAPause, state == .paused { try await base.resume() }
    }

    func pressPowerButton() async throws { try await base.pressPowerButton() }

    func shutdown(deadline: Duration) async throws -> MachineOutcome {
        switch defect {
        case .shutdownWaitsForEver: try await base.shutdown(deadline: .seconds(3600))
        case .shutdownForgetsOutcome:
            {
                _ = $0
                return .stopped
            }(try await base.shutdown(deadline: deadline))
        default: try await base.shutdown(deadline: deadline)
        }
    }

    func stop() async {
        if defect == .stopIsCutShort, Task.isCancelled, !shared.withLock({ $0.hasWaited }) { return }
        if state == .stopped { shared.withLock { $0.stoppedAgain = true } }
        await base.stop()
    }

    func waitUntilStopped() async throws -> MachineOutcome {
        let others = shared.withLock { shared in
            shared.hasWaited = true
            defer { shared.waits += 1 }
            return shared.waits
        }
        defer { shared.withLock { $0.waits -= 1 } }
        if defect == .servesOneWaiter, others > 0 { try await Task.sleep(for: .seconds(3600)) }
        do {
            let outcome = try await base.waitUntilStopped()
            if defect == .stopReplacesOutcome, shared.withLock({ $0.stoppedAgain }) { return .stopped }
            if defect == .resetLooksLikePowerOff, outcome.kind == .reset { return .poweredOff }
            if defect == .crashThrows, outcome.kind == .crashed {
                throw VirtKitError(.backendFailure, operation: "run", message: outcome.details)
            }
            return outcome
        } catch is CancellationError where defect == .cancelledWaitReturns {
            return .stopped
        }
    }

    func statistics() async -> MachineStatistics {
        var statistics = await base.statistics()
        if defect == .clockRunsInAPause {
            statistics.machineTime = .nanoseconds(Int64(DispatchTime.now().uptimeNanoseconds))
        }
        return statistics
    }
}

extension DefectiveMachine: MachineSnapshots {
    func save(to path: String) async throws {
        let resumes = defect == .savesWhileRunning && state == .running
        if resumes { try await base.pause() }
        try await base.snapshots?.save(to: path)
        if resumes { try await base.resume() }
    }
}

extension MachineEventSource {
    /// Keeps a source alive, so that its sequences never end.
    fileprivate func leaked() -> MachineEventSource {
        kept.withLock { $0.append(self) }
        return self
    }
}

private let kept = Mutex<[MachineEventSource]>([])
