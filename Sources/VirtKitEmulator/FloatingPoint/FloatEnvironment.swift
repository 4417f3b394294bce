/// Floating-point exceptions in the order of x86's MXCSR and x87 status word (SDM volume 1, sections 8.1.3 and 10.2.3).
struct FloatFlags: OptionSet, Sendable {
    let rawValue: UInt8

    static let invalid = FloatFlags(rawValue: 1)
    static let denormal = FloatFlags(rawValue: 2)
    static let divideByZero = FloatFlags(rawValue: 4)
    static let overflow = FloatFlags(rawValue: 8)
    static let underflow = FloatFlags(rawValue: 16)
    static let inexact = FloatFlags(rawValue: 32)
}

/// Rounding directions with x86's RC encoding.
enum FloatRounding: UInt8, Sendable {
    case nearestEven = 0
    case down = 1
    case up = 2
    case towardZero = 3
}

/// The order of two values.
enum FloatRelation: UInt8, Sendable {
    case less, equal, greater, unordered

    var swapped: FloatRelation {
        switch self {
        case .less: .greater
        case .greater: .less
        default: self
        }
    }
}

/// Rounding, masks and flags that floating-point operations read and set.
///
/// It is MXCSR with a few bits more, so that an SSE instruction makes one for nothing:
///
/// | bits | meaning |
/// |---|---|
/// | 0-5 | sticky exception flags |
/// | 6 | denormals are zero (SSE) |
/// | 7-12 | exception masks |
/// | 13-14 | rounding control |
/// | 15 | flush to zero (SSE) |
/// | 16 | x87 rules for NaN operands and for unmasked overflow and underflow |
/// | 17-18 | x87 precision control (0: 24 bits, 2: 53 bits, 3: 64 bits) |
/// | 19 | the last rounding was away from zero (x87's C1) |
/// | 24-29 | flags raised since this value was made |
struct FloatEnvironment: Sendable {
    var word: UInt32

    static let inexactSticky: UInt32 = 1 << 5
    static let inexactMask: UInt32 = 1 << 12
    static let roundingMask: UInt32 = 3 << 13
    private static let x87Rules: UInt32 = 1 << 16
    private static let roundedUp: UInt32 = 1 << 19

    /// The environment of an SSE instruction.
    @inline(__always)
    init(mxcsr: UInt32) {
        word = mxcsr & 0xffff
    }

    /// The environment of an x87 instruction, with no flag set; `raised` then tells what the operation did.
    @inline(__always)
    init(x87Control control: UInt16) {
        let control = UInt32(control)
        word = (control & 0x3f) << 7 | (control >> 10 & 3) << 13 | Self.x87Rules | (control >> 8 & 3) << 17
    }

    /// The guest's MXCSR after the operations.
    @inline(__always)
    var mxcsr: UInt32 { word & 0xffff }

    /// The sticky flags, those it was made with included.
    var flags: FloatFlags { FloatFlags(rawValue: UInt8(truncatingIfNeeded: word & 0x3f)) }

    /// What operations raised since this value was made.
    var raised: FloatFlags { FloatFlags(rawValue: UInt8(truncatingIfNeeded: word >> 24 & 0x3f)) }

    /// Whether an operation raised an exception that is not masked.
    @inline(__always)
    var hasUnmaskedRaised: Bool { (word >> 24) & ~(word >> 7) & 0x3f != 0 }

    /// Whether an exception found before computing (invalid, denormal, divide by zero) is unmasked: there is no result
    /// then, and no exception of the result is raised (SDM volume 1, section 11.5.2).
    var stopsBeforeResult: Bool { (word >> 24) & ~(word >> 7) & 7 != 0 }

    /// Whether a result that is only inexact changes nothing: the flag is set already, and the exception masked.
    @inline(__always)
    var hidesInexact: Bool {
        let bits = Self.inexactMask | Self.inexactSticky
        return word & bits == bits
    }

    var denormalsAreZero: Bool { word & 1 << 6 != 0 }
    var flushesToZero: Bool { word & 1 << 15 != 0 }
    var followsX87Rules: Bool { word & Self.x87Rules != 0 }

    /// The direction of the last inexact rounding: true when it was away from zero.
    var didRoundUp: Bool {
        get { word & Self.roundedUp != 0 }
        set { word = newValue ? word | Self.roundedUp : word & ~Self.roundedUp }
    }

    var rounding: FloatRounding {
        get {
            switch word >> 13 & 3 {
            case 0: .nearestEven
            case 1: .down
            case 2: .up
            default: .towardZero
            }
        }
        set { word = word & ~Self.roundingMask | UInt32(newValue.rawValue) << 13 }
    }

    /// Significant bits of an x87 arithmetic result (SDM volume 1, section 8.1.5.2).
    var extendedPrecision: Int {
        switch word >> 17 & 3 {
        case 0: 24
        case 2: 53
        default: 64
        }
    }

    func masks(_ flag: FloatFlags) -> Bool {
        word >> 7 & UInt32(flag.rawValue) != 0
    }

    mutating func raise(_ flags: FloatFlags) {
        word |= UInt32(flags.rawValue) | UInt32(flags.rawValue) << 24
    }
}
