import Foundation
import Testing

/// Debian's kernel and an initramfs for tests, where `Scripts/test` has fetched them.
enum TestKernel {
    /// The bzImage.
    static var path: String { ProcessInfo.processInfo.environment["VIRTKIT_TEST_KERNEL"] ?? "" }
    /// The ELF image that is inside the bzImage.
    static var vmlinux: String { ProcessInfo.processInfo.environment["VIRTKIT_TEST_VMLINUX"] ?? "" }
    /// An initramfs whose init says what it is and powers off.
    static var initramfs: String { ProcessInfo.processInfo.environment["VIRTKIT_TEST_INITRD"] ?? "" }

    static var isPresent: Bool {
        [path, vmlinux, initramfs].allSatisfy { !$0.isEmpty && FileManager.default.fileExists(atPath: $0) }
    }

    static let absence: Comment =
        "no kernel: VIRTKIT_TEST_KERNEL, _VMLINUX and _INITRD must name files (Scripts/test sets them)"

    /// Whether tests of more than a minute run too.
    static var isLong: Bool { ProcessInfo.processInfo.environment["VIRTKIT_TEST_LONG"] == "1" }
    static let isShort: Comment = "runs with Scripts/test --long"
}
