internal import VirtKitCore

/// A vCPU of the emulator, lent to a driver.
struct EmulatedCPU: VirtualCPU, ~Copyable {
    typealias Architecture = X86_64

    let index: Int
    let guest: X86Guest
    let engine: Engine
    /// Passed among the vCPUs of a domain that has several; nil where there is one.
    let baton: Baton?
    /// How many instructions a `run` executes at most, but for the rest of a block where the engine optimises.
    let budget: UInt64

    var instructionCount: UInt64? { engine.instructionCount }

    mutating func run(_ bus: any GuestBus) throws(VirtKitError) -> VCPUExit {
        engine.bus = bus
        defer { guest.counter.value = engine.instructionCount }
        if guest.isShutDown { return exit(.shutdown) }
        if guest.system.waitsForSIPI { return exit(takesExitRequest() ? .requested : .halted) }
        if guest.system.isHalted {
            guard guest.hasWakeEvent else { return exit(takesExitRequest() ? .requested : .halted) }
            guest.system.isHalted = false
            guest.hasDeferredInterrupt = true
            engine.signals.raise(X86Signal.interrupt)
        }
        guard let baton else {
            if let code = guest.deliverRestoredEvent() { return exit(code) }
            return translate(engine.run(maximumInstructions: budget)) ?? exit(.requested)
        }
        guard baton.take(index, unless: { engine.signals.has(X86Signal.exit) }) else { return refuse() }
        return runWithBaton(baton)
    }

    /// Runs until an exit, and lets others run at each PAUSE and after each slice. Gives the baton back.
    private func runWithBaton(_ baton: Baton) -> VCPUExit {
        let start = engine.instructionCount
        if let code = guest.deliverRestoredEvent() {
            baton.giveBack(index)
            return exit(code)
        }
        while true {
            let done = engine.instructionCount &- start
            let end = engine.run(maximumInstructions: min(Baton.slice, budget &- min(done, budget)))
            if case .budget = end, engine.instructionCount &- start < budget {
                // The end of a slice.
            } else if let exit = translate(end) {
                baton.giveBack(index)
                return exit
            }
            guard baton.pass(index, unless: { engine.signals.has(X86Signal.exit) }) else { return refuse() }
        }
    }

    /// An exit was requested while the vCPU waited for the baton.
    private func refuse() -> VCPUExit {
        _ = takesExitRequest()
        return exit(.requested)
    }

    /// Nil where the guest only wishes to let another vCPU run.
    private func translate(_ end: EngineExit) -> VCPUExit? {
        switch end {
        case .budget: exit(.budget)
        case .guest(X86ExitCode.yielded): nil
        case .guest(let code): exit(code)
        case .fetchOutsideMemory(let address): exit(.emulationFailure, detail: address)
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
