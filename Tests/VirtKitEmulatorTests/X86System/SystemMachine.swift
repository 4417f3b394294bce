import VirtKitCore

@testable import VirtKitEmulator

/// A bus that remembers port and system-register writes.
final class RecordingBus: GuestBus {
    var ports: [(port: UInt64, value: UInt64, width: Int)] = []
    var registers: [UInt32: UInt64] = [0x1B: 0xFEE0_0900]
    var input: UInt64 = 0x5A5A_5A5A

    func read(_ address: UInt64, width: Int, space: BusSpace, vcpu: Int) -> UInt64 {
        input & (UInt64.max >> UInt64(64 - width * 8))
    }

    func write(_ value: UInt64, to address: UInt64, width: Int, space: BusSpace, vcpu: Int) {
        ports.append((address, value, width))
    }

    func readSystemRegister(_ number: UInt32, vcpu: Int) -> UInt64? { registers[number] }

    func writeSystemRegister(_ number: UInt32, value: UInt64, vcpu: Int) -> Bool {
        guard registers[number] != nil else { return false }
        registers[number] = value
        return true
    }
}

/// An interrupt controller with a queue.
final class QueueInterruptSource: InterruptSource {
    var queue: [UInt32] = []
    var nonMaskable = false
    var priority: UInt8 = 0

    func hasPendingInterrupt(vcpu: Int) -> Bool { !queue.isEmpty }
    func acknowledgeInterrupt(vcpu: Int) -> UInt32? { queue.isEmpty ? nil : queue.removeFirst() }
    func takeNonMaskableInterrupt(vcpu: Int) -> Bool {
        defer { nonMaskable = false }
        return nonMaskable
    }
    func taskPriority(vcpu: Int) -> UInt8 { priority }
    func setTaskPriority(_ priority: UInt8, vcpu: Int) { self.priority = priority }
}

/// One vCPU with 2 MiB of memory in long mode: tables at fixed places, the first 2 MiB mapped 1:1 in 4 KiB pages, all
/// accessible to user code, and mapped again, supervisor only, at 1 GiB.
final class SystemMachine {
    static let size = 2 << 20
    static let pml4: UInt64 = 0x1000
    static let pdpt: UInt64 = 0x2000
    static let directory: UInt64 = 0x3000
    static let table: UInt64 = 0x4000
    static let highDirectory: UInt64 = 0x5000
    static let gdt: UInt64 = 0x6000
    static let idt: UInt64 = 0x7000
    static let task: UInt64 = 0x8000
    static let kernelCode: UInt16 = 0x08
    static let kernelData: UInt16 = 0x10
    static let userCode32: UInt16 = 0x1B
    static let userData: UInt16 = 0x23
    static let userCode: UInt16 = 0x2B
    static let taskSelector: UInt16 = 0x40
    static let handler: UInt64 = 0x10_0000

    let memory: GuestMemory
    let guest: X86Guest
    let engine: Engine
    let bus = RecordingBus()
    let clock = MachineClock()

    init() throws {
        memory = try GuestMemory(regions: [GuestMemoryRegion(guestAddress: 0, size: UInt64(Self.size))])
        guest = X86Guest(
            index: 0, cpuid: CPUIDTable(model: .init()), clock: clock, timeStampFrequency: 1_000_000_000)
        engine = Engine(guest: guest, memory: PhysicalMemory(memory), bus: bus, vcpuIndex: 0, optimise: false)
        guest.attach(engine)
        try buildTables()
        try guest.importState(try longState())
    }

    func put(_ value: UInt64, _ address: UInt64) throws { try memory.store(value, at: address) }
    func get(_ address: UInt64) throws -> UInt64 { try memory.load(UInt64.self, at: address) }

    private func buildTables() throws {
        try put(Self.pdpt | 7, Self.pml4)
        try put(Self.directory | 7, Self.pdpt)
        try put(Self.highDirectory | 7, Self.pdpt + 8)
        try put(Self.table | 7, Self.directory)
        try put(0 | 0x83, Self.highDirectory)
        for page in 0..<512 { try put(UInt64(page) << 12 | 7, Self.table + UInt64(page) * 8) }
        let descriptors: [UInt64] = [
            0, 0x00AF_9B00_0000_FFFF, 0x00CF_9300_0000_FFFF, 0x00CF_FB00_0000_FFFF, 0x00CF_F300_0000_FFFF,
            0x00AF_FB00_0000_FFFF, 0, 0,
            0x0000_8900_8000_0067, 0,
        ]
        for (index, value) in descriptors.enumerated() { try put(value, Self.gdt + UInt64(index) * 8) }
        // Stacks: RSP0, IST1.
        try memory.store(UInt64(0x9000), at: Self.task + 4)
        try memory.store(UInt64(0xA000), at: Self.task + 36)
        try memory.store(UInt16(104), at: Self.task + 102)
        for vector in 0..<48 { try setGate(vector) }
    }

    /// An interrupt gate to `handler + vector * 16`.
    func setGate(
        _ vector: Int, selector: UInt16 = SystemMachine.kernelCode, type: UInt64 = 0xE, privilege: UInt64 = 0,
        stack: UInt64 = 0, present: Bool = true
    ) throws {
        let offset = Self.handler + UInt64(vector) * 16
        let low =
            offset & 0xFFFF | UInt64(selector) << 16 | stack << 32 | type << 40 | privilege << 45
            | (present ? 1 << 47 : 0) | (offset >> 16 & 0xFFFF) << 48
        try put(low, Self.idt + UInt64(vector) * 16)
        try put(offset >> 32, Self.idt + UInt64(vector) * 16 + 8)
    }

    func longState(user: Bool = false) throws -> X86_64.State {
        var state = X86_64.State.reset
        let level: UInt32 = user ? 3 : 0
        let flat = X86_64.Segment(
            selector: user ? Self.userData : Self.kernelData, base: 0, limit: 0xFFFF_FFFF,
            attributes: 0xC093 | level << 5)
        state.segments = Array(repeating: flat, count: 6)
        state.segments[1] = X86_64.Segment(
            selector: user ? Self.userCode : Self.kernelCode, base: 0, limit: 0xFFFF_FFFF,
            attributes: 0xA09B | level << 5)
        state.tr = X86_64.Segment(selector: Self.taskSelector, base: Self.task, limit: 0x67, attributes: 0x8B)
        state.ldtr = X86_64.Segment()
        state.gdtr = X86_64.DescriptorTable(base: Self.gdt, limit: 0x4F)
        state.idtr = X86_64.DescriptorTable(base: Self.idt, limit: 48 * 16 - 1)
        state.cr0 = 0x8001_0033
        state.cr3 = Self.pml4
        state.cr4 = 0x0000_06A0
        state.efer = 0xD01
        state.rip = 0x1_0000
        state.rflags = 0x202
        state.general[4] = 0xB000
        return state
    }

    /// The `count` quadwords at RSP.
    func stack(_ count: Int) throws -> [UInt64] {
        try (0..<count).map { try get(guest.stackPointer + UInt64($0) * 8) }
    }

    /// Runs a throwing system operation and gives back its fault.
    func fault(_ body: () throws(X86Fault) -> Void) -> X86Fault? {
        do throws(X86Fault) {
            try body()
            return nil
        } catch {
            return error
        }
    }
}
