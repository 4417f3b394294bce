import BackendPlugin
import Foundation
import Testing
import VirtKit
import VirtKitTesting

@Suite("The plugin's backends", .serialized)
struct BackendPluginTests {
    @Test("The tiny accelerator keeps every rule of accelerators", arguments: AcceleratorConformance.cases)
    func accelerator(_ test: AcceleratorCase) async {
        let result = await test.run(AcceleratorSubject(accelerator: TinyAccelerator()))
        // What needs a second vCPU can't be asked, and says so. All else must pass.
        if case .skip(let reason) = result {
            #expect(reason.contains("makes no 2 vCPUs"))
        } else {
            #expect(result == .pass, "\(test.rule)")
        }
    }

    @Test("The tape hypervisor keeps every rule of hypervisors", arguments: HypervisorConformance.cases)
    func hypervisor(_ test: ConformanceCase) async {
        let subject = HypervisorSubject(
            hypervisor: TapeHypervisor(), guests: TapeGuests.all, greeting: TapeGuests.greeting,
            temporaryFolder: NSTemporaryDirectory(), patience: .seconds(20))
        #expect(await test.run(subject) == .pass, "\(test.rule)")
    }

    @Test("So does VirtKit's board on the tiny accelerator", arguments: HypervisorConformance.cases)
    func board(_ test: ConformanceCase) async throws {
        let subject = HypervisorSubject(
            hypervisor: try await TinyBackend().makeHypervisor(), guests: HypervisorSubject.standardGuests,
            greeting: HypervisorSubject.standardGreeting, temporaryFolder: NSTemporaryDirectory(),
            patience: .seconds(20))
        #expect(await test.run(subject) == .pass, "\(test.rule)")
    }

    @Test("Few cases are skipped")
    func skips() async {
        var skipped: [String] = []
        for test in AcceleratorConformance.cases {
            if case .skip = await test.run(AcceleratorSubject(accelerator: TinyAccelerator())) {
                skipped.append(test.name)
            }
        }
        print(
            "plugin: \(AcceleratorConformance.cases.count) cases for accelerators, of which \(skipped.count) skipped; "
                + "\(HypervisorConformance.cases.count) cases for hypervisors")
        #expect(skipped.count <= 8, "\(skipped)")
    }

    @Test("Programs choose the plugin's backends as they choose VirtKit's")
    func choice() async throws {
        let backends: [any Backend] = Backends.builtIn + [TinyBackend(), TapeBackend()]
        let configuration = try #require(TapeGuests.all[.greets])
        let choice = try await backends.best(for: configuration)
        #expect(choice.backend.id == "tape")
        #expect(choice.rejected.count == backends.count - 1)
        let line = try await choice.hypervisor.withMachine(configuration) { machine in
            try await machine.start()
            for await line in machine.serial.lines() { return line }
            return ""
        }
        #expect(line == TapeGuests.greeting)
        // Without the backend that has it the board is not known.
        await #expect(throws: VirtKitError.self) { try await Backends.builtIn.best(for: configuration) }
        var other = configuration
        other.cpus = 2
        let refused = await #expect(throws: VirtKitError.self) { try await backends.best(for: other) }
        #expect(refused?.message.contains("a tape machine has one CPU") == true)
    }

    @Test("What the tiny accelerator does not know is a typed ending of the machine")
    func unknownInstruction() async throws {
        // cpuid
        let configuration = MachineConfiguration(
            architecture: .x86_64, memory: .mebibytes(16), boot: .flat(.bytes([0x0F, 0xA2]), address: 0x10_0000))
        let outcome = try await TinyBackend().makeHypervisor().withMachine(configuration) { machine in
            try await machine.start()
            return try await machine.waitUntilStopped()
        }
        #expect(outcome.kind == .crashed)
        #expect(outcome.details.lowercased().contains("bytes f a2"), "\(outcome)")
    }
}

/// Tape programs for every role of the conformance kit.
enum TapeGuests {
    static let greeting = "Hello from the tape."

    static var all: [GuestRole: MachineConfiguration] {
        let rest = "+[~]"
        let programs: [GuestRole: String] = [
            .powersOff: "!", .runsForever: rest, .greets: print(greeting + "\n") + rest, .echoes: "+[,.]",
            .floods: "+[>" + print(String(repeating: "*", count: 63) + "\n") + "<]", .resets: "^",
            .obeysPowerButton: "+[~>?[!]<]", .crashes: "<",
        ]
        return programs.mapValues { program in
            var configuration = MachineConfiguration(
                architecture: .tape, board: .tape1, memory: .mebibytes(1),
                boot: .flat(.bytes(Array("tape 1\n\(program)".utf8)), address: 0))
            configuration.name = "tape"
            return configuration
        }
    }

    /// A program that prints a text, and leaves the byte under the head as 0.
    private static func print(_ text: String) -> String {
        text.utf8.map { "[-]" + String(repeating: "+", count: Int($0)) + "." }.joined() + "[-]"
    }
}
