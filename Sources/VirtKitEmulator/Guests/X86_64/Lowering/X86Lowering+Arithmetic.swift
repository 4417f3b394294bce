/// Addition, subtraction, logic and comparison.
extension X86Lowering {
    /// The eight operations of the first rows of the opcode map, in their encoding order.
    enum Arithmetic: UInt8 {
        case add, or, adc, sbb, and, sub, xor, cmp
    }

    // MARK: Forms

    /// 80 … 83: ModRM.rm with an immediate.
    mutating func arithmeticImmediate() {
        guard let operation = Arithmetic(rawValue: instruction.extensionDigit) else { return raiseUndefined() }
        arithmeticRM(operation, opcodeWidth, .immediate(instruction.immediate))
    }

    /// The destination is ModRM.rm.
    mutating func arithmeticRM(_ operation: Arithmetic, _ width: Width, _ source: Source) {
        if instruction.isRegisterForm { return arithmetic(operation, width, rmPlace(width), source) }
        let address = address()
        if instruction.hasLock { return lockedArithmetic(operation, width, address, source) }
        let old = load(width, address)
        if operation == .cmp { return setFlags(.sub, width, old, source) }
        let carry = operation == .adc || operation == .sbb ? carryPlace() : FrameLayout.zero
        let result = temp()
        compute(operation, width, result, old, source, carry)
        builder.store(width, result, address)
        recordFlags(operation, width, old, source, result, carry)
    }

    /// The destination is a register.
    mutating func arithmetic(_ operation: Arithmetic, _ width: Width, _ destination: Place, _ source: Source) {
        switch operation {
        case .cmp:
            setFlags(.sub, width, destination, source)
        case .add, .sub:
            recordFlags(operation, width, destination, source, destination, FrameLayout.zero)
            compute(operation, width, destination, destination, source, FrameLayout.zero)
        case .adc, .sbb:
            let carry = carryPlace()
            recordFlags(operation, width, destination, source, destination, carry)
            compute(operation, width, destination, destination, source, carry)
        case .or, .and, .xor:
            compute(operation, width, destination, destination, source, FrameLayout.zero)
            builder.setFlagsLogic(width, destination)
        }
    }

    /// `result` := `a` operation `source`.
    private mutating func compute(
        _ operation: Arithmetic, _ width: Width, _ result: Place, _ a: Place, _ source: Source, _ carry: Place
    ) {
        switch operation {
        case .add: binary(.add, width, result, a, source)
        case .sub, .cmp: binary(.sub, width, result, a, source)
        case .and: binary(.and, width, result, a, source)
        case .or: binary(.or, width, result, a, source)
        case .xor:
            if case .place(let b) = source, a == b {
                builder.mov(width, result, imm: 0)
            } else {
                binary(.xor, width, result, a, source)
            }
        case .adc, .sbb:
            let partial = temp()
            binary(operation == .adc ? .add : .sub, width, partial, a, source)
            builder.binary(operation == .adc ? .add : .sub, width, result, partial, carry)
        }
    }

    private mutating func recordFlags(
        _ operation: Arithmetic, _ width: Width, _ a: Place, _ source: Source, _ result: Place, _ carry: Place
    ) {
        switch operation {
        case .add: setFlags(.add, width, a, source)
        case .sub, .cmp: setFlags(.sub, width, a, source)
        case .adc: setFlags(.adc, width, a, source, carry: carry)
        case .sbb: setFlags(.sbb, width, a, source, carry: carry)
        case .and, .or, .xor: builder.setFlagsLogic(width, result)
        }
    }

    /// LOCK: one atomic operation that gives the old value, from which the flags follow.
    private mutating func lockedArithmetic(
        _ operation: Arithmetic, _ width: Width, _ address: Address, _ source: Source
    ) {
        let old = temp()
        switch operation {
        case .or, .and, .xor:
            let atomic: AtomicOperation = operation == .or ? .or : operation == .and ? .and : .xor
            builder.atomic(atomic, width, old, address, place(source))
            let result = temp()
            compute(operation, width, result, old, source, FrameLayout.zero)
            builder.setFlagsLogic(width, result)
        case .add, .sub, .cmp:
            var addend = place(source)
            if operation == .sub {
                let negated = temp()
                builder.unary(.neg, width, negated, addend)
                addend = negated
            }
            builder.atomic(.add, width, old, address, addend)
            recordFlags(operation, width, old, source, old, FrameLayout.zero)
        case .adc, .sbb:
            let carry = carryPlace()
            let sum = temp()
            builder.binary(.add, width, sum, place(source), carry)
            var addend = sum
            if operation == .sbb {
                addend = temp()
                builder.unary(.neg, width, addend, sum)
            }
            builder.atomic(.add, width, old, address, addend)
            recordFlags(operation, width, old, source, old, carry)
        }
    }

    /// A new temporary that holds CF, 0 or 1.
    mutating func carryPlace() -> Place {
        let carry = temp()
        builder.condition(.carry, .i64, carry)
        return carry
    }

    mutating func binary(_ operation: BinaryOperation, _ width: Width, _ d: Place, _ a: Place, _ source: Source) {
        switch source {
        case .place(let b): builder.binary(operation, width, d, a, b)
        case .immediate(let value): builder.binary(operation, width, d, a, imm: value)
        }
    }

    mutating func setFlags(_ kind: FlagKind, _ width: Width, _ a: Place, _ source: Source, carry: Place = 0) {
        switch source {
        case .place(let b): builder.setFlags(kind, width, a, b, carry: carry)
        case .immediate(let value): builder.setFlags(kind, width, a, imm: value, carry: carry)
        }
    }

    // MARK: TEST, INC, DEC, NEG, NOT

    mutating func test(_ width: Width, _ source: Source) {
        setFlags(.logic, width, readRM(width), source)
    }

    /// A8 and A9.
    mutating func testAccumulator() {
        setFlags(.logic, opcodeWidth, Self.rax, .immediate(instruction.immediate))
    }

    /// 40 … 4F outside 64-bit code.
    mutating func incrementRegister(_ kind: FlagKind) {
        let place = X86Slot.general(instruction.opcodeRegister)
        builder.setFlags(kind, operandWidth, place)
        builder.binary(kind == .inc ? .add : .sub, operandWidth, place, place, imm: 1)
    }

    mutating func incrementRM(_ kind: FlagKind) {
        let width = opcodeWidth
        let operation: BinaryOperation = kind == .inc ? .add : .sub
        if instruction.isRegisterForm {
            let place = rmPlace(width)
            builder.setFlags(kind, width, place)
            builder.binary(operation, width, place, place, imm: 1)
            return
        }
        let address = address()
        if instruction.hasLock {
            let old = temp()
            builder.atomic(.add, width, old, address, constant(kind == .inc ? 1 : -1))
            builder.setFlags(kind, width, old)
            return
        }
        let old = load(width, address)
        let result = temp()
        builder.binary(operation, width, result, old, imm: 1)
        builder.store(width, result, address)
        builder.setFlags(kind, width, old)
    }

    mutating func negate(_ width: Width) {
        if instruction.isRegisterForm {
            let place = rmPlace(width)
            builder.setFlags(.neg, width, place)
            builder.unary(.neg, width, place, place)
            return
        }
        let address = address()
        if instruction.hasLock {
            let old = temp()
            builder.atomic(.reverseSubtract, width, old, address, FrameLayout.zero)
            builder.setFlags(.neg, width, old)
            return
        }
        let old = load(width, address)
        let result = temp()
        builder.unary(.neg, width, result, old)
        builder.store(width, result, address)
        builder.setFlags(.neg, width, old)
    }

    mutating func complement(_ width: Width) {
        if instruction.isRegisterForm {
            let place = rmPlace(width)
            builder.unary(.not, width, place, place)
            return
        }
        let address = address()
        if instruction.hasLock {
            builder.atomic(.xor, width, temp(), address, constant(-1))
            return
        }
        let old = load(width, address)
        let result = temp()
        builder.unary(.not, width, result, old)
        builder.store(width, result, address)
    }

    // MARK: Multiplication and division

    /// MUL and IMUL with one operand: RDX:RAX (AX for bytes) := RAX * operand.
    mutating func multiply(_ width: Width, signed: Bool) {
        let operand = readRM(width)
        if width == .i8 {
            let a = temp()
            let b = temp()
            if signed {
                builder.signExtend(a, to: .i64, Self.rax, from: .i8)
                builder.signExtend(b, to: .i64, operand, from: .i8)
            } else {
                builder.zeroExtend(a, to: .i64, Self.rax, from: .i8)
                builder.zeroExtend(b, to: .i64, operand, from: .i8)
            }
            builder.setFlags(signed ? .mulSigned : .mulUnsigned, .i8, a, b)
            builder.binary(.mul, .i16, Self.rax, a, b)
            return
        }
        let high = temp()
        builder.setFlags(signed ? .mulSigned : .mulUnsigned, width, Self.rax, operand)
        builder.mulHigh(width, signed: signed, high, Self.rax, operand)
        builder.binary(.mul, width, Self.rax, Self.rax, operand)
        builder.mov(width, Self.rdx, high)
    }

    /// 69 and 6B.
    mutating func multiplyImmediate() {
        let width = operandWidth
        let operand = readRM(width)
        builder.setFlags(.mulSigned, width, operand, imm: instruction.immediate)
        builder.binary(.mul, width, regPlace(width), operand, imm: instruction.immediate)
    }

    /// 0F AF.
    mutating func multiplyRegister() {
        let width = operandWidth
        let operand = readRM(width)
        let register = regPlace(width)
        builder.setFlags(.mulSigned, width, register, operand)
        builder.binary(.mul, width, register, register, operand)
    }

    mutating func divide(_ width: Width, _ identifier: X86Helper) {
        let divisor = readRMZero(width)
        helper(identifier, a: divisor, operandBytes: width.bytes)
    }

    /// AAM and AAD.
    mutating func asciiAdjust(_ identifier: X86Helper) {
        let base = Int(truncatingIfNeeded: instruction.immediate & 0xFF)
        if identifier == .asciiAdjustMultiply, base == 0 { return raise(X86Vector.divideError) }
        helper(identifier, argument: base)
    }
}
