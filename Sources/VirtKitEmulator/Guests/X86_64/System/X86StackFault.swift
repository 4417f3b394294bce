/// Tells #SS from #GP for accesses to non-canonical addresses: lowered code does not say which segment an access goes
/// through, so the instruction that faulted is looked at again (Intel SDM volume 1, 3.3.7.1).
extension X86Guest {
    /// The fault to deliver for the instruction at the PC slot.
    func refined(_ fault: X86Fault) -> X86Fault {
        guard fault.isNonCanonicalAccess, mode.is64, goesThroughStack(fault.address) else { return fault }
        return .stack()
    }

    private func goesThroughStack(_ address: UInt64) -> Bool {
        // One byte more than an instruction may have is never needed; unread bytes end the decoding.
        var bytes: InlineArray<16, UInt8> = InlineArray(repeating: 0)
        var count = 0
        let access = Int(currentAccess.rawValue)
        let pc = programCounter
        while count < X86Decoder.maximumLength {
            let byte: UInt8
            do throws(GuestFault) {
                byte = try engine.load(pc &+ UInt64(truncatingIfNeeded: count), as: UInt8.self, mmuIndex: access)
            } catch {
                pendingFault = nil
                break
            }
            bytes[count] = byte
            count += 1
        }
        var instruction = X86Instruction()
        let outcome = withUnsafeBytes(of: &bytes) { buffer in
            guard let base = buffer.bindMemory(to: UInt8.self).baseAddress else { return X86Decoder.Outcome.undefined }
            // SAFETY: `count` of the 16 bytes have been read, and the buffer outlives the call.
            return X86Decoder.decode(base, count: count, codeSize: .bits64, into: &instruction)
        }
        guard outcome == .decoded else { return false }
        let hasOperand = instruction.hasModRM && !instruction.isRegisterForm
        if hasOperand, instruction.segment == SegmentNumber.ss { return true }
        guard usesStack(instruction) else { return false }
        return !hasOperand || address &- (stackPointer &- 16) < 32
    }

    /// PUSH, POP, CALL, RET, ENTER, LEAVE and the like.
    private func usesStack(_ instruction: X86Instruction) -> Bool {
        switch (instruction.map, instruction.opcode) {
        case (.primary, 0x50...0x5F), (.primary, 0x68), (.primary, 0x6A), (.primary, 0x8F), (.primary, 0x9C),
            (.primary, 0x9D), (.primary, 0xC2), (.primary, 0xC3), (.primary, 0xC8), (.primary, 0xC9), (.primary, 0xE8):
            true
        case (.primary, 0xFF): instruction.extensionDigit == 2 || instruction.extensionDigit == 6
        case (.map0F, 0xA0), (.map0F, 0xA1), (.map0F, 0xA8), (.map0F, 0xA9): true
        default: false
        }
    }
}
