internal import Synchronization
internal import VirtKitCore

/// A machine that is a domain of libvirt's.
final class LibvirtMachine: Machine {
    let configuration: MachineConfiguration
    let serial: SerialConsole
    let domain: LibvirtDomain
    private let hypervisor: LibvirtHypervisor
    /// Kept for as long as the hypervisor may read them.
    private let files: BootFiles
    private let life: MachineLife
    private let gate = Gate()
    private let console: LibvirtConsolePump?
    /// What QEMU said last why the guest has ended: "guest-reset", "guest-shutdown" … (ShutdownCause of QEMU's qapi/run-state.json)
    private let endReason = Mutex<String?>(nil)
    private let ending = Mutex<Task<Void, Never>?>(nil)
    /// Sets the policy for resets back after `reset()`; nil where there is nothing to set back.
    private let settling = Mutex<Task<Void, Never>?>(nil)
    /// What `stop` does, once for all its callers.
    private let stopping = Mutex<Task<Void, Never>?>(nil)

    var state: MachineState { life.current }
    var snapshots: (any MachineSnapshots)? { LibvirtMachineSnapshots(self) }
    func events() -> MachineEvents { life.events.events() }

    private init(
        _ domain: LibvirtDomain, _ configuration: MachineConfiguration, _ hypervisor: LibvirtHypervisor,
        _ files: BootFiles, _ state: MachineState, _ serial: SerialConsole, _ console: LibvirtConsolePump?
    ) {
        self.domain = domain
        self.configuration = configuration
        self.hypervisor = hypervisor
        self.files = files
        self.serial = serial
        self.console = console
        life = MachineLife(state)
    }

    /// Takes over a paused domain. It is destroyed where that fails.
    static func attach(
        _ domain: LibvirtDomain, _ configuration: MachineConfiguration, _ hypervisor: LibvirtHypervisor,
        files: BootFiles, state: MachineState
    ) async throws -> LibvirtMachine {
        do {
            return try await translating("attach to the domain") {
                let events = try await domain.events([.lifecycle, .reboot, .qemuMonitor])
                let serial = SerialConsole(configuration.serial)
                // A driver without consoles gives a machine with a silent one.
                let stream = try await hypervisor.connection.ifSupported { try await domain.openConsole() }
                let machine = LibvirtMachine(
                    domain, configuration, hypervisor, files, state, serial,
                    stream.map { LibvirtConsolePump($0, serial) })
                machine.watch(events)
                return machine
            }
        } catch {
            await domain.destroyCertainly()
            throw error
        }
    }

    // MARK: Watching

    private func watch(_ events: LibvirtEvents) {
        let machine = WeakReference(self)
        Task.detached {
            for await event in events {
                guard let machine = machine.object, machine.life.outcome == nil else { return }
                await machine.take(event)
            }
            // No events any more: the connection is closed. What it made is destroyed with it.
            if let machine = machine.object, machine.life.outcome == nil {
                await machine.finish(MachineOutcome(.stopped, details: "the connection to the hypervisor was closed"))
            }
        }
    }

    private func take(_ event: LibvirtEvent) async {
        switch event.kind {
        case .qemuMonitor:
            let details = event.values["details"]?.text ?? ""
            switch event.values["event"]?.text {
            // Another one comes when libvirt ends QEMU after that of the guest: "host-signal".
            case "SHUTDOWN" where details.contains("guest-"): endReason.withLock { $0 = details }
            // Resets by the host are told where they are made.
            case "RESET" where details.contains("guest-reset"):
                if settling.withLock({ $0 == nil }) { life.events.send(MachineEvent(.reset)) }
            default: break
            }
        case .lifecycle:
            guard let lifecycle = event.lifecycle else { return }
            switch lifecycle.step {
            case .stopped: await finish(outcome(lifecycle.detail))
            case .crashed: await finish(.crashed("the guest has panicked"))
            case .suspended, .resumed: await refresh()
            default: break
            }
        case .gap, .connectionLost: await refresh()
        default: break
        }
    }

    /// Looks at how it is, since somebody else may have changed it.
    private func refresh() async {
        let kind: LibvirtDomainState.Kind? = await gate.alone { [self] in
            guard life.outcome == nil, life.current != .created else { return nil }
            do {
                let kind = try await LibvirtConnection.$callLimit.withValue(Self.callLimit) {
                    try await domain.state().kind
                }
                switch kind {
                case .paused: life.change(to: .paused)
                case .running, .blocked: life.change(to: .running)
                default: break
                }
                return kind
            } catch let error as LibvirtError where error.code == .noDomain {
                return .shutOff
            } catch {
                return nil
            }
        }
        if kind == .shutOff || kind == .crashed {
            await finish(outcome(kind == .crashed ? 2 : 0))
        }
    }

    /// What a domain's end was. (virDomainEventStoppedDetailType)
    private func outcome(_ detail: Int32) -> MachineOutcome {
        switch detail {
        case 0:
            let reason = endReason.withLock { $0 } ?? ""
            if reason.contains("guest-reset") { return .reset }
            if reason.contains("guest-panic") { return .crashed("the guest has panicked") }
            return .poweredOff
        case 1: return .stopped
        case 2: return .crashed("the hypervisor says that the guest has crashed")
        case 3: return MachineOutcome(.stopped, details: "the domain was migrated away")
        case 4: return MachineOutcome(.stopped, details: "the domain was saved")
        case 5: return .crashed("the hypervisor failed")
        default: return MachineOutcome(.stopped, details: "libvirt's reason \(detail)")
        }
    }

    /// Ends everything that belongs to the machine, once; then the outcome is known.
    private func finish(_ outcome: MachineOutcome) async {
        let task = ending.withLock { ending in
            if let ending { return ending }
            let task = Task.detached { [self] in
                // The last output comes before the end.
                await console?.finish()
                serial.onInput(nil)
                serial.finish()
                life.end(outcome)
            }
            ending = task
            return task
        }
        await task.value
    }

    // MARK: Control

    /// How long a call about the domain may take, unless it moves the guest's memory. libvirt itself waits half a minute for another
    /// call about the domain to end.
    private static let callLimit = Duration.seconds(60)

    /// Does one thing after another with the domain, to its end even where the caller's task is cancelled. A call that hangs is
    /// abandoned after `limit`, with `.timedOut`, so that those behind it have their turn.
    func control(
        _ operation: String, in states: MachineState..., within limit: Duration? = callLimit,
        body: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await Task.detached { [self] in
            try await gate.alone { [self] in
                guard states.contains(life.current), !isEnding else {
                    throw refusal(operation, "must be " + states.map(\.rawValue).joined(separator: " or "))
                }
                do {
                    try await LibvirtConnection.$callLimit.withValue(limit) {
                        try await translating(operation) { try await body() }
                    }
                } catch {
                    // What a call says that was overtaken by the end depends on where it was.
                    guard await hasEndedMeanwhile() else { throw error }
                    throw refusal(operation, "has ended meanwhile")
                }
            }
        }.value
    }

    private func refusal(_ operation: String, _ state: String) -> VirtKitError {
        VirtKitError(
            .invalidState, operation: operation, message: "the machine is \(life.current), and \(state)")
    }

    private var isEnding: Bool { ending.withLock { $0 != nil } || stopping.withLock { $0 != nil } }

    /// Whether the machine has ended during a call that failed. QEMU's monitor closes a moment before libvirt notes the end.
    private func hasEndedMeanwhile() async -> Bool {
        for attempt in 0..<10 {
            if isEnding { return true }
            if attempt > 0 { try? await Task.sleep(for: .milliseconds(50)) }
            do {
                let kind = try await LibvirtConnection.$callLimit.withValue(.seconds(10)) {
                    try await domain.state().kind
                }
                if [.shutOff, .crashed, .shuttingDown].contains(kind) { return true }
            } catch {
                return (error as? LibvirtError)?.code == .noDomain || isEnding
            }
        }
        return isEnding
    }

    func start() async throws {
        try await control("start", in: .created) { [self] in
            try await domain.resume()
            life.change(to: .running)
        }
    }

    func pause() async throws {
        try await control("pause", in: .running, .paused) { [self] in
            guard life.current == .running else { return }
            try await domain.pause()
            life.change(to: .paused)
        }
    }

    func resume() async throws {
        try await control("resume", in: .running, .paused) { [self] in
            guard life.current == .paused else { return }
            try await domain.resume()
            life.change(to: .running)
        }
    }

    func reset() async throws {
        try await control("reset", in: .running, .paused) { [self] in
            if configuration.onReset == .stop { try await suspendStopAtReset() }
            try await domain.reset()
            life.events.send(MachineEvent(.reset))
        }
    }

    /// Lets resets be for a while where a guest's reset is to end the machine: SeaBIOS makes one or two of its own after each, since
    /// RAM says that it has run before; and libvirt looks at the policy some time after QEMU has told it of a reset. The policy is
    /// set back when the machine has run for three seconds without one.
    private func suspendStopAtReset() async throws {
        let events = try await domain.events([.reboot])
        try await domain.setAction(.restart, at: .reboot, .live)
        let task = Task.detached { [weak self] in
            var quiet = 0
            while quiet < 30 {
                guard let reset = await events.wait(for: .milliseconds(100)), !Task.isCancelled, let self,
                    !self.isEnding
                else { return }
                if reset { quiet = 0 } else if self.life.current == .running { quiet += 1 }
            }
            guard let self else { return }
            try? await self.gate.alone { [self] in
                guard !Task.isCancelled, !self.isEnding else { return }
                try await LibvirtConnection.$callLimit.withValue(Self.callLimit) {
                    try await self.domain.setAction(.destroy, at: .reboot, .live)
                }
                self.settling.withLock { $0 = nil }
            }
        }
        settling.withLock { settling in
            settling?.cancel()
            settling = task
        }
    }

    func pressPowerButton() async throws {
        try await control("press power button", in: .running, .paused) { [self] in
            try await domain.requestShutdown(.powerButton)
            life.events.send(MachineEvent(.powerButton))
        }
    }

    func shutdown(deadline: Duration) async throws -> MachineOutcome {
        if state == .created { await stop() }
        // A machine that has ended in between is what was wanted.
        try? await pressPowerButton()
        let timer = Task.detached { [self] in
            try await Task.sleep(for: deadline)
            await stop()
        }
        defer { timer.cancel() }
        return try await waitUntilStopped()
    }

    func stop() async {
        let task = stopping.withLock { stopping in
            if stopping == nil, life.outcome == nil {
                stopping = Task.detached { [self] in
                    let failure = await domain.destroyCertainly()
                    // The event of its end may say why, where the guest was faster.
                    await finish(failure.map { MachineOutcome(.stopped, details: "\($0)") } ?? .stopped)
                }
            }
            return stopping
        }
        await task?.value
    }

    func waitUntilStopped() async throws -> MachineOutcome {
        await life.wait()
        guard let outcome = life.outcome else { throw CancellationError() }
        return outcome
    }

    func statistics() async -> MachineStatistics {
        let time = life.time
        var statistics = MachineStatistics(
            machineTime: time, engine: "libvirt/\(hypervisor.options.virtualization.rawValue)")
        guard life.outcome == nil, let found = try? await domain.statistics() else { return statistics }
        statistics.residentMemory = found.residentMemory.map { .kibibytes($0) }
        for (name, value) in found.values { if let number = value.unsigned { statistics.counters[name] = number } }
        return statistics
    }

    func saved() { life.events.send(MachineEvent(.saved)) }

    var isLocal: Bool { hypervisor.connection.isLocal }
}

/// Saving to a file on the hypervisor's host: libvirt's own format, by an external snapshot of the memory, which leaves the
/// machine as it is.
final class LibvirtMachineSnapshots: MachineSnapshots {
    private let machine: LibvirtMachine
    init(_ machine: LibvirtMachine) { self.machine = machine }

    func save(to path: String) async throws {
        let machine = machine
        try await machine.control("save", in: .paused, within: nil) {
            // On another host the file appears at once: only libvirt can write there.
            let temporary = machine.isLocal ? "\(path).\(UInt64.random(in: 0 ... .max))" : path
            if machine.isLocal { try SavedFile.checkFolder(of: path) }
            do {
                var memory = XML.Element(XML.Name("memory"))
                memory[attribute: "snapshot"] = "external"
                memory[attribute: "file"] = temporary
                let snapshot = XML.Element(XML.Name("domainsnapshot"), children: [.element(memory)])
                _ = try await machine.domain.makeSnapshot(
                    xml: try XML.Document(root: snapshot).xmlString(), .noMetadata)
                if machine.isLocal {
                    try SavedFile.seal(temporary)
                    try SavedFile.rename(temporary, to: path)
                }
            } catch {
                if machine.isLocal { SavedFile.remove(temporary) }
                throw error
            }
            machine.saved()
        }
    }
}
