import Foundation
import Testing
import VirtKitCore

@testable import VirtKitMachine

/// Files of the host that tests are given by environment variables; `Scripts/lib/fetch-debian.sh` fetches them.
enum TestFiles {
    static func path(_ variable: String) -> String? {
        ProcessInfo.processInfo.environment[variable].flatMap {
            FileManager.default.isReadableFile(atPath: $0) ? $0 : nil
        }
    }
    static let kernel = path("VIRTKIT_TEST_KERNEL")
    static let vmlinux = path("VIRTKIT_TEST_VMLINUX")
}

@Suite("Debian's kernel")
struct RealKernelTests {
    @Test(
        "A stock bzImage loads",
        .enabled(if: TestFiles.kernel != nil, "VIRTKIT_TEST_KERNEL names no kernel (Scripts/lib/fetch-debian.sh)"))
    func bzImage() throws {
        let path = try #require(TestFiles.kernel)
        let target = try BootTarget(mebibytes: 256)
        let plan = try target.load(.linux(kernel: .path(path), initrd: .bytes([1]), commandLine: "console=ttyS0"))
        let kernel = try #require(plan.ranges.first { $0.name == "kernel" })
        #expect(plan.state.rip == kernel.addresses.lowerBound + 0x200)
        #expect(kernel.addresses.lowerBound == 0x100_0000)
        let error = try #require(try BootTarget(mebibytes: 32).failure(.linux(kernel: .path(path))))
        #expect(error.remedy?.contains("MiB of memory") == true)
    }

    @Test(
        "A stock vmlinux loads by its PVH note",
        .enabled(if: TestFiles.vmlinux != nil, "VIRTKIT_TEST_VMLINUX names no kernel (Scripts/lib/extract-vmlinux)"))
    func vmlinux() throws {
        let path = try #require(TestFiles.vmlinux)
        let target = try BootTarget(mebibytes: 256)
        let plan = try target.load(.linux(kernel: .path(path), initrd: .bytes([1]), commandLine: "console=ttyS0"))
        #expect(plan.state.cr0 == 0x11)
        #expect(plan.ranges.contains { $0.addresses.contains(plan.state.rip) && $0.name.hasPrefix("kernel") })
    }
}
