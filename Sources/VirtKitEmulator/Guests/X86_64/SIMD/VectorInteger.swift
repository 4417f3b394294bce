// Integer arithmetic, comparison and shifts.
//
// SAFETY: operands are read and written through the accessors of VectorExecution.swift, which says why they hold.

/// Executes the operations from `pand` to `ptest`.
func executeInteger(
    _ operation: VectorOperation, _ d: UnsafeMutableRawPointer, _ s: UnsafeRawPointer, _ immediate: UInt8,
    _ environment: UnsafeMutableRawPointer
) {
    switch operation {
    case .pand: d.set(d.quads & s.quads)
    case .pandn: d.set(~d.quads & s.quads)
    case .por: d.set(d.quads | s.quads)
    case .pxor: d.set(d.quads ^ s.quads)

    case .paddb: d.set(d.bytes &+ s.bytes)
    case .paddw: d.set(d.words &+ s.words)
    case .paddd: d.set(d.doubles &+ s.doubles)
    case .paddq: d.set(d.quads &+ s.quads)
    case .psubb: d.set(d.bytes &- s.bytes)
    case .psubw: d.set(d.words &- s.words)
    case .psubd: d.set(d.doubles &- s.doubles)
    case .psubq: d.set(d.quads &- s.quads)

    case .paddusb:
        let (a, b) = (d.bytes, s.bytes)
        d.set(pointwiseMin(a, ~b) &+ b)
    case .paddusw:
        let (a, b) = (d.words, s.words)
        d.set(pointwiseMin(a, ~b) &+ b)
    case .psubusb:
        let (a, b) = (d.bytes, s.bytes)
        d.set(pointwiseMax(a, b) &- b)
    case .psubusw:
        let (a, b) = (d.words, s.words)
        d.set(pointwiseMax(a, b) &- b)
    case .paddsb:
        // Overflow: both operands have one sign and the sum the other; the limit has the first operand's sign.
        let (a, b) = (d.signedBytes, s.signedBytes)
        let sum = a &+ b
        d.set(select(((a ^ sum) & (b ^ sum)) &>> 7, (a &>> 7) ^ 0x7F, sum))
    case .paddsw:
        let (a, b) = (d.signedWords, s.signedWords)
        d.set(addSaturating(a, b))
    case .psubsb:
        let (a, b) = (d.signedBytes, s.signedBytes)
        let difference = a &- b
        d.set(select(((a ^ b) & (a ^ difference)) &>> 7, (a &>> 7) ^ 0x7F, difference))
    case .psubsw:
        let (a, b) = (d.signedWords, s.signedWords)
        d.set(subtractSaturating(a, b))

    case .pcmpeqb: d.set(ones(d.bytes .== s.bytes))
    case .pcmpeqw: d.set(ones(d.words .== s.words))
    case .pcmpeqd: d.set(ones(d.doubles .== s.doubles))
    case .pcmpeqq: d.set(ones(d.quads .== s.quads))
    case .pcmpgtb: d.set(ones(d.signedBytes .> s.signedBytes))
    case .pcmpgtw: d.set(ones(d.signedWords .> s.signedWords))
    case .pcmpgtd: d.set(ones(d.signedDoubles .> s.signedDoubles))
    case .pcmpgtq: d.set(ones(d.signedQuads .> s.signedQuads))

    case .pminub: d.set(pointwiseMin(d.bytes, s.bytes))
    case .pminuw: d.set(pointwiseMin(d.words, s.words))
    case .pminud: d.set(pointwiseMin(d.doubles, s.doubles))
    case .pminsb: d.set(pointwiseMin(d.signedBytes, s.signedBytes))
    case .pminsw: d.set(pointwiseMin(d.signedWords, s.signedWords))
    case .pminsd: d.set(pointwiseMin(d.signedDoubles, s.signedDoubles))
    case .pmaxub: d.set(pointwiseMax(d.bytes, s.bytes))
    case .pmaxuw: d.set(pointwiseMax(d.words, s.words))
    case .pmaxud: d.set(pointwiseMax(d.doubles, s.doubles))
    case .pmaxsb: d.set(pointwiseMax(d.signedBytes, s.signedBytes))
    case .pmaxsw: d.set(pointwiseMax(d.signedWords, s.signedWords))
    case .pmaxsd: d.set(pointwiseMax(d.signedDoubles, s.signedDoubles))

    case .pavgb:
        // The mean rounded up, without the ninth bit.
        let (a, b) = (d.bytes, s.bytes)
        d.set((a | b) &- ((a ^ b) &>> 1))
    case .pavgw:
        let (a, b) = (d.words, s.words)
        d.set((a | b) &- ((a ^ b) &>> 1))
    case .pabsb:
        let a = s.signedBytes
        let sign = a &>> 7
        d.set((a ^ sign) &- sign)
    case .pabsw:
        let a = s.signedWords
        let sign = a &>> 15
        d.set((a ^ sign) &- sign)
    case .pabsd:
        let a = s.signedDoubles
        let sign = a &>> 31
        d.set((a ^ sign) &- sign)
    case .psignb:
        let (a, b) = (d.signedBytes, s.signedBytes)
        let sign = b &>> 7
        d.set(((a ^ sign) &- sign) & ~ones(b .== SIMD16<Int8>()))
    case .psignw:
        let (a, b) = (d.signedWords, s.signedWords)
        let sign = b &>> 15
        d.set(((a ^ sign) &- sign) & ~ones(b .== SIMD8<Int16>()))
    case .psignd:
        let (a, b) = (d.signedDoubles, s.signedDoubles)
        let sign = b &>> 31
        d.set(((a ^ sign) &- sign) & ~ones(b .== SIMD4<Int32>()))

    case .pmullw: d.set(d.words &* s.words)
    case .pmulld: d.set(d.doubles &* s.doubles)
    case .pmulhw:
        let product = SIMD8<Int32>(truncatingIfNeeded: d.signedWords) &* SIMD8<Int32>(truncatingIfNeeded: s.signedWords)
        d.set(SIMD8<Int16>(truncatingIfNeeded: product &>> 16))
    case .pmulhuw:
        let product = SIMD8<UInt32>(truncatingIfNeeded: d.words) &* SIMD8<UInt32>(truncatingIfNeeded: s.words)
        d.set(Words(truncatingIfNeeded: product &>> 16))
    case .pmulhrsw:
        let product = SIMD8<Int32>(truncatingIfNeeded: d.signedWords) &* SIMD8<Int32>(truncatingIfNeeded: s.signedWords)
        d.set(SIMD8<Int16>(truncatingIfNeeded: ((product &>> 14) &+ 1) &>> 1))
    case .pmuludq:
        d.set((d.quads & 0xFFFF_FFFF) &* (s.quads & 0xFFFF_FFFF))
    case .pmuldq:
        let a = SIMD2<Int64>(truncatingIfNeeded: d.signedDoubles.evenHalf)
        let b = SIMD2<Int64>(truncatingIfNeeded: s.signedDoubles.evenHalf)
        d.set(a &* b)
    case .pmaddwd:
        let (a, b) = (d.signedDoubles, s.signedDoubles)
        d.set((((a &<< 16) &>> 16) &* ((b &<< 16) &>> 16)) &+ ((a &>> 16) &* (b &>> 16)))
    case .pmaddubsw:
        // Unsigned bytes of the first source times signed bytes of the second.
        let (a, b) = (d.words, s.signedWords)
        let low = SIMD8<Int16>(truncatingIfNeeded: a & 0xFF) &* ((b &<< 8) &>> 8)
        let high = SIMD8<Int16>(truncatingIfNeeded: a &>> 8) &* (b &>> 8)
        d.set(addSaturating(low, high))
    case .psadbw:
        let (a, b) = (d.bytes, s.bytes)
        let difference = recast(pointwiseMax(a, b) &- pointwiseMin(a, b), as: Quads.self)
        d.set(Quads(sumOfBytes(difference[0]), sumOfBytes(difference[1])))

    case .phaddw:
        let (a, b) = (d.words, s.words)
        d.set(Words(lowHalf: a.evenHalf &+ a.oddHalf, highHalf: b.evenHalf &+ b.oddHalf))
    case .phaddd:
        let (a, b) = (d.doubles, s.doubles)
        d.set(Doubles(lowHalf: a.evenHalf &+ a.oddHalf, highHalf: b.evenHalf &+ b.oddHalf))
    case .phsubw:
        let (a, b) = (d.words, s.words)
        d.set(Words(lowHalf: a.evenHalf &- a.oddHalf, highHalf: b.evenHalf &- b.oddHalf))
    case .phsubd:
        let (a, b) = (d.doubles, s.doubles)
        d.set(Doubles(lowHalf: a.evenHalf &- a.oddHalf, highHalf: b.evenHalf &- b.oddHalf))
    case .phaddsw:
        let (a, b) = (d.signedWords, s.signedWords)
        let even = SIMD8<Int16>(lowHalf: a.evenHalf, highHalf: b.evenHalf)
        d.set(addSaturating(even, SIMD8<Int16>(lowHalf: a.oddHalf, highHalf: b.oddHalf)))
    case .phsubsw:
        let (a, b) = (d.signedWords, s.signedWords)
        let even = SIMD8<Int16>(lowHalf: a.evenHalf, highHalf: b.evenHalf)
        d.set(subtractSaturating(even, SIMD8<Int16>(lowHalf: a.oddHalf, highHalf: b.oddHalf)))
    case .phminposuw:
        // The position in the low bits makes the first of equal words the least.
        var least = UInt64.max
        for index in UInt8(0)..<8 { least = min(least, UInt64(s.word(index)) << 3 | UInt64(index)) }
        d.set(Quads(least >> 3 | (least & 7) << 16, 0))
    case .mpsadbw:
        d.set(sumsOfDifferences(d.raw, s, immediate))

    case .psllw: shiftWords(d, s.quad) { $0 &<< $1 }
    case .pslld: shiftDoubles(d, s.quad) { $0 &<< $1 }
    case .psllq: shiftQuads(d, s.quad) { $0 &<< $1 }
    case .psrlw: shiftWords(d, s.quad) { $0 &>> $1 }
    case .psrld: shiftDoubles(d, s.quad) { $0 &>> $1 }
    case .psrlq: shiftQuads(d, s.quad) { $0 &>> $1 }
    case .psraw: shiftWordsArithmetic(d, s.quad)
    case .psrad: shiftDoublesArithmetic(d, s.quad)
    case .psllwi: shiftWords(d, UInt64(immediate)) { $0 &<< $1 }
    case .pslldi: shiftDoubles(d, UInt64(immediate)) { $0 &<< $1 }
    case .psllqi: shiftQuads(d, UInt64(immediate)) { $0 &<< $1 }
    case .psrlwi: shiftWords(d, UInt64(immediate)) { $0 &>> $1 }
    case .psrldi: shiftDoubles(d, UInt64(immediate)) { $0 &>> $1 }
    case .psrlqi: shiftQuads(d, UInt64(immediate)) { $0 &>> $1 }
    case .psrawi: shiftWordsArithmetic(d, UInt64(immediate))
    case .psradi: shiftDoublesArithmetic(d, UInt64(immediate))

    case .pmovmskb:
        let signs = s.quads & 0x8080_8080_8080_8080
        // The product gathers bits 7, 15, ... 63 in its top byte without carries between them.
        let gathered = (signs &* 0x0002_0408_1020_4081) &>> 56
        d.set(gathered[0] | gathered[1] << 8)
    case .movmskps:
        let signs = s.quads
        d.set(signs[0] >> 31 & 1 | signs[0] >> 62 & 2 | (signs[1] >> 31 & 1) << 2 | (signs[1] >> 63) << 3)
    case .movmskpd:
        let signs = s.quads
        d.set(signs[0] >> 63 | (signs[1] >> 63) << 1)
    case .ptest:
        let (a, b) = (d.quads, s.quads)
        let (both, only) = (a & b, ~a & b)
        var flags: UInt32 = 0
        if both[0] | both[1] == 0 { flags |= VectorFlag.zero }
        if only[0] | only[1] == 0 { flags |= VectorFlag.carry }
        environment.setFlags(flags)
    default: break
    }
}

/// All ones where the mask is set, else zero.
@inline(__always) private func ones<V: SIMD>(_ mask: SIMDMask<V>) -> V
where V.Scalar: SignedInteger & FixedWidthInteger, V.MaskStorage == V {
    V(repeating: 0).replacing(with: V(repeating: -1), where: mask)
}

@inline(__always) private func addSaturating(_ a: SIMD8<Int16>, _ b: SIMD8<Int16>) -> SIMD8<Int16> {
    let sum = a &+ b
    return select(((a ^ sum) & (b ^ sum)) &>> 15, (a &>> 15) ^ 0x7FFF, sum)
}

@inline(__always) private func subtractSaturating(_ a: SIMD8<Int16>, _ b: SIMD8<Int16>) -> SIMD8<Int16> {
    let difference = a &- b
    return select(((a ^ b) & (a ^ difference)) &>> 15, (a &>> 15) ^ 0x7FFF, difference)
}

/// The sum of eight bytes, at most 2040.
@inline(__always) private func sumOfBytes(_ bytes: UInt64) -> UInt64 {
    let pairs = (bytes & 0x00FF_00FF_00FF_00FF) &+ (bytes >> 8 & 0x00FF_00FF_00FF_00FF)
    return (pairs &* 0x0001_0001_0001_0001) >> 48
}

/// mpsadbw (Intel SDM volume 2): eight sums of four absolute differences, one block against a sliding one.
private func sumsOfDifferences(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ immediate: UInt8) -> Words {
    let (start, block) = (immediate & 4, (immediate & 3) << 2)
    var sums = Words()
    for lane in UInt8(0)..<8 {
        var sum: UInt16 = 0
        for index in UInt8(0)..<4 {
            let (x, y) = (a.byte(start &+ lane &+ index), b.byte(block &+ index))
            sum &+= UInt16(max(x, y) &- min(x, y))
        }
        sums[Int(lane)] = sum
    }
    return sums
}

// A count of the lane's width or more shifts everything out.

@inline(__always) private func shiftWords(
    _ d: UnsafeMutableRawPointer, _ count: UInt64, _ shift: (Words, Words) -> Words
) {
    d.set(count > 15 ? Words() : shift(d.words, Words(repeating: UInt16(truncatingIfNeeded: count))))
}

@inline(__always) private func shiftDoubles(
    _ d: UnsafeMutableRawPointer, _ count: UInt64, _ shift: (Doubles, Doubles) -> Doubles
) {
    d.set(count > 31 ? Doubles() : shift(d.doubles, Doubles(repeating: UInt32(truncatingIfNeeded: count))))
}

@inline(__always) private func shiftQuads(
    _ d: UnsafeMutableRawPointer, _ count: UInt64, _ shift: (Quads, Quads) -> Quads
) {
    d.set(count > 63 ? Quads() : shift(d.quads, Quads(repeating: count)))
}

@inline(__always) private func shiftWordsArithmetic(_ d: UnsafeMutableRawPointer, _ count: UInt64) {
    d.set(d.signedWords &>> SIMD8<Int16>(repeating: Int16(truncatingIfNeeded: min(count, 15))))
}

@inline(__always) private func shiftDoublesArithmetic(_ d: UnsafeMutableRawPointer, _ count: UInt64) {
    d.set(d.signedDoubles &>> SIMD4<Int32>(repeating: Int32(truncatingIfNeeded: min(count, 31))))
}
