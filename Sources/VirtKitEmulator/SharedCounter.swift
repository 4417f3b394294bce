internal import Synchronization

/// A number that one thread writes and others read.
final class SharedCounter: Sendable {
    private let storage = Atomic<UInt64>(0)

    var value: UInt64 {
        get { storage.load(ordering: .relaxed) }
        set { storage.store(newValue, ordering: .relaxed) }
    }
}
