import CVirtKitTestSupport
import Testing

@testable import VirtKitEmulator

/// Every instruction of the decode tables against the host's own CPU.
@Suite(.serialized, .enabled(if: simd_supported(), "the host is not an x86-64 CPU with SSE4.2, AES and PCLMULQDQ"))
struct VectorOracleTests {
    @Test func masked() {
        compare(casesEach: 120, masked: true) { states in
            for index in states.indices { simd_run(&states[index]) }
        }
    }

    @Test func unmasked() {
        compare(casesEach: 60, masked: false) { states in
            #expect(simd_run_forked(&states, UInt32(states.count)))
        }
    }

    /// Every operation is reached by some encoding.
    @Test func everyOperationHasAnEncoding() {
        let reached = Set(VectorEncoding.all.compactMap(\.form.operation))
        #expect(Set(VectorOperation.allCases).subtracting(reached).isEmpty)
    }

    private func compare(casesEach count: Int, masked: Bool, run: (inout [simd_state]) -> Void) {
        var samples = VectorSamples(seed: masked ? 1 : 2)
        var cases = 0
        for encoding in VectorEncoding.all where masked || encoding.form.mayRaise {
            // Immediates are part of the instruction: a few cases with each.
            let rounds = encoding.form.hasImmediate ? count / 4 : 1
            let perRound = encoding.form.hasImmediate ? 4 : count
            var reported = 0
            for _ in 0..<rounds {
                let immediate = samples.below(2) == 0 ? UInt8(samples.below(256)) : UInt8(samples.below(36))
                let bytes = encoding.bytes(immediate: immediate)
                guard simd_load(bytes, UInt32(bytes.count)) else { return }
                let inputs = (0..<perRound).map { _ in samples.state(masked: masked) }
                var expected = inputs
                run(&expected)
                for (input, expected) in zip(inputs, expected) {
                    cases += 1
                    var actual = input
                    let completes = encoding.execute(immediate: immediate, on: &actual)
                    actual.signal = completes ? 0 : 8
                    guard !same(actual, expected, encoding.form), reported < 3 else { continue }
                    reported += 1
                    Issue.record(
                        """
                        \(encoding) immediate \(immediate)
                        before   \(text(input))
                        expected \(text(expected))
                        actual   \(text(actual))
                        """)
                }
            }
        }
        #expect(cases >= (masked ? 200_000 : 20_000))
    }

    private func same(_ actual: simd_state, _ expected: simd_state, _ form: VectorForm) -> Bool {
        guard actual.signal == expected.signal, actual.mxcsr == expected.mxcsr else { return false }
        let flags: UInt64 = 0x8D5
        if form.writesFlags, expected.signal == 0, actual.rflags & flags != expected.rflags & flags { return false }
        let (a, b) = (words(actual), words(expected))
        switch form.operation {
        case .rcpps, .rcpss, .rsqrtps, .rsqrtss: return zip(a, b).allSatisfy(near)
        default: return a == b
        }
    }

    /// Memory, xmm, mm and general registers.
    private func words(_ state: simd_state) -> [UInt32] {
        withUnsafeBytes(of: state) { bytes in
            (0..<28).map { bytes.load(fromByteOffset: $0 * 4, as: UInt32.self) }
        }
    }

    /// Approximations differ between CPUs: both may be wrong by 1.5 * 2^-12.
    private func near(_ a: UInt32, _ b: UInt32) -> Bool {
        if a == b { return true }
        let (x, y) = (Float(bitPattern: a), Float(bitPattern: b))
        return x.isFinite && y.isFinite && (x - y).magnitude <= y.magnitude * (3.0 / 4096)
    }

    private func text(_ state: simd_state) -> String {
        let names = ["mem", "xmm0", "xmm1", "xmm2", "mm0,1", "mm2,rax", "rcx,rdx"]
        let quads = withUnsafeBytes(of: state) { bytes in
            (0..<14).map { String(bytes.load(fromByteOffset: $0 * 8, as: UInt64.self), radix: 16) }
        }
        let parts = names.indices.map { "\(names[$0])=\(quads[$0 * 2 + 1]):\(quads[$0 * 2])" }
        let control = String(state.mxcsr, radix: 16)
        return parts.joined(separator: " ") + " mxcsr=\(control) flags=\(state.rflags & 0x8D5) signal=\(state.signal)"
    }
}
