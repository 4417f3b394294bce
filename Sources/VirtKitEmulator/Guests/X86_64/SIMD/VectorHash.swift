// SHA extensions (FIPS 180-4; Intel SDM volume 2, SHA1RNDS4 to SHA256MSG2). Element 3 is the topmost.
//
// SAFETY: operands are read and written through the accessors of VectorExecution.swift, which says why they hold.

/// Executes the operations from `sha1rnds4` to `sha256msg2`.
func executeHash(
    _ operation: VectorOperation, _ d: UnsafeMutableRawPointer, _ s: UnsafeRawPointer, _ immediate: UInt8,
    _ environment: UnsafeMutableRawPointer
) {
    let a = d.doubles
    let b = s.doubles
    switch operation {
    case .sha1rnds4: d.set(rounds1(a, b, immediate & 3))
    case .sha1nexte: d.set(Doubles(b[0], b[1], b[2], b[3] &+ rotated(left: a[3], 30)))
    case .sha1msg1: d.set(Doubles(a[0] ^ b[2], a[1] ^ b[3], a[2] ^ a[0], a[3] ^ a[1]))
    case .sha1msg2:
        let w16 = rotated(left: a[3] ^ b[2], 1)
        let w17 = rotated(left: a[2] ^ b[1], 1)
        let w18 = rotated(left: a[1] ^ b[0], 1)
        let w19 = rotated(left: a[0] ^ w16, 1)
        d.set(Doubles(w19, w18, w17, w16))
    case .sha256rnds2: d.set(rounds256(a, b, environment.mask.doubles))
    case .sha256msg1:
        d.set(
            Doubles(
                a[0] &+ small0(a[1]), a[1] &+ small0(a[2]), a[2] &+ small0(a[3]), a[3] &+ small0(b[0])))
    case .sha256msg2:
        let w16 = a[0] &+ small1(b[2])
        let w17 = a[1] &+ small1(b[3])
        d.set(Doubles(w16, w17, a[2] &+ small1(w16), a[3] &+ small1(w17)))
    default: break
    }
}

private func rotated(left value: UInt32, _ count: UInt32) -> UInt32 { value &<< count | value &>> (32 &- count) }
private func rotated(right value: UInt32, _ count: UInt32) -> UInt32 { value &>> count | value &<< (32 &- count) }

// FIPS 180-4, 4.1.2.
private func choose(_ x: UInt32, _ y: UInt32, _ z: UInt32) -> UInt32 { (x & y) ^ (~x & z) }
private func majority(_ x: UInt32, _ y: UInt32, _ z: UInt32) -> UInt32 { (x & y) ^ (x & z) ^ (y & z) }
private func big0(_ x: UInt32) -> UInt32 { rotated(right: x, 2) ^ rotated(right: x, 13) ^ rotated(right: x, 22) }
private func big1(_ x: UInt32) -> UInt32 { rotated(right: x, 6) ^ rotated(right: x, 11) ^ rotated(right: x, 25) }
private func small0(_ x: UInt32) -> UInt32 { rotated(right: x, 7) ^ rotated(right: x, 18) ^ x &>> 3 }
private func small1(_ x: UInt32) -> UInt32 { rotated(right: x, 17) ^ rotated(right: x, 19) ^ x &>> 10 }

/// Four rounds of SHA-1: A to D from the top of `state` down, W0 + E, W1, W2, W3 from the top of `words` down.
private func rounds1(_ state: Doubles, _ words: Doubles, _ function: UInt8) -> Doubles {
    let constants: Doubles = [0x5A82_7999, 0x6ED9_EBA1, 0x8F1B_BCDC, 0xCA62_C1D6]
    let constant = constants[Int(function & 3)]
    var (a, b, c, d) = (state[3], state[2], state[1], state[0])
    var e: UInt32 = 0
    for round in 0..<4 {
        let mixed: UInt32 =
            switch function {
            case 0: choose(b, c, d)
            case 2: majority(b, c, d)
            default: b ^ c ^ d
            }
        let next = mixed &+ rotated(left: a, 5) &+ words[3 &- round] &+ e &+ constant
        (a, b, c, d, e) = (next, a, rotated(left: b, 30), c, d)
    }
    return Doubles(d, c, b, a)
}

/// Two rounds of SHA-256: C, D, G, H in `cdgh` and A, B, E, F in `abef`, from the top down; the words with their constants
/// in the low half of `words`.
private func rounds256(_ cdgh: Doubles, _ abef: Doubles, _ words: Doubles) -> Doubles {
    var (a, b, c, d) = (abef[3], abef[2], cdgh[3], cdgh[2])
    var (e, f, g, h) = (abef[1], abef[0], cdgh[1], cdgh[0])
    for round in 0..<2 {
        let first = choose(e, f, g) &+ big1(e) &+ words[round] &+ h
        let second = majority(a, b, c) &+ big0(a)
        (a, b, c, d, e, f, g, h) = (first &+ second, a, b, c, first &+ d, e, f, g)
    }
    return Doubles(f, e, b, a)
}
