func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }

func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

/// A generator with a seed, xorshift64*.
struct RandomBits {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_F491_4F6C_DD1D
    }

    mutating func below(_ bound: Int) -> Int { Int(next() >> 33) % max(1, bound) }
    mutating func flip() -> Bool { next() >> 40 & 1 != 0 }
    /// True once in `count` times.
    mutating func once(in count: Int) -> Bool { below(count) == 0 }
    mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: next() >> 24) }

    mutating func pick<T>(_ list: [T]) -> T { list[below(list.count)] }

    /// A value of the kind that finds mistakes.
    mutating func interesting() -> UInt64 {
        switch below(12) {
        case 0: 0
        case 1: .max
        case 2: UInt64(below(256))
        case 3: 1 << UInt64(below(64))
        case 4: (1 << UInt64(below(64))) &- 1
        case 5: 0x8000_0000_8000_8080
        case 6: 0x7FFF_FFFF_7FFF_7F7F
        case 7: next() & 0xFFFF_FFFF
        case 8: UInt64(bitPattern: Int64(below(64)) - 32)
        case 9: ~(1 << UInt64(below(64)))
        default: next()
        }
    }
}

/// Floating-point bit patterns, the edges of each kind among them.
extension RandomBits {
    mutating func single() -> UInt32 {
        let sign: UInt32 = flip() ? 1 << 31 : 0
        switch below(12) {
        case 0: return sign
        case 1: return sign | 0x7F80_0000
        case 2: return sign | 0x7FC0_0000 | UInt32(truncatingIfNeeded: next() & 0x3F_FFFF)
        case 3: return sign | 0x7F80_0001 | UInt32(truncatingIfNeeded: next() & 0x3F_FFFF)
        case 4: return sign | UInt32(truncatingIfNeeded: next() & 0x7F_FFFF)
        case 5: return sign | pick([1, 0x007F_FFFF, 0x0080_0000, 0x0080_0001, 0x7F7F_FFFF, 0x3F80_0000, 0x3F7F_FFFF])
        case 6: return sign | pick([0x4EFF_FFFF, 0x4F00_0000, 0x5EFF_FFFF, 0x5F00_0000, 0x3F00_0000, 0x3FC0_0000])
        case 7, 8: return (Float(below(4000)) / 4 - 500).bitPattern
        case 9: return sign | UInt32(120 + below(16)) << 23 | UInt32(truncatingIfNeeded: next() & 0x7F_FFFF)
        default: return UInt32(truncatingIfNeeded: next())
        }
    }

    mutating func double() -> UInt64 {
        let sign: UInt64 = flip() ? 1 << 63 : 0
        let fraction = next() >> 12
        switch below(12) {
        case 0: return sign
        case 1: return sign | 0x7FF0_0000_0000_0000
        case 2: return sign | 0x7FF8_0000_0000_0000 | fraction >> 1
        case 3: return sign | 0x7FF0_0000_0000_0001 | fraction >> 1
        case 4: return sign | fraction
        case 5:
            return sign
                | pick([
                    1, 0x000F_FFFF_FFFF_FFFF, 0x0010_0000_0000_0000, 0x7FEF_FFFF_FFFF_FFFF, 0x3FF0_0000_0000_0000,
                    0x36A0_0000_0000_0000, 0x3690_0000_0000_0000, 0x380F_FFFF_FFFF_FFFF, 0x47EF_FFFF_FFFF_FFFF,
                ])
        case 6:
            return sign
                | pick([
                    0x41DF_FFFF_FFC0_0000, 0x41E0_0000_0000_0000, 0x43DF_FFFF_FFFF_FFFF, 0x43E0_0000_0000_0000,
                    0x3FE0_0000_0000_0000, 0x3FF8_0000_0000_0000, 0x41DF_FFFF_FFE0_0000,
                ])
        case 7, 8: return (Double(below(4000)) / 4 - 500).bitPattern
        case 9: return sign | UInt64(1010 + below(26)) << 52 | fraction
        default: return next()
        }
    }

    /// Two singles or a double.
    mutating func floats() -> UInt64 {
        switch below(5) {
        case 0, 1: UInt64(single()) | UInt64(single()) << 32
        case 2, 3: double()
        default: interesting()
        }
    }

    /// A double-extended value: significand, sign and exponent.
    mutating func extended() -> (UInt64, UInt16) {
        let sign: UInt16 = flip() ? 0x8000 : 0
        let one: UInt64 = 1 << 63
        switch below(16) {
        case 0: return (0, sign)
        case 1: return (one, sign | 0x7FFF)
        case 2: return (one | 1 << 62 | next() >> 2, sign | 0x7FFF)
        case 3: return (one | 1 | next() >> 2, sign | 0x7FFF)
        case 4: return (next() >> 1, sign)
        case 5: return (one | next(), sign)
        case 6: return (next() >> 1, sign | UInt16(truncatingIfNeeded: next() & 0x7FFF))
        case 7: return (pick([one, .max, one | 1]), sign | pick([1, 0x7FFE, 0x3FFF, 0x3FFE, 0x403E, 0x401E]))
        case 8, 9:
            let value = Double(below(4000)) / 4 - 500
            if value == 0 { return (0, sign) }
            let exponent = UInt16(truncatingIfNeeded: Int(value.exponent) + 0x3FFF)
            return (one | value.significandBitPattern << 11, (value < 0 ? 0x8000 : 0) | exponent)
        case 10...13: return (one | next(), sign | UInt16(0x3FFF - 30 + below(100)))
        default: return (one | next(), UInt16(truncatingIfNeeded: next()))
        }
    }

    /// Mostly all exceptions masked.
    mutating func mxcsr() -> UInt32 {
        var value: UInt32 = 0x1F80
        if flip() { value |= UInt32(below(4)) << 13 | UInt32(below(64)) }
        if once(in: 6) { value |= 1 << 6 }
        if once(in: 6) { value |= 1 << 15 }
        if once(in: 10) { value &= ~(UInt32(below(64)) << 7) }
        return value
    }
}
