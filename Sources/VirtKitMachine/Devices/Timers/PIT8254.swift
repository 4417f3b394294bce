package import VirtKitCore

/// An Intel 8254 with system control port B. Channel 0 raises IRQ 0, channel 2 is the speaker's.
///
/// Ranges: 0 the four ports of the timer, 1 system control port B. Accesses of 1 byte. Interrupts that fall due while
/// the machine is held up fold into one.
package final class PIT8254: BusDevice {
    package let id = "pc/pit"
    package let stateVersion: UInt32 = 1

    /// Interrupts don't come more often than this, in ns, whatever the count.
    private static let shortestInterval: UInt64 = 50_000
    private static let billion: UInt64 = 1_000_000_000

    private let clock: MachineClock
    private let line: InterruptLine
    private var timer: TimerQueue.Timer?
    private var channels = [PITChannel](repeating: PITChannel(), count: 3)
    /// Bits 0 to 3 of system control port B.
    private var systemControl: UInt8 = 0

    /// Makes a timer.
    package init(context: DeviceContext, line: InterruptLine) {
        clock = context.clock
        self.line = line
        timer = context.timers.makeTimer { [unowned self] _ in outputRose() }
        reset()
    }

    package func reset() {
        for index in channels.indices { channels[index] = PITChannel() }
        channels[2].gate = false
        systemControl = 0
        timer?.cancel()
        line.set(false)
    }

    // MARK: Time

    private var tick: UInt64 {
        let (high, low) = clock.now.multipliedFullWidth(by: PCAddresses.pitFrequency)
        return Self.billion.dividingFullWidth((high, low)).quotient
    }

    /// The machine time at which a tick has come.
    private func time(ofTick tick: UInt64) -> UInt64 {
        let (high, low) = tick.multipliedFullWidth(by: Self.billion)
        guard high < PCAddresses.pitFrequency else { return .max }
        return PCAddresses.pitFrequency.dividingFullWidth((high, low)).quotient &+ 1
    }

    /// Sets the line to channel 0's output, and arms the timer for its next rise.
    private func update() {
        let tick = tick
        channels[0].settle(tick)
        // The low tick of modes 2, 4 and 5 is left to the next rise, which is an edge all the same.
        let isShortPulse = channels[0].mode == 2 || channels[0].mode >= 4
        line.set(channels[0].output(tick) || isShortPulse && line.isAsserted)
        guard let rise = channels[0].nextRise(after: tick) else { return timer?.cancel() ?? () }
        timer?.arm(at: max(time(ofTick: rise), clock.now &+ Self.shortestInterval))
    }

    private func outputRose() {
        line.set(false)
        line.set(true)
        update()
    }

    // MARK: Registers

    package func read(_ offset: UInt64, width: Int, range: Int, vcpu: Int) -> UInt64 {
        let tick = tick
        if range == 1 {
            // Bit 4 changes with each refresh of the memory, every 15 us or so.
            channels[2].settle(tick)
            let refresh = clock.now / 15_085 & 1
            return UInt64(systemControl) | refresh << 4 | (channels[2].output(tick) ? 0x20 : 0)
        }
        guard offset < 3 else { return 0xFF }
        return UInt64(channels[Int(offset)].read(tick))
    }

    package func write(_ value: UInt64, to offset: UInt64, width: Int, range: Int, vcpu: Int) {
        let value = UInt8(truncatingIfNeeded: value)
        let tick = tick
        if range == 1 {
            systemControl = value & 0x0F
            channels[2].setGate(value & 1 != 0, tick: tick)
        } else if offset < 3 {
            channels[Int(offset)].write(value, tick: tick)
            if offset == 0 { update() }
        } else if value >> 6 == 3 {
            // The read-back command: bit 5 low latches counts, bit 4 low latches states.
            for index in 0..<3 where value >> UInt8(index &+ 1) & 1 != 0 {
                if value & 0x20 == 0 { channels[index].latchCount(tick) }
                if value & 0x10 == 0 { channels[index].latchStatus(tick) }
            }
        } else {
            let index = Int(value >> 6)
            channels[index].control(value, tick: tick)
            if index == 0, value & 0x30 != 0 {
                line.set(channels[0].output(tick))
                update()
            }
        }
    }

    // MARK: State

    package func save(into encoder: inout StateEncoder) {
        for channel in channels { channel.save(into: &encoder) }
        encoder.encode(systemControl)
        encoder.encode(line.isAsserted)
        timer?.save(into: &encoder)
    }

    package func restore(from decoder: inout StateDecoder, version: UInt32) throws(StateError) {
        try requireVersion(version)
        for index in channels.indices { channels[index] = try PITChannel(from: &decoder) }
        systemControl = try decoder.decode(UInt8.self) & 0x0F
        line.set(try decoder.decode(Bool.self))
        try timer?.restore(from: &decoder)
    }
}
