// Loads, stores and moves between registers.

extension X87 {
    /// Makes room for a push. False when nothing is to be done any more.
    private static func push(_ value: Float80Bits, _ state: X87State) {
        guard state.isEmpty(7) else {
            if state.stackFault(overflow: true) { state.push(.indefinite) }
            return
        }
        state.push(value)
    }

    static func load(_ instruction: X87Instruction, _ state: X87State, _ memory: UnsafeMutableRawPointer) {
        let lacksSource = instruction.operand == .register && state.isEmpty(instruction.index)
        guard lacksSource || state.isEmpty(7) else {
            if state.stackFault(overflow: true) { state.push(.indefinite) }
            return
        }
        // SAFETY: `execute` requires a buffer of at least 128 bytes.
        switch instruction.operand {
        case .register:
            if lacksSource {
                if state.stackFault(overflow: false) { state.push(.indefinite) }
                return
            }
            state.setC1(false)
            state.push(state[instruction.index])
        case .extended:
            state.setC1(false)
            state.push(
                Float80Bits(
                    signExponent: memory.loadUnaligned(fromByteOffset: 8, as: UInt16.self),
                    significand: memory.loadUnaligned(as: UInt64.self)))
        case .bcd:
            state.setC1(false)
            state.push(
                SoftFloat.fromBCD(
                    low: memory.loadUnaligned(as: UInt64.self),
                    high: memory.loadUnaligned(fromByteOffset: 8, as: UInt16.self)))
        default:
            var env = FloatEnvironment(x87Control: state.control | 2)
            let value = SoftFloat.convert(source(instruction.operand, memory), to: .extended, &env)
            // Unlike in arithmetic, an unmasked denormal operand does not suppress the load.
            state.setC1(false)
            state.raise(UInt16(env.raised.rawValue))
            if !(env.raised.contains(.invalid) && !state.masksInvalid) { state.push(value.bits80) }
        }
    }

    /// FLD1, FLDL2T, FLDL2E, FLDPI, FLDLG2, FLDLN2, FLDZ: rounded as the control word says, never reported as inexact.
    static func loadConstant(_ index: Int, _ state: X87State) {
        let value: FloatValue
        var env = FloatEnvironment(x87Control: state.control)
        switch index {
        case 0: value = FloatValue(1)
        case 1: value = WideFloat.log2of10.roundedInexact(to: .extended, &env)
        case 2: value = WideFloat.log2e.roundedInexact(to: .extended, &env)
        case 3: value = WideFloat.pi.roundedInexact(to: .extended, &env)
        case 4: value = WideFloat.log10of2.roundedInexact(to: .extended, &env)
        case 5: value = WideFloat.ln2.roundedInexact(to: .extended, &env)
        default: value = .zero(sign: false)
        }
        state.setC1(false)
        push(value.bits80, state)
    }

    /// FST, FSTP, FIST, FISTP, FISTTP, FBSTP.
    static func store(
        _ instruction: X87Instruction, _ state: X87State, _ memory: UnsafeMutableRawPointer
    ) -> X87Outcome {
        let pops = instruction.pops != 0
        if instruction.operand == .register {
            if state.isEmpty(0) && instruction.ignoresEmpty {
                state.setC1(false)
            } else if state.isEmpty(0) {
                guard state.stackFault(overflow: false) else { return .noStore }
                state[instruction.index] = .indefinite
            } else {
                state.setC1(false)
                state[instruction.index] = state[0]
            }
            if pops { state.pop() }
            return .done
        }
        var env = FloatEnvironment(x87Control: state.control)
        let bits = state[0]
        let isEmpty = state.isEmpty(0)
        if isEmpty && !state.stackFault(overflow: false) { return .noStore }
        let truncates = instruction.operation == .storeTruncated
        // SAFETY: `execute` requires a buffer of at least 128 bytes.
        switch instruction.operand {
        case .single:
            let value = isEmpty ? FloatValue.indefinite.bits32 : SoftFloat.toFloat32(bits, &env)
            memory.storeBytes(of: value, as: UInt32.self)
        case .double:
            let value = isEmpty ? FloatValue.indefinite.bits64 : SoftFloat.toFloat64(bits, &env)
            memory.storeBytes(of: value, as: UInt64.self)
        case .extended:
            let value = isEmpty ? Float80Bits.indefinite : bits
            memory.storeBytes(of: value.significand, as: UInt64.self)
            memory.storeBytes(of: value.signExponent, toByteOffset: 8, as: UInt16.self)
        case .int16:
            let value = isEmpty ? .min : SoftFloat.int16(bits, truncating: truncates, &env)
            memory.storeBytes(of: value, as: Int16.self)
        case .int32:
            let value = isEmpty ? .min : SoftFloat.int32(bits, truncating: truncates, &env)
            memory.storeBytes(of: value, as: Int32.self)
        case .int64:
            let value = isEmpty ? .min : SoftFloat.int64(bits, truncating: truncates, &env)
            memory.storeBytes(of: value, as: Int64.self)
        default:
            let value = isEmpty ? SoftFloat.bcdIndefinite : SoftFloat.toBCD(FloatValue(bits), &env)
            memory.storeBytes(of: value.low, as: UInt64.self)
            memory.storeBytes(of: value.high, toByteOffset: 8, as: UInt16.self)
        }
        if !isEmpty {
            // An unmasked overflow or underflow keeps the operand in its register (SDM volume 1, section 8.5.4), and is
            // all that is reported.
            let range = env.raised.intersection([.overflow, .underflow])
            if UInt16(range.rawValue) & ~state.control != 0 {
                state.setC1(false)
                state.raise(UInt16(range.rawValue))
                return .noStore
            }
            guard state.commit(env) else { return .noStore }
        }
        if pops { state.pop() }
        return .done
    }

    static func exchange(_ index: Int, _ state: X87State) {
        let isFaulty = state.isEmpty(0) || state.isEmpty(index)
        if isFaulty {
            guard state.stackFault(overflow: false) else { return }
            if state.isEmpty(0) { state[0] = .indefinite }
            if state.isEmpty(index) { state[index] = .indefinite }
        } else {
            state.setC1(false)
        }
        let first = state[0]
        state[0] = state[index]
        state[index] = first
    }

    static func conditionalMove(_ instruction: X87Instruction, _ state: X87State, _ flags: UInt64) {
        if state.isEmpty(0) || state.isEmpty(instruction.index) {
            if state.stackFault(overflow: false) { state[0] = .indefinite }
            return
        }
        let (carry, parity, zero) = (flags & 1 != 0, flags & 4 != 0, flags & 0x40 != 0)
        let holds =
            switch instruction.condition & 3 {
            case 0: carry
            case 1: zero
            case 2: carry || zero
            default: parity
            }
        if holds != (instruction.condition >= 4) { state[0] = state[instruction.index] }
    }
}
