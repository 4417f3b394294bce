internal import VirtKitCore

/// IN, OUT, INS and OUTS with the checks of IOPL and the task's I/O permission map (Intel SDM volume 1, 19.5).
extension X86Guest {
    /// #GP(0) unless the running code may touch `bytes` ports from `port`.
    private func checkPorts(_ port: UInt16, _ bytes: Int) throws(X86Fault) {
        guard !isReal, isVirtual8086 || privilege > ioPrivilege else { return }
        let task = system.segments[SegmentNumber.tr]
        // A 16-bit task has no map.
        guard task.isUsable, task.type & 8 != 0, task.limit >= 103 else { throw .generalProtection() }
        let offset = UInt64(try loadSystem(system.taskBase &+ 102, as: UInt16.self)) &+ UInt64(port / 8)
        guard offset &+ 1 <= UInt64(task.limit) else { throw .generalProtection() }
        let bits = try loadSystem(system.taskBase &+ offset, as: UInt16.self) &>> (port & 7)
        let wanted: UInt16 = (1 &<< UInt16(truncatingIfNeeded: bytes)) &- 1
        guard bits & wanted == 0 else { throw .generalProtection() }
    }

    func portIn(_ port: UInt16, _ bytes: Int) throws(X86Fault) -> UInt64 {
        try checkPorts(port, bytes)
        noteBreakpoints(port: port, bytes)
        return engine.bus.read(UInt64(port), width: bytes, space: .port, vcpu: index)
    }

    func portOut(_ port: UInt16, _ value: UInt64, _ bytes: Int) throws(X86Fault) {
        try checkPorts(port, bytes)
        noteBreakpoints(port: port, bytes)
        let narrowed = bytes == 1 ? value & 0xFF : bytes == 2 ? value & 0xFFFF : value & 0xFFFF_FFFF
        engine.bus.write(narrowed, to: UInt64(port), width: bytes, space: .port, vcpu: index)
    }

    /// How many iterations of a repeated string access run before interrupts are looked at again.
    private static let repeatBound = 4096

    /// INS and OUTS. True: done; false: a bound was reached, the instruction must run again.
    func portString(isInput: Bool, _ immediate: X86HelperImmediate) throws(X86Fault) -> Bool {
        let bytes = min(4, immediate.operandBytes)
        let mask: UInt64 =
            immediate.addressBytes == 8 ? .max : immediate.addressBytes == 4 ? 0xFFFF_FFFF : 0xFFFF
        let port = UInt16(truncatingIfNeeded: general(2))
        let step = UInt64(bitPattern: systemFlags & RFLAGS.direction != 0 ? -Int64(bytes) : Int64(bytes))
        let register = isInput ? 7 : 6
        let base = stringBase(isInput ? SegmentNumber.es : immediate.segment)
        let repeats = immediate.repeats != .none
        var budget = immediate.argument & X86Helper.stringSteps != 0 ? 1 : Self.repeatBound
        let segment = isInput ? SegmentNumber.es : immediate.segment
        let checks = immediate.argument & X86Helper.stringSourceChecks != 0
        try checkPorts(port, bytes)
        while true {
            if repeats, general(1) & mask == 0 { return true }
            let offset = general(register) & mask
            if checks { try checkSegment(segment, offset, UInt64(truncatingIfNeeded: bytes), writes: isInput) }
            let address = is64BitCode ? base &+ offset : (base &+ offset) & 0xFFFF_FFFF
            if isInput {
                // A store that faults must not have taken anything from the port.
                try probeLinear(address, bytes, .write)
                try storeData(address, try portIn(port, bytes), bytes)
            } else {
                try portOut(port, try loadData(address, bytes), bytes)
            }
            setCounter(register, (offset &+ step), mask)
            guard repeats else { return true }
            setCounter(1, general(1) &- 1, mask)
            budget &-= 1
            if budget == 0 { return general(1) & mask == 0 }
        }
    }

    /// The base of a string operand's segment: zero in 64-bit code, FS and GS apart.
    private func stringBase(_ segment: Int) -> UInt64 {
        guard segment < 6 else { return 0 }
        return is64BitCode && segment < SegmentNumber.fs ? 0 : segmentBase(segment)
    }

    /// Writes a register at address size: 16-bit counters keep the upper bits.
    private func setCounter(_ register: Int, _ value: UInt64, _ mask: UInt64) {
        setGeneral(register, mask == 0xFFFF ? general(register) & ~mask | value & mask : value & mask)
    }

    private func loadData(_ address: UInt64, _ bytes: Int) throws(X86Fault) -> UInt64 {
        switch bytes {
        case 1: return UInt64(try loadLinear(address, as: UInt8.self, currentAccess))
        case 2: return UInt64(try loadLinear(address, as: UInt16.self, currentAccess))
        default: return UInt64(try loadLinear(address, as: UInt32.self, currentAccess))
        }
    }

    private func storeData(_ address: UInt64, _ value: UInt64, _ bytes: Int) throws(X86Fault) {
        switch bytes {
        case 1: try storeLinear(address, UInt8(truncatingIfNeeded: value), currentAccess)
        case 2: try storeLinear(address, UInt16(truncatingIfNeeded: value), currentAccess)
        default: try storeLinear(address, UInt32(truncatingIfNeeded: value), currentAccess)
        }
    }
}
