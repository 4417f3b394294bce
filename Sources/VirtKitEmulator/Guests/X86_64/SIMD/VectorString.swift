// pcmpestri, pcmpestrm, pcmpistri, pcmpistrm (Intel SDM volume 2, section 4.1).
//
// SAFETY: operands are read and written through the accessors of VectorExecution.swift, which says why they hold.

/// Executes the string comparisons. `d` is the first operand and is not written; the results go to the environment.
func executeString(
    _ operation: VectorOperation, _ d: UnsafeMutableRawPointer, _ s: UnsafeRawPointer, _ immediate: UInt8,
    _ environment: UnsafeMutableRawPointer
) {
    let count = immediate & 1 == 0 ? 16 : 8
    let (first, second) = (elements(d.raw, immediate), elements(s, immediate))
    let validFirst: Int
    let validSecond: Int
    switch operation {
    case .pcmpestri, .pcmpestrm:
        let lengths = environment.lengths
        validFirst = explicitLength(lengths.0, count)
        validSecond = explicitLength(lengths.1, count)
    default:
        validFirst = implicitLength(first, count)
        validSecond = implicitLength(second, count)
    }
    let all: UInt32 = count == 16 ? 0xFFFF : 0xFF
    var result = aggregate(first, validFirst, second, validSecond, count, immediate)
    switch immediate >> 4 & 3 {
    case 1: result ^= all
    case 3: result ^= (UInt32(1) &<< UInt32(truncatingIfNeeded: validSecond)) &- 1
    default: break
    }

    var flags: UInt32 = 0
    if result != 0 { flags |= VectorFlag.carry }
    if validSecond < count { flags |= VectorFlag.zero }
    if validFirst < count { flags |= VectorFlag.sign }
    if result & 1 != 0 { flags |= VectorFlag.overflow }
    environment.setFlags(flags)

    switch operation {
    case .pcmpestri, .pcmpistri:
        let last = immediate & 0x40 != 0
        let position = last ? 31 &- result.leadingZeroBitCount : result.trailingZeroBitCount
        environment.setIndex(UInt64(truncatingIfNeeded: result == 0 ? count : position))
    default:
        if immediate & 0x40 == 0 {
            environment.mask.set(Quads(UInt64(result), 0))
        } else if count == 16 {
            var mask = Bytes()
            for lane in 0..<16 where result >> UInt32(lane) & 1 != 0 { mask[lane] = 0xFF }
            environment.mask.set(mask)
        } else {
            var mask = Words()
            for lane in 0..<8 where result >> UInt32(lane) & 1 != 0 { mask[lane] = 0xFFFF }
            environment.mask.set(mask)
        }
    }
}

/// The elements of an operand: bytes or words (immediate bit 0), unsigned or signed (bit 1). Lanes 8...15 of words are 0.
private func elements(_ pointer: UnsafeRawPointer, _ immediate: UInt8) -> SIMD16<Int32> {
    switch immediate & 3 {
    case 0: SIMD16(truncatingIfNeeded: pointer.bytes)
    case 1: SIMD16(lowHalf: SIMD8(truncatingIfNeeded: pointer.words), highHalf: SIMD8())
    case 2: SIMD16(truncatingIfNeeded: pointer.signedBytes)
    default: SIMD16(lowHalf: SIMD8(truncatingIfNeeded: pointer.signedWords), highHalf: SIMD8())
    }
}

/// The magnitude of a length register, at most the number of elements.
private func explicitLength(_ length: UInt64, _ count: Int) -> Int {
    Int(truncatingIfNeeded: min(Int64(bitPattern: length).magnitude, UInt64(truncatingIfNeeded: count)))
}

/// The number of elements before the first zero.
private func implicitLength(_ elements: SIMD16<Int32>, _ count: Int) -> Int {
    var length = 0
    while length < count, elements[length] != 0 { length &+= 1 }
    return length
}

/// IntRes1: one bit per element of the second operand (for "equal each", of both), by immediate bits 3:2.
private func aggregate(
    _ first: SIMD16<Int32>, _ validFirst: Int, _ second: SIMD16<Int32>, _ validSecond: Int, _ count: Int,
    _ immediate: UInt8
) -> UInt32 {
    var result: UInt32 = 0
    for position in 0..<count {
        var holds = false
        switch immediate >> 2 & 3 {
        case 0:
            // Equal any: the element is one of the set.
            if position < validSecond {
                for index in 0..<validFirst where first[index] == second[position] { holds = true }
            }
        case 1:
            // Ranges: pairs of bounds; a pair without its upper bound does not count.
            if position < validSecond {
                for index in stride(from: 0, to: validFirst &- 1, by: 2)
                where first[index] <= second[position] && second[position] <= first[index &+ 1] {
                    holds = true
                }
            }
        case 2:
            // Equal each: elements after both ends are equal.
            let (inFirst, inSecond) = (position < validFirst, position < validSecond)
            holds = inFirst && inSecond ? first[position] == second[position] : inFirst == inSecond
        default:
            // Equal ordered: the first operand occurs here, as far as the register goes.
            holds = true
            for index in 0..<min(validFirst, count &- position) {
                let place = position &+ index
                if place >= validSecond || first[index] != second[place] { holds = false }
            }
        }
        if holds { result |= 1 &<< UInt32(truncatingIfNeeded: position) }
    }
    return result
}
