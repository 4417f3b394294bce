internal import CVirtKit
internal import Glibc

/// What this host has for KVM, as its files and its CPU tell without `/dev/kvm`: the hardware, a hypervisor beneath, the
/// kernel's modules, the device and who may open it.
struct KVMHost: Sendable {
    /// What KVM stands on.
    enum Ground: Equatable, Sendable {
        /// The CPU's virtualization, on bare metal.
        case hardware
        /// The virtualization that the hypervisor beneath offers its own guests.
        case nested
        /// None: the hypervisor beneath is asked for page tables alone (kvm-pvm).
        case paravirtual
        /// There is nothing to stand on, as far as the host tells.
        case nothing
    }

    /// "VT-x", "AMD-V", "Arm virtualization"; nil where the CPU offers none.
    var hardware: String?
    /// Who names itself as the hypervisor beneath this system; nil on bare metal.
    var hypervisor: String?
    /// Those of KVM's modules that the kernel has: "kvm", "kvm_intel" …
    var modules: [String] = []
    /// Whether the kernel has registered KVM's device (`/proc/misc`).
    var isRegistered = false
    /// The file at `/dev/kvm`.
    var node: HostFiles.Node?
    /// The name of the group that the device belongs to.
    var group: String?
    /// Whether the user is a member of that group by `/etc/group`, which counts from the next login on.
    var isMemberOnPaper = false
    /// This process's user, its name, and its groups.
    var user: UInt32 = 0
    var userName: String?
    var groups: [UInt32] = []
    /// The kind of container that this process is in; nil for none that is known.
    var container: String?

    static let knownModules = ["kvm", "kvm_intel", "kvm_amd", "kvm_pvm"]
    /// KVM's device, by `Documentation/admin-guide/devices.txt` of Linux.
    static let major: UInt32 = 10
    static let minor: UInt32 = 232

    init() {}

    /// Looks at the host.
    init(_ files: HostFiles, hypervisorSignature: String? = KVMHost.signature) {
        let flags = Set((files.value("flags", in: "/proc/cpuinfo") ?? "").split(separator: " "))
        if flags.contains("vmx") { hardware = "VT-x" }
        if flags.contains("svm") { hardware = "AMD-V" }
        if let signature = hypervisorSignature {
            hypervisor = Self.hypervisors[signature] ?? (signature.isEmpty ? "an unnamed hypervisor" : signature)
            if let product = files.line("/sys/class/dmi/id/product_name"), !product.isEmpty, let name = hypervisor {
                hypervisor = "\(name) (\(product))"
            }
        } else if let type = files.line("/sys/hypervisor/type") {
            hypervisor = type
        }
        modules = Self.knownModules.filter { files.exists("/sys/module/\($0)") }
        isRegistered = (files.text("/proc/misc") ?? "").split(whereSeparator: \.isNewline).contains { line in
            line.split(separator: " ").last == "kvm"
        }
        node = files.node(KVMSystem.path)
        user = geteuid()
        userName = files.account(user, in: "/etc/passwd")?.name
        groups = Self.groups
        if let node, let account = files.account(node.group, in: "/etc/group") {
            group = account.name
            isMemberOnPaper = userName.map { account.members.contains($0) } ?? false
        }
        if files.exists("/.dockerenv") {
            container = "Docker"
        } else if files.exists("/run/.containerenv") {
            container = "Podman"
        } else {
            container = files.line("/run/systemd/container")
        }
    }

    /// What KVM stands on here.
    var ground: Ground {
        if hardware != nil { return hypervisor == nil ? .hardware : .nested }
        return modules.contains("kvm_pvm") ? .paravirtual : .nothing
    }

    /// Whether KVM makes page tables from the guest's, since the CPU's own second level (EPT, NPT) is not used.
    static func hasShadowPages(_ files: HostFiles) -> Bool {
        ["/sys/module/kvm_intel/parameters/ept", "/sys/module/kvm_amd/parameters/npt"].contains { path in
            ["N", "0"].contains(files.line(path))
        }
    }

    /// The hypervisor's own name beneath this system (CPUID leaf 40000000H); nil on bare metal.
    static var signature: String? {
        var name = [CChar](repeating: 0, count: 13)
        guard vk_kvm_hypervisor_beneath(&name) != 0 else { return nil }
        return trimmed(String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    private static var groups: [UInt32] {
        var list = [gid_t](repeating: 0, count: 256)
        let count = getgroups(256, &list)
        return [getegid()] + list.prefix(max(0, Int(count)))
    }

    /// By the name that each gives itself.
    private static let hypervisors = [
        "KVMKVMKVM": "KVM", "Microsoft Hv": "Hyper-V", "VMwareVMware": "VMware", "XenVMMXenVMM": "Xen",
        "TCGTCGTCGTCG": "QEMU's emulator", "bhyve bhyve": "bhyve", "VBoxVBoxVBox": "VirtualBox",
        "prl hyperv": "Parallels", "ACRNACRNACRN": "ACRN", "VirtKit": "VirtKit",
    ]
}
