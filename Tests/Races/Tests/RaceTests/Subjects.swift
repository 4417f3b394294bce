import VirtKitCore
import VirtKitEmulator
import VirtKitKVM
import VirtKitTesting

/// The accelerators whose races are looked for: the emulator, and KVM where it runs a bare guest.
enum Subjects {
    static var emulator: AcceleratorSubject {
        AcceleratorSubject(accelerator: EmulatorAccelerator(), patience: .seconds(60))
    }

    static func makeKVM() async -> AcceleratorSubject? {
        let kvm = KVMAccelerator()
        var configuration = MachineConfiguration(architecture: .x86_64, memory: .mebibytes(16))
        configuration.boot = .flat(.bytes([0xF4]), address: 0x1000)
        for model in [CPUModel.x86_64v2, .x86_64, .host] {
            configuration.cpuModel = model
            guard await kvm.suitability(for: configuration).level != .no else { continue }
            let frequency = await kvm.preferredTimerFrequency(for: configuration) ?? 1_000_000_000
            return AcceleratorSubject(
                accelerator: kvm, cpuModel: model, timerFrequency: frequency, patience: .seconds(60))
        }
        return nil
    }

    /// The kit's cases in which several threads meet.
    static var cases: [AcceleratorCase] {
        let prefixes = [
            "request", "signal", "interrupt", "vcpu", "one-driver", "locked", "domains", "statistics", "memory",
        ]
        return AcceleratorConformance.cases.filter { test in prefixes.contains { test.name.hasPrefix($0) } }
    }
}
