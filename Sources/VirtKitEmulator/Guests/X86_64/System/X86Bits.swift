/// Bits of CR0 (Intel SDM volume 3A, 2.5).
enum CR0 {
    static let protection: UInt64 = 1 << 0
    static let monitorCoprocessor: UInt64 = 1 << 1
    static let emulation: UInt64 = 1 << 2
    static let taskSwitched: UInt64 = 1 << 3
    static let extensionType: UInt64 = 1 << 4
    static let numericError: UInt64 = 1 << 5
    static let writeProtect: UInt64 = 1 << 16
    static let alignmentMask: UInt64 = 1 << 18
    static let notWriteThrough: UInt64 = 1 << 29
    static let cacheDisable: UInt64 = 1 << 30
    static let paging: UInt64 = 1 << 31
    /// What MOV to CR0 may change; the other low bits are ignored, the upper half must be zero.
    static let defined: UInt64 = 0xE005_003F
}

/// Bits of CR4 (Intel SDM volume 3A, 2.5).
enum CR4 {
    static let timeStampDisable: UInt64 = 1 << 2
    static let debugExtensions: UInt64 = 1 << 3
    static let pageSizeExtensions: UInt64 = 1 << 4
    static let physicalAddressExtension: UInt64 = 1 << 5
    static let machineCheck: UInt64 = 1 << 6
    static let globalPages: UInt64 = 1 << 7
    static let performanceCounters: UInt64 = 1 << 8
    static let fxsr: UInt64 = 1 << 9
    static let simdExceptions: UInt64 = 1 << 10
    static let userModeInstructionPrevention: UInt64 = 1 << 11
    static let fsgsbase: UInt64 = 1 << 16
    static let pcid: UInt64 = 1 << 17
    static let xsave: UInt64 = 1 << 18
    static let smep: UInt64 = 1 << 20
    static let smap: UInt64 = 1 << 21
    /// The bits of the offered model; setting any other is a #GP.
    static let defined: UInt64 =
        timeStampDisable | debugExtensions | pageSizeExtensions | physicalAddressExtension | machineCheck | globalPages
        | performanceCounters | fxsr | simdExceptions | userModeInstructionPrevention | fsgsbase | pcid | xsave | smep
        | smap
}

/// Bits of IA32_EFER (Intel SDM volume 3A, 2.2.1).
enum EFER {
    static let syscall: UInt64 = 1 << 0
    static let longModeEnable: UInt64 = 1 << 8
    static let longModeActive: UInt64 = 1 << 10
    static let noExecute: UInt64 = 1 << 11
    static let defined: UInt64 = syscall | longModeEnable | longModeActive | noExecute
}

/// Bits of RFLAGS (Intel SDM volume 1, 3.4.3).
enum RFLAGS {
    static let carry: UInt64 = 1 << 0
    static let fixed: UInt64 = 1 << 1
    static let parity: UInt64 = 1 << 2
    static let auxiliary: UInt64 = 1 << 4
    static let zero: UInt64 = 1 << 6
    static let sign: UInt64 = 1 << 7
    static let trap: UInt64 = 1 << 8
    static let interrupt: UInt64 = 1 << 9
    static let direction: UInt64 = 1 << 10
    static let overflow: UInt64 = 1 << 11
    static let privilege: UInt64 = 3 << 12
    static let nestedTask: UInt64 = 1 << 14
    static let resume: UInt64 = 1 << 16
    static let virtual8086: UInt64 = 1 << 17
    static let alignmentCheck: UInt64 = 1 << 18
    static let virtualInterrupt: UInt64 = 1 << 19
    static let virtualInterruptPending: UInt64 = 1 << 20
    static let identification: UInt64 = 1 << 21
    /// The six flags that arithmetic writes, which the engine keeps lazily.
    static let arithmetic: UInt64 = carry | parity | auxiliary | zero | sign | overflow
    /// Everything that is not reserved.
    static let defined: UInt64 =
        arithmetic | trap | interrupt | direction | privilege | nestedTask | resume | virtual8086 | alignmentCheck
        | virtualInterrupt | virtualInterruptPending | identification
}

/// Segment registers, by the number instructions encode them with; LDTR and TR follow.
enum SegmentNumber {
    static let es = 0
    static let cs = 1
    static let ss = 2
    static let ds = 3
    static let fs = 4
    static let gs = 5
    static let ldtr = 6
    static let tr = 7
}
