#if DEBUG
    /// How much of the random cases a build runs: an unoptimised one is some forty times slower.
    let sampleShare = 10
#else
    let sampleShare = 1
#endif

/// A small generator of test operands, the same in every run.
struct SampleGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }

    mutating func below(_ bound: UInt64) -> UInt64 { next() % bound }

    /// Bits with long runs of zeros and ones, to meet halfway cases and carries.
    mutating func roughBits() -> UInt64 {
        switch below(4) {
        case 0: next()
        case 1: next() & next() & next() << below(64)
        case 2: (next() | ~(UInt64.max << below(64))) & UInt64.max << below(64)
        default: 1 << below(64) &- (below(3) == 0 ? 1 : 0) ^ 1 << below(64)
        }
    }

    /// A number in a format of `exponentBits` and `fractionBits`: special, near a special one, or rough.
    mutating func number(exponentBits: UInt64, fractionBits: UInt64) -> UInt64 {
        let maxField: UInt64 = 1 << exponentBits - 1
        let bias = maxField >> 1
        let field =
            switch below(12) {
            case 0: 0 as UInt64
            case 1: maxField
            case 2: below(4)
            case 3: maxField - below(4)
            case 4: below(maxField)
            case 5: bias / 2 + below(fractionBits)
            case 6: bias + bias / 2 + below(fractionBits)
            case 7: bias + below(66)
            default: bias - 3 + below(8)
            }
        let fraction =
            switch below(6) {
            case 0: 0 as UInt64
            case 1: below(4)
            case 2: ~below(4)
            default: roughBits()
            }
        let sign = next() & 1
        return sign << (exponentBits + fractionBits) | (field & maxField) << fractionBits
            | fraction & (1 << fractionBits - 1)
    }

    mutating func single() -> UInt32 { UInt32(number(exponentBits: 8, fractionBits: 23)) }

    mutating func double() -> UInt64 { number(exponentBits: 11, fractionBits: 52) }
}
