// AES-NI (FIPS 197; Intel SDM volume 2) and carry-less multiplication.
//
// SAFETY: operands are read and written through the accessors of VectorExecution.swift, which says why they hold.

/// Executes the operations from `aesenc` to `pclmulqdq`.
func executeCipher(
    _ operation: VectorOperation, _ d: UnsafeMutableRawPointer, _ s: UnsafeRawPointer, _ immediate: UInt8
) {
    switch operation {
    case .aesenc:
        d.set(mixColumns(substitute(shiftRows(d.bytes, by: 5), AESTables.shared.forward)) ^ s.bytes)
    case .aesenclast:
        d.set(substitute(shiftRows(d.bytes, by: 5), AESTables.shared.forward) ^ s.bytes)
    case .aesdec:
        d.set(unmixColumns(substitute(shiftRows(d.bytes, by: 13), AESTables.shared.inverse)) ^ s.bytes)
    case .aesdeclast:
        d.set(substitute(shiftRows(d.bytes, by: 13), AESTables.shared.inverse) ^ s.bytes)
    case .aesimc:
        d.set(unmixColumns(s.bytes))
    case .aeskeygenassist:
        let words = recast(substitute(s.bytes, AESTables.shared.forward), as: Doubles.self)
        func rotated(_ word: UInt32) -> UInt32 { (word >> 8 | word << 24) ^ UInt32(immediate) }
        d.set(Doubles(words[1], rotated(words[1]), words[3], rotated(words[3])))
    case .pclmulqdq:
        let a = UInt128(d.raw.quad(immediate))
        var rest = s.quad(immediate >> 4)
        var product: UInt128 = 0
        while rest != 0 {
            product ^= a &<< UInt128(truncatingIfNeeded: rest.trailingZeroBitCount)
            rest &= rest &- 1
        }
        d.set(octo: product)
    default: break
    }
}

/// Byte `i` (column `i / 4`, row `i % 4`) comes from byte `i * step` mod 16: 5 moves row `r` left by `r`, 13 right.
private func shiftRows(_ state: Bytes, by step: Int) -> Bytes {
    var result = Bytes()
    for index in 0..<16 { result[index] = state[source(index, step)] }
    return result
}

@inline(__always) private func source(_ index: Int, _ step: Int) -> Int {
    // Row r of column c is at 4c + r; it comes from column c + r (step 5) or c - r (step 13).
    let row = index & 3
    return (index &+ row &* (step == 5 ? 4 : 12)) & 15
}

private func substitute(_ state: Bytes, _ table: [UInt8]) -> Bytes {
    var result = Bytes()
    for index in 0..<16 { result[index] = table[Int(state[index])] }
    return result
}

/// Multiplication by x in GF(2^8).
@inline(__always) private func double(_ value: Bytes) -> Bytes {
    (value &<< 1) ^ (0 &- (value &>> 7)) & 0x1B
}

/// Each column rotated up by `count` rows.
private func rotateColumns(_ state: Bytes, _ count: UInt32) -> Bytes {
    let columns = recast(state, as: Doubles.self)
    let down = Doubles(repeating: 8 &* count)
    return recast((columns &>> down) | (columns &<< (32 &- down)), as: Bytes.self)
}

private func mixColumns(_ state: Bytes) -> Bytes {
    // 2a + 3b + c + d, with 3b = 2b + b.
    let next = rotateColumns(state, 1)
    return double(state ^ next) ^ next ^ rotateColumns(state, 2) ^ rotateColumns(state, 3)
}

private func unmixColumns(_ state: Bytes) -> Bytes {
    // The inverse matrix is the matrix times (5 0 4 0).
    let fourfold = double(double(state ^ rotateColumns(state, 2)))
    return mixColumns(state ^ fourfold)
}

/// The substitution box of FIPS 197 and its inverse, computed from their definition.
private struct AESTables: Sendable {
    static let shared = AESTables()

    private(set) var forward = [UInt8](repeating: 0, count: 256)
    private(set) var inverse = [UInt8](repeating: 0, count: 256)

    private init() {
        // 3 generates the multiplicative group, whose order is 255: the inverse of 3^n is 3^(255 - n).
        var powers = [UInt8](repeating: 1, count: 256)
        for exponent in 1..<256 {
            let last = powers[exponent &- 1]
            powers[exponent] = last ^ last &<< 1 ^ (last & 0x80 != 0 ? 0x1B : 0)
        }
        for exponent in 0..<255 { store(powers[255 &- exponent], at: powers[exponent]) }
        store(0, at: 0)
    }

    private mutating func store(_ reciprocal: UInt8, at value: UInt8) {
        func rotated(_ count: UInt8) -> UInt8 { reciprocal &<< count | reciprocal &>> (8 &- count) }
        let substitute = reciprocal ^ rotated(1) ^ rotated(2) ^ rotated(3) ^ rotated(4) ^ 0x63
        forward[Int(value)] = substitute
        inverse[Int(substitute)] = value
    }
}
