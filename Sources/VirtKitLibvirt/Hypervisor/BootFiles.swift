internal import Glibc
internal import Synchronization
internal import VirtKitCore

/// A machine's boot images as files that the hypervisor can read. What the program has in hand is written to a file whose name
/// tells its contents, so that a restored machine finds it again; it is deleted when no machine of this process uses it.
final class BootFiles: Sendable {
    /// The same boot, with paths only.
    let boot: BootSource
    private let written: [String]

    private static let uses = Mutex<[String: Int]>([:])

    /// Looks at the images, and writes what is in memory.
    ///
    /// - Throws: `VirtKitError`: `.inputOutput` for a file that can't be read, `.invalidImage` for one that is no kernel.
    init(_ boot: BootSource?, memory: UInt64, folder: String) throws(VirtKitError) {
        var written: [String] = []
        do throws(VirtKitError) {
            switch boot {
            case .linux(let kernel, let initrd, let commandLine, let entry):
                let start = try Self.start(kernel)
                guard Self.isBzImage(start) || Self.isELF(start) else {
                    throw Self.noKernel(kernel, "neither a bzImage nor an ELF file")
                }
                let disk = try initrd.map { image throws(VirtKitError) in
                    try Self.file(image, folder, &written)
                }
                self.boot = .linux(
                    kernel: try Self.file(kernel, folder, &written), initrd: disk, commandLine: commandLine,
                    entry: entry)
            case .elf(let image, let commandLine):
                guard Self.isELF(try Self.start(image)) else { throw Self.noKernel(image, "no ELF file") }
                self.boot = .elf(try Self.file(image, folder, &written), commandLine: commandLine)
            case .flat(let image, let address):
                let file = try FlatImage.elf(try Self.bytes(image), address: address, memory: memory)
                self.boot = .elf(try Self.file(.bytes(file), folder, &written))
            case .multiboot(let image, let modules, let commandLine):
                var resolved: [BootModule] = []
                for var module in modules {
                    module.image = try Self.file(module.image, folder, &written)
                    resolved.append(module)
                }
                self.boot = .multiboot(
                    try Self.file(image, folder, &written), modules: resolved, commandLine: commandLine)
            case .firmware(let image): self.boot = .firmware(try Self.file(image, folder, &written))
            case nil:
                throw VirtKitError(.invalidConfiguration, operation: "load images", message: "there is nothing to boot")
            }
        } catch {
            Self.release(written)
            throw error
        }
        self.written = written
    }

    deinit { Self.release(written) }

    private static func bytes(_ image: BootImage) throws(VirtKitError) -> [UInt8] {
        switch image {
        case .path(let path): try HostFile.read(path)
        case .bytes(let bytes): bytes
        }
    }

    private static func start(_ image: BootImage) throws(VirtKitError) -> [UInt8] {
        switch image {
        case .path(let path): try HostFile.start(path, count: 0x210)
        case .bytes(let bytes): Array(bytes.prefix(0x210))
        }
    }

    private static func isBzImage(_ start: [UInt8]) -> Bool {
        start.count >= 0x206 && Array(start[0x202..<0x206]) == Array("HdrS".utf8)
    }

    private static func isELF(_ start: [UInt8]) -> Bool { start.starts(with: [0x7F, 0x45, 0x4C, 0x46]) }

    private static func noKernel(_ image: BootImage, _ what: String) -> VirtKitError {
        let name = if case .path(let path) = image { path } else { "the kernel in memory" }
        return VirtKitError(.invalidImage, operation: "load kernel", message: "\(name) is \(what)")
    }

    /// A file of an image's contents, that can be read here.
    private static func file(
        _ image: BootImage, _ folder: String, _ written: inout [String]
    ) throws(VirtKitError) -> BootImage {
        _ = try start(image)
        return .path(try path(image, folder, &written))
    }

    private static func path(
        _ image: BootImage, _ folder: String, _ written: inout [String]
    ) throws(VirtKitError) -> String {
        switch image {
        case .path(let path):
            guard !path.utf8.contains(0) else {
                throw VirtKitError(.inputOutput, operation: "load image", message: "the path has a zero byte")
            }
            // The daemon has another working directory.
            guard !path.hasPrefix("/") else { return path }
            // SAFETY: getcwd allocates the string, which is copied and freed.
            guard let current = getcwd(nil, 0) else { throw HostFile.failure("find", path) }
            defer { free(current) }
            return "\(String(cString: current))/\(path)"
        case .bytes(let bytes):
            try HostFile.makeFolder(folder)
            // FNV-1a of 64 bits, and the length.
            var hash: UInt64 = 0xCBF2_9CE4_8422_2325
            for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            let path = "\(folder)/\(String(hash, radix: 16))-\(bytes.count)"
            try uses.withLock { uses throws(VirtKitError) in
                if uses[path, default: 0] == 0 || access(path, R_OK) != 0 { try HostFile.write(bytes, to: path) }
                uses[path, default: 0] += 1
            }
            written.append(path)
            return path
        }
    }

    private static func release(_ written: [String]) {
        uses.withLock { uses in
            for path in written {
                let count = uses[path, default: 1] - 1
                uses[path] = count == 0 ? nil : count
                if count == 0 { unlink(path) }
            }
        }
    }
}
