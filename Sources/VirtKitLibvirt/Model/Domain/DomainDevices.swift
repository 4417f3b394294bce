/// The devices of a domain: `devices`.
public typealias DomainDevices = XML.View<DomainDevicesSchema>

/// The properties of `DomainDevices`.
public struct DomainDevicesSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("devices", Self())

    /// The path of the hypervisor's program on the host. (`emulator`)
    public let emulator = XML.Field<String>("emulator")
    /// Disks, CD-ROM and floppy drives. (`disk`)
    public let disks = XML.List<DomainDiskSchema>("disk")
    /// Controllers that devices are attached to. (`controller`)
    public let controllers = XML.List<DomainControllerSchema>("controller")
    /// Leases of a lock manager. (`lease`)
    public let leases = XML.List<DomainLeaseSchema>("lease")
    /// Directories of the host that the guest sees. (`filesystem`)
    public let filesystems = XML.List<DomainFilesystemSchema>("filesystem")
    /// Network interfaces. (`interface`)
    public let interfaces = XML.List<DomainInterfaceSchema>("interface")
    /// Smart card readers. (`smartcard`)
    public let smartcards = XML.List<DomainSmartcardSchema>("smartcard")
    /// Serial ports. (`serial`)
    public let serials = XML.List<DomainSerialSchema>("serial")
    /// Parallel ports. (`parallel`)
    public let parallels = XML.List<DomainParallelSchema>("parallel")
    /// Consoles; the first is often the first serial port under another name. (`console`)
    public let consoles = XML.List<DomainConsoleSchema>("console")
    /// Channels between host and guest, as for an agent. (`channel`)
    public let channels = XML.List<DomainChannelSchema>("channel")
    /// Keyboards, mice, tablets and other input devices. (`input`)
    public let inputs = XML.List<DomainInputSchema>("input")
    /// Trusted platform modules. (`tpm`)
    public let tpms = XML.List<DomainTPMSchema>("tpm")
    /// Ways to see the guest's screen. (`graphics`)
    public let graphics = XML.List<DomainGraphicsSchema>("graphics")
    /// Sound cards. (`sound`)
    public let sounds = XML.List<DomainSoundSchema>("sound")
    /// Where sound goes on the host. (`audio`)
    public let audios = XML.List<DomainAudioSchema>("audio")
    /// Graphics cards. (`video`)
    public let videos = XML.List<DomainVideoSchema>("video")
    /// Devices of the host that the guest drives itself. (`hostdev`)
    public let hostDevices = XML.List<DomainHostDeviceSchema>("hostdev")
    /// USB devices that a client passes on. (`redirdev`)
    public let redirectedDevices = XML.List<DomainRedirectedDeviceSchema>("redirdev")
    /// Which of them it may pass on. (`redirfilter/usbdev`)
    public let redirectionFilter = XML.List<DomainRedirectionRuleSchema>("redirfilter/usbdev")
    /// USB hubs. (`hub`)
    public let hubs = XML.List<DomainHubSchema>("hub")
    /// Watchdogs. (`watchdog`)
    public let watchdogs = XML.List<DomainWatchdogSchema>("watchdog")
    /// The memory balloon. (`memballoon`)
    public let memoryBalloon = XML.Part<DomainMemoryBalloonSchema>("memballoon")
    /// Random number generators. (`rng`)
    public let randomGenerators = XML.List<DomainRandomGeneratorSchema>("rng")
    /// The NVRAM of a pSeries guest. (`nvram`)
    public let nvram = XML.Part<DomainNVRAMSchema>("nvram")
    /// Devices by which a guest tells that it has crashed. (`panic`)
    public let panics = XML.List<DomainPanicSchema>("panic")
    /// Memory that guests share. (`shmem`)
    public let sharedMemories = XML.List<DomainSharedMemorySchema>("shmem")
    /// Memory modules. (`memory`)
    public let memoryDevices = XML.List<DomainMemoryDeviceSchema>("memory")
    /// The guest's IOMMU. (`iommu`)
    public let iommu = XML.Part<DomainIOMMUSchema>("iommu")
    /// All of them, where a machine has several. (`iommu`)
    public let iommus = XML.List<DomainIOMMUSchema>("iommu")
    /// Sockets between host and guest. (`vsock`)
    public let vsock = XML.Part<DomainVSockSchema>("vsock")
    /// Cryptographic devices. (`crypto`)
    public let crypto = XML.List<DomainCryptoSchema>("crypto")
    /// A store for the guest's last words. (`pstore`)
    public let pstore = XML.Part<DomainPStoreSchema>("pstore")
}

/// Which kind of bus an address is on: `address/@type`.
public struct DeviceAddressType: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// `pci`.
    public static let pci = Self("pci")
    /// A disk's place on a controller (`drive`)
    public static let drive = Self("drive")
    /// A port of a virtio serial controller (`virtio-serial`)
    public static let virtioSerial = Self("virtio-serial")
    /// A smart card's slot (`ccid`)
    public static let ccid = Self("ccid")
    /// `usb`.
    public static let usb = Self("usb")
    /// The virtual bus of pSeries (`spapr-vio`)
    public static let spaprVIO = Self("spapr-vio")
    /// `virtio-s390`.
    public static let virtioS390 = Self("virtio-s390")
    /// A channel of s390 (`ccw`)
    public static let ccw = Self("ccw")
    /// `virtio-mmio`.
    public static let virtioMMIO = Self("virtio-mmio")
    /// `isa`.
    public static let isa = Self("isa")
    /// A memory slot (`dimm`)
    public static let dimm = Self("dimm")
    /// Nowhere: the guest does not see it (`unassigned`)
    public static let unassigned = Self("unassigned")
    /// `mdev`.
    public static let mdev = Self("mdev")
}

/// Where a guest finds a device: `address`. libvirt chooses it where it is missing.
public typealias DeviceAddress = XML.View<DeviceAddressSchema>

/// The properties of `DeviceAddress`.
public struct DeviceAddressSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("address", Self())

    /// The kind of bus. (`@type`)
    public let type = XML.Field<DeviceAddressType>("@type")
    /// PCI's domain. (`@domain`)
    public let domain = XML.Field<Int>.hex("@domain", digits: 4)
    /// PCI's bus; or the number of a USB, drive or virtio-serial bus. (`@bus`)
    public let bus = XML.Field<Int>.hex("@bus", digits: 2)
    /// PCI's slot; or the number of a memory or smart card slot. (`@slot`)
    public let slot = XML.Field<Int>.hex("@slot", digits: 2)
    /// PCI's function. (`@function`)
    public let function = XML.Field<Int>.hex("@function", digits: 1)
    /// Whether the slot has other functions. (`@multifunction`)
    public let multifunction = XML.Field<Bool>.onOff("@multifunction")
    /// The number of the controller. (`@controller`)
    public let controller = XML.Field<Int>("@controller")
    /// The SCSI target. (`@target`)
    public let target = XML.Field<Int>("@target")
    /// The unit on it. (`@unit`)
    public let unit = XML.Field<Int>("@unit")
    /// The port: of a USB device as 1.2.3. (`@port`)
    public let port = XML.Field<String>("@port")
    /// The number of a USB device of the host. (`@device`)
    public let device = XML.Field<Int>("@device")
    /// The UUID of a mediated device. (`@uuid`)
    public let uuid = XML.Field<String>("@uuid")
    /// The channel subsystem. (s390) (`@cssid`)
    public let channelSubsystem = XML.Field<Int>.hex("@cssid", digits: 2)
    /// The subchannel set. (s390) (`@ssid`)
    public let subchannelSet = XML.Field<Int>.hex("@ssid", digits: 1)
    /// The device number. (s390) (`@devno`)
    public let deviceNumber = XML.Field<Int>.hex("@devno", digits: 4)
    /// The register. (spapr-vio) (`@reg`)
    public let register = XML.Field<Int>.hex("@reg", digits: 4)
    /// The first I/O port. (ISA) (`@iobase`)
    public let ioBase = XML.Field<Int>.hex("@iobase", digits: 3)
    /// The interrupt. (ISA) (`@irq`)
    public let irq = XML.Field<Int>.hex("@irq", digits: 1)
    /// The guest physical address. (Memory modules) (`@base`)
    public let base = XML.Field<Int>.hex("@base", digits: 8)
    /// The PCI device's user ID. (s390) (`zpci/@uid`)
    public let zPCIUserID = XML.Field<Int>.hex("zpci/@uid", digits: 4)
    /// The PCI device's function ID. (s390) (`zpci/@fid`)
    public let zPCIFunctionID = XML.Field<Int>.hex("zpci/@fid", digits: 8)
}
