public import VirtKitCore

/// Machines through libvirt: one more backend beside those of this process.
public struct LibvirtBackend: Backend {
    /// The connection's URI.
    public let uri: String
    /// What executes machines; nil for KVM where the driver says that it works, QEMU's translator else.
    public let virtualization: LibvirtHypervisor.Virtualization?

    /// Makes the backend.
    ///
    /// - Parameter uri: where machines run: `qemu:///system`, `qemu:///session`, `qemu+ssh://host/system` …
    public init(uri: String = "qemu:///system") { self.init(uri: uri, virtualization: nil) }

    /// Makes the backend.
    ///
    /// - Parameters:
    ///   - uri: where machines run.
    ///   - virtualization: what executes them; nil for KVM where the driver says that it works, QEMU's translator else.
    ///     (libvirt sees no KVM that claims to work and does not.)
    public init(uri: String, virtualization: LibvirtHypervisor.Virtualization?) {
        self.uri = uri
        self.virtualization = virtualization
    }

    /// `libvirt`.
    public var id: String { "libvirt" }
    /// Another program runs the machine.
    public var kind: BackendKind { .managed }
    /// What its machines can do.
    public var abilities: [String] { ["console", "events", "pause", "reset", "power-button", "snapshot"] }

    /// Whether libvirt is installed and its hypervisor can be reached.
    public func availability() async -> Suitability {
        let library = Libvirt.availability()
        guard library.level > .no else { return library }
        do {
            return try await LibvirtConnection.with(uri, options: Self.options) { connection in
                let type = try await connection.type()
                guard type == "QEMU" else {
                    return Suitability(
                        .no, reason: "\(uri) is the driver \(type), and machines are made with QEMU's only",
                        remedy: "use a URI such as qemu:///system, or a DomainDescription and LibvirtConnection")
                }
                return Suitability(.full, reason: "\(library.reason), and \(uri) is \(type)")
            }
        } catch let error as LibvirtError {
            return Suitability(.no, reason: "\(uri): \(error.message)", remedy: error.remedy ?? Libvirt.remedy)
        } catch {
            return Suitability(.no, reason: "\(uri): \(error)", remedy: "try again")
        }
    }

    /// What kind of hypervisor it is.
    public func details() async -> [BackendDetail] {
        [
            BackendDetail("hypervisor-type", "managed: another program runs the machine, by libvirt"),
            BackendDetail("uri", uri),
        ] + (virtualization.map { [BackendDetail("virtualization", $0.rawValue)] } ?? [])
    }

    /// Whether it can run a machine: reached, and with nothing in the configuration that libvirt's machines don't have.
    public func probe(for configuration: MachineConfiguration) async -> Suitability {
        let obstacles = MachineDomain(configuration: configuration, options: .init()).obstacles
        guard obstacles.isEmpty else {
            return Suitability(
                .no, reason: obstacles.map(\.reason).joined(separator: "; "), remedy: obstacles.first?.remedy)
        }
        var answer = await availability()
        if answer.level == .full {
            answer.level = .limited
            answer.reason += "; the machine runs in another process, and devices of this program can't be in it"
        }
        return answer
    }

    /// Opens the connection and makes the hypervisor.
    public func makeHypervisor() async throws -> any Hypervisor {
        try await translating("connect to \(uri)") {
            try await LibvirtHypervisor.connect(uri, virtualization: virtualization)
        }
    }

    private static var options: LibvirtConnection.Options {
        var options = LibvirtConnection.Options()
        options.isReadOnly = true
        return options
    }
}
