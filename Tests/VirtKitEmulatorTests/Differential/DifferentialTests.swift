import Testing

@testable import VirtKitEmulator

#if canImport(Glibc)
    import Glibc
#endif

/// Every implemented instruction that a program can execute, against the host's own CPU. `Scripts/differential` runs
/// more of them.
@Suite(.serialized, .enabled(if: NativeRunner.isAvailable, "needs an x86-64 Linux host with FSGSBASE"))
struct DifferentialTests {
    /// A number from the environment.
    private static func variable(_ name: String) -> UInt64? {
        getenv(name).flatMap { UInt64(String(cString: $0)) }
    }

    @Test func everyForm() throws {
        let forms = Self.forms()
        #expect(forms.count > 2000)
        #if DEBUG
            let usual: UInt64 = 4_000
        #else
            let usual: UInt64 = 200_000
        #endif
        let seed = Self.variable("VIRTKIT_DIFFERENTIAL_SEED") ?? 1
        let count = Self.variable("VIRTKIT_DIFFERENTIAL_CASES") ?? usual
        let first = Self.variable("VIRTKIT_DIFFERENTIAL_FROM") ?? 0
        let generator = CaseGenerator(forms: forms, seed: seed)
        let run = try #require(try DifferentialRun())
        run.run(generator, from: first, count: count)
        print("differential: \(forms.count) forms, \(count) cases from \(first), seed \(seed), \(run.failureCount) differ")
        for failure in run.failures {
            Issue.record(
                "\(failure.name) (case \(failure.number), \(failure.mode)): \(failure.difference)\n  \(failure.reproducer)")
        }
        if run.failureCount > run.failures.count {
            let forms = [run.failedKinds, run.failedForms].flatMap { counts in
                counts.sorted { $0.value > $1.value }.prefix(40).map { "\($0.value) \($0.key)" }
            }
            Issue.record("\(run.failureCount) cases differ in all:\n  \(forms.joined(separator: "\n  "))")
        }
    }

    private static func forms() -> [InstructionForm] {
        let lists = [FormList(is32Bit: false), FormList(is32Bit: true)]
        let filter = getenv("VIRTKIT_DIFFERENTIAL_FORMS").map { String(cString: $0) }
        return lists.flatMap(\.implemented).filter {
            !Exclusions.isExcluded($0) && (filter == nil || $0.name.contains(filter ?? ""))
        }
    }
}
