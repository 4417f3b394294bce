internal import VirtKitCore

/// A kind of controller: `controller/@type`.
public struct DomainControllerType: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// `ide`.
    public static let ide = Self("ide")
    /// `fdc`.
    public static let fdc = Self("fdc")
    /// `scsi`.
    public static let scsi = Self("scsi")
    /// `sata`.
    public static let sata = Self("sata")
    /// `virtio-serial`.
    public static let virtioSerial = Self("virtio-serial")
    /// `ccid`.
    public static let ccid = Self("ccid")
    /// `usb`.
    public static let usb = Self("usb")
    /// `pci`.
    public static let pci = Self("pci")
    /// `xenbus`.
    public static let xenbus = Self("xenbus")
    /// `isa`.
    public static let isa = Self("isa")
    /// `nvme`.
    public static let nvme = Self("nvme")
}

/// A controller that devices are attached to: `devices/controller`.
public typealias DomainController = XML.View<DomainControllerSchema>

/// The properties of `DomainController`.
public struct DomainControllerSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("controller", Self())

    /// Its kind. (`@type`)
    public let type = XML.Field<DomainControllerType>("@type")
    /// Its number among those of its kind. (`@index`)
    public let index = XML.Field<Int>("@index")
    /// Its model: virtio-scsi, qemu-xhci, pcie-root-port … (`@model`)
    public let model = XML.Field<String>("@model")
    /// The number of ports. (virtio-serial, USB) (`@ports`)
    public let ports = XML.Field<Int>("@ports")
    /// The number of interrupt vectors. (virtio-serial) (`@vectors`)
    public let vectors = XML.Field<Int>("@vectors")
    /// The largest number of grant frames. (xenbus) (`@maxGrantFrames`)
    public let maximumGrantFrames = XML.Field<Int>("@maxGrantFrames")
    /// The largest number of event channels. (xenbus) (`@maxEventChannels`)
    public let maximumEventChannels = XML.Field<Int>("@maxEventChannels")
    /// The number of virtqueues. (virtio-scsi) (`driver/@queues`)
    public let queues = XML.Field<Int>("driver/@queues")
    /// The largest number of commands for a unit. (`driver/@cmd_per_lun`)
    public let commandsPerUnit = XML.Field<Int>("driver/@cmd_per_lun")
    /// The largest number of sectors in a command. (`driver/@max_sectors`)
    public let maximumSectors = XML.Field<Int>("driver/@max_sectors")
    /// Whether kicks are handled outside the virtual CPU's thread. (`driver/@ioeventfd`)
    public let ioEventFD = XML.Field<Bool>.onOff("driver/@ioeventfd")
    /// The I/O thread that serves it. (`driver/@iothread`)
    public let ioThread = XML.Field<Int>("driver/@iothread")
    /// Whether its accesses go through the guest's IOMMU. (`driver/@iommu`)
    public let iommu = XML.Field<Bool>.onOff("driver/@iommu")
    /// Whether it caches translations. (`driver/@ats`)
    public let ats = XML.Field<Bool>.onOff("driver/@ats")
    /// Whether virtqueues are packed. (`driver/@packed`)
    public let packed = XML.Field<Bool>.onOff("driver/@packed")
    /// Whether each queue's notifications have a page of their own. (`driver/@page_per_vq`)
    public let pagePerQueue = XML.Field<Bool>.onOff("driver/@page_per_vq")
    /// The port of the USB 2 controller at which this companion begins. (`master/@startport`)
    public let companionStartPort = XML.Field<Int>("master/@startport")
    /// The PCI bridge's model in QEMU. (`model/@name`)
    public let pciModel = XML.Field<String>("model/@name")
    /// The size of the hole for 64-bit BARs. (`pcihole64`)
    public let pciHole64 = XML.Size("pcihole64")
    /// The PCI bridge's chassis number. (`target/@chassisNr`)
    public let chassisNumber = XML.Field<Int>("target/@chassisNr")
    /// The PCI Express port's chassis number. (`target/@chassis`)
    public let chassis = XML.Field<Int>("target/@chassis")
    /// The PCI Express port's port number. (`target/@port`)
    public let port = XML.Field<Int>.hex("target/@port", digits: 1)
    /// The number of an expander's bus. (`target/@busNr`)
    public let busNumber = XML.Field<Int>("target/@busNr")
    /// The index of a pSeries host bridge. (`target/@index`)
    public let targetIndex = XML.Field<Int>("target/@index")
    /// Whether devices can be plugged in at run time. (`target/@hotplug`)
    public let hotplug = XML.Field<Bool>.onOff("target/@hotplug")
    /// Memory that a port keeps for hot-plug. (`target/@memReserve`)
    public let memoryReserve = XML.Size("target/@memReserve", default: "bytes")
    /// The guest's NUMA node that it is near. (`target/node`)
    public let node = XML.Field<Int>("target/node")
    /// The device's name in the hypervisor. (`alias/@name`)
    public let alias = XML.Field<String>("alias/@name")
    /// Where the guest finds it. (`address`)
    public let address = XML.Part<DeviceAddressSchema>("address")
}

/// A lease of a lock manager: `devices/lease`.
public typealias DomainLease = XML.View<DomainLeaseSchema>

/// The properties of `DomainLease`.
public struct DomainLeaseSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("lease", Self())

    /// The lock space. (`lockspace`)
    public let lockSpace = XML.Field<String>("lockspace")
    /// The lease's name. (`key`)
    public let key = XML.Field<String>("key")
    /// The file of the leases. (`target/@path`)
    public let path = XML.Field<String>("target/@path")
    /// Where it is in the file, in bytes. (`target/@offset`)
    public let offset = XML.Field<Int>("target/@offset")
}
