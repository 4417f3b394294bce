internal import VirtKitCore

/// An input device: `devices/input`.
public typealias DomainInput = XML.View<DomainInputSchema>

/// The properties of `DomainInput`.
public struct DomainInputSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("input", Self())

    /// tablet, mouse, keyboard, passthrough or evdev. (`@type`)
    public let type = XML.Field<String>("@type")
    /// usb, ps2, virtio, xen or none. (`@bus`)
    public let bus = XML.Field<String>("@bus")
    /// The variant of virtio. (`@model`)
    public let model = XML.Field<String>("@model")
    /// The host's input device. (evdev) (`source/@dev`)
    public let device = XML.Field<String>("source/@dev")
    /// The host's event device. (passthrough) (`source/@evdev`)
    public let eventDevice = XML.Field<String>("source/@evdev")
    /// all: one grab for all of them. (`source/@grab`)
    public let grab = XML.Field<String>("source/@grab")
    /// The keys that change who has them: ctrl-ctrl, alt-alt … (`source/@grabToggle`)
    public let grabToggle = XML.Field<String>("source/@grabToggle")
    /// Whether keys repeat. (`source/@repeat`)
    public let `repeat` = XML.Field<Bool>.onOff("source/@repeat")
    /// Whether its accesses go through the guest's IOMMU. (`driver/@iommu`)
    public let iommu = XML.Field<Bool>.onOff("driver/@iommu")
    /// Whether it caches translations. (`driver/@ats`)
    public let ats = XML.Field<Bool>.onOff("driver/@ats")
    /// Whether virtqueues are packed. (`driver/@packed`)
    public let packed = XML.Field<Bool>.onOff("driver/@packed")
    /// Whether each queue's notifications have a page of their own. (`driver/@page_per_vq`)
    public let pagePerQueue = XML.Field<Bool>.onOff("driver/@page_per_vq")
    /// The device's name in the hypervisor. (`alias/@name`)
    public let alias = XML.Field<String>("alias/@name")
    /// Where the guest finds it. (`address`)
    public let address = XML.Part<DeviceAddressSchema>("address")
}

/// What a trusted platform module is on the host: `tpm/backend/@type`.
public struct DomainTPMBackend: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The host's own (`passthrough`)
    public static let passthrough = Self("passthrough")
    /// swtpm (`emulator`)
    public static let emulator = Self("emulator")
    /// Someone else's swtpm (`external`)
    public static let external = Self("external")
}

/// A trusted platform module: `devices/tpm`.
public typealias DomainTPM = XML.View<DomainTPMSchema>

/// The properties of `DomainTPM`.
public struct DomainTPMSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("tpm", Self())

    /// tpm-tis, tpm-crb, tpm-spapr or spapr-tpm-proxy. (`@model`)
    public let model = XML.Field<String>("@model")
    /// What it is on the host. (`backend/@type`)
    public let backend = XML.Field<DomainTPMBackend>("backend/@type")
    /// 1.2 or 2.0. (`backend/@version`)
    public let version = XML.Field<String>("backend/@version")
    /// Whether its state outlives the domain. (`backend/@persistent_state`)
    public let persistentState = XML.Field<Bool>("backend/@persistent_state")
    /// swtpm's debug level. (`backend/@debug`)
    public let debug = XML.Field<Int>("backend/@debug")
    /// The host's device. (`backend/device/@path`)
    public let device = XML.Field<String>("backend/device/@path")
    /// The UUID of libvirt's secret that encrypts its state. (`backend/encryption/@secret`)
    public let encryptionSecret = XML.Field<String>("backend/encryption/@secret")
    /// file or dir for its state; unix for an external one. (`backend/source/@type`)
    public let sourceType = XML.Field<String>("backend/source/@type")
    /// The state's or the socket's path. (`backend/source/@path`)
    public let sourcePath = XML.Field<String>("backend/source/@path")
    /// connect. (`backend/source/@mode`)
    public let sourceMode = XML.Field<String>("backend/source/@mode")
    /// swtpm's profile. (`backend/profile/@name`)
    public let profile = XML.Field<String>("backend/profile/@name")
    /// Whether the SHA-1 bank is active. (`backend/active_pcr_banks/sha1`)
    public let sha1 = XML.Flag("backend/active_pcr_banks/sha1")
    /// Whether the SHA-256 bank is active. (`backend/active_pcr_banks/sha256`)
    public let sha256 = XML.Flag("backend/active_pcr_banks/sha256")
    /// Whether the SHA-384 bank is active. (`backend/active_pcr_banks/sha384`)
    public let sha384 = XML.Flag("backend/active_pcr_banks/sha384")
    /// Whether the SHA-512 bank is active. (`backend/active_pcr_banks/sha512`)
    public let sha512 = XML.Flag("backend/active_pcr_banks/sha512")
    /// The device's name in the hypervisor. (`alias/@name`)
    public let alias = XML.Field<String>("alias/@name")
    /// Where the guest finds it. (`address`)
    public let address = XML.Part<DeviceAddressSchema>("address")
}

/// A sound card: `devices/sound`.
public typealias DomainSound = XML.View<DomainSoundSchema>

/// The properties of `DomainSound`.
public struct DomainSoundSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("sound", Self())

    /// ich9, ich6, ac97, es1370, sb16, pcspk, usb or virtio. (`@model`)
    public let model = XML.Field<String>("@model")
    /// Whether a USB card has more than two channels. (`@multichannel`)
    public let multichannel = XML.Field<Bool>("@multichannel")
    /// The number of a virtio card's streams. (`@streams`)
    public let streams = XML.Field<Int>("@streams")
    /// The codecs: duplex, micro or output. (`codec/@type`)
    public let codecs = XML.Values<String>("codec/@type")
    /// The number of the audio device that it uses. (`audio/@id`)
    public let audioID = XML.Field<Int>("audio/@id")
    /// Whether its accesses go through the guest's IOMMU. (`driver/@iommu`)
    public let iommu = XML.Field<Bool>.onOff("driver/@iommu")
    /// Whether it caches translations. (`driver/@ats`)
    public let ats = XML.Field<Bool>.onOff("driver/@ats")
    /// Whether virtqueues are packed. (`driver/@packed`)
    public let packed = XML.Field<Bool>.onOff("driver/@packed")
    /// Whether each queue's notifications have a page of their own. (`driver/@page_per_vq`)
    public let pagePerQueue = XML.Field<Bool>.onOff("driver/@page_per_vq")
    /// The index by which guests name it. (`acpi/@index`)
    public let acpiIndex = XML.Field<Int>("acpi/@index")
    /// The device's name in the hypervisor. (`alias/@name`)
    public let alias = XML.Field<String>("alias/@name")
    /// Where the guest finds it. (`address`)
    public let address = XML.Part<DeviceAddressSchema>("address")
}

/// Where sound goes on the host: `devices/audio`.
public typealias DomainAudio = XML.View<DomainAudioSchema>

/// The properties of `DomainAudio`.
public struct DomainAudioSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("audio", Self())

    /// Its number, from 1. (`@id`)
    public let id = XML.Field<Int>("@id")
    /// none, alsa, coreaudio, jack, oss, pulseaudio, sdl, spice, file, dbus or pipewire. (`@type`)
    public let type = XML.Field<String>("@type")
    /// The timer's period in microseconds. (`@timerPeriod`)
    public let timerPeriod = XML.Field<Int>("@timerPeriod")
    /// PulseAudio's server. (`@serverName`)
    public let serverName = XML.Field<String>("@serverName")
    /// SDL's driver. (`@driver`)
    public let driver = XML.Field<String>("@driver")
    /// The file. (`@path`)
    public let path = XML.Field<String>("@path")
    /// Whether OSS maps its buffers. (`@tryMMap`)
    public let tryMMap = XML.Field<Bool>("@tryMMap")
    /// Whether OSS opens the device alone. (`@exclusive`)
    public let exclusive = XML.Field<Bool>("@exclusive")
    /// OSS's timing policy. (`@dspPolicy`)
    public let dspPolicy = XML.Field<Int>("@dspPolicy")
    /// PipeWire's directory. (`@runtimeDir`)
    public let runtimeDirectory = XML.Field<String>("@runtimeDir")
    /// What comes in. (`input`)
    public let input = XML.Group<DomainAudioStreamSchema>("input")
    /// What goes out. (`output`)
    public let output = XML.Group<DomainAudioStreamSchema>("output")
}

/// What comes in or goes out: `audio/input`, `audio/output`.
public typealias DomainAudioStream = XML.View<DomainAudioStreamSchema>

/// The properties of `DomainAudioStream`.
public struct DomainAudioStreamSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("input", Self())

    /// Whether QEMU mixes. (`@mixingEngine`)
    public let mixingEngine = XML.Field<Bool>("@mixingEngine")
    /// Whether the settings are fixed. (`@fixedSettings`)
    public let fixedSettings = XML.Field<Bool>("@fixedSettings")
    /// The number of voices. (`@voices`)
    public let voices = XML.Field<Int>("@voices")
    /// The buffer's length in microseconds. (`@bufferLength`)
    public let bufferLength = XML.Field<Int>("@bufferLength")
    /// The number of buffers. (`@bufferCount`)
    public let bufferCount = XML.Field<Int>("@bufferCount")
    /// The device's name. (`@dev`)
    public let device = XML.Field<String>("@dev")
    /// Whether polling is used. (`@tryPoll`)
    public let tryPoll = XML.Field<Bool>("@tryPoll")
    /// JACK's server. (`@serverName`)
    public let serverName = XML.Field<String>("@serverName")
    /// JACK's client name. (`@clientName`)
    public let clientName = XML.Field<String>("@clientName")
    /// The ports that JACK connects to. (`@connectPorts`)
    public let connectPorts = XML.Field<String>("@connectPorts")
    /// Whether JACK's name must be had. (`@exactName`)
    public let exactName = XML.Field<Bool>("@exactName")
    /// The name of the stream or source. (`@name`)
    public let name = XML.Field<String>("@name")
    /// The stream's name. (`@streamName`)
    public let streamName = XML.Field<String>("@streamName")
    /// The latency in microseconds. (`@latency`)
    public let latency = XML.Field<Int>("@latency")
    /// Samples a second. (`settings/@frequency`)
    public let frequency = XML.Field<Int>("settings/@frequency")
    /// The number of channels. (`settings/@channels`)
    public let channels = XML.Field<Int>("settings/@channels")
    /// The samples' format: s16, f32 … (`settings/@format`)
    public let format = XML.Field<String>("settings/@format")
}

/// What happens when a guest does not answer: `watchdog/@action`.
public struct DomainWatchdogAction: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// `reset`.
    public static let reset = Self("reset")
    /// `shutdown`.
    public static let shutdown = Self("shutdown")
    /// `poweroff`.
    public static let poweroff = Self("poweroff")
    /// `pause`.
    public static let pause = Self("pause")
    /// `none`.
    public static let none = Self("none")
    /// Its memory is dumped (`dump`)
    public static let dump = Self("dump")
    /// `inject-nmi`.
    public static let injectNMI = Self("inject-nmi")
}

/// A watchdog: `devices/watchdog`.
public typealias DomainWatchdog = XML.View<DomainWatchdogSchema>

/// The properties of `DomainWatchdog`.
public struct DomainWatchdogSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("watchdog", Self())

    /// itco, i6300esb, ib700 or diag288. (`@model`)
    public let model = XML.Field<String>("@model")
    /// What happens when the guest does not answer. (`@action`)
    public let action = XML.Field<DomainWatchdogAction>("@action")
    /// The device's name in the hypervisor. (`alias/@name`)
    public let alias = XML.Field<String>("alias/@name")
    /// Where the guest finds it. (`address`)
    public let address = XML.Part<DeviceAddressSchema>("address")
}

/// The memory balloon: `devices/memballoon`.
public typealias DomainMemoryBalloon = XML.View<DomainMemoryBalloonSchema>

/// The properties of `DomainMemoryBalloon`.
public struct DomainMemoryBalloonSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("memballoon", Self())

    /// virtio, xen or none. (`@model`)
    public let model = XML.Field<String>("@model")
    /// Whether it gives memory back when the guest runs out. (`@autodeflate`)
    public let autoDeflate = XML.Field<Bool>.onOff("@autodeflate")
    /// Whether the guest tells of pages that it does not use. (`@freePageReporting`)
    public let freePageReporting = XML.Field<Bool>.onOff("@freePageReporting")
    /// How often in seconds statistics are taken; 0 for never. (`stats/@period`)
    public let statisticsPeriod = XML.Field<Int>("stats/@period")
    /// Whether its accesses go through the guest's IOMMU. (`driver/@iommu`)
    public let iommu = XML.Field<Bool>.onOff("driver/@iommu")
    /// Whether it caches translations. (`driver/@ats`)
    public let ats = XML.Field<Bool>.onOff("driver/@ats")
    /// Whether virtqueues are packed. (`driver/@packed`)
    public let packed = XML.Field<Bool>.onOff("driver/@packed")
    /// Whether each queue's notifications have a page of their own. (`driver/@page_per_vq`)
    public let pagePerQueue = XML.Field<Bool>.onOff("driver/@page_per_vq")
    /// The device's name in the hypervisor. (`alias/@name`)
    public let alias = XML.Field<String>("alias/@name")
    /// Where the guest finds it. (`address`)
    public let address = XML.Part<DeviceAddressSchema>("address")
}

/// The NVRAM of a pSeries guest: `devices/nvram`.
public typealias DomainNVRAM = XML.View<DomainNVRAMSchema>

/// The properties of `DomainNVRAM`.
public struct DomainNVRAMSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("nvram", Self())

    /// The device's name in the hypervisor. (`alias/@name`)
    public let alias = XML.Field<String>("alias/@name")
    /// Where the guest finds it. (`address`)
    public let address = XML.Part<DeviceAddressSchema>("address")
}

/// A device by which a guest tells that it has crashed: `devices/panic`.
public typealias DomainPanic = XML.View<DomainPanicSchema>

/// The properties of `DomainPanic`.
public struct DomainPanicSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("panic", Self())

    /// isa, pseries, hyperv, s390, pvpanic. (`@model`)
    public let model = XML.Field<String>("@model")
    /// The device's name in the hypervisor. (`alias/@name`)
    public let alias = XML.Field<String>("alias/@name")
    /// Where the guest finds it. (`address`)
    public let address = XML.Part<DeviceAddressSchema>("address")
}

/// Memory that guests share: `devices/shmem`.
public typealias DomainSharedMemory = XML.View<DomainSharedMemorySchema>

/// The properties of `DomainSharedMemory`.
public struct DomainSharedMemorySchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("shmem", Self())

    /// Its name. (`@name`)
    public let name = XML.Field<String>("@name")
    /// master or peer, in a migration. (`@role`)
    public let role = XML.Field<String>("@role")
    /// ivshmem-plain or ivshmem-doorbell. (`model/@type`)
    public let model = XML.Field<String>("model/@type")
    /// Its size; bytes where no unit is given. (`size`)
    public let size = XML.Size("size", default: "bytes")
    /// The socket of the server that hands it out. (`server/@path`)
    public let server = XML.Field<String>("server/@path")
    /// The number of interrupt vectors. (`msi/@vectors`)
    public let msiVectors = XML.Field<Int>("msi/@vectors")
    /// Whether kicks are handled outside the virtual CPU's thread. (`msi/@ioeventfd`)
    public let msiIOEventFD = XML.Field<Bool>.onOff("msi/@ioeventfd")
    /// The device's name in the hypervisor. (`alias/@name`)
    public let alias = XML.Field<String>("alias/@name")
    /// Where the guest finds it. (`address`)
    public let address = XML.Part<DeviceAddressSchema>("address")
}

/// A kind of memory module: `devices/memory/@model`.
public struct DomainMemoryModel: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// A module (`dimm`)
    public static let dimm = Self("dimm")
    /// A module that keeps its contents (`nvdimm`)
    public static let nvdimm = Self("nvdimm")
    /// Memory that keeps its contents, by virtio (`virtio-pmem`)
    public static let virtioPMEM = Self("virtio-pmem")
    /// Memory that grows and shrinks, by virtio (`virtio-mem`)
    public static let virtioMem = Self("virtio-mem")
    /// Memory of SGX enclaves (`sgx-epc`)
    public static let sgxEPC = Self("sgx-epc")
}

/// A memory module: `devices/memory`.
public typealias DomainMemoryDevice = XML.View<DomainMemoryDeviceSchema>

/// The properties of `DomainMemoryDevice`.
public struct DomainMemoryDeviceSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("memory", Self())

    /// Its kind. (`@model`)
    public let model = XML.Field<DomainMemoryModel>("@model")
    /// Whether other processes see it. (`@access`)
    public let access = XML.Field<MemoryAccessMode>("@access")
    /// Whether contents are dropped before the memory is freed. (`@discard`)
    public let discard = XML.Field<Bool>("@discard")
    /// The UUID of a module that keeps its contents. (`uuid`)
    public let uuid = XML.Field<String>("uuid")
    /// The file that backs it. (`source/path`)
    public let sourcePath = XML.Field<String>("source/path")
    /// The size of the host's pages. (`source/pagesize`)
    public let sourcePageSize = XML.Size("source/pagesize")
    /// The alignment in the file. (`source/alignsize`)
    public let sourceAlignment = XML.Size("source/alignsize")
    /// The host's NUMA nodes. (`source/nodemask`)
    public let sourceNodes = XML.Field<CPUSet>("source/nodemask")
    /// Whether the file is on persistent memory. (`source/pmem`)
    public let persistent = XML.Flag("source/pmem")
    /// Its size. (`target/size`)
    public let size = XML.Size("target/size")
    /// The guest's NUMA node that it is in. (`target/node`)
    public let node = XML.Field<Int>("target/node")
    /// The room for labels. (nvdimm) (`target/label/size`)
    public let labelSize = XML.Size("target/label/size")
    /// The unit in which it grows. (virtio-mem) (`target/block`)
    public let blockSize = XML.Size("target/block")
    /// How much the guest should have. (virtio-mem) (`target/requested`)
    public let requestedSize = XML.Size("target/requested")
    /// How much the guest has. (virtio-mem; reported only) (`target/current`)
    public let currentSize = XML.Size("target/current")
    /// Whether the guest can't write. (`target/readonly`)
    public let readOnly = XML.Flag("target/readonly")
    /// Where it should lie. (virtio) (`target/address/@base`)
    public let targetBase = XML.Field<Int>.hex("target/address/@base", digits: 8)
    /// The device's name in the hypervisor. (`alias/@name`)
    public let alias = XML.Field<String>("alias/@name")
    /// Where the guest finds it. (`address`)
    public let address = XML.Part<DeviceAddressSchema>("address")
}

/// A guest's IOMMU: `devices/iommu`.
public typealias DomainIOMMU = XML.View<DomainIOMMUSchema>

/// The properties of `DomainIOMMU`.
public struct DomainIOMMUSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("iommu", Self())

    /// intel, smmuv3, virtio, amd. (`@model`)
    public let model = XML.Field<String>("@model")
    /// Whether interrupts are remapped. (`driver/@intremap`)
    public let interruptRemapping = XML.Field<Bool>.onOff("driver/@intremap")
    /// Whether changes must be told, as passed-through devices need. (`driver/@caching_mode`)
    public let cachingMode = XML.Field<Bool>.onOff("driver/@caching_mode")
    /// Whether more than 255 CPUs can be reached. (`driver/@eim`)
    public let extendedInterruptMode = XML.Field<Bool>.onOff("driver/@eim")
    /// Whether devices may cache translations. (`driver/@iotlb`)
    public let ioTLB = XML.Field<Bool>.onOff("driver/@iotlb")
    /// The width of addresses: 39 or 48. (`driver/@aw_bits`)
    public let addressWidth = XML.Field<Int>("driver/@aw_bits")
    /// Whether addresses are translated. (`driver/@dma_translation`)
    public let dmaTranslation = XML.Field<Bool>.onOff("driver/@dma_translation")
    /// Whether AMD's IOMMU knows x2APIC interrupts. (`driver/@xtsup`)
    public let x2APIC = XML.Field<Bool>.onOff("driver/@xtsup")
    /// Whether AMD's IOMMU lets devices through. (`driver/@passthrough`)
    public let passthrough = XML.Field<Bool>.onOff("driver/@passthrough")
    /// Whether a SMMUv3 is the host's own, in part. (`driver/@accel`)
    public let accelerated = XML.Field<Bool>.onOff("driver/@accel")
    /// Whether devices may cache translations. (`driver/@ats`)
    public let ats = XML.Field<Bool>.onOff("driver/@ats")
    /// Whether ranges of translations can be made invalid at once. (`driver/@ril`)
    public let rangeInvalidation = XML.Field<Bool>.onOff("driver/@ril")
    /// Whether devices may name address spaces. (`driver/@pasid`)
    public let pasid = XML.Field<Bool>.onOff("driver/@pasid")
    /// The bits of output addresses. (`driver/@oas`)
    public let outputAddressSize = XML.Field<Int>("driver/@oas")
    /// The number of the PCI bus that it serves. (`driver/@pciBus`)
    public let pciBus = XML.Field<Int>("driver/@pciBus")
    /// The size of the pages that it maps. (`driver/granule/@size`)
    public let granule = XML.Size("driver/granule/@size", unit: "driver/granule/@unit")
    /// How the size of pages is chosen: host. (`driver/granule/@mode`)
    public let granuleMode = XML.Field<String>("driver/granule/@mode")
    /// The device's name in the hypervisor. (`alias/@name`)
    public let alias = XML.Field<String>("alias/@name")
    /// Where the guest finds it. (`address`)
    public let address = XML.Part<DeviceAddressSchema>("address")
}

/// Sockets between host and guest: `devices/vsock`.
public typealias DomainVSock = XML.View<DomainVSockSchema>

/// The properties of `DomainVSock`.
public struct DomainVSockSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("vsock", Self())

    /// virtio, virtio-transitional or virtio-non-transitional. (`@model`)
    public let model = XML.Field<String>("@model")
    /// Whether libvirt chooses the guest's number. (`cid/@auto`)
    public let cidAuto = XML.Field<Bool>("cid/@auto")
    /// The guest's number, from 3. (`cid/@address`)
    public let cid = XML.Field<Int>("cid/@address")
    /// Whether its accesses go through the guest's IOMMU. (`driver/@iommu`)
    public let iommu = XML.Field<Bool>.onOff("driver/@iommu")
    /// Whether it caches translations. (`driver/@ats`)
    public let ats = XML.Field<Bool>.onOff("driver/@ats")
    /// Whether virtqueues are packed. (`driver/@packed`)
    public let packed = XML.Field<Bool>.onOff("driver/@packed")
    /// Whether each queue's notifications have a page of their own. (`driver/@page_per_vq`)
    public let pagePerQueue = XML.Field<Bool>.onOff("driver/@page_per_vq")
    /// The device's name in the hypervisor. (`alias/@name`)
    public let alias = XML.Field<String>("alias/@name")
    /// Where the guest finds it. (`address`)
    public let address = XML.Part<DeviceAddressSchema>("address")
}

/// A cryptographic device: `devices/crypto`.
public typealias DomainCrypto = XML.View<DomainCryptoSchema>

/// The properties of `DomainCrypto`.
public struct DomainCryptoSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("crypto", Self())

    /// virtio. (`@model`)
    public let model = XML.Field<String>("@model")
    /// qemu. (`@type`)
    public let type = XML.Field<String>("@type")
    /// What does the work: builtin or lkcf. (`backend/@model`)
    public let backend = XML.Field<String>("backend/@model")
    /// The number of queues. (`backend/@queues`)
    public let queues = XML.Field<Int>("backend/@queues")
    /// The device's name in the hypervisor. (`alias/@name`)
    public let alias = XML.Field<String>("alias/@name")
    /// Where the guest finds it. (`address`)
    public let address = XML.Part<DeviceAddressSchema>("address")
}

/// A store for the guest's last words: `devices/pstore`.
public typealias DomainPStore = XML.View<DomainPStoreSchema>

/// The properties of `DomainPStore`.
public struct DomainPStoreSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("pstore", Self())

    /// acpi-erst. (`@backend`)
    public let backend = XML.Field<String>("@backend")
    /// The file. (`path`)
    public let path = XML.Field<String>("path")
    /// Its size. (`size`)
    public let size = XML.Size("size")
    /// The device's name in the hypervisor. (`alias/@name`)
    public let alias = XML.Field<String>("alias/@name")
    /// Where the guest finds it. (`address`)
    public let address = XML.Part<DeviceAddressSchema>("address")
}
