/// How the host's scheduler treats a thread (sched(7)).
public struct SchedulingPolicy: RawRepresentable, Hashable, Sendable, Codable, CustomStringConvertible {
    /// The policy's name, as chrt(1) has it.
    public let rawValue: String
    /// Makes a policy from its name.
    public init(rawValue: String) { self.rawValue = rawValue }
    /// The name.
    public var description: String { rawValue }

    /// SCHED_OTHER: a fair share by nice value.
    public static let other = SchedulingPolicy(rawValue: "other")
    /// SCHED_BATCH: a fair share, for threads that compute without end.
    public static let batch = SchedulingPolicy(rawValue: "batch")
    /// SCHED_IDLE: what nobody else wants.
    public static let idle = SchedulingPolicy(rawValue: "idle")
    /// SCHED_FIFO: real time, until it waits.
    public static let fifo = SchedulingPolicy(rawValue: "fifo")
    /// SCHED_RR: real time, in turns with its equals.
    public static let roundRobin = SchedulingPolicy(rawValue: "rr")

    /// Every policy that can be asked for.
    public static let all: [SchedulingPolicy] = [.other, .batch, .idle, .fifo, .roundRobin]
    /// Whether threads of the policy have a static priority of 1 to 99, and none a nice value.
    public var isRealTime: Bool { self == .fifo || self == .roundRobin }
}

/// A scheduling policy with its parameters.
public struct ThreadScheduling: Hashable, Sendable {
    /// The policy.
    public var policy: SchedulingPolicy
    /// The static priority, 1 to 99, for the real-time policies; 0 for the others.
    public var priority: Int
    /// The nice value, -20 (most) to 19 (least), for `other` and `batch`; nil to leave it as it is.
    public var nice: Int?

    /// Makes a policy with its parameters.
    public init(_ policy: SchedulingPolicy, priority: Int = 0, nice: Int? = nil) {
        self.policy = policy
        self.priority = priority
        self.nice = nice
    }

    /// Every fault that can be seen without asking the host, each as a sentence.
    var faults: [String] {
        guard SchedulingPolicy.all.contains(policy) else {
            let known = SchedulingPolicy.all.map(\.rawValue).joined(separator: ", ")
            return ["the scheduling policy \"\(policy.rawValue)\" is not known: it must be \(known)"]
        }
        var faults: [String] = []
        if policy.isRealTime {
            if !(1...99).contains(priority) {
                faults.append("the priority of policy \(policy) is \(priority), and must be 1 to 99")
            }
            if nice != nil { faults.append("the policy \(policy) has a priority, and no nice value") }
        } else {
            if priority != 0 { faults.append("the policy \(policy) has no priority: leave it 0") }
            if let nice, !(-20...19).contains(nice) {
                faults.append("the nice value is \(nice), and must be -20 to 19")
            }
            if nice != nil, policy == .idle { faults.append("the policy idle has no nice value") }
        }
        return faults
    }
}

extension ThreadScheduling: Codable {
    private enum CodingKeys: String, CodingKey, CaseIterable { case policy, priority, nice }

    /// Reads a policy with its parameters; unknown keys are refused.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        self.init(
            try values.decode(SchedulingPolicy.self, forKey: .policy),
            priority: try values.decodeIfPresent(Int.self, forKey: .priority) ?? 0,
            nice: try values.decodeIfPresent(Int.self, forKey: .nice))
    }

    /// Writes a policy with its parameters.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(policy, forKey: .policy)
        if priority != 0 { try values.encode(priority, forKey: .priority) }
        try values.encodeIfPresent(nice, forKey: .nice)
    }
}
