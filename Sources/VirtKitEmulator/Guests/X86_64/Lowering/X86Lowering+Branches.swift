/// Near and far transfers of control.
extension X86Lowering {
    /// The operand width of near branches: 66 is ignored in 64-bit code, as Intel does.
    private var branchWidth: Width { mode.is64 ? .i64 : operandWidth }

    /// E8.
    mutating func callRelative() {
        push(branchWidth, imm: Int64(bitPattern: nextPC))
        endJump(relativeTarget)
    }

    /// FF /2.
    mutating func callIndirect() {
        let target = readRMZero(branchWidth)
        push(branchWidth, imm: Int64(bitPattern: nextPC))
        endIndirect(target)
    }

    /// FF /4.
    mutating func jumpIndirect() {
        let width = branchWidth
        if instruction.isRegisterForm, width == .i64 { return endIndirect(rmPlace(.i64)) }
        endIndirect(readRMZero(width))
    }

    /// C2 and C3.
    mutating func returnNear() {
        let width = branchWidth
        let target = temp()
        builder.loadZeroExtended(target, to: .i64, stackAddress(0), from: width)
        let dropped = instruction.opcode == 0xC2 ? instruction.immediate : 0
        adjustStack(Int64(width.bytes) &+ dropped)
        endIndirect(target)
    }

    /// E0 … E3: LOOPNE, LOOPE, LOOP, JrCXZ; the counter has the address size.
    mutating func loop() {
        let width = addressWidth
        if instruction.opcode == 0xE3 {
            let count = zeroExtended(Self.rcx, width)
            let isZero = temp()
            builder.set(.equal, .i64, isZero, count, imm: 0)
            return endBranch(nonZero: isZero, relativeTarget)
        }
        builder.binary(.sub, width, Self.rcx, Self.rcx, imm: 1)
        let count = width == .i64 ? Self.rcx : zeroExtended(Self.rcx, width)
        if instruction.opcode == 0xE2 { return endBranch(nonZero: count, relativeTarget) }
        let isLeft = temp()
        let isWanted = temp()
        let isTaken = temp()
        builder.set(.notEqual, .i64, isLeft, count, imm: 0)
        builder.condition(instruction.opcode == 0xE0 ? .notZero : .zero, .i64, isWanted)
        builder.binary(.and, .i64, isTaken, isLeft, isWanted)
        endBranch(nonZero: isTaken, relativeTarget)
    }

    // MARK: Far transfers and interrupts

    /// 9A and EA.
    mutating func farDirect(_ identifier: X86Helper) {
        let selector = constant(Int64(instruction.immediate2))
        let mask: Int64 = instruction.operandBytes == 2 ? 0xFFFF : 0xFFFF_FFFF
        let offset = constant(instruction.immediate & mask)
        helper(identifier, a: selector, b: offset, endsBlock: true)
    }

    /// FF /3 and /5.
    mutating func farIndirect(_ identifier: X86Helper) {
        guard !instruction.isRegisterForm else { return raiseUndefined() }
        let (selector, offset) = loadFarPointer()
        helper(identifier, a: selector, b: offset, endsBlock: true)
    }

    /// Selector and offset of the far pointer in memory.
    private mutating func loadFarPointer() -> (selector: Place, offset: Place) {
        let address = addressPlace(address())
        let offset = loadZero(operandWidth, Address(base: address))
        let selector = loadZero(.i16, Address(base: address, displacement: Int64(operandWidth.bytes)))
        return (selector, offset)
    }

    /// LES, LDS, LSS, LFS, LGS.
    mutating func loadFarPointer(_ segment: Int) {
        guard !instruction.isRegisterForm else { return raiseUndefined() }
        let width = operandWidth
        let (selector, offset) = loadFarPointer()
        helper(.loadSegment, a: selector, argument: segment)
        builder.mov(width, regPlace(width), offset)
        endExit()
    }

    /// CA and CB.
    mutating func returnFar() {
        let dropped = instruction.opcode == 0xCA ? instruction.immediate : 0
        helper(.farReturn, endsBlock: true, extra: UInt16(truncatingIfNeeded: dropped))
    }

    /// CC … CF, F1.
    mutating func lowerInterrupt() {
        switch instruction.opcode {
        case 0xCC: helper(.softwareInterrupt, argument: 3, endsBlock: true)
        case 0xCD:
            helper(.softwareInterrupt, argument: Int(truncatingIfNeeded: instruction.immediate & 0xFF), endsBlock: true)
        case 0xCE: helper(.overflowTrap, endsBlock: true)
        case 0xCF: helper(.interruptReturn, endsBlock: true)
        default: helper(.int1, endsBlock: true)
        }
    }
}
