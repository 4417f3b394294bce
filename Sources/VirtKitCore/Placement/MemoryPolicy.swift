/// The size of the pages behind guest memory.
public struct HugePages: RawRepresentable, Hashable, Sendable, Codable, CustomStringConvertible {
    /// `transparent`, or the size of a page in bytes.
    public let rawValue: String
    /// Makes a choice from its name.
    public init(rawValue: String) { self.rawValue = rawValue }
    /// The name.
    public var description: String { rawValue }

    /// The kernel makes huge pages as it finds room (madvise MADV_HUGEPAGE).
    public static let transparent = HugePages(rawValue: "transparent")
    /// Pages of 2 MiB from the host's pool, all taken when the machine is made.
    public static let size2M = HugePages(rawValue: "2M")
    /// Pages of 1 GiB from the host's pool, all taken when the machine is made.
    public static let size1G = HugePages(rawValue: "1G")

    /// The size of a page from the host's pool in bytes; nil for transparent ones and unknown names.
    public var poolPageSize: UInt64? { self == .size2M ? 1 << 21 : self == .size1G ? 1 << 30 : nil }
}

/// On which of the host's NUMA nodes guest memory is (mbind(2)).
public struct NUMAPolicy: Hashable, Sendable {
    /// What the nodes mean.
    public struct Mode: RawRepresentable, Hashable, Sendable, Codable, CustomStringConvertible {
        /// The mode's name.
        public let rawValue: String
        /// Makes a mode from its name.
        public init(rawValue: String) { self.rawValue = rawValue }
        /// The name.
        public var description: String { rawValue }

        /// On these nodes and no others.
        public static let bind = Mode(rawValue: "bind")
        /// On this one node, and elsewhere where it is full.
        public static let preferred = Mode(rawValue: "preferred")
        /// Page by page on one node after another.
        public static let interleave = Mode(rawValue: "interleave")
        /// Every mode that can be asked for.
        public static let all: [Mode] = [.bind, .preferred, .interleave]
    }

    /// What the nodes mean.
    public var mode: Mode
    /// The nodes.
    public var nodes: HostNumberSet

    /// Makes a policy.
    public init(_ mode: Mode, nodes: HostNumberSet) {
        self.mode = mode
        self.nodes = nodes
    }
}

/// How the host provides guest memory.
public struct MemoryPolicy: Hashable, Sendable {
    /// Huge pages; nil for the host's usual ones.
    public var hugePages: HugePages?
    /// NUMA nodes; nil for those that the process's policy gives.
    public var numa: NUMAPolicy?

    /// Describes a policy; by default nothing is asked for.
    public init(hugePages: HugePages? = nil, numa: NUMAPolicy? = nil) {
        self.hugePages = hugePages
        self.numa = numa
    }

    /// Whether nothing is asked for.
    public var isEmpty: Bool { hugePages == nil && numa == nil }

    /// Every fault that can be seen without asking the host, each as a sentence.
    public var faults: [String] {
        var faults: [String] = []
        if let hugePages, hugePages != .transparent, hugePages.poolPageSize == nil {
            faults.append("memoryPolicy.hugePages is \"\(hugePages)\", and must be transparent, 2M or 1G")
        }
        guard let numa else { return faults }
        if !NUMAPolicy.Mode.all.contains(numa.mode) {
            faults.append("the NUMA mode \"\(numa.mode)\" is not known: it must be bind, preferred or interleave")
        }
        if numa.nodes.isEmpty { faults.append("the NUMA policy names no node") }
        if numa.mode == .preferred, numa.nodes.numbers.count > 1 {
            faults.append("the NUMA mode preferred takes one node, and \(numa.nodes) are named")
        }
        if let node = numa.nodes.numbers.first(where: { $0 < 0 || $0 > 1023 }) {
            faults.append("the NUMA node \(node) can't be on any host: numbers are 0 to 1023")
        }
        return faults
    }
}

extension NUMAPolicy: Codable {
    private enum CodingKeys: String, CodingKey, CaseIterable { case mode, nodes }

    /// Reads a policy; unknown keys are refused.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        self.init(
            try values.decode(Mode.self, forKey: .mode),
            nodes: try values.decode(HostNumberSet.self, forKey: .nodes))
    }
}

extension MemoryPolicy: Codable {
    private enum CodingKeys: String, CodingKey, CaseIterable { case hugePages, numa }

    /// Reads a policy; unknown keys are refused.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        self.init(
            hugePages: try values.decodeIfPresent(HugePages.self, forKey: .hugePages),
            numa: try values.decodeIfPresent(NUMAPolicy.self, forKey: .numa))
    }
}
