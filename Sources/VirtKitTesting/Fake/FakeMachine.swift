internal import Synchronization
internal import VirtKitCore

/// A machine whose guest is a script. A task makes it go on every millisecond while it runs.
final class FakeMachine: Machine {
    private struct State {
        var machine = MachineState.created
        var outcome: MachineOutcome?
        var position = 0
        var buttonPressed = false
        /// Machine time up to `runningSince`.
        var elapsed = Duration.zero
        var runningSince: ContinuousClock.Instant?
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
        var steps: UInt64 = 0
    }

    let configuration: MachineConfiguration
    let serial: SerialConsole
    private let guest: FakeGuest
    private let source = MachineEventSource()
    private let shared: Mutex<State>

    init(_ configuration: MachineConfiguration, guest: FakeGuest, saved: FakeSavedMachine?) {
        self.configuration = configuration
        self.guest = guest
        serial = SerialConsole(configuration.serial)
        var state = State()
        if let saved {
            state.machine = .paused
            state.position = saved.position
            state.elapsed = saved.elapsed
        }
        shared = Mutex(state)
        if saved != nil { tick() }
    }

    var state: MachineState { shared.withLock { $0.machine } }
    var snapshots: (any MachineSnapshots)? { self }
    func events() -> MachineEvents { source.events() }

    // MARK: Life cycle

    func start() async throws {
        try change("start", from: [.created], to: .running)
        tick()
    }

    func pause() async throws { try change("pause", from: [.running, .paused], to: .paused) }

    func resume() async throws { try change("resume", from: [.paused, .running], to: .running) }

    func reset() async throws {
        try shared.withLock { state in
            try Self.check("reset", state, [.running, .paused])
            restart(&state)
        }
    }

    func pressPowerButton() async throws {
        try shared.withLock { state in
            try Self.check("press power button", state, [.running, .paused])
            state.buttonPressed = true
            source.send(MachineEvent(.powerButton))
        }
    }

    func shutdown(deadline: Duration) async throws -> MachineOutcome {
        if state == .created { await stop() }
        try? await pressPowerButton()
        let timer = Task { [weak self] in
            try await Task.sleep(for: deadline)
            self?.end(.stopped)
        }
        defer { timer.cancel() }
        return try await waitUntilStopped()
    }

    func stop() async { end(.stopped) }

    func waitUntilStopped() async throws -> MachineOutcome {
        let id = shared.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waits = shared.withLock { state in
                    guard state.outcome == nil, !Task.isCancelled else { return false }
                    state.waiters[id] = continuation
                    return true
                }
                if !waits { continuation.resume() }
            }
        } onCancel: {
            shared.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
        guard let outcome = shared.withLock({ $0.outcome }) else { throw CancellationError() }
        return outcome
    }

    func statistics() async -> MachineStatistics {
        shared.withLock { state in
            MachineStatistics(
                machineTime: Self.machineTime(state), engine: "fake", counters: ["steps": state.steps])
        }
    }

    // MARK: Changes of state

    private static func check(_ what: String, _ state: State, _ allowed: [MachineState]) throws(VirtKitError) {
        guard allowed.contains(state.machine) else {
            throw VirtKitError(
                .invalidState, operation: what,
                message: "the machine is \(state.machine), and must be "
                    + allowed.map(\.rawValue).joined(separator: " or "))
        }
    }

    private func change(_ what: String, from allowed: [MachineState], to next: MachineState) throws(VirtKitError) {
        let error: VirtKitError? = shared.withLock { state in
            do throws(VirtKitError) { try Self.check(what, state, allowed) } catch { return error }
            if state.machine != next { set(next, &state) }
            return nil
        }
        if let error { throw error }
    }

    private func set(_ next: MachineState, _ state: inout State) {
        state.elapsed = Self.machineTime(state)
        state.runningSince = next == .running ? .now : nil
        state.machine = next
        source.send(MachineEvent(.stateChanged, details: next.rawValue))
    }

    private static func machineTime(_ state: State) -> Duration {
        state.elapsed + (state.runningSince.map { ContinuousClock.now - $0 } ?? .zero)
    }

    private func restart(_ state: inout State) {
        state.position = 0
        state.buttonPressed = false
        source.send(MachineEvent(.reset))
    }

    private func end(_ outcome: MachineOutcome) {
        finish(shared.withLock { end(outcome, &$0) })
    }

    /// Ends the machine, once; gives those who wait for it.
    private func end(_ outcome: MachineOutcome, _ state: inout State) -> [CheckedContinuation<Void, Never>]? {
        guard state.outcome == nil else { return nil }
        state.outcome = outcome
        set(.stopped, &state)
        defer { state.waiters = [:] }
        return Array(state.waiters.values)
    }

    private func finish(_ waiters: [CheckedContinuation<Void, Never>]?) {
        guard let waiters else { return }
        serial.finish()
        source.finish()
        for waiter in waiters { waiter.resume() }
    }

    // MARK: The guest

    /// Makes the guest go on until the machine ends. The task does not keep the machine alive.
    private func tick() {
        Task { [weak self] in
            while self?.goOn() == true { try? await Task.sleep(for: .milliseconds(1)) }
        }
    }

    /// Does what the guest can do now. False when the machine has ended.
    private func goOn() -> Bool {
        let (waiters, alive) = shared.withLock { state -> ([CheckedContinuation<Void, Never>]?, Bool) in
            var waiters: [CheckedContinuation<Void, Never>]?
            while state.machine == .running, state.position < guest.steps.count {
                let goesOn = perform(guest.steps[state.position], &state, &waiters)
                state.steps &+= 1
                if !goesOn { break }
                state.position += 1
            }
            return (waiters, state.outcome == nil)
        }
        finish(waiters)
        return alive
    }

    /// Does a step. False where the guest stays in it.
    private func perform(
        _ step: FakeGuest.Step, _ state: inout State, _ waiters: inout [CheckedContinuation<Void, Never>]?
    ) -> Bool {
        switch step {
        case .print(let text):
            serial.deliver(Array(text.utf8) + [0x0A])
            return true
        case .flood:
            let line = [UInt8](repeating: UInt8(ascii: "*"), count: 63) + [0x0A]
            for _ in 0..<16 { serial.deliver(line) }
        case .echo:
            let input = serial.takeInput(upTo: 4096)
            if !input.isEmpty { serial.deliver(input) }
        case .awaitPowerButton: return state.buttonPressed
        case .powerOff: waiters = end(.poweredOff, &state)
        case .crash(let details): waiters = end(.crashed(details), &state)
        case .debugExit(let code): waiters = end(MachineOutcome(.debugExit, code: code), &state)
        case .reset where configuration.onReset == .restart: restart(&state)
        case .reset: waiters = end(.reset, &state)
        case .wait: break
        }
        return false
    }
}

extension FakeMachine: MachineSnapshots {
    func save(to path: String) async throws {
        let saved: FakeSavedMachine = try shared.withLock { state in
            try Self.check("save machine", state, [.paused])
            return FakeSavedMachine(
                hardware: FakeSavedMachine.hardware(of: configuration), position: state.position,
                elapsed: state.elapsed)
        }
        try saved.write(to: path)
        source.send(MachineEvent(.saved, details: path))
    }
}
