internal import VirtKitCore

/// What a guest's file system is on the host: `filesystem/@type`.
public struct FilesystemType: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// A directory (`mount`)
    public static let mount = Self("mount")
    /// An OpenVZ template (`template`)
    public static let template = Self("template")
    /// An image (`file`)
    public static let file = Self("file")
    /// A block device (`block`)
    public static let block = Self("block")
    /// Memory (`ram`)
    public static let ram = Self("ram")
    /// A directory of the container itself (`bind`)
    public static let bind = Self("bind")
    /// A volume of a storage pool (`volume`)
    public static let volume = Self("volume")
}

/// Whose rights count: `filesystem/@accessmode`.
public struct FilesystemAccessMode: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The guest's users' (`passthrough`)
    public static let passthrough = Self("passthrough")
    /// QEMU's, with the guest's kept beside (`mapped`)
    public static let mapped = Self("mapped")
    /// QEMU's (`squash`)
    public static let squash = Self("squash")
}

/// A directory of the host that the guest sees: `devices/filesystem`.
public typealias DomainFilesystem = XML.View<DomainFilesystemSchema>

/// The properties of `DomainFilesystem`.
public struct DomainFilesystemSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("filesystem", Self())

    /// What it is on the host. (`@type`)
    public let type = XML.Field<FilesystemType>("@type")
    /// Whose rights count. (`@accessmode`)
    public let accessMode = XML.Field<FilesystemAccessMode>("@accessmode")
    /// The mode of new files, in octal. (`@fmode`)
    public let fileMode = XML.Field<String>("@fmode")
    /// The mode of new directories, in octal. (`@dmode`)
    public let directoryMode = XML.Field<String>("@dmode")
    /// What becomes of several devices in one 9p export: default, remap, forbid or warn. (`@multidevs`)
    public let multiDevices = XML.Field<String>("@multidevs")
    /// The variant of virtio. (`@model`)
    public let model = XML.Field<String>("@model")
    /// What serves it: path, handle, loop, nbd, ploop, virtiofs or mtp. (`driver/@type`)
    public let driverType = XML.Field<String>("driver/@type")
    /// The image's format. (`driver/@format`)
    public let driverFormat = XML.Field<String>("driver/@format")
    /// immediate, for writes that wait. (`driver/@wrpolicy`)
    public let writePolicy = XML.Field<String>("driver/@wrpolicy")
    /// The entries of virtiofs's queue. (`driver/@queue`)
    public let queueSize = XML.Field<Int>("driver/@queue")
    /// Whether its accesses go through the guest's IOMMU. (`driver/@iommu`)
    public let iommu = XML.Field<Bool>.onOff("driver/@iommu")
    /// Whether it caches translations. (`driver/@ats`)
    public let ats = XML.Field<Bool>.onOff("driver/@ats")
    /// Whether virtqueues are packed. (`driver/@packed`)
    public let packed = XML.Field<Bool>.onOff("driver/@packed")
    /// Whether each queue's notifications have a page of their own. (`driver/@page_per_vq`)
    public let pagePerQueue = XML.Field<Bool>.onOff("driver/@page_per_vq")
    /// virtiofsd's path. (`binary/@path`)
    public let binaryPath = XML.Field<String>("binary/@path")
    /// Whether extended attributes are passed. (`binary/@xattr`)
    public let extendedAttributes = XML.Field<Bool>.onOff("binary/@xattr")
    /// How virtiofs caches: none or always. (`binary/cache/@mode`)
    public let cacheMode = XML.Field<String>("binary/cache/@mode")
    /// How virtiofsd confines itself: namespace or chroot. (`binary/sandbox/@mode`)
    public let sandboxMode = XML.Field<String>("binary/sandbox/@mode")
    /// Whether POSIX locks are passed. (`binary/lock/@posix`)
    public let posixLocks = XML.Field<Bool>.onOff("binary/lock/@posix")
    /// Whether flock's locks are passed. (`binary/lock/@flock`)
    public let flocks = XML.Field<Bool>.onOff("binary/lock/@flock")
    /// The number of virtiofsd's threads. (`binary/thread_pool/@size`)
    public let threadPoolSize = XML.Field<Int>("binary/thread_pool/@size")
    /// The number of files that virtiofsd may have open. (`binary/openfiles/@max`)
    public let openFiles = XML.Field<Int>("binary/openfiles/@max")
    /// Where exactly it is. (`source`)
    public let source = XML.Group<FilesystemSourceSchema>("source")
    /// The guest's directory, or the tag by which it mounts. (`target/@dir`)
    public let target = XML.Field<String>("target/@dir")
    /// Whether the guest can't write. (`readonly`)
    public let readOnly = XML.Flag("readonly")
    /// The most room that a container may use; bytes where no unit is given. (`space_hard_limit`)
    public let hardLimit = XML.Size("space_hard_limit", default: "bytes")
    /// The room from which it is warned. (`space_soft_limit`)
    public let softLimit = XML.Size("space_soft_limit", default: "bytes")
    /// How virtiofs maps users and groups. (`idmap`)
    public let idMap = XML.Group<DomainIDMapSchema>("idmap")
    /// Its place in the boot order, from 1. (`boot/@order`)
    public let bootOrder = XML.Field<Int>("boot/@order")
    /// The device's name in the hypervisor. (`alias/@name`)
    public let alias = XML.Field<String>("alias/@name")
    /// Where the guest finds it. (`address`)
    public let address = XML.Part<DeviceAddressSchema>("address")
}

/// What a guest's file system is on the host: `filesystem/source`.
public typealias FilesystemSource = XML.View<FilesystemSourceSchema>

/// The properties of `FilesystemSource`.
public struct FilesystemSourceSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("source", Self())

    /// The directory. (`@dir`)
    public let directory = XML.Field<String>("@dir")
    /// The image. (`@file`)
    public let file = XML.Field<String>("@file")
    /// The block device. (`@dev`)
    public let device = XML.Field<String>("@dev")
    /// The template. (`@name`)
    public let name = XML.Field<String>("@name")
    /// The storage pool. (`@pool`)
    public let pool = XML.Field<String>("@pool")
    /// The volume in it. (`@volume`)
    public let volume = XML.Field<String>("@volume")
    /// The socket of a virtiofsd that someone else runs. (`@socket`)
    public let socket = XML.Field<String>("@socket")
    /// The size of memory; KiB where no unit is given. (`@usage`)
    public let usage = XML.Size("@usage", unit: "@units")
}
