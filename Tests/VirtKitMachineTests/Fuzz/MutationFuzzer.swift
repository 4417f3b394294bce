/// A small generator of pseudo-random numbers (SplitMix64): the same seed gives the same cases.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}

/// Feeds mutations of a corpus to a function: bytes changed, integers replaced by hard ones, cut, grown, spliced.
///
/// A failure is named by its seed and case, and found again by running that one alone.
struct MutationFuzzer {
    let corpus: [[UInt8]]
    /// Mutations go to the first bytes, where headers are, mostly.
    var window = 1024

    private static let hard: [UInt64] = [
        0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1_0000_0000,
        UInt64(Int64.max), 1 << 63, .max, .max - 1, .max - 4095,
    ]

    /// The bytes of one case.
    func input(seed: UInt64, number: Int) -> [UInt8] {
        var generator = SeededGenerator(seed: seed &+ UInt64(number) &* 0x1_0000_0001)
        var bytes = corpus[Int.random(in: 0..<corpus.count, using: &generator)]
        for _ in 0..<Int.random(in: 1...6, using: &generator) { mutate(&bytes, &generator) }
        return bytes
    }

    /// Runs `body` on `count` cases.
    func run(seed: UInt64, count: Int, _ body: ([UInt8], Int) throws -> Void) rethrows {
        for number in 0..<count { try body(input(seed: seed, number: number), number) }
    }

    private func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        guard !bytes.isEmpty else { return bytes.append(UInt8.random(in: 0...255, using: &generator)) }
        let place = Int.random(in: 0..<min(bytes.count, window), using: &generator)
        switch Int.random(in: 0..<10, using: &generator) {
        case 0...2: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 3, 4: bytes[place] = UInt8.random(in: 0...255, using: &generator)
        case 5...7:
            let size = [1, 2, 4, 8].randomElement(using: &generator) ?? 1
            let value = Self.hard.randomElement(using: &generator) ?? 0
            for index in 0..<size where place + index < bytes.count {
                bytes[place + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))
            }
        case 8: bytes.removeLast(Int.random(in: 0...bytes.count, using: &generator))
        default:
            let other = corpus[Int.random(in: 0..<corpus.count, using: &generator)]
            let count = Int.random(in: 0...min(64, other.count), using: &generator)
            bytes.replaceSubrange(place..<min(bytes.count, place + count), with: other.prefix(count))
        }
    }
}
