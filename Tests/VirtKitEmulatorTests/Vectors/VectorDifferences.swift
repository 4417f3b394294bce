@testable import VirtKitEmulator

/// Where processors of the x86-64 line differ, in real mode, from those that the vectors were recorded on (Intel SDM
/// volume 3B, "Architecture Compatibility"). Such vectors are not run.
enum VectorDifferences {
    /// Why a vector is not run; nil if it is.
    static func reasonToSkip(_ vector: RecordedVector) -> String? {
        let prefixes: Set<UInt8> = [0x26, 0x2E, 0x36, 0x3E, 0xF0, 0xF2, 0xF3]
        let prefix = vector.bytes.prefix { prefixes.contains($0) }
        let rest = Array(vector.bytes.dropFirst(prefix.count))
        guard let opcode = rest.first else { return "no opcode" }
        if [0x64, 0x65, 0x66, 0x67].contains(opcode) { return "prefixes of the 80386" }
        if opcode & 0xF8 == 0xD8 || opcode == 0x9B { return "coprocessor" }
        if opcode == 0xF4 { return "halt" }
        let modRM = rest.count > 1 ? rest[1] : 0
        switch vector.processor {
        case .i8086: return i8086(vector, Array(prefix), opcode, modRM)
        case .i80286: return i80286(vector, Array(prefix), opcode, modRM)
        }
    }

    private static func i8086(
        _ vector: RecordedVector, _ prefix: [UInt8], _ opcode: UInt8, _ modRM: UInt8
    ) -> String? {
        let digit = modRM >> 3 & 7
        let undocumented = "undocumented on the 8086"
        if prefix.contains(0xF0) { return "LOCK, which later processors restrict" }
        switch opcode {
        case 0x0F, 0x60...0x6F, 0xC0, 0xC1, 0xC8, 0xC9, 0xD6, 0xF1: return undocumented
        case 0x8F, 0xC6, 0xC7: if digit != 0 { return undocumented }
        case 0x8C, 0x8E: if digit > 3 || (opcode == 0x8E && digit == 1) { return undocumented }
        case 0x8D, 0xC4, 0xC5, 0x62: if modRM >= 0xC0 { return undocumented }
        case 0xFE: if digit > 1 { return undocumented }
        case 0xFF:
            if digit == 7 || (modRM >= 0xC0 && (digit == 3 || digit == 5)) { return undocumented }
            if modRM == 0xF4 { return pushSP }
        case 0x54: return pushSP
        case 0xD0...0xD3:
            if digit == 6 { return undocumented }
            if opcode >= 0xD2, vector.before(.cx) & 0xFF > 31 { return "shift counts above 31, which later ones mask" }
        case 0xF6, 0xF7:
            if digit == 1 { return undocumented }
            if digit >= 6, !prefix.allSatisfy({ $0 < 0xF2 }) { return "division with a repeat prefix" }
            if digit >= 6, vector.final[RecordedVector.Register.cs.rawValue] != nil { return divide }
        case 0xD4: if vector.final[RecordedVector.Register.cs.rawValue] != nil { return divide }
        case 0x9C, 0xCC, 0xCD, 0xCE: return "flags in memory, whose upper bits are ones"
        case 0x27, 0x2F, 0x37, 0x3F:
            let value = vector.before(.ax)
            if value & 15 > 9 || value >> 4 & 15 > 9 { return "decimal adjustment of what is not decimal" }
        default: break
        }
        if wraps(vector) { return "an operand that wraps round its segment, #GP later" }
        return nil
    }

    private static let pushSP = "PUSH SP, which stores the new value"
    private static let divide = "divide errors, which return to the next instruction"

    private static func i80286(
        _ vector: RecordedVector, _ prefix: [UInt8], _ opcode: UInt8, _ modRM: UInt8
    ) -> String? {
        switch opcode {
        case 0x0F: return "system instructions and those of later processors"
        case 0xF1, 0xD6: return "undocumented on the 80286"
        default: break
        }
        if vector.exception == 6 { return "invalid opcodes and lengths that later processors take" }
        if prefix.contains(0xF0) { return "LOCK, which later processors restrict" }
        if vector.after(.sp) & 1 != vector.before(.sp) & 1, opcode == 0x8E { return "undocumented on the 80286" }
        return nil
    }

    /// Whether a word of memory that changed, or that was read, lies at both ends of a segment.
    private static func wraps(_ vector: RecordedVector) -> Bool {
        for register in [RecordedVector.Register.ds, .es, .ss] {
            let base = UInt32(vector.before(register)) << 4
            let first = base & 0xF_FFFF
            let last = (base + 0xFFFF) & 0xF_FFFF
            let places = Set((vector.initialMemory + vector.finalMemory).map(\.address))
            if places.contains(first), places.contains(last) { return true }
        }
        return false
    }

    /// The flags to compare: those of the set's metadata, or those that the Intel SDM defines.
    static func definedFlags(_ vector: RecordedVector) -> UInt16 {
        let arithmetic: UInt16 = 0x0CD5
        if let mask = vector.definedFlags { return mask & arithmetic }
        let bytes = vector.bytes + [UInt8](repeating: 0x90, count: 16)
        var instruction = X86Instruction()
        _ = bytes.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map {
                X86Decoder.decode($0, count: buffer.count, codeSize: .bits16, into: &instruction)
            }
        }
        let undefined = UndefinedResults.flags(instruction, count: UInt8(truncatingIfNeeded: vector.before(.cx)))
        return arithmetic & ~UInt16(truncatingIfNeeded: undefined)
    }
}
