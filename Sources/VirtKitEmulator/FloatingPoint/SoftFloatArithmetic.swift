// The exact operations on numbers taken apart. Each one ends in `SoftFloat.round`.

extension SoftFloat {
    /// The NaN result of an operation with at least one NaN or unsupported operand.
    ///
    /// SSE: the first operand if it is a NaN, else the second. x87: SDM volume 1, table 4-7: a quiet NaN wins over a
    /// signalling one, of two alike the one with the larger significand.
    static func propagateNaN(_ a: FloatValue, _ b: FloatValue, _ env: inout FloatEnvironment) -> FloatValue {
        if a.isSignalling || b.isSignalling { env.raise(.invalid) }
        if a.kind == .unsupported || b.kind == .unsupported { return .indefinite }
        guard env.followsX87Rules else { return a.isNaN ? a.quieted : b.quieted }
        guard a.isNaN else { return b.quieted }
        guard b.isNaN else { return a.quieted }
        if a.kind != b.kind { return a.kind == .quietNaN ? a : b }
        if a.significand != b.significand { return (a.significand > b.significand ? a : b).quieted }
        return (a.sign ? b : a).quieted
    }

    static func propagateNaN(_ a: FloatValue, _ env: inout FloatEnvironment) -> FloatValue {
        if a.isSignalling { env.raise(.invalid) }
        return a.quieted
    }

    static func invalidResult(_ env: inout FloatEnvironment) -> FloatValue {
        env.raise(.invalid)
        return .indefinite
    }

    /// Raises the denormal-operand exception if an operand is one. True if there is no result to compute.
    @inline(__always)
    static func stopsForDenormal(_ a: FloatValue, _ b: FloatValue, _ env: inout FloatEnvironment) -> Bool {
        guard a.isDenormal || b.isDenormal else { return false }
        env.raise(.denormal)
        return env.stopsBeforeResult
    }

    @inline(__always)
    private static func normalizeAndRound(
        sign: Bool, exponent: Int, significand: UInt128, to format: FloatFormat, _ env: inout FloatEnvironment
    ) -> FloatValue {
        let shift = significand.leadingZeroBitCount
        return round(
            sign: sign, exponent: exponent - shift, significand: significand &<< UInt128(shift), to: format, &env)
    }

    static func add(
        _ a: FloatValue, _ b: FloatValue, to format: FloatFormat, _ env: inout FloatEnvironment
    ) -> FloatValue {
        if a.isNaN || b.isNaN { return propagateNaN(a, b, &env) }
        if a.kind == .infinity {
            if b.kind == .infinity && a.sign != b.sign { return invalidResult(&env) }
            _ = stopsForDenormal(a, b, &env)
            return a
        }
        if stopsForDenormal(a, b, &env) { return .indefinite }
        if b.kind == .infinity { return b }
        if a.kind == .zero && b.kind == .zero {
            return .zero(sign: a.sign == b.sign ? a.sign : env.rounding == .down)
        }
        return addExact(
            a.sign, a.exponent, a.kind == .zero ? 0 : UInt128(a.significand) << 64,
            b.sign, b.exponent, b.kind == .zero ? 0 : UInt128(b.significand) << 64, to: format, &env)
    }

    static func subtract(
        _ a: FloatValue, _ b: FloatValue, to format: FloatFormat, _ env: inout FloatEnvironment
    ) -> FloatValue {
        // The sign of a NaN operand is kept.
        add(a, b.isNaN ? b : b.negated, to: format, &env)
    }

    /// Adds two values `significand × 2^(exponent - 127)`; a significand is zero or has its top bit set, and not both
    /// are zero.
    private static func addExact(
        _ signA: Bool, _ exponentA: Int, _ significandA: UInt128, _ signB: Bool, _ exponentB: Int,
        _ significandB: UInt128, to format: FloatFormat, _ env: inout FloatEnvironment
    ) -> FloatValue {
        if significandB == 0 {
            return round(sign: signA, exponent: exponentA, significand: significandA, to: format, &env)
        }
        if significandA == 0 {
            return round(sign: signB, exponent: exponentB, significand: significandB, to: format, &env)
        }
        let swaps = exponentB > exponentA || (exponentB == exponentA && significandB > significandA)
        let (sign, exponent, large) = swaps ? (signB, exponentB, significandB) : (signA, exponentA, significandA)
        let small = (swaps ? significandA : significandB).shiftedRightSticky(
            swaps ? exponentB - exponentA : exponentA - exponentB)
        if signA == signB {
            let (sum, carry) = large.addingReportingOverflow(small)
            if carry {
                return round(
                    sign: sign, exponent: exponent + 1, significand: sum.shiftedRightSticky(1) | 1 << 127,
                    to: format, &env)
            }
            return round(sign: sign, exponent: exponent, significand: sum, to: format, &env)
        }
        let difference = large &- small
        if difference == 0 { return .zero(sign: env.rounding == .down) }
        return normalizeAndRound(sign: sign, exponent: exponent, significand: difference, to: format, &env)
    }

    static func multiply(
        _ a: FloatValue, _ b: FloatValue, to format: FloatFormat, _ env: inout FloatEnvironment
    ) -> FloatValue {
        if a.isNaN || b.isNaN { return propagateNaN(a, b, &env) }
        let sign = a.sign != b.sign
        if (a.kind == .infinity && b.kind == .zero) || (a.kind == .zero && b.kind == .infinity) {
            return invalidResult(&env)
        }
        if stopsForDenormal(a, b, &env) { return .indefinite }
        if a.kind == .infinity || b.kind == .infinity { return .infinity(sign: sign) }
        if a.kind == .zero || b.kind == .zero { return .zero(sign: sign) }
        let product = UInt128(a.significand) * UInt128(b.significand)
        return normalizeAndRound(
            sign: sign, exponent: a.exponent + b.exponent + 1, significand: product, to: format, &env)
    }

    static func divide(
        _ a: FloatValue, _ b: FloatValue, to format: FloatFormat, _ env: inout FloatEnvironment
    ) -> FloatValue {
        if a.isNaN || b.isNaN { return propagateNaN(a, b, &env) }
        let sign = a.sign != b.sign
        if a.kind == b.kind && a.kind != .finite { return invalidResult(&env) }
        if b.kind == .zero && a.kind == .finite {
            // A denormal dividend is not reported then.
            env.raise(.divideByZero)
            return .infinity(sign: sign)
        }
        if stopsForDenormal(a, b, &env) { return .indefinite }
        if a.kind == .infinity { return .infinity(sign: sign) }
        if b.kind == .infinity || a.kind == .zero { return .zero(sign: sign) }
        let (exponent, quotient) = quotient(a.significand, b.significand)
        return round(
            sign: sign, exponent: a.exponent - b.exponent + exponent, significand: quotient, to: format, &env)
    }

    /// The quotient of two significands with their top bit set: its own top bit set, the lowest bit sticky.
    private static func quotient(_ a: UInt64, _ b: UInt64) -> (exponent: Int, significand: UInt128) {
        // The first dividend is less than the divisor's multiple of 2^64, so the quotient fits in 64 bits.
        let first: (high: UInt64, low: UInt64) = a < b ? (a, 0) : (a >> 1, a << 63)
        let (high, rest) = b.dividingFullWidth(first)
        let (low, last) = b.dividingFullWidth((rest, 0))
        return (a < b ? -1 : 0, UInt128(high) << 64 | UInt128(low | (last != 0 ? 1 : 0)))
    }

    static func squareRoot(
        _ a: FloatValue, to format: FloatFormat, _ env: inout FloatEnvironment
    ) -> FloatValue {
        if a.isNaN { return propagateNaN(a, &env) }
        if a.kind == .zero { return a }
        if a.sign { return invalidResult(&env) }
        if a.kind == .infinity { return a }
        if stopsForDenormal(a, a, &env) { return .indefinite }
        let isOdd = a.exponent & 1 != 0
        let (root, sticky) = root(UInt128(a.significand) << (isOdd ? 64 : 63))
        return round(
            sign: false, exponent: a.exponent >> 1, significand: UInt128(root) << 64 | UInt128(sticky), to: format,
            &env)
    }

    /// The integer square root of a number of 127 or 128 bits, and what follows it: zero, less or more than a half.
    private static func root(_ radicand: UInt128) -> (root: UInt64, sticky: UInt64) {
        // A first guess good to about 50 bits, one step of Newton's method, then exact correction.
        let high = UInt64(truncatingIfNeeded: radicand >> 64)
        let estimate = Double(high).squareRoot() * 0x1p32
        let guess = estimate >= 0x1p64 ? UInt64.max : UInt64(estimate)
        let (quotient, overflow) =
            high >= guess
            ? (UInt64.max, true)
            : (guess.dividingFullWidth((high, UInt64(truncatingIfNeeded: radicand))).quotient, false)
        var root = overflow ? UInt64.max : guess / 2 + quotient / 2 + (guess & quotient & 1)
        while UInt128(root) * UInt128(root) > radicand { root -= 1 }
        var rest = radicand - UInt128(root) * UInt128(root)
        while rest > UInt128(root) * 2 {
            rest -= UInt128(root) * 2 + 1
            root += 1
        }
        let sticky: UInt64 = rest == 0 ? 0 : rest > UInt128(root) ? 1 << 63 | 1 : 1
        return (root, sticky)
    }

    /// `a × b + c` rounded once (FMA3; formats of up to 53 bits, whose products leave room for alignment).
    static func multiplyAdd(
        _ a: FloatValue, _ b: FloatValue, _ c: FloatValue, to format: FloatFormat, _ env: inout FloatEnvironment
    ) -> FloatValue {
        let sign = a.sign != b.sign
        let isInvalidProduct =
            (a.kind == .infinity && b.kind == .zero) || (a.kind == .zero && b.kind == .infinity)
        if a.isNaN || b.isNaN || c.isNaN {
            if a.isSignalling || b.isSignalling || c.isSignalling { env.raise(.invalid) }
            return a.isNaN ? a.quieted : b.isNaN ? b.quieted : c.quieted
        }
        let isInfiniteProduct = a.kind == .infinity || b.kind == .infinity
        if isInvalidProduct || (isInfiniteProduct && c.kind == .infinity && c.sign != sign) {
            return invalidResult(&env)
        }
        if stopsForDenormal(a, b, &env) || stopsForDenormal(c, c, &env) { return .indefinite }
        if isInfiniteProduct { return .infinity(sign: sign) }
        if c.kind == .infinity { return c }
        let addend: UInt128 = c.kind == .zero ? 0 : UInt128(c.significand) << 64
        if a.kind == .zero || b.kind == .zero {
            if addend == 0 { return .zero(sign: sign == c.sign ? sign : env.rounding == .down) }
            return round(sign: c.sign, exponent: c.exponent, significand: addend, to: format, &env)
        }
        let product = UInt128(a.significand) * UInt128(b.significand)
        let shift = product.leadingZeroBitCount
        return addExact(
            sign, a.exponent + b.exponent + 1 - shift, product &<< UInt128(shift), c.sign, c.exponent, addend,
            to: format, &env)
    }

    /// Rounds to an integer in the same format.
    static func roundToIntegral(
        _ a: FloatValue, _ rounding: FloatRounding, suppressInexact: Bool, _ env: inout FloatEnvironment
    ) -> FloatValue {
        if a.isNaN { return propagateNaN(a, &env) }
        guard a.kind == .finite, a.exponent < 63, let part = integerMagnitude(a, rounding) else { return a }
        if part.inexact {
            if !suppressInexact { env.raise(.inexact) }
            env.didRoundUp = part.up
        }
        if part.magnitude == 0 { return .zero(sign: a.sign) }
        let shift = part.magnitude.leadingZeroBitCount
        return FloatValue(
            kind: .finite, sign: a.sign, exponent: 63 - shift, significand: part.magnitude &<< UInt64(shift))
    }

    /// Rounds a number to another format.
    static func convert(
        _ a: FloatValue, to format: FloatFormat, _ env: inout FloatEnvironment
    ) -> FloatValue {
        if a.isNaN { return propagateNaN(a, &env) }
        if stopsForDenormal(a, a, &env) { return .indefinite }
        guard a.kind == .finite else { return a }
        return round(
            sign: a.sign, exponent: a.exponent, significand: UInt128(a.significand) << 64, to: format, &env)
    }

    /// Rounds to a signed integer of `width` bits; the integer indefinite (only the top bit set) on an invalid operand.
    static func integer(
        _ a: FloatValue, width: Int, _ rounding: FloatRounding, _ env: inout FloatEnvironment
    ) -> Int64 {
        let limit = UInt64(1) &<< UInt64(width - 1)
        let isNumber = a.kind == .zero || a.kind == .finite
        guard isNumber, let part = integerMagnitude(a, rounding),
            part.magnitude < limit || (a.sign && part.magnitude == limit)
        else {
            env.raise(.invalid)
            return Int64(truncatingIfNeeded: 0 &- limit)
        }
        if part.inexact {
            env.raise(.inexact)
            env.didRoundUp = part.up
        }
        return Int64(truncatingIfNeeded: a.sign ? 0 &- part.magnitude : part.magnitude)
    }

    /// Compares. A quiet NaN raises invalid only if `signalling`.
    static func compare(
        _ a: FloatValue, _ b: FloatValue, signalling: Bool, _ env: inout FloatEnvironment
    ) -> FloatRelation {
        if a.isNaN || b.isNaN {
            if signalling || a.isSignalling || b.isSignalling { env.raise(.invalid) }
            return .unordered
        }
        if a.isDenormal || b.isDenormal { env.raise(.denormal) }
        if a.kind == .zero && b.kind == .zero { return .equal }
        if a.kind == .zero { return b.sign ? .greater : .less }
        if a.sign != b.sign || b.kind == .zero { return a.sign ? .less : .greater }
        let larger: FloatRelation = a.sign ? .less : .greater
        if a.kind != b.kind { return a.kind == .infinity ? larger : larger.swapped }
        if a.kind == .infinity { return .equal }
        if a.exponent != b.exponent { return a.exponent > b.exponent ? larger : larger.swapped }
        if a.significand != b.significand { return a.significand > b.significand ? larger : larger.swapped }
        return .equal
    }
}
