public import VirtKitCore

/// Machines that a hypervisor runs which libvirt manages, by the same contract as machines in this process.
///
/// A machine is a transient domain: made paused by `makeMachine`, so that everything that can be refused is refused there; started
/// by letting its vCPUs go. It ends with `stop()`, and with the connection where the driver can do that. `pc-1` is QEMU's q35.
public struct LibvirtHypervisor: Hypervisor {
    /// What executes a domain's guest. (The `type` of a domain's document.)
    public struct Virtualization: RawRepresentable, Hashable, Sendable {
        /// The name.
        public let rawValue: String
        /// Makes a kind from its name.
        public init(rawValue: String) { self.rawValue = rawValue }
        /// The host's CPU, by KVM.
        public static let kvm = Virtualization(rawValue: "kvm")
        /// QEMU's own translator.
        public static let qemu = Virtualization(rawValue: "qemu")
    }

    /// How machines are made.
    public struct Options: Sendable {
        /// What executes them.
        public var virtualization = Virtualization.qemu
        /// The emulator's path; nil for the driver's own choice.
        public var emulator: String?
        /// Where boot images are written that a program has in memory. The hypervisor must be able to read it.
        public var imageFolder = "/var/tmp/virtkit-images-\(HostUser.id)"
        /// The usual options.
        public init() {}
    }

    /// The connection.
    public let connection: LibvirtConnection
    /// How machines are made.
    public let options: Options

    /// Makes a hypervisor from an open connection.
    public init(_ connection: LibvirtConnection, options: Options = Options()) {
        self.connection = connection
        self.options = options
    }

    /// Opens a connection, and chooses KVM where the driver says that it works, QEMU's translator else.
    public static func connect(_ uri: String) async throws -> LibvirtHypervisor {
        try await connect(uri, virtualization: nil)
    }

    /// Opens a connection.
    ///
    /// - Parameters:
    ///   - uri: libvirt's URI.
    ///   - virtualization: what executes machines; nil for KVM where the driver says that it works, QEMU's translator else.
    public static func connect(_ uri: String, virtualization: Virtualization?) async throws -> LibvirtHypervisor {
        let connection = try await LibvirtConnection.open(uri)
        var options = Options()
        if let virtualization {
            options.virtualization = virtualization
            return LibvirtHypervisor(connection, options: options)
        }
        // A driver that says nothing of KVM does not have it for this kind of guest.
        let kvm =
            (try? await connection.domainCapabilities(
                architecture: Architecture.x86_64.rawValue, machine: "q35", virtualization: "kvm")) ?? nil
        if kvm != nil { options.virtualization = .kvm }
        return LibvirtHypervisor(connection, options: options)
    }

    /// Makes a machine: a domain that stands still.
    public func makeMachine(_ configuration: MachineConfiguration) async throws -> any Machine {
        let machine = try checked(configuration, "make machine")
        let files = try BootFiles(
            configuration.boot, memory: configuration.memory.rawValue, folder: options.imageFolder)
        let domain = try await translating("make machine") { try await create(machine, files) }
        return try await LibvirtMachine.attach(domain, configuration, self, files: files, state: .created)
    }

    /// Makes a machine again from a file on the hypervisor's host; it is paused.
    public func restoreMachine(_ configuration: MachineConfiguration, from path: String) async throws -> any Machine {
        let machine = try checked(configuration, "restore machine")
        if connection.isLocal { try SavedFile.check(path) }
        let saved = try await translating("restore machine", as: .invalidSavedState) {
            try await connection.savedXML(in: path)
        }
        guard let found = MachineDomain.saved(in: saved), found.hardware == machine.hardware else {
            throw VirtKitError(
                .invalidSavedState, operation: "restore machine",
                message: "the saved machine has other hardware than \"\(machine.hardware)\"",
                remedy: "restore with the configuration that the machine was made from")
        }
        let files = try BootFiles(
            configuration.boot, memory: configuration.memory.rawValue, folder: options.imageFolder)
        let domain = try await translating("restore machine", as: .invalidSavedState) {
            try await connection.restore(from: path, [.paused])
            return try await connection.domain(uuid: found.uuid)
        }
        return try await LibvirtMachine.attach(domain, configuration, self, files: files, state: .paused)
    }

    private func checked(
        _ configuration: MachineConfiguration, _ operation: String
    ) throws(VirtKitError) -> MachineDomain {
        let machine = MachineDomain(configuration: configuration, options: options)
        let faults = configuration.faults
        let obstacles = machine.obstacles
        guard faults.isEmpty, obstacles.isEmpty else {
            throw VirtKitError(
                faults.isEmpty ? .unsupported : .invalidConfiguration, operation: operation,
                message: (faults + obstacles.map(\.description)).joined(separator: "; "),
                remedy: obstacles.first?.remedy)
        }
        return machine
    }

    /// Makes the domain; under a name of its own where another has the machine's.
    private func create(_ machine: MachineDomain, _ files: BootFiles) async throws -> LibvirtDomain {
        let name = machine.configuration.name.replacing("/", with: "-")
        let uuid = MachineDomain.randomUUID()
        let taken = Set(try await connection.domains().map(\.name))
        let unique = "\(name)-\(uuid.prefix(8))"
        let xml = try machine.xml(name: taken.contains(name) ? unique : name, uuid: uuid, files: files)
        do {
            return try await connection.createScoped(xml, [.paused])
        } catch let error as LibvirtError
            where error.code == .operationFailed && error.message.contains("already") && !taken.contains(name)
        {
            // Somebody was faster.
            return try await connection.createScoped(
                machine.xml(name: unique, uuid: uuid, files: files), [.paused])
        }
    }
}

/// Turns libvirt's errors into the contract's.
func translating<Value>(
    _ operation: String, as code: VirtKitError.Code? = nil,
    _ body: nonisolated(nonsending) () async throws -> Value
) async throws -> Value {
    do {
        return try await body()
    } catch let error as LibvirtError {
        var translated = error.virtKitError
        translated.operation = operation
        if let code { translated.code = code }
        throw translated
    }
}

extension LibvirtConnection {
    /// Whether the hypervisor is on this host, as far as the URI tells: it names no other.
    var isLocal: Bool {
        guard let range = uri.firstRange(of: "://") else { return false }
        let host = uri[range.upperBound...].prefix { $0 != "/" && $0 != "?" }
        return host.isEmpty
    }
}

/// The user that this process acts as.
enum HostUser {
    static var id: UInt32 { HostIdentity.effectiveUser }
}
