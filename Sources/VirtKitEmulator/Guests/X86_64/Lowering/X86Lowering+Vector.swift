/// MMX and SSE: what the tables of `SIMD/` say, with V-ISA operations where there are any and a helper elsewhere.
extension X86Lowering {
    mutating func lowerVector(_ map: OpcodeMap) {
        let prefix: MandatoryPrefix
        switch instruction.repeats {
        case .whileEqual: prefix = .pF3
        case .whileNotEqual: prefix = .pF2
        case .none: prefix = instruction.hasOperandSizePrefix ? .p66 : .none
        }
        guard
            let form = vectorForm(
                map: map, prefix: prefix, opcode: instruction.opcode, modRM: instruction.modRM, rexW: instruction.rexW)
        else { return raiseUndefined() }
        guard checkUnit(form) else { return }
        if form.operation == .emms {
            checkFPU()
            return helper(.emptyMMX)
        }
        if let operation = form.operation {
            if !lowerDirectly(operation, form) { lowerThroughHelper(operation, form) }
        } else {
            lowerMove(form)
        }
        if form.usesMMXState, !form.mayRaise { helper(.enterMMX) }
    }

    /// #UD or #NM unless SSE is on; true if it is.
    mutating func checkVectorUnit() -> Bool {
        if mode.emulateFPU || !mode.osfxsr {
            raiseUndefined()
            return false
        }
        if mode.taskSwitched {
            raise(X86Vector.deviceNotAvailable)
            return false
        }
        return true
    }

    private mutating func checkUnit(_ form: VectorForm) -> Bool {
        if form.usesMMXState || form.isMMX || form.operation == .emms {
            if mode.emulateFPU {
                raiseUndefined()
                return false
            }
            if mode.taskSwitched {
                raise(X86Vector.deviceNotAvailable)
                return false
            }
            return true
        }
        // MOVNTI is no vector instruction.
        if form.operation == nil, form.source == .gprReg, form.destination == .memory, instruction.opcode == 0xC3 {
            return true
        }
        return checkVectorUnit()
    }

    // MARK: Places

    private func place(_ operand: VectorOperand) -> Place {
        switch operand {
        case .xmmReg, .flags, .ecxAndFlags, .xmm0AndFlags: X86Slot.vector(instruction.reg)
        case .xmmRM: X86Slot.vector(instruction.rm)
        case .mmxReg: mmxPlace(instruction.reg)
        case .mmxRM: mmxPlace(instruction.rm)
        case .gprReg: X86Slot.general(instruction.reg)
        case .gprRM: X86Slot.general(instruction.rm)
        case .none, .memory, .maskedMemory: FrameLayout.zero
        }
    }

    private func mmxPlace(_ number: Int) -> Place { X86Slot.x87 &+ UInt16(truncatingIfNeeded: (number & 7) &* 16) }

    private func isMMX(_ operand: VectorOperand) -> Bool { operand == .mmxReg || operand == .mmxRM }
    private func isXMM(_ operand: VectorOperand) -> Bool { operand == .xmmReg || operand == .xmmRM }

    /// Marks the written MMX register: its exponent field becomes ones.
    private mutating func finishMMX(_ destination: VectorOperand) {
        if isMMX(destination) { builder.mov(.i16, place(destination) &+ 8, imm: -1) }
    }

    // MARK: Moves

    private mutating func lowerMove(_ form: VectorForm) {
        let offset = UInt16(form.destinationOffset)
        let bytes = Int(form.sourceBytes)
        if form.source == .memory {
            let address = address()
            if form.usesMMXState {
                // An exception that is pending comes before those of the access.
                checkFPU()
                let value = loadZero(Width(bytes: bytes), address)
                builder.mov(.i64, place(form.destination), value)
                return finishMMX(form.destination)
            }
            let destination = place(form.destination)
            if bytes == 16 {
                builder.load128(destination, address, aligned: form.requires16ByteAlignment)
            } else if isXMM(form.destination), form.upper == .zeroed {
                builder.load128(destination, zeroExtending: Width(bytes: bytes), address)
            } else if bytes == 8 {
                builder.load(.i64, destination &+ offset, address)
            } else {
                mergeLow(destination, loadZero(.i32, address))
            }
            return
        }
        let source = place(form.source) &+ UInt16(form.sourceOffset)
        if form.destination == .memory {
            let address = address()
            if form.usesMMXState { checkFPU() }
            if bytes == 16 {
                builder.store128(source, address, aligned: form.requires16ByteAlignment)
            } else {
                builder.store(Width(bytes: bytes), source, address)
            }
            return
        }
        if form.usesMMXState { checkFPU() }
        let destination = place(form.destination)
        if isXMM(form.destination) {
            if bytes == 16 {
                builder.mov128(destination, source)
            } else if form.upper == .zeroed {
                builder.zeroExtend128(destination, source, from: Width(bytes: bytes))
            } else if bytes == 8 {
                builder.mov(.i64, destination &+ offset, source)
            } else {
                mergeLow(destination, zeroExtended(source, .i32))
            }
        } else {
            // A general or MMX register: 4 bytes are zero-extended to 8.
            builder.mov(Width(bytes: bytes), destination, source)
            finishMMX(form.destination)
        }
    }

    /// The low 4 bytes of an xmm register := `value`, zero-extended to 64 bits; the rest stays.
    private mutating func mergeLow(_ destination: Place, _ value: Place) {
        let kept = temp()
        builder.binary(.and, .i64, kept, destination, imm: ~0xFFFF_FFFF)
        builder.binary(.or, .i64, destination, kept, value)
    }

    // MARK: V-ISA's own operations

    private mutating func lowerDirectly(_ operation: VectorOperation, _ form: VectorForm) -> Bool {
        guard !form.isMMX, !form.usesMMXState else { return false }
        switch operation {
        case .pmovmskb:
            builder.byteMask128(place(form.destination), place(form.source))
            return true
        case .pshufd:
            let source = vectorSource(form)
            builder.shuffle128(
                place(form.destination), source, selector: UInt8(truncatingIfNeeded: instruction.immediate))
            return true
        default: break
        }
        guard form.destination == .xmmReg, form.destinationBytes == 16, form.sourceBytes == 16,
            let direct = Self.direct(operation)
        else { return false }
        let destination = place(form.destination)
        if operation == .pxor, form.source == .xmmRM, instruction.reg == instruction.rm {
            builder.zero128(destination)
        } else {
            builder.binary128(direct, destination, destination, vectorSource(form))
        }
        return true
    }

    private static func direct(_ operation: VectorOperation) -> Vector128Operation? {
        switch operation {
        case .pand: .and
        case .pandn: .andNot
        case .por: .or
        case .pxor: .xor
        case .paddb: .add8
        case .paddw: .add16
        case .paddd: .add32
        case .paddq: .add64
        case .psubb: .sub8
        case .psubw: .sub16
        case .psubd: .sub32
        case .psubq: .sub64
        case .pcmpeqb: .equal8
        case .pcmpeqw: .equal16
        case .pcmpeqd: .equal32
        case .pminub: .minUnsigned8
        case .pmaxub: .maxUnsigned8
        case .punpcklbw: .interleaveLow8
        case .punpcklwd: .interleaveLow16
        case .punpckldq: .interleaveLow32
        case .punpcklqdq: .interleaveLow64
        case .punpckhqdq: .interleaveHigh64
        default: nil
        }
    }

    /// The source operand: its register, or a temporary that memory was loaded into.
    private mutating func vectorSource(_ form: VectorForm) -> Place {
        switch form.source {
        case .none: return place(form.destination)
        case .memory:
            let value = builder.newTemp128()
            let address = address()
            switch form.sourceBytes {
            case 16: builder.load128(value, address, aligned: form.requires16ByteAlignment)
            case 4: builder.load128(value, zeroExtending: .i32, address)
            case 8: builder.load128(value, zeroExtending: .i64, address)
            default: builder.loadZeroExtended(value, to: .i64, address, from: Width(bytes: Int(form.sourceBytes)))
            }
            return value
        default: return place(form.source)
        }
    }

    // MARK: Helpers

    private mutating func lowerThroughHelper(_ operation: VectorOperation, _ form: VectorForm) {
        if form.destination == .maskedMemory { return lowerMaskedStore(operation, form) }
        if form.usesMMXState { checkFPU() }
        let source = vectorSource(form)
        switch form.destination {
        case .gprReg, .gprRM:
            let result = builder.newTemp128()
            call(operation, form, result, source)
            builder.mov(.i64, place(form.destination), result)
        case .memory:
            let result = builder.newTemp128()
            let address = address()
            call(operation, form, result, source)
            builder.store(Width(bytes: Int(form.destinationBytes)), result, address)
        default:
            call(operation, form, place(form.destination), source)
            finishMMX(form.destination)
        }
        let environment = X86Slot.vectorEnvironment
        if form.writesFlags {
            builder.setFlags(from: zeroExtended(environment &+ UInt16(VectorEnvironment.flagsOffset), .i32))
        }
        if form.destination == .ecxAndFlags {
            builder.mov(.i64, Self.rcx, environment &+ UInt16(VectorEnvironment.indexOffset))
        } else if form.destination == .xmm0AndFlags {
            builder.mov128(X86Slot.vector(0), environment &+ UInt16(VectorEnvironment.maskOffset))
        }
    }

    private mutating func call(_ operation: VectorOperation, _ form: VectorForm, _ d: Place, _ a: Place, _ b: Place = 0)
    {
        let call = VectorCall(
            length: instruction.length, immediate: UInt8(truncatingIfNeeded: instruction.immediate),
            implicit: form.implicit, rexW: instruction.rexW, isMMX: form.isMMX,
            entersMMX: form.usesMMXState && form.mayRaise, operation: operation)
        let isPure = !form.writesFlags && (form.implicit == .none || form.implicit == .mask)
        let identifier: X86Helper = form.mayRaise ? .vector : isPure ? .vectorPure : .vectorQuiet
        builder.helper(identifier.rawValue, d: d, a: a, b: b, imm: call.rawValue)
    }

    /// MASKMOVQ and MASKMOVDQU: the old bytes are read, changed under the mask, and stored back.
    private mutating func lowerMaskedStore(_ operation: VectorOperation, _ form: VectorForm) {
        // An exception that is pending comes before those of the access.
        if form.usesMMXState { checkFPU() }
        let target = segmented(truncated(Address(base: Self.rdi)), instruction.segment)
        var address = Address(base: addressPlace(target))
        address.guardian = target.guardian
        let scratch = builder.newTemp128()
        let isWide = form.destinationBytes == 16
        if isWide {
            builder.load128(scratch, address)
        } else {
            builder.load128(scratch, zeroExtending: .i64, address)
        }
        let mask = form.isMMX ? mmxPlace(instruction.rm) : X86Slot.vector(instruction.rm)
        let source = form.isMMX ? mmxPlace(instruction.reg) : X86Slot.vector(instruction.reg)
        call(operation, form, scratch, source, mask)
        if isWide {
            builder.store128(scratch, address)
        } else {
            builder.store(.i64, scratch, address)
        }
    }
}

/// The immediate of the `vector` helpers.
struct VectorCall: RawRepresentable {
    var rawValue: Int64

    init(rawValue: Int64) { self.rawValue = rawValue }

    init(
        length: Int, immediate: UInt8, implicit: VectorImplicit, rexW: Bool, isMMX: Bool, entersMMX: Bool,
        operation: VectorOperation
    ) {
        var value = Int64(length & 0xFF)
        value |= Int64(immediate) << 8
        value |= Int64(implicit.rawValue) << 16
        value |= rexW ? 1 << 20 : 0
        value |= isMMX ? 1 << 21 : 0
        value |= entersMMX ? 1 << 22 : 0
        value |= Int64(operation.rawValue) << 32
        rawValue = value
    }

    /// Bits 8 … 15.
    var immediate: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 8) }
    /// Bits 16 … 19.
    var implicit: VectorImplicit { VectorImplicit(rawValue: UInt8(truncatingIfNeeded: rawValue >> 16 & 15)) ?? .none }
    var rexW: Bool { rawValue >> 20 & 1 != 0 }
    var isMMX: Bool { rawValue >> 21 & 1 != 0 }
    /// The x87 unit enters MMX state before the operation, even if that raises #XM.
    var entersMMX: Bool { rawValue >> 22 & 1 != 0 }
    /// There is more to do than to call the operation.
    var needsPreparation: Bool { rawValue & 0x4F_0000 != 0 }
    /// Bits 32 … 47.
    var operation: VectorOperation? { VectorOperation(rawValue: UInt16(truncatingIfNeeded: rawValue >> 32)) }
}
