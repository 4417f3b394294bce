import CVirtKitTestSupport
import Testing

@testable import VirtKitEmulator

/// SoftFloat's binary32 and binary64 operations against the host's SSE unit: results and MXCSR.
@Suite(.enabled(if: vkt_has_x86(), "the oracle is an x86 CPU"))
struct SSEOracleTests {
    static let operations: [(name: String, code: Int)] = {
        let codes: [(String, Int)] = [
            ("add", VKT_ADD), ("sub", VKT_SUB), ("mul", VKT_MUL), ("div", VKT_DIV), ("sqrt", VKT_SQRT),
            ("min", VKT_MIN), ("max", VKT_MAX), ("roundNearest", VKT_ROUND_NEAREST), ("roundDown", VKT_ROUND_DOWN),
            ("roundUp", VKT_ROUND_UP), ("roundZero", VKT_ROUND_ZERO), ("roundMXCSR", VKT_ROUND_MXCSR),
            ("roundQuiet", VKT_ROUND_QUIET), ("convert", VKT_CONVERT_FORMAT), ("comi", VKT_COMI),
            ("ucomi", VKT_UCOMI), ("toInt32", VKT_TO_INT32), ("toInt64", VKT_TO_INT64),
            ("truncateInt32", VKT_TRUNCATE_INT32), ("truncateInt64", VKT_TRUNCATE_INT64),
            ("fromInt32", VKT_FROM_INT32), ("fromInt64", VKT_FROM_INT64), ("fma", VKT_FMA),
        ].map { ($0, Int($1)) }
        return codes.filter { $0.1 != Int(VKT_FMA) || vkt_has_fma() }
    }()

    /// A control word with all exceptions masked: any rounding, DAZ, FZ, and some sticky flags, PE often.
    static func control(_ samples: inout SampleGenerator) -> UInt32 {
        var word = UInt32(truncatingIfNeeded: samples.next()) & 0x3f & UInt32(truncatingIfNeeded: samples.next())
        if samples.below(2) == 0 { word |= 0x20 }
        word |= 0x1f80
        if samples.below(2) == 0 { word |= UInt32(samples.below(4)) << 13 }
        if samples.below(4) == 0 { word |= 1 << 6 }
        if samples.below(4) == 0 { word |= 1 << 15 }
        return word
    }

    static func ours64(
        _ code: Int, _ a: UInt64, _ b: UInt64, _ c: UInt64, _ env: inout FloatEnvironment
    ) -> UInt64 {
        func round(_ rounding: FloatRounding?, quiet: Bool = false) -> UInt64 {
            SoftFloat.roundToIntegral(a, rounding: rounding, suppressInexact: quiet, &env)
        }
        return switch code {
        case Int(VKT_ADD): SoftFloat.add(a, b, &env)
        case Int(VKT_SUB): SoftFloat.sub(a, b, &env)
        case Int(VKT_MUL): SoftFloat.mul(a, b, &env)
        case Int(VKT_DIV): SoftFloat.div(a, b, &env)
        case Int(VKT_SQRT): SoftFloat.sqrt(a, &env)
        case Int(VKT_MIN): SoftFloat.min(a, b, &env)
        case Int(VKT_MAX): SoftFloat.max(a, b, &env)
        case Int(VKT_ROUND_NEAREST): round(.nearestEven)
        case Int(VKT_ROUND_DOWN): round(.down)
        case Int(VKT_ROUND_UP): round(.up)
        case Int(VKT_ROUND_ZERO): round(.towardZero)
        case Int(VKT_ROUND_MXCSR): round(nil)
        case Int(VKT_ROUND_QUIET): round(nil, quiet: true)
        case Int(VKT_CONVERT_FORMAT): UInt64(SoftFloat.toFloat32(a, &env))
        case Int(VKT_COMI): UInt64(SoftFloat.compare(a, b, signalling: true, &env).rawValue)
        case Int(VKT_UCOMI): UInt64(SoftFloat.compare(a, b, signalling: false, &env).rawValue)
        case Int(VKT_TO_INT32): UInt64(bitPattern: Int64(SoftFloat.int32(a, truncating: false, &env)))
        case Int(VKT_TO_INT64): UInt64(bitPattern: SoftFloat.int64(a, truncating: false, &env))
        case Int(VKT_TRUNCATE_INT32): UInt64(bitPattern: Int64(SoftFloat.int32(a, truncating: true, &env)))
        case Int(VKT_TRUNCATE_INT64): UInt64(bitPattern: SoftFloat.int64(a, truncating: true, &env))
        case Int(VKT_FROM_INT32): SoftFloat.float64(Int32(truncatingIfNeeded: a), &env)
        case Int(VKT_FROM_INT64): SoftFloat.float64(Int64(bitPattern: a), &env)
        default: SoftFloat.mulAdd(b, a, c, &env)
        }
    }

    static func ours32(
        _ code: Int, _ a: UInt32, _ b: UInt32, _ c: UInt32, _ env: inout FloatEnvironment
    ) -> UInt64 {
        func round(_ rounding: FloatRounding?, quiet: Bool = false) -> UInt64 {
            UInt64(SoftFloat.roundToIntegral(a, rounding: rounding, suppressInexact: quiet, &env))
        }
        return switch code {
        case Int(VKT_ADD): UInt64(SoftFloat.add(a, b, &env))
        case Int(VKT_SUB): UInt64(SoftFloat.sub(a, b, &env))
        case Int(VKT_MUL): UInt64(SoftFloat.mul(a, b, &env))
        case Int(VKT_DIV): UInt64(SoftFloat.div(a, b, &env))
        case Int(VKT_SQRT): UInt64(SoftFloat.sqrt(a, &env))
        case Int(VKT_MIN): UInt64(SoftFloat.min(a, b, &env))
        case Int(VKT_MAX): UInt64(SoftFloat.max(a, b, &env))
        case Int(VKT_ROUND_NEAREST): round(.nearestEven)
        case Int(VKT_ROUND_DOWN): round(.down)
        case Int(VKT_ROUND_UP): round(.up)
        case Int(VKT_ROUND_ZERO): round(.towardZero)
        case Int(VKT_ROUND_MXCSR): round(nil)
        case Int(VKT_ROUND_QUIET): round(nil, quiet: true)
        case Int(VKT_CONVERT_FORMAT): SoftFloat.toFloat64(a, &env)
        case Int(VKT_COMI): UInt64(SoftFloat.compare(a, b, signalling: true, &env).rawValue)
        case Int(VKT_UCOMI): UInt64(SoftFloat.compare(a, b, signalling: false, &env).rawValue)
        case Int(VKT_TO_INT32): UInt64(bitPattern: Int64(SoftFloat.int32(a, truncating: false, &env)))
        case Int(VKT_TO_INT64): UInt64(bitPattern: SoftFloat.int64(a, truncating: false, &env))
        case Int(VKT_TRUNCATE_INT32): UInt64(bitPattern: Int64(SoftFloat.int32(a, truncating: true, &env)))
        case Int(VKT_TRUNCATE_INT64): UInt64(bitPattern: SoftFloat.int64(a, truncating: true, &env))
        case Int(VKT_FROM_INT32): UInt64(SoftFloat.float32(Int32(bitPattern: a), &env))
        case Int(VKT_FROM_INT64): 0
        default: UInt64(SoftFloat.mulAdd(b, a, c, &env))
        }
    }

    @Test(arguments: operations.map(\.name))
    func binary64(name: String) throws {
        let code = try #require(Self.operations.first { $0.name == name }).code
        var samples = SampleGenerator(seed: UInt64(code))
        var failures = 0
        for _ in 0..<10_000 / sampleShare {
            let isInteger = code == Int(VKT_FROM_INT32) || code == Int(VKT_FROM_INT64)
            let a = isInteger ? samples.roughBits() : samples.double()
            let b = samples.below(8) == 0 ? a : samples.double()
            let c = samples.double()
            let control = Self.control(&samples)
            var hostWord = control
            let expected = vkt_sse64(Int32(code), a, b, c, &hostWord)
            var env = FloatEnvironment(mxcsr: control)
            let result = Self.ours64(code, a, b, c, &env)
            if result != expected || env.mxcsr != hostWord {
                failures += 1
                if failures < 5 { report(name, [a, b, c], control, result, env.mxcsr, expected, hostWord) }
            }
        }
        #expect(failures == 0)
    }

    @Test(arguments: operations.map(\.name))
    func binary32(name: String) throws {
        let code = try #require(Self.operations.first { $0.name == name }).code
        var samples = SampleGenerator(seed: UInt64(code) + 1000)
        var failures = 0
        for _ in 0..<10_000 / sampleShare {
            let isInteger = code == Int(VKT_FROM_INT32) || code == Int(VKT_FROM_INT64)
            let wide = samples.roughBits()
            let a = isInteger ? UInt32(truncatingIfNeeded: wide) : samples.single()
            let b = samples.below(8) == 0 ? a : samples.single()
            let c = samples.single()
            let control = Self.control(&samples)
            var hostWord = control
            let source = code == Int(VKT_FROM_INT64) ? wide : UInt64(a)
            let expected = vkt_sse32(Int32(code), source, UInt64(b), UInt64(c), &hostWord)
            var env = FloatEnvironment(mxcsr: control)
            let result =
                code == Int(VKT_FROM_INT64)
                ? UInt64(SoftFloat.float32(Int64(bitPattern: wide), &env)) : Self.ours32(code, a, b, c, &env)
            if result != expected || env.mxcsr != hostWord {
                failures += 1
                if failures < 5 {
                    report(name, [source, UInt64(b), UInt64(c)], control, result, env.mxcsr, expected, hostWord)
                }
            }
        }
        #expect(failures == 0)
    }

    private func report(
        _ name: String, _ operands: [UInt64], _ control: UInt32, _ result: UInt64, _ word: UInt32, _ expected: UInt64,
        _ expectedWord: UInt32
    ) {
        let hex = { (value: UInt64) in String(value, radix: 16) }
        Issue.record(
            """
            \(name) \(operands.map(hex)) mxcsr \(hex(UInt64(control))): \(hex(result)) / \(hex(UInt64(word))), \
            host \(hex(expected)) / \(hex(UInt64(expectedWord)))
            """)
    }
}
