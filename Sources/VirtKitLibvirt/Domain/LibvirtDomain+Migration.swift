/// How a domain is migrated. (virDomainMigrateFlags)
public struct LibvirtMigrationFlags: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt32
    /// Makes a set from its bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The guest runs meanwhile. (VIR_MIGRATE_LIVE)
    public static let live = LibvirtMigrationFlags(rawValue: 1 << 0)
    /// The source's daemon controls it. (VIR_MIGRATE_PEER2PEER)
    public static let peerToPeer = LibvirtMigrationFlags(rawValue: 1 << 1)
    /// Memory goes through the daemons' connection. (VIR_MIGRATE_TUNNELLED)
    public static let tunnelled = LibvirtMigrationFlags(rawValue: 1 << 2)
    /// The domain is defined at its destination. (VIR_MIGRATE_PERSIST_DEST)
    public static let persistDestination = LibvirtMigrationFlags(rawValue: 1 << 3)
    /// The domain's definition is taken away at its source. (VIR_MIGRATE_UNDEFINE_SOURCE)
    public static let undefineSource = LibvirtMigrationFlags(rawValue: 1 << 4)
    /// It stands still at its destination. (VIR_MIGRATE_PAUSED)
    public static let paused = LibvirtMigrationFlags(rawValue: 1 << 5)
    /// Disks are copied too. (VIR_MIGRATE_NON_SHARED_DISK)
    public static let copyDisks = LibvirtMigrationFlags(rawValue: 1 << 6)
    /// What the top of each disk's chain has is copied. (VIR_MIGRATE_NON_SHARED_INC)
    public static let copyDisksIncrementally = LibvirtMigrationFlags(rawValue: 1 << 7)
    /// Nobody may change the definition meanwhile. (VIR_MIGRATE_CHANGE_PROTECTION)
    public static let changeProtection = LibvirtMigrationFlags(rawValue: 1 << 8)
    /// Even where libvirt thinks that data could be lost. (VIR_MIGRATE_UNSAFE)
    public static let unsafe = LibvirtMigrationFlags(rawValue: 1 << 9)
    /// Only the definition. (VIR_MIGRATE_OFFLINE)
    public static let offline = LibvirtMigrationFlags(rawValue: 1 << 10)
    /// Memory is compressed. (VIR_MIGRATE_COMPRESSED)
    public static let compressed = LibvirtMigrationFlags(rawValue: 1 << 11)
    /// An I/O error ends it. (VIR_MIGRATE_ABORT_ON_ERROR)
    public static let abortOnError = LibvirtMigrationFlags(rawValue: 1 << 12)
    /// vCPUs are slowed down until it converges. (VIR_MIGRATE_AUTO_CONVERGE)
    public static let autoConverge = LibvirtMigrationFlags(rawValue: 1 << 13)
    /// It may go on after the switch. (VIR_MIGRATE_POSTCOPY)
    public static let postCopy = LibvirtMigrationFlags(rawValue: 1 << 15)
    /// Encrypted. (VIR_MIGRATE_TLS)
    public static let tls = LibvirtMigrationFlags(rawValue: 1 << 16)
    /// Over several connections. (VIR_MIGRATE_PARALLEL)
    public static let parallel = LibvirtMigrationFlags(rawValue: 1 << 17)
}

/// A migration, described. Every field but the flags is optional. (VIR_MIGRATE_PARAM_…)
public struct LibvirtMigration: Sendable {
    /// How.
    public var flags: LibvirtMigrationFlags
    /// Where the memory goes: `tcp://host:port`. ("migrate_uri")
    public var uri: String?
    /// The domain's name at its destination. ("destination_name")
    public var destinationName: String?
    /// The domain's document at its destination, within what may change. ("destination_xml")
    public var destinationXML: String?
    /// The definition that stays at the destination. ("persistent_xml")
    public var persistentXML: String?
    /// The limit of speed, in MiB a second. ("bandwidth")
    public var bandwidth: UInt64?
    /// The address that the destination listens on. ("listen_address")
    public var listenAddress: String?
    /// Which disks are copied, by their target names. ("migrate_disks")
    public var disks: [String] = []
    /// The number of connections, with `.parallel`. ("parallel.connections")
    public var parallelConnections: Int32?
    /// Parameters that have no field here, by libvirt's names.
    public var other: LibvirtParameters = [:]

    /// Describes a live migration.
    public init(_ flags: LibvirtMigrationFlags = [.live]) { self.flags = flags }

    /// As libvirt takes it.
    var parameters: LibvirtParameters {
        var list = other
        for (name, value) in [
            ("migrate_uri", uri), ("destination_name", destinationName), ("destination_xml", destinationXML),
            ("persistent_xml", persistentXML), ("listen_address", listenAddress),
        ] { if let value { list.append(name, .string(value)) } }
        if let bandwidth { list.append("bandwidth", .unsignedLong(bandwidth)) }
        for disk in disks { list.append("migrate_disks", .string(disk)) }
        if let parallelConnections { list.append("parallel.connections", .int(parallelConnections)) }
        return list
    }
}

extension LibvirtDomain {
    /// Migrates the domain, controlled by this program, and waits for it. (virDomainMigrate3)
    ///
    /// Cancelling the task aborts the migration: the domain stays where it is.
    ///
    /// - Returns: the domain at its destination.
    public func migrate(to destination: LibvirtConnection, _ migration: LibvirtMigration) async throws -> LibvirtDomain
    {
        let parameters = migration.parameters
        let flags = migration.flags.rawValue
        let target = try destination.currentHandle("migrate domain")
        return try await abortingOnCancellation { [self] in
            try await perform("migrate domain to \(destination.uri)") { call in
                let found = try parameters.withNative(call.operation) { native, count in
                    try call.pointer(
                        Libvirt.virDomainMigrate3.call(
                            call.object, target.pointer, native, CUnsignedInt(count), flags))
                }
                return try LibvirtDomain(found, on: target, of: destination)
            }
        }
    }

    /// Has the domain's daemon migrate it, and waits for it. (virDomainMigrateToURI3)
    ///
    /// Cancelling the task aborts the migration: the domain stays where it is.
    ///
    /// - Parameters:
    ///   - uri: the destination's URI, as the source's daemon sees it.
    ///   - migration: how; `.peerToPeer` is added.
    public func migrate(toURI uri: String, _ migration: LibvirtMigration) async throws {
        let parameters = migration.parameters
        let flags = migration.flags.union(.peerToPeer).rawValue
        try await abortingOnCancellation { [self] in
            try await perform("migrate domain to \(uri)", texts: [uri]) { call in
                try parameters.withNative(call.operation) { native, count in
                    _ = try call.check(
                        Libvirt.virDomainMigrateToURI3.call(call.object, uri, native, CUnsignedInt(count), flags))
                }
            }
        }
    }

    /// Runs a job to its end even when the task is cancelled: then the job is aborted, and its error comes.
    private func abortingOnCancellation<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        // A task of its own, so that cancellation does not abandon the call: who migrates must know how it ended.
        let work = Task { try await body() }
        return try await withTaskCancellationHandler {
            try await work.value
        } onCancel: {
            Task.detached { [self] in
                // The job may not have begun yet: an abort that finds none is tried again.
                for _ in 0..<100 {
                    if (try? await abortJob()) != nil { return }
                    try? await Task.sleep(for: .milliseconds(50))
                }
            }
        }
    }

    /// Sets how long the guest may stand still at the switch.
    public func setMigrationDowntime(_ duration: Duration) async throws {
        let milliseconds = UInt64(clamping: duration.nanoseconds / 1_000_000)
        try await perform("set migration downtime") {
            try $0.check(Libvirt.virDomainMigrateSetMaxDowntime.call($0.object, milliseconds, 0))
        }
    }

    /// Sets the limit of a migration's speed, in MiB a second.
    public func setMigrationBandwidth(_ mebibytes: UInt64) async throws {
        try await perform("set migration bandwidth") {
            try $0.check(Libvirt.virDomainMigrateSetMaxSpeed.call($0.object, UInt(mebibytes), 0))
        }
    }

    /// The limit of a migration's speed, in MiB a second.
    public func migrationBandwidth() async throws -> UInt64 {
        try await perform("read migration bandwidth") { call in
            var value: CUnsignedLong = 0
            try call.check(Libvirt.virDomainMigrateGetMaxSpeed.call(call.object, &value, 0))
            return UInt64(value)
        }
    }

    /// Switches a migration that was begun with `.postCopy`.
    public func startPostCopy() async throws {
        try await perform("start post-copy") { try $0.check(Libvirt.virDomainMigrateStartPostCopy.call($0.object, 0)) }
    }
}
