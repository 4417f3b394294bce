internal import CVirtKit
internal import Glibc
internal import Synchronization
internal import VirtKitCore

/// A thread of the machine's own, outside of the cooperative pool.
///
/// It blocks all asynchronous signals, so that they go to threads of the embedding program.
final class OwnedThread: Sendable {
    private let handle: Mutex<pthread_t?>
    private let number: Number

    /// The kernel's number of the thread, for as long as it lives: afterwards the number may be another thread's.
    private final class Number: Sendable {
        let value = Mutex<Int32?>(nil)
        let hasStarted = WakeEvent()
    }

    private final class Start {
        let name: String
        let number: Number
        let body: @Sendable () -> Void
        init(name: String, number: Number, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.number = number
            self.body = body
        }
    }

    /// Starts a thread, and waits until it is there. Its name is cut to 15 bytes.
    ///
    /// - Throws: `VirtKitError` with `.resourceExhausted` where the host refuses another thread.
    init(name: String, body: @escaping @Sendable () -> Void) throws(VirtKitError) {
        // SAFETY: the retained start record is released exactly once, by the new thread, or here if there is none.
        let number = Number()
        let start = Unmanaged.passRetained(Start(name: name, number: number, body: body))
        var thread = pthread_t()
        let error = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                vk_thread_block_signals()
                vk_thread_set_name(start.name)
                start.number.value.withLock { $0 = vk_thread_id() }
                start.number.hasStarted.signal()
                start.body()
                start.number.value.withLock { $0 = nil }
                return nil
            }, start.toOpaque())
        guard error == 0 else {
            start.release()
            throw VirtKitError(
                .resourceExhausted, operation: "start thread \(name)", message: "the host refused", errno: error,
                remedy: "raise the limit of threads (ulimit -u, or the container's pids limit)")
        }
        handle = Mutex(thread)
        self.number = number
        while number.hasStarted.count == 0 { number.hasStarted.wait(since: 0) }
    }

    /// Does something with the kernel's number of the thread, which does not end meanwhile. Nil where it has ended.
    func withNumber<Value: ~Copyable, Failure: Error>(_ body: (Int32) throws(Failure) -> Value) throws(Failure)
        -> Value?
    {
        try number.value.withLock { (number) throws(Failure) -> Value? in
            guard let number else { return nil }
            return try body(number)
        }
    }

    /// Waits for the thread's end; only the first call does. Not to be called by the thread itself.
    func join() {
        if let thread = handle.withLock({ $0.take() }) { pthread_join(thread, nil) }
    }

    deinit {
        if let thread = handle.withLock({ $0.take() }) { pthread_detach(thread) }
    }
}
