internal import Synchronization
internal import VirtKitCore

/// The machine's control thread: runs the timers and the console while the machine runs, and does everything that
/// changes the machine's state, one thing after another.
///
/// It holds no reference to the `LocalMachine` that it serves, so that dropping that ends the machine.
final class MachineLoop<TheBoard: Board>: Sendable {
    typealias GuestState = TheBoard.Architecture.State

    /// Something for the control thread to do; told whether the machine has ended.
    typealias Job = @Sendable (_ hasEnded: Bool) -> Void

    private struct Shared {
        var state: MachineState
        var jobs: [Job] = []
        var outcome: Result<MachineOutcome, VirtKitError>?
        var resetRequested = false
        var hasEnded = false
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
    }

    let configuration: MachineConfiguration
    /// In Hz, also where the configuration leaves it open.
    let timerFrequency: UInt64
    /// What the guest was told of its CPUs.
    let cpu: SavedCPU
    let board: TheBoard
    let memory: GuestMemory
    let clock: MachineClock
    let domain: any AcceleratorDomain<TheBoard.Architecture>
    let control: VCPUControl<TheBoard.Architecture>
    let serial: SerialConsole
    let events = MachineEventSource()
    private let wake: WakeEvent
    private let shared: Mutex<Shared>

    init(
        configuration: MachineConfiguration, timerFrequency: UInt64, cpu: SavedCPU, board: TheBoard,
        memory: GuestMemory,
        clock: MachineClock,
        domain: any AcceleratorDomain<TheBoard.Architecture>, control: VCPUControl<TheBoard.Architecture>,
        serial: SerialConsole, wake: WakeEvent, state: MachineState
    ) {
        self.configuration = configuration
        self.timerFrequency = timerFrequency
        self.cpu = cpu
        self.board = board
        self.memory = memory
        self.clock = clock
        self.domain = domain
        self.control = control
        self.serial = serial
        self.wake = wake
        shared = Mutex(Shared(state: state))
    }

    var state: MachineState { shared.withLock { $0.state } }

    // MARK: From any thread

    /// Has the control thread do a job; told so if the machine has ended already.
    func post(_ job: @escaping Job) {
        let ended = shared.withLock { shared in
            if !shared.hasEnded { shared.jobs.append(job) }
            return shared.hasEnded
        }
        if ended { job(true) } else { wake.signal() }
    }

    /// Ends the machine with an outcome, unless it has one already.
    func end(_ outcome: Result<MachineOutcome, VirtKitError>) {
        shared.withLock { shared in
            if shared.outcome == nil { shared.outcome = outcome }
        }
        // The vCPUs stop at once, whatever the control thread is waiting for.
        control.quit()
        wake.signal()
    }

    /// What a device asks for, on the thread that accessed it.
    func take(_ request: MachineRequest, code: UInt32) {
        switch request {
        case .powerOff: end(.success(.poweredOff))
        case .debugExit: end(.success(MachineOutcome(.debugExit, code: code)))
        case .reset where configuration.onReset == .restart:
            shared.withLock { $0.resetRequested = true }
            control.kick()
            wake.signal()
        case .reset: end(.success(.reset))
        default: end(.success(.crashed("the board asked for \(request.rawValue), which is not known")))
        }
    }

    /// A vCPU has come to an end.
    func take(_ ending: VCPUEnding) {
        switch ending {
        case .crashed(let details): end(.success(.crashed(details)))
        case .failed(let error): end(.failure(error))
        }
    }

    /// The outcome, once the machine has ended and everything is given back.
    var finalOutcome: Result<MachineOutcome, VirtKitError>? {
        shared.withLock { $0.hasEnded ? $0.outcome : nil }
    }

    /// Waits until the machine has ended; with `cancellable`, or until the task is cancelled.
    func waitForEnd(cancellable: Bool) async {
        let id = shared.withLock { shared in
            shared.nextWaiter += 1
            return shared.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waits = shared.withLock { shared in
                    guard !shared.hasEnded, !(cancellable && Task.isCancelled) else { return false }
                    shared.waiters[id] = continuation
                    return true
                }
                if !waits { continuation.resume() }
            }
        } onCancel: {
            guard cancellable else { return }
            shared.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
    }

    // MARK: On the control thread

    /// The thread's body. Returns when the machine has ended and its vCPU threads have been joined.
    func run(vcpuThreads: [OwnedThread]) {
        while true {
            let seen = wake.count
            let (jobs, resetRequested, ending) = shared.withLock { shared in
                defer {
                    shared.jobs = []
                    shared.resetRequested = false
                }
                return (shared.jobs, shared.resetRequested, shared.outcome != nil)
            }
            if ending {
                finish(jobs, vcpuThreads)
                return
            }
            // Also where the machine was paused just after the guest asked. A failure is the machine's outcome.
            if resetRequested { try? reset() }
            for job in jobs { job(false) }
            let delay = runDevices()
            if delay != 0 { wake.wait(since: seen, timeout: delay) }
        }
    }

    /// Runs what is due. Returns the nanoseconds until the next timer; nil where there is none.
    private func runDevices() -> UInt64? {
        guard state == .running else { return nil }
        return board.lock.withLock {
            board.timers.run(now: clock.now)
            board.serialInputArrived()
            guard let next = board.timers.nextDeadline else { return nil }
            let now = clock.now
            return next > now ? next - now : 0
        }
    }

    private func finish(_ jobs: [Job], _ vcpuThreads: [OwnedThread]) {
        control.quit()
        for thread in vcpuThreads { thread.join() }
        clock.pause()
        serial.onInput(nil)
        setState(.stopped)
        let (late, waiters) = shared.withLock { shared in
            shared.hasEnded = true
            defer {
                shared.jobs = []
                shared.waiters = [:]
            }
            return (shared.jobs, Array(shared.waiters.values))
        }
        for job in jobs + late { job(true) }
        serial.finish()
        events.finish()
        for waiter in waiters { waiter.resume() }
    }

    func setState(_ state: MachineState) {
        shared.withLock { $0.state = state }
        events.send(MachineEvent(.stateChanged, details: state.rawValue))
    }

    /// Lets the vCPUs and the clock go.
    func letRun() {
        handOver()
        clock.start()
        setState(.running)
        control.run()
    }

    /// Stops the vCPUs and the clock.
    func hold() throws(VirtKitError) {
        try control.park()
        let taken = board.lock.withLock { () -> Result<Void, VirtKitError> in
            clock.pause()
            return Result { () throws(VirtKitError) in try board.takeBackControllers() }
        }
        setState(.paused)
        do throws(VirtKitError) { try taken.get() } catch {
            end(.failure(error))
            throw error
        }
    }

    /// In `local` and `full` interrupt mode: controllers are the accelerator's while the vCPUs run.
    private func handOver() {
        guard let controllers = domain.localControllers else { return }
        let result = board.lock.withLock {
            Result { () throws(VirtKitError) in try board.handOver(to: controllers) }
        }
        if case .failure(let error) = result { end(.failure(error)) }
    }

    /// Resets the machine, which is running or paused, and stays so. Where that fails the machine ends: what it was is
    /// lost already.
    func reset() throws(VirtKitError) {
        do throws(VirtKitError) {
            try control.park()
            // Time stands still, so that all time-stamp counters begin together.
            board.lock.withLock {
                clock.pause()
                board.reset()
            }
            try domain.reset()
            for (index, state) in try board.loadBootImages().enumerated() { try control.writeState(index, state) }
        } catch {
            end(.failure(error))
            throw error
        }
        if state == .running {
            handOver()
            clock.start()
            control.run()
        }
        events.send(MachineEvent(.reset))
    }
}
