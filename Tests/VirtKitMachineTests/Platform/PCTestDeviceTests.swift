import Glibc
import Testing
import VirtKitCore

@testable import VirtKitMachine

@Suite("The PC test device")
struct PCTestDeviceTests {
    private static let description = DeviceConfiguration(id: "testdev", model: "pc-testdev")

    private func rig(_ clock: MachineClock = MachineClock()) throws -> BoardRig {
        try BoardRig(clock: clock, devices: [Self.description], deviceModels: BoardDeviceModels.all)
    }

    @Test("One register answers at E0H and E8H, in every width")
    func register() throws {
        let rig = try rig()
        rig.write(0x1122_3344, 0xE0, 4)
        #expect(rig.read(0xE0, 4) == 0x1122_3344 && rig.read(0xE8, 4) == 0x1122_3344)
        rig.write(0x55, 0xE1, 1)
        rig.write(0x6677, 0xEA, 2)
        #expect(rig.read(0xE0, 4) == 0x6677_5544)
        #expect(rig.read(0xE3, 1) == 0x66 && rig.read(0xE8, 2) == 0x5544)
        rig.write(0x10_0000, 0xE4, 4)
        #expect(rig.read(0xE0, 4) == 0x6677_5544)
        #expect(rig.read(0xEC, 1) == 0xFF)
    }

    @Test("64 KiB of memory keep what is written")
    func memory() throws {
        let rig = try rig()
        for width in [1, 2, 4, 8] {
            let address = 0xFF00_0000 + UInt64(width) * 0x123
            rig.write(0x8877_6655_4433_2211, address, width, .memory)
            let mask: UInt64 = width == 8 ? .max : (1 << UInt64(8 * width)) - 1
            #expect(rig.read(address, width, .memory) == 0x8877_6655_4433_2211 & mask)
            #expect(rig.read(address + UInt64(width), 1, .memory) == 0)
        }
        rig.write(0xAB, 0xFF00_FFFF, 1, .memory)
        #expect(rig.read(0xFF00_FFFF, 1, .memory) == 0xAB && rig.read(0xFF01_0000, 1, .memory) == 0xFF)
    }

    /// The 8259s' interrupt requests, after their initialisation.
    private func requests(_ rig: BoardRig) -> UInt64 {
        rig.write(0x0A, 0x20, 1)
        rig.write(0x0A, 0xA0, 1)
        return rig.read(0x20, 1) | rig.read(0xA0, 1) << 8
    }

    @Test("Ports from 2000H on raise and release interrupt inputs")
    func lines() throws {
        let rig = try rig()
        for (port, value) in [(0x20, 0x11), (0x21, 0x20), (0x21, 4), (0x21, 1), (0xA0, 0x11), (0xA1, 0x28), (0xA1, 2)] {
            rig.write(UInt64(value), UInt64(port), 1)
        }
        rig.write(1, 0xA1, 1)
        let before = requests(rig)
        rig.write(0x80, 0x200E, 1)
        rig.write(1, 0x2005, 1)
        #expect(requests(rig) & ~before & 0x4020 == 0x4020)
        rig.write(0xFFFF_FFFF, 0x2009, 4)  // only bytes count
        #expect(requests(rig) & 0x200 == 0)
        rig.write(1, 0x2017, 1)
        #expect(rig.read(0x2000, 1) == 0)
    }

    @Test("It is reset, saved and restored; hostile state is refused")
    func state() throws {
        let rig = try rig()
        rig.write(0x1122_3344, 0xE0, 4)
        rig.write(7, 0xFF00_1000, 1, .memory)
        rig.write(1, 0x2005, 1)
        let saved = try #require(rig.save()["testdev"])
        let other = try self.rig()
        let device = try #require(other.board.lock.withLock { other.board.devices.first { $0.id == "testdev" } })
        try device.restore(saved)
        #expect(other.read(0xE0, 4) == 0x1122_3344 && other.read(0xFF00_1000, 1, .memory) == 7)
        #expect(device.savedBytes == saved)
        for count in 0..<64 { #expect(throws: StateError.self) { try device.restore(Array(saved.prefix(count))) } }
        var levels = saved
        levels[7] = 0xFF  // inputs 24 to 31
        #expect(throws: StateError.self) { try device.restore(levels) }
        var decoder = StateDecoder(saved)
        #expect(throws: StateError.self) { try device.restore(from: &decoder, version: 2) }
        other.board.lock.withLock { other.board.reset() }
        #expect(other.read(0xE0, 4) == 0 && other.read(0xFF00_1000, 1, .memory) == 0)
        #expect(device.savedBytes.allSatisfy { $0 == 0 } == false)  // the length of the memory stays
        let fresh = try self.rig()
        #expect(device.savedBytes == fresh.save()["testdev"])
    }

    @Test("Properties are refused")
    func properties() {
        let faults = PCTestDeviceModel().faults(
            in: DeviceConfiguration(id: "a", model: "pc-testdev", properties: ["size": "1"]))
        #expect(faults.count == 1 && PCTestDeviceModel().faults(in: Self.description).isEmpty)
    }
}

@Suite("The debug console")
struct DebugConsoleTests {
    @Test("Bytes go to the file; the port says that it is there")
    func writes() throws {
        let path = "/tmp/virtkit-debugcon-\(UInt64.random(in: 0 ... .max))"
        defer { _ = unlink(path) }
        let description = DeviceConfiguration(
            id: "log", model: "isa-debugcon", properties: ["file": path, "iobase": "0x402"])
        #expect(DebugConsoleModel().faults(in: description).isEmpty)
        do {
            let rig = try BoardRig(devices: [description], deviceModels: BoardDeviceModels.all)
            #expect(rig.read(0x402, 1) == 0xE9)
            for byte in "one\ntwo".utf8 { rig.write(UInt64(byte), 0x402, 1) }
            let first = try ImageFile(.path(path), purpose: "log")
            #expect(try first.bytes(at: 0, count: Int(first.size)) == Array("one\n".utf8))
        }
        let log = try ImageFile(.path(path), purpose: "log")
        #expect(try log.bytes(at: 0, count: Int(log.size)) == Array("one\ntwo".utf8))
    }

    @Test("Bad properties are named", arguments: [[:], ["file": ""], ["file": "f", "iobase": "0x10000"], ["x": "y"]])
    func faults(_ properties: [String: String]) {
        let description = DeviceConfiguration(id: "log", model: "isa-debugcon", properties: properties)
        #expect(!DebugConsoleModel().faults(in: description).isEmpty)
    }
}
