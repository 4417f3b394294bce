internal import VirtKitCore

/// A vCPU of the emulator, lent to a driver.
struct EmulatedCPU: VirtualCPU, ~Copyable {
    typealias Architecture = X86_64

    let index: Int
    let guest: X86Guest
    let engine: Engine
    /// How many instructions a `run` executes at most, but for the rest of a block where the engine optimises.
    let budget: UInt64

    var instructionCount: UInt64? { engine.instructionCount }

    mutating func run(_ bus: any GuestBus) throws(VirtKitError) -> VCPUExit {
        engine.bus = bus
        defer { guest.counter.value = engine.instructionCount }
        if guest.isShutDown { return exit(.shutdown) }
        if guest.system.isHalted {
            guard guest.hasWakeEvent else { return exit(takesExitRequest() ? .requested : .halted) }
            guest.system.isHalted = false
            guest.hasDeferredInterrupt = true
            engine.signals.raise(X86Signal.interrupt)
        }
        if let code = guest.deliverRestoredEvent() { return exit(code) }
        switch engine.run(maximumInstructions: budget) {
        case .budget: return exit(.budget)
        case .guest(let code): return exit(code)
        case .fetchOutsideMemory(let address): return exit(.emulationFailure, detail: address)
        }
    }

    private func exit(_ code: UInt32) -> VCPUExit {
        switch code {
        case X86ExitCode.halted: exit(.halted)
        case X86ExitCode.shutdown: exit(.shutdown)
        default: exit(.requested)
        }
    }

    private func exit(_ kind: VCPUExit.Kind, detail: UInt64 = 0) -> VCPUExit {
        VCPUExit(kind, address: guest.programCounter, detail: detail)
    }

    /// Takes a request to exit, and leaves every other signal.
    private func takesExitRequest() -> Bool {
        let word = engine.signals.take()
        let others = word & ~X86Signal.exit
        if others != 0 { engine.signals.raise(others) }
        return word & X86Signal.exit != 0
    }

    func state() throws(VirtKitError) -> X86_64.State { guest.exportState() }

    mutating func setState(_ state: X86_64.State) throws(VirtKitError) { try guest.importState(state) }
}
