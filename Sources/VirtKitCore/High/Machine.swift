/// A machine: made, run, watched and ended. All requirements may be called from any task.
///
/// A machine goes from `.created` through `.running` and `.paused` to `.stopped`; it can't be started twice. End it with
/// `stop()`, or make it by `Hypervisor.withMachine`: what happens to a machine whose last reference is dropped is the
/// backend's affair (a local machine ends soon; a managed one goes on).
public protocol Machine: AnyObject, Sendable {
    /// What the machine was made from.
    var configuration: MachineConfiguration { get }

    /// Where the machine stands now.
    var state: MachineState { get }

    /// The first serial port.
    var serial: SerialConsole { get }

    /// A new sequence of what happens to the machine from now on. It holds at most 256 events that nobody has read; when more
    /// come, the oldest are dropped and an event `.gap` counts them. It ends after the machine has stopped.
    func events() -> MachineEvents

    /// Lets the vCPUs run. Throws `.invalidState` unless the machine is `.created`.
    func start() async throws

    /// Stops the vCPUs at an instruction boundary, and the clock. Returns when they stand still. Nothing happens to a
    /// machine that is paused already.
    func pause() async throws

    /// Lets a paused machine go on.
    func resume() async throws

    /// Resets the machine in place: as if power had been cut and restored. A paused machine stays paused.
    /// Where a boot image can't be loaded again the machine ends with the error that is thrown.
    func reset() async throws

    /// Presses the power button for a moment. A guest without ACPI may ignore it.
    func pressPowerButton() async throws

    /// Asks the guest to end, and stops the machine if it has not after `deadline`.
    ///
    /// - Returns: how the machine ended: `.stopped` where the deadline passed.
    func shutdown(deadline: Duration) async throws -> MachineOutcome

    /// Ends the machine now. Returns when its threads have ended; it is not cut short by cancellation. Its memory is given
    /// back with the last reference to the machine. Nothing happens to a machine that has ended.
    func stop() async

    /// Waits for the machine's end. Throws only for a fault of the host, and `CancellationError` when the task is
    /// cancelled.
    func waitUntilStopped() async throws -> MachineOutcome

    /// The machine's counters at this moment.
    func statistics() async -> MachineStatistics

    /// Saving, where the backend can.
    var snapshots: (any MachineSnapshots)? { get }

    /// Moving the machine's threads among the host's CPUs, where the threads are the backend's own.
    var placement: (any MachinePlacementControl)? { get }
}

extension Machine {
    /// Nil: a backend whose threads can't be moved.
    public var placement: (any MachinePlacementControl)? { nil }
}

/// The ability to save a machine.
public protocol MachineSnapshots: AnyObject, Sendable {
    /// Writes the paused machine to a file, from which `Hypervisor.restoreMachine` makes it again. The file appears
    /// under its name only when it is whole.
    ///
    /// - Throws: `VirtKitError` with `.invalidState` unless the machine is paused, `.inputOutput` for the file.
    func save(to path: String) async throws
}

/// Something that makes machines.
public protocol Hypervisor: Sendable {
    /// Makes a machine; it does not run yet.
    ///
    /// - Throws: `VirtKitError`: `.invalidConfiguration` with every fault named, `.unsupported`, `.invalidImage`,
    ///   `.inputOutput`, `.resourceExhausted`.
    func makeMachine(_ configuration: MachineConfiguration) async throws -> any Machine

    /// Makes a machine again from a file that `MachineSnapshots.save` wrote; it is `.paused`.
    ///
    /// - Parameters:
    ///   - configuration: what the machine was made from. Its hardware (architecture, board, CPUs, memory, devices) must
    ///     be that of the saved machine.
    ///   - path: the file.
    /// - Throws: `VirtKitError`: `.invalidSavedState` for a file that is damaged or of other hardware, and what
    ///   `makeMachine` throws.
    func restoreMachine(_ configuration: MachineConfiguration, from path: String) async throws -> any Machine
}

extension Hypervisor {
    /// Makes a machine for the length of a scope. However the scope is left (return, error or cancellation), the machine
    /// is stopped and everything it held is given back before this returns.
    public nonisolated(nonsending) func withMachine<Result>(
        _ configuration: MachineConfiguration,
        _ body: nonisolated(nonsending) (any Machine) async throws -> Result
    ) async throws -> Result {
        let machine = try await makeMachine(configuration)
        return try await use(machine, body)
    }

    /// Restores a machine for the length of a scope, as `withMachine` makes one.
    public nonisolated(nonsending) func withRestoredMachine<Result>(
        _ configuration: MachineConfiguration, from path: String,
        _ body: nonisolated(nonsending) (any Machine) async throws -> Result
    ) async throws -> Result {
        let machine = try await restoreMachine(configuration, from: path)
        return try await use(machine, body)
    }

    private nonisolated(nonsending) func use<Result>(
        _ machine: any Machine, _ body: nonisolated(nonsending) (any Machine) async throws -> Result
    ) async throws -> Result {
        do {
            let result = try await body(machine)
            await machine.stop()
            return result
        } catch {
            await machine.stop()
            throw error
        }
    }
}
