/// What the meaning of an x86 instruction depends on besides its bytes and the registers: the mode key.
///
/// Two blocks of the same bytes lowered under different keys are different blocks, so the key holds only what lowering
/// looks at. It changes only inside helpers, by `X86Guest`.
struct X86Mode: RawRepresentable, Hashable, Sendable {
    var rawValue: UInt32

    init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The default operand and address size of the code segment.
    enum CodeSize: UInt32, Sendable {
        case bits16 = 0
        case bits32 = 1
        case bits64 = 2
    }

    /// Bits 0 and 1.
    var codeSize: CodeSize {
        get { CodeSize(rawValue: rawValue & 3) ?? .bits64 }
        set { rawValue = rawValue & ~3 | newValue.rawValue }
    }
    /// Bits 2 and 3: CPL.
    var privilegeLevel: UInt32 {
        get { rawValue >> 2 & 3 }
        set { rawValue = rawValue & ~0xC | (newValue & 3) << 2 }
    }
    /// Bit 4: EFER.LMA. With a 16- or 32-bit code size it is compatibility mode.
    var longModeActive: Bool {
        get { flag(4) }
        set { setFlag(4, newValue) }
    }
    /// Bit 5: CR0.PE.
    var protectedMode: Bool {
        get { flag(5) }
        set { setFlag(5, newValue) }
    }
    /// Bit 6: RFLAGS.VM.
    var virtual8086: Bool {
        get { flag(6) }
        set { setFlag(6, newValue) }
    }
    /// Bit 7: RFLAGS.TF. Every block is then one instruction long and ends in ``X86Helper/singleStep``.
    var trap: Bool {
        get { flag(7) }
        set { setFlag(7, newValue) }
    }
    /// Bit 8: CR0.EM.
    var emulateFPU: Bool {
        get { flag(8) }
        set { setFlag(8, newValue) }
    }
    /// Bit 9: CR0.TS.
    var taskSwitched: Bool {
        get { flag(9) }
        set { setFlag(9, newValue) }
    }
    /// Bit 10: CR0.MP.
    var monitorCoprocessor: Bool {
        get { flag(10) }
        set { setFlag(10, newValue) }
    }
    /// Bit 11: CR4.OSFXSR.
    var osfxsr: Bool {
        get { flag(11) }
        set { setFlag(11, newValue) }
    }
    /// Bit 12: CR4.OSXSAVE.
    var osxsave: Bool {
        get { flag(12) }
        set { setFlag(12, newValue) }
    }
    /// Bit 13: CR4.FSGSBASE.
    var fsgsbase: Bool {
        get { flag(13) }
        set { setFlag(13, newValue) }
    }
    /// Bit 14: alignment checks are on (CR0.AM, RFLAGS.AC and CPL 3).
    var alignmentCheck: Bool {
        get { flag(14) }
        set { setFlag(14, newValue) }
    }
    /// Bit 15: outside 64-bit code, the base of ES, CS, SS or DS may be non-zero and must be added.
    /// FS and GS are always taken to have a base.
    var segmentBases: Bool {
        get { flag(15) }
        set { setFlag(15, newValue) }
    }
    /// Bit 16: outside 64-bit code, the stack pointer is SP, not ESP (SS.B is 0).
    var stack16: Bool {
        get { flag(16) }
        set { setFlag(16, newValue) }
    }
    /// Bit 17: CR4.TSD: RDTSC and RDTSCP need CPL 0.
    var timeStampDisabled: Bool {
        get { flag(17) }
        set { setFlag(17, newValue) }
    }
    /// Bit 18: CR0.PG. Lowering doesn't look at it.
    var paging: Bool {
        get { flag(18) }
        set { setFlag(18, newValue) }
    }
    /// Bit 19: CR4.UMIP and CPL above 0: SGDT, SIDT, SLDT, STR and SMSW raise #GP(0).
    var userModeInstructionPrevention: Bool {
        get { flag(19) }
        set { setFlag(19, newValue) }
    }
    /// Bit 20: IOPL is at least CPL: CLI, STI, IN, OUT and their like need no further check.
    var ioPrivilege: Bool {
        get { flag(20) }
        set { setFlag(20, newValue) }
    }

    /// Bit 21: outside 64-bit code, accesses through ES, CS, SS and DS are to be checked: one of them is not flat (4 GiB
    /// from any base on, readable and, CS apart, writable).
    var segmentChecks: Bool {
        get { flag(21) }
        set { setFlag(21, newValue) }
    }
    /// Bits 22 and 23: the same for FS and GS.
    var extraSegmentChecks: (fs: Bool, gs: Bool) {
        get { (flag(22), flag(23)) }
        set {
            setFlag(22, newValue.fs)
            setFlag(23, newValue.gs)
        }
    }
    /// Bits 24 to 31: outside 64-bit code, the number of CS's limit in ``X86CodeLimits``.
    var codeLimit: UInt8 {
        get { UInt8(truncatingIfNeeded: rawValue >> 24) }
        set { rawValue = rawValue & 0xFF_FFFF | UInt32(newValue) << 24 }
    }

    /// Whether accesses through segment register `number` are to be checked.
    func checksSegment(_ number: Int) -> Bool {
        if is64 { return false }
        switch number {
        // Nobody writes through CS in protected mode.
        case 1: return segmentChecks || protectedMode
        case 4: return flag(22)
        case 5: return flag(23)
        default: return segmentChecks
        }
    }

    var is64: Bool { rawValue & 3 == 2 }

    /// Flat 64-bit supervisor code with SSE on, as a kernel runs it.
    static let kernel64: X86Mode = {
        var mode = X86Mode(rawValue: 0)
        mode.codeSize = .bits64
        mode.longModeActive = true
        mode.protectedMode = true
        mode.paging = true
        mode.osfxsr = true
        mode.ioPrivilege = true
        return mode
    }()

    private func flag(_ bit: UInt32) -> Bool { rawValue >> bit & 1 != 0 }
    private mutating func setFlag(_ bit: UInt32, _ value: Bool) {
        rawValue = rawValue & ~(1 << bit) | (value ? 1 << bit : 0)
    }
}
