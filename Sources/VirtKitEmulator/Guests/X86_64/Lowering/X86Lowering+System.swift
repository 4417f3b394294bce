/// Segments, ports, interrupts: what helpers do, of the one-byte opcodes.
extension X86Lowering {
    // MARK: Segment registers

    /// The segment register that ModRM.reg names; nil is undefined.
    private var segmentRegister: Int? {
        let number = Int(instruction.extensionDigit)
        return number < 6 ? number : nil
    }

    func selector(_ number: Int) -> Place { X86Slot.segmentSelectors &+ UInt16(truncatingIfNeeded: number &* 2) }

    /// 8C. A register receives the selector zero-extended to the operand size, memory 16 bits.
    mutating func moveFromSegment() {
        guard let number = segmentRegister else { return raiseUndefined() }
        if instruction.isRegisterForm {
            builder.zeroExtend(rmPlace(.i64), to: operandWidth, selector(number), from: .i16)
        } else {
            builder.store(.i16, selector(number), address())
        }
    }

    /// 8E.
    mutating func moveToSegment() {
        guard let number = segmentRegister, number != 1 else { return raiseUndefined() }
        let value = readRMZero(.i16)
        helper(.loadSegment, a: value, argument: number, endsBlock: true)
    }

    /// Ends a block after the load of a segment register. A load of SS holds off debug traps.
    mutating func endSegmentLoad(_ number: Int) {
        if number == 2 { builder.exit(nextPC) } else { endExit() }
    }

    mutating func pushSegment(_ number: Int) {
        push(stackOperandWidth, zeroExtended(selector(number), .i16))
    }

    mutating func popSegment(_ number: Int) {
        let width = stackOperandWidth
        let value = loadZero(.i16, stackAddress(0))
        // The stack pointer moves by the old SS; what follows can't fault.
        helper(.loadSegment, a: value, argument: number)
        adjustStack(Int64(width.bytes))
        endSegmentLoad(number)
    }

    // MARK: Interrupt flag, HLT

    mutating func clearInterrupts() {
        if mode.ioPrivilege {
            builder.binary(.and, .i64, X86Slot.systemFlags, X86Slot.systemFlags, imm: ~Self.interruptFlag)
        } else {
            helper(.clearInterruptFlag)
        }
    }

    /// STI. Interrupts are taken after the next instruction at the earliest: it belongs to this block.
    mutating func setInterrupts() {
        helper(.setInterruptFlag, argument: 1)
        if endsAfter == nil { endsAfter = 1 }
    }

    mutating func halt() {
        if isUnprivileged() { return }
        helper(.halt, endsBlock: true)
    }

    // MARK: Ports

    mutating func lowerPort() {
        let opcode = instruction.opcode
        let width: Width = opcode & 1 == 0 ? .i8 : operandWidth == .i16 ? .i16 : .i32
        let port =
            opcode < 0xE8 ? constant(instruction.immediate & 0xFF) : zeroExtended(Self.rdx, .i16)
        if opcode & 2 == 0 {
            helper(.portIn, d: Self.rax, a: port, operandBytes: width.bytes)
        } else {
            helper(.portOut, a: port, b: Self.rax, operandBytes: width.bytes)
        }
        // A device may have changed what interrupts are pending, or asked for an exit.
        endExit()
    }

    mutating func portString(_ identifier: X86Helper) {
        let bytes = instruction.opcode & 1 == 0 ? 1 : min(instruction.operandBytes, 4)
        let segment = identifier == .portInString ? 0 : instruction.segment
        var argument = stringArgument(source: false, destination: false)
        if mode.checksSegment(segment) { argument |= X86Helper.stringSourceChecks }
        helper(identifier, argument: argument, operandBytes: bytes)
        endExit()
    }

    // MARK: Not in 64-bit code

    /// 62: BOUND.
    mutating func bound() {
        let width = operandWidth
        let bytes = Int64(width.bytes)
        let address = addressPlace(address(), checking: 2 &* width.bytes, writes: false)
        let lower = temp()
        let upper = temp()
        builder.loadSignExtended(lower, to: .i64, Address(base: address), from: width)
        builder.loadSignExtended(upper, to: .i64, Address(base: address, displacement: bytes), from: width)
        let index = temp()
        builder.signExtend(index, to: .i64, regPlace(width), from: width)
        helper(.checkBounds, d: index, a: lower, b: upper)
    }

    /// 63 outside 64-bit code: ARPL.
    mutating func adjustPrivilegeLevel() {
        guard mode.protectedMode, !mode.virtual8086 else { return raiseUndefined() }
        let source = zeroExtended(regPlace(.i16), .i16)
        let isRegister = instruction.isRegisterForm
        let address = isRegister ? Address(base: FrameLayout.zero) : address()
        let old = isRegister ? zeroExtended(rmPlace(.i16), .i16) : loadZero(.i16, address)
        let oldLevel = temp()
        let newLevel = temp()
        builder.binary(.and, .i64, oldLevel, old, imm: 3)
        builder.binary(.and, .i64, newLevel, source, imm: 3)
        let isLower = temp()
        builder.set(.unsignedLess, .i64, isLower, oldLevel, newLevel)
        let rest = temp()
        let raised = temp()
        let result = temp()
        builder.binary(.and, .i64, rest, old, imm: 0xFFFC)
        builder.binary(.or, .i64, raised, rest, newLevel)
        builder.selectNonZero(.i64, result, test: isLower, raised, old)
        if isRegister {
            builder.mov(.i16, rmPlace(.i16), result)
        } else {
            builder.store(.i16, result, address)
        }
        setZeroFlag(from: isLower)
    }
}
