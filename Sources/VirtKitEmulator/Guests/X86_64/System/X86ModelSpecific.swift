internal import VirtKitCore

/// Numbers of model-specific registers (Intel SDM volume 4, chapter 2).
enum MSR {
    static let timeStampCounter: UInt32 = 0x10
    static let platformID: UInt32 = 0x17
    static let apicBase: UInt32 = 0x1B
    static let featureControl: UInt32 = 0x3A
    static let tscAdjust: UInt32 = 0x3B
    static let speculationControl: UInt32 = 0x48
    static let predictorCommand: UInt32 = 0x49
    static let microcodeRevision: UInt32 = 0x8B
    static let platformInfo: UInt32 = 0xCE
    static let archCapabilities: UInt32 = 0x10A
    static let sysenterCS: UInt32 = 0x174
    static let sysenterESP: UInt32 = 0x175
    static let sysenterEIP: UInt32 = 0x176
    static let machineCheckCapabilities: UInt32 = 0x179
    static let machineCheckStatus: UInt32 = 0x17A
    static let miscEnable: UInt32 = 0x1A0
    static let debugControl: UInt32 = 0x1D9
    static let pat: UInt32 = 0x277
    static let tscDeadline: UInt32 = 0x6E0
    static let x2APICFirst: UInt32 = 0x800
    static let x2APICLast: UInt32 = 0x8FF
    static let efer: UInt32 = 0xC000_0080
    static let star: UInt32 = 0xC000_0081
    static let lstar: UInt32 = 0xC000_0082
    static let cstar: UInt32 = 0xC000_0083
    static let syscallMask: UInt32 = 0xC000_0084
    static let fsBase: UInt32 = 0xC000_0100
    static let gsBase: UInt32 = 0xC000_0101
    static let kernelGSBase: UInt32 = 0xC000_0102
    static let tscAuxiliary: UInt32 = 0xC000_0103

    /// IA32_ARCH_CAPABILITIES: nothing here speculates, so no known flaw applies. RDCL_NO, IBRS_ALL,
    /// SKIP_L1DFL_VMENTRY, SSB_NO, MDS_NO, PSCHANGE_MC_NO, TAA_NO, SBDR_SSDP_NO, FBSDP_NO, PSDP_NO, BHI_NO, PBRSB_NO,
    /// GDS_NO, RFDS_NO and ITS_NO.
    static let archCapabilitiesValue: UInt64 =
        1 << 0 | 1 << 1 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 8 | 1 << 13 | 1 << 14 | 1 << 15 | 1 << 20 | 1 << 24
        | 1 << 26 | 1 << 27 | 1 << 62
}

/// RDMSR and WRMSR. What the model does not have is #GP(0); the local APIC's registers are the board's.
extension X86Guest {
    func readMSR(_ number: UInt32) throws(X86Fault) -> UInt64 {
        let msrs = system.msrs
        switch number {
        case MSR.timeStampCounter: return timeStampCounter
        case MSR.platformID: return 0
        case MSR.featureControl: return 1
        case MSR.tscAdjust: return msrs.tscAdjust
        case MSR.speculationControl: return msrs.speculationControl
        case MSR.microcodeRevision: return msrs.microcodeRevision
        case MSR.platformInfo: return (timeStampFrequency / 100_000_000 & 0xFF) &<< 8
        case MSR.archCapabilities: return MSR.archCapabilitiesValue
        case MSR.sysenterCS: return msrs.sysenterCS
        case MSR.sysenterESP: return msrs.sysenterESP
        case MSR.sysenterEIP: return msrs.sysenterEIP
        case MSR.machineCheckCapabilities: return 0
        case MSR.machineCheckStatus: return msrs.machineCheckStatus
        case MSR.miscEnable: return msrs.miscEnable
        case MSR.debugControl: return msrs.debugControl
        case MSR.pat: return msrs.pat
        case MSR.efer: return system.efer
        case MSR.star: return msrs.star
        case MSR.lstar: return msrs.lstar
        case MSR.cstar: return msrs.cstar
        case MSR.syscallMask: return msrs.syscallMask
        case MSR.fsBase: return segmentBase(SegmentNumber.fs)
        case MSR.gsBase: return segmentBase(SegmentNumber.gs)
        case MSR.kernelGSBase: return msrs.kernelGSBase
        case MSR.tscAuxiliary: return msrs.tscAuxiliary
        case MSR.tscDeadline: return timeStampDeadline
        case MSR.apicBase, MSR.x2APICFirst...MSR.x2APICLast:
            guard let value = engine.bus.readSystemRegister(number, vcpu: index) else { throw .generalProtection() }
            return value
        default:
            guard let value = msrs.mtrr.read(number) else { throw .generalProtection() }
            return value
        }
    }

    func writeMSR(_ number: UInt32, _ value: UInt64) throws(X86Fault) {
        switch number {
        case MSR.timeStampCounter: setTimeStampCounter(value)
        case MSR.tscAdjust: moveTimeStampCounter(by: value &- system.msrs.tscAdjust)
        case MSR.speculationControl:
            // IBRS, STIBP, BHI_DIS_S; there is no SSBD to offer.
            guard value & ~0x403 == 0 else { throw .generalProtection() }
            system.msrs.speculationControl = value
        case MSR.predictorCommand: guard value & ~1 == 0 else { throw .generalProtection() }
        case MSR.microcodeRevision: system.msrs.microcodeRevision = 0
        case MSR.sysenterCS: system.msrs.sysenterCS = value & 0xFFFF_FFFF
        case MSR.sysenterESP: system.msrs.sysenterESP = try canonical(value)
        case MSR.sysenterEIP: system.msrs.sysenterEIP = try canonical(value)
        case MSR.machineCheckStatus:
            guard value == 0 else { throw .generalProtection() }
            system.msrs.machineCheckStatus = 0
        case MSR.miscEnable:
            let writable = X86ModelSpecificState.miscEnableWritable
            system.msrs.miscEnable = system.msrs.miscEnable & ~writable | value & writable
        case MSR.debugControl:
            // There are no branch records: only BTF may be kept.
            guard value & ~3 == 0 else { throw .generalProtection() }
            system.msrs.debugControl = value & 2
        case MSR.pat:
            for byte in 0..<8 {
                let type = (value &>> UInt64(byte * 8)) & 0xFF
                guard type <= 7, type != 2, type != 3 else { throw .generalProtection() }
            }
            system.msrs.pat = value
        case MSR.efer: try writeEFER(value)
        case MSR.star: system.msrs.star = value
        case MSR.lstar: system.msrs.lstar = try canonical(value)
        case MSR.cstar: system.msrs.cstar = try canonical(value)
        case MSR.syscallMask:
            guard value &>> 32 == 0 else { throw .generalProtection() }
            system.msrs.syscallMask = value
        case MSR.fsBase: setSegmentBase(SegmentNumber.fs, try canonical(value))
        case MSR.gsBase: setSegmentBase(SegmentNumber.gs, try canonical(value))
        case MSR.kernelGSBase: system.msrs.kernelGSBase = try canonical(value)
        case MSR.tscAuxiliary:
            guard value &>> 32 == 0 else { throw .generalProtection() }
            system.msrs.tscAuxiliary = value
        case MSR.tscDeadline: setTimeStampDeadline(value)
        case MSR.apicBase, MSR.x2APICFirst...MSR.x2APICLast:
            guard engine.bus.writeSystemRegister(number, value: value, vcpu: index) else {
                throw .generalProtection()
            }
        default:
            guard X86MTRRState.contains(number), system.msrs.mtrr.write(number, value) else {
                throw .generalProtection()
            }
        }
    }

    private func canonical(_ value: UInt64) throws(X86Fault) -> UInt64 {
        guard isCanonical(value) else { throw .generalProtection() }
        return value
    }

    private func writeEFER(_ value: UInt64) throws(X86Fault) {
        guard value & ~EFER.defined == 0 else { throw .generalProtection() }
        let old = system.efer
        if (value ^ old) & EFER.longModeEnable != 0, system.cr0 & CR0.paging != 0 { throw .generalProtection() }
        system.efer = value & ~EFER.longModeActive | old & EFER.longModeActive
        if (value ^ old) & EFER.noExecute != 0 { engine.flushTLB(.all) }
    }

    /// Machine time in ticks of the time-stamp counter.
    private var machineTicks: UInt64 {
        let now = clock.now
        if timeStampFrequency == 1_000_000_000 { return now }
        let product = now.multipliedFullWidth(by: timeStampFrequency)
        // The high word is far below the divisor: now * frequency < 2^64 * 10^9 for any clock under 10^9 GHz.
        return product.high < 1_000_000_000 ? (1_000_000_000 as UInt64).dividingFullWidth(product).quotient : 0
    }

    /// The time-stamp counter.
    var timeStampCounter: UInt64 { machineTicks &+ system.msrs.tscOffset }

    /// WRMSR of the counter moves IA32_TSC_ADJUST by the same amount (SDM volume 3B, 17.17.3).
    func setTimeStampCounter(_ value: UInt64) {
        moveTimeStampCounter(by: value &- timeStampCounter)
    }

    /// An armed deadline keeps its value, and so comes at another time.
    private func moveTimeStampCounter(by delta: UInt64) {
        let deadline = timeStampDeadline
        system.msrs.tscOffset &+= delta
        system.msrs.tscAdjust &+= delta
        if deadline != 0, delta != 0 { setTimeStampDeadline(deadline) }
    }

    /// IA32_TSC_DEADLINE by the guest's counter; the board holds it in ticks of machine time. 0: not armed.
    private var timeStampDeadline: UInt64 {
        let ticks = engine.bus.readSystemRegister(MSR.tscDeadline, vcpu: index) ?? 0
        return ticks == 0 ? 0 : ticks &+ system.msrs.tscOffset
    }

    private func setTimeStampDeadline(_ value: UInt64) {
        let now = machineTicks
        let counter = now &+ system.msrs.tscOffset
        let (sum, overflow) = now.addingReportingOverflow(value > counter ? value &- counter : 0)
        // A deadline that has passed fires at once; 0 would disarm.
        let ticks = value == 0 ? 0 : overflow ? .max : max(1, sum)
        _ = engine.bus.writeSystemRegister(MSR.tscDeadline, value: ticks, vcpu: index)
    }

    /// CPUID: EAX, ECX in; EAX, EBX, ECX, EDX out, zero-extended.
    func executeCPUID() {
        let base = engine.bus.readSystemRegister(MSR.apicBase, vcpu: index) ?? 0x800
        let state = CPUIDTable.Dynamic(
            cr4: system.cr4, xcr0: system.xcr0, isAPICEnabled: base & 0x800 != 0,
            limitsLeaves: system.msrs.miscEnable & (1 << 22) != 0)
        let entry = cpuid.lookup(
            UInt32(truncatingIfNeeded: general(0)), UInt32(truncatingIfNeeded: general(1)), state)
        setGeneral(0, UInt64(entry.eax))
        setGeneral(3, UInt64(entry.ebx))
        setGeneral(1, UInt64(entry.ecx))
        setGeneral(2, UInt64(entry.edx))
    }
}
