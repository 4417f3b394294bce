/// The backends that come with VirtKit.
public enum Backends {
    /// Every built-in backend, the preferred ones first. Add your own: `Backends.builtIn + [MyBackend()]`.
    public static var builtIn: [any Backend] { [EmulatorBackend()] }
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

    /// Whether it can run a machine: its architecture, CPU model and number of CPUs.
    public func probe(for configuration: MachineConfiguration) async -> Suitability {
        await accelerator.suitability(for: configuration)
    }

    /// Makes the hypervisor, which knows the device models given.
    public func makeHypervisor() async throws -> any Hypervisor {
        LocalHypervisor(accelerator, deviceModels: deviceModels)
    }
}
