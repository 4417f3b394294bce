/// A byte offset into a vCPU's frame: the name of a guest slot, an engine word or a temporary.
typealias Place = UInt16

/// The width of an integer operand.
enum Width: UInt8, CaseIterable {
    case i8, i16, i32, i64

    /// 1, 2, 4 or 8.
    var bytes: Int { 1 &<< Int(rawValue) }
    /// 8, 16, 32 or 64.
    var bits: Int { 8 &<< Int(rawValue) }
    /// All bits of the width set.
    var mask: UInt64 { UInt64.max &>> UInt64(64 &- bits) }
    /// How many bytes a write of this width stores: an i32 write clears the upper half of its 8-byte place.
    var writtenBytes: Int { self == .i32 ? 8 : bytes }
}

/// The sixteen conditions over the arithmetic flags, in x86's encoding order; an odd one negates the one before it.
enum Condition: UInt8, CaseIterable {
    /// V.
    case overflow, notOverflow
    /// C (a borrow, after a subtraction).
    case carry, notCarry
    /// Z.
    case zero, notZero
    /// C or Z: unsigned below or equal, after a comparison.
    case belowOrEqual, above
    /// N.
    case negative, notNegative
    /// P: the low byte of the result has an even number of ones.
    case parity, notParity
    /// N not equal V: signed less, after a comparison.
    case less, greaterOrEqual
    /// Z, or N not equal V.
    case lessOrEqual, greater

    /// The opposite condition.
    var negated: Condition { Condition(rawValue: rawValue ^ 1) ?? self }
}

/// A relation between two integers of one width.
enum Relation: UInt8, CaseIterable {
    case equal, notEqual
    case unsignedLess, unsignedGreaterOrEqual, unsignedLessOrEqual, unsignedGreater
    case signedLess, signedGreaterOrEqual, signedLessOrEqual, signedGreater

    /// The relation that a condition means directly after `setFlags sub a, b`; nil where it is not one.
    init?(afterSubtraction condition: Condition) {
        switch condition {
        case .carry: self = .unsignedLess
        case .notCarry: self = .unsignedGreaterOrEqual
        case .zero: self = .equal
        case .notZero: self = .notEqual
        case .belowOrEqual: self = .unsignedLessOrEqual
        case .above: self = .unsignedGreater
        case .less: self = .signedLess
        case .greaterOrEqual: self = .signedGreaterOrEqual
        case .lessOrEqual: self = .signedLessOrEqual
        case .greater: self = .signedGreater
        case .overflow, .notOverflow, .negative, .notNegative, .parity, .notParity: return nil
        }
    }

    /// The opposite relation.
    var negated: Relation { Relation(rawValue: rawValue ^ 1) ?? self }
}

/// The arithmetic flags as `materialise` writes them and `setFlagsFrom` reads them: x86's positions.
enum FlagBits {
    static let carry: UInt64 = 1 << 0
    static let parity: UInt64 = 1 << 2
    static let auxiliary: UInt64 = 1 << 4
    static let zero: UInt64 = 1 << 6
    static let negative: UInt64 = 1 << 7
    static let overflow: UInt64 = 1 << 11
    /// All six.
    static let all: UInt64 = 0x8D5
}

/// What a lazy-flags record was made from. `C` of a subtraction is the borrow, as on x86.
enum FlagKind: UInt8, CaseIterable {
    /// A holds the six bits themselves.
    case explicit
    /// a + b.
    case add
    /// a + b + carry.
    case adc
    /// a - b.
    case sub
    /// a - b - carry.
    case sbb
    /// A bitwise result: C and V clear, A clear.
    case logic
    /// a + 1; keeps the C that was.
    case inc
    /// a - 1; keeps the C that was.
    case dec
    /// 0 - a.
    case neg
    /// a << b; a masked count of 0 leaves every flag as it was.
    case shl
    /// a >> b, zeros in.
    case shr
    /// a >> b, sign in.
    case sar
    /// a * b unsigned: C and V tell that the product does not fit the width; N, Z and P come from its low part.
    case mulUnsigned
    /// a * b signed, likewise.
    case mulSigned
    /// a rotated left by b: only C and V change. Never kept in a record: evaluated at once.
    case rol
    /// a rotated right by b, likewise.
    case ror
}

/// Integer operations with two sources, each with a register and an immediate form at every width.
enum BinaryOperation: UInt8, CaseIterable {
    case add, sub, and, or, xor
    /// The low half of the product.
    case mul
    /// Shifts take their count modulo 32, or modulo 64 for i64; a count of the width or more shifts everything out.
    case shl, shr, sar
    /// Rotations take their count modulo the width.
    case rol, ror
}

/// Integer operations with one source, at every width.
enum UnaryOperation: UInt8, CaseIterable {
    case neg, not
    /// Reverses the bytes.
    case bswap
    /// Leading zeros, trailing zeros (the width for a source of 0), and ones.
    case clz, ctz, popcnt
}

/// Atomic read-modify-write operations; each returns the old value.
enum AtomicOperation: UInt8, CaseIterable {
    case exchange, add, and, or, xor
    /// Stores operand - old (an operand of 0 negates).
    case reverseSubtract
}

/// v128 operations with two sources that engines do themselves.
enum Vector128Operation: UInt8, CaseIterable {
    case and, or, xor
    /// not a and b.
    case andNot
    case add8, add16, add32, add64
    case sub8, sub16, sub32, sub64
    /// Lanes of ones where equal.
    case equal8, equal16, equal32
    case minUnsigned8, maxUnsigned8
    /// The low (high) lanes of a and b in turn, a's first.
    case interleaveLow8, interleaveLow16, interleaveLow32, interleaveLow64
    case interleaveHigh64
}
