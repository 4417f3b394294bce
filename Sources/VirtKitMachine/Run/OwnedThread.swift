internal import CVirtKit
internal import Glibc
internal import Synchronization
internal import VirtKitCore

/// A thread of the machine's own, outside of the cooperative pool.
///
/// It blocks all asynchronous signals, so that they go to threads of the embedding program.
final class OwnedThread: Sendable {
    private let handle: Mutex<pthread_t?>

    private final class Start {
        let name: String
        let body: @Sendable () -> Void
        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// Starts a thread. Its name is cut to 15 bytes.
    ///
    /// - Throws: `VirtKitError` with `.resourceExhausted` where the host refuses another thread.
    init(name: String, body: @escaping @Sendable () -> Void) throws(VirtKitError) {
        // SAFETY: the retained start record is released exactly once, by the new thread, or here if there is none.
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var thread = pthread_t()
        let error = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                vk_thread_block_signals()
                vk_thread_set_name(start.name)
                start.body()
                return nil
            }, start.toOpaque())
        guard error == 0 else {
            start.release()
            throw VirtKitError(
                .resourceExhausted, operation: "start thread \(name)", message: "the host refused", errno: error,
                remedy: "raise the limit of threads (ulimit -u, or the container's pids limit)")
        }
        handle = Mutex(thread)
    }

    /// Waits for the thread's end; only the first call does. Not to be called by the thread itself.
    func join() {
        if let thread = handle.withLock({ $0.take() }) { pthread_join(thread, nil) }
    }

    deinit {
        if let thread = handle.withLock({ $0.take() }) { pthread_detach(thread) }
    }
}
