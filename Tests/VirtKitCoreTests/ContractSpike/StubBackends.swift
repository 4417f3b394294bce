import Glibc
import VirtKitCore

/// The shape of a KVM backend: an accelerator whose answer depends on the host, and that makes nothing where the answer
/// is no.
struct KVMStub: Accelerator {
    let id = "kvm-stub"
    let device: String

    func suitability(for configuration: MachineConfiguration) async -> Suitability {
        guard configuration.architecture == .host else {
            return Suitability(
                .no, reason: "KVM runs only \(Architecture.host) guests here", remedy: "use the emulator")
        }
        guard access(device, R_OK | W_OK) == 0 else {
            return Suitability(
                .no, reason: "\(device) can't be opened: \(String(cString: strerror(errno)))",
                remedy: "load the kvm module, or join the group kvm")
        }
        return Suitability(.limited, reason: "\(device) can be opened; this stub runs nothing")
    }

    func makeDomain(_ request: DomainRequest) throws(VirtKitError) -> any AcceleratorDomain {
        throw VirtKitError(.unsupported, operation: "make domain", message: "this stub runs nothing")
    }
}

/// The shape of a libvirt backend: a hypervisor that knows nothing of the low contract.
struct LibvirtStub: Backend, Hypervisor {
    let id = "libvirt-stub"
    let kind = BackendKind.managed
    let abilities: [String] = []
    let uri: String

    func availability() async -> Suitability {
        Suitability(.no, reason: "nothing answers at \(uri)", remedy: "start libvirtd")
    }

    func probe(for configuration: MachineConfiguration) async -> Suitability { await availability() }
    func makeHypervisor() async throws -> any Hypervisor { self }

    func makeMachine(_ configuration: MachineConfiguration) async throws -> any Machine {
        throw VirtKitError(.backendFailure, operation: "define domain", message: "nothing answers at \(uri)")
    }

    func restoreMachine(_ configuration: MachineConfiguration, from path: String) async throws -> any Machine {
        throw VirtKitError(.backendFailure, operation: "restore domain", message: "nothing answers at \(uri)")
    }
}
