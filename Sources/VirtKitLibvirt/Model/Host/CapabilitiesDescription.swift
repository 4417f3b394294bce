internal import VirtKitCore

/// What a host and its hypervisor can do: libvirt's `<capabilities>`.
public typealias CapabilitiesDescription = XML.View<CapabilitiesDescriptionSchema>

/// The properties of `CapabilitiesDescription`.
public struct CapabilitiesDescriptionSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("capabilities", Self())

    /// The host's UUID. (`host/uuid`)
    public let hostUUID = XML.Field<String>("host/uuid")
    /// The host's architecture. (`host/cpu/arch`)
    public let hostArchitecture = XML.Field<String>("host/cpu/arch")
    /// The model that is nearest to the host's CPU. (`host/cpu/model`)
    public let hostCPUModel = XML.Field<String>("host/cpu/model")
    /// The CPU's vendor. (`host/cpu/vendor`)
    public let hostCPUVendor = XML.Field<String>("host/cpu/vendor")
    /// The host's CPU. (`host/cpu`)
    public let hostCPU = XML.Group<DomainCPUSchema>("host/cpu")
    /// The sizes of pages that the host has. (`host/cpu/pages`)
    public let hostPageSizes = XML.List<CapabilitiesPagesSchema>("host/cpu/pages")
    /// Whether the host has an IOMMU. (`host/iommu/@support`)
    public let iommu = XML.Field<Bool>("host/iommu/@support")
    /// Whether domains can be moved while they run. (`host/migration_features/live`)
    public let liveMigration = XML.Flag("host/migration_features/live")
    /// The schemes of migration URIs. (`host/migration_features/uri_transports/uri_transport`)
    public let migrationTransports = XML.Values<String>("host/migration_features/uri_transports/uri_transport")
    /// Whether the host can be suspended to memory. (`host/power_management/suspend_mem`)
    public let suspendToMemory = XML.Flag("host/power_management/suspend_mem")
    /// Whether the host can be suspended to disk. (`host/power_management/suspend_disk`)
    public let suspendToDisk = XML.Flag("host/power_management/suspend_disk")
    /// Whether the host can be suspended to both. (`host/power_management/suspend_hybrid`)
    public let suspendHybrid = XML.Flag("host/power_management/suspend_hybrid")
    /// The host's NUMA nodes. (`host/topology/cells/cell`)
    public let cells = XML.List<CapabilitiesCellSchema>("host/topology/cells/cell")
    /// The host's caches. (`host/cache/bank`)
    public let caches = XML.List<CapabilitiesCacheSchema>("host/cache/bank")
    /// The host's security drivers. (`host/secmodel`)
    public let securityModels = XML.List<CapabilitiesSecurityModelSchema>("host/secmodel")
    /// What guests it can run. (`guest`)
    public let guests = XML.List<CapabilitiesGuestSchema>("guest")
}

/// A size of pages: `pages`.
public typealias CapabilitiesPages = XML.View<CapabilitiesPagesSchema>

/// The properties of `CapabilitiesPages`.
public struct CapabilitiesPagesSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("pages", Self())

    /// The size. (`@size`)
    public let size = XML.Size("@size", unit: "@unit")
    /// How many a node has. (`text`)
    public let count = XML.Field<Int>(".")
}

/// A NUMA node of the host: `host/topology/cells/cell`.
public typealias CapabilitiesCell = XML.View<CapabilitiesCellSchema>

/// The properties of `CapabilitiesCell`.
public struct CapabilitiesCellSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("cell", Self())

    /// Its number. (`@id`)
    public let id = XML.Field<Int>("@id")
    /// Its memory. (`memory`)
    public let memory = XML.Size("memory")
    /// Its pages, by size. (`pages`)
    public let pages = XML.List<CapabilitiesPagesSchema>("pages")
    /// How far other nodes are. (`distances/sibling`)
    public let distances = XML.List<DomainNUMADistanceSchema>("distances/sibling")
    /// Its CPUs. (`cpus/cpu`)
    public let cpus = XML.List<CapabilitiesCPUSchema>("cpus/cpu")
}

/// A CPU of the host: `cell/cpus/cpu`.
public typealias CapabilitiesCPU = XML.View<CapabilitiesCPUSchema>

/// The properties of `CapabilitiesCPU`.
public struct CapabilitiesCPUSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("cpu", Self())

    /// Its number. (`@id`)
    public let id = XML.Field<Int>("@id")
    /// Its socket. (`@socket_id`)
    public let socket = XML.Field<Int>("@socket_id")
    /// Its die. (`@die_id`)
    public let die = XML.Field<Int>("@die_id")
    /// Its cluster. (`@cluster_id`)
    public let cluster = XML.Field<Int>("@cluster_id")
    /// Its core. (`@core_id`)
    public let core = XML.Field<Int>("@core_id")
    /// The threads of its core. (`@siblings`)
    public let siblings = XML.Field<CPUSet>("@siblings")
}

/// A cache of the host: `host/cache/bank`.
public typealias CapabilitiesCache = XML.View<CapabilitiesCacheSchema>

/// The properties of `CapabilitiesCache`.
public struct CapabilitiesCacheSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("bank", Self())

    /// Its number. (`@id`)
    public let id = XML.Field<Int>("@id")
    /// Its level. (`@level`)
    public let level = XML.Field<Int>("@level")
    /// both, code or data. (`@type`)
    public let type = XML.Field<String>("@type")
    /// Its size. (`@size`)
    public let size = XML.Size("@size", unit: "@unit")
    /// The CPUs that share it. (`@cpus`)
    public let cpus = XML.Field<CPUSet>("@cpus")
}

/// A security driver of the host: `host/secmodel`.
public typealias CapabilitiesSecurityModel = XML.View<CapabilitiesSecurityModelSchema>

/// The properties of `CapabilitiesSecurityModel`.
public struct CapabilitiesSecurityModelSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("secmodel", Self())

    /// Its name. (`model`)
    public let model = XML.Field<String>("model")
    /// The domain of interpretation. (`doi`)
    public let domainOfInterpretation = XML.Field<String>("doi")
    /// The labels that domains get, by domain type. (`baselabel`)
    public let baseLabels = XML.List<CapabilitiesBaseLabelSchema>("baselabel")
}

/// A label that domains get: `secmodel/baselabel`.
public typealias CapabilitiesBaseLabel = XML.View<CapabilitiesBaseLabelSchema>

/// The properties of `CapabilitiesBaseLabel`.
public struct CapabilitiesBaseLabelSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("baselabel", Self())

    /// The domains' type. (`@type`)
    public let type = XML.Field<DomainType>("@type")
    /// The label. (`text`)
    public let label = XML.Field<String>(".")
}

/// A kind of guest: `capabilities/guest`.
public typealias CapabilitiesGuest = XML.View<CapabilitiesGuestSchema>

/// The properties of `CapabilitiesGuest`.
public struct CapabilitiesGuestSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("guest", Self())

    /// How it is started. (`os_type`)
    public let osType = XML.Field<DomainOSType>("os_type")
    /// Its architecture. (`arch/@name`)
    public let architecture = XML.Field<String>("arch/@name")
    /// The bits of a word. (`arch/wordsize`)
    public let wordSize = XML.Field<Int>("arch/wordsize")
    /// The hypervisor's program. (`arch/emulator`)
    public let emulator = XML.Field<String>("arch/emulator")
    /// Machine models. (`arch/machine`)
    public let machines = XML.List<CapabilitiesMachineSchema>("arch/machine")
    /// Domain types, with what differs for each. (`arch/domain`)
    public let domains = XML.List<CapabilitiesDomainSchema>("arch/domain")
    /// Whether ACPI can be had. (`features/acpi`)
    public let acpi = XML.Flag("features/acpi")
    /// Whether an APIC can be had. (`features/apic`)
    public let apic = XML.Flag("features/apic")
    /// Whether a CPU model can be chosen. (`features/cpuselection`)
    public let cpuSelection = XML.Flag("features/cpuselection")
    /// Whether devices have a boot order. (`features/deviceboot`)
    public let deviceBoot = XML.Flag("features/deviceboot")
    /// Whether disks can be snapshot. (`features/disksnapshot`)
    public let diskSnapshot = XML.Flag("features/disksnapshot")
}

/// A machine model: `arch/machine`.
public typealias CapabilitiesMachine = XML.View<CapabilitiesMachineSchema>

/// The properties of `CapabilitiesMachine`.
public struct CapabilitiesMachineSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("machine", Self())

    /// The model that it is another name of. (`@canonical`)
    public let canonical = XML.Field<String>("@canonical")
    /// How many virtual CPUs it can have. (`@maxCpus`)
    public let maximumCPUs = XML.Field<Int>("@maxCpus")
    /// Whether it is to go. (`@deprecated`)
    public let deprecated = XML.Field<Bool>("@deprecated")
    /// Its name. (`text`)
    public let name = XML.Field<String>(".")
}

/// A domain type: `arch/domain`.
public typealias CapabilitiesDomain = XML.View<CapabilitiesDomainSchema>

/// The properties of `CapabilitiesDomain`.
public struct CapabilitiesDomainSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("domain", Self())

    /// The type. (`@type`)
    public let type = XML.Field<DomainType>("@type")
    /// The hypervisor's program, where it differs. (`emulator`)
    public let emulator = XML.Field<String>("emulator")
    /// Machine models, where they differ. (`machine`)
    public let machines = XML.List<CapabilitiesMachineSchema>("machine")
}
