/// A number in x87's double-extended format: sign and 15-bit exponent over a 64-bit significand with its integer bit.
struct Float80Bits: Equatable, Sendable {
    var significand: UInt64
    var signExponent: UInt16

    @inline(__always)
    init(signExponent: UInt16, significand: UInt64) {
        self.significand = significand
        self.signExponent = signExponent
    }

    var sign: Bool { signExponent & 0x8000 != 0 }

    /// The real indefinite: the quiet NaN that a masked invalid operation gives.
    static let indefinite = Float80Bits(signExponent: 0xffff, significand: 0xc000_0000_0000_0000)
    static let one = Float80Bits(signExponent: 0x3fff, significand: 1 << 63)
}

/// What a result is rounded to: significant bits (the leading one included) and the range of unbiased exponents.
struct FloatFormat: Sendable {
    let precision: Int
    let minExponent: Int
    let maxExponent: Int

    static let binary32 = FloatFormat(precision: 24, minExponent: -126, maxExponent: 127)
    static let binary64 = FloatFormat(precision: 53, minExponent: -1022, maxExponent: 1023)
    static let extended = FloatFormat(precision: 64, minExponent: -16382, maxExponent: 16383)

    /// The extended format with the significand cut by x87's precision control; the exponent keeps its full range.
    static func extended(_ env: FloatEnvironment) -> FloatFormat {
        FloatFormat(precision: env.extendedPrecision, minExponent: -16382, maxExponent: 16383)
    }
}

/// A number taken apart, the same for every format.
///
/// A finite value is `significand × 2^(exponent - 63)`. Operands have the significand's top bit set; a result that is
/// denormal in its format has it clear and the format's least exponent. A NaN's significand is as in the extended
/// format, quiet bit at 62.
struct FloatValue: Sendable {
    enum Kind: UInt8, Sendable {
        case zero, finite, infinity, quietNaN, signallingNaN
        /// An x87 encoding that the processor does not accept (SDM volume 1, table 8-3).
        case unsupported
    }

    var kind: Kind
    var sign: Bool
    /// The operand's encoding was a denormal or pseudo-denormal.
    var isDenormal = false
    var exponent = 0
    var significand: UInt64 = 0

    static let quietBit: UInt64 = 1 << 62
    static let indefinite = FloatValue(kind: .quietNaN, sign: true, significand: 0xc000_0000_0000_0000)

    static func zero(sign: Bool) -> FloatValue { FloatValue(kind: .zero, sign: sign) }

    static func infinity(sign: Bool) -> FloatValue { FloatValue(kind: .infinity, sign: sign, significand: 1 << 63) }

    var isNaN: Bool { kind.rawValue >= Kind.quietNaN.rawValue }

    /// Whether an invalid-operation exception comes from the operand alone.
    var isSignalling: Bool { kind.rawValue >= Kind.signallingNaN.rawValue }

    var quieted: FloatValue {
        if kind == .unsupported { return .indefinite }
        var result = self
        result.kind = .quietNaN
        result.significand |= Self.quietBit
        return result
    }

    var negated: FloatValue {
        var result = self
        result.sign.toggle()
        return result
    }

    var magnitude: FloatValue {
        var result = self
        result.sign = false
        return result
    }
}

// MARK: - Taking apart

extension FloatValue {
    init(_ bits: UInt32, denormalsAreZero: Bool = false) {
        self.init(
            sign: bits >> 31 != 0, field: Int(bits >> 23 & 0xff), maxField: 0xff, bias: 127,
            fraction: UInt64(bits & 0x7f_ffff) << 40, denormalsAreZero: denormalsAreZero)
    }

    init(_ bits: UInt64, denormalsAreZero: Bool = false) {
        self.init(
            sign: bits >> 63 != 0, field: Int(bits >> 52 & 0x7ff), maxField: 0x7ff, bias: 1023,
            fraction: (bits & 0xf_ffff_ffff_ffff) << 11, denormalsAreZero: denormalsAreZero)
    }

    /// `fraction` stands right under bit 63.
    private init(sign: Bool, field: Int, maxField: Int, bias: Int, fraction: UInt64, denormalsAreZero: Bool) {
        if field == 0 {
            if fraction == 0 || denormalsAreZero {
                self = .zero(sign: sign)
            } else {
                let shift = fraction.leadingZeroBitCount
                self.init(
                    kind: .finite, sign: sign, isDenormal: true, exponent: 1 - bias - shift,
                    significand: fraction &<< UInt64(shift))
            }
        } else if field == maxField {
            let kind: Kind = fraction == 0 ? .infinity : fraction & Self.quietBit != 0 ? .quietNaN : .signallingNaN
            self.init(kind: kind, sign: sign, significand: fraction | 1 << 63)
        } else {
            self.init(kind: .finite, sign: sign, exponent: field - bias, significand: fraction | 1 << 63)
        }
    }

    init(_ bits: Float80Bits) {
        let field = Int(bits.signExponent & 0x7fff)
        let significand = bits.significand
        if field == 0 {
            if significand == 0 {
                self = .zero(sign: bits.sign)
            } else {
                let shift = significand.leadingZeroBitCount
                self.init(
                    kind: .finite, sign: bits.sign, isDenormal: true, exponent: -16382 - shift,
                    significand: significand &<< UInt64(shift))
            }
        } else if significand >> 63 == 0 {
            self.init(kind: .unsupported, sign: bits.sign, significand: significand)
        } else if field == 0x7fff {
            let kind: Kind =
                significand << 1 == 0 ? .infinity : significand & Self.quietBit != 0 ? .quietNaN : .signallingNaN
            self.init(kind: kind, sign: bits.sign, significand: significand)
        } else {
            self.init(kind: .finite, sign: bits.sign, exponent: field - 16383, significand: significand)
        }
    }

    /// An integer; never denormal, never rounded.
    init(_ integer: Int64) {
        let magnitude = integer.magnitude
        if magnitude == 0 {
            self = .zero(sign: false)
        } else {
            let shift = magnitude.leadingZeroBitCount
            self.init(
                kind: .finite, sign: integer < 0, exponent: 63 - shift, significand: magnitude &<< UInt64(shift))
        }
    }
}

// MARK: - Putting together

extension FloatValue {
    var bits32: UInt32 {
        let top: UInt32 = sign ? 1 << 31 : 0
        let fraction = UInt32(truncatingIfNeeded: significand >> 40) & 0x7f_ffff
        switch kind {
        case .zero: return top
        case .finite:
            let field = significand >> 63 == 0 ? 0 : UInt32(truncatingIfNeeded: exponent + 127)
            return top | field << 23 | fraction
        case .infinity: return top | 0x7f80_0000
        default: return top | 0x7f80_0000 | fraction
        }
    }

    var bits64: UInt64 {
        let top: UInt64 = sign ? 1 << 63 : 0
        let fraction = significand >> 11 & 0xf_ffff_ffff_ffff
        switch kind {
        case .zero: return top
        case .finite:
            let field = significand >> 63 == 0 ? 0 : UInt64(truncatingIfNeeded: exponent + 1023)
            return top | field << 52 | fraction
        case .infinity: return top | 0x7ff0_0000_0000_0000
        default: return top | 0x7ff0_0000_0000_0000 | fraction
        }
    }

    var bits80: Float80Bits {
        let top: UInt16 = sign ? 0x8000 : 0
        switch kind {
        case .zero: return Float80Bits(signExponent: top, significand: 0)
        case .finite:
            let field = significand >> 63 == 0 ? 0 : UInt16(truncatingIfNeeded: exponent + 16383) & 0x7fff
            return Float80Bits(signExponent: top | field, significand: significand)
        default: return Float80Bits(signExponent: top | 0x7fff, significand: significand)
        }
    }
}
