/// Shifts, rotations and single bits.
extension X86Lowering {
    /// C0, C1 (immediate), D0, D1 (once), D2, D3 (CL).
    mutating func shift() {
        let width = opcodeWidth
        let count: Source
        switch instruction.opcode {
        case 0xC0, 0xC1: count = .immediate(instruction.immediate & (width == .i64 ? 63 : 31))
        case 0xD0, 0xD1: count = .immediate(1)
        default: count = .place(Self.rcx)
        }
        switch instruction.extensionDigit {
        case 0: shift(.rol, .rol, width, count)
        case 1: shift(.ror, .ror, width, count)
        case 2: wideShift(.rotateCarryLeft, width, FrameLayout.zero, count)
        case 3: wideShift(.rotateCarryRight, width, FrameLayout.zero, count)
        case 5: shift(.shr, .shr, width, count)
        case 7: shift(.sar, .sar, width, count)
        default: shift(.shl, .shl, width, count)
        }
    }

    private mutating func shift(_ operation: BinaryOperation, _ kind: FlagKind, _ width: Width, _ count: Source) {
        if instruction.isRegisterForm {
            let place = rmPlace(width)
            setFlags(kind, width, place, count)
            binary(operation, width, place, place, count)
            return
        }
        let address = address()
        let old = load(width, address)
        let result = temp()
        binary(operation, width, result, old, count)
        builder.store(width, result, address)
        setFlags(kind, width, old, count)
    }

    /// SHLD and SHRD: 0F A4, A5, AC, AD.
    mutating func shiftDouble(_ identifier: X86Helper) {
        let width = operandWidth
        let isImmediate = instruction.opcode & 1 == 0
        let count: Source =
            isImmediate ? .immediate(instruction.immediate & (width == .i64 ? 63 : 31)) : .place(Self.rcx)
        wideShift(identifier, width, regPlace(width), count)
    }

    /// A shift through a helper, which gives result and flags: the flags are set after the store.
    private mutating func wideShift(_ identifier: X86Helper, _ width: Width, _ second: Place, _ count: Source) {
        var argument = X86Helper.countInPlace
        if case .immediate(let value) = count { argument = Int(truncatingIfNeeded: value) }
        let result = builder.newTemp128()
        let isRegister = instruction.isRegisterForm
        let address = isRegister ? Address(base: FrameLayout.zero) : address()
        let operands = builder.newTemp128()
        if isRegister {
            builder.zeroExtend(operands, to: .i64, rmPlace(width), from: width)
        } else {
            builder.loadZeroExtended(operands, to: .i64, address, from: width)
        }
        builder.mov(.i64, operands &+ 8, second)
        helper(identifier, d: result, a: operands, b: Self.rcx, argument: argument, operandBytes: width.bytes)
        if isRegister {
            builder.mov(width, rmPlace(width), result)
        } else {
            builder.store(width, result, address)
        }
        builder.setFlags(from: result &+ 8)
    }

    // MARK: BT, BTS, BTR, BTC

    enum BitOperation: UInt8 {
        case test, set, reset, complement
    }

    /// 0F BA: the bit's number is an immediate, modulo the operand size.
    mutating func bitImmediate() {
        guard instruction.extensionDigit >= 4, let operation = BitOperation(rawValue: instruction.extensionDigit & 3)
        else { return raiseUndefined() }
        let width = operandWidth
        let number = instruction.immediate & Int64(width.bits &- 1)
        if instruction.isRegisterForm {
            bit(operation, width, register: rmPlace(width), .immediate(number))
        } else {
            bit(operation, width, memory: address(), .immediate(number))
        }
    }

    /// 0F A3, AB, B3, BB: the bit's number is in a register; with a memory operand it reaches beyond the operand.
    mutating func bitRegister(_ operation: BitOperation) {
        let width = operandWidth
        let source = regPlace(width)
        let number = temp()
        builder.binary(.and, .i64, number, source, imm: Int64(width.bits &- 1))
        if instruction.isRegisterForm {
            return bit(operation, width, register: rmPlace(width), .place(number))
        }
        // The operand that holds the bit lies (number >> log2 of the size in bits) operands on, signed.
        let signed = temp()
        builder.signExtend(signed, to: .i64, source, from: width)
        let element = temp()
        builder.binary(.sar, .i64, element, signed, imm: Int64(width.bits.trailingZeroBitCount))
        let shift = UInt8(truncatingIfNeeded: width.bytes.trailingZeroBitCount)
        let start = temp()
        builder.lea(.i64, start, offset())
        let sum = truncated(Address(base: start, index: element, scale: shift))
        bit(operation, width, memory: segmented(sum, instruction.segment), .place(number))
    }

    private mutating func bit(_ operation: BitOperation, _ width: Width, register: Place, _ number: Source) {
        let shifted = temp()
        binary(.shr, .i64, shifted, register, number)
        if operation != .test {
            let result = temp()
            change(operation, result, register, number)
            builder.mov(width, register, result)
        }
        builder.setCarry(from: shifted)
    }

    private mutating func bit(_ operation: BitOperation, _ width: Width, memory: Address, _ number: Source) {
        var old = temp()
        if operation != .test, instruction.hasLock {
            let mask = self.mask(number)
            switch operation {
            case .set: builder.atomic(.or, width, old, memory, mask)
            case .complement: builder.atomic(.xor, width, old, memory, mask)
            default:
                let inverse = temp()
                builder.unary(.not, .i64, inverse, mask)
                builder.atomic(.and, width, old, memory, inverse)
            }
            old = zeroExtended(old, width)
        } else {
            builder.loadZeroExtended(old, to: .i64, memory, from: width)
            if operation != .test {
                let result = temp()
                change(operation, result, old, number)
                builder.store(width, result, memory)
            }
        }
        let shifted = temp()
        binary(.shr, .i64, shifted, old, number)
        builder.setCarry(from: shifted)
    }

    /// A temporary with only bit `number` set.
    private mutating func mask(_ number: Source) -> Place {
        switch number {
        case .immediate(let value): return constant(1 &<< value)
        case .place(let place):
            let mask = temp()
            builder.binary(.shl, .i64, mask, constant(1), place)
            return mask
        }
    }

    /// `result` := `value` with the bit set, cleared or inverted (64 bits; the caller takes the operand's width).
    private mutating func change(_ operation: BitOperation, _ result: Place, _ value: Place, _ number: Source) {
        let mask = mask(number)
        switch operation {
        case .set: builder.binary(.or, .i64, result, value, mask)
        case .complement: builder.binary(.xor, .i64, result, value, mask)
        case .reset, .test:
            let inverse = temp()
            builder.unary(.not, .i64, inverse, mask)
            builder.binary(.and, .i64, result, value, inverse)
        }
    }

    // MARK: BSF, BSR, POPCNT

    /// 0F BC and BD. A source of 0 sets ZF and leaves the destination as it was, all 64 bits of it, as processors do.
    mutating func bitScan(reverse: Bool) {
        if instruction.repeats == .whileEqual { return countZeros(leading: reverse) }
        let width = operandWidth
        let source = readRMZero(width)
        let destination = regPlace(width)
        let found = temp()
        if reverse {
            let zeros = temp()
            builder.unary(.clz, .i64, zeros, source)
            builder.binary(.xor, .i64, found, zeros, imm: 63)
        } else {
            builder.unary(.ctz, .i64, found, source)
        }
        builder.setFlagsLogic(width, source)
        if width == .i16 {
            builder.selectNonZero(.i16, destination, test: source, found, destination)
        } else {
            builder.selectNonZero(.i64, destination, test: source, found, destination)
        }
    }

    /// F3 0F BC and BD: TZCNT and LZCNT. A CPU without them, as the model x86-64-v2 describes one, would take them for BSF
    /// and BSR; like a host under KVM this one has them whatever the model says.
    private mutating func countZeros(leading: Bool) {
        let width = operandWidth
        let source = readRMZero(width)
        let count = temp()
        if leading {
            // A bit below the operand's ends the count; the operand stands at the top.
            let shifted = temp()
            builder.binary(.shl, .i64, shifted, source, imm: Int64(64 &- width.bits))
            if width == .i64 {
                builder.unary(.clz, .i64, count, shifted)
            } else {
                let ended = temp()
                builder.binary(.or, .i64, ended, shifted, imm: 1 &<< Int64(63 &- width.bits))
                builder.unary(.clz, .i64, count, ended)
            }
        } else if width == .i64 {
            builder.unary(.ctz, .i64, count, source)
        } else {
            let ended = temp()
            builder.binary(.or, .i64, ended, source, imm: 1 &<< Int64(width.bits))
            builder.unary(.ctz, .i64, count, ended)
        }
        // CF: the source is 0; ZF: the count is.
        let isZero = temp()
        let hasNone = temp()
        let zero = temp()
        let flags = temp()
        builder.set(.equal, .i64, isZero, source, imm: 0)
        builder.set(.equal, .i64, hasNone, count, imm: 0)
        builder.binary(.shl, .i64, zero, hasNone, imm: Int64(FlagBits.zero.trailingZeroBitCount))
        builder.binary(.or, .i64, flags, zero, isZero)
        builder.mov(width, regPlace(width), count)
        builder.setFlags(from: flags)
    }

    /// F3 0F B8: all flags are cleared but ZF.
    mutating func populationCount() {
        guard instruction.repeats == .whileEqual else { return raiseUndefined() }
        let width = operandWidth
        let source = readRMZero(width)
        let count = temp()
        builder.unary(.popcnt, .i64, count, source)
        let zero = temp()
        builder.set(.equal, .i64, zero, source, imm: 0)
        let flags = temp()
        builder.binary(.shl, .i64, flags, zero, imm: Int64(FlagBits.zero.trailingZeroBitCount))
        builder.mov(width, regPlace(width), count)
        builder.setFlags(from: flags)
    }
}
