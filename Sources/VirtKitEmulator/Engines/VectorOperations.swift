/// The v128 operations that engines do themselves, on the host's vectors.
///
/// SAFETY: `a`, `b` and `d` are 16-byte places in the frame.
enum VectorOperations {
    @inline(__always)
    private static func apply<V>(
        _ f: UnsafeMutableRawPointer, _ ip: UnsafePointer<Operation>, _: V.Type, _ operation: (V, V) -> V
    ) {
        let a = f.loadUnaligned(fromByteOffset: Int(ip.pointee.a), as: V.self)
        let b = f.loadUnaligned(fromByteOffset: Int(ip.pointee.b), as: V.self)
        f.storeBytes(of: operation(a, b), toByteOffset: Int(ip.pointee.d), as: V.self)
    }

    typealias Frame = UnsafeMutableRawPointer
    typealias Pointer = UnsafePointer<Operation>
    private typealias B = SIMD16<UInt8>
    private typealias H = SIMD8<UInt16>
    private typealias S = SIMD4<UInt32>
    private typealias D = SIMD2<UInt64>

    static func and(_ f: Frame, _ ip: Pointer) { apply(f, ip, D.self) { $0 & $1 } }
    static func or(_ f: Frame, _ ip: Pointer) { apply(f, ip, D.self) { $0 | $1 } }
    static func xor(_ f: Frame, _ ip: Pointer) { apply(f, ip, D.self) { $0 ^ $1 } }
    static func andNot(_ f: Frame, _ ip: Pointer) { apply(f, ip, D.self) { ~$0 & $1 } }
    static func add8(_ f: Frame, _ ip: Pointer) { apply(f, ip, B.self) { $0 &+ $1 } }
    static func add16(_ f: Frame, _ ip: Pointer) { apply(f, ip, H.self) { $0 &+ $1 } }
    static func add32(_ f: Frame, _ ip: Pointer) { apply(f, ip, S.self) { $0 &+ $1 } }
    static func add64(_ f: Frame, _ ip: Pointer) { apply(f, ip, D.self) { $0 &+ $1 } }
    static func sub8(_ f: Frame, _ ip: Pointer) { apply(f, ip, B.self) { $0 &- $1 } }
    static func sub16(_ f: Frame, _ ip: Pointer) { apply(f, ip, H.self) { $0 &- $1 } }
    static func sub32(_ f: Frame, _ ip: Pointer) { apply(f, ip, S.self) { $0 &- $1 } }
    static func sub64(_ f: Frame, _ ip: Pointer) { apply(f, ip, D.self) { $0 &- $1 } }

    static func equal8(_ f: Frame, _ ip: Pointer) {
        apply(f, ip, B.self) { B(repeating: 0).replacing(with: 0xFF, where: $0 .== $1) }
    }
    static func equal16(_ f: Frame, _ ip: Pointer) {
        apply(f, ip, H.self) { H(repeating: 0).replacing(with: 0xFFFF, where: $0 .== $1) }
    }
    static func equal32(_ f: Frame, _ ip: Pointer) {
        apply(f, ip, S.self) { S(repeating: 0).replacing(with: 0xFFFF_FFFF, where: $0 .== $1) }
    }

    static func minUnsigned8(_ f: Frame, _ ip: Pointer) {
        apply(f, ip, B.self) { $0.replacing(with: $1, where: $1 .< $0) }
    }
    static func maxUnsigned8(_ f: Frame, _ ip: Pointer) {
        apply(f, ip, B.self) { $0.replacing(with: $1, where: $1 .> $0) }
    }

    static func interleaveLow8(_ f: Frame, _ ip: Pointer) {
        apply(f, ip, B.self) { a, b in
            var result = B()
            for lane in 0..<8 {
                result[2 &* lane] = a[lane]
                result[2 &* lane &+ 1] = b[lane]
            }
            return result
        }
    }
    static func interleaveLow16(_ f: Frame, _ ip: Pointer) {
        apply(f, ip, H.self) { a, b in H(a[0], b[0], a[1], b[1], a[2], b[2], a[3], b[3]) }
    }
    static func interleaveLow32(_ f: Frame, _ ip: Pointer) {
        apply(f, ip, S.self) { a, b in S(a[0], b[0], a[1], b[1]) }
    }
    static func interleaveLow64(_ f: Frame, _ ip: Pointer) { apply(f, ip, D.self) { a, b in D(a[0], b[0]) } }
    static func interleaveHigh64(_ f: Frame, _ ip: Pointer) { apply(f, ip, D.self) { a, b in D(a[1], b[1]) } }

    /// d (i64) := the top bits of a's bytes.
    static func mask8(_ f: Frame, _ ip: Pointer) {
        // The multiplication gathers bits 7, 15, … 63 in the top byte.
        let low = f.loadUnaligned(fromByteOffset: Int(ip.pointee.a), as: UInt64.self) & 0x8080_8080_8080_8080
        let high = f.loadUnaligned(fromByteOffset: Int(ip.pointee.a) &+ 8, as: UInt64.self) & 0x8080_8080_8080_8080
        let mask = (low &* 0x0002_0408_1020_4081) &>> 56 | ((high &* 0x0002_0408_1020_4081) &>> 56) &<< 8
        f.storeBytes(of: mask, toByteOffset: Int(ip.pointee.d), as: UInt64.self)
    }

    /// d := a's 32-bit lanes chosen by the immediate.
    static func shuffle32(_ f: Frame, _ ip: Pointer) {
        let a = f.loadUnaligned(fromByteOffset: Int(ip.pointee.a), as: S.self)
        let selector = Int(truncatingIfNeeded: ip.pointee.immediate)
        let result = S(a[selector & 3], a[selector >> 2 & 3], a[selector >> 4 & 3], a[selector >> 6 & 3])
        f.storeBytes(of: result, toByteOffset: Int(ip.pointee.d), as: S.self)
    }
}
