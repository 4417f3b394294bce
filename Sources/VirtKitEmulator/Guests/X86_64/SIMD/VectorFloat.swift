// Floating-point arithmetic and comparison. NaNs, rounding and flags are SoftFloat's; here are lanes and predicates.
//
// SAFETY: operands are read and written through the accessors of VectorExecution.swift, which says why they hold.

/// Executes the operations from `addps` to `roundsd`. False: an unmasked exception was recorded, nothing was written.
func executeFloatingPoint(
    _ operation: VectorOperation, _ d: UnsafeMutableRawPointer, _ s: UnsafeRawPointer, _ immediate: UInt8,
    _ environment: UnsafeMutableRawPointer
) -> Bool {
    var env = FloatEnvironment(mxcsr: environment.mxcsr)
    switch operation {
    case .addsd: return finish(SoftFloat.add(d.quad, s.quad, &env), d, env, environment)
    case .subsd: return finish(SoftFloat.sub(d.quad, s.quad, &env), d, env, environment)
    case .mulsd: return finish(SoftFloat.mul(d.quad, s.quad, &env), d, env, environment)
    case .divsd: return finish(SoftFloat.div(d.quad, s.quad, &env), d, env, environment)
    case .minsd: return finish(SoftFloat.min(d.quad, s.quad, &env), d, env, environment)
    case .maxsd: return finish(SoftFloat.max(d.quad, s.quad, &env), d, env, environment)
    case .sqrtsd: return finish(SoftFloat.sqrt(s.quad, &env), d, env, environment)
    case .addss: return finish(SoftFloat.add(d.double, s.double, &env), d, env, environment)
    case .subss: return finish(SoftFloat.sub(d.double, s.double, &env), d, env, environment)
    case .mulss: return finish(SoftFloat.mul(d.double, s.double, &env), d, env, environment)
    case .divss: return finish(SoftFloat.div(d.double, s.double, &env), d, env, environment)
    case .minss: return finish(SoftFloat.min(d.double, s.double, &env), d, env, environment)
    case .maxss: return finish(SoftFloat.max(d.double, s.double, &env), d, env, environment)
    case .sqrtss: return finish(SoftFloat.sqrt(s.double, &env), d, env, environment)

    case .addpd: return pairs(d, s, &env, environment) { SoftFloat.add($0, $1, &$2) }
    case .subpd: return pairs(d, s, &env, environment) { SoftFloat.sub($0, $1, &$2) }
    case .mulpd: return pairs(d, s, &env, environment) { SoftFloat.mul($0, $1, &$2) }
    case .divpd: return pairs(d, s, &env, environment) { SoftFloat.div($0, $1, &$2) }
    case .minpd: return pairs(d, s, &env, environment) { SoftFloat.min($0, $1, &$2) }
    case .maxpd: return pairs(d, s, &env, environment) { SoftFloat.max($0, $1, &$2) }
    case .sqrtpd: return pairs(d, s, &env, environment) { SoftFloat.sqrt($1, &$2) }
    case .addps: return fours(d, s, &env, environment) { SoftFloat.add($0, $1, &$2) }
    case .subps: return fours(d, s, &env, environment) { SoftFloat.sub($0, $1, &$2) }
    case .mulps: return fours(d, s, &env, environment) { SoftFloat.mul($0, $1, &$2) }
    case .divps: return fours(d, s, &env, environment) { SoftFloat.div($0, $1, &$2) }
    case .minps: return fours(d, s, &env, environment) { SoftFloat.min($0, $1, &$2) }
    case .maxps: return fours(d, s, &env, environment) { SoftFloat.max($0, $1, &$2) }
    case .sqrtps: return fours(d, s, &env, environment) { SoftFloat.sqrt($1, &$2) }

    case .ucomisd, .comisd:
        let relation = SoftFloat.compare(d.quad, s.quad, signalling: operation == .comisd, &env)
        return finish(relation, env, environment)
    case .ucomiss, .comiss:
        let relation = SoftFloat.compare(d.double, s.double, signalling: operation == .comiss, &env)
        return finish(relation, env, environment)
    case .cmpsd:
        let predicate = FloatPredicate(immediate)
        let relation = SoftFloat.compare(d.quad, s.quad, signalling: predicate.signals, &env)
        return finish(predicate.holds(relation) ? UInt64.max : 0, d, env, environment)
    case .cmpss:
        let predicate = FloatPredicate(immediate)
        let relation = SoftFloat.compare(d.double, s.double, signalling: predicate.signals, &env)
        return finish(predicate.holds(relation) ? UInt32.max : 0, d, env, environment)
    case .cmppd:
        let predicate = FloatPredicate(immediate)
        return pairs(d, s, &env, environment) {
            predicate.holds(SoftFloat.compare($0, $1, signalling: predicate.signals, &$2)) ? .max : 0
        }
    case .cmpps:
        let predicate = FloatPredicate(immediate)
        return fours(d, s, &env, environment) {
            predicate.holds(SoftFloat.compare($0, $1, signalling: predicate.signals, &$2)) ? .max : 0
        }

    case .roundsd, .roundss, .roundpd, .roundps:
        let rounding = immediate & 4 != 0 ? nil : FloatRounding(rawValue: immediate & 3)
        let quiet = immediate & 8 != 0
        switch operation {
        case .roundsd:
            let result = SoftFloat.roundToIntegral(s.quad, rounding: rounding, suppressInexact: quiet, &env)
            return finish(result, d, env, environment)
        case .roundss:
            let result = SoftFloat.roundToIntegral(s.double, rounding: rounding, suppressInexact: quiet, &env)
            return finish(result, d, env, environment)
        case .roundpd:
            return pairs(d, s, &env, environment) {
                SoftFloat.roundToIntegral($1, rounding: rounding, suppressInexact: quiet, &$2)
            }
        default:
            return fours(d, s, &env, environment) {
                SoftFloat.roundToIntegral($1, rounding: rounding, suppressInexact: quiet, &$2)
            }
        }

    case .rcpss:
        d.set(reciprocal(s.double))
        return true
    case .rsqrtss:
        d.set(reciprocalSquareRoot(s.double))
        return true
    case .rcpps:
        let a = s.doubles
        d.set(Doubles(reciprocal(a[0]), reciprocal(a[1]), reciprocal(a[2]), reciprocal(a[3])))
        return true
    case .rsqrtps:
        let a = s.doubles
        d.set(
            Doubles(
                reciprocalSquareRoot(a[0]), reciprocalSquareRoot(a[1]), reciprocalSquareRoot(a[2]),
                reciprocalSquareRoot(a[3])))
        return true
    default:
        return executeHorizontal(operation, d, s, immediate, &env, environment)
    }
}

/// Operations across lanes: addsub, hadd, hsub, dp.
private func executeHorizontal(
    _ operation: VectorOperation, _ d: UnsafeMutableRawPointer, _ s: UnsafeRawPointer, _ immediate: UInt8,
    _ env: inout FloatEnvironment, _ environment: UnsafeMutableRawPointer
) -> Bool {
    switch operation {
    case .addsubpd:
        let (a, b) = (d.quads, s.quads)
        let result = Quads(SoftFloat.sub(a[0], b[0], &env), SoftFloat.add(a[1], b[1], &env))
        return finish(result, d, env, environment)
    case .addsubps:
        let (a, b) = (d.doubles, s.doubles)
        let result = Doubles(
            SoftFloat.sub(a[0], b[0], &env), SoftFloat.add(a[1], b[1], &env),
            SoftFloat.sub(a[2], b[2], &env), SoftFloat.add(a[3], b[3], &env))
        return finish(result, d, env, environment)
    case .haddpd:
        let (a, b) = (d.quads, s.quads)
        let result = Quads(SoftFloat.add(a[0], a[1], &env), SoftFloat.add(b[0], b[1], &env))
        return finish(result, d, env, environment)
    case .hsubpd:
        let (a, b) = (d.quads, s.quads)
        let result = Quads(SoftFloat.sub(a[0], a[1], &env), SoftFloat.sub(b[0], b[1], &env))
        return finish(result, d, env, environment)
    case .haddps:
        let (a, b) = (d.doubles, s.doubles)
        let result = Doubles(
            SoftFloat.add(a[0], a[1], &env), SoftFloat.add(a[2], a[3], &env),
            SoftFloat.add(b[0], b[1], &env), SoftFloat.add(b[2], b[3], &env))
        return finish(result, d, env, environment)
    case .hsubps:
        let (a, b) = (d.doubles, s.doubles)
        let result = Doubles(
            SoftFloat.sub(a[0], a[1], &env), SoftFloat.sub(a[2], a[3], &env),
            SoftFloat.sub(b[0], b[1], &env), SoftFloat.sub(b[2], b[3], &env))
        return finish(result, d, env, environment)
    case .dppd:
        let (a, b) = (d.quads, s.quads)
        let low = immediate & 0x10 != 0 ? SoftFloat.mul(a[0], b[0], &env) : 0
        let high = immediate & 0x20 != 0 ? SoftFloat.mul(a[1], b[1], &env) : 0
        guard endStep(&env, environment) else { return false }
        let sum = SoftFloat.add(low, high, &env)
        let result = Quads(immediate & 1 != 0 ? sum : 0, immediate & 2 != 0 ? sum : 0)
        return finish(result, d, env, environment)
    case .dpps:
        let (a, b) = (d.doubles, s.doubles)
        var products = Doubles()
        for lane in 0..<4 where immediate >> (4 &+ UInt8(truncatingIfNeeded: lane)) & 1 != 0 {
            products[lane] = SoftFloat.mul(a[lane], b[lane], &env)
        }
        guard endStep(&env, environment) else { return false }
        let low = SoftFloat.add(products[0], products[1], &env)
        let high = SoftFloat.add(products[2], products[3], &env)
        guard endStep(&env, environment) else { return false }
        let sum = SoftFloat.add(low, high, &env)
        var result = Doubles()
        for lane in 0..<4 where immediate >> UInt8(truncatingIfNeeded: lane) & 1 != 0 { result[lane] = sum }
        return finish(result, d, env, environment)
    default: return true
    }
}

/// Records the flags, and writes the result unless an unmasked exception was raised.
@inline(__always) func finish<T: BitwiseCopyable>(
    _ result: T, _ d: UnsafeMutableRawPointer, _ env: FloatEnvironment, _ environment: UnsafeMutableRawPointer
) -> Bool {
    if env.hasUnmaskedRaised { return refuse(env, environment) }
    environment.mxcsr = env.mxcsr
    d.set(result)
    return true
}

/// Records the flags of an unmasked exception. One that operands alone cause (invalid, denormal, divide by zero) stops the
/// instruction before any lane is computed, and so before overflow, underflow and inexact (Intel SDM volume 1, 11.5.2).
@inline(never) private func refuse(_ env: FloatEnvironment, _ environment: UnsafeMutableRawPointer) -> Bool {
    let masks = UInt8(truncatingIfNeeded: env.mxcsr >> 7)
    let early = env.raised.rawValue & ~masks & 0x07 != 0
    environment.mxcsr = early ? env.mxcsr & ~0x38 | environment.mxcsr & 0x38 : env.mxcsr
    return false
}

/// Ends one step of a dot product: each step behaves as an instruction of its own towards the flags.
private func endStep(_ env: inout FloatEnvironment, _ environment: UnsafeMutableRawPointer) -> Bool {
    if env.hasUnmaskedRaised { return refuse(env, environment) }
    environment.mxcsr = env.mxcsr
    env = FloatEnvironment(mxcsr: env.mxcsr)
    return true
}

/// The flags of comiss and its like (Intel SDM volume 2, COMISD): ZF, PF, CF are all set for unordered.
@inline(__always) private func finish(
    _ relation: FloatRelation, _ env: FloatEnvironment, _ environment: UnsafeMutableRawPointer
) -> Bool {
    if env.hasUnmaskedRaised { return refuse(env, environment) }
    environment.mxcsr = env.mxcsr
    switch relation {
    case .less: environment.setFlags(VectorFlag.carry)
    case .equal: environment.setFlags(VectorFlag.zero)
    case .greater: environment.setFlags(0)
    case .unordered: environment.setFlags(VectorFlag.zero | VectorFlag.parity | VectorFlag.carry)
    }
    return true
}

@inline(__always) private func pairs(
    _ d: UnsafeMutableRawPointer, _ s: UnsafeRawPointer, _ env: inout FloatEnvironment,
    _ environment: UnsafeMutableRawPointer, _ compute: (UInt64, UInt64, inout FloatEnvironment) -> UInt64
) -> Bool {
    let (a, b) = (d.quads, s.quads)
    return finish(Quads(compute(a[0], b[0], &env), compute(a[1], b[1], &env)), d, env, environment)
}

@inline(__always) private func fours(
    _ d: UnsafeMutableRawPointer, _ s: UnsafeRawPointer, _ env: inout FloatEnvironment,
    _ environment: UnsafeMutableRawPointer, _ compute: (UInt32, UInt32, inout FloatEnvironment) -> UInt32
) -> Bool {
    let (a, b) = (d.doubles, s.doubles)
    var result = Doubles()
    for lane in 0..<4 { result[lane] = compute(a[lane], b[lane], &env) }
    return finish(result, d, env, environment)
}

/// The predicate in bits 2:0 of the immediate of cmpps and its like: equal, less, less or equal, unordered, and negations.
private struct FloatPredicate {
    private let code: UInt8

    init(_ immediate: UInt8) { code = immediate & 7 }

    /// The ordering predicates raise invalid for quiet NaNs too.
    var signals: Bool { code & 3 == 1 || code & 3 == 2 }

    func holds(_ relation: FloatRelation) -> Bool {
        let holds =
            switch code & 3 {
            case 0: relation == .equal
            case 1: relation == .less
            case 2: relation == .less || relation == .equal
            default: relation == .unordered
            }
        return holds != (code & 4 != 0)
    }
}

// The approximations may differ from the true value by 1.5 * 2^-12 of it; these are as exact as binary32 is. They ignore
// MXCSR: denormal operands count as zero, tiny results become zero, nothing is raised.

private func reciprocal(_ bits: UInt32) -> UInt32 {
    let (sign, magnitude) = (bits & 0x8000_0000, bits & 0x7FFF_FFFF)
    if magnitude > 0x7F80_0000 { return bits | 0x0040_0000 }
    if magnitude < 0x0080_0000 { return sign | 0x7F80_0000 }
    let result = (1 / Float(bitPattern: magnitude)).bitPattern
    return result < 0x0080_0000 ? sign : sign | result
}

private func reciprocalSquareRoot(_ bits: UInt32) -> UInt32 {
    let (sign, magnitude) = (bits & 0x8000_0000, bits & 0x7FFF_FFFF)
    if magnitude > 0x7F80_0000 { return bits | 0x0040_0000 }
    if magnitude < 0x0080_0000 { return sign | 0x7F80_0000 }
    if sign != 0 { return 0xFFC0_0000 }
    return Float(1 / Double(Float(bitPattern: magnitude)).squareRoot()).bitPattern
}
