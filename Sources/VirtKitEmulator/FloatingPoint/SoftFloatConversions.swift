// Conversions between formats, and from and to integers.

extension SoftFloat {
    // MARK: Between formats

    /// CVTSS2SD.
    @inline(__always)
    static func toFloat64(_ a: UInt32, _ env: inout FloatEnvironment) -> UInt64 {
        // Exact for zeros and normal numbers.
        if a << 1 == 0 || (a >> 23 & 0xff) &- 1 < 0xfe { return Double(Float(bitPattern: a)).bitPattern }
        return slowToFloat64(a, &env)
    }

    @inline(never)
    private static func slowToFloat64(_ a: UInt32, _ env: inout FloatEnvironment) -> UInt64 {
        convert(FloatValue(a, denormalsAreZero: env.denormalsAreZero), to: .binary64, &env).bits64
    }

    /// CVTSD2SS.
    @inline(__always)
    static func toFloat32(_ a: UInt64, _ env: inout FloatEnvironment) -> UInt32 {
        let narrow = Float(Double(bitPattern: a))
        if Double(narrow).bitPattern == a || (env.hidesInexact && env.rounding == .nearestEven) {
            let field = narrow.bitPattern >> 23 & 0xff
            if field &- 2 < 0xfd || a << 1 == 0 { return narrow.bitPattern }
        }
        return slowToFloat32(a, &env)
    }

    @inline(never)
    private static func slowToFloat32(_ a: UInt64, _ env: inout FloatEnvironment) -> UInt32 {
        convert(FloatValue(a, denormalsAreZero: env.denormalsAreZero), to: .binary32, &env).bits32
    }

    /// FLD m32: exact.
    static func toFloat80(_ a: UInt32, _ env: inout FloatEnvironment) -> Float80Bits {
        convert(FloatValue(a), to: .extended, &env).bits80
    }

    /// FLD m64: exact.
    static func toFloat80(_ a: UInt64, _ env: inout FloatEnvironment) -> Float80Bits {
        convert(FloatValue(a), to: .extended, &env).bits80
    }

    /// FST m32.
    static func toFloat32(_ a: Float80Bits, _ env: inout FloatEnvironment) -> UInt32 {
        store(FloatValue(a), to: .binary32, &env).bits32
    }

    /// FST m64.
    static func toFloat64(_ a: Float80Bits, _ env: inout FloatEnvironment) -> UInt64 {
        store(FloatValue(a), to: .binary64, &env).bits64
    }

    /// A store does not report a denormal operand (SDM volume 2, FST).
    private static func store(
        _ a: FloatValue, to format: FloatFormat, _ env: inout FloatEnvironment
    ) -> FloatValue {
        var value = a
        value.isDenormal = false
        return convert(value, to: format, &env)
    }

    // MARK: From integers

    /// CVTSI2SS.
    @inline(__always)
    static func float32(_ i: Int64, _ env: inout FloatEnvironment) -> UInt32 {
        if i.magnitude <= 1 << 24 { return Float(i).bitPattern }
        return slowFloat32(i, &env)
    }

    @inline(never)
    private static func slowFloat32(_ i: Int64, _ env: inout FloatEnvironment) -> UInt32 {
        convert(FloatValue(i), to: .binary32, &env).bits32
    }

    /// CVTSI2SS, CVTDQ2PS.
    static func float32(_ i: Int32, _ env: inout FloatEnvironment) -> UInt32 {
        float32(Int64(i), &env)
    }

    /// CVTSI2SD.
    @inline(__always)
    static func float64(_ i: Int64, _ env: inout FloatEnvironment) -> UInt64 {
        if i.magnitude <= 1 << 53 { return Double(i).bitPattern }
        return slowFloat64(i, &env)
    }

    @inline(never)
    private static func slowFloat64(_ i: Int64, _ env: inout FloatEnvironment) -> UInt64 {
        convert(FloatValue(i), to: .binary64, &env).bits64
    }

    /// CVTSI2SD, CVTDQ2PD: exact.
    @inline(__always)
    static func float64(_ i: Int32, _ env: inout FloatEnvironment) -> UInt64 {
        Double(i).bitPattern
    }

    // MARK: To integers

    private static func mode(_ truncating: Bool, _ env: FloatEnvironment) -> FloatRounding {
        truncating ? .towardZero : env.rounding
    }

    /// CVTSS2SI, CVTTSS2SI.
    @inline(__always)
    static func int32(_ a: UInt32, truncating: Bool, _ env: inout FloatEnvironment) -> Int32 {
        let number = Float(bitPattern: a)
        if number.magnitude < 0x1p31 {
            let whole = Int32(number)
            // A whole number needs no rounding; a truncated one only reports that it is inexact.
            if Float(whole) == number { return whole }
            if truncating, env.hidesInexact { return whole }
        }
        return slowInt32(a, truncating: truncating, &env)
    }

    @inline(never)
    private static func slowInt32(_ a: UInt32, truncating: Bool, _ env: inout FloatEnvironment) -> Int32 {
        let value = FloatValue(a, denormalsAreZero: env.denormalsAreZero)
        return Int32(truncatingIfNeeded: integer(value, width: 32, mode(truncating, env), &env))
    }

    /// CVTSD2SI, CVTTSD2SI.
    @inline(__always)
    static func int32(_ a: UInt64, truncating: Bool, _ env: inout FloatEnvironment) -> Int32 {
        let number = Double(bitPattern: a)
        if number.magnitude < 0x1p31 {
            let whole = Int32(number)
            // A whole number needs no rounding; a truncated one only reports that it is inexact.
            if Double(whole) == number { return whole }
            if truncating, env.hidesInexact { return whole }
        }
        return slowInt32(a, truncating: truncating, &env)
    }

    @inline(never)
    private static func slowInt32(_ a: UInt64, truncating: Bool, _ env: inout FloatEnvironment) -> Int32 {
        let value = FloatValue(a, denormalsAreZero: env.denormalsAreZero)
        return Int32(truncatingIfNeeded: integer(value, width: 32, mode(truncating, env), &env))
    }

    /// CVTSS2SI, CVTTSS2SI with REX.W.
    @inline(__always)
    static func int64(_ a: UInt32, truncating: Bool, _ env: inout FloatEnvironment) -> Int64 {
        let number = Float(bitPattern: a)
        if number.magnitude < 0x1p63 {
            let whole = Int64(number)
            // A whole number needs no rounding; a truncated one only reports that it is inexact.
            if Float(whole) == number { return whole }
            if truncating, env.hidesInexact { return whole }
        }
        return slowInt64(a, truncating: truncating, &env)
    }

    @inline(never)
    private static func slowInt64(_ a: UInt32, truncating: Bool, _ env: inout FloatEnvironment) -> Int64 {
        let value = FloatValue(a, denormalsAreZero: env.denormalsAreZero)
        return integer(value, width: 64, mode(truncating, env), &env)
    }

    /// CVTSD2SI, CVTTSD2SI with REX.W.
    @inline(__always)
    static func int64(_ a: UInt64, truncating: Bool, _ env: inout FloatEnvironment) -> Int64 {
        let number = Double(bitPattern: a)
        if number.magnitude < 0x1p63 {
            let whole = Int64(number)
            // A whole number needs no rounding; a truncated one only reports that it is inexact.
            if Double(whole) == number { return whole }
            if truncating, env.hidesInexact { return whole }
        }
        return slowInt64(a, truncating: truncating, &env)
    }

    @inline(never)
    private static func slowInt64(_ a: UInt64, truncating: Bool, _ env: inout FloatEnvironment) -> Int64 {
        let value = FloatValue(a, denormalsAreZero: env.denormalsAreZero)
        return integer(value, width: 64, mode(truncating, env), &env)
    }

    /// FIST m16, FISTTP m16.
    static func int16(_ a: Float80Bits, truncating: Bool, _ env: inout FloatEnvironment) -> Int16 {
        Int16(truncatingIfNeeded: integer(FloatValue(a), width: 16, mode(truncating, env), &env))
    }

    /// FIST m32, FISTTP m32.
    static func int32(_ a: Float80Bits, truncating: Bool, _ env: inout FloatEnvironment) -> Int32 {
        Int32(truncatingIfNeeded: integer(FloatValue(a), width: 32, mode(truncating, env), &env))
    }

    /// FISTP m64, FISTTP m64.
    static func int64(_ a: Float80Bits, truncating: Bool, _ env: inout FloatEnvironment) -> Int64 {
        integer(FloatValue(a), width: 64, mode(truncating, env), &env)
    }
}
