import Testing
import VirtKitCore

@testable import VirtKitMachine

/// Every register of every device takes every access: nothing traps, nothing hangs, and what was saved comes back.
///
/// The devices come from the board, so that a new one can't be left out.
@Suite(.timeLimit(.minutes(10))) struct DeviceRegisterTests {
    /// A range of the board's; addresses that reach beyond its end belong to it.
    struct Region: Sendable, CustomTestStringConvertible {
        let device: String
        let space: BusSpace
        let first: UInt64
        let last: UInt64

        var testDescription: String { "\(device) \(space) 0x" + String(first, radix: 16) }
        var widths: [Int] { space == .port ? [1, 2, 4] : [1, 2, 4, 8] }
        var size: UInt64 { last &- first &+ 1 }
    }

    /// What a model's devices need to be told.
    private static let properties = ["isa-debugcon": ["file": "/dev/null", "iobase": "0x402"]]

    /// A board with a device of every model that VirtKit has.
    private static func makeRig(clock: MachineClock = MachineClock()) throws -> BoardRig {
        let devices = BoardDeviceModels.all.map {
            DeviceConfiguration(id: "test/\($0.name)", model: $0.name, properties: properties[$0.name] ?? [:])
        }
        return try BoardRig(clock: clock, devices: devices, deviceModels: BoardDeviceModels.all)
    }

    private static let regions: [Region] = {
        guard let rig = try? makeRig() else { return [] }
        return rig.board.lock.withLock {
            rig.board.placements.map {
                Region(device: $0.device.id, space: $0.space, first: $0.first, last: $0.last)
            }
        }
    }()

    /// Devices that are reached through another one: PCI functions through the bus, vCPU 1's local APIC by vCPU 1.
    private static let reachedOtherwise: Set<String> = ["pc/pci/host", "pc/pci/lpc", "pc/lapic1"]

    @Test func everyDeviceIsReached() throws {
        let rig = try Self.makeRig()
        let reached = Set(Self.regions.map(\.device)).union(Self.reachedOtherwise)
        #expect(reached == Set(rig.board.devices.map(\.id)))
    }

    /// Offsets that are tried in a region: all of a small one; of a large one the beginning, the end, what PCI functions
    /// have in the ECAM window, and some more.
    private func offsets(of region: Region, _ random: inout SplitMix) -> [UInt64] {
        guard region.size > 0x1000 else { return (0..<region.size).map { $0 } }
        var offsets = Array(0..<0x200 as Range<UInt64>) + Array(region.size - 16..<region.size)
        for slot: UInt64 in [0, 31 << 3] { offsets += (0..<0x110).map { slot << 12 | $0 } + [slot << 12 | 0xFFF] }
        return offsets + (0..<2000).map { _ in random.next() % region.size }
    }

    /// A board under attack, and how often it was accessed.
    private struct Attack {
        var rig: BoardRig
        var random: SplitMix
        var count = 0

        init(seed: UInt64) throws {
            rig = try DeviceRegisterTests.makeRig()
            random = SplitMix(seed: seed)
        }

        mutating func value() -> UInt64 {
            let bits = random.next()
            switch bits & 7 {
            case 0: return 0
            case 1: return .max
            case 2: return 1 << (bits >> 32 & 63)
            case 3: return bits >> 56
            default: return bits
            }
        }

        /// Makes an access, and now and then lets the world go on.
        mutating func access(_ address: UInt64, _ width: Int, _ space: BusSpace) throws {
            let bus = rig.board.bus
            let vcpu = Int(random.next() & 1)
            if random.next() & 1 == 0 {
                let value = bus.read(address, width: width, space: space, vcpu: vcpu)
                if width < 8, value >> UInt64(width * 8) != 0 {
                    Issue.record("a read of \(width) bytes at \(address) gives \(value)")
                }
            } else {
                bus.write(value(), to: address, width: width, space: space, vcpu: vcpu)
            }
            count += 1
            if count % 64 == 0 { goOn(vcpu) }
            if count % 4096 == 0 { try saveAndRestore() }
        }

        /// Interrupts are taken, time passes, input arrives.
        private mutating func goOn(_ vcpu: Int) {
            let source = rig.board.interruptSource
            if source.hasPendingInterrupt(vcpu: vcpu) { _ = source.acknowledgeInterrupt(vcpu: vcpu) }
            _ = source.takeNonMaskableInterrupt(vcpu: vcpu)
            _ = rig.board.takeStateChange(vcpu: vcpu)
            source.setTaskPriority(UInt8(random.next() & 15), vcpu: vcpu)
            rig.advance(random.next() & 0xFF_FFFF)
            rig.board.lock.withLock {
                rig.board.serialInputArrived()
                if random.next() & 15 == 0 { rig.board.pressPowerButton() }
                if random.next() & 255 == 0 { rig.board.reset() }
            }
        }

        /// Goes on with a new board that has the old one's state.
        mutating func saveAndRestore() throws {
            let saved = rig.save()
            let fresh = try DeviceRegisterTests.makeRig(clock: rig.clock)
            try fresh.board.lock.withLock {
                for device in fresh.board.devices { try device.restore(#require(saved[device.id])) }
            }
            let again = fresh.save()
            for (id, bytes) in saved where again[id] != bytes {
                Issue.record("\(id): \(bytes) became \(again[id] ?? [])")
            }
            rig = fresh
        }
    }

    @Test(arguments: regions) func everyOffsetTakesEveryWidth(_ region: Region) throws {
        var attack = try Attack(seed: region.first &+ 1)
        let offsets = offsets(of: region, &attack.random)
        for _ in 0..<max(2, min(200, 40_000 / offsets.count)) {
            for offset in offsets {
                for width in region.widths { try attack.access(region.first &+ offset, width, region.space) }
            }
            // Accesses that begin before the region, or reach beyond its end.
            for distance in 1..<8 as Range<UInt64> {
                for width in region.widths {
                    try attack.access(region.first &- distance, width, region.space)
                    try attack.access(region.last &- distance &+ 1, width, region.space)
                    try attack.access(region.last &+ distance, width, region.space)
                }
            }
        }
        try attack.saveAndRestore()
    }

    /// Index and data registers: every index, then every width at the data register.
    @Test(
        arguments: [
            (index: 0x70, data: 0x71, count: 0x100, step: 1, indexWidth: 1),  // CMOS
            (index: 0xCF8, data: 0xCFC, count: 0x1_0000, step: 4, indexWidth: 4),  // PCI configuration
            (index: 0x510, data: 0x511, count: 0x1_0000, step: 1, indexWidth: 2),  // fw_cfg
            (index: 0x64, data: 0x60, count: 0x100, step: 1, indexWidth: 1),  // i8042
        ] as [(index: UInt64, data: UInt64, count: Int, step: Int, indexWidth: Int)])
    func everyIndexTakesEveryWidth(
        _ pair: (index: UInt64, data: UInt64, count: Int, step: Int, indexWidth: Int)
    ) throws {
        var attack = try Attack(seed: pair.index)
        for index in stride(from: 0, to: pair.count, by: pair.step) {
            // The bit that switches the PCI configuration address on is above every index.
            let value = UInt64(index) | (pair.index == 0xCF8 ? 1 << 31 : 0)
            attack.rig.write(value, pair.index, pair.indexWidth)
            for offset in 0..<4 as Range<UInt64> {
                for width in [1, 2, 4] { try attack.access(pair.data + offset, width, .port) }
            }
        }
        try attack.saveAndRestore()
    }

    @Test func everySystemRegisterTakesAnything() throws {
        var attack = try Attack(seed: 5)
        let numbers = Array(0x800...0x8FF as ClosedRange<UInt32>) + [0x1B, 0x6E0]
        for _ in 0..<200 {
            for number in numbers {
                let vcpu = Int(attack.random.next() & 1)
                _ = attack.rig.board.bus.readSystemRegister(number, vcpu: vcpu)
                _ = attack.rig.board.bus.writeSystemRegister(number, value: attack.value(), vcpu: vcpu)
                _ = attack.rig.board.bus.readSystemRegister(number, vcpu: vcpu)
            }
            try attack.access(0xFEE0_0020, 4, .memory)
        }
        try attack.saveAndRestore()
    }

    /// A vCPU may move its local APIC over anything, RAM and other devices too.
    @Test func aLocalAPICAnywhere() throws {
        var attack = try Attack(seed: 6)
        for region in Self.regions where region.space == .memory {
            _ = attack.rig.board.bus.writeSystemRegister(0x1B, value: region.first & ~0xFFF | 0x900, vcpu: 0)
            for offset in stride(from: 0, to: 0x1000, by: 4) as StrideTo<UInt64> {
                try attack.access(region.first &+ offset, 4, .memory)
            }
        }
        for base: UInt64 in [0, .max & ~0xFFF, 0xF_FFFF_F000, 0x7FFF_FFFF_F000] {
            _ = attack.rig.board.bus.writeSystemRegister(0x1B, value: base | 0x900, vcpu: 0)
            for offset in [0, 0x20, 0xFF0, 0xFFC] as [UInt64] { try attack.access(base &+ offset, 4, .memory) }
        }
        try attack.saveAndRestore()
    }
}
