/// Single steps and the breakpoints of DR0 to DR3 (Intel SDM volume 3B, 17.2 and 17.3).
///
/// While RFLAGS.TF is set or a breakpoint is enabled the mode has `trap`: every block is one instruction long and comes
/// to ``afterInstruction(stepped:keepsResume:)``. Pages with data breakpoints are never cached in the engine's TLB, so
/// that each access to them is seen here. Breakpoints on ports are not hit.
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

        var isArmed: Bool { !watches.isEmpty || !executions.isEmpty }

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
                default: break
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

    /// An instruction has completed while the mode has `trap`; the PC slot is the next one's. Delivers the traps it has
    /// earned, or the breakpoint fault of the next.
    ///
    /// - Parameters:
    ///   - stepped: whether TF was set when it began.
    ///   - keepsResume: whether it has loaded RF (IRET) for the next instruction.
    func afterInstruction(stepped: Bool, keepsResume: Bool) -> HelperOutcome {
        let address = programCounter
        let status = watchHits | (stepped ? 1 << 14 : 0)
        watchHits = 0
        if !keepsResume { systemFlags &= ~RFLAGS.resume }
        if status != 0 {
            let event = X86Event(.exception, vector: X86Vector.debug, returnAddress: address, debugStatus: status)
            return deliver(event, faultAddress: address) ? .endBlock : .exit(shutDown())
        }
        guard systemFlags & RFLAGS.resume == 0 else { return .endBlock }
        let linear = fetchAddress(address)
        var bits: UInt64 = 0
        for breakpoint in breakpoints.executions where breakpoint.address == linear { bits |= 1 &<< breakpoint.index }
        guard bits != 0 else { return .endBlock }
        var event = X86Event(.exception, vector: X86Vector.debug, returnAddress: address, debugStatus: bits)
        event.isInstructionBreakpoint = true
        return deliver(event, faultAddress: address) ? .endBlock : .exit(shutDown())
    }
}

extension X86Helper {
    /// Whether the end of a block by this helper is the end of an instruction that a debug trap may follow. Interrupts
    /// and system calls clear TF for their handlers; loads of SS hold traps off.
    var isStepped: Bool {
        switch self {
        case .raise, .softwareInterrupt, .int1, .singleStep, .syscall, .sysenter: false
        default: true
        }
    }
}
