internal import VirtKitCore

/// Control and debug registers (Intel SDM volume 3A, 2.5, 4.1, 4.10.4, 9.8.5 and 17.2).
extension X86Guest {
    func readControl(_ number: Int) throws(X86Fault) -> UInt64 {
        switch number {
        case 0: return system.cr0
        case 2: return system.cr2
        case 3: return system.cr3
        case 4: return system.cr4
        case 8: return taskPriority
        default: throw .invalidOpcode
        }
    }

    func writeControl(_ number: Int, _ value: UInt64) throws(X86Fault) {
        switch number {
        case 0: try writeCR0(value)
        case 2: system.cr2 = value
        case 3: try writeCR3(value)
        case 4: try writeCR4(value)
        case 8: try writeTaskPriority(value)
        default: throw .invalidOpcode
        }
    }

    private func writeCR0(_ value: UInt64) throws(X86Fault) {
        guard value &>> 32 == 0 else { throw .generalProtection() }
        let new = value & CR0.defined | CR0.extensionType
        let old = system.cr0
        if new & CR0.paging != 0, new & CR0.protection == 0 { throw .generalProtection() }
        if new & CR0.notWriteThrough != 0, new & CR0.cacheDisable == 0 { throw .generalProtection() }
        let changed = new ^ old
        let oldEFER = system.efer
        if changed & CR0.paging != 0 {
            let code = system.segments[SegmentNumber.cs]
            if new & CR0.paging != 0 {
                if system.efer & EFER.longModeEnable != 0 {
                    guard system.cr4 & CR4.physicalAddressExtension != 0, !code.isLong,
                        system.segments[SegmentNumber.tr].type & 8 != 0
                    else { throw .generalProtection() }
                    system.efer |= EFER.longModeActive
                }
            } else {
                if system.isLongModeActive, code.isLong { throw .generalProtection() }
                if system.cr4 & CR4.pcid != 0 { throw .generalProtection() }
                system.efer &= ~EFER.longModeActive
            }
        }
        system.cr0 = new
        if changed & (CR0.paging | CR0.cacheDisable | CR0.notWriteThrough) != 0, system.usesPAEPaging {
            do throws(X86Fault) {
                try loadPagePointers(system.cr3)
            } catch {
                system.cr0 = old
                system.efer = oldEFER
                throw error
            }
        }
        if changed & (CR0.paging | CR0.protection | CR0.writeProtect) != 0 { engine.flushTLB(.all) }
        updateMode()
    }

    private func writeCR3(_ value: UInt64) throws(X86Fault) {
        var value = value
        var keepsTranslations = false
        if system.isLongModeActive {
            if system.cr4 & CR4.pcid != 0, value &>> 63 != 0 {
                keepsTranslations = true
                value &= ~(1 << 63)
            }
            guard value & ~PageWalker.physicalMask == 0 else { throw .generalProtection() }
        } else {
            value &= 0xFFFF_FFFF
            if system.usesPAEPaging { try loadPagePointers(value) }
        }
        // The engine's TLB has no tags: another table or PCID needs a flush whatever bit 63 says.
        let isUnchanged = value == system.cr3
        system.cr3 = value
        if !(keepsTranslations && isUnchanged) { engine.flushTLB(.nonGlobal) }
    }

    private func writeCR4(_ value: UInt64) throws(X86Fault) {
        guard value & ~CR4.defined == 0 else { throw .generalProtection() }
        let changed = value ^ system.cr4
        if system.isLongModeActive, value & CR4.physicalAddressExtension == 0 { throw .generalProtection() }
        if changed & value & CR4.pcid != 0 {
            guard system.isLongModeActive, system.cr3 & 0xFFF == 0 else { throw .generalProtection() }
        }
        let old = system.cr4
        system.cr4 = value
        let reloading =
            CR4.physicalAddressExtension | CR4.globalPages | CR4.pageSizeExtensions | CR4.smep
        if changed & reloading != 0, system.usesPAEPaging {
            do throws(X86Fault) {
                try loadPagePointers(system.cr3)
            } catch {
                system.cr4 = old
                throw error
            }
        }
        let affecting =
            CR4.globalPages | CR4.pageSizeExtensions | CR4.physicalAddressExtension | CR4.smep | CR4.smap | CR4.pcid
        if changed & affecting != 0 { engine.flushTLB(.all) }
        if changed & CR4.debugExtensions != 0 { updateBreakpoints() } else { updateMode() }
    }

    /// Reads the four page-directory-pointer-table entries of PAE paging (SDM volume 3A, 4.4.1): #GP(0), and none is
    /// loaded, where a present one has a reserved bit set.
    private func loadPagePointers(_ cr3: UInt64) throws(X86Fault) {
        var entries: InlineArray<4, UInt64> = InlineArray(repeating: 0)
        for number in 0..<4 {
            let place = (cr3 & 0xFFFF_FFE0) &+ UInt64(number) &* 8
            entries[number] = engine.physicalLoad(place, as: UInt64.self)
            if entries[number] & 1 != 0, entries[number] & PageWalker.pagePointerReserved != 0 {
                throw .generalProtection()
            }
        }
        system.pagePointers = entries
        system.needsPagePointers = false
    }

    /// The same for a state that was put in place from outside: a malformed entry counts as not present.
    func loadRestoredPagePointers() {
        system.needsPagePointers = false
        guard system.usesPAEPaging else { return }
        for number in 0..<4 {
            let place = (system.cr3 & 0xFFFF_FFE0) &+ UInt64(number) &* 8
            let entry = engine.physicalLoad(place, as: UInt64.self)
            system.pagePointers[number] = entry & PageWalker.pagePointerReserved == 0 ? entry : 0
        }
    }

    /// CLTS.
    func clearTaskSwitched() {
        system.cr0 &= ~CR0.taskSwitched
        updateMode()
    }

    /// LMSW: PE can be set but not cleared.
    func loadMachineStatus(_ value: UInt64) throws(X86Fault) {
        try writeControl(0, system.cr0 & ~0xE | value & 0xF)
    }

    /// CR8: the board's local APIC keeps the task priority where there is one.
    var taskPriority: UInt64 {
        guard let source = interruptSource else { return system.cr8 }
        return UInt64(source.taskPriority(vcpu: index) & 0xF)
    }

    private func writeTaskPriority(_ value: UInt64) throws(X86Fault) {
        guard value <= 15 else { throw .generalProtection() }
        system.cr8 = value
        guard let source = interruptSource else { return }
        source.setTaskPriority(UInt8(truncatingIfNeeded: value), vcpu: index)
        hasDeferredInterrupt = true
        engine.signals.raise(X86Signal.interrupt)
    }

    /// MOV from DR. DR4 and DR5 are DR6 and DR7 unless CR4.DE.
    func readDebug(_ number: Int) throws(X86Fault) -> UInt64 {
        let number = try checkedDebug(number)
        switch number {
        case 0...3: return system.debugAddresses[number]
        case 6: return system.dr6
        default: return system.dr7
        }
    }

    /// MOV to DR.
    func writeDebug(_ number: Int, _ value: UInt64) throws(X86Fault) {
        let number = try checkedDebug(number)
        switch number {
        case 0...3:
            system.debugAddresses[number] = value
            if breakpoints.isArmed { updateBreakpoints() }
        case 6:
            guard value &>> 32 == 0 else { throw .generalProtection() }
            system.dr6 = value & 0xE00F | X86SystemState.dr6Fixed
        default:
            guard value &>> 32 == 0 else { throw .generalProtection() }
            system.dr7 = value & 0xFFFF_2BFF | X86SystemState.dr7Fixed
            updateBreakpoints()
        }
    }

    private func checkedDebug(_ number: Int) throws(X86Fault) -> Int {
        var number = number & 7
        if number == 4 || number == 5 {
            if system.cr4 & CR4.debugExtensions != 0 { throw .invalidOpcode }
            number += 2
        }
        // General detect: no debug register may be touched.
        if system.dr7 & (1 << 13) != 0 { throw X86Fault(vector: X86Vector.debug, debugStatus: 1 << 13) }
        return number
    }

    /// XSETBV.
    func writeExtendedControl(_ index: UInt32, _ value: UInt64) throws(X86Fault) {
        guard index == 0, value & 1 != 0, value & ~XSaveLayout.supported == 0 else { throw .generalProtection() }
        system.xcr0 = value
        updateMode()
    }

    /// XGETBV.
    func readExtendedControl(_ index: UInt32) throws(X86Fault) -> UInt64 {
        guard index == 0 else { throw .generalProtection() }
        return system.xcr0
    }

    /// INVPCID (SDM volume 2A): types 0 to 3. The TLB has no PCIDs, so each type flushes at least what it must.
    func invalidatePCID(type: UInt64, descriptor address: UInt64) throws(X86Fault) {
        let low = try loadLinear(address, as: UInt64.self, currentAccess)
        let target = try loadLinear(address &+ 8, as: UInt64.self, currentAccess)
        guard type <= 3, low & ~0xFFF == 0 else { throw .generalProtection() }
        if type <= 1, low != 0, system.cr4 & CR4.pcid == 0 { throw .generalProtection() }
        switch type {
        case 0:
            guard isCanonical(target) else { throw .generalProtection() }
            if low == 0 && system.cr4 & CR4.pcid == 0 || low == system.cr3 & 0xFFF { engine.flushTLB(.page(target)) }
        case 1: if low == system.cr3 & 0xFFF { engine.flushTLB(.nonGlobal) }
        case 2: engine.flushTLB(.all)
        default: engine.flushTLB(.nonGlobal)
        }
    }
}
