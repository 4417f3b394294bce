@testable import VirtKitEmulator

/// The integer instructions, every register and memory form.
enum IntegerCases {
    private static let carry = FlagBits.carry
    private static let overflow = FlagBits.overflow
    private static let auxiliary = FlagBits.auxiliary
    /// Undefined after a multiplication: SF, ZF, AF, PF.
    private static let product = FlagBits.negative | FlagBits.zero | FlagBits.auxiliary | FlagBits.parity

    static let arithmetic: [InstructionCase] = {
        var list: [InstructionCase] = []
        for (number, name) in ["add", "or", "adc", "sbb", "and", "sub", "xor", "cmp"].enumerated() {
            let base = UInt8(number) << 3
            let logic = [1, 4, 6].contains(number) ? auxiliary : 0
            for form in UInt8(0)..<4 {
                list.append(
                    .init(name: "\(name) \(form)", opcode: base | form, isByte: form & 1 == 0, ignoredFlags: logic))
            }
            list.append(
                .init(name: "\(name) al", opcode: base | 4, rm: .none, immediate: 1, isByte: true, ignoredFlags: logic))
            list.append(.init(name: "\(name) eax", opcode: base | 5, rm: .none, immediate: -1, ignoredFlags: logic))
            for (opcode, immediate) in [(0x80, 1), (0x81, -1), (0x83, 1)] as [(UInt8, Int)] {
                list.append(
                    .init(
                        name: "\(name) \(opcode)", opcode: opcode, digit: UInt8(number), immediate: immediate,
                        isByte: opcode == 0x80, ignoredFlags: logic))
            }
            if number != 7 {
                for form in UInt8(0)..<2 {
                    list.append(
                        .init(
                            name: "lock \(name) \(form)", opcode: base | form, rm: .memory, isByte: form == 0,
                            lock: true,
                            ignoredFlags: logic))
                }
                list.append(
                    .init(
                        name: "lock \(name) imm", opcode: 0x83, rm: .memory, digit: UInt8(number), immediate: 1,
                        lock: true, ignoredFlags: logic))
            }
        }
        for form in UInt8(0)..<2 {
            let isByte = form == 0
            list.append(.init(name: "test", opcode: 0x84 | form, isByte: isByte, ignoredFlags: auxiliary))
            list.append(
                .init(
                    name: "test imm", opcode: 0xF6 | form, digit: 0, immediate: isByte ? 1 : -1, isByte: isByte,
                    ignoredFlags: auxiliary))
            list.append(
                .init(
                    name: "test accumulator", opcode: 0xA8 | form, rm: .none, immediate: isByte ? 1 : -1,
                    isByte: isByte,
                    ignoredFlags: auxiliary))
            for (name, opcode, digit) in [("inc", 0xFE, 0), ("dec", 0xFE, 1), ("not", 0xF6, 2), ("neg", 0xF6, 3)]
                as [(String, UInt8, UInt8)]
            {
                list.append(.init(name: name, opcode: opcode | form, digit: digit, isByte: isByte))
                list.append(
                    .init(
                        name: "lock \(name)", opcode: opcode | form, rm: .memory, digit: digit, isByte: isByte,
                        lock: true))
            }
            list.append(.init(name: "xadd", map: .map0F, opcode: 0xC0 | form, isByte: isByte))
            list.append(
                .init(name: "lock xadd", map: .map0F, opcode: 0xC0 | form, rm: .memory, isByte: isByte, lock: true))
            list.append(.init(name: "xchg", opcode: 0x86 | form, isByte: isByte))
            for lock in [false, true] {
                list.append(
                    .init(
                        name: "cmpxchg", map: .map0F, opcode: 0xB0 | form, rm: lock ? .memory : .both, isByte: isByte,
                        lock: lock, expectsMemory: 1))
            }
        }
        return list
    }()

    static let multiplication: [InstructionCase] = {
        var list: [InstructionCase] = []
        for form in UInt8(0)..<2 {
            for digit in UInt8(4)..<8 {
                list.append(
                    .init(
                        name: ["mul", "imul", "div", "idiv"][Int(digit) - 4], opcode: 0xF6 | form, digit: digit,
                        isByte: form == 0, ignoredFlags: digit < 6 ? product : FlagBits.all,
                        smallDividend: digit >= 6))
            }
        }
        list.append(.init(name: "imul r", map: .map0F, opcode: 0xAF, ignoredFlags: product))
        list.append(.init(name: "imul z", opcode: 0x69, immediate: -1, ignoredFlags: product))
        list.append(.init(name: "imul b", opcode: 0x6B, immediate: 1, ignoredFlags: product))
        return list
    }()

    static let shifts: [InstructionCase] = {
        var list: [InstructionCase] = []
        for (digit, name) in ["rol", "ror", "rcl", "rcr", "shl", "shr", "sal", "sar"].enumerated() {
            let ignored: UInt64 = digit < 4 ? 0 : auxiliary
            for form in UInt8(0)..<2 {
                let isByte = form == 0
                list.append(
                    .init(
                        name: "\(name) imm", opcode: 0xC0 | form, digit: UInt8(digit), immediate: 1, isByte: isByte,
                        ignoredFlags: ignored | overflow))
                list.append(
                    .init(
                        name: "\(name) 1", opcode: 0xD0 | form, digit: UInt8(digit), isByte: isByte,
                        ignoredFlags: ignored))
                list.append(
                    .init(
                        name: "\(name) cl", opcode: 0xD2 | form, digit: UInt8(digit), isByte: isByte,
                        ignoredFlags: ignored | overflow))
            }
        }
        for (opcode, name) in [(0xA4, "shld"), (0xAC, "shrd")] as [(UInt8, String)] {
            list.append(
                .init(
                    name: "\(name) imm", map: .map0F, opcode: opcode, immediate: 1, ignoredFlags: auxiliary | overflow,
                    limitsCount: true))
            list.append(
                .init(
                    name: "\(name) cl", map: .map0F, opcode: opcode | 1, ignoredFlags: auxiliary | overflow,
                    limitsCount: true))
        }
        return list
    }()

    static let bits: [InstructionCase] = {
        // OF, SF, AF and PF are undefined, ZF stays.
        let undefined = overflow | FlagBits.negative | auxiliary | FlagBits.parity
        var list: [InstructionCase] = []
        for (number, name) in ["bt", "bts", "btr", "btc"].enumerated() {
            let opcode = 0xA3 | UInt8(number) << 3
            list.append(
                .init(name: name, map: .map0F, opcode: opcode, rm: .register, ignoredFlags: undefined))
            list.append(
                .init(
                    name: "\(name) memory", map: .map0F, opcode: opcode, rm: .memory, ignoredFlags: undefined,
                    isBitOffset: true))
            list.append(
                .init(
                    name: "\(name) imm", map: .map0F, opcode: 0xBA, digit: UInt8(4 + number), immediate: 1,
                    ignoredFlags: undefined))
            if number > 0 {
                list.append(
                    .init(
                        name: "lock \(name)", map: .map0F, opcode: opcode, rm: .memory, lock: true,
                        ignoredFlags: undefined, isBitOffset: true))
                list.append(
                    .init(
                        name: "lock \(name) imm", map: .map0F, opcode: 0xBA, rm: .memory, digit: UInt8(4 + number),
                        immediate: 1, lock: true, ignoredFlags: undefined))
            }
        }
        let scan = FlagBits.all & ~FlagBits.zero
        list.append(.init(name: "bsf", map: .map0F, opcode: 0xBC, ignoredFlags: scan))
        list.append(.init(name: "bsr", map: .map0F, opcode: 0xBD, ignoredFlags: scan))
        list.append(.init(name: "popcnt", map: .map0F, opcode: 0xB8, prefix: 0xF3))
        list.append(.init(name: "crc32 b", map: .map0F38, opcode: 0xF0, prefix: 0xF2, isByte: true))
        list.append(.init(name: "crc32", map: .map0F38, opcode: 0xF1, prefix: 0xF2))
        return list
    }()

    static let moves: [InstructionCase] = {
        var list: [InstructionCase] = []
        for form in UInt8(0)..<4 {
            list.append(.init(name: "mov \(form)", opcode: 0x88 | form, isByte: form & 1 == 0))
        }
        list.append(.init(name: "mov imm8", opcode: 0xC6, digit: 0, immediate: 1, isByte: true))
        list.append(.init(name: "mov imm", opcode: 0xC7, digit: 0, immediate: -1))
        for number in UInt8(0)..<8 where number != 4 {
            list.append(.init(name: "mov r8", opcode: 0xB0 | number, rm: .none, immediate: 1, isByte: true))
            list.append(.init(name: "mov r", opcode: 0xB8 | number, rm: .none, immediate: -2))
            list.append(.init(name: "xchg eax", opcode: 0x90 | number, rm: .none))
        }
        for number in UInt8(0)..<8 {
            list.append(
                .init(
                    name: "bswap", map: .map0F, opcode: 0xC8 | number, rm: .none))
        }
        list.append(.init(name: "lea", opcode: 0x8D, rm: .memory))
        for opcode in [0xB6, 0xB7, 0xBE, 0xBF] as [UInt8] {
            list.append(.init(name: "movx \(opcode)", map: .map0F, opcode: opcode))
        }
        list.append(.init(name: "movsxd", opcode: 0x63))
        list.append(.init(name: "cbw", opcode: 0x98, rm: .none))
        list.append(.init(name: "cwd", opcode: 0x99, rm: .none))
        for number in UInt8(0)..<16 {
            list.append(.init(name: "cmov \(number)", map: .map0F, opcode: 0x40 | number))
            list.append(.init(name: "set \(number)", map: .map0F, opcode: 0x90 | number, hasSizes: false))
        }
        for opcode in [0xF5, 0xF8, 0xF9, 0xFC, 0xFD, 0x9E, 0x9F, 0x90] as [UInt8] {
            list.append(.init(name: "one byte \(opcode)", opcode: opcode, rm: .none, hasSizes: false))
        }
        list.append(.init(name: "nop", map: .map0F, opcode: 0x1F, digit: 0))
        list.append(
            .init(
                name: "xlat", opcode: 0xD7, rm: .none, hasSizes: false,
                prepare: { registers, _ in registers.general[3] = NativeHarness.data + 0x1000 }))
        for lock in [false, true] {
            list.append(
                .init(
                    name: "cmpxchg8b", map: .map0F, opcode: 0xC7, rm: .memory, digit: 1, hasSizes: false, lock: lock,
                    expectsMemory: 4))
            list.append(
                .init(
                    name: "cmpxchg16b", map: .map0F, opcode: 0xC7, rm: .memory, digit: 1, hasSizes: false, isWide: true,
                    lock: lock, expectsMemory: 8))
        }
        for digit in UInt8(2)..<4 {
            list.append(
                .init(name: "mxcsr \(digit)", map: .map0F, opcode: 0xAE, rm: .memory, digit: digit, hasSizes: false))
        }
        for number in UInt8(5)..<8 {
            list.append(
                .init(name: "fence", map: .map0F, opcode: 0xAE, rm: .register, digit: number, hasSizes: false))
        }
        return list
    }()

    static let control: [InstructionCase] = {
        var list: [InstructionCase] = []
        for number in UInt8(0)..<16 {
            list.append(.init(name: "jcc \(number)", opcode: 0x70 | number, rm: .none, immediate: -3, hasSizes: false))
        }
        for number in UInt8(0)..<4 {
            list.append(
                .init(
                    name: "loop \(number)", opcode: 0xE0 | number, rm: .none, immediate: -3, hasSizes: false,
                    prepare: { registers, random in registers.general[1] = UInt64(random.below(3)) }))
            list.append(
                .init(
                    name: "loop32 \(number)", opcode: 0xE0 | number, prefix: 0x67, rm: .none, immediate: -3,
                    hasSizes: false,
                    prepare: { registers, random in
                        registers.general[1] = UInt64(random.below(3)) | UInt64(random.below(2)) << 32
                    }))
        }
        list.append(.init(name: "jmp", opcode: 0xEB, rm: .none, immediate: -3, hasSizes: false))
        list.append(
            .init(
                name: "jmp rax", opcode: 0xFF, rm: .register, digit: 4, hasSizes: false, usesStack: true,
                prepare: { registers, _ in
                    for index in 0..<16 where index != 4 { registers.general[index] = NativeHarness.target }
                }))
        list.append(
            .init(
                name: "call rax", opcode: 0xFF, rm: .register, digit: 2, hasSizes: false, usesStack: true,
                prepare: { registers, _ in
                    for index in 0..<16 where index != 4 { registers.general[index] = NativeHarness.target }
                }))
        for number in UInt8(0)..<8 {
            list.append(.init(name: "push", opcode: 0x50 | number, rm: .none))
            list.append(.init(name: "pop", opcode: 0x58 | number, rm: .none))
        }
        list.append(.init(name: "push imm8", opcode: 0x6A, rm: .none, immediate: 1))
        list.append(.init(name: "push imm", opcode: 0x68, rm: .none, immediate: -1))
        list.append(.init(name: "push rm", opcode: 0xFF, digit: 6))
        list.append(.init(name: "pop rm", opcode: 0x8F, digit: 0))
        list.append(
            .init(
                name: "pushf", opcode: 0x9C, rm: .none))
        list.append(
            .init(
                name: "leave", opcode: 0xC9, rm: .none,
                prepare: { registers, random in
                    registers.general[5] = NativeHarness.data + 0x1000 + UInt64(random.below(256))
                }))
        list.append(
            .init(
                name: "enter", opcode: 0xC8, rm: .none, immediate: 3,
                prepare: { registers, random in
                    registers.general[5] = NativeHarness.data + 0x1000 + UInt64(random.below(256))
                }))
        return list
    }()

    static let strings: [InstructionCase] = {
        var list: [InstructionCase] = []
        @Sendable func prepare(_ registers: inout Registers, _ random: inout RandomBits) {
            registers.general[1] = UInt64(random.below(300))
            registers.general[6] = NativeHarness.data + 0x1000 + UInt64(random.below(400))
            registers.general[7] = NativeHarness.data + 0x1000 + UInt64(random.below(400))
            if random.below(4) == 0 { registers.general[7] = NativeHarness.dataEnd - UInt64(random.below(500)) }
            if random.below(8) == 0 { registers.general[1] = 0 }
        }
        for opcode in [0xA4, 0xA6, 0xAA, 0xAC, 0xAE] as [UInt8] {
            for form in UInt8(0)..<2 {
                for prefix in [nil, 0xF3, 0xF2, 0x67] as [UInt8?] {
                    list.append(
                        .init(
                            name: "string \(opcode | form) \(prefix ?? 0)", opcode: opcode | form, prefix: prefix,
                            rm: .none,
                            isByte: form == 0, prepare: prepare))
                }
            }
        }
        return list
    }()

    /// What 64-bit code doesn't have.
    static let legacy: [InstructionCase] = {
        var list: [InstructionCase] = []
        for number in UInt8(0)..<16 where number != 4 && number != 12 {
            list.append(.init(name: "inc dec", opcode: 0x40 | number, rm: .none))
        }
        let adjusted = overflow | FlagBits.negative | FlagBits.zero | FlagBits.parity
        list.append(.init(name: "daa", opcode: 0x27, rm: .none, hasSizes: false, ignoredFlags: overflow))
        list.append(.init(name: "das", opcode: 0x2F, rm: .none, hasSizes: false, ignoredFlags: overflow))
        list.append(.init(name: "aaa", opcode: 0x37, rm: .none, hasSizes: false, ignoredFlags: adjusted))
        list.append(.init(name: "aas", opcode: 0x3F, rm: .none, hasSizes: false, ignoredFlags: adjusted))
        for opcode in [0xD4, 0xD5] as [UInt8] {
            list.append(
                .init(
                    name: "aam aad", opcode: opcode, rm: .none, immediate: 1, hasSizes: false,
                    ignoredFlags: carry | overflow | auxiliary))
        }
        list.append(.init(name: "pusha", opcode: 0x60, rm: .none))
        list.append(.init(name: "popa", opcode: 0x61, rm: .none))
        list.append(.init(name: "arpl", opcode: 0x63, hasSizes: false))
        return list
    }()
}
