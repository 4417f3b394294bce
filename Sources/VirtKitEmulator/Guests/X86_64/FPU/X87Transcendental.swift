// The transcendental instructions: special operands by the tables of SDM volume 2, everything else by series.

extension SoftFloat {
    /// F2XM1: 2^x - 1. The processor defines it from -1 to 1.
    static func exponentialLess1(_ x: FloatValue, _ env: inout FloatEnvironment) -> FloatValue {
        if x.isNaN { return propagateNaN(x, &env) }
        if x.kind == .zero { return x }
        if x.kind == .infinity { return x.sign ? FloatValue(-1) : x }
        if stopsForDenormal(x, x, &env) { return .indefinite }
        if x.exponent == 0 && x.significand << 1 == 0 {
            if !x.sign { return FloatValue(1) }
            var half = FloatValue(-1)
            half.exponent = -1
            return half
        }
        if x.exponent < 0 { return WideFloat.exponentialLess1(WideFloat(x)).roundedInexact(to: .extended, &env) }
        // Out of the defined range: 2^n × 2^f - 1, bounded to where it overflows or is all but -1.
        let whole =
            x.exponent < 15 ? Int(truncatingIfNeeded: integerMagnitude(x, .towardZero)?.magnitude ?? 0) : 1 << 15
        let power = x.sign ? -whole : whole
        let part = x.exponent < 15 ? WideFloat(x) - WideFloat(power) : .zero
        let result = (WideFloat.exponentialLess1(part) + .one).scaled(by: power) - .one
        return result.roundedInexact(to: .extended, &env)
    }

    /// FYL2X: `y × log2(x)`.
    static func logarithm(
        _ x: FloatValue, times y: FloatValue, _ env: inout FloatEnvironment
    ) -> FloatValue {
        if x.isNaN || y.isNaN { return propagateNaN(x, y, &env) }
        if x.sign && x.kind != .zero { return invalidResult(&env) }
        let isOne = x.kind == .finite && x.exponent == 0 && x.significand << 1 == 0
        if (y.kind == .zero && (x.kind == .zero || x.kind == .infinity)) || (y.kind == .infinity && isOne) {
            return invalidResult(&env)
        }
        if x.kind == .zero {
            if y.kind == .finite { env.raise(.divideByZero) }
            return .infinity(sign: !y.sign)
        }
        if stopsForDenormal(x, y, &env) { return .indefinite }
        if isOne { return .zero(sign: y.sign) }
        let isBelowOne = x.kind == .finite && x.exponent < 0
        let sign = y.sign != isBelowOne
        if x.kind == .infinity || y.kind == .infinity { return .infinity(sign: sign) }
        if y.kind == .zero { return .zero(sign: sign) }
        if x.significand << 1 == 0 {
            // A power of two has an exact logarithm, but hardware reports every finite result as inexact.
            env.raise(.inexact)
            let result = multiply(FloatValue(Int64(x.exponent)), y, to: .extended, &env)
            if result.significand >> 63 == 0 { env.raise(.underflow) }
            return result
        }
        return (WideFloat.logarithm(WideFloat(x)) * WideFloat(y)).roundedInexact(to: .extended, &env)
    }

    /// FYL2XP1: `y × log2(x + 1)`.
    static func logarithm1(
        _ x: FloatValue, times y: FloatValue, _ env: inout FloatEnvironment
    ) -> FloatValue {
        if x.isNaN || y.isNaN { return propagateNaN(x, y, &env) }
        let isBelowMinus1 = x.sign && x.kind == .finite && x.exponent >= 0 && x.significand << 1 != 0
        if (x.kind == .infinity && (x.sign || y.kind == .zero)) || (x.kind == .zero && y.kind == .infinity)
            || isBelowMinus1 || (x.sign && x.kind == .finite && x.exponent > 0)
        {
            return invalidResult(&env)
        }
        if stopsForDenormal(x, y, &env) { return .indefinite }
        let sign = x.sign != y.sign
        if x.kind == .infinity || y.kind == .infinity { return .infinity(sign: sign) }
        if x.kind == .zero || y.kind == .zero { return .zero(sign: sign) }
        let wide = WideFloat(x)
        let logarithm: WideFloat
        if x.exponent < -2 {
            // log2(1 + x) = log2((1 + s) / (1 - s)) with s = x / (2 + x).
            logarithm = WideFloat.logarithmOfRatio(wide / (WideFloat(2) + wide))
        } else {
            let sum = wide + .one
            if sum.isZero {
                env.raise(.divideByZero)
                return .infinity(sign: !y.sign)
            }
            logarithm = WideFloat.logarithm(sum)
        }
        return (logarithm * WideFloat(y)).roundedInexact(to: .extended, &env)
    }

    /// FPATAN: the angle of the point (x, y).
    static func arcTangent(_ y: FloatValue, _ x: FloatValue, _ env: inout FloatEnvironment) -> FloatValue {
        if x.isNaN || y.isNaN { return propagateNaN(x, y, &env) }
        if stopsForDenormal(x, y, &env) { return .indefinite }
        func angle(_ value: WideFloat, _ env: inout FloatEnvironment) -> FloatValue {
            (y.sign ? value.negated : value).roundedInexact(to: .extended, &env)
        }
        let half = WideFloat.pi.scaled(by: -1)
        if y.kind == .zero || (x.kind == .infinity && y.kind != .infinity) {
            return x.sign ? angle(.pi, &env) : .zero(sign: y.sign)
        }
        if y.kind == .infinity {
            guard x.kind == .infinity else { return angle(half, &env) }
            let quarter = half.scaled(by: -1)
            return angle(x.sign ? half + quarter : quarter, &env)
        }
        if x.kind == .zero { return angle(half, &env) }
        let a = WideFloat(y.magnitude)
        let b = WideFloat(x.magnitude)
        let isFlat = a.exponent < b.exponent || (a.exponent == b.exponent && a.significand <= b.significand)
        let base = WideFloat.arcTangent(isFlat ? a / b : b / a)
        if isFlat {
            return angle(x.sign ? .pi - base : base, &env)
        }
        return angle(x.sign ? half + base : half - base, &env)
    }

    /// Sine and cosine of a finite number under 2^63.
    static func sineCosine(_ x: FloatValue) -> (sine: WideFloat, cosine: WideFloat) {
        let (rest, quadrant) = WideFloat.reduced(WideFloat(x.magnitude))
        let sine = WideFloat.sine(rest)
        let cosine = WideFloat.cosine(rest)
        let result =
            switch quadrant {
            case 0: (sine, cosine)
            case 1: (cosine, sine.negated)
            case 2: (sine.negated, cosine.negated)
            default: (cosine.negated, sine)
            }
        return x.sign ? (result.0.negated, result.1) : result
    }
}

extension X87 {
    /// Whether an angle is too large for the processor, which then sets C2 and does nothing.
    private static func isOutOfRange(_ x: FloatValue, _ state: X87State) -> Bool {
        let isLarge = x.kind == .finite && x.exponent >= 63
        state.status = isLarge ? state.status & ~X87Status.c1 | X87Status.c2 : state.status & ~X87Status.c2
        return isLarge
    }

    /// One of the functions of an angle, rounded.
    private static func function(
        _ operation: X87Instruction.Operation, of x: FloatValue, _ env: inout FloatEnvironment
    ) -> FloatValue {
        if x.isNaN { return SoftFloat.propagateNaN(x, &env) }
        if x.kind == .infinity { return SoftFloat.invalidResult(&env) }
        if SoftFloat.stopsForDenormal(x, x, &env) { return .indefinite }
        if x.kind == .zero { return operation == .cosine ? FloatValue(1) : x }
        let (sine, cosine) = SoftFloat.sineCosine(x)
        let result =
            switch operation {
            case .sine: sine
            case .cosine: cosine
            default: sine / cosine
            }
        return result.roundedInexact(to: .extended, &env)
    }

    /// FSIN and FCOS.
    static func trigonometric(_ operation: X87Instruction.Operation, _ state: X87State) {
        state.status &= ~X87Status.c2
        if state.isEmpty(0) {
            if state.stackFault(overflow: false) { state[0] = .indefinite }
            return
        }
        let x = FloatValue(state[0])
        if isOutOfRange(x, state) { return }
        var env = FloatEnvironment(x87Control: state.control)
        let result = function(operation, of: x, &env)
        if state.commit(env) { state[0] = result.bits80 }
    }

    /// FPTAN, FSINCOS and FXTRACT: one operand, two results, the second pushed.
    static func pushing(_ operation: X87Instruction.Operation, _ state: X87State) {
        if operation != .extract { state.status &= ~X87Status.c2 }
        let isEmpty = state.isEmpty(0)
        if isEmpty || !state.isEmpty(7) {
            if state.stackFault(overflow: !isEmpty) {
                state[0] = .indefinite
                state.push(.indefinite)
            }
            return
        }
        let x = FloatValue(state[0])
        var env = FloatEnvironment(x87Control: state.control)
        let first: FloatValue
        let second: FloatValue
        switch operation {
        case .extract:
            (first, second) = SoftFloat.extract(x, &env)
        case .tangent:
            if isOutOfRange(x, state) { return }
            first = function(.tangent, of: x, &env)
            second = first.isNaN ? first : FloatValue(1)
        default:
            if isOutOfRange(x, state) { return }
            first = function(.sine, of: x, &env)
            second = function(.cosine, of: x, &env)
        }
        guard state.commit(env) else { return }
        state[0] = first.bits80
        state.push(second.bits80)
    }
}
