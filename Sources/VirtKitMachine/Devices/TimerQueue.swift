import VirtKitCore

/// A machine's timers, in machine time. Used only with the machine's device lock held.
///
/// Every timer has one deadline at most. `run` calls what has expired; the machine's I/O loop sleeps until
/// `nextDeadline`, and is woken by `deadlineMoved` when that comes nearer.
public final class TimerQueue {
    /// One timer, owned by a device.
    public final class Timer {
        /// When the timer fires, in nanoseconds of machine time; nil when it is not armed.
        public fileprivate(set) var deadline: UInt64?
        private unowned let queue: TimerQueue
        fileprivate let expired: (UInt64) -> Void

        fileprivate init(queue: TimerQueue, expired: @escaping (UInt64) -> Void) {
            self.queue = queue
            self.expired = expired
        }

        /// Arms the timer for `deadline`, in nanoseconds of machine time, in place of what it was armed for.
        public func arm(at deadline: UInt64) {
            self.deadline = deadline
            if !queue.armed.contains(where: { $0 === self }) { queue.armed.append(self) }
            queue.announce()
        }

        /// Takes the timer back. Nothing happens to one that is not armed.
        public func cancel() {
            guard deadline != nil else { return }
            deadline = nil
            queue.armed.removeAll { $0 === self }
        }
    }

    private var armed: [Timer] = []
    private var announced = UInt64.max

    /// Called, with the device lock held, when the nearest deadline has come nearer.
    public var deadlineMoved: () -> Void = {}

    /// Makes a queue without timers.
    public init() {}

    /// Makes a timer; `expired` is called with the deadline that has passed, the device lock held.
    public func makeTimer(_ expired: @escaping (_ deadline: UInt64) -> Void) -> Timer {
        Timer(queue: self, expired: expired)
    }

    /// The nearest deadline.
    public var nextDeadline: UInt64? { armed.compactMap(\.deadline).min() }

    /// Calls every timer whose deadline is not after `now`, earliest first. A timer that arms itself again for a time
    /// already past is called again at the next `run`.
    public func run(now: UInt64) {
        let due = armed.filter { ($0.deadline ?? .max) <= now }.sorted { ($0.deadline ?? 0) < ($1.deadline ?? 0) }
        for timer in due {
            // An earlier one may have moved or cancelled it.
            guard let deadline = timer.deadline, deadline <= now else { continue }
            timer.cancel()
            timer.expired(deadline)
        }
        announced = nextDeadline ?? .max
    }

    private func announce() {
        guard let next = nextDeadline, next < announced else { return }
        announced = next
        deadlineMoved()
    }
}
