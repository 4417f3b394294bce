/// What an interface is connected to: `interface/@type`.
public struct DomainInterfaceType: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// A network of libvirt's (`network`)
    public static let network = Self("network")
    /// A bridge of the host (`bridge`)
    public static let bridge = Self("bridge")
    /// A device of the host, by macvtap (`direct`)
    public static let direct = Self("direct")
    /// The host's sockets: no rights are needed (`user`)
    public static let user = Self("user")
    /// A tap device, and nothing more (`ethernet`)
    public static let ethernet = Self("ethernet")
    /// A PCI device of the host, passed through (`hostdev`)
    public static let hostDevice = Self("hostdev")
    /// A vhost-user process (`vhostuser`)
    public static let vhostUser = Self("vhostuser")
    /// A vDPA device of the host (`vdpa`)
    public static let vdpa = Self("vdpa")
    /// Another guest, by TCP (`server`)
    public static let server = Self("server")
    /// Another guest, by TCP (`client`)
    public static let client = Self("client")
    /// Other guests, by multicast (`mcast`)
    public static let multicast = Self("mcast")
    /// Another guest, by UDP (`udp`)
    public static let udp = Self("udp")
    /// `internal`.
    public static let `internal` = Self("internal")
    /// A distributed switch of VMware's (`vds`)
    public static let vds = Self("vds")
    /// Nothing (`null`)
    public static let null = Self("null")
}

/// A network interface: `devices/interface`.
public typealias DomainInterface = XML.View<DomainInterfaceSchema>

/// The properties of `DomainInterface`.
public struct DomainInterfaceSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("interface", Self())

    /// What it is connected to. (`@type`)
    public let type = XML.Field<DomainInterfaceType>("@type")
    /// Whether libvirt takes a host device from its driver and gives it back. (`@managed`)
    public let managed = XML.Field<Bool>("@managed")
    /// Whether the guest may change its MAC address and receive multicasts. (`@trustGuestRxFilters`)
    public let trustGuestReceiveFilters = XML.Field<Bool>("@trustGuestRxFilters")
    /// The guest's MAC address. (`mac/@address`)
    public let mac = XML.Field<String>("mac/@address")
    /// generated or static. (VMware) (`mac/@type`)
    public let macType = XML.Field<String>("mac/@type")
    /// Whether the address must be one of VMware's. (`mac/@check`)
    public let macCheck = XML.Field<Bool>("mac/@check")
    /// The address that the guest uses. (Reported only) (`mac/@currentAddress`)
    public let macCurrentAddress = XML.Field<String>("mac/@currentAddress")
    /// What it is connected to, exactly. (`source`)
    public let source = XML.Group<InterfaceSourceSchema>("source")
    /// Its port at a virtual switch. (`virtualport`)
    public let virtualPort = XML.Part<NetworkVirtualPortSchema>("virtualport")
    /// Its part in a pair that survives migration. (`teaming`)
    public let teaming = XML.Part<InterfaceTeamingSchema>("teaming")
    /// A script that sets it up. (`script/@path`)
    public let script = XML.Field<String>("script/@path")
    /// A script that takes it down. (`downscript/@path`)
    public let downScript = XML.Field<String>("downscript/@path")
    /// The domain that serves it. (Xen) (`backenddomain/@name`)
    public let backendDomain = XML.Field<String>("backenddomain/@name")
    /// The guest's card: virtio, e1000e, rtl8139 … (`model/@type`)
    public let model = XML.Field<String>("model/@type")
    /// How the host serves it. (`driver`)
    public let driver = XML.Group<InterfaceDriverSchema>("driver")
    /// What serves it on the host. (`backend`)
    public let backend = XML.Group<InterfaceBackendSchema>("backend")
    /// Ports of the host that lead to the guest. (passt) (`portForward`)
    public let portForwards = XML.List<InterfacePortForwardSchema>("portForward")
    /// The filter of its packets. (`filterref`)
    public let filter = XML.Part<NetworkFilterReferenceSchema>("filterref")
    /// Limits of its speed. (`bandwidth`)
    public let bandwidth = XML.Group<NetworkBandwidthSchema>("bandwidth")
    /// The virtual LANs that it is in. (`vlan`)
    public let vlan = XML.Part<NetworkVLANSchema>("vlan")
    /// Whether it can't talk to other isolated ports of its bridge. (`port/@isolated`)
    public let isolatedPort = XML.Field<Bool>("port/@isolated")
    /// Whether the cable is plugged in: up or down. (`link/@state`)
    public let linkState = XML.Field<String>("link/@state")
    /// The largest packet in bytes. (`mtu/@size`)
    public let mtu = XML.Field<Int>("mtu/@size")
    /// How many received frames share an interrupt. (`coalesce/rx/frames/@max`)
    public let coalesceFrames = XML.Field<Int>("coalesce/rx/frames/@max")
    /// The device's name on the host. (`target/@dev`)
    public let target = XML.Field<String>("target/@dev")
    /// Whether libvirt makes and removes that device. (`target/@managed`)
    public let targetManaged = XML.Field<Bool>("target/@managed")
    /// The device's name in a container. (`guest/@dev`)
    public let guestDevice = XML.Field<String>("guest/@dev")
    /// The name that it has now. (`guest/@actual`)
    public let guestActualDevice = XML.Field<String>("guest/@actual")
    /// The guest's IP addresses. (`ip`)
    public let addresses = XML.List<InterfaceIPSchema>("ip")
    /// The guest's routes. (`route`)
    public let routes = XML.List<InterfaceRouteSchema>("route")
    /// Its place in the boot order, from 1. (`boot/@order`)
    public let bootOrder = XML.Field<Int>("boot/@order")
    /// The boot loader's parameter. (s390) (`boot/@loadparm`)
    public let loadParameter = XML.Field<String>("boot/@loadparm")
    /// Its boot ROM. (`rom`)
    public let rom = XML.Group<DeviceROMSchema>("rom")
    /// The index by which guests name it. (`acpi/@index`)
    public let acpiIndex = XML.Field<Int>("acpi/@index")
    /// The device's name in the hypervisor; one's own begins with "ua-". (`alias/@name`)
    public let alias = XML.Field<String>("alias/@name")
    /// Where the guest finds it. (`address`)
    public let address = XML.Part<DeviceAddressSchema>("address")
}

/// What an interface is connected to: `interface/source`.
public typealias InterfaceSource = XML.View<InterfaceSourceSchema>

/// The properties of `InterfaceSource`.
public struct InterfaceSourceSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("source", Self())

    /// libvirt's network. (`@network`)
    public let network = XML.Field<String>("@network")
    /// The group of ports in it. (`@portgroup`)
    public let portGroup = XML.Field<String>("@portgroup")
    /// The port. (Reported only) (`@portid`)
    public let portID = XML.Field<String>("@portid")
    /// The host's bridge. (Also reported for networks) (`@bridge`)
    public let bridge = XML.Field<String>("@bridge")
    /// The host's device. (`@dev`)
    public let device = XML.Field<String>("@dev")
    /// How macvtap connects: vepa, bridge, private, passthrough. Or of a vhost-user socket: client or server.
    /// (`@mode`)
    public let mode = XML.Field<String>("@mode")
    /// unix, of a vhost-user socket. (`@type`)
    public let type = XML.Field<String>("@type")
    /// The vhost-user socket. (`@path`)
    public let path = XML.Field<String>("@path")
    /// The other guest's address. (`@address`)
    public let serverAddress = XML.Field<String>("@address")
    /// The other guest's port. (`@port`)
    public let port = XML.Field<Int>("@port")
    /// This end's address. (udp) (`local/@address`)
    public let localAddress = XML.Field<String>("local/@address")
    /// This end's port. (udp) (`local/@port`)
    public let localPort = XML.Field<Int>("local/@port")
    /// A distributed switch of VMware's. (`@switchid`)
    public let switchID = XML.Field<String>("@switchid")
    /// Its group of ports. (`@portgroupid`)
    public let portGroupID = XML.Field<String>("@portgroupid")
    /// Its connection. (`@connectionid`)
    public let connectionID = XML.Field<String>("@connectionid")
    /// Whether a lost vhost-user connection is made again. (`reconnect/@enabled`)
    public let reconnect = XML.Field<Bool>("reconnect/@enabled")
    /// After how many seconds. (`reconnect/@timeout`)
    public let reconnectTimeout = XML.Field<Int>("reconnect/@timeout")
    /// The PCI device of the host. (`address`)
    public let hostDevice = XML.Part<DeviceAddressSchema>("address")
    /// The host's IP addresses. (`ip`)
    public let addresses = XML.List<InterfaceIPSchema>("ip")
    /// The host's routes. (`route`)
    public let routes = XML.List<InterfaceRouteSchema>("route")
}

/// How the host serves an interface: `interface/driver`.
public typealias InterfaceDriver = XML.View<InterfaceDriverSchema>

/// The properties of `InterfaceDriver`.
public struct InterfaceDriverSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("driver", Self())

    /// Who does it: qemu or vhost. For a host device: vfio, kvm or xen. (`@name`)
    public let name = XML.Field<String>("@name")
    /// How packets are sent: iothread or timer. (`@txmode`)
    public let transmitMode = XML.Field<String>("@txmode")
    /// Whether kicks are handled outside the virtual CPU's thread. (`@ioeventfd`)
    public let ioEventFD = XML.Field<Bool>.onOff("@ioeventfd")
    /// Whether the guest may suppress interrupts and kicks. (`@event_idx`)
    public let eventIndex = XML.Field<Bool>.onOff("@event_idx")
    /// The number of queue pairs. (`@queues`)
    public let queues = XML.Field<Int>("@queues")
    /// The entries of a receive queue. (`@rx_queue_size`)
    public let receiveQueueSize = XML.Field<Int>("@rx_queue_size")
    /// The entries of a transmit queue. (`@tx_queue_size`)
    public let transmitQueueSize = XML.Field<Int>("@tx_queue_size")
    /// Whether its accesses go through the guest's IOMMU. (`@iommu`)
    public let iommu = XML.Field<Bool>.onOff("@iommu")
    /// Whether it caches translations. (`@ats`)
    public let ats = XML.Field<Bool>.onOff("@ats")
    /// Whether virtqueues are packed. (`@packed`)
    public let packed = XML.Field<Bool>.onOff("@packed")
    /// Whether each queue's notifications have a page of their own. (`@page_per_vq`)
    public let pagePerQueue = XML.Field<Bool>.onOff("@page_per_vq")
    /// Whether packets are spread over the queues. (`@rss`)
    public let receiveSideScaling = XML.Field<Bool>.onOff("@rss")
    /// Whether the guest gets packets' hashes. (`@rss_hash_report`)
    public let reportHash = XML.Field<Bool>.onOff("@rss_hash_report")
    /// Offload of checksums by the host. (`host/@csum`)
    public let hostChecksum = XML.Field<Bool>.onOff("host/@csum")
    /// Offload of segmentation by the host. (`host/@gso`)
    public let hostGSO = XML.Field<Bool>.onOff("host/@gso")
    /// Offload of TCP segmentation over IPv4. (`host/@tso4`)
    public let hostTSO4 = XML.Field<Bool>.onOff("host/@tso4")
    /// Offload of TCP segmentation over IPv6. (`host/@tso6`)
    public let hostTSO6 = XML.Field<Bool>.onOff("host/@tso6")
    /// Explicit congestion notification with it. (`host/@ecn`)
    public let hostECN = XML.Field<Bool>.onOff("host/@ecn")
    /// Offload of UDP fragmentation. (`host/@ufo`)
    public let hostUFO = XML.Field<Bool>.onOff("host/@ufo")
    /// Packets over several buffers. (`host/@mrg_rxbuf`)
    public let hostMergeableBuffers = XML.Field<Bool>.onOff("host/@mrg_rxbuf")
    /// Packets without checksums to the guest. (`guest/@csum`)
    public let guestChecksum = XML.Field<Bool>.onOff("guest/@csum")
    /// Long TCP segments over IPv4 to the guest. (`guest/@tso4`)
    public let guestTSO4 = XML.Field<Bool>.onOff("guest/@tso4")
    /// Long TCP segments over IPv6 to the guest. (`guest/@tso6`)
    public let guestTSO6 = XML.Field<Bool>.onOff("guest/@tso6")
    /// Explicit congestion notification with them. (`guest/@ecn`)
    public let guestECN = XML.Field<Bool>.onOff("guest/@ecn")
    /// Long UDP datagrams to the guest. (`guest/@ufo`)
    public let guestUFO = XML.Field<Bool>.onOff("guest/@ufo")
}

/// What serves an interface on the host: `interface/backend`.
public typealias InterfaceBackend = XML.View<InterfaceBackendSchema>

/// The properties of `InterfaceBackend`.
public struct InterfaceBackendSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("backend", Self())

    /// The user mode stack: default or passt. (`@type`)
    public let type = XML.Field<String>("@type")
    /// The path of the tap device. (`@tap`)
    public let tap = XML.Field<String>("@tap")
    /// The path of the vhost device. (`@vhost`)
    public let vhost = XML.Field<String>("@vhost")
    /// passt's log. (`@logFile`)
    public let logFile = XML.Field<String>("@logFile")
    /// The host name that passt's DHCP gives. (`@hostname`)
    public let hostName = XML.Field<String>("@hostname")
    /// The full name that passt's DHCP gives. (`@fqdn`)
    public let fullyQualifiedName = XML.Field<String>("@fqdn")
}

/// Ports of the host that lead to a guest: `interface/portForward`.
public typealias InterfacePortForward = XML.View<InterfacePortForwardSchema>

/// The properties of `InterfacePortForward`.
public struct InterfacePortForwardSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("portForward", Self())

    /// tcp or udp. (`@proto`)
    public let `protocol` = XML.Field<String>("@proto")
    /// The host's address. (`@address`)
    public let address = XML.Field<String>("@address")
    /// The host's device. (`@dev`)
    public let device = XML.Field<String>("@dev")
    /// The ports; all where none is named. (`range`)
    public let ranges = XML.List<InterfacePortRangeSchema>("range")
}

/// A range of ports: `portForward/range`.
public typealias InterfacePortRange = XML.View<InterfacePortRangeSchema>

/// The properties of `InterfacePortRange`.
public struct InterfacePortRangeSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("range", Self())

    /// The first. (`@start`)
    public let start = XML.Field<Int>("@start")
    /// The last. (`@end`)
    public let end = XML.Field<Int>("@end")
    /// The guest's first. (`@to`)
    public let to = XML.Field<Int>("@to")
    /// Whether they do not lead to the guest. (`@exclude`)
    public let exclude = XML.Field<Bool>("@exclude")
}

/// An interface's part in a pair that survives migration: `teaming`.
public typealias InterfaceTeaming = XML.View<InterfaceTeamingSchema>

/// The properties of `InterfaceTeaming`.
public struct InterfaceTeamingSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("teaming", Self())

    /// persistent or transient. (`@type`)
    public let type = XML.Field<String>("@type")
    /// The alias of the other. (`@persistent`)
    public let persistent = XML.Field<String>("@persistent")
}

/// An IP address: `ip`.
public typealias InterfaceIP = XML.View<InterfaceIPSchema>

/// The properties of `InterfaceIP`.
public struct InterfaceIPSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("ip", Self())

    /// ipv4 or ipv6. (`@family`)
    public let family = XML.Field<String>("@family")
    /// The address. (`@address`)
    public let address = XML.Field<String>("@address")
    /// The network's bits. (`@prefix`)
    public let prefix = XML.Field<Int>("@prefix")
    /// The other end's address. (`@peer`)
    public let peer = XML.Field<String>("@peer")
}

/// A route: `route`.
public typealias InterfaceRoute = XML.View<InterfaceRouteSchema>

/// The properties of `InterfaceRoute`.
public struct InterfaceRouteSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("route", Self())

    /// ipv4 or ipv6. (`@family`)
    public let family = XML.Field<String>("@family")
    /// The network. (`@address`)
    public let address = XML.Field<String>("@address")
    /// Its mask. (`@netmask`)
    public let netmask = XML.Field<String>("@netmask")
    /// Its bits. (`@prefix`)
    public let prefix = XML.Field<Int>("@prefix")
    /// The gateway. (`@gateway`)
    public let gateway = XML.Field<String>("@gateway")
    /// Its cost. (`@metric`)
    public let metric = XML.Field<Int>("@metric")
}

/// A device's boot ROM: `rom`.
public typealias DeviceROM = XML.View<DeviceROMSchema>

/// The properties of `DeviceROM`.
public struct DeviceROMSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("rom", Self())

    /// Whether it has one. (`@enabled`)
    public let enabled = XML.Field<Bool>("@enabled")
    /// Whether the guest sees it. (`@bar`)
    public let bar = XML.Field<Bool>.onOff("@bar")
    /// Its image on the host. (`@file`)
    public let file = XML.Field<String>("@file")
}

/// Limits of a network's or an interface's speed, as the guest sees directions: `bandwidth`.
public typealias NetworkBandwidth = XML.View<NetworkBandwidthSchema>

/// The properties of `NetworkBandwidth`.
public struct NetworkBandwidthSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("bandwidth", Self())

    /// Kibibytes a second on average, in. (`inbound/@average`)
    public let inboundAverage = XML.Field<Int>("inbound/@average")
    /// Kibibytes a second at most, in. (`inbound/@peak`)
    public let inboundPeak = XML.Field<Int>("inbound/@peak")
    /// Kibibytes of a burst, in. (`inbound/@burst`)
    public let inboundBurst = XML.Field<Int>("inbound/@burst")
    /// Kibibytes a second that are guaranteed, in. (`inbound/@floor`)
    public let inboundFloor = XML.Field<Int>("inbound/@floor")
    /// Kibibytes a second on average, out. (`outbound/@average`)
    public let outboundAverage = XML.Field<Int>("outbound/@average")
    /// Kibibytes a second at most, out. (`outbound/@peak`)
    public let outboundPeak = XML.Field<Int>("outbound/@peak")
    /// Kibibytes of a burst, out. (`outbound/@burst`)
    public let outboundBurst = XML.Field<Int>("outbound/@burst")
}

/// The virtual LANs that a port is in: `vlan`.
public typealias NetworkVLAN = XML.View<NetworkVLANSchema>

/// The properties of `NetworkVLAN`.
public struct NetworkVLANSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("vlan", Self())

    /// Whether packets keep their tags. (`@trunk`)
    public let trunk = XML.Field<Bool>("@trunk")
    /// The tags. (`tag`)
    public let tags = XML.List<NetworkVLANTagSchema>("tag")
}

/// A tag: `vlan/tag`.
public typealias NetworkVLANTag = XML.View<NetworkVLANTagSchema>

/// The properties of `NetworkVLANTag`.
public struct NetworkVLANTagSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("tag", Self())

    /// The virtual LAN's number. (`@id`)
    public let id = XML.Field<Int>("@id")
    /// How packets without a tag are taken: tagged or untagged. (`@nativeMode`)
    public let nativeMode = XML.Field<String>("@nativeMode")
}

/// A port at a virtual switch: `virtualport`.
public typealias NetworkVirtualPort = XML.View<NetworkVirtualPortSchema>

/// The properties of `NetworkVirtualPort`.
public struct NetworkVirtualPortSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("virtualport", Self())

    /// 802.1Qbg, 802.1Qbh, openvswitch or midonet. (`@type`)
    public let type = XML.Field<String>("@type")
    /// The database of type IDs. (802.1Qbg) (`parameters/@managerid`)
    public let managerID = XML.Field<Int>("parameters/@managerid")
    /// The type. (802.1Qbg) (`parameters/@typeid`)
    public let typeID = XML.Field<Int>("parameters/@typeid")
    /// The type's version. (802.1Qbg) (`parameters/@typeidversion`)
    public let typeIDVersion = XML.Field<Int>("parameters/@typeidversion")
    /// A UUID. (802.1Qbg) (`parameters/@instanceid`)
    public let instanceID = XML.Field<String>("parameters/@instanceid")
    /// The profile. (802.1Qbh, Open vSwitch) (`parameters/@profileid`)
    public let profileID = XML.Field<String>("parameters/@profileid")
    /// A UUID. (Open vSwitch, MidoNet) (`parameters/@interfaceid`)
    public let interfaceID = XML.Field<String>("parameters/@interfaceid")
}

/// A filter that is applied: `filterref`.
public typealias NetworkFilterReference = XML.View<NetworkFilterReferenceSchema>

/// The properties of `NetworkFilterReference`.
public struct NetworkFilterReferenceSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("filterref", Self())

    /// Its name. (`@filter`)
    public let filter = XML.Field<String>("@filter")
    /// Values of its variables. (`parameter`)
    public let parameters = XML.List<NetworkFilterParameterSchema>("parameter")
}

/// A variable's value: `filterref/parameter`.
public typealias NetworkFilterParameter = XML.View<NetworkFilterParameterSchema>

/// The properties of `NetworkFilterParameter`.
public struct NetworkFilterParameterSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("parameter", Self())

    /// The variable's name. (`@name`)
    public let name = XML.Field<String>("@name")
    /// The value. (`@value`)
    public let value = XML.Field<String>("@value")
}
