/// A device of a host, by its name: `pci_0000_00_1f_2`.
public struct LibvirtNodeDevice: Sendable, CustomStringConvertible {
    /// The connection.
    public let connection: LibvirtConnection
    /// The name.
    public let name: String
    /// The name.
    public var description: String { name }

    @discardableResult
    private func perform<Value: Sendable>(
        _ operation: String, texts: [String?] = [],
        _ body: @escaping @Sendable (NativeCall, OpaquePointer) throws -> Value
    ) async throws -> Value {
        try await connection.perform("\(operation) \(name)") { [name] _, call in
            for text in texts + [name] { if let text { try call.checkText(text, "an argument") } }
            let device = try call.pointer(Libvirt.virNodeDeviceLookupByName.call(call.connection, name))
            defer { _ = try? Libvirt.virNodeDeviceFree.call(device) }
            return try body(call, device)
        }
    }

    /// The device's document.
    public func xml() async throws -> String {
        try await perform("read host device") { try $0.string(Libvirt.virNodeDeviceGetXMLDesc.call($1, 0)) }
    }

    /// The name of the device that it is on; nil for the host itself.
    public func parent() async throws -> String? {
        try await perform("read the parent of host device") { _, device in
            try Libvirt.virNodeDeviceGetParent.call(device).map { String(cString: $0) }
        }
    }

    /// Takes it from the host's driver, so that a guest can have it.
    public func detach(driver: String? = nil) async throws {
        try await perform("detach host device", texts: [driver]) {
            _ = try $0.check(Libvirt.virNodeDeviceDetachFlags.call($1, driver, 0))
        }
    }

    /// Gives it back to the host's driver.
    public func reattach() async throws {
        try await perform("reattach host device") { _ = try $0.check(Libvirt.virNodeDeviceReAttach.call($1)) }
    }

    /// Resets it.
    public func reset() async throws {
        try await perform("reset host device") { _ = try $0.check(Libvirt.virNodeDeviceReset.call($1)) }
    }
}

/// A secret that a host keeps, by its UUID.
public struct LibvirtSecret: Sendable, CustomStringConvertible {
    /// The connection.
    public let connection: LibvirtConnection
    /// The UUID, as text.
    public let uuid: String
    /// The UUID.
    public var description: String { uuid }

    @discardableResult
    private func perform<Value: Sendable>(
        _ operation: String, _ body: @escaping @Sendable (NativeCall, OpaquePointer) throws -> Value
    ) async throws -> Value {
        try await connection.perform("\(operation) \(uuid)") { [uuid] _, call in
            let secret = try call.pointer(Libvirt.virSecretLookupByUUIDString.call(call.connection, uuid))
            defer { _ = try? Libvirt.virSecretFree.call(secret) }
            return try body(call, secret)
        }
    }

    /// The secret's document, which does not hold its value.
    public func xml() async throws -> String {
        try await perform("read secret") { try $0.string(Libvirt.virSecretGetXMLDesc.call($1, 0)) }
    }

    /// Sets its value.
    public func setValue(_ value: [UInt8]) async throws {
        try await perform("set secret") { call, secret in
            _ = try value.withUnsafeBufferPointer {
                try call.check(Libvirt.virSecretSetValue.call(secret, $0.baseAddress, UInt(value.count), 0))
            }
        }
    }

    /// Takes it away.
    public func undefine() async throws {
        try await perform("undefine secret") { _ = try $0.check(Libvirt.virSecretUndefine.call($1)) }
    }
}

extension LibvirtConnection {
    /// The host's devices.
    public func nodeDevices() async throws -> [LibvirtNodeDevice] {
        try await perform("list host devices") { [self] _, call in
            let list = try Libvirt.virConnectListAllNodeDevices.call
            let release = try Libvirt.virNodeDeviceFree.call
            return try call.list { list(call.connection, $0, 0) }.map { device in
                defer { _ = release(device) }
                return LibvirtNodeDevice(
                    connection: self, name: try call.borrowedString(Libvirt.virNodeDeviceGetName.call(device)))
            }
        }
    }

    /// The secrets that the host keeps.
    public func secrets() async throws -> [LibvirtSecret] {
        try await perform("list secrets") { [self] _, call in
            let list = try Libvirt.virConnectListAllSecrets.call
            let release = try Libvirt.virSecretFree.call
            return try call.list { list(call.connection, $0, 0) }.map { secret in
                defer { _ = release(secret) }
                return LibvirtSecret(
                    connection: self, uuid: try call.uuid(Libvirt.virSecretGetUUIDString.call, secret))
            }
        }
    }

    /// Defines a secret from a `<secret>` document; it has no value yet.
    public func defineSecret(_ xml: String) async throws -> LibvirtSecret {
        try await perform("define secret") { [self] _, call in
            try call.checkText(xml, "the document")
            let secret = try call.pointer(Libvirt.virSecretDefineXML.call(call.connection, xml, 0))
            defer { _ = try? Libvirt.virSecretFree.call(secret) }
            return LibvirtSecret(connection: self, uuid: try call.uuid(Libvirt.virSecretGetUUIDString.call, secret))
        }
    }
}
