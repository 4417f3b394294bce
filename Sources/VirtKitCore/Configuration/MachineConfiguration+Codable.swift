extension MachineConfiguration: Codable {
    private enum CodingKeys: String, CodingKey, CaseIterable {
        case version, name, architecture, board, cpus, cpuModel, memory, boot, serial, onReset, timerFrequency, devices
        case placement, memoryPolicy, cpuFeatures
    }

    /// Reads a configuration. Throws `DecodingError` for an unknown key or another version.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        let version = try values.decode(Int.self, forKey: .version)
        guard version == Self.encodingVersion else {
            throw DecodingError.dataCorruptedError(
                forKey: .version, in: values,
                debugDescription: "version \(version) is not known; this VirtKit reads version \(Self.encodingVersion)")
        }
        self.init(
            name: try values.decodeIfPresent(String.self, forKey: .name) ?? "machine",
            architecture: try values.decode(Architecture.self, forKey: .architecture),
            board: try values.decodeIfPresent(BoardModel.self, forKey: .board),
            cpus: try values.decodeIfPresent(Int.self, forKey: .cpus) ?? 1,
            cpuModel: try values.decodeIfPresent(CPUModel.self, forKey: .cpuModel) ?? .standard,
            memory: try values.decode(ByteCount.self, forKey: .memory),
            boot: try values.decodeIfPresent(BootSource.self, forKey: .boot))
        serial = try values.decodeIfPresent(SerialConfiguration.self, forKey: .serial) ?? SerialConfiguration()
        onReset = try values.decodeIfPresent(ResetPolicy.self, forKey: .onReset) ?? .stop
        timerFrequency = try values.decodeIfPresent(UInt64.self, forKey: .timerFrequency)
        devices = try values.decodeIfPresent([DeviceConfiguration].self, forKey: .devices) ?? []
        cpuFeatures = try values.decodeIfPresent([UInt32].self, forKey: .cpuFeatures).map(X86_64.Features.init(words:))
        placement = try values.decodeIfPresent(MachinePlacement.self, forKey: .placement) ?? MachinePlacement()
        memoryPolicy = try values.decodeIfPresent(MemoryPolicy.self, forKey: .memoryPolicy) ?? MemoryPolicy()
    }

    /// Writes a configuration, with its version.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(Self.encodingVersion, forKey: .version)
        try values.encode(name, forKey: .name)
        try values.encode(architecture, forKey: .architecture)
        try values.encode(board, forKey: .board)
        try values.encode(cpus, forKey: .cpus)
        try values.encode(cpuModel, forKey: .cpuModel)
        try values.encode(memory, forKey: .memory)
        try values.encodeIfPresent(boot, forKey: .boot)
        try values.encode(serial, forKey: .serial)
        try values.encode(onReset, forKey: .onReset)
        try values.encodeIfPresent(timerFrequency, forKey: .timerFrequency)
        try values.encode(devices, forKey: .devices)
        try values.encodeIfPresent(cpuFeatures?.words, forKey: .cpuFeatures)
        if !placement.isEmpty { try values.encode(placement, forKey: .placement) }
        if !memoryPolicy.isEmpty { try values.encode(memoryPolicy, forKey: .memoryPolicy) }
    }
}

extension SerialConfiguration: Codable {
    private enum CodingKeys: String, CodingKey, CaseIterable { case outputCapacity, inputCapacity }

    /// Reads a serial port's description; unknown keys are refused.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        self.init()
        outputCapacity = try values.decodeIfPresent(Int.self, forKey: .outputCapacity) ?? outputCapacity
        inputCapacity = try values.decodeIfPresent(Int.self, forKey: .inputCapacity) ?? inputCapacity
    }

    /// Writes a serial port's description.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(outputCapacity, forKey: .outputCapacity)
        try values.encode(inputCapacity, forKey: .inputCapacity)
    }
}

extension DeviceConfiguration: Codable {
    private enum CodingKeys: String, CodingKey, CaseIterable { case id, model, properties }

    /// Reads a device's description; unknown keys are refused.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        self.init(
            id: try values.decode(String.self, forKey: .id), model: try values.decode(String.self, forKey: .model),
            properties: try values.decodeIfPresent([String: String].self, forKey: .properties) ?? [:])
    }

    /// Writes a device's description.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(id, forKey: .id)
        try values.encode(model, forKey: .model)
        try values.encode(properties, forKey: .properties)
    }
}
