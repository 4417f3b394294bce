internal import Synchronization

/// A piece of a serial port's output.
public struct SerialChunk: Hashable, Sendable {
    /// The bytes; not empty.
    public let bytes: [UInt8]
    /// How many bytes this reader missed just before them, because it fell behind.
    public let droppedBefore: UInt64
}

/// A serial port's output as bytes, in chunks of at most 64 KiB. It ends when the machine has ended, and early when the
/// reading task is cancelled.
public struct SerialBytes: AsyncSequence, Sendable {
    /// An element of the sequence.
    public typealias Element = SerialChunk
    let console: SerialConsole

    /// Reads from the oldest byte kept.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(console: console) }

    /// A reader's place in the output.
    public struct AsyncIterator: AsyncIteratorProtocol {
        enum Step {
            case chunk(SerialChunk)
            case silence
            case end
        }

        let console: SerialConsole
        var position: UInt64 = 0
        var hasRead = false

        /// The next chunk; nil at the end.
        public mutating func next() async -> SerialChunk? {
            if case .chunk(let chunk) = await step(silenceAfter: nil) { return chunk }
            return nil
        }

        mutating func step(silenceAfter limit: Duration?) async -> Step {
            var waited = false
            while true {
                // First, since a guest that prints without end always has another chunk.
                if Task.isCancelled { return .end }
                let (chunk, next, finished) = console.state.withLock { state in
                    let from = Swift.max(position, state.output.start)
                    let bytes = state.output.bytes(from: from, limit: 65536)
                    // What was dropped before a reader's first byte is not a gap in what it reads.
                    let missed = hasRead ? from - position : 0
                    let chunk = SerialChunk(bytes: bytes, droppedBefore: missed)
                    return (chunk, from + UInt64(bytes.count), state.finished)
                }
                if !chunk.bytes.isEmpty {
                    position = next
                    hasRead = true
                    return .chunk(chunk)
                }
                if finished { return .end }
                if waited, limit != nil { return .silence }
                let seen = position
                await console.wait(\.waiters, timeout: limit) { !$0.finished && $0.output.end <= seen }
                waited = true
            }
        }
    }
}

/// A serial port's output as lines; see `SerialConsole.lines(maximumLength:promptAfter:)`.
public struct SerialLines: AsyncSequence, Sendable {
    /// An element of the sequence.
    public typealias Element = String
    let bytes: SerialBytes
    let maximumLength: Int
    let promptAfter: Duration?

    /// Reads from the oldest byte kept.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(inner: bytes.makeAsyncIterator(), maximumLength: maximumLength, promptAfter: promptAfter)
    }

    /// A reader's place in the lines.
    public struct AsyncIterator: AsyncIteratorProtocol {
        var inner: SerialBytes.AsyncIterator
        let maximumLength: Int
        let promptAfter: Duration?
        /// What has been read and not handed out.
        var pending: [UInt8] = []
        /// The chunk that waits behind a line broken by a gap.
        var following: [UInt8] = []
        var searched = 0

        /// The next line; nil at the end.
        public mutating func next() async -> String? {
            while true {
                if let line = takeLine() { return line }
                if !following.isEmpty {
                    if let broken = takeRest() { return broken }
                    swap(&pending, &following)
                    continue
                }
                switch await inner.step(silenceAfter: pending.isEmpty ? nil : promptAfter) {
                case .chunk(let chunk) where chunk.droppedBefore > 0: following = chunk.bytes
                case .chunk(let chunk): pending += chunk.bytes
                case .silence: if let prompt = takeRest() { return prompt }
                case .end: return takeRest()
                }
            }
        }

        private mutating func takeLine() -> String? {
            let window = pending[searched...].prefix(maximumLength + 2 - Swift.min(searched, maximumLength))
            if let newline = window.firstIndex(of: UInt8(ascii: "\n")) {
                var line = pending[..<newline]
                if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
                if line.count <= maximumLength {
                    let text = String(decoding: line, as: UTF8.self)
                    pending.removeFirst(newline + 1)
                    searched = 0
                    return text
                }
            }
            searched = Swift.min(pending.count, maximumLength)
            guard pending.count > maximumLength + 1 else { return nil }
            return takePiece()
        }

        /// Takes a piece of an over-long line, cut before a UTF-8 sequence rather than within it.
        private mutating func takePiece() -> String {
            var cut = maximumLength
            while cut > maximumLength - 3, pending[cut] & 0xC0 == 0x80 { cut -= 1 }
            if pending[cut] & 0xC0 == 0x80 { cut = maximumLength }
            let text = String(decoding: pending[..<cut], as: UTF8.self)
            pending.removeFirst(cut)
            searched = 0
            return text
        }

        private mutating func takeRest() -> String? {
            guard !pending.isEmpty else { return nil }
            if pending.count > maximumLength { return takePiece() }
            defer {
                pending = []
                searched = 0
            }
            return String(decoding: pending, as: UTF8.self)
        }
    }
}
