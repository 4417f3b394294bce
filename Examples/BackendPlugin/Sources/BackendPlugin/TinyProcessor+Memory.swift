import VirtKit

/// The vCPU's accesses: through its page tables to memory, or to the bus where there is none.
extension TinyProcessor {
    func push(_ value: UInt64) throws(TinyFault) {
        try store(value, state.general[4] &- 8, 8)
        state.general[4] &-= 8
    }

    func pop() throws(TinyFault) -> UInt64 {
        let value = try load(state.general[4], 8)
        state.general[4] &+= 8
        return value
    }

    /// The next byte of code.
    func fetch() throws(TinyFault) -> UInt8 {
        let byte = UInt8(truncatingIfNeeded: try load(state.rip, 1))
        state.rip &+= 1
        return byte
    }

    /// The next bytes of code as a signed number.
    func fetchSigned(_ width: Int) throws(TinyFault) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<width { value |= UInt64(try fetch()) << UInt64(index * 8) }
        let shift = UInt64(64 - width * 8)
        return UInt64(bitPattern: Int64(bitPattern: value << shift) >> Int64(shift))
    }

    func load(_ address: UInt64, _ width: Int) throws(TinyFault) -> UInt64 {
        guard address & 0xFFF <= UInt64(0x1000 - width) else {
            // Over the border of two pages: byte by byte.
            var value: UInt64 = 0
            for index in 0..<UInt64(width) { value |= try load(address &+ index, 1) << (index * 8) }
            return value
        }
        let physical = try translate(address, isWrite: false)
        do {
            switch width {
            case 1: return UInt64(try memory.load(UInt8.self, at: physical))
            case 2: return UInt64(try memory.load(UInt16.self, at: physical))
            case 4: return UInt64(try memory.load(UInt32.self, at: physical))
            default: return try memory.load(UInt64.self, at: physical)
            }
        } catch {
            return busRead(physical, width, .memory)
        }
    }

    func store(_ value: UInt64, _ address: UInt64, _ width: Int) throws(TinyFault) {
        guard address & 0xFFF <= UInt64(0x1000 - width) else {
            // Both pages are looked at before anything is written.
            _ = try translate(address &+ UInt64(width) &- 1, isWrite: true)
            for index in 0..<UInt64(width) { try store(value >> (index * 8), address &+ index, 1) }
            return
        }
        let physical = try translate(address, isWrite: true)
        do {
            switch width {
            case 1: try memory.store(UInt8(truncatingIfNeeded: value), at: physical)
            case 2: try memory.store(UInt16(truncatingIfNeeded: value), at: physical)
            case 4: try memory.store(UInt32(truncatingIfNeeded: value), at: physical)
            default: try memory.store(value, at: physical)
            }
        } catch {
            busWrite(value, physical, width, .memory)
        }
    }

    /// The physical address of a linear one, by four levels of tables (Intel SDM vol. 3A, 4.5). Accessed and dirty flags
    /// are not set.
    private func translate(_ address: UInt64, isWrite: Bool) throws(TinyFault) -> UInt64 {
        let page = address >> 12
        var found = translations[page]
        if found == nil {
            found = walk(address)
            translations[page] = found
        }
        guard let found, found.isWritable || !isWrite || state.cr0 >> 16 & 1 == 0 else {
            state.cr2 = address
            throw TinyFault(vector: 14, errorCode: (found == nil ? 0 : 1) | (isWrite ? 2 : 0))
        }
        return found.frame | address & 0xFFF
    }

    private func walk(_ address: UInt64) -> (frame: UInt64, isWritable: Bool)? {
        var table = state.cr3 & 0xF_FFFF_FFFF_F000
        var isWritable = true
        for level in [39, 30, 21, 12] as [UInt64] {
            guard let entry = try? memory.load(UInt64.self, at: table &+ (address >> level & 0x1FF) &* 8),
                entry & 1 != 0
            else { return nil }
            isWritable = isWritable && entry & 2 != 0
            table = entry & 0xF_FFFF_FFFF_F000
            // A page of 1 GiB or 2 MiB.
            if entry & 0x80 != 0, level == 30 || level == 21 {
                let offsets: UInt64 = 1 << level - 1
                return (table & ~offsets | address & offsets & ~0xFFF, isWritable)
            }
        }
        return (table, isWritable)
    }

    // MARK: The bus

    func busRead(_ address: UInt64, _ width: Int, _ space: BusSpace) -> UInt64 {
        bus?.read(address, width: width, space: space, vcpu: 0) ?? .max
    }

    func busWrite(_ value: UInt64, _ address: UInt64, _ width: Int, _ space: BusSpace) {
        bus?.write(value & .max >> UInt64(64 - width * 8), to: address, width: width, space: space, vcpu: 0)
    }
}
