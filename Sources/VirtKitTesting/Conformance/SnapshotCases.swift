internal import Glibc
internal import VirtKitCore

extension HypervisorConformance {
    static let snapshotCases: [ConformanceCase] = [
        ConformanceCase("save-needs-a-pause", "save(to:) throws .invalidState unless the machine is paused.") {
            subject in
            try await withSnapshots(.runsForever, subject) { machine, snapshots, path in
                try await machine.start()
                try await expectError(.invalidState, when: "save of a running machine", in: subject) {
                    try await snapshots.save(to: path)
                }
                try expect(access(path, F_OK) != 0, "a refused save has left a file")
            }
        },
        ConformanceCase(
            "save-and-restore",
            "A saved machine is made again .paused, and its guest goes on; the machine that was saved goes on too."
        ) { subject in
            try await withSnapshots(.echoes, subject) { machine, snapshots, path in
                try await machine.start()
                try await echo("one", machine, subject)
                try await machine.pause()
                try await subject.prompt("save") { try await snapshots.save(to: path) }
                try expect(machine, is: .paused, "after save")
                try await machine.resume()
                try await echo("two", machine, subject)
                await machine.stop()

                let restored = try await subject.prompt("restoreMachine") {
                    try await subject.hypervisor.restoreMachine(machine.configuration, from: path)
                }
                do {
                    try expect(restored, is: .paused, "after restoreMachine")
                    try await restored.resume()
                    try await echo("three", restored, subject)
                } catch {
                    await restored.stop()
                    throw error
                }
                try await subject.prompt("stop of a restored machine") { await restored.stop() }
            }
        },
        ConformanceCase(
            "failed-save-leaves-nothing",
            "save(to:) throws .inputOutput for a file that can't be written; the machine stays paused."
        ) { subject in
            try await withSnapshots(.runsForever, subject) { machine, snapshots, path in
                try await machine.start()
                try await machine.pause()
                try await expectError(.inputOutput, when: "save into a folder that is not there", in: subject) {
                    try await snapshots.save(to: path + "/none/file")
                }
                try expect(machine, is: .paused, "after a failed save")
            }
        },
        ConformanceCase(
            "restore-refuses-other-hardware",
            "restoreMachine throws .invalidSavedState where the configuration's hardware is not that of the saved "
                + "machine."
        ) { subject in
            try await withSnapshots(.runsForever, subject) { machine, snapshots, path in
                try await machine.start()
                try await machine.pause()
                try await snapshots.save(to: path)
                var other = machine.configuration
                other.memory = .bytes(other.memory.rawValue + (1 << 20))
                let larger = other
                try await expectRefused("restore with more memory", larger, path, subject)
            }
        },
        ConformanceCase(
            "restore-refuses-a-broken-file",
            "restoreMachine throws .invalidSavedState for a truncated or foreign file, and never traps."
        ) { subject in
            try await withSnapshots(.runsForever, subject) { machine, snapshots, path in
                try await machine.start()
                try await machine.pause()
                try await snapshots.save(to: path)
                var status = stat()
                guard stat(path, &status) == 0 else { throw ConformanceFailure("save has left no file") }
                for size in [status.st_size - 1, status.st_size / 2, 20, 3, 0] {
                    guard truncate(path, size) == 0 else { throw ConformanceSkip("the file can't be truncated") }
                    try await expectRefused(
                        "restore from a file cut to \(size) bytes", machine.configuration, path, subject)
                }
            }
        },
        ConformanceCase(
            "restore-needs-a-file", "restoreMachine throws .inputOutput where there is no file."
        ) { subject in
            try await withSnapshots(.runsForever, subject) { machine, _, path in
                try await expectError(.inputOutput, when: "restore from no file", in: subject) {
                    let restored = try await subject.hypervisor.restoreMachine(machine.configuration, from: path)
                    await restored.stop()
                }
            }
        },
    ]

    private static func withSnapshots(
        _ role: GuestRole, _ subject: HypervisorSubject,
        _ body: @escaping @Sendable (any Machine, any MachineSnapshots, String) async throws -> Void
    ) async throws {
        let path = subject.temporaryPath("saved")
        defer { unlink(path) }
        try await subject.withMachine(role) { machine in
            guard let snapshots = machine.snapshots else { throw ConformanceSkip("the machine has no snapshots") }
            try await body(machine, snapshots, path)
        }
    }

    private static func expectRefused(
        _ what: String, _ configuration: MachineConfiguration, _ path: String, _ subject: HypervisorSubject
    ) async throws {
        try await expectError(.invalidSavedState, when: what, in: subject) {
            let restored = try await subject.hypervisor.restoreMachine(configuration, from: path)
            await restored.stop()
        }
    }

    private static func echo(_ text: String, _ machine: any Machine, _ subject: HypervisorSubject) async throws {
        try await subject.prompt("send") { try await machine.serial.send(text) }
        try await subject.eventually("\"\(text)\" echoed") { machine.serial.recentText.contains(text) }
    }
}
