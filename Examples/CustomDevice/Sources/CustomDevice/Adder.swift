import VirtKit

/// A device of two 32-bit registers: what is written to DATA (offset 0) is added up, and SUM (offset 8) holds the total.
///
/// Every call comes with the machine's device lock held, so the device needs no lock. What a guest writes may be
/// anything: `&+` never traps.
final class Adder: BusDevice {
    let id: String
    let stateVersion: UInt32 = 1
    private var sum: UInt32 = 0

    init(id: String) { self.id = id }

    func reset() { sum = 0 }

    func read(_ offset: UInt64, width: Int, range: Int, vcpu: Int) -> UInt64 { offset == 8 ? UInt64(sum) : 0 }

    func write(_ value: UInt64, to offset: UInt64, width: Int, range: Int, vcpu: Int) {
        if offset == 0 { sum &+= UInt32(truncatingIfNeeded: value) }
    }

    func save(into encoder: inout StateEncoder) { encoder.encode(sum) }

    func restore(from decoder: inout StateDecoder, version: UInt32) throws(StateError) {
        guard version == stateVersion else { throw StateError("version \(version) is not known") }
        sum = try decoder.decode(UInt32.self)
    }
}

/// Makes adders for the machines whose configuration has a device of model "adder".
struct AdderModel: DeviceModel {
    let name = "adder"

    /// The address of the first register, in the part of the guest's address space that is free for devices.
    private static let address: UInt64 = 0xD000_0000

    func faults(in configuration: DeviceConfiguration) -> [String] {
        configuration.properties.isEmpty ? [] : ["an adder has no properties"]
    }

    func makeDevice(
        _ configuration: DeviceConfiguration, context: DeviceContext, interruptLine: (Int) -> InterruptLine
    ) throws(VirtKitError) -> DevicePlacement {
        DevicePlacement(
            device: Adder(id: configuration.id),
            ranges: [DevicePlacement.Range(space: .memory, address: Self.address, size: 4096)])
    }
}
