/// KVM with the help of the emulator, on VirtKit's own boards, in this process: the emulator executes the instructions
/// that KVM can't.
///
/// It is never chosen by itself where KVM, or the emulator alone, answers as well. Ask for it where KVM is limited: a
/// guest that ends under `kvm` with "can't execute the instruction" goes on here.
public struct AssistedBackend: Backend {
    private let deviceModels: [any DeviceModel]
    private let accelerator: AssistedAccelerator
    private let kvm: KVMAccelerator

    /// Makes the backend.
    ///
    /// - Parameters:
    ///   - deviceModels: the models of the devices that configurations may add to a board.
    ///   - kickSignal: the number of the signal that stops KVM's vCPUs; see `KVMAccelerator`.
    ///   - policy: when the emulator helps.
    public init(
        deviceModels: [any DeviceModel] = [], kickSignal: Int32? = nil, policy: AssistPolicy = .onFailure
    ) {
        self.deviceModels = deviceModels
        kvm = KVMAccelerator(kickSignal: kickSignal)
        accelerator = AssistedAccelerator(primary: kvm, assistant: EmulatorAccelerator(), policy: policy)
    }

    /// `assisted`.
    public var id: String { accelerator.id }
    /// The host's CPU executes the guest, and this process what is left.
    public var kind: BackendKind { .accelerator }
    /// What its machines can do.
    public var abilities: [String] { ["console", "events", "pause", "reset", "power-button", "snapshot"] }

    /// Whether `/dev/kvm` can be used. The emulator works everywhere.
    public func availability() async -> Suitability {
        let answer = await kvm.availability()
        guard answer.level > .no else { return answer }
        return Suitability(
            answer.level, reason: "the emulator executes what KVM can't; \(answer.reason)", remedy: answer.remedy)
    }

    /// What kind of hypervisor it is.
    public func details() async -> [BackendDetail] {
        [
            BackendDetail(
                "hypervisor-type",
                "in between bare metal (type 1) and hosted (type 2), with emulation of what KVM can't execute")
        ]
    }

    /// Whether, and how well, it can run a machine: those that KVM and the emulator can both run.
    public func probe(for configuration: MachineConfiguration) async -> Suitability {
        await accelerator.suitability(for: configuration)
    }

    /// Makes the hypervisor, which knows the device models given.
    public func makeHypervisor() async throws -> any Hypervisor {
        LocalHypervisor(accelerator, deviceModels: deviceModels)
    }
}
