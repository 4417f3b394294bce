internal import VirtKitCore

/// One rule of the low contract, and a check of it: any accelerator of x86-64 guests can be asked.
///
/// A case is plain Swift: run it from any test library, or from a program.
public struct AcceleratorCase: Sendable, CustomStringConvertible {
    /// The case's stable name: "request-before-run".
    public let name: String
    /// The rule that it checks, as a sentence.
    public let rule: String
    private let body: @Sendable (AcceleratorSubject) throws -> Void

    /// The name.
    public var description: String { name }

    init(_ name: String, _ rule: String, _ body: @escaping @Sendable (AcceleratorSubject) throws -> Void) {
        self.name = name
        self.rule = rule
        self.body = body
    }

    /// Runs the case, on a thread of its own. It ends, whatever the subject does: each guest has a watchdog, and what
    /// is deaf even to that is left behind after six times the subject's patience.
    public func run(_ subject: AcceleratorSubject) async -> ConformanceResult {
        do {
            let body = body
            return try await withTimeLimit(subject.patience * 6, "the case") {
                await withCheckedContinuation { continuation in
                    _ = HostThread { continuation.resume(returning: Self.result { try body(subject) }) }
                }
            }
        } catch {
            return ConformanceResult(error)
        }
    }

    private static func result(_ body: () throws -> Void) -> ConformanceResult {
        do {
            try body()
            return .pass
        } catch {
            return ConformanceResult(error)
        }
    }
}

/// The cases that every `Accelerator` of x86-64 guests must pass, in `external` interrupt mode.
///
/// ```swift
/// for test in AcceleratorConformance.cases {
///     print(test.name, await test.run(subject))
/// }
/// ```
///
/// The guests are a few integer instructions of ring 0 in 64-bit mode, so that any KVM can run them.
public enum AcceleratorConformance {
    /// All cases, the simplest first. They may run at the same time.
    public static let cases: [AcceleratorCase] = [
        memoryCases, registerCases, exitCases, interruptCases, stopCases, lendingCases, stateCases, processorCases,
        errorCases,
    ].flatMap(\.self)
}
