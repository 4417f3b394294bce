internal import CVirtKit
internal import VirtKitCore

/// Memory: the interpreter's slow paths, and what helpers use.
extension Engine {
    // MARK: Translation

    /// The physical page and permissions (see `SoftTLB`) of an address for an access; nil: the guest holds a pending
    /// exception.
    func resolve(_ address: UInt64, _ access: MemoryAccess, _ mmuIndex: Int) -> UInt64? {
        // SAFETY: the tables are indexed by a number below their count.
        precondition(mmuIndex >= 0 && mmuIndex < Engine.mmuIndexCount, "no such MMU index")
        if let detail = tlbs[mmuIndex].lookUp(address, access) { return detail }
        guard let translation = guest.translate(address, access: access, mmuIndex: mmuIndex, engine: self) else {
            return nil
        }
        let page = translation.physicalPage & ~0xFFF
        guard let range = memory.range(holding: page) else {
            return tlbs[mmuIndex].fill(address, translation, host: nil, mayStore: false)
        }
        let number = range.pointee.firstPage &+ Int(truncatingIfNeeded: (page &- range.pointee.base) >> 12)
        let host = range.pointee.host + Int(truncatingIfNeeded: page &- range.pointee.base)
        return tlbs[mmuIndex].fill(
            address, translation, host: host, mayStore: range.pointee.isWritable && !memory.hasCode(number))
    }

    @inline(__always)
    private func crossesPage(_ address: UInt64, _ bytes: Int) -> Bool { Int(address & 0xFFF) &+ bytes > 4096 }

    // MARK: Slow paths

    /// Loads 1, 2, 4 or 8 bytes where the fast path can't.
    @inline(never)
    func slowLoad(_ address: UInt64, _ bytes: Int) -> (value: UInt64, isFault: Bool) {
        slowLoad(address, bytes, mmuIndex)
    }

    func slowLoad(_ address: UInt64, _ bytes: Int, _ mmuIndex: Int) -> (value: UInt64, isFault: Bool) {
        accessBytes = bytes
        defer { accessBytes = 1 }
        guard let detail = resolve(address, .read, mmuIndex) else { return (0, true) }
        guard crossesPage(address, bytes) else {
            return (loadPhysical(detail & ~0xFFF | address & 0xFFF, bytes), false)
        }
        let split = 4096 &- Int(address & 0xFFF)
        accessBytes = bytes &- split
        guard let second = resolve(address &+ UInt64(split), .read, mmuIndex) else { return (0, true) }
        var value: UInt64 = 0
        for index in 0..<bytes {
            let physical =
                index < split
                ? (detail & ~0xFFF | address & 0xFFF) &+ UInt64(index) : second & ~0xFFF &+ UInt64(index &- split)
            value |= loadPhysical(physical, 1) &<< UInt64(8 &* index)
        }
        return (value, false)
    }

    /// Stores 1, 2, 4 or 8 bytes where the fast path can't. Returns whether it faulted; then nothing was stored.
    @inline(never)
    func slowStore(_ address: UInt64, _ value: UInt64, _ bytes: Int) -> Bool {
        slowStore(address, value, bytes, mmuIndex)
    }

    func slowStore(_ address: UInt64, _ value: UInt64, _ bytes: Int, _ mmuIndex: Int) -> Bool {
        accessBytes = bytes
        defer { accessBytes = 1 }
        guard let detail = resolve(address, .write, mmuIndex) else { return true }
        guard crossesPage(address, bytes) else {
            storePhysical(detail & ~0xFFF | address & 0xFFF, value, bytes)
            refreshStoring(address, detail, mmuIndex)
            return false
        }
        let split = 4096 &- Int(address & 0xFFF)
        accessBytes = bytes &- split
        guard let second = resolve(address &+ UInt64(split), .write, mmuIndex) else { return true }
        for index in 0..<bytes {
            let physical =
                index < split
                ? (detail & ~0xFFF | address & 0xFFF) &+ UInt64(index) : second & ~0xFFF &+ UInt64(index &- split)
            storePhysical(physical, value &>> UInt64(8 &* index), 1)
        }
        return false
    }

    /// Lets stores to a page take the fast path again once it holds no more code.
    private func refreshStoring(_ address: UInt64, _ detail: UInt64, _ mmuIndex: Int) {
        let entry = tlbs[mmuIndex].entries + SoftTLB.index(address)
        let page = address & ~0xFFF
        guard entry.pointee.writeTag == SoftTLB.invalid, tlbs[mmuIndex].lookUp(address, .write) != nil,
            let range = memory.range(holding: detail & ~0xFFF), range.pointee.isWritable,
            let number = memory.pageNumber(detail & ~0xFFF), !memory.hasCode(number)
        else { return }
        // Readability has no part in it, so the addend may not have been set by a load: it was, by `fill`.
        entry.pointee.writeTag = page
    }

    /// Tries the first page of an access of 16 bytes, as one access: by its halves alone nobody sees how it is aligned.
    private func resolveVector(_ address: UInt64, _ access: MemoryAccess) -> Bool {
        accessBytes = 16
        defer { accessBytes = 1 }
        return resolve(address, access, mmuIndex) != nil
    }

    func slowLoadVector(_ address: UInt64, _ d: Place) -> Bool {
        guard resolveVector(address, .read) else { return true }
        let low = slowLoad(address, 8)
        if low.isFault { return true }
        let high = slowLoad(address &+ 8, 8)
        if high.isFault { return true }
        Interpreter.writeVector(frame, d, low.value, high.value)
        return false
    }

    func slowStoreVector(_ address: UInt64, _ low: UInt64, _ high: UInt64) -> Bool {
        // Both halves must be allowed before the first is stored.
        guard resolveVector(address, .write) else { return true }
        if crossesPage(address, 16), resolve((address | 0xFFF) &+ 1, .write, mmuIndex) == nil { return true }
        return slowStore(address, low, 8) || slowStore(address &+ 8, high, 8)
    }

    // MARK: Physical memory

    /// Loads 1, 2, 4 or 8 bytes that lie in one page.
    func loadPhysical(_ address: UInt64, _ bytes: Int) -> UInt64 {
        guard let host = memory.host(address) else {
            return bus.read(address, width: bytes, space: .memory, vcpu: vcpuIndex)
        }
        switch bytes {
        case 1: return UInt64(host.load(as: UInt8.self))
        case 2: return UInt64(host.loadUnaligned(as: UInt16.self))
        case 4: return UInt64(host.loadUnaligned(as: UInt32.self))
        default: return host.loadUnaligned(as: UInt64.self)
        }
    }

    /// Stores 1, 2, 4 or 8 bytes that lie in one page, and drops code there.
    func storePhysical(_ address: UInt64, _ value: UInt64, _ bytes: Int) {
        guard let range = memory.range(holding: address) else {
            return bus.write(
                value & (UInt64.max &>> UInt64(64 &- 8 &* bytes)), to: address, width: bytes, space: .memory,
                vcpu: vcpuIndex)
        }
        guard range.pointee.isWritable else { return }
        let host = range.pointee.host + Int(truncatingIfNeeded: address &- range.pointee.base)
        switch bytes {
        case 1: host.storeBytes(of: UInt8(truncatingIfNeeded: value), as: UInt8.self)
        case 2: host.storeBytes(of: UInt16(truncatingIfNeeded: value), as: UInt16.self)
        case 4: host.storeBytes(of: UInt32(truncatingIfNeeded: value), as: UInt32.self)
        default: host.storeBytes(of: value, as: UInt64.self)
        }
        dropCode(address, count: bytes, tellOthers: true)
    }

    /// Loads an integer from guest physical memory, for page walks. It lies within one page.
    func physicalLoad<T: FixedWidthInteger>(_ address: UInt64, as type: T.Type) -> T {
        T(truncatingIfNeeded: loadPhysical(address, MemoryLayout<T>.size))
    }

    /// Replaces 8 aligned bytes of guest physical memory if they are `expected`: one atomic step in RAM.
    func physicalCompareExchange(_ address: UInt64, expected: UInt64, desired: UInt64) -> Bool {
        guard let range = memory.range(holding: address), address & 7 == 0 else {
            guard loadPhysical(address, 8) == expected else { return false }
            storePhysical(address, desired, 8)
            return true
        }
        guard range.pointee.isWritable else { return true }
        let host = range.pointee.host + Int(truncatingIfNeeded: address &- range.pointee.base)
        guard vk_atomic_cas64(host, expected, desired) == expected else { return false }
        dropCode(address, count: 8, tellOthers: true)
        return true
    }
}
