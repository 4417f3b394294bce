@testable import VirtKitEmulator

/// MMX, SSE and x87 instructions: what matters here is how they reach their operands; the results have tests of their
/// own.
enum VectorCases {
    static let vectors: [InstructionCase] = {
        var list: [InstructionCase] = []
        let maps: [(OpcodeMap, InstructionCase.Map)] = [(.map0F, .map0F), (.map0F38, .map0F38), (.map0F3A, .map0F3A)]
        let prefixes: [(MandatoryPrefix, UInt8?)] = [(.none, nil), (.p66, 0x66), (.pF3, 0xF3), (.pF2, 0xF2)]
        for (map, caseMap) in maps {
            for (prefix, byte) in prefixes {
                for opcode in UInt8.min...UInt8.max {
                    for isWide in [false, true] {
                        add(map, caseMap, prefix, byte, opcode, isWide, to: &list)
                    }
                }
            }
        }
        list.append(.init(name: "emms", map: .map0F, opcode: 0x77, rm: .none, hasSizes: false))
        return list
    }()

    private static func add(
        _ map: OpcodeMap, _ caseMap: InstructionCase.Map, _ prefix: MandatoryPrefix, _ byte: UInt8?, _ opcode: UInt8,
        _ isWide: Bool, to list: inout [InstructionCase]
    ) {
        // Groups 12 to 14 differ by ModRM.reg.
        let isGroup = map == .map0F && (0x71...0x73).contains(opcode)
        for digit in UInt8(0)..<(isGroup ? 8 : 1) {
            for isMemory in [false, true] {
                let modRM = (isMemory ? 0 : 0xC0) | digit << 3
                guard
                    let form = vectorForm(map: map, prefix: prefix, opcode: opcode, modRM: modRM, rexW: isWide),
                    form.operation != .emms, !approximate.contains(form.operation)
                else { continue }
                // Makers differ in whether it enters MMX state.
                if form.operation == .cvtpi2ps, isMemory { continue }
                var name = "move"
                if let operation = form.operation { name = "\(operation)" }
                var instruction = InstructionCase(name: "\(name) \(caseMap) \(hex(UInt64(opcode)))", opcode: opcode)
                instruction.map = caseMap
                instruction.prefix = byte
                instruction.rm = isMemory ? .memory : .register
                if isGroup { instruction.digit = digit }
                instruction.immediate = map == .map0F3A || form.hasImmediate ? 1 : 0
                instruction.hasSizes = false
                instruction.isWide = isWide
                if form.destination == .maskedMemory {
                    instruction.prepare = { registers, random in
                        registers.general[7] = NativeHarness.data + 0x1000 + UInt64(random.below(256))
                    }
                }
                list.append(instruction)
            }
        }
    }

    /// Each maker's processors have approximations of their own.
    private static let approximate: [VectorOperation?] = [.rcpps, .rcpss, .rsqrtps, .rsqrtss]

    static let x87: [InstructionCase] = {
        var list: [InstructionCase] = []
        for first in UInt8(0xD8)...0xDF {
            for digit in UInt8(0)..<8 {
                let modRM = digit << 3
                let opcode = UInt16(first) << 8 | UInt16(modRM)
                // FLDENV, FNSTENV, FRSTOR and FNSAVE hold pointers, which AMD's processors clear.
                let hasPointers =
                    (first == 0xD9 && (digit == 4 || digit == 6)) || (first == 0xDD && (digit == 4 || digit == 6))
                if X87.form(opcode, operandSize16: false) != nil, !hasPointers {
                    list.append(
                        .init(
                            name: "x87 \(hex(UInt64(opcode)))", opcode: first, rm: .memory, digit: digit,
                            hasSizes: false))
                }
            }
            for modRM in UInt8(0xC0)...0xFF {
                let opcode = UInt16(first) << 8 | UInt16(modRM)
                // F0 … FF of D9 are transcendental functions and remainders.
                if X87.form(opcode, operandSize16: false) == nil || (first == 0xD9 && modRM >= 0xF0) { continue }
                list.append(
                    .init(name: "x87 \(hex(UInt64(opcode)))", opcode: first, fixedModRM: modRM, hasSizes: false))
            }
        }
        list.append(.init(name: "wait", opcode: 0x9B, rm: .none, hasSizes: false))
        return list
    }()
}
