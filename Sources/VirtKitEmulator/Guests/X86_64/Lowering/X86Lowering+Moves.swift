/// Data movement, conversions and exchanges.
extension X86Lowering {
    /// 88 … 8F.
    mutating func lowerMoves() {
        let width = opcodeWidth
        switch instruction.opcode {
        case 0x88, 0x89: writeRM(width, regPlace(width))
        case 0x8A, 0x8B:
            if instruction.isRegisterForm {
                builder.mov(width, regPlace(width), rmPlace(width))
            } else {
                builder.load(width, regPlace(width), address())
            }
        case 0x8C: moveFromSegment()
        case 0x8D: loadEffectiveAddress()
        case 0x8E: moveToSegment()
        case 0x8F: popRM()
        default: raiseUndefined()
        }
    }

    private mutating func loadEffectiveAddress() {
        guard !instruction.isRegisterForm else { return raiseUndefined() }
        let width = operandWidth
        let destination = regPlace(width)
        guard width != .i16, instruction.addressBytes != 2 else {
            let sum = temp()
            builder.lea(.i64, sum, offset())
            return builder.mov(width, destination, sum)
        }
        builder.lea(width, destination, offset())
    }

    /// B0 … B7.
    mutating func moveImmediateByte() {
        builder.mov(.i8, register(instruction.opcodeRegister, .i8), imm: instruction.immediate)
    }

    /// B8 … BF.
    mutating func moveImmediate() {
        builder.mov(operandWidth, X86Slot.general(instruction.opcodeRegister), imm: instruction.immediate)
    }

    /// C6 and C7.
    mutating func moveImmediateRM() {
        guard instruction.extensionDigit == 0 else { return raiseUndefined() }
        let width = opcodeWidth
        if instruction.isRegisterForm {
            builder.mov(width, rmPlace(width), imm: instruction.immediate)
        } else {
            storeImmediate(width, instruction.immediate, address())
        }
    }

    /// A0 … A3: the accumulator and an absolute offset.
    mutating func moveOffset() {
        let width = opcodeWidth
        let address = segmented(
            Address(base: FrameLayout.zero, displacement: truncatedOffset), instruction.segment)
        if instruction.opcode < 0xA2 {
            builder.load(width, Self.rax, address)
        } else {
            builder.store(width, Self.rax, address)
        }
    }

    private var truncatedOffset: Int64 {
        switch instruction.addressBytes {
        case 8: instruction.displacement
        case 4: instruction.displacement & 0xFFFF_FFFF
        default: instruction.displacement & 0xFFFF
        }
    }

    /// 0F B6, B7, BE, BF.
    mutating func moveExtended(from: Width, signed: Bool) {
        let width = operandWidth
        let destination = regPlace(width)
        if instruction.isRegisterForm {
            let source = rmPlace(from)
            if signed {
                builder.signExtend(destination, to: width, source, from: from)
            } else {
                builder.zeroExtend(destination, to: width, source, from: from)
            }
        } else if signed {
            builder.loadSignExtended(destination, to: width, address(), from: from)
        } else {
            builder.loadZeroExtended(destination, to: width, address(), from: from)
        }
    }

    /// 63 in 64-bit code: MOVSXD. Without REX.W it is a plain move.
    mutating func moveSignExtendDouble() {
        let width = operandWidth
        let destination = regPlace(width)
        let from: Width = width == .i16 ? .i16 : .i32
        if instruction.isRegisterForm {
            builder.signExtend(destination, to: width, rmPlace(from), from: from)
        } else {
            builder.loadSignExtended(destination, to: width, address(), from: from)
        }
    }

    /// 98: CBW, CWDE, CDQE.
    mutating func convertAccumulator() {
        let width = operandWidth
        let from: Width = width == .i64 ? .i32 : width == .i32 ? .i16 : .i8
        builder.signExtend(Self.rax, to: width, Self.rax, from: from)
    }

    /// 99: CWD, CDQ, CQO.
    mutating func convertToDouble() {
        let width = operandWidth
        builder.binary(.sar, width, Self.rdx, Self.rax, imm: Int64(width.bits &- 1))
    }

    /// 0F C8 … CF. BSWAP of a 16-bit register is undefined; processors clear it.
    mutating func byteSwap() {
        let width = operandWidth
        let place = X86Slot.general(instruction.opcodeRegister)
        if width == .i16 {
            builder.mov(.i16, place, imm: 0)
        } else {
            builder.unary(.bswap, width, place, place)
        }
    }

    /// D7: XLAT.
    mutating func translateByte() {
        let index = zeroExtended(Self.rax, .i8)
        let sum = truncated(Address(base: Self.rbx, index: index))
        builder.load(.i8, Self.rax, segmented(sum, instruction.segment))
    }

    // MARK: Conditional

    /// 0F 40 … 4F. The load happens, and a 32-bit destination is zero-extended, whatever the condition.
    mutating func conditionalMove() {
        let width = operandWidth
        let source = readRM(width)
        let destination = regPlace(width)
        builder.selectIf(condition, width, destination, source, destination)
    }

    /// 0F 90 … 9F.
    mutating func setByte() {
        if instruction.isRegisterForm { return builder.condition(condition, .i8, rmPlace(.i8)) }
        let value = temp()
        builder.condition(condition, .i64, value)
        builder.store(.i8, value, address())
    }

    // MARK: Exchanges

    /// 86 and 87: always atomic with a memory operand.
    mutating func exchangeRM() {
        let width = opcodeWidth
        let register = regPlace(width)
        let old = temp()
        if instruction.isRegisterForm {
            let other = rmPlace(width)
            builder.mov(width, old, other)
            builder.mov(width, other, register)
        } else {
            builder.atomic(.exchange, width, old, address(), register)
        }
        builder.mov(width, register, old)
    }

    /// 90 … 97. 90 is NOP (PAUSE with F3) unless REX.B makes it R8.
    mutating func exchangeAccumulator() {
        let number = instruction.opcodeRegister
        if number == 0 {
            if instruction.repeats == .whileEqual { helper(.pause) }
            return
        }
        let width = operandWidth
        let register = X86Slot.general(number)
        let old = temp()
        builder.mov(width, old, register)
        builder.mov(width, register, Self.rax)
        builder.mov(width, Self.rax, old)
    }

    /// 0F C0 and C1: XADD.
    mutating func exchangeAdd() {
        let width = opcodeWidth
        let register = regPlace(width)
        if instruction.isRegisterForm {
            let destination = rmPlace(width)
            let old = temp()
            let sum = temp()
            builder.mov(width, old, destination)
            builder.binary(.add, width, sum, old, register)
            builder.setFlags(.add, width, old, register)
            builder.mov(width, register, old)
            builder.mov(width, destination, sum)
            return
        }
        let address = address()
        let old = temp()
        if instruction.hasLock {
            builder.atomic(.add, width, old, address, register)
        } else {
            builder.load(width, old, address)
            let sum = temp()
            builder.binary(.add, width, sum, old, register)
            builder.store(width, sum, address)
        }
        builder.setFlags(.add, width, old, register)
        builder.mov(width, register, old)
    }

    /// 0F B0 and B1: CMPXCHG. Memory is written whatever the comparison says.
    mutating func compareExchange() {
        let width = opcodeWidth
        let desired = regPlace(width)
        let isRegister = instruction.isRegisterForm
        if !isRegister, instruction.hasLock {
            let old = temp()
            let expected = Self.rax
            builder.compareExchange(width, old, address(), expected: expected, desired: desired)
            finishCompareExchange(width, zeroExtended(old, width), zeroExtended(expected, width))
            return
        }
        let expected = zeroExtended(Self.rax, width)
        let address = isRegister ? Address(base: FrameLayout.zero) : address()
        let old = isRegister ? zeroExtended(rmPlace(width), width) : loadZero(width, address)
        let difference = temp()
        builder.binary(.xor, .i64, difference, old, expected)
        if isRegister {
            // A register that differs stays as it was, its upper half included.
            let destination = rmPlace(width)
            let wanted = zeroExtended(desired, width)
            let stored = temp()
            let wide: Width = width.bytes < 4 ? width : .i64
            builder.selectNonZero(wide, stored, test: difference, destination, wanted)
            finishCompareExchange(width, old, expected)
            builder.mov(wide, destination, stored)
        } else {
            let stored = temp()
            builder.selectNonZero(width, stored, test: difference, old, desired)
            builder.store(width, stored, address)
            finishCompareExchange(width, old, expected)
        }
    }

    /// Sets the flags, and the accumulator where the values (zero-extended) differ: all 64 bits of it stay otherwise.
    private mutating func finishCompareExchange(_ width: Width, _ old: Place, _ expected: Place) {
        builder.setFlags(.sub, width, expected, old)
        if width.bytes < 4 {
            // The low part is the same when they are equal.
            return builder.mov(width, Self.rax, old)
        }
        let difference = temp()
        builder.binary(.xor, .i64, difference, old, expected)
        builder.selectNonZero(.i64, Self.rax, test: difference, old, Self.rax)
    }

    /// 0F C7 /1: CMPXCHG8B and CMPXCHG16B. Only ZF changes.
    mutating func compareExchangePair() {
        guard !instruction.isRegisterForm else { return raiseUndefined() }
        let equal = temp()
        if instruction.rexW {
            let expected = builder.newTemp128()
            let desired = builder.newTemp128()
            let old = builder.newTemp128()
            builder.mov(.i64, expected, Self.rax)
            builder.mov(.i64, expected &+ 8, Self.rdx)
            builder.mov(.i64, desired, Self.rbx)
            builder.mov(.i64, desired &+ 8, Self.rcx)
            builder.compareExchange128(old, address(), expected: expected, desired: desired)
            let low = temp()
            let high = temp()
            let both = temp()
            builder.binary(.xor, .i64, low, old, expected)
            builder.binary(.xor, .i64, high, old &+ 8, expected &+ 8)
            builder.binary(.or, .i64, both, low, high)
            builder.set(.equal, .i64, equal, both, imm: 0)
            setZeroFlag(from: equal)
            // Where they are equal, these are the values that are there.
            builder.mov(.i64, Self.rax, old)
            builder.mov(.i64, Self.rdx, old &+ 8)
            return
        }
        let expected = pair(Self.rdx, Self.rax)
        let desired = pair(Self.rcx, Self.rbx)
        let old = temp()
        builder.compareExchange(.i64, old, address(), expected: expected, desired: desired)
        let difference = temp()
        let high = temp()
        builder.binary(.xor, .i64, difference, old, expected)
        builder.binary(.shr, .i64, high, old, imm: 32)
        builder.set(.equal, .i64, equal, difference, imm: 0)
        setZeroFlag(from: equal)
        let low = zeroExtended(old, .i32)
        builder.selectNonZero(.i64, Self.rax, test: difference, low, Self.rax)
        builder.selectNonZero(.i64, Self.rdx, test: difference, high, Self.rdx)
    }

    /// A temporary: the low halves of `high` and `low` side by side.
    private mutating func pair(_ high: Place, _ low: Place) -> Place {
        let shifted = temp()
        let both = temp()
        builder.binary(.shl, .i64, shifted, high, imm: 32)
        builder.binary(.or, .i64, both, shifted, zeroExtended(low, .i32))
        return both
    }

    /// ZF := bit 0 of `value` (0 or 1); the other flags stay.
    mutating func setZeroFlag(from value: Place) {
        let flags = temp()
        let others = temp()
        let shifted = temp()
        let result = temp()
        builder.materialiseFlags(flags)
        builder.binary(.and, .i64, others, flags, imm: ~Int64(FlagBits.zero))
        builder.binary(.shl, .i64, shifted, value, imm: Int64(FlagBits.zero.trailingZeroBitCount))
        builder.binary(.or, .i64, result, others, shifted)
        builder.setFlags(from: result)
    }
}
