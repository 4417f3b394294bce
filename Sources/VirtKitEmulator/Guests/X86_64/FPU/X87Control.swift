// Control instructions, and the images of the unit's state in memory.

extension X87 {
    /// FNINIT, and the state of XRSTOR's initial configuration (SDM volume 2, FINIT).
    static func initialize(_ state: UnsafeMutableRawPointer) {
        reset(X87State(state))
    }

    private static func reset(_ state: X87State) {
        state.control = 0x37f
        state.status = 0
        state.tag = 0
        state.opcode = 0
        state.instructionPointer = 0
        state.dataPointer = 0
        state.codeSelector = 0
        state.dataSelector = 0
    }

    /// What every MMX instruction but EMMS does: TOP becomes 0 and all registers are in use (SDM volume 1,
    /// section 9.5).
    static func enterMMX(_ state: UnsafeMutableRawPointer) {
        let state = X87State(state)
        state.top = 0
        state.tag = 0xff
    }

    /// EMMS.
    static func emptyMMX(_ state: UnsafeMutableRawPointer) {
        let state = X87State(state)
        state.top = 0
        state.tag = 0
    }

    static func control(
        _ instruction: X87Instruction, _ state: X87State, _ context: X87Context, _ memory: UnsafeMutableRawPointer
    ) -> X87Outcome {
        // SAFETY: `execute` requires a buffer of at least 128 bytes; the largest image takes 108.
        switch instruction.operation {
        case .loadControl:
            setControl(memory.loadUnaligned(as: UInt16.self), state)
            state.summarize()
        case .storeControl:
            memory.storeBytes(of: state.control, as: UInt16.self)
        case .storeStatus:
            memory.storeBytes(of: state.status, as: UInt16.self)
        case .clearExceptions:
            state.status &= ~(X87Status.exceptions | X87Status.stackFault | X87Status.errorSummary | X87Status.busy)
        case .initialize:
            reset(state)
        case .loadEnvironment:
            loadEnvironment(state, context, memory)
        case .storeEnvironment:
            storeEnvironment(state, context, memory)
            state.control |= 0x3f
            state.summarize()
        case .save:
            storeEnvironment(state, context, memory)
            let base = memory + (context.operandSize16 ? 14 : 28)
            for index in 0..<8 {
                let bits = state[index]
                base.storeBytes(of: bits.significand, toByteOffset: index * 10, as: UInt64.self)
                base.storeBytes(of: bits.signExponent, toByteOffset: index * 10 + 8, as: UInt16.self)
            }
            reset(state)
        case .restore:
            loadEnvironment(state, context, memory)
            let base = memory + (context.operandSize16 ? 14 : 28)
            for index in 0..<8 {
                state.setPhysical(
                    state.top + index,
                    Float80Bits(
                        signExponent: base.loadUnaligned(fromByteOffset: index * 10 + 8, as: UInt16.self),
                        significand: base.loadUnaligned(fromByteOffset: index * 10, as: UInt64.self)))
            }
        default:
            break
        }
        return .done
    }
}

// MARK: - Environment

extension X87 {
    /// Bit 6 of the control word always reads as one, bits 7 and 13 to 15 as zeros.
    private static func setControl(_ value: UInt16, _ state: X87State) {
        state.control = value & 0x1f7f | 0x40
    }

    /// Two bits a register: 0 valid, 1 zero, 2 special, 3 empty (SDM volume 1, section 8.1.7).
    static func fullTag(_ state: X87State) -> UInt16 {
        var word: UInt16 = 0
        for index in 0..<8 {
            let code: UInt16
            if state.tag & 1 << UInt8(index) == 0 {
                code = 3
            } else {
                let value = FloatValue(state.physical(index))
                switch value.kind {
                case .zero: code = 1
                case .finite: code = value.isDenormal ? 2 : 0
                default: code = 2
                }
            }
            word |= code << UInt16(index * 2)
        }
        return word
    }

    private static func setFullTag(_ word: UInt16, _ state: X87State) {
        var tag: UInt8 = 0
        for index in 0..<8 where word >> UInt16(index * 2) & 3 != 3 { tag |= 1 << UInt8(index) }
        state.tag = tag
    }

    /// The 14 or 28 bytes of SDM volume 1, figures 8-9 to 8-12.
    private static func storeEnvironment(
        _ state: X87State, _ context: X87Context, _ memory: UnsafeMutableRawPointer
    ) {
        let instruction = UInt32(truncatingIfNeeded: state.instructionPointer)
        let data = UInt32(truncatingIfNeeded: state.dataPointer)
        let opcode = UInt32(state.opcode)
        // SAFETY: `execute` requires a buffer of at least 128 bytes; seven fields take 28.
        if context.operandSize16 {
            let fields: (UInt32, UInt32, UInt32, UInt32) =
                context.realMode
                ? (instruction, (instruction >> 4 & 0xf000) | opcode, data, data >> 4 & 0xf000)
                : (instruction, UInt32(state.codeSelector), data, UInt32(state.dataSelector))
            let words = [
                UInt32(state.control), UInt32(state.status), UInt32(fullTag(state)), fields.0, fields.1, fields.2,
                fields.3,
            ]
            for (index, word) in words.enumerated() {
                memory.storeBytes(of: UInt16(truncatingIfNeeded: word), toByteOffset: index * 2, as: UInt16.self)
            }
            return
        }
        let fields: (UInt32, UInt32, UInt32, UInt32) =
            context.realMode
            ? (
                0xffff_0000 | instruction, (instruction >> 4 & 0x0fff_f000) | opcode, 0xffff_0000 | data,
                data >> 4 & 0x0fff_f000
            )
            : (
                instruction, UInt32(state.codeSelector) | opcode << 16, data, 0xffff_0000 | UInt32(state.dataSelector)
            )
        let words = [
            0xffff_0000 | UInt32(state.control), 0xffff_0000 | UInt32(state.status),
            0xffff_0000 | UInt32(fullTag(state)), fields.0, fields.1, fields.2, fields.3,
        ]
        for (index, word) in words.enumerated() {
            memory.storeBytes(of: word, toByteOffset: index * 4, as: UInt32.self)
        }
    }

    private static func loadEnvironment(
        _ state: X87State, _ context: X87Context, _ memory: UnsafeMutableRawPointer
    ) {
        func field(_ index: Int) -> UInt32 {
            // SAFETY: as in `storeEnvironment`.
            context.operandSize16
                ? UInt32(memory.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
                : memory.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)
        }
        setControl(UInt16(truncatingIfNeeded: field(0)), state)
        state.status = UInt16(truncatingIfNeeded: field(1))
        state.summarize()
        setFullTag(UInt16(truncatingIfNeeded: field(2)), state)
        if context.realMode {
            let high: UInt32 = context.operandSize16 ? 0xf000 : 0x0fff_f000
            state.instructionPointer = UInt64(field(3) & 0xffff | (field(4) & high) << 4)
            state.opcode = UInt16(truncatingIfNeeded: field(4))
            state.dataPointer = UInt64(field(5) & 0xffff | (field(6) & high) << 4)
            state.codeSelector = 0
            state.dataSelector = 0
        } else {
            state.instructionPointer = UInt64(field(3))
            state.codeSelector = UInt16(truncatingIfNeeded: field(4))
            if !context.operandSize16 { state.opcode = UInt16(truncatingIfNeeded: field(4) >> 16) }
            state.dataPointer = UInt64(field(5))
            state.dataSelector = UInt16(truncatingIfNeeded: field(6))
        }
    }
}

// MARK: - FXSAVE

extension X87 {
    /// Stores bytes 0 to 23 and 32 to 159 of FXSAVE's area (SDM volume 1, table 10-2). MXCSR, at 24, and the SSE
    /// registers are the caller's.
    ///
    /// - Parameter is64Bit: The form with REX.W, whose pointers have 64 bits and no selectors.
    static func storeFXSave(_ state: UnsafeMutableRawPointer, to area: UnsafeMutableRawPointer, is64Bit: Bool) {
        let state = X87State(state)
        // SAFETY: the area has at least 160 bytes.
        area.storeBytes(of: state.control, as: UInt16.self)
        area.storeBytes(of: state.status, toByteOffset: 2, as: UInt16.self)
        area.storeBytes(of: UInt16(state.tag), toByteOffset: 4, as: UInt16.self)
        area.storeBytes(of: state.opcode, toByteOffset: 6, as: UInt16.self)
        if is64Bit {
            area.storeBytes(of: state.instructionPointer, toByteOffset: 8, as: UInt64.self)
            area.storeBytes(of: state.dataPointer, toByteOffset: 16, as: UInt64.self)
        } else {
            area.storeBytes(
                of: state.instructionPointer & 0xffff_ffff | UInt64(state.codeSelector) << 32, toByteOffset: 8,
                as: UInt64.self)
            area.storeBytes(
                of: state.dataPointer & 0xffff_ffff | UInt64(state.dataSelector) << 32, toByteOffset: 16,
                as: UInt64.self)
        }
        for index in 0..<8 {
            let bits = state[index]
            area.storeBytes(of: bits.significand, toByteOffset: 32 + index * 16, as: UInt64.self)
            area.storeBytes(of: UInt64(bits.signExponent), toByteOffset: 40 + index * 16, as: UInt64.self)
        }
    }

    /// Loads what `storeFXSave` stored.
    static func loadFXSave(_ state: UnsafeMutableRawPointer, from area: UnsafeRawPointer, is64Bit: Bool) {
        let state = X87State(state)
        // SAFETY: the area has at least 160 bytes.
        setControl(area.loadUnaligned(as: UInt16.self), state)
        state.status = area.loadUnaligned(fromByteOffset: 2, as: UInt16.self)
        state.summarize()
        state.tag = area.loadUnaligned(fromByteOffset: 4, as: UInt8.self)
        state.opcode = area.loadUnaligned(fromByteOffset: 6, as: UInt16.self)
        let instruction = area.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        let data = area.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
        state.instructionPointer = is64Bit ? instruction : instruction & 0xffff_ffff
        state.dataPointer = is64Bit ? data : data & 0xffff_ffff
        state.codeSelector = is64Bit ? 0 : UInt16(truncatingIfNeeded: instruction >> 32)
        state.dataSelector = is64Bit ? 0 : UInt16(truncatingIfNeeded: data >> 32)
        for index in 0..<8 {
            state.setPhysical(
                state.top + index,
                Float80Bits(
                    signExponent: area.loadUnaligned(fromByteOffset: 40 + index * 16, as: UInt16.self),
                    significand: area.loadUnaligned(fromByteOffset: 32 + index * 16, as: UInt64.self)))
        }
    }
}
