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
            // Without F2 it is MOVBE, which is not offered.
            guard instruction.repeats == .whileNotEqual else { return raiseUndefined() }
            let width = opcodeWidth
            helper(.crc32, d: regPlace(.i64), a: readRM(width), operandBytes: width.bytes)
        case 0x82 where instruction.hasOperandSizePrefix && !instruction.isRegisterForm:
            if isUnprivileged() { return }
            let type = X86Slot.general(instruction.reg)
            helper(.invalidatePCID, a: type, b: addressPlace(address(), checking: 16, writes: false))
        default: lowerVector(.map0F38)
        }
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
