/// SYSCALL, SYSRET, SYSENTER and SYSEXIT (Intel SDM volume 2B and volume 3A, 5.8.7 and 5.8.8).
extension X86Guest {
    private static let flatCode32 = X86SegmentCache(limit: 0xFFFF_FFFF, access: 0xC09B)
    private static let flatCode64 = X86SegmentCache(limit: 0xFFFF_FFFF, access: 0xA09B)
    private static let flatData = X86SegmentCache(limit: 0xFFFF_FFFF, access: 0xC093)

    /// Loads CS and SS with the fixed flat segments of these instructions.
    private func loadFlat(code: UInt16, stack: UInt16, is64: Bool, level: UInt8) {
        var codeCache = is64 ? Self.flatCode64 : Self.flatCode32
        var stackCache = Self.flatData
        codeCache.access |= UInt32(level) << 5
        stackCache.access |= UInt32(level) << 5
        setSegment(SegmentNumber.cs, code, base: 0, codeCache)
        setSegment(SegmentNumber.ss, stack, base: 0, stackCache)
        privilege = level
    }

    func syscall(next: UInt64) throws(X86Fault) {
        guard system.efer & EFER.syscall != 0, is64BitCode else { throw .invalidOpcode }
        let old = flags
        setGeneral(1, next)
        setGeneral(11, old & ~RFLAGS.resume)
        let selector = UInt16(truncatingIfNeeded: system.msrs.star &>> 32) & 0xFFFC
        loadFlat(code: selector, stack: selector &+ 8, is64: true, level: 0)
        flags = old & ~(system.msrs.syscallMask | RFLAGS.resume)
        programCounter = system.msrs.lstar
        updateMode()
    }

    func sysret(_ bytes: Int) throws(X86Fault) {
        guard system.efer & EFER.syscall != 0, is64BitCode else { throw .invalidOpcode }
        let target = general(1)
        if bytes == 8, !isCanonical(target) { throw .generalProtection() }
        let selector = UInt16(truncatingIfNeeded: system.msrs.star &>> 48)
        loadFlat(
            code: (bytes == 8 ? selector &+ 16 : selector) | 3, stack: (selector &+ 8) | 3, is64: bytes == 8,
            level: 3)
        replaceFlags(general(11), 0x3C_7FD7)
        programCounter = bytes == 8 ? target : target & 0xFFFF_FFFF
        updateMode()
    }

    func sysenter() throws(X86Fault) {
        let selector = UInt16(truncatingIfNeeded: system.msrs.sysenterCS)
        guard !isReal, selector & 0xFFFC != 0 else { throw .generalProtection() }
        let isLong = system.isLongModeActive
        flags &= ~(RFLAGS.virtual8086 | RFLAGS.interrupt)
        loadFlat(code: selector & 0xFFFC, stack: (selector & 0xFFFC) &+ 8, is64: isLong, level: 0)
        stackPointer = isLong ? system.msrs.sysenterESP : system.msrs.sysenterESP & 0xFFFF_FFFF
        programCounter = isLong ? system.msrs.sysenterEIP : system.msrs.sysenterEIP & 0xFFFF_FFFF
        updateMode()
    }

    func sysexit(_ bytes: Int) throws(X86Fault) {
        let selector = UInt16(truncatingIfNeeded: system.msrs.sysenterCS)
        guard !isReal, selector & 0xFFFC != 0 else { throw .generalProtection() }
        let (target, pointer) = (general(2), general(1))
        if bytes == 8 {
            guard isCanonical(target), isCanonical(pointer) else { throw .generalProtection() }
        }
        let code: UInt16 = selector &+ (bytes == 8 ? 32 : 16)
        loadFlat(code: code | 3, stack: (code &+ 8) | 3, is64: bytes == 8, level: 3)
        stackPointer = bytes == 8 ? pointer : pointer & 0xFFFF_FFFF
        programCounter = bytes == 8 ? target : target & 0xFFFF_FFFF
        updateMode()
    }

    /// SWAPGS.
    func swapGS() {
        let base = segmentBase(SegmentNumber.gs)
        setSegmentBase(SegmentNumber.gs, system.msrs.kernelGSBase)
        system.msrs.kernelGSBase = base
    }
}
