/// The guest's memory as system instructions and event delivery use it.
extension X86Guest {
    /// Bits 63:47 are equal.
    func isCanonical(_ address: UInt64) -> Bool {
        let upper = Int64(bitPattern: address) >> 47
        return upper == 0 || upper == -1
    }

    /// Who the running code is to the paging unit.
    var currentAccess: PagePrivilege {
        if privilege == 3 { return .user }
        return systemFlags & RFLAGS.alignmentCheck != 0 ? .supervisorWithAccess : .supervisor
    }

    /// Loads from a linear address; #GP(0) where it is not canonical.
    func loadLinear<T: FixedWidthInteger & UnsignedInteger>(
        _ address: UInt64, as type: T.Type, _ access: PagePrivilege
    ) throws(X86Fault) -> T {
        guard isCanonical(address) else { throw .generalProtection() }
        do throws(GuestFault) {
            return try engine.load(address, as: type, mmuIndex: Int(access.rawValue))
        } catch {
            throw takeFault()
        }
    }

    /// Stores to a linear address; #GP(0) where it is not canonical.
    func storeLinear<T: FixedWidthInteger & UnsignedInteger>(
        _ address: UInt64, _ value: T, _ access: PagePrivilege
    ) throws(X86Fault) {
        guard isCanonical(address) else { throw .generalProtection() }
        do throws(GuestFault) {
            try engine.store(value, to: address, mmuIndex: Int(access.rawValue))
        } catch {
            throw takeFault()
        }
    }

    /// An implicit supervisor access: to descriptor tables and task state segments.
    func loadSystem<T: FixedWidthInteger & UnsignedInteger>(
        _ address: UInt64, as type: T.Type
    ) throws(X86Fault) -> T {
        try loadLinear(address, as: type, .supervisor)
    }

    func storeSystem<T: FixedWidthInteger & UnsignedInteger>(_ address: UInt64, _ value: T) throws(X86Fault) {
        try storeLinear(address, value, .supervisor)
    }

    /// Checks that `count` bytes can be read or written, so that accesses to them do not fault.
    func probeLinear(_ address: UInt64, _ count: Int, _ access: MemoryAccess) throws(X86Fault) {
        guard isCanonical(address), isCanonical(address &+ UInt64(truncatingIfNeeded: count &- 1)) else {
            throw .generalProtection()
        }
        do throws(GuestFault) {
            try engine.probe(address, count: count, access: access, mmuIndex: Int(currentAccess.rawValue))
        } catch {
            throw takeFault()
        }
    }

    /// The fault that a refused access left behind.
    func takeFault() -> X86Fault {
        let fault = pendingFault ?? .generalProtection()
        pendingFault = nil
        return fault
    }

    /// The paging unit as the control registers set it.
    var walker: PageWalker {
        if system.needsPagePointers { loadRestoredPagePointers() }
        return PageWalker(
            cr0: system.cr0, cr3: system.cr3, cr4: system.cr4, efer: system.efer, pagePointers: system.pagePointers)
    }

    func translate(_ address: UInt64, access: MemoryAccess, mmuIndex: Int, engine: Engine) -> PageTranslation? {
        // The whole access must lie on one side of the addresses that are not canonical, and in flat segments of 4 GiB below
        // their limit.
        let last = address &+ UInt64(truncatingIfNeeded: engine.accessBytes &- 1)
        let isWhole = isCanonical(address) && isCanonical(last)
        guard isWhole, mode.is64 || mode.segmentBases || (address ^ last) >> 32 == 0 else {
            pendingFault = .generalProtection()
            pendingFault?.address = address
            pendingFault?.isNonCanonicalAccess = access != .execute
            return nil
        }
        let privilege = PagePrivilege(rawValue: UInt8(truncatingIfNeeded: mmuIndex)) ?? .user
        let kind: PageAccess =
            switch access {
            case .read: .read
            case .write: .write
            case .execute: .execute
            }
        switch walker.walk(address, kind, privilege, memory: EnginePagingMemory(engine: engine)) {
        case .page(let page):
            var translation = PageTranslation(
                physicalPage: page.physical & ~0xFFF, isReadable: page.readable, isWritable: page.writable,
                isExecutable: page.executable, isGlobal: page.global)
            if breakpoints.isArmed, breakpoints.watches(pageOf: address) {
                translation.isWatched = true
                watchHits |= breakpoints.hits(address, UInt64(truncatingIfNeeded: engine.accessBytes), access)
            }
            if mode.alignmentCheck, mmuIndex == 0 {
                // Alignment is checked here, so every access must come by: what fetches leave in the TLB is no good for them.
                if access == .execute {
                    (translation.isReadable, translation.isWritable) = (false, false)
                    return translation
                }
                translation.isWatched = true
                guard address & Self.alignmentMask(engine.accessBytes) == 0 else {
                    pendingFault = X86Fault(vector: X86Vector.alignmentCheck)
                    return nil
                }
            }
            return translation
        case .fault(let code):
            pendingFault = .page(address, code)
            return nil
        }
    }

    /// What must be 0 in the address of an access of so many bytes (SDM volume 3A, table 6-7): x87's long values are
    /// aligned to 8 bytes, its environments to 4 or 2.
    private static func alignmentMask(_ bytes: Int) -> UInt64 {
        switch bytes {
        case 1, 2, 4, 8, 16: UInt64(truncatingIfNeeded: bytes &- 1)
        case 10: 7
        case 14, 94: 1
        default: 3
        }
    }

    func raiseAlignmentFault(_ address: UInt64, access: MemoryAccess) {
        // Aligned SSE accesses and CMPXCHG16B: #GP(0) whatever EFLAGS.AC says (SDM volume 3A, 6.15, #GP and #AC).
        pendingFault = .generalProtection()
    }

    func fetchAddress(_ pc: UInt64) -> UInt64 {
        mode.is64 ? pc : (segmentBase(SegmentNumber.cs) &+ pc) & 0xFFFF_FFFF
    }
}

/// The engine's physical memory for page walks.
struct EnginePagingMemory: PagingMemory {
    let engine: Engine

    func loadEntry(_ physical: UInt64) -> UInt64 { engine.physicalLoad(physical, as: UInt64.self) }

    func replaceEntry(_ physical: UInt64, expected: UInt64, with desired: UInt64) -> Bool {
        engine.physicalCompareExchange(physical, expected: expected, desired: desired)
    }

    func loadSmallEntry(_ physical: UInt64) -> UInt32 { engine.physicalLoad(physical, as: UInt32.self) }

    func replaceSmallEntry(_ physical: UInt64, expected: UInt32, with desired: UInt32) -> Bool {
        // The 8 aligned bytes that hold the entry; a change of its neighbour makes the walk start again.
        let place = physical & ~7
        let shift = (physical & 4) &* 8
        let old = engine.physicalLoad(place, as: UInt64.self)
        guard UInt32(truncatingIfNeeded: old &>> shift) == expected else { return false }
        let new = old & ~(0xFFFF_FFFF &<< shift) | UInt64(desired) &<< shift
        return engine.physicalCompareExchange(place, expected: old, desired: new)
    }
}
