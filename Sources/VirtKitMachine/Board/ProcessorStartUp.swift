package import VirtKitCore

/// What INIT and start-up IPIs ask of a vCPU (Intel SDM vol. 3A, 9.4). It is applied to the vCPU's state on its own thread,
/// between two runs, so that it is the same for every accelerator.
package struct ProcessorStartUp: Hashable, Sendable {
    /// Whether an INIT came.
    package var isInitialize: Bool
    /// The vector of a start-up IPI that came (after the INIT, where both did).
    package var vector: UInt8?
    /// Whether the vCPU is the bootstrap processor: after INIT it runs from the reset vector, and others wait.
    package var isBootstrap: Bool

    /// Makes what an INIT, a start-up IPI, or both ask.
    package init(isInitialize: Bool, vector: UInt8?, isBootstrap: Bool) {
        self.isInitialize = isInitialize
        self.vector = vector
        self.isBootstrap = isBootstrap
    }

    /// The state to put in place of `state`.
    package func applied(to state: X86_64.State) -> X86_64.State {
        var state = isInitialize ? Self.initialized(state, isBootstrap: isBootstrap) : state
        // A start-up IPI to a vCPU that doesn't wait for one is lost.
        if let vector, state.activity == .waitForSIPI { Self.start(&state, at: vector) }
        state.keepsTimeStampCounter = true
        return state
    }

    /// The state after INIT (SDM table 9-1): as after reset, but the time-stamp counter, x87, SSE and most MSRs stay, and so
    /// do CD and NW in CR0.
    private static func initialized(_ state: X86_64.State, isBootstrap: Bool) -> X86_64.State {
        let caching: UInt64 = 0x6000_0000
        var next = X86_64.State.reset
        next.cr0 = next.cr0 & ~caching | state.cr0 & caching
        next.xcr0 = state.xcr0
        next.extended = state.extended
        next.timeStampCounter = state.timeStampCounter
        // IA32_DEBUGCTL is cleared.
        next.modelSpecific = state.modelSpecific.filter { $0.number != 0x1D9 }
        next.activity = isBootstrap ? .running : .waitForSIPI
        return next
    }

    /// A start-up IPI: real mode, CS:IP = vector × 100H : 0 (SDM 9.4.4.2).
    private static func start(_ state: inout X86_64.State, at vector: UInt8) {
        state.segments[1].selector = UInt16(vector) << 8
        state.segments[1].base = UInt64(vector) << 12
        state.rip = 0
        state.activity = .running
    }
}
