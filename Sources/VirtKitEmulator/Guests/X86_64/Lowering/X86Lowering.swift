/// Lowers blocks of x86 instructions to V-ISA. Each instruction's meaning is written once, in the extensions of this
/// type, by family.
struct X86Lowering {
    /// Where the operations go.
    var builder = BlockBuilder()
    let mode: X86Mode
    /// The limit of CS, looked at outside 64-bit code only: what the mode's `codeLimit` stands for.
    let codeLimit: UInt32
    /// The instruction that is being lowered.
    var instruction = X86Instruction()
    /// Its address, as RIP (EIP, IP) has it.
    var pc: UInt64
    /// The address of the next one.
    var nextPC: UInt64
    /// The block must end after this many more instructions (STI and its shadow); nil: no such wish.
    var endsAfter: Int?

    /// Lowers the block at `pc`. See `GuestFrontend.lowerBlock`.
    static func lowerBlock(
        _ builder: inout BlockBuilder, mode: X86Mode, codeLimit: UInt32 = .max, pc: UInt64, code: inout CodeWindow
    ) {
        var lowering = X86Lowering(mode: mode, codeLimit: codeLimit, pc: pc, nextPC: pc)
        swap(&lowering.builder, &builder)
        defer { swap(&lowering.builder, &builder) }
        lowering.builder.maximumInstructions = 32
        lowering.run(&code)
    }

    private init(mode: X86Mode, codeLimit: UInt32, pc: UInt64, nextPC: UInt64) {
        self.mode = mode
        self.codeLimit = codeLimit
        self.pc = pc
        self.nextPC = nextPC
    }

    private mutating func run(_ code: inout CodeWindow) {
        var offset = 0
        while true {
            let outcome = decode(code.bytes, at: offset)
            if outcome == .truncated {
                // It runs over the end of the page: it is a block of its own.
                if offset > 0 { return endJump(pc) }
                guard let next = code.nextPageBytes() else { return }
                lower(decode(joining: code.bytes, and: next))
                if !builder.isTerminated { endJump(nextPC) }
                return
            }
            lower(outcome)
            if builder.isTerminated { return }
            offset &+= instruction.length
            if mode.trap || endsNow() || builder.isFull || offset >= code.bytes.count { return endJump(nextPC) }
            pc = nextPC
        }
    }

    private mutating func endsNow() -> Bool {
        guard let count = endsAfter else { return false }
        endsAfter = count &- 1
        return count <= 0
    }

    // MARK: Decoding

    private mutating func decode(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> X86Decoder.Outcome {
        guard let base = bytes.baseAddress, offset < bytes.count else { return .truncated }
        let start = base.advanced(by: offset).assumingMemoryBound(to: UInt8.self)
        // SAFETY: `bytes` is valid during `lowerBlock`, and offset lies within it.
        return X86Decoder.decode(
            start, count: bytes.count &- offset, codeSize: mode.codeSize, into: &instruction)
    }

    /// Decodes the instruction that begins at the end of one page and goes on in the next.
    private mutating func decode(
        joining first: UnsafeRawBufferPointer, and second: UnsafeRawBufferPointer
    ) -> X86Decoder.Outcome {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: X86Decoder.maximumLength) { joined in
            let head = min(first.count, X86Decoder.maximumLength)
            let tail = min(second.count, X86Decoder.maximumLength &- head)
            for index in 0..<head { joined[index] = first[index] }
            for index in 0..<tail { joined[head &+ index] = second[index] }
            guard let start = joined.baseAddress else { return .undefined }
            // SAFETY: head + tail of the 15 bytes have been initialised.
            return X86Decoder.decode(start, count: head &+ tail, codeSize: mode.codeSize, into: &instruction)
        }
    }

    private mutating func lower(_ outcome: X86Decoder.Outcome) {
        nextPC = wrap(pc &+ UInt64(truncatingIfNeeded: instruction.length))
        builder.boundary(pc: pc)
        if mode.trap { helper(.instructionBreakpoint) }
        // An instruction that is not wholly within CS is not fetched, whatever it would be.
        if !mode.is64, pc &+ UInt64(truncatingIfNeeded: max(1, instruction.length) &- 1) > UInt64(codeLimit) {
            return raiseProtection()
        }
        switch outcome {
        case .decoded: lowerInstruction()
        case .undefined: raiseUndefined()
        case .tooLong, .truncated: raiseProtection()
        }
    }

    private mutating func lowerInstruction() {
        switch instruction.map {
        case .primary: lowerPrimary()
        case .map0F: lower0F()
        case .map0F38: lower0F38()
        case .map0F3A: lower0F3A()
        }
    }

    /// An instruction pointer outside 64-bit code has 32 bits.
    func wrap(_ address: UInt64) -> UInt64 { mode.is64 ? address : address & 0xFFFF_FFFF }

    // MARK: Helpers

    /// Calls a helper. Size fields default to this instruction's.
    mutating func helper(
        _ identifier: X86Helper, d: Place = 0, a: Place = 0, b: Place = 0, argument: Int = 0, operandBytes: Int? = nil,
        addressBytes: Int? = nil, endsBlock: Bool = false, extra: UInt16 = 0
    ) {
        let immediate = X86HelperImmediate(
            length: instruction.length, argument: argument, operandBytes: operandBytes ?? instruction.operandBytes,
            addressBytes: addressBytes ?? instruction.addressBytes, segment: instruction.segment,
            repeats: instruction.repeats,
            endsBlock: endsBlock, extra: extra)
        builder.helper(identifier.rawValue, d: d, a: a, b: b, imm: immediate.rawValue)
        if endsBlock { builder.exitDynamic() }
    }

    /// Raises an exception, and ends the block.
    mutating func raise(_ vector: UInt8, errorCode: UInt16 = 0) {
        guard !builder.isTerminated else { return }
        helper(.raise, argument: Int(vector), endsBlock: true, extra: errorCode)
    }

    mutating func raiseUndefined() { raise(X86Vector.invalidOpcode) }
    mutating func raiseProtection() { raise(X86Vector.generalProtection) }

    /// Raises #GP(0) unless CPL is 0; true if it did.
    mutating func isUnprivileged() -> Bool {
        guard mode.privilegeLevel != 0 else { return false }
        raiseProtection()
        return true
    }

    // MARK: Ends of blocks

    /// Goes on at `target`.
    mutating func endJump(_ target: UInt64) {
        guard mode.trap else { return builder.jump(wrap(target)) }
        builder.mov(.i64, X86Slot.programCounter, imm: Int64(bitPattern: wrap(target)))
        endTrapped()
    }

    /// Goes on at the address in `target`, a place that is zero-extended already.
    mutating func endIndirect(_ target: Place) {
        guard mode.trap else { return builder.jumpIndirect(target) }
        builder.mov(.i64, X86Slot.programCounter, target)
        endTrapped(isIndirect: true)
    }

    /// Goes on at `target` if `condition` holds.
    mutating func endBranch(_ condition: Condition, _ target: UInt64) {
        guard mode.trap else { return builder.branchIf(condition, taken: wrap(target), otherwise: nextPC) }
        let test = builder.newTemp()
        builder.condition(condition, .i64, test)
        endBranch(nonZero: test, target)
    }

    /// Goes on at `target` if the 64-bit value at `test` is not 0.
    mutating func endBranch(nonZero test: Place, _ target: UInt64) {
        guard mode.trap else {
            return builder.branch(.notEqual, .i64, test, imm: 0, taken: wrap(target), otherwise: nextPC)
        }
        let taken = constant(Int64(bitPattern: wrap(target)))
        let otherwise = constant(Int64(bitPattern: nextPC))
        builder.selectNonZero(.i64, X86Slot.programCounter, test: test, taken, otherwise)
        endTrapped()
    }

    /// Ends a block after helpers that may have changed interrupts or mode, at the next instruction.
    mutating func endExit() {
        guard mode.trap else { return builder.exit(nextPC) }
        builder.mov(.i64, X86Slot.programCounter, imm: Int64(bitPattern: nextPC))
        endTrapped()
    }

    private mutating func endTrapped(isIndirect: Bool = false) {
        helper(.singleStep, argument: isIndirect ? 1 : 0, endsBlock: true)
    }
}
