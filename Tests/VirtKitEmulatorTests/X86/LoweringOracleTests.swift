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
    func vectors(optimise: Bool) { compare(VectorCases.vectors, optimise, encodings: Self.vectorEncodings) }

    @Test(arguments: [false, true])
    func x87(optimise: Bool) { compare(VectorCases.x87, optimise, encodings: Self.vectorEncodings) }

    /// The same instructions, and those that 64-bit code doesn't have, in 32-bit code.
    @Test(arguments: [false, true])
    func code32(optimise: Bool) {
        let wide = ["movsxd", "cmpxchg16b", "loop32", "jmp rax", "call rax"]
        let shared =
            (IntegerCases.arithmetic + IntegerCases.multiplication + IntegerCases.shifts + IntegerCases.bits
            + IntegerCases.moves + IntegerCases.control + IntegerCases.strings)
            .filter { instruction in !wide.contains { instruction.name.hasPrefix($0) } && instruction.prefix != 0x67 }
        compare(shared + IntegerCases.legacy, optimise, encodings: 12, is32: true)
    }

    /// Several instructions in one block, so that flags and values pass from one to the next, and faults in between.
    @Test(arguments: [false, true])
    func sequences(optimise: Bool) {
        // Only those whose flags are all defined, or as this host has them; AF is nobody's input here.
        let pool = (IntegerCases.arithmetic + IntegerCases.shifts + IntegerCases.bits + IntegerCases.moves).filter {
            !["bsf", "bsr", "xlat"].contains($0.name)
                && ($0.ignoredFlags & FlagBits.overflow == 0 || $0.name.contains("bt"))
                && ![0x9E, 0x9F].contains($0.opcode)
        }
        let setup = InstructionCase(name: "registers", opcode: 0x90, rm: .none)
        let harness = NativeHarness(optimise: optimise)
        var random = RandomBits(seed: 7)
        harness.fillData(&random)
        var failures = 0
        for _ in 0..<3000 {
            var bytes: [UInt8] = []
            var names: [String] = []
            let count = 2 + random.below(10)
            while names.count < count {
                let instruction = pool[random.below(pool.count)]
                let encoded = instruction.encode(&random, absolute: random.below(8) > 0)
                if encoded.base == X86Instruction.ripBase { continue }
                if bytes.count + encoded.bytes.count > 0x60 { break }
                bytes += encoded.bytes
                names.append(instruction.name)
            }
            if random.flip() {
                // Jcc rel32 to the other exit.
                let distance = UInt8(0x80 - bytes.count - 6)
                bytes += [0x0F, 0x80 | UInt8(random.below(16)), distance, 0, 0, 0]
                names.append("jcc")
            }
            harness.setInstruction(bytes)
            for _ in 0..<3 {
                let registers = setup.registers(for: EncodedCase(bytes: bytes), &random)
                if let difference = harness.difference(registers, ignoring: FlagBits.auxiliary) {
                    failures += 1
                    if failures <= 5 {
                        let text = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
                        Issue.record("\(names.joined(separator: ", ")) [\(text)]: \(difference)")
                    }
                }
            }
        }
        if failures > 5 { Issue.record("\(failures) differences in all") }
    }

    /// Encodings per case, and runs per encoding.
    private static let encodings = 24
    private static let vectorEncodings = 4
    private static let runs = 8

    private func compare(
        _ cases: [InstructionCase], _ optimise: Bool, encodings: Int = Self.encodings, is32: Bool = false
    ) {
        let harness = NativeHarness(optimise: optimise, is32: is32)
        var random = RandomBits(seed: 42)
        harness.fillData(&random)
        for instruction in cases {
            var failures = 0
            for _ in 0..<encodings {
                let encoded = instruction.encode(&random, is32: is32)
                harness.setInstruction(encoded.bytes)
                for _ in 0..<Self.runs {
                    var registers = instruction.registers(for: encoded, &random)
                    if is32 { harness.clip(&registers) }
                    if instruction.expectsMemory > 0, random.flip() {
                        harness.expectMemory(instruction.expectsMemory, encoded, &registers)
                    }
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
    /// Makes a comparison of RAX (and RDX) with the memory operand come out equal.
    func expectMemory(_ bytes: Int, _ encoded: EncodedCase, _ registers: inout Registers) {
        if !encoded.isMemory {
            registers.general[0] = registers.general[encoded.rm]
            return
        }
        let address = encoded.address(registers)
        guard address >= Self.data, address <= Self.dataEnd - 16 else { return }
        let first = (nativeData + Int(address - Self.data)).loadUnaligned(as: UInt64.self)
        let second = (nativeData + Int(address - Self.data) + 8).loadUnaligned(as: UInt64.self)
        // Not where the register is part of the address.
        if bytes == 4, !is32 {
            registers.general[0] = first & 0xFFFF_FFFF | registers.general[0] & ~0xFFFF_FFFF
            registers.general[2] = first >> 32 | registers.general[2] & ~0xFFFF_FFFF
        } else if bytes == 4 {
            registers.general[0] = first & 0xFFFF_FFFF
            registers.general[2] = first >> 32
        } else {
            registers.general[0] = is32 ? first & 0xFFFF_FFFF : first
            if bytes == 8 { registers.general[2] = second }
        }
    }

    /// Runs both sides from the same registers; nil if they agree, else what differs.
    func difference(_ registers: Registers, ignoring ignored: UInt64) -> String? {
        let native = runNatively(registers)
        let emulated = runEmulated(registers)
        var text: [String] = []
        // An access that wraps around at 2^64 is #GP here and #PF there.
        var expected = native.end
        if case .fault(13, let place) = expected, emulated.end == .fault(14, at: place) { expected = emulated.end }
        if expected != emulated.end { text.append("ends native \(native.end), emulated \(emulated.end)") }
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
        if case .fault(_, at: 0) = native.end {} else { flags &= ~ignored }
        if flags != 0 {
            text.append(
                "flags were \(hex(registers.flags)) native \(hex(native.registers.flags)) "
                    + "emulated \(hex(emulated.registers.flags))")
        }
        if native.registers.mxcsr != emulated.registers.mxcsr {
            text.append(
                "mxcsr native \(hex(UInt64(native.registers.mxcsr))) emulated \(hex(UInt64(emulated.registers.mxcsr)))")
        }
        if native.registers.unit != emulated.registers.unit {
            let places = (0..<160).filter { native.registers.unit[$0] != emulated.registers.unit[$0] }
            text.append("x87 image differs at " + places.map { "\($0)" }.joined(separator: ","))
        }
        if let irregularity = guest.irregularity {
            text.append(irregularity)
            guest.irregularity = nil
        }
        if !dataIsEqual {
            text.append("memory differs")
            repairData()
        }
        if text.isEmpty { return nil }
        text.append(
            "from " + registers.general.enumerated().map { "r\($0.offset)=\(hex($0.element))" }.joined(separator: " "))
        return text.joined(separator: "; ")
    }
}
