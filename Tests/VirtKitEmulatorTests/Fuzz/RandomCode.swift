#if canImport(Glibc)
    import Glibc
#endif

/// Makes code that is random, but with more of the bytes that matter than chance would give.
enum RandomCode {
    static func bytes(_ random: inout RandomBits) -> [UInt8] {
        let prefixes: [UInt8] = [0x66, 0x67, 0xF2, 0xF3, 0xF0, 0x2E, 0x64, 0x65, 0x48, 0x41, 0x4F]
        var bytes: [UInt8] = []
        for _ in 0..<(1 + random.below(6)) {
            while random.below(4) == 0 { bytes.append(prefixes[random.below(prefixes.count)]) }
            if random.below(3) == 0 { bytes.append(0x0F) }
            for _ in 0..<(1 + random.below(8)) { bytes.append(UInt8(truncatingIfNeeded: random.next() >> 19)) }
        }
        return bytes
    }

    /// General registers and flags: addresses of data, small numbers, and anything.
    static func registers(_ random: inout RandomBits) -> [UInt64] {
        (0..<17).map { index in
            if index == 16 { return random.next() }
            switch random.below(4) {
            case 0: return CodePair.data + UInt64(random.below(0x8000))
            case 1: return UInt64(random.below(256))
            case 2: return random.interesting()
            default: return random.next()
            }
        }
    }

    static func text(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// A number from the environment.
    static func number(_ name: String, or usual: UInt64) -> UInt64 {
        getenv(name).flatMap { UInt64(String(cString: $0)) } ?? usual
    }

    /// Whether tests run at full length: release builds only, which are many times as fast.
    static var isFull: Bool {
        #if DEBUG
            false
        #else
            true
        #endif
    }
}
