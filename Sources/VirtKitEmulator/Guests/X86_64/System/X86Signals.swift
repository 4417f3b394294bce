internal import VirtKitCore

/// Interrupts between instructions (Intel SDM volume 3A, 6.8, and 10.8).
extension X86Guest {
    /// IF became 1, or the task priority fell: look again at what was put off.
    func interruptsWereEnabled() {
        if hasDeferredInterrupt || system.isNMIPending { engine.signals.raise(X86Signal.interrupt) }
    }

    /// Whether an interrupt shadow still covers the next instruction.
    var isInShadow: Bool {
        guard interruptShadow != 0 else { return false }
        // The instruction that opened the shadow completed as number `shadowStart`; one more is covered.
        if engine.instructionCount <= shadowStart { return true }
        interruptShadow = 0
        return false
    }

    func serviceSignals(_ word: UInt32, engine: Engine) -> UInt32? {
        counter.value = engine.instructionCount
        if word & X86Signal.interrupt != 0 { hasDeferredInterrupt = true }
        if word & X86Signal.exit != 0 {
            if hasDeferredInterrupt || system.isNMIPending { engine.signals.raise(X86Signal.interrupt) }
            return X86ExitCode.requested
        }
        if let code = takeInterrupt() { return code }
        guard word & X86Signal.hurry != 0, let baton, baton.isWanted else { return nil }
        return X86ExitCode.hurried
    }

    /// Takes one NMI or interrupt if one may be taken now. Returns a code to leave the engine with.
    func takeInterrupt() -> UInt32? {
        guard hasDeferredInterrupt || system.isNMIPending else { return nil }
        guard !isInShadow else {
            engine.signals.raise(X86Signal.interrupt)
            return nil
        }
        if let source = interruptSource, source.takeNonMaskableInterrupt(vcpu: index) { system.isNMIPending = true }
        if system.isNMIPending, !system.isNMIBlocked {
            system.isNMIPending = false
            system.isNMIBlocked = true
            return deliverInterrupt(.nonMaskable, X86Vector.nonMaskable)
        }
        guard systemFlags & RFLAGS.interrupt != 0 else { return nil }
        guard let source = interruptSource, source.hasPendingInterrupt(vcpu: index),
            let vector = source.acknowledgeInterrupt(vcpu: index)
        else {
            hasDeferredInterrupt = false
            return nil
        }
        // More may wait; the flag makes the next enabling of interrupts look again.
        return deliverInterrupt(.external, UInt8(truncatingIfNeeded: vector))
    }

    private func deliverInterrupt(_ kind: X86EventKind, _ vector: UInt8) -> UInt32? {
        let address = programCounter
        system.isHalted = false
        if deliver(X86Event(kind, vector: vector, returnAddress: address), faultAddress: address) { return nil }
        return shutDown()
    }

    /// Whether HLT is over: an interrupt that can be taken waits.
    var hasWakeEvent: Bool {
        if system.isNMIPending, !system.isNMIBlocked { return true }
        guard let source = interruptSource else { return false }
        if source.takeNonMaskableInterrupt(vcpu: index) {
            system.isNMIPending = true
            return true
        }
        return systemFlags & RFLAGS.interrupt != 0 && source.hasPendingInterrupt(vcpu: index)
    }

    /// IRET: NMIs may come again.
    func unblockNMI() {
        system.isNMIBlocked = false
        if system.isNMIPending { engine.signals.raise(X86Signal.interrupt) }
    }

    /// PAUSE: others that wait for their turn run first. A single step comes before that.
    func pause(next: UInt64) -> HelperOutcome {
        guard let baton, baton.isWanted, !mode.trap else { return .next }
        programCounter = next
        return .exit(X86ExitCode.yielded)
    }

    /// HLT. The PC slot is set by the caller.
    func halt() -> HelperOutcome {
        // A debug exception ends HLT (Intel SDM volume 2A): with a trap that follows at once it does not begin.
        if mode.trap, earnsTrap(stepped: systemFlags & RFLAGS.trap != 0, isBranch: false) { return .endBlock }
        if hasWakeEvent {
            hasDeferredInterrupt = true
            engine.signals.raise(X86Signal.interrupt)
            return .endBlock
        }
        system.isHalted = true
        return .exit(X86ExitCode.halted)
    }
}
