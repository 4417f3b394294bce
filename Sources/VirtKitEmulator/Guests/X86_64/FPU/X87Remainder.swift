// FSCALE, FXTRACT, FPREM, FPREM1 and packed decimal: the parts of x87 that IEEE 754's basic operations don't cover.

extension SoftFloat {
    /// FSCALE: `x × 2^n` with n the integer part of `power` (SDM volume 2, FSCALE, table of special cases).
    static func scale(_ x: FloatValue, by power: FloatValue, _ env: inout FloatEnvironment) -> FloatValue {
        if x.isNaN || power.isNaN { return propagateNaN(x, power, &env) }
        if power.kind == .infinity {
            if power.sign ? x.kind == .infinity : x.kind == .zero { return invalidResult(&env) }
            if stopsForDenormal(x, x, &env) { return .indefinite }
            return power.sign ? .zero(sign: x.sign) : .infinity(sign: x.sign)
        }
        if stopsForDenormal(x, power, &env) { return .indefinite }
        guard x.kind == .finite else { return x }
        // Beyond 17 bits every result overflows or underflows.
        let whole = power.kind == .finite && power.exponent < 17 ? integerMagnitude(power, .towardZero)?.magnitude : nil
        let magnitude = power.kind == .zero ? 0 : Int(truncatingIfNeeded: whole ?? 1 << 17)
        return round(
            sign: x.sign, exponent: x.exponent + (power.sign ? -magnitude : magnitude),
            significand: UInt128(x.significand) << 64, to: .extended, &env)
    }

    /// FXTRACT: exponent and significand of a number.
    static func extract(
        _ x: FloatValue, _ env: inout FloatEnvironment
    ) -> (exponent: FloatValue, significand: FloatValue) {
        if x.isNaN {
            let result = propagateNaN(x, &env)
            return (result, result)
        }
        switch x.kind {
        case .zero:
            env.raise(.divideByZero)
            return (.infinity(sign: true), x)
        case .infinity:
            return (.infinity(sign: false), x)
        default:
            _ = stopsForDenormal(x, x, &env)
            var significand = x
            significand.exponent = 0
            return (FloatValue(Int64(x.exponent)), significand)
        }
    }

    struct Remainder {
        var value: FloatValue
        /// The low bits of the quotient's magnitude.
        var quotient: UInt64 = 0
        /// False when the operand was only made smaller, by less than 2^64 times.
        var isComplete = true
    }

    /// FPREM (quotient truncated) and FPREM1 (quotient rounded to nearest, ties to even).
    static func remainder(
        _ x: FloatValue, _ y: FloatValue, roundsQuotient: Bool, _ env: inout FloatEnvironment
    ) -> Remainder {
        if x.isNaN || y.isNaN { return Remainder(value: propagateNaN(x, y, &env)) }
        if x.kind == .infinity || y.kind == .zero { return Remainder(value: invalidResult(&env)) }
        if stopsForDenormal(x, y, &env) { return Remainder(value: .indefinite) }
        if x.kind == .zero { return Remainder(value: x) }
        let distance = x.exponent - y.exponent
        if y.kind == .infinity || distance < -1 || (distance < 0 && !roundsQuotient) {
            return Remainder(value: rounded(x, &env))
        }
        // Subtract multiples of y scaled so that the quotient fits in 64 bits.
        let isComplete = distance < 64
        let shift = isComplete ? distance : 32 + (distance & 31)
        // In units of half of y's last place when x is the smaller.
        let scale = Swift.max(-shift, 0)
        let dividend = UInt128(x.significand) << UInt128(Swift.max(shift, 0))
        let divisor = UInt128(y.significand) << UInt128(scale)
        var (quotient, rest) = dividend.quotientAndRemainder(dividingBy: divisor)
        var sign = x.sign
        if isComplete && roundsQuotient {
            let double = rest << 1
            if double > divisor || (double == divisor && quotient & 1 != 0) {
                quotient += 1
                rest = divisor - rest
                sign.toggle()
            }
        }
        let low = UInt64(truncatingIfNeeded: quotient)
        guard rest != 0 else {
            return Remainder(value: .zero(sign: x.sign), quotient: low, isComplete: isComplete)
        }
        let lead = rest.leadingZeroBitCount
        // A unit of `rest` is 2^(x.exponent - shift - 63), or half of y's unit if scaled.
        let exponent = x.exponent - Swift.max(shift, 0) + 64 - lead
        let value = round(
            sign: sign, exponent: exponent, significand: rest << UInt128(lead), to: .extended, &env)
        return Remainder(value: value, quotient: low, isComplete: isComplete)
    }

    /// An operand given back as a result: exact, but an unmasked underflow still sees that it is tiny.
    private static func rounded(_ x: FloatValue, _ env: inout FloatEnvironment) -> FloatValue {
        round(
            sign: x.sign, exponent: x.exponent, significand: UInt128(x.significand) << 64, to: .extended, &env)
    }

    // MARK: Packed decimal

    /// What FBSTP stores for a number that has no 18-digit form.
    static let bcdIndefinite = (low: 0xc000_0000_0000_0000 as UInt64, high: 0xffff as UInt16)

    /// FBLD: 18 digits, low first, and a sign in the top bit.
    static func fromBCD(low: UInt64, high: UInt16) -> Float80Bits {
        var magnitude: Int64 = 0
        for digit in stride(from: 17, through: 0, by: -1) {
            let nibble = digit >= 16 ? UInt64(high) >> UInt64((digit - 16) * 4) : low >> UInt64(digit * 4)
            magnitude = magnitude &* 10 &+ Int64(nibble & 15)
        }
        var value = FloatValue(magnitude)
        value.sign = high & 0x8000 != 0
        return value.bits80
    }

    /// FBSTP.
    static func toBCD(_ x: FloatValue, _ env: inout FloatEnvironment) -> (low: UInt64, high: UInt16) {
        guard x.kind == .zero || x.kind == .finite, let part = integerMagnitude(x, env.rounding),
            part.magnitude < 1_000_000_000_000_000_000
        else {
            env.raise(.invalid)
            return bcdIndefinite
        }
        if part.inexact {
            env.raise(.inexact)
            env.didRoundUp = part.up
        }
        var rest = part.magnitude
        var low: UInt64 = 0
        for digit in 0..<16 {
            low |= (rest % 10) << UInt64(digit * 4)
            rest /= 10
        }
        let top = rest % 10 | (rest / 10) << 4
        return (low, UInt16(truncatingIfNeeded: top) | (x.sign ? 0x8000 : 0))
    }
}
