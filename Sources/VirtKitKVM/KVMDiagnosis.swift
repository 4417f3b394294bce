internal import Glibc
internal import VirtKitCore

/// Why KVM can't be used on a host, in the end one reason and one remedy.
struct KVMDiagnosis: Equatable, Sendable {
    var reason: String
    var remedy: String

    /// - Parameter error: the call that failed, of those that open KVM and make a machine.
    init(_ error: KVMError, on host: KVMHost) {
        let isOpening = error.call == KVMSystem.openCall
        switch error.errno {
        case ENOENT where isOpening && host.isRegistered: self = Self.withoutNode(host)
        case ENOENT where isOpening, ENODEV where isOpening, ENXIO where isOpening: self = Self.withoutModule(host)
        case EACCES where isOpening: self = Self.withoutPermission(host)
        case EPERM where isOpening: self = Self.forbidden(host)
        case ENOTTY where error.call == KVMRequest.getAPIVersion.name: self = Self.anotherDevice(error, host)
        case EBUSY:
            self.init(
                "\(error): another hypervisor holds the CPU's virtualization",
                "end the other hypervisor (VirtualBox, VMware), or unload its module")
        default: self.init("\(error)", error.remedy ?? "use another backend")
        }
    }

    private init(_ reason: String, _ remedy: String) {
        self.reason = reason
        self.remedy = remedy
    }

    private static func withoutNode(_ host: KVMHost) -> KVMDiagnosis {
        if let container = host.container {
            return KVMDiagnosis(
                "the kernel has KVM, but this container (\(container)) has no \(KVMSystem.path)",
                "give it the device: docker run --device \(KVMSystem.path), or podman's; in Kubernetes a device plugin")
        }
        return KVMDiagnosis(
            "the kernel has KVM, but there is no \(KVMSystem.path)",
            "sudo mknod \(KVMSystem.path) c \(KVMHost.major) \(KVMHost.minor), or restart udev")
    }

    private static func withoutModule(_ host: KVMHost) -> KVMDiagnosis {
        switch host.hardware {
        case "VT-x":
            return KVMDiagnosis(
                "the CPU has VT-x, but the kernel's module kvm_intel is not there",
                "sudo modprobe kvm_intel; if it refuses, turn VT-x on in the firmware's settings")
        case "AMD-V":
            return KVMDiagnosis(
                "the CPU has AMD-V, but the kernel's module kvm_amd is not there",
                "sudo modprobe kvm_amd; if it refuses, turn SVM on in the firmware's settings")
        default: break
        }
        if let hypervisor = host.hypervisor {
            return KVMDiagnosis(
                "this system is itself a guest of \(hypervisor), which offers it neither VT-x nor AMD-V",
                "turn nested virtualization on for it there, or use a host that offers it")
        }
        return KVMDiagnosis(
            "the CPU offers neither VT-x nor AMD-V",
            "turn virtualization on in the firmware's settings; a CPU without it can only emulate")
    }

    private static func withoutPermission(_ host: KVMHost) -> KVMDiagnosis {
        guard let node = host.node else {
            return KVMDiagnosis(
                "\(KVMSystem.path) may not be opened", "ask whoever runs this system for access to it")
        }
        let group = host.group ?? "\(node.group)"
        let user = host.userName ?? "\(host.user)"
        let reason =
            "\(KVMSystem.path) is of group \(group) with mode \(String(node.permissions, radix: 8)), and may not be "
            + "opened by user \(user)"
        if node.permissions & 0o060 != 0o060 || node.group == 0 {
            return KVMDiagnosis(
                reason,
                "let a group use it: sudo chgrp kvm \(KVMSystem.path); sudo chmod 660 \(KVMSystem.path); "
                    + "sudo usermod -aG kvm \(user)")
        }
        if host.groups.contains(node.group) || host.user == 0 {
            return KVMDiagnosis(
                reason + ", though its permissions allow it",
                "look for a security policy that forbids it (SELinux, AppArmor, a user namespace)")
        }
        if host.isMemberOnPaper {
            return KVMDiagnosis(reason + ": this session began before the user joined the group", "log in again")
        }
        return KVMDiagnosis(reason, "join the group: sudo usermod -aG \(group) \(user), and log in again")
    }

    private static func forbidden(_ host: KVMHost) -> KVMDiagnosis {
        if let container = host.container {
            return KVMDiagnosis(
                "the limits of this container (\(container)) on devices forbid \(KVMSystem.path)",
                "give it the device: docker run --device \(KVMSystem.path)")
        }
        return KVMDiagnosis(
            "the limits of this control group on devices, or a security policy, forbid \(KVMSystem.path)",
            "allow it: DeviceAllow=\(KVMSystem.path) rw in the service's systemd unit")
    }

    private static func anotherDevice(_ error: KVMError, _ host: KVMHost) -> KVMDiagnosis {
        guard let node = host.node, !node.isDevice || node.major != KVMHost.major || node.minor != KVMHost.minor else {
            return KVMDiagnosis("\(error)", "use a kernel with KVM's stable interface, Linux 2.6.22 or newer")
        }
        let what = node.isDevice ? "device \(node.major):\(node.minor)" : "no device"
        return KVMDiagnosis(
            "\(KVMSystem.path) is \(what), not KVM's (\(KVMHost.major):\(KVMHost.minor))",
            "sudo rm \(KVMSystem.path); sudo mknod \(KVMSystem.path) c \(KVMHost.major) \(KVMHost.minor)")
    }
}

extension KVMHost {
    /// What a person wants to know, under stable names.
    var details: [BackendDetail] {
        var details = [BackendDetail("hardware", hardware ?? "none that the CPU tells")]
        details.append(BackendDetail("hypervisor-beneath", hypervisor ?? "none: this is bare metal"))
        let description =
            switch ground {
            case .hardware: "on the CPU's own virtualization"
            case .nested: "nested: on the virtualization that the hypervisor beneath offers"
            case .paravirtual:
                "paravirtual (kvm-pvm): ring 3 runs natively, the rest in KVM's own instruction emulator"
            case .nothing: "nothing for it to stand on"
            }
        details.append(BackendDetail("kvm", description))
        details.append(BackendDetail("modules", modules.isEmpty ? "none" : modules.joined(separator: ", ")))
        if let node {
            let owner = "user \(node.user), group \(group ?? "\(node.group)")"
            details.append(
                BackendDetail(
                    "device",
                    "\(KVMSystem.path), mode \(String(node.permissions, radix: 8)), \(owner), "
                        + (node.isDevice ? "device \(node.major):\(node.minor)" : "no device")))
        } else {
            details.append(BackendDetail("device", "no \(KVMSystem.path)"))
        }
        if let container { details.append(BackendDetail("container", container)) }
        return details
    }
}
