extension MachineConfiguration {
    /// The largest memory that any VirtKit machine may have: 1 TiB.
    public static let maximumMemory = ByteCount.gibibytes(1024)

    /// The frequencies in Hz that `timerFrequency` may have: 1 MHz to 100 GHz.
    public static let timerFrequencies: ClosedRange<UInt64> = 1_000_000...100_000_000_000

    /// Every fault that can be seen without a backend or the host's files, each as a sentence. Empty when there is none.
    public var faults: [String] { faults(boards: [:]) }

    /// The faults where there are more boards than VirtKit's own: those that a backend brings along.
    ///
    /// - Parameter boards: the further boards, by the architecture of their guests.
    public func faults(boards: [Architecture: [BoardModel]]) -> [String] {
        var faults: [String] = []
        if name.isEmpty || name.utf8.count > 255 { faults.append("name must have 1 to 255 bytes") }
        let known = (boards[architecture] ?? []) + [BoardModel.standard(for: architecture)].compactMap(\.self)
        if known.isEmpty {
            faults.append("architecture \(architecture) has no board in this version of VirtKit")
        } else if !known.contains(board) {
            faults.append("board \(board) is not known for architecture \(architecture)")
        }
        if !(1...255).contains(cpus) { faults.append("cpus is \(cpus), and must be 1 to 255") }
        if memory.rawValue < 1 << 20 || memory > Self.maximumMemory || memory.rawValue % 4096 != 0 {
            faults.append(
                "memory is \(memory), and must be 1 MiB to \(Self.maximumMemory) in whole pages of 4096 bytes")
        }
        if !(4096...(1 << 30)).contains(serial.outputCapacity) {
            faults.append("serial.outputCapacity is \(serial.outputCapacity), and must be 4096 to \(1 << 30)")
        }
        if !(16...(1 << 24)).contains(serial.inputCapacity) {
            faults.append("serial.inputCapacity is \(serial.inputCapacity), and must be 16 to \(1 << 24)")
        }
        if onReset != .stop, onReset != .restart { faults.append("onReset \"\(onReset.rawValue)\" is not known") }
        if let timerFrequency, !Self.timerFrequencies.contains(timerFrequency) {
            faults.append("timerFrequency is \(timerFrequency) Hz, and must be 1 MHz to 100 GHz")
        }
        faults += bootFaults + deviceFaults + placement.faults(cpus: cpus) + memoryPolicy.faults
        return faults
    }

    private var bootFaults: [String] {
        switch boot {
        case .linux(_, _, let commandLine, let entry):
            let known: [LinuxEntry] = [.automatic, .bits64, .bits32, .bits16]
            let faults = Self.faults(ofCommandLine: commandLine, "the command line")
            return known.contains(entry)
                ? faults
                : faults + [
                    "the Linux entry \"\(entry.rawValue)\" is not known: it must be "
                        + known.map(\.rawValue).joined(separator: ", ")
                ]
        case .elf(_, let commandLine):
            return Self.faults(ofCommandLine: commandLine, "the command line")
        case .multiboot(_, let modules, let commandLine):
            var faults = Self.faults(ofCommandLine: commandLine, "the command line")
            if modules.count > Self.maximumModules {
                faults.append("there are \(modules.count) modules, and at most \(Self.maximumModules) can be loaded")
            }
            for (index, module) in modules.prefix(Self.maximumModules).enumerated() {
                faults += Self.faults(ofCommandLine: module.commandLine, "the command line of module \(index)")
            }
            return faults
        case .flat(_, let address):
            return address < memory.rawValue ? [] : ["the flat image's address is beyond the machine's memory"]
        case .firmware: return []
        case nil: return ["boot is missing: the machine has nothing to run"]
        }
    }

    /// The largest number of multiboot modules.
    static let maximumModules = 1024

    private static func faults(ofCommandLine text: String, _ name: String) -> [String] {
        var faults: [String] = []
        if text.utf8.count > 65535 { faults.append("\(name) is longer than 65535 bytes") }
        if text.utf8.contains(0) { faults.append("\(name) has a zero byte") }
        return faults
    }

    private var deviceFaults: [String] {
        var seen: Set<String> = []
        var faults: [String] = []
        for device in devices {
            if device.id.isEmpty { faults.append("a device of model \(device.model) has an empty id") }
            if !seen.insert(device.id).inserted { faults.append("two devices have the id \"\(device.id)\"") }
        }
        return faults
    }

    /// Throws one error that names every fault of the configuration, if it has any.
    ///
    /// - Throws: `VirtKitError` with the code `.invalidConfiguration`.
    public func validate() throws(VirtKitError) { try validate(boards: [:]) }

    /// Throws one error that names every fault, where there are more boards than VirtKit's own.
    ///
    /// - Parameter boards: the further boards, by the architecture of their guests.
    /// - Throws: `VirtKitError` with the code `.invalidConfiguration`.
    public func validate(boards: [Architecture: [BoardModel]]) throws(VirtKitError) {
        let faults = faults(boards: boards)
        guard faults.isEmpty else {
            throw VirtKitError(
                .invalidConfiguration, operation: "validate configuration", message: faults.joined(separator: "; "))
        }
    }
}
