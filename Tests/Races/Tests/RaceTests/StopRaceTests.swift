import CRaceSupport
import Foundation
import Synchronization
import Testing
import VirtKitCore
import VirtKitEmulator
import VirtKitKVM
import VirtKitMachine
import VirtKitTesting

@Suite("Stopping, from many threads at once", .serialized)
struct StopRaceTests {
    static let rounds = 40

    @Test("The sanitizer sees mutexes that several threads want at once")
    func mutexes() {
        let count = Mutex(0)
        let threads = (0..<3).map { _ in
            RaceThread {
                for _ in 0..<1_000_000 where vk_race_support() == 0 {
                    count.withLock {
                        $0 += 1
                        sched_yield()
                    }
                }
            }
        }
        for thread in threads { thread.join() }
        #expect(vk_race_support() == 1)
    }

    @Test("The kit's cases of several threads, on the emulator", arguments: Subjects.cases)
    func emulator(_ test: AcceleratorCase) async {
        #expect(await test.run(Subjects.emulator) == .pass, "\(test.rule)")
    }

    @Test(
        "The kit's cases of several threads, on KVM",
        .enabled("needs a KVM that runs a bare guest") { await Subjects.makeKVM() != nil }, arguments: Subjects.cases)
    func kvm(_ test: AcceleratorCase) async throws {
        #expect(await test.run(try #require(await Subjects.makeKVM())) == .pass, "\(test.rule)")
    }

    @Test("The kit's cases for hypervisors, on the emulator", arguments: HypervisorConformance.cases)
    func machines(_ test: ConformanceCase) async {
        let subject = HypervisorSubject(
            hypervisor: LocalHypervisor(EmulatorAccelerator()), guests: HypervisorSubject.standardGuests,
            greeting: HypervisorSubject.standardGreeting, temporaryFolder: NSTemporaryDirectory(),
            patience: .seconds(60))
        #expect(await test.run(subject) == .pass, "\(test.rule)")
    }

    @Test("Requests to exit from three threads at once each end a run", arguments: [false, true])
    func requests(onKVM: Bool) async throws {
        guard let subject = onKVM ? await Subjects.makeKVM() : Subjects.emulator else {
            try Test.cancel("needs a KVM that runs a bare guest")
        }
        let domain = try spinningDomain(subject)
        let runs = Atomic<Int>(0)
        let isDone = Atomic<Bool>(false)
        let threads = (0..<3).map { number in
            RaceThread {
                while !isDone.load(ordering: .acquiring) {
                    domain.handle(0).requestExit()
                    if number == 0 { domain.handle(0).signal() }
                    usleep(UInt32(number * 30))
                }
            }
        }
        var driver = SpinDriver(runs: 2000, count: { runs.add(1, ordering: .relaxed) })
        try domain.withVCPU(0, &driver)
        isDone.store(true, ordering: .releasing)
        for thread in threads { thread.join() }
        #expect(runs.load(ordering: .acquiring) == 2000)
    }

    @Test("A machine is paused, resumed, reset, saved and stopped from four tasks at once", arguments: [1, 4])
    func control(cpus: Int) async throws {
        try await race(LocalHypervisor(EmulatorAccelerator()), cpus: cpus, model: .standard)
    }

    @Test("So is one on KVM", .enabled("needs a KVM that runs a bare guest") { await Subjects.makeKVM() != nil })
    func controlOfKVM() async throws {
        let subject = try #require(await Subjects.makeKVM())
        try await race(LocalHypervisor(subject.accelerator), cpus: 2, model: subject.cpuModel)
    }

    private func race(_ hypervisor: any Hypervisor, cpus: Int, model: CPUModel) async throws {
        var configuration = try #require(HypervisorSubject.standardGuests[.floods])
        configuration.cpus = cpus
        configuration.cpuModel = model
        for round in 0..<Self.rounds {
            let machine = try await hypervisor.makeMachine(configuration)
            try await machine.start()
            await withTaskGroup { group in
                for task in 0..<4 {
                    group.addTask {
                        for step in 0..<6 {
                            // Whoever comes too late is refused by an error.
                            switch (task + step) % 4 {
                            case 0: try? await machine.pause()
                            case 1: try? await machine.resume()
                            case 2: try? await machine.reset()
                            default: _ = await machine.statistics()
                            }
                            if task == round % 4, step == 4 { await machine.stop() }
                        }
                    }
                }
            }
            await machine.stop()
            #expect(machine.state == .stopped)
            #expect(try await machine.waitUntilStopped() == .stopped)
        }
    }

    /// A vCPU that would spin for ever: `jmp .` in 16-bit real mode, at the reset vector.
    private func spinningDomain(_ subject: AcceleratorSubject) throws -> any AcceleratorDomain<X86_64> {
        let memory = try GuestMemory(regions: [GuestMemoryRegion(guestAddress: 0xFFFF_F000, size: 0x1000)])
        try memory.write([0xEB, 0xFE], at: 0xFFFF_FFF0)
        let domain = try subject.accelerator.makeDomain(
            DomainRequest(
                architecture: .x86_64, cpus: 1, cpuModel: subject.cpuModel, memory: memory, clock: MachineClock(),
                timerFrequency: subject.timerFrequency))
        return try #require(domain as? any AcceleratorDomain<X86_64>)
    }
}

private struct SpinDriver: VCPUDriver {
    typealias Architecture = X86_64
    let runs: Int
    let count: () -> Void

    mutating func drive<CPU: VirtualCPU & ~Copyable>(_ cpu: inout CPU) throws(VirtKitError)
    where CPU.Architecture == X86_64 {
        let bus = NoBus()
        for _ in 0..<runs {
            let exit = try cpu.run(bus)
            guard exit.kind == .requested else {
                throw VirtKitError(.backendFailure, operation: "spin", message: "an exit of kind \(exit.kind.rawValue)")
            }
            count()
        }
    }
}

private final class NoBus: GuestBus {
    func read(_ address: UInt64, width: Int, space: BusSpace, vcpu: Int) -> UInt64 { .max }
    func write(_ value: UInt64, to address: UInt64, width: Int, space: BusSpace, vcpu: Int) {}
    func readSystemRegister(_ number: UInt32, vcpu: Int) -> UInt64? { nil }
    func writeSystemRegister(_ number: UInt32, value: UInt64, vcpu: Int) -> Bool { false }
}

/// A thread that can be joined.
private final class RaceThread: Sendable {
    private let done = DispatchSemaphore(value: 0)

    init(_ body: @escaping @Sendable () -> Void) {
        Thread.detachNewThread { [done] in
            body()
            done.signal()
        }
    }

    func join() { done.wait() }
}
