internal import Glibc
internal import VirtKitCore

/// An open file of the host, read and written at offsets. Never mapped: a file that someone cuts short must not end the
/// process.
final class SystemFile: Sendable {
    private let descriptor: Int32
    private let path: String
    private let operation: String

    /// Opens a file for reading. `operation` is what errors say was being done.
    convenience init(opening path: String, operation: String) throws(VirtKitError) {
        // Without O_NONBLOCK the opening of a pipe would wait for its writer.
        try self.init(path, O_RDONLY | O_NONBLOCK, 0, operation)
    }

    /// Opens a file for writing: a new one, or what is there, emptied.
    convenience init(creating path: String, operation: String) throws(VirtKitError) {
        try self.init(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK, 0o644, operation)
    }

    private init(_ path: String, _ flags: Int32, _ permissions: UInt32, _ operation: String) throws(VirtKitError) {
        self.path = path
        self.operation = operation
        try Self.check(path, operation)
        descriptor = open(path, flags | O_CLOEXEC, permissions)
        if descriptor < 0 { throw Self.failure(operation, path) }
    }

    deinit { close(descriptor) }

    /// Refuses a path with a zero byte: the system would take it to end there, and name another file.
    private static func check(_ path: String, _ operation: String) throws(VirtKitError) {
        guard !path.utf8.contains(0) else {
            throw VirtKitError(.inputOutput, operation: operation, message: "\"\(path)\" has a zero byte")
        }
    }

    /// Writes a file that appears under its name only when it is whole and on the disk.
    ///
    /// - Parameters:
    ///   - path: its name. Only nothing or a regular file may be there: never a device.
    ///   - permissions: who may use it.
    ///   - body: writes its contents.
    /// - Throws: what `body` throws, and `VirtKitError` with `.inputOutput`. What was there before is there still.
    static func replace(
        _ path: String, permissions: UInt32, operation: String, _ body: (SystemFile) throws(VirtKitError) -> Void
    ) throws(VirtKitError) {
        try check(path, operation)
        var status = stat()
        guard stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG else {
            throw VirtKitError(.inputOutput, operation: operation, message: "\(path) is not a regular file")
        }
        let temporary = "\(path).\(getpid()).partial"
        // One left behind by a process of this number; O_EXCL then follows no link that someone else put there.
        unlink(temporary)
        let file = try SystemFile(temporary, O_RDWR | O_CREAT | O_EXCL, permissions, operation)
        do throws(VirtKitError) {
            try body(file)
            if fsync(file.descriptor) != 0 { throw failure(operation, path) }
            if rename(temporary, path) != 0 { throw failure(operation, path) }
        } catch {
            unlink(temporary)
            throw error
        }
    }

    /// The file's size in bytes and its permissions; nil where it is not a regular file.
    func regularFileStatus() throws(VirtKitError) -> (size: UInt64, permissions: UInt32)? {
        var status = stat()
        if fstat(descriptor, &status) != 0 { throw Self.failure(operation, path) }
        guard status.st_mode & S_IFMT == S_IFREG, let size = UInt64(exactly: status.st_size) else { return nil }
        return (size, status.st_mode & 0o7777)
    }

    /// Reads `count` bytes, or fewer at the file's end. `count` is allocated before it is read.
    func read(_ count: Int, at offset: UInt64) throws(VirtKitError) -> [UInt8] {
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            // SAFETY: the buffer has room for `count` bytes, `filled` never passes them, and pread has written those.
            while filled < count {
                let got = pread(
                    descriptor, buffer.baseAddress.map { $0 + filled }, count - filled,
                    off_t(truncatingIfNeeded: offset &+ UInt64(filled)))
                if got < 0, errno == EINTR { continue }
                failed = got < 0
                if got <= 0 { break }
                filled += got
            }
        }
        if failed { throw Self.failure(operation, path) }
        return bytes
    }

    /// Writes bytes.
    func write(_ bytes: [UInt8], at offset: UInt64) throws(VirtKitError) {
        var done = 0
        while done < bytes.count {
            // SAFETY: pwrite reads no more than the slice's own bytes.
            let put = bytes[done...].withUnsafeBytes { buffer in
                pwrite(
                    descriptor, buffer.baseAddress, buffer.count, off_t(truncatingIfNeeded: offset &+ UInt64(done)))
            }
            if put < 0, errno == EINTR { continue }
            if put <= 0 { throw Self.failure(operation, path) }
            done += put
        }
    }

    /// Cuts the file, or lengthens it by a hole.
    func setSize(_ size: UInt64) throws(VirtKitError) {
        if ftruncate(descriptor, off_t(truncatingIfNeeded: size)) != 0 { throw Self.failure(operation, path) }
    }

    private static func failure(_ operation: String, _ path: String) -> VirtKitError {
        let number = errno
        return VirtKitError(
            .inputOutput, operation: operation, message: "\(path): \(String(cString: strerror(number)))",
            errno: number, remedy: "check the path, its permissions and the free space")
    }
}
