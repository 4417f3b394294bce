/// One decoded x86 instruction: what the bytes say, before any meaning (Intel SDM volume 2, chapter 2).
struct X86Instruction: Sendable {
    enum Map: UInt8, Sendable {
        /// One-byte opcodes.
        case primary
        case map0F, map0F38, map0F3A
    }

    /// Bytes in all, 1 … 15.
    var length = 0
    var map = Map.primary
    var opcode: UInt8 = 0
    /// The ModRM byte, 0 if the instruction has none.
    var modRM: UInt8 = 0
    var hasModRM = false
    /// The REX prefix in force, 0 if none.
    var rex: UInt8 = 0
    /// 66, whatever else selects the operand size.
    var hasOperandSizePrefix = false
    var hasLock = false
    /// The last of F2 and F3.
    var repeats = X86HelperImmediate.Repeats.none
    /// The operand size that prefixes and mode select: 2, 4 or 8. Byte forms and 64-bit defaults are lowering's.
    var operandBytes = 4
    /// 2, 4 or 8.
    var addressBytes = 8
    /// The segment of the memory operand: the override, or the default by base register. 0 … 5.
    var segment = 3
    /// A segment override is in force.
    var hasSegmentOverride = false
    /// Sign-extended from its size. For a far pointer the offset; for ENTER the size.
    var immediate: Int64 = 0
    /// The selector of a far pointer, ENTER's level.
    var immediate2: UInt16 = 0

    // The memory operand.
    /// Base register 0 … 15, ``ripBase`` or ``noRegister``.
    var base = noRegister
    /// Index register or ``noRegister``.
    var index = noRegister
    /// log2 of the scale.
    var scale: UInt8 = 0
    /// Sign-extended.
    var displacement: Int64 = 0

    static let noRegister = -1
    static let ripBase = 16

    var hasREX: Bool { rex != 0 }
    var rexW: Bool { rex & 8 != 0 }
    /// ModRM.mod.
    var mod: UInt8 { modRM >> 6 }
    /// ModRM.rm names a register.
    var isRegisterForm: Bool { modRM >= 0xC0 }
    /// ModRM.reg as an opcode extension.
    var extensionDigit: UInt8 { modRM >> 3 & 7 }
    /// ModRM.reg with REX.R.
    var reg: Int { Int(modRM >> 3 & 7) | Int(rex & 4) << 1 }
    /// ModRM.rm with REX.B (register form).
    var rm: Int { Int(modRM & 7) | Int(rex & 1) << 3 }
    /// The register in the opcode's low bits, with REX.B.
    var opcodeRegister: Int { Int(opcode & 7) | Int(rex & 1) << 3 }
}
