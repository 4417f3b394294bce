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

    private static func run(_ name: String, optimises: Bool) async throws -> (outcome: MachineOutcome, output: String) {
        let path = try #require(folder) + "/\(name).elf"
        let configuration = MachineConfiguration(
            architecture: .x86_64, memory: .mebibytes(256), boot: .elf(.path(path)))
        let hypervisor = LocalHypervisor(EmulatorAccelerator(optimises: optimises))
        return try await hypervisor.withMachine(configuration) { machine in
            try await machine.start()
            let watchdog = Task {
                try await Task.sleep(for: .seconds(120))
                await machine.stop()
            }
            defer { watchdog.cancel() }
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

    @Test(.enabled(if: folder != nil, "VIRTKIT_TEST_GUESTS names no folder (Scripts/test builds the guests)"))
    func aTripleFaultEndsTheMachine() async throws {
        let (outcome, output) = try await Self.run("triplefault", optimises: true)
        #expect(outcome.kind == .crashed, "\(output)")
    }
}
