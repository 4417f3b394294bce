/// A filter of packets, described: libvirt's `<filter>`.
public typealias NetworkFilterDescription = XML.View<NetworkFilterDescriptionSchema>

/// The properties of `NetworkFilterDescription`.
public struct NetworkFilterDescriptionSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("filter", Self())

    /// The name. (`@name`)
    public let name = XML.Field<String>("@name")
    /// The chain that it is in: root, mac, arp, ipv4 … (`@chain`)
    public let chain = XML.Field<String>("@chain")
    /// The chain's priority, -1,000 to 1,000. (`@priority`)
    public let priority = XML.Field<Int>("@priority")
    /// The UUID. (`uuid`)
    public let uuid = XML.Field<String>("uuid")
    /// Other filters that apply too. (`filterref`)
    public let references = XML.List<NetworkFilterReferenceSchema>("filterref")
    /// The rules. Use `element` for what they match: `tcp`, `ip`, `mac` and so on. (`rule`)
    public let rules = XML.List<NetworkFilterRuleSchema>("rule")
}

/// A rule of a filter: `filter/rule`.
public typealias NetworkFilterRule = XML.View<NetworkFilterRuleSchema>

/// The properties of `NetworkFilterRule`.
public struct NetworkFilterRuleSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("rule", Self())

    /// accept, drop, reject, return or continue. (`@action`)
    public let action = XML.Field<String>("@action")
    /// in, out or inout, as the guest sees it. (`@direction`)
    public let direction = XML.Field<String>("@direction")
    /// Its priority, -1,000 to 1,000; lower comes first. (`@priority`)
    public let priority = XML.Field<Int>("@priority")
    /// Whether the connection's state counts. (`@statematch`)
    public let stateMatch = XML.Field<Bool>("@statematch")
}
