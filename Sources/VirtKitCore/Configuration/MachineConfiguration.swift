/// A machine, described: what it has, and what it runs first.
///
/// A configuration is a value. It says nothing of the backend that will run it. It round-trips through `Codable` (as
/// JSON, with a version); unknown keys are refused.
public struct MachineConfiguration: Hashable, Sendable {
    /// The version of the encoded form that this library writes and reads.
    public static let encodingVersion = 1

    /// A name for people and logs.
    public var name: String
    /// The guest's instruction set architecture.
    public var architecture: Architecture
    /// The board.
    public var board: BoardModel
    /// The number of virtual CPUs, 1 to 255.
    public var cpus: Int
    /// What the guest is told that its CPUs can do.
    public var cpuModel: CPUModel
    /// On x86 the features that CPUID offers, for a machine that is to move: what `X86_64.Features.common` tells. Nil for
    /// all that the backend has of the model.
    public var cpuFeatures: X86_64.Features?
    /// The guest's memory. Whole pages of 4 KiB.
    public var memory: ByteCount
    /// What the machine runs first.
    public var boot: BootSource?
    /// The first serial port.
    public var serial: SerialConfiguration
    /// What happens when the guest asks for a reset.
    public var onReset: ResetPolicy
    /// The frequency of the guest's time-stamp counter or generic timer in Hz; nil for the board's usual one,
    /// or the host's where an accelerator can have no other. A machine keeps what it was made with when it is saved.
    public var timerFrequency: UInt64?
    /// Devices beyond those of the board.
    public var devices: [DeviceConfiguration]
    /// Where the machine's threads run on the host. A saved machine does not keep it.
    public var placement = MachinePlacement()
    /// How the host provides the guest's memory. A saved machine does not keep it.
    public var memoryPolicy = MemoryPolicy()

    /// Describes a machine.
    public init(
        name: String = "machine", architecture: Architecture = .host, board: BoardModel? = nil, cpus: Int = 1,
        cpuModel: CPUModel = .standard, memory: ByteCount, boot: BootSource? = nil
    ) {
        self.name = name
        self.architecture = architecture
        self.board = board ?? BoardModel.standard(for: architecture) ?? BoardModel(rawValue: "none")
        self.cpus = cpus
        self.cpuModel = cpuModel
        self.memory = memory
        self.boot = boot
        self.serial = SerialConfiguration()
        self.onReset = .stop
        self.timerFrequency = nil
        self.devices = []
    }
}

/// What a machine does when its guest asks for a reset.
public struct ResetPolicy: RawRepresentable, Hashable, Sendable, Codable {
    /// The policy's name.
    public let rawValue: String
    /// Makes a policy from its name.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The machine stops, and its outcome is `.reset`.
    public static let stop = ResetPolicy(rawValue: "stop")
    /// The machine is reset in place and boots again.
    public static let restart = ResetPolicy(rawValue: "restart")
}

/// A serial port.
public struct SerialConfiguration: Hashable, Sendable {
    /// How many bytes of output are kept for readers. When more arrive, the oldest are dropped and counted.
    /// 4 KiB to 1 GiB.
    public var outputCapacity: Int
    /// How many bytes of input wait for the guest at most; `send` waits for room. 16 bytes to 16 MiB.
    public var inputCapacity: Int

    /// A serial port; by default it keeps 1 MiB of output and 64 KiB of input.
    public init(outputCapacity: Int = 1 << 20, inputCapacity: Int = 1 << 16) {
        self.outputCapacity = outputCapacity
        self.inputCapacity = inputCapacity
    }
}

/// A device beyond those of the board, described.
public struct DeviceConfiguration: Hashable, Sendable {
    /// The device's identity, unique in its machine and stable: a saved machine names its devices by it.
    public var id: String
    /// The name of the device's model; the hypervisor must know it.
    public var model: String
    /// The model's own settings.
    public var properties: [String: String]

    /// Describes a device.
    public init(id: String, model: String, properties: [String: String] = [:]) {
        self.id = id
        self.model = model
        self.properties = properties
    }
}
