// Elementary functions by power series, to about 120 bits: what rounds to 64 bits is then off by hardly more than half
// a unit in the last place. Fixed-point fractions of 2^128 carry the series, whose value is near one, and a `WideFloat`
// factor carries the magnitude, so that small arguments lose nothing.

extension WideFloat {
    /// 1/n! for n from 0 to 35, as fractions of 2^128 (those of 0 and 1 are not used).
    private static let inverseFactorials: [UInt128] = {
        var table: [UInt128] = [0, .max, 1 << 127]
        for n in 3...35 { table.append(table[n - 1] / UInt128(n)) }
        return table
    }()

    /// 1/(2n + 1) for n from 0 to 31.
    private static let inverseOdds: [UInt128] = (0...31).map { UInt128.max / UInt128(2 * $0 + 1) }

    @inline(__always)
    private static func multiply(_ a: UInt128, _ b: UInt128) -> UInt128 { a.multipliedFullWidth(by: b).high }

    /// 1 - tail, where the tail is never quite zero.
    private static func oneMinus(_ tail: UInt128) -> WideFloat {
        WideFloat(sign: false, exponent: 0, normalizing: (1 << 127) - Swift.max(tail >> 1, 1))
    }

    private static func onePlus(_ tail: UInt128) -> WideFloat {
        WideFloat(exponent: 0, significand: 1 << 127 | tail >> 1)
    }

    /// `z (c[0] - z (c[1] - z (c[2] - …)))` with falling coefficients.
    @inline(__always)
    private static func alternating(_ z: UInt128, count: Int, _ coefficient: (Int) -> UInt128) -> UInt128 {
        var sum: UInt128 = 0
        for index in stride(from: count - 1, through: 0, by: -1) {
            sum = multiply(z, coefficient(index) &- sum)
        }
        return sum
    }

    /// `z (c[0] + z (c[1] + …))`, less than one.
    @inline(__always)
    private static func ascending(_ z: UInt128, count: Int, _ coefficient: (Int) -> UInt128) -> UInt128 {
        var sum: UInt128 = 0
        for index in stride(from: count - 1, through: 0, by: -1) {
            sum = multiply(z, coefficient(index) &+ sum)
        }
        return sum
    }

    /// The sine of an angle of at most π/4.
    static func sine(_ angle: WideFloat) -> WideFloat {
        if angle.isZero { return angle }
        let square = (angle * angle).fraction
        return angle * oneMinus(alternating(square, count: 16) { inverseFactorials[2 * $0 + 3] })
    }

    /// The cosine of an angle of at most π/4.
    static func cosine(_ angle: WideFloat) -> WideFloat {
        if angle.isZero { return .one }
        let square = (angle * angle).fraction
        return oneMinus(alternating(square, count: 16) { inverseFactorials[2 * $0 + 2] })
    }

    /// The arc tangent of a number from 0 to 1.
    static func arcTangent(_ tangent: WideFloat) -> WideFloat {
        // tan(a - b) = (tan a - tan b) / (1 + tan a tan b), with b the nearest table entry.
        let eighths = tangent.exponent >= 0 ? 8 : Int(truncatingIfNeeded: ((tangent.fraction >> 124) + 1) >> 1)
        let step = Self.init(eighths).scaled(by: -3)
        let rest = (tangent - step) / (one + tangent * step)
        if rest.isZero { return arcTangents[eighths] }
        let square = (rest * rest).fraction
        return arcTangents[eighths] + rest * oneMinus(alternating(square, count: 16) { inverseOdds[$0 + 1] })
    }

    /// 2^x - 1 for x from -1 to 1.
    static func exponentialLess1(_ x: WideFloat) -> WideFloat {
        if x.isZero { return x }
        let power = x * ln2
        let part = power.fraction
        if power.sign {
            return power * oneMinus(alternating(part, count: 33) { inverseFactorials[$0 + 2] })
        }
        return power * onePlus(ascending(part, count: 33) { inverseFactorials[$0 + 2] })
    }

    /// The logarithm to base 2 of (1 + s) / (1 - s), for a magnitude of s under 0.18.
    static func logarithmOfRatio(_ s: WideFloat) -> WideFloat {
        if s.isZero { return s }
        let square = (s * s).fraction
        return (s * onePlus(ascending(square, count: 26) { inverseOdds[$0 + 1] }) * log2e).scaled(by: 1)
    }

    /// The logarithm to base 2 of a positive number.
    static func logarithm(_ x: WideFloat) -> WideFloat {
        // x = m 2^k with m between √½ and √2.
        let isHigh = x.significand > 0xb504_f333_f9de_6484_597d_89b3_754a_be9f
        let fraction = WideFloat(exponent: isHigh ? -1 : 0, significand: x.significand)
        return Self.init(x.exponent + (isHigh ? 1 : 0)) + logarithmOfRatio((fraction - one) / (fraction + one))
    }

    /// What is left of a positive angle under 2^63 after taking away multiples of π/2, and their number modulo 4.
    ///
    /// π is the 66-bit one that x87 hardware reduces with (SDM volume 1, section 8.3.8), so the rest is exact.
    static func reduced(_ angle: WideFloat) -> (rest: WideFloat, quadrant: Int) {
        guard angle.exponent >= -1 else { return (angle, 0) }
        let quarterTurn: UInt128 = 0x3_243f_6a88_85a3_08d3  // in units of 2^-65
        let units = angle.significand.shiftedRightSticky(62 - angle.exponent)
        let (turns, rest) = units.quotientAndRemainder(dividingBy: quarterTurn)
        let quadrant = Int(truncatingIfNeeded: turns & 3)
        if rest > quarterTurn >> 1 {
            return (WideFloat(sign: true, exponent: 62, normalizing: quarterTurn - rest), (quadrant + 1) & 3)
        }
        return (WideFloat(sign: false, exponent: 62, normalizing: rest), quadrant)
    }
}
