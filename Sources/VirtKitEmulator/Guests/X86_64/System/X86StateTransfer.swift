internal import VirtKitCore

/// Between the frame and ``X86SystemState`` here, and ``X86_64/State``, which every accelerator shares.
extension X86Guest {
    /// The vCPU's own MSRs that a saved state lists, in the order of their numbers. FS and GS bases are with their
    /// segments, IA32_TIME_STAMP_COUNTER and IA32_EFER have fields of their own, the local APIC's are the board's.
    private static let savedMSRs: [UInt32] =
        [
            MSR.tscAdjust, MSR.speculationControl, MSR.microcodeRevision, MSR.sysenterCS, MSR.sysenterESP,
            MSR.sysenterEIP, MSR.machineCheckStatus, MSR.miscEnable, MSR.debugControl,
        ] + Array(0x200...0x20F) + [0x250, 0x258, 0x259] + Array(0x268...0x26F) + [
            MSR.pat, 0x2FF, MSR.star, MSR.lstar, MSR.cstar, MSR.syscallMask, MSR.kernelGSBase, MSR.tscAuxiliary,
        ]

    private enum Shadow {
        static let sti: UInt8 = 1
        static let movSS: UInt8 = 2
    }

    /// All architectural state, between instructions.
    func exportState() -> X86_64.State {
        var state = X86_64.State.reset
        for number in 0..<16 { state.general[number] = general(number) }
        state.rip = programCounter
        state.rflags = flags
        for number in 0..<6 { state.segments[number] = exportSegment(number, base: segmentBase(number)) }
        state.ldtr = exportSegment(SegmentNumber.ldtr, base: system.ldtBase)
        state.tr = exportSegment(SegmentNumber.tr, base: system.taskBase)
        state.gdtr = X86_64.DescriptorTable(base: system.gdtBase, limit: system.gdtLimit)
        state.idtr = X86_64.DescriptorTable(base: system.idtBase, limit: system.idtLimit)
        state.cr0 = system.cr0
        state.cr2 = system.cr2
        state.cr3 = system.cr3
        state.cr4 = system.cr4
        state.cr8 = taskPriority
        state.efer = system.efer
        for index in 0..<4 { state.debugAddresses[index] = system.debugAddresses[index] }
        state.dr6 = system.dr6
        state.dr7 = system.dr7
        state.xcr0 = system.xcr0
        state.extended = exportExtended()
        state.timeStampCounter = timeStampCounter
        state.modelSpecific = Self.savedMSRs.compactMap { number in
            (try? readMSR(number)).map { X86_64.ModelSpecificRegister(number: number, value: $0) }
        }
        state.activity = isShutDown ? .shutdown : system.isHalted ? .halted : .running
        if system.waitsForSIPI { state.activity = .waitForSIPI }
        state.pending = pendingFault.map {
            X86_64.PendingEvent(vector: $0.vector, type: 3, errorCode: $0.hasErrorCode ? $0.errorCode : nil)
        }
        let isShadowed = isInShadow
        state.blockedBySTI = isShadowed && interruptShadow == Shadow.sti
        state.blockedByMovSS = isShadowed && interruptShadow == Shadow.movSS
        state.nmiBlocked = system.isNMIBlocked
        state.nmiPending = system.isNMIPending
        return state
    }

    private func exportSegment(_ number: Int, base: UInt64) -> X86_64.Segment {
        let cache = system.segments[number]
        return X86_64.Segment(
            selector: selectorOf(number), base: base, limit: cache.limit, attributes: cache.access)
    }

    private func exportExtended() -> X86_64.ExtendedState {
        var image = FXSaveImage()
        saveX87(&image, wide: true)
        image[24, UInt32.self] = mxcsr
        image[28, UInt32.self] = XSaveLayout.mxcsrMask
        saveVectors(&image)
        var area: [UInt8] = []
        area.reserveCapacity(576)
        for index in 0..<64 {
            for byte in 0..<8 { area.append(UInt8(truncatingIfNeeded: image.words[index] &>> UInt64(byte * 8))) }
        }
        var extended = X86_64.ExtendedState(area: area)
        extended.components = XSaveLayout.supported
        return extended
    }

    /// The state after power-up or RESET.
    func reset() { apply(.reset) }

    /// Replaces all architectural state. Says what is wrong with a state that no CPU of this model can be in.
    func importState(_ state: X86_64.State) throws(VirtKitError) {
        if let reason = fault(of: state) {
            throw VirtKitError(.invalidSavedState, operation: "set the state of a vCPU", message: reason)
        }
        apply(state)
    }

    /// Puts a state in place that has been checked.
    private func apply(_ state: X86_64.State) {
        for number in 0..<16 { setGeneral(number, state.general[number]) }
        programCounter = state.rip
        flags = state.rflags
        for number in 0..<6 { importSegment(number, state.segments[number]) }
        importSegment(SegmentNumber.ldtr, state.ldtr)
        importSegment(SegmentNumber.tr, state.tr)
        system.gdtBase = state.gdtr.base
        system.gdtLimit = state.gdtr.limit
        system.idtBase = state.idtr.base
        system.idtLimit = state.idtr.limit
        system.cr0 = state.cr0
        system.cr2 = state.cr2
        system.cr3 = state.cr3
        system.cr4 = state.cr4
        system.cr8 = state.cr8
        // Where it is the same the board's controller has more than these four bits of it.
        let priority = UInt8(truncatingIfNeeded: state.cr8 & 0xF)
        if let source = interruptSource, source.taskPriority(vcpu: index) != priority {
            source.setTaskPriority(priority, vcpu: index)
        }
        system.efer = state.efer
        system.needsPagePointers = true
        for index in 0..<4 { system.debugAddresses[index] = state.debugAddresses[index] }
        system.dr6 = state.dr6
        system.dr7 = state.dr7
        system.xcr0 = state.xcr0
        importExtended(state.extended)
        importMSRs(state)
        // The level is SS's, which equals CS's but for conforming code (SDM volume 3A, 5.5).
        let level = state.segments[SegmentNumber.ss].attributes >> 5 & 3
        privilege =
            state.cr0 & CR0.protection == 0
            ? 0 : state.rflags & RFLAGS.virtual8086 != 0 ? 3 : UInt8(truncatingIfNeeded: level)
        system.isHalted = state.activity == .halted
        system.waitsForSIPI = state.activity == .waitForSIPI
        isShutDown = state.activity == .shutdown
        pendingFault = nil
        restoredEvent = state.pending
        interruptShadow = state.blockedBySTI ? Shadow.sti : state.blockedByMovSS ? Shadow.movSS : 0
        shadowStart = engine.instructionCount
        system.isNMIBlocked = state.nmiBlocked
        system.isNMIPending = state.nmiPending
        hasDeferredInterrupt = true
        lastCodeBase = 0
        updateBreakpoints()
        engine.flushTLB(.all)
        engine.invalidateJumpCache()
        updateMode()
        engine.signals.raise(X86Signal.interrupt)
    }

    private func importSegment(_ number: Int, _ segment: X86_64.Segment) {
        setSelector(number, segment.selector)
        system.segments[number] = X86SegmentCache(limit: segment.limit, access: segment.attributes)
        switch number {
        case SegmentNumber.ldtr: system.ldtBase = segment.base
        case SegmentNumber.tr: system.taskBase = segment.base
        default: setSegmentBase(number, segment.base)
        }
    }

    private func importExtended(_ extended: X86_64.ExtendedState) {
        var image = FXSaveImage()
        for index in 0..<64 {
            var word: UInt64 = 0
            for byte in (0..<8).reversed() { word = word &<< 8 | UInt64(extended.area[index * 8 + byte]) }
            image.words[index] = word
        }
        // A state of which neither component is marked present is one that was never saved by XSAVE: the legacy area
        // counts as it stands.
        let components = extended.components == 0 ? XSaveLayout.supported : extended.components
        if components & 1 != 0 { restoreX87(image, wide: true) } else { initializeX87() }
        restoreVectors(components & 2 != 0 ? image : FXSaveImage())
        mxcsr = image[24, UInt32.self]
    }

    private func importMSRs(_ state: X86_64.State) {
        let offset = system.msrs.tscOffset
        system.msrs = X86ModelSpecificState()
        for register in state.modelSpecific { restoreMSR(register.number, register.value) }
        system.msrs.tscOffset =
            state.keepsTimeStampCounter
            ? offset : state.timeStampCounter &- (timeStampCounter &- system.msrs.tscOffset)
    }

    /// Puts a saved value back, as it was: without WRMSR's side effects.
    private func restoreMSR(_ number: UInt32, _ value: UInt64) {
        switch number {
        case MSR.tscAdjust: system.msrs.tscAdjust = value
        case MSR.microcodeRevision: system.msrs.microcodeRevision = value
        case MSR.machineCheckStatus: system.msrs.machineCheckStatus = value
        case MSR.miscEnable: system.msrs.miscEnable = value
        case MSR.debugControl: system.msrs.debugControl = value & 2
        default: try? writeMSR(number, value)
        }
    }

    /// Why no CPU of this model can be in `state`; nil where one can.
    private func fault(of state: X86_64.State) -> String? {
        guard state.general.count == 16, state.segments.count == 6, state.debugAddresses.count == 4,
            state.extended.area.count >= 576
        else { return "a register file has the wrong size" }
        let isProtected = state.cr0 & CR0.protection != 0
        let isPaging = state.cr0 & CR0.paging != 0
        let isLong = state.efer & EFER.longModeActive != 0
        if state.cr0 >> 32 != 0 || (isPaging && !isProtected) { return "CR0 is \(hex(state.cr0))" }
        if state.cr0 & CR0.notWriteThrough != 0, state.cr0 & CR0.cacheDisable == 0 {
            return "CR0 is \(hex(state.cr0))"
        }
        if state.cr4 & ~CR4.defined != 0 { return "CR4 is \(hex(state.cr4))" }
        if state.efer & ~EFER.defined != 0 { return "EFER is \(hex(state.efer))" }
        if isLong != (isPaging && state.efer & EFER.longModeEnable != 0) { return "EFER.LMA does not fit CR0 and LME" }
        if isLong, state.cr4 & CR4.physicalAddressExtension == 0 { return "IA-32e mode without CR4.PAE" }
        if state.cr4 & CR4.pcid != 0, !isLong { return "CR4.PCIDE outside IA-32e mode" }
        if state.cr3 & ~PageWalker.physicalMask != 0 { return "CR3 is \(hex(state.cr3))" }
        if state.cr8 > 15 { return "CR8 is \(state.cr8)" }
        if state.xcr0 & 1 == 0 || state.xcr0 & ~XSaveLayout.supported != 0 { return "XCR0 is \(hex(state.xcr0))" }
        if state.rflags & ~(RFLAGS.defined | RFLAGS.fixed) != 0 { return "RFLAGS is \(hex(state.rflags))" }
        if !isCanonical(state.rip) || state.segments.contains(where: { !isCanonical($0.base) }) {
            return "an address is not canonical"
        }
        if state.extended.mxcsr & ~XSaveLayout.mxcsrMask != 0 { return "MXCSR is \(hex(UInt64(state.extended.mxcsr)))" }
        if state.extended.components & ~XSaveLayout.supported != 0 {
            return "XSAVE components \(hex(state.extended.components)) are not all supported"
        }
        if state.activity.rawValue > 3 {
            return "activity \(state.activity.rawValue) is not supported"
        }
        if let pending = state.pending, pending.type != 0, pending.type != 2, pending.type != 3 {
            return "a pending event of type \(pending.type) can't be delivered"
        }
        for register in state.modelSpecific where !Self.savedMSRs.contains(register.number) {
            return "MSR \(hex(UInt64(register.number))) is not one of this model"
        }
        return nil
    }

    private func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }

    /// Delivers an event that a restored state brought along. Returns a code to leave with.
    func deliverRestoredEvent() -> UInt32? {
        guard let event = restoredEvent else { return nil }
        restoredEvent = nil
        let address = programCounter
        let kinds: [UInt8: X86EventKind] = [0: .external, 2: .nonMaskable]
        var delivered = X86Event(kinds[event.type] ?? .exception, vector: event.vector, returnAddress: address)
        delivered.errorCode = event.errorCode
        delivered.pageFaultAddress = system.cr2
        if event.type == 2 { system.isNMIBlocked = true }
        return deliver(delivered, faultAddress: address) ? nil : shutDown()
    }
}
