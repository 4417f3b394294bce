internal import CVirtKit

/// The lazy-flags record of a frame: 32 bytes at `FrameLayout.lazyFlags`.
///
/// Word 0 holds the kind (low byte) and the shift (next byte): 64 minus the width in bits. Operands of additions and
/// subtractions and the results of logic are kept shifted left by it, so that carry, overflow, sign and comparisons are
/// those of 64-bit arithmetic at every width.
///
/// | kind | A | B | C |
/// |---|---|---|---|
/// | explicit | the six bits | | |
/// | add, sub | a shifted | b shifted | |
/// | adc, sbb | a shifted | b shifted | carry-in, 0 or 1 |
/// | logic | result shifted | | |
/// | inc, dec | a shifted | | the carry before, 0 or 1 |
/// | neg | a shifted | | |
/// | shl | a shifted | masked count, not 0 | |
/// | shr, sar | a zero- or sign-extended | masked count, not 0 | |
/// | mulUnsigned, mulSigned | a zero- or sign-extended | b likewise | |
enum LazyFlags {
    private static let word = Int(FrameLayout.lazyFlags)

    @inline(__always)
    static func head(_ kind: FlagKind, _ width: Width) -> UInt64 {
        UInt64(kind.rawValue) | UInt64(64 &- width.bits) &<< 8
    }

    @inline(__always)
    static func record(_ f: UnsafeMutableRawPointer, _ head: UInt64, _ a: UInt64) {
        f.storeBytes(of: head, toByteOffset: word, as: UInt64.self)
        f.storeBytes(of: a, toByteOffset: word + 8, as: UInt64.self)
    }

    @inline(__always)
    static func record(_ f: UnsafeMutableRawPointer, _ head: UInt64, _ a: UInt64, _ b: UInt64) {
        record(f, head, a)
        f.storeBytes(of: b, toByteOffset: word + 16, as: UInt64.self)
    }

    @inline(__always)
    static func record(_ f: UnsafeMutableRawPointer, _ head: UInt64, _ a: UInt64, _ b: UInt64, _ c: UInt64) {
        record(f, head, a, b)
        f.storeBytes(of: c, toByteOffset: word + 24, as: UInt64.self)
    }

    /// Records the flags of inc or dec, which keep the carry.
    @inline(__always)
    static func recordKeepingCarry(_ f: UnsafeMutableRawPointer, _ head: UInt64, _ a: UInt64) {
        let old = carry(f)
        record(f, head, a)
        f.storeBytes(of: old, toByteOffset: word + 24, as: UInt64.self)
    }

    /// The kind of a frame's record, or `explicit` for a number that is none.
    @inline(__always)
    private static func kind(_ head: UInt64) -> FlagKind {
        let number = UInt8(truncatingIfNeeded: head)
        // SAFETY: the enum is a byte that counts its cases from 0, and the number is below their count.
        return number <= FlagKind.ror.rawValue ? unsafeBitCast(number, to: FlagKind.self) : .explicit
    }

    @inline(__always)
    private static func load(_ f: UnsafeMutableRawPointer, _ index: Int) -> UInt64 {
        f.load(fromByteOffset: word + 8 * index, as: UInt64.self)
    }

    /// C as 0 or 1.
    static func carry(_ f: UnsafeMutableRawPointer) -> UInt64 {
        let head = load(f, 0)
        let a = load(f, 1)
        switch kind(head) {
        case .explicit: return a & 1
        case .add: return a &+ load(f, 2) < a ? 1 : 0
        case .sub: return a < load(f, 2) ? 1 : 0
        case .logic: return 0
        case .inc, .dec: return load(f, 3) & 1
        case .neg: return a != 0 ? 1 : 0
        case .adc, .sbb, .shl, .shr, .sar, .mulUnsigned, .mulSigned, .rol, .ror: return bits(f) & FlagBits.carry
        }
    }

    /// Whether a condition holds.
    static func test(_ f: UnsafeMutableRawPointer, _ condition: Condition) -> Bool {
        let head = load(f, 0)
        let a = load(f, 1)
        switch kind(head) {
        case .sub:
            let b = load(f, 2)
            switch condition {
            case .carry: return a < b
            case .notCarry: return a >= b
            case .zero: return a == b
            case .notZero: return a != b
            case .belowOrEqual: return a <= b
            case .above: return a > b
            case .less: return Int64(bitPattern: a) < Int64(bitPattern: b)
            case .greaterOrEqual: return Int64(bitPattern: a) >= Int64(bitPattern: b)
            case .lessOrEqual: return Int64(bitPattern: a) <= Int64(bitPattern: b)
            case .greater: return Int64(bitPattern: a) > Int64(bitPattern: b)
            case .negative: return Int64(bitPattern: a &- b) < 0
            case .notNegative: return Int64(bitPattern: a &- b) >= 0
            case .overflow, .notOverflow, .parity, .notParity: return test(bits: bits(f), condition)
            }
        case .logic:
            switch condition {
            case .carry, .overflow: return false
            case .notCarry, .notOverflow: return true
            case .zero, .belowOrEqual: return a == 0
            case .notZero, .above: return a != 0
            case .negative, .less: return Int64(bitPattern: a) < 0
            case .notNegative, .greaterOrEqual: return Int64(bitPattern: a) >= 0
            case .lessOrEqual: return Int64(bitPattern: a) <= 0
            case .greater: return Int64(bitPattern: a) > 0
            case .parity, .notParity: return test(bits: bits(f), condition)
            }
        default: return test(bits: bits(f), condition)
        }
    }

    /// Whether a condition holds for flags given as bits.
    static func test(bits: UInt64, _ condition: Condition) -> Bool {
        let isNegative = bits & FlagBits.negative != 0
        let isLess = isNegative != (bits & FlagBits.overflow != 0)
        let holds: Bool
        switch condition {
        case .overflow, .notOverflow: holds = bits & FlagBits.overflow != 0
        case .carry, .notCarry: holds = bits & FlagBits.carry != 0
        case .zero, .notZero: holds = bits & FlagBits.zero != 0
        case .belowOrEqual, .above: holds = bits & (FlagBits.carry | FlagBits.zero) != 0
        case .negative, .notNegative: holds = isNegative
        case .parity, .notParity: holds = bits & FlagBits.parity != 0
        case .less, .greaterOrEqual: holds = isLess
        case .lessOrEqual, .greater: holds = isLess || bits & FlagBits.zero != 0
        }
        return holds != (condition.rawValue & 1 != 0)
    }

    /// The six flags at the positions of `FlagBits`.
    static func bits(_ f: UnsafeMutableRawPointer) -> UInt64 {
        let head = load(f, 0)
        let shift = (head &>> 8) & 63
        let a = load(f, 1)
        let b = load(f, 2)
        let c = load(f, 3)
        var result: UInt64
        var carry = false
        var overflow = false
        // Bit 4 + shift of this is the auxiliary carry.
        var auxiliary: UInt64 = 0
        switch kind(head) {
        case .explicit, .rol, .ror: return a & FlagBits.all
        case .add:
            result = a &+ b
            carry = result < a
            overflow = Int64(bitPattern: ~(a ^ b) & (a ^ result)) < 0
            auxiliary = a ^ b ^ result
        case .adc:
            let sum = a &+ b
            result = sum &+ (c &<< shift)
            carry = sum < a || result < sum
            overflow = Int64(bitPattern: ~(a ^ b) & (a ^ result)) < 0
            auxiliary = a ^ b ^ result
        case .sub:
            result = a &- b
            carry = a < b
            overflow = Int64(bitPattern: (a ^ b) & (a ^ result)) < 0
            auxiliary = a ^ b ^ result
        case .sbb:
            let difference = a &- b
            result = difference &- (c &<< shift)
            carry = a < b || difference < c &<< shift
            overflow = Int64(bitPattern: (a ^ b) & (a ^ result)) < 0
            auxiliary = a ^ b ^ result
        case .logic: result = a
        case .inc:
            result = a &+ (1 &<< shift)
            carry = c != 0
            overflow = result == 1 &<< 63
            auxiliary = a ^ (1 &<< shift) ^ result
        case .dec:
            result = a &- (1 &<< shift)
            carry = c != 0
            overflow = a == 1 &<< 63
            auxiliary = a ^ (1 &<< shift) ^ result
        case .neg:
            result = 0 &- a
            carry = a != 0
            overflow = a == 1 &<< 63
            auxiliary = a ^ result
        case .shl:
            result = a &<< b
            carry = (a &>> (64 &- b)) & 1 != 0
            overflow = carry != (Int64(bitPattern: result) < 0)
        case .shr:
            result = (a &>> b) &<< shift
            carry = (a &>> (b &- 1)) & 1 != 0
            overflow = (a &<< shift) &>> 63 != 0
        case .sar:
            result = UInt64(bitPattern: Int64(bitPattern: a) &>> Int64(bitPattern: b)) &<< shift
            carry = UInt64(bitPattern: Int64(bitPattern: a) &>> Int64(bitPattern: b &- 1)) & 1 != 0
        case .mulUnsigned:
            let low = a &* b
            result = low &<< shift
            carry = shift == 0 ? vk_multiply_high_unsigned(a, b) != 0 : low &>> (64 &- shift) != 0
            overflow = carry
        case .mulSigned:
            let low = Int64(bitPattern: a &* b)
            result = UInt64(bitPattern: low) &<< shift
            if shift == 0 {
                carry = vk_multiply_high_signed(Int64(bitPattern: a), Int64(bitPattern: b)) != low &>> 63
            } else {
                carry = low != Int64(bitPattern: result) &>> Int64(bitPattern: shift)
            }
            overflow = carry
        }
        var bits: UInt64 = carry ? FlagBits.carry : 0
        if overflow { bits |= FlagBits.overflow }
        if result == 0 { bits |= FlagBits.zero }
        if Int64(bitPattern: result) < 0 { bits |= FlagBits.negative }
        bits |= (auxiliary &>> shift) & FlagBits.auxiliary
        if UInt8(truncatingIfNeeded: result &>> shift).nonzeroBitCount & 1 == 0 { bits |= FlagBits.parity }
        return bits
    }

    /// Sets the six flags.
    static func set(_ f: UnsafeMutableRawPointer, bits: UInt64) {
        record(f, UInt64(FlagKind.explicit.rawValue), bits & FlagBits.all)
    }

    /// Records a rotation by `count` (not yet masked) that gave `result`: only C and V change, and nothing for a masked
    /// count of 0.
    static func rotate(
        _ f: UnsafeMutableRawPointer, _ width: Width, left: Bool, value: UInt64, count: UInt64
    ) {
        guard count & (width == .i64 ? 63 : 31) != 0 else { return }
        let turns = count & UInt64(width.bits &- 1)
        let size = UInt64(width.bits)
        let value = value & width.mask
        let result: UInt64
        if turns == 0 {
            result = value
        } else if left {
            result = (value &<< turns | value &>> (size &- turns)) & width.mask
        } else {
            result = (value &>> turns | value &<< (size &- turns)) & width.mask
        }
        let top = (result &>> (size &- 1)) & 1
        let carry = left ? result & 1 : top
        let overflow = left ? top ^ carry : top ^ (result &>> (size &- 2)) & 1
        var flags = bits(f) & ~(FlagBits.carry | FlagBits.overflow)
        if carry != 0 { flags |= FlagBits.carry }
        if overflow != 0 { flags |= FlagBits.overflow }
        set(f, bits: flags)
    }
}
