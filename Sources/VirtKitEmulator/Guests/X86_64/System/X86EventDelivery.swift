/// Something to be delivered through the interrupt descriptor table.
struct X86Event {
    var kind: X86EventKind
    var vector: UInt8
    var errorCode: UInt32?
    /// The address to return to.
    var returnAddress: UInt64
    /// DR6 bits of a debug exception.
    var debugStatus: UInt64 = 0
    /// RF is pushed set though this is no fault: a repeated instruction is to go on.
    var pushesResume = false
    /// CR2 of a page fault.
    var pageFaultAddress: UInt64 = 0

    init(fault: X86Fault, returnAddress: UInt64) {
        kind = .exception
        vector = fault.vector
        errorCode = fault.hasErrorCode ? fault.errorCode : nil
        pageFaultAddress = fault.address
        debugStatus = fault.debugStatus
        self.returnAddress = returnAddress
    }

    init(_ kind: X86EventKind, vector: UInt8, returnAddress: UInt64, debugStatus: UInt64 = 0) {
        self.kind = kind
        self.vector = vector
        self.returnAddress = returnAddress
        self.debugStatus = debugStatus
    }

    /// The EXT bit of error codes that faults during the delivery carry.
    var external: UInt32 { kind == .software ? 0 : 1 }

    /// The exception's class matters for double faults; everything that is not an exception is benign.
    var isException: Bool { kind == .exception }
}

/// Event delivery (Intel SDM volume 3A, 6.8 to 6.15, and volume 2A, INT n).
extension X86Guest {
    /// Delivers `event`, and what its delivery raises instead, as table 6-5 directs. False: a triple fault, the CPU
    /// has shut down. `faultAddress` is where to return to from such a fault: the instruction in progress.
    func deliver(_ event: X86Event, faultAddress: UInt64) -> Bool {
        var event = event
        while true {
            if event.vector == X86Vector.pageFault, event.isException { system.cr2 = event.pageFaultAddress }
            if event.vector == X86Vector.debug, event.isException || event.debugStatus != 0 {
                system.dr6 = system.dr6 & ~0xF | event.debugStatus
                system.dr7 &= ~(1 << 13)
                system.msrs.debugControl &= ~3
            }
            do throws(X86Fault) {
                if isReal { try deliverReal(event) } else { try deliverProtected(event) }
                return true
            } catch {
                if event.isException, event.vector == X86Vector.doubleFault {
                    programCounter = faultAddress
                    return false
                }
                if error.vector == X86Vector.pageFault { system.cr2 = error.address }
                let next = event.isException ? X86Fault.combined(first: event.vector, next: error.vector) : nil
                event = X86Event(fault: next ?? error, returnAddress: faultAddress)
            }
        }
    }

    /// Real-address mode: the table of far pointers at IDTR's base.
    private func deliverReal(_ event: X86Event) throws(X86Fault) {
        let place = UInt64(event.vector) &* 4
        guard place &+ 3 <= UInt64(system.idtLimit) else { throw .generalProtection() }
        let pointer = try loadSystem(system.idtBase &+ place, as: UInt32.self)
        var stack = currentStack
        let old = flags
        try push(old, 2, &stack)
        try push(UInt64(selectorOf(SegmentNumber.cs)), 2, &stack)
        try push(event.returnAddress, 2, &stack)
        stackPointer = stack.merged(into: stackPointer)
        flags = old & ~(RFLAGS.interrupt | RFLAGS.trap | RFLAGS.alignmentCheck | RFLAGS.resume)
        let selector = UInt16(truncatingIfNeeded: pointer &>> 16)
        setSelector(SegmentNumber.cs, selector)
        setSegmentBase(SegmentNumber.cs, UInt64(selector) &<< 4)
        programCounter = UInt64(pointer & 0xFFFF)
        interruptShadow = 0
        updateMode()
    }

    /// The gate of `event`, its type and privilege checked.
    private func gate(for event: X86Event) throws(X86Fault) -> X86Gate {
        let isLong = system.isLongModeActive
        let size: UInt64 = isLong ? 16 : 8
        let place = UInt64(event.vector) &* size
        let code = UInt32(event.vector) &* 8 | 2 | event.external
        guard place &+ size &- 1 <= UInt64(system.idtLimit) else { throw .generalProtection(code) }
        var gate = X86Gate(low: try loadSystem(system.idtBase &+ place, as: UInt64.self))
        if isLong { gate.high = try loadSystem(system.idtBase &+ place &+ 8, as: UInt64.self) }
        let isLegacyGate = gate.type == X86SystemType.interruptGate16 || gate.type == X86SystemType.trapGate16
        guard gate.isSystem,
            gate.type == X86SystemType.interruptGate || gate.type == X86SystemType.trapGate
                || (!isLong && isLegacyGate)
        else { throw .generalProtection(code) }
        if event.kind == .software, gate.privilege < privilege { throw .generalProtection(code) }
        guard gate.isPresent else { throw .notPresent(code) }
        if isLegacyGate { gate.low &= 0x0000_FFFF_FFFF_FFFF }
        return gate
    }

    private func deliverProtected(_ event: X86Event) throws(X86Fault) {
        let isLong = system.isLongModeActive
        let external = event.external
        let gate = try gate(for: event)
        guard gate.selector & 0xFFFC != 0 else { throw .generalProtection(external) }
        let code = selectorCode(gate.selector) | external
        guard var found = try descriptor(gate.selector), found.isCode, found.privilege <= privilege else {
            throw .generalProtection(code)
        }
        guard !isLong || (found.isLong && !found.isBig) else { throw .generalProtection(code) }
        guard found.isPresent else { throw .notPresent(code) }
        // A 32-bit handler of virtual-8086 code must run at level 0.
        let level = found.isConforming ? privilege : found.privilege
        if isVirtual8086, level != 0 { throw .generalProtection(code) }

        let bytes = isLong ? 8 : gate.type & 8 != 0 ? 4 : 2
        let isSwitching = level != privilege
        var inner: InnerFrame
        if isLong, gate.stackIndex != 0 {
            let pointer = try interruptStack(gate.stackIndex, external: external)
            guard isCanonical(pointer) else { throw .stack(external) }
            inner = longInnerFrame(level, pointer)
        } else if isSwitching {
            inner = try innerFrame(level, external: external)
        } else {
            inner = InnerFrame(
                selector: selectorOf(SegmentNumber.ss), base: segmentBase(SegmentNumber.ss),
                cache: system.segments[SegmentNumber.ss], stack: currentStack)
            inner.stack.errorCode = external
            if isLong {
                inner.stack.mask = .max
                inner.stack.base = 0
                inner.stack.segment = nil
            }
        }
        // Without a change of level SS keeps its selector, whichever stack is used.
        if !isSwitching {
            inner.selector = selectorOf(SegmentNumber.ss)
            inner.cache = system.segments[SegmentNumber.ss]
            inner.base = segmentBase(SegmentNumber.ss)
        }
        if isLong { inner.stack.pointer &= ~0xF }

        let old = flags
        if isVirtual8086 {
            for number in [SegmentNumber.gs, SegmentNumber.fs, SegmentNumber.ds, SegmentNumber.es] {
                try push(UInt64(selectorOf(number)), bytes, &inner.stack)
            }
        }
        if isLong || isSwitching {
            try push(UInt64(selectorOf(SegmentNumber.ss)), bytes, &inner.stack)
            try push(stackPointer, bytes, &inner.stack)
        }
        try push(pushedFlags(old, event), bytes, &inner.stack)
        try push(UInt64(selectorOf(SegmentNumber.cs)), bytes, &inner.stack)
        try push(event.returnAddress, bytes, &inner.stack)
        if let errorCode = event.errorCode { try push(UInt64(errorCode), bytes, &inner.stack) }
        let base: UInt64
        if isLong {
            guard isCanonical(gate.offset) else { throw .generalProtection(external) }
            base = 0
        } else {
            guard gate.offset <= UInt64(found.limit) else { throw .generalProtection(external) }
            base = found.base
        }
        try markAccessed(gate.selector, &found)

        // Nothing faults from here on.
        if isVirtual8086 {
            for number in [SegmentNumber.gs, SegmentNumber.fs, SegmentNumber.ds, SegmentNumber.es] {
                setNullSegment(number, 0)
            }
        }
        commit(inner)
        privilege = level
        var new = old & ~(RFLAGS.trap | RFLAGS.nestedTask | RFLAGS.resume | RFLAGS.virtual8086)
        if gate.type & 1 == 0 { new &= ~RFLAGS.interrupt }
        systemFlags = new
        interruptShadow = 0
        enter(
            CodeTarget(
                selector: gate.selector & ~3 | UInt16(level), base: base, cache: found.cache, offset: gate.offset))
    }

    /// The image of RFLAGS to push (SDM volume 3B, 17.3.1.1): RF is set by faults, but for those of instruction
    /// breakpoints, whose handler has to set it.
    private func pushedFlags(_ flags: UInt64, _ event: X86Event) -> UInt64 {
        if event.pushesResume { return flags | RFLAGS.resume }
        guard event.isException else { return flags }
        switch event.vector {
        case X86Vector.debug: return event.debugStatus & 1 << 13 != 0 ? flags | RFLAGS.resume : flags
        case X86Vector.doubleFault, X86Vector.machineCheck: return flags
        default: return flags | RFLAGS.resume
        }
    }

    /// The engine's call: the PC slot holds the instruction that faulted.
    func deliverPendingException(engine: Engine) -> UInt32? {
        guard let fault = pendingFault else { return nil }
        pendingFault = nil
        watchHits = 0
        let address = programCounter
        if deliver(X86Event(fault: refined(fault), returnAddress: address), faultAddress: address) { return nil }
        return shutDown()
    }

    func withdrawPendingException() {
        pendingFault = nil
        watchHits = 0
    }

    /// A triple fault.
    func shutDown() -> UInt32 {
        isShutDown = true
        return X86ExitCode.shutdown
    }
}
