/// MOVS, CMPS, STOS, LODS and SCAS.
extension X86Lowering {
    mutating func lowerString() {
        let width = opcodeWidth
        let kind = instruction.opcode & 0xFE
        if instruction.repeats != .none, let identifier = Self.repeated(kind) {
            let argument = stringArgument(
                source: kind == 0xA4 || kind == 0xA6 || kind == 0xAC, destination: kind != 0xAC)
            helper(identifier, argument: argument, operandBytes: width.bytes)
            return
        }
        switch kind {
        case 0xA4:
            let value = load(width, stringSource())
            builder.store(width, value, stringDestination())
            advance(width, source: true, destination: true)
        case 0xA6:
            let first = load(width, stringSource())
            let second = load(width, stringDestination())
            builder.setFlags(.sub, width, first, second)
            advance(width, source: true, destination: true)
        case 0xAA:
            builder.store(width, Self.rax, stringDestination())
            advance(width, source: false, destination: true)
        case 0xAC:
            builder.load(width, Self.rax, stringSource())
            advance(width, source: true, destination: false)
        default:
            let value = load(width, stringDestination())
            builder.setFlags(.sub, width, Self.rax, value)
            advance(width, source: false, destination: true)
        }
    }

    /// What the helper of a string instruction has to look at.
    func stringArgument(source: Bool, destination: Bool) -> Int {
        var argument = mode.is64 ? 0 : X86Helper.stringBases
        if mode.trap { argument |= X86Helper.stringSteps }
        if source, mode.checksSegment(instruction.segment) { argument |= X86Helper.stringSourceChecks }
        if destination, mode.checksSegment(0) { argument |= X86Helper.stringDestinationChecks }
        return argument
    }

    private static func repeated(_ kind: UInt8) -> X86Helper? {
        switch kind {
        case 0xA4: .repeatMove
        case 0xA6: .repeatCompare
        case 0xAA: .repeatStore
        case 0xAC: .repeatLoad
        case 0xAE: .repeatScan
        default: nil
        }
    }

    private mutating func stringSource() -> Address {
        segmented(truncated(Address(base: Self.rsi)), instruction.segment)
    }

    private mutating func stringDestination() -> Address {
        segmented(truncated(Address(base: Self.rdi)), 0)
    }

    /// Moves RSI and RDI on, or back if DF is set.
    private mutating func advance(_ width: Width, source: Bool, destination: Bool) {
        let bytes = Int64(width.bytes)
        let bit = temp()
        builder.binary(.and, .i64, bit, X86Slot.systemFlags, imm: Self.directionFlag)
        // DF is bit 10: bit >> (10 - log2(2 * bytes)) is 0 or twice the width.
        let twice = temp()
        builder.binary(.shr, .i64, twice, bit, imm: Int64(9 &- width.bytes.trailingZeroBitCount))
        let step = temp()
        builder.binary(.sub, .i64, step, constant(bytes), twice)
        if source { builder.binary(.add, addressWidth, Self.rsi, Self.rsi, step) }
        if destination { builder.binary(.add, addressWidth, Self.rdi, Self.rdi, step) }
    }
}
