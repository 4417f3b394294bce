import CVirtKitTestSupport

@testable import VirtKitEmulator

/// Arranges a case's registers and memory so that its instruction meets what it is about: memory operands that are there,
/// at borders, or missing; divisions without overflow; comparisons that are equal.
struct OperandPreparation {
    let test: CaseView
    let instruction: X86Instruction

    private var before: StateView { test.before }

    func prepare(_ random: inout RandomBits) {
        if instruction.hasModRM, !instruction.isRegisterForm { placeOperand(&random) }
        prepareImplicit(&random)
        if test.is32Bit { for number in 0..<16 { before[general: number] &= number < 8 ? 0xFFFF_FFFF : 0 } }
        if let address, let offset = windowOffset(address, 576) { prepareMemory(offset, &random) }
    }

    // MARK: The memory operand

    /// Where the memory operand should be.
    private func target(_ random: inout RandomBits) -> UInt64 {
        switch random.below(40) {
        case 0: Window.data + Window.dataSize - UInt64(random.below(40))
        case 1: Window.data &- UInt64(random.below(16))
        case 2: Window.data + 0x1000 - UInt64(random.below(40))
        case 3: Window.constant + UInt64(random.below(4096))
        case 4: random.pick([0x8000_0000_0000, 0x7FFF_FFFF_FFFF, 0xFFFF_7FFF_FFFF_FFF8]) &- UInt64(random.below(16))
        case 5:
            random.pick([0xFFFF_8000_0000_0000, 0xFFFF_FFFF_FFFF_FFF0, 0xFFFF_FFFF_8000_0000])
                + UInt64(random.below(16))
        case 6: UInt64(random.below(4096))
        case 7...20: Window.data + UInt64(random.below(0x1C00))
        case 21...28: Window.data + UInt64(random.below(0x70)) * 64
        default: Window.data + UInt64(random.below(0x1C0)) * 16
        }
    }

    private func placeOperand(_ random: inout RandomBits) {
        guard instruction.base >= 0, instruction.base < 16 else { return }
        let wanted = target(&random) &- segmentBase
        var value = wanted &- UInt64(bitPattern: instruction.displacement)
        if instruction.index >= 0 {
            if instruction.index == instruction.base { return }
            if random.flip() { before[general: instruction.index] = random.interesting() & 0xFFFF }
            value = value &- before[general: instruction.index] << UInt64(instruction.scale)
        }
        if instruction.addressBytes == 4, !test.is32Bit { value = value & 0xFFFF_FFFF | random.next() << 32 }
        before[general: instruction.base] = value
    }

    private var segmentBase: UInt64 {
        switch instruction.segment {
        case 4: test.is32Bit ? 0 : before.pointer.pointee.fs_base
        case 5: test.is32Bit ? 0 : before.pointer.pointee.gs_base
        default: 0
        }
    }

    /// The linear address of the memory operand.
    var address: UInt64? {
        guard instruction.hasModRM, !instruction.isRegisterForm else { return nil }
        var sum = UInt64(bitPattern: instruction.displacement)
        if instruction.base == X86Instruction.ripBase {
            sum = sum &+ test.codeAddress &+ UInt64(instruction.length)
        } else if instruction.base >= 0 {
            sum = sum &+ before[general: instruction.base]
        }
        if instruction.index >= 0 { sum = sum &+ before[general: instruction.index] << UInt64(instruction.scale) }
        if instruction.addressBytes == 4 { sum &= 0xFFFF_FFFF }
        return sum &+ segmentBase
    }

    /// The offset of `count` bytes in the data window.
    private func windowOffset(_ address: UInt64, _ count: Int) -> Int? {
        let offset = address &- Window.data
        return offset <= Window.dataSize - UInt64(count) ? Int(offset) : nil
    }

    private func word(_ offset: Int) -> UInt64 {
        test.dataBefore.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }
    private func setWord(_ offset: Int, _ value: UInt64) {
        test.dataBefore.storeBytes(of: value, toByteOffset: offset, as: UInt64.self)
    }

    // MARK: Implicit operands

    private func prepareImplicit(_ random: inout RandomBits) {
        switch (instruction.map, instruction.opcode) {
        // DIV and IDIV.
        case (.primary, 0xF6), (.primary, 0xF7):
            guard instruction.extensionDigit >= 6, random.below(3) > 0 else { return }
            before[general: 2] = random.flip() ? 0 : UInt64(random.below(16))
            if random.flip() { before[general: 2] = UInt64(bitPattern: Int64(bitPattern: before[general: 0]) >> 63) }
        // MOVS, CMPS, STOS, LODS, SCAS.
        case (.primary, 0xA4...0xA7), (.primary, 0xAA...0xAF):
            guard random.below(10) > 0 else { return }
            before[general: 1] = UInt64(random.below(random.flip() ? 8 : 300))
            before[general: 6] = Window.data + 0x800 + UInt64(random.below(0x1000))
            before[general: 7] = Window.data + 0x800 + UInt64(random.below(0x1000))
            if random.once(in: 3) { before[general: 7] = before[general: 6] &+ UInt64(random.below(32)) &- 16 }
            if random.once(in: 8) { before[general: 7] = Window.data + 0x2000 - UInt64(random.below(300)) }
            if random.once(in: 8) { before[general: 6] = Window.data + UInt64(random.below(300)) }
            makeStringsAlike(&random)
        // XLAT.
        case (.primary, 0xD7): if random.below(4) > 0 { before[general: 3] = InstructionEncoder.target(&random) }
        // ENTER, LEAVE.
        case (.primary, 0xC8), (.primary, 0xC9):
            if random.below(6) > 0 { before[general: 5] = Window.data + 0x800 + UInt64(random.below(0xC00)) }
        // LOOP and its like.
        case (.primary, 0xE0...0xE3): if random.flip() { before[general: 1] = UInt64(random.below(3)) }
        // POPF, RET far, IRET: frames that are right for once.
        case (.primary, 0x9D), (.primary, 0xCA), (.primary, 0xCB), (.primary, 0xCF): prepareFrame(&random)
        // MASKMOVQ, MASKMOVDQU.
        case (.map0F, 0xF7): if random.below(6) > 0 { before[general: 7] = InstructionEncoder.target(&random) }
        // A 16-bit double shift by more than its size is undefined.
        case (.map0F, 0xA5), (.map0F, 0xAD): if instruction.operandBytes == 2 { before[general: 1] &= ~0x10 }
        // BT and its like reach far with a register.
        case (.map0F, 0xA3), (.map0F, 0xAB), (.map0F, 0xB3), (.map0F, 0xBB):
            if random.below(4) > 0 {
                before[general: instruction.reg] = UInt64(bitPattern: Int64(random.below(20_000) - 10_000))
            }
        // CMPXCHG.
        case (.map0F, 0xB0), (.map0F, 0xB1):
            if instruction.isRegisterForm, random.flip() { before[general: 0] = before[general: instruction.rm] }
        // XSAVE and its like: the components that the emulator has.
        case (.map0F, 0xAE), (.map0F, 0xC7):
            if instruction.extensionDigit >= 3, !instruction.isRegisterForm {
                before[general: 0] = random.next() & 3 | (random.flip() ? 3 : 0)
                before[general: 2] = 0
            }
        // PCMPESTRI, PCMPESTRM.
        case (.map0F3A, 0x60...0x63):
            if random.below(4) > 0 {
                before[general: 0] = UInt64(bitPattern: Int64(random.below(40) - 20))
                before[general: 2] = UInt64(bitPattern: Int64(random.below(40) - 20))
            }
            if random.flip() {
                // Few different characters, some of them 0.
                for number in 0..<32 { before[vector: number] &= 0x0101_0303_0103_0001 }
            }
        default: break
        }
    }

    private func makeStringsAlike(_ random: inout RandomBits) {
        guard instruction.opcode & 0xFE == 0xA6 || instruction.opcode & 0xFE == 0xAE, random.flip() else { return }
        let value = random.flip() ? 0 : random.next()
        for offset in stride(from: 0, to: Int(Window.dataSize), by: 8) { setWord(offset, value) }
        if random.flip() { before[general: 0] = value }
        for _ in 0..<4 { setWord(random.below(Int(Window.dataSize) - 8), random.next()) }
    }

    private func prepareFrame(_ random: inout RandomBits) {
        guard let offset = windowOffset(before[general: 4], 64) else { return }
        let size = test.is32Bit ? instruction.operandBytes : instruction.opcode == 0x9D ? 8 : instruction.operandBytes
        func set(_ index: Int, _ value: UInt64) {
            for byte in 0..<size {
                test.dataBefore.storeBytes(
                    of: UInt8(truncatingIfNeeded: value >> UInt64(byte * 8)),
                    toByteOffset: offset + index * size + byte,
                    as: UInt8.self)
            }
        }
        if instruction.opcode == 0x9D { return set(0, random.next() & 0x27_7FD5) }
        guard random.flip() else { return }
        set(0, Window.code + UInt64(random.below(Int(Window.codeSize))))
        set(
            1,
            UInt64(random.pick([LinuxSegments.userCode, LinuxSegments.userCode, LinuxSegments.userCode32, 0x2B, 0x10])))
        guard instruction.opcode == 0xCF else { return }
        set(2, random.next() & 0x27_7ED5)
        set(3, InstructionEncoder.target(&random))
        set(4, UInt64(random.pick([LinuxSegments.userData, LinuxSegments.userData, 0, 0x18])))
    }

    // MARK: Memory

    private func prepareMemory(_ offset: Int, _ random: inout RandomBits) {
        switch (instruction.map, instruction.opcode) {
        case (.map0F, 0xB0), (.map0F, 0xB1):
            // Not where the register is part of the address.
            if random.flip(), instruction.base != 0, instruction.index != 0 { before[general: 0] = word(offset) }
        case (.map0F, 0xC7) where instruction.extensionDigit == 1:
            guard random.flip(), ![0, 2].contains(instruction.base), ![0, 2].contains(instruction.index) else { return }
            before[general: 0] = instruction.rexW ? word(offset) : word(offset) & 0xFFFF_FFFF | random.next() << 32
            before[general: 2] = instruction.rexW ? word(offset + 8) : word(offset) >> 32 | random.next() << 32
            if test.is32Bit {
                before[general: 0] &= 0xFFFF_FFFF
                before[general: 2] &= 0xFFFF_FFFF
            }
        case (.map0F, 0xAE): prepareStateArea(offset, &random)
        // Far pointers through memory.
        case (.primary, 0xFF) where instruction.extensionDigit == 3 || instruction.extensionDigit == 5:
            guard random.flip() else { return }
            setWord(offset, Window.code + UInt64(random.below(Int(Window.codeSize))))
            let selector = random.pick([
                LinuxSegments.userCode, LinuxSegments.userCode32, LinuxSegments.userData, 0x10, 0,
            ])
            setWord(offset + instruction.operandBytes, UInt64(selector))
        // Values of their kind for the x87 unit.
        case (.primary, 0xDB):
            let (significand, exponent) = random.extended()
            setWord(offset, significand)
            setWord(offset + 8, UInt64(exponent))
        case (.primary, 0xD8), (.primary, 0xD9): setWord(offset, random.floats())
        case (.primary, 0xDC), (.primary, 0xDD): setWord(offset, random.double())
        default:
            if random.flip() { setWord(offset, random.floats()) }
            if random.flip() { setWord(offset + 8, random.floats()) }
        }
    }

    private func prepareStateArea(_ offset: Int, _ random: inout RandomBits) {
        switch instruction.extensionDigit {
        case 1, 5:
            if random.below(8) > 0 { setWord(offset + 24, UInt64(random.mxcsr())) }
            guard instruction.extensionDigit == 5, random.below(8) > 0 else { return }
            setWord(offset + 512, random.next() & 3)
            let isCompact = random.flip()
            setWord(offset + 520, isCompact ? 1 << 63 | word(offset + 512) | random.next() & 3 : 0)
            for index in 2..<8 { setWord(offset + 512 + index * 8, 0) }
            if random.once(in: 10) { setWord(offset + 512 + random.below(8) * 8, random.interesting()) }
        case 2: if random.below(8) > 0 { setWord(offset, UInt64(random.mxcsr())) }
        default: break
        }
    }
}
