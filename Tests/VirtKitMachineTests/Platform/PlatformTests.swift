import Testing
import VirtKitCore

@testable import VirtKitMachine

@Suite("Keyboard controller, resets and debug exit")
struct PlatformTests {
    @Test("The controller passes its self-test and gives back its configuration byte")
    func selfTest() throws {
        let target = try PlatformTarget()
        target.command(0xAA)
        #expect(target.answer() == 0x55)
        #expect(target.answer() == nil)
        target.command(0x60)
        target.data(0x65)
        target.command(0x20)
        #expect(target.answer() == 0x65)
        #expect(target.status & 4 != 0)
    }

    @Test("Linux's probe for a mouse ends without one, and a keyboard's commands are refused at once")
    func probe() throws {
        let target = try PlatformTarget()
        target.command(0xD3)
        target.data(0x5A)
        #expect(target.status & 0x20 == 0)
        _ = target.answer()
        target.command(0xA9)
        let test = target.answer()
        #expect(test != nil && test != 0 && test != 0xFA && test != 0xFF)
        target.command(0xD4)
        target.data(0xF2)
        #expect(target.answer() == 0xFE)
        target.data(0xFF)
        #expect(target.answer() == 0xFE)
    }

    @Test("The keyboard's interrupt is raised by an answer, if switched on, and ends with its reading")
    func interrupt() throws {
        let target = try PlatformTarget()
        target.command(0x60)
        target.data(0x01)
        #expect(!target.keyboardLine.isAsserted)
        target.data(0xF2)
        #expect(target.keyboardLine.isAsserted)
        _ = target.answer()
        #expect(!target.keyboardLine.isAsserted)
    }

    @Test("Pulsing the reset line resets the machine, other lines don't", arguments: 0xF0...0xFF as ClosedRange<UInt8>)
    func pulse(_ command: UInt8) throws {
        let target = try PlatformTarget()
        target.command(command)
        #expect(target.requests.map(\.request) == (command & 1 == 0 ? [.reset] : []))
    }

    @Test("Ports 92H and CF9H reset on the rise of their bits")
    func resets() throws {
        let target = try PlatformTarget()
        func write(_ value: UInt64, _ range: Int) { target.resets.write(value, to: 0, width: 1, range: range, vcpu: 0) }
        write(2, 0)
        write(2, 2)
        #expect(target.requests.isEmpty)
        write(3, 0)
        write(3, 0)
        #expect(target.requests.count == 1)
        write(6, 2)
        write(6, 2)
        #expect(target.requests.count == 2)
        #expect(target.requests.allSatisfy { $0.request == .reset })
    }

    @Test("The debug exit passes on what was written, by the access's width", arguments: [1, 2, 4])
    func debugExit(_ width: Int) throws {
        let target = try PlatformTarget()
        target.debugExit.write(0xFFFF_FFFF_8765_4321, to: 0, width: width, range: 0, vcpu: 0)
        let code: UInt32 = [1: 0x21, 2: 0x4321, 4: 0x8765_4321][width] ?? 0
        #expect(target.requests.map(\.request) == [.debugExit])
        #expect(target.requests.map(\.code) == [code])
    }

    @Test(
        "Random accesses of every register and width never trap, and state survives", arguments: 0..<4 as Range<UInt64>)
    func hostile(_ seed: UInt64) throws {
        let target = try PlatformTarget()
        var generator = SeededGenerator(seed: seed)
        for (device, ranges) in target.devices {
            for _ in 0..<20_000 {
                let range = Int.random(in: 0..<ranges.count, using: &generator)
                let widths = [1, 2, 4, 8].filter { UInt64($0) <= ranges[range] }
                let width = widths.randomElement(using: &generator) ?? 1
                let offset = UInt64.random(in: 0...(ranges[range] - UInt64(width)), using: &generator)
                if Bool.random(using: &generator) {
                    device.write(generator.next(), to: offset, width: width, range: range, vcpu: 0)
                } else {
                    _ = device.read(offset, width: width, range: range, vcpu: 0)
                }
            }
        }
        let other = try PlatformTarget()
        for (from, to) in zip(target.devices, other.devices) {
            let bytes = from.device.stateBytes
            var decoder = StateDecoder(bytes)
            try to.device.restore(from: &decoder, version: from.device.stateVersion)
            try decoder.finish()
            #expect(to.device.stateBytes == bytes)
        }
        #expect(other.keyboardLine.isAsserted == target.keyboardLine.isAsserted)
    }

    @Test("Damaged states are refused, or taken without a trap")
    func damagedState() throws {
        let target = try PlatformTarget()
        for (device, ranges) in target.devices {
            let saved = device.stateBytes
            MutationFuzzer(corpus: [saved]).run(seed: 1, count: 2000) { bytes, number in
                var decoder = StateDecoder(bytes)
                try? device.restore(from: &decoder, version: device.stateVersion)
                for range in ranges.indices {
                    for offset in 0..<ranges[range] { _ = device.read(offset, width: 1, range: range, vcpu: 0) }
                    device.write(UInt64(number), to: 0, width: 1, range: range, vcpu: 0)
                }
                _ = device.stateBytes
            }
            var decoder = StateDecoder(saved)
            #expect(throws: StateError.self) { try device.restore(from: &decoder, version: 99) }
        }
    }
}
