import Foundation
import Testing
import VirtKit

/// Debian's stock kernel on the emulator.
@Suite(.serialized, .enabled(if: TestKernel.isPresent, TestKernel.absence)) struct LinuxBootTests {
    private func configuration(
        kernel: String = TestKernel.path, cpus: Int = 1, _ words: String = ""
    ) -> MachineConfiguration {
        MachineConfiguration(
            architecture: .x86_64, cpus: cpus, memory: .mebibytes(256),
            boot: .linux(
                kernel: .path(kernel), initrd: .path(TestKernel.initramfs),
                commandLine: "console=ttyS0 panic=-1 \(words)"))
    }

    /// Checks the log of a boot that came to its proper end.
    private func check(_ log: String, _ outcome: MachineOutcome, cpus: Int = 1) {
        #expect(outcome == .poweredOff, "\(log.suffix(2000))")
        for trouble in ["soft lockup", "stall", "unstable", "unsynchronized", "Kernel panic", "BUG:", "WARNING:"] {
            #expect(!log.contains(trouble), "\(trouble)")
        }
        #expect(log.contains("reboot: Power down"))
        // What user space counts, and what the kernel started.
        #expect(log.contains("cpu: \(cpus) x VirtKit Virtual CPU"))
        if cpus > 1 { #expect(log.contains("smp: Brought up 1 node, \(cpus) CPUs")) }
    }

    private func boot(_ configuration: MachineConfiguration) async throws {
        let choice = try await Backends.builtIn.best(for: configuration)
        try await choice.hypervisor.withMachine(configuration) { machine in
            try await machine.start()
            var log = ""
            for await line in machine.serial.lines() { log += line + "\n" }
            check(log, try await machine.waitUntilStopped(), cpus: configuration.cpus)
        }
    }

    /// Keeps one of the host's cores busy until it is killed, or for ten minutes. It holds none of our descriptors, so
    /// that nobody waits for it should this process die.
    private func keepCoreBusy() throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
        process.arguments = ["-s", "KILL", "600", "/bin/sh", "-c", "while :; do :; done"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    @Test func bootsTenTimesInARowOnABusyHost() async throws { try await boot(timesOnABusyHost: 10, cpus: 1) }

    @Test(
        .enabled(if: ProcessInfo.processInfo.environment["VIRTKIT_TEST_LONG"] != nil, "runs with Scripts/test --long"),
        arguments: [2, 4])
    func bootsTenTimesInARowOnABusyHost(_ cpus: Int) async throws { try await boot(timesOnABusyHost: 10, cpus: cpus) }

    private func boot(timesOnABusyHost count: Int, cpus: Int) async throws {
        let busy = try keepCoreBusy()
        // timeout(1) passes the signal on; it may have inherited a mask that blocks SIGTERM.
        defer { kill(-busy.processIdentifier, SIGKILL) }
        for _ in 0..<count { try await boot(configuration(cpus: cpus)) }
    }

    @Test(arguments: [2, 4]) func bootsWithSeveralProcessors(_ cpus: Int) async throws {
        try await boot(timesOnABusyHost: 1, cpus: cpus)
    }

    @Test func bootsAnELFImageByPVH() async throws { try await boot(configuration(kernel: TestKernel.vmlinux)) }

    @Test func tellsWhatTheCommandLineAsks() async throws {
        let configuration = configuration("vk.nonce=virtkit")
        try await Backends.builtIn.best(for: configuration).hypervisor.withMachine(configuration) { machine in
            try await machine.start()
            var lines: [String] = []
            for await line in machine.serial.lines() { lines.append(line) }
            // printf %s virtkit | sha256sum
            let digest = "b92f0b3eb0ca92698a08f8a4490901e9967035e2e379b544597730b41fbeb89c"
            #expect(lines.contains("vk.nonce sha256: \(digest)"))
        }
    }

    /// Pauses, saves and ends the machine in one process, and goes on in another.
    @Test(arguments: [(0.7, 1), (1.5, 1), (2.5, 1), (1.0, 4), (2.0, 4)])
    func goesOnInANewProcess(_ seconds: Double, cpus: Int) async throws {
        let command = try #require(ProcessInfo.processInfo.environment["VIRTKIT_TEST_COMMAND"])
        let file = NSTemporaryDirectory() + "virtkit-\(UUID().uuidString).saved"
        defer { try? FileManager.default.removeItem(atPath: file) }
        let machine = [
            "run", "--kernel", TestKernel.path, "--initrd", TestKernel.initramfs, "--append", "console=ttyS0 panic=-1",
            "--cpus", "\(cpus)",
        ]
        let (first, before) = try run(command, machine + ["--save", file, "--save-after", "\(seconds)"])
        #expect(first == 0, "\(before)")
        let (second, after) = try run(command, machine + ["--restore", file, "--timeout", "120"])
        #expect(second == 0, "\(after)")
        check(before + after, second == 0 ? .poweredOff : .stopped, cpus: cpus)
    }

    private func run(_ command: String, _ arguments: [String]) throws -> (Int32, String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: command)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: bytes, as: UTF8.self))
    }
}
