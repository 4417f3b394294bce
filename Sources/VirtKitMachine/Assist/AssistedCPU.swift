internal import VirtKitCore

/// What is kept of one vCPU of an assisted domain: which of the two has it, and the other's part. Confined to the thread
/// that it is lent to, but for `handle`.
final class AssistedProcessor: @unchecked Sendable {
    // SAFETY: as the comment above says; `isWithAssistant` is also changed by the domain's `reset`, while no vCPU runs.
    let index: Int
    let handle: AssistedHandle
    /// The assistant has the vCPU's state, since the primary refused to take it back.
    var isWithAssistant = false
    /// The instructions that the assistant has completed.
    private(set) var assistedInstructions: UInt64 = 0

    private let primary: any AcceleratorDomain<X86_64>
    private let assistant: any AcceleratorDomain<X86_64>
    private let clock: MachineClock
    private var length: AssistLength
    private let log: AssistLog

    init(
        index: Int, primary: any AcceleratorDomain<X86_64>, assistant: any AcceleratorDomain<X86_64>,
        clock: MachineClock, length: AssistLength, log: AssistLog
    ) {
        self.index = index
        self.primary = primary
        self.assistant = assistant
        self.clock = clock
        self.length = length
        self.log = log
        handle = AssistedHandle(primary: primary.handle(index), assistant: assistant.handle(index))
    }

    /// The state of a vCPU that the assistant has.
    func assistantState() throws(VirtKitError) -> X86_64.State {
        var reader = AssistReader()
        try assistant.withVCPU(index, &reader)
        guard let state = reader.state else {
            throw VirtKitError(.backendFailure, operation: "read the state of a vCPU", message: "it was not lent")
        }
        return state
    }

    /// Has the assistant execute a state that the primary can't go on with; nil: the one that the assistant has.
    ///
    /// - Parameter failure: the primary's exit; nil where the assistant goes on with a state that the primary refuses.
    /// - Returns: nil where the assistant refuses the state.
    func assist(
        _ state: X86_64.State?, failure: VCPUExit?, bus: any GuestBus
    ) throws(VirtKitError) -> (exit: VCPUExit, state: X86_64.State)? {
        var run = AssistRun(
            state: state, instructions: length.begin(at: clock.now), bus: bus, handle: handle)
        defer { length.end(at: clock.now) }
        if state != nil { assistant.noteForeignRun(vcpu: index) }
        do throws(VirtKitError) {
            try assistant.withVCPU(index, &run)
        } catch {
            guard run.isRefused else { throw error }
            log.noteRefusal()
            return nil
        }
        guard var after = run.after else {
            throw VirtKitError(.backendFailure, operation: "run a vCPU", message: "the assistant did not run it")
        }
        assistedInstructions &+= run.completed
        if let failure {
            log.noteAssist(failure, vcpu: index, instructions: run.completed)
        } else {
            log.noteLongerAssist(instructions: run.completed)
        }
        // The primary's counter has run on by itself, and is ahead by what the hand-over took. Where the guest has set
        // the counter meanwhile, which IA32_TSC_ADJUST tells (Intel SDM volume 3B, 18.17.3), it is the new one.
        after.keepsTimeStampCounter = after.timeStampAdjust == run.timeStampAdjust
        return (run.exit, after)
    }

    /// Gives the vCPU back to the primary, if it takes the state.
    func giveBack<Primary: VirtualCPU & ~Copyable>(
        _ state: X86_64.State, to cpu: inout Primary
    ) throws(VirtKitError) where Primary.Architecture == X86_64 {
        primary.noteForeignRun(vcpu: index)
        do throws(VirtKitError) {
            try cpu.setState(state)
            isWithAssistant = false
        } catch {
            guard error.code == .invalidSavedState else { throw error }
            log.noteRefusal()
            isWithAssistant = true
        }
    }
}

extension X86_64.State {
    /// IA32_TSC_ADJUST; 0 where it is not listed.
    fileprivate var timeStampAdjust: UInt64 { modelSpecific.first { $0.number == 0x3B }?.value ?? 0 }
}

/// A vCPU of an assisted domain, lent to a driver.
struct AssistedCPU<Primary: VirtualCPU & ~Copyable>: VirtualCPU, ~Copyable where Primary.Architecture == X86_64 {
    typealias Architecture = X86_64

    // SAFETY: the vCPU that the primary has lent, for as long as it is lent: see `AssistedLender`.
    private let primary: UnsafeMutablePointer<Primary>
    private let processor: AssistedProcessor

    init(primary: UnsafeMutablePointer<Primary>, processor: AssistedProcessor) {
        self.primary = primary
        self.processor = processor
    }

    var index: Int { processor.index }
    var instructionCount: UInt64? { primary.pointee.instructionCount.map { $0 &+ processor.assistedInstructions } }

    mutating func run(_ bus: any GuestBus) throws(VirtKitError) -> VCPUExit {
        while true {
            if processor.isWithAssistant {
                if let exit = try goOnWithAssistant(bus) { return exit }
                continue
            }
            let exit = try primary.pointee.run(bus)
            switch exit.kind {
            case .requested where !processor.handle.takesRequest(): continue
            case .emulationFailure:
                var state = try primary.pointee.state()
                state.keepsTimeStampCounter = false
                guard let (next, after) = try processor.assist(state, failure: exit, bus: bus) else { return exit }
                try processor.giveBack(after, to: &primary.pointee)
                if next.kind != .budget { return next }
            default: return exit
            }
        }
    }

    /// The primary has refused a state: perhaps it takes the next one.
    private func goOnWithAssistant(_ bus: any GuestBus) throws(VirtKitError) -> VCPUExit? {
        guard let (next, after) = try processor.assist(nil, failure: nil, bus: bus) else { return nil }
        try processor.giveBack(after, to: &primary.pointee)
        return next.kind == .budget ? nil : next
    }

    func state() throws(VirtKitError) -> X86_64.State {
        processor.isWithAssistant ? try processor.assistantState() : try primary.pointee.state()
    }

    mutating func setState(_ state: X86_64.State) throws(VirtKitError) {
        try primary.pointee.setState(state)
        processor.isWithAssistant = false
    }
}

/// One assist: sets the state, runs, and reads the state.
private struct AssistRun: VCPUDriver {
    typealias Architecture = X86_64

    let state: X86_64.State?
    let instructions: UInt64
    let bus: any GuestBus
    let handle: AssistedHandle

    var isRefused = false
    var exit = VCPUExit(.budget)
    var completed: UInt64 = 0
    var after: X86_64.State?
    /// IA32_TSC_ADJUST before the run.
    var timeStampAdjust: UInt64 = 0

    init(state: X86_64.State?, instructions: UInt64, bus: any GuestBus, handle: AssistedHandle) {
        self.state = state
        self.instructions = instructions
        self.bus = bus
        self.handle = handle
    }

    mutating func drive<CPU: VirtualCPU & ~Copyable>(_ cpu: inout CPU) throws(VirtKitError)
    where CPU.Architecture == X86_64 {
        if let state {
            do throws(VirtKitError) {
                try cpu.setState(state)
            } catch {
                isRefused = error.code == .invalidSavedState
                throw error
            }
            timeStampAdjust = state.timeStampAdjust
        } else {
            timeStampAdjust = try cpu.state().timeStampAdjust
        }
        let before = cpu.instructionCount
        repeat {
            exit = try cpu.run(bus, atMost: instructions)
        } while exit.kind == .requested && !handle.takesRequest()
        if let before, let now = cpu.instructionCount { completed = now &- before }
        after = try cpu.state()
    }
}

/// Reads a vCPU's state.
private struct AssistReader: VCPUDriver {
    typealias Architecture = X86_64
    var state: X86_64.State?

    mutating func drive<CPU: VirtualCPU & ~Copyable>(_ cpu: inout CPU) throws(VirtKitError)
    where CPU.Architecture == X86_64 { state = try cpu.state() }
}
