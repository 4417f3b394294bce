/// Segment registers: descriptor tables, the checks of MOV and POP, LLDT, LTR (Intel SDM volume 3A, chapters 3 and 5).
extension X86Guest {
    /// The error code that names a selector.
    func selectorCode(_ selector: UInt16) -> UInt32 { UInt32(selector & 0xFFFC) }

    /// Whether CPL 0 to 3 code runs in 64-bit mode proper.
    var is64BitCode: Bool { system.isLongModeActive && system.segments[SegmentNumber.cs].isLong }

    var isReal: Bool { !system.isProtected }

    /// The linear address of the `bytes` of a selector's descriptor; nil where the table is too short for it.
    private func descriptorAddress(_ selector: UInt16, bytes: UInt64 = 8) -> UInt64? {
        let offset = UInt64(selector & 0xFFF8)
        if selector & 4 != 0 {
            let ldt = system.segments[SegmentNumber.ldtr]
            guard ldt.isUsable, selectorOf(SegmentNumber.ldtr) & 0xFFFC != 0,
                offset &+ bytes &- 1 <= UInt64(ldt.limit)
            else { return nil }
            return system.ldtBase &+ offset
        }
        guard offset &+ bytes &- 1 <= UInt64(system.gdtLimit) else { return nil }
        return system.gdtBase &+ offset
    }

    /// The descriptor that `selector` names; nil where it lies outside its table.
    func descriptor(_ selector: UInt16) throws(X86Fault) -> X86Descriptor? {
        guard let address = descriptorAddress(selector) else { return nil }
        return X86Descriptor(raw: try loadSystem(address, as: UInt64.self))
    }

    /// The upper half of a 16-byte system descriptor.
    func descriptorHigh(_ selector: UInt16) throws(X86Fault) -> UInt64? {
        guard let address = descriptorAddress(selector, bytes: 16) else { return nil }
        return try loadSystem(address &+ 8, as: UInt64.self)
    }

    /// Sets the accessed bit of a code or data descriptor in memory, and in `descriptor`.
    func markAccessed(_ selector: UInt16, _ descriptor: inout X86Descriptor) throws(X86Fault) {
        guard !descriptor.isSystem, !descriptor.isAccessed, let address = descriptorAddress(selector) else { return }
        descriptor.raw |= 1 << 40
        try storeSystem(address &+ 5, UInt8(truncatingIfNeeded: descriptor.raw &>> 40))
    }

    /// Puts a segment register in place. Callers recompute the mode where CS or SS changed.
    func setSegment(_ number: Int, _ selector: UInt16, base: UInt64, _ cache: X86SegmentCache) {
        setSelector(number, selector)
        setSegmentBase(number, base)
        system.segments[number] = cache
    }

    /// Marks a data segment register null.
    func setNullSegment(_ number: Int, _ selector: UInt16) {
        setSegment(number, selector, base: 0, X86SegmentCache())
    }

    /// MOV and POP to a segment register other than CS.
    func loadSegment(_ number: Int, _ selector: UInt16) throws(X86Fault) {
        guard number >= 0, number < 6, number != SegmentNumber.cs else { throw .invalidOpcode }
        if isReal {
            // Limit and rights stay as they are ("unreal mode").
            setSelector(number, selector)
            setSegmentBase(number, UInt64(selector) &<< 4)
            system.segments[number].access &= ~X86SegmentCache.unusable
            updateModeSegments()
            return
        }
        if isVirtual8086 {
            setSegment(
                number, selector, base: UInt64(selector) &<< 4, X86SegmentCache(limit: 0xFFFF, access: 0xF3))
            updateModeSegments()
            return
        }
        if number == SegmentNumber.ss {
            try loadStackSegment(selector)
        } else {
            try loadDataSegment(number, selector)
        }
    }

    private func loadStackSegment(_ selector: UInt16) throws(X86Fault) {
        if selector & 0xFFFC == 0 {
            guard is64BitCode, privilege != 3, UInt8(selector & 3) == privilege else { throw .generalProtection() }
            setSegment(
                SegmentNumber.ss, selector, base: 0,
                X86SegmentCache(limit: 0, access: X86SegmentCache.unusable | UInt32(privilege) << 5))
            updateMode()
            return
        }
        let (found, cache) = try checkedStack(selector, privilege, fault: X86Vector.generalProtection)
        setSegment(SegmentNumber.ss, selector, base: found.base, cache)
        updateMode()
    }

    /// Checks a non-null stack selector against the privilege level it is for. Malformed: `fault` with the selector.
    func checkedStack(
        _ selector: UInt16, _ level: UInt8, fault: UInt8, external: UInt32 = 0
    ) throws(X86Fault) -> (X86Descriptor, X86SegmentCache) {
        let code = selectorCode(selector) | external
        guard var found = try descriptor(selector), UInt8(selector & 3) == level, found.isWritable,
            found.privilege == level
        else { throw X86Fault(vector: fault, errorCode: code) }
        guard found.isPresent else { throw .stack(code) }
        try markAccessed(selector, &found)
        return (found, found.cache)
    }

    private func loadDataSegment(_ number: Int, _ selector: UInt16) throws(X86Fault) {
        if selector & 0xFFFC == 0 {
            setNullSegment(number, selector)
            updateModeSegments()
            return
        }
        let code = selectorCode(selector)
        guard var found = try descriptor(selector), !found.isSystem, found.isReadable else {
            throw .generalProtection(code)
        }
        if !found.isConforming {
            guard UInt8(selector & 3) <= found.privilege, privilege <= found.privilege else {
                throw .generalProtection(code)
            }
        }
        guard found.isPresent else { throw .notPresent(code) }
        try markAccessed(selector, &found)
        setSegment(number, selector, base: found.base, found.cache)
        updateModeSegments()
    }

    /// After a return to an outer level: data segments that the new level may not use become null.
    func dropInnerDataSegments(_ level: UInt8) {
        for number in [SegmentNumber.es, SegmentNumber.ds, SegmentNumber.fs, SegmentNumber.gs] {
            let cache = system.segments[number]
            guard cache.isUsable, selectorOf(number) & 0xFFFC != 0 else { continue }
            let isConformingCode = cache.access & 0x1C == 0x1C
            if cache.privilege < level, !isConformingCode { setNullSegment(number, 0) }
        }
    }

    /// LLDT.
    func loadLocalTable(_ selector: UInt16) throws(X86Fault) {
        if selector & 0xFFFC == 0 {
            setSelector(SegmentNumber.ldtr, selector)
            system.segments[SegmentNumber.ldtr] = X86SegmentCache()
            return
        }
        let (found, base) = try systemSegment(selector) { $0 == X86SystemType.ldt }
        setSelector(SegmentNumber.ldtr, selector)
        system.segments[SegmentNumber.ldtr] = found.cache
        system.ldtBase = base
    }

    /// LTR.
    func loadTaskRegister(_ selector: UInt16) throws(X86Fault) {
        guard selector & 0xFFFC != 0 else { throw .generalProtection() }
        let isLong = system.isLongModeActive
        var (found, base) = try systemSegment(selector) {
            $0 == X86SystemType.taskAvailable || (!isLong && $0 == X86SystemType.taskAvailable16)
        }
        found.raw |= 2 << 40
        guard let address = descriptorAddress(selector) else { throw .generalProtection(selectorCode(selector)) }
        try storeSystem(address &+ 5, UInt8(truncatingIfNeeded: found.raw &>> 40))
        setSelector(SegmentNumber.tr, selector)
        system.segments[SegmentNumber.tr] = found.cache
        system.taskBase = base
    }

    /// The checks that LLDT and LTR share; returns the descriptor and its full base.
    private func systemSegment(
        _ selector: UInt16, _ isWanted: (UInt32) -> Bool
    ) throws(X86Fault) -> (X86Descriptor, UInt64) {
        let code = selectorCode(selector)
        guard selector & 4 == 0, let found = try descriptor(selector), found.isSystem, isWanted(found.type) else {
            throw .generalProtection(code)
        }
        var base = found.base
        if system.isLongModeActive {
            guard let high = try descriptorHigh(selector), (high &>> 40) & 0x1F == 0 else {
                throw .generalProtection(code)
            }
            base |= high &<< 32
            guard isCanonical(base) else { throw .generalProtection(code) }
        }
        guard found.isPresent else { throw .notPresent(code) }
        return (found, base)
    }

    /// The descriptor LAR, LSL, VERR and VERW may look at; nil: ZF is cleared.
    private func visibleDescriptor(_ selector: UInt16) throws(X86Fault) -> X86Descriptor? {
        guard selector & 0xFFFC != 0, let found = try descriptor(selector) else { return nil }
        if found.isConforming { return found }
        return found.privilege >= privilege && found.privilege >= UInt8(selector & 3) ? found : nil
    }

    /// LAR: nil where the selector has no access rights to show.
    func accessRights(_ selector: UInt16) throws(X86Fault) -> UInt32? {
        guard let found = try visibleDescriptor(selector) else { return nil }
        if found.isSystem {
            switch found.type {
            case X86SystemType.ldt, X86SystemType.taskAvailable, X86SystemType.taskBusy, X86SystemType.callGate: break
            case X86SystemType.taskAvailable16, 3, X86SystemType.callGate16, X86SystemType.taskGate:
                if system.isLongModeActive { return nil }
            default: return nil
            }
        }
        return UInt32(truncatingIfNeeded: found.raw &>> 32) & 0x00F0_FF00
    }

    /// LSL: nil where the selector has no limit to show.
    func segmentLimit(_ selector: UInt16) throws(X86Fault) -> UInt32? {
        guard let found = try visibleDescriptor(selector) else { return nil }
        if found.isSystem {
            switch found.type {
            case X86SystemType.ldt, X86SystemType.taskAvailable, X86SystemType.taskBusy: break
            case X86SystemType.taskAvailable16, 3: if system.isLongModeActive { return nil }
            default: return nil
            }
        }
        return found.limit
    }

    /// VERR and VERW.
    func verify(_ selector: UInt16, forWriting: Bool) throws(X86Fault) -> Bool {
        guard let found = try visibleDescriptor(selector), !found.isSystem else { return false }
        return forWriting ? found.isWritable : found.isReadable
    }
}
