/// The stack: PUSH, POP, ENTER, LEAVE and flags.
extension X86Lowering {
    /// 58 … 5F.
    mutating func popRegister() {
        let width = stackOperandWidth
        let number = instruction.opcodeRegister
        let address = stackAddress(0)
        if number == 4 {
            // POP RSP: the value, not the moved pointer.
            let value = load(width, address)
            adjustStack(Int64(width.bytes))
            builder.mov(width, Self.rsp, value)
        } else {
            builder.load(width, X86Slot.general(number), address)
            adjustStack(Int64(width.bytes))
        }
    }

    /// FF /6.
    mutating func pushRM() {
        let width = stackOperandWidth
        push(width, readRM(width))
    }

    /// 8F /0. An address based on RSP is computed with the pointer already moved.
    mutating func popRM() {
        guard instruction.extensionDigit == 0 else { return raiseUndefined() }
        let width = stackOperandWidth
        let value = load(width, stackAddress(0))
        let bytes = Int64(width.bytes)
        if instruction.isRegisterForm {
            adjustStack(bytes)
            return builder.mov(width, X86Slot.general(instruction.rm), value)
        }
        let target = segmented(offset(adding: instruction.base == 4 ? bytes : 0), instruction.segment)
        builder.store(width, value, target)
        adjustStack(bytes)
    }

    /// C8.
    mutating func enter() {
        helper(
            .enterNested, argument: Int(instruction.immediate2 & 31), operandBytes: stackOperandWidth.bytes,
            addressBytes: stackWidth.bytes, extra: UInt16(truncatingIfNeeded: instruction.immediate))
    }

    /// C9.
    mutating func leave() {
        let width = stackOperandWidth
        let value = load(width, stackAddress(0, base: Self.rbp))
        let pointer = temp()
        builder.binary(.add, .i64, pointer, Self.rbp, imm: Int64(width.bytes))
        builder.mov(stackWidth, Self.rsp, pointer)
        builder.mov(width, Self.rbp, value)
    }

    // MARK: Flags

    /// 9C. VM and RF are pushed as 0.
    mutating func pushFlags() {
        if mode.virtual8086, !mode.ioPrivilege { return raiseProtection() }
        let arithmetic = temp()
        let system = temp()
        let value = temp()
        builder.materialiseFlags(arithmetic)
        builder.binary(.and, .i64, system, X86Slot.systemFlags, imm: 0xFC_FF2A)
        builder.binary(.or, .i64, value, system, arithmetic)
        let complete = temp()
        builder.binary(.or, .i64, complete, value, imm: 2)
        push(stackOperandWidth, complete)
    }

    /// 9D.
    mutating func popFlags() {
        if mode.virtual8086, !mode.ioPrivilege { return raiseProtection() }
        let width = stackOperandWidth
        let value = temp()
        builder.loadZeroExtended(value, to: .i64, stackAddress(0), from: width)
        adjustStack(Int64(width.bytes))
        helper(.writeFlags, a: value, operandBytes: width.bytes, endsBlock: true)
    }

    /// 9E: SAHF. OF stays.
    mutating func storeAHIntoFlags() {
        let flags = temp()
        let overflow = temp()
        let low = temp()
        let result = temp()
        builder.materialiseFlags(flags)
        builder.binary(.and, .i64, overflow, flags, imm: Int64(FlagBits.overflow))
        builder.zeroExtend(low, to: .i64, Self.rax &+ 1, from: .i8)
        builder.binary(.or, .i64, result, overflow, low)
        builder.setFlags(from: result)
    }

    /// 9F: LAHF.
    mutating func loadAHFromFlags() {
        let flags = temp()
        let result = temp()
        builder.materialiseFlags(flags)
        builder.binary(.or, .i64, result, flags, imm: 2)
        builder.mov(.i8, Self.rax &+ 1, result)
    }
}
