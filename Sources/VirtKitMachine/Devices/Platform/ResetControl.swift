package import VirtKitCore

/// System control port A: fast reset and A20. Beside it, what else of a PC's system ports does nothing but keep what is
/// written: the POST code and DMA page registers.
///
/// Ranges: 0 port 92H; 1 ports 80H to 8FH; 2 the reset control register CF9H (ICH9, 13.7.5). Accesses of 1 byte.
package final class ResetControl: BusDevice {
    package let id = "pc/reset"
    package let stateVersion: UInt32 = 1

    private let context: DeviceContext
    private var portA: UInt8 = 0
    private var control: UInt8 = 0
    private var pages = [UInt8](repeating: 0, count: 16)

    /// Makes the ports.
    package init(context: DeviceContext) {
        self.context = context
        reset()
    }

    package func reset() {
        // A20 is on: no board has masked it for a long time.
        portA = 0x02
        control = 0
        for index in pages.indices { pages[index] = 0 }
    }

    package func read(_ offset: UInt64, width: Int, range: Int, vcpu: Int) -> UInt64 {
        switch range {
        case 0: UInt64(portA)
        case 1: UInt64(pages[Int(offset & 15)])
        default: UInt64(control)
        }
    }

    package func write(_ value: UInt64, to offset: UInt64, width: Int, range: Int, vcpu: Int) {
        let value = UInt8(truncatingIfNeeded: value)
        switch range {
        case 0:
            if value & ~portA & 1 != 0 { context.request(.reset, 0) }
            portA = value & 0x03
        case 1: pages[Int(offset & 15)] = value
        default:
            // Bit 2's rise resets, hard (bit 1) or the processor alone: it is all the same here.
            if value & ~control & 0x04 != 0 { context.request(.reset, 0) }
            control = value & 0x0E
        }
    }

    package func save(into encoder: inout StateEncoder) {
        encoder.encode(portA)
        encoder.encode(control)
        encoder.encode(pages)
    }

    package func restore(from decoder: inout StateDecoder, version: UInt32) throws(StateError) {
        try requireVersion(version)
        portA = try decoder.decode(UInt8.self)
        control = try decoder.decode(UInt8.self)
        let saved = try decoder.decodeBytes(limit: 16)
        guard saved.count == 16 else { throw StateError("\(id): \(saved.count) bytes") }
        pages = saved
    }
}
