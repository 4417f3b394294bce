/// Resolves an encoding to its operands; nil if it is not an MMX or SSE..SSE4.2 (AES, PCLMULQDQ) instruction or is #UD.
///
/// `modRM` matters for its mod field (register or memory form) and, in groups, its reg field.
func vectorForm(map: OpcodeMap, prefix: MandatoryPrefix, opcode: UInt8, modRM: UInt8, rexW: Bool) -> VectorForm? {
    if map == .map0F, (0x71...0x73).contains(opcode) {
        return immediateShift(prefix: prefix, opcode: opcode, modRM: modRM)
    }
    let table = VectorTable.shared
    let slot = VectorTable.slot(map, prefix, opcode)
    guard slot < table.index.count else { return nil }
    let row = Int(table.index[slot])
    guard row < table.rows.count else { return nil }
    let cell = table.rows[row]
    switch (modRM >> 6 == 3, rexW) {
    case (true, false): return cell.register
    case (true, true): return cell.wideRegister
    case (false, false): return cell.memory
    case (false, true): return cell.wideMemory
    }
}

/// Groups 12, 13 and 14 (Intel SDM volume 2, appendix A.4): shifts of the register in ModRM.rm by an immediate.
private func immediateShift(prefix: MandatoryPrefix, opcode: UInt8, modRM: UInt8) -> VectorForm? {
    guard modRM >> 6 == 3, prefix == .none || prefix == .p66 else { return nil }
    let operation: VectorOperation
    switch (opcode, modRM >> 3 & 7) {
    case (0x71, 2): operation = .psrlwi
    case (0x71, 4): operation = .psrawi
    case (0x71, 6): operation = .psllwi
    case (0x72, 2): operation = .psrldi
    case (0x72, 4): operation = .psradi
    case (0x72, 6): operation = .pslldi
    case (0x73, 2): operation = .psrlqi
    case (0x73, 6): operation = .psllqi
    case (0x73, 3) where prefix == .p66: operation = .psrldq
    case (0x73, 7) where prefix == .p66: operation = .pslldq
    default: return nil
    }
    let isMMX = prefix == .none
    return VectorForm(
        operation: operation, destination: isMMX ? .mmxRM : .xmmRM, destinationBytes: isMMX ? 8 : 16,
        readsDestination: true, hasImmediate: true, isMMX: isMMX, usesMMXState: isMMX)
}

/// The forms of every opcode, built once from the rows of VectorTableRows.swift.
struct VectorTable: Sendable {
    /// The four forms of one opcode: REX.W makes a difference where a general register is an operand.
    struct Cell: Sendable {
        var register: VectorForm?
        var memory: VectorForm?
        var wideRegister: VectorForm?
        var wideMemory: VectorForm?
    }

    static let shared = VectorTable()

    /// Row 0 is the empty cell, for opcodes that are not vector instructions.
    private(set) var rows = [Cell()]
    private(set) var index = [UInt16](repeating: 0, count: 3 * 4 * 256)

    private init() {
        addMoves()
        addMovesWithGeneralRegisters()
        addInteger()
        addShuffles()
        addWidening()
        addFloatingPoint()
        addConversions()
        addStringsAndCiphers()
    }

    static func slot(_ map: OpcodeMap, _ prefix: MandatoryPrefix, _ opcode: UInt8) -> Int {
        (Int(map.rawValue) << 2 | Int(prefix.rawValue)) << 8 | Int(opcode)
    }

    mutating func add(_ map: OpcodeMap, _ prefix: MandatoryPrefix, _ opcode: UInt8, _ cell: Cell) {
        index[Self.slot(map, prefix, opcode)] = UInt16(truncatingIfNeeded: rows.count)
        rows.append(cell)
    }

    /// Adds an opcode whose register and memory forms differ, or of which only one exists. REX.W is ignored.
    mutating func add(
        _ map: OpcodeMap, _ prefix: MandatoryPrefix, _ opcode: UInt8, register: VectorForm?, memory: VectorForm?
    ) {
        add(map, prefix, opcode, Cell(register: register, memory: memory, wideRegister: register, wideMemory: memory))
    }

    /// Adds an opcode whose memory form is the register form with ModRM.rm in memory.
    mutating func add(_ map: OpcodeMap, _ prefix: MandatoryPrefix, _ opcode: UInt8, _ form: VectorForm) {
        add(map, prefix, opcode, register: form, memory: form.inMemory)
    }

    /// Adds an opcode of which REX.W selects a second form.
    mutating func add(
        _ map: OpcodeMap, _ prefix: MandatoryPrefix, _ opcode: UInt8, _ form: VectorForm, wide: VectorForm
    ) {
        add(
            map, prefix, opcode,
            Cell(register: form, memory: form.inMemory, wideRegister: wide, wideMemory: wide.inMemory))
    }
}

extension VectorForm {
    /// The form with its ModRM.rm operand in memory. 16-byte operands must be aligned unless the row says otherwise.
    var inMemory: VectorForm {
        var form = self
        switch destination {
        case .xmmRM, .mmxRM, .gprRM:
            form.destination = .memory
            form.memoryBytes = destinationBytes
            form.readsDestination = false
            form.upper = .kept
        default:
            form.source = .memory
            form.memoryBytes = sourceBytes
        }
        form.requires16ByteAlignment = form.memoryBytes == 16
        return form
    }

    /// The memory form where no alignment is asked for.
    var inUnalignedMemory: VectorForm {
        var form = inMemory
        form.requires16ByteAlignment = false
        return form
    }

    /// xmm = operation(xmm, xmm/memory): 16 bytes are written, `bytes` read from the source.
    static func xmm(_ operation: VectorOperation, _ bytes: UInt8 = 16, immediate: Bool = false) -> VectorForm {
        VectorForm(
            operation: operation, destination: .xmmReg, source: .xmmRM, sourceBytes: bytes, destinationBytes: 16,
            readsDestination: true, hasImmediate: immediate)
    }

    /// xmm = operation(xmm/memory): the old value of the destination does not matter.
    static func fresh(_ operation: VectorOperation, _ bytes: UInt8 = 16, immediate: Bool = false) -> VectorForm {
        var form = xmm(operation, bytes, immediate: immediate)
        form.readsDestination = false
        return form
    }

    /// mm = operation(mm, mm/memory).
    static func mmx(
        _ operation: VectorOperation, _ bytes: UInt8 = 8, reads: Bool = true, immediate: Bool = false
    ) -> VectorForm {
        VectorForm(
            operation: operation, destination: .mmxReg, source: .mmxRM, sourceBytes: bytes, destinationBytes: 8,
            readsDestination: reads, hasImmediate: immediate, isMMX: true, usesMMXState: true)
    }

    /// The low `written` bytes of an xmm register = operation(them, `bytes` of xmm/memory); the rest is kept.
    static func scalar(_ operation: VectorOperation, _ bytes: UInt8, written: UInt8? = nil) -> VectorForm {
        VectorForm(
            operation: operation, destination: .xmmReg, source: .xmmRM, sourceBytes: bytes,
            destinationBytes: written ?? bytes, readsDestination: true, mayRaise: true)
    }

    /// A plain move.
    static func move(
        to destination: VectorOperand, _ written: UInt8, at destinationOffset: UInt8 = 0,
        from source: VectorOperand, _ read: UInt8, skipping sourceOffset: UInt8 = 0, _ upper: VectorUpper = .zeroed
    ) -> VectorForm {
        let isMMX = [destination, source].contains { $0 == .mmxReg || $0 == .mmxRM }
        let isXMM = destination == .xmmReg || destination == .xmmRM
        return VectorForm(
            destination: destination, source: source, sourceBytes: read, sourceOffset: sourceOffset,
            destinationBytes: written, destinationOffset: destinationOffset, upper: upper,
            readsDestination: isXMM && upper == .kept && written < 16, usesMMXState: isMMX)
    }

    /// The form with some fields changed.
    func with(_ change: (inout VectorForm) -> Void) -> VectorForm {
        var form = self
        change(&form)
        return form
    }

    /// A floating-point operation: the form may raise.
    var raising: VectorForm { with { $0.mayRaise = true } }
}
