import Dispatch
import Foundation
import Synchronization
import VirtKit

/// A tape machine. A thread of its own executes the guest: never one of Swift's few.
///
/// All that changes is behind one mutex. The thread executes a few hundred instructions with it held, so whoever holds it
/// finds the guest between two instructions: a pause is nothing but a change of the state.
final class TapeMachine: Machine {
    private struct Contents {
        var machine: MachineState
        var outcome: MachineOutcome?
        var tape: Tape
        var steps: UInt64 = 0
        /// Machine time up to `runningSince`.
        var elapsed: Duration
        var runningSince: ContinuousClock.Instant?
        /// Whether there is a thread that has not ended.
        var hasThread = false
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0

        var machineTime: Duration { elapsed + (runningSince.map { ContinuousClock.now - $0 } ?? .zero) }
    }

    let configuration: MachineConfiguration
    let serial: SerialConsole
    private let source = MachineEventSource()
    private let contents: Mutex<Contents>
    /// Counted, so that a wake-up between the thread's look and its wait is not lost.
    private let wakeUp = DispatchSemaphore(value: 0)

    /// - Parameter elapsed: the machine time of a machine that is made again; nil for a new one.
    init(_ configuration: MachineConfiguration, tape: Tape, elapsed: Duration?) {
        self.configuration = configuration
        serial = SerialConsole(configuration.serial)
        contents = Mutex(
            Contents(machine: elapsed == nil ? .created : .paused, tape: tape, elapsed: elapsed ?? .zero))
        serial.onInput { [wakeUp] in wakeUp.signal() }
        if elapsed != nil { startThread() }
    }

    var state: MachineState { contents.withLock { $0.machine } }
    var snapshots: (any MachineSnapshots)? { self }
    func events() -> MachineEvents { source.events() }

    // MARK: Control

    func start() async throws {
        try change("start", from: [.created]) { go(.running, &$0) }
        startThread()
    }

    func pause() async throws { try change("pause", from: [.running, .paused]) { go(.paused, &$0) } }

    func resume() async throws { try change("resume", from: [.running, .paused]) { go(.running, &$0) } }

    func reset() async throws { try change("reset", from: [.running, .paused]) { restart(&$0) } }

    func pressPowerButton() async throws {
        try change("press power button", from: [.running, .paused]) {
            $0.tape.isButtonPressed = true
            source.send(MachineEvent(.powerButton))
        }
    }

    func shutdown(deadline: Duration) async throws -> MachineOutcome {
        if state == .created { await stop() }
        // A machine that has ended meanwhile has its outcome.
        try? await pressPowerButton()
        let timer = Task { [weak self] in
            try await Task.sleep(for: deadline)
            await self?.stop()
        }
        defer { timer.cancel() }
        return try await waitUntilStopped()
    }

    func stop() async {
        contents.withLock { end(.stopped, &$0) }
        // The thread's end, whether or not the caller is cancelled.
        await wait(cancellable: false) { !$0.hasThread }
    }

    func waitUntilStopped() async throws -> MachineOutcome {
        await wait(cancellable: true) { $0.outcome != nil }
        guard let outcome = contents.withLock({ $0.outcome }) else { throw CancellationError() }
        return outcome
    }

    func statistics() async -> MachineStatistics {
        contents.withLock { contents in
            MachineStatistics(
                instructions: contents.steps, machineTime: contents.machineTime,
                residentMemory: .bytes(UInt64(contents.tape.cells.count)), engine: "tape")
        }
    }

    // MARK: Changes

    /// Changes the machine where its state allows it, and lets the thread look again.
    private func change(
        _ operation: String, from allowed: [MachineState], _ body: (inout Contents) -> Void
    ) throws(VirtKitError) {
        let found: MachineState? = contents.withLock { contents in
            guard allowed.contains(contents.machine) else { return contents.machine }
            body(&contents)
            return nil
        }
        if let found {
            throw VirtKitError(
                .invalidState, operation: operation,
                message: "the machine is \(found), and must be " + allowed.map(\.rawValue).joined(separator: " or "))
        }
        wakeUp.signal()
    }

    private func go(_ next: MachineState, _ contents: inout Contents) {
        guard contents.machine != next else { return }
        contents.elapsed = contents.machineTime
        contents.runningSince = next == .running ? .now : nil
        contents.machine = next
        source.send(MachineEvent(.stateChanged, details: next.rawValue))
    }

    private func restart(_ contents: inout Contents) {
        contents.tape.reset()
        source.send(MachineEvent(.reset))
    }

    /// Ends the machine; the first outcome stays.
    private func end(_ outcome: MachineOutcome, _ contents: inout Contents) {
        guard contents.outcome == nil else { return }
        contents.outcome = outcome
        go(.stopped, &contents)
        serial.finish()
        source.finish()
        resumeWaiters(&contents)
        wakeUp.signal()
    }

    // MARK: Waiting

    private func resumeWaiters(_ contents: inout Contents) {
        for waiter in contents.waiters.values { waiter.resume() }
        contents.waiters = [:]
    }

    /// Waits until something holds that is true for ever once it is, or, where that counts, until the task is cancelled.
    private func wait(cancellable: Bool, until condition: @escaping @Sendable (borrowing Contents) -> Bool) async {
        let id = contents.withLock { contents in
            contents.nextWaiter += 1
            return contents.nextWaiter
        }
        while !contents.withLock({ condition($0) }), !(cancellable && Task.isCancelled) {
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let waits = contents.withLock { contents in
                        guard !condition(contents), !(cancellable && Task.isCancelled) else { return false }
                        contents.waiters[id] = continuation
                        return true
                    }
                    if !waits { continuation.resume() }
                }
            } onCancel: {
                if cancellable { contents.withLock { $0.waiters.removeValue(forKey: id) }?.resume() }
            }
        }
    }

    // MARK: The thread

    /// What the thread does next.
    private enum Next { case goOn, rest, wait, end }

    private func startThread() {
        contents.withLock { $0.hasThread = true }
        // It does not keep the machine alive: one that nobody holds any more ends soon.
        Thread.detachNewThread { [weak self, wakeUp] in
            while true {
                switch self?.execute() ?? .end {
                case .goOn: break
                case .rest: _ = wakeUp.wait(timeout: .now() + .milliseconds(1))
                case .wait: _ = wakeUp.wait(timeout: .now() + .milliseconds(100))
                case .end: return
                }
            }
        }
    }

    private func execute() -> Next {
        contents.withLock { contents in
            for _ in 0..<256 {
                if contents.outcome != nil {
                    contents.hasThread = false
                    resumeWaiters(&contents)
                    return .end
                }
                guard contents.machine == .running else { return .wait }
                if let next = perform(contents.tape.step(), &contents) { return next }
                contents.steps &+= 1
            }
            return .goOn
        }
    }

    /// Does what a step asks of the machine. Nil where the guest can go on at once.
    private func perform(_ step: Tape.Step, _ contents: inout Contents) -> Next? {
        switch step {
        case .done: return nil
        case .output(let byte): serial.deliver(byte)
        case .input:
            guard let byte = serial.takeInput(upTo: 1).first else { return .wait }
            contents.tape.receive(byte)
        case .rest: return .rest
        case .powerOff: end(.poweredOff, &contents)
        case .crash(let details): end(.crashed(details), &contents)
        case .reset where configuration.onReset == .restart: restart(&contents)
        case .reset: end(.reset, &contents)
        case .end: return .wait
        }
        return nil
    }
}

extension TapeMachine: MachineSnapshots {
    func save(to path: String) async throws {
        var saved: (tape: Tape, elapsed: Duration)?
        try change("save machine", from: [.paused]) { saved = ($0.tape, $0.elapsed) }
        if let saved { try SavedTape.write(saved.tape, elapsed: saved.elapsed, configuration, to: path) }
        source.send(MachineEvent(.saved, details: path))
    }
}
