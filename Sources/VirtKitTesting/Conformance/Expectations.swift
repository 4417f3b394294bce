internal import Synchronization
internal import VirtKitCore

/// A value that tasks share.
final class Shared<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>
    init(_ value: Value) { mutex = Mutex(value) }
    var value: Value {
        get { mutex.withLock { $0 } }
        set { mutex.withLock { $0 = newValue } }
    }
    func change<Result: Sendable>(_ body: (inout sending Value) -> sending Result) -> Result { mutex.withLock(body) }
}

/// Does something with a time limit, even if it hangs and is deaf to cancellation: then it is cancelled and left.
func withTimeLimit<Result: Sendable>(
    _ limit: Duration, _ what: String, _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    let waiting = Shared<CheckedContinuation<Result, any Error>?>(nil)
    @Sendable func take() -> CheckedContinuation<Result, any Error>? {
        waiting.change { continuation in
            defer { continuation = nil }
            return continuation
        }
    }
    let timer = Shared<Task<Void, Never>?>(nil)
    defer { timer.value?.cancel() }
    return try await withCheckedThrowingContinuation { continuation in
        waiting.value = continuation
        let work = Task {
            do {
                let result = try await body()
                take()?.resume(returning: result)
            } catch {
                take()?.resume(throwing: error)
            }
        }
        timer.value = Task {
            guard (try? await Task.sleep(for: limit)) != nil, let late = take() else { return }
            work.cancel()
            late.resume(throwing: ConformanceFailure("\(what) did not end within \(limit)"))
        }
    }
}

/// Fails the case unless something holds.
func expect(_ condition: Bool, _ message: @autoclosure () -> String) throws {
    if !condition { throw ConformanceFailure(message()) }
}

/// Fails the case unless a machine is in a state.
func expect(_ machine: any Machine, is state: MachineState, _ when: String) throws {
    let found = machine.state
    try expect(found == state, "\(when) the machine is \(found), and should be \(state)")
}

/// Fails the case unless something throws a `VirtKitError` with one of some codes; gives the error.
@discardableResult
func expectError(
    _ codes: VirtKitError.Code..., when what: String, in subject: HypervisorSubject,
    _ body: @escaping @Sendable () async throws -> Void
) async throws -> VirtKitError {
    let wanted = codes.map(\.rawValue).joined(separator: " or ")
    do {
        try await subject.prompt(what, body)
    } catch let error as VirtKitError {
        try expect(codes.contains(error.code), "\(what) threw \(error.code), and should throw \(wanted): \(error)")
        return error
    } catch let failure as ConformanceFailure {
        throw failure
    } catch {
        throw ConformanceFailure("\(what) threw \(error), and should throw a VirtKitError \(wanted)")
    }
    throw ConformanceFailure("\(what) threw nothing, and should throw \(wanted)")
}

extension SerialConsole {
    /// The kept output as text.
    var recentText: String { String(decoding: recentOutput, as: UTF8.self) }

    /// How many bytes the guest has printed so far.
    var printedByteCount: UInt64 { droppedByteCount &+ UInt64(recentOutput.count) }
}
