/// The helpers that lowered code calls, by number: see ``X86Helper`` for what each does with its operands.
extension X86Guest {
    func runHelper(
        _ operation: UnsafePointer<Operation>, frame: UnsafeMutableRawPointer, engine: Engine
    ) -> HelperOutcome {
        let number = operation.pointee.helperIdentifier
        if number >= X86Helper.firstComputational {
            let steps = mode.trap
            let outcome = runX86Computation(operation, frame: frame, engine: engine)
            if steps, case .endBlock = outcome {
                // A repeated string instruction: each iteration is a step.
                return afterInstruction(stepped: systemFlags & RFLAGS.trap != 0, isRepeating: true)
            }
            if case .fault = outcome, pendingFault?.vector == X86Vector.simdError,
                system.cr4 & CR4.simdExceptions == 0
            {
                // SDM volume 3A, 2.5: without OSXMMEXCPT unmasked SIMD exceptions are #UD.
                pendingFault = .invalidOpcode
            }
            return outcome
        }
        guard let helper = X86Helper(rawValue: number) else {
            pendingFault = .invalidOpcode
            return .fault
        }
        let call = Call(
            d: operation.pointee.d, a: operation.pointee.a, b: operation.pointee.b,
            immediate: X86HelperImmediate(rawValue: operation.pointee.helperImmediate), pc: engine.currentPC)
        let loadsStack = helper == .loadSegment && call.argument == SegmentNumber.ss
        let steps = mode.trap && helper.isStepped && !loadsStack
        let hadTrap = systemFlags & RFLAGS.trap != 0
        do throws(X86Fault) {
            let outcome = try run(helper, call)
            if steps, case .endBlock = outcome {
                let isSystemCall = helper == .syscall || helper == .sysret || helper == .sysenter || helper == .sysexit
                return afterInstruction(
                    // Whether a system call or the return from it is stepped depends on the flags it has loaded.
                    stepped: isSystemCall ? systemFlags & RFLAGS.trap != 0 : hadTrap,
                    isBranch: helper.isTransfer, keepsResume: helper == .interruptReturn,
                    isRepeating: programCounter == call.pc && call.immediate.repeats != .none)
            }
            return outcome
        } catch {
            pendingFault = error
            return .fault
        }
    }

    /// One call of a helper.
    struct Call {
        var d: Place
        var a: Place
        var b: Place
        var immediate: X86HelperImmediate
        /// The instruction's address.
        var pc: UInt64

        var next: UInt64 { pc &+ immediate.length }
        var bytes: Int { immediate.operandBytes }
        var argument: Int { immediate.argument }
    }

    /// The next instruction's address: outside 64-bit code the pointer wraps at 32 bits.
    private func nextAddress(_ call: Call) -> UInt64 { mode.is64 ? call.next : call.next & 0xFFFF_FFFF }

    /// Completes an instruction after which the engine must look at everything anew.
    private func end(_ call: Call) -> HelperOutcome {
        programCounter = nextAddress(call)
        return .endBlock
    }

    private func run(_ helper: X86Helper, _ call: Call) throws(X86Fault) -> HelperOutcome {
        switch helper {
        case .checkSegment: try checkSegment(call)
        case .checkCodeOffset: try checkCodeOffset(call)
        case .instructionBreakpoint: try checkInstructionBreakpoint(call)
        case .raise, .softwareInterrupt, .overflowTrap, .int1, .singleStep:
            return try runEvent(helper, call)
        case .farCall, .farJump, .farReturn, .interruptReturn, .syscall, .sysret, .sysenter, .sysexit, .halt:
            return try runTransfer(helper, call)
        case .setInterruptFlag, .clearInterruptFlag, .writeFlags, .setAlignmentFlag:
            return try runFlags(helper, call)
        case .loadSegment, .loadGDT, .loadIDT, .storeGDT, .storeIDT, .loadLDT, .loadTask, .loadAccessRights,
            .loadSegmentLimit, .verifyRead, .verifyWrite:
            return try runSegments(helper, call)
        case .fxsave: try fxsave(linear(call), wide: call.bytes == 8)
        case .fxrstor: try fxrstor(linear(call), wide: call.bytes == 8)
        case .xsave, .xsaveopt: try xsave(linear(call, alignedTo: 64), wide: call.bytes == 8)
        case .xrstor: try xrstor(linear(call, alignedTo: 64), wide: call.bytes == 8)
        case .portIn:
            let value = try portIn(UInt16(truncatingIfNeeded: operand(call.a)), call.bytes)
            setOperand(call.d, value, bytes: call.bytes)
        case .portOut:
            try portOut(UInt16(truncatingIfNeeded: operand(call.a)), operand(call.b), call.bytes)
        case .portInString, .portOutString:
            guard try portString(isInput: helper == .portInString, call.immediate) else {
                programCounter = call.pc
                return .endBlock
            }
        case .xsavec: try xsavec(linear(call, alignedTo: 64), wide: call.bytes == 8)
        case .xsaves, .xrstors, .hypercall: throw .invalidOpcode
        default: return try runRegisters(helper, call)
        }
        return .next
    }

    /// The linear address in a, with the stack segment's own fault where it is not canonical. One that is not aligned as it
    /// must be is #GP(0) whatever else it is.
    private func linear(_ call: Call, alignedTo alignment: UInt64 = 1) throws(X86Fault) -> UInt64 {
        let address = operand(call.a)
        guard address & (alignment &- 1) == 0 else { throw .generalProtection() }
        guard isCanonical(address) else { throw call.immediate.stackSegment ? .stack() : .generalProtection() }
        return address
    }

    private func runEvent(_ helper: X86Helper, _ call: Call) throws(X86Fault) -> HelperOutcome {
        let event: X86Event
        switch helper {
        case .raise:
            throw X86Fault(vector: UInt8(call.argument & 0xFF), errorCode: UInt32(call.immediate.extra))
        case .softwareInterrupt:
            event = X86Event(.software, vector: UInt8(call.argument & 0xFF), returnAddress: nextAddress(call))
        case .overflowTrap:
            guard engine.flags & RFLAGS.overflow != 0 else { return end(call) }
            event = X86Event(.software, vector: X86Vector.overflow, returnAddress: nextAddress(call))
        case .int1:
            event = X86Event(
                .privilegedSoftware, vector: X86Vector.debug, returnAddress: nextAddress(call),
                debugStatus: takeHeldBreakpoints())
        default:
            // The PC slot is the next instruction's already. A branch that can't go there faults before its trap.
            if call.argument == 1, refuseTarget(ofBranchAt: call.pc, engine: engine), let fault = pendingFault {
                throw fault
            }
            return afterInstruction(
                stepped: systemFlags & RFLAGS.trap != 0, isBranch: programCounter != nextAddress(call))
        }
        return deliver(event, faultAddress: call.pc) ? .endBlock : .exit(shutDown())
    }

    private func runTransfer(_ helper: X86Helper, _ call: Call) throws(X86Fault) -> HelperOutcome {
        let selector = UInt16(truncatingIfNeeded: operand(call.a))
        switch helper {
        case .farCall: try farCall(selector, operand(call.b), call.bytes, next: nextAddress(call))
        case .farJump: try farJump(selector, operand(call.b), call.bytes)
        case .farReturn: try farReturn(call.bytes, drop: UInt64(call.immediate.extra))
        case .interruptReturn: try interruptReturn(call.bytes)
        case .syscall: try syscall(next: nextAddress(call))
        case .sysret: try sysret(call.bytes)
        case .sysenter: try sysenter()
        case .sysexit: try sysexit(call.bytes)
        default:
            programCounter = nextAddress(call)
            return halt()
        }
        return .endBlock
    }

    private func runFlags(_ helper: X86Helper, _ call: Call) throws(X86Fault) -> HelperOutcome {
        switch helper {
        case .setInterruptFlag:
            guard isReal || ioPrivilege >= privilege else { throw .generalProtection() }
            if systemFlags & RFLAGS.interrupt == 0 {
                systemFlags |= RFLAGS.interrupt
                if call.argument == 1 { openShadow(1) }
                interruptsWereEnabled()
            }
            return .next
        case .clearInterruptFlag:
            guard isReal || ioPrivilege >= privilege else { throw .generalProtection() }
            systemFlags &= ~RFLAGS.interrupt
            return .next
        case .writeFlags:
            popFlags(operand(call.a), call.bytes)
        default:
            if call.argument == 0 {
                systemFlags &= ~RFLAGS.alignmentCheck
            } else {
                systemFlags |= RFLAGS.alignmentCheck
            }
            updateMode()
        }
        return end(call)
    }

    /// Holds interrupts off until one more instruction has completed. 1: STI, 2: MOV SS or POP SS.
    private func openShadow(_ kind: UInt8) {
        interruptShadow = kind
        // The running instruction is not counted yet.
        shadowStart = engine.instructionCount &+ 1
    }

    private func runSegments(_ helper: X86Helper, _ call: Call) throws(X86Fault) -> HelperOutcome {
        let selector = UInt16(truncatingIfNeeded: operand(call.a))
        switch helper {
        case .loadSegment:
            try loadSegment(call.argument, selector)
            if call.argument == SegmentNumber.ss, call.immediate.extra != X86Helper.noShadow { openShadow(2) }
            guard call.immediate.endsBlock else { return .next }
            updateMode()
            return end(call)
        case .loadGDT, .loadIDT:
            let (limit, base) = try loadTable(linear(call), call.bytes)
            if helper == .loadGDT {
                system.gdtLimit = limit
                system.gdtBase = base
            } else {
                system.idtLimit = limit
                system.idtBase = base
            }
        case .storeGDT: try storeTable(linear(call), system.gdtLimit, system.gdtBase)
        case .storeIDT: try storeTable(linear(call), system.idtLimit, system.idtBase)
        case .loadLDT: try loadLocalTable(selector)
        case .loadTask: try loadTaskRegister(selector)
        case .loadAccessRights: setChecked(try accessRights(selector), call)
        case .loadSegmentLimit: setChecked(try segmentLimit(selector), call)
        case .verifyRead: setZero(try verify(selector, forWriting: false))
        default: setZero(try verify(selector, forWriting: true))
        }
        return .next
    }

    private func setZero(_ value: Bool) {
        engine.flags = engine.flags & ~RFLAGS.zero | (value ? RFLAGS.zero : 0)
    }

    /// LAR and LSL: the register changes only where there is a value.
    private func setChecked(_ value: UInt32?, _ call: Call) {
        setZero(value != nil)
        if let value { setOperand(call.d, UInt64(value), bytes: call.bytes == 2 ? 2 : 8) }
    }

    private func loadTable(_ address: UInt64, _ bytes: Int) throws(X86Fault) -> (UInt16, UInt64) {
        let limit = try loadLinear(address, as: UInt16.self, currentAccess)
        if bytes == 8 {
            let base = try loadLinear(address &+ 2, as: UInt64.self, currentAccess)
            guard isCanonical(base) else { throw .generalProtection() }
            return (limit, base)
        }
        let base = UInt64(try loadLinear(address &+ 2, as: UInt32.self, currentAccess))
        return (limit, bytes == 2 ? base & 0xFF_FFFF : base)
    }

    private func storeTable(_ address: UInt64, _ limit: UInt16, _ base: UInt64) throws(X86Fault) {
        try probeLinear(address, is64BitCode ? 10 : 6, .write)
        try storeLinear(address, limit, currentAccess)
        if is64BitCode {
            try storeLinear(address &+ 2, base, currentAccess)
        } else {
            try storeLinear(address &+ 2, UInt32(truncatingIfNeeded: base), currentAccess)
        }
    }

    private func runRegisters(_ helper: X86Helper, _ call: Call) throws(X86Fault) -> HelperOutcome {
        switch helper {
        case .readControl: setOperand(call.d, try readControl(call.argument), bytes: 8)
        case .writeControl:
            try writeControl(call.argument, operand(call.a))
            return end(call)
        case .readDebug: setOperand(call.d, try readDebug(call.argument), bytes: 8)
        case .writeDebug:
            try writeDebug(call.argument, operand(call.a))
            return end(call)
        case .clearTaskSwitched:
            clearTaskSwitched()
            return end(call)
        case .loadMachineStatus:
            try loadMachineStatus(operand(call.a))
            return end(call)
        case .storeMachineStatus: setOperand(call.d, system.cr0, bytes: 8)
        case .readMSR:
            let value = try readMSR(UInt32(truncatingIfNeeded: general(1)))
            setGeneral(0, value & 0xFFFF_FFFF)
            setGeneral(2, value &>> 32)
        case .writeMSR:
            try writeMSR(UInt32(truncatingIfNeeded: general(1)), pairedOperand)
            return end(call)
        case .randomNumber: takeRandomNumber(call)
        case .readPMC: throw .generalProtection()
        case .cpuid: executeCPUID()
        case .pause: return pause(next: nextAddress(call))
        case .readTSC, .readTSCP:
            let value = timeStampCounter
            setGeneral(0, value & 0xFFFF_FFFF)
            setGeneral(2, value &>> 32)
            if helper == .readTSCP { setGeneral(1, system.msrs.tscAuxiliary & 0xFFFF_FFFF) }
        case .readXCR:
            let value = try readExtendedControl(UInt32(truncatingIfNeeded: general(1)))
            setGeneral(0, value & 0xFFFF_FFFF)
            setGeneral(2, value &>> 32)
        case .writeXCR:
            try writeExtendedControl(UInt32(truncatingIfNeeded: general(1)), pairedOperand)
            return end(call)
        case .writeSegmentBase:
            let base = operand(call.a)
            guard isCanonical(base) else { throw .generalProtection() }
            setSegmentBase(call.argument, base)
        case .swapGS: swapGS()
        case .invalidatePage:
            let address = operand(call.a)
            if isCanonical(address) { engine.flushTLB(.page(address)) }
        case .invalidatePCID: try invalidatePCID(type: operand(call.a), descriptor: operand(call.b))
        case .cache:
            // Caches are coherent here: only CLFLUSH's check of its operand remains.
            if call.argument == 2 { _ = try loadLinear(linear(call), as: UInt8.self, currentAccess) }
        default: throw .invalidOpcode
        }
        return .next
    }

    /// EDX:EAX.
    private var pairedOperand: UInt64 { general(2) &<< 32 | general(0) & 0xFFFF_FFFF }
}
