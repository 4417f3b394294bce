internal import CVirtKit

/// A storage pool of a host, by its UUID.
public struct LibvirtStoragePool: Sendable, CustomStringConvertible {
    /// The connection.
    public let connection: LibvirtConnection
    /// The name.
    public let name: String
    /// The UUID, as text.
    public let uuid: String
    /// The name.
    public var description: String { name }

    init(_ pointer: OpaquePointer, _ call: NativeCall, _ connection: LibvirtConnection) throws(LibvirtError) {
        let release = try Libvirt.virStoragePoolFree.call
        defer { _ = release(pointer) }
        name = try call.borrowedString(Libvirt.virStoragePoolGetName.call(pointer))
        uuid = try call.uuid(Libvirt.virStoragePoolGetUUIDString.call, pointer)
        self.connection = connection
    }

    @discardableResult
    private func perform<Value: Sendable>(
        _ operation: String, texts: [String?] = [],
        _ body: @escaping @Sendable (NativeCall, OpaquePointer) throws -> Value
    ) async throws -> Value {
        try await connection.perform("\(operation) \(name)") { [uuid] _, call in
            for text in texts { if let text { try call.checkText(text, "an argument") } }
            let pool = try call.pointer(Libvirt.virStoragePoolLookupByUUIDString.call(call.connection, uuid))
            defer { _ = try? Libvirt.virStoragePoolFree.call(pool) }
            return try body(call, pool)
        }
    }

    /// The pool's document.
    public func xml() async throws -> String {
        try await perform("read storage pool") { try $0.string(Libvirt.virStoragePoolGetXMLDesc.call($1, 0)) }
    }

    /// Makes what it is in: its folder, its file system.
    public func build() async throws {
        try await perform("build storage pool") { _ = try $0.check(Libvirt.virStoragePoolBuild.call($1, 0)) }
    }

    /// Starts it.
    public func start() async throws {
        try await perform("start storage pool") { _ = try $0.check(Libvirt.virStoragePoolCreate.call($1, 0)) }
    }

    /// Stops it; its volumes stay.
    public func stop() async throws {
        try await perform("stop storage pool") { _ = try $0.check(Libvirt.virStoragePoolDestroy.call($1)) }
    }

    /// Deletes what it is in, volumes and all.
    public func deleteContents() async throws {
        try await perform("delete storage pool") { _ = try $0.check(Libvirt.virStoragePoolDelete.call($1, 0)) }
    }

    /// Takes its definition away.
    public func undefine() async throws {
        try await perform("undefine storage pool") { _ = try $0.check(Libvirt.virStoragePoolUndefine.call($1)) }
    }

    /// Reads it again.
    public func refresh() async throws {
        try await perform("refresh storage pool") { _ = try $0.check(Libvirt.virStoragePoolRefresh.call($1, 0)) }
    }

    /// Whether it runs.
    public func isActive() async throws -> Bool {
        try await perform("ask for storage pool") { try $0.check(Libvirt.virStoragePoolIsActive.call($1)) == 1 }
    }

    /// Says whether it is started with the host.
    public func setAutostart(_ isOn: Bool) async throws {
        try await perform("set autostart of storage pool") {
            _ = try $0.check(Libvirt.virStoragePoolSetAutostart.call($1, isOn ? 1 : 0))
        }
    }

    /// A pool's sizes, in bytes. (virStoragePoolInfo)
    public struct Info: Hashable, Sendable {
        /// What it can hold.
        public var capacity: UInt64
        /// What is taken.
        public var allocation: UInt64
        /// What is free.
        public var available: UInt64
    }

    /// The pool's sizes.
    public func info() async throws -> Info {
        try await perform("read the size of storage pool") { call, pool in
            var info = vk_virStoragePoolInfo()
            try call.check(Libvirt.virStoragePoolGetInfo.call(pool, &info))
            return Info(capacity: info.capacity, allocation: info.allocation, available: info.available)
        }
    }

    /// The volumes.
    public func volumes() async throws -> [LibvirtVolume] {
        let connection = connection
        return try await perform("list the volumes of storage pool") { call, pool in
            let list = try Libvirt.virStoragePoolListAllVolumes.call
            return try call.list { list(pool, $0, 0) }.map { try LibvirtVolume($0, call, connection) }
        }
    }

    /// The volume of a name.
    public func volume(named name: String) async throws -> LibvirtVolume {
        let connection = connection
        return try await perform("look up a volume of storage pool", texts: [name]) { call, pool in
            try LibvirtVolume(call.pointer(Libvirt.virStorageVolLookupByName.call(pool, name)), call, connection)
        }
    }

    /// Makes a volume from a `<volume>` document.
    public func makeVolume(_ xml: String) async throws -> LibvirtVolume {
        let connection = connection
        return try await perform("make a volume in storage pool", texts: [xml]) { call, pool in
            try LibvirtVolume(call.pointer(Libvirt.virStorageVolCreateXML.call(pool, xml, 0)), call, connection)
        }
    }
}

/// A volume of a storage pool, by its key.
public struct LibvirtVolume: Sendable, CustomStringConvertible {
    /// The connection.
    public let connection: LibvirtConnection
    /// The name.
    public let name: String
    /// What tells it from all volumes of the host.
    public let key: String
    /// The name.
    public var description: String { name }

    init(_ pointer: OpaquePointer, _ call: NativeCall, _ connection: LibvirtConnection) throws(LibvirtError) {
        let release = try Libvirt.virStorageVolFree.call
        defer { _ = release(pointer) }
        name = try call.borrowedString(Libvirt.virStorageVolGetName.call(pointer))
        key = try call.borrowedString(Libvirt.virStorageVolGetKey.call(pointer))
        self.connection = connection
    }

    private static func with<Value>(
        _ key: String, _ call: NativeCall, _ body: (OpaquePointer) throws -> Value
    ) throws -> Value {
        let volume = try call.pointer(Libvirt.virStorageVolLookupByKey.call(call.connection, key))
        defer { _ = try? Libvirt.virStorageVolFree.call(volume) }
        return try body(volume)
    }

    @discardableResult
    private func perform<Value: Sendable>(
        _ operation: String, _ body: @escaping @Sendable (NativeCall, OpaquePointer) throws -> Value
    ) async throws -> Value {
        try await connection.perform("\(operation) \(name)") { [key] _, call in
            try Self.with(key, call) { try body(call, $0) }
        }
    }

    /// The volume's document.
    public func xml() async throws -> String {
        try await perform("read volume") { try $0.string(Libvirt.virStorageVolGetXMLDesc.call($1, 0)) }
    }

    /// Its path on the host.
    public func path() async throws -> String {
        try await perform("read the path of volume") { try $0.string(Libvirt.virStorageVolGetPath.call($1)) }
    }

    /// Its capacity and what of it is taken, in bytes. (virStorageVolInfo)
    public func sizes() async throws -> (capacity: UInt64, allocation: UInt64) {
        try await perform("read the size of volume") { call, volume in
            var info = vk_virStorageVolInfo()
            try call.check(Libvirt.virStorageVolGetInfo.call(volume, &info))
            return (info.capacity, info.allocation)
        }
    }

    /// Changes its capacity, in bytes.
    public func resize(to capacity: UInt64) async throws {
        try await perform("resize volume") { _ = try $0.check(Libvirt.virStorageVolResize.call($1, capacity, 0)) }
    }

    /// Overwrites its contents.
    public func wipe() async throws {
        try await perform("wipe volume") { _ = try $0.check(Libvirt.virStorageVolWipe.call($1, 0)) }
    }

    /// Deletes it.
    public func delete() async throws {
        try await perform("delete volume") { _ = try $0.check(Libvirt.virStorageVolDelete.call($1, 0)) }
    }

    /// Opens a stream of its contents.
    ///
    /// - Parameters:
    ///   - offset: where to begin, in bytes.
    ///   - length: how many bytes; 0 for all.
    public func download(offset: UInt64 = 0, length: UInt64 = 0) async throws -> LibvirtStream {
        try await LibvirtStream.open(on: connection, "download volume \(name)") { [key, name] handle, stream in
            let call = NativeCall(connection: handle.pointer, object: nil, operation: "download volume \(name)")
            try Self.with(key, call) {
                _ = try call.check(Libvirt.virStorageVolDownload.call($0, stream, offset, length, 0))
            }
        }.1
    }

    /// Opens a stream to its contents; end it by `finish()`.
    ///
    /// - Parameters:
    ///   - offset: where to begin, in bytes.
    ///   - length: how many bytes at most; 0 for no limit.
    public func upload(offset: UInt64 = 0, length: UInt64 = 0) async throws -> LibvirtStream {
        try await LibvirtStream.open(on: connection, "upload volume \(name)") { [key, name] handle, stream in
            let call = NativeCall(connection: handle.pointer, object: nil, operation: "upload volume \(name)")
            try Self.with(key, call) {
                _ = try call.check(Libvirt.virStorageVolUpload.call($0, stream, offset, length, 0))
            }
        }.1
    }
}

extension LibvirtConnection {
    /// The storage pools.
    public func storagePools() async throws -> [LibvirtStoragePool] {
        try await perform("list storage pools") { [self] _, call in
            let list = try Libvirt.virConnectListAllStoragePools.call
            return try call.list { list(call.connection, $0, 0) }.map { try LibvirtStoragePool($0, call, self) }
        }
    }

    /// The storage pool of a name.
    public func storagePool(named name: String) async throws -> LibvirtStoragePool {
        try await perform("look up storage pool \(name)") { [self] _, call in
            try call.checkText(name, "the name")
            return try LibvirtStoragePool(
                call.pointer(Libvirt.virStoragePoolLookupByName.call(call.connection, name)), call, self)
        }
    }

    /// Defines a persistent storage pool; it does not run.
    public func defineStoragePool(_ xml: String) async throws -> LibvirtStoragePool {
        try await perform("define storage pool") { [self] _, call in
            try call.checkText(xml, "the document")
            return try LibvirtStoragePool(
                call.pointer(Libvirt.virStoragePoolDefineXML.call(call.connection, xml, 0)), call, self)
        }
    }

    /// Makes and starts a transient storage pool.
    public func createStoragePool(_ xml: String) async throws -> LibvirtStoragePool {
        try await perform("create storage pool") { [self] _, call in
            try call.checkText(xml, "the document")
            return try LibvirtStoragePool(
                call.pointer(Libvirt.virStoragePoolCreateXML.call(call.connection, xml, 0)), call, self)
        }
    }

    /// The volume at a path of the host.
    public func volume(path: String) async throws -> LibvirtVolume {
        try await perform("look up volume \(path)") { [self] _, call in
            try call.checkText(path, "the path")
            return try LibvirtVolume(
                call.pointer(Libvirt.virStorageVolLookupByPath.call(call.connection, path)), call, self)
        }
    }
}
