/// Near and far transfers of control.
extension X86Lowering {
    /// The operand width of near branches: 66 is ignored in 64-bit code, as Intel does.
    private var branchWidth: Width { mode.is64 ? .i64 : operandWidth }

    /// E8.
    mutating func callRelative() {
        let target = relativeTarget
        if isBeyondCode(target) { return raiseProtection() }
        push(branchWidth, imm: Int64(bitPattern: nextPC))
        endJump(target)
    }

    /// FF /2.
    mutating func callIndirect() {
        let target = readRMZero(branchWidth)
        checkCode(target)
        push(branchWidth, imm: Int64(bitPattern: nextPC))
        endIndirect(target)
    }

    /// FF /4.
    mutating func jumpIndirect() {
        let width = branchWidth
        if instruction.isRegisterForm, width == .i64 { return endIndirect(rmPlace(.i64)) }
        let target = readRMZero(width)
        checkCode(target)
        endIndirect(target)
    }

    /// C2 and C3.
    mutating func returnNear() {
        let width = branchWidth
        let target = temp()
        builder.loadZeroExtended(target, to: .i64, stackAddress(0), from: width)
        checkCode(target)
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
            checkBranch(nonZero: isZero)
            return endBranch(nonZero: isZero, relativeTarget)
        }
        if isBeyondCode(relativeTarget) { return loopBeyondCode(width) }
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

    /// LOOP to a target beyond CS's limit: the counter changes only where it is not gone to.
    private mutating func loopBeyondCode(_ width: Width) {
        let left = temp()
        builder.binary(.sub, .i64, left, Self.rcx, imm: 1)
        let count = zeroExtended(left, width)
        let isTaken = temp()
        builder.set(.notEqual, .i64, isTaken, count, imm: 0)
        if instruction.opcode == 0xE2 {
            checkBranch(nonZero: isTaken)
        } else {
            let isWanted = temp()
            let both = temp()
            builder.condition(instruction.opcode == 0xE0 ? .notZero : .zero, .i64, isWanted)
            builder.binary(.and, .i64, both, isTaken, isWanted)
            checkBranch(nonZero: both)
        }
        builder.mov(width, Self.rcx, left)
        endJump(nextPC)
    }

    // MARK: The limit of the code segment

    /// Whether a constant target lies beyond CS's limit.
    func isBeyondCode(_ target: UInt64) -> Bool { !mode.is64 && target > UInt64(codeLimit) }

    /// #GP(0) where the target in `place` lies beyond CS's limit.
    mutating func checkCode(_ place: Place) {
        guard !mode.is64, codeLimit != .max else { return }
        helper(.checkCodeOffset, a: place)
    }

    /// #GP(0) where a branch to a constant target beyond CS's limit is taken: where `test` is not 0.
    mutating func checkBranch(nonZero test: Place) {
        guard isBeyondCode(relativeTarget) else { return }
        helper(.checkCodeOffset, d: test, a: constant(Int64(bitPattern: relativeTarget)), argument: 1)
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
        let address = addressPlace(address(), checking: operandWidth.bytes &+ 2, writes: false)
        let offset = loadZero(operandWidth, Address(base: address))
        let selector = loadZero(.i16, Address(base: address, displacement: Int64(operandWidth.bytes)))
        return (selector, offset)
    }

    /// LES, LDS, LSS, LFS, LGS.
    mutating func loadFarPointer(_ segment: Int) {
        guard !instruction.isRegisterForm else { return raiseUndefined() }
        let width = operandWidth
        let (selector, offset) = loadFarPointer()
        helper(.loadSegment, a: selector, argument: segment, extra: X86Helper.noShadow)
        builder.mov(width, regPlace(width), offset)
        // Only MOV and POP hold anything off.
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
