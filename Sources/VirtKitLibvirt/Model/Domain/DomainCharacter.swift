/// What a character device is connected to on the host: `@type`.
public struct CharacterDeviceType: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// A pseudo-terminal (`pty`)
    public static let pty = Self("pty")
    /// Nothing (`null`)
    public static let null = Self("null")
    /// A window (`vc`)
    public static let vc = Self("vc")
    /// QEMU's own input and output (`stdio`)
    public static let stdio = Self("stdio")
    /// `file`.
    public static let file = Self("file")
    /// A device of the host (`dev`)
    public static let device = Self("dev")
    /// Two named pipes (`pipe`)
    public static let pipe = Self("pipe")
    /// `tcp`.
    public static let tcp = Self("tcp")
    /// `udp`.
    public static let udp = Self("udp")
    /// A socket (`unix`)
    public static let unix = Self("unix")
    /// A SPICE channel (`spicevmc`)
    public static let spiceVMC = Self("spicevmc")
    /// A named SPICE channel (`spiceport`)
    public static let spicePort = Self("spiceport")
    /// A null modem of bhyve (`nmdm`)
    public static let nmdm = Self("nmdm")
    /// QEMU's own SPICE agent (`qemu-vdagent`)
    public static let qemuVDAgent = Self("qemu-vdagent")
    /// A D-Bus chardev (`dbus`)
    public static let dbus = Self("dbus")
}

/// What a character device is connected to: `source`.
public typealias CharacterSource = XML.View<CharacterSourceSchema>

/// The properties of `CharacterSource`.
public struct CharacterSourceSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("source", Self())

    /// The path of a file, device, pipe or socket. (`@path`)
    public let path = XML.Field<String>("@path")
    /// Whether a file is continued. (`@append`)
    public let append = XML.Field<Bool>.onOff("@append")
    /// Which end of a connection: connect or bind. (`@mode`)
    public let mode = XML.Field<String>("@mode")
    /// The other end's address, or this end's. (`@host`)
    public let host = XML.Field<String>("@host")
    /// The port. (`@service`)
    public let service = XML.Field<String>("@service")
    /// Whether TCP is encrypted. (`@tls`)
    public let tls = XML.Field<Bool>("@tls")
    /// The SPICE port's or D-Bus chardev's name. (`@channel`)
    public let channel = XML.Field<String>("@channel")
    /// One end of a null modem. (bhyve) (`@master`)
    public let master = XML.Field<String>("@master")
    /// The other end. (`@slave`)
    public let slave = XML.Field<String>("@slave")
    /// Whether a lost connection is made again. (`reconnect/@enabled`)
    public let reconnect = XML.Field<Bool>("reconnect/@enabled")
    /// After how many seconds. (`reconnect/@timeout`)
    public let reconnectTimeout = XML.Field<Int>("reconnect/@timeout")
    /// Whether the clipboard is shared. (qemu-vdagent) (`clipboard/@copypaste`)
    public let clipboard = XML.Field<Bool>("clipboard/@copypaste")
    /// server or client. (qemu-vdagent) (`mouse/@mode`)
    public let mouseMode = XML.Field<String>("mouse/@mode")
    /// How the host's security drivers label it. (`seclabel`)
    public let securityLabels = XML.List<SecurityLabelSchema>("seclabel")
}

/// A serial port: `devices/serial`.
public typealias DomainSerial = XML.View<DomainSerialSchema>

/// The properties of `DomainSerial`.
public struct DomainSerialSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("serial", Self())

    /// What it is connected to. (`@type`)
    public let type = XML.Field<CharacterDeviceType>("@type")
    /// Where exactly. (UDP's two ends are two elements; this is the first.) (`source`)
    public let source = XML.Group<CharacterSourceSchema>("source")
    /// raw or telnet. (TCP) (`protocol/@type`)
    public let `protocol` = XML.Field<String>("protocol/@type")
    /// The bus: isa-serial, usb-serial, pci-serial, spapr-vio-serial, system-serial … (`target/@type`)
    public let targetType = XML.Field<String>("target/@type")
    /// Its number, from 0. (`target/@port`)
    public let port = XML.Field<Int>("target/@port")
    /// The device: isa-serial, pl011, 16550a, sclpconsole … (`target/model/@name`)
    public let targetModel = XML.Field<String>("target/model/@name")
    /// A file that its output is also written to. (`log/@file`)
    public let logFile = XML.Field<String>("log/@file")
    /// Whether that file is continued. (`log/@append`)
    public let logAppend = XML.Field<Bool>.onOff("log/@append")
    /// The device's name in the hypervisor. (`alias/@name`)
    public let alias = XML.Field<String>("alias/@name")
    /// Where the guest finds it. (`address`)
    public let address = XML.Part<DeviceAddressSchema>("address")
}

/// A parallel port: `devices/parallel`.
public typealias DomainParallel = XML.View<DomainParallelSchema>

/// The properties of `DomainParallel`.
public struct DomainParallelSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("parallel", Self())

    /// What it is connected to. (`@type`)
    public let type = XML.Field<CharacterDeviceType>("@type")
    /// Where exactly. (`source`)
    public let source = XML.Group<CharacterSourceSchema>("source")
    /// raw or telnet. (TCP) (`protocol/@type`)
    public let `protocol` = XML.Field<String>("protocol/@type")
    /// Its number, from 0. (`target/@port`)
    public let port = XML.Field<Int>("target/@port")
    /// A file that its output is also written to. (`log/@file`)
    public let logFile = XML.Field<String>("log/@file")
    /// Whether that file is continued. (`log/@append`)
    public let logAppend = XML.Field<Bool>.onOff("log/@append")
    /// The device's name in the hypervisor. (`alias/@name`)
    public let alias = XML.Field<String>("alias/@name")
    /// Where the guest finds it. (`address`)
    public let address = XML.Part<DeviceAddressSchema>("address")
}

/// A console: `devices/console`.
public typealias DomainConsole = XML.View<DomainConsoleSchema>

/// The properties of `DomainConsole`.
public struct DomainConsoleSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("console", Self())

    /// What it is connected to. (`@type`)
    public let type = XML.Field<CharacterDeviceType>("@type")
    /// The pseudo-terminal's path. (Reported only) (`@tty`)
    public let tty = XML.Field<String>("@tty")
    /// Where exactly. (`source`)
    public let source = XML.Group<CharacterSourceSchema>("source")
    /// raw or telnet. (TCP) (`protocol/@type`)
    public let `protocol` = XML.Field<String>("protocol/@type")
    /// The guest's device: serial, virtio, xen, lxc, openvz, sclp … (`target/@type`)
    public let targetType = XML.Field<String>("target/@type")
    /// Its number, from 0. (`target/@port`)
    public let port = XML.Field<Int>("target/@port")
    /// A file that its output is also written to. (`log/@file`)
    public let logFile = XML.Field<String>("log/@file")
    /// Whether that file is continued. (`log/@append`)
    public let logAppend = XML.Field<Bool>.onOff("log/@append")
    /// The device's name in the hypervisor. (`alias/@name`)
    public let alias = XML.Field<String>("alias/@name")
    /// Where the guest finds it. (`address`)
    public let address = XML.Part<DeviceAddressSchema>("address")
}

/// A channel between host and guest: `devices/channel`.
public typealias DomainChannel = XML.View<DomainChannelSchema>

/// The properties of `DomainChannel`.
public struct DomainChannelSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("channel", Self())

    /// What it is connected to on the host. (`@type`)
    public let type = XML.Field<CharacterDeviceType>("@type")
    /// Where exactly. (`source`)
    public let source = XML.Group<CharacterSourceSchema>("source")
    /// raw or telnet. (TCP) (`protocol/@type`)
    public let `protocol` = XML.Field<String>("protocol/@type")
    /// virtio, guestfwd, xen or others. (`target/@type`)
    public let targetType = XML.Field<String>("target/@type")
    /// Its name in the guest: org.qemu.guest_agent.0 … (`target/@name`)
    public let name = XML.Field<String>("target/@name")
    /// Whether the guest has opened it: connected or disconnected. (Reported only) (`target/@state`)
    public let state = XML.Field<String>("target/@state")
    /// The address in the guest. (guestfwd) (`target/@address`)
    public let guestAddress = XML.Field<String>("target/@address")
    /// The port in the guest. (guestfwd) (`target/@port`)
    public let guestPort = XML.Field<Int>("target/@port")
    /// A file that its output is also written to. (`log/@file`)
    public let logFile = XML.Field<String>("log/@file")
    /// Whether that file is continued. (`log/@append`)
    public let logAppend = XML.Field<Bool>.onOff("log/@append")
    /// The device's name in the hypervisor. (`alias/@name`)
    public let alias = XML.Field<String>("alias/@name")
    /// Where the guest finds it. (`address`)
    public let address = XML.Part<DeviceAddressSchema>("address")
}

/// A smart card reader: `devices/smartcard`.
public typealias DomainSmartcard = XML.View<DomainSmartcardSchema>

/// The properties of `DomainSmartcard`.
public struct DomainSmartcardSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("smartcard", Self())

    /// host, host-certificates or passthrough. (`@mode`)
    public let mode = XML.Field<String>("@mode")
    /// How a client's reader is reached. (passthrough) (`@type`)
    public let type = XML.Field<CharacterDeviceType>("@type")
    /// The names of three certificates. (host-certificates) (`certificate`)
    public let certificates = XML.Values<String>("certificate")
    /// The directory of the certificates. (`database`)
    public let database = XML.Field<String>("database")
    /// Where the client's reader is. (`source`)
    public let source = XML.Group<CharacterSourceSchema>("source")
    /// raw or telnet. (`protocol/@type`)
    public let `protocol` = XML.Field<String>("protocol/@type")
    /// The device's name in the hypervisor. (`alias/@name`)
    public let alias = XML.Field<String>("alias/@name")
    /// Where the guest finds it. (`address`)
    public let address = XML.Part<DeviceAddressSchema>("address")
}

/// A random number generator: `devices/rng`.
public typealias DomainRandomGenerator = XML.View<DomainRandomGeneratorSchema>

/// The properties of `DomainRandomGenerator`.
public struct DomainRandomGeneratorSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("rng", Self())

    /// virtio, virtio-transitional or virtio-non-transitional. (`@model`)
    public let model = XML.Field<String>("@model")
    /// How many bytes the guest gets in a period. (`rate/@bytes`)
    public let rateBytes = XML.Field<Int>("rate/@bytes")
    /// The period in milliseconds; 1,000 where it is missing. (`rate/@period`)
    public let ratePeriod = XML.Field<Int>("rate/@period")
    /// Where the bytes come from: random, egd or builtin. (`backend/@model`)
    public let backend = XML.Field<String>("backend/@model")
    /// The host's device. (random) (`backend`)
    public let device = XML.Field<String>("backend")
    /// How an entropy daemon is reached. (egd) (`backend/@type`)
    public let backendType = XML.Field<CharacterDeviceType>("backend/@type")
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
