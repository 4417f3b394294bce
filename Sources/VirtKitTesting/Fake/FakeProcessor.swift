internal import Glibc
internal import Synchronization
internal import VirtKitCore

/// A vCPU of a fake accelerator: its state, and its run loop. Confined to the thread that it is lent to.
final class FakeProcessor: @unchecked Sendable {
    // SAFETY: as the comment above says; `handle`, `statistics` and `isInAccess` are atomic.
    let index: Int
    let isOnly: Bool
    let handle: FakeHandle
    let fault: FakeFault?
    let statistics = Atomic<UInt64>(0)
    let isInAccess = Atomic<Bool>(false)
    let adds: FakeLock
    private let clock: MachineClock
    private let frequency: UInt64

    var source: (any InterruptSource)?
    var state = X86_64.State.reset
    var memory: GuestMemory
    var bus: any GuestBus = FakeBus()
    var instructions: UInt64 = 0

    /// Translations that the guest has not told to forget.
    var translations: [UInt64: UInt64] = [:]
    /// Bytes that faulty vCPUs remember.
    var rememberedCode: [UInt64: UInt8] = [:]
    var rememberedData: [UInt64: UInt64] = [:]
    /// Where the instruction begins that is executed.
    var start: UInt64 = 0
    var opcode: UInt8 = 0
    var lastString = (count: 0 as UInt64, address: 0 as UInt64)
    var lastStringStart: UInt64 = 0
    var lockedAdds = 0

    /// The counter's value and the machine's ticks when it was set.
    private var counterBase: UInt64 = 0
    private var counterOrigin: UInt64 = 0
    /// The source is to be asked.
    private var mustAsk = true
    private var wasHalted = false
    private var hasRun = false
    private var idleRuns = 0
    private var again: UInt8?
    private var thread: pthread_t?
    private let birth = ContinuousClock.now
    static let lastBus = Mutex<Kept?>(nil)
    struct Kept: @unchecked Sendable { let bus: any GuestBus }

    init(
        index: Int, isOnly: Bool, memory: GuestMemory, clock: MachineClock, frequency: UInt64, adds: FakeLock,
        fault: FakeFault?
    ) {
        self.index = index
        self.isOnly = isOnly
        self.memory = memory
        self.clock = clock
        self.frequency = frequency
        self.adds = adds
        self.fault = fault
        handle = FakeHandle(fault)
        if fault == .startsAtZero { state.rip = 0 }
    }

    func setMemory(_ memory: GuestMemory) {
        self.memory = memory
        translations = [:]
    }

    /// Notes the thread that the vCPU is lent on.
    func noteThread() {
        let present = pthread_self()
        if fault == .resetsOnAnotherThread, let thread, thread != present { state = .reset }
        thread = present
    }

    // MARK: State

    private var ticks: UInt64 {
        var nanoseconds = clock.now
        if fault == .counterIsOfTheHost {
            nanoseconds = UInt64(max(0, (ContinuousClock.now - birth) / .nanoseconds(1)))
        }
        if fault == .counterIsSlow { nanoseconds /= 2 }
        let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        return seconds &* frequency &+ rest &* (frequency / 1_000_000) / 1000
    }

    var counter: UInt64 { counterBase &+ ticks &- counterOrigin }

    func exportState() -> X86_64.State {
        var state = state
        state.timeStampCounter = counter
        if fault == .encodesTransientFlag { state.keepsTimeStampCounter = true }
        return state
    }

    func importState(_ new: X86_64.State) throws(VirtKitError) {
        if fault == .tornRefusal { state.general = new.general }
        if let reason = refusal(of: new) {
            throw VirtKitError(.invalidSavedState, operation: "set the state of a vCPU", message: reason)
        }
        state = new
        if !new.keepsTimeStampCounter {
            counterBase = fault == .counterStartsAtZero ? 0 : new.timeStampCounter
            counterOrigin = ticks
        }
        state.keepsTimeStampCounter = false
        switch fault {
        case .dropsVectorRegister: state.extended[xmm: 7] = (0, 0)
        case .movedHaltRuns where state.activity == .halted: state.activity = .running
        case .dropsPendingException: state.pending = nil
        case .dropsPendingNMI: state.nmiPending = false
        default: break
        }
        translations = [:]
        if fault != .stateKeepsPriority || state.rflags & 0x200 != 0 {
            source?.setTaskPriority(UInt8(state.cr8), vcpu: index)
        }
    }

    private func refusal(of state: X86_64.State) -> String? {
        guard state.general.count == 16, state.segments.count == 6, state.debugAddresses.count == 4,
            state.extended.area.count >= 576
        else { return "a register file has the wrong size" }
        let isPaging = state.cr0 >> 31 & 1 != 0
        if isPaging, state.cr0 & 1 == 0 { return "paging without protection" }
        if (state.efer >> 10 & 1 != 0) != (isPaging && state.efer >> 8 & 1 != 0) { return "EFER.LMA does not fit" }
        if state.cr8 > 15 { return "CR8 is \(state.cr8)" }
        if state.xcr0 & 1 == 0 { return "XCR0 is \(state.xcr0)" }
        if state.activity.rawValue > 3, fault != .acceptsImpossibleStates { return "an unknown activity" }
        if let pending = state.pending, ![0, 2, 3].contains(pending.type) { return "a pending event of another type" }
        return nil
    }

    // MARK: The loop

    /// Runs the guest until an exit, or until a number of instructions has completed.
    func run(_ bus: any GuestBus, atMost limit: UInt64 = .max) throws(VirtKitError) -> VCPUExit {
        let first = instructions
        self.bus = bus
        if fault == .domainsShareBus { Self.lastBus.withLock { $0 = Kept(bus: bus) } }
        defer {
            statistics.store(instructions, ordering: .relaxed)
            self.bus = FakeBus()
        }
        rememberedCode = [:]
        rememberedData = [:]
        mustAsk = true
        if fault == .dropsEarlyRequest, !hasRun, isOnly { _ = handle.takesExit() }
        hasRun = true
        if state.activity == .shutdown {
            guard fault == .runsAfterShutdown else { return VCPUExit(.shutdown, address: state.rip) }
            state.activity = .running
            state.rip &+= 2
        }
        if state.activity == .waitForSIPI {
            guard fault == .interruptStartsVCPU, source?.hasPendingInterrupt(vcpu: index) == true else {
                return VCPUExit(handle.takesExit() ? .requested : .halted)
            }
            state.activity = .running
        }
        idleRuns = state.activity == .halted ? idleRuns + 1 : 0
        if fault == .haltEndsByItself, idleRuns > 1 { state.activity = .running }
        while true {
            if instructions &- first >= limit { return VCPUExit(.budget, address: state.rip) }
            if let exit = try attend() { return exit }
            if state.activity == .shutdown { return VCPUExit(.shutdown, address: state.rip) }
            if let exit = step() { return exit }
            if state.activity == .shutdown { return VCPUExit(.shutdown, address: state.rip) }
        }
    }

    /// Sees to requests, events and interrupts between two instructions.
    private func attend() throws(VirtKitError) -> VCPUExit? {
        let isSpinning = opcode == 0xEB && state.rip == start
        if state.activity != .halted, !isSpinning || handle.isHeardInSpin, handle.takesExit() { return leave() }
        var isSignalled = false
        if fault != .lateInterrupt || state.activity == .halted || instructions == 0 {
            if handle.asks.load(ordering: .relaxed), handle.asks.exchange(false, ordering: .acquiring) {
                isSignalled = true
                mustAsk = true
            }
        }
        if fault == .signalWakesHalt, isSignalled, instructions > 0, state.activity == .halted {
            state.activity = .running
        }
        wasHalted = state.activity == .halted
        if let event = state.pending {
            state.pending = nil
            state.activity = .running
            deliver(event.vector, errorCode: event.errorCode)
            return nil
        }
        if mustAsk { askSource() }
        guard state.activity == .halted else { return nil }
        let isRequested = handle.takesExit()
        return VCPUExit(isRequested && fault != .deafInHalt ? .requested : .halted, address: state.rip)
    }

    private func leave() -> VCPUExit {
        if fault == .tornState, opcode == 0xEE, state.general[1] != 0 { state.general[3] &+= 1 }
        if fault == .startsStringAgain, opcode == 0x6E, state.rip == start {
            state.general[1] = lastString.count
            state.general[6] = lastString.address
        }
        return VCPUExit(.requested, address: state.rip)
    }

    private func askSource() {
        let shadow = fault == .noShadowOfSTI ? false : state.blockedBySTI
        let isEnabled = state.rflags & 0x200 != 0
        if !state.nmiBlocked, takesNonMaskable(isEnabled) {
            state.activity = .running
            state.nmiBlocked = true
            return deliver(2)
        }
        guard let source else { return mustAsk = false }
        if let vector = again, isEnabled {
            again = nil
            return deliver(vector)
        }
        guard source.hasPendingInterrupt(vcpu: index) else { return mustAsk = again != nil }
        guard isEnabled && !shadow || fault == .ignoresInterruptFlag && wasHalted else {
            if fault == .forgetsWaitingInterrupt, !isEnabled { mustAsk = false }
            return
        }
        var vector = source.acknowledgeInterrupt(vcpu: index)
        if vector == nil, fault == .deliversVectorZero { vector = 0 }
        guard var vector else { return }
        if fault == .wrongVector, instructions == 0, !wasHalted, vector == 0x31 { vector &+= 1 }
        if fault == .losesSecondInterrupt { _ = source.acknowledgeInterrupt(vcpu: index) }
        if fault == .deliversTwiceAfterHalt, wasHalted { again = UInt8(truncatingIfNeeded: vector) }
        state.activity = .running
        deliver(UInt8(truncatingIfNeeded: vector))
        if fault == .leavesInterruptFlag, wasHalted { state.rflags |= 0x200 }
    }

    private func takesNonMaskable(_ isEnabled: Bool) -> Bool {
        if state.nmiPending {
            state.nmiPending = false
            return true
        }
        if fault == .masksNMI, !isEnabled { return false }
        return source?.takeNonMaskableInterrupt(vcpu: index) == true
    }

    /// Something has happened after which an interrupt may be let through.
    func askAgain() { mustAsk = true }

    /// Goes to the guest's handler of a vector, or shuts down where there is none.
    func deliver(_ vector: UInt8, errorCode: UInt32? = nil) {
        let gate = UInt64(vector) * 16
        let low = gate + 15 <= state.idtr.limit ? load(state.idtr.base &+ gate, 8) : 0
        guard low >> 47 & 1 != 0 else { return state.activity = .shutdown }
        let high = load(state.idtr.base &+ gate &+ 8, 8)
        let old = (rsp: state.general[4], rflags: state.rflags)
        state.general[4] &= ~15
        push(UInt64(state.segments[2].selector))
        push(old.rsp)
        push(old.rflags)
        push(UInt64(state.segments[1].selector))
        push(state.rip)
        if let errorCode { push(UInt64(errorCode)) }
        state.rflags &= ~0x300
        state.rip = low & 0xFFFF | low >> 32 & 0xFFFF_0000 | high << 32
        state.blockedBySTI = false
        opcode = 0
        start = state.rip
    }
}

/// The bus of a vCPU that is not running: nobody answers.
private final class FakeBus: GuestBus {
    func read(_ address: UInt64, width: Int, space: BusSpace, vcpu: Int) -> UInt64 {
        .max >> UInt64(truncatingIfNeeded: 64 - width * 8)
    }
    func write(_ value: UInt64, to address: UInt64, width: Int, space: BusSpace, vcpu: Int) {}
    func readSystemRegister(_ number: UInt32, vcpu: Int) -> UInt64? { nil }
    func writeSystemRegister(_ number: UInt32, value: UInt64, vcpu: Int) -> Bool { false }
}
