package import VirtKitCore

/// ACPI's fixed hardware as the ICH9 has it (ICH9 data sheet, 13.8.3; ACPI specification, chapter 4), with the port that
/// switches ACPI mode on and off.
///
/// Ranges: 0 the register block at PMBASE, 1 the APM control and status ports.
package final class PowerManagement: BusDevice {
    package let id = "pc/pm"
    package let stateVersion: UInt32 = 1

    private enum Status { static let timer: UInt16 = 1 << 0, powerButton: UInt16 = 1 << 8 }
    /// Timer, bus master, global lock, power and sleep button, clock, wake.
    private static let statusBits: UInt16 = 0x8731
    private static let enableBits: UInt16 = 0x0721
    private static let sciEnabled: UInt16 = 1
    private static let sleepEnable: UInt8 = 1 << 5
    /// APMC_EN in SMI_EN. It is set after reset: firmware takes that for an SMM that is set up, and doesn't wait for SMIs,
    /// which never come here.
    private static let smiAfterReset: UInt32 = 1 << 5

    private let context: DeviceContext
    private let line: InterruptLine
    private var timer: TimerQueue.Timer?

    private var status: UInt16 = 0
    private var enable: UInt16 = 0
    private var control: UInt16 = 0
    private var generalStatus: UInt64 = 0
    private var generalEnable: UInt64 = 0
    private var smiEnable: UInt32 = 0
    private var apm: [UInt8] = [0, 0]
    /// How often bit 23 of the PM timer had changed when `status` was last brought up to date.
    private var halfTurns: UInt64 = 0

    /// Makes the block, with `line` as its SCI.
    package init(context: DeviceContext, line: InterruptLine) {
        self.context = context
        self.line = line
        timer = context.timers.makeTimer { [unowned self] _ in update() }
        reset()
    }

    package func reset() {
        status = 0
        enable = 0
        control = 0
        generalStatus = 0
        generalEnable = 0
        smiEnable = Self.smiAfterReset
        apm = [0, 0]
        halfTurns = ticks >> 23
        update()
    }

    // MARK: Events

    /// Presses the power button: the guest is told, if it listens.
    package func pressPowerButton() {
        status |= Status.powerButton
        update()
    }

    /// Raises general-purpose event `number`, 0 to 63.
    package func raiseEvent(_ number: Int) {
        guard number >= 0, number < 64 else { return }
        generalStatus |= 1 &<< UInt64(number)
        update()
    }

    private var ticks: UInt64 {
        let (high, low) = context.clock.now.multipliedFullWidth(by: PCAddresses.pmTimerFrequency)
        return UInt64(1_000_000_000).dividingFullWidth((high, low)).quotient
    }

    /// Brings the timer's status and the SCI up to date.
    private func update() {
        let turns = ticks >> 23
        if turns != halfTurns {
            halfTurns = turns
            status |= Status.timer
        }
        let isRaised = status & enable != 0 || generalStatus & generalEnable != 0
        line.set(isRaised && control & Self.sciEnabled != 0)
        guard enable & Status.timer != 0, status & Status.timer == 0 else { return timer?.cancel() ?? () }
        let (high, low) = ((turns &+ 1) << 23).multipliedFullWidth(by: 1_000_000_000)
        guard high < PCAddresses.pmTimerFrequency else { return }
        timer?.arm(at: PCAddresses.pmTimerFrequency.dividingFullWidth((high, low)).quotient &+ 1)
    }

    // MARK: Registers

    package func read(_ offset: UInt64, width: Int, range: Int, vcpu: Int) -> UInt64 {
        if range == 1 { return UInt64(apm[Int(offset & 1)]) }
        update()
        let low = UInt64(word(offset & ~3)) | UInt64(word((offset & ~3) &+ 4)) << 32
        return registerPart(low, offset: offset & 3, width: width)
    }

    private func word(_ offset: UInt64) -> UInt32 {
        switch offset {
        case 0x00: UInt32(status) | UInt32(enable) << 16
        case 0x04: UInt32(control)
        case 0x08: UInt32(truncatingIfNeeded: ticks) & 0xFF_FFFF
        case 0x20: UInt32(truncatingIfNeeded: generalStatus)
        case 0x24: UInt32(truncatingIfNeeded: generalStatus >> 32)
        case 0x28: UInt32(truncatingIfNeeded: generalEnable)
        case 0x2C: UInt32(truncatingIfNeeded: generalEnable >> 32)
        case 0x30: smiEnable
        default: 0
        }
    }

    package func write(_ value: UInt64, to offset: UInt64, width: Int, range: Int, vcpu: Int) {
        if range == 1 {
            apm[Int(offset & 1)] = UInt8(truncatingIfNeeded: value)
            if offset == 0 { command(apm[0]) }
            return
        }
        update()
        for index in 0..<UInt64(truncatingIfNeeded: min(8, max(1, width))) {
            writeByte(UInt8(truncatingIfNeeded: value &>> (index &* 8)), offset &+ index)
        }
        update()
    }

    private func command(_ value: UInt8) {
        switch value {
        case PCAddresses.acpiEnable: control |= Self.sciEnabled
        case PCAddresses.acpiDisable: control &= ~Self.sciEnabled
        default: break
        }
        update()
    }

    private func writeByte(_ value: UInt8, _ offset: UInt64) {
        let shift = (offset & 7) &* 8
        let byte = UInt16(value)
        switch offset {
        // Writing 1 to a status bit clears it.
        case 0x00: status &= ~byte
        case 0x01: status &= ~(byte << 8)
        case 0x02: enable = enable & 0xFF00 | byte & Self.enableBits
        case 0x03: enable = enable & 0x00FF | (byte << 8) & Self.enableBits
        case 0x04: control = control & 0xFF00 | byte & 0x0003
        case 0x05:
            control = control & 0x00FF | (byte << 8) & 0x1C00
            if value & Self.sleepEnable != 0 { sleep(type: value >> 2 & 7) }
        case 0x20..<0x28: generalStatus &= ~(UInt64(value) &<< shift)
        case 0x28..<0x30:
            generalEnable = replacingRegisterPart(generalEnable, with: UInt64(value), offset: offset & 7, width: 1)
        case 0x30..<0x34:
            smiEnable = UInt32(
                truncatingIfNeeded: replacingRegisterPart(
                    UInt64(smiEnable), with: UInt64(value), offset: offset & 3, width: 1))
        default: break
        }
    }

    /// The guest wants to sleep. Soft off is the only sleep there is.
    private func sleep(type: UInt8) {
        if type == PCAddresses.sleepTypeSoftOff || type == 7 { context.request(.powerOff, 0) }
    }

    // MARK: State

    package func save(into encoder: inout StateEncoder) {
        for value in [status, enable, control] { encoder.encode(value) }
        for value in [generalStatus, generalEnable, halfTurns] { encoder.encode(value) }
        encoder.encode(smiEnable)
        for value in apm { encoder.encode(value) }
        timer?.save(into: &encoder)
    }

    package func restore(from decoder: inout StateDecoder, version: UInt32) throws(StateError) {
        try requireVersion(version)
        status = try decoder.decode(UInt16.self) & Self.statusBits
        enable = try decoder.decode(UInt16.self) & Self.enableBits
        control = try decoder.decode(UInt16.self)
        generalStatus = try decoder.decode(UInt64.self)
        generalEnable = try decoder.decode(UInt64.self)
        halfTurns = try decoder.decode(UInt64.self)
        smiEnable = try decoder.decode(UInt32.self)
        for index in apm.indices { apm[index] = try decoder.decode(UInt8.self) }
        try timer?.restore(from: &decoder)
        let isRaised = status & enable != 0 || generalStatus & generalEnable != 0
        line.set(isRaised && control & Self.sciEnabled != 0)
    }
}
