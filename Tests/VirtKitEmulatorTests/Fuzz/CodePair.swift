import VirtKitCore

@testable import VirtKitEmulator

/// Runs any code in any mode twice: in the optimising interpreter, and in the plain one, which is its oracle. Both must
/// come to the same state and the same memory.
///
/// The machine has 256 KiB of RAM: page tables, descriptor tables, code, a stack, and data for whatever code asks for.
final class CodePair {
    /// What code is entered in.
    enum Mode: UInt8, CaseIterable, Sendable {
        case real, protected16, protected32, compatibility, user64, kernel64
    }

    private static let size = 1 << 18
    private static let pageMapLevel4: UInt64 = 0x1000
    private static let descriptors: UInt64 = 0x6000
    private static let gates64: UInt64 = 0x7000
    private static let gates32: UInt64 = 0x7800
    private static let task: UInt64 = 0x8000
    private static let handler: UInt64 = 0x1_0000
    static let code: UInt64 = 0x2_0000
    static let data: UInt64 = 0x3_0000
    private static let gateCount = 32

    private enum Selector {
        static let code64: UInt16 = 0x08, data: UInt16 = 0x10, userCode32: UInt16 = 0x1B, userData: UInt16 = 0x23
        static let userCode64: UInt16 = 0x2B, task: UInt16 = 0x30, code32: UInt16 = 0x40, code16: UInt16 = 0x48
        static let data16: UInt16 = 0x50
    }

    /// A bus without devices.
    private final class NoBus: GuestBus {
        func read(_ address: UInt64, width: Int, space: BusSpace, vcpu: Int) -> UInt64 {
            .max >> UInt64(64 - min(width, 8) * 8)
        }
        func write(_ value: UInt64, to address: UInt64, width: Int, space: BusSpace, vcpu: Int) {}
        func readSystemRegister(_ number: UInt32, vcpu: Int) -> UInt64? { nil }
        func writeSystemRegister(_ number: UInt32, value: UInt64, vcpu: Int) -> Bool { false }
    }

    private final class NoInterrupts: InterruptSource {
        func hasPendingInterrupt(vcpu: Int) -> Bool { false }
        func acknowledgeInterrupt(vcpu: Int) -> UInt32? { nil }
        func takeNonMaskableInterrupt(vcpu: Int) -> Bool { false }
        func taskPriority(vcpu: Int) -> UInt8 { 0 }
        func setTaskPriority(_ priority: UInt8, vcpu: Int) {}
    }

    private struct Step: VCPUDriver {
        typealias Architecture = X86_64
        let bus: any GuestBus
        var initial: X86_64.State?
        var exit: VCPUExit?
        var state = X86_64.State.reset
        var instructions: UInt64 = 0

        mutating func drive<CPU: VirtualCPU & ~Copyable>(_ cpu: inout CPU) throws(VirtKitError)
        where CPU.Architecture == X86_64 {
            if let initial { try cpu.setState(initial) }
            let before = cpu.instructionCount ?? 0
            exit = try cpu.run(bus)
            state = try cpu.state()
            instructions = (cpu.instructionCount ?? 0) &- before
        }
    }

    private struct Side {
        let memory: GuestMemory
        let domain: EmulatorDomain

        init(optimises: Bool) throws {
            memory = try GuestMemory(regions: [GuestMemoryRegion(guestAddress: 0, size: UInt64(CodePair.size))])
            domain = EmulatorDomain(
                DomainRequest(
                    architecture: .x86_64, cpus: 1, cpuModel: .x86_64v2, memory: memory,
                    clock: MachineClock(isStepped: true), timerFrequency: 1_000_000_000), optimises: optimises)
        }
    }

    private let fast: Side
    private let oracle: Side
    private let bus = NoBus()
    private let interrupts = NoInterrupts()
    private let template: [UInt8]
    /// What both memories hold besides the code: the template again, after `repair`.
    private var isDirty = true
    /// How many instructions both have executed.
    private(set) var instructions: UInt64 = 0

    init() throws {
        fast = try Side(optimises: true)
        oracle = try Side(optimises: false)
        template = Self.makeTemplate()
        for side in [fast, oracle] { side.domain.connect(interrupts) }
    }

    /// Runs code from a state; nil if both agree, else what differs.
    func difference(_ mode: Mode, code: [UInt8], registers: [UInt64], budget: UInt64 = 48) throws -> String? {
        if isDirty {
            for side in [fast, oracle] { try side.memory.write(template, at: 0) }
            isDirty = false
        }
        let code = Array(code.prefix(512))
        for side in [fast, oracle] { try side.memory.write(code, at: Self.code) }
        let state = Self.state(mode, registers)
        var first = Step(bus: bus, initial: state)
        fast.domain.instructionBudget = budget
        try fast.domain.withVCPU(0, &first)
        // A handler that faults at once, for ever: the run ends by its count of faults.
        let isEndless = first.exit?.kind == .budget && first.instructions < budget
        // Where the budget has ended before a fault, the plain one has not come to that yet: not to the accessed bits either.
        // The last time it may have done nothing but deliver faults: that of a handler which faults at once, for ever.
        var onlyDelivered = false
        for _ in 0..<8 where first.exit?.kind == .budget && fast.domain.endedBeforeFault(0) {
            let count = first.instructions
            first.initial = nil
            fast.domain.instructionBudget = 1
            try fast.domain.withVCPU(0, &first)
            onlyDelivered = first.instructions == 0
            first.instructions &+= count
        }
        var second = Step(bus: bus, initial: state)
        oracle.domain.instructionBudget = max(1, first.instructions)
        try oracle.domain.withVCPU(0, &second)
        // One that ends at its last instruction may have used up its budget just before it says so.
        if second.exit?.kind == .budget, first.exit?.kind != .budget || onlyDelivered || isEndless {
            let count = second.instructions
            second.initial = nil
            oracle.domain.instructionBudget = 1
            try oracle.domain.withVCPU(0, &second)
            second.instructions &+= count
        }
        if isEndless, second.exit?.kind == .budget, first.instructions == second.instructions {
            // Both are in the same loop, but not after the same number of faults.
            isDirty = true
            return nil
        }
        instructions &+= first.instructions
        let memories = try [fast, oracle].map { try $0.memory.bytes(at: 0, count: Self.size) }
        var expected = template
        expected.replaceSubrange(Int(Self.code)..<Int(Self.code) + code.count, with: code)
        isDirty = memories[0] != expected || memories[1] != expected
        if !isDirty, !code.isEmpty {
            for side in [fast, oracle] {
                try side.memory.write([UInt8](repeating: 0, count: code.count), at: Self.code)
            }
        }
        if first.exit?.kind != second.exit?.kind || first.instructions != second.instructions {
            return "\(describe(first)), plainly \(describe(second))"
        }
        if first.state != second.state { return "\(describe(first)): \(describe(first.state, second.state))" }
        if memories[0] != memories[1] {
            let place = zip(memories[0], memories[1]).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? 0
            let values = memories.map { String($0[place], radix: 16) }
            return "\(describe(first)): memory at \(String(place, radix: 16)): \(values[0]), plainly \(values[1])"
        }
        return nil
    }

    /// The parts of the state that differ.
    private func describe(_ first: X86_64.State, _ second: X86_64.State) -> String {
        zip(Mirror(reflecting: first).children, Mirror(reflecting: second).children).compactMap { first, second in
            let texts = [first, second].map { String(describing: $0.value) }
            return texts[0] == texts[1] ? nil : "\(first.label ?? "?") \(texts[0]), plainly \(texts[1])"
        }.joined(separator: "; ")
    }

    private func describe(_ step: Step) -> String {
        "\(step.exit.map { "\($0.kind)" } ?? "-") after \(step.instructions) at \(step.state.rip)"
    }

    // MARK: The machine

    private static func makeTemplate() -> [UInt8] {
        var memory = [UInt8](repeating: 0, count: size)
        func put(_ value: UInt64, _ address: UInt64, _ bytes: Int = 8) {
            for index in 0..<bytes {
                memory[Int(address) + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
            }
        }
        // Real-mode vectors: to the handler's first byte.
        for vector in 0..<256 as Range<UInt64> { put((handler >> 4) << 16, vector * 4, 4) }
        for level in 0..<3 as Range<UInt64> {
            put((pageMapLevel4 + (level + 1) << 12) | 7, pageMapLevel4 + level << 12)
        }
        // 4 KiB pages: all of RAM one to one but for a few that are read-only, not executable or the kernel's.
        for page in 0..<UInt64(size >> 12) {
            var entry = page << 12 | 7
            switch page {
            case 0x38: entry &= ~2
            case 0x39: entry |= 1 << 63
            case 0x3A: entry &= ~4
            case 0x3B: entry = 0
            default: break
            }
            put(entry, 0x4000 + page * 8)
        }
        let table: [UInt64] = [
            0, 0x00AF_9B00_0000_FFFF, 0x00CF_9300_0000_FFFF, 0x00CF_FB00_0000_FFFF, 0x00CF_F300_0000_FFFF,
            0x00AF_FB00_0000_FFFF, 0x0000_8900_8000_0067, 0, 0x00CF_9B00_0000_FFFF, 0x000F_9B00_0000_FFFF,
            0x000F_9300_0000_FFFF,
        ]
        for (index, entry) in table.enumerated() { put(entry, descriptors + UInt64(index) * 8) }
        // Interrupt gates of both formats, all to the handler.
        for vector in 0..<UInt64(gateCount) {
            let gate = handler & 0xFFFF | 0x8E00 << 32 | (handler >> 16) << 48
            put(gate | UInt64(Selector.code64) << 16, gates64 + vector * 16)
            put(gate | UInt64(Selector.code32) << 16, gates32 + vector * 8)
        }
        // Stacks of the 64-bit and of the 32-bit task state.
        put(0x9F00, task + 4)
        put(UInt64(Selector.data), task + 8, 2)
        put(104, task + 102, 2)
        memory[Int(handler)] = 0xF4  // HLT
        for index in 0..<0x8000 { memory[Int(data) + index] = UInt8(truncatingIfNeeded: index &* 37 ^ index >> 5) }
        return memory
    }

    private static func state(_ mode: Mode, _ registers: [UInt64]) -> X86_64.State {
        var state = X86_64.State.reset
        let is64 = mode == .user64 || mode == .kernel64
        for index in 0..<16 { state.general[index] = registers[index] & (is64 ? .max : 0xFFFF_FFFF) }
        state.general[4] = 0x9000
        state.rflags = 2 | registers[16] & 0x8D5
        state.cr0 = 0x33
        state.cr4 = 0x600
        state.rip = code
        state.gdtr = X86_64.DescriptorTable(base: descriptors, limit: 11 * 8 - 1)
        state.idtr = X86_64.DescriptorTable(base: gates32, limit: UInt16(gateCount * 8 - 1))
        state.tr = X86_64.Segment(selector: Selector.task, base: task, limit: 0x67, attributes: 0x8B)
        state.ldtr = X86_64.Segment()
        state.extended[xmm: 1] = (registers[3], registers[5])
        state.extended[xmm: 2] = (registers[6], registers[7])
        func segments(_ code: UInt16, _ codeAttributes: UInt32, _ data: UInt16, _ dataAttributes: UInt32) {
            let flat = X86_64.Segment(selector: data, base: 0, limit: 0xFFFF_FFFF, attributes: dataAttributes)
            state.segments = Array(repeating: flat, count: 6)
            state.segments[1] = X86_64.Segment(selector: code, base: 0, limit: 0xFFFF_FFFF, attributes: codeAttributes)
        }
        switch mode {
        case .real:
            state.cr0 = 0x32
            state.idtr = X86_64.DescriptorTable(base: 0, limit: 0x3FF)
            state.segments = [0, code, 0, data, data, 0].map {
                X86_64.Segment(selector: UInt16($0 >> 4), base: $0, limit: 0xFFFF, attributes: 0x93)
            }
            state.segments[1].attributes = 0x9B
            state.rip = 0
            for index in 0..<8 where index != 4 { state.general[index] &= 0xFFFF_FFFF }
        case .protected16: segments(Selector.code16, 0x809B, Selector.data16, 0x8093)
        case .protected32: segments(Selector.code32, 0xC09B, Selector.data, 0xC093)
        case .compatibility: segments(Selector.userCode32, 0xC0FB, Selector.userData, 0xC0F3)
        case .user64: segments(Selector.userCode64, 0xA0FB, Selector.userData, 0xC0F3)
        case .kernel64: segments(Selector.code64, 0xA09B, Selector.data, 0xC093)
        }
        if mode == .compatibility || is64 {
            state.cr0 = 0x8001_0033
            state.cr3 = pageMapLevel4
            state.cr4 = 0x6A0
            state.efer = 0xD01
            state.idtr = X86_64.DescriptorTable(base: gates64, limit: UInt16(gateCount * 16 - 1))
        }
        return state
    }
}
