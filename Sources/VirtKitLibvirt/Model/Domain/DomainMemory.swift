internal import VirtKitCore

/// What backs guest memory: `memoryBacking/source/@type`.
public struct MemorySourceType: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The host's anonymous memory (`anonymous`)
    public static let anonymous = Self("anonymous")
    /// A file in QEMU's memory directory (`file`)
    public static let file = Self("file")
    /// A memfd, which other processes can map (`memfd`)
    public static let memfd = Self("memfd")
}

/// Whether other processes see a guest's memory: `access/@mode`.
public struct MemoryAccessMode: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// They do, as vhost-user and virtiofs need (`shared`)
    public static let shared = Self("shared")
    /// They do not (`private`)
    public static let `private` = Self("private")
}

/// When guest memory is allocated: `memoryBacking/allocation/@mode`.
public struct MemoryAllocationMode: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// At the start (`immediate`)
    public static let immediate = Self("immediate")
    /// When it is touched (`ondemand`)
    public static let onDemand = Self("ondemand")
}

/// Where the guest's memory comes from: `memoryBacking`.
public typealias DomainMemoryBacking = XML.View<DomainMemoryBackingSchema>

/// The properties of `DomainMemoryBacking`.
public struct DomainMemoryBackingSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("memoryBacking", Self())

    /// Huge pages of the host; the default size where no page is named. (`hugepages`)
    public let hugePages = XML.Part<DomainHugePagesSchema>("hugepages")
    /// Whether the host may not merge equal pages. (`nosharepages`)
    public let noSharePages = XML.Flag("nosharepages")
    /// Whether the host may not swap the memory out. (`locked`)
    public let locked = XML.Flag("locked")
    /// What backs it. (`source/@type`)
    public let source = XML.Field<MemorySourceType>("source/@type")
    /// Whether other processes see it. (`access/@mode`)
    public let access = XML.Field<MemoryAccessMode>("access/@mode")
    /// When it is allocated. (`allocation/@mode`)
    public let allocation = XML.Field<MemoryAllocationMode>("allocation/@mode")
    /// How many threads allocate it. (`allocation/@threads`)
    public let allocationThreads = XML.Field<Int>("allocation/@threads")
    /// Whether contents are dropped before the memory is freed. (`discard`)
    public let discard = XML.Flag("discard")
}

/// Huge pages: `memoryBacking/hugepages`.
public typealias DomainHugePages = XML.View<DomainHugePagesSchema>

/// The properties of `DomainHugePages`.
public struct DomainHugePagesSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("hugepages", Self())

    /// Which size is used where. (`page`)
    public let pages = XML.List<DomainHugePageSchema>("page")
}

/// A size of huge pages: `memoryBacking/hugepages/page`.
public typealias DomainHugePage = XML.View<DomainHugePageSchema>

/// The properties of `DomainHugePage`.
public struct DomainHugePageSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("page", Self())

    /// The size; KiB where no unit is given. (`@size`)
    public let size = XML.Size("@size", unit: "@unit")
    /// The guest's NUMA nodes that use it; all where it is missing. (`@nodeset`)
    public let nodes = XML.Field<CPUSet>("@nodeset")
}

/// Limits of the host's memory: `memtune`.
public typealias DomainMemoryTuning = XML.View<DomainMemoryTuningSchema>

/// The properties of `DomainMemoryTuning`.
public struct DomainMemoryTuningSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("memtune", Self())

    /// The most memory that the domain's process may have, QEMU's own included. (`hard_limit`)
    public let hardLimit = XML.Size("hard_limit")
    /// The limit in times of pressure. (`soft_limit`)
    public let softLimit = XML.Size("soft_limit")
    /// The most memory and swap together. (`swap_hard_limit`)
    public let swapHardLimit = XML.Size("swap_hard_limit")
    /// The memory that is set aside. (VMware, OpenVZ) (`min_guarantee`)
    public let minimumGuarantee = XML.Size("min_guarantee")
}
