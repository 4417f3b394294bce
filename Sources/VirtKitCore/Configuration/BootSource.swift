/// The contents of a file that a machine boots from: a path on the host, or bytes that the program has in hand.
public enum BootImage: Hashable, Sendable, ExpressibleByStringLiteral {
    /// A file on the host, read when the machine is made and again at each reset.
    case path(String)
    /// Bytes in memory.
    case bytes([UInt8])

    /// A path.
    public init(stringLiteral path: String) { self = .path(path) }
}

/// What a machine runs first.
public enum BootSource: Hashable, Sendable {
    /// A Linux kernel: a bzImage, an ELF `vmlinux` (by its PVH entry where it has one), entered as its boot protocol
    /// says, with an optional initial RAM disk and a command line.
    case linux(kernel: BootImage, initrd: BootImage? = nil, commandLine: String = "")
    /// An ELF program without an operating system: entered by its PVH note, or else at its entry point in the
    /// architecture's 64-bit mode with memory mapped one to one.
    case elf(BootImage, commandLine: String = "")
    /// Raw bytes placed at a guest physical address and entered there, in the architecture's 64-bit mode with memory
    /// mapped one to one.
    case flat(BootImage, address: UInt64)
}

extension BootImage: Codable {
    private enum CodingKeys: String, CodingKey { case bytes }

    /// Reads a path, or an object `{"bytes": [...]}`.
    public init(from decoder: any Decoder) throws {
        if let single = try? decoder.singleValueContainer(), let path = try? single.decode(String.self) {
            self = .path(path)
        } else {
            let container = try decoder.strictContainer(keyedBy: CodingKeys.self, known: ["bytes"])
            self = .bytes(try container.decode([UInt8].self, forKey: .bytes))
        }
    }

    /// Writes a path, or an object `{"bytes": [...]}`.
    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .path(let path):
            var container = encoder.singleValueContainer()
            try container.encode(path)
        case .bytes(let bytes):
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(bytes, forKey: .bytes)
        }
    }
}

extension BootSource: Codable {
    private enum CodingKeys: String, CodingKey, CaseIterable { case linux, elf, flat }
    private enum LinuxKeys: String, CodingKey, CaseIterable { case kernel, initrd, commandLine }
    private enum ELFKeys: String, CodingKey, CaseIterable { case image, commandLine }
    private enum FlatKeys: String, CodingKey, CaseIterable { case image, address }

    /// Reads an object with exactly one of the keys `linux`, `elf` and `flat`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
        guard container.allKeys.count == 1, let kind = container.allKeys.first else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "exactly one of linux, elf and flat is needed"))
        }
        let inner = try container.superDecoder(forKey: kind)
        switch kind {
        case .linux:
            let values = try inner.strictContainer(keyedBy: LinuxKeys.self)
            self = .linux(
                kernel: try values.decode(BootImage.self, forKey: .kernel),
                initrd: try values.decodeIfPresent(BootImage.self, forKey: .initrd),
                commandLine: try values.decodeIfPresent(String.self, forKey: .commandLine) ?? "")
        case .elf:
            let values = try inner.strictContainer(keyedBy: ELFKeys.self)
            self = .elf(
                try values.decode(BootImage.self, forKey: .image),
                commandLine: try values.decodeIfPresent(String.self, forKey: .commandLine) ?? "")
        case .flat:
            let values = try inner.strictContainer(keyedBy: FlatKeys.self)
            self = .flat(
                try values.decode(BootImage.self, forKey: .image),
                address: try values.decode(UInt64.self, forKey: .address))
        }
    }

    /// Writes an object with one of the keys `linux`, `elf` and `flat`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .linux(let kernel, let initrd, let commandLine):
            var values = container.nestedContainer(keyedBy: LinuxKeys.self, forKey: .linux)
            try values.encode(kernel, forKey: .kernel)
            try values.encodeIfPresent(initrd, forKey: .initrd)
            try values.encode(commandLine, forKey: .commandLine)
        case .elf(let image, let commandLine):
            var values = container.nestedContainer(keyedBy: ELFKeys.self, forKey: .elf)
            try values.encode(image, forKey: .image)
            try values.encode(commandLine, forKey: .commandLine)
        case .flat(let image, let address):
            var values = container.nestedContainer(keyedBy: FlatKeys.self, forKey: .flat)
            try values.encode(image, forKey: .image)
            try values.encode(address, forKey: .address)
        }
    }
}
