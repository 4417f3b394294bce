import Foundation
import Testing
import VirtKit

/// Machines that go on under another accelerator than the one that they were saved on.
@Suite(.serialized) struct MoveTests {
    private static let guests = ProcessInfo.processInfo.environment["VIRTKIT_TEST_GUESTS"]
    private static let absence: Comment = "VIRTKIT_TEST_GUESTS names no folder (Scripts/test builds the guests)"

    /// A machine that both have, or nil where there is no KVM that runs it.
    private static func configuration(cpus: Int) async -> MachineConfiguration? {
        guard let guests, await LocalAccelerator.hasKVM() else { return nil }
        let (kvm, emulator) = (LocalAccelerator.kvm.accelerator, LocalAccelerator.emulator.accelerator)
        var configuration = MachineConfiguration(
            architecture: .x86_64, cpus: cpus, cpuModel: .x86_64, memory: .mebibytes(16),
            boot: .elf(
                .path(guests + "/move.elf"),
                commandLine: await KVMAccelerator().availability().reason.contains("can't be set") ? "" : "clock"))
        configuration.timerFrequency = await kvm.preferredTimerFrequency(for: configuration) ?? 1_000_000_000
        configuration.cpuFeatures = await X86_64.Features.common(of: .x86_64, [kvm, emulator])
        return configuration
    }

    /// What a machine prints that is never moved, and how it ends.
    private func undisturbed(_ configuration: MachineConfiguration, on subject: LocalAccelerator) async throws -> String
    {
        try await subject.hypervisor.withMachine(configuration) { machine in
            try await machine.start()
            let watchdog = Self.watchdog(machine)
            defer { watchdog.cancel() }
            #expect(try await machine.waitUntilStopped() == MachineOutcome(.debugExit, code: 0))
            return String(decoding: machine.serial.recentOutput, as: UTF8.self)
        }
    }

    private static func watchdog(_ machine: any Machine) -> Task<Void, any Error> {
        Task {
            try await Task.sleep(for: .seconds(60))
            await machine.stop()
        }
    }

    /// Forth and back until the guest has ended, each time at another point: under KVM and the emulator in turn, or under
    /// one of them alone, where the two must differ in nothing.
    private func moved(
        _ configuration: MachineConfiguration, over subjects: [LocalAccelerator], seed: UInt64
    ) async throws -> (output: String, moves: Int, halted: Int) {
        let folder = try ScratchFolder()
        var generator = Seeded(state: seed)
        var output = ""
        var moves = 0
        var halted = 0
        var machine = try await subjects[0].hypervisor.makeMachine(configuration)
        try await machine.start()
        while true {
            let isKVM = subjects[moves % subjects.count].accelerator.id == "kvm"
            // The emulator executes in a millisecond what KVM may take fifty for where it emulates ring 0.
            try await Task.sleep(for: .microseconds(Int.random(in: 0..<(isKVM ? 60_000 : 2_500), using: &generator)))
            do {
                try await machine.pause()
            } catch let error as VirtKitError where error.code == .invalidState {
                break
            }
            let path = folder("\(moves)")
            do {
                try await #require(machine.snapshots).save(to: path)
            } catch let error as VirtKitError where error.code == .invalidState {
                break
            }
            output += String(decoding: machine.serial.recentOutput, as: UTF8.self)
            await machine.stop()
            halted += try SavedMachineFile(Array(Data(contentsOf: URL(fileURLWithPath: path)).prefix(1 << 18)))
                .haltedCPUs
            moves += 1
            try #require(moves < 2000, "the guest makes no progress: \(output)")
            machine = try await subjects[moves % subjects.count].hypervisor.restoreMachine(configuration, from: path)
            try FileManager.default.removeItem(atPath: path)
            try await machine.resume()
        }
        #expect(try await machine.waitUntilStopped() == MachineOutcome(.debugExit, code: 0))
        output += String(decoding: machine.serial.recentOutput, as: UTF8.self)
        return (output, moves, halted)
    }

    /// Arithmetic, string instructions, counted interrupts and timers, registers that nobody touches.
    @Test(
        .enabled(if: guests != nil, absence), .enabled(LocalAccelerator.kvmAbsence) { await LocalAccelerator.hasKVM() },
        arguments: [1, 2])
    func fromKVMToTheEmulatorAndBack(cpus: Int) async throws {
        let configuration = try #require(await Self.configuration(cpus: cpus))
        let expected = try await undisturbed(configuration, on: .emulator)
        #expect(expected.contains("move: PASS"))
        #expect(try await undisturbed(configuration, on: .kvm) == expected)
        // On a busy host a guest may have ended before its next pause.
        var total = 0
        for seed in UInt64(1)...40 where seed <= 3 || total < 30 {
            let (output, moves, halted) = try await moved(
                configuration, over: [.kvm, .emulator], seed: seed &+ UInt64(cpus) &* 100)
            #expect(output == expected)
            total += moves
            print("move: \(cpus) vCPUs, seed \(seed): \(moves) moves, in \(halted) of them a vCPU was halted")
        }
        #expect(total >= 30)
    }

    @Test(
        .enabled(if: guests != nil, absence), .enabled(LocalAccelerator.kvmAbsence) { await LocalAccelerator.hasKVM() })
    func fromKVMToKVM() async throws {
        let configuration = try #require(await Self.configuration(cpus: 1))
        let expected = try await undisturbed(configuration, on: .emulator)
        var total = 0
        for seed in UInt64(7)...40 where total < 10 {
            let (output, moves, _) = try await moved(configuration, over: [.kvm], seed: seed)
            #expect(output == expected)
            total += moves
        }
        #expect(total >= 10)
    }

    /// What the guest was told of its CPUs must hold where it goes on.
    @Test(.enabled(LocalAccelerator.kvmAbsence) { await LocalAccelerator.hasKVM() })
    func aMachineThatWouldFindOtherCPUsIsRefused() async throws {
        let folder = try ScratchFolder()
        let (kvm, emulator) = (LocalAccelerator.kvm, LocalAccelerator.emulator)
        func save(_ configuration: MachineConfiguration, on subject: LocalAccelerator) async throws -> String {
            try await subject.hypervisor.withMachine(configuration) { machine in
                try await machine.start()
                try await machine.pause()
                try await #require(machine.snapshots).save(to: folder("saved"))
            }
            return folder("saved")
        }
        func refusal(_ configuration: MachineConfiguration, _ path: String, on subject: LocalAccelerator) async
            -> VirtKitError?
        {
            await #expect(throws: VirtKitError.self) {
                _ = try await subject.hypervisor.restoreMachine(configuration, from: path)
            }
        }
        var configuration = emulator.machine(BareCode.spin)
        configuration.timerFrequency =
            await kvm.accelerator.preferredTimerFrequency(for: configuration) ?? 1_000_000_000
        let own = try #require(await emulator.accelerator.features(of: .x86_64))
        let theirs = try #require(await kvm.accelerator.features(of: .x86_64))
        let path = try await save(configuration, on: emulator)
        if !own.subtracting(theirs).isEmpty {
            let error = await refusal(configuration, path, on: kvm)
            #expect(error?.code == .invalidSavedState)
            #expect(error?.message.contains(own.subtracting(theirs).names[0]) == true, "\(error.debugDescription)")
            #expect(error?.remedy?.contains("cpuFeatures") == true)
        }
        // Other features than those of the saved machine.
        configuration.cpuFeatures = X86_64.Features(words: [0, 1 << 4])
        let other = await refusal(configuration, path, on: emulator)
        #expect(other?.message.contains("cpuFeatures") == true)
        // The host's own CPU.
        configuration.cpuFeatures = nil
        configuration.cpuModel = .host
        let host = await refusal(configuration, try await save(configuration, on: kvm), on: emulator)
        #expect(host?.code == .invalidSavedState)
        #expect(host?.message.contains("the host's") == true, "\(host.debugDescription)")
        try await kvm.hypervisor.withRestoredMachine(configuration, from: folder("saved")) { machine in
            #expect(machine.state == .paused)
        }
    }

    /// Features that no accelerator has are refused where the machine is made.
    @Test func featuresThatThereAreNot() async throws {
        var configuration = LocalAccelerator.emulator.machine(BareCode.spin)
        configuration.cpuFeatures = X86_64.Features(words: [1 << 28])
        let error = await #expect(throws: VirtKitError.self) {
            _ = try await LocalAccelerator.emulator.hypervisor.makeMachine(configuration)
        }
        #expect(error?.code == .unsupported && error?.message.contains("AVX") == true)
    }
}
