internal import Glibc
internal import VirtKitCore

/// The end of a saved machine's file: 16 bytes after libvirt's own, which tell whether the file is whole. libvirt and QEMU read
/// what is before, by their own lengths.
enum SavedFile {
    private static let magic: [UInt8] = Array("VIRTKITS".utf8)

    /// Marks a file that libvirt has written as whole.
    static func seal(_ path: String) throws(VirtKitError) {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard descriptor >= 0 else { throw HostFile.failure("open", path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw HostFile.failure("look at", path) }
        let size = UInt64(status.st_size)
        let bytes = magic + (0..<8).map { UInt8(truncatingIfNeeded: size >> (8 * $0)) }
        guard write(descriptor, bytes, 16) == 16, fsync(descriptor) == 0 else { throw HostFile.failure("write", path) }
    }

    /// Checks that a file is one that was sealed, and whole.
    static func check(_ path: String) throws(VirtKitError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw HostFile.failure("open", path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw HostFile.failure("look at", path) }
        var end = [UInt8](repeating: 0, count: 16)
        let size = UInt64(max(0, status.st_size))
        let isWhole =
            size > 16 && pread(descriptor, &end, 16, status.st_size - 16) == 16 && Array(end[..<8]) == magic
            && end[8...].enumerated().reduce(UInt64(0)) { $0 | UInt64($1.element) << (8 * UInt64($1.offset)) }
                == size - 16
        guard isWhole else {
            throw VirtKitError(
                .invalidSavedState, operation: "restore machine",
                message: "\(path) is not a whole machine that was saved through libvirt",
                remedy: "save the machine again")
        }
    }
}

/// What this process is, for the host.
enum HostIdentity {
    static var effectiveUser: UInt32 { geteuid() }
}

extension SavedFile {
    /// Refuses a path whose folder can't be written, before the machine is touched.
    static func checkFolder(of path: String) throws(VirtKitError) {
        let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        guard access(parent.isEmpty ? "/" : parent, W_OK) == 0 else { throw HostFile.failure("write", path) }
    }

    static func rename(_ temporary: String, to path: String) throws(VirtKitError) {
        guard Glibc.rename(temporary, path) == 0 else { throw HostFile.failure("rename", temporary) }
    }

    static func remove(_ path: String) { unlink(path) }
}
