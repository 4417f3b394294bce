internal import VirtKitCore

/// What a saved machine says of its hardware: what a configuration must agree with to restore it.
struct SavedMachineHeader: Hashable {
    var architecture: String
    var board: String
    var cpus: UInt32
    var cpuModel: String
    var memory: UInt64
    var timerFrequency: UInt64
    /// Identity and model of each extra device.
    var devices: [String]

    /// - Parameter timerFrequency: the frequency in Hz that the machine has, whether or not its configuration says so.
    init(_ configuration: MachineConfiguration, timerFrequency: UInt64) {
        architecture = configuration.architecture.rawValue
        board = configuration.board.rawValue
        cpus = UInt32(truncatingIfNeeded: configuration.cpus)
        cpuModel = configuration.cpuModel.rawValue
        memory = configuration.memory.rawValue
        self.timerFrequency = timerFrequency
        devices = configuration.devices.map { "\($0.id)=\($0.model)" }
    }

    func encode(into encoder: inout StateEncoder) {
        encoder.encode(architecture)
        encoder.encode(board)
        encoder.encode(cpus)
        encoder.encode(cpuModel)
        encoder.encode(memory)
        encoder.encode(timerFrequency)
        encoder.encode(UInt32(devices.count))
        for device in devices { encoder.encode(device) }
    }

    init(from decoder: inout StateDecoder) throws(StateError) {
        architecture = try decoder.decode(String.self)
        board = try decoder.decode(String.self)
        cpus = try decoder.decode(UInt32.self)
        cpuModel = try decoder.decode(String.self)
        memory = try decoder.decode(UInt64.self)
        let frequency = try decoder.decode(UInt64.self)
        // VirtKit 0.1.0 saved 0 for the board's usual one.
        timerFrequency = frequency == 0 ? PCAddresses.defaultTimeStampFrequency : frequency
        devices = []
        for _ in 0..<(try decoder.decode(UInt32.self)) { devices.append(try decoder.decode(String.self)) }
    }

    /// Every way in which a configuration's hardware differs from the saved machine's.
    func differences(from other: SavedMachineHeader) -> [String] {
        var differences: [String] = []
        func compare<Value: Equatable>(_ name: String, _ path: KeyPath<SavedMachineHeader, Value>) {
            if self[keyPath: path] != other[keyPath: path] {
                differences.append("\(name) was \(self[keyPath: path]) and is \(other[keyPath: path])")
            }
        }
        compare("architecture", \.architecture)
        compare("board", \.board)
        compare("cpus", \.cpus)
        compare("cpuModel", \.cpuModel)
        compare("memory", \.memory)
        compare("timerFrequency", \.timerFrequency)
        compare("devices", \.devices)
        return differences
    }
}
