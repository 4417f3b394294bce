public import VirtKitCore

/// Builds an initial RAM disk for Linux: a cpio archive in the "newc" format (Documentation/driver-api/early-userspace/
/// buffer-format.rst of Linux).
///
/// The same calls give the same bytes: every time stamp is 0, every owner root, and inode numbers count up. Missing
/// parent directories are added by themselves, with the permissions 0755.
///
/// ```swift
/// var initramfs = InitramfsWriter()
/// try initramfs.addFile("/init", from: "build/init", permissions: 0o755)
/// try initramfs.addDevice("/dev/console", .character, major: 5, minor: 1, permissions: 0o600)
/// configuration.boot = .linux(kernel: "vmlinuz", initrd: .bytes(initramfs.archive()))
/// ```
public struct InitramfsWriter: Sendable {
    /// The kind of a device node.
    public enum DeviceKind: Sendable {
        /// A character device.
        case character
        /// A block device.
        case block
    }

    private var bytes: [UInt8] = []
    private var kinds: [String: UInt32] = [:]
    private var nextInode: UInt32 = 1

    /// The largest archive that is written: 2 GiB.
    public static let maximumSize = 1 << 31

    /// Makes a writer without entries.
    public init() {}

    /// Adds a directory. One that is there already, because something was added into it, keeps its permissions.
    ///
    /// - Throws: `VirtKitError` with `.invalidConfiguration` for a bad path, or one that is something else already.
    public mutating func addDirectory(_ path: String, permissions: UInt32 = 0o755) throws(VirtKitError) {
        let path = try Self.normalized(path)
        guard kinds[path] != Mode.directory else { return }
        try add(path, mode: Mode.directory | permissions & 0o7777)
    }

    /// Adds a file.
    ///
    /// - Throws: `VirtKitError` with `.invalidConfiguration` for a bad or used path, or where the archive gets too
    ///   large.
    public mutating func addFile(
        _ path: String, contents: [UInt8], permissions: UInt32 = 0o644
    ) throws(VirtKitError) {
        try add(Self.normalized(path), mode: Mode.file | permissions & 0o7777, contents: contents)
    }

    /// Adds a copy of a file on the host.
    ///
    /// - Parameters:
    ///   - path: where it goes in the archive.
    ///   - hostPath: the file on the host.
    ///   - permissions: the file's permissions; nil for those that it has on the host.
    /// - Throws: as `addFile(_:contents:permissions:)`, and `.inputOutput` where the file can't be read.
    public mutating func addFile(
        _ path: String, from hostPath: String, permissions: UInt32? = nil
    ) throws(VirtKitError) {
        let (contents, mode) = try Self.read(hostPath)
        try addFile(path, contents: contents, permissions: permissions ?? mode)
    }

    /// Adds a symbolic link.
    ///
    /// - Throws: `VirtKitError` with `.invalidConfiguration` for a bad or used path, or an empty target.
    public mutating func addSymbolicLink(_ path: String, to target: String) throws(VirtKitError) {
        guard !target.isEmpty, !target.utf8.contains(0), target.utf8.count < 4096 else {
            throw Self.failure("the target of \(path) must have 1 to 4095 bytes, none of them zero")
        }
        try add(Self.normalized(path), mode: Mode.link | 0o777, contents: Array(target.utf8))
    }

    /// Adds a device node.
    ///
    /// - Throws: `VirtKitError` with `.invalidConfiguration` for a bad or used path.
    public mutating func addDevice(
        _ path: String, _ kind: DeviceKind, major: UInt32, minor: UInt32, permissions: UInt32 = 0o600
    ) throws(VirtKitError) {
        let type = kind == .character ? Mode.character : Mode.block
        try add(Self.normalized(path), mode: type | permissions & 0o7777, device: (major, minor))
    }

    /// The archive, with its trailer.
    public func archive() -> [UInt8] {
        var archive = bytes
        Self.append("TRAILER!!!", inode: 0, mode: 0, links: 1, contents: [], device: (0, 0), to: &archive)
        // cpio archives are made of blocks of 512 bytes.
        archive += [UInt8](repeating: 0, count: (512 - archive.count % 512) % 512)
        return archive
    }

    /// Writes the archive to a file, which appears under its name only when it is whole.
    ///
    /// - Throws: `VirtKitError` with `.inputOutput`.
    public func write(to path: String) throws(VirtKitError) {
        let archive = archive()
        try SystemFile.replace(path, permissions: 0o644, operation: "write initramfs") { file throws(VirtKitError) in
            try file.write(archive, at: 0)
        }
    }

    // MARK: Entries

    private enum Mode {
        static let directory: UInt32 = 0o040000
        static let file: UInt32 = 0o100000
        static let link: UInt32 = 0o120000
        static let character: UInt32 = 0o020000
        static let block: UInt32 = 0o060000
        static let type: UInt32 = 0o170000
    }

    private mutating func add(
        _ path: String, mode: UInt32, contents: [UInt8] = [], device: (UInt32, UInt32) = (0, 0)
    ) throws(VirtKitError) {
        guard kinds[path] == nil else { throw Self.failure("two entries have the path \(path)") }
        guard contents.count < Self.maximumSize, bytes.count + contents.count + 8192 < Self.maximumSize else {
            throw Self.failure("with \(path) the archive has more than \(Self.maximumSize) bytes")
        }
        if let slash = path.lastIndex(of: "/") {
            let parent = String(path[..<slash])
            if let kind = kinds[parent] {
                guard kind == Mode.directory else { throw Self.failure("\(parent) is not a directory") }
            } else {
                try addDirectory(parent)
            }
        }
        Self.append(
            path, inode: nextInode, mode: mode, links: mode & Mode.type == Mode.directory ? 2 : 1, contents: contents,
            device: device, to: &bytes)
        nextInode += 1
        kinds[path] = mode & Mode.type
    }

    /// A path as the archive has it: relative, without empty components.
    private static func normalized(_ path: String) throws(VirtKitError) -> String {
        let components = path.split(separator: "/")
        guard !components.isEmpty, !components.contains(where: { $0 == "." || $0 == ".." }), !path.utf8.contains(0),
            path.utf8.count < 4096, path != "TRAILER!!!"
        else {
            throw failure("\"\(path)\" is not a path of an initramfs: it must name something, and have no . or ..")
        }
        return components.joined(separator: "/")
    }

    /// Writes an entry: the header of 110 bytes, the name with a zero, the contents, each padded to four bytes.
    private static func append(
        _ name: String, inode: UInt32, mode: UInt32, links: UInt32, contents: [UInt8], device: (UInt32, UInt32),
        to bytes: inout [UInt8]
    ) {
        let text = Array(name.utf8) + [0]
        bytes += Array("070701".utf8)
        // ino, mode, uid, gid, nlink, mtime, filesize, dev, rdev, namesize, check
        let fields: [UInt32] = [
            inode, mode, 0, 0, links, 0, UInt32(truncatingIfNeeded: contents.count), 0, 0, device.0, device.1,
            UInt32(truncatingIfNeeded: text.count), 0,
        ]
        for field in fields {
            let digits = String(field, radix: 16, uppercase: true)
            bytes += [UInt8](repeating: UInt8(ascii: "0"), count: 8 - digits.utf8.count) + Array(digits.utf8)
        }
        bytes += text
        pad(&bytes)
        bytes += contents
        pad(&bytes)
    }

    private static func pad(_ bytes: inout [UInt8]) {
        bytes += [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4)
    }

    // MARK: The host's files

    private static func read(_ path: String) throws(VirtKitError) -> (contents: [UInt8], permissions: UInt32) {
        let file = try ImageFile(.path(path), purpose: "file", allowsEmpty: true)
        guard file.size < UInt64(maximumSize) else {
            throw failure("\(path) has \(file.size) bytes, and an archive has at most \(maximumSize)")
        }
        return (try file.bytes(at: 0, count: Int(file.size)), file.permissions)
    }

    private static func failure(_ message: String) -> VirtKitError {
        VirtKitError(.invalidConfiguration, operation: "build initramfs", message: message)
    }
}
