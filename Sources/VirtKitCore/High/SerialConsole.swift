internal import Synchronization

/// A serial port's two directions, for the program that embeds the machine.
///
/// Output is kept in a buffer of fixed capacity. A reader starts at the oldest byte kept, and follows at its own speed;
/// several may read at once, and nobody need. When the buffer is full, the oldest bytes are dropped: the guest is never
/// held up, and a reader that has fallen behind is told how many bytes it missed. Input waits in a queue of fixed
/// capacity; `send` waits for room in it.
public final class SerialConsole: Sendable {
    struct State {
        var output: OutputRing
        var finished = false
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var input = InputQueue()
        var inputWaiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
    }

    typealias Waiters = any WritableKeyPath<State, [Int: CheckedContinuation<Void, Never>]> & Sendable

    let state: Mutex<State>
    private let inputCapacity: Int
    private let inputArrived: Mutex<(@Sendable () -> Void)?> = Mutex(nil)

    /// Makes a console, with the bounds that the configuration names.
    public init(_ configuration: SerialConfiguration = SerialConfiguration()) {
        state = Mutex(State(output: OutputRing(capacity: max(1, configuration.outputCapacity))))
        inputCapacity = max(1, configuration.inputCapacity)
    }

    // MARK: For readers and writers

    /// The output as it came, in chunks, from the oldest byte kept.
    public func bytes() -> SerialBytes { SerialBytes(console: self) }

    /// The output as lines, from the oldest byte kept.
    ///
    /// A line ends at a newline, which is left out, as is a carriage return before it. A line longer than
    /// `maximumLength` bytes (at least 4) comes in pieces of at most that length. Invalid UTF-8 becomes U+FFFD. Text after the last
    /// newline comes when the machine has ended; or, with `promptAfter`, when nothing followed it for that long: so a
    /// prompt can be seen. Where bytes were dropped, what was read of the broken line comes as a line.
    public func lines(maximumLength: Int = 65536, promptAfter: Duration? = nil) -> SerialLines {
        SerialLines(
            bytes: bytes(), maximumLength: min(max(4, maximumLength), 1 << 30), promptAfter: promptAfter)
    }

    /// The output that is kept at this moment.
    public var recentOutput: [UInt8] { state.withLock { $0.output.all } }

    /// How many bytes have been dropped from the buffer since the machine was made, whether or not anyone had read them.
    public var droppedByteCount: UInt64 { state.withLock { $0.output.start } }

    /// Sends bytes to the guest; waits while the queue is full.
    ///
    /// - Throws: `VirtKitError` with `.invalidState` when the machine has ended, and `CancellationError`. Bytes that
    ///   had room before that have been sent.
    public func send(_ bytes: [UInt8]) async throws {
        var rest = bytes[...]
        while true {
            let room: Int? = state.withLock { state in
                guard !state.finished else { return nil }
                let room = min(rest.count, inputCapacity - state.input.count)
                state.input.append(rest.prefix(room))
                return room
            }
            guard let room else {
                throw VirtKitError(
                    .invalidState, operation: "send to serial console", message: "the machine has ended")
            }
            rest = rest.dropFirst(room)
            if room > 0 { inputArrived.withLock { $0 }?() }
            if rest.isEmpty { return }
            await wait(\.inputWaiters) { !$0.finished && $0.input.count >= self.inputCapacity }
            try Task.checkCancellation()
        }
    }

    /// Sends text to the guest as UTF-8; waits while the queue is full.
    public func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    // MARK: For hypervisors

    /// Takes in output of the guest. Never blocks.
    public func deliver(_ bytes: some Collection<UInt8>) {
        // Nothing would look to a reader that waits for a prompt like the end of its waiting.
        if bytes.isEmpty { return }
        resume(
            state.withLock { state in
                state.output.append(bytes)
                defer { state.waiters = [:] }
                return Array(state.waiters.values)
            })
    }

    /// Takes in one byte of output of the guest. Never blocks.
    public func deliver(_ byte: UInt8) { deliver(CollectionOfOne(byte)) }

    /// Takes up to `limit` bytes of input for the guest.
    public func takeInput(upTo limit: Int) -> [UInt8] {
        let (taken, waiters) = state.withLock { state in
            let taken = state.input.take(upTo: limit)
            guard !taken.isEmpty else { return (taken, [CheckedContinuation<Void, Never>]()) }
            defer { state.inputWaiters = [:] }
            return (taken, Array(state.inputWaiters.values))
        }
        resume(waiters)
        return taken
    }

    /// Names what is called, on the sender's thread, when input has arrived. Nil to let it go.
    public func onInput(_ callback: (@Sendable () -> Void)?) { inputArrived.withLock { $0 = callback } }

    /// Ends the output: readers get what is kept and then the end; senders get an error.
    public func finish() {
        resume(
            state.withLock { state in
                state.finished = true
                defer {
                    state.waiters = [:]
                    state.inputWaiters = [:]
                }
                return Array(state.waiters.values) + Array(state.inputWaiters.values)
            })
    }

    // MARK: Waiting

    private func resume(_ waiters: [CheckedContinuation<Void, Never>]) {
        for waiter in waiters { waiter.resume() }
    }

    /// Waits until someone resumes the waiters of `list`, the task is cancelled, or `timeout` has passed; not at all
    /// where `condition` does not hold. The caller looks again.
    func wait(
        _ list: Waiters,
        timeout: Duration? = nil, while condition: @Sendable (borrowing State) -> Bool
    ) async {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        var timer: Task<Void, Never>?
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waits = state.withLock { state in
                    guard !Task.isCancelled, condition(state) else { return false }
                    state[keyPath: list][id] = continuation
                    return true
                }
                guard waits else { return continuation.resume() }
                // Not before the waiter is in the list: a timer that found nobody would leave it waiting for ever.
                if let timeout {
                    timer = Task { [weak self] in
                        try? await Task.sleep(for: timeout)
                        self?.release(list, id)
                    }
                }
            }
        } onCancel: {
            release(list, id)
        }
        timer?.cancel()
    }

    private func release(_ list: Waiters, _ id: Int) {
        state.withLock { $0[keyPath: list].removeValue(forKey: id) }?.resume()
    }
}

/// Bytes that wait for the guest, first in, first out. Taking a few from the front of many moves none of the others.
struct InputQueue: Sendable {
    private var storage: [UInt8] = []
    private var taken = 0
    var count: Int { storage.count - taken }

    mutating func append(_ bytes: some Collection<UInt8>) { storage.append(contentsOf: bytes) }

    mutating func take(upTo limit: Int) -> [UInt8] {
        // A copy in any case: an array of the whole would share the storage, which could not change in place then.
        let bytes = storage[taken...].prefix(max(0, limit)).map { $0 }
        taken += bytes.count
        // What was taken is let go in halves, so that each byte is moved once on average.
        if taken * 2 >= storage.count {
            storage.removeFirst(taken)
            taken = 0
        }
        return bytes
    }
}

/// The newest bytes of a stream, at most `capacity` of them.
struct OutputRing: Sendable {
    private let capacity: Int
    private var storage: [UInt8] = []
    private var head = 0
    /// The position in the stream of the oldest byte kept.
    private(set) var start: UInt64 = 0
    /// The position in the stream after the newest byte.
    var end: UInt64 { start + UInt64(storage.count) }

    init(capacity: Int) { self.capacity = capacity }

    mutating func append(_ bytes: some Collection<UInt8>) {
        for byte in bytes {
            if storage.count < capacity {
                storage.append(byte)
            } else {
                storage[head] = byte
                head = head + 1 == capacity ? 0 : head + 1
                start += 1
            }
        }
    }

    /// Up to `limit` bytes from a position in the stream, which must be in what is kept.
    func bytes(from position: UInt64, limit: Int) -> [UInt8] {
        let skipped = Int(position - start)
        let count = min(limit, storage.count - skipped)
        guard count > 0 else { return [] }
        var first = head + skipped
        if first >= storage.count { first -= storage.count }
        let straight = min(count, storage.count - first)
        return Array(storage[first..<first + straight]) + Array(storage[0..<count - straight])
    }

    var all: [UInt8] { bytes(from: start, limit: storage.count) }
}
