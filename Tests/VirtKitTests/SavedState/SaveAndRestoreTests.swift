import Foundation
import Glibc
import Testing
import VirtKit

/// A machine that is saved and restored goes on as if nothing had been; one that can't be saved leaves nothing behind.
@Suite struct SaveAndRestoreTests {
    private static let guests = ProcessInfo.processInfo.environment["VIRTKIT_TEST_GUESTS"]

    /// Ten times in a row, each time in another machine, at a random point of a computation under timer interrupts.
    @Test(.enabled(if: guests != nil, "VIRTKIT_TEST_GUESTS names no folder (Scripts/test builds the guests)"))
    func goesOnExactly() async throws {
        let folder = try ScratchFolder()
        let hypervisor = try await EmulatorBackend().makeHypervisor()
        let configuration = MachineConfiguration(
            architecture: .x86_64, memory: .mebibytes(32),
            boot: .elf(.path(try #require(Self.guests) + "/progress.elf")))
        let undisturbed = try await hypervisor.withMachine(configuration) { machine in
            try await machine.start()
            try await machine.serial.send("0123456789")
            #expect(try await machine.waitUntilStopped() == MachineOutcome(.debugExit, code: 0))
            return String(decoding: machine.serial.recentOutput, as: UTF8.self)
        }
        #expect(undisturbed.contains("progress: PASS"))

        var generator = Seeded(state: 7)
        var output = ""
        var machine = try await hypervisor.makeMachine(configuration)
        try await machine.start()
        for point in 1...10 {
            // The guest's next part takes some 20 ms or more; what the guest has not taken is not saved.
            try await machine.serial.send("x")
            while !machine.serial.recentOutput.contains(text: "go\r\n") { try await Task.sleep(for: .milliseconds(1)) }
            try await Task.sleep(for: .microseconds(Int.random(in: 0..<60_000, using: &generator)))
            try await machine.pause()
            try await machine.snapshots?.save(to: folder("\(point)"))
            output += String(decoding: machine.serial.recentOutput, as: UTF8.self)
            await machine.stop()
            machine = try await hypervisor.restoreMachine(configuration, from: folder("\(point)"))
            #expect(machine.state == .paused)
            try await machine.resume()
        }
        let watched = machine
        let watchdog = Task {
            try await Task.sleep(for: .seconds(60))
            await watched.stop()
        }
        defer { watchdog.cancel() }
        #expect(try await machine.waitUntilStopped() == MachineOutcome(.debugExit, code: 0))
        output += String(decoding: machine.serial.recentOutput, as: UTF8.self)
        #expect(output == undisturbed)
    }

    /// A restored machine that is saved at once gives the same file, but for the hand of the wall clock.
    @Test func savingWhatWasRestoredGivesTheSame() async throws {
        let subject = try await SavedMachineSubject()
        let second = subject.folder("second")
        try await subject.hypervisor.withRestoredMachine(subject.configuration, from: subject.path) { machine in
            try await machine.snapshots?.save(to: second)
        }
        let before = try SavedMachineFile(subject.bytes)
        let after = try SavedMachineFile(subject.folder.bytes("second"))
        #expect(before.regions == after.regions)
        for (old, new) in zip(before.sections, after.sections) where !old.id.contains("cmos") && !old.id.contains("rtc")
        {
            #expect(old == new, "\(old.id)")
        }
        #expect(
            subject.bytes.dropFirst(before.head.count) == subject.folder.bytes("second").dropFirst(after.head.count))
    }

    private func refused(_ path: String, _ code: VirtKitError.Code = .inputOutput, pausing: Bool = true) async throws {
        let hypervisor = try await EmulatorBackend().makeHypervisor()
        try await hypervisor.withMachine(BareCode.machine(BareCode.spin, memory: .mebibytes(2))) { machine in
            try await machine.start()
            if pausing { try await machine.pause() }
            let snapshots = try #require(machine.snapshots)
            let error = await #expect(throws: VirtKitError.self) { try await snapshots.save(to: path) }
            #expect(error?.code == code)
            // The machine is none the worse for it.
            if pausing { try await machine.resume() }
            #expect(machine.state == .running)
        }
    }

    @Test func onlyAPausedMachineIsSaved() async throws {
        let folder = try ScratchFolder()
        try await refused(folder("saved"), .invalidState, pausing: false)
        #expect(folder.names.isEmpty)
    }

    @Test func pathsThatCannotBeWritten() async throws {
        let folder = try ScratchFolder()
        try FileManager.default.createDirectory(atPath: folder("directory"), withIntermediateDirectories: false)
        _ = try folder.write("file", "")
        try #require(mkfifo(folder("pipe"), 0o600) == 0)
        let before = folder.names
        for path in [
            folder("missing/saved"), folder("directory"), folder("pipe"), folder("file/saved"), "", "/dev/null",
            folder(String(repeating: "x", count: 300)),
        ] {
            try await refused(path)
        }
        #expect(folder.names == before)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder("directory")).isEmpty)
        var status = stat()
        #expect(stat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
    }

    /// The file can't grow further in the midst of it: as on a full disk.
    @Test func aFullDiskLeavesNoPartialFile() async throws {
        await #expect(processExitsWith: .success) {
            let folder = try ScratchFolder()
            let old = try folder.write("saved", "what was there before")
            signal(SIGXFSZ, SIG_IGN)
            let hypervisor = try await EmulatorBackend().makeHypervisor()
            try await hypervisor.withMachine(BareCode.machine(BareCode.spin)) { machine in
                try await machine.start()
                try await machine.pause()
                // Not before: the guest's memory is a file as well.
                var limit = rlimit(rlim_cur: 1 << 20, rlim_max: 1 << 20)
                precondition(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
                do {
                    try await machine.snapshots?.save(to: old)
                    preconditionFailure("it was saved")
                } catch let error as VirtKitError {
                    precondition(error.code == .inputOutput, "\(error)")
                }
            }
            precondition(folder.names == ["saved"] && folder.text("saved") == "what was there before")
        }
    }
}

extension [UInt8] {
    fileprivate func contains(text: String) -> Bool { String(decoding: self, as: UTF8.self).contains(text) }
}
