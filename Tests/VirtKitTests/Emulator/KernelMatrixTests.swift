import Foundation
import Testing
import VirtKit

/// Debian's kernels, with every number of vCPUs.
@Suite("Kernels", .serialized, .enabled(if: KernelMatrixTests.isPresent, KernelMatrixTests.absence))
struct KernelMatrixTests {
    /// A kernel that `Scripts/lib/fetch-debian.sh kernels` fetches.
    struct Kernel: Sendable, CustomTestStringConvertible {
        let name: String
        let path: String
        var testDescription: String { name }
        /// With 32-bit programs for a 32-bit kernel.
        var initramfs: String {
            ProcessInfo.processInfo.environment[
                name.hasPrefix("i386") ? "VIRTKIT_TEST_INITRD_I386" : "VIRTKIT_TEST_INITRD"]
                ?? ""
        }
    }

    /// Lines of NAME=PATH.
    private static let list = ProcessInfo.processInfo.environment["VIRTKIT_TEST_KERNELS"] ?? ""
    static let kernels: [Kernel] =
        ((try? String(contentsOfFile: list, encoding: .utf8)) ?? "").split(separator: "\n").compactMap { line in
            let parts = line.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            return Kernel(name: String(parts[0]), path: String(parts[1]))
        }
    static let cpuCounts = [1, 2, 4]

    static var isPresent: Bool { TestKernel.isPresent && !kernels.isEmpty }
    static let absence: Comment = "no kernels: VIRTKIT_TEST_KERNELS must name a list of them (Scripts/test sets it)"

    @Test("Each kernel boots", .timeLimit(.minutes(10)), arguments: kernels) func boots(_ kernel: Kernel) async throws {
        try await LinuxBoot(kernel: kernel.path, initramfs: kernel.initramfs).expectCleanRun()
    }

    @Test("One kernel boots with several vCPUs", .timeLimit(.minutes(10)), arguments: cpuCounts.dropFirst())
    func bootsWithSeveral(_ cpus: Int) async throws { try await LinuxBoot(cpus: cpus).expectCleanRun() }

    @Test(
        "Each kernel boots ten times in a row with 1, 2 and 4 vCPUs while one host core is busy",
        .timeLimit(.minutes(60)), .enabled(if: TestKernel.isLong, TestKernel.isShort), arguments: kernels, cpuCounts)
    func bootsTenTimesInARowOnABusyHost(_ kernel: Kernel, _ cpus: Int) async throws {
        let busy = try BusyCore(seconds: 3600)
        defer { busy.stop() }
        for _ in 0..<10 {
            try await LinuxBoot(kernel: kernel.path, initramfs: kernel.initramfs, cpus: cpus).expectCleanRun()
        }
    }
}
