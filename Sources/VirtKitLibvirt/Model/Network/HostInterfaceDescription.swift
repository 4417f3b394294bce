/// A network interface of the host, described: libvirt's `<interface>`.
public typealias HostInterfaceDescription = XML.View<HostInterfaceDescriptionSchema>

/// The properties of `HostInterfaceDescription`.
public struct HostInterfaceDescriptionSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("interface", Self())

    /// ethernet, bridge, bond or vlan. (`@type`)
    public let type = XML.Field<String>("@type")
    /// The name. (`@name`)
    public let name = XML.Field<String>("@name")
    /// Whether it comes up by itself: onboot, none or hotplug. (`start/@mode`)
    public let startMode = XML.Field<String>("start/@mode")
    /// The MAC address. (`mac/@address`)
    public let mac = XML.Field<String>("mac/@address")
    /// The largest packet in bytes. (`mtu/@size`)
    public let mtu = XML.Field<Int>("mtu/@size")
    /// The speed in megabits a second. (Reported only) (`link/@speed`)
    public let linkSpeed = XML.Field<Int>("link/@speed")
    /// The link's state. (Reported only) (`link/@state`)
    public let linkState = XML.Field<String>("link/@state")
    /// Its IP configuration. (`protocol`)
    public let protocols = XML.List<HostInterfaceProtocolSchema>("protocol")
    /// Whether the bridge speaks the spanning tree protocol. (`bridge/@stp`)
    public let spanningTree = XML.Field<Bool>.onOff("bridge/@stp")
    /// The bridge's forwarding delay in seconds. (`bridge/@delay`)
    public let bridgeDelay = XML.Field<String>("bridge/@delay")
    /// The bridge's interfaces. (`bridge/interface`)
    public let bridgeInterfaces = XML.List<HostInterfaceDescriptionSchema>("bridge/interface")
    /// The bond's mode: active-backup, 802.3ad … (`bond/@mode`)
    public let bondMode = XML.Field<String>("bond/@mode")
    /// The bond's interfaces. (`bond/interface`)
    public let bondInterfaces = XML.List<HostInterfaceDescriptionSchema>("bond/interface")
    /// The virtual LAN's number. (`vlan/@tag`)
    public let vlanTag = XML.Field<Int>("vlan/@tag")
    /// The virtual LAN's interface. (`vlan/interface/@name`)
    public let vlanInterface = XML.Field<String>("vlan/interface/@name")
}

/// An interface's IP configuration: `interface/protocol`.
public typealias HostInterfaceProtocol = XML.View<HostInterfaceProtocolSchema>

/// The properties of `HostInterfaceProtocol`.
public struct HostInterfaceProtocolSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("protocol", Self())

    /// ipv4 or ipv6. (`@family`)
    public let family = XML.Field<String>("@family")
    /// Whether it asks DHCP. (`dhcp`)
    public let dhcp = XML.Flag("dhcp")
    /// Whether name servers come from DHCP. (`dhcp/@peerdns`)
    public let dhcpPeerDNS = XML.Field<Bool>("dhcp/@peerdns")
    /// Whether it follows router advertisements. (`autoconf`)
    public let autoconfiguration = XML.Flag("autoconf")
    /// Its addresses. (`ip`)
    public let addresses = XML.List<InterfaceIPSchema>("ip")
    /// The gateway. (`route/@gateway`)
    public let gateway = XML.Field<String>("route/@gateway")
}
