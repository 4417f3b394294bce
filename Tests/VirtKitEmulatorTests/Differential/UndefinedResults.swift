@testable import VirtKitEmulator

/// Which flags an instruction leaves undefined, from its page in the Intel SDM, volume 2 ("Flags Affected").
enum UndefinedResults {
    static let carry = FlagBits.carry
    static let parity = FlagBits.parity
    static let auxiliary = FlagBits.auxiliary
    static let zero = FlagBits.zero
    static let sign = FlagBits.negative
    static let overflow = FlagBits.overflow

    /// - Parameter count: CL before the instruction; nil where it isn't known.
    static func flags(_ instruction: X86Instruction, count: UInt8?) -> UInt64 {
        switch instruction.map {
        case .primary: primary(instruction, count)
        case .map0F: map0F(instruction, count)
        case .map0F38, .map0F3A: 0
        }
    }

    private static func primary(_ instruction: X86Instruction, _ count: UInt8?) -> UInt64 {
        let digit = instruction.extensionDigit
        switch instruction.opcode {
        // OR, AND, XOR, TEST.
        case 0x08...0x0D, 0x20...0x25, 0x30...0x35, 0x84, 0x85, 0xA8, 0xA9: return auxiliary
        case 0x80...0x83: return digit == 1 || digit == 4 || digit == 6 ? auxiliary : 0
        case 0xF6, 0xF7:
            switch digit {
            case 0, 1: return auxiliary
            case 4, 5: return sign | zero | auxiliary | parity
            case 6, 7: return FlagBits.all
            default: return 0
            }
        case 0x69, 0x6B: return sign | zero | auxiliary | parity
        case 0xC0, 0xC1, 0xD0...0xD3: return shift(instruction, count)
        case 0x27, 0x2F: return overflow
        case 0x37, 0x3F: return overflow | sign | zero | parity
        case 0xD4, 0xD5: return overflow | auxiliary | carry
        default: return 0
        }
    }

    /// RCL, RCR, ROL, ROR; SAL, SAR, SHL, SHR.
    private static func shift(_ instruction: X86Instruction, _ count: UInt8?) -> UInt64 {
        let bytes = instruction.opcode & 1 == 0 ? 1 : instruction.operandBytes
        let known: UInt8?
        switch instruction.opcode {
        case 0xC0, 0xC1: known = UInt8(truncatingIfNeeded: instruction.immediate)
        case 0xD0, 0xD1: known = 1
        default: known = count
        }
        let isRotation = instruction.extensionDigit < 4
        guard let known else { return isRotation ? overflow : overflow | auxiliary | carry }
        let masked = known & (bytes == 8 ? 63 : 31)
        if masked == 0 { return 0 }
        if isRotation { return masked == 1 ? 0 : overflow }
        var flags = auxiliary
        if masked != 1 { flags |= overflow }
        if Int(masked) >= bytes * 8, instruction.extensionDigit != 7 { flags |= carry }
        return flags
    }

    private static func map0F(_ instruction: X86Instruction, _ count: UInt8?) -> UInt64 {
        switch instruction.opcode {
        // SHLD, SHRD.
        case 0xA4, 0xA5, 0xAC, 0xAD:
            let known = instruction.opcode & 1 == 0 ? UInt8(truncatingIfNeeded: instruction.immediate) : count
            guard let known else { return overflow | auxiliary }
            let masked = known & (instruction.operandBytes == 8 ? 63 : 31)
            return masked == 0 ? 0 : masked == 1 ? auxiliary : auxiliary | overflow
        // BT, BTS, BTR, BTC.
        case 0xA3, 0xAB, 0xB3, 0xBB, 0xBA: return overflow | sign | auxiliary | parity
        // IMUL.
        case 0xAF: return sign | zero | auxiliary | parity
        // BSF, BSR; TZCNT, LZCNT.
        case 0xBC, 0xBD:
            return overflow | sign | auxiliary | parity | (instruction.repeats == .whileEqual ? 0 : carry)
        default: return 0
        }
    }

    /// The bits of a general register that the instruction leaves undefined: LAR, 16 to 19 (SDM volume 2A, LAR).
    static func bits(_ instruction: X86Instruction, ofRegister number: Int) -> UInt64 {
        instruction.map == .map0F && instruction.opcode == 0x02 && instruction.reg == number ? 0xF_0000 : 0
    }

    /// Whether the instruction's result depends on an arithmetic flag.
    static func readsFlags(_ instruction: X86Instruction) -> Bool {
        let digit = instruction.extensionDigit
        switch (instruction.map, instruction.opcode) {
        case (.primary, 0x10...0x1F), (.primary, 0x27), (.primary, 0x2F), (.primary, 0x37), (.primary, 0x3F):
            return true
        case (.primary, 0x70...0x7F), (.primary, 0x9C), (.primary, 0x9F), (.primary, 0xE0), (.primary, 0xE1):
            return true
        case (.primary, 0xCE), (.primary, 0xF5), (.primary, 0xDA), (.primary, 0xDB): return true
        case (.primary, 0x80...0x83): return digit == 2 || digit == 3
        case (.primary, 0xC0), (.primary, 0xC1), (.primary, 0xD0...0xD3): return digit == 2 || digit == 3
        case (.map0F, 0x40...0x4F), (.map0F, 0x80...0x9F), (.map0F38, 0xF6): return true
        default: return false
        }
    }

    /// x87 functions whose last bits are the maker's own: within 1 unit in the last place (SDM volume 1, 8.3.10).
    static func isApproximate(_ instruction: X86Instruction) -> Bool {
        instruction.map == .primary && instruction.opcode == 0xD9
            && [0xF0, 0xF1, 0xF2, 0xF3, 0xF9, 0xFB, 0xFE, 0xFF].contains(instruction.modRM)
    }

    /// RCPPS and its like: a relative error of at most 1.5 * 2^-12 (SDM volume 2).
    static func isReciprocal(_ instruction: X86Instruction) -> Bool {
        instruction.map == .map0F && (instruction.opcode == 0x52 || instruction.opcode == 0x53)
    }
}
