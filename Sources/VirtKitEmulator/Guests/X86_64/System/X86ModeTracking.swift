/// Keeps the mode key, the MMU index and the jump cache in step with the registers they follow.
extension X86Guest {
    /// Recomputes what depends on CS, SS, CPL, CR0, CR4, EFER and RFLAGS. Called after each change of them.
    func updateMode() {
        let code = system.segments[SegmentNumber.cs]
        let level = privilege
        let flags = systemFlags
        var new = X86Mode(rawValue: 0)
        let isLong = system.isLongModeActive
        if isLong, code.isLong {
            new.codeSize = .bits64
        } else {
            new.codeSize = code.isBig ? .bits32 : .bits16
            new.stack16 = !system.segments[SegmentNumber.ss].isBig
            new.segmentBases = hasSegmentBases
            new.codeLimit = codeLimits.number(code.limit) { engine.invalidateCode() }
            updateSegmentChecks(&new)
        }
        new.privilegeLevel = UInt32(level)
        new.longModeActive = isLong
        new.protectedMode = system.isProtected
        new.virtual8086 = flags & RFLAGS.virtual8086 != 0
        new.trap = flags & RFLAGS.trap != 0 || breakpoints.isArmed
        new.emulateFPU = system.cr0 & CR0.emulation != 0
        new.taskSwitched = system.cr0 & CR0.taskSwitched != 0
        new.monitorCoprocessor = system.cr0 & CR0.monitorCoprocessor != 0
        new.osfxsr = system.cr4 & CR4.fxsr != 0
        new.osxsave = system.cr4 & CR4.xsave != 0
        new.fsgsbase = system.cr4 & CR4.fsgsbase != 0
        new.alignmentCheck = level == 3 && flags & RFLAGS.alignmentCheck != 0 && system.cr0 & CR0.alignmentMask != 0
        new.userModeInstructionPrevention = level > 0 && system.cr4 & CR4.userModeInstructionPrevention != 0
        new.timeStampDisabled = system.cr4 & CR4.timeStampDisable != 0
        new.paging = system.cr0 & CR0.paging != 0
        new.ioPrivilege = !new.virtual8086 && level <= ioPrivilege

        let base = new.is64 ? 0 : segmentBase(SegmentNumber.cs)
        if base != lastCodeBase {
            lastCodeBase = base
            engine.invalidateJumpCache()
        }
        if new.alignmentCheck != mode.alignmentCheck { engine.flushTLB(.all) }
        mode = new
        let access = Int(currentAccess.rawValue)
        if engine.mmuIndex != access { engine.mmuIndex = access }
    }

    /// The base of ES, CS, SS or DS may be non-zero. Only those that matter outside 64-bit code.
    private var hasSegmentBases: Bool {
        segmentBase(SegmentNumber.es) | segmentBase(SegmentNumber.cs) | segmentBase(SegmentNumber.ss)
            | segmentBase(SegmentNumber.ds) != 0
    }

    /// Which segments lowering can't take to be flat.
    private func updateSegmentChecks(_ new: inout X86Mode) {
        let isReal = isReal || isVirtual8086
        var isFlat = system.segments[SegmentNumber.cs].isFlat(asCode: true, isReal: isReal)
        for number in [SegmentNumber.es, SegmentNumber.ss, SegmentNumber.ds] {
            isFlat = isFlat && system.segments[number].isFlat(asCode: false, isReal: isReal)
        }
        new.segmentChecks = !isFlat
        new.extraSegmentChecks = (
            !system.segments[SegmentNumber.fs].isFlat(asCode: false, isReal: isReal),
            !system.segments[SegmentNumber.gs].isFlat(asCode: false, isReal: isReal)
        )
    }

    /// After a load of a data segment register: outside 64-bit code it is part of the mode.
    func updateModeSegments() {
        if !mode.is64 { updateMode() }
    }
}
