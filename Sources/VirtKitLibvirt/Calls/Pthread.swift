internal import CVirtKit
internal import Glibc

/// Threads that nobody joins.
enum Pthread {
    private final class Body {
        let name: String
        let run: () -> Void
        init(_ name: String, _ run: @escaping () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// Starts a thread. All signals are blocked in it: they belong to the embedding program.
    ///
    /// - Returns: false where the host has no more threads.
    static func detach(name: String, _ run: @escaping @Sendable () -> Void) -> Bool {
        // SAFETY: the box is given to the thread, which takes the reference over; taken back where there is no thread.
        let box = Unmanaged.passRetained(Body(name, run))
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                vk_thread_block_signals()
                vk_thread_set_name(body.name)
                body.run()
                return nil
            }, box.toOpaque())
        guard result == 0 else {
            box.release()
            return false
        }
        pthread_detach(thread)
        return true
    }
}
