import Testing
import VirtKitCore

@testable import VirtKitMachine

/// The chip set on a bus, and what it has told its board.
final class PCITarget {
    let bus: PCIBus
    let chipSet: ChipSet
    let function = PCIFunction(
        id: "test/function", address: PCIAddress(device: 3), vendor: 0x1AF4, device: 0x1042, classCode: 0x01_0000)
    private(set) var ecam: [Range<UInt64>?] = []
    private(set) var powerManagement: [UInt64?] = []
    private(set) var moves: [Int: UInt64] = [:]
    private(set) var resets = 0
    private var keepAlive: [AnyObject] = []

    init() throws {
        var told: (ecam: (Range<UInt64>?) -> Void, power: (UInt64?) -> Void, reset: () -> Void) = (
            { _ in }, { _ in }, {}
        )
        let memory = try GuestMemory(regions: [])
        let context = DeviceContext(clock: MachineClock(), timers: TimerQueue(), memory: memory) { request, _ in
            if request == .reset { told.reset() }
        }
        let fabric = APICFabric(cpus: 1, context: context) { _ in }
        let router = InterruptRouter(pic: LegacyPIC(fabric: fabric), ioAPIC: IOAPIC(fabric: fabric))
        keepAlive = [fabric, router]
        bus = PCIBus(resetControl: (ResetControl(context: context), 2))
        chipSet = ChipSet(bus: bus, router: router, ecam: { told.ecam($0) }, powerManagement: { told.power($0) })
        function.define(bar: 0, PCIBAR(.memory32, size: 0x1000))
        function.define(bar: 1, PCIBAR(.io, size: 0x40))
        function.define(bar: 4, PCIBAR(.memory64, size: 0x4000, isPrefetchable: true))
        function.define(interruptPin: 1)
        bus.add(function)
        told = (
            { [unowned self] in ecam.append($0) }, { [unowned self] in powerManagement.append($0) },
            { [unowned self] in resets += 1 }
        )
        function.moved = { [unowned self] in moves[$0] = $1 }
    }

    var devices: [any Device] { [bus] + bus.allFunctions }

    /// Selects a register with port CF8H.
    func select(device: Int, function: Int = 0, bus number: Int = 0, _ offset: Int) {
        let address = 0x8000_0000 | number << 16 | device << 11 | function << 8 | offset & 0xFC
        bus.write(UInt64(address), to: 0, width: 4, range: 0, vcpu: 0)
    }

    func portRead(device: Int, function: Int = 0, bus number: Int = 0, _ offset: Int, width: Int = 4) -> UInt64 {
        select(device: device, function: function, bus: number, offset)
        let mask: UInt64 = width == 8 ? .max : 1 << UInt64(width * 8) - 1
        return bus.read(4 + UInt64(offset & 3), width: width, range: 0, vcpu: 0) & mask
    }

    func portWrite(_ value: UInt64, device: Int, _ offset: Int, width: Int = 4) {
        select(device: device, offset)
        bus.write(value, to: 4 + UInt64(offset & 3), width: width, range: 0, vcpu: 0)
    }

    static func ecamOffset(device: Int, function: Int = 0, bus number: Int = 0, _ offset: Int) -> UInt64 {
        UInt64(number << 20 | device << 15 | function << 12 | offset)
    }
}

extension Device {
    var stateBytes: [UInt8] {
        var encoder = StateEncoder()
        save(into: &encoder)
        return encoder.bytes
    }
}

@Suite("PCI configuration space")
struct PCITests {
    @Test("Linux's check for configuration mechanism 1 succeeds")
    func mechanismOne() throws {
        let target = try PCITarget()
        target.bus.write(1, to: 3, width: 1, range: 0, vcpu: 0)
        target.bus.write(0x8000_0000, to: 0, width: 4, range: 0, vcpu: 0)
        #expect(target.bus.read(0, width: 4, range: 0, vcpu: 0) == 0x8000_0000)
        #expect(target.portRead(device: 0, 0) == 0x29C0_8086)
    }

    @Test("The chip set is Q35 and ICH9, and nothing else answers but what was added")
    func identities() throws {
        let target = try PCITarget()
        var found: [String] = []
        for device in 0..<32 {
            for function in 0..<8 {
                let value = target.portRead(device: device, function: function, 0)
                if value != 0xFFFF_FFFF { found.append("\(device).\(function) \(String(value, radix: 16))") }
            }
        }
        #expect(found == ["0.0 29c08086", "3.0 10421af4", "31.0 29188086"])
        #expect(target.portRead(device: 0, 8) >> 8 == 0x06_0000)
        #expect(target.portRead(device: 31, 8) >> 8 == 0x06_0100)
        #expect(target.portRead(device: 0, bus: 1, 0) == 0xFFFF_FFFF)
        #expect(target.portRead(device: 0, 0x60) == PCAddresses.ecam | 1)
        #expect(target.portRead(device: 31, 0x40) == PCAddresses.powerManagement | 1)
        #expect(target.portRead(device: 31, 0x44, width: 1) == 0x80)
        for offset in [0x60, 0x68] { #expect(target.portRead(device: 31, offset) == 0x8080_8080) }
    }

    @Test("The data port gives the same as ECAM, at every offset and width", arguments: [0, 3, 31])
    func agreement(_ device: Int) throws {
        let target = try PCITarget()
        for offset in 0..<256 {
            for width in [1, 2, 4] where offset & 3 + width <= 4 {
                let mask: UInt64 = 1 << UInt64(width * 8) - 1
                let direct = target.bus.read(
                    PCITarget.ecamOffset(device: device, offset), width: width, range: 1, vcpu: 0)
                #expect(target.portRead(device: device, offset, width: width) == direct & mask)
            }
        }
    }

    @Test("With the enable bit off, the data port reads as ones and takes no writes")
    func disabled() throws {
        let target = try PCITarget()
        target.bus.write(0x0000_1804, to: 0, width: 4, range: 0, vcpu: 0)
        #expect(target.bus.read(4, width: 4, range: 0, vcpu: 0) & 0xFFFF_FFFF == 0xFFFF_FFFF)
        target.bus.write(0xFFFF, to: 4, width: 2, range: 0, vcpu: 0)
        #expect(target.portRead(device: 3, 4, width: 2) == 0)
    }

    @Test("Port CF9H is the reset control register, not a part of CF8H")
    func resetControl() throws {
        let target = try PCITarget()
        target.select(device: 3, 0)
        target.bus.write(0x02, to: 1, width: 1, range: 0, vcpu: 0)
        #expect(target.resets == 0)
        target.bus.write(UInt64(PCAddresses.resetValue), to: 1, width: 1, range: 0, vcpu: 0)
        #expect(target.resets == 1)
        #expect(target.bus.read(1, width: 1, range: 0, vcpu: 0) & 0xFF == 0x0E)
        #expect(target.bus.read(0, width: 4, range: 0, vcpu: 0) == 0x8000_1800)
    }

    struct Sizing: Sendable, CustomTestStringConvertible {
        var offset: Int
        var reads: UInt64
        var testDescription: String { "register \(String(offset, radix: 16))" }
    }

    @Test(
        "All ones written to a base address register give its size",
        arguments: [
            Sizing(offset: 0x10, reads: 0xFFFF_F000), Sizing(offset: 0x14, reads: 0xFFFF_FFC1),
            Sizing(offset: 0x18, reads: 0), Sizing(offset: 0x1C, reads: 0), Sizing(offset: 0x20, reads: 0xFFFF_C00C),
            Sizing(offset: 0x24, reads: 0xFFFF_FFFF), Sizing(offset: 0x30, reads: 0),
        ])
    func sizing(_ sizing: Sizing) throws {
        let target = try PCITarget()
        target.portWrite(0xFFFF_FFFF, device: 3, sizing.offset)
        let value = target.portRead(device: 3, sizing.offset)
        // The upper half of an I/O register may be hardwired to 0 on a PC.
        let mask: UInt64 = sizing.offset == 0x14 ? 0xFFFF : .max
        #expect(value & mask == sizing.reads & mask)
        #expect(target.moves.isEmpty)
    }

    @Test("A base address register maps when its decoding is enabled, moves, and unmaps")
    func mapping() throws {
        let target = try PCITarget()
        target.portWrite(0xC000_0123, device: 3, 0x10)
        target.portWrite(0xC041, device: 3, 0x14)
        target.portWrite(0x0000_4000, device: 3, 0x20)
        target.portWrite(0x0000_0008, device: 3, 0x24)
        #expect(target.moves.isEmpty)
        target.portWrite(2, device: 3, 4, width: 1)
        #expect(target.moves == [0: 0xC000_0000, 4: 0x8_0000_4000])
        target.portWrite(3, device: 3, 4, width: 1)
        #expect(target.moves == [0: 0xC000_0000, 1: 0xC040, 4: 0x8_0000_4000])
        target.portWrite(0xD000_0000, device: 3, 0x10)
        #expect(target.moves[0] == 0xD000_0000)
        target.portWrite(0, device: 3, 4, width: 2)
        #expect(target.moves.isEmpty)
        #expect(target.function.mappedAddress(0) == nil)
    }

    @Test("Vendor, class and pin can't be written, and errors are cleared by ones")
    func readOnly() throws {
        let target = try PCITarget()
        let fixed = [0x00, 0x08, 0x2C]
        let before = fixed.map { target.portRead(device: 3, $0) }
        for offset in fixed { target.portWrite(0, device: 3, offset) }
        #expect(fixed.map { target.portRead(device: 3, $0) } == before)
        target.portWrite(0, device: 3, 0x3C)
        #expect(target.portRead(device: 3, 0x3D, width: 1) == 1)
        target.function.set(6, UInt16(0xF900))
        target.portWrite(0x8100, device: 3, 6, width: 2)
        #expect(target.portRead(device: 3, 6, width: 2) & 0xF900 == 0x7800)
    }

    @Test("Capabilities form a list, which ends when there is no room")
    func capabilities() throws {
        let target = try PCITarget()
        var offsets: [Int] = []
        while let offset = target.function.addCapability(9, length: 17) { offsets.append(offset) }
        #expect(offsets.count == 9)
        #expect(target.function.addCapability(9, length: 1) == nil)
        #expect(target.portRead(device: 3, 6, width: 2) & 0x10 != 0)
        var found: [Int] = []
        var next = Int(target.portRead(device: 3, 0x34, width: 1))
        while next != 0, found.count < 100 {
            found.append(next)
            #expect(target.portRead(device: 3, next, width: 1) == 9)
            next = Int(target.portRead(device: 3, next + 1, width: 1))
        }
        #expect(found == offsets)
    }

    @Test("PCIEXBAR and PMBASE tell the board where they point")
    func chipSetMoves() throws {
        let target = try PCITarget()
        target.portWrite(0xE000_0001, device: 0, 0x60)
        #expect(target.ecam.last == 0xE000_0000..<0xF000_0000)
        target.portWrite(0xE000_0003, device: 0, 0x60)
        #expect(target.ecam.last == 0xE000_0000..<0xE800_0000)
        target.portWrite(0, device: 0, 0x60)
        #expect(target.ecam.last == .some(nil))
        target.portWrite(0xB000, device: 31, 0x40)
        #expect(target.powerManagement.last == 0xB000)
        target.portWrite(0, device: 31, 0x44, width: 1)
        #expect(target.powerManagement.last == .some(nil))
        for device in target.devices { device.reset() }
        #expect(target.ecam.last == 0xB000_0000..<0xC000_0000)
        #expect(target.powerManagement.last == 0x600)
    }

    @Test(
        "200,000 random accesses to every range and width never trap, and state survives",
        arguments: 0..<4 as Range<UInt64>)
    func hostile(_ seed: UInt64) throws {
        let target = try PCITarget()
        var generator = SeededGenerator(seed: seed)
        for number in 0..<50_000 {
            let width = [1, 2, 4, 8].randomElement(using: &generator) ?? 1
            let isECAM = Bool.random(using: &generator)
            let size = isECAM ? PCAddresses.ecamSize : 8
            var offset = UInt64.random(in: 0...(size - UInt64(width)), using: &generator)
            if isECAM, number % 4 != 0 { offset = offset & 0xFFF | UInt64([0, 3, 31][number % 3]) << 15 }
            offset = min(offset, size - UInt64(width))
            if !isECAM, number % 3 == 0 { target.select(device: [0, 3, 31][number % 7 % 3], number & 0xFF) }
            let range = isECAM ? 1 : 0
            if Bool.random(using: &generator) {
                target.bus.write(generator.next(), to: offset, width: width, range: range, vcpu: 0)
            } else {
                _ = target.bus.read(offset, width: width, range: range, vcpu: 0)
            }
        }
        let other = try PCITarget()
        for (from, to) in zip(target.devices, other.devices) {
            let bytes = from.stateBytes
            var decoder = StateDecoder(bytes)
            try to.restore(from: &decoder, version: from.stateVersion)
            try decoder.finish()
            #expect(to.stateBytes == bytes)
        }
        #expect(other.moves == target.moves)
        for device in target.devices { device.reset() }
        #expect(target.moves.isEmpty)
    }

    @Test("Damaged states are refused, or taken without a trap")
    func damagedState() throws {
        let target = try PCITarget()
        target.portWrite(0xC000_0007, device: 3, 4)
        let fuzzers = target.devices.map { MutationFuzzer(corpus: [$0.stateBytes]) }
        for (device, fuzzer) in zip(target.devices, fuzzers) {
            fuzzer.run(seed: 1, count: 2000) { bytes, _ in
                var decoder = StateDecoder(bytes)
                try? device.restore(from: &decoder, version: device.stateVersion)
                _ = device.stateBytes
                for index in 0..<6 { _ = target.function.mappedAddress(index) }
            }
            var decoder = StateDecoder(device.stateBytes)
            #expect(throws: StateError.self) { try device.restore(from: &decoder, version: 99) }
            var empty = StateDecoder([])
            #expect(throws: StateError.self) { try device.restore(from: &empty, version: device.stateVersion) }
        }
    }

    @Test("No state makes a base address register map ports beyond 64 KiB")
    func damagedRegisters() throws {
        let target = try PCITarget()
        var encoder = StateEncoder()
        var bytes = (0..<256).map { UInt8(truncatingIfNeeded: target.function.read($0, width: 1)) }
        bytes[4] = 3
        bytes.replaceSubrange(0x14..<0x18, with: [0xFD, 0xFF, 0, 0])
        encoder.encode(bytes)
        var decoder = StateDecoder(encoder.bytes)
        try? target.function.restore(from: &decoder, version: target.function.stateVersion)
        // PCIFunction.restore takes bits that no guest can write; what is mapped is aligned all the same.
        #expect((target.function.mappedAddress(1) ?? 0) + 0x40 <= 0x1_0000)
    }
}
