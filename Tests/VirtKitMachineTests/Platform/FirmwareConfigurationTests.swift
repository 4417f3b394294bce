import Testing
import VirtKitCore

@testable import VirtKitMachine

@Suite("fw_cfg")
struct FirmwareConfigurationTests {
    private enum Control { static let read: UInt32 = 2, skip: UInt32 = 4, select: UInt32 = 8, write: UInt32 = 16 }

    /// The key and size that the directory gives for a file.
    private func entry(_ name: String, in target: PlatformTarget) -> (key: UInt16, size: UInt32)? {
        target.select(FirmwareConfiguration.Key.directory)
        let count = target.bytes(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        for _ in 0..<count {
            let bytes = target.bytes(64)
            let text = String(decoding: bytes[8...].prefix { $0 != 0 }, as: UTF8.self)
            guard text == name else { continue }
            return (UInt16(bytes[4]) << 8 | UInt16(bytes[5]), bytes[0..<4].reduce(0) { $0 << 8 | UInt32($1) })
        }
        return nil
    }

    @Test("Signature, features and fixed items come byte by byte, then zeros")
    func dataPort() throws {
        let target = try PlatformTarget()
        target.select(0)
        #expect(target.bytes(6) == Array("QEMU".utf8) + [0, 0])
        target.select(1)
        #expect(target.bytes(4) == [3, 0, 0, 0])
        target.select(0x4005)
        #expect(target.bytes(3) == [4, 0, 0])
        target.select(0x3FFF)
        #expect(target.bytes(2) == [0, 0])
    }

    @Test("The DMA address register reads as \"QEMU CFG\", at every width")
    func dmaSignature() throws {
        let target = try PlatformTarget()
        let text = Array("QEMU CFG".utf8)
        for width in [1, 2, 4, 8] {
            for offset in stride(from: 0, through: 8 - width, by: width) {
                let value = target.firmware.read(4 + UInt64(offset), width: width, range: 0, vcpu: 0)
                for index in 0..<width {
                    #expect(UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) == text[offset + index])
                }
            }
        }
    }

    @Test("The directory names every file with its key and size")
    func directory() throws {
        let target = try PlatformTarget()
        let fixed = try #require(entry("opt/test/fixed", in: target))
        #expect(fixed.key >= 0x20 && fixed.size == 100)
        target.select(fixed.key)
        #expect(target.bytes(101) == Array(1...100) + [0])
        #expect(entry("opt/test/other", in: target) == nil)
        #expect(!target.firmware.addFile(String(repeating: "x", count: 56), []))
        #expect(target.firmware.addFile(String(repeating: "x", count: 55), [1]))
    }

    @Test("A DMA read selects, copies, fills with zeros and goes on where it stopped")
    func dmaRead() throws {
        let target = try PlatformTarget()
        let key = UInt32(try #require(entry("opt/test/fixed", in: target)).key)
        try target.memory.fill(0xEE, at: 0x2000, count: 256)
        #expect(try target.transfer(key << 16 | Control.select | Control.read, length: 10, address: 0x2000) == 0)
        #expect(try target.memory.bytes(at: 0x2000, count: 11) == Array(1...10) + [0xEE])
        #expect(try target.transfer(Control.skip, length: 80, address: 0) == 0)
        #expect(try target.transfer(Control.read, length: 16, address: 0x2000) == 0)
        #expect(try target.memory.bytes(at: 0x2000, count: 17) == Array(91...100) + [0, 0, 0, 0, 0, 0, 0xEE])
        #expect(try target.transfer(Control.skip, length: .max, address: 0) == 0)
        #expect(target.bytes(1) == [0])
    }

    @Test("The address register is 0 after an operation, and one write of 8 bytes starts one too")
    func addressRegister() throws {
        let target = try PlatformTarget()
        #expect(try target.transfer(Control.select | Control.read, length: 4, address: 0x2000) == 0)
        try target.memory.store(UInt32(5 << 16 | 8).byteSwapped, at: 0x3000)
        let low = UInt32(0x3000).byteSwapped
        target.firmware.write(UInt64(low), to: 8, width: 4, range: 0, vcpu: 0)
        #expect(try target.memory.load(UInt32.self, at: 0x3000) == 0)
        try target.memory.store(UInt32(8).byteSwapped, at: 0x3000)
        target.firmware.write(UInt64(0x3000).byteSwapped, to: 4, width: 8, range: 0, vcpu: 0)
        #expect(try target.memory.load(UInt32.self, at: 0x3000) == 0)
        #expect(target.bytes(4) == Array("QEMU".utf8))
    }

    @Test("Only writable files are written, wholly within them, and reset puts them back")
    func dmaWrite() throws {
        let target = try PlatformTarget()
        let fixed = UInt32(try #require(entry("opt/test/fixed", in: target)).key)
        let writable = UInt32(try #require(entry("opt/test/writable", in: target)).key)
        try target.memory.write(Array(200...231), at: 0x2000)
        let command = Control.select | Control.write
        #expect(try target.transfer(fixed << 16 | command, length: 4, address: 0x2000) & 1 == 1)
        #expect(try target.transfer(writable << 16 | command, length: 33, address: 0x2000) & 1 == 1)
        #expect(target.firmware.file("opt/test/writable") == [UInt8](repeating: 7, count: 32))
        #expect(try target.transfer(writable << 16 | command, length: 32, address: 0x2000) == 0)
        #expect(target.firmware.file("opt/test/writable") == Array(200...231))
        #expect(try target.transfer(Control.write, length: 1, address: 0x2000) & 1 == 1)
        #expect(target.firmware.file("opt/test/fixed") == Array(1...100))
        target.firmware.reset()
        #expect(target.firmware.file("opt/test/writable") == [UInt8](repeating: 7, count: 32))
    }

    struct Hostile: Sendable {
        var length: UInt32
        var address: UInt64
    }

    @Test(
        "A transfer that is not wholly to RAM fails",
        arguments: [
            Hostile(length: 4, address: 0xB_0000), Hostile(length: 100, address: 0x9_FFFF),
            Hostile(length: 4, address: .max), Hostile(length: .max, address: 0),
            Hostile(length: .max, address: .max), Hostile(length: 200, address: .max - 99),
            Hostile(length: 0x8000_0000, address: 1 << 63),
        ])
    func outsideRAM(_ hostile: Hostile) throws {
        let target = try PlatformTarget()
        let key = UInt32(try #require(entry("opt/test/fixed", in: target)).key)
        for command in [Control.read, Control.write] {
            let control = try target.transfer(
                key << 16 | Control.select | command, length: hostile.length, address: hostile.address)
            #expect(control & 1 == 1)
        }
    }

    @Test("A structure outside RAM does nothing", arguments: [0xB_0000, 0x9_FFF8, .max, .max - 7, 1 << 63] as [UInt64])
    func structureOutsideRAM(_ place: UInt64) throws {
        let target = try PlatformTarget()
        target.start(place)
        target.select(0)
        #expect(target.bytes(4) == Array("QEMU".utf8))
    }

    @Test("Random commands never trap", arguments: 0..<4 as Range<UInt64>)
    func randomCommands(_ seed: UInt64) throws {
        let target = try PlatformTarget()
        var generator = SeededGenerator(seed: seed)
        let hard: [UInt64] = [
            0, 1, 4, 31, 32, 33, 100, 101, 0x9_FFFF, 0xA_0000, 0xF_FFFF, 0xFFFF_FFFF, .max, .max - 15,
        ]
        func pick() -> UInt64 {
            let value = hard.randomElement(using: &generator) ?? 0
            return Bool.random(using: &generator) ? value : value &+ generator.next() % 0x1_0000
        }
        for _ in 0..<5_000 {
            let key = UInt32(
                truncatingIfNeeded: [0, 1, 5, 0x19, 0x20, 0x21, 0x22, 0xFFFF].randomElement(using: &generator) ?? 0)
            let control = key << 16 | UInt32(truncatingIfNeeded: generator.next() & 0x1F)
            _ = try target.transfer(
                control, length: UInt32(truncatingIfNeeded: pick()), address: pick(),
                place: [0x1000, 0x9_FFF0, 0xC_0000].randomElement(using: &generator) ?? 0)
            target.start(pick())
            _ = target.bytes(1)
        }
        target.select(0)
        #expect(target.bytes(4) == Array("QEMU".utf8))
        #expect(target.firmware.file("opt/test/writable")?.count == 32)
    }
}
