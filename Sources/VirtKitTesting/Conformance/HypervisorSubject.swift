public import VirtKitCore

/// What a guest does that a conformance case needs.
public struct GuestRole: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The role's name.
    public let rawValue: String
    /// Makes a role from its name.
    public init(rawValue: String) { self.rawValue = rawValue }
    /// The name.
    public var description: String { rawValue }

    /// It powers its machine off at once.
    public static let powersOff = GuestRole(rawValue: "powers-off")
    /// It never ends, prints nothing, reads no input, and ignores the power button.
    public static let runsForever = GuestRole(rawValue: "runs-forever")
    /// It prints the subject's greeting and a newline once, and then stays.
    public static let greets = GuestRole(rawValue: "greets")
    /// It sends every byte that it gets back, for ever.
    public static let echoes = GuestRole(rawValue: "echoes")
    /// It prints without end, in lines.
    public static let floods = GuestRole(rawValue: "floods")
    /// It asks for a reset at once.
    public static let resets = GuestRole(rawValue: "resets")
    /// It powers its machine off when the power button is pressed.
    public static let obeysPowerButton = GuestRole(rawValue: "obeys-power-button")
    /// It can't go on at once: a triple fault, say.
    public static let crashes = GuestRole(rawValue: "crashes")
}

/// What the conformance kit examines: a hypervisor, with guests that it can run.
public struct HypervisorSubject: Sendable {
    /// The hypervisor.
    public var hypervisor: any Hypervisor
    /// A machine for each role. A case whose guest is missing is skipped, and says so.
    public var guests: [GuestRole: MachineConfiguration]
    /// What the guest `greets` prints, without its newline.
    public var greeting: String
    /// A folder of the host for files of the cases.
    public var temporaryFolder: String
    /// How long anything may take that should be prompt.
    public var patience: Duration
    /// Roles whose guests print something when they are ready: cases whose host must not be too early wait for it. (A board may lose
    /// a press of the power button that its firmware or guest has not enabled yet.)
    public var announcing: Set<GuestRole> = []
    /// Bytes of input that may wait on the host beyond the console's own capacity: in a pseudo-terminal, say.
    public var hostInputCapacity = 0

    /// Describes a subject.
    public init(
        hypervisor: any Hypervisor, guests: [GuestRole: MachineConfiguration], greeting: String,
        temporaryFolder: String = "/tmp", patience: Duration = .seconds(10)
    ) {
        self.hypervisor = hypervisor
        self.guests = guests
        self.greeting = greeting
        self.temporaryFolder = temporaryFolder
        self.patience = patience
    }

    /// The machine of a role; skips the case where there is none.
    func configuration(_ role: GuestRole) throws -> MachineConfiguration {
        guard let configuration = guests[role] else { throw ConformanceSkip("the subject has no guest \"\(role)\"") }
        return configuration
    }

    /// Any machine at all.
    func anyConfiguration() throws -> MachineConfiguration {
        guard let found = guests[.runsForever] ?? guests.values.first else {
            throw ConformanceSkip("the subject has no guest")
        }
        return found
    }

    /// Makes a machine for a case, and stops it afterwards.
    func withMachine<Result: Sendable>(
        _ role: GuestRole, adjust: (inout MachineConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (any Machine) async throws -> Result
    ) async throws -> Result {
        var configuration = try configuration(role)
        adjust(&configuration)
        let machine = try await make(configuration)
        do {
            let result = try await body(machine)
            try await prompt("stop at the end of a case") { await machine.stop() }
            return result
        } catch {
            // The first failure is the one to report.
            try? await prompt("stop at the end of a case") { await machine.stop() }
            throw error
        }
    }

    /// Makes a machine, promptly.
    func make(_ configuration: MachineConfiguration) async throws -> any Machine {
        try await prompt("makeMachine") { try await hypervisor.makeMachine(configuration) }
    }

    /// Does something that must end within the subject's patience.
    func prompt<Result: Sendable>(
        _ what: String, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withTimeLimit(patience, what, body)
    }

    /// Waits until something holds, within the subject's patience.
    func eventually(_ what: String, _ condition: @escaping @Sendable () -> Bool) async throws {
        let end = ContinuousClock.now + patience
        while !condition() {
            guard ContinuousClock.now < end else { throw ConformanceFailure("after \(patience): not \(what)") }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// How a machine ended, promptly.
    func outcome(of machine: any Machine) async throws -> MachineOutcome {
        try await prompt("waitUntilStopped") { try await machine.waitUntilStopped() }
    }

    /// Waits until the guest of a role is ready, where it says so.
    func ready(_ role: GuestRole, _ machine: any Machine) async throws {
        guard announcing.contains(role) else { return }
        try await eventually("ready, by its console") { machine.serial.printedByteCount > 0 }
    }

    /// A path for a file of a case.
    func temporaryPath(_ name: String) -> String {
        "\(temporaryFolder)/virtkit-conformance-\(UInt64.random(in: 0 ... .max))-\(name)"
    }
}
