/// Guest virtual memory for helpers.
extension Engine {
    /// Loads an integer of up to 64 bits.
    func load<T: FixedWidthInteger>(_ address: UInt64, as type: T.Type, mmuIndex: Int? = nil) throws(GuestFault) -> T {
        let loaded = slowLoad(address, MemoryLayout<T>.size, mmuIndex ?? self.mmuIndex)
        if loaded.isFault { throw GuestFault() }
        return T(truncatingIfNeeded: loaded.value)
    }

    /// Stores an integer of up to 64 bits. Where it faults nothing is stored.
    func store<T: FixedWidthInteger>(_ value: T, to address: UInt64, mmuIndex: Int? = nil) throws(GuestFault) {
        let bytes = MemoryLayout<T>.size
        if slowStore(address, UInt64(truncatingIfNeeded: value), bytes, mmuIndex ?? self.mmuIndex) {
            throw GuestFault()
        }
    }

    /// Checks that an access to `count` bytes (at most 1 MiB) is allowed: those that follow in the same helper don't
    /// fault.
    func probe(_ address: UInt64, count: Int, access: MemoryAccess, mmuIndex: Int? = nil) throws(GuestFault) {
        guard count > 0 else { return }
        let last = (address &+ UInt64(count) &- 1) & ~0xFFF
        var page = address
        defer { accessBytes = 1 }
        while true {
            accessBytes = page == address ? count : 1
            guard resolve(page, access, mmuIndex ?? self.mmuIndex) != nil else { throw GuestFault() }
            if page & ~0xFFF == last { return }
            page = (page & ~0xFFF) &+ 4096
        }
    }

    /// Copies guest memory into `destination`. Where it faults, a part may have been copied.
    func loadBytes(_ address: UInt64, into destination: UnsafeMutableRawBufferPointer, mmuIndex: Int? = nil)
        throws(GuestFault)
    {
        let mmuIndex = mmuIndex ?? self.mmuIndex
        var done = 0
        defer { accessBytes = 1 }
        while done < destination.count {
            let at = address &+ UInt64(done)
            accessBytes = done == 0 ? destination.count : 1
            guard let detail = resolve(at, .read, mmuIndex) else { throw GuestFault() }
            let physical = detail & ~0xFFF | at & 0xFFF
            let count = min(destination.count &- done, 4096 &- Int(at & 0xFFF))
            if let host = memory.host(physical) {
                // SAFETY: both ranges hold `count` bytes: the rest of a page, and of the destination.
                destination.baseAddress?.advanced(by: done).copyMemory(from: host, byteCount: count)
            } else {
                for index in 0..<count {
                    destination[done + index] = UInt8(
                        truncatingIfNeeded: loadPhysical(physical &+ UInt64(index), 1))
                }
            }
            done += count
        }
    }

    /// Copies `source` into guest memory. All of it is checked first: where it faults nothing is stored.
    func storeBytes(_ source: UnsafeRawBufferPointer, to address: UInt64, mmuIndex: Int? = nil) throws(GuestFault) {
        let mmuIndex = mmuIndex ?? self.mmuIndex
        try probe(address, count: source.count, access: .write, mmuIndex: mmuIndex)
        var done = 0
        while done < source.count {
            let at = address &+ UInt64(done)
            guard let detail = resolve(at, .write, mmuIndex) else { throw GuestFault() }
            let physical = detail & ~0xFFF | at & 0xFFF
            let count = min(source.count &- done, 4096 &- Int(at & 0xFFF))
            if let range = memory.range(holding: physical) {
                if range.pointee.isWritable, let from = source.baseAddress {
                    let host = range.pointee.host + Int(truncatingIfNeeded: physical &- range.pointee.base)
                    // SAFETY: both ranges hold `count` bytes: the rest of a page, and of the source.
                    host.copyMemory(from: from + done, byteCount: count)
                    dropCode(physical, count: count, tellOthers: true)
                }
            } else {
                for index in 0..<count { storePhysical(physical &+ UInt64(index), UInt64(source[done + index]), 1) }
            }
            done += count
        }
    }

    /// The host address of the byte at a guest virtual address, valid to the end of its page and during the present
    /// helper. Nil: the page is not RAM, or (for a write) holds code or is ROM: use `load` and `store`.
    func hostPointer(_ address: UInt64, access: MemoryAccess, mmuIndex: Int? = nil) throws(GuestFault)
        -> UnsafeMutableRawPointer?
    {
        guard let detail = resolve(address, access, mmuIndex ?? self.mmuIndex) else { throw GuestFault() }
        let physical = detail & ~0xFFF | address & 0xFFF
        guard let range = memory.range(holding: physical) else { return nil }
        let offset = Int(truncatingIfNeeded: physical &- range.pointee.base)
        if access == .write,
            !range.pointee.isWritable || memory.hasCode(range.pointee.firstPage &+ offset &>> 12)
        {
            return nil
        }
        return range.pointee.host + offset
    }
}
