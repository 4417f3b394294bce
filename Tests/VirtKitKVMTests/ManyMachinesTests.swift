#if arch(x86_64)
    import CVirtKit
    import Foundation
    import Glibc
    import Synchronization
    import Testing
    import VirtKitCore

    @testable import VirtKitKVM

    /// Thousands of machines in one process: nothing hangs, and nothing is left behind.
    @Suite(.enabled(if: HostKVM.runsGuests, HostKVM.reason), .serialized) struct ManyMachinesTests {
        /// What a process holds of machines: KVM's descriptors and memory files, vCPU mappings, and resident memory.
        private struct Holdings {
            var descriptors: Int
            var mappings: Int
            var threads: Int
            var resident: Int

            init() throws {
                let folder = "/proc/self/fd"
                descriptors = try FileManager.default.contentsOfDirectory(atPath: folder).count { name in
                    let target = (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)")) ?? ""
                    return target.contains("kvm") || target.contains("virtkit-ram")
                }
                let maps = try String(contentsOfFile: "/proc/self/maps", encoding: .utf8)
                mappings = maps.split(separator: "\n").count { $0.contains("kvm-vcpu") || $0.contains("virtkit-ram") }
                threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
                let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
                resident = (Int(pages[1]) ?? 0) * 4096
            }
        }

        /// Makes a machine whose guest spins, runs it on this thread, has another thread stop it, and lets it go.
        private static func oneCycle(_ kicker: Kicker, _ number: Int) throws {
            let guest = try BareGuest([0xEB, 0xFE])
            var runner = Runner(bus: RecordingBus())
            runner.state = guest.state
            runner.beforeRun = { _ in kicker.kick(guest.domain.handle(0), after: UInt32(number % 5 * 40)) }
            try guest.domain.withVCPU(0, &runner)
            #expect(runner.exits.map(\.kind) == [.requested])
        }

        /// In a process of its own, since other tests have machines too.
        @Test func twoThousandMachinesLeaveNothingBehind() async {
            await #expect(processExitsWith: .success) {
                let kicker = Kicker()
                defer { kicker.end() }
                for number in 0..<100 { try Self.oneCycle(kicker, number) }
                let before = try Holdings()
                for number in 0..<2000 { try Self.oneCycle(kicker, number) }
                let after = try Holdings()
                #expect(after.descriptors < before.descriptors + 100)
                #expect(after.mappings < before.mappings + 100)
                #expect(after.threads < before.threads + 100)
                // Less than 8 KiB a machine.
                #expect(after.resident < before.resident + 2000 * 8192)
            }
        }

        @Test func machinesWithControllersLeaveNothingBehind() throws {
            let before = try Holdings()
            for _ in 0..<200 {
                let guest = try LayerGuest(
                    Code.enableLocalAPIC + [0xE6, 0x81], controllers: .local)
                try guest.runToPort(0x81)
            }
            let after = try Holdings()
            #expect(after.descriptors < before.descriptors + 100)
            #expect(after.mappings < before.mappings + 100)
        }

        @Test func aHundredAtOnce() throws {
            let guests = try (0..<100).map { _ in try BareGuest([0xEB, 0xFE]) }
            let kinds = Mutex<[VCPUExit.Kind]>([])
            let done = DispatchSemaphore(value: 0)
            for guest in guests {
                Thread.detachNewThread {
                    var runner = Runner(bus: RecordingBus())
                    runner.state = guest.state
                    try? guest.domain.withVCPU(0, &runner)
                    kinds.withLock { $0 += runner.exits.map(\.kind) }
                    done.signal()
                }
            }
            for guest in guests { guest.domain.handle(0).requestExit() }
            for _ in guests { #expect(done.wait(timeout: .now() + 120) == .success) }
            #expect(kinds.withLock { $0 } == .init(repeating: .requested, count: 100))
        }

        // MARK: The embedding program's signals

        @Test func aProgramThatBlocksAllSignals() throws {
            var all = sigset_t()
            var old = sigset_t()
            sigfillset(&all)
            pthread_sigmask(SIG_SETMASK, &all, &old)
            defer { pthread_sigmask(SIG_SETMASK, &old, nil) }
            let kicker = Kicker()
            defer { kicker.end() }
            for number in 0..<50 { try Self.oneCycle(kicker, number) }
            // The signal is as it was: blocked, and none waits.
            var present = sigset_t()
            pthread_sigmask(SIG_SETMASK, nil, &present)
            #expect(sigismember(&present, HostKVM.signal) == 1)
            var pending = sigset_t()
            sigpending(&pending)
            #expect(sigismember(&pending, HostKVM.signal) == 0)
        }

        @Test func aProgramsOwnSignalsInterruptNothing() throws {
            // Another signal with a handler of the program's, all the time: the guest's port accesses all come.
            let other = vk_kvm_realtime_signal(8)
            signal(other) { _ in }
            defer { signal(other, SIG_DFL) }
            // mov $1000, %ecx; 1: out %al, $0x80; dec %ecx; jnz 1b; hlt
            let guest = try BareGuest([0xB9, 0xE8, 0x03, 0x00, 0x00, 0xE6, 0x80, 0xFF, 0xC9, 0x75, 0xFA, 0xF4])
            let alarm = vk_kvm_start_alarm(other, 200_000)
            defer { vk_kvm_stop_alarm(alarm) }
            let bus = RecordingBus()
            let (exits, _) = try guest.run(bus)
            #expect(exits.map(\.kind) == [.halted])
            #expect(bus.log.count == 1000)
        }

        @Test func aSignalOfTheProgramsChoice() throws {
            let signal = vk_kvm_realtime_signal(9)
            let memory = try BareGuest.memory([0xEB, 0xFE], [:])
            let request = DomainRequest(
                architecture: .x86_64, cpus: 1, cpuModel: HostKVM.model, memory: memory, clock: MachineClock(),
                timerFrequency: try #require(HostKVM.probe).timeStampFrequency)
            let made = try KVMAccelerator(kickSignal: signal).makeDomain(request)
            let domain = try #require(made as? any AcceleratorDomain<X86_64>)
            let kicker = Kicker()
            defer { kicker.end() }
            var runner = Runner(bus: RecordingBus())
            runner.state = BareGuest.entryState
            runner.maximumExits = 20
            runner.beforeRun = { number in kicker.kick(domain.handle(0), after: UInt32(number % 3 * 50)) }
            try domain.withVCPU(0, &runner)
            #expect(runner.exits.map(\.kind) == .init(repeating: .requested, count: 20))
            // One that the program uses itself is refused.
            let taken = vk_kvm_realtime_signal(10)
            Glibc.signal(taken) { _ in }
            defer { Glibc.signal(taken, SIG_DFL) }
            let error = #expect(throws: VirtKitError.self) {
                try KVMAccelerator(kickSignal: taken).makeDomain(request)
            }
            #expect(error?.message.contains("KVMAccelerator(kickSignal:)") == true)
        }
    }

    /// A thread that requests exits.
    private final class Kicker: Sendable {
        private struct Job: Sendable {
            var handle: any VCPUHandle
            var delay: UInt32
        }

        private let jobs = Mutex<[Job]>([])
        private let wake = DispatchSemaphore(value: 0)
        private let ends = Atomic<Bool>(false)

        init() {
            Thread.detachNewThread { [self] in
                while true {
                    wake.wait()
                    if ends.load(ordering: .acquiring) { return }
                    guard let job = jobs.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else { continue }
                    if job.delay > 0 { usleep(job.delay) }
                    job.handle.requestExit()
                }
            }
        }

        func kick(_ handle: any VCPUHandle, after delay: UInt32) {
            jobs.withLock { $0.append(Job(handle: handle, delay: delay)) }
            wake.signal()
        }

        func end() {
            ends.store(true, ordering: .releasing)
            wake.signal()
        }
    }
#endif
