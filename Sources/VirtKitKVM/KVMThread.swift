internal import Glibc
internal import VirtKitCore

/// Runs something that may block on a thread of its own, and waits for it without holding a thread of the cooperative
/// pool.
func onOwnThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        // SAFETY: the retained record is released exactly once, by the new thread, or here if there is none.
        let start = Unmanaged.passRetained(ThreadStart { continuation.resume(returning: body()) })
        var thread = pthread_t()
        let error = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, start.toOpaque())
        if error == 0 {
            pthread_detach(thread)
        } else {
            // The host has no thread left: here, then, though it blocks.
            start.takeRetainedValue().body()
        }
    }
}

/// What a new thread is to do.
private final class ThreadStart {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
}
