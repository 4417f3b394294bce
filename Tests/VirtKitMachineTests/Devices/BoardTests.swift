import Testing
import VirtKitCore

@testable import VirtKitMachine

/// A board with a clock that moves only when told.
final class BoardRig: @unchecked Sendable {
    let clock: MachineClock
    let serial = SerialConsole()
    let memory: GuestMemory
    let board: PCBoard

    init(
        cpus: Int = 2, memory size: ByteCount = .mebibytes(2), clock: MachineClock = MachineClock(),
        devices: [DeviceConfiguration] = [], deviceModels: [any DeviceModel] = []
    ) throws {
        self.clock = clock
        var configuration = MachineConfiguration(architecture: .x86_64, cpus: cpus, memory: size)
        configuration.name = "test"
        configuration.devices = devices
        let layout = PCMemoryLayout(memory: size)
        memory = try GuestMemory(regions: layout.regions(backing: .anonymous))
        board = try PCBoard(
            configuration: configuration, memory: memory, layout: layout, clock: clock, serial: serial,
            deviceModels: deviceModels, request: { _, _ in }, signal: { _ in })
    }

    func read(_ address: UInt64, _ width: Int, _ space: BusSpace = .port) -> UInt64 {
        board.bus.read(address, width: width, space: space, vcpu: 0)
    }

    func write(_ value: UInt64, _ address: UInt64, _ width: Int, _ space: BusSpace = .port) {
        board.bus.write(value, to: address, width: width, space: space, vcpu: 0)
    }

    func advance(_ nanoseconds: UInt64) {
        clock.restore(
            elapsed: clock.now &+ nanoseconds, wallClock: clock.wallClock &+ Int64(truncatingIfNeeded: nanoseconds))
        board.lock.withLock { board.timers.run(now: clock.now) }
    }

    func save() -> [String: [UInt8]] {
        board.lock.withLock {
            Dictionary(uniqueKeysWithValues: board.devices.map { ($0.id, $0.savedBytes) })
        }
    }
}

/// Makes devices that nobody can reach.
private struct HiddenModel: DeviceModel {
    private final class Hidden: BusDevice {
        let id: String
        let stateVersion: UInt32 = 1
        init(id: String) { self.id = id }
        func reset() {}
        func read(_ offset: UInt64, width: Int, range: Int, vcpu: Int) -> UInt64 { 0 }
        func write(_ value: UInt64, to offset: UInt64, width: Int, range: Int, vcpu: Int) {}
        func save(into encoder: inout StateEncoder) {}
        func restore(from decoder: inout StateDecoder, version: UInt32) throws(StateError) {}
    }

    let name = "hidden"
    func faults(in configuration: DeviceConfiguration) -> [String] { [] }
    func makeDevice(
        _ configuration: DeviceConfiguration, context: DeviceContext, interruptLine: (Int) -> InterruptLine
    ) throws(VirtKitError) -> DevicePlacement {
        DevicePlacement(device: Hidden(id: configuration.id), ranges: [])
    }
}

@Suite struct DeviceIdentityTests {
    @Test(
        "A device can't have an identity that a saved machine uses already",
        arguments: ["pc/pit", "cpu/0", "machine/clock"])
    func taken(_ id: String) throws {
        _ = try BoardRig(devices: [DeviceConfiguration(id: "mine", model: "hidden")], deviceModels: [HiddenModel()])
        let error = #expect(throws: VirtKitError.self) {
            try BoardRig(devices: [DeviceConfiguration(id: id, model: "hidden")], deviceModels: [HiddenModel()])
        }
        #expect(error?.code == .invalidConfiguration)
    }
}

@Suite struct PCMemoryLayoutTests {
    @Test func smallMemoryHasAHole() {
        let layout = PCMemoryLayout(memory: .mebibytes(256))
        #expect(layout.lowSize == 256 << 20 && layout.highSize == 0 && layout.end == 256 << 20)
        #expect(layout.ranges == [0..<0xA_0000, 0xC_0000..<0x1000_0000])
        #expect(layout.e820.prefix(4).map(\.kind) == [.usable, .reserved, .reserved, .usable])
        #expect(layout.e820[3] == E820Entry(address: 0x10_0000, size: 0xFF0_0000, kind: .usable))
        #expect(layout.pciHole64.lowerBound == 0x8_0000_0000)
    }

    @Test func largeMemoryGoesOnAbove4GiB() {
        let layout = PCMemoryLayout(memory: .gibibytes(4))
        #expect(layout.lowSize == 0xB000_0000 && layout.highSize == 0x5000_0000)
        #expect(layout.end == 0x1_5000_0000)
        #expect(layout.e820.last == E820Entry(address: 0x1_0000_0000, size: 0x5000_0000, kind: .usable))
    }

    @Test(arguments: [0, 1, 4096, 0xA_0000, 0xB_0000, 0x10_0000, UInt64(1) << 60, .max])
    func oddSizesDoNotTrap(_ size: UInt64) {
        let layout = PCMemoryLayout(memory: .bytes(size))
        let entries = layout.e820
        for (low, high) in zip(entries, entries.dropFirst()) { #expect(low.address + low.size <= high.address) }
        _ = (layout.pciHole64, layout.ranges, layout.end)
    }
}

@Suite struct SystemBusTests {
    @Test func routesAndSplits() throws {
        let rig = try BoardRig()
        #expect(rig.read(0x3FD, 1) == 0x60)
        #expect(rig.read(0x3F9, 2) == 0x0100)
        #expect(rig.read(0x300, 4) == 0xFFFF_FFFF)
        // The last byte of an access may be a device's, and the others nobody's.
        #expect(rig.read(0x3F6, 4) & 0xFFFF == 0xFFFF)
        #expect(rig.read(0xFFFF, 8) == .max)
        #expect(rig.read(0xFEC0_0000, 4, .memory) == 0)
        #expect(rig.read(0xFEE0_0030, 4, .memory) == 0x50014)
        #expect(rig.board.bus.read(0xFEE0_0020, width: 4, space: .memory, vcpu: 1) == 1 << 24)
        #expect(rig.read(0xFEE0_0030, 4, .port) == 0xFFFF_FFFF)
        #expect(rig.read(0xB000_0000, 4, .memory) == 0x29C0_8086)
        #expect(rig.read(0xB00F_8000, 2, .memory) == 0x8086)
        #expect(rig.read(.max, 8, .memory) == .max)
        rig.write(0x8000_F840, 0xCF8, 4)
        #expect(rig.read(0xCFC, 4) == 0x601)
        #expect(rig.read(0x608, 4) < 0x100_0000)
        rig.write(0xB000, 0xCFC, 4)
        #expect(rig.read(0x604, 2) == 0xFFFF && rig.read(0xB004, 2) == 0)
        rig.write(0x51, 0x3F8, 1)
        #expect(rig.serial.recentOutput == [0x51])
        #expect(rig.board.accessCount == 19)
        #expect(rig.board.bus.readSystemRegister(0x1B, vcpu: 0) == 0xFEE0_0900)
        #expect(rig.board.bus.readSystemRegister(0x1B, vcpu: 7) == nil)
        #expect(!rig.board.bus.writeSystemRegister(0x1234, value: 0, vcpu: 0))
        // A local APIC can be moved.
        #expect(rig.board.bus.writeSystemRegister(0x1B, value: 0xFED0_0900, vcpu: 0))
        #expect(rig.read(0xFED0_0030, 4, .memory) == 0x50014 && rig.read(0xFEE0_0030, 4, .memory) == 0xFFFF_FFFF)
    }

    @Test func refusesOverlaps() throws {
        let rig = try BoardRig()
        let bus = SystemBus(lock: DeviceLock(), fabric: APICFabric(cpus: 1, context: try DeviceRig().context) { _ in })
        let device = DebugExit(context: try DeviceRig().context)
        try bus.map(device, .memory, 0x1000, size: 0x1000)
        #expect(throws: VirtKitError.self) { try bus.map(device, .memory, 0x1FFF, size: 1) }
        #expect(throws: VirtKitError.self) { try bus.map(device, .memory, 0x0FFF, size: 2) }
        #expect(throws: VirtKitError.self) { try bus.map(device, .port, 0xFFFF, size: 2) }
        #expect(throws: VirtKitError.self) { try bus.map(device, .memory, .max, size: 2) }
        try bus.map(device, .memory, 0x2000, size: 1)
        _ = rig
    }
}

@Suite struct BoardLifetimeTests {
    @Test func nothingIsLeftOfABoard() throws {
        weak var board: PCBoard?
        var devices: [() -> (any Device)?] = []
        do {
            let rig = try BoardRig()
            board = rig.board
            devices = rig.board.devices.map { device in { [weak device] in device } }
            #expect(devices.count == 15)
            rig.write(0x51, 0x3F8, 1)
        }
        #expect(board == nil)
        #expect(devices.compactMap { $0()?.id } == [])
    }

    @Test func identitiesAreUniqueAndResetIsRepeatable() throws {
        let rig = try BoardRig()
        #expect(Set(rig.board.devices.map(\.id)).count == rig.board.devices.count)
        let first = rig.save()
        rig.write(0x12, 0x3FF, 1)
        rig.write(0x36, 0x43, 1)
        rig.write(0xFFFF, 0xB000_0060, 4, .memory)
        #expect(rig.save() != first)
        rig.board.lock.withLock { rig.board.reset() }
        #expect(rig.save() == first)
    }
}

@Suite struct HostileBoardTests {
    /// What a guest can reach, with the number of addresses.
    private static let targets: [(BusSpace, UInt64, UInt64)] = [
        (.port, 0x20, 2), (.port, 0xA0, 2), (.port, 0x4D0, 2), (.port, 0x40, 4), (.port, 0x60, 5), (.port, 0x70, 2),
        (.port, 0x80, 0x14), (.port, 0xB2, 2), (.port, 0xF4, 4), (.port, 0x3F8, 8), (.port, 0x510, 12),
        (.port, 0x600, 0x80), (.port, 0xCF8, 8), (.port, 0, 0x1_0000), (.memory, 0xFEC0_0000, 0x60),
        (.memory, 0xFEE0_0000, 0x400), (.memory, 0xB000_0000, 0x100), (.memory, 0xB00F_8000, 0x100),
        (.memory, 0xA_0000, 0x2_0000), (.memory, 0xFFFF_FFFF_FFFF_FFF0, 16),
    ]
    private static let accesses = 100_000

    private func attack(
        _ rig: BoardRig, _ target: (BusSpace, UInt64, UInt64), _ count: Int, _ random: inout SplitMix
    ) {
        for step in 0..<count {
            let address = target.1 &+ random.next() % target.2
            let width = 1 << Int(random.next() & 3)
            let bits = random.next()
            let value = bits & 3 == 0 ? bits >> 56 : bits
            let vcpu = Int(random.next() & 1)
            if random.next() & 1 == 0 {
                _ = rig.board.bus.read(address, width: width, space: target.0, vcpu: vcpu)
            } else {
                rig.board.bus.write(value, to: address, width: width, space: target.0, vcpu: vcpu)
            }
            if step & 63 == 0 {
                let source = rig.board.interruptSource
                if source.hasPendingInterrupt(vcpu: vcpu) { _ = source.acknowledgeInterrupt(vcpu: vcpu) }
                _ = source.takeNonMaskableInterrupt(vcpu: vcpu)
                source.setTaskPriority(UInt8(value & 15), vcpu: vcpu)
                rig.advance(random.next() & 0xFF_FFFF)
                rig.board.lock.withLock { rig.board.serialInputArrived() }
            }
        }
    }

    @Test(arguments: 0..<20)
    func everyRegisterTakesAnything(_ index: Int) async throws {
        var random = SplitMix(seed: UInt64(index) &* 77 &+ 1)
        let rig = try BoardRig()
        try await rig.serial.send([UInt8](repeating: 0x41, count: 1000))
        attack(rig, Self.targets[index], Self.accesses, &random)
        try checkRoundTrip(rig)
        // And a mixture.
        for _ in 0..<50 { attack(rig, Self.targets[Int(random.next() % 20)], 200, &random) }
        try checkRoundTrip(rig)
        rig.board.lock.withLock { rig.board.reset() }
        try checkRoundTrip(rig)
    }

    @Test func systemRegistersTakeAnything() throws {
        var random = SplitMix(seed: 5)
        let rig = try BoardRig()
        for step in 0..<Self.accesses {
            let numbers: [UInt32] = [0x1B, 0x6E0, 0x800 + UInt32(random.next() & 0xFF), 0x830]
            let number = numbers[Int(random.next() & 3)]
            var value = random.next() >> (random.next() & 63)
            if number == 0x1B { value = 0xFEE0_0000 | (value & 3) << 10 }
            if random.next() & 1 == 0 {
                _ = rig.board.bus.readSystemRegister(number, vcpu: Int(random.next() & 1))
            } else {
                _ = rig.board.bus.writeSystemRegister(number, value: value, vcpu: Int(random.next() & 1))
            }
            if step & 63 == 0 { rig.advance(random.next() & 0xFFFFF) }
        }
        try checkRoundTrip(rig)
    }

    private func checkRoundTrip(_ rig: BoardRig) throws {
        let saved = rig.save()
        let fresh = try BoardRig(clock: rig.clock)
        try fresh.board.lock.withLock {
            for device in fresh.board.devices { try device.restore(try #require(saved[device.id])) }
        }
        let again = fresh.save()
        #expect(saved.keys.sorted() == again.keys.sorted())
        for (id, bytes) in saved where again[id] != bytes {
            Issue.record("\(id): \(bytes) became \(again[id] ?? [])")
        }
    }

    @Test func garbageStateNeverTraps() throws {
        var random = SplitMix(seed: 99)
        let rig = try BoardRig()
        for target in Self.targets { attack(rig, target, 500, &random) }
        let saved = rig.save()
        let fresh = try BoardRig(clock: rig.clock)
        for round in 0..<150 {
            fresh.board.lock.withLock {
                for device in fresh.board.devices {
                    var bytes = saved[device.id] ?? []
                    if round & 3 == 0 {
                        bytes = (0..<Int(random.next() % 300)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
                    } else if !bytes.isEmpty {
                        for _ in 0...Int(random.next() & 15) {
                            bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
                        }
                        if random.next() & 7 == 0 { bytes.removeLast(Int(random.next() % UInt64(bytes.count))) }
                    }
                    var decoder = StateDecoder(bytes)
                    try? device.restore(from: &decoder, version: random.next() & 31 == 0 ? 7 : device.stateVersion)
                }
            }
            attack(fresh, Self.targets[round % Self.targets.count], 130, &random)
        }
        fresh.board.lock.withLock { fresh.board.reset() }
    }
}

/// The SplitMix64 generator: the same numbers for a seed everywhere.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
