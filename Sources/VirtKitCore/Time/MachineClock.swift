internal import CVirtKit
internal import Synchronization

/// A machine's time: the one source that feeds every timer and counter of it.
///
/// It runs with the host's monotonic clock while the machine runs, and stands still while the machine is paused or
/// saved. Nothing else in a machine may ask the host for the time.
public final class MachineClock: Sendable {
    private struct State {
        /// Machine time at `hostStart`, in nanoseconds.
        var elapsed: UInt64
        /// Host time at which the clock was last started; nil while it stands still.
        var hostStart: UInt64?
        /// Wall-clock time at machine time 0, in nanoseconds since 1970.
        var epoch: Int64
    }

    private let state: Mutex<State>
    private let sharedElapsed = Atomic<UInt64>(0)
    private let sharedStart = Atomic<UInt64>(0)
    private let sequence = Atomic<UInt32>(0)

    /// Whether the clock moves only by `advance(by:)`, and never with the host's time.
    public let isStepped: Bool

    /// Makes a clock that stands still at 0, with the host's present wall-clock time.
    ///
    /// - Parameter isStepped: whether the clock moves only by `advance(by:)`: for runs that can be repeated exactly.
    public init(isStepped: Bool = false) {
        self.isStepped = isStepped
        state = Mutex(State(elapsed: 0, hostStart: nil, epoch: vk_realtime_nanoseconds()))
    }

    /// Machine time in nanoseconds. It never goes back. Lock-free: called for each read of a time-stamp counter.
    public var now: UInt64 {
        while true {
            let before = sequence.load(ordering: .acquiring)
            let elapsed = sharedElapsed.load(ordering: .acquiring)
            let start = sharedStart.load(ordering: .acquiring)
            if before & 1 == 0, sequence.load(ordering: .acquiring) == before {
                return start == 0 ? elapsed : elapsed &+ (vk_monotonic_nanoseconds() &- start)
            }
        }
    }

    /// The host's monotonic time less machine time, in nanoseconds: exactly the same while the clock runs, growing with the
    /// host's time while it stands still. For accelerators whose guests see a counter of the host's.
    public var hostOffset: UInt64 {
        while true {
            let before = sequence.load(ordering: .acquiring)
            let elapsed = sharedElapsed.load(ordering: .acquiring)
            let start = sharedStart.load(ordering: .acquiring)
            if before & 1 == 0, sequence.load(ordering: .acquiring) == before {
                return (start == 0 ? vk_monotonic_nanoseconds() : start) &- elapsed
            }
        }
    }

    /// Wall-clock time in nanoseconds since 1970, for real-time clocks.
    public var wallClock: Int64 {
        let epoch = state.withLock { $0.epoch }
        return epoch &+ Int64(bitPattern: now)
    }

    /// Sets the wall-clock time, as a guest does by its real-time clock.
    public func setWallClock(_ nanoseconds: Int64) {
        let now = now
        state.withLock { $0.epoch = nanoseconds &- Int64(bitPattern: now) }
    }

    /// Moves a stepped clock on. Nothing happens to another.
    public func advance(by nanoseconds: UInt64) {
        if isStepped { update { $0.elapsed &+= nanoseconds } }
    }

    /// Lets the clock run. Nothing happens to a stepped one.
    public func start() {
        update { state in
            if !isStepped, state.hostStart == nil { state.hostStart = vk_monotonic_nanoseconds() }
        }
    }

    /// Makes the clock stand still.
    public func pause() {
        update { state in
            if let start = state.hostStart { state.elapsed &+= vk_monotonic_nanoseconds() &- start }
            state.hostStart = nil
        }
    }

    /// Whether the clock runs.
    public var isRunning: Bool { state.withLock { $0.hostStart != nil } }

    /// Sets machine time and wall-clock time, as saved. The clock must stand still.
    public func restore(elapsed: UInt64, wallClock: Int64) {
        update { state in
            state.elapsed = elapsed
            state.epoch = wallClock &- Int64(bitPattern: elapsed)
        }
    }

    private func update(_ change: (inout State) -> Void) {
        state.withLock { state in
            change(&state)
            sequence.add(1, ordering: .acquiringAndReleasing)
            sharedElapsed.store(state.elapsed, ordering: .releasing)
            sharedStart.store(state.hostStart ?? 0, ordering: .releasing)
            sequence.add(1, ordering: .acquiringAndReleasing)
        }
    }
}
