/// The checks of an access through a segment (Intel SDM volume 3A, 5.3 to 5.5): limit, type and rights.
///
/// Code whose segments are flat is lowered without them: see ``X86Mode/segmentChecks``.
extension X86SegmentCache {
    /// Data that grows down: its limit is the last offset that may not be used.
    var isExpandDown: Bool { access & 0x1C == 0x14 }

    /// Whether an access of any kind that a load or store instruction makes is allowed anywhere in 4 GiB. A code segment
    /// is not asked to be writable: lowering knows which accesses go through CS.
    func isFlat(asCode: Bool, isReal: Bool) -> Bool {
        guard isUsable, limit == .max else { return false }
        if isReal { return true }
        return asCode ? access & 0x1A == 0x1A : access & 0x1E == 0x12
    }

    /// Whether `bytes` bytes at `offset` lie within the segment.
    func contains(_ offset: UInt64, _ bytes: UInt64) -> Bool {
        let last = offset &+ (bytes &- 1)
        if isExpandDown {
            let top: UInt64 = isBig ? 0xFFFF_FFFF : 0xFFFF
            return offset > UInt64(limit) && last <= top
        }
        // What an access around the end of 4 GiB does is left to the processor (SDM volume 3A, 5.3): it wraps here.
        return last <= UInt64(limit) || limit == .max
    }

    /// Whether the type allows the access. Not asked in real-address and virtual-8086 mode.
    func allows(writing: Bool) -> Bool {
        let isCode = access & 0x18 == 0x18
        let hasRight = access & 2 != 0
        return writing ? !isCode && hasRight : !isCode || hasRight
    }
}

extension X86Guest {
    /// Checks an access through segment register `number` outside 64-bit code.
    func checkSegment(_ number: Int, _ offset: UInt64, _ bytes: UInt64, writes: Bool) throws(X86Fault) {
        let cache = system.segments[min(5, max(0, number))]
        let hasTypes = !isReal && !isVirtual8086
        guard cache.isUsable, cache.contains(offset, bytes), !hasTypes || cache.allows(writing: writes) else {
            throw number == SegmentNumber.ss ? .stack() : .generalProtection()
        }
    }

    /// How many elements of `bytes` bytes lie within a segment from `offset` upwards, where the first one does.
    func elementsInSegment(_ number: Int, _ offset: UInt64, _ bytes: UInt64) -> UInt64 {
        let cache = system.segments[min(5, max(0, number))]
        let top = cache.isExpandDown ? (cache.isBig ? 0xFFFF_FFFF : 0xFFFF) : UInt64(cache.limit)
        return max(1, (top &+ 1 &- offset) / max(1, bytes))
    }

    /// The helper ``X86Helper/checkSegment``.
    func checkSegment(_ call: Call) throws(X86Fault) {
        let access = call.immediate.extra
        // No operand but FXSAVE's areas is that long; XSAVE's header is looked at as it is read.
        let bytes = access & 0xFF == 0 ? 512 : UInt64(access & 0xFF)
        try checkSegment(call.immediate.segment, operand(call.a), bytes, writes: access & 0x100 != 0)
    }

    /// The helper ``X86Helper/checkCodeOffset``.
    func checkCodeOffset(_ call: Call) throws(X86Fault) {
        if call.argument == 1, operand(call.d) == 0 { return }
        guard operand(call.a) <= UInt64(system.segments[SegmentNumber.cs].limit) else { throw .generalProtection() }
    }
}

/// Numbers for limits of code segments: the mode key holds the number, so that lowering knows the limit.
struct X86CodeLimits {
    private var limits: [UInt32] = [.max, 0xFFFF]

    /// The limit that a number stands for.
    subscript(_ number: UInt8) -> UInt32 { Int(number) < limits.count ? limits[Int(number)] : .max }

    /// The number for a limit. `forget` is called where all numbers are in use and are given out anew: blocks of earlier
    /// mode keys must not be found any more.
    mutating func number(_ limit: UInt32, forget: () -> Void) -> UInt8 {
        if limit == .max { return 0 }
        if let number = limits.firstIndex(of: limit) { return UInt8(number) }
        if limits.count == 256 {
            limits.removeLast(254)
            forget()
        }
        limits.append(limit)
        return UInt8(limits.count - 1)
    }
}
