/// System instructions behind 0F: checks here, effects in X86Guest's helpers.
extension X86Lowering {
    /// 0F 05 … 09 and 30 … 35.
    mutating func lowerPrivilegedRow() {
        switch instruction.opcode {
        case 0x05: return helper(.syscall, endsBlock: true)
        case 0x31:
            if mode.timeStampDisabled, isUnprivileged() { return }
            return helper(.readTSC)
        case 0x33: return helper(.readPMC)
        case 0x34: return helper(.sysenter, endsBlock: true)
        default: if isUnprivileged() { return }
        }
        switch instruction.opcode {
        case 0x06: helper(.clearTaskSwitched, endsBlock: true)
        case 0x07: helper(.sysret, endsBlock: true)
        case 0x08: helper(.cache, argument: 0)
        case 0x09: helper(.cache, argument: 1)
        case 0x30: helper(.writeMSR, endsBlock: true)
        case 0x32: helper(.readMSR)
        case 0x35: helper(.sysexit, endsBlock: true)
        default: raiseUndefined()
        }
    }

    /// 0F 00: SLDT, STR, LLDT, LTR, VERR, VERW. #UD in real and virtual-8086 mode.
    mutating func lowerGroup6() {
        guard mode.protectedMode, !mode.virtual8086 else { return raiseUndefined() }
        switch instruction.extensionDigit {
        case 0: storeSelector(6)
        case 1: storeSelector(7)
        case 2, 3:
            if isUnprivileged() { return }
            let isLDT = instruction.extensionDigit == 2
            helper(isLDT ? .loadLDT : .loadTask, a: readRMZero(.i16))
        case 4: helper(.verifyRead, a: readRMZero(.i16))
        case 5: helper(.verifyWrite, a: readRMZero(.i16))
        default: raiseUndefined()
        }
    }

    private mutating func storeSelector(_ number: Int) {
        if mode.userModeInstructionPrevention { return raiseProtection() }
        if instruction.isRegisterForm {
            builder.zeroExtend(rmPlace(.i64), to: operandWidth, selector(number), from: .i16)
        } else {
            builder.store(.i16, selector(number), address())
        }
    }

    /// LAR and LSL.
    mutating func checkSelector(_ identifier: X86Helper) {
        guard mode.protectedMode, !mode.virtual8086 else { return raiseUndefined() }
        helper(identifier, d: regPlace(.i64), a: readRMZero(.i16))
    }

    /// 0F 01.
    mutating func lowerGroup7() {
        let digit = instruction.extensionDigit
        switch digit {
        case 4: return storeMachineStatus()
        case 6:
            if isUnprivileged() { return }
            return helper(.loadMachineStatus, a: readRMZero(.i16), endsBlock: true)
        default: break
        }
        if instruction.isRegisterForm { return lowerGroup7Register() }
        switch digit {
        case 0, 1:
            if mode.userModeInstructionPrevention { return raiseProtection() }
            let target = addressPlace(address(), checking: mode.is64 ? 10 : 6, writes: true)
            helper(digit == 0 ? .storeGDT : .storeIDT, a: target)
        case 2, 3:
            if isUnprivileged() { return }
            let bytes = mode.is64 ? 8 : instruction.operandBytes
            let source = addressPlace(address(), checking: mode.is64 ? 10 : 6, writes: false)
            helper(digit == 2 ? .loadGDT : .loadIDT, a: source, operandBytes: bytes)
        case 7:
            if isUnprivileged() { return }
            helper(.invalidatePage, a: addressPlace(address()))
        default: raiseUndefined()
        }
    }

    private mutating func lowerGroup7Register() {
        switch instruction.modRM {
        case 0xC1, 0xD9: helper(.hypercall)
        case 0xCA, 0xCB:
            if mode.privilegeLevel != 0 { return raiseUndefined() }
            helper(.setAlignmentFlag, argument: Int(instruction.modRM & 1), endsBlock: true)
        case 0xD0:
            guard mode.osxsave, hasNoPrefix else { return raiseUndefined() }
            helper(.readXCR)
        case 0xD1:
            guard mode.osxsave, hasNoPrefix else { return raiseUndefined() }
            if isUnprivileged() { return }
            helper(.writeXCR, endsBlock: true)
        case 0xF8:
            guard mode.is64 else { return raiseUndefined() }
            if isUnprivileged() { return }
            helper(.swapGS)
        case 0xF9:
            if mode.timeStampDisabled, isUnprivileged() { return }
            helper(.readTSCP)
        default: raiseUndefined()
        }
    }

    /// SMSW. Memory receives 16 bits.
    private mutating func storeMachineStatus() {
        if mode.userModeInstructionPrevention { return raiseProtection() }
        let value = temp()
        helper(.storeMachineStatus, d: value)
        if instruction.isRegisterForm {
            builder.mov(operandWidth, rmPlace(.i64), value)
        } else {
            builder.store(.i16, value, address())
        }
    }

    /// 0F C7.
    mutating func lowerGroup9() {
        switch (instruction.extensionDigit, instruction.isRegisterForm) {
        case (1, false): compareExchangePair()
        case (3, false): extendedState(.xrstors, privileged: true)
        case (4, false): extendedState(.xsavec)
        case (5, false): extendedState(.xsaves, privileged: true)
        case (6, true), (7, true):
            // F3 makes RDPID of it, F2 nothing: not offered.
            guard instruction.repeats == .none else { return raiseUndefined() }
            helper(.randomNumber, d: X86Slot.general(instruction.rm), argument: Int(instruction.extensionDigit & 1))
        default: raiseUndefined()
        }
    }

    /// 0F AE.
    mutating func lowerGroup15() {
        if instruction.isRegisterForm { return lowerGroup15Register() }
        // F2, F3 and 66 make other instructions of these, none of them offered.
        guard instruction.repeats == .none, !instruction.hasOperandSizePrefix else { return raiseUndefined() }
        switch instruction.extensionDigit {
        case 0, 1:
            if mode.emulateFPU || mode.taskSwitched { return raise(X86Vector.deviceNotAvailable) }
            let identifier: X86Helper = instruction.extensionDigit == 0 ? .fxsave : .fxrstor
            let area = addressPlace(address(), checking: 0, writes: identifier == .fxsave)
            helper(identifier, a: area)
        case 2:
            guard checkVectorUnit() else { return }
            helper(.loadMXCSR, a: loadZero(.i32, address()))
        case 3:
            guard checkVectorUnit() else { return }
            builder.store(.i32, X86Slot.vectorEnvironment, address())
        case 4: extendedState(.xsave)
        case 5: extendedState(.xrstor)
        case 6: extendedState(.xsaveopt)
        default: helper(.cache, a: addressPlace(address(), checking: 1, writes: false), argument: 2)
        }
    }

    private mutating func lowerGroup15Register() {
        let digit = instruction.extensionDigit
        if instruction.repeats == .whileEqual, digit < 4 { return segmentBase(digit) }
        guard instruction.repeats == .none, !instruction.hasOperandSizePrefix else { return raiseUndefined() }
        switch digit {
        case 5, 6, 7: builder.fence()
        default: raiseUndefined()
        }
    }

    /// None of 66, F2 and F3, which make other (undefined) instructions of some opcodes.
    private var hasNoPrefix: Bool { instruction.repeats == .none && !instruction.hasOperandSizePrefix }

    private mutating func extendedState(_ identifier: X86Helper, privileged: Bool = false) {
        guard mode.osxsave, hasNoPrefix else { return raiseUndefined() }
        if privileged, isUnprivileged() { return }
        if mode.taskSwitched { return raise(X86Vector.deviceNotAvailable) }
        let writes = identifier != .xrstor && identifier != .xrstors
        helper(identifier, a: addressPlace(address(), checking: 0, writes: writes))
    }

    /// RDFSBASE, RDGSBASE, WRFSBASE, WRGSBASE.
    private mutating func segmentBase(_ digit: UInt8) {
        guard mode.is64, mode.fsgsbase else { return raiseUndefined() }
        let number = 4 + Int(digit & 1)
        let width = operandWidth == .i64 ? Width.i64 : .i32
        let register = rmPlace(.i64)
        if digit < 2 {
            builder.mov(width, register, X86Slot.segmentBase(number))
        } else {
            let value = temp()
            builder.mov(width, value, register)
            helper(.writeSegmentBase, a: value, argument: number)
        }
    }

    // MARK: Control and debug registers

    /// 0F 20 and 22. The operand size is that of the mode.
    mutating func moveControl() {
        let number = instruction.reg
        guard [0, 2, 3, 4, 8].contains(number) else { return raiseUndefined() }
        if isUnprivileged() { return }
        let register = X86Slot.general(instruction.rm)
        if instruction.opcode == 0x20 {
            return helper(.readControl, d: register, argument: number)
        }
        let value = mode.is64 ? register : zeroExtended(register, .i32)
        helper(.writeControl, a: value, argument: number, endsBlock: true)
    }

    /// 0F 21 and 23.
    mutating func moveDebug() {
        let number = instruction.reg
        guard number < 8 else { return raiseUndefined() }
        if isUnprivileged() { return }
        let register = X86Slot.general(instruction.rm)
        if instruction.opcode == 0x21 {
            return helper(.readDebug, d: register, argument: number)
        }
        let value = mode.is64 ? register : zeroExtended(register, .i32)
        helper(.writeDebug, a: value, argument: number)
    }
}
