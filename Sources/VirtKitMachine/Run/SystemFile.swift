internal import Glibc
internal import VirtKitCore

/// An open file of the host, read and written at offsets. Never mapped: a file that someone cuts short must not end the
/// process.
struct SystemFile: ~Copyable {
    private let descriptor: Int32
    private let path: String
    private let operation: String

    init(opening path: String, operation: String) throws(VirtKitError) {
        // Without O_NONBLOCK the opening of a pipe would wait for its writer.
        try self.init(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, operation)
    }

    /// Whether a new file may take the place of what is at a path: nothing, or a regular file. Never a device.
    static func mayReplace(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG
    }

    /// Creates a file that only its owner can read; guest memory may hold secrets.
    init(creating path: String, operation: String) throws(VirtKitError) {
        try self.init(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, operation)
    }

    private init(_ path: String, _ flags: Int32, _ operation: String) throws(VirtKitError) {
        self.path = path
        self.operation = operation
        descriptor = Glibc.open(path, flags, 0o600)
        if descriptor < 0 { throw Self.failure(operation, path) }
    }

    deinit { close(descriptor) }

    func read(_ count: Int, at offset: UInt64) throws(VirtKitError) -> [UInt8] {
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            // SAFETY: the buffer has `count` bytes, and `filled` never passes them.
            while filled < count {
                let got = pread(
                    descriptor, buffer.baseAddress.map { $0 + filled }, count - filled,
                    off_t(truncatingIfNeeded: offset) + off_t(filled))
                if got < 0, errno == EINTR { continue }
                failed = got < 0
                if got <= 0 { break }
                filled += got
            }
        }
        if failed { throw Self.failure(operation, path) }
        return bytes
    }

    func write(_ bytes: [UInt8], at offset: UInt64) throws(VirtKitError) {
        var done = 0
        while done < bytes.count {
            let put = bytes[done...].withUnsafeBytes { buffer in
                pwrite(descriptor, buffer.baseAddress, buffer.count, off_t(truncatingIfNeeded: offset) + off_t(done))
            }
            if put < 0, errno == EINTR { continue }
            if put <= 0 { throw Self.failure(operation, path) }
            done += put
        }
    }

    func setSize(_ size: UInt64) throws(VirtKitError) {
        if ftruncate(descriptor, off_t(truncatingIfNeeded: size)) != 0 { throw Self.failure(operation, path) }
    }

    func synchronize() throws(VirtKitError) {
        if fsync(descriptor) != 0 { throw Self.failure(operation, path) }
    }

    func rename(from old: String, to new: String) throws(VirtKitError) {
        if Glibc.rename(old, new) != 0 { throw Self.failure(operation, new) }
    }

    private static func failure(_ operation: String, _ path: String) -> VirtKitError {
        let error = errno
        return VirtKitError(
            .inputOutput, operation: operation, message: "\(path): \(String(cString: strerror(error)))", errno: error)
    }
}
