import Foundation
import Testing
import VirtKit

/// Debian's stock kernel on the emulator.
@Suite(.serialized, .enabled(if: TestKernel.isPresent, TestKernel.absence)) struct LinuxBootTests {
    @Test func bootsTenTimesInARowOnABusyHost() async throws {
        let busy = try BusyCore()
        defer { busy.stop() }
        for _ in 0..<10 { try await LinuxBoot().expectCleanRun() }
    }

    @Test(arguments: [LinuxEntry.bits32, .bits16]) func bootsByItsOtherEntries(_ entry: LinuxEntry) async throws {
        try await LinuxBoot(entry: entry).expectCleanRun()
    }

    @Test func bootsAnELFImageByPVH() async throws {
        try await LinuxBoot(kernel: TestKernel.vmlinux).expectCleanRun()
    }

    @Test func tellsWhatTheCommandLineAsks() async throws {
        let (lines, _) = try await LinuxBoot(words: "vk.nonce=virtkit").run()
        // printf %s virtkit | sha256sum
        let digest = "b92f0b3eb0ca92698a08f8a4490901e9967035e2e379b544597730b41fbeb89c"
        #expect(lines.contains("vk.nonce sha256: \(digest)"))
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
        LinuxBoot(cpus: cpus).check(before + after, second == 0 ? .poweredOff : .stopped)
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
