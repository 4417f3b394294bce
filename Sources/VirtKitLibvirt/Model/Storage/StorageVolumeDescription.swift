internal import VirtKitCore

/// A storage volume, described: libvirt's `<volume>`.
public typealias StorageVolumeDescription = XML.View<StorageVolumeDescriptionSchema>

/// The properties of `StorageVolumeDescription`.
public struct StorageVolumeDescriptionSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("volume", Self())

    /// file, block, dir, network, netdir or ploop. (Reported only) (`@type`)
    public let type = XML.Field<String>("@type")
    /// The name, unique in its pool. (`name`)
    public let name = XML.Field<String>("name")
    /// What tells it from all others. (Reported only) (`key`)
    public let key = XML.Field<String>("key")
    /// The room that it takes at first; bytes where no unit is given. (`allocation`)
    public let allocation = XML.Size("allocation", default: "bytes")
    /// The size that guests see; bytes where no unit is given. (`capacity`)
    public let capacity = XML.Size("capacity", default: "bytes")
    /// The size on the host. (Reported only) (`physical`)
    public let physical = XML.Size("physical", default: "bytes")
    /// Where it lies on devices. (Reported only) (`source/device`)
    public let sourceDevices = XML.List<StorageVolumeDeviceSchema>("source/device")
    /// Where the host sees it. (`target/path`)
    public let path = XML.Field<String>("target/path")
    /// The format: raw, qcow2, vmdk … (`target/format/@type`)
    public let format = XML.Field<String>("target/format/@type")
    /// Owner and mode. (`target/permissions`)
    public let permissions = XML.Group<StoragePermissionsSchema>("target/permissions")
    /// When it was last read, in seconds since 1970. (Reported only) (`target/timestamps/atime`)
    public let accessTime = XML.Field<String>("target/timestamps/atime")
    /// When it was last written, in seconds since 1970. (Reported only) (`target/timestamps/mtime`)
    public let modificationTime = XML.Field<String>("target/timestamps/mtime")
    /// When its inode was last changed, in seconds since 1970. (Reported only) (`target/timestamps/ctime`)
    public let changeTime = XML.Field<String>("target/timestamps/ctime")
    /// How it is encrypted. (`target/encryption`)
    public let encryption = XML.Part<StorageEncryptionSchema>("target/encryption")
    /// qcow2's version: 0.10 or 1.1. (`target/compat`)
    public let compatibility = XML.Field<String>("target/compat")
    /// Whether btrfs does not copy on write. (`target/nocow`)
    public let noCopyOnWrite = XML.Flag("target/nocow")
    /// qcow2's cluster size. (`target/clusterSize`)
    public let clusterSize = XML.Size("target/clusterSize", default: "bytes")
    /// Whether qcow2's reference counts are lazy. (`target/features/lazy_refcounts`)
    public let lazyReferenceCounts = XML.Flag("target/features/lazy_refcounts")
    /// Whether qcow2 has subclusters. (`target/features/extended_l2`)
    public let extendedL2 = XML.Flag("target/features/extended_l2")
    /// The image below. (`backingStore/path`)
    public let backingPath = XML.Field<String>("backingStore/path")
    /// The format of the image below. (`backingStore/format/@type`)
    public let backingFormat = XML.Field<String>("backingStore/format/@type")
    /// Owner and mode of the image below. (`backingStore/permissions`)
    public let backingPermissions = XML.Group<StoragePermissionsSchema>("backingStore/permissions")
}

/// A device that a volume lies on: `volume/source/device`.
public typealias StorageVolumeDevice = XML.View<StorageVolumeDeviceSchema>

/// The properties of `StorageVolumeDevice`.
public struct StorageVolumeDeviceSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("device", Self())

    /// Its path. (`@path`)
    public let path = XML.Field<String>("@path")
    /// The parts of it. (`extent`)
    public let extents = XML.List<StorageExtentSchema>("extent")
}
