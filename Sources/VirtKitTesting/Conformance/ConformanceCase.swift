/// How a conformance case ended.
public enum ConformanceResult: Hashable, Sendable, CustomStringConvertible {
    /// The subject keeps the rule.
    case pass
    /// The case could not run, and why.
    case skip(reason: String)
    /// The subject breaks the rule, and how.
    case fail(message: String)

    /// The result, and why.
    public var description: String {
        switch self {
        case .pass: "pass"
        case .skip(let reason): "skip: \(reason)"
        case .fail(let message): "fail: \(message)"
        }
    }
}

extension ConformanceResult {
    /// The result of a case that threw.
    init(_ error: any Error) {
        switch error {
        case let skip as ConformanceSkip: self = .skip(reason: skip.reason)
        case let failure as ConformanceFailure: self = .fail(message: failure.message)
        default: self = .fail(message: "unexpected error: \(error)")
        }
    }
}

/// One rule of the contract, and a check of it.
///
/// A case is plain Swift: run it from any test library, or from a program.
public struct ConformanceCase: Sendable, CustomStringConvertible {
    /// The case's stable name: "stop-is-idempotent".
    public let name: String
    /// The rule that it checks, as a sentence, and where the rule is written.
    public let rule: String
    private let body: @Sendable (HypervisorSubject) async throws -> Void

    /// The name.
    public var description: String { name }

    init(_ name: String, _ rule: String, _ body: @escaping @Sendable (HypervisorSubject) async throws -> Void) {
        self.name = name
        self.rule = rule
        self.body = body
    }

    /// Runs the case. It ends, whatever the subject does: every wait is bounded by the subject's patience.
    public func run(_ subject: HypervisorSubject) async -> ConformanceResult {
        do {
            try await body(subject)
            return .pass
        } catch {
            return ConformanceResult(error)
        }
    }
}

/// A broken rule.
struct ConformanceFailure: Error {
    let message: String
    init(_ message: String) { self.message = message }
}

/// A case that can't run.
struct ConformanceSkip: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}
