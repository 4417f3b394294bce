internal import VirtKitCore

/// A kind of pool: `pool/@type`.
public struct StoragePoolType: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// A directory (`dir`)
    public static let directory = Self("dir")
    /// A file system that is mounted (`fs`)
    public static let filesystem = Self("fs")
    /// A network file system that is mounted (`netfs`)
    public static let networkFilesystem = Self("netfs")
    /// An LVM volume group (`logical`)
    public static let logical = Self("logical")
    /// A partitioned disk (`disk`)
    public static let disk = Self("disk")
    /// An iSCSI target (`iscsi`)
    public static let iscsi = Self("iscsi")
    /// An iSCSI target, without the host's initiator (`iscsi-direct`)
    public static let iscsiDirect = Self("iscsi-direct")
    /// A SCSI adapter (`scsi`)
    public static let scsi = Self("scsi")
    /// Multipath devices (`mpath`)
    public static let multipath = Self("mpath")
    /// A Ceph pool (`rbd`)
    public static let rbd = Self("rbd")
    /// `sheepdog`.
    public static let sheepdog = Self("sheepdog")
    /// `gluster`.
    public static let gluster = Self("gluster")
    /// `zfs`.
    public static let zfs = Self("zfs")
    /// `vstorage`.
    public static let vstorage = Self("vstorage")
}

/// A storage pool, described: libvirt's `<pool>`.
public typealias StoragePoolDescription = XML.View<StoragePoolDescriptionSchema>

/// The properties of `StoragePoolDescription`.
public struct StoragePoolDescriptionSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("pool", Self())

    /// Its kind. (`@type`)
    public let type = XML.Field<StoragePoolType>("@type")
    /// The name. (`name`)
    public let name = XML.Field<String>("name")
    /// The UUID. (`uuid`)
    public let uuid = XML.Field<String>("uuid")
    /// The size; bytes where no unit is given. (Reported only) (`capacity`)
    public let capacity = XML.Size("capacity", default: "bytes")
    /// What is used of it. (Reported only) (`allocation`)
    public let allocation = XML.Size("allocation", default: "bytes")
    /// What is free. (Reported only) (`available`)
    public let available = XML.Size("available", default: "bytes")
    /// Whether the pool's file system copies on write. (`features/cow/@state`)
    public let copyOnWrite = XML.Field<Bool>("features/cow/@state")
    /// Where its storage comes from. (`source`)
    public let source = XML.Group<StoragePoolSourceSchema>("source")
    /// Where the host sees its volumes. (`target/path`)
    public let path = XML.Field<String>("target/path")
    /// Owner and mode of the directory. (`target/permissions`)
    public let permissions = XML.Group<StoragePermissionsSchema>("target/permissions")
    /// How volumes' allocation is found: default or capacity. (rbd) (`refresh/volume/@allocation`)
    public let refreshAllocation = XML.Field<String>("refresh/volume/@allocation")
    /// Mount options, outside libvirt's support. (`fs:mount_opts/fs:option/@name`)
    public let mountOptions = XML.Values<String>("fs:mount_opts/fs:option/@name")
    /// Ceph's options, outside libvirt's support. (`rbd:config_opts/rbd:option`)
    public let rbdOptions = XML.List<StoragePoolOptionSchema>("rbd:config_opts/rbd:option")
}

/// An option: `config_opts/option`.
public typealias StoragePoolOption = XML.View<StoragePoolOptionSchema>

/// The properties of `StoragePoolOption`.
public struct StoragePoolOptionSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("option", Self())

    /// Its name. (`@name`)
    public let name = XML.Field<String>("@name")
    /// Its value. (`@value`)
    public let value = XML.Field<String>("@value")
}

/// Where a pool's storage comes from: `pool/source`.
public typealias StoragePoolSource = XML.View<StoragePoolSourceSchema>

/// The properties of `StoragePoolSource`.
public struct StoragePoolSourceSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("source", Self())

    /// The servers. (`host`)
    public let hosts = XML.List<StorageHostSchema>("host")
    /// The devices. (`device`)
    public let devices = XML.List<StoragePoolDeviceSchema>("device")
    /// The directory on the server, or on the host. (`dir/@path`)
    public let directory = XML.Field<String>("dir/@path")
    /// The SCSI adapter. (`adapter`)
    public let adapter = XML.Part<StoragePoolAdapterSchema>("adapter")
    /// The volume group's, pool's or target's name. (`name`)
    public let name = XML.Field<String>("name")
    /// The format: auto, ext4, nfs, lvm2, gpt … (`format/@type`)
    public let format = XML.Field<String>("format/@type")
    /// NFS's version. (`protocol/@ver`)
    public let protocolVersion = XML.Field<String>("protocol/@ver")
    /// The iSCSI initiator's name. (`initiator/iqn/@name`)
    public let initiator = XML.Field<String>("initiator/iqn/@name")
    /// Who asks the server. (`auth`)
    public let auth = XML.Part<StorageAuthenticationSchema>("auth")
    /// The storage's vendor. (`vendor/@name`)
    public let vendor = XML.Field<String>("vendor/@name")
    /// The storage's product. (`product/@name`)
    public let product = XML.Field<String>("product/@name")
}

/// A device of a pool: `source/device`.
public typealias StoragePoolDevice = XML.View<StoragePoolDeviceSchema>

/// The properties of `StoragePoolDevice`.
public struct StoragePoolDeviceSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("device", Self())

    /// Its path, or the iSCSI target. (`@path`)
    public let path = XML.Field<String>("@path")
    /// Whether "p" stands before the numbers of its partitions. (`@part_separator`)
    public let partSeparator = XML.Field<Bool>("@part_separator")
    /// The free room on it. (Reported only) (`freeExtent`)
    public let freeExtents = XML.List<StorageExtentSchema>("freeExtent")
}

/// A part of a device, in bytes: `freeExtent`, `extent`.
public typealias StorageExtent = XML.View<StorageExtentSchema>

/// The properties of `StorageExtent`.
public struct StorageExtentSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("extent", Self())

    /// Where it begins. (`@start`)
    public let start = XML.Field<UInt64>("@start")
    /// Where it ends. (`@end`)
    public let end = XML.Field<UInt64>("@end")
}

/// A SCSI adapter: `source/adapter`.
public typealias StoragePoolAdapter = XML.View<StoragePoolAdapterSchema>

/// The properties of `StoragePoolAdapter`.
public struct StoragePoolAdapterSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("adapter", Self())

    /// scsi_host or fc_host. (`@type`)
    public let type = XML.Field<String>("@type")
    /// The adapter's name: scsi_host1. (`@name`)
    public let name = XML.Field<String>("@name")
    /// The parent of a virtual one. (`@parent`)
    public let parent = XML.Field<String>("@parent")
    /// The parent's World Wide Node Name. (`@parent_wwnn`)
    public let parentWWNN = XML.Field<String>("@parent_wwnn")
    /// The parent's World Wide Port Name. (`@parent_wwpn`)
    public let parentWWPN = XML.Field<String>("@parent_wwpn")
    /// The fabric's World Wide Name. (`@parent_fabric_wwn`)
    public let parentFabricWWN = XML.Field<String>("@parent_fabric_wwn")
    /// Whether libvirt makes and removes a virtual one. (`@managed`)
    public let managed = XML.Field<Bool>("@managed")
    /// The World Wide Node Name. (`@wwnn`)
    public let wwnn = XML.Field<String>("@wwnn")
    /// The World Wide Port Name. (`@wwpn`)
    public let wwpn = XML.Field<String>("@wwpn")
    /// The number that tells the ports of the PCI device apart. (`parentaddr/@unique_id`)
    public let uniqueID = XML.Field<Int>("parentaddr/@unique_id")
    /// The PCI device of the host. (`parentaddr/address`)
    public let parentAddress = XML.Part<DeviceAddressSchema>("parentaddr/address")
}

/// Owner and mode: `permissions`.
public typealias StoragePermissions = XML.View<StoragePermissionsSchema>

/// The properties of `StoragePermissions`.
public struct StoragePermissionsSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("permissions", Self())

    /// The mode in octal. (`mode`)
    public let mode = XML.Field<String>("mode")
    /// The user's number; -1 for the process's. (`owner`)
    public let owner = XML.Field<Int>("owner")
    /// The group's number; -1 for the process's. (`group`)
    public let group = XML.Field<Int>("group")
    /// The security label. (`label`)
    public let label = XML.Field<String>("label")
}
