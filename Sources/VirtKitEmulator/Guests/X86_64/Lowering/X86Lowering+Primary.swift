/// The one-byte opcodes (Intel SDM volume 2, table A-2).
extension X86Lowering {
    mutating func lowerPrimary() {
        let opcode = instruction.opcode
        switch opcode {
        case 0x00...0x3F: lowerArithmeticRow()
        case 0x40...0x47: incrementRegister(.inc)
        case 0x48...0x4F: incrementRegister(.dec)
        case 0x50...0x57: push(stackOperandWidth, X86Slot.general(instruction.opcodeRegister))
        case 0x58...0x5F: popRegister()
        case 0x60...0x6F: lowerRow6()
        case 0x70...0x7F: branchConditionally()
        case 0x80...0x83: arithmeticImmediate()
        case 0x84, 0x85: test(opcodeWidth, .place(regPlace(opcodeWidth)))
        case 0x86, 0x87: exchangeRM()
        case 0x88...0x8F: lowerMoves()
        case 0x90...0x97: exchangeAccumulator()
        case 0x98: convertAccumulator()
        case 0x99: convertToDouble()
        case 0x9A: farDirect(.farCall)
        case 0x9B: waitFPU()
        case 0x9C: pushFlags()
        case 0x9D: popFlags()
        case 0x9E: storeAHIntoFlags()
        case 0x9F: loadAHFromFlags()
        case 0xA0...0xA3: moveOffset()
        case 0xA4...0xA7, 0xAA...0xAF: lowerString()
        case 0xA8, 0xA9: testAccumulator()
        case 0xB0...0xB7: moveImmediateByte()
        case 0xB8...0xBF: moveImmediate()
        case 0xC0, 0xC1, 0xD0...0xD3: shift()
        case 0xC2, 0xC3: returnNear()
        case 0xC4, 0xC5: loadFarPointer(opcode == 0xC4 ? 0 : 3)
        case 0xC6, 0xC7: moveImmediateRM()
        case 0xC8: enter()
        case 0xC9: leave()
        case 0xCA, 0xCB: returnFar()
        case 0xCC...0xCF, 0xF1: lowerInterrupt()
        case 0xD4...0xD7: lowerRowD()
        case 0xD8...0xDF: lowerX87()
        case 0xE0...0xE3: loop()
        case 0xE4...0xE7, 0xEC...0xEF: lowerPort()
        case 0xE8: callRelative()
        case 0xE9, 0xEB: if isBeyondCode(relativeTarget) { raiseProtection() } else { endJump(relativeTarget) }
        case 0xEA: farDirect(.farJump)
        case 0xF4: halt()
        case 0xF5: builder.complementCarry()
        case 0xF6, 0xF7: lowerGroup3()
        case 0xF8, 0xF9: builder.setCarry(opcode == 0xF9)
        case 0xFA: clearInterrupts()
        case 0xFB: setInterrupts()
        case 0xFC: builder.binary(.and, .i64, X86Slot.systemFlags, X86Slot.systemFlags, imm: ~Self.directionFlag)
        case 0xFD: builder.binary(.or, .i64, X86Slot.systemFlags, X86Slot.systemFlags, imm: Self.directionFlag)
        case 0xFE, 0xFF: lowerGroup5()
        default: raiseUndefined()
        }
    }

    static let interruptFlag: Int64 = 1 << 9
    static let directionFlag: Int64 = 1 << 10

    /// The condition in the opcode's low four bits.
    var condition: Condition { Condition(rawValue: instruction.opcode & 15) ?? .zero }

    /// The target of a relative branch; 16 bits where the operand size says so (not in 64-bit code).
    var relativeTarget: UInt64 {
        let target = nextPC &+ UInt64(bitPattern: instruction.immediate)
        if mode.is64 { return target }
        return instruction.operandBytes == 2 ? target & 0xFFFF : target & 0xFFFF_FFFF
    }

    /// Jcc.
    mutating func branchConditionally() {
        if isBeyondCode(relativeTarget) {
            let isTaken = temp()
            builder.condition(condition, .i64, isTaken)
            checkBranch(nonZero: isTaken)
        }
        endBranch(condition, relativeTarget)
    }

    /// 00 … 3F: six arithmetic forms, then segment pushes and pops and decimal adjustments.
    private mutating func lowerArithmeticRow() {
        let opcode = instruction.opcode
        guard let operation = Arithmetic(rawValue: opcode >> 3) else { return raiseUndefined() }
        let width = opcodeWidth
        switch opcode & 7 {
        case 0, 1: arithmeticRM(operation, width, .place(regPlace(width)))
        case 2, 3: arithmetic(operation, width, regPlace(width), .place(readRM(width)))
        case 4, 5: arithmetic(operation, width, Self.rax, .immediate(instruction.immediate))
        default: lowerLegacyRow()
        }
    }

    /// x6, x7, xE, xF of the first four rows: not in 64-bit code.
    private mutating func lowerLegacyRow() {
        switch instruction.opcode {
        case 0x06, 0x0E, 0x16, 0x1E: pushSegment(Int(instruction.opcode >> 3 & 3))
        case 0x07, 0x17, 0x1F: popSegment(Int(instruction.opcode >> 3 & 3))
        case 0x27: helper(.decimalAdjustAdd)
        case 0x2F: helper(.decimalAdjustSub)
        case 0x37: helper(.asciiAdjustAdd)
        case 0x3F: helper(.asciiAdjustSub)
        default: raiseUndefined()
        }
    }

    private mutating func lowerRow6() {
        switch instruction.opcode {
        case 0x60: helper(.pushAll, addressBytes: stackWidth.bytes)
        case 0x61: helper(.popAll, addressBytes: stackWidth.bytes)
        case 0x62: bound()
        case 0x63: if mode.is64 { moveSignExtendDouble() } else { adjustPrivilegeLevel() }
        case 0x68, 0x6A: push(stackOperandWidth, imm: instruction.immediate)
        case 0x69, 0x6B: multiplyImmediate()
        case 0x6C, 0x6D: portString(.portInString)
        case 0x6E, 0x6F: portString(.portOutString)
        default: raiseUndefined()
        }
    }

    private mutating func lowerRowD() {
        switch instruction.opcode {
        case 0xD4: asciiAdjust(.asciiAdjustMultiply)
        case 0xD5: asciiAdjust(.asciiAdjustDivide)
        case 0xD6: setByCarry()
        case 0xD7: translateByte()
        default: raiseUndefined()
        }
    }

    /// D6: SALC. AL := CF ? FFH : 0.
    private mutating func setByCarry() {
        let carry = temp()
        let mask = temp()
        builder.condition(.carry, .i64, carry)
        builder.unary(.neg, .i64, mask, carry)
        builder.mov(.i8, Self.rax, mask)
    }

    /// F6 and F7.
    private mutating func lowerGroup3() {
        let width = opcodeWidth
        switch instruction.extensionDigit {
        case 0, 1: test(width, .immediate(instruction.immediate))
        case 2: complement(width)
        case 3: negate(width)
        case 4: multiply(width, signed: false)
        case 5: multiply(width, signed: true)
        case 6: divide(width, .divide)
        default: divide(width, .signedDivide)
        }
    }

    /// FE and FF.
    private mutating func lowerGroup5() {
        let isByte = instruction.opcode == 0xFE
        switch instruction.extensionDigit {
        case 0: incrementRM(.inc)
        case 1: incrementRM(.dec)
        case 2 where !isByte: callIndirect()
        case 3 where !isByte: farIndirect(.farCall)
        case 4 where !isByte: jumpIndirect()
        case 5 where !isByte: farIndirect(.farJump)
        case 6 where !isByte: pushRM()
        default: raiseUndefined()
        }
    }
}
