import Synchronization
import Testing
import VirtKitCore

@testable import VirtKitEmulator

/// Runs a closure with the vCPU, as a driver.
private struct ClosureDriver: VCPUDriver {
    typealias Architecture = X86_64
    let bus = RecordingBus()
    var exits: [VCPUExit] = []
    var final: X86_64.State?
    var instructions: UInt64?
    let state: X86_64.State?
    let count: Int
    var between: (Int) -> Void = { _ in }

    init(state: X86_64.State?, exits count: Int = 1) {
        self.state = state
        self.count = count
    }

    mutating func drive<CPU: VirtualCPU & ~Copyable>(_ cpu: inout CPU) throws(VirtKitError)
    where CPU.Architecture == X86_64 {
        if let state { try cpu.setState(state) }
        for number in 0..<count {
            exits.append(try cpu.run(bus))
            between(number)
        }
        final = try cpu.state()
        instructions = cpu.instructionCount
    }
}

@Suite("The emulator as an accelerator")
struct AcceleratorTests {
    private let memory: GuestMemory
    private let clock = MachineClock()

    init() throws { memory = try GuestMemory(regions: [GuestMemoryRegion(guestAddress: 0, size: 1 << 20)]) }

    private func domain(cpus: Int = 1, model: CPUModel = .x86_64v2) throws -> any AcceleratorDomain<X86_64> {
        let made = try EmulatorAccelerator().makeDomain(
            DomainRequest(
                architecture: .x86_64, cpus: cpus, cpuModel: model, memory: memory, clock: clock,
                timerFrequency: 1_000_000_000))
        return try #require(made as? any AcceleratorDomain<X86_64>)
    }

    /// Flat 32-bit protected mode at 0x1000, with the code there.
    private func program(_ code: [UInt8]) throws -> X86_64.State {
        try memory.write(code, at: 0x1000)
        var state = X86_64.State.reset
        state.cr0 = 0x11
        state.rip = 0x1000
        let data = X86_64.Segment(selector: 0x18, base: 0, limit: .max, attributes: 0xC093)
        state.segments = Array(repeating: data, count: 6)
        state.segments[1] = X86_64.Segment(selector: 0x10, base: 0, limit: .max, attributes: 0xC09B)
        state.general[4] = 0x8000
        return state
    }

    @Test("what it refuses, it refuses with reason and remedy")
    func refusals() async {
        let accelerator = EmulatorAccelerator()
        var configuration = MachineConfiguration(
            architecture: .x86_64, memory: .mebibytes(1), boot: .elf("/none"))
        configuration.cpus = 65
        let answer = await accelerator.suitability(for: configuration)
        #expect(answer.level == .no && answer.remedy != nil && answer.reason.contains("65"))
        for cpus in [1, 64] {
            configuration.cpus = cpus
            #expect(await accelerator.suitability(for: configuration).level == .limited)
        }
        #expect(throws: VirtKitError.self) { try domain(cpus: 65) }
        #expect(throws: VirtKitError.self) { try domain(cpus: 0) }
        #expect(throws: VirtKitError.self) { try domain(model: CPUModel(rawValue: "other")) }
    }

    @Test("any frequency of the time-stamp counter can be had; CPUID tells only what it can tell exactly")
    func frequencies() async throws {
        let accelerator = EmulatorAccelerator()
        var configuration = MachineConfiguration(architecture: .x86_64, memory: .mebibytes(1), boot: .elf("/none"))
        for frequency: UInt64 in [1_000_000, 2_399_998_123, 5_000_000_000, 100_000_000_000] {
            configuration.timerFrequency = frequency
            #expect(await accelerator.suitability(for: configuration).level == .limited)
        }
        configuration.timerFrequency = 999_999
        #expect(await accelerator.suitability(for: configuration).level == .no)
        let dynamic = CPUIDTable.Dynamic(cr4: 0, xcr0: 1, isAPICEnabled: true)
        func ratio(_ frequency: UInt64) -> CPUIDEntry {
            CPUIDTable(model: CPUIDTable.Machine(timeStampFrequency: frequency)).lookup(0x15, 0, dynamic)
        }
        #expect(ratio(2_500_000_000) == CPUIDEntry(leaf: 0x15, eax: 2, ebx: 5, ecx: 1_000_000_000))
        #expect(ratio(2_399_998_123) == CPUIDEntry(leaf: 0x15))
        #expect(ratio(5_000_000_000) == CPUIDEntry(leaf: 0x15))
    }

    @Test("CPUID offers what is asked for of a model, and the rest is refused by name")
    func features() async throws {
        let accelerator = EmulatorAccelerator()
        let second = try #require(await accelerator.features(of: .x86_64v2))
        let first = try #require(await accelerator.features(of: .x86_64))
        #expect(first.subtracting(second).isEmpty)
        #expect(
            second.subtracting(first).names == ["SSE3", "SSSE3", "CMPXCHG16B", "SSE4.1", "SSE4.2", "POPCNT", "LAHF"])
        #expect(await accelerator.features(of: CPUModel(rawValue: "other")) == nil)
        #expect(await X86_64.Features.common(of: .x86_64, [accelerator, accelerator]) == first)
        let few = X86_64.Features(words: [1 << 26, 1 << 26])
        let table = CPUIDTable(model: CPUIDTable.Machine(count: 2, features: few))
        #expect(table.features == few)
        let dynamic = CPUIDTable.Dynamic(cr4: 0, xcr0: 1, isAPICEnabled: true)
        // The APIC and the number of CPUs are the machine's matter.
        let bits: UInt32 = 1 << 26 | 1 << 28 | 1 << 9
        #expect(table.lookup(1, 0, dynamic).edx == bits)
        var request = DomainRequest(
            architecture: .x86_64, cpus: 1, cpuModel: .x86_64, memory: memory, clock: clock,
            timerFrequency: 1_000_000_000)
        request.features = second
        let error = #expect(throws: VirtKitError.self) { try accelerator.makeDomain(request) }
        #expect(error?.message.contains("SSE4.2") == true && error?.remedy != nil)
    }

    @Test("HLT, and the state afterwards")
    func halt() throws {
        // mov eax, 0x12345678; out 0x80, al; inc ecx; hlt
        let state = try program([0xB8, 0x78, 0x56, 0x34, 0x12, 0xE6, 0x80, 0x41, 0xF4])
        let domain = try domain()
        var driver = ClosureDriver(state: state)
        try domain.withVCPU(0, &driver)
        #expect(driver.exits.map(\.kind) == [.halted])
        #expect(driver.final?.rip == 0x1009 && driver.final?.general[1] == 1)
        #expect(driver.final?.activity == .halted)
        #expect(driver.instructions == 4)
        #expect(driver.bus.ports.map(\.value) == [0x78])
        #expect(domain.statistics()["instructions"] == 4)
    }

    @Test("an exit request ends a loop, and is not lost while halted")
    func requests() throws {
        let domain = try domain()
        let handle = domain.handle(0)
        handle.requestExit()
        var driver = ClosureDriver(state: try program([0xEB, 0xFE]))
        try domain.withVCPU(0, &driver)
        #expect(driver.exits.map(\.kind) == [.requested])
        var halting = ClosureDriver(state: try program([0xF4]), exits: 3)
        halting.between = { if $0 == 0 { handle.requestExit() } }
        try domain.withVCPU(0, &halting)
        #expect(halting.exits.map(\.kind) == [.halted, .requested, .halted])
    }

    @Test("an interrupt wakes a halted vCPU")
    func wake() throws {
        // sti; hlt; hlt — and a handler at 0x2000: mov ebx, 7; iret
        var state = try program([0xFB, 0xF4, 0xF4])
        try memory.write([0xBB, 7, 0, 0, 0, 0xCF], at: 0x2000)
        try memory.write([UInt8](repeating: 0, count: 16), at: 0x3000)
        try memory.store(UInt64(0x00CF_9B00_0000_FFFF), at: 0x3010)
        try memory.store(UInt64(0x00CF_9300_0000_FFFF), at: 0x3018)
        try memory.store(UInt64(0x0000_8E00_0010_2000), at: 0x4000 + 0x20 * 8)
        state.gdtr = X86_64.DescriptorTable(base: 0x3000, limit: 0x1F)
        state.idtr = X86_64.DescriptorTable(base: 0x4000, limit: 0x7FF)
        let domain = try domain()
        let source = QueueInterruptSource()
        domain.connect(source)
        var driver = ClosureDriver(state: state, exits: 2)
        driver.between = { number in
            if number == 0 {
                source.queue = [0x20]
                domain.handle(0).signal()
            }
        }
        try domain.withVCPU(0, &driver)
        #expect(driver.exits.map(\.kind) == [.halted, .halted])
        #expect(driver.final?.general[3] == 7 && driver.final?.rip == 0x1003)
        #expect(driver.final?.general[4] == 0x8000)
    }

    @Test("a triple fault, and reset")
    func shutdown() throws {
        let domain = try domain()
        // ud2 without an interrupt table.
        var state = try program([0x0F, 0x0B])
        state.idtr = X86_64.DescriptorTable(base: 0, limit: 0)
        var driver = ClosureDriver(state: state, exits: 2)
        try domain.withVCPU(0, &driver)
        #expect(driver.exits.map(\.kind) == [.shutdown, .shutdown])
        #expect(driver.final?.activity == .shutdown)
        try domain.reset()
        var asking = ClosureDriver(state: nil, exits: 0)
        try domain.withVCPU(0, &asking)
        #expect(asking.final?.activity == .running && asking.final?.rip == 0xFFF0)
        #expect(asking.final?.general[2] == 0x106A3)
    }

    @Test("code outside memory is an emulation failure; a vCPU is lent once")
    func limits() throws {
        let domain = try domain()
        var state = try program([])
        state.rip = 0x4000_0000
        var driver = ClosureDriver(state: state)
        driver.between = { _ in
            var second = ClosureDriver(state: nil, exits: 0)
            #expect(throws: VirtKitError.self) { try domain.withVCPU(0, &second) }
        }
        try domain.withVCPU(0, &driver)
        #expect(driver.exits.map(\.kind) == [.emulationFailure])
        #expect(driver.exits.first?.detail == 0x4000_0000)
    }

    @Test("writes by the host replace code that has run")
    func hostWrites() throws {
        let domain = try domain()
        let state = try program([0xB8, 1, 0, 0, 0, 0xF4])
        var driver = ClosureDriver(state: state)
        try domain.withVCPU(0, &driver)
        #expect(driver.final?.general[0] == 1)
        var again = ClosureDriver(state: try program([0xB8, 2, 0, 0, 0, 0xF4]))
        try domain.withVCPU(0, &again)
        #expect(again.final?.general[0] == 2)
    }
}
