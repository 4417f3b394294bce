internal import Synchronization

/// A machine's device lock: every call to a device of the machine is made with it held.
///
/// It is not recursive: a device that is called has it, and calls nothing that takes it.
package final class DeviceLock: Sendable {
    private let mutex = Mutex<Void>(())

    /// Makes a lock.
    package init() {}

    /// Calls `body` with the lock held.
    package func withLock<Result, Failure: Error>(
        _ body: () throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        try mutex.withLock { _ throws(Failure) in try body() }
    }
}
