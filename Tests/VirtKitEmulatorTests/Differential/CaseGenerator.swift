import CVirtKitTestSupport

@testable import VirtKitEmulator

/// Makes cases: registers, memory and code, each from a seed and a number alone.
struct CaseGenerator {
    /// What is known of a generated case besides its bytes.
    struct Description {
        var name: String
        /// Its instructions in the order of their addresses.
        var instructions: [X86Instruction] = []
        var is32Bit: Bool
        var ignoredFlags: UInt64 = 0
        var ignoresVectors = false
    }

    let forms: [InstructionForm]
    /// Forms for blocks.
    private let blockForms: [InstructionForm]
    let seed: UInt64
    /// Random words from which memory is filled.
    private let noise: [UInt64]

    init(forms: [InstructionForm], seed: UInt64) {
        self.seed = seed
        // In an order that has nothing to do with the opcode map, so that a short run sees something of everything.
        var random = RandomBits(seed: seed &+ 0x5EED)
        var shuffled = forms
        for index in shuffled.indices.dropFirst() { shuffled.swapAt(index, random.below(index + 1)) }
        self.forms = shuffled
        blockForms = shuffled.filter { !$0.is32Bit && Self.isForBlocks($0) }
        noise = (0..<8192).map { _ in
            switch random.below(6) {
            case 0: random.interesting()
            case 1: random.floats()
            case 2: InstructionEncoder.target(&random)
            default: random.next()
            }
        }
    }

    /// Instructions that go on with the next, and don't depend on more than their operands.
    private static func isForBlocks(_ form: InstructionForm) -> Bool {
        switch form.map {
        case .primary:
            switch form.opcode {
            case 0x50...0x61, 0x6C...0x7F, 0x8C, 0x8E, 0x8F, 0x9A...0x9D, 0xA4...0xA7, 0xAA...0xAF, 0xC2...0xC5: false
            case 0xC8...0xCF, 0xD4...0xD7, 0xE0...0xF1, 0xF4, 0xFA, 0xFB: false
            case 0xFF: form.digit.map { $0 < 2 } ?? false
            case 0xD8...0xDF: false
            case 0xA0...0xA3: false
            default: true
            }
        case .map0F:
            switch form.opcode {
            case 0x00...0x0C, 0x20...0x23, 0x30...0x37, 0x80...0x8F, 0xA0...0xA2, 0xA8...0xAA, 0xAE, 0xC7: false
            case 0x52, 0x53, 0x77, 0xB2, 0xB4, 0xB5, 0xF7: false
            default: true
            }
        case .map0F38, .map0F3A: true
        }
    }

    /// Fills in case `number`.
    func generate(_ number: UInt64, into test: CaseView) -> Description {
        var random = RandomBits(seed: seed &* 0x1_0000_0001 &+ number &* 0x9E37_79B9 &+ 1)
        _ = random.next()
        let isBlock = number % 6 == 5 && !blockForms.isEmpty
        while true {
            if isBlock {
                return block(&random, test)
            } else if let description = single(forms[Int(number) % forms.count], &random, test) {
                return description
            }
        }
    }

    // MARK: Single instructions

    private func single(
        _ form: InstructionForm, _ random: inout RandomBits, _ test: CaseView
    ) -> Description? {
        var address = Window.code + 0x800 + UInt64(random.below(0x800))
        // Now and then over the border of the pages, or to the end of the window and beyond.
        if random.once(in: 16) { address = Window.code + 0x1000 - UInt64(random.below(12)) }
        if random.once(in: 40) { address = Window.code + Window.codeSize - UInt64(1 + random.below(12)) }
        guard let (bytes, instruction) = InstructionEncoder(form: form).encode(at: address, &random) else { return nil }
        let room = Int(Window.code + Window.codeSize - address)
        test.setCode(Array(bytes.prefix(room)), at: address)
        fillRegisters(test.before, is32Bit: form.is32Bit, &random)
        fillMemory(test, &random)
        test.before.pointer.pointee.rip = address
        OperandPreparation(test: test, instruction: instruction).prepare(&random)
        return Description(
            name: form.name, instructions: [instruction], is32Bit: form.is32Bit,
            ignoredFlags: UndefinedResults.flags(
                instruction, count: UInt8(truncatingIfNeeded: test.before[general: 1])),
            ignoresVectors: UndefinedResults.isReciprocal(instruction))
    }

    // MARK: Blocks

    private func block(_ random: inout RandomBits, _ test: CaseView) -> Description {
        let address = Window.code + 0x800 + UInt64(random.below(0x400))
        let wanted = 2 + random.below(10)
        var bytes: [UInt8] = []
        var description = Description(name: "block", is32Bit: false)
        var names: [String] = []
        for _ in 0..<wanted * 2 where names.count < wanted {
            let form = random.pick(blockForms)
            let place = address &+ UInt64(bytes.count)
            let encoder = InstructionEncoder(form: form, isAbsolute: random.below(12) > 0)
            guard let (more, instruction) = encoder.encode(at: place, &random) else { continue }
            guard bytes.count + more.count < Window.codeBytes - 16 else { break }
            // A flag that is undefined must not decide anything. Counts in CL aren't known here.
            if description.ignoredFlags != 0, UndefinedResults.readsFlags(instruction) { continue }
            if instruction.operandBytes == 2, instruction.map == .map0F,
                instruction.opcode == 0xA5 || instruction.opcode == 0xAD
            {
                continue
            }
            description.ignoredFlags |= UndefinedResults.flags(instruction, count: nil)
            description.instructions.append(instruction)
            names.append(form.name)
            bytes += more
        }
        // A branch over INT3s, forwards or (a loop) backwards to the start.
        if description.ignoredFlags == 0, random.flip() {
            let condition = UInt8(random.below(16))
            if random.once(in: 4) {
                let distance = Int32(-(bytes.count + 6))
                bytes +=
                    [0x0F, 0x80 | condition] + (0..<4).map { UInt8(truncatingIfNeeded: distance >> Int32($0 * 8)) }
            } else {
                bytes += [0x70 | condition, UInt8(random.below(40))]
            }
            names.append("jcc")
        }
        description.name = names.joined(separator: "; ")
        test.setCode(bytes, at: address)
        fillRegisters(test.before, is32Bit: false, &random)
        fillMemory(test, &random)
        test.before.pointer.pointee.rip = address
        return description
    }

    // MARK: State

    private func fillRegisters(_ state: StateView, is32Bit: Bool, _ random: inout RandomBits) {
        state.reset(is32Bit: is32Bit)
        for number in 0..<16 { state[general: number] = Self.register(&random) }
        if random.below(8) > 0 {
            state[general: 4] = Window.data + 0x800 + UInt64(random.below(0x200)) * 8
        }
        if random.flip() { state[general: 1] = UInt64(random.below(40)) }
        state.pointer.pointee.rflags = 0x202 | random.next() & FlagBits.all
        if random.once(in: 6) { state.pointer.pointee.rflags |= 1 << 10 }
        if random.once(in: 60) { state.pointer.pointee.rflags |= 1 << 18 }
        if random.once(in: 100) { state.pointer.pointee.rflags |= 1 << 8 }
        if !is32Bit {
            state.pointer.pointee.fs_base = Self.base(&random)
            state.pointer.pointee.gs_base = Self.base(&random)
        } else {
            for number in 0..<16 { state[general: number] &= number < 8 ? 0xFFFF_FFFF : 0 }
        }
        for number in 0..<32 where !is32Bit || number < 16 { state[vector: number] = random.floats() }
        state.mxcsr = random.mxcsr()
        fillUnit(state, &random)
    }

    private static func register(_ random: inout RandomBits) -> UInt64 {
        switch random.below(20) {
        case 0...5: InstructionEncoder.target(&random)
        case 6: Window.code + UInt64(random.below(Int(Window.codeSize)))
        case 7: UInt64(random.below(64))
        case 8: random.pick([Window.constant + 64, 0x8000_0000_0000, 0xFFFF_8000_0000_0000, 0x7FFF_FFFF_FFFC])
        case 9: random.floats()
        default: random.interesting()
        }
    }

    private static func base(_ random: inout RandomBits) -> UInt64 {
        switch random.below(4) {
        case 0: 0
        case 1: Window.data
        case 2: InstructionEncoder.target(&random)
        default: UInt64(random.below(1 << 20))
        }
    }

    private func fillUnit(_ state: StateView, _ random: inout RandomBits) {
        // Precision 0, 2 or 3; the reserved one too, now and then.
        state.control = UInt16(0x7F | random.pick([0, 2, 3, 3, 3]) << 8 | random.below(4) << 10)
        if random.once(in: 6) { state.control &= ~UInt16(random.below(64)) }
        var status = UInt16(random.below(8) << 11)
        if random.once(in: 3) { status |= UInt16(random.below(64)) | UInt16(random.below(8)) << 8 }
        if random.once(in: 8) { status |= 0x40 | UInt16(random.below(2)) << 14 }
        // The summary bits follow from the others.
        if status & ~state.control & 0x3F != 0 { status |= 0x8080 }
        state.status = status
        state.tag = random.below(3) > 0 ? 0xFF : random.byte()
        for number in 0..<8 { (state[significand: number], state[signExponent: number]) = random.extended() }
        if random.once(in: 4) {
            for number in 0..<8 where random.flip() {
                (state[significand: number], state[signExponent: number]) = (random.next(), 0xFFFF)
            }
        }
    }

    private func fillMemory(_ test: CaseView, _ random: inout RandomBits) {
        let count = Int(Window.dataSize)
        let start = random.below(noise.count - count / 8)
        noise.withUnsafeBytes { test.dataBefore.copyMemory(from: $0.baseAddress! + start * 8, byteCount: count) }
    }
}
