/// The helpers that lowered x86 code calls: `Operation.immediate` is an ``X86HelperImmediate``, `d`, `a` and `b` are
/// places in the frame.
///
/// Conventions, for every helper below `firstComputational` (their bodies are X86Guest's):
/// - `engine.currentPC` is the address of this instruction; the PC slot is not up to date.
/// - "ends": the block ends here. The helper sets the PC slot (next = PC + `length`, or its target) and returns
///   `.endBlock` (or `.exit`). On `.fault` the PC slot, and every other slot, stays as it was: faults are restartable.
/// - "next": the helper returns `.next` and leaves the PC slot alone.
/// - CPL 0 checks, CR0/CR4 availability checks (#UD, #NM), LOCK and register/memory form checks were done by lowering.
/// - Values of operands are read from `a`/`b` (8 bytes, zero-extended), results are written to `d` (8 bytes, unless the
///   operand size in the immediate says 2: then 2 bytes). "address": a linear address, segment base already added;
///   `stackSegment` in the immediate says that a non-canonical one is #SS(0) rather than #GP(0).
/// - The arithmetic flags are lazy (X86Slot.lazyFlags); a helper that reads or writes flags says so.
enum X86Helper: UInt16, Sendable {
    // Exceptions and software interrupts.

    /// Raise an exception at this instruction: vector = `argument`, error code (for the vectors that have one) =
    /// `extra`. Faults.
    case raise = 0
    /// INT n (`argument` = n; DPL checked), INT3 (`argument` = 3): traps to PC + length. Ends, may fault. IOPL matters in
    /// virtual-8086 mode only.
    case softwareInterrupt
    /// INTO: if OF is set, like INT 4; else goes on at PC + length. Reads flags. Ends.
    case overflowTrap
    /// INT1 (ICEBP): #DB to PC + length without a DPL check. Ends.
    case int1
    /// RFLAGS.TF was set when this instruction began, and it has completed; the PC slot already holds the next address:
    /// raise #DB with DR6.BS. `argument` 1: it is an indirect near branch, which #GP(0) undoes where that address is not
    /// canonical. Ends.
    case singleStep

    /// Before an access through a segment that is not flat: a = offset, segment in the immediate; bits 0 to 7 of `extra`
    /// are the number of bytes, bit 8 says that they are written (``AddressGuard``). #GP(0) or #SS(0). next.
    case checkSegment
    /// Where CS is not 4 GiB long: a = an offset to go on at, #GP(0) where it is beyond the limit; with `argument` 1, d is
    /// a 64-bit value and the offset is not looked at where it is 0. next.
    case checkCodeOffset
    /// Breakpoints are armed: #DB where one is for the execution of this instruction and RF is clear. next.
    case instructionBreakpoint

    // Control transfers. All end, may fault, may change mode.

    /// CALL far: a = selector, b = offset; operand size in the immediate (pushes CS and the return address PC + length).
    case farCall
    /// JMP far: a = selector, b = offset.
    case farJump
    /// RET far: operand size; `extra` = bytes of arguments to drop.
    case farReturn
    /// IRET, IRETD, IRETQ by operand size.
    case interruptReturn
    /// SYSCALL. #UD unless EFER.SCE (not checked by lowering).
    case syscall
    /// SYSRET by operand size (8 = to 64-bit code). CPL 0 checked.
    case sysret
    /// SYSENTER.
    case sysenter
    /// SYSEXIT by operand size. CPL 0 checked.
    case sysexit
    /// HLT, CPL 0 checked: ends, the PC slot is the next instruction.
    case halt

    // Flags.

    /// STI, CLI checked for IOPL by the helper (#GP(0)). STI: sets IF, sets X86Slot.interruptShadow, and makes the run
    /// loop notice a pending interrupt at the end of this block. Lowering ends the block after the next instruction. next.
    case setInterruptFlag
    /// CLI where IOPL is below CPL. next, may fault.
    case clearInterruptFlag
    /// POPF after the pop: a = value, operand size in the immediate. Writes arithmetic and system flags by CPL and IOPL.
    /// RSP has already been moved: can't fault. Ends.
    case writeFlags
    /// CLAC (`argument` 0), STAC (`argument` 1). CPL 0 checked. Ends (the MMU index changes).
    case setAlignmentFlag

    // Segments and tables.

    /// MOV Sreg, POP Sreg, LES, LDS, LSS, LFS, LGS: load segment register `argument` (0 … 5, CS excluded) with the
    /// selector in a (low 16 bits). May fault. next, unless `endsBlock` is set in the immediate: then ends. For SS it
    /// sets X86Slot.interruptShadow unless `extra` is ``noShadow`` (LSS). (POP Sreg: RSP is moved by lowering afterwards.)
    case loadSegment
    /// LGDT, LIDT: a = address; operand size 8 reads 2 + 8 bytes, 4 reads 2 + 4, 2 reads 2 + 4 and masks to 24 bits. next.
    case loadGDT, loadIDT
    /// SGDT, SIDT: a = address; 2 + 8 bytes in 64-bit code, 2 + 4 otherwise. next.
    case storeGDT, storeIDT
    /// LLDT, LTR: a = selector. next, may fault.
    case loadLDT, loadTask
    /// LAR, LSL: a = selector, d = register, operand size. Writes ZF only; d is written only if ZF = 1. next.
    case loadAccessRights, loadSegmentLimit
    /// VERR, VERW: a = selector. Writes ZF only. next.
    case verifyRead, verifyWrite

    // Control, debug and model-specific registers.

    /// MOV from CR: d = register, `argument` = CR number (0, 2, 3, 4, 8). next.
    case readControl
    /// MOV to CR: a = value, `argument` = CR number. Ends, may fault, may change mode and translation.
    case writeControl
    /// MOV from / to DR: `argument` = DR number (0 … 7; 4 and 5 alias 6 and 7, or #UD by CR4.DE).
    case readDebug, writeDebug
    /// CLTS. Ends.
    case clearTaskSwitched
    /// LMSW: a = value (low 16 bits). Ends.
    case loadMachineStatus
    /// SMSW: d = temporary, receives CR0. next.
    case storeMachineStatus
    /// RDMSR, WRMSR with RCX, RAX, RDX. WRMSR ends. May fault.
    case readMSR, writeMSR
    /// RDPMC: faults or reads. next.
    case readPMC
    /// CPUID with RAX, RCX: writes RAX, RBX, RCX, RDX next.
    case cpuid
    /// RDTSC: writes RAX, RDX (CR4.TSD was checked). RDTSCP: RCX too. next.
    case readTSC, readTSCP
    /// XGETBV, XSETBV with RCX, RAX, RDX. XSETBV ends. May fault.
    case readXCR, writeXCR
    /// WRFSBASE, WRGSBASE: a = value, `argument` = segment register (4 or 5); #GP(0) if not canonical. next.
    /// (RDFSBASE and RDGSBASE read the slot.)
    case writeSegmentBase
    /// SWAPGS next.
    case swapGS

    // Translation and caches.

    /// INVLPG: a = address. next.
    case invalidatePage
    /// INVPCID: a = type, b = address of the descriptor. May fault. next.
    case invalidatePCID
    /// INVD (`argument` 0), WBINVD (1), CLFLUSH (2, a = address; may fault). next.
    case cache

    // Ports.

    /// IN: d = destination, a = port (16 bits), operand size 1, 2 or 4: writes that many bytes of d, 4 zero-extended.
    /// Checks IOPL and the TSS's map unless the mode key's `ioPrivilege`. May fault. next.
    case portIn
    /// OUT: b = value, a = port.
    case portOut
    /// INS, OUTS, with REP or not: operand size, address size, segment (OUTS) and `repeats` in the immediate. Registers
    /// are RCX, RSI, RDI, RDX, and DF in X86Slot.systemFlags. A fault leaves the registers at the exact iteration. next.
    case portInString, portOutString

    // Extended state. a = address (already aligned, or the helper raises #GP(0)); operand size 8 = REX.W.

    case fxsave, fxrstor
    /// XSAVE, XRSTOR, XSAVEOPT, XSAVEC: RDX:RAX is the mask. XSAVES, XRSTORS: CPL 0 checked.
    case xsave, xrstor, xsaveopt, xsavec, xsaves, xrstors

    /// RDRAND (`argument` 0), RDSEED (1): d = register, operand size. CF says whether there is a number, the other flags
    /// are 0. next.
    case randomNumber

    /// VMCALL, VMMCALL: raise #UD, or answer a hypercall. next.
    case hypercall

    /// PAUSE: next, or leaves the engine (with the PC slot set) where another vCPU waits for its turn.
    case pause

    // Computational helpers: bodies in Guests/X86_64/Helpers, entered by `X86Computation.run`. Unless noted they return
    // `.next` and can't fault.

    /// DIV, IDIV by operand size 1, 2, 4, 8: a = divisor. Reads and writes RAX and RDX (AX for 1). #DE.
    case divide = 256
    case signedDivide
    /// RCL, RCR, SHLD, SHRD of the operand size: a = a 16-byte temporary with the operand and, for SHLD and SHRD, the
    /// second one; d = one that receives the result and, in its upper half, all six flags. `argument` is the count, or
    /// `countInPlace`: b's low byte. Reads flags; lowering sets them.
    case rotateCarryLeft, rotateCarryRight, shiftDoubleLeft, shiftDoubleRight
    /// CRC32: d = checksum (32 bits), a = data of the operand size, read from d and written to d zero-extended.
    case crc32
    /// BCD: AAA, AAS, AAD, AAM, DAA, DAS; `argument` = base for AAD, AAM (#DE for 0).
    case asciiAdjustAdd, asciiAdjustSub, asciiAdjustDivide, asciiAdjustMultiply, decimalAdjustAdd, decimalAdjustSub
    /// The string instructions with a repeat prefix: operand and address size, segment of RSI, `repeats` in the
    /// immediate; bits of `argument`: ``stringBases`` and so on. They stop early at a bound, so that interrupts come in
    /// time, and then return `.endBlock` with the PC slot at this instruction. May fault, exact state.
    case repeatMove, repeatStore, repeatLoad, repeatScan, repeatCompare
    /// CMPXCHG16B, CMPXCHG8B not through V-ISA: a = address, operand size 8 or 4 of a half. May fault.
    case compareExchangePair
    /// ENTER: `argument` = level, `extra` = size; the address size is the stack's. May fault.
    case enterNested
    /// PUSHA, POPA by operand size; the address size is the stack's. May fault.
    case pushAll, popAll
    /// BOUND: d = index, a = lower bound, b = upper bound, all sign-extended. #BR.
    case checkBounds
    /// LDMXCSR: a = value; #GP(0) for reserved bits.
    case loadMXCSR
    /// An SSE or MMX operation that has no V-ISA form: the immediate is a ``VectorCall``; d = destination, a = source
    /// place, b = the mask register of a masked store. `vector` may raise #XM (or #UD), the others can't; `vectorPure` reads and writes
    /// nothing but its places.
    case vector, vectorQuiet, vectorPure
    /// Puts the x87 unit into MMX state, at the end of an MMX instruction.
    case enterMMX
    /// EMMS: all registers are empty.
    case emptyMMX
    /// #MF if an x87 exception is pending: WAIT, and the start of an MMX instruction. a = the 16 bytes of the x87 area
    /// from the control word on.
    case checkFPU
    /// An x87 instruction: `extra` = first opcode byte << 8 | ModRM, `argument` = 1 in real and virtual-8086 mode, a =
    /// linear address, b = offset of the memory
    /// operand. May fault.
    case x87

    /// The first of those that `X86Computation.run` runs.
    static let firstComputational: UInt16 = 256
    /// In `argument` of a string instruction: outside 64-bit code every segment's base is added.
    static let stringBases = 1
    /// In `argument` of a string instruction: a debug exception may follow each iteration.
    static let stringSteps = 2
    /// In `argument` of a string instruction: source (4) or destination (8) is in a segment that has to be checked.
    static let stringSourceChecks = 4
    static let stringDestinationChecks = 8
    /// In `extra` of a load of SS: interrupts are not held off.
    static let noShadow: UInt16 = 1
    /// In `argument` of a shift: the count is in the low byte of b.
    static let countInPlace = 0xFF
}

/// What the immediate of a helper operation says: 48 bits (`Operation.helperImmediate`).
struct X86HelperImmediate: RawRepresentable, Hashable, Sendable {
    var rawValue: Int64

    init(rawValue: Int64) { self.rawValue = rawValue }

    enum Repeats: Int, Sendable {
        case none = 0
        /// F3.
        case whileEqual = 1
        /// F2.
        case whileNotEqual = 2
    }

    init(
        length: Int, argument: Int = 0, operandBytes: Int = 4, addressBytes: Int = 8, segment: Int = 7,
        repeats: Repeats = .none, endsBlock: Bool = false, extra: UInt16 = 0
    ) {
        var value = Int64(length & 0xFF)
        value |= Int64(argument & 0xFF) << 8
        value |= Int64(Self.sizeCode(operandBytes)) << 16
        value |= Int64(Self.sizeCode(addressBytes)) << 18
        value |= Int64(segment & 7) << 20
        value |= Int64(repeats.rawValue) << 24
        value |= endsBlock ? 1 << 26 : 0
        value |= Int64(Int16(bitPattern: extra)) << 32
        rawValue = value
    }

    /// Bits 0 … 7: the length of the instruction in bytes.
    var length: UInt64 { UInt64(truncatingIfNeeded: rawValue & 0xFF) }
    /// Bits 8 … 15.
    var argument: Int { Int(truncatingIfNeeded: rawValue >> 8 & 0xFF) }
    /// Bits 16 and 17: operand size, 1, 2, 4 or 8 bytes.
    var operandBytes: Int { 1 << Int(truncatingIfNeeded: rawValue >> 16 & 3) }
    /// Bits 18 and 19: address size, 2, 4 or 8 bytes.
    var addressBytes: Int { 1 << Int(truncatingIfNeeded: rawValue >> 18 & 3) }
    /// Bits 20 … 22: the segment register (0 … 5) of the memory operand, 7 if none.
    var segment: Int { Int(truncatingIfNeeded: rawValue >> 20 & 7) }
    /// The memory operand is relative to SS.
    var stackSegment: Bool { segment == 2 }
    /// Bits 24 and 25.
    var repeats: Repeats { Repeats(rawValue: Int(truncatingIfNeeded: rawValue >> 24 & 3)) ?? .none }
    /// Bit 26: the block ends after this helper, which must set the PC slot and return `.endBlock`.
    var endsBlock: Bool { rawValue >> 26 & 1 != 0 }
    /// Bits 32 … 47.
    var extra: UInt16 { UInt16(truncatingIfNeeded: rawValue >> 32) }

    private static func sizeCode(_ bytes: Int) -> Int { bytes.trailingZeroBitCount & 3 }
}
