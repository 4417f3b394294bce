/// A snapshot of a domain, described: libvirt's `<domainsnapshot>`.
public typealias SnapshotDescription = XML.View<SnapshotDescriptionSchema>

/// The properties of `SnapshotDescription`.
public struct SnapshotDescriptionSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("domainsnapshot", Self())

    /// The name; libvirt makes one where it is missing. (`name`)
    public let name = XML.Field<String>("name")
    /// A description for people. (`description`)
    public let description = XML.Field<String>("description")
    /// The domain's state then: running, paused, shutoff, disk-snapshot … (Reported only) (`state`)
    public let state = XML.Field<String>("state")
    /// The snapshot before it. (Reported only) (`parent/name`)
    public let parent = XML.Field<String>("parent/name")
    /// When it was made, in seconds since 1970. (Reported only) (`creationTime`)
    public let creationTime = XML.Field<Int>("creationTime")
    /// Where the memory goes: no, internal or external. (`memory/@snapshot`)
    public let memory = XML.Field<String>("memory/@snapshot")
    /// The file of the memory. (`memory/@file`)
    public let memoryFile = XML.Field<String>("memory/@file")
    /// What becomes of each disk. (`disks/disk`)
    public let disks = XML.List<SnapshotDiskSchema>("disks/disk")
    /// The domain as it was. (Reported only) (`domain`)
    public let domain = XML.Part<DomainDescriptionSchema>("domain")
    /// The domain's persistent configuration as it was. (Reported only) (`inactiveDomain`)
    public let inactiveDomain = XML.Part<DomainDescriptionSchema>("inactiveDomain")
    /// Whether it is the current one. (Reported only) (`active`)
    public let active = XML.Field<Bool>("active")
}

/// What becomes of a disk: `domainsnapshot/disks/disk`.
public typealias SnapshotDisk = XML.View<SnapshotDiskSchema>

/// The properties of `SnapshotDisk`.
public struct SnapshotDiskSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("disk", Self())

    /// The disk's target or path. (`@name`)
    public let name = XML.Field<String>("@name")
    /// no, internal, external or manual. (`@snapshot`)
    public let snapshot = XML.Field<String>("@snapshot")
    /// Where the new image is. (`@type`)
    public let type = XML.Field<DiskSourceType>("@type")
    /// The new image's format. (`driver`)
    public let driver = XML.Group<DiskDriverSchema>("driver")
    /// Where exactly the new image is. (`source`)
    public let source = XML.Group<DiskSourceSchema>("source")
}

/// A checkpoint, from which incremental backups count, described: libvirt's `<domaincheckpoint>`.
public typealias CheckpointDescription = XML.View<CheckpointDescriptionSchema>

/// The properties of `CheckpointDescription`.
public struct CheckpointDescriptionSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("domaincheckpoint", Self())

    /// The name; libvirt makes one where it is missing. (`name`)
    public let name = XML.Field<String>("name")
    /// A description for people. (`description`)
    public let description = XML.Field<String>("description")
    /// When it was made, in seconds since 1970. (Reported only) (`creationTime`)
    public let creationTime = XML.Field<Int>("creationTime")
    /// The checkpoint before it. (Reported only) (`parent/name`)
    public let parent = XML.Field<String>("parent/name")
    /// What becomes of each disk. (`disks/disk`)
    public let disks = XML.List<CheckpointDiskSchema>("disks/disk")
    /// The domain as it was. (Reported only) (`domain`)
    public let domain = XML.Part<DomainDescriptionSchema>("domain")
}

/// What becomes of a disk: `domaincheckpoint/disks/disk`.
public typealias CheckpointDisk = XML.View<CheckpointDiskSchema>

/// The properties of `CheckpointDisk`.
public struct CheckpointDiskSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("disk", Self())

    /// The disk's target or path. (`@name`)
    public let name = XML.Field<String>("@name")
    /// no or bitmap. (`@checkpoint`)
    public let checkpoint = XML.Field<String>("@checkpoint")
    /// The bitmap's name. (`@bitmap`)
    public let bitmap = XML.Field<String>("@bitmap")
    /// How many bytes have changed. (Reported only) (`@size`)
    public let size = XML.Field<UInt64>("@size")
}

/// A backup, described: libvirt's `<domainbackup>`.
public typealias BackupDescription = XML.View<BackupDescriptionSchema>

/// The properties of `BackupDescription`.
public struct BackupDescriptionSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("domainbackup", Self())

    /// push: libvirt writes the files. pull: a client reads them. (`@mode`)
    public let mode = XML.Field<String>("@mode")
    /// The job's number. (Reported only) (`@id`)
    public let id = XML.Field<Int>("@id")
    /// The checkpoint that it counts from. (`incremental`)
    public let incremental = XML.Field<String>("incremental")
    /// Where a client reads. (pull) (`server`)
    public let server = XML.Part<StorageHostSchema>("server")
    /// What becomes of each disk. (`disks/disk`)
    public let disks = XML.List<BackupDiskSchema>("disks/disk")
}

/// What becomes of a disk: `domainbackup/disks/disk`.
public typealias BackupDisk = XML.View<BackupDiskSchema>

/// The properties of `BackupDisk`.
public struct BackupDiskSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("disk", Self())

    /// The disk's target. (`@name`)
    public let name = XML.Field<String>("@name")
    /// Whether it is part of the backup. (`@backup`)
    public let backup = XML.Field<Bool>("@backup")
    /// Where the files are. (`@type`)
    public let type = XML.Field<DiskSourceType>("@type")
    /// full or incremental. (`@backupmode`)
    public let mode = XML.Field<String>("@backupmode")
    /// The checkpoint that this disk counts from. (`@incremental`)
    public let incremental = XML.Field<String>("@incremental")
    /// The name by which a client reads it. (pull) (`@exportname`)
    public let exportName = XML.Field<String>("@exportname")
    /// The name of the bitmap that a client reads. (pull) (`@exportbitmap`)
    public let exportBitmap = XML.Field<String>("@exportbitmap")
    /// The file's number. (Reported only) (`@index`)
    public let index = XML.Field<Int>("@index")
    /// The file's format. (`driver`)
    public let driver = XML.Group<DiskDriverSchema>("driver")
    /// The file. (push) (`target`)
    public let target = XML.Group<DiskSourceSchema>("target")
    /// The file that keeps the old contents meanwhile. (pull) (`scratch`)
    public let scratch = XML.Group<DiskSourceSchema>("scratch")
}
