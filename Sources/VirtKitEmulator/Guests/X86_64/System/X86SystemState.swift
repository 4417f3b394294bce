/// The architectural state that only system instructions touch; everything else is in the frame (``X86Slot``).
struct X86SystemState {
    /// Limits and access rights of ES, CS, SS, DS, FS, GS, LDTR, TR. Bases and selectors of the first six are in the
    /// frame, as are all selectors.
    var segments: InlineArray<8, X86SegmentCache> = InlineArray(repeating: X86SegmentCache())
    var ldtBase: UInt64 = 0
    var taskBase: UInt64 = 0
    var gdtBase: UInt64 = 0
    var gdtLimit: UInt16 = 0xFFFF
    var idtBase: UInt64 = 0
    var idtLimit: UInt16 = 0xFFFF

    var cr0: UInt64 = CR0.extensionType | CR0.notWriteThrough | CR0.cacheDisable
    var cr2: UInt64 = 0
    var cr3: UInt64 = 0
    var cr4: UInt64 = 0
    /// PAE paging's four page-directory-pointer-table entries, as MOV to CR3 last loaded them.
    var pagePointers: InlineArray<4, UInt64> = InlineArray(repeating: 0)
    /// They have to be read from memory before they are used: the state was put in place from outside.
    var needsPagePointers = false
    /// The task priority (0 … 15) where no local APIC of the board keeps it.
    var cr8: UInt64 = 0
    var efer: UInt64 = 0
    var xcr0: UInt64 = 1
    /// DR0 … DR3.
    var debugAddresses: InlineArray<4, UInt64> = InlineArray(repeating: 0)
    var dr6: UInt64 = Self.dr6Fixed
    var dr7: UInt64 = Self.dr7Fixed

    var msrs = X86ModelSpecificState()

    /// NMIs are held off from the delivery of one to the next IRET.
    var isNMIBlocked = false
    var isNMIPending = false
    /// HLT has been executed and nothing has woken the CPU since.
    var isHalted = false
    /// INIT has been received, and no start-up IPI since.
    var waitsForSIPI = false

    static let dr6Fixed: UInt64 = 0xFFFF_0FF0
    static let dr7Fixed: UInt64 = 0x400

    var isLongModeActive: Bool { efer & EFER.longModeActive != 0 }
    var isProtected: Bool { cr0 & CR0.protection != 0 }
    /// PAE paging: 3 levels, outside IA-32e mode.
    var usesPAEPaging: Bool {
        cr0 & CR0.paging != 0 && cr4 & CR4.physicalAddressExtension != 0 && efer & EFER.longModeActive == 0
    }
}

/// Model-specific registers that are plain storage or nearly so.
struct X86ModelSpecificState {
    var star: UInt64 = 0
    var lstar: UInt64 = 0
    var cstar: UInt64 = 0
    var syscallMask: UInt64 = 0
    var kernelGSBase: UInt64 = 0
    var sysenterCS: UInt64 = 0
    var sysenterESP: UInt64 = 0
    var sysenterEIP: UInt64 = 0
    var pat: UInt64 = 0x0007_0406_0007_0406
    var tscAuxiliary: UInt64 = 0
    /// IA32_TSC_ADJUST; writes of IA32_TIME_STAMP_COUNTER move it too.
    var tscAdjust: UInt64 = 0
    /// What is added to the machine's time in ticks to make the time-stamp counter; includes ``tscAdjust``.
    var tscOffset: UInt64 = 0
    var miscEnable: UInt64 = Self.miscEnableReset
    var speculationControl: UInt64 = 0
    var microcodeRevision: UInt64 = 0
    var machineCheckStatus: UInt64 = 0
    var debugControl: UInt64 = 0
    var mtrr = X86MTRRState()

    /// Fast strings; branch trace storage and PEBS unavailable.
    static let miscEnableReset: UInt64 = 1 << 0 | 1 << 11 | 1 << 12

    /// What a write of IA32_MISC_ENABLE changes (Intel SDM volume 4, table 2-2): fast strings, thermal control,
    /// performance monitoring, SpeedStep, MONITOR, the limit of CPUID, xTPR messages, execute-disable, turbo. Only the limit
    /// has an effect, as on KVM; the others are kept. Branch traces and PEBS stay unavailable, reserved bits 0.
    static let miscEnableWritable: UInt64 =
        1 << 0 | 1 << 3 | 1 << 7 | 1 << 16 | 1 << 18 | 1 << 22 | 1 << 23 | 1 << 34 | 1 << 38
}

/// Memory type range registers (Intel SDM volume 3A, 11.11). Kept for the guest to read back: the emulator's memory has
/// one type.
struct X86MTRRState {
    static let variableCount = 8
    /// IA32_MTRRCAP: eight variable ranges, fixed ranges, write combining.
    static let capabilities: UInt64 = UInt64(variableCount) | 1 << 8 | 1 << 10

    var defaultType: UInt64 = 0
    /// 64K_00000, 16K_80000, 16K_A0000, 4K_C0000 … 4K_F8000.
    var fixed: InlineArray<11, UInt64> = InlineArray(repeating: 0)
    var bases: InlineArray<8, UInt64> = InlineArray(repeating: 0)
    var masks: InlineArray<8, UInt64> = InlineArray(repeating: 0)

    /// Whether `number` is one of these registers.
    static func contains(_ number: UInt32) -> Bool {
        number == 0xFE || number == 0x2FF || (number >= 0x200 && number < 0x210) || fixedIndex(number) != nil
    }

    private static func fixedIndex(_ number: UInt32) -> Int? {
        switch number {
        case 0x250: 0
        case 0x258: 1
        case 0x259: 2
        case 0x268...0x26F: Int(number - 0x268) + 3
        default: nil
        }
    }

    func read(_ number: UInt32) -> UInt64? {
        if number == 0xFE { return Self.capabilities }
        if number == 0x2FF { return defaultType }
        if let index = Self.fixedIndex(number) { return fixed[index] }
        guard number >= 0x200, number < 0x210 else { return nil }
        let index = Int(number - 0x200) / 2
        return number & 1 == 0 ? bases[index] : masks[index]
    }

    /// False: reserved bits, #GP(0).
    mutating func write(_ number: UInt32, _ value: UInt64) -> Bool {
        if number == 0x2FF {
            guard value & ~0xCFF == 0, Self.isType(value & 0xFF) else { return false }
            defaultType = value
            return true
        }
        if let index = Self.fixedIndex(number) {
            for byte in 0..<8 where !Self.isType((value &>> UInt64(byte * 8)) & 0xFF) { return false }
            fixed[index] = value
            return true
        }
        guard number >= 0x200, number < 0x210 else { return false }
        let index = Int(number - 0x200) / 2
        let aboveWidth = ~PageWalker.physicalMask
        if number & 1 == 0 {
            guard value & (aboveWidth | 0xF00) == 0, Self.isType(value & 0xFF) else { return false }
            bases[index] = value
        } else {
            guard value & (aboveWidth | 0x7FF) == 0 else { return false }
            masks[index] = value
        }
        return true
    }

    private static func isType(_ value: UInt64) -> Bool { value <= 6 && value != 2 && value != 3 }
}
