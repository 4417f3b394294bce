internal import VirtKitCore

/// A port whose bytes go to a file of the host, as with QEMU's `isa-debugcon`: firmware tells its progress there. It reads as
/// E9H, by which a guest knows that it is there.
///
/// Bytes are written line by line. After `limit` bytes, and where the host can't write, they are dropped.
final class DebugConsole: BusDevice {
    let id: String
    let stateVersion: UInt32 = 1
    private let file: SystemFile
    private var line: [UInt8] = []
    private var written: UInt64 = 0

    /// The largest size of the file.
    static let limit: UInt64 = 64 << 20

    /// Makes a console that writes to a file.
    init(id: String, file: SystemFile) {
        self.id = id
        self.file = file
    }

    deinit { flush() }

    func reset() {}
    func read(_ offset: UInt64, width: Int, range: Int, vcpu: Int) -> UInt64 { 0xE9 }

    func write(_ value: UInt64, to offset: UInt64, width: Int, range: Int, vcpu: Int) {
        line.append(UInt8(truncatingIfNeeded: value))
        if line.count >= 4096 || line.last == 10 { flush() }
    }

    private func flush() {
        defer { line.removeAll(keepingCapacity: true) }
        guard !line.isEmpty, written &+ UInt64(line.count) <= Self.limit else { return }
        guard (try? file.write(line, at: written)) != nil else { return }
        written &+= UInt64(line.count)
    }

    func save(into encoder: inout StateEncoder) {}
    func restore(from decoder: inout StateDecoder, version: UInt32) throws(StateError) {
        try requireVersion(version)
    }
}

/// The model `isa-debugcon`: `file` names the file, which is made anew; `iobase` the port, 0xE9 where it is not given.
struct DebugConsoleModel: DeviceModel {
    let name = "isa-debugcon"

    func faults(in configuration: DeviceConfiguration) -> [String] {
        var faults = configuration.properties.keys.filter { $0 != "file" && $0 != "iobase" }.sorted().map {
            "the model isa-debugcon has no property \"\($0)\""
        }
        if configuration.properties["file", default: ""].isEmpty { faults.append("the property \"file\" is missing") }
        if port(configuration) == nil { faults.append("the property \"iobase\" is not a port, such as 0x402") }
        return faults
    }

    private func port(_ configuration: DeviceConfiguration) -> UInt16? {
        guard let text = configuration.properties["iobase"] else { return 0xE9 }
        return text.hasPrefix("0x") ? UInt16(text.dropFirst(2), radix: 16) : UInt16(text)
    }

    func makeDevice(
        _ configuration: DeviceConfiguration, context: DeviceContext, interruptLine: (Int) -> InterruptLine
    ) throws(VirtKitError) -> DevicePlacement {
        let file = try SystemFile(
            creating: configuration.properties["file", default: ""], operation: "make device \(configuration.id)")
        return DevicePlacement(
            device: DebugConsole(id: configuration.id, file: file),
            ranges: [.init(space: .port, address: UInt64(port(configuration) ?? 0xE9), size: 1)])
    }
}
