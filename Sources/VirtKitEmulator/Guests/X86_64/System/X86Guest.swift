internal import VirtKitCore

/// One x86-64 virtual CPU behind the engine: its system state, and the helpers that lowered code calls.
///
/// The registers that lowered code touches are in the frame; the others are in ``system``. Extensions hold the parts,
/// one file a concept.
final class X86Guest: GuestFrontend {
    let frame: UnsafeMutableRawPointer
    let programCounterSlot: Place = X86Slot.programCounter
    let index: Int

    var system = X86SystemState()
    /// Kept equal to what CS, CR0, CR4 and RFLAGS say, by ``updateMode()``.
    var mode = X86Mode(rawValue: 0)
    var modeKey: UInt32 { mode.rawValue }

    /// The exception that the engine will ask to deliver.
    var pendingFault: X86Fault?
    /// An event that a restored state brought along, delivered before the next instruction.
    var restoredEvent: X86_64.PendingEvent?
    /// An interrupt was signalled while it could not be taken.
    var hasDeferredInterrupt = false
    /// A triple fault has ended execution until reset.
    var isShutDown = false
    /// What DR7 enables.
    var breakpoints = Breakpoints()
    /// DR6's bits for the data breakpoints that the running instruction has hit.
    var watchHits: UInt64 = 0
    /// The count of completed instructions at which an interrupt shadow was opened.
    var shadowStart: UInt64 = 0
    /// What the mode key's `codeLimit` stands for.
    var codeLimits = X86CodeLimits()
    /// The base that instructions were last fetched with.
    var lastCodeBase: UInt64 = 0

    let cpuid: CPUIDTable
    let clock: MachineClock
    /// Hz.
    let timeStampFrequency: UInt64
    /// Where RDRAND and RDSEED get their numbers.
    let entropy: any EntropySource
    /// Completed instructions, for other threads to read.
    let counter: SharedCounter
    /// Passed among the vCPUs of a domain that has several.
    var baton: Baton?
    /// The board's interrupt controller; none in tests without one.
    var interruptSource: (any InterruptSource)?

    // SAFETY: whoever owns the guest owns the engine and drops both together (`EmulatorDomain`).
    private unowned(unsafe) var attachedEngine: Engine?

    /// The engine that runs this guest. The owner of both attaches them to each other and drops them together.
    var engine: Engine {
        guard let attachedEngine else { preconditionFailure("X86Guest used without an engine") }
        return attachedEngine
    }

    init(
        index: Int, cpuid: CPUIDTable, clock: MachineClock, timeStampFrequency: UInt64,
        entropy: any EntropySource = NoEntropy(), counter: SharedCounter = SharedCounter()
    ) {
        self.entropy = entropy
        self.counter = counter
        self.index = index
        self.cpuid = cpuid
        self.clock = clock
        self.timeStampFrequency = timeStampFrequency
        frame = FrameLayout.allocate()
    }

    deinit { frame.deallocate() }

    func attach(_ engine: Engine) { attachedEngine = engine }
}

/// Codes with which this guest leaves the engine's `run`.
enum X86ExitCode {
    static let halted: UInt32 = 1
    static let shutdown: UInt32 = 2
    static let requested: UInt32 = 3
    /// PAUSE, while another vCPU waits for its turn.
    static let yielded: UInt32 = 4
    /// Another vCPU that waits for its turn is in a hurry.
    static let hurried: UInt32 = 5
}

/// Bits of the engine's signal word that belong to this guest.
enum X86Signal {
    /// The board asks to look at its interrupt source.
    static let interrupt: UInt32 = 1 << 0
    /// `VCPUHandle.requestExit()`.
    static let exit: UInt32 = 1 << 1
    /// Another vCPU is in a hurry to have its turn.
    static let hurry: UInt32 = 1 << 2
}
