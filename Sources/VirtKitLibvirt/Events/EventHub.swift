internal import CVirtKit
internal import Synchronization

/// Takes a connection's events from libvirt and gives them to readers, over reconnections.
final class EventHub: Sendable {
    private struct Reader {
        let kinds: Set<LibvirtEvent.Kind>
        let domain: String?
        let buffer: EventBuffer
    }

    private struct State {
        var readers: [Int: Reader] = [:]
        var next = 0
        /// What is to be registered on each connection.
        var wanted: Set<LibvirtEvent.Kind> = []
        /// What is registered on the connection of that generation, or could not be.
        var registered: [LibvirtEvent.Kind: Bool] = [:]
        var generation = 0
        var finished = false
    }

    private let state = Mutex(State())
    private let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    /// Adds a reader; the events come once `register` has returned.
    func add(_ kinds: Set<LibvirtEvent.Kind>, domain: String?) -> LibvirtEvents {
        let buffer = EventBuffer(capacity: capacity)
        let id: Int? = state.withLock { state in
            guard !state.finished else { return nil }
            state.next += 1
            state.wanted.formUnion(kinds)
            state.readers[state.next] = Reader(kinds: kinds, domain: domain, buffer: buffer)
            return state.next
        }
        if id == nil { buffer.finish() }
        return LibvirtEvents(
            buffer: buffer,
            subscription: LibvirtEvents.Subscription { [weak self] in
                guard let id else { return }
                _ = self?.state.withLock { $0.readers.removeValue(forKey: id) }
            })
    }

    /// Registers what is wanted and not registered; blocks. Gives what the driver refuses.
    @discardableResult
    func register(on handle: ConnectionHandle) throws -> Set<LibvirtEvent.Kind> {
        let missing: Set<LibvirtEvent.Kind> = state.withLock { state in
            if handle.generation > state.generation {
                state.generation = handle.generation
                state.registered = [:]
            }
            guard handle.generation == state.generation else { return [] }
            let missing = state.wanted.subtracting(state.registered.keys)
            for kind in missing { state.registered[kind] = true }
            return missing
        }
        for kind in missing {
            let accepted = (try? accept(kind, on: handle)) ?? false
            if !accepted {
                state.withLock { if $0.generation == handle.generation { $0.registered[kind] = false } }
            }
        }
        return state.withLock { Set($0.registered.filter { !$0.value }.keys) }
    }

    private func accept(_ kind: LibvirtEvent.Kind, on handle: ConnectionHandle) throws -> Bool {
        if let relay = handle.relay { return try relay.register(kind, for: self) }
        let hub = WeakReference(self)
        return try EventRegistration.register(kind, on: handle) { hub.object?.send($0) }
    }

    /// A connection is there: the first, or another after one that was lost.
    func connected(_ connection: LibvirtConnection, _ handle: ConnectionHandle) async {
        guard state.withLock({ !$0.wanted.isEmpty }) else { return }
        // Not on the connection's own threads: those may all wait in calls.
        _ = try? await LibvirtConnection.openingPool.run { [self] in try register(on: handle) }
        if handle.generation > 1 { send(LibvirtEvent(.gap), toAll: true) }
    }

    /// The connection was lost.
    func lost(_ reason: LibvirtConnection.CloseReason) {
        send(
            LibvirtEvent(
                .connectionLost,
                values: ["reason": .int(reason.rawValue), "message": .string(reason.description)]), toAll: true)
    }

    /// Gives an event to its readers. Never blocks.
    func send(_ event: LibvirtEvent, toAll: Bool = false) {
        let buffers = state.withLock { state in
            state.readers.values.filter { reader in
                toAll
                    || reader.kinds.contains(event.kind)
                        && (reader.domain == nil || reader.domain == event.domain?.uuid)
            }.map(\.buffer)
        }
        for buffer in buffers { buffer.send(event) }
    }

    /// Ends every sequence, those to come as well.
    func finish() {
        let buffers = state.withLock { state in
            state.finished = true
            return state.readers.values.map(\.buffer)
        }
        for buffer in buffers { buffer.finish() }
    }
}
