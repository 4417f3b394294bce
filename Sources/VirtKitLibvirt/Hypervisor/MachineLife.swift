internal import CVirtKit
internal import Synchronization
internal import VirtKitCore

/// Where a managed machine stands, and who waits for its end.
final class MachineLife: Sendable {
    private struct State {
        var state: MachineState
        var outcome: MachineOutcome?
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
        /// Machine time up to the last pause, and when the machine began to run after it, in nanoseconds.
        var elapsed: UInt64 = 0
        var runningSince: UInt64?
    }

    private let state: Mutex<State>
    let events = MachineEventSource()

    init(_ state: MachineState) { self.state = Mutex(State(state: state)) }

    var current: MachineState { state.withLock { $0.state } }
    var outcome: MachineOutcome? { state.withLock { $0.outcome } }

    /// How long the machine has run.
    var time: Duration {
        let now = vk_monotonic_nanoseconds()
        return state.withLock { state in
            .nanoseconds(Int64(clamping: state.elapsed &+ (state.runningSince.map { now &- $0 } ?? 0)))
        }
    }

    /// Notes a state, and tells the readers of events where it is another. Nothing changes after the end.
    func change(to new: MachineState) {
        let now = vk_monotonic_nanoseconds()
        state.withLock { state in
            guard state.outcome == nil, state.state != new else { return }
            if let since = state.runningSince { state.elapsed &+= now &- since }
            state.runningSince = new == .running ? now : nil
            state.state = new
            // In the lock, so that events come in the order of the changes.
            events.send(MachineEvent(.stateChanged, details: new.rawValue))
        }
    }

    /// Notes the end, once.
    func end(_ outcome: MachineOutcome) {
        change(to: .stopped)
        let waiters: [CheckedContinuation<Void, Never>] = state.withLock { state in
            guard state.outcome == nil else { return [] }
            state.outcome = outcome
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        events.finish()
        for waiter in waiters { waiter.resume() }
    }

    /// Waits for the end, or until the task is cancelled.
    func wait() async {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waits = state.withLock { state in
                    guard state.outcome == nil, !Task.isCancelled else { return false }
                    state.waiters[id] = continuation
                    return true
                }
                if !waits { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
    }
}

/// Lets one task after another through, in order of arrival.
final class Gate: Sendable {
    private struct State {
        var isTaken = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// Does something alone.
    func alone<Value: Sendable>(_ body: @Sendable () async throws -> Value) async rethrows -> Value {
        await withCheckedContinuation { continuation in
            let enters = state.withLock { state in
                defer { state.isTaken = true }
                if state.isTaken { state.waiting.append(continuation) }
                return !state.isTaken
            }
            if enters { continuation.resume() }
        }
        defer { leave() }
        return try await body()
    }

    private func leave() {
        let next: CheckedContinuation<Void, Never>? = state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isTaken = false
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}
