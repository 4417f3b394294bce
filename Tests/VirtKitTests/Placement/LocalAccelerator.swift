import Testing
import VirtKit

/// The accelerators of this package, as tests of machines use them.
struct LocalAccelerator: Sendable, CustomTestStringConvertible {
    let accelerator: any Accelerator
    /// A model that every one has here.
    var model: CPUModel = .x86_64
    var testDescription: String { accelerator.id }
    var hypervisor: LocalHypervisor { LocalHypervisor(accelerator) }

    static let emulator = LocalAccelerator(accelerator: EmulatorAccelerator())
    static let kvm = LocalAccelerator(accelerator: KVMAccelerator())

    static let kvmAbsence: Comment = "needs a KVM that runs a bare guest"

    /// Whether KVM runs a bare guest here, of the model that every accelerator has.
    static func hasKVM() async -> Bool {
        var configuration = BareCode.machine(BareCode.spin)
        configuration.cpuModel = .x86_64
        return await kvm.accelerator.suitability(for: configuration).level != .no
    }

    /// A machine that runs on it.
    func machine(_ code: [UInt8], cpus: Int = 1, _ placement: MachinePlacement = MachinePlacement())
        -> MachineConfiguration
    {
        var configuration = BareCode.machine(code)
        configuration.cpus = cpus
        configuration.cpuModel = model
        configuration.placement = placement
        return configuration
    }
}
