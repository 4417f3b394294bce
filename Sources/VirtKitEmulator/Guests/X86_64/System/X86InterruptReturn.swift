/// IRET in its three sizes (Intel SDM volume 2A, IRET). Returns to a nested task and to virtual-8086 mode are refused
/// with #GP(0): the CPU model offers neither VME nor an operating system that uses them.
extension X86Guest {
    func interruptReturn(_ bytes: Int) throws(X86Fault) {
        var stack = currentStack
        if isReal {
            let offset = try pop(bytes, &stack)
            let selector = UInt16(truncatingIfNeeded: try pop(bytes, &stack))
            let flags = try pop(bytes, &stack)
            guard offset <= UInt64(system.segments[SegmentNumber.cs].limit) else { throw .generalProtection() }
            stackPointer = stack.merged(into: stackPointer)
            setSelector(SegmentNumber.cs, selector)
            setSegmentBase(SegmentNumber.cs, UInt64(selector) &<< 4)
            programCounter = offset
            returnFlags(flags, bytes, from: 0)
            unblockNMI()
            updateMode()
            return
        }
        guard flags & RFLAGS.nestedTask == 0, !isVirtual8086 else { throw .generalProtection() }

        let in64BitCode = is64BitCode
        let offset = try pop(bytes, &stack)
        let selector = UInt16(truncatingIfNeeded: try pop(bytes, &stack))
        let newFlags = try pop(bytes, &stack)
        if bytes >= 4, newFlags & RFLAGS.virtual8086 != 0, privilege == 0, !system.isLongModeActive {
            throw .generalProtection()
        }
        let old = privilege
        let level = UInt8(selector & 3)
        if in64BitCode || level != old {
            let pointer = try pop(bytes, &stack)
            let stackSelector = UInt16(truncatingIfNeeded: try pop(bytes, &stack))
            let target = try returnTarget(selector, offset)
            let outer = try returnStack(stackSelector, for: target)
            setSegment(SegmentNumber.ss, stackSelector, base: outer.base, outer.cache)
            let mask = stackMask(outer.cache, in64BitCode: system.isLongModeActive && target.cache.isLong)
            let cursor = X86StackCursor(pointer: pointer, mask: mask, base: 0, access: .user)
            stackPointer = cursor.merged(into: stackPointer)
            returnFlags(newFlags, bytes, from: old)
            privilege = level
            if level != old { dropInnerDataSegments(level) }
            enter(target)
        } else {
            let target = try returnTarget(selector, offset)
            stackPointer = stack.merged(into: stackPointer)
            returnFlags(newFlags, bytes, from: old)
            enter(target)
        }
        unblockNMI()
    }

    /// Takes over the flags that an IRET executed at privilege level `level` may change.
    private func returnFlags(_ value: UInt64, _ bytes: Int, from level: UInt8) {
        var mask: UInt64 = RFLAGS.arithmetic | RFLAGS.trap | RFLAGS.direction | RFLAGS.nestedTask
        if bytes >= 4 { mask |= RFLAGS.alignmentCheck | RFLAGS.identification }
        // RF is in force for one instruction; only breakpoints look at it.
        let resumes = bytes >= 4 && breakpoints.isArmed
        if resumes { mask |= RFLAGS.resume }
        if level <= ioPrivilege { mask |= RFLAGS.interrupt }
        if level == 0 {
            mask |= RFLAGS.privilege
            if bytes >= 4, !isReal { mask |= RFLAGS.virtualInterrupt | RFLAGS.virtualInterruptPending }
        }
        replaceFlags(value, mask, clearing: resumes ? 0 : RFLAGS.resume)
    }

    /// POPF, POPFD, POPFQ.
    func popFlags(_ value: UInt64, _ bytes: Int) {
        var mask: UInt64 = RFLAGS.arithmetic | RFLAGS.trap | RFLAGS.direction | RFLAGS.nestedTask
        if bytes >= 4 { mask |= RFLAGS.alignmentCheck | RFLAGS.identification }
        if privilege <= ioPrivilege { mask |= RFLAGS.interrupt }
        if privilege == 0 { mask |= RFLAGS.privilege }
        // POPFD and POPFQ clear RF; the pushed image never holds it.
        replaceFlags(value, bytes >= 4 ? mask | RFLAGS.resume : mask, clearing: RFLAGS.resume)
        updateMode()
    }

    /// Puts the bits of `mask` from `value` into RFLAGS, and wakes the interrupt logic where IF became 1.
    func replaceFlags(_ value: UInt64, _ mask: UInt64, clearing: UInt64 = 0) {
        let old = flags
        let new = ((old & ~mask) | (value & mask)) & ~clearing
        flags = new
        if new & ~old & RFLAGS.interrupt != 0 { interruptsWereEnabled() }
    }
}
