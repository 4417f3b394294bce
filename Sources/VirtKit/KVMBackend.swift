/// The host kernel's hypervisor, KVM, on VirtKit's own boards, in this process.
public struct KVMBackend: Backend {
    private let deviceModels: [any DeviceModel]
    private let accelerator: KVMAccelerator

    /// Makes the backend.
    ///
    /// - Parameters:
    ///   - deviceModels: the models of the devices that configurations may add to a board.
    ///   - kickSignal: the number of the signal that stops vCPUs, one that nothing else in the process uses; nil for the
    ///     accelerator's choice.
    public init(deviceModels: [any DeviceModel] = [], kickSignal: Int32? = nil) {
        self.init(deviceModels: deviceModels, kickSignal: kickSignal, interruptMode: .external)
    }

    /// Makes the backend, with interrupt controllers where the program says.
    ///
    /// - Parameters:
    ///   - deviceModels: as above.
    ///   - kickSignal: as above.
    ///   - interruptMode: `.external`, `.local` or `.full`: see `KVMAccelerator`.
    public init(deviceModels: [any DeviceModel] = [], kickSignal: Int32? = nil, interruptMode: InterruptMode) {
        self.deviceModels = deviceModels
        accelerator = KVMAccelerator(kickSignal: kickSignal, interruptMode: interruptMode)
    }

    /// `kvm`.
    public var id: String { accelerator.id }
    /// The host's CPU executes the guest, in this process.
    public var kind: BackendKind { .accelerator }
    /// What its machines can do.
    public var abilities: [String] { ["console", "events", "pause", "reset", "power-button", "snapshot"] }

    /// Whether `/dev/kvm` can be used, and how well it runs guests: micro-guests are run once in a process.
    public func availability() async -> Suitability { await accelerator.availability() }

    /// What KVM stands on here, and what kind of hypervisor it is.
    public func details() async -> [BackendDetail] {
        [
            BackendDetail(
                "hypervisor-type",
                "in between bare metal (type 1) and hosted (type 2): the host's own kernel is the hypervisor")
        ] + (await accelerator.hostDetails())
    }

    /// Whether, and how well, it can run a machine.
    public func probe(for configuration: MachineConfiguration) async -> Suitability {
        await accelerator.suitability(for: configuration)
    }

    /// Makes the hypervisor, which knows the device models given.
    public func makeHypervisor() async throws -> any Hypervisor {
        LocalHypervisor(accelerator, deviceModels: deviceModels)
    }
}
