internal import Synchronization
internal import VirtKitCore

/// The emulator's address space and vCPUs for one x86-64 machine.
///
/// Each vCPU is confined to the thread that it is lent to; the rest is immutable, atomic, or changed only while no vCPU
/// runs, as the contract says.
final class EmulatorDomain: AcceleratorDomain, @unchecked Sendable {
    // SAFETY: as the comment above says; `lent` refuses to lend a vCPU twice.
    typealias Architecture = X86_64

    /// One vCPU: its front end, its engine and what other threads may use of them.
    private struct Processor {
        let guest: X86Guest
        let engine: Engine
        let handle: EmulatorVCPUHandle
        let counter: SharedCounter
    }

    private let processors: [Processor]
    /// Passed among the vCPUs, where there are several.
    private let baton: Baton?
    private let lent: Mutex<Set<Int>>
    private var memory: GuestMemory
    private var observer: EmulatorMemoryObserver
    /// The instruction budget of each `run`: for comparing engines step by step. Changed only while no vCPU is lent.
    var instructionBudget = UInt64(Int64.max)

    var interruptMode: InterruptMode { .external }
    var engine: String { "interpreter" }
    var cpuCount: Int { processors.count }

    init(_ request: DomainRequest, optimises: Bool) {
        memory = request.memory
        let physical = PhysicalMemory(request.memory)
        observer = EmulatorMemoryObserver(physical)
        lent = Mutex([])
        let signals = (0..<request.cpus).map { _ in EngineSignals() }
        let baton =
            request.cpus > 1
            ? Baton(count: request.cpus) { signals[$0].raise(X86Signal.hurry) } : nil
        self.baton = baton
        processors = (0..<request.cpus).map { index in
            let machine = CPUIDTable.Machine(
                index: index, count: request.cpus, timeStampFrequency: request.timerFrequency,
                level: CPUIDTable.Level(request.cpuModel), features: request.features)
            let counter = SharedCounter()
            let guest = X86Guest(
                index: index, cpuid: CPUIDTable(model: machine), clock: request.clock,
                timeStampFrequency: request.timerFrequency, entropy: request.entropy, counter: counter)
            let engine = Engine(
                guest: guest, memory: physical, bus: AbsentBus.shared, vcpuIndex: index, optimise: optimises,
                signals: signals[index])
            guest.attach(engine)
            guest.baton = baton
            return Processor(
                guest: guest, engine: engine,
                handle: EmulatorVCPUHandle(engine.signals, index: index, baton: baton), counter: counter)
        }
        memory.addObserver(observer)
        for processor in processors { processor.guest.reset() }
    }

    deinit { memory.removeObserver(observer) }

    func connect(_ interruptSource: any InterruptSource) {
        for processor in processors { processor.guest.interruptSource = interruptSource }
    }

    func setMemory(_ memory: GuestMemory) throws(VirtKitError) {
        self.memory.removeObserver(observer)
        self.memory = memory
        let physical = PhysicalMemory(memory)
        observer = EmulatorMemoryObserver(physical)
        for processor in processors { processor.engine.setMemory(physical) }
        memory.addObserver(observer)
    }

    func withVCPU<Driver: VCPUDriver>(_ index: Int, _ driver: inout Driver) throws(VirtKitError)
    where Driver.Architecture == X86_64 {
        guard processors.indices.contains(index) else {
            throw VirtKitError(.invalidState, operation: "lend a vCPU", message: "there is no vCPU \(index)")
        }
        guard lent.withLock({ $0.insert(index).inserted }) else {
            throw VirtKitError(.invalidState, operation: "lend a vCPU", message: "vCPU \(index) is lent already")
        }
        defer { lent.withLock { _ = $0.remove(index) } }
        let processor = processors[index]
        defer { processor.engine.bus = AbsentBus.shared }
        var cpu = EmulatedCPU(
            index: index, guest: processor.guest, engine: processor.engine, baton: baton, budget: instructionBudget)
        try driver.drive(&cpu)
    }

    func handle(_ index: Int) -> any VCPUHandle { processors[index].handle }

    func reset() throws(VirtKitError) {
        for processor in processors { processor.guest.reset() }
    }

    /// Whether a vCPU's last run ended with its budget, before an instruction that it had tried and that faults.
    func endedBeforeFault(_ index: Int) -> Bool { processors[index].engine.endedBeforeFault }

    func noteForeignRun(vcpu index: Int) {
        guard processors.indices.contains(index) else { return }
        // Setting the state drops the translations of addresses.
        processors[index].engine.invalidateCode()
    }

    func statistics() -> [String: UInt64] {
        var counters = ["instructions": processors.reduce(0) { $0 &+ $1.counter.value }]
        guard let baton else { return counters }
        for (index, processor) in processors.enumerated() {
            counters["cpu\(index)-instructions"] = processor.counter.value
        }
        counters["handovers"] = baton.handoverCount
        return counters
    }
}

/// What any thread may do to a vCPU: set bits of its engine's signal word, and wake it where it waits for the baton.
final class EmulatorVCPUHandle: VCPUHandle {
    private let signals: EngineSignals
    private let index: Int
    private let baton: Baton?

    init(_ signals: EngineSignals, index: Int, baton: Baton?) {
        self.signals = signals
        self.index = index
        self.baton = baton
    }

    func requestExit() {
        signals.raise(X86Signal.exit)
        baton?.kick(index)
    }

    func signal() {
        signals.raise(X86Signal.interrupt)
        baton?.hurry(for: index)
    }
}

/// Tells the engines of writes to guest memory that no vCPU made.
final class EmulatorMemoryObserver: GuestMemoryObserver {
    private let physical: PhysicalMemory

    init(_ physical: PhysicalMemory) { self.physical = physical }

    func memoryWasWritten(at address: UInt64, count: Int) { physical.noteExternalWrite(address, count: count) }

    func protectionChanged(of region: GuestMemoryRegion) {
        physical.setWritable(region.isWritable, base: region.guestAddress)
    }
}

/// The bus of a vCPU that is not running: nobody answers.
final class AbsentBus: GuestBus, Sendable {
    static let shared = AbsentBus()

    func read(_ address: UInt64, width: Int, space: BusSpace, vcpu: Int) -> UInt64 {
        .max &>> UInt64(truncatingIfNeeded: 64 &- width &* 8)
    }
    func write(_ value: UInt64, to address: UInt64, width: Int, space: BusSpace, vcpu: Int) {}
    func readSystemRegister(_ number: UInt32, vcpu: Int) -> UInt64? { nil }
    func writeSystemRegister(_ number: UInt32, value: UInt64, vcpu: Int) -> Bool { false }
}
