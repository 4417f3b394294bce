/// Single steps and the breakpoints of DR0 to DR3 (Intel SDM volume 3B, 17.2 and 17.3).
///
/// While RFLAGS.TF is set or a breakpoint is enabled the mode has `trap`: every block is one instruction long, begins
/// with ``checkInstructionBreakpoint(_:)`` and comes to ``afterInstruction(stepped:isBranch:keepsResume:isRepeating:)``.
/// Pages with data breakpoints are never cached in the engine's TLB, so that each access to them is seen here.
extension X86Guest {
    /// What DR7 and DR0 to DR3 ask for, in a form that is quick to check.
    struct Breakpoints {
        struct Watch {
            var index: UInt64
            var first: UInt64
            var last: UInt64
            var isHitByReads: Bool
        }

        var watches: [Watch] = []
        /// Linear addresses, by number; nil where none is enabled.
        var executions: [(index: UInt64, address: UInt64)] = []

        /// Ports, with CR4.DE.
        var ports: [Watch] = []

        var isArmed: Bool { !watches.isEmpty || !executions.isEmpty || !ports.isEmpty }

        init() {}

        init(_ state: X86SystemState) {
            for number in 0..<4 {
                let position = UInt64(number)
                guard (state.dr7 &>> (position &* 2)) & 3 != 0 else { continue }
                let kind = (state.dr7 &>> (16 &+ position &* 4)) & 3
                let size: UInt64 = [1, 2, 8, 4][Int((state.dr7 &>> (18 &+ position &* 4)) & 3)]
                let address = state.debugAddresses[number]
                switch kind {
                case 0: executions.append((position, address))
                case 1, 3:
                    let first = address & ~(size &- 1)
                    watches.append(
                        Watch(index: position, first: first, last: first &+ size &- 1, isHitByReads: kind == 3))
                default:
                    guard state.cr4 & CR4.debugExtensions != 0 else { break }
                    let first = address & ~(size &- 1)
                    ports.append(Watch(index: position, first: first, last: first &+ size &- 1, isHitByReads: true))
                }
            }
        }

        /// Whether a data breakpoint lies in the page of `address`.
        func watches(pageOf address: UInt64) -> Bool {
            watches.contains { $0.first & ~0xFFF == address & ~0xFFF }
        }

        /// DR6's bits for an access.
        func hits(_ address: UInt64, _ bytes: UInt64, _ access: MemoryAccess) -> UInt64 {
            var bits: UInt64 = 0
            for watch in watches where access == .write || (access == .read && watch.isHitByReads) {
                if address <= watch.last, address &+ (bytes &- 1) >= watch.first { bits |= 1 &<< watch.index }
            }
            return bits
        }
    }

    /// DR0 to DR3 or DR7 have changed.
    func updateBreakpoints() {
        let hadWatches = !breakpoints.watches.isEmpty
        breakpoints = Breakpoints(system)
        watchHits = 0
        if hadWatches || !breakpoints.watches.isEmpty { engine.flushTLB(.all) }
        updateMode()
    }

    /// Before an instruction while the mode has `trap`: the breakpoint fault for its execution. RF, and the shadow of a
    /// load of SS, hold it off.
    func checkInstructionBreakpoint(_ call: Call) throws(X86Fault) {
        guard !breakpoints.executions.isEmpty, systemFlags & RFLAGS.resume == 0 else { return }
        if interruptShadow == 2, isInShadow { return }
        let linear = fetchAddress(call.pc)
        var bits: UInt64 = 0
        for breakpoint in breakpoints.executions where breakpoint.address == linear { bits |= 1 &<< breakpoint.index }
        if bits != 0 { throw X86Fault(vector: X86Vector.debug, debugStatus: bits) }
    }

    /// An access to `bytes` ports from `port`.
    func noteBreakpoints(port: UInt16, _ bytes: Int) {
        if breakpoints.ports.isEmpty { return }
        let last = UInt64(port) &+ UInt64(truncatingIfNeeded: bytes) &- 1
        for watch in breakpoints.ports where UInt64(port) <= watch.last && last >= watch.first {
            watchHits |= 1 &<< watch.index
        }
    }

    /// Whether TF traps after an instruction: with IA32_DEBUGCTL.BTF only after branches.
    private func isStepTrap(stepped: Bool, isBranch: Bool) -> Bool {
        stepped && (isBranch || system.msrs.debugControl & 2 == 0)
    }

    /// Whether a debug trap follows the present instruction.
    func earnsTrap(stepped: Bool, isBranch: Bool) -> Bool {
        watchHits != 0 || isStepTrap(stepped: stepped, isBranch: isBranch)
    }

    /// The data breakpoints that a load of SS has held off: INT1 reports them with its own exception.
    func takeHeldBreakpoints() -> UInt64 {
        let hits = watchHits
        watchHits = 0
        return hits
    }

    /// An instruction has completed while the mode has `trap`; the PC slot is the next one's. Delivers the traps it has
    /// earned.
    ///
    /// - Parameters:
    ///   - stepped: whether TF was set when it began.
    ///   - isBranch: whether it has transferred control: with IA32_DEBUGCTL.BTF only those are stepped.
    ///   - keepsResume: whether it has loaded RF (IRET) for the next instruction.
    ///   - isRepeating: whether it is a repeated string instruction that goes on.
    func afterInstruction(
        stepped: Bool, isBranch: Bool = false, keepsResume: Bool = false, isRepeating: Bool = false
    ) -> HelperOutcome {
        let address = programCounter
        let isStep = isStepTrap(stepped: stepped, isBranch: isBranch)
        let status = watchHits | (isStep ? 1 << 14 : 0)
        watchHits = 0
        if !keepsResume { systemFlags &= ~RFLAGS.resume }
        guard status != 0 else { return .endBlock }
        var event = X86Event(.exception, vector: X86Vector.debug, returnAddress: address, debugStatus: status)
        event.pushesResume = isRepeating
        return deliver(event, faultAddress: address) ? .endBlock : .exit(shutDown())
    }
}

extension X86Helper {
    /// Whether the end of a block by this helper is the end of an instruction that a debug trap may follow. Interrupts
    /// clear TF for their handlers; loads of SS hold traps off.
    var isStepped: Bool {
        switch self {
        case .raise, .softwareInterrupt, .int1, .singleStep: false
        default: true
        }
    }

    /// Whether it transfers control.
    var isTransfer: Bool {
        switch self {
        case .farCall, .farJump, .farReturn, .interruptReturn, .syscall, .sysret, .sysenter, .sysexit: true
        default: false
        }
    }
}
