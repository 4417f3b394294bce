internal import CVirtKit
internal import Synchronization

/// A connection to a hypervisor, by any of libvirt's URIs.
///
/// Calls run on the connection's own threads, never on Swift's cooperative pool. A call ends at once when its task is
/// cancelled; one that was under way goes on behind it, on a thread that no longer counts within
/// `options.maximumThreads`, up to 64 of them, so that a host that does not answer holds up no other calls. `close()` ends the
/// connection for domains and other objects that were looked up on it; what they stand for goes on.
public final class LibvirtConnection: Sendable {
    /// Where to: `qemu:///system`, `qemu+ssh://host/system`, `test:///default` …
    public let uri: String
    /// How the connection was opened.
    public let options: Options

    /// Opens and closes connections: calls that may take long, of all connections.
    static let openingPool = CallPool(name: "libvirt-open", limit: 32)

    struct State {
        var handle: ConnectionHandle?
        var generation = 0
        var isClosed = false
        var closeReason: CloseReason?
        var reconnecting = false
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
    }

    let state = Mutex(State())
    let pool: CallPool
    let hub: EventHub
    private let streams = Mutex<[ObjectIdentifier: WeakReference<LibvirtStream>]>([:])

    private init(_ uri: String, _ options: Options) {
        self.uri = uri
        self.options = options
        pool = CallPool(name: "libvirt-call", limit: min(max(1, options.maximumThreads), 1000))
        hub = EventHub(capacity: max(1, options.eventCapacity))
    }

    deinit {
        pool.close()
        hub.finish()
    }

    // MARK: Opening and closing

    /// Opens a connection.
    ///
    /// - Parameters:
    ///   - uri: libvirt's URI.
    ///   - options: how.
    /// - Throws: `LibvirtError`; `CancellationError` at once when the task is cancelled, while the attempt is left behind.
    public static func open(_ uri: String, options: Options = Options()) async throws -> LibvirtConnection {
        let connection = LibvirtConnection(uri, options)
        try await connection.connect()
        return connection
    }

    /// Opens a connection for the length of a scope.
    public nonisolated(nonsending) static func with<Result>(
        _ uri: String, options: Options = Options(),
        _ body: nonisolated(nonsending) (LibvirtConnection) async throws -> Result
    ) async throws -> Result {
        let connection = try await open(uri, options: options)
        do {
            let result = try await body(connection)
            await connection.close()
            return result
        } catch {
            await connection.close()
            throw error
        }
    }

    /// Closes the connection: later calls throw `.connectionClosed`, and event sequences end. Calls under way end as the
    /// driver lets them. libvirt's own connection ends with the last `LibvirtDomain` that was found on it; until then the host
    /// keeps what is to be destroyed with it. Nothing happens to a closed connection.
    public func close() async {
        let waiters = state.withLock { state in
            state.isClosed = true
            state.closeReason = state.closeReason ?? .client
            state.handle = nil
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
        endStreams()
        hub.finish()
        pool.close()
    }

    private func connect() async throws {
        let (uri, options) = (uri, options)
        let generation = state.withLock { $0.generation + 1 }
        let connection = WeakReference(self)
        let handle = try await Self.openingPool.run {
            try Self.openHandle(uri, options, generation: generation) { reason in
                connection.object?.lost(reason, generation: generation)
            }
        }
        let kept = state.withLock { state in
            guard !state.isClosed else { return false }
            state.handle = handle
            state.generation = generation
            return true
        }
        guard kept else { throw closedError("open connection") }
        await hub.connected(self, handle)
        let waiters = state.withLock { state in
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Opens a connection; blocks.
    private static func openHandle(
        _ uri: String, _ options: Options, generation: Int, lost: @escaping @Sendable (CloseReason) -> Void
    ) throws(LibvirtError) -> ConnectionHandle {
        let operation = "connect to \(uri)"
        guard !uri.utf8.contains(0) else { throw LibvirtError.invalid(operation, "the URI has a zero byte") }
        try LibvirtEventLoop.ensure()
        let flags: CUnsignedInt = options.isReadOnly ? 1 : 0
        let opened: OpaquePointer?
        let function = try Libvirt.virConnectOpenAuth.call
        func open(
            _ uri: String, _ auth: UnsafeMutablePointer<vk_virConnectAuth>?, _ flags: CUnsignedInt
        ) -> OpaquePointer? {
            EmbeddedDriver.isMeant(by: uri)
                ? EmbeddedDriver.connection(to: uri, flags) { function(uri, auth, flags) } : function(uri, auth, flags)
        }
        if let credentials = options.credentials {
            var kinds: [CInt] = [1, 2, 3, 4, 5, 6, 7, 8]
            let box = CredentialBox(credentials)
            // SAFETY: box and array outlive the call, and libvirt asks only during it.
            opened = kinds.withUnsafeMutableBufferPointer { kinds in
                var auth = vk_virConnectAuth(
                    credtype: kinds.baseAddress, ncredtype: CUnsignedInt(kinds.count), cb: credentialCallback,
                    cbdata: Unmanaged.passUnretained(box).toOpaque())
                return withExtendedLifetime(box) { open(uri, &auth, flags) }
            }
        } else {
            opened = open(uri, nil, flags)
        }
        guard let pointer = opened else { throw LibvirtError.last(operation).explained(opening: uri) }
        if let keepAlive = options.keepAlive {
            // Drivers that have no connection to keep alive refuse; nothing is lost then.
            _ = try Libvirt.virConnectSetKeepAlive.call(pointer, keepAlive.interval, keepAlive.count)
        }
        // SAFETY: the box is freed by libvirt through the last argument, or here where libvirt does not take it.
        let box = Unmanaged.passRetained(CloseBox(lost))
        let registered = try Libvirt.virConnectRegisterCloseCallback.call(
            pointer, closeCallback, box.toOpaque(), { Unmanaged<CloseBox>.fromOpaque($0!).release() })
        if registered < 0 { box.release() }
        let relay = EmbeddedDriver.isMeant(by: uri) ? try EmbeddedDriver.relay(for: pointer) : nil
        return ConnectionHandle(pointer, generation: generation, hasCloseCallback: registered >= 0, relay: relay)
    }

    // MARK: Losing and making again

    /// Called when a connection has ended by itself; on libvirt's event thread, or where a call has failed.
    private func lost(_ reason: CloseReason, generation: Int) {
        enum Step { case nothing, end, reconnect(Reconnect) }
        let step: Step = state.withLock { state in
            guard state.generation == generation, !state.isClosed, state.handle != nil else { return .nothing }
            state.handle = nil
            state.closeReason = reason
            guard let reconnect = options.reconnect else { return .end }
            guard !state.reconnecting else { return .nothing }
            state.reconnecting = true
            return .reconnect(reconnect)
        }
        if case .nothing = step { return }
        endStreams()
        switch step {
        case .nothing: break
        case .end:
            hub.lost(reason)
            hub.finish()
        case .reconnect(let policy):
            hub.lost(reason)
            let connection = WeakReference(self)
            Task.detached { await Self.reconnect(policy, connection) }
        }
    }

    /// Tries until it succeeds, or nobody wants the connection any more.
    private static func reconnect(_ policy: Reconnect, _ connection: WeakReference<LibvirtConnection>) async {
        var pause = policy.firstPause
        while true {
            guard let current = connection.object, !current.state.withLock({ $0.isClosed }) else { return }
            do {
                try await current.connect()
                current.state.withLock { $0.reconnecting = false }
                return
            } catch {
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, policy.longestPause)
            }
        }
    }

    /// Waits until the connection is there, where it is being made again.
    ///
    /// - Throws: `LibvirtError` with `.connectionClosed` where it won't be, and `CancellationError`.
    public func waitUntilConnected() async throws {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        while true {
            try Task.checkCancellation()
            if state.withLock({ $0.handle != nil }) { return }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let waits = state.withLock { state in
                        guard state.handle == nil, !state.isClosed, options.reconnect != nil, !Task.isCancelled else {
                            return false
                        }
                        state.waiters[id] = continuation
                        return true
                    }
                    if !waits { continuation.resume() }
                }
            } onCancel: {
                state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
            }
            try Task.checkCancellation()
            guard state.withLock({ $0.handle != nil || (!$0.isClosed && options.reconnect != nil) }) else {
                throw closedError("wait for the connection")
            }
        }
    }

    /// Whether there is a connection at this moment, as far as is known without asking.
    public var isConnected: Bool { state.withLock { $0.handle != nil } }

    /// Why the last connection ended; nil while none has.
    public var closeReason: CloseReason? { state.withLock { $0.closeReason } }

    // MARK: Streams

    /// Notes a stream that is to end with the connection.
    func add(_ stream: LibvirtStream) {
        streams.withLock { streams in
            // Those that are gone are taken off when others come: no list that only grows.
            streams = streams.filter { $0.value.object != nil }
            streams[ObjectIdentifier(stream)] = WeakReference(stream)
        }
    }

    private func endStreams() {
        let ending = streams.withLock { streams in
            defer { streams = [:] }
            return streams.values.compactMap(\.object)
        }
        for stream in ending { stream.end(closedError("read a stream")) }
    }

    // MARK: Calls

    func closedError(_ operation: String) -> LibvirtError {
        let (closed, reason) = state.withLock { ($0.isClosed, $0.closeReason) }
        if !closed, options.reconnect != nil {
            return LibvirtError(
                .connectionClosed, domain: .rpc, operation: operation,
                message: "the connection to \(uri) was lost (\(reason?.description ?? "no reason is known"))",
                remedy: "it is being made again: wait for it with waitUntilConnected()")
        }
        return LibvirtError(
            .connectionClosed, domain: .rpc, operation: operation,
            message: "the connection to \(uri) is closed (\(reason?.description ?? "no reason is known"))",
            remedy: "open another connection, or open it with reconnection")
    }

    func currentHandle(_ operation: String) throws(LibvirtError) -> ConnectionHandle {
        guard let handle = state.withLock({ $0.handle }) else { throw closedError(operation) }
        return handle
    }

    /// How long each of the task's calls may take; nil for no limit.
    @TaskLocal static var callLimit: Duration?

    /// Makes a call on one of the connection's threads.
    @discardableResult
    func perform<Value: Sendable>(
        _ operation: String, _ body: @escaping @Sendable (ConnectionHandle, NativeCall) throws -> Value
    ) async throws -> Value {
        if let limit = Self.callLimit {
            return try await pool.run(operation, within: limit) { [self] in try now(operation, body) }
        }
        return try await pool.run { [self] in try now(operation, body) }
    }

    /// Makes a call on this thread, which may block.
    func now<Value>(
        _ operation: String, _ body: (ConnectionHandle, NativeCall) throws -> Value
    ) throws -> Value {
        let handle = try currentHandle(operation)
        do {
            return try body(
                handle, NativeCall(connection: handle.pointer, object: nil, operation: operation))
        } catch let error as LibvirtError where error.domain == .rpc || error.domain == .remote {
            noticeDeath(of: handle)
            throw error
        }
    }

    /// Where keep-alive and close callbacks are missing, a failed call is how a lost connection is seen.
    func noticeDeath(of handle: ConnectionHandle) {
        guard let alive = try? Libvirt.virConnectIsAlive.call(handle.pointer), alive == 0 else { return }
        lost(.error, generation: handle.generation)
    }
}

/// What is called when a connection ends.
final class CloseBox: Sendable {
    let body: @Sendable (LibvirtConnection.CloseReason) -> Void
    init(_ body: @escaping @Sendable (LibvirtConnection.CloseReason) -> Void) { self.body = body }
}

/// (virConnectCloseFunc)
///
/// SAFETY: libvirt holds a reference to the box until it has called the callback that frees it.
let closeCallback: @convention(c) (OpaquePointer?, CInt, UnsafeMutableRawPointer?) -> Void = { _, reason, data in
    guard let data else { return }
    Unmanaged<CloseBox>.fromOpaque(data).takeUnretainedValue().body(.init(rawValue: reason))
}
