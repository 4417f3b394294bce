import Testing

@testable import VirtKitEmulator

/// Every integer operation against a bit-by-bit model, at every width, in both forms.
@Suite struct OperationSemanticsTests {
    /// A two's complement value of `width`.
    private static func signed(_ value: UInt64, _ width: Width) -> Int64 {
        let unused = Int64(64 - width.bits)
        return (Int64(bitPattern: value) << unused) >> unused
    }

    private static func model(_ operation: BinaryOperation, _ width: Width, _ a: UInt64, _ b: UInt64) -> UInt64 {
        let bits = width.bits
        let a = a & width.mask
        let count = Int(b & (width == .i64 ? 63 : 31))
        switch operation {
        case .add: return a &+ b
        case .sub: return a &- b
        case .and: return a & b
        case .or: return a | b
        case .xor: return a ^ b
        case .mul: return a &* b
        case .shl: return count >= bits ? 0 : a << UInt64(count)
        case .shr: return count >= bits ? 0 : a >> UInt64(count)
        case .sar: return UInt64(bitPattern: signed(a, width) >> Int64(count))
        case .rol, .ror:
            var value = a
            for _ in 0..<Int(b & 0xFF) % bits {
                if operation == .rol {
                    value = (value << 1 | value >> UInt64(bits - 1)) & width.mask
                } else {
                    value = (value >> 1 | value << UInt64(bits - 1)) & width.mask
                }
            }
            return value
        }
    }

    /// What the 8 bytes of a place hold after a write of `value`.
    private static func merged(_ old: UInt64, _ value: UInt64, _ width: Width) -> UInt64 {
        width == .i32 ? value & width.mask : old & ~width.mask | value & width.mask
    }

    @Test(arguments: BinaryOperation.allCases) func binary(_ operation: BinaryOperation) {
        let machine = VISATestMachine()
        var random = VISARandom(UInt64(operation.rawValue) + 1)
        for width in Width.allCases {
            for _ in 0..<40 {
                let (a, b, old) = (random.edge(), random.edge(), random.next())
                machine.guest[0] = old
                machine.guest[8] = a
                machine.guest[16] = b
                machine.guest[24] = old
                machine.guest[32] = a
                machine.runOnce { builder in
                    builder.binary(operation, width, 0, 8, 16)
                    builder.binary(operation, width, 24, 8, imm: Int64(bitPattern: b))
                    builder.binary(operation, width, 32, 32, 16)
                }
                let expected = Self.model(operation, width, a, b)
                #expect(machine.guest[0] == Self.merged(old, expected, width), "\(width) \(a) \(b)")
                #expect(machine.guest[24] == Self.merged(old, expected, width), "immediate, \(width) \(a) \(b)")
                #expect(machine.guest[32] == Self.merged(a, expected, width), "in place, \(width) \(a) \(b)")
            }
        }
    }

    @Test(arguments: UnaryOperation.allCases) func unary(_ operation: UnaryOperation) {
        let machine = VISATestMachine()
        var random = VISARandom(UInt64(operation.rawValue) + 100)
        for width in Width.allCases {
            for _ in 0..<40 {
                let (value, old) = (random.edge(), random.next())
                machine.guest[0] = old
                machine.guest[8] = value
                machine.runOnce { $0.unary(operation, width, 0, 8) }
                let a = value & width.mask
                let expected: UInt64
                switch operation {
                case .neg: expected = 0 &- a
                case .not: expected = ~a
                case .bswap: expected = a.byteSwapped >> UInt64(64 - width.bits)
                case .clz: expected = UInt64(a.leadingZeroBitCount - (64 - width.bits))
                case .ctz: expected = a == 0 ? UInt64(width.bits) : UInt64(a.trailingZeroBitCount)
                case .popcnt: expected = UInt64(a.nonzeroBitCount)
                }
                #expect(machine.guest[0] == Self.merged(old, expected, width), "\(width) \(value)")
            }
        }
    }

    @Test func wideProductsAndExtensions() {
        let machine = VISATestMachine()
        var random = VISARandom(7)
        for width in Width.allCases {
            for _ in 0..<40 {
                let (a, b) = (random.edge(), random.edge())
                machine.guest[8] = a
                machine.guest[16] = b
                for place in stride(from: Place(24), through: 72, by: 8) { machine.guest[place] = .max }
                machine.runOnce { builder in
                    builder.mulHigh(width, signed: false, 24, 8, 16)
                    builder.mulHigh(width, signed: true, 32, 8, 16)
                    for (index, to) in Width.allCases.enumerated() where to.rawValue >= width.rawValue {
                        builder.zeroExtend(Place(40 + 8 * index), to: to, 8, from: width)
                        builder.signExtend(Place(72 + 8 * index), to: to, 8, from: width)
                    }
                }
                let unsigned = (UInt128(a & width.mask) * UInt128(b & width.mask)) >> UInt128(width.bits)
                let signedProduct: Int128 =
                    (Int128(Self.signed(a, width)) * Int128(Self.signed(b, width))) >> Int128(width.bits)
                #expect(machine.guest[24] == Self.merged(.max, UInt64(truncatingIfNeeded: unsigned), width))
                #expect(machine.guest[32] == Self.merged(.max, UInt64(truncatingIfNeeded: signedProduct), width))
                for (index, to) in Width.allCases.enumerated() where to.rawValue >= width.rawValue {
                    let zero = machine.guest[Place(40 + 8 * index)] & to.mask
                    let sign = machine.guest[Place(72 + 8 * index)] & to.mask
                    #expect(zero == a & width.mask)
                    #expect(sign == UInt64(bitPattern: Self.signed(a, width)) & to.mask)
                }
            }
        }
    }

    @Test func comparisonsSelectionsAndAddresses() {
        let machine = VISATestMachine()
        var random = VISARandom(9)
        for width in [Width.i32, .i64] {
            for _ in 0..<60 {
                let a = random.edge()
                let b = random.next() % 3 == 0 ? a : random.edge()
                machine.guest[8] = a
                machine.guest[16] = b
                machine.runOnce { builder in
                    for relation in Relation.allCases {
                        builder.set(relation, width, Place(200 + 8 * Int(relation.rawValue)), 8, 16)
                        builder.set(
                            relation, width, Place(300 + 8 * Int(relation.rawValue)), 8, imm: Int64(bitPattern: b))
                    }
                    builder.selectNonZero(width, 24, test: 8, 8, 16)
                    builder.lea(width, 32, Address(base: 8, index: 16, scale: 3, displacement: -5))
                    builder.lea(width, 40, Address(base: 8, index: 16, scale: 1, displacement: 1 << 40))
                    builder.lea(width, 48, Address(base: 8, displacement: 77))
                    builder.lea(width, 56, Address(absolute: 0xFFFF_FFFF_8000_1234))
                }
                let (ua, ub) = (a & width.mask, b & width.mask)
                let (sa, sb) = (Self.signed(a, width), Self.signed(b, width))
                for relation in Relation.allCases {
                    let holds: Bool
                    switch relation {
                    case .equal: holds = ua == ub
                    case .notEqual: holds = ua != ub
                    case .unsignedLess: holds = ua < ub
                    case .unsignedGreaterOrEqual: holds = ua >= ub
                    case .unsignedLessOrEqual: holds = ua <= ub
                    case .unsignedGreater: holds = ua > ub
                    case .signedLess: holds = sa < sb
                    case .signedGreaterOrEqual: holds = sa >= sb
                    case .signedLessOrEqual: holds = sa <= sb
                    case .signedGreater: holds = sa > sb
                    }
                    #expect(machine.guest[Place(200 + 8 * Int(relation.rawValue))] == (holds ? 1 : 0))
                    #expect(machine.guest[Place(300 + 8 * Int(relation.rawValue))] == (holds ? 1 : 0))
                }
                #expect(machine.guest[24] == (a != 0 ? ua : ub))
                let near: UInt64 = a &+ (b << 3) &- 5
                let far: UInt64 = a &+ (b << 1) &+ (1 << 40)
                let plain: UInt64 = a &+ 77
                #expect(machine.guest[32] == near & width.mask)
                #expect(machine.guest[40] == far & width.mask)
                #expect(machine.guest[48] == plain & width.mask)
                #expect(machine.guest[56] == 0xFFFF_FFFF_8000_1234 & width.mask)
            }
        }
    }

    @Test func vectors() {
        let machine = VISATestMachine()
        var random = VISARandom(11)
        for _ in 0..<50 {
            var bytes = [[UInt8]](repeating: [], count: 2)
            for source in 0..<2 {
                bytes[source] = (0..<16).map { _ in UInt8(truncatingIfNeeded: random.next() % 5 &+ random.next()) }
                for index in 0..<16 {
                    machine.guest.frame.storeBytes(
                        of: bytes[source][index], toByteOffset: 512 + 16 * source + index, as: UInt8.self)
                }
            }
            machine.runOnce { builder in
                for operation in Vector128Operation.allCases {
                    builder.binary128(operation, 560 + 16 * Place(operation.rawValue), 512, 528)
                }
                builder.byteMask128(0, 512)
                builder.shuffle128(544, 512, selector: 0b01_11_00_10)
                builder.zeroExtend128(992, 512, from: .i32)
            }
            func result(_ offset: Int) -> [UInt8] {
                (0..<16).map { machine.guest.frame.load(fromByteOffset: offset + $0, as: UInt8.self) }
            }
            for operation in Vector128Operation.allCases {
                let expected = Self.model(operation, bytes[0], bytes[1])
                #expect(result(560 + 16 * Int(operation.rawValue)) == expected, "\(operation)")
            }
            var mask: UInt64 = 0
            for (index, byte) in bytes[0].enumerated() { mask |= UInt64(byte >> 7) << UInt64(index) }
            #expect(machine.guest[0] == mask)
            let shuffled: [UInt8] = [2, 0, 3, 1].flatMap { (lane: Int) -> [UInt8] in
                Array(bytes[0][4 * lane..<4 * lane + 4])
            }
            let extended: [UInt8] = Array(bytes[0][0..<4]) + [UInt8](repeating: 0, count: 12)
            #expect(result(544) == shuffled)
            #expect(result(992) == extended)
        }
    }

    private static func model(_ operation: Vector128Operation, _ a: [UInt8], _ b: [UInt8]) -> [UInt8] {
        func lanes(_ bytes: Int, _ body: (UInt64, UInt64) -> UInt64) -> [UInt8] {
            stride(from: 0, to: 16, by: bytes).flatMap { start -> [UInt8] in
                func lane(_ v: [UInt8]) -> UInt64 {
                    var value: UInt64 = 0
                    for index in 0..<bytes { value |= UInt64(v[start + index]) << UInt64(8 * index) }
                    return value
                }
                let value = body(lane(a), lane(b))
                return (0..<bytes).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
            }
        }
        func interleave(_ bytes: Int, _ first: Int) -> [UInt8] {
            var lanes: [UInt8] = []
            for start in stride(from: first, to: first + 8, by: bytes) {
                lanes += a[start..<start + bytes]
                lanes += b[start..<start + bytes]
            }
            return lanes
        }
        switch operation {
        case .and: return lanes(1) { $0 & $1 }
        case .or: return lanes(1) { $0 | $1 }
        case .xor: return lanes(1) { $0 ^ $1 }
        case .andNot: return lanes(1) { ~$0 & $1 }
        case .add8: return lanes(1) { $0 &+ $1 }
        case .add16: return lanes(2) { $0 &+ $1 }
        case .add32: return lanes(4) { $0 &+ $1 }
        case .add64: return lanes(8) { $0 &+ $1 }
        case .sub8: return lanes(1) { $0 &- $1 }
        case .sub16: return lanes(2) { $0 &- $1 }
        case .sub32: return lanes(4) { $0 &- $1 }
        case .sub64: return lanes(8) { $0 &- $1 }
        case .equal8: return lanes(1) { $0 == $1 ? .max : 0 }
        case .equal16: return lanes(2) { $0 == $1 ? .max : 0 }
        case .equal32: return lanes(4) { $0 == $1 ? .max : 0 }
        case .minUnsigned8: return lanes(1) { min($0, $1) }
        case .maxUnsigned8: return lanes(1) { max($0, $1) }
        case .interleaveLow8: return interleave(1, 0)
        case .interleaveLow16: return interleave(2, 0)
        case .interleaveLow32: return interleave(4, 0)
        case .interleaveLow64: return interleave(8, 0)
        case .interleaveHigh64: return interleave(8, 8)
        }
    }
}
