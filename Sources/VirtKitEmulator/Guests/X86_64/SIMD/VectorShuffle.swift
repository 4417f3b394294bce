// Operations that move, interleave, narrow and widen lanes.
//
// SAFETY: operands are read and written through the accessors of VectorExecution.swift, which says why they hold.

/// Executes the operations from `pshufd` to `maskmovdqu`.
func executeShuffle(
    _ operation: VectorOperation, _ d: UnsafeMutableRawPointer, _ s: UnsafeRawPointer, _ immediate: UInt8,
    _ environment: UnsafeMutableRawPointer
) {
    switch operation {
    case .pshufd:
        d.set(
            Doubles(
                s.double(immediate), s.double(immediate >> 2), s.double(immediate >> 4), s.double(immediate >> 6)))
    case .pshuflw:
        d.set(Quads(fourWords(s, 0, immediate), s.quads[1]))
    case .pshufhw:
        d.set(Quads(s.quads[0], fourWords(s, 4, immediate)))
    case .pshufb:
        d.set(Quads(eightBytes(d.raw, s.quads[0]), eightBytes(d.raw, s.quads[1])))
    case .shufps:
        let low = (d.raw.double(immediate), d.raw.double(immediate >> 2))
        d.set(Doubles(low.0, low.1, s.double(immediate >> 4), s.double(immediate >> 6)))
    case .shufpd:
        d.set(Quads(d.raw.quad(immediate), s.quad(immediate >> 1)))
    case .pslldq:
        d.set(octo: immediate > 15 ? 0 : d.octo &<< UInt128(immediate &* 8))
    case .psrldq:
        d.set(octo: immediate > 15 ? 0 : d.octo &>> UInt128(immediate &* 8))
    case .palignr:
        let (high, low) = (d.octo, s.octo)
        switch immediate {
        case 0: d.set(octo: low)
        case 1...15: d.set(octo: low &>> UInt128(immediate &* 8) | high &<< UInt128(128 &- immediate &* 8))
        case 16...31: d.set(octo: high &>> UInt128((immediate &- 16) &* 8))
        default: d.set(octo: 0)
        }

    case .punpcklbw: d.set(Bytes(even: d.bytes.lowHalf, odd: s.bytes.lowHalf))
    case .punpcklwd: d.set(Words(even: d.words.lowHalf, odd: s.words.lowHalf))
    case .punpckldq: d.set(Doubles(even: d.doubles.lowHalf, odd: s.doubles.lowHalf))
    case .punpcklqdq: d.set(Quads(d.quads[0], s.quads[0]))
    case .punpckhbw: d.set(Bytes(even: d.bytes.highHalf, odd: s.bytes.highHalf))
    case .punpckhwd: d.set(Words(even: d.words.highHalf, odd: s.words.highHalf))
    case .punpckhdq: d.set(Doubles(even: d.doubles.highHalf, odd: s.doubles.highHalf))
    case .punpckhqdq: d.set(Quads(d.quads[1], s.quads[1]))

    case .packsswb:
        let (a, b) = (clamp(d.signedWords, -128, 127), clamp(s.signedWords, -128, 127))
        d.set(
            SIMD16<Int8>(
                lowHalf: SIMD8<Int8>(truncatingIfNeeded: a), highHalf: SIMD8<Int8>(truncatingIfNeeded: b)))
    case .packuswb:
        let (a, b) = (clamp(d.signedWords, 0, 255), clamp(s.signedWords, 0, 255))
        d.set(
            Bytes(lowHalf: SIMD8<UInt8>(truncatingIfNeeded: a), highHalf: SIMD8<UInt8>(truncatingIfNeeded: b)))
    case .packssdw:
        let (a, b) = (clamp(d.signedDoubles, -32768, 32767), clamp(s.signedDoubles, -32768, 32767))
        d.set(
            SIMD8<Int16>(
                lowHalf: SIMD4<Int16>(truncatingIfNeeded: a), highHalf: SIMD4<Int16>(truncatingIfNeeded: b)))
    case .packusdw:
        let (a, b) = (clamp(d.signedDoubles, 0, 65535), clamp(s.signedDoubles, 0, 65535))
        d.set(
            Words(lowHalf: SIMD4<UInt16>(truncatingIfNeeded: a), highHalf: SIMD4<UInt16>(truncatingIfNeeded: b)))

    case .pmovsxbw: d.set(SIMD8<Int16>(truncatingIfNeeded: recast(s.quad, as: SIMD8<Int8>.self)))
    case .pmovsxbd: d.set(SIMD4<Int32>(truncatingIfNeeded: recast(s.double, as: SIMD4<Int8>.self)))
    case .pmovsxbq: d.set(SIMD2<Int64>(truncatingIfNeeded: recast(s.word, as: SIMD2<Int8>.self)))
    case .pmovsxwd: d.set(SIMD4<Int32>(truncatingIfNeeded: recast(s.quad, as: SIMD4<Int16>.self)))
    case .pmovsxwq: d.set(SIMD2<Int64>(truncatingIfNeeded: recast(s.double, as: SIMD2<Int16>.self)))
    case .pmovsxdq: d.set(SIMD2<Int64>(truncatingIfNeeded: recast(s.quad, as: SIMD2<Int32>.self)))
    case .pmovzxbw: d.set(SIMD8<UInt16>(truncatingIfNeeded: recast(s.quad, as: SIMD8<UInt8>.self)))
    case .pmovzxbd: d.set(SIMD4<UInt32>(truncatingIfNeeded: recast(s.double, as: SIMD4<UInt8>.self)))
    case .pmovzxbq: d.set(SIMD2<UInt64>(truncatingIfNeeded: recast(s.word, as: SIMD2<UInt8>.self)))
    case .pmovzxwd: d.set(SIMD4<UInt32>(truncatingIfNeeded: recast(s.quad, as: SIMD4<UInt16>.self)))
    case .pmovzxwq: d.set(SIMD2<UInt64>(truncatingIfNeeded: recast(s.double, as: SIMD2<UInt16>.self)))
    case .pmovzxdq: d.set(SIMD2<UInt64>(truncatingIfNeeded: recast(s.quad, as: SIMD2<UInt32>.self)))

    case .movddup: d.set(Quads(repeating: s.quad))
    case .movsldup:
        let even = s.doubles.evenHalf
        d.set(Doubles(even: even, odd: even))
    case .movshdup:
        let odd = s.doubles.oddHalf
        d.set(Doubles(even: odd, odd: odd))

    case .pblendw:
        for lane in UInt8(0)..<8 where immediate >> lane & 1 != 0 { d.set(word: s.word(lane), at: lane) }
    case .blendps:
        for lane in UInt8(0)..<4 where immediate >> lane & 1 != 0 { d.set(double: s.double(lane), at: lane) }
    case .blendpd:
        for lane in UInt8(0)..<2 where immediate >> lane & 1 != 0 { d.set(quad: s.quad(lane), at: lane) }
    case .pblendvb:
        d.set(select(environment.mask.signedBytes &>> 7, s.signedBytes, d.signedBytes))
    case .blendvps:
        d.set(select(environment.mask.signedDoubles &>> 31, s.signedDoubles, d.signedDoubles))
    case .blendvpd:
        d.set(select(environment.mask.signedQuads &>> 63, s.signedQuads, d.signedQuads))
    case .maskmovdqu:
        d.set(select(environment.mask.signedBytes &>> 7, s.signedBytes, d.signedBytes))

    case .pinsrb: d.set(byte: s.byte, at: immediate)
    case .pinsrw: d.set(word: s.word, at: immediate)
    case .pinsrd: d.set(double: s.double, at: immediate)
    case .pinsrq: d.set(quad: s.quad, at: immediate)
    case .pextrb: d.set(UInt64(s.byte(immediate)))
    case .pextrw: d.set(UInt64(s.word(immediate)))
    case .pextrd: d.set(UInt64(s.double(immediate)))
    case .pextrq: d.set(s.quad(immediate))
    case .insertps: insert(s.double(immediate >> 6), d, immediate)
    case .insertpsm: insert(s.double, d, immediate)
    default: break
    }
}

/// Four words chosen by an immediate from the half that begins at word `base`.
@inline(__always) private func fourWords(_ s: UnsafeRawPointer, _ base: UInt8, _ immediate: UInt8) -> UInt64 {
    let low = UInt64(s.word(base | immediate & 3)) | UInt64(s.word(base | immediate >> 2 & 3)) << 16
    return low | UInt64(s.word(base | immediate >> 4 & 3)) << 32 | UInt64(s.word(base | immediate >> 6)) << 48
}

/// pshufb: bytes of the table chosen by the low bits of eight selectors; zero where a selector's top bit is set.
@inline(__always) private func eightBytes(_ table: UnsafeRawPointer, _ selectors: UInt64) -> UInt64 {
    var result: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
        result |= UInt64(table.byte(UInt8(truncatingIfNeeded: selectors &>> shift))) &<< shift
    }
    let zeroed = (selectors & 0x8080_8080_8080_8080) >> 7 &* 0xFF
    return result & ~zeroed
}

/// insertps: the value into the lane that bits 5:4 name, then zeroes where bits 3:0 say.
private func insert(_ value: UInt32, _ d: UnsafeMutableRawPointer, _ immediate: UInt8) {
    d.set(double: value, at: immediate >> 4)
    for lane in UInt8(0)..<4 where immediate >> lane & 1 != 0 { d.set(double: 0, at: lane) }
}

@inline(__always) private func clamp(_ value: SIMD8<Int16>, _ low: Int16, _ high: Int16) -> SIMD8<Int16> {
    pointwiseMin(pointwiseMax(value, SIMD8(repeating: low)), SIMD8(repeating: high))
}

@inline(__always) private func clamp(_ value: SIMD4<Int32>, _ low: Int32, _ high: Int32) -> SIMD4<Int32> {
    pointwiseMin(pointwiseMax(value, SIMD4(repeating: low)), SIMD4(repeating: high))
}

/// Interleaves two halves.
extension SIMD16<UInt8> {
    @inline(__always) fileprivate init(even: SIMD8<UInt8>, odd: SIMD8<UInt8>) {
        self.init()
        evenHalf = even
        oddHalf = odd
    }
}

extension SIMD8<UInt16> {
    @inline(__always) fileprivate init(even: SIMD4<UInt16>, odd: SIMD4<UInt16>) {
        self.init()
        evenHalf = even
        oddHalf = odd
    }
}

extension SIMD4<UInt32> {
    @inline(__always) fileprivate init(even: SIMD2<UInt32>, odd: SIMD2<UInt32>) {
        self.init(even[0], odd[0], even[1], odd[1])
    }
}
