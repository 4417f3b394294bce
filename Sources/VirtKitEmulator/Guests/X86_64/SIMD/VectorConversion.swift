// Conversions between integers and floating point, and between the two floating-point formats.
//
// SAFETY: operands are read and written through the accessors of VectorExecution.swift, which says why they hold.

/// Executes the operations from `cvtsi2ss` to `cvttpd2pi`. False: an unmasked exception was recorded, nothing was written.
func executeConversion(
    _ operation: VectorOperation, _ d: UnsafeMutableRawPointer, _ s: UnsafeRawPointer,
    _ environment: UnsafeMutableRawPointer
) -> Bool {
    var env = FloatEnvironment(mxcsr: environment.mxcsr)
    switch operation {
    case .cvtsi2sd:
        return finish(SoftFloat.float64(Int32(bitPattern: s.double), &env), d, env, environment)
    case .cvtsi2sdq:
        return finish(SoftFloat.float64(Int64(bitPattern: s.quad), &env), d, env, environment)
    case .cvtsi2ss:
        return finish(SoftFloat.float32(Int32(bitPattern: s.double), &env), d, env, environment)
    case .cvtsi2ssq:
        return finish(SoftFloat.float32(Int64(bitPattern: s.quad), &env), d, env, environment)

    case .cvttsd2si: return finishGeneral(SoftFloat.int32(s.quad, truncating: true, &env), d, env, environment)
    case .cvttsd2siq: return finish(SoftFloat.int64(s.quad, truncating: true, &env), d, env, environment)
    case .cvtsd2si: return finishGeneral(SoftFloat.int32(s.quad, truncating: false, &env), d, env, environment)
    case .cvtsd2siq: return finish(SoftFloat.int64(s.quad, truncating: false, &env), d, env, environment)
    case .cvttss2si: return finishGeneral(SoftFloat.int32(s.double, truncating: true, &env), d, env, environment)
    case .cvttss2siq: return finish(SoftFloat.int64(s.double, truncating: true, &env), d, env, environment)
    case .cvtss2si: return finishGeneral(SoftFloat.int32(s.double, truncating: false, &env), d, env, environment)
    case .cvtss2siq: return finish(SoftFloat.int64(s.double, truncating: false, &env), d, env, environment)

    case .cvtss2sd: return finish(SoftFloat.toFloat64(s.double, &env), d, env, environment)
    case .cvtsd2ss: return finish(SoftFloat.toFloat32(s.quad, &env), d, env, environment)
    case .cvtps2pd:
        let (low, high) = halves(s)
        let result = Quads(SoftFloat.toFloat64(low, &env), SoftFloat.toFloat64(high, &env))
        return finish(result, d, env, environment)
    case .cvtpd2ps:
        let a = s.quads
        let result = Doubles(SoftFloat.toFloat32(a[0], &env), SoftFloat.toFloat32(a[1], &env), 0, 0)
        return finish(result, d, env, environment)

    case .cvtdq2ps:
        let a = s.signedDoubles
        var result = Doubles()
        for lane in 0..<4 { result[lane] = SoftFloat.float32(a[lane], &env) }
        return finish(result, d, env, environment)
    case .cvtdq2pd, .cvtpi2pd:
        let (low, high) = halves(s)
        let result = Quads(
            SoftFloat.float64(Int32(bitPattern: low), &env), SoftFloat.float64(Int32(bitPattern: high), &env))
        return finish(result, d, env, environment)
    case .cvtpi2ps:
        let (low, high) = halves(s)
        let result = SIMD2<UInt32>(
            SoftFloat.float32(Int32(bitPattern: low), &env), SoftFloat.float32(Int32(bitPattern: high), &env))
        return finish(result, d, env, environment)

    case .cvtps2dq, .cvttps2dq:
        let a = s.doubles
        var result = SIMD4<Int32>()
        for lane in 0..<4 {
            result[lane] = SoftFloat.int32(a[lane], truncating: operation == .cvttps2dq, &env)
        }
        return finish(result, d, env, environment)
    case .cvtpd2dq, .cvttpd2dq:
        let (low, high) = integers(s, truncating: operation == .cvttpd2dq, &env)
        return finish(SIMD4<Int32>(low, high, 0, 0), d, env, environment)
    case .cvtpd2pi, .cvttpd2pi:
        let (low, high) = integers(s, truncating: operation == .cvttpd2pi, &env)
        return finish(SIMD2<Int32>(low, high), d, env, environment)
    case .cvtps2pi, .cvttps2pi:
        let (low, high) = halves(s)
        let truncating = operation == .cvttps2pi
        let result = SIMD2<Int32>(
            SoftFloat.int32(low, truncating: truncating, &env), SoftFloat.int32(high, truncating: truncating, &env))
        return finish(result, d, env, environment)
    default: return true
    }
}

/// The low eight bytes as two 32-bit lanes.
@inline(__always) private func halves(_ s: UnsafeRawPointer) -> (low: UInt32, high: UInt32) {
    let quad = s.quad
    return (UInt32(truncatingIfNeeded: quad), UInt32(truncatingIfNeeded: quad >> 32))
}

@inline(__always) private func integers(
    _ s: UnsafeRawPointer, truncating: Bool, _ env: inout FloatEnvironment
) -> (low: Int32, high: Int32) {
    let a = s.quads
    return (
        SoftFloat.int32(a[0], truncating: truncating, &env), SoftFloat.int32(a[1], truncating: truncating, &env)
    )
}

/// A 32-bit result for a general register, zero-extended.
@inline(__always) private func finishGeneral(
    _ result: Int32, _ d: UnsafeMutableRawPointer, _ env: FloatEnvironment, _ environment: UnsafeMutableRawPointer
) -> Bool {
    finish(UInt64(UInt32(bitPattern: result)), d, env, environment)
}
