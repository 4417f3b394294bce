internal import CVirtKit
internal import Synchronization

/// A domain: a machine that libvirt manages, found or made by a `LibvirtConnection`.
///
/// The value stands for the domain and does not own it: letting it go changes nothing about the machine. (`withDomain` of a
/// connection makes one that ends with a scope.) It outlives a reconnection: the domain is then looked up again by its UUID.
public final class LibvirtDomain: Sendable, CustomStringConvertible {
    /// The connection.
    public let connection: LibvirtConnection
    /// The name, when the domain was looked up.
    public let name: String
    private struct State {
        var handle: ObjectHandle
        /// Read when it is first asked for: that costs libvirt as much as all else that is done to list a domain.
        var uuid: NativeUUID?
    }

    private let state: Mutex<State>

    /// The UUID, as text.
    public var uuid: String {
        state.withLock { state in
            if state.uuid == nil { state.uuid = try? NativeUUID(of: state.handle.pointer, "read the domain's UUID") }
            return state.uuid?.text ?? ""
        }
    }

    /// The name and the UUID.
    public var description: String { "\(name) (\(uuid))" }

    /// Takes over a reference to a domain.
    init(_ pointer: OpaquePointer, on handle: ConnectionHandle, of connection: LibvirtConnection) throws(LibvirtError) {
        let object = try ObjectHandle(pointer, on: handle, release: Libvirt.virDomainFree)
        let call = NativeCall(connection: handle.pointer, object: pointer, operation: "read the domain's identity")
        name = try call.borrowedString(Libvirt.virDomainGetName.call(pointer))
        self.connection = connection
        state = Mutex(State(handle: object))
    }

    /// The domain on the connection as it is now: looked up again where that is another than before. Blocks.
    private func object(on handle: ConnectionHandle, _ operation: String) throws(LibvirtError) -> ObjectHandle {
        let known = state.withLock { $0.handle }
        if known.connection === handle { return known }
        // It was read from the handle that is left now, or before.
        guard let pointer = try Libvirt.virDomainLookupByUUIDString.call(handle.pointer, uuid) else {
            throw LibvirtError.last("\(operation): look the domain up again")
        }
        let found = try ObjectHandle(pointer, on: handle, release: Libvirt.virDomainFree)
        state.withLock { $0.handle = found }
        return found
    }

    /// Makes a call about the domain on one of the connection's threads.
    ///
    /// - Parameters:
    ///   - operation: what it is, for errors.
    ///   - texts: what is passed as C strings: refused where one has a zero byte.
    @discardableResult
    func perform<Value: Sendable>(
        _ operation: String, texts: [String?] = [], _ body: @escaping @Sendable (NativeCall) throws -> Value
    ) async throws -> Value {
        try await connection.perform(operation) { [self] handle, _ in
            try callNow(handle, operation, texts: texts, body)
        }
    }

    /// Makes a call about the domain on this thread, which may block.
    func callNow<Value>(
        _ handle: ConnectionHandle, _ operation: String, texts: [String?] = [], _ body: (NativeCall) throws -> Value
    ) throws -> Value {
        let object = try object(on: handle, operation)
        return try withExtendedLifetime(object) {
            let call = NativeCall(connection: handle.pointer, object: object.pointer, operation: operation)
            for text in texts { if let text { try call.checkText(text, "an argument") } }
            return try body(call)
        }
    }

    // MARK: What it is

    /// The number of the running domain; nil while it does not run.
    public func id() async throws -> UInt32? {
        // The client's own object may be from before the domain's start.
        try await connection.perform("read the domain's number") { [uuid] handle, call in
            let pointer = try call.pointer(Libvirt.virDomainLookupByUUIDString.call(handle.pointer, uuid))
            let object = try ObjectHandle(pointer, on: handle, release: Libvirt.virDomainFree)
            let id = try Libvirt.virDomainGetID.call(object.pointer)
            return id == .max ? nil : id
        }
    }

    /// The domain's document.
    public func xml(_ flags: LibvirtXMLFlags = []) async throws -> String {
        try await perform("read the domain's XML") {
            try $0.string(Libvirt.virDomainGetXMLDesc.call($0.object, flags.rawValue))
        }
    }

    /// State and why it is so.
    public func state() async throws -> LibvirtDomainState {
        try await perform("read the domain's state") { call in try LibvirtDomainState(call) }
    }

    /// State, memory, vCPUs and CPU time.
    public func info() async throws -> LibvirtDomainInfo {
        try await perform("read the domain's information") { call in try LibvirtDomainInfo(call) }
    }

    /// Whether it runs.
    public func isActive() async throws -> Bool {
        try await perform("ask whether the domain runs") {
            try $0.check(Libvirt.virDomainIsActive.call($0.object)) == 1
        }
    }

    /// Whether it stays when it has ended.
    public func isPersistent() async throws -> Bool {
        try await perform("ask whether the domain is persistent") {
            try $0.check(Libvirt.virDomainIsPersistent.call($0.object)) == 1
        }
    }

    /// The kind of its operating system: "hvm", "linux", "exe" …
    public func osType() async throws -> String {
        try await perform("read the OS type") { try $0.string(Libvirt.virDomainGetOSType.call($0.object)) }
    }

    /// What the driver has to say of the domain: that it is tainted, or uses something deprecated. (since 7.1.0)
    public func messages() async throws -> [String] {
        try await perform("read the domain's messages") { call in
            var list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
            let count = try call.check(Libvirt.virDomainGetMessages.call(call.object, &list, 0))
            return call.strings(list, count)
        }
    }

    /// The events of this domain from now on.
    public func events(_ kinds: Set<LibvirtEvent.Kind> = LibvirtEvent.Kind.allOfDomains) async throws -> LibvirtEvents {
        try await connection.events(kinds, domain: uuid)
    }
}

/// How a domain's document is written. (virDomainXMLFlags)
public struct LibvirtXMLFlags: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt32
    /// Makes a set from its bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// With passwords. (VIR_DOMAIN_XML_SECURE)
    public static let secure = LibvirtXMLFlags(rawValue: 1 << 0)
    /// As it will be at the next start. (VIR_DOMAIN_XML_INACTIVE)
    public static let inactive = LibvirtXMLFlags(rawValue: 1 << 1)
    /// With the host's CPU model. (VIR_DOMAIN_XML_UPDATE_CPU)
    public static let updateCPU = LibvirtXMLFlags(rawValue: 1 << 2)
    /// As another host can take it. (VIR_DOMAIN_XML_MIGRATABLE)
    public static let migratable = LibvirtXMLFlags(rawValue: 1 << 3)
}

/// Where a domain stands. (virDomainState)
public struct LibvirtDomainState: Hashable, Sendable, CustomStringConvertible {
    /// The state.
    public struct Kind: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        /// The number.
        public let rawValue: Int32
        /// Makes a state from its number.
        public init(rawValue: Int32) { self.rawValue = rawValue }
        /// No state. (VIR_DOMAIN_NOSTATE)
        public static let none = Kind(rawValue: 0)
        /// It runs. (VIR_DOMAIN_RUNNING)
        public static let running = Kind(rawValue: 1)
        /// It waits for a resource. (VIR_DOMAIN_BLOCKED)
        public static let blocked = Kind(rawValue: 2)
        /// Its vCPUs stand still. (VIR_DOMAIN_PAUSED)
        public static let paused = Kind(rawValue: 3)
        /// Its guest is ending. (VIR_DOMAIN_SHUTDOWN)
        public static let shuttingDown = Kind(rawValue: 4)
        /// It does not run. (VIR_DOMAIN_SHUTOFF)
        public static let shutOff = Kind(rawValue: 5)
        /// It has crashed. (VIR_DOMAIN_CRASHED)
        public static let crashed = Kind(rawValue: 6)
        /// Its guest sleeps. (VIR_DOMAIN_PMSUSPENDED)
        public static let asleep = Kind(rawValue: 7)

        /// The state's name.
        public var description: String {
            let names = ["none", "running", "blocked", "paused", "shutting down", "shut off", "crashed", "asleep"]
            return names.indices.contains(Int(rawValue)) ? names[Int(rawValue)] : "state \(rawValue)"
        }
    }

    /// The state.
    public var kind: Kind
    /// Why, as a number whose meaning depends on the state. (virDomainRunningReason and its like)
    public var reason: Int32

    init(_ call: NativeCall) throws(LibvirtError) {
        var state: CInt = 0
        var reason: CInt = 0
        try call.check(Libvirt.virDomainGetState.call(call.object, &state, &reason, 0))
        self.kind = Kind(rawValue: state)
        self.reason = reason
    }

    /// The state's name.
    public var description: String { kind.description }
}

/// A domain's figures. (virDomainInfo)
public struct LibvirtDomainInfo: Hashable, Sendable {
    /// The state.
    public var state: LibvirtDomainState.Kind
    /// The most memory that it may have, in KiB.
    public var maximumMemory: UInt64
    /// The memory that it has, in KiB.
    public var memory: UInt64
    /// Its vCPUs.
    public var vcpus: Int
    /// The CPU time that it has used.
    public var cpuTime: Duration

    init(_ call: NativeCall) throws(LibvirtError) {
        var info = vk_virDomainInfo()
        try call.check(Libvirt.virDomainGetInfo.call(call.object, &info))
        state = .init(rawValue: Int32(info.state))
        maximumMemory = UInt64(info.maxMem)
        memory = UInt64(info.memory)
        vcpus = Int(info.nrVirtCpu)
        cpuTime = .nanoseconds(Int64(clamping: info.cpuTime))
    }
}
