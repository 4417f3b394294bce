/// A guest virtual address as lowered code computes it: `base + index << scale + displacement`, modulo 2^64.
struct Address {
    /// The place of the 64-bit base.
    var base: Place
    /// The place of the 64-bit index; nil: none.
    var index: Place?
    /// A shift count, 0 to 3.
    var scale: UInt8
    var displacement: Int64
    /// Called before each access to this address; nil: nothing is.
    var guardian: AddressGuard?

    init(base: Place, index: Place? = nil, scale: UInt8 = 0, displacement: Int64 = 0) {
        self.base = base
        self.index = index
        self.scale = scale
        self.displacement = displacement
    }

    /// The address `absolute`.
    init(absolute: UInt64) {
        self.init(base: FrameLayout.zero, displacement: Int64(bitPattern: absolute))
    }
}

/// A helper that an architecture wants called before each access to an address: it may fault, and does nothing else.
///
/// The builder calls it with `place` as `a` and with the immediate, to whose bits 32 to 39 it adds the number of bytes,
/// and to bit 40 whether they are going to be written.
struct AddressGuard {
    /// The helper.
    var identifier: UInt16
    /// What it looks at: the offset in a segment, say.
    var place: Place
    /// Its immediate, bits 32 to 47 being 0.
    var immediate: Int64
}

/// Collects the operations of one block as a guest's lowering writes them.
///
/// A block is: for each guest instruction a `boundary` and the instruction's operations; then one terminator. See
/// `Documentation/VirtualISA.md` for the rules; the verifier checks them.
struct BlockBuilder {
    /// The operations so far.
    private(set) var operations: [Operation] = []
    /// Guest instructions so far: boundaries emitted.
    private(set) var instructionCount = 0
    /// Whether a terminator has been emitted. Nothing may follow it.
    private(set) var isTerminated = false
    /// The first free temporary.
    private var nextTemporary = FrameLayout.temporaries
    /// The most guest instructions a block may hold.
    var maximumInstructions = 64

    init() { operations.reserveCapacity(1024) }

    /// Whether the lowering should end the block before the next instruction (`jump` to it).
    ///
    /// There is always room for one more instruction of up to 400 operations and 400 temporaries.
    var isFull: Bool {
        instructionCount >= maximumInstructions || operations.count >= 1000
            || Int(nextTemporary) >= FrameLayout.size - 8 * 400
    }

    /// Empties the builder for another block.
    mutating func reset() {
        operations.removeAll(keepingCapacity: true)
        instructionCount = 0
        isTerminated = false
        nextTemporary = FrameLayout.temporaries
        maximumInstructions = 64
    }

    /// Adds an operation as it is. The typed functions below are what a lowering uses.
    mutating func emit(_ operation: Operation) {
        precondition(!isTerminated, "operation after the terminator")
        operations.append(operation)
    }

    /// Marks a block whose terminator was added by `emit` as ended.
    mutating func finish() { isTerminated = true }

    // MARK: Temporaries and boundaries

    /// A new 8-byte temporary. It is written once, and lives to the end of the block.
    mutating func newTemp() -> Place {
        let place = nextTemporary
        precondition(Int(place) + 8 <= FrameLayout.size, "out of temporaries")
        nextTemporary += 8
        return place
    }

    /// A new 16-byte temporary, aligned to 16.
    mutating func newTemp128() -> Place {
        nextTemporary = (nextTemporary + 15) & ~15
        precondition(Int(nextTemporary) + 16 <= FrameLayout.size, "out of temporaries")
        let place = nextTemporary
        nextTemporary += 16
        return place
    }

    /// Marks the start of the guest instruction at `pc`. It counts as one instruction.
    mutating func boundary(pc: UInt64) {
        emit(Operation(.boundary, immediate: Int64(bitPattern: pc)))
        instructionCount += 1
    }

    // MARK: Integer operations

    /// d := a.
    mutating func mov(_ width: Width, _ d: Place, _ a: Place) {
        emit(Operation(.mov8.advanced(by: Int(width.rawValue)), d: d, a: a))
    }

    /// d := value.
    mutating func mov(_ width: Width, _ d: Place, imm value: Int64) {
        emit(Operation(.movImm8.advanced(by: Int(width.rawValue)), d: d, immediate: value))
    }

    /// d := a `operation` b. A shift's count is the low byte of b.
    mutating func binary(_ operation: BinaryOperation, _ width: Width, _ d: Place, _ a: Place, _ b: Place) {
        let opcode = Opcode.add8.advanced(by: Int(operation.rawValue) * 8 + Int(width.rawValue))
        emit(Operation(opcode, d: d, a: a, b: b))
    }

    /// d := a `operation` value (truncated to the width).
    mutating func binary(_ operation: BinaryOperation, _ width: Width, _ d: Place, _ a: Place, imm value: Int64) {
        let opcode = Opcode.add8.advanced(by: Int(operation.rawValue) * 8 + 4 + Int(width.rawValue))
        emit(Operation(opcode, d: d, a: a, immediate: value))
    }

    /// d := `operation` a.
    mutating func unary(_ operation: UnaryOperation, _ width: Width, _ d: Place, _ a: Place) {
        emit(Operation(.neg8.advanced(by: Int(operation.rawValue) * 4 + Int(width.rawValue)), d: d, a: a))
    }

    /// d := the high half of a * b.
    mutating func mulHigh(_ width: Width, signed: Bool, _ d: Place, _ a: Place, _ b: Place) {
        let first = signed ? Opcode.mulHighSigned8 : .mulHighUnsigned8
        emit(Operation(first.advanced(by: Int(width.rawValue)), d: d, a: a, b: b))
    }

    /// d (`width`) := a (`from`), zero-extended. `from` must be narrower, or equal (a plain move).
    mutating func zeroExtend(_ d: Place, to width: Width, _ a: Place, from: Width) {
        switch (from, width) {
        case (.i8, .i16): emit(Operation(.zext8to16, d: d, a: a))
        case (.i8, .i32), (.i8, .i64): emit(Operation(.zext8to64, d: d, a: a))
        case (.i16, .i32), (.i16, .i64): emit(Operation(.zext16to64, d: d, a: a))
        case (.i32, .i64): emit(Operation(.zext32to64, d: d, a: a))
        default: mov(width, d, a)
        }
    }

    /// d (`width`) := a (`from`), sign-extended. `from` must be narrower, or equal (a plain move).
    mutating func signExtend(_ d: Place, to width: Width, _ a: Place, from: Width) {
        switch (from, width) {
        case (.i8, .i16): emit(Operation(.sext8to16, d: d, a: a))
        case (.i8, .i32): emit(Operation(.sext8to32, d: d, a: a))
        case (.i8, .i64): emit(Operation(.sext8to64, d: d, a: a))
        case (.i16, .i32): emit(Operation(.sext16to32, d: d, a: a))
        case (.i16, .i64): emit(Operation(.sext16to64, d: d, a: a))
        case (.i32, .i64): emit(Operation(.sext32to64, d: d, a: a))
        default: mov(width, d, a)
        }
    }

    /// d := the address (`width` i64), or its low 32 bits zero-extended (i32).
    mutating func lea(_ width: Width, _ d: Place, _ address: Address) {
        let wide = width == .i64
        guard let index = address.index else {
            if address.base == FrameLayout.zero {
                return mov(wide ? .i64 : .i32, d, imm: address.displacement)
            }
            if address.displacement == 0 { return mov(wide ? .i64 : .i32, d, address.base) }
            return binary(.add, wide ? .i64 : .i32, d, address.base, imm: address.displacement)
        }
        if let displacement = Int32(exactly: address.displacement) {
            emit(
                Operation(
                    wide ? .lea64 : .lea32, d: d, a: address.base, b: index,
                    immediate: Operation.indexed(displacement: displacement, scale: address.scale)))
        } else {
            let sum = newTemp()
            binary(.add, .i64, sum, address.base, imm: address.displacement)
            emit(
                Operation(
                    wide ? .lea64 : .lea32, d: d, a: sum, b: index,
                    immediate: Operation.indexed(displacement: 0, scale: address.scale)))
        }
    }

    // MARK: Comparisons and choices

    /// d (i64) := a `relation` b ? 1 : 0. The width is i32 or i64.
    mutating func set(_ relation: Relation, _ width: Width, _ d: Place, _ a: Place, _ b: Place) {
        let first = width == .i64 ? Opcode.setEqual64 : .setEqual32
        emit(Operation(first.advanced(by: Int(relation.rawValue)), d: d, a: a, b: b))
    }

    /// d (i64) := a `relation` value ? 1 : 0. The width is i32 or i64.
    mutating func set(_ relation: Relation, _ width: Width, _ d: Place, _ a: Place, imm value: Int64) {
        let first = width == .i64 ? Opcode.setEqualImm64 : .setEqualImm32
        emit(Operation(first.advanced(by: Int(relation.rawValue)), d: d, a: a, immediate: value))
    }

    /// d := test (i64) is not 0 ? a : b.
    mutating func selectNonZero(_ width: Width, _ d: Place, test: Place, _ a: Place, _ b: Place) {
        let opcode = Opcode.selectNonZero8.advanced(by: Int(width.rawValue))
        emit(Operation(opcode, d: d, a: a, b: b, immediate: Int64(test)))
    }

    /// d := condition ? a : b.
    mutating func selectIf(_ condition: Condition, _ width: Width, _ d: Place, _ a: Place, _ b: Place) {
        let opcode = Opcode.selectIf8.advanced(by: Int(width.rawValue))
        emit(Operation(opcode, d: d, a: a, b: b, immediate: Int64(condition.rawValue)))
    }

    /// d := condition ? 1 : 0. The width is i8 (one byte is written) or i64.
    mutating func condition(_ condition: Condition, _ width: Width, _ d: Place) {
        let opcode: Opcode = width == .i8 ? .conditionByte : .condition64
        emit(Operation(opcode, d: d, immediate: Int64(condition.rawValue)))
    }

    // MARK: Flags

    /// Records the flags of `kind` over a and b (and the carry-in, i64 0 or 1, of `adc` and `sbb`).
    ///
    /// For `logic` the operands are those of an AND: pass the result twice for OR and XOR, or use `setFlagsLogic`. For
    /// `inc`, `dec` and `neg` use `setFlags(_:_:_:)`. Emit it before an operation that overwrites an operand.
    mutating func setFlags(_ kind: FlagKind, _ width: Width, _ a: Place, _ b: Place, carry: Place = 0) {
        guard let first = Opcode.record(kind) else { preconditionFailure("not a flag kind of two operands") }
        emit(Operation(first.advanced(by: Int(width.rawValue)), d: carry, a: a, b: b))
    }

    /// The same with an immediate second operand (truncated to the width).
    mutating func setFlags(_ kind: FlagKind, _ width: Width, _ a: Place, imm value: Int64, carry: Place = 0) {
        guard let first = Opcode.record(kind) else { preconditionFailure("not a flag kind of two operands") }
        emit(Operation(first.advanced(by: 4 + Int(width.rawValue)), d: carry, a: a, immediate: value))
    }

    /// Records the flags of `inc`, `dec` or `neg` of a, or of the bitwise result a (`logic`).
    mutating func setFlags(_ kind: FlagKind, _ width: Width, _ a: Place) {
        let first: Opcode
        switch kind {
        case .logic: first = .recordLogic8
        case .inc: first = .recordInc8
        case .dec: first = .recordDec8
        case .neg: first = .recordNeg8
        default: preconditionFailure("not a flag kind of one operand")
        }
        emit(Operation(first.advanced(by: Int(width.rawValue)), a: a))
    }

    /// Records the flags of a bitwise operation whose result is at `result`.
    mutating func setFlagsLogic(_ width: Width, _ result: Place) { setFlags(.logic, width, result) }

    /// d (i64) := the six flags at the positions of `FlagBits`.
    mutating func materialiseFlags(_ d: Place) { emit(Operation(.materialise, d: d)) }

    /// The six flags := the bits of a (i64) at the positions of `FlagBits`; other bits are ignored.
    mutating func setFlags(from a: Place) { emit(Operation(.setFlagsFrom, a: a)) }

    /// C := bit 0 of a; the others stay.
    mutating func setCarry(from a: Place) { emit(Operation(.setCarry, a: a)) }

    /// C := value; the others stay.
    mutating func setCarry(_ value: Bool) {
        let temp = newTemp()
        mov(.i64, temp, imm: value ? 1 : 0)
        setCarry(from: temp)
    }

    /// C := not C; the others stay.
    mutating func complementCarry() { emit(Operation(.complementCarry)) }

    // MARK: Helpers

    /// Calls the guest's helper `identifier` with three places (or other 16-bit values) and a 48-bit signed immediate.
    mutating func helper(_ identifier: UInt16, d: Place = 0, a: Place = 0, b: Place = 0, imm: Int64 = 0) {
        precondition((imm &<< 16) &>> 16 == imm, "helper immediate beyond 48 bits")
        emit(Operation(.helper, d: d, a: a, b: b, immediate: imm & 0xFFFF_FFFF_FFFF | Int64(identifier) &<< 48))
    }

    /// Full memory fence.
    mutating func fence() { emit(Operation(.fence)) }

    // MARK: Terminators

    /// Ends the block: go on at `pc`, a constant. Chained where it lies in the same guest page.
    mutating func jump(_ pc: UInt64) {
        emit(Operation(.jump, immediate: Int64(bitPattern: pc)))
        isTerminated = true
    }

    /// Ends the block: go on at the PC (i64) that `a` holds.
    mutating func jumpIndirect(_ a: Place) {
        emit(Operation(.jumpIndirect, a: a))
        isTerminated = true
    }

    /// Ends the block after an operation that may have changed the mode, the translation or what interrupts are let
    /// through: the PC slot := pc, and the engine looks at everything anew.
    mutating func exit(_ pc: UInt64) {
        emit(Operation(.exit, immediate: Int64(bitPattern: pc)))
        isTerminated = true
    }

    /// The same where a helper has already written the PC slot.
    mutating func exitDynamic() {
        emit(Operation(.exitDynamic))
        isTerminated = true
    }

    /// Ends the block: go on at `taken` if the condition holds, else at `otherwise`.
    mutating func branchIf(_ condition: Condition, taken: UInt64, otherwise: UInt64) {
        emit(Operation(.branchIf, immediate: Int64(condition.rawValue)))
        emitTargets(taken, otherwise)
    }

    /// Ends the block: go on at `taken` if a `relation` b, else at `otherwise`. The width is i32 or i64.
    mutating func branch(
        _ relation: Relation, _ width: Width, _ a: Place, _ b: Place, taken: UInt64, otherwise: UInt64
    ) {
        let first = width == .i64 ? Opcode.branchEqual64 : .branchEqual32
        emit(Operation(first.advanced(by: Int(relation.rawValue)), a: a, b: b))
        emitTargets(taken, otherwise)
    }

    /// The same against an immediate.
    mutating func branch(
        _ relation: Relation, _ width: Width, _ a: Place, imm value: Int64, taken: UInt64, otherwise: UInt64
    ) {
        let first = width == .i64 ? Opcode.branchEqualImm64 : .branchEqualImm32
        emit(Operation(first.advanced(by: Int(relation.rawValue)), a: a, immediate: value))
        emitTargets(taken, otherwise)
    }

    private mutating func emitTargets(_ taken: UInt64, _ otherwise: UInt64) {
        emit(Operation(.jump, immediate: Int64(bitPattern: taken)))
        emit(Operation(.jump, immediate: Int64(bitPattern: otherwise)))
        isTerminated = true
    }
}

extension Opcode {
    /// The i8 register form of the record of a flag kind with two operands.
    static func record(_ kind: FlagKind) -> Opcode? {
        switch kind {
        case .add: .recordAdd8
        case .adc: .recordAdc8
        case .sub: .recordSub8
        case .sbb: .recordSbb8
        case .logic: .recordAnd8
        case .shl: .recordShl8
        case .shr: .recordShr8
        case .sar: .recordSar8
        case .mulUnsigned: .recordMulUnsigned8
        case .mulSigned: .recordMulSigned8
        case .rol: .recordRol8
        case .ror: .recordRor8
        case .explicit, .inc, .dec, .neg: nil
        }
    }
}
