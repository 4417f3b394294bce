/// The contents of a file that a machine boots from: a path on the host, or bytes that the program has in hand.
public enum BootImage: Hashable, Sendable, ExpressibleByStringLiteral {
    /// A file on the host, read when the machine is made and again at each reset.
    case path(String)
    /// Bytes in memory.
    case bytes([UInt8])

    /// A path.
    public init(stringLiteral path: String) { self = .path(path) }
}

/// A file that a boot loader hands over to a kernel, with a text of its own.
public struct BootModule: Hashable, Sendable {
    /// The module's contents. They may be empty.
    public var image: BootImage
    /// The text that goes with it: by custom the module's name and its arguments.
    public var commandLine: String

    /// Describes a module.
    public init(_ image: BootImage, commandLine: String = "") {
        self.image = image
        self.commandLine = commandLine
    }
}

/// By which of its boot protocols a Linux kernel for x86 is entered (Documentation/arch/x86/boot.rst).
public struct LinuxEntry: RawRepresentable, Hashable, Sendable, Codable {
    /// The entry's name.
    public let rawValue: String
    /// Makes an entry from its name.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The 64-bit entry where the kernel has one, or else the 32-bit entry.
    public static let automatic = LinuxEntry(rawValue: "automatic")
    /// The 64-bit boot protocol.
    public static let bits64 = LinuxEntry(rawValue: "64-bit")
    /// The 32-bit boot protocol.
    public static let bits32 = LinuxEntry(rawValue: "32-bit")
    /// The kernel's own set-up code in real mode, which asks a BIOS for what it wants to know.
    public static let bits16 = LinuxEntry(rawValue: "16-bit")
}

/// What a machine runs first.
public enum BootSource: Hashable, Sendable {
    /// A Linux kernel: a bzImage, an ELF `vmlinux` (by its PVH entry where it has one), entered as its boot protocol
    /// says, with an optional initial RAM disk and a command line. `entry` chooses among a bzImage's entries.
    case linux(
        kernel: BootImage, initrd: BootImage? = nil, commandLine: String = "", entry: LinuxEntry = .automatic)
    /// An ELF program without an operating system: entered by its PVH note, or else at its entry point in the
    /// architecture's 64-bit mode with memory mapped one to one.
    case elf(BootImage, commandLine: String = "")
    /// Raw bytes placed at a guest physical address and entered there, in the architecture's 64-bit mode with memory
    /// mapped one to one.
    case flat(BootImage, address: UInt64)
    /// A kernel with a multiboot header (Multiboot Specification 0.6.96), with modules. The command line is handed over
    /// as it is: many kernels take its first word for their own name.
    case multiboot(BootImage, modules: [BootModule] = [], commandLine: String = "")
    /// The contents of a ROM that ends at 4 GiB, the last 128 KiB of it also at 1 MiB: the first vCPU begins at the reset
    /// vector, 16 bytes before the end. The size is a multiple of 4 KiB, up to 16 MiB.
    case firmware(BootImage)
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

extension BootModule: Codable {
    private enum CodingKeys: String, CodingKey, CaseIterable { case image, commandLine }

    /// Reads a module; unknown keys are refused.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.strictContainer(keyedBy: CodingKeys.self)
        self.init(
            try values.decode(BootImage.self, forKey: .image),
            commandLine: try values.decodeIfPresent(String.self, forKey: .commandLine) ?? "")
    }

    /// Writes a module.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(image, forKey: .image)
        try values.encode(commandLine, forKey: .commandLine)
    }
}

extension BootSource: Codable {
    private enum CodingKeys: String, CodingKey, CaseIterable { case linux, elf, flat, multiboot, firmware }
    private enum LinuxKeys: String, CodingKey, CaseIterable { case kernel, initrd, commandLine, entry }
    private enum ELFKeys: String, CodingKey, CaseIterable { case image, commandLine }
    private enum FlatKeys: String, CodingKey, CaseIterable { case image, address }
    private enum MultibootKeys: String, CodingKey, CaseIterable { case image, modules, commandLine }
    private enum FirmwareKeys: String, CodingKey, CaseIterable { case image }

    /// Reads an object with exactly one of the keys `linux`, `elf`, `flat`, `multiboot` and `firmware`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
        guard container.allKeys.count == 1, let kind = container.allKeys.first else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: "exactly one of linux, elf, flat, multiboot and firmware is needed"))
        }
        let inner = try container.superDecoder(forKey: kind)
        switch kind {
        case .linux:
            let values = try inner.strictContainer(keyedBy: LinuxKeys.self)
            self = .linux(
                kernel: try values.decode(BootImage.self, forKey: .kernel),
                initrd: try values.decodeIfPresent(BootImage.self, forKey: .initrd),
                commandLine: try values.decodeIfPresent(String.self, forKey: .commandLine) ?? "",
                entry: try values.decodeIfPresent(LinuxEntry.self, forKey: .entry) ?? .automatic)
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
        case .multiboot:
            let values = try inner.strictContainer(keyedBy: MultibootKeys.self)
            self = .multiboot(
                try values.decode(BootImage.self, forKey: .image),
                modules: try values.decodeIfPresent([BootModule].self, forKey: .modules) ?? [],
                commandLine: try values.decodeIfPresent(String.self, forKey: .commandLine) ?? "")
        case .firmware:
            let values = try inner.strictContainer(keyedBy: FirmwareKeys.self)
            self = .firmware(try values.decode(BootImage.self, forKey: .image))
        }
    }

    /// Writes an object with one of the keys `linux`, `elf`, `flat`, `multiboot` and `firmware`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .linux(let kernel, let initrd, let commandLine, let entry):
            var values = container.nestedContainer(keyedBy: LinuxKeys.self, forKey: .linux)
            try values.encode(kernel, forKey: .kernel)
            try values.encodeIfPresent(initrd, forKey: .initrd)
            try values.encode(commandLine, forKey: .commandLine)
            if entry != .automatic { try values.encode(entry, forKey: .entry) }
        case .elf(let image, let commandLine):
            var values = container.nestedContainer(keyedBy: ELFKeys.self, forKey: .elf)
            try values.encode(image, forKey: .image)
            try values.encode(commandLine, forKey: .commandLine)
        case .flat(let image, let address):
            var values = container.nestedContainer(keyedBy: FlatKeys.self, forKey: .flat)
            try values.encode(image, forKey: .image)
            try values.encode(address, forKey: .address)
        case .multiboot(let image, let modules, let commandLine):
            var values = container.nestedContainer(keyedBy: MultibootKeys.self, forKey: .multiboot)
            try values.encode(image, forKey: .image)
            try values.encode(modules, forKey: .modules)
            try values.encode(commandLine, forKey: .commandLine)
        case .firmware(let image):
            var values = container.nestedContainer(keyedBy: FirmwareKeys.self, forKey: .firmware)
            try values.encode(image, forKey: .image)
        }
    }
}
