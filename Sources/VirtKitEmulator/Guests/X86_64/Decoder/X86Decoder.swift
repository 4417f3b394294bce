/// Decodes instructions of 16-, 32- and 64-bit code.
struct X86Decoder {
    enum Outcome: Sendable {
        case decoded
        /// #UD.
        case undefined
        /// More than 15 bytes: #GP(0).
        case tooLong
        /// The instruction goes on behind the bytes that were given.
        case truncated
    }

    static let maximumLength = 15

    private let bytes: UnsafePointer<UInt8>
    private let limit: Int
    private var position = 0
    private var overrun = false
    private let codeSize: X86Mode.CodeSize

    private init(_ bytes: UnsafePointer<UInt8>, _ limit: Int, _ codeSize: X86Mode.CodeSize) {
        self.bytes = bytes
        self.limit = limit
        self.codeSize = codeSize
    }

    /// Decodes the instruction at `bytes`, of which `count` may be read.
    static func decode(
        _ bytes: UnsafePointer<UInt8>, count: Int, codeSize: X86Mode.CodeSize, into result: inout X86Instruction
    ) -> Outcome {
        result = X86Instruction()
        var decoder = X86Decoder(bytes, min(count, maximumLength), codeSize)
        let isDefined = decoder.run(&result)
        result.length = decoder.position
        if decoder.overrun { return count >= maximumLength ? .tooLong : .truncated }
        return isDefined ? .decoded : .undefined
    }

    // MARK: Bytes

    private mutating func next8() -> UInt8 {
        guard position < limit else {
            overrun = true
            return 0
        }
        // SAFETY: position < limit, and the caller of `decode` vouches for that many bytes.
        let value = bytes[position]
        position &+= 1
        return value
    }

    private mutating func nextSigned(_ count: Int) -> Int64 {
        var value: UInt64 = 0
        for index in 0..<count { value |= UInt64(next8()) << UInt64(index &* 8) }
        let shift = UInt64(64 &- count &* 8)
        return Int64(bitPattern: value << shift) >> Int64(shift)
    }

    // MARK: Parts

    private mutating func run(_ result: inout X86Instruction) -> Bool {
        let first = prefixes(&result)
        result.opcode = first
        switch codeSize {
        case .bits64:
            result.operandBytes = result.rexW ? 8 : result.hasOperandSizePrefix ? 2 : 4
        case .bits32:
            result.operandBytes = result.hasOperandSizePrefix ? 2 : 4
        case .bits16:
            result.operandBytes = result.hasOperandSizePrefix ? 4 : 2
        }
        guard let kind = opcode(&result), kind != UInt8(ascii: "x"), !overrun else { return false }
        guard operands(kind, &result) else { return false }
        return !result.hasLock || isLockable(result)
    }

    /// Reads prefixes, and returns the first byte that is none.
    private mutating func prefixes(_ result: inout X86Instruction) -> UInt8 {
        let wide = codeSize == .bits64
        var addressPrefix = false
        var byte: UInt8
        while true {
            byte = next8()
            if overrun { break }
            var isPrefix = true
            switch byte {
            case 0x26, 0x2E, 0x36, 0x3E:
                if !wide {
                    result.segment = Int(byte >> 3 & 3)
                    result.hasSegmentOverride = true
                }
            case 0x64, 0x65:
                result.segment = Int(byte & 7)
                result.hasSegmentOverride = true
            case 0x66: result.hasOperandSizePrefix = true
            case 0x67: addressPrefix = true
            case 0xF0: result.hasLock = true
            case 0xF2: result.repeats = .whileNotEqual
            case 0xF3: result.repeats = .whileEqual
            case 0x40...0x4F where wide:
                // In force only right before the opcode.
                result.rex = byte
                continue
            default: isPrefix = false
            }
            if !isPrefix { break }
            result.rex = 0
        }
        switch codeSize {
        case .bits64: result.addressBytes = addressPrefix ? 4 : 8
        case .bits32: result.addressBytes = addressPrefix ? 2 : 4
        case .bits16: result.addressBytes = addressPrefix ? 4 : 2
        }
        return byte
    }

    /// Reads escape bytes, sets map and opcode, and returns what follows; nil is undefined.
    private mutating func opcode(_ result: inout X86Instruction) -> UInt8? {
        let first = result.opcode
        guard first == 0x0F else {
            if codeSize == .bits64 {
                if X86OpcodeTables.undefinedIn64Bit[Int(first >> 3)] >> (first & 7) & 1 != 0 { return nil }
            } else if first == 0x62 || first == 0xC4 || first == 0xC5 {
                // BOUND, LES and LDS have a memory operand; else it is EVEX or VEX, not offered.
                if position < limit, bytes[position] >= 0xC0 { return nil }
            }
            return X86OpcodeTables.primary.utf8Start[Int(first)]
        }
        let second = next8()
        result.opcode = second
        switch second {
        case 0x38:
            result.map = .map0F38
            result.opcode = next8()
            return UInt8(ascii: "M")
        case 0x3A:
            result.map = .map0F3A
            result.opcode = next8()
            return UInt8(ascii: "B")
        default:
            result.map = .map0F
            return X86OpcodeTables.map0F.utf8Start[Int(second)]
        }
    }

    private mutating func operands(_ kind: UInt8, _ result: inout X86Instruction) -> Bool {
        let zBytes = result.operandBytes == 2 ? 2 : 4
        switch kind {
        case UInt8(ascii: "."): break
        case UInt8(ascii: "b"): result.immediate = nextSigned(1)
        case UInt8(ascii: "z"): result.immediate = nextSigned(zBytes)
        case UInt8(ascii: "v"): result.immediate = nextSigned(result.operandBytes)
        case UInt8(ascii: "w"): result.immediate = nextSigned(2) & 0xFFFF
        case UInt8(ascii: "J"):
            // 66 is ignored in 64-bit mode, as Intel does (AMD truncates IP).
            result.immediate = nextSigned(codeSize == .bits64 ? 4 : zBytes)
        case UInt8(ascii: "o"):
            result.displacement = nextSigned(result.addressBytes)
        case UInt8(ascii: "e"):
            result.immediate = nextSigned(2) & 0xFFFF
            result.immediate2 = UInt16(next8())
        case UInt8(ascii: "p"):
            result.immediate = nextSigned(zBytes)
            result.immediate2 = UInt16(truncatingIfNeeded: nextSigned(2))
        case UInt8(ascii: "M"): modRM(&result)
        case UInt8(ascii: "B"):
            modRM(&result)
            result.immediate = nextSigned(1)
        case UInt8(ascii: "Z"):
            modRM(&result)
            result.immediate = nextSigned(zBytes)
        case UInt8(ascii: "C"):
            result.modRM = next8() | 0xC0
            result.hasModRM = true
        case UInt8(ascii: "G"):
            modRM(&result)
            if result.extensionDigit < 2 { result.immediate = nextSigned(1) }
        case UInt8(ascii: "H"):
            modRM(&result)
            if result.extensionDigit < 2 { result.immediate = nextSigned(zBytes) }
        default: return false
        }
        return true
    }

    private mutating func modRM(_ result: inout X86Instruction) {
        let byte = next8()
        result.modRM = byte
        result.hasModRM = true
        if byte >= 0xC0 { return }
        if result.addressBytes == 2 {
            address16(&result)
            return
        }
        let mod = byte >> 6
        var base = Int(byte & 7)
        if base == 4 {
            let sib = next8()
            let index = Int(sib >> 3 & 7) | Int(result.rex & 2) << 2
            // RSP can't be an index, R12 can.
            if index != 4 { result.index = index }
            result.scale = sib >> 6
            base = Int(sib & 7)
            if base == 5, mod == 0 {
                result.displacement = nextSigned(4)
                return
            }
        } else if base == 5, mod == 0 {
            result.displacement = nextSigned(4)
            if codeSize == .bits64 { result.base = X86Instruction.ripBase }
            return
        }
        result.base = base | Int(result.rex & 1) << 3
        if !result.hasSegmentOverride, result.base == 4 || result.base == 5 { result.segment = 2 }
        if mod == 1 { result.displacement = nextSigned(1) }
        if mod == 2 { result.displacement = nextSigned(4) }
    }

    /// 16-bit addressing (SDM volume 2, table 2-1): BX 3, BP 5, SI 6, DI 7.
    private mutating func address16(_ result: inout X86Instruction) {
        let mod = result.modRM >> 6
        switch result.modRM & 7 {
        case 0: (result.base, result.index) = (3, 6)
        case 1: (result.base, result.index) = (3, 7)
        case 2: (result.base, result.index) = (5, 6)
        case 3: (result.base, result.index) = (5, 7)
        case 4: result.base = 6
        case 5: result.base = 7
        case 6:
            if mod == 0 {
                result.displacement = nextSigned(2)
                return
            }
            result.base = 5
        default: result.base = 3
        }
        if !result.hasSegmentOverride, result.base == 5 { result.segment = 2 }
        if mod == 1 { result.displacement = nextSigned(1) }
        if mod == 2 { result.displacement = nextSigned(2) }
    }

    private func isLockable(_ result: X86Instruction) -> Bool {
        guard result.hasModRM, !result.isRegisterForm else { return false }
        let allowed = X86OpcodeTables.lockableExtensions(result.map, result.opcode)
        return allowed >> result.extensionDigit & 1 != 0
    }
}
