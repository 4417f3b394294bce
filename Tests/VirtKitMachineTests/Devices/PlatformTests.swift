import Testing
import VirtKitCore
import VirtKitMachine

@Suite struct KeyboardControllerTests {
    @Test func answersProbesWithoutDevices() throws {
        let rig = try DeviceRig()
        let line = InterruptLine { _ in }
        let keyboard = KeyboardController(context: rig.context, line: line)
        #expect(keyboard.inb(0, 1) & 1 == 0)
        keyboard.outb(0, 0xAA, 1)
        #expect(keyboard.inb(0, 1) & 1 == 1)
        #expect(keyboard.inb(0) == 0x55)
        keyboard.outb(0, 0x60, 1)
        keyboard.outb(0, 0x45)
        keyboard.outb(0, 0x20, 1)
        #expect(keyboard.inb(0) == 0x45)
        // A byte to the keyboard times out, with an interrupt.
        keyboard.outb(0, 0xF2)
        #expect(line.isAsserted && keyboard.inb(0, 1) & 0x41 == 0x41)
        #expect(keyboard.inb(0) == 0xFE)
        #expect(!line.isAsserted)
        keyboard.outb(0, 0xD3, 1)
        keyboard.outb(0, 0x5A)
        #expect(keyboard.inb(0, 1) & 0x21 == 0x01)
        #expect(keyboard.inb(0) == 0x5A)
        let fresh = KeyboardController(context: rig.context)
        try fresh.restore(keyboard.savedBytes)
        #expect(fresh.savedBytes == keyboard.savedBytes)
        #expect(rig.requests.isEmpty)
    }

    @Test func resets() throws {
        let rig = try DeviceRig()
        let keyboard = KeyboardController(context: rig.context)
        keyboard.outb(0, 0xFE, 1)
        keyboard.outb(0, 0xD1, 1)
        keyboard.outb(0, 0x02)
        #expect(rig.requests.map(\.0) == [.reset, .reset])
        keyboard.outb(0, 0xFF, 1)
        #expect(rig.requests.count == 2)
    }
}

@Suite struct SystemPortTests {
    @Test func resetsOnRisingBits() throws {
        let rig = try DeviceRig()
        let ports = ResetControl(context: rig.context)
        ports.outb(0, 0x02, 2)
        #expect(rig.requests.isEmpty)
        ports.outb(0, PCAddresses.resetValue, 2)
        ports.outb(0, PCAddresses.resetValue, 2)
        #expect(rig.requests.count == 1)
        ports.outb(0, 0x02, 0)
        ports.outb(0, 0x03, 0)
        #expect(rig.requests.map(\.0) == [.reset, .reset])
        ports.outb(7, 0x99, 1)
        #expect(ports.inb(7, 1) == 0x99)
        let fresh = ResetControl(context: rig.context)
        try fresh.restore(ports.savedBytes)
        #expect(fresh.savedBytes == ports.savedBytes)
    }

    @Test func debugExitPassesItsCode() throws {
        let rig = try DeviceRig()
        let port = DebugExit(context: rig.context)
        port.outb(0, 0x21)
        port.write(0x1234_5678_9ABC_DEF0, to: 0, width: 4, range: 0, vcpu: 0)
        #expect(rig.requests.map(\.1) == [0x21, 0x9ABC_DEF0])
        #expect(port.inb(0) == 0)
    }
}

@Suite struct PCITests {
    private func bus() throws -> (DeviceRig, PCIBus, PCIFunction) {
        let rig = try DeviceRig()
        let bus = PCIBus(resetControl: (ResetControl(context: rig.context), 2))
        let function = PCIFunction(
            id: "test/nic", address: PCIAddress(device: 3, function: 1), vendor: 0x1AF4, device: 0x1041,
            classCode: 0x02_0000)
        function.define(bar: 0, PCIBAR(.io, size: 20))
        function.define(bar: 1, PCIBAR(.memory32, size: 0x1000))
        function.define(bar: 4, PCIBAR(.memory64, size: 0x4000, isPrefetchable: true))
        function.define(interruptPin: 1)
        #expect(function.addCapability(0x11, length: 12) == 0x40)
        #expect(function.addCapability(0x09, length: 18) == 0x4C)
        function.reset()
        #expect(bus.add(function) && !bus.add(function))
        return (rig, bus, function)
    }

    private func read(_ bus: PCIBus, _ register: UInt64, slot: UInt64 = 3 << 3 | 1, width: Int = 4) -> UInt64 {
        bus.write(0x8000_0000 | slot << 8 | register & ~3, to: 0, width: 4, range: 0, vcpu: 0)
        return bus.read(4 + register & 7, width: width, range: 0, vcpu: 0)
    }

    private func write(_ bus: PCIBus, _ register: UInt64, _ value: UInt64, width: Int = 4) {
        bus.write(0x8000_1900 | register & ~3, to: 0, width: 4, range: 0, vcpu: 0)
        bus.write(value, to: 4 + register & 3, width: width, range: 0, vcpu: 0)
    }

    @Test func configurationByPorts() throws {
        let (rig, bus, _) = try bus()
        #expect(read(bus, 0) == 0x1041_1AF4)
        #expect(read(bus, 2, width: 2) == 0x1041)
        #expect(read(bus, 0, slot: 0) & 0xFFFF_FFFF == 0xFFFF_FFFF)
        #expect(read(bus, 0x08) == 0x0200_0000)
        #expect(read(bus, 0x34, width: 1) == 0x40)
        #expect(read(bus, 0x41, width: 1) == 0x4C && read(bus, 0x4D, width: 1) == 0)
        #expect(read(bus, 0x06, width: 2) & 0x10 == 0x10)
        #expect(bus.read(0, width: 4, range: 0, vcpu: 0) == 0x8000_1904)
        // Without the enable bit nothing answers. CF9H is another register.
        bus.write(0x1900, to: 0, width: 4, range: 0, vcpu: 0)
        #expect(bus.read(4, width: 4, range: 0, vcpu: 0) == .max)
        bus.write(0x0E, to: 1, width: 1, range: 0, vcpu: 0)
        #expect(rig.requests.map(\.0) == [.reset])
        #expect(bus.read(1, width: 1, range: 0, vcpu: 0) == 0x0E)
    }

    @Test func configurationByMemory() throws {
        let (_, bus, _) = try bus()
        let base: UInt64 = 3 << 15 | 1 << 12
        #expect(bus.read(base, width: 4, range: 1, vcpu: 0) == 0x1041_1AF4)
        #expect(bus.read(base, width: 8, range: 1, vcpu: 0) == 0x0010_0000_1041_1AF4)
        #expect(bus.read(base | 0x100, width: 4, range: 1, vcpu: 0) == 0)
        #expect(bus.read(1 << 20, width: 4, range: 1, vcpu: 0) == .max)
        bus.write(0xAA, to: base | 0x3C, width: 1, range: 1, vcpu: 0)
        #expect(bus.read(base | 0x3C, width: 2, range: 1, vcpu: 0) == 0x01AA)
    }

    @Test func baseAddressRegisters() throws {
        let (_, bus, function) = try bus()
        var moves: [(Int, UInt64?)] = []
        function.moved = { moves.append(($0, $1)) }
        for offset in stride(from: 0x10, to: 0x28, by: 4) { write(bus, UInt64(offset), 0xFFFF_FFFF) }
        #expect(read(bus, 0x10) == 0xFFFF_FFE1)
        #expect(read(bus, 0x14) == 0xFFFF_F000)
        #expect(read(bus, 0x18) == 0)
        #expect(read(bus, 0x20) == 0xFFFF_C00C && read(bus, 0x24) == 0xFFFF_FFFF)
        write(bus, 0x10, 0xC000)
        write(bus, 0x14, 0xC010_0000)
        write(bus, 0x20, 0x4000)
        write(bus, 0x24, 0x8)
        #expect(moves.isEmpty)
        write(bus, 0x04, 0x07, width: 2)
        #expect(moves.map(\.0) == [0, 1, 4])
        #expect(moves.map(\.1) == [0xC000, 0xC010_0000, 0x8_0000_4000])
        #expect(function.isBusMaster)
        let saved = function.savedBytes
        function.reset()
        #expect(moves.count == 6 && moves[5].1 == nil)
        try function.restore(saved)
        #expect(moves.count == 9 && function.mappedAddress(4) == 0x8_0000_4000)
        #expect(throws: StateError.self) { try function.restore(saved.map { _ in 1 }) }
    }

    @Test func chipSetMovesItsWindows() throws {
        let interrupts = try InterruptRig()
        let bus = PCIBus()
        var ecam: Range<UInt64>?
        var power: UInt64?
        let chips = ChipSet(
            bus: bus, router: interrupts.router, ecam: { ecam = $0 }, powerManagement: { power = $0 })
        for function in bus.allFunctions { function.reset() }
        #expect(read(bus, 0, slot: 0) == 0x29C0_8086)
        #expect(read(bus, 0, slot: 0xF8) == 0x2918_8086)
        #expect(ecam == 0xB000_0000..<0xC000_0000 && power == 0x600)
        bus.write(0xE000_0001, to: 0x60, width: 4, range: 1, vcpu: 0)
        #expect(ecam == 0xE000_0000..<0xF000_0000)
        bus.write(0xE000_0005, to: 0x60, width: 4, range: 1, vcpu: 0)
        #expect(ecam == 0xE000_0000..<0xE400_0000)
        bus.write(0, to: 0x60, width: 4, range: 1, vcpu: 0)
        #expect(ecam == nil)
        bus.write(0x0000_B000, to: 31 << 15 | 0x40, width: 4, range: 1, vcpu: 0)
        #expect(power == 0xB000)
        bus.write(0, to: 31 << 15 | 0x44, width: 1, range: 1, vcpu: 0)
        #expect(power == nil)
        #expect(chips.lpcBridge.value(0x40, as: UInt32.self) == 0xB001)
        // PIRQB to IRQ 11.
        interrupts.pic.outb(0, 0x13)
        interrupts.pic.outb(0, 0x11, 1)
        for (value, range) in [(0x20, 0), (0x01, 0), (0x28, 1), (0x02, 1), (0x01, 1)] as [(UInt8, Int)] {
            interrupts.pic.outb(1, value, range)
        }
        interrupts.router.line(17).set(true)
        bus.write(0x0B, to: 31 << 15 | 0x61, width: 1, range: 1, vcpu: 0)
        #expect(interrupts.take() == 0x2B)
    }
}
