// The entry points of the vector unit, and how every operation reads and writes its operands.

typealias Bytes = SIMD16<UInt8>
typealias Words = SIMD8<UInt16>
typealias Doubles = SIMD4<UInt32>
typealias Quads = SIMD2<UInt64>

/// Computes `operation` on 16-byte registers; see VectorForm.swift for what each pointer must be.
///
/// `destination` is also the first source. The pointers may be equal but must not otherwise overlap, and need no alignment.
/// Returns false if an unmasked SIMD floating-point exception is to be raised: MXCSR has its flags, nothing else changed.
func executeVector(
    _ operation: VectorOperation, destination: UnsafeMutableRawPointer, source: UnsafeRawPointer, immediate: UInt8,
    environment: UnsafeMutableRawPointer
) -> Bool {
    let number = operation.rawValue
    if number < VectorOperation.pshufd.rawValue {
        executeInteger(operation, destination, source, immediate, environment)
        return true
    }
    if number < VectorOperation.addps.rawValue {
        executeShuffle(operation, destination, source, immediate, environment)
        return true
    }
    if number < VectorOperation.cvtsi2ss.rawValue {
        return executeFloatingPoint(operation, destination, source, immediate, environment)
    }
    if number < VectorOperation.pcmpestri.rawValue {
        return executeConversion(operation, destination, source, environment)
    }
    if number < VectorOperation.aesenc.rawValue {
        executeString(operation, destination, source, immediate, environment)
    } else if number < VectorOperation.sha1rnds4.rawValue {
        executeCipher(operation, destination, source, immediate)
    } else if number < VectorOperation.emms.rawValue {
        executeHash(operation, destination, source, immediate, environment)
    }
    return true
}

/// Computes `operation` on 8-byte mmx registers (`VectorForm.isMMX`). A general-register source or destination is 8 bytes
/// too. Always returns true.
func executeMMX(
    _ operation: VectorOperation, destination: UnsafeMutableRawPointer, source: UnsafeRawPointer, immediate: UInt8,
    environment: UnsafeMutableRawPointer
) -> Bool {
    var immediate = immediate
    if operation == .pextrw || operation == .pinsrw { immediate &= 3 }
    switch operation {
    case .pextrw, .pmovmskb:
        var wide = Quads(source.quad, 0)
        withUnsafeBytes(of: &wide) { wide in
            executeWide(operation, destination, wide.baseAddress, immediate, environment)
        }
        return true
    default: break
    }
    // Operations that take neighbouring pairs or narrow, and so put the second source's results after the first's, find
    // the two 8-byte operands side by side in one wide operand. The others work on lanes.
    let first = destination.quad
    // The low interleaves read only 4 bytes of memory, and pinsrw 2.
    let second: UInt64
    switch operation {
    case .punpcklbw, .punpcklwd, .punpckldq: second = UInt64(source.double)
    case .pinsrw: second = UInt64(source.word)
    case _ where operation.shiftsByImmediate: second = 0
    default: second = source.quad
    }
    var target = Quads(first, 0)
    var operand = Quads(second, 0)
    var operation = operation
    switch operation {
    case .packsswb, .packssdw, .packuswb, .phaddw, .phaddd, .phaddsw, .phsubw, .phsubd, .phsubsw:
        target = Quads(first, second)
        operand = target
    case .palignr:
        // Bytes 0...15 are the pair; shifting it as the low operand zero-fills from above.
        target = Quads(0, 0)
        operand = Quads(second, first)
    case .punpckhbw, .punpckhwd, .punpckhdq:
        // The high interleave is the upper half of the low interleave of twice as many bytes.
        operation = operation == .punpckhbw ? .punpcklbw : operation == .punpckhwd ? .punpcklwd : .punpckldq
        target = Quads(first >> 32, 0)
        operand = Quads(second >> 32, 0)
    case .pshufb:
        // Indices wrap at 8; bit 7 still means zero.
        operand = Quads(second & 0x8787_8787_8787_8787, 0)
    case .pshufw:
        operation = .pshuflw
    default: break
    }
    withUnsafeMutableBytes(of: &target) { target in
        withUnsafeBytes(of: &operand) { operand in
            guard let target = target.baseAddress else { return }
            executeWide(operation, target, operand.baseAddress, immediate, environment)
        }
    }
    destination.set(target[0])
    return true
}

/// The integer and shuffle operations, which cannot fail.
private func executeWide(
    _ operation: VectorOperation, _ destination: UnsafeMutableRawPointer, _ source: UnsafeRawPointer?,
    _ immediate: UInt8, _ environment: UnsafeMutableRawPointer
) {
    guard let source else { return }
    if operation.rawValue < VectorOperation.pshufd.rawValue {
        executeInteger(operation, destination, source, immediate, environment)
    } else {
        executeShuffle(operation, destination, source, immediate, environment)
    }
}

extension VectorOperation {
    fileprivate var shiftsByImmediate: Bool {
        rawValue >= VectorOperation.psllwi.rawValue && rawValue <= VectorOperation.psradi.rawValue
    }
}

// SAFETY: the callers of `executeVector` and `executeMMX` promise that an operand's pointer addresses as many bytes as its
// form says (8 or 16, `sourceBytes` for a memory source, 48 for the environment); every access below lies within them
// because each operation reads through the accessor of its form's width, and offsets are masked to the operand.
extension UnsafeRawPointer {
    @inline(__always) var bytes: Bytes { loadUnaligned(as: Bytes.self) }
    @inline(__always) var words: Words { loadUnaligned(as: Words.self) }
    @inline(__always) var doubles: Doubles { loadUnaligned(as: Doubles.self) }
    @inline(__always) var quads: Quads { loadUnaligned(as: Quads.self) }
    @inline(__always) var signedBytes: SIMD16<Int8> { loadUnaligned(as: SIMD16<Int8>.self) }
    @inline(__always) var signedWords: SIMD8<Int16> { loadUnaligned(as: SIMD8<Int16>.self) }
    @inline(__always) var signedDoubles: SIMD4<Int32> { loadUnaligned(as: SIMD4<Int32>.self) }
    @inline(__always) var signedQuads: SIMD2<Int64> { loadUnaligned(as: SIMD2<Int64>.self) }
    @inline(__always) var octo: UInt128 {
        let quads = quads
        return UInt128(quads[1]) << 64 | UInt128(quads[0])
    }
    @inline(__always) var quad: UInt64 { loadUnaligned(as: UInt64.self) }
    @inline(__always) var double: UInt32 { loadUnaligned(as: UInt32.self) }
    @inline(__always) var word: UInt16 { loadUnaligned(as: UInt16.self) }
    @inline(__always) var byte: UInt8 { load(as: UInt8.self) }
    @inline(__always) func byte(_ index: UInt8) -> UInt8 { load(fromByteOffset: Int(index & 15), as: UInt8.self) }
    @inline(__always) func word(_ index: UInt8) -> UInt16 {
        loadUnaligned(fromByteOffset: Int(index & 7) &* 2, as: UInt16.self)
    }
    @inline(__always) func double(_ index: UInt8) -> UInt32 {
        loadUnaligned(fromByteOffset: Int(index & 3) &* 4, as: UInt32.self)
    }
    @inline(__always) func quad(_ index: UInt8) -> UInt64 {
        loadUnaligned(fromByteOffset: Int(index & 1) &* 8, as: UInt64.self)
    }
}

// SAFETY: as above; a store writes what the form's `destinationBytes` says, or 8 bytes for a general register.
extension UnsafeMutableRawPointer {
    @inline(__always) var raw: UnsafeRawPointer { UnsafeRawPointer(self) }
    @inline(__always) var bytes: Bytes { raw.bytes }
    @inline(__always) var words: Words { raw.words }
    @inline(__always) var doubles: Doubles { raw.doubles }
    @inline(__always) var quads: Quads { raw.quads }
    @inline(__always) var signedBytes: SIMD16<Int8> { raw.signedBytes }
    @inline(__always) var signedWords: SIMD8<Int16> { raw.signedWords }
    @inline(__always) var signedDoubles: SIMD4<Int32> { raw.signedDoubles }
    @inline(__always) var signedQuads: SIMD2<Int64> { raw.signedQuads }
    @inline(__always) var octo: UInt128 { raw.octo }
    @inline(__always) var quad: UInt64 { raw.quad }
    @inline(__always) var double: UInt32 { raw.double }
    @inline(__always) func set<T: BitwiseCopyable>(_ value: T) { storeBytes(of: value, as: T.self) }
    @inline(__always) func set(octo value: UInt128) {
        set(Quads(UInt64(truncatingIfNeeded: value), UInt64(truncatingIfNeeded: value >> 64)))
    }
    @inline(__always) func set(byte value: UInt8, at index: UInt8) {
        storeBytes(of: value, toByteOffset: Int(index & 15), as: UInt8.self)
    }
    @inline(__always) func set(word value: UInt16, at index: UInt8) {
        storeBytes(of: value, toByteOffset: Int(index & 7) &* 2, as: UInt16.self)
    }
    @inline(__always) func set(double value: UInt32, at index: UInt8) {
        storeBytes(of: value, toByteOffset: Int(index & 3) &* 4, as: UInt32.self)
    }
    @inline(__always) func set(quad value: UInt64, at index: UInt8) {
        storeBytes(of: value, toByteOffset: Int(index & 1) &* 8, as: UInt64.self)
    }

    // The environment's members; the receiver addresses a `VectorEnvironment`.
    @inline(__always) var mxcsr: UInt32 {
        get { loadUnaligned(as: UInt32.self) }
        nonmutating set { set(newValue) }
    }
    @inline(__always) func setFlags(_ flags: UInt32) {
        storeBytes(of: flags, toByteOffset: VectorEnvironment.flagsOffset, as: UInt32.self)
    }
    @inline(__always) func setIndex(_ index: UInt64) {
        storeBytes(of: index, toByteOffset: VectorEnvironment.indexOffset, as: UInt64.self)
    }
    @inline(__always) var lengths: (UInt64, UInt64) {
        (
            loadUnaligned(fromByteOffset: VectorEnvironment.lengthAOffset, as: UInt64.self),
            loadUnaligned(fromByteOffset: VectorEnvironment.lengthBOffset, as: UInt64.self)
        )
    }
    @inline(__always) var mask: UnsafeMutableRawPointer { self + VectorEnvironment.maskOffset }
}

/// Flags in their RFLAGS positions.
enum VectorFlag {
    static let carry: UInt32 = 1 << 0
    static let parity: UInt32 = 1 << 2
    static let zero: UInt32 = 1 << 6
    static let sign: UInt32 = 1 << 7
    static let overflow: UInt32 = 1 << 11
}

/// The same bits as another vector type of 16 bytes.
@inline(__always) func recast<From: BitwiseCopyable, To: BitwiseCopyable>(_ value: From, as type: To.Type) -> To {
    // SAFETY: used between 16-byte vector types only, of which every bit pattern is valid.
    unsafeBitCast(value, to: type)
}

/// `first` where the mask's bits are set, else `second`. (`replacing(with:where:)` is not vectorised for 16 lanes.)
@inline(__always) func select(_ mask: SIMD16<Int8>, _ first: SIMD16<Int8>, _ second: SIMD16<Int8>) -> SIMD16<Int8> {
    (first & mask) | (second & ~mask)
}

@inline(__always) func select(_ mask: SIMD8<Int16>, _ first: SIMD8<Int16>, _ second: SIMD8<Int16>) -> SIMD8<Int16> {
    (first & mask) | (second & ~mask)
}

@inline(__always) func select(_ mask: SIMD4<Int32>, _ first: SIMD4<Int32>, _ second: SIMD4<Int32>) -> SIMD4<Int32> {
    (first & mask) | (second & ~mask)
}

@inline(__always) func select(_ mask: SIMD2<Int64>, _ first: SIMD2<Int64>, _ second: SIMD2<Int64>) -> SIMD2<Int64> {
    (first & mask) | (second & ~mask)
}
