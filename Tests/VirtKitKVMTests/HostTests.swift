import Foundation
import Glibc
import Testing

@testable import VirtKitKVM

/// What the host tells about KVM, and the one reason and remedy that follow from it.
@Suite struct HostTests {
    private func files(_ contents: [String: String]) throws -> HostFiles {
        let root = NSTemporaryDirectory() + "virtkit-host-\(UUID().uuidString)"
        for (path, text) in contents {
            let url = URL(fileURLWithPath: root + path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }
        return HostFiles(root: root)
    }

    private func remove(_ files: HostFiles) { try? FileManager.default.removeItem(atPath: files.root) }

    private func host(_ contents: [String: String], signature: String? = nil) throws -> KVMHost {
        let files = try files(contents)
        defer { remove(files) }
        return KVMHost(files, hypervisorSignature: signature)
    }

    private static let intel = "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu vmx sse2\n"
    private static let amd = "processor\t: 0\nflags\t\t: fpu svm sse2\n"
    private static let plain = "processor\t: 0\nflags\t\t: fpu sse2 hypervisor\n"

    @Test func bareMetal() throws {
        let host = try host([
            "/proc/cpuinfo": Self.intel, "/proc/misc": " 10 other\n232 kvm\n", "/sys/module/kvm/x": "",
            "/sys/module/kvm_intel/x": "",
        ])
        #expect(host.hardware == "VT-x")
        #expect(host.ground == .hardware)
        #expect(host.modules == ["kvm", "kvm_intel"])
        #expect(host.isRegistered)
        #expect(host.hypervisor == nil)
        #expect(host.container == nil)
    }

    @Test(arguments: [
        ("KVMKVMKVM", "KVM"), ("Microsoft Hv", "Hyper-V"), ("VMwareVMware", "VMware"), ("unheard of", "unheard of"),
        ("", "an unnamed hypervisor"),
    ])
    func nested(_ signature: String, _ name: String) throws {
        let host = try host(
            ["/proc/cpuinfo": Self.amd, "/sys/class/dmi/id/product_name": "Cloud\n"], signature: signature)
        #expect(host.hardware == "AMD-V")
        #expect(host.ground == .nested)
        #expect(host.hypervisor == "\(name) (Cloud)")
    }

    @Test func paravirtualAndNothing() throws {
        let contents = ["/proc/cpuinfo": Self.plain, "/sys/module/kvm/x": "", "/sys/module/kvm_pvm/x": ""]
        #expect(try host(contents, signature: "KVMKVMKVM").ground == .paravirtual)
        #expect(try host(["/proc/cpuinfo": Self.plain], signature: "KVMKVMKVM").ground == .nothing)
        #expect(try host([:]).ground == .nothing)
    }

    @Test func containers() throws {
        #expect(try host(["/.dockerenv": ""]).container == "Docker")
        #expect(try host(["/run/.containerenv": ""]).container == "Podman")
        #expect(try host(["/run/systemd/container": "lxc\n"]).container == "lxc")
    }

    @Test func hugeAndBinaryFilesDoNoHarm() throws {
        let files = try files([
            "/proc/cpuinfo": String(repeating: "x", count: 1 << 20), "/etc/group": "::::\nkvm:x\n:x:99999999999:\n",
            "/proc/misc": "\u{0}\u{FFFD}\n\n",
        ])
        defer { remove(files) }
        #expect(KVMHost(files, hypervisorSignature: nil).ground == .nothing)
        #expect(files.text("/proc/cpuinfo")?.utf8.count == 256 << 10)
        #expect(files.text("/none") == nil)
        #expect(files.node("/none") == nil)
    }

    @Test func accounts() throws {
        let files = try files(["/etc/group": "root:x:0:\nkvm:x:107:alice,bob\n"])
        defer { remove(files) }
        #expect(files.account(107, in: "/etc/group")?.name == "kvm")
        #expect(files.account(107, in: "/etc/group")?.members == ["alice", "bob"])
        #expect(files.account(108, in: "/etc/group") == nil)
    }

    @Test func deviceNumbers() throws {
        let node = try #require(HostFiles().node("/dev/null"))
        #expect(node.isDevice && node.major == 1 && node.minor == 3)
    }

    // MARK: Reasons and remedies

    private func diagnosis(
        _ errno: Int32, _ call: String = KVMSystem.openCall, _ change: (inout KVMHost) -> Void
    ) -> KVMDiagnosis {
        var host = KVMHost()
        host.user = 1000
        host.userName = "alice"
        host.groups = [1000]
        change(&host)
        return KVMDiagnosis(KVMError(call, errno), on: host)
    }

    private static let node = HostFiles.Node(
        isDevice: true, permissions: 0o660, user: 0, group: 107, major: 10, minor: 232)

    @Test func missingModule() {
        let intel = diagnosis(ENOENT) { $0.hardware = "VT-x" }
        #expect(intel.reason.contains("kvm_intel"))
        #expect(intel.remedy.contains("modprobe kvm_intel") && intel.remedy.contains("firmware"))
        let amd = diagnosis(ENXIO) { ($0.hardware, $0.node) = ("AMD-V", Self.node) }
        #expect(amd.remedy.contains("modprobe kvm_amd"))
        let guest = diagnosis(ENODEV) { $0.hypervisor = "Hyper-V" }
        #expect(guest.reason.contains("guest of Hyper-V") && guest.remedy.contains("nested"))
        let old = diagnosis(ENOENT) { _ in }
        #expect(old.reason.contains("neither VT-x nor AMD-V") && old.remedy.contains("firmware"))
    }

    @Test func missingDevice() {
        let container = diagnosis(ENOENT) { ($0.isRegistered, $0.container) = (true, "Docker") }
        #expect(container.reason.contains("container (Docker)"))
        #expect(container.remedy.contains("--device /dev/kvm"))
        let host = diagnosis(ENOENT) { $0.isRegistered = true }
        #expect(host.remedy.contains("mknod /dev/kvm c 10 232"))
    }

    @Test func missingPermission() {
        let join = diagnosis(EACCES) { ($0.node, $0.group) = (Self.node, "kvm") }
        #expect(join.reason.contains("group kvm") && join.reason.contains("user alice"))
        #expect(join.remedy.contains("usermod -aG kvm alice") && join.remedy.contains("log in again"))
        let again = diagnosis(EACCES) { ($0.node, $0.group, $0.isMemberOnPaper) = (Self.node, "kvm", true) }
        #expect(again.remedy == "log in again")
        let policy = diagnosis(EACCES) { ($0.node, $0.group, $0.groups) = (Self.node, "kvm", [1000, 107]) }
        #expect(policy.remedy.contains("SELinux"))
        let closed = diagnosis(EACCES) {
            var node = Self.node
            node.permissions = 0o600
            node.group = 0
            ($0.node, $0.group) = (node, "root")
        }
        #expect(closed.reason.contains("mode 600") && closed.remedy.contains("chmod 660"))
        #expect(!diagnosis(EACCES) { _ in }.remedy.isEmpty)
    }

    @Test func limits() {
        let container = diagnosis(EPERM) { ($0.node, $0.container) = (Self.node, "Podman") }
        #expect(container.reason.contains("container (Podman)") && container.remedy.contains("--device"))
        #expect(diagnosis(EPERM) { $0.node = Self.node }.remedy.contains("DeviceAllow=/dev/kvm rw"))
    }

    @Test func anotherDeviceInItsPlace() {
        let null = diagnosis(ENOTTY, "KVM_GET_API_VERSION") {
            var node = Self.node
            (node.major, node.minor) = (1, 3)
            $0.node = node
        }
        #expect(null.reason.contains("1:3") && null.remedy.contains("mknod"))
        #expect(diagnosis(ENOTTY, "KVM_GET_API_VERSION") { $0.node = Self.node }.remedy.contains("Linux"))
    }

    @Test func anotherHypervisor() {
        #expect(diagnosis(EBUSY, "KVM_CREATE_VM") { _ in }.remedy.contains("VirtualBox"))
        #expect(diagnosis(ENOMEM, "KVM_CREATE_VM") { _ in }.remedy.contains("memory"))
        #expect(diagnosis(EIO, "KVM_CREATE_VM") { _ in }.reason.contains("KVM_CREATE_VM"))
    }
}
