internal import CVirtKit

/// The interpreter's atomic operations. Each returns whether it faulted.
///
/// A naturally aligned access to RAM is one atomic step of the host. Others (split over a cache line, or to a device)
/// are a load and a store.
extension Engine {
    /// The host address for a write of an aligned access to RAM; nil: not such an access, or a fault.
    private func writablePointer(_ address: UInt64, _ bytes: Int) -> (host: UnsafeMutableRawPointer?, isFault: Bool) {
        let entry = Interpreter.entry(frame, address)
        if entry.pointee.writeTag == address & ~0xFFF && address & UInt64(bytes &- 1) == 0 {
            return (Interpreter.host(entry, address), false)
        }
        accessBytes = bytes
        defer { accessBytes = 1 }
        guard let detail = resolve(address, .write, mmuIndex) else { return (nil, true) }
        guard address & UInt64(bytes &- 1) == 0 else {
            guard Int(address & 0xFFF) &+ bytes > 4096 else { return (nil, false) }
            accessBytes = 1
            return (nil, resolve((address | 0xFFF) &+ 1, .write, mmuIndex) == nil)
        }
        let physical = detail & ~0xFFF | address & 0xFFF
        guard let range = memory.range(holding: physical), range.pointee.isWritable else { return (nil, false) }
        // The code is dropped first: it is made anew only between blocks.
        dropCode(physical, count: bytes, tellOthers: true)
        return (range.pointee.host + Int(truncatingIfNeeded: physical &- range.pointee.base), false)
    }

    private func write(_ d: Place, _ bytes: Int, _ value: UInt64) {
        switch bytes {
        case 1: Interpreter.write8(frame, d, UInt8(truncatingIfNeeded: value))
        case 2: Interpreter.write16(frame, d, UInt16(truncatingIfNeeded: value))
        case 4: Interpreter.write32(frame, d, UInt32(truncatingIfNeeded: value))
        default: Interpreter.write64(frame, d, value)
        }
    }

    /// An atomic read-modify-write.
    func atomic(
        _ f: UnsafeMutableRawPointer, _ ip: UnsafePointer<Operation>, _ kind: AtomicOperation, _ bytes: Int
    ) -> Bool {
        let address = Interpreter.address(f, ip)
        let operand = Interpreter.read(f, ip.pointee.b, UInt64.self)
        // The store may drop the running block, and with it the operation where it is the first one.
        let d = ip.pointee.d
        let target = writablePointer(address, bytes)
        if target.isFault { return true }
        let old: UInt64
        if let host = target.host {
            let number = Int32(kind.rawValue)
            switch bytes {
            case 1: old = UInt64(vk_atomic_rmw8(host, number, UInt8(truncatingIfNeeded: operand)))
            case 2: old = UInt64(vk_atomic_rmw16(host, number, UInt16(truncatingIfNeeded: operand)))
            case 4: old = UInt64(vk_atomic_rmw32(host, number, UInt32(truncatingIfNeeded: operand)))
            default: old = vk_atomic_rmw64(host, number, operand)
            }
        } else {
            let loaded = slowLoad(address, bytes)
            if loaded.isFault { return true }
            old = loaded.value
            let new: UInt64
            switch kind {
            case .exchange: new = operand
            case .add: new = old &+ operand
            case .and: new = old & operand
            case .or: new = old | operand
            case .xor: new = old ^ operand
            case .reverseSubtract: new = operand &- old
            }
            if slowStore(address, new, bytes) { return true }
        }
        write(d, bytes, old)
        return false
    }

    /// A compare-exchange of 1, 2, 4, 8 or 16 bytes.
    func compareExchange(_ f: UnsafeMutableRawPointer, _ ip: UnsafePointer<Operation>, _ bytes: Int) -> Bool {
        let address = Interpreter.read(f, ip.pointee.a, UInt64.self)
        let expectedPlace = Place(truncatingIfNeeded: ip.pointee.immediate)
        if bytes == 16 { return compareExchange128(f, ip, address, expectedPlace) }
        let expected = Interpreter.read(f, expectedPlace, UInt64.self) & (UInt64.max &>> UInt64(64 &- 8 &* bytes))
        let desired = Interpreter.read(f, ip.pointee.b, UInt64.self)
        let d = ip.pointee.d
        let target = writablePointer(address, bytes)
        if target.isFault { return true }
        let old: UInt64
        if let host = target.host {
            switch bytes {
            case 1:
                old = UInt64(
                    vk_atomic_cas8(host, UInt8(truncatingIfNeeded: expected), UInt8(truncatingIfNeeded: desired)))
            case 2:
                old = UInt64(
                    vk_atomic_cas16(host, UInt16(truncatingIfNeeded: expected), UInt16(truncatingIfNeeded: desired)))
            case 4:
                old = UInt64(
                    vk_atomic_cas32(host, UInt32(truncatingIfNeeded: expected), UInt32(truncatingIfNeeded: desired)))
            default: old = vk_atomic_cas64(host, expected, desired)
            }
        } else {
            let loaded = slowLoad(address, bytes)
            if loaded.isFault { return true }
            old = loaded.value
            if slowStore(address, old == expected ? desired : old, bytes) { return true }
        }
        write(d, bytes, old)
        return false
    }

    private func compareExchange128(
        _ f: UnsafeMutableRawPointer, _ ip: UnsafePointer<Operation>, _ address: UInt64, _ expectedPlace: Place
    ) -> Bool {
        if address & 15 != 0 {
            guest.raiseAlignmentFault(address, access: .write)
            return true
        }
        let expected = Interpreter.readVector(f, expectedPlace)
        let desired = Interpreter.readVector(f, ip.pointee.b)
        let d = ip.pointee.d
        let target = writablePointer(address, 16)
        if target.isFault { return true }
        if let host = target.host {
            var old = (expected.0, expected.1)
            var new = (desired.0, desired.1)
            // SAFETY: two 64-bit integers in a row are what the shim takes.
            withUnsafeMutableBytes(of: &old) { oldBytes in
                withUnsafeMutableBytes(of: &new) { newBytes in
                    if let oldBase = oldBytes.bindMemory(to: UInt64.self).baseAddress,
                        let newBase = newBytes.bindMemory(to: UInt64.self).baseAddress
                    {
                        _ = vk_atomic_cas128(host, oldBase, newBase)
                    }
                }
            }
            Interpreter.writeVector(f, d, old.0, old.1)
            return false
        }
        let low = slowLoad(address, 8)
        let high = slowLoad(address &+ 8, 8)
        if low.isFault || high.isFault { return true }
        let isEqual = low.value == expected.0 && high.value == expected.1
        if slowStoreVector(address, isEqual ? desired.0 : low.value, isEqual ? desired.1 : high.value) { return true }
        Interpreter.writeVector(f, d, low.value, high.value)
        return false
    }
}
