public import VirtKitCore

/// What the accelerator half of the conformance kit examines: an accelerator that runs x86-64 guests, and what to ask
/// it for.
public struct AcceleratorSubject: Sendable {
    /// The accelerator.
    public var accelerator: any Accelerator
    /// A CPU model that it offers, with 64-bit mode and x2APIC registers.
    public var cpuModel: CPUModel
    /// A frequency of the time-stamp counter in Hz that it offers.
    public var timerFrequency: UInt64
    /// Whether the accelerator can set a guest's time-stamp counter on this host.
    public var setsTimeStampCounter: Bool
    /// How long anything may take that should be prompt.
    public var patience: Duration

    /// Describes a subject.
    public init(
        accelerator: any Accelerator, cpuModel: CPUModel = .x86_64v2, timerFrequency: UInt64 = 1_000_000_000,
        setsTimeStampCounter: Bool = true, patience: Duration = .seconds(20)
    ) {
        self.accelerator = accelerator
        self.cpuModel = cpuModel
        self.timerFrequency = timerFrequency
        self.setsTimeStampCounter = setsTimeStampCounter
        self.patience = patience
    }

    /// Skips the case where the time-stamp counter can't be set.
    func needsTimeStampCounter() throws {
        guard setsTimeStampCounter else { throw ConformanceSkip("the time-stamp counter can't be set here") }
    }

    /// What a case asks for, unless it changes it.
    func request(_ memory: GuestMemory, cpus: Int = 1, clock: MachineClock = MachineClock()) -> DomainRequest {
        DomainRequest(
            architecture: .x86_64, cpus: cpus, cpuModel: cpuModel, memory: memory, clock: clock,
            timerFrequency: timerFrequency)
    }
}
