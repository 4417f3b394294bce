import Foundation
import Testing
import VirtKit

/// The bare guests of `Tests/Guests`, which check the CPU and the board from inside and print what failed.
@Suite(.serialized) struct GuestTests {
    private static let folder = ProcessInfo.processInfo.environment["VIRTKIT_TEST_GUESTS"]

    private static let names = [
        "compat", "debug", "exceptions", "fpu", "integers", "interrupts", "paging", "paging32", "protected", "realmode",
        "selfmodify", "simd", "strings", "syscalls", "x87",
    ]

    private static func run(
        _ name: String, optimises: Bool, cpus: Int = 1, inputAfter delay: Duration? = nil
    ) async throws -> (outcome: MachineOutcome, output: String) {
        let path = try #require(folder) + "/\(name).elf"
        let configuration = MachineConfiguration(
            architecture: .x86_64, cpus: cpus, memory: .mebibytes(256), boot: .elf(.path(path)))
        let hypervisor = LocalHypervisor(EmulatorAccelerator(optimises: optimises))
        return try await hypervisor.withMachine(configuration) { machine in
            try await machine.start()
            let watchdog = Task {
                try await Task.sleep(for: .seconds(120))
                await machine.stop()
            }
            defer { watchdog.cancel() }
            if let delay {
                try await Task.sleep(for: delay)
                try await machine.serial.send("q")
            }
            let outcome = try await machine.waitUntilStopped()
            return (outcome, String(decoding: machine.serial.recentOutput, as: UTF8.self))
        }
    }

    @Test(
        .enabled(if: folder != nil, "VIRTKIT_TEST_GUESTS names no folder (Scripts/test builds the guests)"),
        arguments: names, [true, false])
    func passes(_ name: String, optimises: Bool) async throws {
        let (outcome, output) = try await Self.run(name, optimises: optimises)
        #expect(outcome.kind == .debugExit && outcome.code == 0, "\(output)")
        #expect(output.contains("\(name): PASS"), "\(output)")
    }

    /// Start, interrupts, locks, shoot-downs, changed code and time, with several vCPUs.
    @Test(
        .enabled(if: folder != nil, "VIRTKIT_TEST_GUESTS names no folder (Scripts/test builds the guests)"),
        arguments: [2, 3, 4, 8], [true, false])
    func severalProcessorsPass(_ cpus: Int, optimises: Bool) async throws {
        let (outcome, output) = try await Self.run("processors", optimises: optimises, cpus: cpus)
        #expect(outcome.kind == .debugExit && outcome.code == 0, "\(output)")
        #expect(output.contains("processors: PASS"), "\(output)")
        #expect(output.contains("skipped=0"), "\(output)")
    }

    @Test(
        .enabled(if: folder != nil, "VIRTKIT_TEST_GUESTS names no folder (Scripts/test builds the guests)"),
        arguments: [2, 4, 16])
    func severalProcessorsShareWork(_ cpus: Int) async throws {
        let (outcome, output) = try await Self.run(
            "smpwork", optimises: true, cpus: cpus, inputAfter: .seconds(2))
        #expect(outcome.kind == .debugExit && outcome.code == 0, "\(output)")
        #expect(output.contains("smpwork: PASS"), "\(output)")
    }

    @Test(.enabled(if: folder != nil, "VIRTKIT_TEST_GUESTS names no folder (Scripts/test builds the guests)"))
    func aTripleFaultEndsTheMachine() async throws {
        let (outcome, output) = try await Self.run("triplefault", optimises: true)
        #expect(outcome.kind == .crashed, "\(output)")
    }
}
