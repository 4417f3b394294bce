internal import CVirtKit

/// A virtual network of a host, by its name.
public struct LibvirtNetwork: Sendable, CustomStringConvertible {
    /// The connection.
    public let connection: LibvirtConnection
    /// The name.
    public let name: String
    /// The UUID, as text.
    public let uuid: String
    /// The name.
    public var description: String { name }

    init(_ pointer: OpaquePointer, _ call: NativeCall, _ connection: LibvirtConnection) throws(LibvirtError) {
        let release = try Libvirt.virNetworkFree.call
        defer { _ = release(pointer) }
        name = try call.borrowedString(Libvirt.virNetworkGetName.call(pointer))
        uuid = try call.uuid(Libvirt.virNetworkGetUUIDString.call, pointer)
        self.connection = connection
    }

    @discardableResult
    private func perform<Value: Sendable>(
        _ operation: String, texts: [String?] = [],
        _ body: @escaping @Sendable (NativeCall, OpaquePointer) throws -> Value
    ) async throws -> Value {
        try await connection.perform("\(operation) \(name)") { [uuid] _, call in
            for text in texts { if let text { try call.checkText(text, "an argument") } }
            let network = try call.pointer(Libvirt.virNetworkLookupByUUIDString.call(call.connection, uuid))
            defer { _ = try? Libvirt.virNetworkFree.call(network) }
            return try body(call, network)
        }
    }

    /// The network's document. (VIR_NETWORK_XML_INACTIVE is 1)
    public func xml(inactive: Bool = false) async throws -> String {
        try await perform("read network") { try $0.string(Libvirt.virNetworkGetXMLDesc.call($1, inactive ? 1 : 0)) }
    }

    /// Starts it.
    public func start() async throws {
        try await perform("start network") { _ = try $0.check(Libvirt.virNetworkCreate.call($1)) }
    }

    /// Stops it.
    public func stop() async throws {
        try await perform("stop network") { _ = try $0.check(Libvirt.virNetworkDestroy.call($1)) }
    }

    /// Takes its definition away.
    public func undefine() async throws {
        try await perform("undefine network") { _ = try $0.check(Libvirt.virNetworkUndefine.call($1)) }
    }

    /// Whether it runs.
    public func isActive() async throws -> Bool {
        try await perform("ask for network") { try $0.check(Libvirt.virNetworkIsActive.call($1)) == 1 }
    }

    /// Whether it stays when it is stopped.
    public func isPersistent() async throws -> Bool {
        try await perform("ask for network") { try $0.check(Libvirt.virNetworkIsPersistent.call($1)) == 1 }
    }

    /// Whether it is started with the host.
    public func autostart() async throws -> Bool {
        try await perform("read autostart of network") { call, network in
            var value: CInt = 0
            try call.check(Libvirt.virNetworkGetAutostart.call(network, &value))
            return value != 0
        }
    }

    /// Says whether it is started with the host.
    public func setAutostart(_ isOn: Bool) async throws {
        try await perform("set autostart of network") {
            _ = try $0.check(Libvirt.virNetworkSetAutostart.call($1, isOn ? 1 : 0))
        }
    }

    /// The host's name of its bridge.
    public func bridge() async throws -> String {
        try await perform("read the bridge of network") { try $0.string(Libvirt.virNetworkGetBridgeName.call($1)) }
    }

    /// An address that was given to a guest. (virNetworkDHCPLease)
    public struct Lease: Hashable, Sendable {
        /// The address, with the length of its prefix.
        public var address: String
        /// The guest's hardware address.
        public var hardwareAddress: String?
        /// The guest's name.
        public var hostname: String?
        /// When it ends, in seconds since 1970.
        public var expiry: Int64
    }

    /// The addresses that were given to guests.
    public func leases() async throws -> [Lease] {
        try await perform("read the leases of network") { call, network in
            var list: UnsafeMutablePointer<UnsafeMutablePointer<vk_virNetworkDHCPLease>?>?
            let count = try call.check(Libvirt.virNetworkGetDHCPLeases.call(network, nil, &list, 0))
            let release = try Libvirt.virNetworkDHCPLeaseFree.call
            return call.take(list, count, release: { release($0) }) { lease in
                Lease(
                    address: "\(lease.ipaddr.map { String(cString: $0) } ?? "")/\(lease.prefix)",
                    hardwareAddress: lease.mac.map { String(cString: $0) },
                    hostname: lease.hostname.map { String(cString: $0) }, expiry: lease.expirytime)
            }
        }
    }
}

extension LibvirtConnection {
    /// The networks.
    public func networks() async throws -> [LibvirtNetwork] {
        try await perform("list networks") { [self] _, call in
            let list = try Libvirt.virConnectListAllNetworks.call
            return try call.list { list(call.connection, $0, 0) }.map { try LibvirtNetwork($0, call, self) }
        }
    }

    /// The network of a name.
    public func network(named name: String) async throws -> LibvirtNetwork {
        try await perform("look up network \(name)") { [self] _, call in
            try call.checkText(name, "the name")
            return try LibvirtNetwork(
                call.pointer(Libvirt.virNetworkLookupByName.call(call.connection, name)), call, self)
        }
    }

    /// Defines a persistent network; it does not run.
    public func defineNetwork(_ xml: String) async throws -> LibvirtNetwork {
        try await perform("define network") { [self] _, call in
            try call.checkText(xml, "the document")
            return try LibvirtNetwork(
                call.pointer(Libvirt.virNetworkDefineXML.call(call.connection, xml)), call, self)
        }
    }

    /// Makes and starts a transient network.
    public func createNetwork(_ xml: String) async throws -> LibvirtNetwork {
        try await perform("create network") { [self] _, call in
            try call.checkText(xml, "the document")
            return try LibvirtNetwork(
                call.pointer(Libvirt.virNetworkCreateXML.call(call.connection, xml)), call, self)
        }
    }
}
