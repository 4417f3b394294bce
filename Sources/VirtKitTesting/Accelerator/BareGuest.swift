package import VirtKitCore

/// A guest of bare machine code in 64-bit mode, ring 0, with 64 KiB of memory at 0, the first GiB of addresses mapped
/// one to one, and no board. Addresses from 2 MiB up have no memory behind them.
package final class BareGuest: Sendable {
    package static let code: UInt64 = 0x5000
    static let handlers: UInt64 = 0x6000
    package static let data: UInt64 = 0xC000
    static let device: UInt64 = 0x20_0000
    static let romAddress: UInt64 = 0x1_0000

    let memory: GuestMemory
    let domain: any AcceleratorDomain<X86_64>
    let bus = RecordingBus()
    let source = ScriptedInterrupts()
    let clock: MachineClock
    let patience: Duration

    /// - Parameters:
    ///   - code: what runs.
    ///   - handlers: code at the handlers of interrupt vectors, 16 bytes each at most.
    convenience init(_ subject: AcceleratorSubject, _ code: [UInt8], handlers: [UInt8: [UInt8]] = [:], cpus: Int = 1)
        throws
    {
        try self.init(subject, memory: Self.makeMemory(code, handlers), cpus: cpus)
    }

    init(_ subject: AcceleratorSubject, memory: GuestMemory, cpus: Int = 1) throws {
        self.memory = memory
        clock = MachineClock()
        patience = subject.patience
        do {
            let made = try subject.accelerator.makeDomain(subject.request(memory, cpus: cpus, clock: clock))
            guard let domain = made as? any AcceleratorDomain<X86_64> else {
                throw ConformanceSkip("the accelerator has no x86-64 guests")
            }
            self.domain = domain
        } catch let error as VirtKitError where cpus > 1 && error.code == .unsupported {
            throw ConformanceSkip("the accelerator makes no \(cpus) vCPUs: \(error)")
        }
        guard domain.interruptMode == .external else {
            throw ConformanceSkip("the domain's interrupt mode is \(domain.interruptMode.rawValue)")
        }
        domain.connect(source)
    }

    /// Page tables, descriptors, code and handlers in 64 KiB of RAM at 0, and 4 KiB of ROM of bytes 5AH.
    package static func makeMemory(_ code: [UInt8], _ handlers: [UInt8: [UInt8]] = [:]) throws -> GuestMemory {
        let memory = try GuestMemory(regions: [
            GuestMemoryRegion(guestAddress: 0, size: 0x10000),
            GuestMemoryRegion(guestAddress: romAddress, size: 0x1000, isWritable: false),
        ])
        try memory.overwrite([UInt8](repeating: 0x5A, count: 0x1000), at: romAddress)
        try memory.store(0x2003 as UInt64, at: 0x1000)
        try memory.store(0x3003 as UInt64, at: 0x2000)
        for index in 0..<UInt64(512) { try memory.store(index << 21 | 0x83, at: 0x3000 + index * 8) }
        try memory.store(0x00AF_9B00_0000_FFFF as UInt64, at: 0x4E08)
        try memory.store(0x00CF_9300_0000_FFFF as UInt64, at: 0x4E10)
        for (vector, body) in handlers {
            let address = Self.handlers + UInt64(vector) * 16
            try memory.store(address & 0xFFFF | 8 << 16 | 0x8E00 << 32, at: 0x4000 + UInt64(vector) * 16)
            try memory.write(body, at: address)
        }
        try memory.write(code, at: Self.code)
        return memory
    }

    /// 64-bit mode, ring 0, at the code. RDI is the address of data, RDX a port, RSI the address of a device.
    package static var entry: X86_64.State {
        var state = X86_64.State.reset
        state.segments = [X86_64.Segment](
            repeating: X86_64.Segment(selector: 16, limit: .max, attributes: 0xC093), count: 6)
        state.segments[1] = X86_64.Segment(selector: 8, limit: .max, attributes: 0xA09B)
        state.gdtr = X86_64.DescriptorTable(base: 0x4E00, limit: 23)
        state.idtr = X86_64.DescriptorTable(base: 0x4000, limit: 0xDFF)
        state.cr0 = 0x8000_0033
        state.cr3 = 0x1000
        state.cr4 = 0x620
        state.efer = 0x500
        state.rip = code
        state.general = [UInt64](repeating: 0, count: 16)
        state.general[2] = 0xE9
        state.general[4] = 0xF000
        state.general[6] = device
        state.general[7] = data
        return state
    }

    /// What a run came to.
    struct Outcome: Sendable {
        var exit = VCPUExit(.requested)
        var state = X86_64.State.reset
    }

    private struct Driver: VCPUDriver {
        typealias Architecture = X86_64
        var from: X86_64.State?
        var runs: Bool
        let bus: RecordingBus
        var outcome = Outcome()

        mutating func drive<CPU: VirtualCPU & ~Copyable>(_ cpu: inout CPU) throws(VirtKitError)
        where CPU.Architecture == X86_64 {
            if let from { try cpu.setState(from) }
            if runs { outcome.exit = try cpu.run(bus) }
            outcome.state = try cpu.state()
        }
    }

    /// Lends a vCPU, sets its state where one is given, and runs it until an exit, under a watchdog.
    @discardableResult
    func run(_ from: X86_64.State? = nil, cpu: Int = 0, bus: RecordingBus? = nil) throws -> Outcome {
        var driver = Driver(from: from, runs: true, bus: bus ?? self.bus)
        let watchdog = GuestWatchdog(domain.handle(cpu), patience: patience)
        defer { _ = watchdog.dismiss() }
        try domain.withVCPU(cpu, &driver)
        if watchdog.dismiss() { throw ConformanceFailure("the guest did not end within \(patience)") }
        return driver.outcome
    }

    /// Runs a vCPU until an exit of a kind, and fails the case where another comes.
    @discardableResult
    func run(_ from: X86_64.State? = nil, cpu: Int = 0, to kind: VCPUExit.Kind) throws -> X86_64.State {
        let outcome = try run(from, cpu: cpu)
        try expect(outcome.exit.kind == kind, "the exit is of kind \(outcome.exit.kind.rawValue), not \(kind.rawValue)")
        return outcome.state
    }

    /// The state of a vCPU, once another is put in its place where one is given.
    func state(_ from: X86_64.State? = nil, cpu: Int = 0) throws -> X86_64.State {
        var driver = Driver(from: from, runs: false, bus: bus)
        try domain.withVCPU(cpu, &driver)
        return driver.outcome.state
    }

    /// Fails the case unless the bus saw exactly some accesses.
    func expectAccesses(_ wanted: [BusAccess]) throws {
        let found = bus.accesses
        try expect(found == wanted, "the bus saw \(found), not \(wanted)")
    }
}

/// Fails the case unless something throws a `VirtKitError` of a code.
func expectThrows(_ code: VirtKitError.Code, _ what: String, _ body: () throws -> Void) throws {
    do {
        try body()
    } catch let error as VirtKitError {
        try expect(error.code == code, "\(what) threw \(error), and should throw \(code.rawValue)")
        return
    }
    throw ConformanceFailure("\(what) threw nothing, and should throw \(code.rawValue)")
}

/// Fails the case unless two values are the same.
func expectEqual<Value: Equatable>(_ found: Value, _ wanted: Value, _ what: String) throws {
    try expect(found == wanted, "\(what) is \(found), and should be \(wanted)")
}

extension BareGuest {
    private struct CountingDriver: VCPUDriver {
        typealias Architecture = X86_64
        let from: X86_64.State
        let bus: RecordingBus
        var counts: (before: UInt64, after: UInt64)?

        mutating func drive<CPU: VirtualCPU & ~Copyable>(_ cpu: inout CPU) throws(VirtKitError)
        where CPU.Architecture == X86_64 {
            try cpu.setState(from)
            guard let before = cpu.instructionCount else { return }
            _ = try cpu.run(bus)
            counts = cpu.instructionCount.map { (before, $0) }
        }
    }

    /// The numbers of instructions before and after a run; nil where they are not counted.
    func instructionCounts(_ from: X86_64.State) throws -> (before: UInt64, after: UInt64)? {
        var driver = CountingDriver(from: from, bus: bus)
        let watchdog = GuestWatchdog(domain.handle(0), patience: patience)
        defer { _ = watchdog.dismiss() }
        try domain.withVCPU(0, &driver)
        return driver.counts
    }

    private struct ThrowingDriver: VCPUDriver {
        typealias Architecture = X86_64
        mutating func drive<CPU: VirtualCPU & ~Copyable>(_ cpu: inout CPU) throws(VirtKitError)
        where CPU.Architecture == X86_64 {
            throw VirtKitError(.timedOut, operation: "drive", message: "this driver throws")
        }
    }

    /// Lends vCPU 0 to a driver that throws `.timedOut`.
    func lendToThrower() throws {
        var driver = ThrowingDriver()
        try domain.withVCPU(0, &driver)
    }
}
