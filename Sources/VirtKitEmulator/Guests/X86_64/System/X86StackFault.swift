/// Tells #SS from #GP for accesses to non-canonical addresses: lowered code does not say which segment an access goes
/// through, so the instruction that faulted is looked at again (Intel SDM volume 1, 3.3.7.1).
extension X86Guest {
    /// The fault to deliver for the instruction at the PC slot.
    func refined(_ fault: X86Fault) -> X86Fault {
        if fault.isNonCanonicalAccess {
            guard let instruction = faultingInstruction() else { return fault }
            return goesThroughStack(fault.address, instruction) ? .stack() : fault
        }
        // Lowered code reads before it writes; processors ask for a page to write at once.
        guard fault.vector == X86Vector.pageFault, fault.errorCode & 0x12 == 0, let instruction = faultingInstruction(),
            instruction.writesWhatItReads
        else { return fault }
        // Of an operand that crosses pages the first part is tried first.
        let start = operandAddress(instruction)
        if fault.address & 0xFFF == 0, fault.address &- start &- 1 < 15,
            case .fault(let code) = walker.walk(start, .write, currentAccess, memory: UntouchedPages(engine: engine))
        {
            return .page(start, code)
        }
        var refined = fault
        refined.errorCode |= 2
        return refined
    }

    /// The linear address of the memory operand of an instruction at the PC slot that has changed nothing yet.
    private func operandAddress(_ instruction: X86Instruction) -> UInt64 {
        // MASKMOVQ's is [RDI].
        let base = instruction.isRegisterForm ? 7 : instruction.base
        var sum = UInt64(bitPattern: instruction.displacement)
        if base == X86Instruction.ripBase {
            sum = sum &+ programCounter &+ UInt64(truncatingIfNeeded: instruction.length)
        } else if base >= 0 {
            sum = sum &+ general(base)
        }
        if instruction.index >= 0 { sum = sum &+ general(instruction.index) &<< UInt64(instruction.scale) }
        if instruction.addressBytes < 8 { sum &= instruction.addressBytes == 2 ? 0xFFFF : 0xFFFF_FFFF }
        if instruction.segment < 6, !mode.is64 || instruction.segment >= SegmentNumber.fs {
            sum = sum &+ segmentBase(instruction.segment)
        }
        return mode.is64 ? sum : sum & 0xFFFF_FFFF
    }

    /// An indirect near branch to an address that is not canonical faults itself (SDM volume 2, JMP, CALL, RET): the PC and
    /// the stack pointer go back. A return address that was pushed stays below the stack pointer.
    func refuseTarget(ofBranchAt address: UInt64, engine: Engine) -> Bool {
        guard mode.is64, !isCanonical(programCounter) else { return false }
        programCounter = address
        pendingFault = .generalProtection()
        guard let instruction = faultingInstruction() else { return true }
        switch (instruction.opcode, instruction.extensionDigit) {
        case (0xC2, _): stackPointer &-= 8 &+ UInt64(truncatingIfNeeded: instruction.immediate)
        case (0xC3, _): stackPointer &-= 8
        case (0xFF, 2): stackPointer &+= 8
        default: break
        }
        return true
    }

    /// The instruction at the PC slot, decoded anew; nil where its bytes can't be read.
    private func faultingInstruction() -> X86Instruction? {
        // Bytes that can't be read are no fault of this instruction's.
        let pending = pendingFault
        defer { pendingFault = pending }
        // One byte more than an instruction may have is never needed; unread bytes end the decoding.
        var bytes: InlineArray<16, UInt8> = InlineArray(repeating: 0)
        var count = 0
        let access = Int(currentAccess.rawValue)
        let pc = fetchAddress(programCounter)
        while count < X86Decoder.maximumLength {
            let byte: UInt8
            do throws(GuestFault) {
                byte = try engine.load(pc &+ UInt64(truncatingIfNeeded: count), as: UInt8.self, mmuIndex: access)
            } catch {
                break
            }
            bytes[count] = byte
            count += 1
        }
        var instruction = X86Instruction()
        let outcome = withUnsafeBytes(of: &bytes) { buffer in
            guard let base = buffer.bindMemory(to: UInt8.self).baseAddress else { return X86Decoder.Outcome.undefined }
            // SAFETY: `count` of the 16 bytes have been read, and the buffer outlives the call.
            return X86Decoder.decode(base, count: count, codeSize: mode.codeSize, into: &instruction)
        }
        return outcome == .decoded ? instruction : nil
    }

    private func goesThroughStack(_ address: UInt64, _ instruction: X86Instruction) -> Bool {
        let hasOperand = instruction.hasModRM && !instruction.isRegisterForm
        if hasOperand, instruction.segment == SegmentNumber.ss { return true }
        guard usesStack(instruction) else { return false }
        return !hasOperand || address &- (stackPointer &- 16) < 32
    }

    /// PUSH, POP, CALL, RET, ENTER, LEAVE and the like.
    private func usesStack(_ instruction: X86Instruction) -> Bool {
        switch (instruction.map, instruction.opcode) {
        case (.primary, 0x06), (.primary, 0x0E), (.primary, 0x16), (.primary, 0x1E), (.primary, 0x07), (.primary, 0x17),
            (.primary, 0x1F):
            true
        case (.primary, 0x50...0x61), (.primary, 0x68), (.primary, 0x6A), (.primary, 0x8F), (.primary, 0x9C),
            (.primary, 0x9D), (.primary, 0xC2), (.primary, 0xC3), (.primary, 0xC8), (.primary, 0xC9), (.primary, 0xE8):
            true
        case (.primary, 0xFF): instruction.extensionDigit == 2 || instruction.extensionDigit == 6
        case (.map0F, 0xA0), (.map0F, 0xA1), (.map0F, 0xA8), (.map0F, 0xA9): true
        default: false
        }
    }
}

extension X86Instruction {
    /// Whether lowered code reads the memory operand that it writes.
    fileprivate var writesWhatItReads: Bool {
        // MASKMOVQ, MASKMOVDQU.
        if map == .map0F, opcode == 0xF7, isRegisterForm { return true }
        guard hasModRM, !isRegisterForm else { return false }
        switch (map, opcode) {
        case (.primary, 0x00...0x37): return opcode & 7 < 2
        case (.primary, 0x80...0x83): return extensionDigit != 7
        case (.primary, 0x86), (.primary, 0x87), (.primary, 0xC0), (.primary, 0xC1), (.primary, 0xD0...0xD3):
            return true
        case (.primary, 0xF6), (.primary, 0xF7): return extensionDigit == 2 || extensionDigit == 3
        case (.primary, 0xFE), (.primary, 0xFF): return extensionDigit < 2
        case (.map0F, 0xA4), (.map0F, 0xA5), (.map0F, 0xAC), (.map0F, 0xAD), (.map0F, 0xAB): return true
        case (.map0F, 0xB0), (.map0F, 0xB1), (.map0F, 0xB3), (.map0F, 0xBB), (.map0F, 0xC0), (.map0F, 0xC1): return true
        case (.map0F, 0xBA): return extensionDigit > 4
        case (.map0F, 0xC7): return extensionDigit == 1
        default: return false
        }
    }
}

/// Page tables to look at: a walk leaves accessed and dirty bits as they are.
private struct UntouchedPages: PagingMemory {
    let engine: Engine

    func loadEntry(_ physical: UInt64) -> UInt64 { engine.physicalLoad(physical, as: UInt64.self) }
    func replaceEntry(_ physical: UInt64, expected: UInt64, with desired: UInt64) -> Bool { true }
    func loadSmallEntry(_ physical: UInt64) -> UInt32 { engine.physicalLoad(physical, as: UInt32.self) }
    func replaceSmallEntry(_ physical: UInt64, expected: UInt32, with desired: UInt32) -> Bool { true }
}
