import Foundation
import VirtKit

extension Architecture {
    /// The tape computer.
    public static let tape = Architecture(rawValue: "tape")
}

extension BoardModel {
    /// The tape computer's only board: a serial port and a power button.
    public static let tape1 = BoardModel(rawValue: "tape-1")
}

/// A hypervisor from outside of VirtKit, with machines, a board and an architecture of its own.
public struct TapeHypervisor: Hypervisor {
    /// The boards that VirtKit does not have.
    public static let boards: [Architecture: [BoardModel]] = [.tape: [.tape1]]

    /// Makes a hypervisor.
    public init() {}

    /// Makes a machine. Its image is `BootSource.flat` at address 0.
    public func makeMachine(_ configuration: MachineConfiguration) async throws -> any Machine {
        TapeMachine(configuration, tape: try Self.tape(for: configuration), elapsed: nil)
    }

    /// Makes a machine again; it is paused.
    public func restoreMachine(_ configuration: MachineConfiguration, from path: String) async throws -> any Machine {
        var tape = try Self.tape(for: configuration)
        let elapsed = try SavedTape.read(path, configuration, into: &tape)
        return TapeMachine(configuration, tape: tape, elapsed: elapsed)
    }

    /// Checks everything that a configuration asks for, and loads its image.
    static func tape(for configuration: MachineConfiguration) throws(VirtKitError) -> Tape {
        let faults = faults(of: configuration)
        guard faults.isEmpty else {
            throw VirtKitError(
                .invalidConfiguration, operation: "make a tape machine", message: faults.joined(separator: "; "))
        }
        switch configuration.boot {
        case .flat(let image, _):
            return try Tape(
                image: image.contents(purpose: "tape program", limit: 1 << 20),
                size: Int(clamping: configuration.memory.rawValue))
        case .linux(let image, _, _, _), .elf(let image, _), .multiboot(let image, _, _), .firmware(let image):
            // A file that is not there is another error than one that is of no use.
            _ = try image.contents(purpose: "kernel")
            throw VirtKitError(
                .invalidImage, operation: "make a tape machine", message: "a tape machine boots flat images only",
                remedy: "Use BootSource.flat with a tape program.")
        case nil:
            throw VirtKitError(
                .invalidConfiguration, operation: "make a tape machine", message: "there is nothing to run")
        }
    }

    static func faults(of configuration: MachineConfiguration) -> [String] {
        var faults = configuration.faults(boards: boards)
        if configuration.architecture != .tape { faults.append("there are tape guests only") }
        if configuration.cpus != 1 { faults.append("a tape machine has one CPU, not \(configuration.cpus)") }
        if configuration.cpuModel != .standard { faults.append("cpuModel \(configuration.cpuModel) is not known") }
        if configuration.timerFrequency != nil { faults.append("a tape machine has no timer") }
        faults += configuration.devices.map { "device \"\($0.id)\" has the model \"\($0.model)\", which is not known" }
        return faults
    }
}

/// The tape hypervisor as a backend.
public struct TapeBackend: Backend {
    /// Makes the backend.
    public init() {}
    /// "tape".
    public var id: String { "tape" }
    /// Software executes the guest, in this process.
    public var kind: BackendKind { .emulator }
    /// What its machines can do.
    public var abilities: [String] { ["console", "events", "pause", "reset", "power-button", "snapshot"] }
    /// The board `tape-1`: so `best(for:)` knows it too.
    public var boards: [Architecture: [BoardModel]] { TapeHypervisor.boards }
    /// It works on every host.
    public func availability() async -> Suitability {
        Suitability(.full, reason: "executes tape programs in software, on any host")
    }
    /// Whether it can run a machine.
    public func probe(for configuration: MachineConfiguration) async -> Suitability {
        let faults = TapeHypervisor.faults(of: configuration)
        return faults.isEmpty
            ? await availability()
            : Suitability(.no, reason: faults.joined(separator: "; "), remedy: "Use another backend.")
    }
    /// Makes the hypervisor.
    public func makeHypervisor() async throws -> any Hypervisor { TapeHypervisor() }
}

/// The file of a saved machine.
enum SavedTape {
    private static let magic: UInt64 = 0x3130_4550_4154_4B56

    /// Writes the file in one step: under its name it is whole, or not there.
    static func write(
        _ tape: Tape, elapsed: Duration, _ configuration: MachineConfiguration, to path: String
    ) throws(VirtKitError) {
        var encoder = StateEncoder()
        encoder.encode(magic)
        encoder.encode(hardware(of: configuration))
        encoder.encode(Int64(elapsed / .nanoseconds(1)))
        tape.encode(into: &encoder)
        do {
            try Data(encoder.bytes).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw VirtKitError(
                .inputOutput, operation: "save machine", message: "\(path): \(error.localizedDescription)")
        }
    }

    /// Reads a file into a tape that was just made. Gives the machine time that had passed.
    static func read(
        _ path: String, _ configuration: MachineConfiguration, into tape: inout Tape
    ) throws(VirtKitError) -> Duration {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw VirtKitError(.inputOutput, operation: "restore machine", message: "\(path) can't be read")
        }
        do throws(StateError) {
            var decoder = StateDecoder(Array(bytes))
            guard try decoder.decode(UInt64.self) == magic else { throw StateError("it is no saved tape machine") }
            guard try decoder.decode(String.self) == hardware(of: configuration) else {
                throw StateError("it was saved from other hardware")
            }
            let elapsed = Duration.nanoseconds(try decoder.decode(Int64.self))
            try tape.restore(from: &decoder)
            try decoder.finish()
            return elapsed
        } catch {
            throw VirtKitError(.invalidSavedState, operation: "restore machine", message: "\(path): \(error)")
        }
    }

    private static func hardware(of configuration: MachineConfiguration) -> String {
        "\(configuration.architecture) \(configuration.board) \(configuration.memory)"
    }
}
