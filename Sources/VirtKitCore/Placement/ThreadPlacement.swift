/// One of a machine's threads.
public struct MachineThread: RawRepresentable, Hashable, Sendable, Codable, CustomStringConvertible {
    /// The thread's name: `vcpu0`, `io`.
    public let rawValue: String
    /// Makes a thread's identity from its name.
    public init(rawValue: String) { self.rawValue = rawValue }
    /// The name.
    public var description: String { rawValue }

    /// The thread that runs a vCPU. It also makes the vCPU's accesses to devices.
    public static func vcpu(_ index: Int) -> MachineThread { MachineThread(rawValue: "vcpu\(index)") }
    /// The thread that serves devices apart from vCPUs: timers, the console's input, and whatever changes the machine's
    /// state.
    public static let io = MachineThread(rawValue: "io")

    /// The number of the vCPU that the thread runs; nil where it runs none.
    public var vcpu: Int? {
        guard rawValue.hasPrefix("vcpu"), let index = Int(rawValue.dropFirst(4)), self == .vcpu(index) else {
            return nil
        }
        return index
    }
}

/// Where and how a thread runs on the host. What is nil stays as it is: a new thread has it from its process.
public struct ThreadPlacement: Hashable, Sendable {
    /// The host's CPUs that the thread may run on.
    public var cpus: HostNumberSet?
    /// How the host's scheduler treats the thread.
    public var scheduling: ThreadScheduling?
    /// The thread's name, as `/proc/PID/task/TID/comm` shows it: 1 to 15 bytes.
    public var name: String?

    /// Describes a placement.
    public init(cpus: HostNumberSet? = nil, scheduling: ThreadScheduling? = nil, name: String? = nil) {
        self.cpus = cpus
        self.scheduling = scheduling
        self.name = name
    }

    /// This placement, and another's wherever this one leaves a thing open.
    public func filled(from other: ThreadPlacement) -> ThreadPlacement {
        ThreadPlacement(
            cpus: cpus ?? other.cpus, scheduling: scheduling ?? other.scheduling, name: name ?? other.name)
    }

    /// Whether it leaves everything as it is.
    public var isEmpty: Bool { cpus == nil && scheduling == nil && name == nil }

    /// Every fault that can be seen without asking the host, each as a sentence.
    public var faults: [String] {
        var faults: [String] = []
        if let cpus {
            if cpus.isEmpty { faults.append("the set of CPUs is empty") }
            if let number = cpus.numbers.first(where: { $0 < 0 || $0 > HostNumberSet.maximum }) {
                faults.append("the CPU \(number) can't be on any host: numbers are 0 to \(HostNumberSet.maximum)")
            }
        }
        faults += scheduling?.faults ?? []
        if let name, !(1...15).contains(name.utf8.count) || name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            faults.append("the thread's name \"\(name)\" must have 1 to 15 bytes, and no control characters")
        }
        return faults
    }
}

extension ThreadPlacement: Codable {
    private enum CodingKeys: String, CodingKey, CaseIterable { case cpus, scheduling, name }

    /// Reads a placement; unknown keys are refused.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        self.init(
            cpus: try values.decodeIfPresent(HostNumberSet.self, forKey: .cpus),
            scheduling: try values.decodeIfPresent(ThreadScheduling.self, forKey: .scheduling),
            name: try values.decodeIfPresent(String.self, forKey: .name))
    }
}

/// Where a machine's threads run on the host.
public struct MachinePlacement: Hashable, Sendable {
    /// What holds for every vCPU whose own placement leaves it open. A name given here is cut, and the vCPU's number
    /// appended.
    public var vcpus: ThreadPlacement
    /// The placement of single vCPUs by number.
    public var vcpu: [Int: ThreadPlacement]
    /// The placement of the thread that serves devices apart from vCPUs.
    public var io: ThreadPlacement

    /// Describes a placement; by default everything is as the process has it.
    public init(
        vcpus: ThreadPlacement = ThreadPlacement(), vcpu: [Int: ThreadPlacement] = [:],
        io: ThreadPlacement = ThreadPlacement()
    ) {
        self.vcpus = vcpus
        self.vcpu = vcpu
        self.io = io
    }

    /// Whether it leaves everything as it is.
    public var isEmpty: Bool { vcpus.isEmpty && io.isEmpty && vcpu.values.allSatisfy(\.isEmpty) }

    /// The whole placement of one thread.
    public subscript(_ thread: MachineThread) -> ThreadPlacement {
        guard let index = thread.vcpu else { return thread == .io ? io : ThreadPlacement() }
        var common = vcpus
        if let name = common.name {
            let number = "\(index)"
            var kept = name.unicodeScalars
            while kept.reduce(0, { $0 + String($1).utf8.count }) + number.utf8.count > 15 { kept.removeLast() }
            common.name = String(kept) + number
        }
        return (vcpu[index] ?? ThreadPlacement()).filled(from: common)
    }

    /// Every fault that can be seen without asking the host, each as a sentence.
    func faults(cpus: Int) -> [String] {
        var faults = vcpus.faults.map { "placement.vcpus: \($0)" }
        for (index, placement) in vcpu.sorted(by: { $0.key < $1.key }) {
            if index < 0 || index >= cpus {
                faults.append(
                    "placement names vCPU \(index), and the machine has \(cpus == 1 ? "vCPU 0 only" : "0 to \(cpus - 1)")"
                )
            }
            faults += placement.faults.map { "placement of vCPU \(index): \($0)" }
        }
        return faults + io.faults.map { "placement.io: \($0)" }
    }
}

extension MachinePlacement: Codable {
    private enum CodingKeys: String, CodingKey, CaseIterable { case vcpus, vcpu, io }

    /// Reads a placement; unknown keys are refused.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        self.init(
            vcpus: try values.decodeIfPresent(ThreadPlacement.self, forKey: .vcpus) ?? ThreadPlacement(),
            io: try values.decodeIfPresent(ThreadPlacement.self, forKey: .io) ?? ThreadPlacement())
        for (key, placement) in try values.decodeIfPresent([String: ThreadPlacement].self, forKey: .vcpu) ?? [:] {
            guard let index = Int(key), "\(index)" == key else {
                throw DecodingError.dataCorruptedError(
                    forKey: .vcpu, in: values, debugDescription: "\"\(key)\" is not the number of a vCPU")
            }
            vcpu[index] = placement
        }
    }

    /// Writes a placement.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        if !vcpus.isEmpty { try values.encode(vcpus, forKey: .vcpus) }
        if !vcpu.isEmpty {
            let named = Dictionary(uniqueKeysWithValues: vcpu.map { ("\($0.key)", $0.value) })
            try values.encode(named, forKey: .vcpu)
        }
        if !io.isEmpty { try values.encode(io, forKey: .io) }
    }
}
