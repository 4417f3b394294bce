internal import Synchronization

/// The events of a connection of libvirt's that several of ours share: libvirt takes each callback once for a connection, so each kind
/// is registered once, and given to all.
final class EventRelay: Sendable {
    private struct State {
        var hubs: [ObjectIdentifier: WeakReference<EventHub>] = [:]
        /// What is registered, or could not be.
        var registered: [LibvirtEvent.Kind: Bool] = [:]
    }

    private let state = Mutex(State())
    /// A reference of the relay's own, which stays: so do its callbacks.
    private let handle: ConnectionHandle

    init(_ handle: ConnectionHandle) { self.handle = handle }

    /// Has events of a kind sent to a hub as well; blocks. False where the driver does not have them.
    func register(_ kind: LibvirtEvent.Kind, for hub: EventHub) throws -> Bool {
        let known: Bool? = state.withLock { state in
            state.hubs = state.hubs.filter { $0.value.object != nil }
            state.hubs[ObjectIdentifier(hub)] = WeakReference(hub)
            defer { if state.registered[kind] == nil { state.registered[kind] = true } }
            return state.registered[kind]
        }
        if let known { return known }
        let relay = WeakReference(self)
        let accepted = (try? EventRegistration.register(kind, on: handle) { relay.object?.send($0) }) ?? false
        if !accepted { state.withLock { $0.registered[kind] = false } }
        return accepted
    }

    private func send(_ event: LibvirtEvent) {
        let hubs = state.withLock { $0.hubs.values.compactMap(\.object) }
        // Each takes what its readers want.
        for hub in hubs { hub.send(event) }
    }
}
