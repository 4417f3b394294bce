import VirtKit

/// An exception that an instruction raises (Intel SDM vol. 3A, chapter 6).
struct TinyFault: Error {
    var vector: UInt8
    var errorCode: UInt32?

    static let undefined = TinyFault(vector: 6)
    static let protection = TinyFault(vector: 13, errorCode: 0)
}

/// A vCPU: its state and its run loop. Confined to the thread that it is lent to.
final class TinyProcessor {
    let handle = TinyHandle()
    var source: (any InterruptSource)?
    var memory: GuestMemory
    var state = X86_64.State.reset
    var bus: (any GuestBus)?
    var instructions: UInt64 = 0
    /// Frames of pages by page number, as the guest has been told that it may rely on until it says otherwise.
    var translations: [UInt64: (frame: UInt64, isWritable: Bool)] = [:]
    /// Where the instruction begins that is executed.
    var start: UInt64 = 0
    /// Whether the interrupt source is to be asked before the next instruction.
    var mustAsk = true

    private let clock: MachineClock
    private let ticksPerMicrosecond: UInt64
    /// What is added to the machine's ticks to get the time-stamp counter.
    private var counterOffset: UInt64 = 0

    init(_ request: DomainRequest) {
        memory = request.memory
        clock = request.clock
        ticksPerMicrosecond = request.timerFrequency / 1_000_000
    }

    func forgetTranslations() { translations.removeAll(keepingCapacity: true) }

    // MARK: State

    private var ticks: UInt64 {
        let (microseconds, rest) = clock.now.quotientAndRemainder(dividingBy: 1000)
        return microseconds &* ticksPerMicrosecond &+ rest &* ticksPerMicrosecond / 1000
    }

    var counter: UInt64 { ticks &+ counterOffset }

    func reset() {
        state = .reset
        counterOffset = 0 &- ticks
        forgetTranslations()
        source?.setTaskPriority(0, vcpu: 0)
    }

    var exportedState: X86_64.State {
        var exported = state
        exported.timeStampCounter = counter
        return exported
    }

    /// Takes a state as a whole, or refuses it as a whole.
    func replaceState(_ new: X86_64.State) throws(VirtKitError) {
        if let reason = Self.refusal(of: new) {
            throw VirtKitError(.invalidSavedState, operation: "set the state of a vCPU", message: reason)
        }
        state = new
        state.keepsTimeStampCounter = false
        if !new.keepsTimeStampCounter { counterOffset = new.timeStampCounter &- ticks }
        forgetTranslations()
        source?.setTaskPriority(UInt8(new.cr8), vcpu: 0)
    }

    /// Why no CPU can be in a state; nil where one can.
    private static func refusal(of state: X86_64.State) -> String? {
        guard state.general.count == 16, state.segments.count == 6, state.debugAddresses.count == 4 else {
            return "a register file has the wrong size"
        }
        let isPaging = state.cr0 >> 31 & 1 != 0
        if isPaging, state.cr0 & 1 == 0 { return "CR0 has paging without protection" }
        if (state.efer >> 10 & 1 != 0) != (isPaging && state.efer >> 8 & 1 != 0) { return "EFER.LMA does not fit" }
        if state.cr8 > 15 { return "CR8 is \(state.cr8)" }
        if state.xcr0 & 1 == 0 { return "XCR0 is \(state.xcr0)" }
        if state.activity.rawValue > X86_64.Activity.shutdown.rawValue { return "the activity is not known" }
        if let pending = state.pending, ![0, 2, 3].contains(pending.type) {
            return "a pending event of type \(pending.type) can't be delivered"
        }
        return nil
    }

    // MARK: The loop

    /// Runs the guest until an exit.
    func run(_ bus: any GuestBus) -> VCPUExit {
        self.bus = bus
        defer {
            self.bus = nil
            handle.instructions.store(instructions, ordering: .relaxed)
        }
        mustAsk = true
        while true {
            if let exit = attend() ?? step() { return exit }
        }
    }

    /// Sees to requests, events and interrupts, between two instructions.
    private func attend() -> VCPUExit? {
        switch state.activity {
        case .shutdown: return VCPUExit(.shutdown, address: state.rip)
        case .waitForSIPI: return VCPUExit(handle.takesRequest() ? .requested : .halted, address: state.rip)
        case .halted: break
        default: if handle.takesRequest() { return VCPUExit(.requested, address: state.rip) }
        }
        if handle.takesSignal() { mustAsk = true }
        if let event = state.pending {
            state.pending = nil
            deliver(event.vector, errorCode: event.errorCode)
        } else if mustAsk {
            askSource()
        }
        switch state.activity {
        case .running: return nil
        case .halted: return VCPUExit(handle.takesRequest() ? .requested : .halted, address: state.rip)
        default: return VCPUExit(.shutdown, address: state.rip)
        }
    }

    /// Delivers what waits and may be delivered. `mustAsk` stays up while something waits for the guest to let it in.
    private func askSource() {
        guard let source else { return mustAsk = false }
        if !state.nmiBlocked, state.nmiPending || source.takeNonMaskableInterrupt(vcpu: 0) {
            state.nmiPending = false
            deliver(2)
            state.nmiBlocked = true
            return
        }
        guard source.hasPendingInterrupt(vcpu: 0) else { return mustAsk = false }
        guard state.rflags & 0x200 != 0, !state.blockedBySTI, !state.blockedByMovSS else { return }
        // It may have gone away since the question.
        guard let vector = source.acknowledgeInterrupt(vcpu: 0) else { return }
        deliver(UInt8(truncatingIfNeeded: vector))
    }

    /// Executes one instruction. Returns an exit where it can't be executed.
    private func step() -> VCPUExit? {
        start = state.rip
        let stack = state.general[4]
        let wasHeldOff = state.blockedBySTI || state.blockedByMovSS
        guard state.efer >> 10 & 1 != 0, state.segments[1].attributes >> 13 & 1 != 0,
            state.segments[1].selector & 3 == 0
        else { return VCPUExit.emulationFailure(at: start, low: 0, count: 0) }
        do throws(TinyFault) {
            guard try executeInstruction() else {
                state.rip = start
                return failure()
            }
            instructions &+= 1
        } catch {
            // A fault leaves the vCPU as it was before the instruction.
            state.rip = start
            state.general[4] = stack
            deliver(error.vector, errorCode: error.errorCode)
        }
        if wasHeldOff { (state.blockedBySTI, state.blockedByMovSS) = (false, false) }
        return nil
    }

    /// The exit for an instruction that is not known, with its bytes.
    private func failure() -> VCPUExit {
        let low = (try? load(start, 8)) ?? 0
        return VCPUExit.emulationFailure(at: start, low: low, count: 8)
    }

    /// Goes to the guest's handler of a vector. A fault on the way is a double fault, and one on that way a shutdown
    /// (Intel SDM vol. 3A, 6.15).
    func deliver(_ vector: UInt8, errorCode: UInt32? = nil) {
        state.activity = .running
        let (rip, stack) = (state.rip, state.general[4])
        do throws(TinyFault) {
            try enterHandler(vector, errorCode)
        } catch {
            (state.rip, state.general[4]) = (rip, stack)
            guard vector != 8 else { return state.activity = .shutdown }
            deliver(8, errorCode: 0)
        }
    }

    private func enterHandler(_ vector: UInt8, _ errorCode: UInt32?) throws(TinyFault) {
        let gate = UInt64(vector) * 16
        guard gate + 15 <= UInt64(state.idtr.limit) else { throw .protection }
        let low = try load(state.idtr.base &+ gate, 8)
        let high = try load(state.idtr.base &+ gate &+ 8, 8)
        guard low >> 47 & 1 != 0, low >> 32 & 7 == 0 else { throw .protection }
        let (stack, flags) = (state.general[4], state.rflags)
        state.general[4] &= ~15
        for value in [UInt64(state.segments[2].selector), stack, flags, UInt64(state.segments[1].selector), state.rip] {
            try push(value)
        }
        if let errorCode { try push(UInt64(errorCode)) }
        // A trap gate leaves IF as it is.
        state.rflags &= low >> 40 & 0xF == 0xF ? ~0x100 : ~0x300
        state.segments[1].selector = UInt16(truncatingIfNeeded: low >> 16)
        state.rip = low & 0xFFFF | low >> 32 & 0xFFFF_0000 | high << 32
        (state.blockedBySTI, state.blockedByMovSS) = (false, false)
        // The handler's first instruction may be preceded by a more urgent interrupt.
        mustAsk = true
    }
}
