@testable import VirtKitEmulator

/// An instruction to compare, encoded with random registers and addresses.
struct InstructionCase: Sendable {
    enum Map: Sendable { case primary, map0F, map0F38, map0F3A }

    /// What ModRM.rm may be.
    enum RM: Sendable { case none, register, memory, both }

    var name: String
    var map = Map.primary
    var opcode: UInt8
    /// A mandatory prefix (F2, F3, 66).
    var prefix: UInt8?
    var rm = RM.both
    /// The whole ModRM byte, a register form.
    var fixedModRM: UInt8?
    /// ModRM.reg where it is an opcode extension.
    var digit: UInt8?
    /// Bytes of immediate; -1: by operand size (2, 4, 4); -2: by operand size (2, 4, 8); -3: one byte that is a branch
    /// to the taken exit; 3: those of ENTER, a small size and a level.
    var immediate = 0
    /// The opcode exists in the 8-, or the 16-, 32- and 64-bit sizes only, or has its own size.
    var isByte = false
    var hasSizes = true
    /// With REX.W (where `hasSizes` is false).
    var isWide = false
    /// With LOCK, where the operand is memory.
    var lock = false
    /// Flags that are undefined afterwards.
    var ignoredFlags: UInt64 = 0
    /// Leaves RSP as a register operand alone: the instruction uses the stack.
    var usesStack = false
    /// Divisions and their like: small values raise the odds of a result.
    var smallDividend = false
    /// The register of ModRM.reg is a bit offset: values that stay within the data.
    var isBitOffset = false
    /// The count of a 16-bit shift stays below 16: more is undefined.
    var limitsCount = false
    /// RAX (4: EDX:EAX, 8: RDX:RAX) is what memory holds, every other time: bytes of it.
    var expectsMemory = 0
    /// Adjusts the registers of a run.
    var prepare: (@Sendable (inout Registers, inout RandomBits) -> Void)?
}

/// One encoding of a case, and how its memory operand is reached.
struct EncodedCase {
    var bytes: [UInt8]
    /// The registers that take part in the address, and the displacement.
    var base: Int?
    var index: Int?
    var scale: UInt8 = 0
    var displacement: Int64 = 0
    var isMemory = false
    var addressIs32 = false
    var operandBytes = 4
    /// ModRM.reg and ModRM.rm (of a register form), extended by REX.
    var reg = 0
    var rm = 0
    /// The address is in the encoding.
    var fixedTarget: UInt64?
}

extension InstructionCase {
    /// A random encoding.
    ///
    /// - Parameter absolute: Memory operands are at constant addresses.
    /// - Parameter is32: For 32-bit code: no REX.
    func encode(_ random: inout RandomBits, absolute: Bool = false, is32: Bool = false) -> EncodedCase {
        var legacy: [UInt8] = []
        var rex: UInt8 = 0
        var operandBytes = 4
        var encoded = EncodedCase(bytes: [])
        if lock { legacy.append(0xF0) }
        if hasSizes, !isByte {
            switch random.below(3) {
            case 0:
                legacy.append(0x66)
                operandBytes = 2
            case 1 where !is32:
                rex |= 0x48
                operandBytes = 8
            default: break
            }
        }
        if isWide { rex |= 0x48 }
        let isMemory = rm == .memory || (rm == .both && random.flip())
        if isMemory, !is32, random.below(6) == 0 {
            legacy.append(0x67)
            encoded.addressIs32 = true
        }
        if let prefix { legacy.append(prefix) }
        if !is32, random.below(3) == 0 { rex |= 0x40 }
        var tail: [UInt8] = []
        if rm != .none {
            let reg = Int(digit ?? UInt8(random.below(8)))
            if let fixedModRM {
                encoded.bytes = legacy + (rex != 0 ? [rex] : []) + [opcode, fixedModRM]
                return encoded
            }
            if digit == nil, !is32, random.flip() { rex |= 0x44 }
            encoded.reg = reg | Int(rex & 4) << 1
            if isMemory {
                tail = memoryOperand(reg, &rex, &encoded, &random, absolute: absolute, is32: is32)
            } else {
                var register = random.below(8)
                if !is32, random.flip() { rex |= 0x41 }
                if usesStack, register == 4, rex & 1 == 0 { register = 3 }
                encoded.rm = register | Int(rex & 1) << 3
                tail = [0xC0 | UInt8(reg) << 3 | UInt8(register)]
            }
        }
        let opcodeBytes: [UInt8] =
            switch map {
            case .primary: [opcode]
            case .map0F: [0x0F, opcode]
            case .map0F38: [0x0F, 0x38, opcode]
            case .map0F3A: [0x0F, 0x3A, opcode]
            }
        var constant: [UInt8] = []
        switch immediate {
        case -3: break
        case 3: constant = [UInt8(truncatingIfNeeded: random.next()), 1, UInt8(random.below(40))]
        case -2: for _ in 0..<(isByte ? 1 : operandBytes) { constant.append(UInt8(truncatingIfNeeded: random.next())) }
        case -1:
            for _ in 0..<min(operandBytes, 4) { constant.append(UInt8(truncatingIfNeeded: random.interesting())) }
        default: for _ in 0..<immediate { constant.append(UInt8(truncatingIfNeeded: random.next() >> 17)) }
        }
        if limitsCount, operandBytes == 2, let last = constant.last { constant[constant.count - 1] = last & 15 }
        encoded.operandBytes = operandBytes
        var bytes = legacy + (rex != 0 ? [rex] : []) + opcodeBytes + tail + constant
        if immediate == -3 { bytes.append(UInt8(0x80 - bytes.count - 1)) }
        if let target = encoded.fixedTarget, encoded.base == X86Instruction.ripBase {
            // The displacement stands before the immediate.
            let end = bytes.count - constant.count
            let value = UInt32(truncatingIfNeeded: target &- (NativeHarness.code + UInt64(bytes.count)))
            for index in 0..<4 { bytes[end - 4 + index] = UInt8(truncatingIfNeeded: value >> UInt32(index * 8)) }
        }
        encoded.bytes = bytes
        encoded.isMemory = isMemory
        return encoded
    }

    private func memoryOperand(
        _ reg: Int, _ rex: inout UInt8, _ encoded: inout EncodedCase, _ random: inout RandomBits,
        absolute: Bool, is32: Bool
    ) -> [UInt8] {
        let middle = UInt8(reg) << 3
        let kind = absolute ? 1 : random.below(8)
        encoded.addressIs32 = encoded.addressIs32 || is32
        if kind == 0, !is32 {
            encoded.base = X86Instruction.ripBase
            encoded.fixedTarget = NativeHarness.data + 0x800 + UInt64(random.below(128)) * 16
            return [middle | 5, 0, 0, 0, 0]
        }
        if kind == 1 {
            let target = NativeHarness.data + 0x800 + UInt64(random.below(128)) * 16
            encoded.fixedTarget = target
            let bytes = (0..<4).map { UInt8(truncatingIfNeeded: target >> UInt64($0 * 8)) }
            return [middle | 4, 0x25] + bytes
        }
        // Not RSP (4) where the instruction uses the stack, and never RAX to RDX, which many use implicitly.
        let bases = is32 ? [3, 5, 6, 7] : usesStack ? [3, 5, 6, 7, 9, 12, 13, 14] : [3, 4, 5, 6, 7, 9, 12, 13, 14]
        let base = bases[random.below(bases.count)]
        let displacementBytes = [0, 1, 4][random.below(3)]
        var mod: UInt8 = displacementBytes == 0 ? 0 : displacementBytes == 1 ? 0x40 : 0x80
        var displacement: [UInt8] = []
        if displacementBytes == 0, base & 7 == 5 {
            mod = 0x40
            displacement = [0]
        } else if displacementBytes > 0 {
            let value =
                displacementBytes == 1 ? Int64(Int8(truncatingIfNeeded: random.next())) : Int64(random.below(4000))
            encoded.displacement = value
            displacement = (0..<displacementBytes).map { UInt8(truncatingIfNeeded: value >> Int64($0 * 8)) }
        }
        encoded.base = base
        if base >= 8 { rex |= 0x41 }
        if kind < 5 || base & 7 == 4 {
            var index = 4
            if kind < 5 {
                let indices = (is32 ? [3, 6, 7] : [8, 10, 11, 15]).filter { $0 != base }
                index = indices[random.below(indices.count)]
                if index >= 8 { rex |= 0x42 }
                encoded.index = index
                encoded.scale = UInt8(random.below(4))
            }
            let sib = encoded.scale << 6 | UInt8(index & 7) << 3 | UInt8(base & 7)
            return [mod | middle | 4, sib] + displacement
        }
        return [mod | middle | UInt8(base & 7)] + displacement
    }

    /// Random registers under which the memory operand lies in the data.
    func registers(for encoded: EncodedCase, _ random: inout RandomBits) -> Registers {
        var registers = Registers()
        for index in 0..<16 { registers.general[index] = random.interesting() }
        for index in 0..<32 { registers.vectors[index] = random.floats() }
        registers.mxcsr = random.mxcsr()
        registers.fillUnit(&random)
        if smallDividend, random.below(3) > 0 { registers.general[2] = random.flip() ? 0 : UInt64(random.below(16)) }
        if limitsCount, encoded.operandBytes == 2 { registers.general[1] &= 15 }
        if isBitOffset { registers.general[encoded.reg] = UInt64(bitPattern: Int64(random.below(8000) - 4000)) }
        registers.flags = 0x202 | random.next() & FlagBits.all
        if random.below(8) == 0 { registers.flags |= 1 << 10 }
        registers.general[4] = NativeHarness.data + 0x1800 + UInt64(random.below(64)) * 8
        guard encoded.isMemory, encoded.fixedTarget == nil, let base = encoded.base else {
            prepare?(&registers, &random)
            return registers
        }
        // Now and then over the end of the data.
        var target = NativeHarness.data + 0x800 + UInt64(random.below(2048))
        if random.flip() { target &= ~15 }
        if random.below(24) == 0 { target = NativeHarness.dataEnd - UInt64(random.below(20)) }
        var value = target &- UInt64(bitPattern: encoded.displacement)
        if let index = encoded.index {
            registers.general[index] = random.interesting() & 0xFFFF
            value = value &- registers.general[index] << UInt64(encoded.scale)
        }
        if encoded.addressIs32, base != 4 { value = value & 0xFFFF_FFFF | random.next() << 32 }
        registers.general[base] = value
        prepare?(&registers, &random)
        return registers
    }
}

extension EncodedCase {
    /// The address of the memory operand under `registers`.
    func address(_ registers: Registers) -> UInt64 {
        if let fixedTarget { return fixedTarget }
        var sum = UInt64(bitPattern: displacement)
        if let base, base < 16 { sum = sum &+ registers.general[base] }
        if let index { sum = sum &+ registers.general[index] << UInt64(scale) }
        return addressIs32 ? sum & 0xFFFF_FFFF : sum
    }
}
