internal import CVirtKit
internal import Synchronization

/// What other threads may do to a running engine: set bits that it sees at the next block border, and ask it to drop
/// code that was written over.
final class EngineSignals: @unchecked Sendable {
    // SAFETY: the word is only touched by atomic operations, and lives as long as this object; the rest is immutable or
    // under a lock.

    /// The bits that belong to the guest.
    static let guestMask: UInt32 = 0xFFFF
    /// The engine has requests in its mailbox.
    static let mailbox: UInt32 = 1 << 16
    /// The engine is to drop every block.
    static let dropAll: UInt32 = 1 << 17
    /// The engine is to drop every translation: it may have missed requests to protect a page.
    static let protectAll: UInt32 = 1 << 18

    /// What a request is about.
    enum RequestKind { case dropCode, protect }
    /// A request about `count` bytes of guest physical memory.
    struct Request {
        var kind: RequestKind
        var address: UInt64
        var count: Int
    }

    /// The signal word. Aligned, and alive as long as this object.
    let word: UnsafeMutablePointer<UInt32>
    private let requests = Mutex<[Request]>([])
    /// Beyond this many requests of a kind the engine drops all its code, or its translations, instead.
    private static let capacity = 64

    init() {
        // A cache line of its own: writers on other threads don't slow the engine's other words.
        let raw = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
        word = raw.initializeMemory(as: UInt32.self, repeating: 0, count: 16)
    }

    deinit { word.deallocate() }

    /// Sets bits of the word. The engine sees them at the next block border, or at once when it is started.
    func raise(_ bits: UInt32) { vk_or32(word, bits) }

    /// Whether one of the bits is set.
    func has(_ bits: UInt32) -> Bool { vk_load32_acquire(word) & bits != 0 }

    /// Takes and clears the bits.
    func take() -> UInt32 { vk_exchange32(word, 0) }

    /// Leaves a request for the engine.
    func post(_ request: Request) {
        let bit = requests.withLock { queue in
            if let last = queue.last, last.kind == request.kind, last.address == request.address,
                last.count >= request.count
            {
                return Self.mailbox
            }
            guard queue.count(where: { $0.kind == request.kind }) < Self.capacity else {
                queue.removeAll { $0.kind == request.kind }
                return request.kind == .protect ? Self.protectAll : Self.dropAll
            }
            queue.append(request)
            return Self.mailbox
        }
        raise(bit)
    }

    /// Takes the requests.
    func takeRequests() -> [Request] {
        requests.withLock { queue in
            let taken = queue
            queue.removeAll(keepingCapacity: true)
            return taken
        }
    }
}
