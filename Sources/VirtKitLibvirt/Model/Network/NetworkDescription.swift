/// How a network reaches the outside: `forward/@mode`.
public struct NetworkForwardMode: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Through the host, by address translation (`nat`)
    public static let nat = Self("nat")
    /// Through the host, by routing (`route`)
    public static let route = Self("route")
    /// Through the host, without rules of libvirt's (`open`)
    public static let open = Self("open")
    /// By a bridge of the host (`bridge`)
    public static let bridge = Self("bridge")
    /// By macvtap, apart from each other (`private`)
    public static let `private` = Self("private")
    /// By macvtap, through an outside switch (`vepa`)
    public static let vepa = Self("vepa")
    /// By macvtap, a device for each guest (`passthrough`)
    public static let passthrough = Self("passthrough")
    /// By PCI devices that are passed through (`hostdev`)
    public static let hostDevice = Self("hostdev")
}

/// A virtual network, described: libvirt's `<network>`.
public typealias NetworkDescription = XML.View<NetworkDescriptionSchema>

/// The properties of `NetworkDescription`.
public struct NetworkDescriptionSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("network", Self())

    /// Whether guests may use IPv6 without an address of the network's. (`@ipv6`)
    public let ipv6 = XML.Field<Bool>("@ipv6")
    /// Whether guests may change their MAC addresses. (`@trustGuestRxFilters`)
    public let trustGuestReceiveFilters = XML.Field<Bool>("@trustGuestRxFilters")
    /// How many guests use it. (Reported only) (`@connections`)
    public let connections = XML.Field<Int>("@connections")
    /// The name. (`name`)
    public let name = XML.Field<String>("name")
    /// The UUID. (`uuid`)
    public let uuid = XML.Field<String>("uuid")
    /// A short description. (`title`)
    public let title = XML.Field<String>("title")
    /// A description for people. (`description`)
    public let description = XML.Field<String>("description")
    /// What programs keep with the network. (`metadata`)
    public let metadata = XML.Group<DomainMetadataSchema>("metadata")
    /// How it reaches the outside; not at all where it is missing. (`forward`)
    public let forward = XML.Part<NetworkForwardSchema>("forward")
    /// The host's bridge. (`bridge`)
    public let bridge = XML.Group<NetworkBridgeSchema>("bridge")
    /// The largest packet in bytes. (`mtu/@size`)
    public let mtu = XML.Field<Int>("mtu/@size")
    /// The bridge's MAC address. (`mac/@address`)
    public let mac = XML.Field<String>("mac/@address")
    /// The DNS domain. (`domain/@name`)
    public let domain = XML.Field<String>("domain/@name")
    /// Whether names of the domain are not asked for outside. (`domain/@localOnly`)
    public let domainLocalOnly = XML.Field<Bool>("domain/@localOnly")
    /// What its name server knows. (`dns`)
    public let dns = XML.Group<NetworkDNSSchema>("dns")
    /// Limits of its speed. (`bandwidth`)
    public let bandwidth = XML.Group<NetworkBandwidthSchema>("bandwidth")
    /// The virtual LANs that guests are in. (`vlan`)
    public let vlan = XML.Part<NetworkVLANSchema>("vlan")
    /// Whether guests can't talk to each other. (`port/@isolated`)
    public let isolatedPorts = XML.Field<Bool>("port/@isolated")
    /// Guests' ports at a virtual switch. (`virtualport`)
    public let virtualPort = XML.Part<NetworkVirtualPortSchema>("virtualport")
    /// Its IP networks. (`ip`)
    public let addresses = XML.List<NetworkIPSchema>("ip")
    /// Routes of the host through guests. (`route`)
    public let routes = XML.List<NetworkRouteSchema>("route")
    /// Groups of settings that guests choose from. (`portgroup`)
    public let portGroups = XML.List<NetworkPortGroupSchema>("portgroup")
    /// Lines for dnsmasq's configuration, outside libvirt's support. (`dnsmasq:options/dnsmasq:option/@value`)
    public let dnsmasqOptions = XML.Values<String>("dnsmasq:options/dnsmasq:option/@value")
}

/// How a network reaches the outside: `forward`.
public typealias NetworkForward = XML.View<NetworkForwardSchema>

/// The properties of `NetworkForward`.
public struct NetworkForwardSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("forward", Self())

    /// How. (`@mode`)
    public let mode = XML.Field<NetworkForwardMode>("@mode")
    /// The one device that is used. (`@dev`)
    public let device = XML.Field<String>("@dev")
    /// Whether libvirt takes PCI devices from their driver and gives them back. (`@managed`)
    public let managed = XML.Field<Bool>("@managed")
    /// The device whose virtual functions are used. (`pf/@dev`)
    public let physicalFunction = XML.Field<String>("pf/@dev")
    /// The devices. (`interface`)
    public let interfaces = XML.List<NetworkForwardInterfaceSchema>("interface")
    /// Whether IPv6 addresses are translated. (`nat/@ipv6`)
    public let natIPv6 = XML.Field<Bool>("nat/@ipv6")
    /// The first address that guests appear under. (`nat/address/@start`)
    public let natAddressStart = XML.Field<String>("nat/address/@start")
    /// The last. (`nat/address/@end`)
    public let natAddressEnd = XML.Field<String>("nat/address/@end")
    /// The first port that guests appear under. (`nat/port/@start`)
    public let natPortStart = XML.Field<Int>("nat/port/@start")
    /// The last. (`nat/port/@end`)
    public let natPortEnd = XML.Field<Int>("nat/port/@end")
    /// The PCI devices. (`address`)
    public let hostDevices = XML.List<DeviceAddressSchema>("address")
    /// What holds them: vfio, kvm or xen. (`driver/@name`)
    public let driver = XML.Field<String>("driver/@name")
}

/// A device of the host: `forward/interface`.
public typealias NetworkForwardInterface = XML.View<NetworkForwardInterfaceSchema>

/// The properties of `NetworkForwardInterface`.
public struct NetworkForwardInterfaceSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("interface", Self())

    /// Its name. (`@dev`)
    public let device = XML.Field<String>("@dev")
    /// How many guests use it. (Reported only) (`@connections`)
    public let connections = XML.Field<Int>("@connections")
}

/// The host's bridge: `network/bridge`.
public typealias NetworkBridge = XML.View<NetworkBridgeSchema>

/// The properties of `NetworkBridge`.
public struct NetworkBridgeSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("bridge", Self())

    /// Its name; libvirt chooses one where it is missing. (`@name`)
    public let name = XML.Field<String>("@name")
    /// The firewall's zone. (`@zone`)
    public let zone = XML.Field<String>("@zone")
    /// Whether it speaks the spanning tree protocol. (`@stp`)
    public let spanningTree = XML.Field<Bool>.onOff("@stp")
    /// The forwarding delay in seconds. (`@delay`)
    public let delay = XML.Field<Int>("@delay")
    /// Who keeps its table of addresses: kernel or libvirt. (`@macTableManager`)
    public let macTableManager = XML.Field<String>("@macTableManager")
}

/// What a network's name server knows: `network/dns`.
public typealias NetworkDNS = XML.View<NetworkDNSSchema>

/// The properties of `NetworkDNS`.
public struct NetworkDNSSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("dns", Self())

    /// Whether there is one. (`@enable`)
    public let enabled = XML.Field<Bool>("@enable")
    /// Whether names without a dot are asked for outside. (`@forwardPlainNames`)
    public let forwardPlainNames = XML.Field<Bool>("@forwardPlainNames")
    /// The servers that it asks. (`forwarder`)
    public let forwarders = XML.List<NetworkDNSForwarderSchema>("forwarder")
    /// TXT records. (`txt`)
    public let texts = XML.List<NetworkDNSTextSchema>("txt")
    /// Names of hosts. (`host`)
    public let hosts = XML.List<NetworkDNSHostSchema>("host")
    /// SRV records. (`srv`)
    public let services = XML.List<NetworkDNSServiceSchema>("srv")
}

/// A server that is asked: `dns/forwarder`.
public typealias NetworkDNSForwarder = XML.View<NetworkDNSForwarderSchema>

/// The properties of `NetworkDNSForwarder`.
public struct NetworkDNSForwarderSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("forwarder", Self())

    /// The domain that it is asked for. (`@domain`)
    public let domain = XML.Field<String>("@domain")
    /// Its address. (`@addr`)
    public let address = XML.Field<String>("@addr")
}

/// A TXT record: `dns/txt`.
public typealias NetworkDNSText = XML.View<NetworkDNSTextSchema>

/// The properties of `NetworkDNSText`.
public struct NetworkDNSTextSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("txt", Self())

    /// Its name. (`@name`)
    public let name = XML.Field<String>("@name")
    /// Its text. (`@value`)
    public let value = XML.Field<String>("@value")
}

/// Names of a host: `dns/host`.
public typealias NetworkDNSHost = XML.View<NetworkDNSHostSchema>

/// The properties of `NetworkDNSHost`.
public struct NetworkDNSHostSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("host", Self())

    /// Its address. (`@ip`)
    public let address = XML.Field<String>("@ip")
    /// Its names. (`hostname`)
    public let names = XML.Values<String>("hostname")
}

/// An SRV record: `dns/srv`.
public typealias NetworkDNSService = XML.View<NetworkDNSServiceSchema>

/// The properties of `NetworkDNSService`.
public struct NetworkDNSServiceSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("srv", Self())

    /// The service. (`@service`)
    public let service = XML.Field<String>("@service")
    /// tcp or udp. (`@protocol`)
    public let `protocol` = XML.Field<String>("@protocol")
    /// The domain. (`@domain`)
    public let domain = XML.Field<String>("@domain")
    /// The host. (`@target`)
    public let target = XML.Field<String>("@target")
    /// The port. (`@port`)
    public let port = XML.Field<Int>("@port")
    /// The priority; lower comes first. (`@priority`)
    public let priority = XML.Field<Int>("@priority")
    /// The weight among equals. (`@weight`)
    public let weight = XML.Field<Int>("@weight")
}

/// An IP network: `network/ip`.
public typealias NetworkIP = XML.View<NetworkIPSchema>

/// The properties of `NetworkIP`.
public struct NetworkIPSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("ip", Self())

    /// The host's address in it. (`@address`)
    public let address = XML.Field<String>("@address")
    /// ipv4 or ipv6. (`@family`)
    public let family = XML.Field<String>("@family")
    /// Its mask. (`@netmask`)
    public let netmask = XML.Field<String>("@netmask")
    /// Its bits. (`@prefix`)
    public let prefix = XML.Field<Int>("@prefix")
    /// Whether reverse names are not asked for outside. (`@localPtr`)
    public let localPointer = XML.Field<Bool>("@localPtr")
    /// The directory that is served by TFTP. (`tftp/@root`)
    public let tftpRoot = XML.Field<String>("tftp/@root")
    /// Addresses that are given out. (`dhcp/range`)
    public let dhcpRanges = XML.List<NetworkDHCPRangeSchema>("dhcp/range")
    /// Addresses that are kept for guests. (`dhcp/host`)
    public let dhcpHosts = XML.List<NetworkDHCPHostSchema>("dhcp/host")
    /// The file that guests boot. (`dhcp/bootp/@file`)
    public let bootFile = XML.Field<String>("dhcp/bootp/@file")
    /// The server that has it. (`dhcp/bootp/@server`)
    public let bootServer = XML.Field<String>("dhcp/bootp/@server")
}

/// Addresses that are given out: `dhcp/range`.
public typealias NetworkDHCPRange = XML.View<NetworkDHCPRangeSchema>

/// The properties of `NetworkDHCPRange`.
public struct NetworkDHCPRangeSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("range", Self())

    /// The first. (`@start`)
    public let start = XML.Field<String>("@start")
    /// The last. (`@end`)
    public let end = XML.Field<String>("@end")
    /// For how long; 0 for ever. (`lease/@expiry`)
    public let leaseTime = XML.Field<Int>("lease/@expiry")
    /// The unit: seconds, minutes or hours; minutes where it is missing. (`lease/@unit`)
    public let leaseUnit = XML.Field<String>("lease/@unit")
}

/// An address that is kept for a guest: `dhcp/host`.
public typealias NetworkDHCPHost = XML.View<NetworkDHCPHostSchema>

/// The properties of `NetworkDHCPHost`.
public struct NetworkDHCPHostSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("host", Self())

    /// The guest's MAC address. (`@mac`)
    public let mac = XML.Field<String>("@mac")
    /// The guest's client identifier. (IPv6) (`@id`)
    public let id = XML.Field<String>("@id")
    /// The guest's name. (`@name`)
    public let name = XML.Field<String>("@name")
    /// The address. (`@ip`)
    public let address = XML.Field<String>("@ip")
    /// For how long; 0 for ever. (`lease/@expiry`)
    public let leaseTime = XML.Field<Int>("lease/@expiry")
    /// The unit: seconds, minutes or hours; minutes where it is missing. (`lease/@unit`)
    public let leaseUnit = XML.Field<String>("lease/@unit")
}

/// A route of the host: `network/route`.
public typealias NetworkRoute = XML.View<NetworkRouteSchema>

/// The properties of `NetworkRoute`.
public struct NetworkRouteSchema: XML.Schema {
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

/// Settings that guests choose: `network/portgroup`.
public typealias NetworkPortGroup = XML.View<NetworkPortGroupSchema>

/// The properties of `NetworkPortGroup`.
public struct NetworkPortGroupSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("portgroup", Self())

    /// The group's name. (`@name`)
    public let name = XML.Field<String>("@name")
    /// Whether guests that name none get it. (`@default`)
    public let `default` = XML.Field<Bool>("@default")
    /// Whether guests may change their MAC addresses. (`@trustGuestRxFilters`)
    public let trustGuestReceiveFilters = XML.Field<Bool>("@trustGuestRxFilters")
    /// Guests' ports at a virtual switch. (`virtualport`)
    public let virtualPort = XML.Part<NetworkVirtualPortSchema>("virtualport")
    /// Limits of guests' speed. (`bandwidth`)
    public let bandwidth = XML.Group<NetworkBandwidthSchema>("bandwidth")
    /// The virtual LANs that guests are in. (`vlan`)
    public let vlan = XML.Part<NetworkVLANSchema>("vlan")
    /// Whether guests can't talk to each other. (`port/@isolated`)
    public let isolatedPorts = XML.Field<Bool>("port/@isolated")
}
