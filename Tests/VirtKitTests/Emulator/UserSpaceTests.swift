import Foundation
import Testing
import VirtKit

/// The initramfs of `Tests/UserSpace`.
enum TestUserSpace {
    static var path: String { ProcessInfo.processInfo.environment["VIRTKIT_TEST_USERSPACE"] ?? "" }
    static var isPresent: Bool { TestKernel.isPresent && FileManager.default.fileExists(atPath: path) }
    static let absence: Comment = "no user space: VIRTKIT_TEST_USERSPACE must name a file (Scripts/test sets it)"
}

/// Debian's programs on the emulator: an initramfs runs checks with known answers.
@Suite("User space", .serialized, .enabled(if: TestUserSpace.isPresent, TestUserSpace.absence)) struct UserSpaceTests {
    /// Boots, runs the checks, and expects a line that says so of each.
    private func run(_ checks: [String], cpuModel: CPUModel = .standard) async throws {
        let boot = LinuxBoot(
            initramfs: TestUserSpace.path, memory: .mebibytes(512), cpuModel: cpuModel,
            words: "quiet vk.checks=\(checks.joined(separator: ","))")
        let (lines, outcome) = try await boot.run()
        #expect(outcome == .poweredOff)
        let results = lines.filter { $0.hasPrefix("vk.result ") }
        #expect(results == checks.map { "vk.result \($0) ok" }, "\(lines.joined(separator: "\n"))")
    }

    @Test(.timeLimit(.minutes(15))) func opensslDigestsAndCiphers() async throws {
        try await run(["openssl", "openssl-i386"])
    }

    @Test(.timeLimit(.minutes(15))) func pythonsOwnTestsOfNumbers() async throws { try await run(["python"]) }

    @Test(.timeLimit(.minutes(15))) func aCompilerAndWhatItMakes() async throws { try await run(["tcc", "tcc-i386"]) }

    @Test(.timeLimit(.minutes(15))) func aStatic32BitProgram() async throws { try await run(["busybox-i386"]) }

    /// With the code for CPUs without extensions too, and with everything that the emulator offers.
    @Test(
        .timeLimit(.minutes(60)), .enabled(if: TestKernel.isLong, TestKernel.isShort),
        arguments: [CPUModel.x86_64v2, .host])
    func everythingOnEveryCPUModel(_ model: CPUModel) async throws {
        try await run(
            [
                "busybox-i386", "openssl", "openssl-i386", "openssl-i386-plain", "openssl-plain", "python", "tcc",
                "tcc-i386",
            ], cpuModel: model)
    }
}
