internal import VirtKitCore

/// What domains of a type can have here: libvirt's `<domainCapabilities>`.
public typealias DomainCapabilitiesDescription = XML.View<DomainCapabilitiesDescriptionSchema>

/// The properties of `DomainCapabilitiesDescription`.
public struct DomainCapabilitiesDescriptionSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("domainCapabilities", Self())

    /// The hypervisor's program. (`path`)
    public let emulator = XML.Field<String>("path")
    /// The domains' type. (`domain`)
    public let type = XML.Field<DomainType>("domain")
    /// The machine model. (`machine`)
    public let machine = XML.Field<String>("machine")
    /// The architecture. (`arch`)
    public let architecture = XML.Field<String>("arch")
    /// How many virtual CPUs there can be. (`vcpu/@max`)
    public let maximumVCPUs = XML.Field<Int>("vcpu/@max")
    /// Whether there can be I/O threads. (`iothreads/@supported`)
    public let ioThreads = XML.Field<Bool>("iothreads/@supported")
    /// What guests can boot from. (`os`)
    public let os = XML.Part<CapabilitySupportSchema>("os")
    /// Which firmware can be named. (`os/loader`)
    public let loader = XML.Part<CapabilitySupportSchema>("os/loader")
    /// Images of firmware that are installed. (`os/loader/value`)
    public let firmwarePaths = XML.Values<String>("os/loader/value")
    /// What can back memory. (`memoryBacking`)
    public let memoryBacking = XML.Part<CapabilitySupportSchema>("memoryBacking")
    /// How CPUs can be chosen. (`cpu/mode`)
    public let cpuModes = XML.List<CapabilityCPUModeSchema>("cpu/mode")
    /// What disks can be. (`devices/disk`)
    public let disk = XML.Part<CapabilitySupportSchema>("devices/disk")
    /// What graphics can be. (`devices/graphics`)
    public let graphics = XML.Part<CapabilitySupportSchema>("devices/graphics")
    /// What graphics cards can be. (`devices/video`)
    public let video = XML.Part<CapabilitySupportSchema>("devices/video")
    /// What host devices can be passed through. (`devices/hostdev`)
    public let hostDevices = XML.Part<CapabilitySupportSchema>("devices/hostdev")
    /// What random number generators can be. (`devices/rng`)
    public let randomGenerator = XML.Part<CapabilitySupportSchema>("devices/rng")
    /// What file systems can be. (`devices/filesystem`)
    public let filesystem = XML.Part<CapabilitySupportSchema>("devices/filesystem")
    /// What trusted platform modules can be. (`devices/tpm`)
    public let tpm = XML.Part<CapabilitySupportSchema>("devices/tpm")
    /// What redirected devices can be. (`devices/redirdev`)
    public let redirectedDevices = XML.Part<CapabilitySupportSchema>("devices/redirdev")
    /// What channels can be. (`devices/channel`)
    public let channel = XML.Part<CapabilitySupportSchema>("devices/channel")
    /// What cryptographic devices can be. (`devices/crypto`)
    public let crypto = XML.Part<CapabilitySupportSchema>("devices/crypto")
    /// What network interfaces can be. (`devices/interface`)
    public let interface = XML.Part<CapabilitySupportSchema>("devices/interface")
    /// What panic devices can be. (`devices/panic`)
    public let panic = XML.Part<CapabilitySupportSchema>("devices/panic")
    /// What consoles can be. (`devices/console`)
    public let console = XML.Part<CapabilitySupportSchema>("devices/console")
    /// Which versions of Arm's interrupt controller there are. (`features/gic`)
    public let gic = XML.Part<CapabilitySupportSchema>("features/gic")
    /// Whether there can be a device for crash information. (`features/vmcoreinfo/@supported`)
    public let vmCoreInfo = XML.Field<Bool>("features/vmcoreinfo/@supported")
    /// Whether there can be a generation ID. (`features/genid/@supported`)
    public let generationID = XML.Field<Bool>("features/genid/@supported")
    /// Whether images below can be described. (`features/backingStoreInput/@supported`)
    public let backingStoreInput = XML.Field<Bool>("features/backingStoreInput/@supported")
    /// Whether there are backups. (`features/backup/@supported`)
    public let backup = XML.Field<Bool>("features/backup/@supported")
    /// Whether the memory can be freed after the process has ended. (`features/async-teardown/@supported`)
    public let asynchronousTeardown = XML.Field<Bool>("features/async-teardown/@supported")
    /// Whether there is IBM Secure Execution. (`features/s390-pv/@supported`)
    public let s390PV = XML.Field<Bool>("features/s390-pv/@supported")
    /// Whether there is Intel's TDX. (`features/tdx/@supported`)
    public let tdx = XML.Field<Bool>("features/tdx/@supported")
    /// AMD's SEV. (`features/sev`)
    public let sev = XML.Part<CapabilitySEVSchema>("features/sev")
    /// Intel's SGX. (`features/sgx`)
    public let sgx = XML.Part<CapabilitySGXSchema>("features/sgx")
    /// Which enlightenments there are. (`features/hyperv`)
    public let hyperV = XML.Part<CapabilitySupportSchema>("features/hyperv")
    /// Which ways there are to keep a guest's memory from the host. (`features/launchSecurity`)
    public let launchSecurity = XML.Part<CapabilitySupportSchema>("features/launchSecurity")
}

/// Whether something is there, and which choices it has.
public typealias CapabilitySupport = XML.View<CapabilitySupportSchema>

/// The properties of `CapabilitySupport`.
public struct CapabilitySupportSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("enum", Self())

    /// Whether it is there. (`@supported`)
    public let supported = XML.Field<Bool>("@supported")
    /// Its choices, by name. (`enum`)
    public let choices = XML.List<CapabilityChoiceSchema>("enum")
}

/// The values that a setting may have: `enum`.
public typealias CapabilityChoice = XML.View<CapabilityChoiceSchema>

/// The properties of `CapabilityChoice`.
public struct CapabilityChoiceSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("enum", Self())

    /// The setting. (`@name`)
    public let name = XML.Field<String>("@name")
    /// The values. (`value`)
    public let values = XML.Values<String>("value")
}

/// A way to choose CPUs: `cpu/mode`.
public typealias CapabilityCPUMode = XML.View<CapabilityCPUModeSchema>

/// The properties of `CapabilityCPUMode`.
public struct CapabilityCPUModeSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("mode", Self())

    /// The way. (`@name`)
    public let mode = XML.Field<DomainCPUMode>("@name")
    /// Whether it is there. (`@supported`)
    public let supported = XML.Field<Bool>("@supported")
    /// Its choices, by name. (`enum`)
    public let choices = XML.List<CapabilityChoiceSchema>("enum")
    /// The CPU's vendor. (host-model) (`vendor`)
    public let vendor = XML.Field<String>("vendor")
    /// The models. (`model`)
    public let models = XML.List<CapabilityCPUModelSchema>("model")
    /// The features. (host-model) (`feature`)
    public let features = XML.List<DomainCPUFeatureSchema>("feature")
}

/// A CPU model: `cpu/mode/model`.
public typealias CapabilityCPUModel = XML.View<CapabilityCPUModelSchema>

/// The properties of `CapabilityCPUModel`.
public struct CapabilityCPUModelSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("model", Self())

    /// Whether the host can run it: yes, no or unknown. (`@usable`)
    public let usable = XML.Field<String>("@usable")
    /// Whether another may stand in. (host-model) (`@fallback`)
    public let fallback = XML.Field<DomainCPUFallback>("@fallback")
    /// Whether it is to go. (`@deprecated`)
    public let deprecated = XML.Field<Bool>("@deprecated")
    /// Its vendor. (`@vendor`)
    public let vendor = XML.Field<String>("@vendor")
    /// The model that it is another name of. (`@canonical`)
    public let canonical = XML.Field<String>("@canonical")
    /// Its name. (`text`)
    public let name = XML.Field<String>(".")
}

/// What AMD's SEV offers: `features/sev`.
public typealias CapabilitySEV = XML.View<CapabilitySEVSchema>

/// The properties of `CapabilitySEV`.
public struct CapabilitySEVSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("sev", Self())

    /// Whether it is there. (`@supported`)
    public let supported = XML.Field<Bool>("@supported")
    /// The bit of page table entries that marks encrypted pages. (`cbitpos`)
    public let cBitPosition = XML.Field<Int>("cbitpos")
    /// How many bits of physical addresses encryption takes. (`reducedPhysBits`)
    public let reducedPhysicalBits = XML.Field<Int>("reducedPhysBits")
    /// How many guests can have SEV. (`maxGuests`)
    public let maximumGuests = XML.Field<Int>("maxGuests")
    /// How many guests can have SEV-ES. (`maxESGuests`)
    public let maximumESGuests = XML.Field<Int>("maxESGuests")
}

/// What Intel's SGX offers: `features/sgx`.
public typealias CapabilitySGX = XML.View<CapabilitySGXSchema>

/// The properties of `CapabilitySGX`.
public struct CapabilitySGXSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("sgx", Self())

    /// Whether it is there. (`@supported`)
    public let supported = XML.Field<Bool>("@supported")
    /// Whether launch control is flexible. (`flc`)
    public let flexibleLaunchControl = XML.Field<Bool>("flc")
    /// Whether SGX 1 is there. (`sgx1`)
    public let sgx1 = XML.Field<Bool>("sgx1")
    /// Whether SGX 2 is there. (`sgx2`)
    public let sgx2 = XML.Field<Bool>("sgx2")
    /// The memory of enclaves. (`section_size`)
    public let sectionSize = XML.Size("section_size")
}
