internal import Synchronization

/// A sequence of a machine's events, for one reader.
public struct MachineEvents: AsyncSequence, Sendable {
    /// An element of the sequence.
    public typealias Element = MachineEvent

    let stream: AsyncStream<MachineEvent>
    let dropped: DroppedCount

    /// Reads the events.
    public struct AsyncIterator: AsyncIteratorProtocol {
        var inner: AsyncStream<MachineEvent>.Iterator
        let dropped: DroppedCount
        var held: MachineEvent?

        /// The next event; nil after the machine's end, or when the task is cancelled.
        public mutating func next() async -> MachineEvent? {
            if let event = held {
                held = nil
                return event
            }
            guard let event = await inner.next(isolation: #isolation) else { return nil }
            let count = dropped.take()
            guard count > 0 else { return event }
            held = event
            return MachineEvent(.gap, details: "\(count)")
        }
    }

    /// Makes an iterator. A sequence is for one reader: a second iterator shares its events.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(inner: stream.makeAsyncIterator(), dropped: dropped)
    }
}

final class DroppedCount: Sendable {
    private let count = Atomic<Int>(0)
    func add() { count.add(1, ordering: .relaxed) }
    func take() -> Int { count.exchange(0, ordering: .relaxed) }
}

/// What a hypervisor sends a machine's events through.
public final class MachineEventSource: Sendable {
    private struct Reader {
        let continuation: AsyncStream<MachineEvent>.Continuation
        let dropped: DroppedCount
    }

    private struct State {
        var readers: [Int: Reader] = [:]
        var next = 0
        var finished = false
    }

    private let state = Mutex(State())

    /// Makes a source without readers.
    public init() {}

    /// A new sequence of the events from now on.
    public func events() -> MachineEvents {
        let (stream, continuation) = AsyncStream.makeStream(
            of: MachineEvent.self, bufferingPolicy: .bufferingNewest(256))
        let dropped = DroppedCount()
        let id: Int? = state.withLock { state in
            guard !state.finished else { return nil }
            state.next += 1
            state.readers[state.next] = Reader(continuation: continuation, dropped: dropped)
            return state.next
        }
        if let id {
            continuation.onTermination = { [weak self] _ in
                _ = self?.state.withLock { $0.readers.removeValue(forKey: id) }
            }
        } else {
            continuation.finish()
        }
        return MachineEvents(stream: stream, dropped: dropped)
    }

    /// Sends an event to every reader.
    public func send(_ event: MachineEvent) {
        for reader in state.withLock({ Array($0.readers.values) }) {
            if case .dropped = reader.continuation.yield(event) { reader.dropped.add() }
        }
    }

    /// Ends every sequence, those to come as well.
    public func finish() {
        let readers = state.withLock { state in
            state.finished = true
            return Array(state.readers.values)
        }
        for reader in readers { reader.continuation.finish() }
    }
}
