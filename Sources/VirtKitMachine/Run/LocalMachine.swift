internal import VirtKitCore

/// A machine that runs in this process. Dropping the last reference to it ends it.
final class LocalMachine<TheBoard: Board>: Machine {
    private let loop: MachineLoop<TheBoard>
    private let thread: OwnedThread
    private let snapshotter: Snapshotter<TheBoard>
    private let placer: PlacementController

    /// Starts the machine's threads; the vCPUs stand still.
    init(loop: MachineLoop<TheBoard>, initialStates: [TheBoard.Architecture.State]) throws(VirtKitError) {
        self.loop = loop
        snapshotter = Snapshotter(loop: loop)
        let name = loop.configuration.name
        var vcpuThreads: [OwnedThread] = []
        do throws(VirtKitError) {
            for index in 0..<loop.control.count {
                vcpuThreads.append(
                    try OwnedThread(name: "\(name.prefix(8))/vcpu\(index)") {
                        var driver = VCPULoop(
                            index: index, control: loop.control, bus: loop.board.bus,
                            takeStateChange: { loop.board.takeStateChange(vcpu: $0) }, ended: { loop.take($0) })
                        do throws(VirtKitError) {
                            try loop.domain.withVCPU(index, &driver)
                        } catch {
                            loop.take(.failed(error))
                        }
                    })
            }
            let threads = vcpuThreads
            thread = try OwnedThread(name: "\(name.prefix(8))/machine") { loop.run(vcpuThreads: threads) }
            placer = PlacementController(vcpus: threads, io: thread)
        } catch {
            loop.control.quit()
            for thread in vcpuThreads { thread.join() }
            throw error
        }
        do throws(VirtKitError) {
            try placer.apply(loop.configuration.placement)
            for (index, state) in initialStates.enumerated() { try loop.control.writeState(index, state) }
        } catch {
            loop.end(.failure(error))
            thread.join()
            throw error
        }
    }

    deinit { loop.end(.success(.stopped)) }

    var configuration: MachineConfiguration { loop.configuration }
    var state: MachineState { loop.state }
    var serial: SerialConsole { loop.serial }
    var snapshots: (any MachineSnapshots)? { snapshotter }
    var placement: (any MachinePlacementControl)? { placer }
    func events() -> MachineEvents { loop.events.events() }

    func start() async throws {
        let loop = loop
        try await loop.perform("start") { () throws(VirtKitError) in
            guard loop.state == .created else { throw loop.wrongState("start", needs: "created") }
            loop.letRun()
        }
    }

    func pause() async throws {
        let loop = loop
        try await loop.perform("pause") { () throws(VirtKitError) in
            if loop.state == .paused { return }
            guard loop.state == .running else { throw loop.wrongState("pause", needs: "running") }
            try loop.hold()
        }
    }

    func resume() async throws {
        let loop = loop
        try await loop.perform("resume") { () throws(VirtKitError) in
            if loop.state == .running { return }
            guard loop.state == .paused else { throw loop.wrongState("resume", needs: "paused") }
            loop.letRun()
        }
    }

    func reset() async throws {
        let loop = loop
        try await loop.perform("reset") { () throws(VirtKitError) in
            guard loop.state == .running || loop.state == .paused else {
                throw loop.wrongState("reset", needs: "running or paused")
            }
            try loop.reset()
        }
    }

    func pressPowerButton() async throws {
        let loop = loop
        try await loop.perform("press power button") { () throws(VirtKitError) in
            guard loop.state == .running || loop.state == .paused else {
                throw loop.wrongState("press power button", needs: "running or paused")
            }
            loop.board.lock.withLock { loop.board.pressPowerButton() }
            loop.events.send(MachineEvent(.powerButton))
        }
    }

    func shutdown(deadline: Duration) async throws -> MachineOutcome {
        if state == .created { await stop() }
        // A machine that has ended in between is what was wanted.
        try? await pressPowerButton()
        let loop = loop
        let timer = Task {
            try await Task.sleep(for: deadline)
            loop.end(.success(.stopped))
        }
        defer { timer.cancel() }
        return try await waitUntilStopped()
    }

    func stop() async {
        loop.end(.success(.stopped))
        await loop.waitForEnd(cancellable: false)
        thread.join()
    }

    func waitUntilStopped() async throws -> MachineOutcome {
        await loop.waitForEnd(cancellable: true)
        guard let outcome = loop.finalOutcome else { throw CancellationError() }
        thread.join()
        return try outcome.get()
    }

    func statistics() async -> MachineStatistics {
        var counters = loop.domain.statistics()
        counters["bus-accesses"] = loop.board.accessCount
        return MachineStatistics(
            instructions: counters["instructions"], exits: loop.board.accessCount &+ (counters["exits"] ?? 0),
            machineTime: .nanoseconds(Int64(truncatingIfNeeded: loop.clock.now)),
            residentMemory: .bytes(loop.memory.residentBytes), engine: loop.domain.engine, counters: counters)
    }
}

extension MachineLoop {
    /// Does something on the control thread and waits for it.
    func perform<Value: Sendable>(
        _ operation: String, _ body: @escaping @Sendable () throws(VirtKitError) -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            post { hasEnded in
                do throws(VirtKitError) {
                    if hasEnded {
                        throw VirtKitError(.invalidState, operation: operation, message: "the machine has ended")
                    }
                    continuation.resume(returning: try body())
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }

    func wrongState(_ operation: String, needs: String) -> VirtKitError {
        VirtKitError(
            .invalidState, operation: operation, message: "the machine is \(state), and must be \(needs)")
    }
}
