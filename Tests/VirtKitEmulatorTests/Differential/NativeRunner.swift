import CVirtKitTestSupport

/// Runs cases on the host's CPU, in a child process. See native_runner.h.
final class NativeRunner {
    static let batch = Int(NATIVE_BATCH)

    /// Whether this host can be the oracle.
    static let isAvailable: Bool = {
        guard let runner = native_start() else { return false }
        native_stop(runner)
        return true
    }()

    private let runner: OpaquePointer

    init?() {
        guard let runner = native_start() else { return nil }
        self.runner = runner
    }

    deinit { native_stop(runner) }

    subscript(index: Int) -> CaseView {
        CaseView(pointer: native_case_at(runner, UInt32(truncatingIfNeeded: index)))
    }

    /// Starts the first `count` cases.
    func submit(_ count: Int) { native_submit(runner, UInt32(min(count, Self.batch))) }

    /// Waits until they have run.
    func wait() { precondition(native_wait(runner) == 0, "the child process of the native runner can't be started") }
}
