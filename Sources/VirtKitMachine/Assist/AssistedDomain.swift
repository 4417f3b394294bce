internal import VirtKitCore

/// The domains of two accelerators for one machine.
///
/// Each vCPU is confined to the thread that it is lent to; `handles` may be used from any, and the domains are as their
/// own contract says.
final class AssistedDomain: AcceleratorDomain, @unchecked Sendable {
    // SAFETY: as the comment above says; the primary refuses to lend a vCPU twice, and the assistant's is only lent
    // while the primary's is.
    typealias Architecture = X86_64

    private let primary: any AcceleratorDomain<X86_64>
    private let assistant: any AcceleratorDomain<X86_64>
    private let processors: [AssistedProcessor]
    private let log: AssistLog

    var interruptMode: InterruptMode { .external }
    var engine: String { "\(primary.engine)+\(assistant.engine)" }
    var cpuCount: Int { primary.cpuCount }

    init(
        _ request: DomainRequest, primary: any AcceleratorDomain<X86_64>, assistant: any AcceleratorDomain<X86_64>,
        policy: AssistPolicy, log: AssistLog
    ) {
        self.primary = primary
        self.assistant = assistant
        self.log = log
        // Code that another vCPU writes meanwhile must be seen as soon as this one executes a serializing instruction
        // (Intel SDM volume 3A, 9.1.3). The assistant doesn't hear of stores that are made on the primary, so it may
        // execute only what it has translated after it got the vCPU.
        let longest = primary.cpuCount > 1 ? 1 : policy.longestAssist
        processors = (0..<primary.cpuCount).map { index in
            AssistedProcessor(
                index: index, primary: primary, assistant: assistant, clock: request.clock,
                length: AssistLength(longest: longest), log: log)
        }
    }

    func connect(_ interruptSource: any InterruptSource) {
        primary.connect(interruptSource)
        assistant.connect(interruptSource)
    }

    func connect(events: MachineEventSource) {
        log.connect(events)
        primary.connect(events: events)
        assistant.connect(events: events)
    }

    func setMemory(_ memory: GuestMemory) throws(VirtKitError) {
        try primary.setMemory(memory)
        try assistant.setMemory(memory)
    }

    func withVCPU<Driver: VCPUDriver>(_ index: Int, _ driver: inout Driver) throws(VirtKitError)
    where Driver.Architecture == X86_64 {
        guard processors.indices.contains(index) else {
            throw VirtKitError(.invalidState, operation: "lend a vCPU", message: "there is no vCPU \(index)")
        }
        var lender = AssistedLender(driver: driver, processor: processors[index])
        defer { driver = lender.driver }
        try primary.withVCPU(index, &lender)
    }

    func handle(_ index: Int) -> any VCPUHandle { processors[index].handle }

    func reset() throws(VirtKitError) {
        try primary.reset()
        try assistant.reset()
        for processor in processors { processor.isWithAssistant = false }
    }

    func statistics() -> [String: UInt64] {
        // What the assistant counts is a part of the machine's. A primary that counts no instructions leaves their sum unknown.
        var others = assistant.statistics()
        let assisted = others.removeValue(forKey: "instructions") ?? 0
        var counters = primary.statistics().merging(others) { own, _ in own }
        if let own = counters["instructions"] { counters["instructions"] = own &+ assisted }
        return counters.merging(log.counters) { $1 }
    }
}

/// Lends the driver of an assisted domain a vCPU of both, once the primary has lent its own.
private struct AssistedLender<Driver: VCPUDriver>: VCPUDriver where Driver.Architecture == X86_64 {
    typealias Architecture = X86_64
    var driver: Driver
    let processor: AssistedProcessor

    mutating func drive<CPU: VirtualCPU & ~Copyable>(_ cpu: inout CPU) throws(VirtKitError)
    where CPU.Architecture == X86_64 {
        // SAFETY: the pointer is used by `assisted` alone, which ends before `cpu` can be used again.
        try withUnsafeMutablePointer(to: &cpu) { pointer throws(VirtKitError) in
            var assisted = AssistedCPU(primary: pointer, processor: processor)
            try driver.drive(&assisted)
        }
    }
}
