/// The opcodes behind 0F, 0F 38 and 0F 3A (Intel SDM volume 2, tables ). What is not integer or system is
/// left to the vector tables, which say #UD for the rest.
extension X86Lowering {
    mutating func lower0F() {
        let opcode = instruction.opcode
        switch opcode {
        case 0x00: lowerGroup6()
        case 0x01: lowerGroup7()
        case 0x02: checkSelector(.loadAccessRights)
        case 0x03: checkSelector(.loadSegmentLimit)
        case 0x05...0x09, 0x30...0x35: lowerPrivilegedRow()
        case 0x0B, 0xB9, 0xFF: raiseUndefined()
        case 0x0D, 0x18...0x1F: break
        case 0x20, 0x22: moveControl()
        case 0x21, 0x23: moveDebug()
        case 0x40...0x4F: conditionalMove()
        case 0x80...0x8F: branchConditionally()
        case 0x90...0x9F: setByte()
        case 0xA0...0xAF: lowerRowA()
        case 0xB0...0xBF: lowerRowB()
        case 0xC0, 0xC1: exchangeAdd()
        case 0xC7: lowerGroup9()
        case 0xC8...0xCF: byteSwap()
        default: lowerVector(.map0F)
        }
    }

    mutating func lower0F38() {
        switch instruction.opcode {
        case 0xF0, 0xF1:
            guard instruction.repeats == .whileNotEqual else { return moveByteSwapped() }
            let width = opcodeWidth
            helper(.crc32, d: regPlace(.i64), a: readRM(width), operandBytes: width.bytes)
        case 0x82 where instruction.hasOperandSizePrefix && !instruction.isRegisterForm:
            if isUnprivileged() { return }
            let type = X86Slot.general(instruction.reg)
            helper(.invalidatePCID, a: type, b: addressPlace(address(), checking: 16, writes: false))
        case 0xF6 where instruction.repeats == .whileEqual: addWithFlag(FlagBits.overflow, .overflow)
        case 0xF6 where instruction.repeats == .none && instruction.hasOperandSizePrefix:
            addWithFlag(FlagBits.carry, .carry)
        default: lowerVector(.map0F38)
        }
    }

    /// 0F 38 F0 and F1 without F2: MOVBE.
    private mutating func moveByteSwapped() {
        guard instruction.repeats == .none, !instruction.isRegisterForm else { return raiseUndefined() }
        let width = operandWidth
        let swapped = temp()
        if instruction.opcode == 0xF0 {
            builder.unary(.bswap, width, swapped, load(width, address()))
            builder.mov(width, regPlace(width), swapped)
        } else {
            builder.unary(.bswap, width, swapped, regPlace(width))
            builder.store(width, swapped, address())
        }
    }

    /// ADCX and ADOX: an addition with carry in and out of one flag alone. The operand size is 32 or 64 bits.
    private mutating func addWithFlag(_ flag: UInt64, _ condition: Condition) {
        let width: Width = instruction.rexW ? .i64 : .i32
        let source = readRMZero(width)
        let first = zeroExtended(regPlace(width), width)
        let carry = temp()
        let partial = temp()
        let sum = temp()
        let out = temp()
        builder.condition(condition, .i64, carry)
        builder.binary(.add, .i64, partial, first, source)
        builder.binary(.add, .i64, sum, partial, carry)
        if width == .i32 {
            builder.binary(.shr, .i64, out, sum, imm: 32)
        } else {
            let early = temp()
            let late = temp()
            builder.set(.unsignedLess, .i64, early, partial, first)
            builder.set(.unsignedLess, .i64, late, sum, partial)
            builder.binary(.or, .i64, out, early, late)
        }
        let flags = temp()
        let others = temp()
        let placed = temp()
        let result = temp()
        builder.materialiseFlags(flags)
        builder.binary(.and, .i64, others, flags, imm: ~Int64(flag))
        builder.binary(.shl, .i64, placed, out, imm: Int64(flag.trailingZeroBitCount))
        builder.binary(.or, .i64, result, others, placed)
        builder.mov(width, regPlace(width), sum)
        builder.setFlags(from: result)
    }

    mutating func lower0F3A() { lowerVector(.map0F3A) }

    private mutating func lowerRowA() {
        switch instruction.opcode {
        case 0xA0: pushSegment(4)
        case 0xA1: popSegment(4)
        case 0xA2: helper(.cpuid)
        case 0xA3: bitRegister(.test)
        case 0xA4, 0xA5: shiftDouble(.shiftDoubleLeft)
        case 0xA8: pushSegment(5)
        case 0xA9: popSegment(5)
        case 0xAB: bitRegister(.set)
        case 0xAC, 0xAD: shiftDouble(.shiftDoubleRight)
        case 0xAE: lowerGroup15()
        case 0xAF: multiplyRegister()
        default: raiseUndefined()
        }
    }

    private mutating func lowerRowB() {
        switch instruction.opcode {
        case 0xB0, 0xB1: compareExchange()
        case 0xB2: loadFarPointer(2)
        case 0xB3: bitRegister(.reset)
        case 0xB4: loadFarPointer(4)
        case 0xB5: loadFarPointer(5)
        case 0xB6: moveExtended(from: .i8, signed: false)
        case 0xB7: moveExtended(from: .i16, signed: false)
        case 0xB8: populationCount()
        case 0xBA: bitImmediate()
        case 0xBB: bitRegister(.complement)
        case 0xBC: bitScan(reverse: false)
        case 0xBD: bitScan(reverse: true)
        case 0xBE: moveExtended(from: .i8, signed: true)
        case 0xBF: moveExtended(from: .i16, signed: true)
        default: raiseUndefined()
        }
    }
}
