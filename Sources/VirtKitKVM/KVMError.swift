internal import CVirtKit
internal import Glibc
internal import VirtKitCore

/// A call to KVM that failed: which one, and why.
struct KVMError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The call's name, as the kernel's documentation has it: "KVM_CREATE_VM", "open", "mmap".
    var call: String
    /// The system's error number.
    var errno: Int32
    /// What was asked for, where the number alone does not tell.
    var details: String?

    init(_ call: String, _ errno: Int32, details: String? = nil) {
        self.call = call
        self.errno = errno
        self.details = details
    }

    var description: String {
        let reason = strerror(errno).map { String(cString: $0) } ?? "error"
        return "\(call): \(reason)" + (details.map { " (\($0))" } ?? "")
    }

    /// The error as callers of the accelerator get it.
    func wrapped(_ operation: String) -> VirtKitError {
        let code: VirtKitError.Code =
            switch errno {
            case ENOMEM, EMFILE, ENFILE, ENOSPC: .resourceExhausted
            case ENOENT, ENODEV, ENXIO, EACCES, EPERM, EBUSY, ENOTTY: .unsupported
            default: .backendFailure
            }
        return VirtKitError(code, operation: operation, message: description, errno: errno, remedy: remedy)
    }

    /// What the user can do about it.
    var remedy: String? {
        switch errno {
        case ENOENT, ENODEV, ENXIO:
            "load KVM's module (modprobe kvm_intel or kvm_amd) after enabling virtualization in the firmware's settings, "
                + "or let the container see /dev/kvm"
        case EACCES, EPERM: "join the group that owns /dev/kvm (usermod -aG kvm USER) and log in again"
        case EBUSY: "end the other hypervisor that holds the CPU's virtualization (VirtualBox, VMware)"
        case ENOMEM: "give the machine less memory, or free some on the host"
        case EMFILE, ENFILE: "raise the limit of open files (ulimit -n)"
        default: nil
        }
    }
}
