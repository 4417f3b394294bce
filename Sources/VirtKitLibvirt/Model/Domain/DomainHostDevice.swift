/// How a host's device is passed: `hostdev/@mode`.
public struct HostDeviceMode: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// A device (`subsystem`)
    public static let subsystem = Self("subsystem")
    /// What a container may use (`capabilities`)
    public static let capabilities = Self("capabilities")
}

/// A kind of host device: `hostdev/@type`.
public struct HostDeviceType: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// `pci`.
    public static let pci = Self("pci")
    /// `usb`.
    public static let usb = Self("usb")
    /// A SCSI unit (`scsi`)
    public static let scsi = Self("scsi")
    /// A vhost SCSI controller (`scsi_host`)
    public static let scsiHost = Self("scsi_host")
    /// A mediated device (`mdev`)
    public static let mdev = Self("mdev")
    /// `storage`.
    public static let storage = Self("storage")
    /// `misc`.
    public static let misc = Self("misc")
    /// `net`.
    public static let net = Self("net")
}

/// A device of the host that the guest drives itself: `devices/hostdev`.
public typealias DomainHostDevice = XML.View<DomainHostDeviceSchema>

/// The properties of `DomainHostDevice`.
public struct DomainHostDeviceSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("hostdev", Self())

    /// How it is passed. (`@mode`)
    public let mode = XML.Field<HostDeviceMode>("@mode")
    /// Its kind. (`@type`)
    public let type = XML.Field<HostDeviceType>("@type")
    /// Whether libvirt takes a PCI device from the host's driver and gives it back. (`@managed`)
    public let managed = XML.Field<Bool>("@managed")
    /// A mediated device's kind: vfio-pci, vfio-ccw or vfio-ap. A vhost controller's variant of virtio. (`@model`)
    public let model = XML.Field<String>("@model")
    /// Whether SCSI commands are filtered. (`@sgio`)
    public let sgIO = XML.Field<String>("@sgio")
    /// Whether the process needs the right of raw I/O. (`@rawio`)
    public let rawIO = XML.Field<Bool>("@rawio")
    /// Whether a mediated device's screen is shown. (`@display`)
    public let display = XML.Field<Bool>.onOff("@display")
    /// Whether it has a framebuffer in memory for booting. (`@ramfb`)
    public let ramFramebuffer = XML.Field<Bool>.onOff("@ramfb")
    /// Which device of the host. (`source`)
    public let source = XML.Group<HostDeviceSourceSchema>("source")
    /// Its part in a pair that survives migration. (`teaming`)
    public let teaming = XML.Part<InterfaceTeamingSchema>("teaming")
    /// What holds a PCI device: vfio, kvm or xen. (`driver/@name`)
    public let driver = XML.Field<String>("driver/@name")
    /// The host's vfio driver. (`driver/@model`)
    public let driverModel = XML.Field<String>("driver/@model")
    /// Whether vfio goes by way of IOMMUFD. (`driver/@iommufd`)
    public let iommufd = XML.Field<Bool>("driver/@iommufd")
    /// Whether Xen filters writes of its configuration space. (`source/@writeFiltering`)
    public let writeFiltering = XML.Field<Bool>("source/@writeFiltering")
    /// Whether a SCSI device can't be written. (`readonly`)
    public let readOnly = XML.Flag("readonly")
    /// Whether other guests use a SCSI device too. (`shareable`)
    public let shareable = XML.Flag("shareable")
    /// Its place in the boot order, from 1. (`boot/@order`)
    public let bootOrder = XML.Field<Int>("boot/@order")
    /// Its boot ROM. (`rom`)
    public let rom = XML.Group<DeviceROMSchema>("rom")
    /// IP addresses of a container's network device. (`ip`)
    public let addresses = XML.List<InterfaceIPSchema>("ip")
    /// Routes of a container's network device. (`route`)
    public let routes = XML.List<InterfaceRouteSchema>("route")
    /// The index by which guests name it. (`acpi/@index`)
    public let acpiIndex = XML.Field<Int>("acpi/@index")
    /// The device's name in the hypervisor; one's own begins with "ua-". (`alias/@name`)
    public let alias = XML.Field<String>("alias/@name")
    /// Where the guest finds it. (`address`)
    public let address = XML.Part<DeviceAddressSchema>("address")
}

/// Which device of the host: `hostdev/source`.
public typealias HostDeviceSource = XML.View<HostDeviceSourceSchema>

/// The properties of `HostDeviceSource`.
public struct HostDeviceSourceSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("source", Self())

    /// Its PCI, USB, SCSI or mediated address. (`address`)
    public let address = XML.Part<DeviceAddressSchema>("address")
    /// A USB device's vendor. (`vendor/@id`)
    public let vendor = XML.Field<Int>.hex("vendor/@id", digits: 4)
    /// A USB device's product. (`product/@id`)
    public let product = XML.Field<Int>.hex("product/@id", digits: 4)
    /// What happens where it is missing at the start. (`@startupPolicy`)
    public let startupPolicy = XML.Field<StartupPolicy>("@startupPolicy")
    /// Whether the guest may reset a USB device: off, uninitialized or on. (`@guestReset`)
    public let guestReset = XML.Field<String>("@guestReset")
    /// A SCSI unit's adapter. (`adapter/@name`)
    public let adapter = XML.Field<String>("adapter/@name")
    /// iscsi, or vhost for a SCSI controller. (`@protocol`)
    public let `protocol` = XML.Field<String>("@protocol")
    /// An iSCSI target's name. (`@name`)
    public let name = XML.Field<String>("@name")
    /// A vhost controller's World Wide Port Name. (`@wwpn`)
    public let wwpn = XML.Field<String>("@wwpn")
    /// The iSCSI server. (`host`)
    public let hosts = XML.List<StorageHostSchema>("host")
    /// The iSCSI initiator's name. (`initiator/iqn/@name`)
    public let initiator = XML.Field<String>("initiator/iqn/@name")
    /// Who asks the iSCSI server. (`auth`)
    public let auth = XML.Part<StorageAuthenticationSchema>("auth")
    /// A block device that a container may use. (`block`)
    public let block = XML.Field<String>("block")
    /// A character device that a container may use. (`char`)
    public let character = XML.Field<String>("char")
    /// A network device that a container gets. (`interface`)
    public let interface = XML.Field<String>("interface")
}

/// A USB device that a client passes on: `devices/redirdev`.
public typealias DomainRedirectedDevice = XML.View<DomainRedirectedDeviceSchema>

/// The properties of `DomainRedirectedDevice`.
public struct DomainRedirectedDeviceSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("redirdev", Self())

    /// usb. (`@bus`)
    public let bus = XML.Field<String>("@bus")
    /// How the client is reached. (`@type`)
    public let type = XML.Field<CharacterDeviceType>("@type")
    /// Where exactly. (`source`)
    public let source = XML.Group<CharacterSourceSchema>("source")
    /// raw or telnet. (`protocol/@type`)
    public let `protocol` = XML.Field<String>("protocol/@type")
    /// Its place in the boot order, from 1. (`boot/@order`)
    public let bootOrder = XML.Field<Int>("boot/@order")
    /// The device's name in the hypervisor. (`alias/@name`)
    public let alias = XML.Field<String>("alias/@name")
    /// Where the guest finds it. (`address`)
    public let address = XML.Part<DeviceAddressSchema>("address")
}

/// Which USB devices a client may pass on: `redirfilter/usbdev`. The first rule that fits counts.
public typealias DomainRedirectionRule = XML.View<DomainRedirectionRuleSchema>

/// The properties of `DomainRedirectionRule`.
public struct DomainRedirectionRuleSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("usbdev", Self())

    /// The device's class. (`@class`)
    public let `class` = XML.Field<Int>.hex("@class", digits: 2)
    /// Its vendor. (`@vendor`)
    public let vendor = XML.Field<Int>.hex("@vendor", digits: 4)
    /// Its product. (`@product`)
    public let product = XML.Field<Int>.hex("@product", digits: 4)
    /// Its version, as 1.10. (`@version`)
    public let version = XML.Field<String>("@version")
    /// Whether it may. (`@allow`)
    public let allow = XML.Field<Bool>("@allow")
}

/// A hub: `devices/hub`.
public typealias DomainHub = XML.View<DomainHubSchema>

/// The properties of `DomainHub`.
public struct DomainHubSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("hub", Self())

    /// usb. (`@type`)
    public let type = XML.Field<String>("@type")
    /// The device's name in the hypervisor. (`alias/@name`)
    public let alias = XML.Field<String>("alias/@name")
    /// Where the guest finds it. (`address`)
    public let address = XML.Part<DeviceAddressSchema>("address")
}
