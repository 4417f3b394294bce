/// A stack being pushed to or popped from by an instruction that has not committed yet: RSP changes only at the end.
struct X86StackCursor {
    var pointer: UInt64
    /// Of the stack pointer's width: 16, 32 or 64 bits.
    var mask: UInt64
    var base: UInt64
    var access: PagePrivilege
    /// The stack segment outside 64-bit code, whose limit and type are checked; nil: neither is.
    var segment: X86SegmentCache?
    /// Of the #SS that goes beyond the limit: 0 for the present stack.
    var errorCode: UInt32 = 0

    /// Checks `bytes` bytes at the pointer.
    func check(_ bytes: Int, writes: Bool) throws(X86Fault) {
        guard let segment else { return }
        guard segment.isUsable, segment.contains(pointer & mask, UInt64(truncatingIfNeeded: bytes)),
            segment.allows(writing: writes)
        else { throw .stack(errorCode) }
    }

    /// The address `offset` bytes above the pointer.
    func address(_ offset: UInt64 = 0) -> UInt64 {
        let place = base &+ ((pointer &+ offset) & mask)
        return mask == .max ? place : place & 0xFFFF_FFFF
    }

    /// The pointer register's new value: narrow pointers keep the upper bits of `old`.
    func merged(into old: UInt64) -> UInt64 {
        mask == 0xFFFF ? old & ~0xFFFF | pointer & mask : pointer & mask
    }
}

extension X86Guest {
    /// The width of a stack pointer under a stack segment's cache, for code of the given kind.
    func stackMask(_ cache: X86SegmentCache, in64BitCode: Bool) -> UInt64 {
        in64BitCode ? .max : cache.isBig ? 0xFFFF_FFFF : 0xFFFF
    }

    /// The present stack.
    var currentStack: X86StackCursor {
        let isLong = is64BitCode
        return X86StackCursor(
            pointer: stackPointer, mask: stackMask(system.segments[SegmentNumber.ss], in64BitCode: isLong),
            base: isLong ? 0 : segmentBase(SegmentNumber.ss), access: currentAccess,
            segment: isLong ? nil : system.segments[SegmentNumber.ss])
    }

    /// Pushes the low `bytes` (2, 4 or 8) of `value`.
    func push(_ value: UInt64, _ bytes: Int, _ stack: inout X86StackCursor) throws(X86Fault) {
        stack.pointer = (stack.pointer &- UInt64(truncatingIfNeeded: bytes)) & stack.mask
        try stack.check(bytes, writes: true)
        let address = stack.address()
        switch bytes {
        case 2: try storeStack(address, UInt16(truncatingIfNeeded: value), stack.access)
        case 4: try storeStack(address, UInt32(truncatingIfNeeded: value), stack.access)
        default: try storeStack(address, value, stack.access)
        }
    }

    /// Pops `bytes` (2, 4 or 8), zero-extended.
    func pop(_ bytes: Int, _ stack: inout X86StackCursor) throws(X86Fault) -> UInt64 {
        try stack.check(bytes, writes: false)
        let address = stack.address()
        let value: UInt64
        switch bytes {
        case 2: value = UInt64(try loadStack(address, as: UInt16.self, stack.access))
        case 4: value = UInt64(try loadStack(address, as: UInt32.self, stack.access))
        default: value = try loadStack(address, as: UInt64.self, stack.access)
        }
        stack.pointer = (stack.pointer &+ UInt64(truncatingIfNeeded: bytes)) & stack.mask
        return value
    }

    private func storeStack<T: FixedWidthInteger & UnsignedInteger>(
        _ address: UInt64, _ value: T, _ access: PagePrivilege
    ) throws(X86Fault) {
        guard isCanonical(address) else { throw .stack() }
        try storeLinear(address, value, access)
    }

    private func loadStack<T: FixedWidthInteger & UnsignedInteger>(
        _ address: UInt64, as type: T.Type, _ access: PagePrivilege
    ) throws(X86Fault) -> T {
        guard isCanonical(address) else { throw .stack() }
        return try loadLinear(address, as: type, access)
    }

    /// SS and RSP for privilege level `level`, from the task state segment (SDM volume 3A, 7.2 and 7.7).
    func innerStack(_ level: UInt8, external: UInt32 = 0) throws(X86Fault) -> (selector: UInt16, pointer: UInt64) {
        let task = system.segments[SegmentNumber.tr]
        let code = selectorCode(selectorOf(SegmentNumber.tr)) | external
        if system.isLongModeActive {
            let offset = 4 &+ UInt64(level) &* 8
            guard offset &+ 7 <= UInt64(task.limit) else { throw .invalidTSS(code) }
            return (UInt16(level), try loadSystem(system.taskBase &+ offset, as: UInt64.self))
        }
        if task.type & 8 != 0 {
            let offset = 4 &+ UInt64(level) &* 8
            guard offset &+ 5 <= UInt64(task.limit) else { throw .invalidTSS(code) }
            let pointer = try loadSystem(system.taskBase &+ offset, as: UInt32.self)
            return (try loadSystem(system.taskBase &+ offset &+ 4, as: UInt16.self), UInt64(pointer))
        }
        let offset = 2 &+ UInt64(level) &* 4
        guard offset &+ 3 <= UInt64(task.limit) else { throw .invalidTSS(code) }
        let pointer = try loadSystem(system.taskBase &+ offset, as: UInt16.self)
        return (try loadSystem(system.taskBase &+ offset &+ 2, as: UInt16.self), UInt64(pointer))
    }

    /// The RSP of interrupt stack table entry `index` (1 … 7).
    func interruptStack(_ index: UInt64, external: UInt32) throws(X86Fault) -> UInt64 {
        let offset = 28 &+ index &* 8
        guard offset &+ 7 <= UInt64(system.segments[SegmentNumber.tr].limit) else {
            throw .invalidTSS(selectorCode(selectorOf(SegmentNumber.tr)) | external)
        }
        return try loadSystem(system.taskBase &+ offset, as: UInt64.self)
    }
}
