/// Physical memory as a page walk sees it.
protocol PagingMemory: ~Copyable {
    /// Reads an aligned 8-byte entry; all ones where nothing answers.
    func loadEntry(_ physical: UInt64) -> UInt64
    /// Replaces an aligned 8-byte entry if it still holds `expected`. Memory that can't be written counts as replaced.
    func replaceEntry(_ physical: UInt64, expected: UInt64, with desired: UInt64) -> Bool
    /// The same for 4-byte entries of 2-level paging.
    func loadSmallEntry(_ physical: UInt64) -> UInt32
    func replaceSmallEntry(_ physical: UInt64, expected: UInt32, with desired: UInt32) -> Bool
}

/// What an access does.
enum PageAccess: UInt8 {
    case read, write, execute
}

/// Who makes an access: the engine's MMU index.
enum PagePrivilege: UInt8 {
    case user = 0
    /// Supervisor-mode, SMAP in force (an implicit access, or EFLAGS.AC clear).
    case supervisor = 1
    /// Explicit supervisor-mode access with EFLAGS.AC set.
    case supervisorWithAccess = 2
}

/// A translation, with what else the same walk permits without touching memory again.
struct PageWalk: Equatable {
    /// The physical address of the byte asked for.
    var physical: UInt64
    /// log2 of the page's size: 12, 21, 22 or 30.
    var shift: UInt8
    var readable: Bool
    /// Writable and already dirty: a cached entry may let stores pass.
    var writable: Bool
    var executable: Bool
    var global: Bool
}

/// The outcome of a walk; the fault carries the error code of SDM volume 3A, 4.7.
enum PageWalkResult: Equatable {
    case page(PageWalk)
    case fault(UInt32)
}

/// Bits of a page fault's error code.
enum PageFaultCode {
    static let present: UInt32 = 1 << 0
    static let write: UInt32 = 1 << 1
    static let user: UInt32 = 1 << 2
    static let reserved: UInt32 = 1 << 3
    static let fetch: UInt32 = 1 << 4
}

/// The paging unit: linear to physical addresses, as CR0, CR3, CR4 and EFER direct (SDM volume 3A, chapter 4).
///
/// 4-level, PAE and 2-level paging. PAE's four top entries come with it: MOV to CR3 has read and checked them (4.4.1).
struct PageWalker {
    /// Width of a physical address in bits (CPUID 0x8000_0008).
    static let physicalBits: UInt64 = 40
    static let physicalMask: UInt64 = (1 << physicalBits) &- 1

    var cr0: UInt64
    var cr3: UInt64
    var cr4: UInt64
    var efer: UInt64
    /// Of PAE paging.
    var pagePointers: InlineArray<4, UInt64> = InlineArray(repeating: 0)

    /// What must be 0 in a present page-directory-pointer-table entry of PAE paging.
    static let pagePointerReserved: UInt64 = ~physicalMask | 0x1E6

    private enum Entry {
        static let present: UInt64 = 1 << 0
        static let writable: UInt64 = 1 << 1
        static let user: UInt64 = 1 << 2
        static let accessed: UInt64 = 1 << 5
        static let dirty: UInt64 = 1 << 6
        static let large: UInt64 = 1 << 7
        static let global: UInt64 = 1 << 8
        static let noExecute: UInt64 = 1 << 63
        static let address: UInt64 = 0x000F_FFFF_FFFF_F000
        /// Address bits above the physical width.
        static let aboveWidth: UInt64 = address & ~PageWalker.physicalMask
    }

    /// Walks for `access` by `privilege` to the canonical address `linear`.
    func walk(
        _ linear: UInt64, _ access: PageAccess, _ privilege: PagePrivilege,
        memory: borrowing some PagingMemory & ~Copyable
    ) -> PageWalkResult {
        if cr0 & CR0.paging == 0 {
            return .page(
                PageWalk(
                    physical: linear & 0xFFFF_FFFF & Self.physicalMask, shift: 12, readable: true, writable: true,
                    executable: true, global: false))
        }
        if cr4 & CR4.physicalAddressExtension == 0 {
            return walkTwoLevel(linear & 0xFFFF_FFFF, access, privilege, memory: memory)
        }
        // A racing change of an entry restarts the walk; so many races in a row do not happen, but a bound is a bound.
        for _ in 0..<64 {
            if let result = walkOnce(linear, access, privilege, memory: memory) { return result }
        }
        return .fault(errorCode(access, privilege))
    }

    /// One try; nil if an entry changed under it.
    private func walkOnce(
        _ linear: UInt64, _ access: PageAccess, _ privilege: PagePrivilege,
        memory: borrowing some PagingMemory & ~Copyable
    ) -> PageWalkResult? {
        let isLong = efer & EFER.longModeActive != 0
        var reservedAlways = Entry.aboveWidth
        if efer & EFER.noExecute == 0 { reservedAlways |= Entry.noExecute }
        // PAE entries have no ignored bits 62:52.
        if !isLong { reservedAlways |= 0x7FF0_0000_0000_0000 }

        var level: UInt64 = isLong ? 4 : 2
        var table = cr3 & Self.physicalMask & ~0xFFF
        if !isLong {
            let pointer = pagePointers[Int(truncatingIfNeeded: (linear &>> 30) & 3)]
            if pointer & Entry.present == 0 { return .fault(errorCode(access, privilege)) }
            table = pointer & Entry.address
        }
        var effective = Entry.writable | Entry.user
        var noExecute: UInt64 = 0
        var trail: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        while true {
            let position = 12 &+ 9 &* (level &- 1)
            let place = table &+ (((linear &>> position) & 511) &* 8)
            let entry = memory.loadEntry(place)
            if entry & Entry.present == 0 { return .fault(errorCode(access, privilege)) }

            let isLarge = (level == 3 || level == 2) && entry & Entry.large != 0
            let isLeaf = level == 1 || isLarge
            var reserved = reservedAlways
            if level == 4 { reserved |= Entry.large }
            if isLarge { reserved |= ((1 &<< position) &- 1) & ~0x1FFF }
            if entry & reserved != 0 {
                return .fault(errorCode(access, privilege) | PageFaultCode.present | PageFaultCode.reserved)
            }
            effective &= entry
            noExecute |= entry & Entry.noExecute
            if isLeaf {
                return finish(
                    linear, access, privilege, entry: entry, place: place, position: position,
                    effective: effective, noExecute: noExecute != 0, trail: trail, memory: memory)
            }
            switch level {
            case 4: trail.0 = place | 1
            case 3: trail.1 = place | 1
            default: trail.2 = place | 1
            }
            table = entry & Entry.address
            level &-= 1
        }
    }

    private func finish(
        _ linear: UInt64, _ access: PageAccess, _ privilege: PagePrivilege, entry: UInt64, place: UInt64,
        position: UInt64, effective: UInt64, noExecute: Bool, trail: (UInt64, UInt64, UInt64, UInt64),
        memory: borrowing some PagingMemory & ~Copyable
    ) -> PageWalkResult? {
        let rights = permissions(
            user: effective & Entry.user != 0, writable: effective & Entry.writable != 0,
            noExecute: noExecute, privilege)
        guard rights.allows(access) else { return .fault(errorCode(access, privilege) | PageFaultCode.present) }

        // Accessed and dirty flags are set before the access happens; the upper ones first.
        for upper in [trail.0, trail.1, trail.2] where upper != 0 {
            let slot = upper & ~1
            let value = memory.loadEntry(slot)
            if value & Entry.present == 0 { return nil }
            if value & Entry.accessed == 0,
                !memory.replaceEntry(slot, expected: value, with: value | Entry.accessed)
            {
                return nil
            }
        }
        var marked = entry | Entry.accessed
        if access == .write { marked |= Entry.dirty }
        if marked != entry, !memory.replaceEntry(place, expected: entry, with: marked) { return nil }

        let offset: UInt64 = (1 &<< position) &- 1
        return .page(
            PageWalk(
                physical: (entry & Entry.address & ~offset) | (linear & offset),
                shift: UInt8(truncatingIfNeeded: position), readable: rights.read,
                writable: rights.write && marked & Entry.dirty != 0, executable: rights.execute,
                global: entry & Entry.global != 0 && cr4 & CR4.globalPages != 0))
    }

    private func walkTwoLevel(
        _ linear: UInt64, _ access: PageAccess, _ privilege: PagePrivilege,
        memory: borrowing some PagingMemory & ~Copyable
    ) -> PageWalkResult {
        for _ in 0..<64 {
            let directoryPlace = (cr3 & 0xFFFF_F000) &+ ((linear &>> 22) &* 4)
            let directory = memory.loadSmallEntry(directoryPlace)
            if directory & 1 == 0 { return .fault(errorCode(access, privilege)) }
            let isLarge = directory & 0x80 != 0 && cr4 & CR4.pageSizeExtensions != 0
            var place = directoryPlace
            var entry = directory
            var effective = UInt64(directory)
            if isLarge {
                // PSE-36: bits 20:13 are address bits 39:32; bit 21 is reserved.
                if directory & (1 << 21) != 0 {
                    return .fault(errorCode(access, privilege) | PageFaultCode.present | PageFaultCode.reserved)
                }
            } else {
                place = UInt64(directory & 0xFFFF_F000) &+ (((linear &>> 12) & 1023) &* 4)
                entry = memory.loadSmallEntry(place)
                if entry & 1 == 0 { return .fault(errorCode(access, privilege)) }
                effective &= UInt64(entry)
            }
            let rights = permissions(
                user: effective & Entry.user != 0, writable: effective & Entry.writable != 0, noExecute: false,
                privilege)
            guard rights.allows(access) else { return .fault(errorCode(access, privilege) | PageFaultCode.present) }
            if !isLarge, directory & 0x20 == 0,
                !memory.replaceSmallEntry(directoryPlace, expected: directory, with: directory | 0x20)
            {
                continue
            }
            let marked = entry | 0x20 | (access == .write ? 0x40 : 0)
            if marked != entry, !memory.replaceSmallEntry(place, expected: entry, with: marked) { continue }
            let physical: UInt64 =
                isLarge
                ? UInt64(entry & 0xFFC0_0000) | (UInt64((entry >> 13) & 0xFF) &<< 32) | (linear & 0x3F_FFFF)
                : UInt64(entry & 0xFFFF_F000) | (linear & 0xFFF)
            return .page(
                PageWalk(
                    physical: physical, shift: isLarge ? 22 : 12, readable: rights.read,
                    writable: rights.write && marked & 0x40 != 0, executable: rights.execute,
                    global: entry & 0x100 != 0 && cr4 & CR4.globalPages != 0))
        }
        return .fault(errorCode(access, privilege))
    }

    private struct Rights {
        var read: Bool
        var write: Bool
        var execute: Bool

        func allows(_ access: PageAccess) -> Bool {
            switch access {
            case .read: read
            case .write: write
            case .execute: execute
            }
        }
    }

    /// SDM volume 3A, 4.6.1.
    private func permissions(user: Bool, writable: Bool, noExecute: Bool, _ privilege: PagePrivilege) -> Rights {
        if privilege == .user {
            return Rights(read: user, write: user && writable, execute: user && !noExecute)
        }
        let dataAllowed = !user || cr4 & CR4.smap == 0 || privilege == .supervisorWithAccess
        let writeAllowed = writable || cr0 & CR0.writeProtect == 0
        let fetchAllowed = !noExecute && !(user && cr4 & CR4.smep != 0)
        return Rights(read: dataAllowed, write: dataAllowed && writeAllowed, execute: fetchAllowed)
    }

    /// The part of the error code that describes the access.
    private func errorCode(_ access: PageAccess, _ privilege: PagePrivilege) -> UInt32 {
        var code: UInt32 = privilege == .user ? PageFaultCode.user : 0
        if access == .write { code |= PageFaultCode.write }
        if access == .execute {
            let reportsFetch =
                cr4 & CR4.smep != 0
                || (efer & EFER.noExecute != 0 && cr4 & CR4.physicalAddressExtension != 0)
            if reportsFetch { code |= PageFaultCode.fetch }
        }
        return code
    }
}
