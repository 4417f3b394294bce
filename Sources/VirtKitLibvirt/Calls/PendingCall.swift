internal import Synchronization

/// One call on a pool, and the task that waits for it.
final class PendingCall<Value: Sendable>: CallPool.Job, @unchecked Sendable {
    private enum Progress {
        case new
        case queued(UnsafeContinuation<Value, any Error>)
        case running(UnsafeContinuation<Value, any Error>)
        case abandoned
        case over
    }

    private enum Cancellation {
        case nothing
        case forget(UnsafeContinuation<Value, any Error>)
        case abandon(UnsafeContinuation<Value, any Error>)
    }

    private let progress = Mutex(Progress.new)
    private let pool: CallPool
    private let body: @Sendable () throws -> Value

    init(_ pool: CallPool, _ body: @escaping @Sendable () throws -> Value) {
        self.pool = pool
        self.body = body
    }

    /// Puts the call in the queue; ends at once where the task was cancelled before.
    ///
    /// SAFETY: the continuation is resumed once: whoever takes it out of `progress` does.
    func start(_ continuation: UnsafeContinuation<Value, any Error>) {
        let starts = progress.withLock { progress in
            guard case .new = progress else { return false }
            progress = .queued(continuation)
            return true
        }
        if starts { pool.post(self) } else { continuation.resume(throwing: CancellationError()) }
    }

    override func begin() -> Bool {
        progress.withLock { progress in
            guard case .queued(let continuation) = progress else { return false }
            progress = .running(continuation)
            return true
        }
    }

    override func run() {
        let result = Result { try body() }
        let continuation: UnsafeContinuation<Value, any Error>? = progress.withLock { progress in
            defer { progress = .over }
            if case .running(let continuation) = progress { return continuation }
            return nil
        }
        // A result that nobody waits for is let go here; handles free themselves.
        guard let continuation else { return pool.recover() }
        continuation.resume(with: result)
    }

    /// Ends the wait for the call, if it is not over: nobody takes its result.
    func cancel(_ error: any Error = CancellationError()) {
        let step: Cancellation = progress.withLock { progress in
            switch progress {
            case .new:
                progress = .over
                return .nothing
            case .queued(let continuation):
                progress = .over
                return .forget(continuation)
            case .running(let continuation):
                progress = .abandoned
                // Before the thread can see it: it takes the abandonment back.
                pool.abandon()
                return .abandon(continuation)
            case .abandoned, .over: return .nothing
            }
        }
        switch step {
        case .nothing: break
        case .forget(let continuation):
            pool.remove(self)
            continuation.resume(throwing: error)
        case .abandon(let continuation): continuation.resume(throwing: error)
        }
    }
}

extension CallPool {
    /// Executes a blocking call on a thread of the pool. A cancelled task gets `CancellationError` at once.
    func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        let call = PendingCall(self, body)
        return try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { call.start($0) }
        } onCancel: {
            call.cancel()
        }
    }

    /// The same, but not longer than some time: then the call is abandoned, with libvirt's code for a timeout.
    func run<Value: Sendable>(
        _ operation: String, within limit: Duration, _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        let call = PendingCall(self, body)
        let timer = Task.detached {
            try await Task.sleep(for: limit)
            call.cancel(
                LibvirtError(
                    .operationTimeout, operation: operation, message: "the call has not returned within \(limit)",
                    remedy: "see whether the hypervisor answers others; the call goes on, and is left to itself"))
        }
        defer { timer.cancel() }
        return try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { call.start($0) }
        } onCancel: {
            call.cancel()
        }
    }

    private final class PlainJob: Job, @unchecked Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        override func run() { body() }
    }

    /// Executes something on a thread of the pool, and does not wait for it.
    func post(_ body: @escaping @Sendable () -> Void) { post(PlainJob(body)) }
}
