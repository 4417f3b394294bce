internal import VirtKitCore

/// The hypervisor that runs a domain: `domain/@type`.
public struct DomainType: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Linux's KVM, through QEMU (`kvm`)
    public static let kvm = Self("kvm")
    /// QEMU's own emulation (`qemu`)
    public static let qemu = Self("qemu")
    /// `xen`.
    public static let xen = Self("xen")
    /// Linux containers (`lxc`)
    public static let lxc = Self("lxc")
    /// libvirt's test driver (`test`)
    public static let test = Self("test")
    /// `vmware`.
    public static let vmware = Self("vmware")
    /// VirtualBox (`vbox`)
    public static let vbox = Self("vbox")
    /// `esx`.
    public static let esx = Self("esx")
    /// `openvz`.
    public static let openvz = Self("openvz")
    /// Microsoft's Hyper-V (`hyperv`)
    public static let hyperv = Self("hyperv")
    /// `bhyve`.
    public static let bhyve = Self("bhyve")
    /// `vz`.
    public static let vz = Self("vz")
    /// Apple's hypervisor framework (`hvf`)
    public static let hvf = Self("hvf")
    /// `parallels`.
    public static let parallels = Self("parallels")
    /// Cloud Hypervisor (`ch`)
    public static let cloudHypervisor = Self("ch")
}

/// What happens when a domain ends in some way: `on_poweroff`, `on_reboot`, `on_crash`.
public struct DomainLifecycleAction: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// It ends, and its resources are freed (`destroy`)
    public static let destroy = Self("destroy")
    /// It starts again with the same configuration (`restart`)
    public static let restart = Self("restart")
    /// It ends, and its resources are kept for a look at them (`preserve`)
    public static let preserve = Self("preserve")
    /// It starts again under a new name (`rename-restart`)
    public static let renameRestart = Self("rename-restart")
    /// Its memory is dumped, then it ends (`coredump-destroy`)
    public static let coredumpDestroy = Self("coredump-destroy")
    /// Its memory is dumped, then it starts again (`coredump-restart`)
    public static let coredumpRestart = Self("coredump-restart")
}

/// What happens when a lock on a disk is lost: `on_lockfailure`.
public struct DomainLockFailureAction: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// `poweroff`.
    public static let poweroff = Self("poweroff")
    /// `restart`.
    public static let restart = Self("restart")
    /// `pause`.
    public static let pause = Self("pause")
    /// `ignore`.
    public static let ignore = Self("ignore")
}

/// A domain, described: libvirt's `<domain>`. Read one with `DomainDescription(parsing:)`, change its properties, and
/// write it with `xmlString()`.
public typealias DomainDescription = XML.View<DomainDescriptionSchema>

/// The properties of `DomainDescription`.
public struct DomainDescriptionSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("domain", Self())

    /// The hypervisor that runs it. (`@type`)
    public let type = XML.Field<DomainType>("@type")
    /// The number of a running domain. (`@id`)
    public let id = XML.Field<Int>("@id")
    /// The name, unique among the domains of a connection. (`name`)
    public let name = XML.Field<String>("name")
    /// The UUID; libvirt makes one where it is missing. (`uuid`)
    public let uuid = XML.Field<String>("uuid")
    /// The virtual machine generation ID, a UUID that changes when the guest is rolled back. (`genid`)
    public let genid = XML.Field<String>("genid")
    /// A short description, without line breaks. (`title`)
    public let title = XML.Field<String>("title")
    /// A description for people. (`description`)
    public let description = XML.Field<String>("description")
    /// What programs keep with the domain, each in a namespace of its own. (`metadata`)
    public let metadata = XML.Group<DomainMetadataSchema>("metadata")
    /// The memory up to which modules can be plugged in at run time. (`maxMemory`)
    public let maximumMemory = XML.Size("maxMemory")
    /// How many memory modules can be plugged in. (`maxMemory/@slots`)
    public let memorySlots = XML.Field<Int>("maxMemory/@slots")
    /// The memory at boot; KiB where no unit is given. (`memory`)
    public let memory = XML.Size("memory")
    /// Whether QEMU's own core dumps hold the guest's memory. (`memory/@dumpCore`)
    public let dumpCore = XML.Field<Bool>.onOff("memory/@dumpCore")
    /// The memory that the balloon leaves to the guest. (`currentMemory`)
    public let currentMemory = XML.Size("currentMemory")
    /// Whether its host devices go by way of IOMMUFD. (`iommufd/@enabled`)
    public let iommufd = XML.Field<Bool>("iommufd/@enabled")
    /// The name of the group of descriptors that management gave for it. (`iommufd/@fdgroup`)
    public let iommufdGroup = XML.Field<String>("iommufd/@fdgroup")
    /// Limits of speed that disks share, by `DomainDisk.throttleGroups`. (`throttlegroups/throttlegroup`)
    public let throttleGroups = XML.List<DiskThrottlingSchema>("throttlegroups/throttlegroup")
    /// The share of the host's block devices. (`blkiotune`)
    public let blockTuning = XML.Group<DomainBlockTuningSchema>("blkiotune")
    /// Limits of the host's memory. (`memtune`)
    public let memoryTuning = XML.Group<DomainMemoryTuningSchema>("memtune")
    /// Where the guest's memory comes from. (`memoryBacking`)
    public let memoryBacking = XML.Group<DomainMemoryBackingSchema>("memoryBacking")
    /// The largest number of virtual CPUs. (`vcpu`)
    public let vcpus = XML.Field<Int>("vcpu")
    /// Whether the host CPUs are those of `vcpuSet`, or chosen by numad. (`vcpu/@placement`)
    public let vcpuPlacement = XML.Field<DomainPlacement>("vcpu/@placement")
    /// The host CPUs that virtual CPUs without a pinning of their own may run on. (`vcpu/@cpuset`)
    public let vcpuSet = XML.Field<CPUSet>("vcpu/@cpuset")
    /// The number of virtual CPUs that are enabled at boot; all where it is missing. (`vcpu/@current`)
    public let currentVCPUs = XML.Field<Int>("vcpu/@current")
    /// The state of each virtual CPU. (`vcpus/vcpu`)
    public let individualVCPUs = XML.List<DomainVCPUSchema>("vcpus/vcpu")
    /// The number of I/O threads. (`iothreads`)
    public let ioThreads = XML.Field<Int>("iothreads")
    /// I/O threads with numbers of their own. (`iothreadids/iothread`)
    public let individualIOThreads = XML.List<DomainIOThreadSchema>("iothreadids/iothread")
    /// The threads that serve what no I/O thread serves. (`defaultiothread`)
    public let defaultIOThread = XML.Group<DomainDefaultIOThreadSchema>("defaultiothread")
    /// Pinning, shares and scheduling of virtual CPUs. (`cputune`)
    public let cpuTuning = XML.Group<DomainCPUTuningSchema>("cputune")
    /// On which of the host's NUMA nodes the memory lies. (`numatune`)
    public let numaTuning = XML.Group<DomainNUMATuningSchema>("numatune")
    /// Where the host accounts for it. (`resource`)
    public let resource = XML.Group<DomainResourceSchema>("resource")
    /// What firmware tells the guest of the machine. (`sysinfo`)
    public let systemInformation = XML.List<DomainSystemInformationSchema>("sysinfo")
    /// The path of a boot loader on the host, for Xen's paravirtual guests. (`bootloader`)
    public let bootloader = XML.Field<String>("bootloader")
    /// The boot loader's arguments. (`bootloader_args`)
    public let bootloaderArguments = XML.Field<String>("bootloader_args")
    /// What the guest boots from. (`os`)
    public let os = XML.Group<DomainOSSchema>("os")
    /// How a container's user and group numbers map to the host's. (`idmap`)
    public let idMap = XML.Group<DomainIDMapSchema>("idmap")
    /// Features of the hypervisor that are on or off. (`features`)
    public let features = XML.Group<DomainFeaturesSchema>("features")
    /// What the guest's CPUs are, and how they are arranged. (`cpu`)
    public let cpu = XML.Group<DomainCPUSchema>("cpu")
    /// The guest's clock and timers. (`clock`)
    public let clock = XML.Group<DomainClockSchema>("clock")
    /// What happens when the guest powers off. (`on_poweroff`)
    public let onPowerOff = XML.Field<DomainLifecycleAction>("on_poweroff")
    /// What happens when the guest reboots. (`on_reboot`)
    public let onReboot = XML.Field<DomainLifecycleAction>("on_reboot")
    /// What happens when the guest crashes. (`on_crash`)
    public let onCrash = XML.Field<DomainLifecycleAction>("on_crash")
    /// What happens when a lock on a disk is lost. (`on_lockfailure`)
    public let onLockFailure = XML.Field<DomainLockFailureAction>("on_lockfailure")
    /// Whether firmware offers ACPI's S3. (`pm/suspend-to-mem/@enabled`)
    public let suspendToMemory = XML.Field<Bool>("pm/suspend-to-mem/@enabled")
    /// Whether firmware offers ACPI's S4. (`pm/suspend-to-disk/@enabled`)
    public let suspendToDisk = XML.Field<Bool>("pm/suspend-to-disk/@enabled")
    /// Performance counters that statistics report. (`perf/event`)
    public let performanceEvents = XML.List<DomainPerformanceEventSchema>("perf/event")
    /// The devices. (`devices`)
    public let devices = XML.Group<DomainDevicesSchema>("devices")
    /// How the host's security drivers confine the domain. (`seclabel`)
    public let securityLabels = XML.List<SecurityLabelSchema>("seclabel")
    /// Whether the guest may use the host's key wrapping (s390). (`keywrap/cipher`)
    public let keyWrap = XML.List<DomainKeyWrapCipherSchema>("keywrap/cipher")
    /// How the guest's memory is kept from the host. (`launchSecurity`)
    public let launchSecurity = XML.Part<DomainLaunchSecuritySchema>("launchSecurity")
    /// Arguments and environment that are passed to QEMU as they are. (`qemu:commandline`)
    public let qemu = XML.Part<QEMUCommandLineSchema>("qemu:commandline")
    /// QEMU's capabilities that libvirt is to take as present or absent. (`qemu:capabilities`)
    public let qemuCapabilities = XML.Part<QEMUCapabilitiesSchema>("qemu:capabilities")
    /// Properties of QEMU's devices that are set over what libvirt would set. (`qemu:override/qemu:device`)
    public let qemuOverride = XML.List<QEMUDeviceOverrideSchema>("qemu:override/qemu:device")
    /// What QEMU does about deprecated features: omit, reject, crash or none. (`qemu:deprecation/@behavior`)
    public let qemuDeprecation = XML.Field<String>("qemu:deprecation/@behavior")
    /// Namespaces that a container shares with others. (`lxc:namespace`)
    public let lxcNamespace = XML.Part<LXCNamespaceSchema>("lxc:namespace")
    /// Arguments that are passed to bhyve as they are. (`bhyve:commandline`)
    public let bhyve = XML.Part<BhyveCommandLineSchema>("bhyve:commandline")
    /// Arguments that are passed to Xen's device model as they are. (`xen:commandline`)
    public let xen = XML.Part<XenCommandLineSchema>("xen:commandline")
    /// The inventory path of the data centre that the machine is in. (`vmware:datacenterpath`)
    public let vmwareDataCenterPath = XML.Field<String>("vmware:datacenterpath")
}

/// What programs keep with a domain: `metadata`. Use `subscript(namespace:)` for your own.
public typealias DomainMetadata = XML.View<DomainMetadataSchema>

/// The properties of `DomainMetadata`.
public struct DomainMetadataSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("metadata", Self())

}

/// One virtual CPU: `vcpus/vcpu`.
public typealias DomainVCPU = XML.View<DomainVCPUSchema>

/// The properties of `DomainVCPU`.
public struct DomainVCPUSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("vcpu", Self())

    /// Its number, from 0. (`@id`)
    public let id = XML.Field<Int>("@id")
    /// Whether it is there. (`@enabled`)
    public let enabled = XML.Field<Bool>("@enabled")
    /// Whether it can be unplugged. (`@hotpluggable`)
    public let hotpluggable = XML.Field<Bool>("@hotpluggable")
    /// When it is plugged in, from 1. (`@order`)
    public let order = XML.Field<Int>("@order")
}

/// One I/O thread: `iothreadids/iothread`.
public typealias DomainIOThread = XML.View<DomainIOThreadSchema>

/// The properties of `DomainIOThread`.
public struct DomainIOThreadSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("iothread", Self())

    /// Its number, from 1. (`@id`)
    public let id = XML.Field<Int>("@id")
    /// The least number of worker threads. (`@thread_pool_min`)
    public let minimumPoolThreads = XML.Field<Int>("@thread_pool_min")
    /// The largest number of worker threads. (`@thread_pool_max`)
    public let maximumPoolThreads = XML.Field<Int>("@thread_pool_max")
    /// The longest time in nanoseconds that it polls. (`poll/@max`)
    public let pollMaximum = XML.Field<Int>("poll/@max")
    /// The factor by which polling time grows. (`poll/@grow`)
    public let pollGrow = XML.Field<Int>("poll/@grow")
    /// The divisor by which polling time shrinks. (`poll/@shrink`)
    public let pollShrink = XML.Field<Int>("poll/@shrink")
}

/// The main loop's worker threads: `defaultiothread`.
public typealias DomainDefaultIOThread = XML.View<DomainDefaultIOThreadSchema>

/// The properties of `DomainDefaultIOThread`.
public struct DomainDefaultIOThreadSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("defaultiothread", Self())

    /// The least number. (`@thread_pool_min`)
    public let minimumPoolThreads = XML.Field<Int>("@thread_pool_min")
    /// The largest number. (`@thread_pool_max`)
    public let maximumPoolThreads = XML.Field<Int>("@thread_pool_max")
}

/// Where the host accounts for the domain: `resource`.
public typealias DomainResource = XML.View<DomainResourceSchema>

/// The properties of `DomainResource`.
public struct DomainResourceSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("resource", Self())

    /// The path of its control group's parent. (`partition`)
    public let partition = XML.Field<String>("partition")
    /// The ID that marks its Fibre Channel traffic. (`fibrechannel/@appid`)
    public let fibreChannelApplicationID = XML.Field<String>("fibrechannel/@appid")
}

/// A performance counter: `perf/event`.
public typealias DomainPerformanceEvent = XML.View<DomainPerformanceEventSchema>

/// The properties of `DomainPerformanceEvent`.
public struct DomainPerformanceEventSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("event", Self())

    /// Its name: cmt, mbmt, cpu_cycles, instructions, cache_misses … (`@name`)
    public let name = XML.Field<String>("@name")
    /// Whether it counts. (`@enabled`)
    public let enabled = XML.Field<Bool>("@enabled")
}

/// A key wrapping of s390: `keywrap/cipher`.
public typealias DomainKeyWrapCipher = XML.View<DomainKeyWrapCipherSchema>

/// The properties of `DomainKeyWrapCipher`.
public struct DomainKeyWrapCipherSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("cipher", Self())

    /// aes or dea. (`@name`)
    public let name = XML.Field<String>("@name")
    /// Whether the guest may use it. (`@state`)
    public let state = XML.Field<Bool>.onOff("@state")
}

/// How a container's numbers map to the host's: `idmap`.
public typealias DomainIDMap = XML.View<DomainIDMapSchema>

/// The properties of `DomainIDMap`.
public struct DomainIDMapSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("idmap", Self())

    /// User numbers. (`uid`)
    public let users = XML.List<DomainIDRangeSchema>("uid")
    /// Group numbers. (`gid`)
    public let groups = XML.List<DomainIDRangeSchema>("gid")
}

/// A range of numbers: `idmap/uid`, `idmap/gid`.
public typealias DomainIDRange = XML.View<DomainIDRangeSchema>

/// The properties of `DomainIDRange`.
public struct DomainIDRangeSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("uid", Self())

    /// The first in the container. (`@start`)
    public let start = XML.Field<Int>("@start")
    /// The first on the host. (`@target`)
    public let target = XML.Field<Int>("@target")
    /// How many there are. (`@count`)
    public let count = XML.Field<Int>("@count")
}
