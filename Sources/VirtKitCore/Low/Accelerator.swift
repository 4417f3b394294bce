/// Who delivers interrupts to vCPUs.
public struct InterruptMode: RawRepresentable, Hashable, Sendable {
    /// The mode's name.
    public let rawValue: String
    /// Makes a mode from its name.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The board owns every controller; vCPUs ask an `InterruptSource`.
    public static let external = InterruptMode(rawValue: "external")
    /// The local controllers are inside the accelerator, the others on the board (KVM's split irqchip).
    public static let local = InterruptMode(rawValue: "local")
    /// All controllers are inside the accelerator.
    public static let full = InterruptMode(rawValue: "full")
}

/// What a board asks of an accelerator: an address space and vCPUs.
public struct DomainRequest: Sendable {
    /// The guest's architecture.
    public var architecture: Architecture
    /// The number of vCPUs.
    public var cpus: Int
    /// The CPU model. `.standard` is never passed: the board has put a named one in its place.
    public var cpuModel: CPUModel
    /// The memory, mapped before the first vCPU runs.
    public var memory: GuestMemory
    /// The machine's clock.
    public var clock: MachineClock
    /// The frequency of the time-stamp counter or generic timer in Hz.
    public var timerFrequency: UInt64

    /// On x86 the features that CPUID offers, which are the accelerator's or fewer; nil for all that it has of the model.
    public var features: X86_64.Features?

    /// The machine's one source of entropy; none unless the board gives one.
    public var entropy: any EntropySource = NoEntropy()

    /// Makes a request.
    public init(
        architecture: Architecture, cpus: Int, cpuModel: CPUModel, memory: GuestMemory, clock: MachineClock,
        timerFrequency: UInt64
    ) {
        self.architecture = architecture
        self.cpus = cpus
        self.cpuModel = cpuModel
        self.memory = memory
        self.clock = clock
        self.timerFrequency = timerFrequency
    }
}

/// Something that executes guest code: a host kernel's hypervisor, or an emulator. The term is QEMU's.
public protocol Accelerator: Sendable {
    /// The accelerator's stable name: "kvm", "emulator".
    var id: String { get }

    /// Whether and how well a machine can run here.
    func suitability(for configuration: MachineConfiguration) async -> Suitability

    /// The frequency in Hz that the time-stamp counter or generic timer of a machine has here where its configuration
    /// leaves it open; nil where the board's usual one can be had.
    func preferredTimerFrequency(for configuration: MachineConfiguration) async -> UInt64?

    /// What CPUID offers on a vCPU of an x86 model here; nil where the accelerator does not tell, or has not the model.
    func features(of model: CPUModel) async -> X86_64.Features?

    /// Makes an address space with vCPUs.
    ///
    /// - Throws: `VirtKitError` with `.unsupported` for anything in the request that can't be honoured: nothing is
    ///   dropped silently.
    func makeDomain(_ request: DomainRequest) throws(VirtKitError) -> any AcceleratorDomain
}

extension Accelerator {
    /// Nil: the board's usual frequency.
    public func preferredTimerFrequency(for configuration: MachineConfiguration) async -> UInt64? { nil }

    /// Nil: the accelerator does not tell.
    public func features(of model: CPUModel) async -> X86_64.Features? { nil }
}

/// An address space and its vCPUs, made by an accelerator for one machine. All resources go with the last reference.
public protocol AcceleratorDomain<Architecture>: AnyObject, Sendable {
    /// The guest's architecture.
    associatedtype Architecture: GuestArchitecture

    /// Who delivers interrupts.
    var interruptMode: InterruptMode { get }

    /// What executes guest code, for people and statistics: "interpreter", "kvm" …
    var engine: String { get }

    /// The number of vCPUs.
    var cpuCount: Int { get }

    /// The local interrupt controllers inside the domain, in `local` mode; in `full` mode a `BoardControllers`; nil in
    /// `external` mode.
    var localControllers: (any LocalControllers)? { get }

    /// Names the board's interrupt controller. Called once, before any vCPU runs. In `local` mode it has the interrupts
    /// that don't come as messages: those of a controller that a vCPU asks for the vector (x86: of the 8259).
    func connect(_ interruptSource: any InterruptSource)

    /// Puts another memory layout in place of the present one, as one transaction. No vCPU may be running.
    func setMemory(_ memory: GuestMemory) throws(VirtKitError)

    /// Lends vCPU `index` to a driver, on the calling thread. A vCPU can be lent to one driver at a time.
    ///
    /// - Throws: what the driver throws; `VirtKitError` with `.invalidState` where the vCPU is lent already.
    func withVCPU<Driver: VCPUDriver>(_ index: Int, _ driver: inout Driver) throws(VirtKitError)
    where Driver.Architecture == Architecture

    /// The handle of vCPU `index`, for any thread.
    func handle(_ index: Int) -> any VCPUHandle

    /// Puts every vCPU back into the state that its architecture defines for reset. No vCPU may be running.
    func reset() throws(VirtKitError)

    /// Counters for people: names are stable, "instructions" among them where they are counted.
    func statistics() -> [String: UInt64]

    /// Says that vCPU `index` has run on another accelerator, which shares this domain's memory and board, since it ran
    /// here. Its next state is what it has become there; what is remembered of guest memory (translations, code) and of
    /// the board's system registers may be out of date. Called before that state is set, on the thread that sets it.
    ///
    /// A domain that remembers nothing of the kind has nothing to do: the default.
    func noteForeignRun(vcpu index: Int)

    /// Names where events go that the domain has to tell of its machine. Called once, before any vCPU runs. By default
    /// a domain has none.
    func connect(events: MachineEventSource)
}

extension AcceleratorDomain {
    /// Does nothing.
    public func noteForeignRun(vcpu index: Int) {}
    /// Does nothing.
    public func connect(events: MachineEventSource) {}
}

extension AcceleratorDomain {
    /// None.
    public var localControllers: (any LocalControllers)? { nil }
}
