internal import Synchronization
public import VirtKitCore

/// Turns an accelerator into a hypervisor: machines that run in this process, on VirtKit's own boards.
public struct LocalHypervisor: Hypervisor {
    private let accelerator: any Accelerator
    private let deviceModels: [any DeviceModel]

    /// Makes a hypervisor.
    ///
    /// - Parameters:
    ///   - accelerator: what executes the guests.
    ///   - deviceModels: the models of the devices that configurations may add to a board, beyond those that VirtKit
    ///     has (`pc-testdev`, `isa-debugcon`). A model of the same name as one of those stands in for it.
    public init(_ accelerator: any Accelerator, deviceModels: [any DeviceModel] = []) {
        self.accelerator = accelerator
        self.deviceModels = deviceModels + BoardDeviceModels.all
    }

    /// Makes a machine. Its boot images are read and loaded; its threads wait.
    public func makeMachine(_ configuration: MachineConfiguration) async throws -> any Machine {
        let preferred = await accelerator.preferredTimerFrequency(for: configuration)
        let loop = try await makeLoop(
            configuration, frequency: preferred ?? PCAddresses.defaultTimeStampFrequency, state: .created,
            cpu: SavedCPU(
                accelerator: accelerator.id, model: Self.model(of: configuration),
                features: await features(for: configuration)))
        return try LocalMachine(loop: loop, initialStates: try loop.board.loadBootImages())
    }

    /// Makes a machine from a saved one; it is paused.
    public func restoreMachine(_ configuration: MachineConfiguration, from path: String) async throws -> any Machine {
        let saved = try SavedMachine.open(path)
        // A machine keeps the frequency that it was made with.
        let kept = saved.header.timerFrequency
        let isPossible = MachineConfiguration.timerFrequencies.contains(kept)
        let frequency = configuration.timerFrequency ?? (isPossible ? kept : PCAddresses.defaultTimeStampFrequency)
        let differences = saved.header.differences(
            from: SavedMachineHeader(configuration, timerFrequency: frequency))
        guard differences.isEmpty else {
            throw VirtKitError(
                .invalidSavedState, operation: "restore machine",
                message: "the saved machine has other hardware: " + differences.joined(separator: "; "),
                remedy: "restore with the configuration that the machine was made from")
        }
        let own = SavedCPU(
            accelerator: accelerator.id, model: Self.model(of: configuration),
            features: await accelerator.features(of: Self.model(of: configuration)))
        let cpu =
            try SavedCPU(of: saved.sections).map { (saved) throws(VirtKitError) in try own.take(over: saved) } ?? own
        if let wanted = configuration.cpuFeatures, let features = cpu.features, wanted != features {
            throw VirtKitError(
                .invalidSavedState, operation: "restore machine",
                message: "cpuFeatures are not those of the saved machine",
                remedy: "restore with the configuration that the machine was made from")
        }
        let loop = try await makeLoop(configuration, frequency: frequency, state: .paused, cpu: cpu)
        try SavedMachine.readMemory(saved, into: loop.memory)
        let states = try loop.restore(saved.sections)
        return try LocalMachine(loop: loop, initialStates: states)
    }

    private static func model(of configuration: MachineConfiguration) -> CPUModel {
        configuration.cpuModel == .standard ? PCBoard.standardCPUModel : configuration.cpuModel
    }

    private func features(for configuration: MachineConfiguration) async -> X86_64.Features? {
        if let features = configuration.cpuFeatures { return features }
        return await accelerator.features(of: Self.model(of: configuration))
    }

    private func validate(_ configuration: MachineConfiguration) async throws(VirtKitError) {
        var faults = configuration.faults
        for device in configuration.devices {
            if let model = deviceModels.first(where: { $0.name == device.model }) {
                faults += model.faults(in: device).map { "device \"\(device.id)\": \($0)" }
            } else {
                faults.append("device \"\(device.id)\" has the model \"\(device.model)\", which is not known")
            }
        }
        guard faults.isEmpty else {
            throw VirtKitError(
                .invalidConfiguration, operation: "make machine", message: faults.joined(separator: "; "))
        }
        let answer = await accelerator.suitability(for: configuration)
        guard answer.level > .no else {
            throw VirtKitError(
                .unsupported, operation: "make machine", message: "\(accelerator.id): \(answer.reason)",
                remedy: answer.remedy)
        }
    }

    private func makeLoop(
        _ configuration: MachineConfiguration, frequency: UInt64, state: MachineState, cpu: SavedCPU
    ) async throws(VirtKitError) -> MachineLoop<PCBoard> {
        var hardware = configuration
        hardware.timerFrequency = configuration.timerFrequency ?? frequency
        try await validate(hardware)
        let layout = try PCMemoryLayout(hardware)
        let memory = try GuestMemory(regions: layout.regions(policy: configuration.memoryPolicy))
        let clock = MachineClock()
        var request = DomainRequest(
            architecture: configuration.architecture, cpus: configuration.cpus,
            cpuModel: cpu.model,
            memory: memory, clock: clock,
            timerFrequency: hardware.timerFrequency ?? frequency)
        request.entropy = HostEntropy()
        request.features = cpu.features
        let made = try accelerator.makeDomain(request)
        guard let domain = made as? any AcceleratorDomain<X86_64> else {
            throw VirtKitError(
                .backendFailure, operation: "make machine",
                message: "\(accelerator.id) made a domain of another architecture")
        }
        let isKnown: Bool =
            switch domain.interruptMode {
            case .external: true
            case .local: domain.localControllers != nil
            case .full: domain.localControllers is any BoardControllers
            default: false
            }
        guard isKnown else {
            throw VirtKitError(
                .unsupported, operation: "make machine",
                message: "the board has no support for interrupt mode \(domain.interruptMode.rawValue) yet")
        }
        let wake = WakeEvent()
        let control = VCPUControl<X86_64>(
            handles: (0..<domain.cpuCount).map { domain.handle($0) }, controlEvent: wake)
        let serial = SerialConsole(configuration.serial)
        let link = MachineLink()
        let board = try PCBoard(
            configuration: hardware, memory: memory, layout: layout, clock: clock, serial: serial,
            deviceModels: deviceModels, request: { link.take($0, code: $1) },
            signal: { [weak control] in control?.interrupt($0) }, restart: { [weak control] in control?.restart($0) })
        board.timers.deadlineMoved = { wake.signal() }
        serial.onInput { wake.signal() }
        domain.connect(board.interruptSource)
        let loop = MachineLoop(
            configuration: configuration, timerFrequency: hardware.timerFrequency ?? frequency, cpu: cpu, board: board,
            memory: memory, clock: clock, domain: domain,
            control: control, serial: serial, wake: wake, state: state)
        link.connect(loop)
        domain.connect(events: loop.events)
        return loop
    }
}

/// What a board's requests go through: the board is made before the loop that serves them, and must not keep it alive.
private final class MachineLink: Sendable {
    private struct Target {
        weak var loop: MachineLoop<PCBoard>?
    }

    private let target = Mutex(Target())

    func connect(_ loop: MachineLoop<PCBoard>) { target.withLock { $0.loop = loop } }

    func take(_ request: MachineRequest, code: UInt32) {
        target.withLock { $0.loop }?.take(request, code: code)
    }
}
