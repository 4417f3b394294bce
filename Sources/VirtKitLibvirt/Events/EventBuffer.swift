internal import Synchronization

/// What one reader has not read yet: at most `capacity` events; of more, the oldest are dropped and counted.
final class EventBuffer: Sendable {
    private struct State {
        var events: [LibvirtEvent] = []
        var head = 0
        var dropped: UInt64 = 0
        var finished = false
        var reader: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    private let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    func send(_ event: LibvirtEvent) {
        let reader: CheckedContinuation<Void, Never>? = state.withLock { state in
            guard !state.finished else { return nil }
            if state.events.count - state.head >= capacity {
                state.head += 1
                state.dropped += 1
            }
            if state.head > capacity {
                state.events.removeFirst(state.head)
                state.head = 0
            }
            state.events.append(event)
            return Self.takeReader(&state)
        }
        reader?.resume()
    }

    func finish() {
        state.withLock { state in
            state.finished = true
            return Self.takeReader(&state)
        }?.resume()
    }

    /// The next event; nil at the end, or when the task is cancelled.
    func next() async -> LibvirtEvent? {
        while !Task.isCancelled {
            let (event, ended): (LibvirtEvent?, Bool) = state.withLock { state in
                if state.dropped > 0 {
                    defer { state.dropped = 0 }
                    return (LibvirtEvent(.gap, values: ["missed": .unsignedLong(state.dropped)]), false)
                }
                guard state.head < state.events.count else { return (nil, state.finished) }
                defer {
                    state.head += 1
                    if state.head == state.events.count {
                        state.events = []
                        state.head = 0
                    }
                }
                return (state.events[state.head], false)
            }
            if let event { return event }
            if ended { return nil }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let (mine, other) = state.withLock { state in
                        let isQuiet = state.head == state.events.count && state.dropped == 0 && !state.finished
                        guard isQuiet, !Task.isCancelled else {
                            return (false, nil as CheckedContinuation<Void, Never>?)
                        }
                        // A second reader of the same sequence takes the first one's place; both look again.
                        defer { state.reader = continuation }
                        return (true, Self.takeReader(&state))
                    }
                    other?.resume()
                    if !mine { continuation.resume() }
                }
            } onCancel: {
                state.withLock { Self.takeReader(&$0) }?.resume()
            }
        }
        return nil
    }

    private static func takeReader(_ state: inout State) -> CheckedContinuation<Void, Never>? {
        defer { state.reader = nil }
        return state.reader
    }
}

/// Events, for one reader. It goes on when a lost connection is made again, and says by `.gap` that events are missing; it ends
/// when the connection is closed, or lost without being made again.
public struct LibvirtEvents: AsyncSequence, Sendable {
    /// An element of the sequence.
    public typealias Element = LibvirtEvent
    let buffer: EventBuffer
    /// Takes the reader off the list when the last copy of the sequence is gone.
    let subscription: Subscription

    /// Reads the events.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let events: LibvirtEvents
        /// The next event; nil at the end, or when the task is cancelled.
        public mutating func next() async -> LibvirtEvent? { await events.buffer.next() }
    }

    /// Makes an iterator. A sequence is for one reader: a second iterator shares its events.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(events: self) }

    final class Subscription: Sendable {
        let end: @Sendable () -> Void
        init(_ end: @escaping @Sendable () -> Void) { self.end = end }
        deinit { end() }
    }
}
