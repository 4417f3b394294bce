package import VirtKitCore

/// PCI bus 0: the functions on it, and the two ways to their configuration spaces.
///
/// A `BusDevice` with two ranges: 0 the ports of configuration mechanism #1 (CF8H to CFFH; PCI Local Bus 3.0, 3.2.2.3.2),
/// 1 the ECAM window (PCI Express 3.0, 7.2.2). The byte at CF9H is the reset control register's.
package final class PCIBus: BusDevice {
    package let id = "pc/pci"
    package let stateVersion: UInt32 = 1

    private var functions = [PCIFunction?](repeating: nil, count: 256)
    private var address: UInt32 = 0
    /// What answers at CF9H, with the range number it is to be told.
    private let resetControl: (device: any BusDevice, range: Int)?

    /// Makes a bus without functions.
    package init(resetControl: (device: any BusDevice, range: Int)? = nil) { self.resetControl = resetControl }

    /// Puts a function on the bus. False where there is one at its address already.
    @discardableResult
    package func add(_ function: PCIFunction) -> Bool {
        guard functions[function.address.slot] == nil else { return false }
        functions[function.address.slot] = function
        return true
    }

    /// The function at an address.
    package func function(at address: PCIAddress) -> PCIFunction? { functions[address.slot] }

    /// All functions, in the order of their addresses.
    package var allFunctions: [PCIFunction] { functions.compactMap { $0 } }

    package func reset() { address = 0 }

    private func readConfiguration(bus: Int, slot: Int, offset: Int, width: Int) -> UInt64 {
        guard bus == 0, let function = functions[slot & 0xFF] else { return .max }
        return function.read(offset, width: width)
    }

    private func writeConfiguration(_ value: UInt64, bus: Int, slot: Int, offset: Int, width: Int) {
        guard bus == 0, let function = functions[slot & 0xFF] else { return }
        function.write(value, to: offset, width: width)
    }

    /// What the address register names, for the data port at `offset` (0 to 3); nil where it is switched off.
    private func target(_ offset: UInt64) -> (bus: Int, slot: Int, offset: Int)? {
        guard address >> 31 != 0 else { return nil }
        return (
            Int(address >> 16 & 0xFF), Int(address >> 8 & 0xFF), Int(address & 0xFC) | Int(offset & 3)
        )
    }

    package func read(_ offset: UInt64, width: Int, range: Int, vcpu: Int) -> UInt64 {
        if range == 1 {
            return readConfiguration(
                bus: Int(offset >> 20 & 0xFF), slot: Int(offset >> 12 & 0xFF), offset: Int(offset & 0xFFF),
                width: width)
        }
        if offset == 1, width == 1, let (device, range) = resetControl {
            return device.read(0, width: 1, range: range, vcpu: vcpu)
        }
        if offset < 4 { return width == 4 ? UInt64(address) : .max }
        guard let target = target(offset) else { return .max }
        return readConfiguration(bus: target.bus, slot: target.slot, offset: target.offset, width: width)
    }

    package func write(_ value: UInt64, to offset: UInt64, width: Int, range: Int, vcpu: Int) {
        if range == 1 {
            writeConfiguration(
                value, bus: Int(offset >> 20 & 0xFF), slot: Int(offset >> 12 & 0xFF), offset: Int(offset & 0xFFF),
                width: width)
        } else if offset == 1, width == 1, let (device, range) = resetControl {
            device.write(value, to: 0, width: 1, range: range, vcpu: vcpu)
        } else if offset < 4 {
            if width == 4 { address = UInt32(truncatingIfNeeded: value) & 0x80FF_FFFC }
        } else if let target = target(offset) {
            writeConfiguration(value, bus: target.bus, slot: target.slot, offset: target.offset, width: width)
        }
    }

    package func save(into encoder: inout StateEncoder) { encoder.encode(address) }

    package func restore(from decoder: inout StateDecoder, version: UInt32) throws(StateError) {
        try requireVersion(version)
        address = try decoder.decode(UInt32.self)
    }
}
