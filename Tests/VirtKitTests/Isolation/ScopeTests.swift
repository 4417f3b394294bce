import Testing
import VirtKit
import VirtKitTesting

/// However a scope is left, its machine has ended.
@Suite(.timeLimit(.minutes(5)))
struct ScopeTests {
    private struct Mistake: Error {}

    @Test(arguments: ScopeSubject.allCases)
    func returning(_ subject: ScopeSubject) async throws {
        let hypervisor = try await subject.backend.makeHypervisor()
        let machine = try await hypervisor.withMachine(subject.endless) { machine in
            try await machine.start()
            return machine
        }
        #expect(machine.state == .stopped)
        #expect(try await machine.waitUntilStopped() == .stopped)
    }

    @Test(arguments: ScopeSubject.allCases)
    func throwing(_ subject: ScopeSubject) async throws {
        let hypervisor = try await subject.backend.makeHypervisor()
        var kept: (any Machine)?
        await #expect(throws: Mistake.self) {
            try await hypervisor.withMachine(subject.endless) { machine in
                kept = machine
                try await machine.start()
                throw Mistake()
            }
        }
        #expect(kept?.state == .stopped)
    }

    @Test(arguments: ScopeSubject.allCases)
    func neverStarted(_ subject: ScopeSubject) async throws {
        let hypervisor = try await subject.backend.makeHypervisor()
        let machine = try await hypervisor.withMachine(subject.endless) { $0 }
        #expect(machine.state == .stopped)
    }

    @Test("cancelled while it waits for", arguments: ScopeSubject.allCases, ["the end", "a line", "an event", "room"])
    func cancelled(_ subject: ScopeSubject, _ wait: String) async throws {
        let hypervisor = try await subject.backend.makeHypervisor()
        var configuration = subject.endless
        configuration.serial.inputCapacity = 16
        let task = Task { [configuration] in
            var kept: (any Machine)?
            do {
                try await hypervisor.withMachine(configuration) { machine in
                    kept = machine
                    try await machine.start()
                    switch wait {
                    case "a line": for await _ in machine.serial.lines() {}
                    case "an event": for await _ in machine.events() {}
                    case "room": try await machine.serial.send([UInt8](repeating: 0, count: 100_000))
                    default: _ = try await machine.waitUntilStopped()
                    }
                }
            } catch is CancellationError {}
            return kept?.state
        }
        try await Task.sleep(for: .milliseconds(30))
        task.cancel()
        #expect(try await task.value == .stopped)
    }

    @Test(arguments: ScopeSubject.allCases)
    func manyInARow(_ subject: ScopeSubject) async throws {
        let hypervisor = try await subject.backend.makeHypervisor()
        for _ in 0..<20 {
            let outcome = try await hypervisor.withMachine(subject.short) { machine in
                try await machine.start()
                return try await machine.waitUntilStopped()
            }
            #expect(outcome == .poweredOff)
        }
    }
}
