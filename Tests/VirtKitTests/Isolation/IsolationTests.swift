import Foundation
import Testing
import VirtKit
import VirtKitTesting

/// Scope functions and their closures run on their caller's isolation: they may use its state, which is not `Sendable`.
@Suite(.timeLimit(.minutes(5)))
struct IsolationTests {
    /// State that only its owner may touch.
    private final class Notes {
        var lines: [String] = []
    }

    private actor Owner {
        private let notes = Notes()

        func run(_ subject: ScopeSubject) async throws -> ([String], MachineOutcome) {
            let choice = try await [subject.backend].best(for: subject.short)
            assertIsolated()
            let outcome = try await choice.hypervisor.withMachine(subject.short) { machine in
                assertIsolated()
                try await machine.start()
                for await line in machine.serial.lines() {
                    assertIsolated()
                    notes.lines.append(line)
                }
                let outcome = try await machine.waitUntilStopped()
                assertIsolated()
                return outcome
            }
            assertIsolated()
            return (notes.lines, outcome)
        }

        func saveAndRestore(_ subject: ScopeSubject, _ path: String) async throws -> ([String], MachineState) {
            let hypervisor = try await subject.backend.makeHypervisor()
            try await hypervisor.withMachine(subject.endless) { machine in
                try await machine.start()
                try await machine.pause()
                try await machine.snapshots?.save(to: path)
                notes.lines.append("saved")
            }
            let state = try await hypervisor.withRestoredMachine(subject.endless, from: path) { machine in
                assertIsolated()
                notes.lines.append("restored")
                return machine.state
            }
            return (notes.lines, state)
        }

        /// What a scope gives back need not be `Sendable` while it stays with its caller.
        func result(_ subject: ScopeSubject) async throws -> Int {
            let hypervisor = try await subject.backend.makeHypervisor()
            let made = try await hypervisor.withMachine(subject.short) { _ in Notes() }
            made.lines.append("mine")
            return made.lines.count
        }
    }

    @MainActor
    private final class View {
        let notes = Notes()

        func run(_ subject: ScopeSubject) async throws -> MachineOutcome {
            let choice = try await [subject.backend].best(for: subject.short)
            return try await choice.hypervisor.withMachine(subject.short) { machine in
                MainActor.assertIsolated()
                try await machine.start()
                for await line in machine.serial.lines() {
                    MainActor.assertIsolated()
                    notes.lines.append(line)
                }
                return try await machine.waitUntilStopped()
            }
        }

        func restore(_ subject: ScopeSubject, _ path: String) async throws {
            let hypervisor = try await subject.backend.makeHypervisor()
            try await hypervisor.withMachine(subject.endless) { machine in
                try await machine.start()
                try await machine.pause()
                try await machine.snapshots?.save(to: path)
            }
            try await hypervisor.withRestoredMachine(subject.endless, from: path) { machine in
                MainActor.assertIsolated()
                notes.lines.append("\(machine.state)")
            }
        }
    }

    private func withFile<Result>(_ body: (String) async throws -> Result) async rethrows -> Result {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("virtkit-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try await body(path)
    }

    @Test(arguments: ScopeSubject.allCases)
    func fromAnActor(_ subject: ScopeSubject) async throws {
        let (lines, outcome) = try await Owner().run(subject)
        #expect(lines == ["ok"])
        #expect(outcome == .poweredOff)
        #expect(try await Owner().result(subject) == 1)
    }

    @Test(arguments: ScopeSubject.allCases)
    func restoredFromAnActor(_ subject: ScopeSubject) async throws {
        let (lines, state) = try await withFile { try await Owner().saveAndRestore(subject, $0) }
        #expect(lines == ["saved", "restored"])
        #expect(state == .paused)
    }

    @Test(arguments: ScopeSubject.allCases) @MainActor
    func fromTheMainActor(_ subject: ScopeSubject) async throws {
        let view = View()
        #expect(try await view.run(subject) == .poweredOff)
        #expect(view.notes.lines == ["ok"])
    }

    @Test(arguments: ScopeSubject.allCases) @MainActor
    func restoredFromTheMainActor(_ subject: ScopeSubject) async throws {
        let view = View()
        try await withFile { try await view.restore(subject, $0) }
        #expect(view.notes.lines == ["paused"])
    }

    @Test(arguments: ScopeSubject.allCases) @MainActor
    func twoAtOnceFromTheMainActor(_ subject: ScopeSubject) async throws {
        let view = View()
        async let first = view.run(subject)
        async let second = view.run(subject)
        #expect(try await [first, second] == [.poweredOff, .poweredOff])
        #expect(view.notes.lines == ["ok", "ok"])
    }
}
