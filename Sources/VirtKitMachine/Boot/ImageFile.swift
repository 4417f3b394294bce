package import VirtKitCore

/// The contents of a boot image: a file on the host, or bytes. Every read is checked against its size, and a file that
/// shrinks while it is read gives an error. (A mapping would give SIGBUS.)
package final class ImageFile {
    private enum Source {
        case file(SystemFile)
        case bytes([UInt8])
    }

    /// What the image is, for messages: `kernel "/boot/vmlinuz"`.
    package let name: String
    /// The number of bytes.
    package let size: UInt64
    /// The file's permissions on the host.
    let permissions: UInt32
    private let source: Source

    /// Opens an image.
    ///
    /// - Parameters:
    ///   - image: the image.
    ///   - purpose: what it is for: "kernel".
    ///   - allowsEmpty: whether it may have no bytes.
    /// - Throws: `VirtKitError`: `.inputOutput` for a file that can't be opened, `.invalidImage` for one that is not a
    ///   regular file, or is empty.
    package init(_ image: BootImage, purpose: String, allowsEmpty: Bool = false) throws(VirtKitError) {
        switch image {
        case .bytes(let bytes):
            name = "\(purpose) in memory"
            size = UInt64(bytes.count)
            source = .bytes(bytes)
            permissions = 0o644
        case .path(let path):
            name = "\(purpose) \"\(path)\""
            (source, size, permissions) = try Self.open(path, name: name)
        }
        if size == 0, !allowsEmpty { throw invalid("it is empty") }
    }

    private static func open(_ path: String, name: String) throws(VirtKitError) -> (Source, UInt64, UInt32) {
        if path.utf8.contains(0) { throw VirtKitError.image(name, "its path has a zero byte") }
        let file = try SystemFile(opening: path, operation: "load \(name)")
        guard let (size, permissions) = try file.regularFileStatus() else {
            throw VirtKitError.image(name, "it is not a regular file", remedy: "Give the path of an image file.")
        }
        return (.file(file), size, permissions)
    }

    /// An error about the image.
    func invalid(_ message: String, remedy: String? = nil) -> VirtKitError {
        .image(name, message, remedy: remedy)
    }

    /// Whether `count` bytes at `offset` are in the image.
    func contains(_ offset: UInt64, _ count: UInt64) -> Bool { offset <= size && count <= size - offset }

    /// Reads bytes; `count` must be small: it is allocated before it is read.
    package func bytes(at offset: UInt64, count: Int) throws(VirtKitError) -> [UInt8] {
        guard count >= 0, contains(offset, UInt64(count)) else {
            throw invalid("it ends at byte \(size), before what it says it has at \(offset)")
        }
        switch source {
        case .bytes(let bytes): return Array(bytes[Int(offset)..<Int(offset) + count])
        case .file(let file):
            let bytes = try file.read(count, at: offset)
            guard bytes.count == count else {
                throw invalid("it was truncated while it was read", remedy: "Don't change it while it is in use.")
            }
            return bytes
        }
    }

    /// Copies part of the image into guest memory, in pieces: an image is never whole in the host's memory.
    func copy(at offset: UInt64, count: UInt64, to memory: GuestMemory, address: UInt64) throws(VirtKitError) {
        guard contains(offset, count) else {
            throw invalid("it ends at byte \(size), before what it says it has at \(offset)")
        }
        var done: UInt64 = 0
        while done < count {
            let piece = min(count - done, 1 << 20)
            let bytes = try bytes(at: offset + done, count: Int(piece))
            do { try memory.overwrite(bytes, at: address &+ done) } catch {
                throw invalid("address \(hex(error.address)) is not in the machine's memory")
            }
            done += piece
        }
    }
}

extension VirtKitError {
    /// An error about a boot image.
    static func image(_ name: String, _ message: String, remedy: String? = nil) -> VirtKitError {
        VirtKitError(.invalidImage, operation: "load \(name)", message: message, remedy: remedy)
    }
}
