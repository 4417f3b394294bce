import Testing
import VirtKitCore

struct BackendChoiceTests {
    private struct Fake: Backend {
        var id: String
        var answer: Suitability
        var kind: BackendKind { .fake }
        var abilities: [String] { [] }
        func availability() async -> Suitability { answer }
        func probe(for configuration: MachineConfiguration) async -> Suitability { answer }
        func makeHypervisor() async throws -> any Hypervisor { FakeHypervisor(id: id) }

        init(_ id: String, _ level: Suitability.Level, _ reason: String, remedy: String? = nil) {
            self.id = id
            answer = Suitability(level, reason: reason, remedy: remedy)
        }
    }

    private struct FakeHypervisor: Hypervisor {
        var id: String
        func makeMachine(_ configuration: MachineConfiguration) async throws -> any Machine {
            throw VirtKitError(.unsupported, operation: "make machine", message: "a fake of \(id)")
        }
        func restoreMachine(_ configuration: MachineConfiguration, from path: String) async throws -> any Machine {
            try await makeMachine(configuration)
        }
    }

    private let configuration = MachineConfiguration(
        architecture: .x86_64, memory: .mebibytes(64), boot: .linux(kernel: "k"))

    private func choice(_ backends: [any Backend]) async throws -> BackendChoice {
        try await backends.best(for: configuration)
    }

    @Test func theHighestLevelWins() async throws {
        let choice = try await choice([
            Fake("none", .no, "it has no CPU", remedy: "buy one"), Fake("slow", .limited, "it is slow"),
            Fake("fast", .full, "it is fast"), Fake("late", .full, "it came late"),
        ])
        #expect(choice.backend.id == "fast")
        #expect((choice.hypervisor as? FakeHypervisor)?.id == "fast")
        #expect(choice.suitability.level == .full)
        #expect(choice.rejected.map(\.backend.id) == ["none", "slow", "late"])
        #expect(
            choice.explanation
                == "fast: it is fast; not none: it has no CPU; not slow: it is slow; not late: it came late")
    }

    @Test func aLimitedOneIsBetterThanNone() async throws {
        let choice = try await choice([Fake("a", .no, "no"), Fake("b", .limited, "slow")])
        #expect(choice.backend.id == "b")
    }

    @Test func noBackendIsAnErrorWithEveryReasonAndRemedy() async {
        let error = await #expect(throws: VirtKitError.self) {
            _ = try await choice([Fake("a", .no, "no key", remedy: "turn it"), Fake("b", .no, "no door")])
        }
        #expect(error?.code == .unsupported)
        #expect(error?.message == "a: no key (turn it); b: no door")
        #expect(error?.remedy == "turn it")
        let empty = await #expect(throws: VirtKitError.self) { _ = try await choice([]) }
        #expect(empty?.message == "there are no backends")
    }

    @Test func aFaultyConfigurationIsRefusedBeforeAnyoneIsAsked() async {
        var faulty = configuration
        faulty.cpus = 0
        let error = await #expect(throws: VirtKitError.self) {
            _ = try await ([Fake("a", .full, "fine")] as [any Backend]).best(for: faulty)
        }
        #expect(error?.code == .invalidConfiguration)
    }
}
