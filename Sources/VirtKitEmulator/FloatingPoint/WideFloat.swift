/// A binary number with a 128-bit significand and an unbounded exponent, for computing what is then rounded to 64 bits.
///
/// Its value is `significand × 2^(exponent - 127)`; the top bit of the significand is set unless the number is zero.
/// Results are truncated, so each operation is off by less than two units in the last of the 128 bits.
struct WideFloat: Sendable {
    var sign: Bool
    var exponent: Int
    var significand: UInt128

    static let zero = WideFloat(sign: false, exponent: 0, significand: 0)
    static let one = WideFloat(exponent: 0, significand: 1 << 127)

    init(sign: Bool = false, exponent: Int, significand: UInt128) {
        self.sign = sign
        self.exponent = exponent
        self.significand = significand
    }

    /// Normalises `significand × 2^(exponent - 127)`.
    init(sign: Bool, exponent: Int, normalizing significand: UInt128) {
        guard significand != 0 else {
            self = .zero
            return
        }
        let shift = significand.leadingZeroBitCount
        self.init(sign: sign, exponent: exponent - shift, significand: significand &<< UInt128(shift))
    }

    init(_ value: FloatValue) {
        if value.kind == .finite {
            self.init(sign: value.sign, exponent: value.exponent, significand: UInt128(value.significand) << 64)
        } else {
            self = .zero
        }
    }

    init(_ integer: Int) {
        self.init(sign: integer < 0, exponent: 127, normalizing: UInt128(integer.magnitude))
    }

    var isZero: Bool { significand == 0 }

    var negated: WideFloat { WideFloat(sign: !sign, exponent: exponent, significand: significand) }

    func scaled(by power: Int) -> WideFloat {
        WideFloat(sign: sign, exponent: exponent + power, significand: significand)
    }

    /// The magnitude, less than one, as a fraction of 2^128.
    var fraction: UInt128 {
        significand.shiftedRightSticky(-1 - exponent)
    }

    static func + (a: WideFloat, b: WideFloat) -> WideFloat {
        if a.isZero { return b }
        if b.isZero { return a }
        let swaps = b.exponent > a.exponent || (b.exponent == a.exponent && b.significand > a.significand)
        let (large, small) = swaps ? (b, a) : (a, b)
        let distance = large.exponent - small.exponent
        let aligned = distance < 128 ? small.significand &>> UInt128(distance) : 0
        guard large.sign == small.sign else {
            return WideFloat(sign: large.sign, exponent: large.exponent, normalizing: large.significand &- aligned)
        }
        let (sum, carry) = large.significand.addingReportingOverflow(aligned)
        return carry
            ? WideFloat(sign: large.sign, exponent: large.exponent + 1, significand: sum >> 1 | 1 << 127)
            : WideFloat(sign: large.sign, exponent: large.exponent, significand: sum)
    }

    static func - (a: WideFloat, b: WideFloat) -> WideFloat { a + b.negated }

    static func * (a: WideFloat, b: WideFloat) -> WideFloat {
        if a.isZero || b.isZero { return .zero }
        let product = a.significand.multipliedFullWidth(by: b.significand)
        let sign = a.sign != b.sign
        if product.high >> 127 != 0 {
            return WideFloat(sign: sign, exponent: a.exponent + b.exponent + 1, significand: product.high)
        }
        return WideFloat(
            sign: sign, exponent: a.exponent + b.exponent, significand: product.high << 1 | product.low >> 127)
    }

    /// `b` is not zero.
    static func / (a: WideFloat, b: WideFloat) -> WideFloat {
        if a.isZero { return .zero }
        let isLess = a.significand < b.significand
        let dividend: (high: UInt128, low: UInt128) =
            isLess ? (a.significand, 0) : (a.significand >> 1, a.significand << 127)
        return WideFloat(
            sign: a.sign != b.sign, exponent: a.exponent - b.exponent - (isLess ? 1 : 0),
            significand: b.significand.dividingFullWidth(dividend).quotient)
    }

    /// Rounds to a format, taking the number for the start of an irrational one.
    func roundedInexact(to format: FloatFormat, _ env: inout FloatEnvironment) -> FloatValue {
        isZero
            ? .zero(sign: sign)
            : SoftFloat.round(sign: sign, exponent: exponent, significand: significand | 1, to: format, &env)
    }
}

extension WideFloat {
    static let pi = WideFloat(exponent: 1, significand: 0xc90f_daa2_2168_c234_c4c6_628b_80dc_1cd1)
    static let ln2 = WideFloat(exponent: -1, significand: 0xb172_17f7_d1cf_79ab_c9e3_b398_03f2_f6af)
    static let log2e = WideFloat(exponent: 0, significand: 0xb8aa_3b29_5c17_f0bb_be87_fed0_691d_3e89)
    static let log2of10 = WideFloat(exponent: 1, significand: 0xd49a_784b_cd1b_8afe_492b_f6ff_4daf_db4d)
    static let log10of2 = WideFloat(exponent: -2, significand: 0x9a20_9a84_fbcf_f798_8f89_59ac_0b7c_9178)

    /// The arc tangents of 0/8 to 8/8.
    static let arcTangents: [WideFloat] = [
        .zero,
        WideFloat(exponent: -4, significand: 0xfead_d4d5_617b_6e32_c897_989f_3e88_8ef8),
        WideFloat(exponent: -3, significand: 0xfadb_afc9_6406_eb15_6dc7_9ef5_f7a2_17e6),
        WideFloat(exponent: -2, significand: 0xb7b0_ca0f_26f7_8473_8aa3_2122_dcfe_4483),
        WideFloat(exponent: -2, significand: 0xed63_382b_0dda_7b45_6fe4_45ec_bc3a_8d03),
        WideFloat(exponent: -1, significand: 0x8f00_5d5e_f7f5_9f9b_5c83_5e16_65c4_3748),
        WideFloat(exponent: -1, significand: 0xa4bc_7d19_34f7_0924_19a8_7f2a_457d_ac9f),
        WideFloat(exponent: -1, significand: 0xb805_3e2b_c231_9e73_cb2d_a552_10a4_443d),
        WideFloat(exponent: -1, significand: 0xc90f_daa2_2168_c234_c4c6_628b_80dc_1cd1),
    ]
}
