internal import CVirtKit
internal import Synchronization

/// A stream of bytes from and to the other side of a connection: a console, a channel, a volume's contents.
///
/// What has arrived and was not read waits in a buffer of 256 KiB; while that is full nothing more is taken from the host, so that
/// nothing is lost: the guest's side waits. One task may read and one may write at a time.
public final class LibvirtStream: Sendable {
    /// Bytes that may wait for the reader.
    static let capacity = 256 << 10

    private struct State {
        var received: [[UInt8]] = []
        var receivedCount = 0
        /// What libvirt is to tell us of: readable always but while the buffer is full, writable while somebody waits.
        var takes = true
        var wantsRoom = false
        var ended = false
        var error: LibvirtError?
        var closed = false
        var reader: CheckedContinuation<Void, Never>?
        var writer: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    private let connection: LibvirtConnection
    private let operation: String
    private let native: NativeStream

    private init(_ connection: LibvirtConnection, _ native: NativeStream, _ operation: String) {
        self.connection = connection
        self.native = native
        self.operation = operation
    }

    /// Opens a stream.
    ///
    /// - Parameters:
    ///   - connection: where.
    ///   - operation: for errors.
    ///   - begin: makes the call that the stream is for; on a thread that may block.
    static func open<Value: Sendable>(
        on connection: LibvirtConnection, _ operation: String,
        _ begin: @escaping @Sendable (ConnectionHandle, OpaquePointer) throws -> Value
    ) async throws -> (Value, LibvirtStream) {
        try await connection.perform(operation) { handle, call in
            // VIR_STREAM_NONBLOCK is 1.
            let pointer = try call.pointer(Libvirt.virStreamNew.call(handle.pointer, 1))
            let native = NativeStream(pointer, handle)
            let value = try begin(handle, pointer)
            let stream = LibvirtStream(connection, native, operation)
            try native.listen(StreamBox(stream), call)
            connection.add(stream)
            return (value, stream)
        }
    }

    // MARK: On libvirt's event thread

    /// libvirt has something to say of the stream.
    func take(_ events: CInt) {
        if events & 1 != 0 { receive() }
        if events & 2 != 0 { roomCame() }
        if events & (4 | 8) != 0 {
            // What came before the end is read first.
            receive()
            end(nil)
        }
    }

    private func receive() {
        while state.withLock({ !$0.ended && $0.receivedCount < Self.capacity }) {
            var buffer = [UInt8](repeating: 0, count: 65536)
            let count = native.receive(&buffer)
            switch count {
            case 1...:
                buffer.removeLast(buffer.count - Int(count))
                let chunk = buffer
                state.withLock { state in
                    state.received.append(chunk)
                    state.receivedCount += chunk.count
                    return Self.take(&state.reader)
                }?.resume()
            case 0: return end(nil)
            // Nothing more at the moment.
            case -2: return
            default: return end(LibvirtError.last(operation))
            }
        }
        let isFull = state.withLock { state in
            guard !state.ended else { return false }
            state.takes = false
            return true
        }
        if isFull { updateInterest() }
    }

    private func roomCame() {
        state.withLock { state in
            state.wantsRoom = false
            return Self.take(&state.writer)
        }?.resume()
        updateInterest()
    }

    /// The stream has ended: by itself, by an error, or with its connection.
    func end(_ error: LibvirtError?) {
        let (reader, writer) = state.withLock { state in
            if !state.ended {
                state.ended = true
                state.error = error
            }
            return (Self.take(&state.reader), Self.take(&state.writer))
        }
        reader?.resume()
        writer?.resume()
    }

    private static func take(_ waiter: inout CheckedContinuation<Void, Never>?) -> CheckedContinuation<Void, Never>? {
        defer { waiter = nil }
        return waiter
    }

    private func updateInterest() {
        let (takes, wantsRoom) = state.withLock { ($0.takes, $0.wantsRoom) }
        native.listen(for: (takes ? 1 : 0) | (wantsRoom ? 2 : 0) | 4 | 8)
    }

    // MARK: For readers and writers

    /// The next bytes, at least one; nil at the end.
    ///
    /// - Throws: `LibvirtError` where the stream was broken, and `CancellationError`.
    public func read() async throws -> [UInt8]? {
        while true {
            try Task.checkCancellation()
            let (chunk, ended, error, takesAgain): ([UInt8]?, Bool, LibvirtError?, Bool) = state.withLock { state in
                guard !state.received.isEmpty else { return (nil, state.ended, state.error, false) }
                let chunk = state.received.removeFirst()
                state.receivedCount -= chunk.count
                let again = !state.takes && state.receivedCount < Self.capacity / 2
                if again { state.takes = true }
                return (chunk, false, nil, again)
            }
            if takesAgain { connection.pool.post { [self] in updateInterest() } }
            if let chunk { return chunk }
            if let error { throw error }
            if ended { return nil }
            await wait(\.reader) { $0.received.isEmpty && !$0.ended }
        }
    }

    /// Sends bytes; waits while the other side has no room.
    ///
    /// - Throws: `LibvirtError` where the stream has ended, and `CancellationError`. What had room before that has been sent.
    public func write(_ bytes: [UInt8]) async throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            try Task.checkCancellation()
            if let error = state.withLock({ $0.ended || $0.closed ? $0.error ?? endedError : nil }) { throw error }
            let piece = Array(rest.prefix(32768))
            let sent = try await connection.pool.run { [native, operation] in
                let count = native.send(piece)
                // -2 says that there is no room at the moment.
                if count < 0, count != -2 { throw LibvirtError.last(operation) }
                return max(0, Int(count))
            }
            rest = rest.dropFirst(sent)
            guard sent == 0 else { continue }
            state.withLock { $0.wantsRoom = true }
            connection.pool.post { [self] in updateInterest() }
            await wait(\.writer) { $0.wantsRoom && !$0.ended }
        }
    }

    private var endedError: LibvirtError {
        LibvirtError(.invalidStream, domain: .streams, operation: operation, message: "the stream has ended")
    }

    private func wait(
        _ waiter: any WritableKeyPath<State, CheckedContinuation<Void, Never>?> & Sendable,
        while condition: @Sendable (borrowing State) -> Bool
    ) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (waits, other) = state.withLock { state in
                    guard !Task.isCancelled, condition(state) else {
                        return (false, nil as CheckedContinuation<Void, Never>?)
                    }
                    let other = state[keyPath: waiter]
                    state[keyPath: waiter] = continuation
                    return (true, other)
                }
                other?.resume()
                if !waits { continuation.resume() }
            }
        } onCancel: {
            state.withLock { state in
                defer { state[keyPath: waiter] = nil }
                return state[keyPath: waiter]
            }?.resume()
        }
    }

    /// Says that everything was sent, and waits until the other side has it all. Needed after an upload.
    ///
    /// - Throws: `LibvirtError` where the other side could not take it.
    public func finish() async throws {
        guard
            state.withLock({ state in
                defer { state.closed = true }
                return !state.closed
            })
        else { return }
        let native = native
        let error = await withCheckedContinuation { continuation in
            native.close(finish: true) { continuation.resume(returning: $0) }
        }
        if let error { throw error }
        end(nil)
    }

    /// Ends the stream from this side. Nothing happens to one that was closed before.
    public func close() async {
        let (closes, wasEnded) = state.withLock { state in
            defer { state.closed = true }
            return (!state.closed, state.ended && state.error == nil)
        }
        guard closes else { return }
        end(nil)
        let native = native
        // Not cut short by cancellation: the stream is to be given back.
        await withCheckedContinuation { continuation in
            native.close(finish: wasEnded) { _ in continuation.resume() }
        }
    }

    /// What comes, in chunks.
    public var chunks: Chunks { Chunks(stream: self) }

    /// A stream's bytes in chunks; for one reader.
    public struct Chunks: AsyncSequence, Sendable {
        /// An element of the sequence.
        public typealias Element = [UInt8]
        let stream: LibvirtStream

        /// Reads the stream.
        public struct AsyncIterator: AsyncIteratorProtocol {
            let stream: LibvirtStream
            /// The next bytes; nil at the end.
            public mutating func next() async throws -> [UInt8]? { try await stream.read() }
        }

        /// Makes an iterator, which goes on where the stream is.
        public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(stream: stream) }
    }
}

extension LibvirtDomain {
    /// Opens a console of the running domain.
    ///
    /// - Parameters:
    ///   - device: the alias of a console, serial or parallel device; nil for the first.
    ///   - force: take it from whoever has it. (VIR_DOMAIN_CONSOLE_FORCE)
    ///   - safe: only where the driver can see that nobody has it. (VIR_DOMAIN_CONSOLE_SAFE)
    public func openConsole(device: String? = nil, force: Bool = false, safe: Bool = false) async throws
        -> LibvirtStream
    {
        let flags: UInt32 = (force ? 1 : 0) | (safe ? 2 : 0)
        return try await LibvirtStream.open(on: connection, "open console") { [self] handle, stream in
            try callNow(handle, "open console", texts: [device]) {
                try $0.check(Libvirt.virDomainOpenConsole.call($0.object, device, stream, flags))
            }
        }.1
    }

    /// Opens a channel of the running domain.
    ///
    /// - Parameters:
    ///   - name: its target's name; nil for the first.
    ///   - force: take it from whoever has it. (VIR_DOMAIN_CHANNEL_FORCE)
    public func openChannel(name: String? = nil, force: Bool = false) async throws -> LibvirtStream {
        try await LibvirtStream.open(on: connection, "open channel") { [self] handle, stream in
            try callNow(handle, "open channel", texts: [name]) {
                try $0.check(Libvirt.virDomainOpenChannel.call($0.object, name, stream, force ? 1 : 0))
            }
        }.1
    }
}
