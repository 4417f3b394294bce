internal import VirtKitCore

/// Who chooses the host's CPUs or nodes: `@placement`.
public struct DomainPlacement: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The configuration (`static`)
    public static let `static` = Self("static")
    /// numad, which libvirt asks at the start (`auto`)
    public static let auto = Self("auto")
}

/// A scheduling policy: `@scheduler`.
public struct DomainScheduler: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// `batch`.
    public static let batch = Self("batch")
    /// `idle`.
    public static let idle = Self("idle")
    /// First in, first out, in real time (`fifo`)
    public static let fifo = Self("fifo")
    /// Round robin, in real time (`rr`)
    public static let rr = Self("rr")
}

/// Pinning, shares and scheduling of virtual CPUs: `cputune`.
public typealias DomainCPUTuning = XML.View<DomainCPUTuningSchema>

/// The properties of `DomainCPUTuning`.
public struct DomainCPUTuningSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("cputune", Self())

    /// The weight among domains. (cgroup's cpu.shares or cpu.weight) (`shares`)
    public let shares = XML.Field<Int>("shares")
    /// The period in microseconds in which `quota` counts; 1,000 to 1,000,000. (`period`)
    public let period = XML.Field<Int>("period")
    /// The CPU time in microseconds of one virtual CPU in a period; negative for no limit. (`quota`)
    public let quota = XML.Field<Int>("quota")
    /// The period of the whole domain in microseconds. (`global_period`)
    public let globalPeriod = XML.Field<Int>("global_period")
    /// The quota of the whole domain in microseconds. (`global_quota`)
    public let globalQuota = XML.Field<Int>("global_quota")
    /// The period of QEMU's other threads in microseconds. (`emulator_period`)
    public let emulatorPeriod = XML.Field<Int>("emulator_period")
    /// The quota of QEMU's other threads in microseconds. (`emulator_quota`)
    public let emulatorQuota = XML.Field<Int>("emulator_quota")
    /// The period of I/O threads in microseconds. (`iothread_period`)
    public let ioThreadPeriod = XML.Field<Int>("iothread_period")
    /// The quota of I/O threads in microseconds. (`iothread_quota`)
    public let ioThreadQuota = XML.Field<Int>("iothread_quota")
    /// On which host CPUs virtual CPUs run. (`vcpupin`)
    public let vcpuPins = XML.List<DomainVCPUPinSchema>("vcpupin")
    /// On which host CPUs QEMU's other threads run. (`emulatorpin/@cpuset`)
    public let emulatorPin = XML.Field<CPUSet>("emulatorpin/@cpuset")
    /// On which host CPUs I/O threads run. (`iothreadpin`)
    public let ioThreadPins = XML.List<DomainIOThreadPinSchema>("iothreadpin")
    /// How virtual CPUs are scheduled. (`vcpusched`)
    public let vcpuSchedulers = XML.List<DomainVCPUSchedulerSchema>("vcpusched")
    /// How I/O threads are scheduled. (`iothreadsched`)
    public let ioThreadSchedulers = XML.List<DomainIOThreadSchedulerSchema>("iothreadsched")
    /// How QEMU's other threads are scheduled. (`emulatorsched/@scheduler`)
    public let emulatorScheduler = XML.Field<DomainScheduler>("emulatorsched/@scheduler")
    /// Their priority in real time, 1 to 99. (`emulatorsched/@priority`)
    public let emulatorPriority = XML.Field<Int>("emulatorsched/@priority")
    /// Parts of the host's caches (Intel's CAT). (`cachetune`)
    public let cacheTuning = XML.List<DomainCacheTuningSchema>("cachetune")
    /// Shares of the host's memory bandwidth (Intel's MBA). (`memorytune`)
    public let memoryBandwidth = XML.List<DomainMemoryBandwidthSchema>("memorytune")
}

/// The pinning of one virtual CPU: `cputune/vcpupin`.
public typealias DomainVCPUPin = XML.View<DomainVCPUPinSchema>

/// The properties of `DomainVCPUPin`.
public struct DomainVCPUPinSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("vcpupin", Self())

    /// The virtual CPU's number. (`@vcpu`)
    public let vcpu = XML.Field<Int>("@vcpu")
    /// The host's CPUs. (`@cpuset`)
    public let cpus = XML.Field<CPUSet>("@cpuset")
}

/// The pinning of one I/O thread: `cputune/iothreadpin`.
public typealias DomainIOThreadPin = XML.View<DomainIOThreadPinSchema>

/// The properties of `DomainIOThreadPin`.
public struct DomainIOThreadPinSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("iothreadpin", Self())

    /// The I/O thread's number. (`@iothread`)
    public let ioThread = XML.Field<Int>("@iothread")
    /// The host's CPUs. (`@cpuset`)
    public let cpus = XML.Field<CPUSet>("@cpuset")
}

/// The scheduling of some virtual CPUs: `cputune/vcpusched`.
public typealias DomainVCPUScheduler = XML.View<DomainVCPUSchedulerSchema>

/// The properties of `DomainVCPUScheduler`.
public struct DomainVCPUSchedulerSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("vcpusched", Self())

    /// The virtual CPUs. (`@vcpus`)
    public let vcpus = XML.Field<CPUSet>("@vcpus")
    /// The policy. (`@scheduler`)
    public let scheduler = XML.Field<DomainScheduler>("@scheduler")
    /// The priority in real time, 1 to 99. (`@priority`)
    public let priority = XML.Field<Int>("@priority")
}

/// The scheduling of some I/O threads: `cputune/iothreadsched`.
public typealias DomainIOThreadScheduler = XML.View<DomainIOThreadSchedulerSchema>

/// The properties of `DomainIOThreadScheduler`.
public struct DomainIOThreadSchedulerSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("iothreadsched", Self())

    /// The I/O threads. (`@iothreads`)
    public let ioThreads = XML.Field<CPUSet>("@iothreads")
    /// The policy. (`@scheduler`)
    public let scheduler = XML.Field<DomainScheduler>("@scheduler")
    /// The priority in real time, 1 to 99. (`@priority`)
    public let priority = XML.Field<Int>("@priority")
}

/// A part of the host's caches for some virtual CPUs: `cputune/cachetune`.
public typealias DomainCacheTuning = XML.View<DomainCacheTuningSchema>

/// The properties of `DomainCacheTuning`.
public struct DomainCacheTuningSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("cachetune", Self())

    /// The allocation's name; libvirt sets it. (`@id`)
    public let id = XML.Field<String>("@id")
    /// The virtual CPUs. (`@vcpus`)
    public let vcpus = XML.Field<CPUSet>("@vcpus")
    /// The parts. (`cache`)
    public let caches = XML.List<DomainCacheAllocationSchema>("cache")
    /// What is measured. (`monitor`)
    public let monitors = XML.List<DomainCacheMonitorSchema>("monitor")
}

/// A part of a cache: `cputune/cachetune/cache`.
public typealias DomainCacheAllocation = XML.View<DomainCacheAllocationSchema>

/// The properties of `DomainCacheAllocation`.
public struct DomainCacheAllocationSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("cache", Self())

    /// The host's cache. (`@id`)
    public let id = XML.Field<Int>("@id")
    /// Its level. (`@level`)
    public let level = XML.Field<Int>("@level")
    /// both, code or data. (`@type`)
    public let type = XML.Field<String>("@type")
    /// The part's size. (`@size`)
    public let size = XML.Size("@size", unit: "@unit")
}

/// What is measured of a cache or of bandwidth: `monitor`.
public typealias DomainCacheMonitor = XML.View<DomainCacheMonitorSchema>

/// The properties of `DomainCacheMonitor`.
public struct DomainCacheMonitorSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("monitor", Self())

    /// The cache's level. (`@level`)
    public let level = XML.Field<Int>("@level")
    /// The virtual CPUs. (`@vcpus`)
    public let vcpus = XML.Field<CPUSet>("@vcpus")
}

/// Shares of memory bandwidth for some virtual CPUs: `cputune/memorytune`.
public typealias DomainMemoryBandwidth = XML.View<DomainMemoryBandwidthSchema>

/// The properties of `DomainMemoryBandwidth`.
public struct DomainMemoryBandwidthSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("memorytune", Self())

    /// The virtual CPUs. (`@vcpus`)
    public let vcpus = XML.Field<CPUSet>("@vcpus")
    /// The shares. (`node`)
    public let nodes = XML.List<DomainBandwidthNodeSchema>("node")
    /// What is measured. (`monitor`)
    public let monitors = XML.List<DomainCacheMonitorSchema>("monitor")
}

/// A share of a node's bandwidth: `cputune/memorytune/node`.
public typealias DomainBandwidthNode = XML.View<DomainBandwidthNodeSchema>

/// The properties of `DomainBandwidthNode`.
public struct DomainBandwidthNodeSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("node", Self())

    /// The host's node. (`@id`)
    public let id = XML.Field<Int>("@id")
    /// The share in per cent. (`@bandwidth`)
    public let bandwidth = XML.Field<Int>("@bandwidth")
}

/// How strictly memory keeps to nodes: `numatune/memory/@mode`.
public struct DomainNUMAMode: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Only there (`strict`)
    public static let strict = Self("strict")
    /// There, if there is room (`preferred`)
    public static let preferred = Self("preferred")
    /// Page by page in turn (`interleave`)
    public static let interleave = Self("interleave")
    /// As the host's policy for control groups says (`restrictive`)
    public static let restrictive = Self("restrictive")
}

/// On which of the host's NUMA nodes the memory lies: `numatune`.
public typealias DomainNUMATuning = XML.View<DomainNUMATuningSchema>

/// The properties of `DomainNUMATuning`.
public struct DomainNUMATuningSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("numatune", Self())

    /// How strictly. (`memory/@mode`)
    public let mode = XML.Field<DomainNUMAMode>("memory/@mode")
    /// The host's nodes. (`memory/@nodeset`)
    public let nodes = XML.Field<CPUSet>("memory/@nodeset")
    /// Who chooses them. (`memory/@placement`)
    public let placement = XML.Field<DomainPlacement>("memory/@placement")
    /// The placement of each of the guest's nodes. (`memnode`)
    public let memoryNodes = XML.List<DomainMemoryNodeSchema>("memnode")
}

/// The placement of one of the guest's nodes: `numatune/memnode`.
public typealias DomainMemoryNode = XML.View<DomainMemoryNodeSchema>

/// The properties of `DomainMemoryNode`.
public struct DomainMemoryNodeSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("memnode", Self())

    /// The guest's node. (`@cellid`)
    public let cell = XML.Field<Int>("@cellid")
    /// How strictly. (`@mode`)
    public let mode = XML.Field<DomainNUMAMode>("@mode")
    /// The host's nodes. (`@nodeset`)
    public let nodes = XML.Field<CPUSet>("@nodeset")
}

/// The share of the host's block devices: `blkiotune`.
public typealias DomainBlockTuning = XML.View<DomainBlockTuningSchema>

/// The properties of `DomainBlockTuning`.
public struct DomainBlockTuningSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("blkiotune", Self())

    /// The weight among domains, 10 to 1,000. (`weight`)
    public let weight = XML.Field<Int>("weight")
    /// Shares of single devices. (`device`)
    public let devices = XML.List<DomainBlockDeviceTuningSchema>("device")
}

/// The share of one block device: `blkiotune/device`.
public typealias DomainBlockDeviceTuning = XML.View<DomainBlockDeviceTuningSchema>

/// The properties of `DomainBlockDeviceTuning`.
public struct DomainBlockDeviceTuningSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("device", Self())

    /// The device on the host. (`path`)
    public let path = XML.Field<String>("path")
    /// The weight among domains. (`weight`)
    public let weight = XML.Field<Int>("weight")
    /// The most bytes read in a second. (`read_bytes_sec`)
    public let readBytesPerSecond = XML.Field<Int>("read_bytes_sec")
    /// The most bytes written in a second. (`write_bytes_sec`)
    public let writeBytesPerSecond = XML.Field<Int>("write_bytes_sec")
    /// The most reads in a second. (`read_iops_sec`)
    public let readsPerSecond = XML.Field<Int>("read_iops_sec")
    /// The most writes in a second. (`write_iops_sec`)
    public let writesPerSecond = XML.Field<Int>("write_iops_sec")
}
