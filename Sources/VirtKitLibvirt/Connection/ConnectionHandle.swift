internal import Synchronization

/// An open connection of libvirt; closed with the last reference.
final class ConnectionHandle: @unchecked Sendable {
    /// How an event's callback is taken back.
    typealias Deregister = @convention(c) (OpaquePointer?, CInt) -> CInt

    // SAFETY: a virConnectPtr may be used from any thread.
    let pointer: OpaquePointer
    /// Which of a `LibvirtConnection`'s connections this is: 1 for the first.
    let generation: Int
    /// Who registers callbacks, where the connection is shared; nil for this handle.
    let relay: EventRelay?
    private let hasCloseCallback: Bool
    private let callbacks = Mutex<[(Deregister, CInt)]>([])

    init(_ pointer: OpaquePointer, generation: Int, hasCloseCallback: Bool, relay: EventRelay? = nil) {
        self.relay = relay
        self.pointer = pointer
        self.generation = generation
        self.hasCloseCallback = hasCloseCallback
    }

    /// Notes a registered callback: each holds a reference to the connection, which would not be closed otherwise.
    func add(_ callback: CInt, _ deregister: @escaping Deregister) {
        callbacks.withLock { $0.append((deregister, callback)) }
    }

    private struct Closing: @unchecked Sendable {
        let pointer: OpaquePointer
        let callbacks: [(Deregister, CInt)]
    }

    deinit {
        // Closing talks to the daemon, and this may be a thread that must not block.
        let closing = Closing(pointer: pointer, callbacks: callbacks.withLock { $0 })
        let hasCloseCallback = hasCloseCallback
        LibvirtConnection.openingPool.post {
            if hasCloseCallback {
                _ = try? Libvirt.virConnectUnregisterCloseCallback.call(closing.pointer, closeCallback)
            }
            for (deregister, callback) in closing.callbacks { _ = deregister(closing.pointer, callback) }
            _ = try? Libvirt.virConnectClose.call(closing.pointer)
        }
    }
}
