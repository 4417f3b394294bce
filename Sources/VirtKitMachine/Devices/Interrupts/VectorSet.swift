internal import VirtKitCore

/// A set of interrupt vectors: one 256-bit register of a local APIC (IRR, ISR or TMR).
struct VectorSet: Hashable {
    private var word0: UInt64 = 0
    private var word1: UInt64 = 0
    private var word2: UInt64 = 0
    private var word3: UInt64 = 0

    init() {}

    /// A set of its eight 32-bit parts.
    init(parts: some Collection<UInt32>) {
        for (index, part) in parts.prefix(8).enumerated() {
            self[word: index >> 1] |= UInt64(part) &<< UInt64((index & 1) &* 32)
        }
    }

    private subscript(word index: Int) -> UInt64 {
        get {
            switch index & 3 {
            case 0: word0
            case 1: word1
            case 2: word2
            default: word3
            }
        }
        set {
            switch index & 3 {
            case 0: word0 = newValue
            case 1: word1 = newValue
            case 2: word2 = newValue
            default: word3 = newValue
            }
        }
    }

    /// Whether a vector is in the set.
    subscript(vector: UInt8) -> Bool {
        get { self[word: Int(vector >> 6)] &>> UInt64(vector & 63) & 1 != 0 }
        set {
            let bit: UInt64 = 1 &<< UInt64(vector & 63)
            if newValue { self[word: Int(vector >> 6)] |= bit } else { self[word: Int(vector >> 6)] &= ~bit }
        }
    }

    /// The highest vector in the set.
    var highest: UInt8? {
        for index in (0..<4).reversed() where self[word: index] != 0 {
            return UInt8(truncatingIfNeeded: index &* 64 &+ 63 &- self[word: index].leadingZeroBitCount)
        }
        return nil
    }

    /// The register's 32-bit part of a number from 0 to 7, as guests read it.
    func part(_ index: Int) -> UInt32 {
        UInt32(truncatingIfNeeded: self[word: index >> 1] &>> UInt64((index & 1) &* 32))
    }

    func encode(into encoder: inout StateEncoder) {
        for index in 0..<4 { encoder.encode(self[word: index]) }
    }

    init(from decoder: inout StateDecoder) throws(StateError) {
        for index in 0..<4 { self[word: index] = try decoder.decode(UInt64.self) }
    }
}
