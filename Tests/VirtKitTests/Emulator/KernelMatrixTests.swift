import Foundation
import Testing
import VirtKit

/// A kernel that `Scripts/lib/fetch-debian.sh kernels` fetches.
struct DebianKernel: Sendable, CustomTestStringConvertible {
    let name: String
    let path: String
    var testDescription: String { name }

    /// With 32-bit programs for a 32-bit kernel.
    var initramfs: String {
        let variable = name.hasPrefix("i386") ? "VIRTKIT_TEST_INITRD_I386" : "VIRTKIT_TEST_INITRD"
        return ProcessInfo.processInfo.environment[variable] ?? ""
    }

    /// All of them: the lines, NAME=PATH, of the list.
    static let all: [DebianKernel] = {
        let list = ProcessInfo.processInfo.environment["VIRTKIT_TEST_KERNELS"] ?? ""
        let text = (try? String(contentsOfFile: list, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: "=", maxSplits: 1)
            return parts.count == 2 ? DebianKernel(name: String(parts[0]), path: String(parts[1])) : nil
        }
    }()

    static let absence: Comment = "no kernels: VIRTKIT_TEST_KERNELS must name a list of them (Scripts/test sets it)"
}

/// Debian's kernels, with every number of vCPUs.
@Suite("Kernels", .serialized, .enabled(if: TestKernel.isPresent && !DebianKernel.all.isEmpty, DebianKernel.absence))
struct KernelMatrixTests {
    private static let cpuCounts = [1, 2, 4]

    @Test("Each kernel boots", .timeLimit(.minutes(10)), arguments: DebianKernel.all) func boots(_ kernel: DebianKernel)
        async throws
    {
        try await LinuxBoot(kernel: kernel.path, initramfs: kernel.initramfs).expectCleanRun()
    }

    @Test("One kernel boots with several vCPUs", .timeLimit(.minutes(10)), arguments: cpuCounts.dropFirst())
    func bootsWithSeveral(_ cpus: Int) async throws { try await LinuxBoot(cpus: cpus).expectCleanRun() }

    @Test(
        "Each kernel boots ten times in a row with 1, 2 and 4 vCPUs while one host core is busy",
        .timeLimit(.minutes(60)), .enabled(if: TestKernel.isLong, TestKernel.isShort), arguments: DebianKernel.all,
        cpuCounts)
    func bootsTenTimesInARowOnABusyHost(_ kernel: DebianKernel, _ cpus: Int) async throws {
        let busy = try BusyCore(seconds: 3600)
        defer { busy.stop() }
        for _ in 0..<10 {
            try await LinuxBoot(kernel: kernel.path, initramfs: kernel.initramfs, cpus: cpus).expectCleanRun()
        }
    }
}
