/// What a device of the host is: `capability/@type`.
public struct NodeDeviceType: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// `system`.
    public static let system = Self("system")
    /// `pci`.
    public static let pci = Self("pci")
    /// `usb_device`.
    public static let usbDevice = Self("usb_device")
    /// `usb`.
    public static let usb = Self("usb")
    /// `net`.
    public static let net = Self("net")
    /// `scsi_host`.
    public static let scsiHost = Self("scsi_host")
    /// `scsi_target`.
    public static let scsiTarget = Self("scsi_target")
    /// `scsi`.
    public static let scsi = Self("scsi")
    /// `storage`.
    public static let storage = Self("storage")
    /// `fc_host`.
    public static let fibreChannelHost = Self("fc_host")
    /// `vports`.
    public static let virtualPorts = Self("vports")
    /// `scsi_generic`.
    public static let scsiGeneric = Self("scsi_generic")
    /// `drm`.
    public static let drm = Self("drm")
    /// `mdev_types`.
    public static let mediatedTypes = Self("mdev_types")
    /// `mdev`.
    public static let mediatedDevice = Self("mdev")
    /// `ccw`.
    public static let ccw = Self("ccw")
    /// `css`.
    public static let css = Self("css")
    /// `vdpa`.
    public static let vdpa = Self("vdpa")
    /// `ap_card`.
    public static let apCard = Self("ap_card")
    /// `ap_queue`.
    public static let apQueue = Self("ap_queue")
    /// `ap_matrix`.
    public static let apMatrix = Self("ap_matrix")
    /// `vpd`.
    public static let vpd = Self("vpd")
    /// `virt_functions`.
    public static let virtualFunctions = Self("virt_functions")
    /// `phys_function`.
    public static let physicalFunction = Self("phys_function")
    /// A wired network (`80203`)
    public static let _80203 = Self("80203")
    /// A wireless network (`80211`)
    public static let _80211 = Self("80211")
}

/// A device of the host, described: libvirt's `<device>`.
public typealias NodeDeviceDescription = XML.View<NodeDeviceDescriptionSchema>

/// The properties of `NodeDeviceDescription`.
public struct NodeDeviceDescriptionSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("device", Self())

    /// The name by which libvirt knows it. (`name`)
    public let name = XML.Field<String>("name")
    /// Its path in sysfs. (`path`)
    public let path = XML.Field<String>("path")
    /// The device that it is on. (`parent`)
    public let parent = XML.Field<String>("parent")
    /// The host's driver. (`driver/name`)
    public let driver = XML.Field<String>("driver/name")
    /// Its device files. (`devnode`)
    public let deviceNodes = XML.List<NodeDeviceNodeSchema>("devnode")
    /// What it is. (`capability`)
    public let capabilities = XML.List<NodeDeviceCapabilitySchema>("capability")
}

/// A device file: `device/devnode`.
public typealias NodeDeviceNode = XML.View<NodeDeviceNodeSchema>

/// The properties of `NodeDeviceNode`.
public struct NodeDeviceNodeSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("devnode", Self())

    /// dev, or link for another name. (`@type`)
    public let type = XML.Field<String>("@type")
    /// Its path. (`text`)
    public let path = XML.Field<String>(".")
}

/// What a device is: `device/capability`. Which properties it has depends on the type.
public typealias NodeDeviceCapability = XML.View<NodeDeviceCapabilitySchema>

/// The properties of `NodeDeviceCapability`.
public struct NodeDeviceCapabilitySchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("capability", Self())

    /// Its type. (`@type`)
    public let type = XML.Field<NodeDeviceType>("@type")
    /// How many virtual functions it can have. (`@maxCount`)
    public let maximumCount = XML.Field<Int>("@maxCount")
    /// The PCI domain. (`domain`)
    public let domain = XML.Field<Int>("domain")
    /// The bus. (`bus`)
    public let bus = XML.Field<Int>("bus")
    /// The PCI slot. (`slot`)
    public let slot = XML.Field<Int>("slot")
    /// The PCI function. (`function`)
    public let function = XML.Field<Int>("function")
    /// The USB device's number. (`device`)
    public let device = XML.Field<Int>("device")
    /// The USB interface's number. (`number`)
    public let number = XML.Field<Int>("number")
    /// The class. (`class`)
    public let `class` = XML.Field<Int>.hex("class", digits: 6)
    /// The USB interface's subclass. (`subclass`)
    public let subclass = XML.Field<Int>("subclass")
    /// The USB interface's protocol. (`protocol`)
    public let `protocol` = XML.Field<Int>("protocol")
    /// The vendor's number. (`vendor/@id`)
    public let vendorID = XML.Field<Int>.hex("vendor/@id", digits: 4)
    /// The vendor's name. (`vendor`)
    public let vendor = XML.Field<String>("vendor")
    /// The product's number. (`product/@id`)
    public let productID = XML.Field<Int>.hex("product/@id", digits: 4)
    /// The product's name. (`product`)
    public let product = XML.Field<String>("product")
    /// The network device's name. (`interface`)
    public let interface = XML.Field<String>("interface")
    /// The network device's MAC address. (`address`)
    public let address = XML.Field<String>("address")
    /// The speed in megabits a second. (`link/@speed`)
    public let linkSpeed = XML.Field<Int>("link/@speed")
    /// The link's state. (`link/@state`)
    public let linkState = XML.Field<String>("link/@state")
    /// The network device's offloads. (`feature`)
    public let networkFeatures = XML.List<NodeDeviceFeatureSchema>("feature")
    /// The SCSI host's number. (`host`)
    public let host = XML.Field<Int>("host")
    /// The number that tells the ports of the PCI device apart. (`unique_id`)
    public let uniqueID = XML.Field<Int>("unique_id")
    /// The SCSI target. (`target`)
    public let scsiTarget = XML.Field<Int>("target")
    /// The SCSI unit. (`lun`)
    public let scsiUnit = XML.Field<Int>("lun")
    /// The SCSI unit's type: disk, cdrom … (`type`)
    public let scsiType = XML.Field<String>("type")
    /// The block device's path. (`block`)
    public let block = XML.Field<String>("block")
    /// The bus's name, of a block device. (`bus`)
    public let busName = XML.Field<String>("bus")
    /// disk, cdrom or others. (`drive_type`)
    public let driveType = XML.Field<String>("drive_type")
    /// The block device's model. (`model`)
    public let model = XML.Field<String>("model")
    /// The block device's serial number. (`serial`)
    public let serial = XML.Field<String>("serial")
    /// The block device's size in bytes. (`size`)
    public let size = XML.Field<UInt64>("size")
    /// Its block size in bytes. (`logical_block_size`)
    public let logicalBlockSize = XML.Field<Int>("logical_block_size")
    /// Its number of blocks. (`num_blocks`)
    public let blockCount = XML.Field<UInt64>("num_blocks")
    /// Whether there is a medium: 1 or 0. (`media_available`)
    public let mediaAvailable = XML.Field<Int>("media_available")
    /// The World Wide Node Name. (`wwnn`)
    public let wwnn = XML.Field<String>("wwnn")
    /// The World Wide Port Name. (`wwpn`)
    public let wwpn = XML.Field<String>("wwpn")
    /// The fabric's World Wide Name. (`fabric_wwn`)
    public let fabricWWN = XML.Field<String>("fabric_wwn")
    /// The IOMMU's group. (`iommuGroup/@number`)
    public let iommuGroup = XML.Field<Int>("iommuGroup/@number")
    /// The PCI devices of that group. (`iommuGroup/address`)
    public let iommuGroupDevices = XML.List<DeviceAddressSchema>("iommuGroup/address")
    /// The NUMA node. (`numa/@node`)
    public let numaNode = XML.Field<Int>("numa/@node")
    /// The PCI addresses of functions. (`address`)
    public let addresses = XML.List<DeviceAddressSchema>("address")
    /// The mediated device's type. (`type/@id`)
    public let mediatedTypeID = XML.Field<String>("type/@id")
    /// The types of mediated devices that it offers. (`type`)
    public let mediatedTypes = XML.List<NodeDeviceMediatedTypeSchema>("type")
    /// The mediated device's UUID. (`uuid`)
    public let uuid = XML.Field<String>("uuid")
    /// The mediated device's attributes. (`attr`)
    public let attributes = XML.List<NodeDeviceAttributeSchema>("attr")
    /// The system's vendor. (`hardware/vendor`)
    public let hardwareVendor = XML.Field<String>("hardware/vendor")
    /// The system's version. (`hardware/version`)
    public let hardwareVersion = XML.Field<String>("hardware/version")
    /// The system's serial number. (`hardware/serial`)
    public let hardwareSerial = XML.Field<String>("hardware/serial")
    /// The system's UUID. (`hardware/uuid`)
    public let hardwareUUID = XML.Field<String>("hardware/uuid")
    /// The firmware's vendor. (`firmware/vendor`)
    public let firmwareVendor = XML.Field<String>("firmware/vendor")
    /// The firmware's version. (`firmware/version`)
    public let firmwareVersion = XML.Field<String>("firmware/version")
    /// The firmware's date. (`firmware/release_date`)
    public let firmwareReleaseDate = XML.Field<String>("firmware/release_date")
    /// The channel subsystem. (s390) (`cssid`)
    public let channelSubsystem = XML.Field<Int>.hex("cssid", digits: 1)
    /// The subchannel set. (s390) (`ssid`)
    public let subchannelSet = XML.Field<Int>.hex("ssid", digits: 1)
    /// The device number. (s390) (`devno`)
    public let deviceNumber = XML.Field<Int>.hex("devno", digits: 4)
    /// The cryptographic adapter. (s390) (`ap-adapter`)
    public let apAdapter = XML.Field<Int>.hex("ap-adapter", digits: 2)
    /// The cryptographic domain. (s390) (`ap-domain`)
    public let apDomain = XML.Field<Int>.hex("ap-domain", digits: 4)
    /// What else it is. (`capability`)
    public let capabilities = XML.List<NodeDeviceCapabilitySchema>("capability")
}

/// An offload of a network device: `capability/feature`.
public typealias NodeDeviceFeature = XML.View<NodeDeviceFeatureSchema>

/// The properties of `NodeDeviceFeature`.
public struct NodeDeviceFeatureSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("feature", Self())

    /// Its name. (`@name`)
    public let name = XML.Field<String>("@name")
}

/// A type of mediated devices: `capability/type`.
public typealias NodeDeviceMediatedType = XML.View<NodeDeviceMediatedTypeSchema>

/// The properties of `NodeDeviceMediatedType`.
public struct NodeDeviceMediatedTypeSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("type", Self())

    /// The type. (`@id`)
    public let id = XML.Field<String>("@id")
    /// Its name for people. (`name`)
    public let name = XML.Field<String>("name")
    /// How it is used: vfio-pci … (`deviceAPI`)
    public let deviceAPI = XML.Field<String>("deviceAPI")
    /// How many can be made. (`availableInstances`)
    public let availableInstances = XML.Field<Int>("availableInstances")
}

/// An attribute of a mediated device: `capability/attr`.
public typealias NodeDeviceAttribute = XML.View<NodeDeviceAttributeSchema>

/// The properties of `NodeDeviceAttribute`.
public struct NodeDeviceAttributeSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("attr", Self())

    /// Its name. (`@name`)
    public let name = XML.Field<String>("@name")
    /// Its value. (`@value`)
    public let value = XML.Field<String>("@value")
}
