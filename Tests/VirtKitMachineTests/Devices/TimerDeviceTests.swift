import Testing
import VirtKitCore

@testable import VirtKitMachine

/// Counts a line's edges.
final class LineProbe {
    private(set) var edges = 0
    private(set) var line = InterruptLine { _ in }
    init() { line = InterruptLine { [unowned self] in if $0 { edges += 1 } } }
}

@Suite struct PITTests {
    private final class Chip {
        let rig: DeviceRig
        let probe = LineProbe()
        let pit: PIT8254
        init() throws {
            rig = try DeviceRig()
            pit = PIT8254(context: rig.context, line: probe.line)
        }
        func program(_ channel: UInt8, mode: UInt8, _ count: UInt16, bcd: Bool = false) {
            pit.outb(3, channel << 6 | 0x30 | mode << 1 | (bcd ? 1 : 0))
            pit.outb(UInt64(channel), UInt8(truncatingIfNeeded: count))
            pit.outb(UInt64(channel), UInt8(truncatingIfNeeded: count >> 8))
        }
        func count(_ channel: UInt8) -> UInt16 {
            pit.outb(3, channel << 6)
            let low = pit.inb(UInt64(channel))
            return UInt16(low) | UInt16(pit.inb(UInt64(channel))) << 8
        }
        func status(_ channel: UInt8) -> UInt8 {
            pit.outb(3, 0xE0 | 2 << channel)
            return pit.inb(UInt64(channel))
        }
        /// Nanoseconds of a number of ticks, and a little more.
        func ticks(_ count: UInt64) -> UInt64 { count * 1_000_000_000 / 1_193_182 + 1 }
    }

    @Test func rateGeneratorInterruptsAtItsRate() throws {
        let chip = try Chip()
        chip.program(0, mode: 2, 11932)  // 100 Hz
        chip.rig.advance(1_005_000_000)
        // The output goes high with the control word: an edge, too.
        #expect(chip.probe.edges == 101)
        // A new count is taken at the end of the period.
        chip.pit.outb(0, 0)
        chip.pit.outb(0, 0)
        #expect(chip.status(0) & 0x40 == 0x40)
        chip.rig.advance(20_000_000)
        #expect(chip.status(0) == 0xB4)
        let edges = chip.probe.edges
        chip.rig.advance(1_000_000_000)
        #expect((18...19).contains(chip.probe.edges - edges))
    }

    @Test func squareWave() throws {
        let chip = try Chip()
        chip.program(0, mode: 3, 1000)
        #expect(chip.status(0) & 0x80 == 0x80)
        chip.rig.advance(chip.ticks(600))
        #expect(chip.status(0) & 0x80 == 0)
        #expect(chip.count(0) == 800)
        chip.rig.advance(chip.ticks(500))
        #expect(chip.status(0) & 0x80 == 0x80)
        #expect(chip.probe.edges >= 1)
    }

    @Test func oneShotsEnd() throws {
        let chip = try Chip()
        chip.program(0, mode: 0, 10_000)
        #expect(chip.status(0) & 0x80 == 0 && !chip.probe.line.isAsserted)
        chip.rig.advance(chip.ticks(4000))
        #expect((5998...6000).contains(chip.count(0)))
        chip.rig.advance(chip.ticks(6001))
        #expect(chip.probe.line.isAsserted && chip.probe.edges == 1)
        #expect(chip.rig.timers.nextDeadline == nil)
        chip.program(0, mode: 4, 1000)
        let edges = chip.probe.edges
        chip.rig.advance(chip.ticks(2000))
        #expect(chip.probe.edges == edges + 1)
        chip.program(0, mode: 0, 0x1000, bcd: true)
        chip.rig.advance(chip.ticks(1))
        #expect(chip.count(0) == 0x0999)
    }

    @Test func channel2FollowsItsGate() throws {
        // How operating systems measure the speed of the processor.
        let chip = try Chip()
        chip.pit.outb(0, 0x01, 1)
        chip.program(2, mode: 0, 20_000)
        #expect(chip.pit.inb(0, 1) & 0x21 == 0x01)
        chip.rig.advance(chip.ticks(10_000))
        chip.pit.outb(0, 0x00, 1)
        chip.rig.advance(chip.ticks(30_000))
        #expect(chip.pit.inb(0, 1) & 0x20 == 0)
        chip.pit.outb(0, 0x01, 1)
        chip.rig.advance(chip.ticks(10_001))
        #expect(chip.pit.inb(0, 1) & 0x20 == 0x20)
        let refresh = chip.pit.inb(0, 1) & 0x10
        chip.rig.advance(15_085)
        #expect(chip.pit.inb(0, 1) & 0x10 != refresh)
        // A hardware-triggered one-shot waits for the gate's edge.
        chip.pit.outb(0, 0x00, 1)
        chip.program(2, mode: 1, 100)
        chip.rig.advance(chip.ticks(200))
        #expect(chip.pit.inb(0, 1) & 0x20 == 0x20)
        chip.pit.outb(0, 0x01, 1)
        #expect(chip.pit.inb(0, 1) & 0x20 == 0)
        chip.rig.advance(chip.ticks(101))
        #expect(chip.pit.inb(0, 1) & 0x20 == 0x20)
    }

    @Test func savesAndRestores() throws {
        let chip = try Chip()
        chip.program(0, mode: 2, 11932)
        chip.rig.advance(5_000_000)
        let saved = chip.pit.savedBytes
        let fresh = try Chip()
        fresh.rig.advance(5_000_000)
        try fresh.pit.restore(saved)
        #expect(fresh.pit.savedBytes == saved)
        let edges = fresh.probe.edges
        fresh.rig.advance(100_000_000)
        #expect((9...10).contains(fresh.probe.edges - edges))
    }
}

@Suite struct RealTimeClockTests {
    private final class Chip {
        let rig: DeviceRig
        let probe = LineProbe()
        let rtc: RealTimeClock
        init(memory: ByteCount = .gibibytes(4)) throws {
            rig = try DeviceRig()
            rtc = RealTimeClock(
                context: rig.context, line: probe.line, layout: PCMemoryLayout(memory: memory), cpus: 3)
        }
        subscript(index: UInt8) -> UInt8 {
            get {
                rtc.outb(0, index)
                return rtc.inb(1)
            }
            set {
                rtc.outb(0, index)
                rtc.outb(1, newValue)
            }
        }
        var time: [UInt8] { [0x32, 9, 8, 7, 4, 2, 0].map { self[$0] } }
    }

    @Test func tellsTheTime() throws {
        let chip = try Chip()
        #expect(chip.time == [0x20, 0x24, 0x03, 0x02, 0x03, 0x04, 0x05])
        #expect(chip[6] == 7)  // a Saturday
        chip[11] = 0x06
        #expect(chip.time == [20, 24, 3, 2, 3, 4, 5])
        chip.rig.advance(86_400_000_000_000 - 4_000_000_000)
        #expect(chip.time == [20, 24, 3, 3, 3, 4, 1])
        chip[11] = 0x00
        chip.rig.advance(12 * 3_600_000_000_000)
        #expect(chip[4] == 0x83)
        #expect(chip[10] & 0x7F == 0x26 && chip[13] == 0x80)
    }

    @Test func calendarGoesBothWays() {
        for second in stride(from: Int64(-3_000_000_000), through: 9_000_000_000, by: 7_777_777) {
            #expect(CalendarTime(secondsSince1970: second).secondsSince1970 == second)
        }
    }

    @Test func canBeSet() throws {
        let chip = try Chip()
        chip[11] = 0x82
        for (index, value) in [(0x32, 0x19), (9, 0x99), (8, 0x12), (7, 0x31), (4, 0x23), (2, 0x59), (0, 0x58)]
            as [(UInt8, UInt8)]
        {
            chip[index] = value
        }
        chip.rig.advance(10_000_000_000)
        #expect(chip[0] == 0x58)
        chip[11] = 0x02
        chip.rig.advance(2_000_000_000)
        #expect(chip.time == [0x20, 0x00, 0x01, 0x01, 0x00, 0x00, 0x00])
        chip[2] = 0x30
        #expect(chip.time == [0x20, 0x00, 0x01, 0x01, 0x00, 0x30, 0x00])
    }

    @Test func interruptsPeriodicallyEachSecondAndOnAlarm() throws {
        let chip = try Chip()
        #expect(chip.rig.timers.nextDeadline == nil)
        chip[11] = 0x42  // 1024 Hz
        var count = 0
        for _ in 0..<100 {
            chip.rig.advance(10_000_000)
            if chip.probe.line.isAsserted {
                count += 1
                #expect(chip[12] == 0xC0 || count > 0)
            }
        }
        #expect(count == 100)
        _ = chip[12]
        chip[11] = 0x12
        chip.rig.advance(1_000_000_000)
        #expect(chip.probe.line.isAsserted)
        #expect(chip[12] & 0x90 == 0x90)
        #expect(chip[12] & 0x90 == 0)
        chip[11] = 0x02
        chip.rig.advance(5_000_000_000)
        _ = chip[12]
        chip[1] = 0x00
        chip[3] = 0xFF
        chip[5] = 0xFF
        chip[11] = 0x22
        chip.rig.advance(60_000_000_000)
        #expect(chip.probe.line.isAsserted)
        #expect(chip[12] & 0xA0 == 0xA0)
        chip.rtc.reset()
        #expect(chip.rig.timers.nextDeadline == nil && !chip.probe.line.isAsserted)
    }

    @Test func updateIsAnnounced() throws {
        let chip = try Chip()
        chip.rig.advance(999_900_000)
        #expect(chip[10] & 0x80 == 0x80)
        chip.rig.advance(200_000)
        #expect(chip[10] & 0x80 == 0)
    }

    @Test func keepsMemorySizesAndBytes() throws {
        let chip = try Chip()
        #expect(chip[0x15] == 0x80 && chip[0x16] == 0x02)
        #expect(chip[0x30] == 0xFF && chip[0x31] == 0xFF)
        // (2816 - 16) MiB / 64 KiB, and 1280 MiB / 64 KiB
        #expect(UInt16(chip[0x34]) | UInt16(chip[0x35]) << 8 == 44_800)
        #expect(UInt16(chip[0x5B]) | UInt16(chip[0x5C]) << 8 == 20_480)
        #expect(chip[0x5F] == 2)
        chip[0x40] = 0xAB
        chip.rtc.reset()
        #expect(chip[0x40] == 0xAB)
        let fresh = try Chip(memory: .mebibytes(64))
        try fresh.rtc.restore(chip.rtc.savedBytes)
        #expect(fresh.rtc.savedBytes == chip.rtc.savedBytes)
        #expect(fresh[0x40] == 0xAB)
    }
}

@Suite struct PowerManagementTests {
    private final class Chip {
        let rig: DeviceRig
        let probe = LineProbe()
        let power: PowerManagement
        init() throws {
            rig = try DeviceRig()
            power = PowerManagement(context: rig.context, line: probe.line)
        }
        func read(_ offset: UInt64, _ width: Int) -> UInt64 { power.read(offset, width: width, range: 0, vcpu: 0) }
        func write(_ offset: UInt64, _ width: Int, _ value: UInt64) {
            power.write(value, to: offset, width: width, range: 0, vcpu: 0)
        }
    }

    @Test func switchesToACPIModeAndTellsOfThePowerButton() throws {
        let chip = try Chip()
        #expect(chip.read(4, 2) == 0)
        chip.power.outb(0, PCAddresses.acpiEnable, 1)
        #expect(chip.read(4, 2) == 1)
        chip.write(2, 2, 0x0120)
        chip.power.pressPowerButton()
        #expect(chip.probe.line.isAsserted)
        #expect(chip.read(0, 2) == 0x100)
        chip.write(0, 2, 0x100)
        #expect(!chip.probe.line.isAsserted && chip.read(0, 4) == 0x0120_0000)
        chip.write(0x28, 8, 1 << 40)
        chip.power.raiseEvent(40)
        #expect(chip.probe.line.isAsserted)
        #expect(chip.read(0x20, 8) == 1 << 40)
        chip.write(0x25, 1, 1)
        #expect(!chip.probe.line.isAsserted)
        chip.power.outb(0, PCAddresses.acpiDisable, 1)
        #expect(chip.read(4, 2) == 0)
    }

    @Test func powersOff() throws {
        let chip = try Chip()
        chip.write(4, 2, 1 << 13 | 5 << 10)
        #expect(chip.rig.requests.isEmpty)
        chip.write(4, 2, 1)
        chip.write(4, 2, 1 | 1 << 13 | UInt64(PCAddresses.sleepTypeSoftOff) << 10)
        #expect(chip.rig.requests.map(\.0) == [.powerOff])
        chip.write(4, 2, 1 << 13 | 7 << 10)
        #expect(chip.rig.requests.count == 2)
        #expect(chip.read(4, 2) == 7 << 10)
    }

    @Test func timerCountsAndOverflows() throws {
        let chip = try Chip()
        let before = chip.read(8, 4)
        chip.rig.advance(1_000_000_000)
        #expect(chip.read(8, 4) &- before == 3_579_545)
        #expect(chip.read(9, 1) == chip.read(8, 4) >> 8 & 0xFF)
        chip.power.outb(0, PCAddresses.acpiEnable, 1)
        chip.write(0, 2, 1)
        chip.write(2, 2, 1)
        chip.rig.advance(2_400_000_000)
        #expect(chip.probe.line.isAsserted && chip.read(0, 2) & 1 == 1)
        let fresh = try Chip()
        fresh.rig.advance(3_400_000_000)
        try fresh.power.restore(chip.power.savedBytes)
        #expect(fresh.power.savedBytes == chip.power.savedBytes && fresh.probe.line.isAsserted)
        chip.power.reset()
        #expect(!chip.probe.line.isAsserted && chip.rig.timers.nextDeadline == nil)
    }
}
