import CVirtKitTestSupport

/// A reproducible source of operands that are worth trying.
struct VectorSamples {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        // SplitMix64.
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    private static let singles: [UInt32] = [
        0, 0x8000_0000, 1, 0x8000_0001, 0x007F_FFFF, 0x0080_0000, 0x8080_0000, 0x0080_0001, 0x3F80_0000, 0xBF80_0000,
        0x3F00_0000, 0x3FC0_0000, 0x4020_0000, 0x4B00_0001, 0x4EFF_FFFF, 0x4F00_0000, 0xCF00_0000, 0xCF00_0001,
        0x5F00_0000, 0xDF00_0000, 0x7F7F_FFFF, 0xFF7F_FFFF, 0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0xFFC1_2345,
        0x7F80_0001, 0xFFA0_0000, 0x1F80_0000, 0x2000_0000, 0x3300_0000, 0x33FF_FFFF,
    ]
    private static let doubles: [UInt64] = [
        0, 1 << 63, 1, 1 << 63 | 1, 0x000F_FFFF_FFFF_FFFF, 0x0010_0000_0000_0000, 0x8010_0000_0000_0001,
        0x3FF0_0000_0000_0000, 0xBFF0_0000_0000_0000, 0x3FE0_0000_0000_0000, 0x4004_0000_0000_0000,
        0x41DF_FFFF_FFC0_0000, 0x41E0_0000_0000_0000, 0xC1E0_0000_0010_0000, 0xC1E0_0000_0000_0000,
        0x43E0_0000_0000_0000, 0xC3E0_0000_0000_0000, 0x7FEF_FFFF_FFFF_FFFF, 0x7FF0_0000_0000_0000,
        0xFFF0_0000_0000_0000, 0x7FF8_0000_0000_0000, 0xFFF8_0000_0001_2345, 0x7FF0_0000_0000_0001,
        0xFFF4_0000_0000_0000, 0x3810_0000_0000_0000, 0x380F_FFFF_FFFF_FFFF, 0x47EF_FFFF_F000_0000,
        0x36A0_0000_0000_0000, 0x3690_0000_0000_0001, 0x2000_0000_0000_0000, 0x1FF0_0000_0000_0000,
    ]
    private static let integers: [UInt16] = [0, 1, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0xFF7F]

    /// 64 bits: random, special numbers of one of the formats, or few different bytes.
    mutating func operand() -> UInt64 {
        switch below(8) {
        case 0: return next()
        case 1: return Self.doubles[below(Self.doubles.count)]
        case 2:
            // A double of moderate size.
            return next() & ~(0x7FF << 52) | UInt64(1023 - 70 + below(140)) << 52
        case 3:
            return UInt64(Self.singles[below(Self.singles.count)])
                | UInt64(Self.singles[below(Self.singles.count)]) << 32
        case 4:
            let high = UInt64(127 - 40 + below(80)) << 55 | UInt64(127 - 40 + below(80)) << 23
            return next() & ~(0xFF << 55 | 0xFF << 23) | high
        case 5:
            var value: UInt64 = 0
            for _ in 0..<4 { value = value << 16 | UInt64(Self.integers[below(Self.integers.count)]) }
            return value
        case 6:
            var value: UInt64 = 0
            for _ in 0..<8 { value = value << 8 | UInt64(below(3)) }
            return value
        default: return UInt64(below(80))
        }
    }

    mutating func state(masked: Bool) -> simd_state {
        var state = simd_state()
        withUnsafeMutableBytes(of: &state) { bytes in
            for offset in stride(from: 0, to: 112, by: 8) {
                bytes.storeBytes(of: operand(), toByteOffset: offset, as: UInt64.self)
            }
        }
        if below(2) == 0 {
            state.rax = UInt64(bitPattern: Int64(below(40) - 20))
            state.rdx = UInt64(bitPattern: Int64(below(40) - 20))
        }
        // Flags, DAZ, masks, rounding, FZ.
        let masks = masked ? 0x3F : UInt32(below(64))
        state.mxcsr = UInt32(below(4) << 13) | masks << 7
        if below(4) == 0 { state.mxcsr |= 1 << 6 }
        if below(4) == 0 { state.mxcsr |= 1 << 15 }
        if masked, below(4) == 0 { state.mxcsr |= UInt32(below(64)) }
        return state
    }
}
