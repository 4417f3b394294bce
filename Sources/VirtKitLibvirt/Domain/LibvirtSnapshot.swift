internal import Synchronization

/// How a snapshot is made. (virDomainSnapshotCreateFlags)
public struct LibvirtSnapshotFlags: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt32
    /// Makes a set from its bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// libvirt is told of a snapshot that is there. (VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE)
    public static let redefine = LibvirtSnapshotFlags(rawValue: 1 << 0)
    /// With `.redefine`: it is the current one. (VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT)
    public static let current = LibvirtSnapshotFlags(rawValue: 1 << 1)
    /// libvirt does not remember it. (VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA)
    public static let noMetadata = LibvirtSnapshotFlags(rawValue: 1 << 2)
    /// The domain ends after it. (VIR_DOMAIN_SNAPSHOT_CREATE_HALT)
    public static let halt = LibvirtSnapshotFlags(rawValue: 1 << 3)
    /// Only the disks, not the memory. (VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY)
    public static let diskOnly = LibvirtSnapshotFlags(rawValue: 1 << 4)
    /// Its files are there already. (VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT)
    public static let reuse = LibvirtSnapshotFlags(rawValue: 1 << 5)
    /// The guest agent freezes the file systems. (VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE)
    public static let quiesce = LibvirtSnapshotFlags(rawValue: 1 << 6)
    /// All disks or none. (VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC)
    public static let atomic = LibvirtSnapshotFlags(rawValue: 1 << 7)
    /// The guest runs meanwhile. (VIR_DOMAIN_SNAPSHOT_CREATE_LIVE)
    public static let live = LibvirtSnapshotFlags(rawValue: 1 << 8)
    /// The document is held against the schema. (VIR_DOMAIN_SNAPSHOT_CREATE_VALIDATE)
    public static let validate = LibvirtSnapshotFlags(rawValue: 1 << 9)
}

/// How a domain goes back to a snapshot. (virDomainSnapshotRevertFlags)
public struct LibvirtRevertFlags: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt32
    /// Makes a set from its bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// It runs afterwards. (VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING)
    public static let running = LibvirtRevertFlags(rawValue: 1 << 0)
    /// It is paused afterwards. (VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED)
    public static let paused = LibvirtRevertFlags(rawValue: 1 << 1)
    /// Even where it is risky. (VIR_DOMAIN_SNAPSHOT_REVERT_FORCE)
    public static let force = LibvirtRevertFlags(rawValue: 1 << 2)
}

/// What is deleted with a snapshot or checkpoint. (virDomainSnapshotDeleteFlags, virDomainCheckpointDeleteFlags)
public struct LibvirtDeleteFlags: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt32
    /// Makes a set from its bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// Those that come from it too. (VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN)
    public static let children = LibvirtDeleteFlags(rawValue: 1 << 0)
    /// Only what libvirt knows of it. (VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY)
    public static let metadataOnly = LibvirtDeleteFlags(rawValue: 1 << 1)
    /// Only those that come from it. (VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN_ONLY)
    public static let childrenOnly = LibvirtDeleteFlags(rawValue: 1 << 2)
}

/// A snapshot of a domain, by its name.
public struct LibvirtSnapshot: Sendable, CustomStringConvertible {
    /// The domain.
    public let domain: LibvirtDomain
    /// The name.
    public let name: String
    /// The name.
    public var description: String { name }

    @discardableResult
    private func perform<Value: Sendable>(
        _ operation: String, _ body: @escaping @Sendable (NativeCall, OpaquePointer) throws -> Value
    ) async throws -> Value {
        try await domain.perform("\(operation) \(name)", texts: [name]) { [name] call in
            let snapshot = try call.pointer(Libvirt.virDomainSnapshotLookupByName.call(call.object, name, 0))
            defer { _ = try? Libvirt.virDomainSnapshotFree.call(snapshot) }
            return try body(call, snapshot)
        }
    }

    /// The snapshot's document.
    public func xml() async throws -> String {
        try await perform("read snapshot") { call, snapshot in
            try call.string(Libvirt.virDomainSnapshotGetXMLDesc.call(snapshot, 0))
        }
    }

    /// Whether it is the one that the domain's present state comes from.
    public func isCurrent() async throws -> Bool {
        try await perform("ask for snapshot") { call, snapshot in
            try call.check(Libvirt.virDomainSnapshotIsCurrent.call(snapshot, 0)) == 1
        }
    }

    /// The one that it comes from; nil for a first one.
    public func parent() async throws -> LibvirtSnapshot? {
        let domain = domain
        return try await perform("read the parent of snapshot") { call, snapshot in
            guard let parent = try Libvirt.virDomainSnapshotGetParent.call(snapshot, 0) else {
                let error = LibvirtError.last(call.operation)
                if error.code == .noDomainSnapshot { return nil }
                throw error
            }
            defer { _ = try? Libvirt.virDomainSnapshotFree.call(parent) }
            return LibvirtSnapshot(
                domain: domain, name: try call.borrowedString(Libvirt.virDomainSnapshotGetName.call(parent)))
        }
    }

    /// Brings the domain back to the snapshot.
    public func revert(_ flags: LibvirtRevertFlags = []) async throws {
        try await perform("revert to snapshot") { call, snapshot in
            try call.check(Libvirt.virDomainRevertToSnapshot.call(snapshot, flags.rawValue))
        }
    }

    /// Deletes the snapshot.
    public func delete(_ flags: LibvirtDeleteFlags = []) async throws {
        try await perform("delete snapshot") { call, snapshot in
            try call.check(Libvirt.virDomainSnapshotDelete.call(snapshot, flags.rawValue))
        }
    }
}

/// A checkpoint: a place in time from which a disk's changes are known. By its name.
public struct LibvirtCheckpoint: Sendable, CustomStringConvertible {
    /// The domain.
    public let domain: LibvirtDomain
    /// The name.
    public let name: String
    /// The name.
    public var description: String { name }

    @discardableResult
    private func perform<Value: Sendable>(
        _ operation: String, _ body: @escaping @Sendable (NativeCall, OpaquePointer) throws -> Value
    ) async throws -> Value {
        try await domain.perform("\(operation) \(name)", texts: [name]) { [name] call in
            let checkpoint = try call.pointer(Libvirt.virDomainCheckpointLookupByName.call(call.object, name, 0))
            defer { _ = try? Libvirt.virDomainCheckpointFree.call(checkpoint) }
            return try body(call, checkpoint)
        }
    }

    /// The checkpoint's document.
    public func xml() async throws -> String {
        try await perform("read checkpoint") { call, checkpoint in
            try call.string(Libvirt.virDomainCheckpointGetXMLDesc.call(checkpoint, 0))
        }
    }

    /// Deletes the checkpoint.
    public func delete(_ flags: LibvirtDeleteFlags = []) async throws {
        try await perform("delete checkpoint") { call, checkpoint in
            try call.check(Libvirt.virDomainCheckpointDelete.call(checkpoint, flags.rawValue))
        }
    }
}

extension LibvirtDomain {
    /// Makes a snapshot.
    ///
    /// - Parameters:
    ///   - xml: a `<domainsnapshot>` document.
    ///   - flags: how.
    public func makeSnapshot(xml: String, _ flags: LibvirtSnapshotFlags = []) async throws -> LibvirtSnapshot {
        let name = try await perform("make snapshot", texts: [xml]) { call in
            let made = try call.pointer(Libvirt.virDomainSnapshotCreateXML.call(call.object, xml, flags.rawValue))
            defer { _ = try? Libvirt.virDomainSnapshotFree.call(made) }
            return try call.borrowedString(Libvirt.virDomainSnapshotGetName.call(made))
        }
        return LibvirtSnapshot(domain: self, name: name)
    }

    /// All snapshots that libvirt knows.
    public func snapshots() async throws -> [LibvirtSnapshot] {
        let names = try await perform("list snapshots") { call in
            let list = try Libvirt.virDomainListAllSnapshots.call
            let read = try Libvirt.virDomainSnapshotGetName.call
            let release = try Libvirt.virDomainSnapshotFree.call
            return try call.list { list(call.object, $0, 0) }.map { snapshot in
                defer { _ = release(snapshot) }
                return try call.borrowedString(read(snapshot))
            }
        }
        return names.map { LibvirtSnapshot(domain: self, name: $0) }
    }

    /// The snapshot of a name.
    public func snapshot(named name: String) async throws -> LibvirtSnapshot {
        try await perform("look snapshot up", texts: [name]) { call in
            let found = try call.pointer(Libvirt.virDomainSnapshotLookupByName.call(call.object, name, 0))
            _ = try Libvirt.virDomainSnapshotFree.call(found)
        }
        return LibvirtSnapshot(domain: self, name: name)
    }

    /// Makes a checkpoint.
    public func makeCheckpoint(xml: String) async throws -> LibvirtCheckpoint {
        let name = try await perform("make checkpoint", texts: [xml]) { call in
            let made = try call.pointer(Libvirt.virDomainCheckpointCreateXML.call(call.object, xml, 0))
            defer { _ = try? Libvirt.virDomainCheckpointFree.call(made) }
            return try call.borrowedString(Libvirt.virDomainCheckpointGetName.call(made))
        }
        return LibvirtCheckpoint(domain: self, name: name)
    }

    /// All checkpoints.
    public func checkpoints() async throws -> [LibvirtCheckpoint] {
        let names = try await perform("list checkpoints") { call in
            let list = try Libvirt.virDomainListAllCheckpoints.call
            let read = try Libvirt.virDomainCheckpointGetName.call
            let release = try Libvirt.virDomainCheckpointFree.call
            return try call.list { list(call.object, $0, 0) }.map { checkpoint in
                defer { _ = release(checkpoint) }
                return try call.borrowedString(read(checkpoint))
            }
        }
        return names.map { LibvirtCheckpoint(domain: self, name: $0) }
    }

    /// Begins a backup. It is a job of the domain, and ends with `.jobCompleted`.
    ///
    /// - Parameters:
    ///   - xml: a `<domainbackup>` document.
    ///   - checkpoint: a `<domaincheckpoint>` document, for a checkpoint at the same moment.
    public func beginBackup(xml: String, checkpoint: String? = nil) async throws {
        try await perform("begin backup", texts: [xml, checkpoint]) {
            try $0.check(Libvirt.virDomainBackupBegin.call($0.object, xml, checkpoint, 0))
        }
    }

    /// The document of the backup under way.
    public func backupXML() async throws -> String {
        try await perform("read backup") { try $0.string(Libvirt.virDomainBackupGetXMLDesc.call($0.object, 0)) }
    }
}
