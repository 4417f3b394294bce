import CVirtKitTestSupport
import Testing

@testable import VirtKitEmulator

/// The x87 unit against the host's: registers, control, status and tag words, memory and flags.
@Suite(.enabled(if: vkt_has_x86(), "the oracle is an x86 CPU"))
struct X87OracleTests {
    /// One opcode for each instruction and operand form.
    static let opcodes: [UInt16] = {
        var list: [UInt16] = []
        for row: UInt16 in 0xd8...0xdf {
            for column: UInt16 in 0..<8 { list.append(row << 8 | column << 3) }
            for low: UInt16 in 0xc0...0xff { list.append(row << 8 | low) }
        }
        return list.filter { X87Instruction($0) != nil }
    }()

    static func opcodes(_ isIncluded: (X87Instruction) -> Bool) -> [UInt16] {
        opcodes.filter { opcode in X87Instruction(opcode).map(isIncluded) ?? false }
    }

    static let exact = opcodes {
        switch $0.operation {
        case .exponential, .logarithm, .logarithm1, .tangent, .arcTangent, .sine, .cosine, .sineCosine: false
        case .remainder, .remainderIEEE: false
        default: !$0.operation.isControl
        }
    }

    func check(_ opcodes: [UInt16], count: Int, unmasked: Bool, undefined: UInt16 = 0) {
        var total = 0
        for opcode in opcodes {
            var samples = SampleGenerator(seed: UInt64(opcode))
            var failures = 0
            for _ in 0..<count / sampleShare {
                let sample = samples.x87Case(opcode, unmasked: unmasked)
                var ours = sample.run()
                var host = sample.runOnHost()
                ours.status &= ~undefined
                host.status &= ~undefined
                if ours != host {
                    failures += 1
                    if failures < 4 { Issue.record("\(sample.difference(ours, host))") }
                }
            }
            total += failures
        }
        #expect(total == 0)
    }

    @Test func masked() {
        check(Self.exact, count: 500, unmasked: false)
    }

    @Test func unmasked() {
        check(Self.exact, count: 500, unmasked: true)
    }

    /// Control instructions, with and without an operand-size prefix. The pointers of the last instruction are left
    /// out: hosts differ in when they save them.
    @Test func control() {
        var total = 0
        for opcode in Self.opcodes({ $0.operation.isControl }) {
            guard let instruction = X87Instruction(opcode) else { continue }
            var samples = SampleGenerator(seed: UInt64(opcode))
            for _ in 0..<500 / sampleShare {
                var sample = samples.x87Case(opcode, unmasked: samples.below(2) == 0)
                sample.operandSize16 = samples.below(2) == 0
                if !instruction.operation.waits {
                    sample.status |= UInt16(samples.below(64))
                    if sample.status & ~sample.control & 0x3f != 0 { sample.status |= 0x8080 }
                }
                // AX is clobbered by the oracle's stub.
                if instruction.operand == .ax { continue }
                var ours = sample.run()
                var host = sample.runOnHost()
                if instruction.operation == .storeEnvironment || instruction.operation == .save {
                    let pointers = sample.operandSize16 ? 6..<14 : 12..<28
                    for offset in pointers {
                        ours.memory[offset] = 0
                        host.memory[offset] = 0
                    }
                }
                if ours != host {
                    total += 1
                    if total < 20 { Issue.record("\(sample.operandSize16) \(sample.difference(ours, host))") }
                }
            }
        }
        #expect(total == 0)
    }

    @Test func remainder() {
        check([0xd9f8, 0xd9f5], count: 5000, unmasked: false)
        check([0xd9f8, 0xd9f5], count: 5000, unmasked: true)
    }

    // MARK: Transcendental instructions

    static let functions: [(name: String, opcode: UInt16)] = [
        ("f2xm1", 0xd9f0), ("fyl2x", 0xd9f1), ("fptan", 0xd9f2), ("fpatan", 0xd9f3), ("fyl2xp1", 0xd9f9),
        ("fsincos", 0xd9fb), ("fsin", 0xd9fe), ("fcos", 0xd9ff),
    ]

    /// The distance of two finite numbers of one sign in units of the last place; a large one for other pairs.
    static func distance(_ a: Float80Bits, _ b: Float80Bits) -> Int {
        if a == b { return 0 }
        guard a.sign == b.sign, a.signExponent & 0x7fff != 0x7fff, b.signExponent & 0x7fff != 0x7fff else {
            return .max
        }
        let order = { (bits: Float80Bits) in
            UInt128(Swift.max(bits.signExponent & 0x7fff, 1) - 1) << 63 + UInt128(bits.significand)
        }
        let (x, y) = (order(a), order(b))
        return Int(clamping: x > y ? x - y : y - x)
    }

    /// An operand that the processor defines a result for.
    static func isDefined(_ opcode: UInt16, _ x: Float80Bits) -> Bool {
        switch opcode {
        case 0xd9f0: x.signExponent & 0x7fff < 0x3fff || x.signExponent & 0x7fff == 0x7fff
        case 0xd9f9: x.signExponent & 0x7fff < 0x3ffd || x.signExponent & 0x7fff == 0x7fff
        default: true
        }
    }

    @Test(arguments: functions.map(\.opcode))
    func transcendental(opcode: UInt16) {
        var samples = SampleGenerator(seed: UInt64(opcode))
        var worst = 0
        var failures = 0
        for _ in 0..<5000 / sampleShare {
            let sample = samples.x87Case(opcode, unmasked: samples.below(4) == 0)
            if !Self.isDefined(opcode, sample.registers[sample.top]) { continue }
            var ours = sample.run()
            var host = sample.runOnHost()
            var far = 0
            for index in 0..<8 {
                let distance = Self.distance(ours.registers[index], host.registers[index])
                far = Swift.max(far, distance)
                if distance <= 1 { ours.registers[index] = host.registers[index] }
            }
            if far < 1 << 50 { worst = Swift.max(worst, far) }
            // Which way the result was rounded depends on its last bits.
            ours.status &= ~X87Status.c1
            host.status &= ~X87Status.c1
            if ours != host {
                failures += 1
                if failures < 9 { Issue.record("\(sample.difference(ours, host))") }
            }
        }
        #expect(failures == 0, "worst \(worst)")
    }
}
