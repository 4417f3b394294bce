internal import Glibc
internal import Synchronization
public import VirtKitCore

/// An accelerator in memory: it interprets the few instructions of 64-bit mode that the conformance kit's guests are
/// made of, slowly and plainly. It passes every case of ``AcceleratorConformance``.
public struct FakeAccelerator: Accelerator {
    /// "fake".
    public let id = "fake"
    /// What is wrong with it.
    let fault: FakeFault?

    /// Makes an accelerator.
    public init() { fault = nil }

    /// Makes an accelerator with a fault.
    package init(fault: FakeFault) { self.fault = fault }

    /// `limited` for x86-64: it runs no real guest.
    public func suitability(for configuration: MachineConfiguration) async -> Suitability {
        configuration.architecture == .x86_64
            ? Suitability(.limited, reason: "knows only a few instructions; for tests")
            : Suitability(.no, reason: "has only x86-64 guests", remedy: "use another backend")
    }

    /// Makes an address space with vCPUs: 1 to 16 of the model "x86-64-v2".
    ///
    /// - Throws: `VirtKitError` with `.unsupported` for anything else, and for a frequency that is no multiple of 1
    /// MHz.
    public func makeDomain(_ request: DomainRequest) throws(VirtKitError) -> any AcceleratorDomain {
        func refusal(_ message: String) -> VirtKitError {
            VirtKitError(.unsupported, operation: "make a fake domain", message: message)
        }
        if request.architecture != .x86_64, fault != .dropsArchitecture {
            throw refusal("there are no \(request.architecture) guests")
        }
        if request.cpuModel != .x86_64v2, fault != .dropsModel {
            throw refusal("the CPU model \(request.cpuModel) is not known")
        }
        var cpus = request.cpus
        if cpus > 16, fault == .makesFewerVCPUs { cpus = 16 }
        if cpus == 0, fault == .makesOneForNone { cpus = 1 }
        guard (1...16).contains(cpus) else { throw refusal("there are 1 to 16 vCPUs, not \(cpus)") }
        if request.timerFrequency == 0 || request.timerFrequency % 1_000_000 != 0, fault != .dropsFrequency {
            throw refusal("a frequency of \(request.timerFrequency) Hz can't be had")
        }
        return FakeDomain(request, cpus: cpus, fault: fault)
    }
}

/// The address space and vCPUs of a fake accelerator.
final class FakeDomain: AcceleratorDomain, @unchecked Sendable {
    // SAFETY: each vCPU is confined to the thread that it is lent to; the rest is immutable, atomic, behind a mutex, or
    // changed only while no vCPU runs, as the contract says.
    typealias Architecture = X86_64

    let interruptMode = InterruptMode.external
    let engine = "fake"
    let processors: [FakeProcessor]
    private let fault: FakeFault?
    private let lent = Mutex<Set<Int>>([])
    private let creator = pthread_self()

    var cpuCount: Int { fault == .ignoresVCPUCount ? 1 : processors.count }

    init(_ request: DomainRequest, cpus: Int, fault: FakeFault?) {
        self.fault = fault
        let adds = FakeLock()
        processors = (0..<cpus).map {
            FakeProcessor(
                index: $0, isOnly: cpus == 1, memory: request.memory, clock: request.clock,
                frequency: request.timerFrequency, adds: adds, fault: fault)
        }
    }

    func connect(_ interruptSource: any InterruptSource) {
        for processor in processors { processor.source = interruptSource }
    }

    func setMemory(_ memory: GuestMemory) throws(VirtKitError) {
        if fault == .keepsOldMemory { return }
        for processor in processors { processor.setMemory(memory) }
    }

    func withVCPU<Driver: VCPUDriver>(_ index: Int, _ driver: inout Driver) throws(VirtKitError)
    where Driver.Architecture == X86_64 {
        var index = index
        if fault == .acceptsUnknownVCPU { index = max(0, min(index, processors.count - 1)) }
        guard processors.indices.contains(index) else {
            throw VirtKitError(.invalidState, operation: "lend a vCPU", message: "there is no vCPU \(index)")
        }
        let isRefused = fault == .lendsOneVCPU && processors.contains { $0.isInAccess.load(ordering: .acquiring) }
        guard !isRefused, lent.withLock({ $0.insert(index).inserted }) || fault == .lendsTwice else {
            throw VirtKitError(.invalidState, operation: "lend a vCPU", message: "vCPU \(index) is lent already")
        }
        processors[index].noteThread()
        // Only on the thread that made the domain: a fault must not be a race of the fake's own.
        let isShared = fault == .oneStateForAll && index > 0 && pthread_equal(pthread_self(), creator) != 0
        if isShared { processors[index].state = processors[0].state }
        var cpu = FakeCPU(processor: processors[index])
        do throws(VirtKitError) {
            try driver.drive(&cpu)
        } catch {
            if fault != .keepsVCPUAfterError || error.code != .timedOut { lent.withLock { _ = $0.remove(index) } }
            if fault == .swallowsDriverErrors, error.code == .timedOut { return }
            throw error
        }
        if isShared { processors[0].state = processors[index].state }
        lent.withLock { _ = $0.remove(index) }
    }

    func handle(_ index: Int) -> any VCPUHandle {
        fault == .requestsAreForAll
            ? FakeGroupHandle(processors.map(\.handle)) : processors[index].handle
    }

    func reset() throws(VirtKitError) {
        if fault == .dropsReset { return }
        for processor in processors { processor.state = .reset }
    }

    func statistics() -> [String: UInt64] {
        let count = processors.reduce(0) { $0 &+ $1.statistics.load(ordering: .relaxed) }
        guard fault == .statisticsShrink else { return ["instructions": count] }
        return ["instructions": .max / 2 &- count]
    }
}

/// A lock that the fake's vCPUs share for locked instructions.
final class FakeLock: Sendable {
    private let mutex = Mutex(())
    func locked(_ body: () -> Void) { mutex.withLock { _ in body() } }
}

/// What any thread may do to a fake vCPU.
final class FakeHandle: VCPUHandle {
    let exit = Atomic<Bool>(false)
    let asks = Atomic<Bool>(true)
    private let fault: FakeFault?
    private let kicks = Atomic<Int>(0)
    private let waiting = Atomic<Int>(0)

    init(_ fault: FakeFault?) { self.fault = fault }

    func requestExit() {
        // The seventieth is lost, and the later ones are not, or a watchdog would not be heard.
        if kicks.add(1, ordering: .relaxed).newValue == 70, fault == .losesAKick { return }
        waiting.add(1, ordering: .relaxed)
        exit.store(true, ordering: .releasing)
    }

    /// Takes a request, where there is one.
    func takesExit() -> Bool {
        guard exit.load(ordering: .relaxed) else { return false }
        if fault == .requestsStay, waiting.load(ordering: .relaxed) >= 4 { return true }
        waiting.store(0, ordering: .relaxed)
        return exit.exchange(false, ordering: .acquiring)
    }

    /// Whether a guest that spins hears requests: a deaf one does only when they are repeated, as a watchdog's are.
    var isHeardInSpin: Bool { fault != .deafInSpin || waiting.load(ordering: .relaxed) > 1 }

    func signal() { asks.store(true, ordering: .releasing) }
}

/// The faulty handle that reaches every vCPU.
private final class FakeGroupHandle: VCPUHandle {
    let handles: [FakeHandle]
    init(_ handles: [FakeHandle]) { self.handles = handles }
    func requestExit() { for handle in handles { handle.requestExit() } }
    func signal() { for handle in handles { handle.signal() } }
}

/// A vCPU of a fake accelerator, lent to a driver.
struct FakeCPU: VirtualCPU, ~Copyable {
    typealias Architecture = X86_64
    let processor: FakeProcessor
    var index: Int { processor.index }
    var instructionCount: UInt64? { processor.instructions }

    mutating func run(_ bus: any GuestBus) throws(VirtKitError) -> VCPUExit { try processor.run(bus) }
    mutating func run(_ bus: any GuestBus, atMost instructions: UInt64) throws(VirtKitError) -> VCPUExit {
        try processor.run(bus, atMost: instructions)
    }
    func state() throws(VirtKitError) -> X86_64.State { processor.exportState() }
    mutating func setState(_ state: X86_64.State) throws(VirtKitError) { try processor.importState(state) }
}
