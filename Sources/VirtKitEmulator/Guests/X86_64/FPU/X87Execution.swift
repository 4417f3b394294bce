/// What an x87 instruction needs from the rest of the processor.
struct X87Context: Sendable {
    /// The linear or effective address that FIP records: that of the instruction's first byte, prefixes included.
    var instructionPointer: UInt64 = 0
    var codeSelector: UInt16 = 0
    /// The memory operand's effective address.
    var dataPointer: UInt64 = 0
    var dataSelector: UInt16 = 0
    /// 16-bit forms of the environment and of the saved state.
    var operandSize16 = false
    /// Real or virtual-8086 mode, which have their own form of the environment.
    var realMode = false
}

enum X87Outcome: Equatable, Sendable {
    /// Done: store the memory operand, AX and the flags as the form says.
    case done
    /// Done, but an unmasked exception suppressed the result: store nothing.
    case noStore
    /// An earlier unmasked exception is pending: raise #MF, nothing was done.
    case pendingException
}

extension X87 {
    /// FWAIT, and what MMX instructions check first: whether to raise #MF.
    static func isExceptionPending(_ state: UnsafeMutableRawPointer) -> Bool {
        X87State(state).isExceptionPending
    }

    /// Executes one instruction.
    ///
    /// - Parameters:
    ///   - opcode: First byte and ModRM, for which `form` gave a form.
    ///   - state: The x87 area (`X87Layout`).
    ///   - memory: At least 128 bytes: the operand read, or room for the operand to be stored. FNSTSW AX leaves AX's
    ///     value in the first two.
    ///   - flags: RFLAGS, for the instructions that read or write it.
    static func execute(
        _ opcode: UInt16, context: X87Context, state base: UnsafeMutableRawPointer, memory: UnsafeMutableRawPointer,
        flags: inout UInt64
    ) -> X87Outcome {
        let state = X87State(base)
        guard let instruction = X87Instruction(opcode) else { return .noStore }
        if instruction.operation.waits && state.isExceptionPending { return .pendingException }
        if instruction.operation.isControl {
            return control(instruction, state, context, memory)
        }
        state.opcode = opcode
        state.instructionPointer = context.instructionPointer
        state.codeSelector = context.codeSelector
        switch instruction.operand {
        case .none, .register: break
        default:
            state.dataPointer = context.dataPointer
            state.dataSelector = context.dataSelector
        }
        switch instruction.operation {
        case .add, .multiply, .subtract, .subtractReversed, .divide, .divideReversed:
            arithmetic(instruction, state, memory)
        case .compare, .compareQuiet, .compareFlags, .compareFlagsQuiet, .test:
            compare(instruction, state, memory, &flags)
        case .load:
            load(instruction, state, memory)
        case .store, .storeTruncated:
            return store(instruction, state, memory)
        case .exchange:
            exchange(instruction.index, state)
        case .conditionalMove:
            conditionalMove(instruction, state, flags)
        case .loadConstant:
            loadConstant(instruction.index, state)
        case .examine:
            examine(state)
        case .free:
            state.setC1(false)
            state.free(instruction.index)
            if instruction.pops != 0 { state.pop() }
        case .incrementTop:
            state.top += 1
            state.setC1(false)
        case .decrementTop:
            state.top -= 1
            state.setC1(false)
        case .changeSign, .absolute, .squareRoot, .roundToInteger, .exponential:
            unary(instruction.operation, state)
        case .scale, .remainder, .remainderIEEE, .logarithm, .logarithm1, .arcTangent:
            binary(instruction.operation, state)
        case .extract, .tangent, .sineCosine:
            pushing(instruction.operation, state)
        case .sine, .cosine:
            trigonometric(instruction.operation, state)
        default:
            break
        }
        return .done
    }

    /// A memory operand taken apart, with what loading it raises left to the operation.
    static func source(_ operand: X87Instruction.Operand, _ memory: UnsafeMutableRawPointer) -> FloatValue {
        // SAFETY: `execute` requires a buffer of at least 128 bytes.
        switch operand {
        case .single: FloatValue(memory.loadUnaligned(as: UInt32.self))
        case .double: FloatValue(memory.loadUnaligned(as: UInt64.self))
        case .int16: FloatValue(Int64(memory.loadUnaligned(as: Int16.self)))
        case .int32: FloatValue(Int64(memory.loadUnaligned(as: Int32.self)))
        case .int64: FloatValue(memory.loadUnaligned(as: Int64.self))
        default: .indefinite
        }
    }

    // MARK: Arithmetic

    private static func arithmetic(
        _ instruction: X87Instruction, _ state: X87State, _ memory: UnsafeMutableRawPointer
    ) {
        let isRegister = instruction.operand == .register
        let target = instruction.toRegister ? instruction.index : 0
        if state.isEmpty(0) || (isRegister && state.isEmpty(instruction.index)) {
            if state.stackFault(overflow: false) {
                state[target] = .indefinite
                if instruction.pops != 0 { state.pop() }
            }
            return
        }
        let other = isRegister ? FloatValue(state[instruction.index]) : source(instruction.operand, memory)
        let first = FloatValue(state[0])
        let (a, b) = instruction.toRegister ? (other, first) : (first, other)
        var env = FloatEnvironment(x87Control: state.control)
        let format = FloatFormat.extended(env)
        let result =
            switch instruction.operation {
            case .add: SoftFloat.add(a, b, to: format, &env)
            case .multiply: SoftFloat.multiply(a, b, to: format, &env)
            case .subtract: SoftFloat.subtract(a, b, to: format, &env)
            case .subtractReversed: SoftFloat.subtract(b, a, to: format, &env)
            case .divide: SoftFloat.divide(a, b, to: format, &env)
            default: SoftFloat.divide(b, a, to: format, &env)
            }
        if state.commit(env) {
            state[target] = result.bits80
            if instruction.pops != 0 { state.pop() }
        }
    }

    /// One operand in ST(0), replaced by the result.
    private static func unary(_ operation: X87Instruction.Operation, _ state: X87State) {
        if state.isEmpty(0) {
            if state.stackFault(overflow: false) { state[0] = .indefinite }
            return
        }
        var bits = state[0]
        var env = FloatEnvironment(x87Control: state.control)
        switch operation {
        case .changeSign: bits.signExponent ^= 0x8000
        case .absolute: bits.signExponent &= 0x7fff
        case .squareRoot: bits = SoftFloat.sqrt(bits, &env)
        case .roundToInteger: bits = SoftFloat.roundToIntegral(bits, rounding: nil, suppressInexact: false, &env)
        default: bits = SoftFloat.exponentialLess1(FloatValue(bits), &env).bits80
        }
        if state.commit(env) { state[0] = bits }
    }

    /// Operands in ST(0) and ST(1).
    private static func binary(_ operation: X87Instruction.Operation, _ state: X87State) {
        let pops = operation == .logarithm || operation == .logarithm1 || operation == .arcTangent
        if operation == .remainder || operation == .remainderIEEE { state.status &= ~X87Status.c2 }
        if state.isEmpty(0) || state.isEmpty(1) {
            if state.stackFault(overflow: false) {
                state[pops ? 1 : 0] = .indefinite
                if pops { state.pop() }
            }
            return
        }
        let x = FloatValue(state[0])
        let y = FloatValue(state[1])
        var env = FloatEnvironment(x87Control: state.control)
        var conditions: UInt16?
        let result: FloatValue
        switch operation {
        case .scale: result = SoftFloat.scale(x, by: y, &env)
        case .logarithm: result = SoftFloat.logarithm(x, times: y, &env)
        case .logarithm1: result = SoftFloat.logarithm1(x, times: y, &env)
        case .arcTangent: result = SoftFloat.arcTangent(y, x, &env)
        default:
            let remainder = SoftFloat.remainder(x, y, roundsQuotient: operation == .remainderIEEE, &env)
            result = remainder.value
            if !result.isNaN { conditions = conditionCodes(remainder) }
        }
        guard state.commit(env) else { return }
        if let conditions { state.status = state.status & ~X87Status.conditions | conditions }
        if pops { state.pop() }
        state[0] = result.bits80
    }

    /// C0, C3 and C1 hold the low three bits of the quotient, C2 tells that the reduction is not finished.
    private static func conditionCodes(_ remainder: SoftFloat.Remainder) -> UInt16 {
        if !remainder.isComplete { return X87Status.c2 }
        var codes: UInt16 = 0
        if remainder.quotient & 1 != 0 { codes |= X87Status.c1 }
        if remainder.quotient & 2 != 0 { codes |= X87Status.c3 }
        if remainder.quotient & 4 != 0 { codes |= X87Status.c0 }
        return codes
    }

    // MARK: Comparison

    private static func compare(
        _ instruction: X87Instruction, _ state: X87State, _ memory: UnsafeMutableRawPointer, _ flags: inout UInt64
    ) {
        let toFlags = instruction.operation == .compareFlags || instruction.operation == .compareFlagsQuiet
        let isQuiet = instruction.operation == .compareQuiet || instruction.operation == .compareFlagsQuiet
        let isRegister = instruction.operand == .register
        let relation: FloatRelation
        // An unmasked exception only keeps the operands on the stack; hardware sets the codes all the same.
        let pops: Bool
        if state.isEmpty(0) || (isRegister && state.isEmpty(instruction.index)) {
            pops = state.stackFault(overflow: false)
            relation = .unordered
        } else {
            let other =
                switch instruction.operand {
                case .none: FloatValue.zero(sign: false)
                case .register: FloatValue(state[instruction.index])
                default: source(instruction.operand, memory)
                }
            var env = FloatEnvironment(x87Control: state.control)
            relation = SoftFloat.compare(FloatValue(state[0]), other, signalling: !isQuiet, &env)
            state.raise(UInt16(env.raised.rawValue))
            if !toFlags { state.setC1(false) }
            pops = !env.stopsBeforeResult
        }
        // Z, P, C as C3, C2, C0.
        let (zero, parity, carry) =
            switch relation {
            case .less: (false, false, true)
            case .equal: (true, false, false)
            case .greater: (false, false, false)
            case .unordered: (true, true, true)
            }
        if toFlags {
            flags = flags & ~0x8d5 | (zero ? 0x40 : 0) | (parity ? 4 : 0) | (carry ? 1 : 0)
        } else {
            var status = state.status & ~(X87Status.c0 | X87Status.c2 | X87Status.c3)
            if zero { status |= X87Status.c3 }
            if parity { status |= X87Status.c2 }
            if carry { status |= X87Status.c0 }
            state.status = status
        }
        if pops {
            for _ in 0..<instruction.pops { state.pop() }
        }
    }

    /// FXAM.
    private static func examine(_ state: X87State) {
        let bits = state[0]
        let value = FloatValue(bits)
        let code: UInt16
        if state.isEmpty(0) {
            code = X87Status.c3 | X87Status.c0
        } else {
            switch value.kind {
            case .unsupported: code = 0
            case .quietNaN, .signallingNaN: code = X87Status.c0
            case .infinity: code = X87Status.c2 | X87Status.c0
            case .zero: code = X87Status.c3
            case .finite: code = value.isDenormal ? X87Status.c3 | X87Status.c2 : X87Status.c2
            }
        }
        state.status = state.status & ~X87Status.conditions | code | (bits.sign ? X87Status.c1 : 0)
    }
}
