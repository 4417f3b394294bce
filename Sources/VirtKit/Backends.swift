/// The backends that come with VirtKit.
public enum Backends {
    /// Every built-in backend. Add your own: `Backends.builtIn + [MyBackend()]`.
    ///
    /// Among backends that answer alike the first is taken. So KVM runs what it can run in full; where it is limited,
    /// which means that it can't execute a part of what guests may do, the emulator comes first. Both together,
    /// ``AssistedBackend``, are there for those who ask for them. libvirt, whose machines are outside of this process,
    /// is the last.
    public static var builtIn: [any Backend] {
        [EmulatorBackend(), KVMBackend(), AssistedBackend(), LibvirtBackend()]
    }
}

/// VirtKit's own CPU emulator on VirtKit's own boards, in this process.
public struct EmulatorBackend: Backend {
    private let deviceModels: [any DeviceModel]
    private let accelerator: EmulatorAccelerator

    /// Makes the backend.
    ///
    /// - Parameter deviceModels: the models of the devices that configurations may add to a board.
    public init(deviceModels: [any DeviceModel] = []) {
        self.deviceModels = deviceModels
        accelerator = EmulatorAccelerator()
    }

    /// `emulator`.
    public var id: String { accelerator.id }
    /// Software executes the guest, in this process.
    public var kind: BackendKind { .emulator }
    /// What its machines can do.
    public var abilities: [String] { ["console", "events", "pause", "reset", "power-button", "snapshot"] }

    /// It works on every host.
    public func availability() async -> Suitability {
        Suitability(.full, reason: "executes x86_64 guests in software, on any 64-bit little-endian host")
    }

    /// What kind of hypervisor it is.
    public func details() async -> [BackendDetail] {
        [BackendDetail("hypervisor-type", "emulation: a program executes each of the guest's instructions")]
    }

    /// Whether it can run a machine: its architecture, CPU model and number of CPUs.
    public func probe(for configuration: MachineConfiguration) async -> Suitability {
        await accelerator.suitability(for: configuration)
    }

    /// Makes the hypervisor, which knows the device models given.
    public func makeHypervisor() async throws -> any Hypervisor {
        LocalHypervisor(accelerator, deviceModels: deviceModels)
    }
}
