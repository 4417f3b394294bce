internal import Glibc
public import VirtKitCore
internal import VirtKitMachine

/// A hypervisor without machines: its guests are scripts (`FakeGuest`), and nothing is executed.
///
/// It keeps every rule of the contract, so that programs and the conformance kit itself can be tested without a guest,
/// a thread or a mapping.
public struct FakeHypervisor: Hypervisor {
    /// Makes a hypervisor.
    public init() {}

    /// Makes a machine.
    public func makeMachine(_ configuration: MachineConfiguration) async throws -> any Machine {
        FakeMachine(configuration, guest: try Self.guest(of: configuration), saved: nil)
    }

    /// Makes a machine again.
    public func restoreMachine(_ configuration: MachineConfiguration, from path: String) async throws -> any Machine {
        let guest = try Self.guest(of: configuration)
        let file = try ImageFile(.path(path), purpose: "saved machine", allowsEmpty: true)
        guard file.size <= 1 << 16 else { throw FakeSavedMachine.failure("it is too large") }
        let bytes = try file.bytes(at: 0, count: Int(file.size))
        let saved: FakeSavedMachine
        do { saved = try FakeSavedMachine(bytes) } catch { throw FakeSavedMachine.failure(error.message) }
        guard saved.hardware == FakeSavedMachine.hardware(of: configuration) else {
            throw FakeSavedMachine.failure("it was saved from \(saved.hardware), and the configuration is another")
        }
        guard saved.position <= guest.steps.count else { throw FakeSavedMachine.failure("its guest is another") }
        return FakeMachine(configuration, guest: guest, saved: saved)
    }

    private static func guest(of configuration: MachineConfiguration) throws(VirtKitError) -> FakeGuest {
        try configuration.validate()
        if let device = configuration.devices.first {
            throw VirtKitError(
                .unsupported, operation: "make machine",
                message: "device \"\(device.id)\" has the model \"\(device.model)\", which is not known",
                remedy: "A fake machine has no devices.")
        }
        guard configuration.placement.isEmpty, configuration.memoryPolicy.isEmpty,
            configuration.cpuFeatures == nil
        else {
            throw VirtKitError(
                .unsupported, operation: "make machine", message: "a fake machine has no threads, no memory and no CPU",
                remedy: "Leave placement, memoryPolicy and cpuFeatures out.")
        }
        let image: BootImage? =
            switch configuration.boot {
            case .linux(let image, _, _, _), .elf(let image, _), .flat(let image, _), .multiboot(let image, _, _),
                .firmware(let image):
                image
            case nil: nil
            }
        let file = try ImageFile(image ?? .bytes([]), purpose: "fake guest")
        guard file.size <= 1 << 20, let guest = FakeGuest(image: try file.bytes(at: 0, count: Int(file.size))) else {
            throw VirtKitError(
                .invalidImage, operation: "load fake guest", message: "\(file.name) is not a fake guest",
                remedy: "Boot from FakeGuest(…).image.")
        }
        return guest
    }
}

/// The fake hypervisor as a backend.
public struct FakeBackend: Backend {
    /// Makes a backend.
    public init() {}
    /// "fake".
    public var id: String { "fake" }
    /// `.fake`.
    public var kind: BackendKind { .fake }
    /// All that the contract has.
    public var abilities: [String] { ["console", "events", "pause", "power-button", "reset", "snapshot"] }
    /// It works everywhere, and runs nothing.
    public func availability() async -> Suitability {
        Suitability(.limited, reason: "it runs scripts in place of guests", remedy: "Use it for tests only.")
    }
    /// As `availability`.
    public func probe(for configuration: MachineConfiguration) async -> Suitability { await availability() }
    /// Makes the hypervisor.
    public func makeHypervisor() async throws -> any Hypervisor { FakeHypervisor() }
}

/// What a fake machine's file holds.
struct FakeSavedMachine {
    var hardware: String
    var position: Int
    var elapsed: Duration

    private static let magic: UInt64 = 0x4B41_4656_4953_4156

    init(hardware: String, position: Int, elapsed: Duration) {
        self.hardware = hardware
        self.position = position
        self.elapsed = elapsed
    }

    init(_ bytes: [UInt8]) throws(StateError) {
        var decoder = StateDecoder(bytes)
        guard try decoder.decode(UInt64.self) == Self.magic else { throw StateError("it is not a saved fake machine") }
        hardware = try decoder.decode(String.self)
        position = Int(truncatingIfNeeded: try decoder.decode(UInt32.self))
        elapsed = .nanoseconds(Int64(truncatingIfNeeded: try decoder.decode(UInt64.self)))
        try decoder.finish()
    }

    /// The file's contents.
    var bytes: [UInt8] {
        var encoder = StateEncoder()
        encoder.encode(Self.magic)
        encoder.encode(hardware)
        encoder.encode(UInt32(truncatingIfNeeded: position))
        encoder.encode(UInt64(truncatingIfNeeded: Int64(elapsed / .nanoseconds(1))))
        return encoder.bytes
    }

    /// What must be the same when a machine is restored.
    static func hardware(of configuration: MachineConfiguration) -> String {
        let devices = configuration.devices.map(\.id).joined(separator: ",")
        return "\(configuration.architecture) \(configuration.board) \(configuration.cpus) CPUs "
            + "\(configuration.memory) [\(devices)]"
    }

    static func failure(_ message: String) -> VirtKitError {
        VirtKitError(.invalidSavedState, operation: "restore machine", message: message)
    }

    /// Writes the file in one step.
    func write(to path: String) throws(VirtKitError) {
        func failure(_ number: Int32) -> VirtKitError {
            VirtKitError(
                .inputOutput, operation: "save machine", message: "\(path): \(String(cString: strerror(number)))",
                errno: number, remedy: "Check the path, its permissions and the free space.")
        }
        let temporary = path + ".tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(errno) }
        let bytes = bytes
        // SAFETY: the pointer and the count are those of the array, which outlives the call.
        let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        let number = errno
        close(descriptor)
        guard written == bytes.count, rename(temporary, path) == 0 else {
            let later = written == bytes.count ? errno : number
            unlink(temporary)
            throw failure(later)
        }
    }
}
