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

    mutating func run(_ bus: any GuestBus) throws(VirtKitError) -> VCPUExit { try run(bus, atMost: budget) }

    mutating func run(_ bus: any GuestBus, atMost instructions: UInt64) throws(VirtKitError) -> VCPUExit {
        let budget = min(budget, instructions)
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
            return translate(engine.run(maximumInstructions: budget))
        }
        guard baton.take(index, unless: { engine.signals.has(X86Signal.exit) }) else { return refuse() }
        return runWithBaton(baton, budget)
    }

    /// Runs until an exit, and lets others run at each PAUSE, when it spins, and after each slice. Gives the baton back.
    private func runWithBaton(_ baton: Baton, _ budget: UInt64) -> VCPUExit {
        let start = engine.instructionCount
        if let code = guest.deliverRestoredEvent() {
            baton.giveBack(index)
            return exit(code)
        }
        var spin = SpinWatch()
        while true {
            if let exit = runTurn(baton, start, budget, &spin) {
                baton.giveBack(index)
                return exit
            }
            let mayGoOn = baton.pass(index, patience: spin.patience, unless: { engine.signals.has(X86Signal.exit) })
            guard mayGoOn else { return refuse() }
        }
    }

    /// Runs until the turn is over (nil) or the vCPU leaves guest code.
    private func runTurn(_ baton: Baton, _ start: UInt64, _ budget: UInt64, _ spin: inout SpinWatch) -> VCPUExit? {
        let began = engine.instructionCount
        var limit = Baton.slice
        spin.beginTurn()
        while true {
            let now = engine.instructionCount
            let allowed = min(limit, baton.allowance)
            guard now &- began < allowed else { return nil }
            let watches = spin.isLooking && baton.isWanted
            let turn = watches ? SpinWatch.step : allowed &- (now &- began)
            let count = min(turn, budget &- min(now &- start, budget))
            switch engine.run(maximumInstructions: count) {
            case .budget where engine.instructionCount &- start < budget:
                if watches, spin.isSpinning(guest) { return nil }
            case .guest(X86ExitCode.hurried): limit = Baton.hurriedSlice
            case .guest(X86ExitCode.yielded):
                spin.paused(after: engine.instructionCount &- began)
                return nil
            case let end: return translate(end)
            }
        }
    }

    /// An exit was requested while the vCPU waited for the baton.
    private func refuse() -> VCPUExit {
        _ = takesExitRequest()
        return exit(.requested)
    }

    private func translate(_ end: EngineExit) -> VCPUExit {
        switch end {
        case .budget: exit(.budget)
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
