#if arch(x86_64)
    import CVirtKit
    import Foundation
    import Synchronization
    import Testing
    import VirtKitCore

    @testable import VirtKitKVM

    /// Stopping a guest that does not stop by itself: nothing is ever lost.
    @Suite(.enabled(if: HostKVM.runsGuests, HostKVM.reason), .serialized) struct StopTests {
        /// Runs a spinning guest `cycles` times; another thread requests an exit for each, after a delay that varies from
        /// none (before the run) to within it. Returns how often it came.
        private func cycle(_ code: [UInt8], cycles: Int, delays: [UInt32]) throws -> Int {
            let guest = try BareGuest(code)
            let started = Atomic<Int>(0)
            let handle = guest.domain.handle(0)
            let isDone = Atomic<Bool>(false)
            let kicker = KickThread()
            kicker.start {
                for number in 1...cycles {
                    while started.load(ordering: .acquiring) < number {
                        if isDone.load(ordering: .acquiring) { return }
                        sched_yield()
                    }
                    let delay = delays[number % delays.count]
                    if delay > 0 { usleep(delay) }
                    handle.requestExit()
                }
            }
            let (exits, _) = try guest.run(exits: cycles, seconds: 600) { number in
                started.store(number + 1, ordering: .releasing)
            }
            isDone.store(true, ordering: .releasing)
            kicker.join()
            return exits.count { $0.kind == .requested }
        }

        @Test func aThousandKicksOfASpinningGuest() throws {
            #expect(try cycle([0xEB, 0xFE], cycles: 1000, delays: [0, 0, 1, 5, 20, 100]) == 1000)
        }

        @Test func aThousandKicksOfAGuestThatExits() throws {
            // out %al, $0x80; jmp -4
            #expect(try cycle([0xE6, 0x80, 0xEB, 0xFC], cycles: 1000, delays: [0, 0, 1, 5, 20, 100]) == 1000)
        }

        @Test func kicksOfAHaltedGuest() throws {
            let guest = try BareGuest([0xFA, 0xF4, 0xEB, 0xFC])
            let handle = guest.domain.handle(0)
            let (exits, state) = try guest.run(exits: 4) { number in if number == 2 { handle.requestExit() } }
            #expect(exits.map(\.kind) == [.halted, .halted, .requested, .halted])
            #expect(state.activity == .halted)
        }

        @Test func aStateReadInMidAccessIsWhole() throws {
            // mov $0x100000, %ebx; again: inc %rcx; mov (%rbx), %eax; jmp again
            let guest = try BareGuest([
                0xBB, 0x00, 0x00, 0x10, 0x00, 0x48, 0xFF, 0xC1, 0x8B, 0x03, 0xEB, 0xF9,
            ])
            let bus = RecordingBus()
            let handle = guest.domain.handle(0)
            bus.onRead = { _ in
                handle.requestExit()
                return 0x77
            }
            let (exits, state) = try guest.run(bus)
            #expect(exits.map(\.kind) == [.requested])
            #expect(state.general[0] == 0x77)
            #expect(state.general[1] == 1)
            #expect(state.rip == BareGuest.code + 10)
        }

        @Test func aHandleOutlivesItsDomain() throws {
            var guest: BareGuest? = try BareGuest([0xF4])
            let handle = try #require(guest).domain.handle(0)
            guest = nil
            handle.requestExit()
            handle.signal()
        }

        @Test func aVCPUIsLentOnce() throws {
            let guest = try BareGuest([0xF4])
            struct Greedy: VCPUDriver {
                typealias Architecture = X86_64
                let domain: any AcceleratorDomain<X86_64>
                var refusal: VirtKitError?
                mutating func drive<CPU: VirtualCPU & ~Copyable>(_ cpu: inout CPU) throws(VirtKitError)
                where CPU.Architecture == X86_64 {
                    var runner = Runner(bus: RecordingBus())
                    do throws(VirtKitError) { try domain.withVCPU(0, &runner) } catch { refusal = error }
                }
            }
            var greedy = Greedy(domain: guest.domain)
            try guest.domain.withVCPU(0, &greedy)
            #expect(greedy.refusal?.code == .invalidState)
        }
    }

    /// A thread that can be joined.
    final class KickThread: @unchecked Sendable {
        private let done = DispatchSemaphore(value: 0)

        func start(_ body: @escaping @Sendable () -> Void) {
            let done = done
            Thread.detachNewThread {
                body()
                done.signal()
            }
        }

        func join() { done.wait() }
    }
#endif
