package import VirtKitCore

/// A Motorola MC146818 real-time clock with 128 bytes, raising IRQ 8. Ports: index and data, of 1 byte.
///
/// The time is the machine's wall-clock time plus what the guest has set it off by. Fields can be BCD or binary, of 12 or
/// 24 hours; there is no daylight saving. The bytes hold what a PC's firmware would have put there.
package final class RealTimeClock: BusDevice {
    package let id = "pc/rtc"
    package let stateVersion: UInt32 = 1

    enum Index {
        static let seconds = 0, minutes = 2, hours = 4, weekday = 6, day = 7, month = 8, year = 9
        static let registerA = 10, registerB = 11, registerC = 12, registerD = 13
        static let century = Int(PCAddresses.rtcCentury)
    }
    private enum ControlB {
        static let set: UInt8 = 0x80, periodic: UInt8 = 0x40, alarm: UInt8 = 0x20, update: UInt8 = 0x10
        static let squareWave: UInt8 = 0x08, binary: UInt8 = 0x04, hours24: UInt8 = 0x02
    }
    private enum Flag {
        static let any: UInt8 = 0x80, periodic: UInt8 = 0x40, alarm: UInt8 = 0x20, update: UInt8 = 0x10
    }
    private static let timeFields = [
        Index.seconds, Index.minutes, Index.hours, Index.weekday, Index.day, Index.month, Index.year, Index.century,
    ]
    private static let billion: Int64 = 1_000_000_000
    /// How long before an update the update-in-progress bit is set, in ns.
    private static let updateNotice: Int64 = 244_000

    private let clock: MachineClock
    private let line: InterruptLine
    private let memory: PCMemoryLayout
    private let cpus: Int
    private var periodicTimer: TimerQueue.Timer?
    private var secondTimer: TimerQueue.Timer?

    private var index: UInt8 = 0
    /// All bytes; those of the time count only while the clock is being set.
    private var bytes = [UInt8](repeating: 0, count: 128)
    /// What the guest has set the clock off by, in ns.
    private var offset: Int64 = 0
    /// Up to when flags have been brought up to date: in 1/32768 s of machine time, and in seconds of the clock.
    private var lastTick: UInt64 = 0
    private var lastSecond: Int64 = 0

    /// Makes a clock for a machine with the given memory and number of vCPUs.
    package init(context: DeviceContext, line: InterruptLine, layout: PCMemoryLayout, cpus: Int = 1) {
        clock = context.clock
        self.line = line
        memory = layout
        self.cpus = cpus
        periodicTimer = context.timers.makeTimer { [unowned self] _ in update() }
        secondTimer = context.timers.makeTimer { [unowned self] _ in update() }
        bytes[Index.registerA] = 0x26
        bytes[Index.registerB] = ControlB.hours24
        bytes[Index.registerD] = 0x80
        writeMemorySize()
        reset()
    }

    /// The clock and its bytes are kept by a battery: only interrupts are switched off.
    package func reset() {
        index = 0
        bytes[Index.registerB] &= ~(ControlB.periodic | ControlB.alarm | ControlB.update | ControlB.squareWave)
        bytes[Index.registerC] = 0
        lastTick = tick
        lastSecond = second
        update()
    }

    /// The sizes of memory, where PC firmware keeps them.
    private func writeMemorySize() {
        func put(_ value: UInt64, _ indices: Int...) {
            for (place, index) in indices.enumerated() {
                bytes[index] = UInt8(truncatingIfNeeded: value &>> UInt64(truncatingIfNeeded: place &* 8))
            }
        }
        let kibibytes = memory.lowSize >> 10
        put(min(640, kibibytes), 0x15, 0x16)
        let extended = kibibytes > 1024 ? min(65_535, kibibytes &- 1024) : 0
        put(extended, 0x17, 0x18)
        put(extended, 0x30, 0x31)
        put(kibibytes > 16_384 ? min(65_535, (kibibytes &- 16_384) >> 6) : 0, 0x34, 0x35)
        put(memory.highSize >> 16, 0x5B, 0x5C, 0x5D)
        // Equipment: an FPU. The number of processors is kept where QEMU keeps it.
        put(0x02, 0x14)
        put(UInt64(truncatingIfNeeded: max(1, cpus) &- 1), 0x5F)
    }

    // MARK: Time

    private var nanoseconds: Int64 { clock.wallClock &+ offset }
    private var second: Int64 { CalendarTime.floorDivide(nanoseconds, Self.billion) }
    private var tick: UInt64 {
        let (high, low) = clock.now.multipliedFullWidth(by: 32_768)
        return UInt64(Self.billion).dividingFullWidth((high, low)).quotient
    }
    private var isBeingSet: Bool { bytes[Index.registerB] & ControlB.set != 0 }

    /// The period of the periodic interrupt as a power of two of 1/32768 s; nil for none.
    private var periodShift: UInt64? {
        switch bytes[Index.registerA] & 0x0F {
        case 0: nil
        case 1: 7
        case 2: 8
        case let rate: UInt64(rate) &- 1
        }
    }

    /// Brings flags, interrupt and timers up to date.
    private func update() {
        let now = tick
        if let shift = periodShift, now >> shift != lastTick >> shift {
            bytes[Index.registerC] |= Flag.periodic
        }
        lastTick = now
        let second = second
        if second != lastSecond, !isBeingSet {
            bytes[Index.registerC] |= Flag.update
            // An alarm has a period of a day at most.
            let passed = second &- lastSecond
            let first = passed > 0 && passed < 86_400 ? lastSecond &+ 1 : second &- 86_399
            for moment in first...max(first, second) where isAlarm(moment) {
                bytes[Index.registerC] |= Flag.alarm
                break
            }
        }
        lastSecond = second
        updateLine()
        arm(now)
    }

    private func updateLine() {
        let isRaised = bytes[Index.registerC] & bytes[Index.registerB] & 0x70 != 0
        bytes[Index.registerC] = bytes[Index.registerC] & 0x70 | (isRaised ? Flag.any : 0)
        line.set(isRaised)
    }

    private func arm(_ now: UInt64) {
        let control = bytes[Index.registerB]
        if control & ControlB.periodic != 0, let shift = periodShift {
            let next = (now >> shift &+ 1) << shift
            // 10^9 / 32768 = 1953125 / 64
            let (high, low) = next.multipliedFullWidth(by: 1_953_125)
            if high < 64 { periodicTimer?.arm(at: UInt64(64).dividingFullWidth((high, low)).quotient &+ 1) }
        } else {
            periodicTimer?.cancel()
        }
        if control & (ControlB.alarm | ControlB.update) != 0, !isBeingSet {
            let fraction = nanoseconds &- second &* Self.billion
            secondTimer?.arm(at: clock.now &+ UInt64(truncatingIfNeeded: Self.billion &- fraction))
        } else {
            secondTimer?.cancel()
        }
    }

    private func isAlarm(_ moment: Int64) -> Bool {
        let ofDay = moment &- CalendarTime.floorDivide(moment, 86_400) &* 86_400
        func matches(_ index: Int, _ value: UInt8) -> Bool { bytes[index] >= 0xC0 || bytes[index] == value }
        return matches(1, encoded(ofDay % 60)) && matches(3, encoded(ofDay / 60 % 60))
            && matches(5, encodedHour(ofDay / 3600))
    }

    // MARK: Fields

    private func encoded(_ value: Int64) -> UInt8 {
        let value = UInt8(truncatingIfNeeded: value)
        return bytes[Index.registerB] & ControlB.binary != 0 ? value : (value / 10) << 4 | value % 10
    }

    private func decoded(_ value: UInt8) -> Int64 {
        bytes[Index.registerB] & ControlB.binary != 0 ? Int64(value) : Int64(value >> 4) &* 10 &+ Int64(value & 0xF)
    }

    private func encodedHour(_ hour: Int64) -> UInt8 {
        guard bytes[Index.registerB] & ControlB.hours24 == 0 else { return encoded(hour) }
        return encoded((hour &+ 11) % 12 &+ 1) | (hour >= 12 ? 0x80 : 0)
    }

    private func decodedHour(_ value: UInt8) -> Int64 {
        guard bytes[Index.registerB] & ControlB.hours24 == 0 else { return decoded(value) }
        return decoded(value & 0x7F) % 12 &+ (value & 0x80 != 0 ? 12 : 0)
    }

    /// Writes the present time into the bytes.
    private func latchTime() {
        let time = CalendarTime(secondsSince1970: second)
        bytes[Index.seconds] = encoded(time.second)
        bytes[Index.minutes] = encoded(time.minute)
        bytes[Index.hours] = encodedHour(time.hour)
        bytes[Index.weekday] = encoded(time.weekday)
        bytes[Index.day] = encoded(time.day)
        bytes[Index.month] = encoded(time.month)
        bytes[Index.year] = encoded(time.year % 100)
        bytes[Index.century] = encoded(time.year / 100 % 100)
    }

    /// Sets the clock to the bytes.
    private func takeTime() {
        let time = CalendarTime(
            year: decoded(bytes[Index.century]) &* 100 &+ decoded(bytes[Index.year]),
            month: decoded(bytes[Index.month]), day: decoded(bytes[Index.day]),
            hour: decodedHour(bytes[Index.hours]), minute: decoded(bytes[Index.minutes]),
            second: decoded(bytes[Index.seconds]))
        // Seconds of the years 0 to 9999; nanoseconds of 64 bits reach from 1678 to 2262.
        let change = min(9_000_000_000, max(-9_000_000_000, time.secondsSince1970)) &- second
        offset &+= change &* Self.billion
        lastSecond = second
    }

    // MARK: Ports

    package func read(_ offset: UInt64, width: Int, range: Int, vcpu: Int) -> UInt64 {
        guard offset & 1 == 1 else { return 0xFF }
        let index = Int(self.index)
        switch index {
        case Index.registerA:
            let fraction = nanoseconds &- second &* Self.billion
            let isUpdating = !isBeingSet && fraction >= Self.billion &- Self.updateNotice
            return UInt64(bytes[index] & 0x7F | (isUpdating ? 0x80 : 0))
        case Index.registerC:
            update()
            let flags = bytes[index]
            bytes[index] = 0
            updateLine()
            return UInt64(flags)
        default:
            if Self.timeFields.contains(index), !isBeingSet { latchTime() }
            return UInt64(bytes[index])
        }
    }

    package func write(_ value: UInt64, to offset: UInt64, width: Int, range: Int, vcpu: Int) {
        let value = UInt8(truncatingIfNeeded: value)
        guard offset & 1 == 1 else {
            // Bit 7 would mask NMIs.
            index = value & 0x7F
            return
        }
        update()
        let index = Int(self.index)
        switch index {
        case Index.registerA: bytes[index] = value & 0x7F
        case Index.registerB:
            if value & ControlB.set != 0, !isBeingSet { latchTime() }
            let wasBeingSet = isBeingSet
            bytes[index] = value & ControlB.set != 0 ? value & ~ControlB.update : value
            if wasBeingSet, !isBeingSet { takeTime() }
        case Index.registerC, Index.registerD: break
        default:
            let isTime = Self.timeFields.contains(index) && !isBeingSet
            if isTime { latchTime() }
            bytes[index] = value
            if isTime { takeTime() }
        }
        update()
    }

    // MARK: State

    package func save(into encoder: inout StateEncoder) {
        encoder.encode(index)
        encoder.encode(bytes)
        encoder.encode(offset)
        encoder.encode(lastTick)
        encoder.encode(lastSecond)
        periodicTimer?.save(into: &encoder)
        secondTimer?.save(into: &encoder)
    }

    package func restore(from decoder: inout StateDecoder, version: UInt32) throws(StateError) {
        try requireVersion(version)
        index = try decoder.decode(UInt8.self) & 0x7F
        let saved = try decoder.decodeBytes(limit: 128)
        guard saved.count == 128 else { throw StateError("\(id): \(saved.count) bytes") }
        bytes = saved
        offset = try decoder.decode(Int64.self)
        lastTick = try decoder.decode(UInt64.self)
        lastSecond = try decoder.decode(Int64.self)
        try periodicTimer?.restore(from: &decoder)
        try secondTimer?.restore(from: &decoder)
        line.set(bytes[Index.registerC] & Flag.any != 0)
    }
}
