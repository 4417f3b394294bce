import Testing

@testable import VirtKitEmulator

/// Every flag kind against a model of x86's definitions, at every width, and every condition over it.
@Suite struct LazyFlagsTests {
    /// The six flags after `kind`, given those before.
    private static func model(
        _ kind: FlagKind, _ width: Width, _ a: UInt64, _ b: UInt64, _ carryIn: Bool, _ before: UInt64
    ) -> UInt64 {
        let bits = width.bits
        let (a, b) = (a & width.mask, b & width.mask)
        let top = UInt64(1) << UInt64(bits - 1)
        let count = Int(b & (width == .i64 ? 63 : 31))
        var carry = false
        var overflow = false
        var auxiliary = false
        var result: UInt64 = 0
        func sum(_ x: UInt64, _ y: UInt64, _ c: Bool) {
            let wide = UInt128(x) + UInt128(y) + (c ? 1 : 0)
            result = UInt64(truncatingIfNeeded: wide) & width.mask
            carry = wide > UInt128(width.mask)
            overflow = (x & top) == (y & top) && (result & top) != (x & top)
            auxiliary = x & 15 + y & 15 + (c ? 1 : 0) > 15
        }
        func difference(_ x: UInt64, _ y: UInt64, _ c: Bool) {
            result = (x &- y &- (c ? 1 : 0)) & width.mask
            carry = UInt128(x) < UInt128(y) + (c ? 1 : 0)
            overflow = (x & top) != (y & top) && (result & top) != (x & top)
            auxiliary = x & 15 < y & 15 + (c ? 1 : 0)
        }
        switch kind {
        case .explicit: return before
        case .add: sum(a, b, false)
        case .adc: sum(a, b, carryIn)
        case .sub: difference(a, b, false)
        case .sbb: difference(a, b, carryIn)
        case .logic: result = a & b
        case .inc:
            sum(a, 1, false)
            carry = before & FlagBits.carry != 0
        case .dec:
            difference(a, 1, false)
            carry = before & FlagBits.carry != 0
        case .neg: difference(0, a, false)
        case .shl:
            if count == 0 { return before }
            let wide = UInt128(a) << UInt128(count)
            result = UInt64(truncatingIfNeeded: wide) & width.mask
            carry = wide >> UInt128(bits) & 1 != 0
            overflow = (result & top != 0) != carry
        case .shr:
            if count == 0 { return before }
            result = count >= bits ? 0 : a >> UInt64(count)
            carry = count > bits ? false : a >> UInt64(count - 1) & 1 != 0
            overflow = a & top != 0
        case .sar:
            if count == 0 { return before }
            let signed = Int64(bitPattern: a << UInt64(64 - bits)) >> Int64(64 - bits)
            result = UInt64(bitPattern: signed >> Int64(count)) & width.mask
            carry = signed >> Int64(count - 1) & 1 != 0
        case .mulUnsigned:
            let wide = UInt128(a) * UInt128(b)
            result = UInt64(truncatingIfNeeded: wide) & width.mask
            carry = wide > UInt128(width.mask)
            overflow = carry
        case .mulSigned:
            func signed(_ v: UInt64) -> Int128 {
                Int128(Int64(bitPattern: v << UInt64(64 - bits)) >> Int64(64 - bits))
            }
            let wide = signed(a) * signed(b)
            result = UInt64(truncatingIfNeeded: wide) & width.mask
            carry = wide != signed(result)
            overflow = carry
        case .rol, .ror:
            if count == 0 { return before }
            var value = a
            for _ in 0..<count {
                value =
                    kind == .rol
                    ? (value << 1 | value >> UInt64(bits - 1)) & width.mask
                    : (value >> 1 | value << UInt64(bits - 1)) & width.mask
            }
            let isCarry = kind == .rol ? value & 1 != 0 : value & top != 0
            let isTop = value & top != 0
            let isOverflow = kind == .rol ? isTop != isCarry : isTop != (value & top >> 1 != 0)
            return before & ~(FlagBits.carry | FlagBits.overflow) | (isCarry ? FlagBits.carry : 0)
                | (isOverflow ? FlagBits.overflow : 0)
        }
        var flags: UInt64 = 0
        if carry { flags |= FlagBits.carry }
        if overflow { flags |= FlagBits.overflow }
        if auxiliary { flags |= FlagBits.auxiliary }
        if result == 0 { flags |= FlagBits.zero }
        if result & top != 0 { flags |= FlagBits.negative }
        if (result & 0xFF).nonzeroBitCount % 2 == 0 { flags |= FlagBits.parity }
        return flags
    }

    private static func holds(_ condition: Condition, _ flags: UInt64) -> Bool {
        let c = flags & FlagBits.carry != 0
        let z = flags & FlagBits.zero != 0
        let n = flags & FlagBits.negative != 0
        let v = flags & FlagBits.overflow != 0
        let p = flags & FlagBits.parity != 0
        switch condition {
        case .overflow: return v
        case .notOverflow: return !v
        case .carry: return c
        case .notCarry: return !c
        case .zero: return z
        case .notZero: return !z
        case .belowOrEqual: return c || z
        case .above: return !c && !z
        case .negative: return n
        case .notNegative: return !n
        case .parity: return p
        case .notParity: return !p
        case .less: return n != v
        case .greaterOrEqual: return n == v
        case .lessOrEqual: return z || n != v
        case .greater: return !z && n == v
        }
    }

    private static func record(
        _ builder: inout BlockBuilder, _ kind: FlagKind, _ width: Width, immediate: Int64?
    ) {
        switch kind {
        case .inc, .dec, .neg: builder.setFlags(kind, width, 8)
        case .explicit: builder.setFlags(from: 24)
        default:
            if let immediate {
                builder.setFlags(kind, width, 8, imm: immediate, carry: 32)
            } else {
                builder.setFlags(kind, width, 8, 16, carry: 32)
            }
        }
    }

    @Test(arguments: FlagKind.allCases) func kind(_ kind: FlagKind) {
        var random = VISARandom(UInt64(kind.rawValue) + 50)
        let machine = VISATestMachine()
        for width in Width.allCases {
            for round in 0..<60 {
                let (a, b) = (random.edge(), random.edge())
                let before = random.next() & FlagBits.all
                let carry = random.next() & 1
                machine.guest[8] = a
                machine.guest[16] = b
                machine.guest[24] = before
                machine.guest[32] = carry
                let immediate = round % 2 == 0 ? nil : Int64(bitPattern: b)
                machine.runOnce { builder in
                    builder.setFlags(from: 24)
                    Self.record(&builder, kind, width, immediate: immediate)
                    builder.materialiseFlags(40)
                    for condition in Condition.allCases {
                        builder.condition(condition, .i64, 300 + 8 * Place(condition.rawValue))
                        builder.condition(condition, .i8, 440 + Place(condition.rawValue))
                    }
                    builder.selectIf(.less, .i64, 456, 8, 16)
                }
                let expected = Self.model(kind, width, a, b, carry != 0, before)
                let defined = FlagBits.all
                #expect(machine.guest[40] & defined == expected & defined, "\(width) \(a) \(b) \(before)")
                #expect(machine.engine.flags == machine.guest[40])
                for condition in Condition.allCases {
                    let holds = Self.holds(condition, expected)
                    #expect(machine.guest[300 + 8 * Place(condition.rawValue)] == (holds ? 1 : 0), "\(condition)")
                    #expect(machine.guest[440 + Place(condition.rawValue)] & 0xFF == (holds ? 1 : 0))
                }
                #expect(machine.guest[456] == (Self.holds(.less, expected) ? a : b))
            }
        }
    }

    @Test func carryAlone() {
        let machine = VISATestMachine()
        for before in [UInt64(0), FlagBits.all, FlagBits.zero] {
            machine.guest[24] = before
            machine.guest[48] = 0xFE
            machine.runOnce { builder in
                builder.setFlags(from: 24)
                builder.setCarry(true)
                builder.materialiseFlags(200)
                builder.complementCarry()
                builder.materialiseFlags(208)
                builder.complementCarry()
                builder.setCarry(from: 48)
                builder.materialiseFlags(216)
            }
            #expect(machine.guest[200] == before | FlagBits.carry)
            #expect(machine.guest[208] == before & ~FlagBits.carry)
            #expect(machine.guest[216] == before & ~FlagBits.carry)
        }
    }
}
