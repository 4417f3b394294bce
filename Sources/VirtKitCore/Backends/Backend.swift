/// Whether, and how well, a backend can run a machine here. Every answer but `full` has a reason; every "no" has a
/// remedy.
public struct Suitability: Hashable, Sendable {
    /// The level of an answer.
    public struct Level: RawRepresentable, Hashable, Sendable, Comparable {
        /// The level's number; more is better.
        public let rawValue: Int
        /// Makes a level from its number.
        public init(rawValue: Int) { self.rawValue = rawValue }

        /// It can't run the machine.
        public static let no = Level(rawValue: 0)
        /// It can run the machine, but slower or with less than it should have.
        public static let limited = Level(rawValue: 1)
        /// It can run the machine.
        public static let full = Level(rawValue: 2)

        /// Whether `left` is the worse answer.
        public static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    }

    /// The level.
    public var level: Level
    /// Why it is so.
    public var reason: String
    /// What would make it better; nil where there is nothing to do.
    public var remedy: String?

    /// Makes an answer.
    public init(_ level: Level, reason: String, remedy: String? = nil) {
        self.level = level
        self.reason = reason
        self.remedy = remedy
    }
}

/// What kind of execution a backend offers.
public struct BackendKind: RawRepresentable, Hashable, Sendable, Codable {
    /// The kind's stable name.
    public let rawValue: String
    /// Makes a kind from its name.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The host's CPU executes the guest, in this process.
    public static let accelerator = BackendKind(rawValue: "accelerator")
    /// Software executes the guest, in this process.
    public static let emulator = BackendKind(rawValue: "emulator")
    /// Another program or host runs the machine, and is managed.
    public static let managed = BackendKind(rawValue: "managed")
    /// Nothing real runs: for tests.
    public static let fake = BackendKind(rawValue: "fake")
}

/// A way to run machines: a plain value that names a hypervisor, says what it can do here, and makes it.
public protocol Backend: Sendable {
    /// The backend's stable name: "emulator", "kvm", "libvirt".
    var id: String { get }

    /// What kind of execution it offers.
    var kind: BackendKind { get }

    /// What machines of this backend can do, by stable names: "pause", "snapshot", "console" …
    var abilities: [String] { get }

    /// The boards that it has and VirtKit has not, by the architecture of their guests.
    var boards: [Architecture: [BoardModel]] { get }

    /// Whether the backend works on this host at all.
    func availability() async -> Suitability

    /// What a person wants to know of the backend on this host: what it stands on, and what kind of hypervisor it is.
    /// Names are stable, in the order to be shown.
    func details() async -> [BackendDetail]

    /// Whether, and how well, it can run this machine here. Cheap enough to ask before each machine.
    func probe(for configuration: MachineConfiguration) async -> Suitability

    /// Makes the hypervisor.
    func makeHypervisor() async throws -> any Hypervisor
}

extension Backend {
    /// None.
    public var boards: [Architecture: [BoardModel]] { [:] }

    /// Nothing.
    public func details() async -> [BackendDetail] { [] }
}

/// A fact about a backend on this host.
public struct BackendDetail: Hashable, Sendable {
    /// The fact's stable name: "hardware", "hypervisor-type" …
    public var name: String
    /// What is so, for a person.
    public var value: String

    /// Makes a fact.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A backend that was chosen for a machine, and why.
public struct BackendChoice: Sendable {
    /// What a backend answered.
    public struct Answer: Sendable {
        /// The backend.
        public let backend: any Backend
        /// Its answer.
        public let suitability: Suitability

        /// Makes an answer.
        public init(backend: any Backend, suitability: Suitability) {
            self.backend = backend
            self.suitability = suitability
        }
    }

    /// The chosen backend.
    public let backend: any Backend
    /// Its hypervisor.
    public let hypervisor: any Hypervisor
    /// How well it can run the machine.
    public let suitability: Suitability
    /// The others, and what they answered.
    public let rejected: [Answer]

    /// Why this backend, as sentences for a person: what it said, and what the others said.
    public var explanation: String {
        ["\(backend.id): \(suitability.reason)"].joined()
            + rejected.map { "; not \($0.backend.id): \($0.suitability.reason)" }.joined()
    }
}

extension Sequence<any Backend> {
    /// The backend that can run a machine best: the highest level wins, and among equals the first.
    ///
    /// A configuration may name a board of any of the backends.
    ///
    /// - Throws: `VirtKitError` with `.invalidConfiguration` where the configuration has faults, and `.unsupported`
    ///   where no backend can run it; its message holds each one's reason and remedy.
    public func best(for configuration: MachineConfiguration) async throws -> BackendChoice {
        try configuration.validate(boards: reduce(into: [:]) { $0.merge($1.boards, uniquingKeysWith: +) })
        var answers: [BackendChoice.Answer] = []
        for backend in self {
            answers.append(.init(backend: backend, suitability: await backend.probe(for: configuration)))
        }
        let level = answers.map(\.suitability.level).max() ?? .no
        guard level > .no, let index = answers.firstIndex(where: { $0.suitability.level == level }) else {
            let reasons = answers.map { answer in
                "\(answer.backend.id): \(answer.suitability.reason)"
                    + (answer.suitability.remedy.map { " (\($0))" } ?? "")
            }
            throw VirtKitError(
                .unsupported, operation: "choose a backend",
                message: reasons.isEmpty ? "there are no backends" : reasons.joined(separator: "; "),
                remedy: answers.compactMap(\.suitability.remedy).first)
        }
        let chosen = answers.remove(at: index)
        return BackendChoice(
            backend: chosen.backend, hypervisor: try await chosen.backend.makeHypervisor(),
            suitability: chosen.suitability, rejected: answers)
    }
}
