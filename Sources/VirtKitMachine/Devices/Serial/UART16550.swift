package import VirtKitCore

/// A 16550A UART (National Semiconductor PC16550D data sheet), connected to a serial console. Ports: 8, of 1 byte.
///
/// Output leaves at once, whatever the divisor says: the transmitter is always empty. Input waits in the console's queue
/// until there is room in the receiver's FIFO. The modem is always there: DCD, DSR and CTS are on.
package final class UART16550: BusDevice {
    package let id: String
    package let stateVersion: UInt32 = 1

    private enum Enable {
        static let received: UInt8 = 1, transmitter: UInt8 = 2, lineStatus: UInt8 = 4, modem: UInt8 = 8
    }
    private enum Cause {
        static let none: UInt8 = 0x01, modem: UInt8 = 0x00, transmitter: UInt8 = 0x02, received: UInt8 = 0x04
        static let lineStatus: UInt8 = 0x06, timeout: UInt8 = 0x0C
    }
    private enum LineStatus {
        static let ready: UInt8 = 0x01, overrun: UInt8 = 0x02, breakSignal: UInt8 = 0x10, empty: UInt8 = 0x60
        static let errors: UInt8 = 0x1E
    }
    private enum ModemControl { static let out2: UInt8 = 0x08, loop: UInt8 = 0x10 }
    /// DCD, DSR and CTS.
    private static let modemLines: UInt8 = 0xB0
    private static let fifoSize = 16
    /// The frequency of the UART's clock, divided by 16.
    private static let baudBase: UInt64 = 115_200

    private let context: DeviceContext
    private let console: SerialConsole
    private let line: InterruptLine
    private var timer: TimerQueue.Timer?

    // MARK: State

    private var enable: UInt8 = 0
    private var fifoControl: UInt8 = 0
    private var lineControl: UInt8 = 0
    private var modemControl: UInt8 = 0
    /// Error bits of the line status register.
    private var lineErrors: UInt8 = 0
    private var modemStatus: UInt8 = 0
    private var scratch: UInt8 = 0
    private var divisor: UInt16 = 12
    private var received: [UInt8] = []
    /// The transmitter became empty, and nobody has been told yet.
    private var transmitterPending = false
    /// Bytes wait below the trigger level for longer than four characters.
    private var hasTimedOut = false

    /// Makes a UART.
    package init(id: String, context: DeviceContext, console: SerialConsole, line: InterruptLine) {
        self.id = id
        self.context = context
        self.console = console
        self.line = line
        received.reserveCapacity(Self.fifoSize)
        timer = context.timers.makeTimer { [unowned self] _ in
            hasTimedOut = !received.isEmpty
            update()
        }
        reset()
    }

    package func reset() {
        enable = 0
        fifoControl = 0
        lineControl = 0
        modemControl = 0
        lineErrors = 0
        modemStatus = Self.modemLines
        scratch = 0
        divisor = 12
        received.removeAll(keepingCapacity: true)
        transmitterPending = false
        hasTimedOut = false
        timer?.cancel()
        update()
    }

    // MARK: Input

    /// Takes input from the console, as far as there is room. Called when some has arrived.
    package func inputArrived() {
        guard modemControl & ModemControl.loop == 0 else { return }
        let room = capacity &- received.count
        guard room > 0 else { return }
        let bytes = console.takeInput(upTo: room)
        guard !bytes.isEmpty else { return }
        received.append(contentsOf: bytes)
        restartTimeout()
        update()
    }

    private var hasFIFO: Bool { fifoControl & 1 != 0 }
    private var capacity: Int { hasFIFO ? Self.fifoSize : 1 }

    private var triggerLevel: Int {
        guard hasFIFO else { return 1 }
        return switch fifoControl >> 6 {
        case 0: 1
        case 1: 4
        case 2: 8
        default: 14
        }
    }

    /// A byte comes from the transmitter, in loopback mode.
    private func receive(_ byte: UInt8) {
        if received.count < capacity {
            received.append(byte)
        } else {
            lineErrors |= LineStatus.overrun
            if !hasFIFO { received[0] = byte }
        }
        restartTimeout()
    }

    private func restartTimeout() {
        hasTimedOut = false
        guard hasFIFO, !received.isEmpty else { return timer?.cancel() ?? () }
        // Four characters of ten bits. No guest waits for a real line here, so not longer than 5 ms.
        let bits = 40 &* 1_000_000_000 &* UInt64(max(1, divisor)) / Self.baudBase
        timer?.arm(at: context.clock.now &+ min(bits, 5_000_000))
    }

    private func readReceiver() -> UInt8 {
        guard !received.isEmpty else { return 0 }
        let byte = received.removeFirst()
        if received.isEmpty { inputArrived() }
        restartTimeout()
        update()
        return byte
    }

    // MARK: Interrupts

    /// The cause of the highest priority (data sheet, table IV).
    private var cause: UInt8 {
        if enable & Enable.lineStatus != 0, lineErrors != 0 { return Cause.lineStatus }
        if enable & Enable.received != 0, received.count >= triggerLevel { return Cause.received }
        if enable & Enable.received != 0, hasTimedOut { return Cause.timeout }
        if enable & Enable.transmitter != 0, transmitterPending { return Cause.transmitter }
        if enable & Enable.modem != 0, modemStatus & 0x0F != 0 { return Cause.modem }
        return Cause.none
    }

    private func update() {
        // OUT2 connects the interrupt to the bus on a PC; in loopback mode the pin is off.
        let isConnected = modemControl & (ModemControl.out2 | ModemControl.loop) == ModemControl.out2
        line.set(isConnected && cause != Cause.none)
    }

    // MARK: Registers

    package func read(_ offset: UInt64, width: Int, range: Int, vcpu: Int) -> UInt64 {
        let value: UInt8
        switch offset {
        case 0: value = hasDivisorAccess ? UInt8(truncatingIfNeeded: divisor) : readReceiver()
        case 1: value = hasDivisorAccess ? UInt8(truncatingIfNeeded: divisor >> 8) : enable
        case 2:
            let cause = cause
            // Being told of the empty transmitter settles it; other causes go with their own registers.
            if cause == Cause.transmitter {
                transmitterPending = false
                update()
            }
            value = cause | (hasFIFO ? 0xC0 : 0)
        case 3: value = lineControl
        case 4: value = modemControl
        case 5:
            value = lineErrors | LineStatus.empty | (received.isEmpty ? 0 : LineStatus.ready)
            lineErrors = 0
            update()
        case 6:
            value = modemStatus
            modemStatus &= 0xF0
            update()
        case 7: value = scratch
        default: return .max
        }
        return UInt64(value)
    }

    package func write(_ value: UInt64, to offset: UInt64, width: Int, range: Int, vcpu: Int) {
        let value = UInt8(truncatingIfNeeded: value)
        switch offset {
        case 0 where hasDivisorAccess: divisor = divisor & 0xFF00 | UInt16(value)
        case 0:
            if modemControl & ModemControl.loop != 0 { receive(value) } else { console.deliver(value) }
            transmitterPending = true
        case 1 where hasDivisorAccess: divisor = divisor & 0x00FF | UInt16(value) << 8
        case 1:
            // Enabling the interrupt while the transmitter is empty raises it.
            if value & ~enable & Enable.transmitter != 0 { transmitterPending = true }
            enable = value & 0x0F
        case 2: setFIFOControl(value)
        case 3: lineControl = value
        case 4: setModemControl(value & 0x1F)
        case 7: scratch = value
        default: break
        }
        update()
    }

    private var hasDivisorAccess: Bool { lineControl & 0x80 != 0 }

    private func setFIFOControl(_ value: UInt8) {
        // A change of mode empties the FIFOs, as does bit 1 for the receiver's.
        if (value ^ fifoControl) & 1 != 0 || value & 3 == 3 {
            received.removeAll(keepingCapacity: true)
            hasTimedOut = false
            timer?.cancel()
        }
        // The other bits are taken only together with bit 0. The reset bits clear themselves.
        fifoControl = value & 1 == 0 ? 0 : value & 0xC9
        inputArrived()
    }

    private func setModemControl(_ value: UInt8) {
        let wasLooped = modemControl & ModemControl.loop != 0
        modemControl = value
        var lines = Self.modemLines
        if value & ModemControl.loop != 0 {
            // RTS to CTS, DTR to DSR, OUT1 to RI, OUT2 to DCD.
            lines = (value & 0x02) << 3 | (value & 0x01) << 5 | (value & 0x04) << 4 | (value & 0x08) << 4
        }
        let changed = (lines ^ modemStatus) >> 4
        // RI counts when it goes off only.
        let delta = changed & 0x0B | (modemStatus & ~lines) >> 4 & 0x04
        modemStatus = lines | modemStatus & 0x0F | delta
        if wasLooped, value & ModemControl.loop == 0 { inputArrived() }
    }

    // MARK: State

    package func save(into encoder: inout StateEncoder) {
        for value in [enable, fifoControl, lineControl, modemControl, lineErrors, modemStatus, scratch] {
            encoder.encode(value)
        }
        encoder.encode(divisor)
        encoder.encode(received)
        encoder.encode(transmitterPending)
        encoder.encode(hasTimedOut)
        timer?.save(into: &encoder)
    }

    package func restore(from decoder: inout StateDecoder, version: UInt32) throws(StateError) {
        try requireVersion(version)
        enable = try decoder.decode(UInt8.self) & 0x0F
        fifoControl = try decoder.decode(UInt8.self)
        lineControl = try decoder.decode(UInt8.self)
        modemControl = try decoder.decode(UInt8.self)
        lineErrors = try decoder.decode(UInt8.self) & LineStatus.errors
        modemStatus = try decoder.decode(UInt8.self)
        scratch = try decoder.decode(UInt8.self)
        divisor = try decoder.decode(UInt16.self)
        received = try decoder.decodeBytes(limit: Self.fifoSize)
        transmitterPending = try decoder.decode(Bool.self)
        hasTimedOut = try decoder.decode(Bool.self)
        try timer?.restore(from: &decoder)
        update()
    }
}
