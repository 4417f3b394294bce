/// Memory and vector operations. Addresses are guest virtual; every access may fault.
extension BlockBuilder {
    /// d (`width`) := memory.
    mutating func load(_ width: Width, _ d: Place, _ address: Address) {
        check(address, width.bytes, writes: false)
        emitMemory(.load8, .loadIndexed8, Int(width.rawValue), d, address)
    }

    /// d (`width`) := memory of width `from`, zero-extended.
    mutating func loadZeroExtended(_ d: Place, to width: Width, _ address: Address, from: Width) {
        check(address, from.bytes, writes: false)
        switch (from, width) {
        case (.i8, .i16): emitMemory(.loadZero8to16, .loadIndexedZero8to16, 0, d, address)
        case (.i8, .i32), (.i8, .i64): emitMemory(.loadZero8to64, .loadIndexedZero8to64, 0, d, address)
        case (.i16, .i32), (.i16, .i64): emitMemory(.loadZero16to64, .loadIndexedZero16to64, 0, d, address)
        case (.i32, .i64): emitMemory(.load8, .loadIndexed8, Int(Width.i32.rawValue), d, address)
        default: emitMemory(.load8, .loadIndexed8, Int(width.rawValue), d, address)
        }
    }

    /// d (`width`) := memory of width `from`, sign-extended.
    mutating func loadSignExtended(_ d: Place, to width: Width, _ address: Address, from: Width) {
        check(address, from.bytes, writes: false)
        switch (from, width) {
        case (.i8, .i16): emitMemory(.loadSigned8to16, .loadIndexedSigned8to16, 0, d, address)
        case (.i8, .i32): emitMemory(.loadSigned8to32, .loadIndexedSigned8to32, 0, d, address)
        case (.i8, .i64): emitMemory(.loadSigned8to64, .loadIndexedSigned8to64, 0, d, address)
        case (.i16, .i32): emitMemory(.loadSigned16to32, .loadIndexedSigned16to32, 0, d, address)
        case (.i16, .i64): emitMemory(.loadSigned16to64, .loadIndexedSigned16to64, 0, d, address)
        case (.i32, .i64): emitMemory(.loadSigned32to64, .loadIndexedSigned32to64, 0, d, address)
        default: emitMemory(.load8, .loadIndexed8, Int(width.rawValue), d, address)
        }
    }

    /// Memory := the low `width` of `value`.
    mutating func store(_ width: Width, _ value: Place, _ address: Address) {
        check(address, width.bytes, writes: true)
        emitMemory(.store8, .storeIndexed8, Int(width.rawValue), value, address)
    }

    /// Memory := the low `width` of an immediate.
    mutating func store(_ width: Width, imm value: Int64, _ address: Address) {
        if width == .i64 && Int32(exactly: value) == nil {
            let temp = newTemp()
            mov(.i64, temp, imm: value)
            return store(.i64, temp, address)
        }
        check(address, width.bytes, writes: true)
        var address = address
        if address.index != nil || Int32(exactly: address.displacement) == nil {
            let sum = newTemp()
            lea(.i64, sum, address)
            address = Address(base: sum)
        }
        let immediate = address.displacement & 0xFFFF_FFFF | value &<< 32
        emit(Operation(.storeImm8.advanced(by: Int(width.rawValue)), a: address.base, immediate: immediate))
    }

    /// d (v128) := 16 bytes of memory. `aligned`: a misaligned address faults.
    mutating func load128(_ d: Place, _ address: Address, aligned: Bool = false) {
        check(address, 16, writes: false)
        emitMemory(.loadVector, .loadIndexedVector, aligned ? 1 : 0, d, address)
    }

    /// d (v128) := memory of width `from` (i32 or i64), the rest zero.
    mutating func load128(_ d: Place, zeroExtending from: Width, _ address: Address) {
        check(address, from.bytes, writes: false)
        emitMemory(.loadVector, .loadIndexedVector, from == .i32 ? 2 : 3, d, address)
    }

    /// 16 bytes of memory := value. `aligned`: a misaligned address faults.
    mutating func store128(_ value: Place, _ address: Address, aligned: Bool = false) {
        check(address, 16, writes: true)
        emitMemory(.storeVector, .storeIndexedVector, aligned ? 1 : 0, value, address)
    }

    // MARK: v128

    /// d := a.
    mutating func mov128(_ d: Place, _ a: Place) { emit(Operation(.movVector, d: d, a: a)) }

    /// d := the low i32 or i64 of a, the rest zero.
    mutating func zeroExtend128(_ d: Place, _ a: Place, from: Width) {
        emit(Operation(from == .i32 ? .zextVector32 : .zextVector64, d: d, a: a))
    }

    /// d := 0.
    mutating func zero128(_ d: Place) { emit(Operation(.zeroVector, d: d)) }

    /// d := a `operation` b.
    mutating func binary128(_ operation: Vector128Operation, _ d: Place, _ a: Place, _ b: Place) {
        emit(Operation(.vectorAnd.advanced(by: Int(operation.rawValue)), d: d, a: a, b: b))
    }

    /// d (i64) := the top bits of the 16 bytes of a, the lowest byte's in bit 0.
    mutating func byteMask128(_ d: Place, _ a: Place) { emit(Operation(.vectorMask8, d: d, a: a)) }

    /// d := the 32-bit lanes of a that `selector` names, 2 bits each, the lowest lane's first.
    mutating func shuffle128(_ d: Place, _ a: Place, selector: UInt8) {
        emit(Operation(.vectorShuffle32, d: d, a: a, immediate: Int64(selector)))
    }

    // MARK: Atomics

    /// d := memory; memory := memory `operation` b, as one atomic step in sequential order.
    mutating func atomic(_ operation: AtomicOperation, _ width: Width, _ d: Place, _ address: Address, _ b: Place) {
        check(address, width.bytes, writes: true)
        let (base, displacement) = flatten(address)
        let opcode = Opcode.atomicExchange8.advanced(by: Int(operation.rawValue) * 4 + Int(width.rawValue))
        emit(Operation(opcode, d: d, a: base, b: b, immediate: displacement))
    }

    /// d := memory; if it equals `expected`, memory := desired; one atomic step. Memory is written either way on x86:
    /// a place that may not be written faults.
    mutating func compareExchange(_ width: Width, _ d: Place, _ address: Address, expected: Place, desired: Place) {
        check(address, width.bytes, writes: true)
        let base = flattenToPlace(address)
        let opcode = Opcode.compareExchange8.advanced(by: Int(width.rawValue))
        emit(Operation(opcode, d: d, a: base, b: desired, immediate: Int64(expected)))
    }

    /// The same with 16 bytes; d, expected and desired are 16-byte places. A misaligned address faults.
    mutating func compareExchange128(_ d: Place, _ address: Address, expected: Place, desired: Place) {
        check(address, 16, writes: true)
        let base = flattenToPlace(address)
        emit(Operation(.compareExchange128, d: d, a: base, b: desired, immediate: Int64(expected)))
    }

    /// Calls the guard of an address for an access to `bytes` bytes there. What a helper accesses itself needs it too.
    mutating func check(_ address: Address, _ bytes: Int, writes: Bool) {
        guard let guardian = address.guardian else { return }
        let access = Int64(bytes & 0xFF) &<< 32 | (writes ? 1 &<< 40 : 0)
        helper(guardian.identifier, a: guardian.place, imm: guardian.immediate | access)
    }

    private mutating func flatten(_ address: Address) -> (Place, Int64) {
        guard address.index != nil else { return (address.base, address.displacement) }
        return (flattenToPlace(address), 0)
    }

    private mutating func flattenToPlace(_ address: Address) -> Place {
        if address.index == nil && address.displacement == 0 { return address.base }
        let sum = newTemp()
        lea(.i64, sum, address)
        return sum
    }

    private mutating func emitMemory(
        _ plain: Opcode, _ indexed: Opcode, _ offset: Int, _ d: Place, _ address: Address
    ) {
        guard let index = address.index else {
            emit(Operation(plain.advanced(by: offset), d: d, a: address.base, immediate: address.displacement))
            return
        }
        var base = address.base
        var displacement = Int32(truncatingIfNeeded: address.displacement)
        if Int64(displacement) != address.displacement {
            base = newTemp()
            binary(.add, .i64, base, address.base, imm: address.displacement)
            displacement = 0
        }
        emit(
            Operation(
                indexed.advanced(by: offset), d: d, a: base, b: index,
                immediate: Operation.indexed(displacement: displacement, scale: address.scale)))
    }
}
