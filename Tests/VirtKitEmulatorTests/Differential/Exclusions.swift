@testable import VirtKitEmulator

/// What is not compared with the host's CPU, and why. Everything else that decodes is.
enum Exclusions {
    struct Rule: Sendable {
        var reason: String
        var matches: @Sendable (InstructionForm) -> Bool
    }

    private static func primary(_ reason: String, _ opcodes: Set<UInt8>) -> Rule {
        Rule(reason: reason) { $0.map == .primary && opcodes.contains($0.opcode) }
    }

    private static func map0F(
        _ reason: String, _ opcodes: Set<UInt8>, digits: Set<UInt8>? = nil, operand: InstructionForm.Operand? = nil,
        prefix: UInt8? = nil, modRM: Set<UInt8>? = nil
    ) -> Rule {
        Rule(reason: reason) { form in
            guard form.map == .map0F, opcodes.contains(form.opcode) else { return false }
            if let operand, form.operand != operand { return false }
            if let prefix, form.prefix != prefix { return false }
            if let modRM { return form.modRM.map { modRM.contains($0) } ?? false }
            guard let digits else { return true }
            let digit = form.digit ?? form.modRM.map { $0 >> 3 & 7 }
            return digit.map { digits.contains($0) } ?? false
        }
    }

    /// Implemented forms that are not generated.
    static let implemented: [Rule] = [
        map0F("enters the host's kernel", [0x05, 0x34]),
        map0F("differs by maker: SYSRET, SYSEXIT at level 3 (#GP, #UD)", [0x07, 0x35]),
        map0F("the answer is the host's own: CPUID, RDTSC, RDPMC", [0xA2, 0x31, 0x33]),
        map0F("the answer is the host's own: RDTSCP", [0x01], modRM: [0xF9]),
        map0F("the answer is the host's own: XGETBV", [0x01], modRM: [0xD0]),
        map0F("a call to the host's hypervisor: VMCALL, VMMCALL", [0x01], modRM: [0xC1, 0xD9]),
        map0F("Linux answers for the CPU (UMIP): SGDT, SIDT", [0x01], digits: [0, 1], operand: .memory),
        map0F("Linux answers for the CPU (UMIP): SMSW", [0x01], digits: [4]),
        map0F("Linux answers for the CPU (UMIP): SLDT, STR", [0x00], digits: [0, 1]),
        primary("hypervisors differ in what they report of INT1", [0xF1]),
        Rule(reason: "differs by maker: near branches with 66 (SDM volume 2, JMP; APM volume 3, 1.2.2)") { form in
            guard !form.is32Bit, form.prefix == 0x66 else { return false }
            switch (form.map, form.opcode) {
            case (.primary, 0x70...0x7F), (.primary, 0xE0...0xE3), (.primary, 0xE8), (.primary, 0xE9): return true
            case (.primary, 0xEB), (.primary, 0xC2), (.primary, 0xC3), (.map0F, 0x80...0x8F): return true
            case (.primary, 0xFF): return form.digit == 2 || form.digit == 4
            default: return false
            }
        },
        Rule(reason: "reserved, and AMD's processors take the condition from it: LOOPE, LOOPNE with F2 or F3") { form in
            form.map == .primary && form.opcode & 0xFE == 0xE0 && form.prefix >= 0xF2
        },
        map0F("differs by maker: register forms of PREFETCHW (#UD with AMD)", [0x0D], operand: .register),
        Rule(reason: "differs by maker: far pointers with REX.W (of 64 bits with Intel)") { form in
            guard form.isWide, form.operand == .memory else { return false }
            return form.map == .map0F && [0xB2, 0xB4, 0xB5].contains(form.opcode)
                || form.map == .primary && form.opcode == 0xFF && (form.digit == 3 || form.digit == 5)
        },
        map0F(
            "differs by maker: whether CVTPI2PS enters MMX state with an operand in memory", [0x2A], operand: .memory,
            prefix: 0),
        Rule(reason: "a known fault: ARPL writes its operand in memory even where nothing changes") {
            $0.is32Bit && $0.map == .primary && $0.opcode == 0x63 && $0.operand == .memory
        },
        Rule(reason: "the answer is the host's own: LSL of the segment whose limit is the CPU's number") {
            $0.map == .map0F && $0.opcode == 0x03
        },
        Rule(reason: "differs by maker: MOVSXD of 16 bits, which reads 2 bytes with Intel (SDM volume 2), 4 with AMD") {
            !$0.is32Bit && $0.map == .primary && $0.opcode == 0x63 && $0.operand == .memory && $0.prefix == 0x66
                && !$0.isWide
        },
        map0F("the result is random: RDRAND, RDSEED", [0xC7], digits: [6, 7]),
    ]

    static func isExcluded(_ form: InstructionForm) -> Bool { implemented.contains { $0.matches(form) } }
}
