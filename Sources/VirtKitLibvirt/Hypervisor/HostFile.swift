internal import Glibc
internal import VirtKitCore

/// Files of this host: boot images that a managed hypervisor is to read, and saved machines.
enum HostFile {
    /// Reads a file whole.
    static func read(_ path: String, limit: Int = 1 << 30) throws(VirtKitError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { Glibc.close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("read", path) }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= limit else {
                throw VirtKitError(
                    .invalidImage, operation: "read file", message: "\(path) is larger than \(limit) bytes")
            }
        }
    }

    /// The first bytes of a file.
    static func start(_ path: String, count: Int) throws(VirtKitError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { Glibc.close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: count)
        let found = pread(descriptor, &buffer, count, 0)
        guard found >= 0 else { throw failure("read", path) }
        return Array(buffer.prefix(found))
    }

    /// Writes a file that others may read. An older file of the name is replaced in one step.
    static func write(_ bytes: [UInt8], to path: String) throws(VirtKitError) {
        let temporary = "\(path).\(UInt64.random(in: 0 ... .max))"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure("create", temporary) }
        defer { unlink(temporary) }
        do throws(VirtKitError) {
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw failure("write", temporary) }
                rest = rest.dropFirst(count)
            }
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        Glibc.close(descriptor)
        guard rename(temporary, path) == 0 else { throw failure("rename", temporary) }
    }

    /// A folder for files that a hypervisor's own user is to read. Refused where it belongs to somebody else.
    static func makeFolder(_ path: String) throws(VirtKitError) {
        if mkdir(path, 0o711) != 0, errno != EEXIST { throw failure("create", path) }
        var status = stat()
        guard lstat(path, &status) == 0 else { throw failure("look at", path) }
        guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else {
            throw VirtKitError(
                .inputOutput, operation: "make folder", message: "\(path) belongs to somebody else",
                remedy: "name another folder for images")
        }
    }

    static func failure(_ what: String, _ path: String) -> VirtKitError {
        let number = errno
        // SAFETY: strerror gives a C string that lives until its next call on this thread; copied at once.
        return VirtKitError(
            .inputOutput, operation: "\(what) \(path)", message: "\(path): \(String(cString: strerror(number)))",
            errno: number, remedy: "check the path and its permissions")
    }
}
