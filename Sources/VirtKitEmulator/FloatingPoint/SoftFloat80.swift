// The double-extended format: x87's operations on register operands.

extension SoftFloat {
    static func add(_ a: Float80Bits, _ b: Float80Bits, _ env: inout FloatEnvironment) -> Float80Bits {
        add(FloatValue(a), FloatValue(b), to: .extended(env), &env).bits80
    }

    static func sub(_ a: Float80Bits, _ b: Float80Bits, _ env: inout FloatEnvironment) -> Float80Bits {
        subtract(FloatValue(a), FloatValue(b), to: .extended(env), &env).bits80
    }

    static func mul(_ a: Float80Bits, _ b: Float80Bits, _ env: inout FloatEnvironment) -> Float80Bits {
        multiply(FloatValue(a), FloatValue(b), to: .extended(env), &env).bits80
    }

    static func div(_ a: Float80Bits, _ b: Float80Bits, _ env: inout FloatEnvironment) -> Float80Bits {
        divide(FloatValue(a), FloatValue(b), to: .extended(env), &env).bits80
    }

    static func sqrt(_ a: Float80Bits, _ env: inout FloatEnvironment) -> Float80Bits {
        squareRoot(FloatValue(a), to: .extended(env), &env).bits80
    }

    static func compare(
        _ a: Float80Bits, _ b: Float80Bits, signalling: Bool, _ env: inout FloatEnvironment
    ) -> FloatRelation {
        compare(FloatValue(a), FloatValue(b), signalling: signalling, &env)
    }

    /// FRNDINT.
    static func roundToIntegral(
        _ a: Float80Bits, rounding: FloatRounding?, suppressInexact: Bool, _ env: inout FloatEnvironment
    ) -> Float80Bits {
        let value = FloatValue(a)
        if stopsForDenormal(value, value, &env) { return a }
        return roundToIntegral(value, rounding ?? env.rounding, suppressInexact: suppressInexact, &env).bits80
    }
}
