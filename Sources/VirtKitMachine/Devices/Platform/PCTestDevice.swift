internal import VirtKitCore

/// What test kernels drive interrupts and accesses with: the ports and the memory of QEMU's `pc-testdev`.
///
/// | range | where | |
/// |---|---|---|
/// | 0 | ports E0H to E3H | a register of 32 bits, read and written by bytes, words and doublewords |
/// | 1 | ports E4H to E7H | takes the address of a page that the host maps anew, which a guest can't tell: nothing happens |
/// | 2 | ports E8H to EBH | the same register as range 0 |
/// | 3 | ports 2000H to 2017H | one byte for each interrupt input (GSI): not 0 raises it, 0 releases it |
/// | 4 | memory FF000000H to FF00FFFFH | 64 KiB that keep what is written |
final class PCTestDevice: BusDevice {
    let id: String
    let stateVersion: UInt32 = 1
    private let lines: [InterruptLine]
    private var data: UInt32 = 0
    private var memory = [UInt8](repeating: 0, count: PCTestDevice.memorySize)

    static let lineCount = PCAddresses.ioAPICInputs
    static let memorySize = 0x1_0000

    /// Makes a device whose interrupt inputs are `lines`, `lineCount` of them.
    init(id: String, lines: [InterruptLine]) {
        self.id = id
        self.lines = lines
    }

    func reset() {
        data = 0
        memory = [UInt8](repeating: 0, count: Self.memorySize)
        for line in lines { line.set(false) }
    }

    func read(_ offset: UInt64, width: Int, range: Int, vcpu: Int) -> UInt64 {
        switch range {
        case 0, 2: return registerPart(UInt64(data), offset: offset, width: width)
        case 4:
            var value: UInt64 = 0
            for place in 0..<UInt64(truncatingIfNeeded: width) where offset &+ place < UInt64(memory.count) {
                value |= UInt64(memory[Int(offset &+ place)]) &<< (place &* 8)
            }
            return value
        default: return 0
        }
    }

    func write(_ value: UInt64, to offset: UInt64, width: Int, range: Int, vcpu: Int) {
        switch range {
        case 0, 2:
            data = UInt32(
                truncatingIfNeeded: replacingRegisterPart(UInt64(data), with: value, offset: offset, width: width))
        case 3:
            if width == 1, offset < UInt64(lines.count) { lines[Int(offset)].set(value & 0xFF != 0) }
        case 4:
            for place in 0..<UInt64(truncatingIfNeeded: width) where offset &+ place < UInt64(memory.count) {
                memory[Int(offset &+ place)] = UInt8(truncatingIfNeeded: value &>> (place &* 8))
            }
        default: break
        }
    }

    func save(into encoder: inout StateEncoder) {
        encoder.encode(data)
        var levels: UInt32 = 0
        for (index, line) in lines.enumerated() where line.isAsserted { levels |= 1 &<< UInt32(index) }
        encoder.encode(levels)
        encoder.encode(memory)
    }

    func restore(from decoder: inout StateDecoder, version: UInt32) throws(StateError) {
        try requireVersion(version)
        let data = try decoder.decode(UInt32.self)
        let levels = try decoder.decode(UInt32.self)
        let saved = try decoder.decodeBytes(limit: Self.memorySize)
        guard saved.count == Self.memorySize, levels >> UInt32(lines.count) == 0 else {
            throw StateError("\(id): the state has \(saved.count) bytes of memory, or inputs that there are not")
        }
        self.data = data
        memory = saved
        for (index, line) in lines.enumerated() { line.set(levels >> UInt32(index) & 1 != 0) }
    }
}

/// The model `pc-testdev`.
struct PCTestDeviceModel: DeviceModel {
    let name = "pc-testdev"

    func faults(in configuration: DeviceConfiguration) -> [String] {
        configuration.properties.keys.sorted().map { "the model pc-testdev has no property \"\($0)\"" }
    }

    func makeDevice(
        _ configuration: DeviceConfiguration, context: DeviceContext, interruptLine: (Int) -> InterruptLine
    ) throws(VirtKitError) -> DevicePlacement {
        let device = PCTestDevice(id: configuration.id, lines: (0..<PCTestDevice.lineCount).map(interruptLine))
        return DevicePlacement(
            device: device,
            ranges: [
                .init(space: .port, address: 0xE0, size: 4), .init(space: .port, address: 0xE4, size: 4),
                .init(space: .port, address: 0xE8, size: 4),
                .init(space: .port, address: 0x2000, size: UInt64(PCTestDevice.lineCount)),
                .init(address: 0xFF00_0000, size: UInt64(PCTestDevice.memorySize)),
            ])
    }
}
