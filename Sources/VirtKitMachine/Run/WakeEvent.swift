internal import CVirtKit

/// A counted event that threads wait for: a wake-up that comes between a look at the world and the wait is not lost.
final class WakeEvent: @unchecked Sendable {
    // SAFETY: the word is only touched by atomic operations and the futex system call, and lives as long as this object.
    private let word: UnsafeMutablePointer<UInt32>

    init() {
        word = .allocate(capacity: 1)
        word.initialize(to: 0)
    }

    deinit { word.deallocate() }

    /// The present count: to be taken before the look at the world.
    var count: UInt32 { vk_event_count(word) }

    /// Wakes every waiter.
    func signal() { vk_event_signal(word) }

    /// Waits until there has been a signal since the count was `seen`, or `timeout` nanoseconds have passed. May return
    /// early.
    func wait(since seen: UInt32, timeout: UInt64? = nil) {
        vk_event_wait(word, seen, timeout.map { Int64(truncatingIfNeeded: min($0, 1 << 62)) } ?? -1)
    }
}
