/// What is passed to QEMU as it is, outside libvirt's support: `qemu:commandline`.
public typealias QEMUCommandLine = XML.View<QEMUCommandLineSchema>

/// The properties of `QEMUCommandLine`.
public struct QEMUCommandLineSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype(XML.Name("commandline", in: .libvirt("qemu")), Self())

    /// Arguments. (`qemu:arg/@value`)
    public let arguments = XML.Values<String>("qemu:arg/@value")
    /// Environment variables. (`qemu:env`)
    public let environment = XML.List<QEMUVariableSchema>("qemu:env")
}

/// An environment variable: `qemu:env`.
public typealias QEMUVariable = XML.View<QEMUVariableSchema>

/// The properties of `QEMUVariable`.
public struct QEMUVariableSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype(XML.Name("env", in: .libvirt("qemu")), Self())

    /// Its name. (`@name`)
    public let name = XML.Field<String>("@name")
    /// Its value. (`@value`)
    public let value = XML.Field<String>("@value")
}

/// QEMU's capabilities that libvirt is to take as present or absent: `qemu:capabilities`.
public typealias QEMUCapabilities = XML.View<QEMUCapabilitiesSchema>

/// The properties of `QEMUCapabilities`.
public struct QEMUCapabilitiesSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype(XML.Name("capabilities", in: .libvirt("qemu")), Self())

    /// Present. (`qemu:add/@capability`)
    public let add = XML.Values<String>("qemu:add/@capability")
    /// Absent. (`qemu:del/@capability`)
    public let remove = XML.Values<String>("qemu:del/@capability")
}

/// Properties of one of QEMU's devices: `qemu:override/qemu:device`.
public typealias QEMUDeviceOverride = XML.View<QEMUDeviceOverrideSchema>

/// The properties of `QEMUDeviceOverride`.
public struct QEMUDeviceOverrideSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype(XML.Name("device", in: .libvirt("qemu")), Self())

    /// The device's alias. (`@alias`)
    public let alias = XML.Field<String>("@alias")
    /// The properties. (`qemu:frontend/qemu:property`)
    public let properties = XML.List<QEMUPropertyOverrideSchema>("qemu:frontend/qemu:property")
}

/// A property: `qemu:property`.
public typealias QEMUPropertyOverride = XML.View<QEMUPropertyOverrideSchema>

/// The properties of `QEMUPropertyOverride`.
public struct QEMUPropertyOverrideSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype(XML.Name("property", in: .libvirt("qemu")), Self())

    /// Its name. (`@name`)
    public let name = XML.Field<String>("@name")
    /// string, signed, unsigned, bool or remove. (`@type`)
    public let type = XML.Field<String>("@type")
    /// Its value. (`@value`)
    public let value = XML.Field<String>("@value")
}

/// Namespaces that a container shares with others: `lxc:namespace`.
public typealias LXCNamespace = XML.View<LXCNamespaceSchema>

/// The properties of `LXCNamespace`.
public struct LXCNamespaceSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype(XML.Name("namespace", in: .libvirt("lxc")), Self())

    /// Whose network. (`lxc:sharenet/@value`)
    public let shareNetwork = XML.Field<String>("lxc:sharenet/@value")
    /// How it is named: name, netns or pid. (`lxc:sharenet/@type`)
    public let shareNetworkType = XML.Field<String>("lxc:sharenet/@type")
    /// Whose inter-process communication. (`lxc:shareipc/@value`)
    public let shareIPC = XML.Field<String>("lxc:shareipc/@value")
    /// How it is named: name or pid. (`lxc:shareipc/@type`)
    public let shareIPCType = XML.Field<String>("lxc:shareipc/@type")
    /// Whose host name. (`lxc:shareuts/@value`)
    public let shareUTS = XML.Field<String>("lxc:shareuts/@value")
    /// How it is named: name or pid. (`lxc:shareuts/@type`)
    public let shareUTSType = XML.Field<String>("lxc:shareuts/@type")
}

/// What is passed to bhyve as it is: `bhyve:commandline`.
public typealias BhyveCommandLine = XML.View<BhyveCommandLineSchema>

/// The properties of `BhyveCommandLine`.
public struct BhyveCommandLineSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype(XML.Name("commandline", in: .libvirt("bhyve")), Self())

    /// Arguments. (`bhyve:arg/@value`)
    public let arguments = XML.Values<String>("bhyve:arg/@value")
    /// Environment variables. (`bhyve:env`)
    public let environment = XML.List<BhyveVariableSchema>("bhyve:env")
}

/// An environment variable: `bhyve:env`.
public typealias BhyveVariable = XML.View<BhyveVariableSchema>

/// The properties of `BhyveVariable`.
public struct BhyveVariableSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype(XML.Name("env", in: .libvirt("bhyve")), Self())

    /// Its name. (`@name`)
    public let name = XML.Field<String>("@name")
    /// Its value. (`@value`)
    public let value = XML.Field<String>("@value")
}

/// What is passed to Xen's device model as it is: `xen:commandline`.
public typealias XenCommandLine = XML.View<XenCommandLineSchema>

/// The properties of `XenCommandLine`.
public struct XenCommandLineSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype(XML.Name("commandline", in: .libvirt("xen")), Self())

    /// Arguments. (`xen:arg/@value`)
    public let arguments = XML.Values<String>("xen:arg/@value")
}
