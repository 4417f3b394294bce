internal import VirtKitCore

/// Where a disk's bytes are: `disk/@type`.
public struct DiskSourceType: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// `file`.
    public static let file = Self("file")
    /// A block device of the host (`block`)
    public static let block = Self("block")
    /// A directory, shown as a FAT disk (`dir`)
    public static let directory = Self("dir")
    /// A storage server (`network`)
    public static let network = Self("network")
    /// A volume of a storage pool (`volume`)
    public static let volume = Self("volume")
    /// An NVMe device of the host (`nvme`)
    public static let nvme = Self("nvme")
    /// A vhost-user process (`vhostuser`)
    public static let vhostUser = Self("vhostuser")
    /// A vDPA device of the host (`vhostvdpa`)
    public static let vhostVDPA = Self("vhostvdpa")
}

/// What the guest sees: `disk/@device`.
public struct DiskDevice: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// A hard disk (`disk`)
    public static let disk = Self("disk")
    /// `cdrom`.
    public static let cdrom = Self("cdrom")
    /// `floppy`.
    public static let floppy = Self("floppy")
    /// A SCSI unit whose commands go to the host's device (`lun`)
    public static let lun = Self("lun")
}

/// How a disk is attached: `disk/target/@bus`.
public struct DiskBus: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// `virtio`.
    public static let virtio = Self("virtio")
    /// `ide`.
    public static let ide = Self("ide")
    /// `fdc`.
    public static let fdc = Self("fdc")
    /// `scsi`.
    public static let scsi = Self("scsi")
    /// `xen`.
    public static let xen = Self("xen")
    /// `usb`.
    public static let usb = Self("usb")
    /// `uml`.
    public static let uml = Self("uml")
    /// `sata`.
    public static let sata = Self("sata")
    /// `sd`.
    public static let sd = Self("sd")
    /// `nvme`.
    public static let nvme = Self("nvme")
}

/// How the host caches a disk: `disk/driver/@cache`.
public struct DiskCache: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// `default`.
    public static let `default` = Self("default")
    /// Not at all (`none`)
    public static let none = Self("none")
    /// For reading (`writethrough`)
    public static let writethrough = Self("writethrough")
    /// For both (`writeback`)
    public static let writeback = Self("writeback")
    /// Not at all, and each write waits (`directsync`)
    public static let directSync = Self("directsync")
    /// For both, and flushes are ignored (`unsafe`)
    public static let unsafe = Self("unsafe")
}

/// How the host reads and writes: `disk/driver/@io`.
public struct DiskIO: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// `threads`.
    public static let threads = Self("threads")
    /// The kernel's AIO (`native`)
    public static let native = Self("native")
    /// `io_uring`.
    public static let ioUring = Self("io_uring")
}

/// What happens on an error: `disk/driver/@error_policy`.
public struct DiskErrorPolicy: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The guest is paused (`stop`)
    public static let stop = Self("stop")
    /// The guest is told (`report`)
    public static let report = Self("report")
    /// `ignore`.
    public static let ignore = Self("ignore")
    /// The guest is paused where the host has no room, and else told (`enospace`)
    public static let noSpace = Self("enospace")
}

/// What happens to the guest's discards: `disk/driver/@discard`.
public struct DiskDiscard: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// They free room on the host (`unmap`)
    public static let unmap = Self("unmap")
    /// `ignore`.
    public static let ignore = Self("ignore")
}

/// What happens to writes of zeros: `disk/driver/@detect_zeroes`.
public struct DiskDetectZeroes: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// `off`.
    public static let off = Self("off")
    /// They become efficient writes of zeros (`on`)
    public static let on = Self("on")
    /// They become discards (`unmap`)
    public static let unmap = Self("unmap")
}

/// How a storage server is reached: `source/@protocol`.
public struct DiskProtocol: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// `nbd`.
    public static let nbd = Self("nbd")
    /// `iscsi`.
    public static let iscsi = Self("iscsi")
    /// Ceph (`rbd`)
    public static let rbd = Self("rbd")
    /// `sheepdog`.
    public static let sheepdog = Self("sheepdog")
    /// `gluster`.
    public static let gluster = Self("gluster")
    /// `vxhs`.
    public static let vxhs = Self("vxhs")
    /// `nfs`.
    public static let nfs = Self("nfs")
    /// `http`.
    public static let http = Self("http")
    /// `https`.
    public static let https = Self("https")
    /// `ftp`.
    public static let ftp = Self("ftp")
    /// `ftps`.
    public static let ftps = Self("ftps")
    /// `tftp`.
    public static let tftp = Self("tftp")
    /// `ssh`.
    public static let ssh = Self("ssh")
}

/// What happens where a source is missing at the start: `source/@startupPolicy`.
public struct StartupPolicy: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The domain does not start (`mandatory`)
    public static let mandatory = Self("mandatory")
    /// It starts only after a migration or restore (`requisite`)
    public static let requisite = Self("requisite")
    /// It starts without (`optional`)
    public static let optional = Self("optional")
}

/// A disk, CD-ROM or floppy drive: `devices/disk`.
public typealias DomainDisk = XML.View<DomainDiskSchema>

/// The properties of `DomainDisk`.
public struct DomainDiskSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("disk", Self())

    /// Where the bytes are. (`@type`)
    public let type = XML.Field<DiskSourceType>("@type")
    /// What the guest sees. (`@device`)
    public let device = XML.Field<DiskDevice>("@device")
    /// The variant of virtio: virtio, virtio-transitional or virtio-non-transitional. (`@model`)
    public let model = XML.Field<String>("@model")
    /// Whether the process needs the right of raw I/O. (`@rawio`)
    public let rawIO = XML.Field<Bool>("@rawio")
    /// Whether SCSI commands are filtered: filtered or unfiltered. (`@sgio`)
    public let sgIO = XML.Field<String>("@sgio")
    /// How snapshots treat it: internal, external, manual or no. (`@snapshot`)
    public let snapshot = XML.Field<String>("@snapshot")
    /// How the host reads and writes it. (`driver`)
    public let driver = XML.Group<DiskDriverSchema>("driver")
    /// Who asks a server. (The older place; now in the source.) (`auth`)
    public let auth = XML.Part<StorageAuthenticationSchema>("auth")
    /// Where exactly the bytes are. (`source`)
    public let source = XML.Group<DiskSourceSchema>("source")
    /// The image below; empty at the end of a chain. (`backingStore`)
    public let backingStore = XML.Part<DiskBackingStoreSchema>("backingStore")
    /// Where a block job copies it to. (Reported only) (`mirror`)
    public let mirror = XML.Part<DiskMirrorSchema>("mirror")
    /// The name that orders the disks: vda, sda, hdc. Not what the guest calls it. (`target/@dev`)
    public let target = XML.Field<String>("target/@dev")
    /// How it is attached. (`target/@bus`)
    public let bus = XML.Field<DiskBus>("target/@bus")
    /// Whether the tray is open or closed. (`target/@tray`)
    public let tray = XML.Field<String>("target/@tray")
    /// Whether it can be taken out. (`target/@removable`)
    public let removable = XML.Field<Bool>.onOff("target/@removable")
    /// Revolutions a minute; 1 for a solid state disk. (`target/@rotation_rate`)
    public let rotationRate = XML.Field<Int>("target/@rotation_rate")
    /// Limits of its speed. (`iotune`)
    public let throttling = XML.Group<DiskThrottlingSchema>("iotune")
    /// The names of the groups whose limits it shares. (`throttlefilters/throttlefilter/@group`)
    public let throttleGroups = XML.Values<String>("throttlefilters/throttlefilter/@group")
    /// Whether the guest can't write. (`readonly`)
    public let readOnly = XML.Flag("readonly")
    /// Whether other guests use it too. (`shareable`)
    public let shareable = XML.Flag("shareable")
    /// Whether changes are dropped when the domain ends. (`transient`)
    public let transient = XML.Flag("transient")
    /// Whether several domains may use the image below at the same time. (`transient/@shareBacking`)
    public let transientSharesBacking = XML.Field<Bool>("transient/@shareBacking")
    /// The serial number that the guest sees. (`serial`)
    public let serial = XML.Field<String>("serial")
    /// The World Wide Name, 16 hexadecimal digits. (`wwn`)
    public let wwn = XML.Field<String>("wwn")
    /// The vendor of a SCSI disk, up to 8 characters. (`vendor`)
    public let vendor = XML.Field<String>("vendor")
    /// The product of a SCSI disk, up to 16 characters. (`product`)
    public let product = XML.Field<String>("product")
    /// Its place in the boot order, from 1. (`boot/@order`)
    public let bootOrder = XML.Field<Int>("boot/@order")
    /// The boot loader's parameter. (s390) (`boot/@loadparm`)
    public let loadParameter = XML.Field<String>("boot/@loadparm")
    /// How it is encrypted. (The older place; now in the source.) (`encryption`)
    public let encryption = XML.Part<StorageEncryptionSchema>("encryption")
    /// The geometry's cylinders. (`geometry/@cyls`)
    public let cylinders = XML.Field<Int>("geometry/@cyls")
    /// The geometry's heads. (`geometry/@heads`)
    public let heads = XML.Field<Int>("geometry/@heads")
    /// The geometry's sectors in a track. (`geometry/@secs`)
    public let sectors = XML.Field<Int>("geometry/@secs")
    /// The BIOS's translation: none, auto or lba. (`geometry/@trans`)
    public let translation = XML.Field<String>("geometry/@trans")
    /// The size of the guest's blocks in bytes. (`blockio/@logical_block_size`)
    public let logicalBlockSize = XML.Field<Int>("blockio/@logical_block_size")
    /// The size of the medium's blocks in bytes. (`blockio/@physical_block_size`)
    public let physicalBlockSize = XML.Field<Int>("blockio/@physical_block_size")
    /// The smallest discard in bytes. (`blockio/@discard_granularity`)
    public let discardGranularity = XML.Field<Int>("blockio/@discard_granularity")
    /// The domain that serves it. (Xen) (`backenddomain/@name`)
    public let backendDomain = XML.Field<String>("backenddomain/@name")
    /// The index by which guests name it. (`acpi/@index`)
    public let acpiIndex = XML.Field<Int>("acpi/@index")
    /// The device's name in the hypervisor; one's own begins with "ua-". (`alias/@name`)
    public let alias = XML.Field<String>("alias/@name")
    /// Where the guest finds it. (`address`)
    public let address = XML.Part<DeviceAddressSchema>("address")
}

/// How the host reads and writes a disk: `disk/driver`.
public typealias DiskDriver = XML.View<DiskDriverSchema>

/// The properties of `DiskDriver`.
public struct DiskDriverSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("driver", Self())

    /// The driver: qemu, tap, phy. (`@name`)
    public let name = XML.Field<String>("@name")
    /// The image's format: raw, qcow2, vmdk … (`@type`)
    public let type = XML.Field<String>("@type")
    /// How the host caches. (`@cache`)
    public let cache = XML.Field<DiskCache>("@cache")
    /// What happens on an error. (`@error_policy`)
    public let errorPolicy = XML.Field<DiskErrorPolicy>("@error_policy")
    /// What happens on an error in reading. (`@rerror_policy`)
    public let readErrorPolicy = XML.Field<DiskErrorPolicy>("@rerror_policy")
    /// How the host reads and writes. (`@io`)
    public let io = XML.Field<DiskIO>("@io")
    /// Whether kicks are handled outside the virtual CPU's thread. (`@ioeventfd`)
    public let ioEventFD = XML.Field<Bool>.onOff("@ioeventfd")
    /// Whether the guest may suppress interrupts and kicks. (`@event_idx`)
    public let eventIndex = XML.Field<Bool>.onOff("@event_idx")
    /// Whether what is read from the image below is copied. (`@copy_on_read`)
    public let copyOnRead = XML.Field<Bool>.onOff("@copy_on_read")
    /// What happens to the guest's discards. (`@discard`)
    public let discard = XML.Field<DiskDiscard>("@discard")
    /// Whether a discard in qcow2 keeps the cluster. (`@discard_no_unref`)
    public let discardNoUnref = XML.Field<Bool>.onOff("@discard_no_unref")
    /// What happens to writes of zeros. (`@detect_zeroes`)
    public let detectZeroes = XML.Field<DiskDetectZeroes>("@detect_zeroes")
    /// The I/O thread that serves it. (`@iothread`)
    public let ioThread = XML.Field<Int>("@iothread")
    /// The number of virtqueues. (`@queues`)
    public let queues = XML.Field<Int>("@queues")
    /// The entries of a virtqueue. (`@queue_size`)
    public let queueSize = XML.Field<Int>("@queue_size")
    /// Whether a virtio device's accesses go through the guest's IOMMU. (`@iommu`)
    public let iommu = XML.Field<Bool>.onOff("@iommu")
    /// Whether it caches translations. (`@ats`)
    public let ats = XML.Field<Bool>.onOff("@ats")
    /// Whether virtqueues are packed. (`@packed`)
    public let packed = XML.Field<Bool>.onOff("@packed")
    /// Whether each queue's notifications have a page of their own. (`@page_per_vq`)
    public let pagePerQueue = XML.Field<Bool>.onOff("@page_per_vq")
    /// The size of the cache of qcow2's tables. (`metadata_cache/max_size`)
    public let metadataCacheSize = XML.Size("metadata_cache/max_size", default: "bytes")
}

/// Where a disk's bytes are: `source`.
public typealias DiskSource = XML.View<DiskSourceSchema>

/// The properties of `DiskSource`.
public struct DiskSourceSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("source", Self())

    /// The path of a file. (`@file`)
    public let file = XML.Field<String>("@file")
    /// The path of a block device. (`@dev`)
    public let device = XML.Field<String>("@dev")
    /// The path of a directory. (`@dir`)
    public let directory = XML.Field<String>("@dir")
    /// How a server is reached. (`@protocol`)
    public let `protocol` = XML.Field<DiskProtocol>("@protocol")
    /// The image's name on the server. (`@name`)
    public let name = XML.Field<String>("@name")
    /// The query of an HTTP address. (`@query`)
    public let query = XML.Field<String>("@query")
    /// Whether the connection is encrypted. (`@tls`)
    public let tls = XML.Field<Bool>("@tls")
    /// The server's name in its certificate. (`@tlsHostname`)
    public let tlsHostName = XML.Field<String>("@tlsHostname")
    /// The storage pool. (`@pool`)
    public let pool = XML.Field<String>("@pool")
    /// The volume in it. (`@volume`)
    public let volume = XML.Field<String>("@volume")
    /// How an iSCSI volume is used: host or direct. (`@mode`)
    public let mode = XML.Field<String>("@mode")
    /// The kind of an NVMe or vhost-user source: pci or unix. (`@type`)
    public let type = XML.Field<String>("@type")
    /// Whether libvirt takes an NVMe device from the host's driver and gives it back. (`@managed`)
    public let managed = XML.Field<Bool>("@managed")
    /// The namespace of an NVMe device, from 1. (`@namespace`)
    public let namespace = XML.Field<Int>("@namespace")
    /// The socket of a vhost-user process. (`@path`)
    public let path = XML.Field<String>("@path")
    /// What happens where it is missing at the start. (`@startupPolicy`)
    public let startupPolicy = XML.Field<StartupPolicy>("@startupPolicy")
    /// The image's number in its chain. (Reported only) (`@index`)
    public let index = XML.Field<Int>("@index")
    /// The name of descriptors that the program has given to libvirt. (`@fdgroup`)
    public let fileDescriptorGroup = XML.Field<String>("@fdgroup")
    /// The servers. (`host`)
    public let hosts = XML.List<StorageHostSchema>("host")
    /// The server's snapshot to read. (`snapshot/@name`)
    public let snapshot = XML.Field<String>("snapshot/@name")
    /// A configuration file of the client's. (rbd) (`config/@file`)
    public let configuration = XML.Field<String>("config/@file")
    /// Who asks the server. (`auth`)
    public let auth = XML.Part<StorageAuthenticationSchema>("auth")
    /// How the image is encrypted. (`encryption`)
    public let encryption = XML.Part<StorageEncryptionSchema>("encryption")
    /// Whether libvirt runs the helper for persistent reservations. (`reservations/@managed`)
    public let reservationsManaged = XML.Field<Bool>("reservations/@managed")
    /// The helper's socket. (`reservations/source/@path`)
    public let reservationsPath = XML.Field<String>("reservations/source/@path")
    /// The iSCSI initiator's name. (`initiator/iqn/@name`)
    public let initiator = XML.Field<String>("initiator/iqn/@name")
    /// The host's NVMe device. (`address`)
    public let address = XML.Part<DeviceAddressSchema>("address")
    /// Whether the server's certificate is checked. (`ssl/@verify`)
    public let sslVerify = XML.Field<Bool>("ssl/@verify")
    /// Cookies that are sent to an HTTP server. (`cookies/cookie`)
    public let cookies = XML.List<StorageCookieSchema>("cookies/cookie")
    /// How many bytes are read ahead. (`readahead/@size`)
    public let readAhead = XML.Field<Int>("readahead/@size")
    /// After how many seconds a request fails. (`timeout/@seconds`)
    public let timeout = XML.Field<Int>("timeout/@seconds")
    /// Whether a lost connection is made again. (`reconnect/@enabled`)
    public let reconnect = XML.Field<Bool>("reconnect/@enabled")
    /// After how many seconds. (`reconnect/@timeout`)
    public let reconnectTimeout = XML.Field<Int>("reconnect/@timeout")
    /// For how many seconds requests wait. (nbd) (`reconnect/@delay`)
    public let reconnectDelay = XML.Field<Int>("reconnect/@delay")
    /// The part of the file that is used. (`slices/slice`)
    public let slices = XML.List<StorageSliceSchema>("slices/slice")
    /// The user of an NFS or ssh server. (`identity/@user`)
    public let user = XML.Field<String>("identity/@user")
    /// The group of an NFS server. (`identity/@group`)
    public let group = XML.Field<String>("identity/@group")
    /// The user of an ssh server. (`identity/@username`)
    public let userName = XML.Field<String>("identity/@username")
    /// The ssh key. (`identity/@keyfile`)
    public let keyFile = XML.Field<String>("identity/@keyfile")
    /// The file of known ssh servers. (`knownHosts/@path`)
    public let knownHosts = XML.Field<String>("knownHosts/@path")
    /// How the host's security drivers label it. (`seclabel`)
    public let securityLabels = XML.List<SecurityLabelSchema>("seclabel")
}

/// A server: `source/host`.
public typealias StorageHost = XML.View<StorageHostSchema>

/// The properties of `StorageHost`.
public struct StorageHostSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("host", Self())

    /// tcp, unix or rdma. (`@transport`)
    public let transport = XML.Field<String>("@transport")
    /// Its name or address. (`@name`)
    public let name = XML.Field<String>("@name")
    /// Its port. (`@port`)
    public let port = XML.Field<Int>("@port")
    /// Its socket's path. (`@socket`)
    public let socket = XML.Field<String>("@socket")
}

/// A cookie: `source/cookies/cookie`.
public typealias StorageCookie = XML.View<StorageCookieSchema>

/// The properties of `StorageCookie`.
public struct StorageCookieSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("cookie", Self())

    /// Its name. (`@name`)
    public let name = XML.Field<String>("@name")
    /// Its value. (`text`)
    public let value = XML.Field<String>(".")
}

/// A part of a file: `source/slices/slice`.
public typealias StorageSlice = XML.View<StorageSliceSchema>

/// The properties of `StorageSlice`.
public struct StorageSliceSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("slice", Self())

    /// storage. (`@type`)
    public let type = XML.Field<String>("@type")
    /// Where it begins, in bytes. (`@offset`)
    public let offset = XML.Field<Int>("@offset")
    /// Its length in bytes. (`@size`)
    public let size = XML.Field<Int>("@size")
}

/// Who asks a server: `auth`.
public typealias StorageAuthentication = XML.View<StorageAuthenticationSchema>

/// The properties of `StorageAuthentication`.
public struct StorageAuthenticationSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("auth", Self())

    /// The user. (`@username`)
    public let userName = XML.Field<String>("@username")
    /// chap or ceph, in storage pools. (`@type`)
    public let type = XML.Field<String>("@type")
    /// iscsi or ceph, in disks. (`secret/@type`)
    public let secretType = XML.Field<String>("secret/@type")
    /// The UUID of libvirt's secret with the password. (`secret/@uuid`)
    public let secretUUID = XML.Field<String>("secret/@uuid")
    /// The usage by which the secret is known. (`secret/@usage`)
    public let secretUsage = XML.Field<String>("secret/@usage")
}

/// How an image is encrypted: `encryption`.
public typealias StorageEncryption = XML.View<StorageEncryptionSchema>

/// The properties of `StorageEncryption`.
public struct StorageEncryptionSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("encryption", Self())

    /// luks, luks2, luks-any, qcow or default. (`@format`)
    public let format = XML.Field<String>("@format")
    /// Who encrypts: qemu or librbd. (`@engine`)
    public let engine = XML.Field<String>("@engine")
    /// passphrase. (`secret/@type`)
    public let secretType = XML.Field<String>("secret/@type")
    /// The UUID of libvirt's secret with the passphrase. (`secret/@uuid`)
    public let secretUUID = XML.Field<String>("secret/@uuid")
    /// The usage by which the secret is known. (`secret/@usage`)
    public let secretUsage = XML.Field<String>("secret/@usage")
    /// The cipher of a new volume. (`cipher/@name`)
    public let cipherName = XML.Field<String>("cipher/@name")
    /// Its key's bits. (`cipher/@size`)
    public let cipherSize = XML.Field<Int>("cipher/@size")
    /// Its mode. (`cipher/@mode`)
    public let cipherMode = XML.Field<String>("cipher/@mode")
    /// Its hash. (`cipher/@hash`)
    public let cipherHash = XML.Field<String>("cipher/@hash")
    /// The generator of initial vectors. (`ivgen/@name`)
    public let initialVectorName = XML.Field<String>("ivgen/@name")
    /// Its hash. (`ivgen/@hash`)
    public let initialVectorHash = XML.Field<String>("ivgen/@hash")
}

/// The image below another: `backingStore`. It is empty at the end of a chain.
public typealias DiskBackingStore = XML.View<DiskBackingStoreSchema>

/// The properties of `DiskBackingStore`.
public struct DiskBackingStoreSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("backingStore", Self())

    /// Where its bytes are. (`@type`)
    public let type = XML.Field<DiskSourceType>("@type")
    /// Its number in the chain. (Reported only) (`@index`)
    public let index = XML.Field<Int>("@index")
    /// Its format. (`format/@type`)
    public let format = XML.Field<String>("format/@type")
    /// The size of the cache of qcow2's tables. (`format/metadata_cache/max_size`)
    public let metadataCacheSize = XML.Size("format/metadata_cache/max_size", default: "bytes")
    /// Where exactly its bytes are. (`source`)
    public let source = XML.Group<DiskSourceSchema>("source")
    /// The image below it. (`backingStore`)
    public let backingStore = XML.Part<DiskBackingStoreSchema>("backingStore")
}

/// Where a block job copies a disk to: `disk/mirror`.
public typealias DiskMirror = XML.View<DiskMirrorSchema>

/// The properties of `DiskMirror`.
public struct DiskMirrorSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("mirror", Self())

    /// Where the copy's bytes are. (`@type`)
    public let type = XML.Field<DiskSourceType>("@type")
    /// The copy's path. (The older place) (`@file`)
    public let file = XML.Field<String>("@file")
    /// The copy's format. (The older place) (`@format`)
    public let legacyFormat = XML.Field<String>("@format")
    /// copy or active-commit. (`@job`)
    public let job = XML.Field<String>("@job")
    /// yes when it has caught up; abort or pivot while it ends. (`@ready`)
    public let ready = XML.Field<String>("@ready")
    /// The copy's format. (`format/@type`)
    public let format = XML.Field<String>("format/@type")
    /// The size of the cache of qcow2's tables. (`format/metadata_cache/max_size`)
    public let metadataCacheSize = XML.Size("format/metadata_cache/max_size", default: "bytes")
    /// Where exactly the copy's bytes are. (`source`)
    public let source = XML.Group<DiskSourceSchema>("source")
    /// The image below the copy. (`backingStore`)
    public let backingStore = XML.Part<DiskBackingStoreSchema>("backingStore")
}

/// Limits of a disk's speed: `disk/iotune`. Totals exclude limits for reading and writing apart.
public typealias DiskThrottling = XML.View<DiskThrottlingSchema>

/// The properties of `DiskThrottling`.
public struct DiskThrottlingSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("iotune", Self())

    /// Bytes read and written in a second. (`total_bytes_sec`)
    public let totalBytesPerSecond = XML.Field<Int>("total_bytes_sec")
    /// Bytes read in a second. (`read_bytes_sec`)
    public let readBytesPerSecond = XML.Field<Int>("read_bytes_sec")
    /// Bytes written in a second. (`write_bytes_sec`)
    public let writeBytesPerSecond = XML.Field<Int>("write_bytes_sec")
    /// Operations in a second. (`total_iops_sec`)
    public let totalOperationsPerSecond = XML.Field<Int>("total_iops_sec")
    /// Reads in a second. (`read_iops_sec`)
    public let readsPerSecond = XML.Field<Int>("read_iops_sec")
    /// Writes in a second. (`write_iops_sec`)
    public let writesPerSecond = XML.Field<Int>("write_iops_sec")
    /// Bytes in a second of a burst. (`total_bytes_sec_max`)
    public let totalBytesBurst = XML.Field<Int>("total_bytes_sec_max")
    /// Bytes read in a second of a burst. (`read_bytes_sec_max`)
    public let readBytesBurst = XML.Field<Int>("read_bytes_sec_max")
    /// Bytes written in a second of a burst. (`write_bytes_sec_max`)
    public let writeBytesBurst = XML.Field<Int>("write_bytes_sec_max")
    /// Operations in a second of a burst. (`total_iops_sec_max`)
    public let totalOperationsBurst = XML.Field<Int>("total_iops_sec_max")
    /// Reads in a second of a burst. (`read_iops_sec_max`)
    public let readsBurst = XML.Field<Int>("read_iops_sec_max")
    /// Writes in a second of a burst. (`write_iops_sec_max`)
    public let writesBurst = XML.Field<Int>("write_iops_sec_max")
    /// The bytes that count as one operation. (`size_iops_sec`)
    public let operationSize = XML.Field<Int>("size_iops_sec")
    /// The group of disks that share the limits. (`group_name`)
    public let groupName = XML.Field<String>("group_name")
    /// A burst's length in seconds. (`total_bytes_sec_max_length`)
    public let totalBytesBurstLength = XML.Field<Int>("total_bytes_sec_max_length")
    /// A burst's length in seconds. (`read_bytes_sec_max_length`)
    public let readBytesBurstLength = XML.Field<Int>("read_bytes_sec_max_length")
    /// A burst's length in seconds. (`write_bytes_sec_max_length`)
    public let writeBytesBurstLength = XML.Field<Int>("write_bytes_sec_max_length")
    /// A burst's length in seconds. (`total_iops_sec_max_length`)
    public let totalOperationsBurstLength = XML.Field<Int>("total_iops_sec_max_length")
    /// A burst's length in seconds. (`read_iops_sec_max_length`)
    public let readsBurstLength = XML.Field<Int>("read_iops_sec_max_length")
    /// A burst's length in seconds. (`write_iops_sec_max_length`)
    public let writesBurstLength = XML.Field<Int>("write_iops_sec_max_length")
}
