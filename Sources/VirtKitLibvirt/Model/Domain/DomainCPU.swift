internal import VirtKitCore

/// How a guest's CPU is chosen: `cpu/@mode`.
public struct DomainCPUMode: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// A named model and features (`custom`)
    public static let custom = Self("custom")
    /// Nearly the host's, as a named model with features that can be moved (`host-model`)
    public static let hostModel = Self("host-model")
    /// The host's, as it is (`host-passthrough`)
    public static let hostPassthrough = Self("host-passthrough")
    /// All that the hypervisor can do (`maximum`)
    public static let maximum = Self("maximum")
}

/// How a CPU must fit the description: `cpu/@match`.
public struct DomainCPUMatch: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// At least that (`minimum`)
    public static let minimum = Self("minimum")
    /// Just that (`exact`)
    public static let exact = Self("exact")
    /// Just that, or the domain does not start (`strict`)
    public static let strict = Self("strict")
}

/// How libvirt checks the CPU at the start: `cpu/@check`.
public struct DomainCPUCheck: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// `none`.
    public static let none = Self("none")
    /// `partial`.
    public static let partial = Self("partial")
    /// `full`.
    public static let full = Self("full")
}

/// Whether another model may stand in: `cpu/model/@fallback`.
public struct DomainCPUFallback: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// `allow`.
    public static let allow = Self("allow")
    /// `forbid`.
    public static let forbid = Self("forbid")
}

/// What is to become of a CPU's feature: `cpu/feature/@policy`.
public struct DomainCPUFeaturePolicy: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The guest has it, whatever the host has (`force`)
    public static let force = Self("force")
    /// The guest has it, or the domain does not start (`require`)
    public static let require = Self("require")
    /// The guest has it, where the host does (`optional`)
    public static let optional = Self("optional")
    /// The guest does not have it (`disable`)
    public static let disable = Self("disable")
    /// The domain does not start where the host has it (`forbid`)
    public static let forbid = Self("forbid")
}

/// What the guest's CPUs are, and how they are arranged: `cpu`.
public typealias DomainCPU = XML.View<DomainCPUSchema>

/// The properties of `DomainCPU`.
public struct DomainCPUSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("cpu", Self())

    /// How the model is chosen. (`@mode`)
    public let mode = XML.Field<DomainCPUMode>("@mode")
    /// How it must fit. (`@match`)
    public let match = XML.Field<DomainCPUMatch>("@match")
    /// How libvirt checks it at the start. (`@check`)
    public let check = XML.Field<DomainCPUCheck>("@check")
    /// Whether features that can't be moved are left out of the host's own CPU. (`@migratable`)
    public let migratable = XML.Field<Bool>.onOff("@migratable")
    /// Whether deprecated features are on. (s390, libvirt 11) (`@deprecated_features`)
    public let deprecatedFeatures = XML.Field<Bool>.onOff("@deprecated_features")
    /// The architecture, in capabilities. (`arch`)
    public let architecture = XML.Field<String>("arch")
    /// The model's name. (`model`)
    public let model = XML.Field<String>("model")
    /// Whether another model may stand in. (`model/@fallback`)
    public let fallback = XML.Field<DomainCPUFallback>("model/@fallback")
    /// The vendor that CPUID tells, 12 characters. (`model/@vendor_id`)
    public let vendorID = XML.Field<String>("model/@vendor_id")
    /// The vendor that the host must have. (`vendor`)
    public let vendor = XML.Field<String>("vendor")
    /// The number of sockets. (`topology/@sockets`)
    public let sockets = XML.Field<Int>("topology/@sockets")
    /// The number of dies in a socket. (`topology/@dies`)
    public let dies = XML.Field<Int>("topology/@dies")
    /// The number of clusters in a die. (`topology/@clusters`)
    public let clusters = XML.Field<Int>("topology/@clusters")
    /// The number of cores in a cluster or die. (`topology/@cores`)
    public let cores = XML.Field<Int>("topology/@cores")
    /// The number of threads in a core. (`topology/@threads`)
    public let threads = XML.Field<Int>("topology/@threads")
    /// The level of the cache that `cacheMode` speaks of; all where it is missing. (`cache/@level`)
    public let cacheLevel = XML.Field<Int>("cache/@level")
    /// emulate, passthrough or disable. (`cache/@mode`)
    public let cacheMode = XML.Field<String>("cache/@mode")
    /// emulate or passthrough. (`maxphysaddr/@mode`)
    public let physicalAddressMode = XML.Field<String>("maxphysaddr/@mode")
    /// The width of physical addresses. (`maxphysaddr/@bits`)
    public let physicalAddressBits = XML.Field<Int>("maxphysaddr/@bits")
    /// The largest width that passthrough gives. (`maxphysaddr/@limit`)
    public let physicalAddressLimit = XML.Field<Int>("maxphysaddr/@limit")
    /// Features that are to be on or off. (`feature`)
    public let features = XML.List<DomainCPUFeatureSchema>("feature")
    /// The guest's NUMA nodes. (`numa/cell`)
    public let numaCells = XML.List<DomainNUMACellSchema>("numa/cell")
    /// Latencies between nodes. (ACPI's HMAT) (`numa/interconnects/latency`)
    public let numaLatencies = XML.List<DomainNUMALinkSchema>("numa/interconnects/latency")
    /// Bandwidths between nodes. (ACPI's HMAT) (`numa/interconnects/bandwidth`)
    public let numaBandwidths = XML.List<DomainNUMALinkSchema>("numa/interconnects/bandwidth")
}

/// A feature of a CPU: `cpu/feature`.
public typealias DomainCPUFeature = XML.View<DomainCPUFeatureSchema>

/// The properties of `DomainCPUFeature`.
public struct DomainCPUFeatureSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("feature", Self())

    /// What is to become of it. (`@policy`)
    public let policy = XML.Field<DomainCPUFeaturePolicy>("@policy")
    /// Its name, as in libvirt's CPU map. (`@name`)
    public let name = XML.Field<String>("@name")
}

/// One of the guest's NUMA nodes: `cpu/numa/cell`.
public typealias DomainNUMACell = XML.View<DomainNUMACellSchema>

/// The properties of `DomainNUMACell`.
public struct DomainNUMACellSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("cell", Self())

    /// Its number. (`@id`)
    public let id = XML.Field<Int>("@id")
    /// Its virtual CPUs. (`@cpus`)
    public let cpus = XML.Field<CPUSet>("@cpus")
    /// Its memory; KiB where no unit is given. (`@memory`)
    public let memory = XML.Size("@memory", unit: "@unit")
    /// Whether other processes see its memory. (`@memAccess`)
    public let access = XML.Field<MemoryAccessMode>("@memAccess")
    /// Whether contents are dropped before the memory is freed. (`@discard`)
    public let discard = XML.Field<Bool>("@discard")
    /// How far other nodes are. (`distances/sibling`)
    public let distances = XML.List<DomainNUMADistanceSchema>("distances/sibling")
    /// Caches beside its memory. (`cache`)
    public let caches = XML.List<DomainNUMACacheSchema>("cache")
}

/// How far a node is: `distances/sibling`.
public typealias DomainNUMADistance = XML.View<DomainNUMADistanceSchema>

/// The properties of `DomainNUMADistance`.
public struct DomainNUMADistanceSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("sibling", Self())

    /// The other node. (`@id`)
    public let id = XML.Field<Int>("@id")
    /// The distance; 10 is the node itself. (`@value`)
    public let value = XML.Field<Int>("@value")
}

/// A cache beside a node's memory: `cpu/numa/cell/cache`.
public typealias DomainNUMACache = XML.View<DomainNUMACacheSchema>

/// The properties of `DomainNUMACache`.
public struct DomainNUMACacheSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("cache", Self())

    /// Its level. (`@level`)
    public let level = XML.Field<Int>("@level")
    /// none, direct or full. (`@associativity`)
    public let associativity = XML.Field<String>("@associativity")
    /// none, writeback or writethrough. (`@policy`)
    public let policy = XML.Field<String>("@policy")
    /// Its size. (`size/@value`)
    public let size = XML.Size("size/@value", unit: "size/@unit")
    /// The size of a line. (`line/@value`)
    public let line = XML.Size("line/@value", unit: "line/@unit")
}

/// How well a node reaches another's memory: `latency`, `bandwidth`.
public typealias DomainNUMALink = XML.View<DomainNUMALinkSchema>

/// The properties of `DomainNUMALink`.
public struct DomainNUMALinkSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("latency", Self())

    /// The node that reads or writes. (`@initiator`)
    public let initiator = XML.Field<Int>("@initiator")
    /// The node that has the memory. (`@target`)
    public let target = XML.Field<Int>("@target")
    /// The level of the target's cache. (`@cache`)
    public let cache = XML.Field<Int>("@cache")
    /// access, read or write. (`@type`)
    public let type = XML.Field<String>("@type")
    /// Nanoseconds of latency, or bandwidth in `unit`. (`@value`)
    public let value = XML.Field<Int>("@value")
    /// The unit of a bandwidth; KiB a second where it is missing. (`@unit`)
    public let unit = XML.Field<String>("@unit")
}
