import CKVMLoop
import Synchronization
import VirtKitCore
import VirtKitKVM

/// The bare guests, the same for C and VirtKit.
enum Guest {
    /// 1: out %al, $0x90; jmp 1b
    static let port: [UInt8] = [0xE6, 0x90, 0xEB, 0xFC]
    /// mov $0x30000000, %ebx; 1: mov %eax, (%rbx); jmp 1b
    static let memory: [UInt8] = [0xBB, 0x00, 0x00, 0x00, 0x30, 0x89, 0x03, 0xEB, 0xFC]
    /// sti; 1: hlt; jmp 1b
    static let halt: [UInt8] = [0xFB, 0xF4, 0xEB, 0xFD]
    /// out %al, $0x90; 1: jmp 1b
    static let spin: [UInt8] = [0xE6, 0x90, 0xEB, 0xFE]
}

/// A bare guest on VirtKit's accelerator.
final class Machine {
    let domain: any AcceleratorDomain<X86_64>
    let memory: GuestMemory
    let bus = CountingBus()
    let source = OneInterrupt()

    init(_ accelerator: KVMAccelerator, _ code: [UInt8], frequency: UInt64) throws {
        memory = try GuestMemory(regions: [GuestMemoryRegion(guestAddress: 0, size: UInt64(cl_memory_size))])
        var bytes = [UInt8](repeating: 0, count: Int(cl_memory_size))
        cl_fill(&bytes, code, code.count)
        try memory.write(bytes, at: 0)
        let clock = MachineClock()
        clock.start()
        let made = try accelerator.makeDomain(
            DomainRequest(
                architecture: .x86_64, cpus: 1, cpuModel: .host, memory: memory, clock: clock,
                timerFrequency: frequency))
        guard let domain = made as? any AcceleratorDomain<X86_64> else { fatalError("another architecture") }
        self.domain = domain
        domain.connect(source)
        bus.handle = domain.handle(0)
    }

    static var state: X86_64.State {
        var state = X86_64.State.reset
        state.segments = [X86_64.Segment](
            repeating: X86_64.Segment(selector: 16, limit: .max, attributes: 0xC093), count: 6)
        state.segments[1] = X86_64.Segment(selector: 8, limit: .max, attributes: 0xA09B)
        state.gdtr = X86_64.DescriptorTable(base: UInt64(cl_gdt), limit: 23)
        state.idtr = X86_64.DescriptorTable(base: UInt64(cl_idt), limit: 0xDFF)
        state.cr0 = 0x8000_0033
        state.cr3 = UInt64(cl_cr3)
        state.cr4 = 0x620
        state.efer = 0x500
        state.rip = UInt64(cl_rip)
        state.general[4] = UInt64(cl_rsp)
        return state
    }

    /// Enters it until its first exit: an access to the bus, or a halt.
    func enter() throws {
        bus.remaining = 1
        var driver = FirstExit(bus: bus)
        try domain.withVCPU(0, &driver)
    }

    /// Serves `exits` accesses. Returns nanoseconds.
    func accesses(_ exits: Int, beforeRun: () -> Void = {}, afterRun: () -> Void = {}) throws -> UInt64 {
        bus.remaining = exits
        var driver = Accesses(bus: bus)
        let begin = cl_now()
        try domain.withVCPU(0, &driver)
        return cl_now() - begin
    }

    /// Serves `exits` halts, each ended by an interrupt. Returns nanoseconds.
    func halts(_ exits: Int) throws -> UInt64 {
        var driver = Halts(bus: bus, source: source, remaining: exits)
        let begin = cl_now()
        try domain.withVCPU(0, &driver)
        return cl_now() - begin
    }
}

/// A bus with one device, which counts, and asks for an exit when it has counted enough.
final class CountingBus: GuestBus {
    var remaining = 0
    var counted: UInt64 = 0
    var last: UInt64 = 0
    var mocks = false
    var handle: (any VCPUHandle)?

    func read(_ address: UInt64, width: Int, space: BusSpace, vcpu: Int) -> UInt64 { 0 }

    func write(_ value: UInt64, to address: UInt64, width: Int, space: BusSpace, vcpu: Int) {
        counted &+= 1
        last = address &+ value
        remaining &-= 1
        if remaining == 0 {
            if mocks { cl_mock_interrupt() }
            handle?.requestExit()
        }
    }

    func readSystemRegister(_ number: UInt32, vcpu: Int) -> UInt64? { nil }
    func writeSystemRegister(_ number: UInt32, value: UInt64, vcpu: Int) -> Bool { false }
}

/// A controller with one interrupt at a time.
final class OneInterrupt: InterruptSource {
    var isPending = false

    func hasPendingInterrupt(vcpu: Int) -> Bool { isPending }
    func acknowledgeInterrupt(vcpu: Int) -> UInt32? {
        guard isPending else { return nil }
        isPending = false
        return 0x40
    }
    func takeNonMaskableInterrupt(vcpu: Int) -> Bool { false }
    func taskPriority(vcpu: Int) -> UInt8 { 0 }
    func setTaskPriority(_ priority: UInt8, vcpu: Int) {}
}

struct FirstExit: VCPUDriver {
    typealias Architecture = X86_64
    let bus: CountingBus
    mutating func drive<CPU: VirtualCPU & ~Copyable>(_ cpu: inout CPU) throws(VirtKitError)
    where CPU.Architecture == X86_64 {
        try cpu.setState(Machine.state)
        _ = try cpu.run(bus)
    }
}

struct Accesses: VCPUDriver {
    typealias Architecture = X86_64
    let bus: CountingBus
    mutating func drive<CPU: VirtualCPU & ~Copyable>(_ cpu: inout CPU) throws(VirtKitError)
    where CPU.Architecture == X86_64 {
        _ = try cpu.run(bus)
    }
}

struct Halts: VCPUDriver {
    typealias Architecture = X86_64
    let bus: CountingBus
    let source: OneInterrupt
    var remaining: Int
    mutating func drive<CPU: VirtualCPU & ~Copyable>(_ cpu: inout CPU) throws(VirtKitError)
    where CPU.Architecture == X86_64 {
        while remaining > 0 {
            _ = try cpu.run(bus)
            source.isPending = true
            remaining -= 1
        }
    }
}

/// Runs a guest until it is kicked, again and again, and notes when it has stopped.
final class Spinner: Sendable {
    let stopped = Atomic<UInt64>(0)
    let ends = Atomic<Bool>(false)
    let runs = Atomic<UInt64>(0)

    struct Driver: VCPUDriver {
        typealias Architecture = X86_64
        let bus: CountingBus
        let spinner: Spinner
        mutating func drive<CPU: VirtualCPU & ~Copyable>(_ cpu: inout CPU) throws(VirtKitError)
        where CPU.Architecture == X86_64 {
            while !spinner.ends.load(ordering: .acquiring) {
                spinner.runs.wrappingAdd(1, ordering: .releasing)
                _ = try cpu.run(bus)
                spinner.stopped.store(cl_now(), ordering: .releasing)
            }
        }
    }
}
