import Foundation
import Testing
import VirtKit

/// A boot of Debian's kernel to a user space that says what it is and powers off.
struct LinuxBoot {
    var kernel = TestKernel.path
    var initramfs = TestKernel.initramfs
    var memory = ByteCount.mebibytes(256)
    var entry = LinuxEntry.automatic
    var cpus = 1
    var cpuModel = CPUModel.standard
    /// More words for the kernel's command line.
    var words = ""

    var configuration: MachineConfiguration {
        var configuration = MachineConfiguration(
            architecture: .x86_64, memory: memory,
            boot: .linux(
                kernel: .path(kernel), initrd: .path(initramfs), commandLine: "console=ttyS0 panic=-1 \(words)",
                entry: entry))
        configuration.cpus = cpus
        configuration.cpuModel = cpuModel
        return configuration
    }

    /// Boots, and returns what came on the console.
    func run() async throws -> (lines: [String], outcome: MachineOutcome) {
        let configuration = configuration
        let choice = try await Backends.builtIn.best(for: configuration)
        return try await choice.hypervisor.withMachine(configuration) { machine in
            try await machine.start()
            var lines: [String] = []
            for await line in machine.serial.lines() { lines.append(line) }
            return (lines, try await machine.waitUntilStopped())
        }
    }

    /// Boots, and checks that it came to its proper end without trouble.
    func expectCleanRun() async throws {
        let (lines, outcome) = try await run()
        check(lines.joined(separator: "\n"), outcome)
    }

    func check(_ log: String, _ outcome: MachineOutcome) {
        #expect(outcome == .poweredOff, "\(log.suffix(2000))")
        let troubles = [
            "soft lockup", "hard LOCKUP", "stall", "unstable", "unsynchronized", "Kernel panic", "BUG:", "WARNING:",
            "Oops", "Call Trace",
        ]
        for trouble in troubles { #expect(!log.contains(trouble), "\(trouble): \(log.suffix(4000))") }
        #expect(log.contains("reboot: Power down"))
        // What user space counts, and what the kernel started.
        #expect(log.contains("cpu: \(cpus) x VirtKit Virtual CPU"))
        if cpus > 1 { #expect(log.contains("smp: Brought up 1 node, \(cpus) CPUs")) }
    }
}

/// One of the host's cores, kept busy until `stop`, or for ten minutes.
struct BusyCore {
    private let process = Process()

    /// It holds none of our descriptors, so that nobody waits for it should this process die.
    init(seconds: Int = 600) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
        process.arguments = ["-s", "KILL", "\(seconds)", "/bin/sh", "-c", "while :; do :; done"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    /// timeout(1) passes the signal on; it may have inherited a mask that blocks SIGTERM.
    func stop() { kill(-process.processIdentifier, SIGKILL) }
}
