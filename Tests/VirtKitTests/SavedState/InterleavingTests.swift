import Foundation
import Testing
import VirtKit

/// Any interleaving of pause, save, restore and resume during the work of several vCPUs changes nothing: the guest checks
/// each round's digest, its counters, its translations and its time (`Tests/Guests/smpwork.c`).
@Suite(.serialized) struct InterleavingTests {
    private static let guests = ProcessInfo.processInfo.environment["VIRTKIT_TEST_GUESTS"]
    private static let isLong = ProcessInfo.processInfo.environment["VIRTKIT_TEST_LONG"] != nil

    private enum Step: CaseIterable {
        case pauseAndResume, saveAndResume, restore, saveTwiceAndRestore, restoreWithoutRunning, restoreAnOlder
        case reset
    }

    /// One machine goes through a hundred random steps (a thousand with --long). `VIRTKIT_TEST_SEED` repeats a run.
    @Test(
        .enabled(if: guests != nil, "VIRTKIT_TEST_GUESTS names no folder (Scripts/test builds the guests)"),
        arguments: [2, 4])
    func changeNothing(_ cpus: Int) async throws {
        let given = ProcessInfo.processInfo.environment["VIRTKIT_TEST_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 0...UInt64(UInt32.max))
        print("InterleavingTests: \(cpus) vCPUs, seed \(seed)")
        var generator = Seeded(state: seed)
        let folder = try ScratchFolder()
        let hypervisor = try await EmulatorBackend().makeHypervisor()
        let configuration = MachineConfiguration(
            architecture: .x86_64, cpus: cpus, memory: .mebibytes(16),
            boot: .elf(.path(try #require(Self.guests) + "/smpwork.elf")))
        var machine = try await hypervisor.makeMachine(configuration)
        try await machine.start()
        try await waitForWork(machine, times: 1)
        var older: String?
        for number in 1...(Self.isLong ? 1000 : 100) {
            try await Task.sleep(for: .microseconds(Int.random(in: 0...8000, using: &generator)))
            try #require(machine.state == .running, "step \(number) of seed \(seed): \(output(of: machine))")
            let step = Step.allCases.randomElement(using: &generator) ?? .restore
            let path = folder("\(number % 2)")
            try await machine.pause()
            switch step {
            case .pauseAndResume:
                // Paused time is no time for the guest.
                try await Task.sleep(for: .microseconds(Int.random(in: 0...3000, using: &generator)))
            case .reset:
                // All begin again, one after another.
                let times = starts(of: machine) + 1
                try await machine.reset()
                try await machine.resume()
                try await waitForWork(machine, times: times)
                continue
            case .saveAndResume:
                try await machine.snapshots?.save(to: path)
                older = path
            case .restore, .restoreAnOlder, .saveTwiceAndRestore, .restoreWithoutRunning:
                try await machine.snapshots?.save(to: path)
                if step == .saveTwiceAndRestore {
                    let second = folder("second")
                    try await machine.snapshots?.save(to: second)
                    #expect(try sections(of: second) == sections(of: path), "step \(number) of seed \(seed)")
                }
                await machine.stop()
                // An older one has other work before it, and the same results.
                let from = step == .restoreAnOlder ? older ?? path : path
                machine = try await hypervisor.restoreMachine(configuration, from: from)
                if step == .restoreWithoutRunning {
                    try await machine.snapshots?.save(to: path)
                    await machine.stop()
                    machine = try await hypervisor.restoreMachine(configuration, from: path)
                }
                older = from
            }
            try await machine.resume()
        }
        try await Task.sleep(for: .milliseconds(300))
        try await machine.serial.send("q")
        let watched = machine
        let watchdog = Task {
            try await Task.sleep(for: .seconds(60))
            await watched.stop()
        }
        defer { watchdog.cancel() }
        let outcome = try await machine.waitUntilStopped()
        #expect(outcome == MachineOutcome(.debugExit, code: 0), "seed \(seed): \(output(of: machine))")
        #expect(output(of: machine).contains("smpwork: PASS"), "seed \(seed): \(output(of: machine))")
    }

    /// How often the guest has begun its work.
    private func starts(of machine: any Machine) -> Int {
        output(of: machine).split(separator: "\r\n").count { $0 == "go" }
    }

    private func waitForWork(_ machine: any Machine, times: Int) async throws {
        for _ in 0..<60_000 where starts(of: machine) < times { try await Task.sleep(for: .milliseconds(1)) }
        try #require(starts(of: machine) >= times, "\(output(of: machine))")
    }

    private func output(of machine: any Machine) -> String {
        String(decoding: machine.serial.recentOutput, as: UTF8.self)
    }

    private func sections(of path: String) throws -> [StateSection] {
        try SavedMachineFile(Array(try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped))).sections
    }
}
