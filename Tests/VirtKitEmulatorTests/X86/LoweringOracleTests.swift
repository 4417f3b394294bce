import Testing

@testable import VirtKitEmulator

/// Every instruction, lowered and interpreted, against the host's own CPU: registers, flags, memory and faults.
@Suite(.serialized, .enabled(if: NativeHarness.isAvailable, "needs an x86-64 Linux host"))
struct LoweringOracleTests {
    @Test(arguments: [false, true])
    func arithmetic(optimise: Bool) { compare(IntegerCases.arithmetic, optimise) }

    @Test(arguments: [false, true])
    func multiplication(optimise: Bool) { compare(IntegerCases.multiplication, optimise) }

    @Test(arguments: [false, true])
    func shifts(optimise: Bool) { compare(IntegerCases.shifts, optimise) }

    @Test(arguments: [false, true])
    func bits(optimise: Bool) { compare(IntegerCases.bits, optimise) }

    @Test(arguments: [false, true])
    func moves(optimise: Bool) { compare(IntegerCases.moves, optimise) }

    @Test(arguments: [false, true])
    func control(optimise: Bool) { compare(IntegerCases.control, optimise) }

    @Test(arguments: [false, true])
    func strings(optimise: Bool) { compare(IntegerCases.strings, optimise) }

    @Test(arguments: [false, true])
    func vectors(optimise: Bool) { compare(VectorCases.vectors, optimise) }

    @Test(arguments: [false, true])
    func x87(optimise: Bool) { compare(VectorCases.x87, optimise) }

    /// Encodings per case, and runs per encoding.
    private static let encodings = 24
    private static let runs = 8

    private func compare(_ cases: [InstructionCase], _ optimise: Bool) {
        let harness = NativeHarness(optimise: optimise)
        var random = RandomBits(seed: 42)
        harness.fillData(&random)
        for instruction in cases {
            var failures = 0
            for _ in 0..<Self.encodings {
                let encoded = instruction.encode(&random)
                harness.setInstruction(encoded.bytes)
                for _ in 0..<Self.runs {
                    let registers = instruction.registers(for: encoded, &random)
                    if let difference = harness.difference(registers, ignoring: instruction.ignoredFlags) {
                        failures += 1
                        let bytes = encoded.bytes.map { String($0, radix: 16) }.joined(separator: " ")
                        if failures <= 2 { Issue.record("\(instruction.name) [\(bytes)]: \(difference)") }
                    }
                }
            }
            if failures > 2 { Issue.record("\(instruction.name): \(failures) differences in all") }
        }
    }
}

extension NativeHarness {
    /// Runs both sides from the same registers; nil if they agree, else what differs.
    func difference(_ registers: Registers, ignoring ignored: UInt64) -> String? {
        let native = runNatively(registers)
        let emulated = runEmulated(registers)
        var text: [String] = []
        if native.end != emulated.end { text.append("ends native \(native.end), emulated \(emulated.end)") }
        for index in 0..<16 where native.registers.general[index] != emulated.registers.general[index] {
            text.append(
                "r\(index) was \(hex(registers.general[index])) native \(hex(native.registers.general[index])) "
                    + "emulated \(hex(emulated.registers.general[index]))")
        }
        for index in 0..<32 where native.registers.vectors[index] != emulated.registers.vectors[index] {
            text.append(
                "xmm\(index / 2).\(index & 1) native \(hex(native.registers.vectors[index])) "
                    + "emulated \(hex(emulated.registers.vectors[index]))")
        }
        var flags = native.registers.flags ^ emulated.registers.flags
        // The undefined flags are those of a completed instruction.
        if case .exit = native.end { flags &= ~ignored }
        if flags != 0 {
            text.append(
                "flags were \(hex(registers.flags)) native \(hex(native.registers.flags)) "
                    + "emulated \(hex(emulated.registers.flags))")
        }
        if native.registers.mxcsr != emulated.registers.mxcsr {
            text.append("mxcsr native \(hex(UInt64(native.registers.mxcsr))) emulated \(hex(UInt64(emulated.registers.mxcsr)))")
        }
        if native.registers.unit != emulated.registers.unit {
            let places = (0..<160).filter { native.registers.unit[$0] != emulated.registers.unit[$0] }
            text.append("x87 image differs at " + places.map { "\($0)" }.joined(separator: ","))
        }
        if !dataIsEqual {
            text.append("memory differs")
            repairData()
        }
        if text.isEmpty { return nil }
        text.append("from " + registers.general.enumerated().map { "r\($0.offset)=\(hex($0.element))" }.joined(separator: " "))
        return text.joined(separator: "; ")
    }
}
