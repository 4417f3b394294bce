/// IEEE 754 arithmetic in integer operations, with x86's rules where the standard leaves a choice.
///
/// Every operation takes its operands apart (`FloatValue`), computes a result that is exact but for a sticky lowest bit
/// in a 128-bit significand, and rounds it once to the wanted format.
enum SoftFloat {}

extension UInt128 {
    /// Shifts right and keeps a one in the lowest bit if any one was shifted out.
    @inline(__always)
    func shiftedRightSticky(_ count: Int) -> UInt128 {
        if count <= 0 { return self }
        if count >= 128 { return self == 0 ? 0 : 1 }
        let lost = self &<< UInt128(128 - count) != 0
        return self &>> UInt128(count) | (lost ? 1 : 0)
    }
}

extension SoftFloat {
    /// Whether rounding discards `rest` upwards in magnitude; `half` is half a unit in the last place.
    @inline(__always)
    private static func roundsUp(
        _ rest: UInt128, half: UInt128, isOdd: Bool, sign: Bool, _ rounding: FloatRounding
    ) -> Bool {
        switch rounding {
        case .nearestEven: rest > half || (rest == half && isOdd)
        case .down: sign && rest != 0
        case .up: !sign && rest != 0
        case .towardZero: false
        }
    }

    /// Rounds `significand` at its top `precision` bits. `carry` tells that the result became 2^64 (significand 0).
    @inline(__always)
    private static func cut(
        _ significand: UInt128, precision: Int, sign: Bool, _ rounding: FloatRounding
    ) -> (high: UInt64, carry: Bool, inexact: Bool, up: Bool) {
        let unit = UInt128(1) &<< UInt128(128 - precision)
        let rest = significand & (unit - 1)
        let up = roundsUp(rest, half: unit >> 1, isOdd: significand & unit != 0, sign: sign, rounding)
        let kept = significand & ~(unit - 1)
        let (sum, carry) = up ? kept.addingReportingOverflow(unit) : (kept, false)
        return (UInt64(truncatingIfNeeded: sum >> 64), carry, rest != 0, up)
    }

    /// Rounds the exact value `significand × 2^(exponent - 127)` to a format and raises what follows from it.
    ///
    /// The top bit of `significand` is set. Tininess is found after rounding (SDM volume 1, section 4.9.1.5). With
    /// underflow or overflow unmasked under x87 rules the exponent comes back wrapped by 24,576 (section 8.5.4).
    static func round(
        sign: Bool, exponent: Int, significand: UInt128, to format: FloatFormat, _ env: inout FloatEnvironment
    ) -> FloatValue {
        let rounding = env.rounding
        var exponent = exponent
        if exponent < format.minExponent {
            let isTiny =
                exponent < format.minExponent - 1
                || !cut(significand, precision: format.precision, sign: sign, rounding).carry
            if isTiny {
                return underflow(sign: sign, exponent: exponent, significand: significand, to: format, &env)
            }
        }
        let shift = format.minExponent - exponent
        if shift > 0 {
            // Not tiny: it rounds to the least normal number.
            exponent = format.minExponent
        }
        let (high, carry, inexact, up) = cut(
            significand.shiftedRightSticky(shift), precision: format.precision, sign: sign, rounding)
        if carry { exponent += 1 }
        if exponent > format.maxExponent {
            return overflow(
                sign: sign, exponent: exponent, significand: carry ? 1 << 63 : high, inexact: inexact, up: up,
                to: format, &env)
        }
        if inexact {
            env.raise(.inexact)
            env.didRoundUp = up
        }
        return FloatValue(kind: .finite, sign: sign, exponent: exponent, significand: carry ? 1 << 63 : high)
    }

    private static func underflow(
        sign: Bool, exponent: Int, significand: UInt128, to format: FloatFormat, _ env: inout FloatEnvironment
    ) -> FloatValue {
        guard env.masks(.underflow) else {
            let (high, carry, inexact, up) = cut(
                significand, precision: format.precision, sign: sign, env.rounding)
            if exponent + 24576 < format.minExponent {
                // FSCALE can go farther than wrapping can bring back.
                env.raise([.underflow, .inexact])
                return .zero(sign: sign)
            }
            env.raise(inexact ? [.underflow, .inexact] : .underflow)
            env.didRoundUp = up
            return FloatValue(
                kind: .finite, sign: sign, exponent: exponent + (carry ? 1 : 0) + 24576,
                significand: carry ? 1 << 63 : high)
        }
        if env.flushesToZero {
            env.raise([.underflow, .inexact])
            return .zero(sign: sign)
        }
        let (high, carry, inexact, up) = cut(
            significand.shiftedRightSticky(format.minExponent - exponent), precision: format.precision, sign: sign,
            env.rounding)
        if inexact {
            env.raise([.underflow, .inexact])
            env.didRoundUp = up
        }
        if high == 0 && !carry { return .zero(sign: sign) }
        return FloatValue(kind: .finite, sign: sign, exponent: format.minExponent, significand: high)
    }

    /// `exponent` and `significand` are already rounded; the exponent is past the format's range.
    private static func overflow(
        sign: Bool, exponent: Int, significand: UInt64, inexact: Bool, up: Bool, to format: FloatFormat,
        _ env: inout FloatEnvironment
    ) -> FloatValue {
        guard env.masks(.overflow) else {
            if exponent - 24576 > format.maxExponent {
                env.raise([.overflow, .inexact])
                env.didRoundUp = true
                return .infinity(sign: sign)
            }
            env.raise(inexact ? [.overflow, .inexact] : .overflow)
            env.didRoundUp = up
            return FloatValue(kind: .finite, sign: sign, exponent: exponent - 24576, significand: significand)
        }
        env.raise([.overflow, .inexact])
        let toInfinity =
            switch env.rounding {
            case .nearestEven: true
            case .down: sign
            case .up: !sign
            case .towardZero: false
            }
        env.didRoundUp = toInfinity
        if toInfinity { return .infinity(sign: sign) }
        return FloatValue(
            kind: .finite, sign: sign, exponent: format.maxExponent,
            significand: UInt64.max &<< UInt64(64 - format.precision))
    }

    /// The integer part of a finite value's magnitude, rounded; nil when it takes more than 64 bits.
    /// Raises nothing: the caller knows what the result's range is.
    static func integerMagnitude(
        _ value: FloatValue, _ rounding: FloatRounding
    ) -> (magnitude: UInt64, inexact: Bool, up: Bool)? {
        if value.kind == .zero { return (0, false, false) }
        guard value.exponent < 64 else { return nil }
        // Integer part above bit 64, fraction below.
        let fixed = UInt128(value.significand) << 64
        let shifted = fixed.shiftedRightSticky(63 - value.exponent)
        let rest = shifted & UInt128(UInt64.max)
        let whole = UInt64(truncatingIfNeeded: shifted >> 64)
        let up = roundsUp(rest, half: 1 << 63, isOdd: whole & 1 != 0, sign: value.sign, rounding)
        let (magnitude, carry) = whole.addingReportingOverflow(up ? 1 : 0)
        return carry ? nil : (magnitude, rest != 0, up)
    }
}
