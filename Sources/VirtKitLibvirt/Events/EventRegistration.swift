internal import CVirtKit
internal import Glibc

/// What libvirt gives back to a callback: which kind of event it is, and for whom.
final class EventBox: Sendable {
    let kind: LibvirtEvent.Kind
    private let deliver: @Sendable (LibvirtEvent) -> Void
    init(_ kind: LibvirtEvent.Kind, _ deliver: @escaping @Sendable (LibvirtEvent) -> Void) {
        self.kind = kind
        self.deliver = deliver
    }

    func send(_ values: [String: LibvirtValue], domain: OpaquePointer?) {
        deliver(LibvirtEvent(kind, domain: domain.flatMap { Self.identity($0) }, values: values))
    }

    func send(_ values: [String: LibvirtValue], subject: UnsafePointer<CChar>?) {
        deliver(LibvirtEvent(kind, subject: subject.map { String(cString: $0) }, values: values))
    }

    /// Reads what the client has of a domain; asks nobody.
    private static func identity(_ domain: OpaquePointer) -> LibvirtEvent.DomainIdentity? {
        let call = NativeCall(connection: domain, object: domain, operation: "read an event's domain")
        guard let name = try? call.borrowedString(Libvirt.virDomainGetName.call(domain)),
            let uuid = try? call.uuid(Libvirt.virDomainGetUUIDString.call, domain),
            let id = try? Libvirt.virDomainGetID.call(domain)
        else { return nil }
        return LibvirtEvent.DomainIdentity(name: name, uuid: uuid, id: id == .max ? nil : id)
    }
}

/// Registers callbacks with libvirt.
enum EventRegistration {
    typealias AnyCallback = @convention(c) () -> Void
    private static let free: @convention(c) (UnsafeMutableRawPointer?) -> Void = { data in
        if let data { Unmanaged<EventBox>.fromOpaque(data).release() }
    }

    /// Registers a kind of event; blocks. False where the driver does not have it.
    static func register(
        _ kind: LibvirtEvent.Kind, on handle: ConnectionHandle, _ deliver: @escaping @Sendable (LibvirtEvent) -> Void
    ) throws -> Bool {
        // SAFETY: libvirt frees the box through `free` when the callback is taken back; here where it refuses it.
        let box = Unmanaged.passRetained(EventBox(kind, deliver))
        let connection = handle.pointer
        let id: CInt
        do {
            if let (number, callback) = DomainEventCallbacks.table[kind] {
                id = try Libvirt.virConnectDomainEventRegisterAny.call(
                    connection, nil, number, callback, box.toOpaque(), free)
                if id >= 0 { handle.add(id, try Libvirt.virConnectDomainEventDeregisterAny.call) }
            } else {
                id = try registerOther(kind, handle, box.toOpaque())
            }
        } catch {
            box.release()
            throw error
        }
        if id < 0 { box.release() }
        return id >= 0
    }

    private static func registerOther(
        _ kind: LibvirtEvent.Kind, _ handle: ConnectionHandle, _ box: UnsafeMutableRawPointer
    ) throws -> CInt {
        let connection = handle.pointer
        let id: CInt
        switch kind {
        case .networkLifecycle:
            id = try Libvirt.virConnectNetworkEventRegisterAny.call(
                connection, nil, 0, HostEventCallbacks.network, box, free)
            if id >= 0 { handle.add(id, try Libvirt.virConnectNetworkEventDeregisterAny.call) }
        case .storagePoolLifecycle, .storagePoolRefresh:
            let isRefresh = kind == .storagePoolRefresh
            id = try Libvirt.virConnectStoragePoolEventRegisterAny.call(
                connection, nil, isRefresh ? 1 : 0,
                isRefresh ? HostEventCallbacks.poolRefresh : HostEventCallbacks.pool, box, free)
            if id >= 0 { handle.add(id, try Libvirt.virConnectStoragePoolEventDeregisterAny.call) }
        case .nodeDeviceLifecycle, .nodeDeviceUpdate:
            let isUpdate = kind == .nodeDeviceUpdate
            id = try Libvirt.virConnectNodeDeviceEventRegisterAny.call(
                connection, nil, isUpdate ? 1 : 0,
                isUpdate ? HostEventCallbacks.deviceUpdate : HostEventCallbacks.device, box, free)
            if id >= 0 { handle.add(id, try Libvirt.virConnectNodeDeviceEventDeregisterAny.call) }
        case .qemuMonitor:
            id = try Libvirt.virConnectDomainQemuMonitorEventRegister.call(
                connection, nil, nil, DomainEventCallbacks.qemuMonitor, box, free, 0)
            if id >= 0 { handle.add(id, try Libvirt.virConnectDomainQemuMonitorEventDeregister.call) }
        default: id = -1
        }
        return id
    }

    /// The box behind a callback's data.
    ///
    /// SAFETY: libvirt calls a callback only between its registration and the call of `free`.
    static func box(_ data: UnsafeMutableRawPointer?) -> EventBox? {
        data.map { Unmanaged<EventBox>.fromOpaque($0).takeUnretainedValue() }
    }

    /// A C string as a value, where there is one.
    static func text(_ text: UnsafePointer<CChar>?) -> LibvirtValue { .string(text.map { String(cString: $0) } ?? "") }
}
