import CVirtKitTestSupport
import Foundation
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
        print(
            "differential: \(forms.count) forms, \(count) cases from \(first), seed \(seed), "
                + "\(run.failureCount) differ, \(run.unfinishedCount) too long"
        )
        #expect(UInt64(run.unfinishedCount) <= 2 + count / 20_000)
        for failure in run.failures {
            Issue.record(
                "\(failure.name) (case \(failure.number), \(failure.mode)): \(failure.difference)\n  \(failure.reproducer)"
            )
        }
        if run.failureCount > run.failures.count {
            let forms = [run.failedKinds, run.failedForms].flatMap { counts in
                counts.sorted { $0.value > $1.value }.prefix(40).map { "\($0.value) \($0.key)" }
            }
            Issue.record("\(run.failureCount) cases differ in all:\n  \(forms.joined(separator: "\n  "))")
        }
    }

    /// The cases in a file of Tests/Data.
    private static func lines(_ name: String) throws -> [String] {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Data/\(name)").standardizedFileURL
        return try String(contentsOf: path, encoding: .utf8).split(separator: "\n").map(String.init)
            .filter { !$0.hasPrefix("#") }
    }

    /// Cases that once differed.
    @Test func regressions() throws {
        let run = try #require(try DifferentialRun())
        var count = 0
        for line in try Self.lines("differential.txt") {
            let description = try #require(CaseText.parse(line, into: run.native[0]), "\(line)")
            count += 1
            #expect(CaseText.print(run.native[0]) == line, "a line isn't in the form that is printed")
            if let difference = run.runFirst(description) { Issue.record("\(line)\n  \(difference)") }
        }
        #expect(count > 0)
    }

    /// The child outlives code that does its worst: a system call, an endless loop, a jump to nowhere.
    @Test func childSurvives() throws {
        let native = try #require(NativeRunner())
        let codes: [[UInt8]] = [
            [0x0F, 0x05], [0xCD, 0x80], [0xEB, 0xFE], [0xFF, 0xE0], [0xF4], [0x0F, 0x34],
            // mov eax, 60; syscall (exit)
            [0xB8, 0x3C, 0, 0, 0, 0x0F, 0x05],
        ]
        for (index, code) in codes.enumerated() {
            native[index].before.reset(is32Bit: false)
            native[index].setCode(code, at: Window.code + 0x800)
        }
        native.submit(codes.count)
        native.wait()
        let signals = codes.indices.map { native[$0].after.pointer.pointee.signal }
        #expect(signals[0] == UInt32(SIGSYS) && signals[1] == UInt32(SIGSYS) && signals[6] == UInt32(SIGSYS))
        #expect(signals[2] == UInt32(NATIVE_HANG))
        #expect(signals[3] == UInt32(SIGSEGV) && signals[4] == UInt32(SIGSEGV))
    }

    private static func forms() -> [InstructionForm] {
        let lists = [FormList(is32Bit: false), FormList(is32Bit: true)]
        let filter = getenv("VIRTKIT_DIFFERENTIAL_FORMS").map { String(cString: $0) }
        return lists.flatMap(\.implemented).filter {
            !Exclusions.isExcluded($0) && (filter == nil || $0.name.contains(filter ?? ""))
        }
    }
}
