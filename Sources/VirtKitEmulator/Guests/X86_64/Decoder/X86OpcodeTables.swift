/// What follows each opcode, one character an opcode, sixteen a row (Intel SDM volume 2, appendix A).
///
///     .  nothing               M  ModRM                       x  undefined
///     b  imm8, rel8            B  ModRM imm8                  P  prefix or escape
///     z  imm16/32              Z  ModRM imm16/32              C  ModRM that always names registers
///     v  imm16/32/64           w  imm16                       e  imm16 imm8
///     J  rel16/32              o  address                     p  far pointer
///     G  ModRM, imm8 if the extension is 0 or 1               H  ModRM, imm16/32 if the extension is 0 or 1
enum X86OpcodeTables {
    static let primary: StaticString = """
        MMMMbz..MMMMbz.P\
        MMMMbz..MMMMbz..\
        MMMMbzP.MMMMbzP.\
        MMMMbzP.MMMMbzP.\
        ................\
        ................\
        ..MMPPPPzZbB....\
        bbbbbbbbbbbbbbbb\
        BZBBMMMMMMMMMMMM\
        ..........p.....\
        oooo....bz......\
        bbbbbbbbvvvvvvvv\
        BBw.MMBZe.w..b..\
        MMMMbb..MMMMMMMM\
        bbbbbbbbJJpb....\
        P.PP..GH......MM
        """

    /// Undefined in 64-bit mode: one bit an opcode. (40 … 4F are REX; 62, C4 and C5 are EVEX and VEX, not offered.)
    static let undefinedIn64Bit: [UInt8] = {
        var bits = [UInt8](repeating: 0, count: 32)
        for opcode in [
            0x06, 0x07, 0x0E, 0x16, 0x17, 0x1E, 0x1F, 0x27, 0x2F, 0x37, 0x3F, 0x60, 0x61, 0x62, 0x82, 0x9A, 0xC4, 0xC5,
            0xCE, 0xD4, 0xD5, 0xD6, 0xEA,
        ] {
            bits[opcode >> 3] |= 1 << UInt8(opcode & 7)
        }
        return bits
    }()

    static let map0F: StaticString = """
        MMMMx.....x.xMxx\
        MMMMMMMMMMMMMMMM\
        CCCCxxxxMMMMMMMM\
        ......xxPxPxxxxx\
        MMMMMMMMMMMMMMMM\
        MMMMMMMMMMMMMMMM\
        MMMMMMMMMMMMMMMM\
        BBBBMMM.xxxxMMMM\
        JJJJJJJJJJJJJJJJ\
        MMMMMMMMMMMMMMMM\
        ...MBMxx...MBMMM\
        MMMMMMMMMMBMMMMM\
        MMBMBBBM........\
        MMMMMMMMMMMMMMMM\
        MMMMMMMMMMMMMMMM\
        MMMMMMMMMMMMMMMM
        """

    /// LOCK is allowed with a memory destination: extensions as a bit mask, by opcode; others don't allow it.
    static func lockableExtensions(_ map: X86Instruction.Map, _ opcode: UInt8) -> UInt8 {
        switch (map, opcode) {
        case (.primary, 0x00...0x37) where opcode & 7 < 2: 0xFF
        case (.primary, 0x80...0x83): 0x7F
        case (.primary, 0x86), (.primary, 0x87): 0xFF
        case (.primary, 0xF6), (.primary, 0xF7): 0x0C
        case (.primary, 0xFE), (.primary, 0xFF): 0x03
        case (.map0F, 0xAB), (.map0F, 0xB0), (.map0F, 0xB1), (.map0F, 0xB3): 0xFF
        case (.map0F, 0xBB), (.map0F, 0xC0), (.map0F, 0xC1): 0xFF
        case (.map0F, 0xBA): 0xE0
        case (.map0F, 0xC7): 0x02
        default: 0
        }
    }
}
