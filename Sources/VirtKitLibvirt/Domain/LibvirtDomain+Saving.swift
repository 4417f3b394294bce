/// How a domain is saved or restored. (virDomainSaveRestoreFlags)
public struct LibvirtSaveFlags: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt32
    /// Makes a set from its bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// Past the file system's cache. (VIR_DOMAIN_SAVE_BYPASS_CACHE)
    public static let bypassCache = LibvirtSaveFlags(rawValue: 1 << 0)
    /// It will run when it is restored. (VIR_DOMAIN_SAVE_RUNNING)
    public static let running = LibvirtSaveFlags(rawValue: 1 << 1)
    /// It will be paused when it is restored. (VIR_DOMAIN_SAVE_PAUSED)
    public static let paused = LibvirtSaveFlags(rawValue: 1 << 2)
    /// The firmware's variables are made anew. (VIR_DOMAIN_SAVE_RESET_NVRAM)
    public static let resetVariables = LibvirtSaveFlags(rawValue: 1 << 3)
}

/// How a core dump is taken. (virDomainCoreDumpFlags)
public struct LibvirtDumpFlags: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt32
    /// Makes a set from its bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The domain is left as crashed. (VIR_DUMP_CRASH)
    public static let crash = LibvirtDumpFlags(rawValue: 1 << 0)
    /// The guest runs meanwhile. (VIR_DUMP_LIVE)
    public static let live = LibvirtDumpFlags(rawValue: 1 << 1)
    /// Past the file system's cache. (VIR_DUMP_BYPASS_CACHE)
    public static let bypassCache = LibvirtDumpFlags(rawValue: 1 << 2)
    /// The domain is reset afterwards. (VIR_DUMP_RESET)
    public static let reset = LibvirtDumpFlags(rawValue: 1 << 3)
    /// Only the guest's memory, as an ELF file. (VIR_DUMP_MEMORY_ONLY)
    public static let memoryOnly = LibvirtDumpFlags(rawValue: 1 << 4)
}

/// The format of a memory dump. (virDomainCoreDumpFormat)
public struct LibvirtDumpFormat: RawRepresentable, Hashable, Sendable {
    /// The number.
    public let rawValue: UInt32
    /// Makes a format from its number.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// ELF. (VIR_DOMAIN_CORE_DUMP_FORMAT_RAW)
    public static let elf = LibvirtDumpFormat(rawValue: 0)
    /// kdump, compressed by zlib. (VIR_DOMAIN_CORE_DUMP_FORMAT_KDUMP_ZLIB)
    public static let kdumpZlib = LibvirtDumpFormat(rawValue: 1)
}

extension LibvirtDomain {
    /// Saves the running domain to a file on its host, and ends it.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - xml: another document for the restored domain, within what may change; nil for its own.
    ///   - flags: how.
    public func save(to path: String, xml: String? = nil, _ flags: LibvirtSaveFlags = []) async throws {
        try await perform("save domain", texts: [path, xml]) {
            try $0.check(Libvirt.virDomainSaveFlags.call($0.object, path, xml, flags.rawValue))
        }
    }

    /// Saves the running domain where libvirt keeps it, and ends it; the next start goes on from there.
    public func managedSave(_ flags: LibvirtSaveFlags = []) async throws {
        try await perform("save domain (managed)") {
            try $0.check(Libvirt.virDomainManagedSave.call($0.object, flags.rawValue))
        }
    }

    /// Whether there is a managed save image.
    public func hasManagedSave() async throws -> Bool {
        try await perform("ask for a managed save image") {
            try $0.check(Libvirt.virDomainHasManagedSaveImage.call($0.object, 0)) == 1
        }
    }

    /// Throws the managed save image away.
    public func removeManagedSave() async throws {
        try await perform("remove the managed save image") {
            try $0.check(Libvirt.virDomainManagedSaveRemove.call($0.object, 0))
        }
    }

    /// Writes the domain's core to a file on its host.
    public func coreDump(
        to path: String, format: LibvirtDumpFormat = .elf, _ flags: LibvirtDumpFlags = [.memoryOnly, .live]
    ) async throws {
        try await perform("dump core", texts: [path]) {
            try $0.check(
                Libvirt.virDomainCoreDumpWithFormat.call($0.object, path, format.rawValue, flags.rawValue))
        }
    }

    /// A picture of a screen.
    ///
    /// - Parameters:
    ///   - screen: which.
    ///   - limit: bytes that the picture may have at most.
    /// - Returns: the kind of the picture ("image/png", "image/x-portable-pixmap") and its bytes.
    public func screenshot(screen: UInt32 = 0, limit: Int = 64 << 20) async throws -> (type: String, bytes: [UInt8]) {
        let (type, stream) = try await LibvirtStream.open(on: connection, "take a screenshot") {
            [self] handle, stream in
            try callNow(handle, "take a screenshot") {
                try $0.string(Libvirt.virDomainScreenshot.call($0.object, stream, screen, 0))
            }
        }
        var bytes: [UInt8] = []
        while let chunk = try await stream.read() {
            bytes += chunk
            guard bytes.count <= limit else {
                await stream.close()
                throw LibvirtError(
                    .overflow, operation: "take a screenshot", message: "the picture has more than \(limit) bytes")
            }
        }
        await stream.close()
        return (type, bytes)
    }
}
