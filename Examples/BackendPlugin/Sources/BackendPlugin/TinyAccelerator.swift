import Synchronization
import VirtKit

/// An accelerator from outside of VirtKit: a small interpreter of x86 code in 64-bit mode, privilege level 0.
///
/// It knows the integer instructions that bare guests are made of, paging, interrupts and exceptions; no vector unit, no
/// x87, no other modes, and one vCPU. What it does not know ends a run with `.emulationFailure`.
public struct TinyAccelerator: Accelerator {
    /// "tiny".
    public let id = "tiny"

    /// Makes an accelerator.
    public init() {}

    /// `.limited` for x86-64 guests with one CPU: most guests need more than it knows.
    public func suitability(for configuration: MachineConfiguration) async -> Suitability {
        guard configuration.architecture == .x86_64 else {
            return Suitability(.no, reason: "it has x86-64 guests only", remedy: "Use another backend.")
        }
        guard configuration.cpus == 1 else {
            return Suitability(.no, reason: "it has one vCPU", remedy: "Ask for one CPU.")
        }
        return Suitability(
            .limited, reason: "it knows few instructions, of 64-bit mode alone", remedy: "Use it for bare guests.")
    }

    /// Makes an address space with one vCPU.
    ///
    /// - Throws: `VirtKitError` with `.unsupported` for anything else: an accelerator drops no request.
    public func makeDomain(_ request: DomainRequest) throws(VirtKitError) -> any AcceleratorDomain {
        var reasons: [String] = []
        if request.architecture != .x86_64 { reasons.append("there are no \(request.architecture) guests") }
        if request.cpuModel != .x86_64v2 { reasons.append("the CPU model \(request.cpuModel) is not known") }
        if request.cpus != 1 { reasons.append("there is one vCPU, not \(request.cpus)") }
        // The counter is computed in whole ticks a microsecond.
        if request.timerFrequency == 0 || request.timerFrequency % 1_000_000 != 0 {
            reasons.append("a time-stamp counter of \(request.timerFrequency) Hz can't be had")
        }
        guard reasons.isEmpty else {
            throw VirtKitError(
                .unsupported, operation: "make a tiny domain", message: reasons.joined(separator: "; "))
        }
        return TinyDomain(request)
    }
}

/// The address space and the vCPU of a machine.
final class TinyDomain: AcceleratorDomain, @unchecked Sendable {
    // Sendable because the processor is touched only by who has `isLent`, or, as the contract says, while no vCPU runs.
    typealias Architecture = X86_64

    /// The board owns the interrupt controllers, and the vCPU asks them.
    let interruptMode = InterruptMode.external
    let engine = "tiny"
    let cpuCount = 1
    private let processor: TinyProcessor
    private let isLent = Atomic<Bool>(false)

    init(_ request: DomainRequest) {
        processor = TinyProcessor(request)
    }

    func connect(_ interruptSource: any InterruptSource) { processor.source = interruptSource }

    func setMemory(_ memory: GuestMemory) throws(VirtKitError) {
        processor.memory = memory
        processor.forgetTranslations()
    }

    func withVCPU<Driver: VCPUDriver>(_ index: Int, _ driver: inout Driver) throws(VirtKitError)
    where Driver.Architecture == X86_64 {
        guard index == 0, !isLent.exchange(true, ordering: .acquiring) else {
            throw VirtKitError(
                .invalidState, operation: "lend a vCPU",
                message: index == 0 ? "vCPU 0 is lent already" : "there is no vCPU \(index)")
        }
        defer { isLent.store(false, ordering: .releasing) }
        var cpu = TinyCPU(processor: processor)
        try driver.drive(&cpu)
    }

    func handle(_ index: Int) -> any VCPUHandle { processor.handle }

    func reset() throws(VirtKitError) { processor.reset() }

    func statistics() -> [String: UInt64] { ["instructions": processor.handle.instructions.load(ordering: .relaxed)] }
}

/// What any thread may do to the vCPU. Nothing here waits, and nothing is lost: a flag stays up until the vCPU takes it.
final class TinyHandle: VCPUHandle {
    let isRequested = Atomic<Bool>(false)
    let isSignalled = Atomic<Bool>(true)
    /// The number of instructions, as of the end of the last run.
    let instructions = Atomic<UInt64>(0)

    func requestExit() { isRequested.store(true, ordering: .releasing) }
    func signal() { isSignalled.store(true, ordering: .releasing) }

    /// Takes a request, where there is one. Looked at between any two instructions: the plain load comes first.
    func takesRequest() -> Bool {
        isRequested.load(ordering: .relaxed) && isRequested.exchange(false, ordering: .acquiring)
    }
    func takesSignal() -> Bool {
        isSignalled.load(ordering: .relaxed) && isSignalled.exchange(false, ordering: .acquiring)
    }
}

/// The vCPU, while it is lent.
struct TinyCPU: VirtualCPU, ~Copyable {
    typealias Architecture = X86_64
    let processor: TinyProcessor
    var index: Int { 0 }
    var instructionCount: UInt64? { processor.instructions }

    mutating func run(_ bus: any GuestBus) throws(VirtKitError) -> VCPUExit { processor.run(bus) }
    func state() throws(VirtKitError) -> X86_64.State { processor.exportedState }
    mutating func setState(_ state: X86_64.State) throws(VirtKitError) { try processor.replaceState(state) }
}

/// The accelerator on VirtKit's board: a backend in a few lines.
public struct TinyBackend: Backend {
    private let accelerator = TinyAccelerator()

    /// Makes the backend.
    public init() {}
    /// "tiny".
    public var id: String { accelerator.id }
    /// Software executes the guest, in this process.
    public var kind: BackendKind { .emulator }
    /// What `LocalHypervisor` gives to machines of every accelerator.
    public var abilities: [String] { ["console", "events", "pause", "reset", "power-button", "snapshot"] }
    /// It works on every host.
    public func availability() async -> Suitability {
        Suitability(.limited, reason: "it knows few instructions", remedy: "Use it for bare guests.")
    }
    /// Whether it can run a machine.
    public func probe(for configuration: MachineConfiguration) async -> Suitability {
        await accelerator.suitability(for: configuration)
    }
    /// Makes the hypervisor: the board, its devices and loaders are VirtKit's.
    public func makeHypervisor() async throws -> any Hypervisor { LocalHypervisor(accelerator) }
}
