package import VirtKitCore

/// An Intel 8042 keyboard controller, without a keyboard or a mouse: for its reset and A20 lines, and for operating
/// systems that look for it.
///
/// Ranges: 0 the data port, 1 the command and status port. Accesses of 1 byte. A byte for the keyboard is answered by
/// FEH (resend) with the time-out bit, as the controller does when nothing is plugged in.
package final class KeyboardController: BusDevice {
    package let id = "pc/keyboard"
    package let stateVersion: UInt32 = 1

    private enum Status {
        static let outputFull: UInt8 = 0x01, system: UInt8 = 0x04, command: UInt8 = 0x08, unlocked: UInt8 = 0x10
        static let auxiliary: UInt8 = 0x20, timeout: UInt8 = 0x40
    }
    private enum Configuration { static let interrupt: UInt8 = 0x01, system: UInt8 = 0x04 }
    /// Not reset, A20 on, both clocks and data lines high.
    private static let initialOutputPort: UInt8 = 0xCF

    private let context: DeviceContext
    private let line: InterruptLine?
    private var memory = [UInt8](repeating: 0, count: 32)
    private var outputPort: UInt8 = 0
    private var status: UInt8 = 0
    private var output: UInt8 = 0
    /// The command that waits for its byte; 0 for none.
    private var waiting: UInt8 = 0

    /// Makes a controller; `line` is the keyboard's interrupt.
    package init(context: DeviceContext, line: InterruptLine? = nil) {
        self.context = context
        self.line = line
        reset()
    }

    package func reset() {
        for index in memory.indices { memory[index] = 0 }
        memory[0] = 0x34
        outputPort = Self.initialOutputPort
        status = Status.unlocked
        output = 0
        waiting = 0
        line?.set(false)
    }

    private func put(_ byte: UInt8, status bits: UInt8 = 0) {
        output = byte
        status = status & ~(Status.auxiliary | Status.timeout) | Status.outputFull | bits
        updateLine()
    }

    private func updateLine() {
        let isFull = status & (Status.outputFull | Status.auxiliary) == Status.outputFull
        line?.set(isFull && memory[0] & Configuration.interrupt != 0)
    }

    package func read(_ offset: UInt64, width: Int, range: Int, vcpu: Int) -> UInt64 {
        if range == 1 { return UInt64(status | memory[0] & Status.system) }
        status &= ~(Status.outputFull | Status.timeout | Status.auxiliary)
        updateLine()
        return UInt64(output)
    }

    package func write(_ value: UInt64, to offset: UInt64, width: Int, range: Int, vcpu: Int) {
        let value = UInt8(truncatingIfNeeded: value)
        if range == 1 {
            status |= Status.command
            command(value)
        } else {
            status &= ~Status.command
            data(value)
        }
    }

    private func command(_ value: UInt8) {
        waiting = 0
        switch value {
        case 0x20...0x3F: put(memory[Int(value & 0x1F)])
        // Those that take a byte: memory, output port, the three write-backs, and the mouse's.
        case 0x60...0x7F, 0xD1, 0xD2, 0xD3, 0xD4: waiting = value
        case 0xA7: memory[0] |= 0x20
        case 0xA8: memory[0] &= ~0x20
        // The mouse's clock line is stuck: there is none.
        case 0xA9: put(0x01)
        case 0xAA:
            memory[0] |= Configuration.system
            put(0x55)
        case 0xAB: put(0x00)
        case 0xAD: memory[0] |= 0x10
        case 0xAE: memory[0] &= ~0x10
        case 0xC0: put(0x80)
        case 0xD0: put(outputPort)
        case 0xF0...0xFF:
            // The low four lines of the output port are pulsed where the bit is 0; the lowest is reset.
            if value & 1 == 0 { context.request(.reset, 0) }
        default: break
        }
    }

    private func data(_ value: UInt8) {
        let command = waiting
        waiting = 0
        switch command {
        case 0x60...0x7F:
            memory[Int(command & 0x1F)] = value
            updateLine()
        case 0xD1:
            outputPort = value
            if value & 1 == 0 { context.request(.reset, 0) }
        // Without a mouse port, the mouse's write-back comes as the keyboard's: so drivers find out.
        case 0xD2, 0xD3: put(value)
        case 0xD4: put(0xFE, status: Status.auxiliary | Status.timeout)
        default: put(0xFE, status: Status.timeout)
        }
    }

    package func save(into encoder: inout StateEncoder) {
        encoder.encode(memory)
        for value in [outputPort, status, output, waiting] { encoder.encode(value) }
    }

    package func restore(from decoder: inout StateDecoder, version: UInt32) throws(StateError) {
        try requireVersion(version)
        let saved = try decoder.decodeBytes(limit: 32)
        guard saved.count == 32 else { throw StateError("\(id): \(saved.count) bytes") }
        memory = saved
        outputPort = try decoder.decode(UInt8.self)
        status = try decoder.decode(UInt8.self)
        output = try decoder.decode(UInt8.self)
        waiting = try decoder.decode(UInt8.self)
        updateLine()
    }
}
