import Foundation
import Testing
import VirtKit

/// What a host program must be able to rely on, whatever its guests do.
@Suite(.serialized) struct RobustnessTests {
    private func hypervisor() async throws -> any Hypervisor { try await EmulatorBackend().makeHypervisor() }

    private func outcome(
        _ configuration: MachineConfiguration, within limit: Duration = .seconds(20)
    ) async throws -> MachineOutcome {
        try await hypervisor().withMachine(configuration) { machine in
            try await machine.start()
            let watchdog = Task {
                try await Task.sleep(for: limit)
                await machine.stop()
            }
            defer { watchdog.cancel() }
            return try await machine.waitUntilStopped()
        }
    }

    @Test func powerOffIsAnOutcome() async throws {
        #expect(try await outcome(BareCode.machine(BareCode.powerOff)) == .poweredOff)
    }

    @Test func resetIsAnOutcome() async throws {
        #expect(try await outcome(BareCode.machine(BareCode.reset)) == .reset)
    }

    @Test func aTripleFaultIsAnOutcome() async throws {
        #expect(try await outcome(BareCode.machine(BareCode.tripleFault)).kind == .crashed)
    }

    @Test func aJumpIntoRegistersIsAnOutcome() async throws {
        #expect(try await outcome(BareCode.machine(BareCode.jumpIntoMMIO)).kind == .crashed)
    }

    @Test func tablesThatNameThemselvesEndInAnOutcome() async throws {
        let outcome = try await outcome(BareCode.machine(BareCode.pageTableLoop), within: .seconds(2))
        #expect(outcome.kind == .crashed || outcome.kind == .stopped)
    }

    @Test(arguments: [BareCode.spin, BareCode.haltForEver, BareCode.printForEver])
    func stoppingIsPrompt(_ code: [UInt8]) async throws {
        let machine = try await hypervisor().makeMachine(BareCode.machine(code))
        try await machine.start()
        try await Task.sleep(for: .milliseconds(50))
        let started = ContinuousClock.now
        await machine.stop()
        // Generous: tests beside this one may hold the pool's threads for seconds.
        #expect(started.duration(to: .now) < .seconds(20))
        #expect(try await machine.waitUntilStopped() == .stopped)
        #expect(machine.state == .stopped)
    }

    @Test func aResetWithoutItsImageEndsTheMachine() async throws {
        let image = FileManager.default.temporaryDirectory.appendingPathComponent("virtkit-\(UUID().uuidString)")
        try Data(BareCode.spin).write(to: image)
        var configuration = BareCode.machine(BareCode.spin)
        configuration.boot = .flat(.path(image.path), address: 0x10_0000)
        let machine = try await hypervisor().makeMachine(configuration)
        try await machine.start()
        try await machine.reset()
        try FileManager.default.removeItem(at: image)
        var error = await #expect(throws: VirtKitError.self) { try await machine.reset() }
        #expect(error?.code == .inputOutput)
        error = await #expect(throws: VirtKitError.self) { try await machine.waitUntilStopped() }
        #expect(error?.code == .inputOutput)
        #expect(machine.state == .stopped)
        await machine.stop()
    }

    @Test func aConsoleNobodyReadsIsBounded() async throws {
        var configuration = BareCode.machine(BareCode.printForEver)
        configuration.serial.outputCapacity = 4096
        try await hypervisor().withMachine(configuration) { machine in
            try await machine.start()
            while machine.serial.droppedByteCount < 10_000 { try await Task.sleep(for: .milliseconds(5)) }
            #expect(machine.serial.recentOutput.count == 4096)
        }
    }

    @Test func cancellingTheTaskStopsTheMachine() async throws {
        let hypervisor = try await hypervisor()
        let (machines, made) = AsyncStream.makeStream(of: (any Machine).self)
        let task = Task {
            try await hypervisor.withMachine(BareCode.machine(BareCode.spin)) { machine in
                try await machine.start()
                made.yield(machine)
                return try await machine.waitUntilStopped()
            }
        }
        var iterator = machines.makeAsyncIterator()
        let machine = try #require(await iterator.next())
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(machine.state == .stopped)
    }

    /// In a process of its own, so that what other tests hold does not count.
    @Test func twoHundredMachinesLeakNothing() async throws {
        await #expect(processExitsWith: .success) {
            let hypervisor = try await EmulatorBackend().makeHypervisor()
            func run(_ count: Int) async throws {
                for number in 0..<count {
                    let code = [BareCode.powerOff, BareCode.spin, BareCode.printForEver][number % 3]
                    try await hypervisor.withMachine(BareCode.machine(code)) { machine in
                        try await machine.start()
                        guard number % 3 == 0 else { return }
                        let outcome = try await machine.waitUntilStopped()
                        precondition(outcome == .poweredOff)
                    }
                }
            }
            try await run(20)
            let before = ProcessUsage.now
            try await run(200)
            let after = ProcessUsage.now
            precondition(after.descriptors <= before.descriptors, "\(before) \(after)")
            // The cooperative pool may have grown by a thread or two.
            precondition(after.threads <= before.threads + 2, "\(before) \(after)")
            precondition(after.residentBytes <= before.residentBytes + 8 << 20, "\(before) \(after)")
        }
    }

    @Test(arguments: [0, -1, 10_000, Int.max]) func cpuCountsThatCannotBe(_ cpus: Int) async throws {
        var configuration = BareCode.machine(BareCode.powerOff)
        configuration.cpus = cpus
        let error = await #expect(throws: VirtKitError.self) { _ = try await Backends.builtIn.best(for: configuration) }
        #expect(error?.code == .invalidConfiguration)
    }

    @Test(arguments: [0, 1, 4095, 1 << 60, UInt64.max]) func memoriesThatCannotBe(_ bytes: UInt64) async throws {
        var configuration = BareCode.machine(BareCode.powerOff)
        configuration.memory = .bytes(bytes)
        let hypervisor = try await hypervisor()
        let error = await #expect(throws: VirtKitError.self) { _ = try await hypervisor.makeMachine(configuration) }
        #expect(error?.code == .invalidConfiguration)
    }
}

/// What the process holds.
struct ProcessUsage {
    var threads: Int
    var descriptors: Int
    var residentBytes: Int

    static var now: ProcessUsage {
        let files = FileManager.default
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ")
        return ProcessUsage(
            threads: (try? files.contentsOfDirectory(atPath: "/proc/self/task").count) ?? 0,
            descriptors: (try? files.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0,
            residentBytes: (pages.flatMap { $0.count > 1 ? Int($0[1]) : nil } ?? 0) * 4096)
    }
}
