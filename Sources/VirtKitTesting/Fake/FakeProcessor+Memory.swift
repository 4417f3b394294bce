internal import Synchronization
internal import VirtKitCore

/// A fake vCPU's memory, through its page tables, and its bus.
extension FakeProcessor {
    func push(_ value: UInt64) {
        state.general[4] &-= 8
        store(value, state.general[4], 8)
    }

    func pop() -> UInt64 {
        defer { state.general[4] &+= 8 }
        return load(state.general[4], 8)
    }

    /// The physical address of a linear one: four levels of tables, pages of 4 KiB and 2 MiB. All ones where there is
    /// none.
    func translate(_ address: UInt64) -> UInt64 {
        guard state.cr0 >> 31 & 1 != 0 else { return address }
        let page = address >> 12
        if let found = translations[page] { return found | address & 0xFFF }
        var table = state.cr3 & 0xF_FFFF_FFFF_F000
        for level in [39, 30, 21, 12] as [UInt64] {
            let entry = (try? memory.load(UInt64.self, at: table &+ (address >> level & 0x1FF) &* 8)) ?? 0
            guard entry & 1 != 0 else { return .max }
            table = entry & 0xF_FFFF_FFFF_F000
            if level == 21, entry & 0x80 != 0 {
                table = table & ~0x1F_FFFF | address & 0x1F_F000
                break
            }
        }
        translations[page] = table
        return table | address & 0xFFF
    }

    func fetch() -> UInt8 {
        let physical = translate(state.rip)
        state.rip &+= 1
        if let byte = rememberedCode[physical] { return byte }
        let byte = (try? memory.load(UInt8.self, at: physical)) ?? 0xFF
        if fault == .staleCodeFromOutside { rememberedCode[physical] = byte }
        return byte
    }

    private func hasMemory(_ address: UInt64, _ width: Int) -> Bool {
        memory.regions.contains {
            address >= $0.guestAddress && address &- $0.guestAddress <= $0.size &- UInt64(width)
        }
    }

    func load(_ address: UInt64, _ width: Int) -> UInt64 {
        let physical = translate(address)
        guard hasMemory(physical, width) else {
            if fault == .readsDevicesByteWide, width == 2 {
                let low = busRead(physical, 1, .memory)
                return low | busRead(physical &+ 1, 1, .memory) << 8
            }
            return busRead(physical, width, .memory)
        }
        let remembers = fault == .cachesLoads && isOnly || fault == .vcpusCacheMemory && !isOnly
        let key = physical << 4 | UInt64(width)
        if remembers, let value = rememberedData[key] { return value }
        var value: UInt64 = 0
        switch width {
        case 1: value = UInt64((try? memory.load(UInt8.self, at: physical)) ?? 0)
        case 2: value = UInt64((try? memory.load(UInt16.self, at: physical)) ?? 0)
        case 4: value = UInt64((try? memory.load(UInt32.self, at: physical)) ?? 0)
        default: value = (try? memory.load(UInt64.self, at: physical)) ?? 0
        }
        if remembers { rememberedData[key] = value }
        return value
    }

    /// Forgets what has been stored over, or remembers it where that is the fault.
    private func noteStore(_ physical: UInt64, _ width: Int) {
        guard fault == .staleCodeFromGuest else { return rememberedCode = [:] }
        guard width == 1, rememberedCode[physical] == nil else { return }
        rememberedCode[physical] = try? memory.load(UInt8.self, at: physical)
    }

    func store(_ value: UInt64, _ address: UInt64, _ width: Int) {
        let physical = translate(address)
        rememberedData = [:]
        noteStore(physical, width)
        guard hasMemory(physical, width) else {
            if fault == .splitsWideDeviceWrites, width == 8 {
                busWrite(value, physical, 4, .memory)
                return busWrite(value >> 32, physical &+ 4, 4, .memory)
            }
            return busWrite(value, physical, width, .memory)
        }
        if fault == .writesROM {
            let bytes = (0..<UInt64(width)).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
            try? memory.overwrite(bytes, at: physical)
            return
        }
        switch width {
        case 1: try? memory.store(UInt8(truncatingIfNeeded: value), at: physical)
        case 2: try? memory.store(UInt16(truncatingIfNeeded: value), at: physical)
        case 4: try? memory.store(UInt32(truncatingIfNeeded: value), at: physical)
        default: try? memory.store(value, at: physical)
        }
    }

    // MARK: The bus

    private var namedIndex: Int { fault == .everyAccessIsByVCPU0 ? 0 : index }

    /// Does something with the bus.
    func access<Result>(_ body: (any GuestBus, Int) -> Result) -> Result {
        isInAccess.store(true, ordering: .releasing)
        defer { isInAccess.store(false, ordering: .releasing) }
        if fault == .domainsShareBus, let kept = Self.lastBus.withLock({ $0 }) { return body(kept.bus, namedIndex) }
        return body(bus, namedIndex)
    }

    func busRead(_ address: UInt64, _ width: Int, _ space: BusSpace) -> UInt64 {
        access { $0.read(address, width: width, space: space, vcpu: $1) }
    }

    func busWrite(_ value: UInt64, _ address: UInt64, _ width: Int, _ space: BusSpace) {
        let mask = UInt64.max >> UInt64(64 - width * 8)
        let value = fault == .writesWholeRegisterToPorts && space == .port ? value : value & mask
        access { $0.write(value, to: address, width: width, space: space, vcpu: $1) }
    }
}
