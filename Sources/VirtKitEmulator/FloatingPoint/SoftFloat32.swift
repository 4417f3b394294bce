// Binary32: SSE's scalar operations and one element of its packed ones.
//
// Each has a fast path on the host's own unit. It holds when rounding is to nearest, inexact is masked, no operand is
// denormal, and the host's result is a normal number above the least one (so no NaN, infinity, overflow or
// underflow took part); inexact must already be sticky, or the operation be known to be exact. All else is computed
// in software.

extension SoftFloat {
    /// Whether the fast paths may be tried at all.
    @inline(__always)
    private static func allowsHost32(_ env: FloatEnvironment) -> Bool {
        env.word & (FloatEnvironment.roundingMask | FloatEnvironment.inexactMask) == FloatEnvironment.inexactMask
    }

    /// A number whose exponent field is at least 2 and not the greatest.
    @inline(__always)
    private static func isPlain(_ bits: UInt32) -> Bool {
        (bits >> 23 & 0xff) &- 2 < 0xfe &- 1
    }

    @inline(__always)
    private static func isDenormal(_ bits: UInt32) -> Bool {
        (bits << 1) &- 1 < 1 << 24 - 1
    }

    @inline(__always)
    private static func isZero(_ bits: UInt32) -> Bool { bits << 1 == 0 }

    @inline(__always)
    static func add(_ a: UInt32, _ b: UInt32, _ env: inout FloatEnvironment) -> UInt32 {
        if allowsHost32(env), !isDenormal(a), !isDenormal(b) {
            let x = Float(bitPattern: a)
            let y = Float(bitPattern: b)
            let sum = x + y
            // A zero sum of normal numbers or zeros is exact.
            if isPlain(sum.bitPattern) || isZero(sum.bitPattern) {
                if env.word & FloatEnvironment.inexactSticky != 0 { return sum.bitPattern }
                // Knuth's two-sum: the exact rounding error.
                let part = sum - x
                if (x - (sum - part)) + (y - part) == 0 { return sum.bitPattern }
            }
        }
        return slowAdd(a, b, &env)
    }

    @inline(__always)
    static func sub(_ a: UInt32, _ b: UInt32, _ env: inout FloatEnvironment) -> UInt32 {
        if allowsHost32(env), !isDenormal(a), !isDenormal(b) {
            let x = Float(bitPattern: a)
            let y = -Float(bitPattern: b)
            let sum = x + y
            if isPlain(sum.bitPattern) || isZero(sum.bitPattern) {
                if env.word & FloatEnvironment.inexactSticky != 0 { return sum.bitPattern }
                let part = sum - x
                if (x - (sum - part)) + (y - part) == 0 { return sum.bitPattern }
            }
        }
        return slowSub(a, b, &env)
    }

    @inline(__always)
    static func mul(_ a: UInt32, _ b: UInt32, _ env: inout FloatEnvironment) -> UInt32 {
        if allowsHost32(env), !isDenormal(a), !isDenormal(b) {
            let product = (Float(bitPattern: a) * Float(bitPattern: b)).bitPattern
            if isPlain(product) {
                if env.word & FloatEnvironment.inexactSticky != 0 { return product }
                // Trailing zeros of the significands add up; with enough of them the product fits.
                if a.trailingZeroBitCount &+ b.trailingZeroBitCount > 23 { return product }
            } else if isZero(product) && (isZero(a) || isZero(b)) {
                return product
            }
        }
        return slowMul(a, b, &env)
    }

    @inline(__always)
    static func div(_ a: UInt32, _ b: UInt32, _ env: inout FloatEnvironment) -> UInt32 {
        if allowsHost32(env), env.word & FloatEnvironment.inexactSticky != 0, !isDenormal(a), !isDenormal(b) {
            let quotient = (Float(bitPattern: a) / Float(bitPattern: b)).bitPattern
            if isPlain(quotient) { return quotient }
        }
        return slowDiv(a, b, &env)
    }

    @inline(__always)
    static func sqrt(_ a: UInt32, _ env: inout FloatEnvironment) -> UInt32 {
        if allowsHost32(env), env.word & FloatEnvironment.inexactSticky != 0, !isDenormal(a) {
            let root = Float(bitPattern: a).squareRoot().bitPattern
            if isPlain(root) { return root }
        }
        return slowSqrt(a, &env)
    }

    /// MINSS and its kin: the second operand if either is a NaN or both are zeros (SDM volume 2, MINSD).
    @inline(__always)
    static func min(_ a: UInt32, _ b: UInt32, _ env: inout FloatEnvironment) -> UInt32 {
        compare(a, b, signalling: true, &env) == .less
            ? zeroIfDenormal(a, env) : zeroIfDenormal(b, env)
    }

    @inline(__always)
    static func max(_ a: UInt32, _ b: UInt32, _ env: inout FloatEnvironment) -> UInt32 {
        compare(a, b, signalling: true, &env) == .greater
            ? zeroIfDenormal(a, env) : zeroIfDenormal(b, env)
    }

    @inline(__always)
    private static func zeroIfDenormal(_ a: UInt32, _ env: FloatEnvironment) -> UInt32 {
        env.denormalsAreZero && isDenormal(a) ? a & 1 << 31 : a
    }

    @inline(__always)
    static func compare(
        _ a: UInt32, _ b: UInt32, signalling: Bool, _ env: inout FloatEnvironment
    ) -> FloatRelation {
        let x = Float(bitPattern: a)
        let y = Float(bitPattern: b)
        if !isDenormal(a), !isDenormal(b) {
            if x < y { return .less }
            if x > y { return .greater }
            if x == y { return .equal }
        }
        return slowCompare(a, b, signalling: signalling, &env)
    }

    // MARK: In software

    @inline(__always)
    private static func value(_ bits: UInt32, _ env: FloatEnvironment) -> FloatValue {
        FloatValue(bits, denormalsAreZero: env.denormalsAreZero)
    }

    @inline(never)
    private static func slowAdd(_ a: UInt32, _ b: UInt32, _ env: inout FloatEnvironment) -> UInt32 {
        add(value(a, env), value(b, env), to: .binary32, &env).bits32
    }

    @inline(never)
    private static func slowSub(_ a: UInt32, _ b: UInt32, _ env: inout FloatEnvironment) -> UInt32 {
        subtract(value(a, env), value(b, env), to: .binary32, &env).bits32
    }

    @inline(never)
    private static func slowMul(_ a: UInt32, _ b: UInt32, _ env: inout FloatEnvironment) -> UInt32 {
        multiply(value(a, env), value(b, env), to: .binary32, &env).bits32
    }

    @inline(never)
    private static func slowDiv(_ a: UInt32, _ b: UInt32, _ env: inout FloatEnvironment) -> UInt32 {
        divide(value(a, env), value(b, env), to: .binary32, &env).bits32
    }

    @inline(never)
    private static func slowSqrt(_ a: UInt32, _ env: inout FloatEnvironment) -> UInt32 {
        squareRoot(value(a, env), to: .binary32, &env).bits32
    }

    @inline(never)
    private static func slowCompare(
        _ a: UInt32, _ b: UInt32, signalling: Bool, _ env: inout FloatEnvironment
    ) -> FloatRelation {
        compare(value(a, env), value(b, env), signalling: signalling, &env)
    }

    /// `a × b + c`, rounded once (FMA3).
    @inline(never)
    static func mulAdd(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ env: inout FloatEnvironment) -> UInt32 {
        multiplyAdd(value(a, env), value(b, env), value(c, env), to: .binary32, &env).bits32
    }

    /// ROUNDSS and its kin; `rounding` nil means the environment's.
    @inline(never)
    static func roundToIntegral(
        _ a: UInt32, rounding: FloatRounding?, suppressInexact: Bool, _ env: inout FloatEnvironment
    ) -> UInt32 {
        roundToIntegral(value(a, env), rounding ?? env.rounding, suppressInexact: suppressInexact, &env).bits32
    }
}
