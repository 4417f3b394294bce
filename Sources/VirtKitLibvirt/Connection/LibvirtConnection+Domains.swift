/// Which domains a list is of. (virConnectListAllDomainsFlags)
public struct LibvirtDomainFilter: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt32
    /// Makes a set from its bits; empty for all.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// Those that run. (VIR_CONNECT_LIST_DOMAINS_ACTIVE)
    public static let active = LibvirtDomainFilter(rawValue: 1 << 0)
    /// Those that don't run. (VIR_CONNECT_LIST_DOMAINS_INACTIVE)
    public static let inactive = LibvirtDomainFilter(rawValue: 1 << 1)
    /// Those that stay. (VIR_CONNECT_LIST_DOMAINS_PERSISTENT)
    public static let persistent = LibvirtDomainFilter(rawValue: 1 << 2)
    /// Those that go when they end. (VIR_CONNECT_LIST_DOMAINS_TRANSIENT)
    public static let transient = LibvirtDomainFilter(rawValue: 1 << 3)
    /// In the state running. (VIR_CONNECT_LIST_DOMAINS_RUNNING)
    public static let running = LibvirtDomainFilter(rawValue: 1 << 4)
    /// In the state paused. (VIR_CONNECT_LIST_DOMAINS_PAUSED)
    public static let paused = LibvirtDomainFilter(rawValue: 1 << 5)
    /// In the state shut off. (VIR_CONNECT_LIST_DOMAINS_SHUTOFF)
    public static let shutOff = LibvirtDomainFilter(rawValue: 1 << 6)
    /// With a managed save image. (VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE)
    public static let managedSave = LibvirtDomainFilter(rawValue: 1 << 8)
    /// Started with the host. (VIR_CONNECT_LIST_DOMAINS_AUTOSTART)
    public static let autostart = LibvirtDomainFilter(rawValue: 1 << 10)
    /// With snapshots. (VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT)
    public static let withSnapshots = LibvirtDomainFilter(rawValue: 1 << 12)
}

extension LibvirtConnection {
    private func found(
        _ operation: String, _ text: String?, _ find: @escaping @Sendable (NativeCall) throws -> OpaquePointer
    ) async throws -> LibvirtDomain {
        try await perform(operation) { [self] handle, call in
            if let text { try call.checkText(text, "an argument") }
            return try LibvirtDomain(find(call), on: handle, of: self)
        }
    }

    /// The domains.
    public func domains(_ filter: LibvirtDomainFilter = []) async throws -> [LibvirtDomain] {
        try await perform("list domains") { [self] handle, call in try domainsNow(filter, handle, call) }
    }

    func domainsNow(
        _ filter: LibvirtDomainFilter, _ handle: ConnectionHandle, _ call: NativeCall
    ) throws(LibvirtError) -> [LibvirtDomain] {
        let list = try Libvirt.virConnectListAllDomains.call
        return try call.list {
            list(call.connection, $0, filter.rawValue)
        } _: {
            (pointer: OpaquePointer) throws(LibvirtError) in
            try LibvirtDomain(pointer, on: handle, of: self)
        }
    }

    /// The domain of a name.
    ///
    /// - Throws: `LibvirtError` with `.noDomain`.
    public func domain(named name: String) async throws -> LibvirtDomain {
        try await found("look up domain \(name)", name) {
            try $0.pointer(Libvirt.virDomainLookupByName.call($0.connection, name))
        }
    }

    /// The domain of a UUID.
    public func domain(uuid: String) async throws -> LibvirtDomain {
        try await found("look up domain \(uuid)", uuid) {
            try $0.pointer(Libvirt.virDomainLookupByUUIDString.call($0.connection, uuid))
        }
    }

    /// The running domain of a number.
    public func domain(id: UInt32) async throws -> LibvirtDomain {
        try await found("look up domain \(id)", nil) {
            try $0.pointer(Libvirt.virDomainLookupByID.call($0.connection, CInt(clamping: id)))
        }
    }

    /// Defines a persistent domain, or changes the definition of one; it does not run.
    ///
    /// - Parameters:
    ///   - xml: its document.
    ///   - validate: whether to hold the document against libvirt's schema. (VIR_DOMAIN_DEFINE_VALIDATE)
    public func define(_ xml: String, validate: Bool = false) async throws -> LibvirtDomain {
        try await found("define domain", xml) {
            try $0.pointer(Libvirt.virDomainDefineXMLFlags.call($0.connection, xml, validate ? 1 : 0))
        }
    }

    /// Makes and starts a transient domain: it is gone when it ends.
    public func create(_ xml: String, _ flags: LibvirtStartFlags = []) async throws -> LibvirtDomain {
        try await found("create domain", xml) {
            try $0.pointer(Libvirt.virDomainCreateXML.call($0.connection, xml, flags.rawValue))
        }
    }

    /// Makes and starts a transient domain for the length of a scope. However the scope is left, the domain is destroyed before
    /// this returns. Where the program ends before, the driver destroys it with the connection.
    public nonisolated(nonsending) func withDomain<Result>(
        _ xml: String, _ flags: LibvirtStartFlags = [],
        _ body: nonisolated(nonsending) (LibvirtDomain) async throws -> Result
    ) async throws -> Result {
        let domain = try await createScoped(xml, flags)
        do {
            let result = try await body(domain)
            await domain.destroyCertainly()
            return result
        } catch {
            await domain.destroyCertainly()
            throw error
        }
    }

    /// Makes a transient domain that is destroyed with the connection where the driver can do that.
    func createScoped(_ xml: String, _ flags: LibvirtStartFlags) async throws -> LibvirtDomain {
        // An embedded driver has no connections to tell apart, and would start a machine only to see that it can't.
        if EmbeddedDriver.isMeant(by: uri) { return try await create(xml, flags) }
        do {
            return try await create(xml, flags.union(.autoDestroy))
        } catch let error as LibvirtError
            where [.argumentUnsupported, .invalidArgument].contains(error.code) || error.message.contains("autodestroy")
        {
            return try await create(xml, flags)
        }
    }

    /// Makes a domain again from a file that `LibvirtDomain.save` wrote; it runs, or is paused, as it was saved or as the flags
    /// say.
    ///
    /// - Parameters:
    ///   - path: the file on the host.
    ///   - xml: another document, within what may change; nil for the saved one.
    ///   - flags: how.
    public func restore(from path: String, xml: String? = nil, _ flags: LibvirtSaveFlags = []) async throws {
        try await perform("restore domain from \(path)") { _, call in
            for text in [path, xml] { if let text { try call.checkText(text, "an argument") } }
            try call.check(Libvirt.virDomainRestoreFlags.call(call.connection, path, xml, flags.rawValue))
        }
    }

    /// The document in a file that `LibvirtDomain.save` wrote.
    public func savedXML(in path: String) async throws -> String {
        try await perform("read the saved domain in \(path)") { _, call in
            try call.checkText(path, "the path")
            return try call.string(Libvirt.virDomainSaveImageGetXMLDesc.call(call.connection, path, 0))
        }
    }

    /// Changes the document in a file that `LibvirtDomain.save` wrote.
    public func setSavedXML(_ xml: String, in path: String, _ flags: LibvirtSaveFlags = []) async throws {
        try await perform("change the saved domain in \(path)") { _, call in
            for text in [path, xml] { try call.checkText(text, "an argument") }
            try call.check(Libvirt.virDomainSaveImageDefineXML.call(call.connection, path, xml, flags.rawValue))
        }
    }

    // MARK: Events

    /// Events from now on: none that follows the return is missed.
    ///
    /// - Parameters:
    ///   - kinds: which; those that the driver does not have never come (`unsupportedEvents` names them).
    ///   - domain: the UUID of the only domain that is of interest; nil for all.
    public func events(
        _ kinds: Set<LibvirtEvent.Kind> = LibvirtEvent.Kind.allOfDomains, domain: String? = nil
    ) async throws -> LibvirtEvents {
        let events = hub.add(kinds, domain: domain)
        let hub = hub
        try await perform("register for events") { handle, _ in _ = try hub.register(on: handle) }
        return events
    }

    /// Those of some kinds of events that the driver does not have.
    public func unsupportedEvents(
        of kinds: Set<LibvirtEvent.Kind> = LibvirtEvent.Kind.allOfDomains.union(LibvirtEvent.Kind.allOfHost)
    ) async throws -> Set<LibvirtEvent.Kind> {
        let events = hub.add(kinds, domain: "")
        defer { withExtendedLifetime(events) {} }
        let hub = hub
        return try await perform("register for events") { handle, _ in
            try hub.register(on: handle).intersection(kinds)
        }
    }
}

extension LibvirtDomain {
    /// Destroys the domain, whether or not the task is cancelled, and whatever it is in. A call that hangs is abandoned after a
    /// minute: libvirt itself waits half a minute for another call about the domain.
    ///
    /// - Returns: why the domain may still be there; nil where it is gone.
    @discardableResult
    func destroyCertainly() async -> LibvirtError? {
        await Task.detached { [self] in
            await LibvirtConnection.$callLimit.withValue(.seconds(60)) { await destroyWithin(attempts: 3) }
        }.value
    }

    private func destroyWithin(attempts: Int) async -> LibvirtError? {
        var failure: LibvirtError?
        // Its own end may come first; a lost connection destroys it by itself or is made again.
        for _ in 0..<attempts {
            do {
                try await destroy()
                return nil
            } catch let error as LibvirtError where error.code == .connectionClosed {
                failure = error
                guard (try? await connection.waitUntilConnected()) != nil else { return error }
            } catch let error as LibvirtError where error.code == .operationTimeout {
                // Another try would wait behind it for as long again.
                return error
            } catch let error as LibvirtError where error.code == .noDomain || error.code == .operationInvalid {
                return nil
            } catch {
                failure = error as? LibvirtError
                try? await Task.sleep(for: .milliseconds(100))
            }
        }
        return failure
    }
}
