#if arch(x86_64)
    import CVirtKit
    import Testing
    import VirtKitCore

    @testable import VirtKitKVM

    /// All architectural state, in and out of the real KVM.
    @Suite(.enabled(if: HostKVM.runsGuests, HostKVM.reason), .serialized) struct StateTests {
        private func roundTrip(_ guest: BareGuest, _ state: X86_64.State) throws -> X86_64.State {
            var runner = Runner(bus: RecordingBus())
            runner.state = state
            runner.maximumExits = 0
            runner.readsState = true
            try guest.domain.withVCPU(0, &runner)
            return try #require(runner.after)
        }

        /// A state without what can't be equal: the time-stamp counter, which runs.
        private func comparable(_ state: X86_64.State) -> X86_64.State {
            var state = state
            state.timeStampCounter = 0
            return state
        }

        @Test func resetState() throws {
            let guest = try BareGuest([0xF4])
            let state = try roundTrip(guest, .reset)
            #expect(state.general == X86_64.State.reset.general)
            #expect(state.rip == 0xFFF0)
            #expect(state.rflags == 2)
            #expect(state.cr0 == X86_64.State.reset.cr0)
            #expect(state.segments == X86_64.State.reset.segments)
            #expect(state.extended.controlWord == 0x37F)
            #expect(state.extended.mxcsr == 0x1F80)
            #expect(state.activity == .running)
        }

        @Test func everythingThatASetStateHolds() throws {
            let guest = try BareGuest([0xF4])
            var state = guest.state
            for index in 0..<16 { state.general[index] = 0x0101_0101_0101_0101 &* UInt64(index + 1) }
            state.rflags = 0x246 | 0x8D1
            state.cr2 = 0x1234_5000
            state.cr8 = 9
            state.debugAddresses = [0x1000, 0x2000, 0x3000, 0x4000]
            state.segments[4].base = 0x1111_2222
            state.segments[5].base = 0xFFFF_8000_0000_1000
            for index in 0..<16 { state.extended[xmm: index] = (UInt64(index) &* 0x1111, ~UInt64(index)) }
            state.extended.controlWord = 0x27F
            state.extended.components = 3
            state.extended.mxcsr = 0x1FA0
            state.modelSpecific = [
                .init(number: 0x174, value: 0x10), .init(number: 0x175, value: 0xFFFF_8000_0000_2000),
                .init(number: 0x176, value: 0xFFFF_8000_0000_3000), .init(number: 0x277, value: 0x0007_0406_0007_0406),
                .init(number: 0xC000_0081, value: 0x0023_0010_0000_0000),
                .init(number: 0xC000_0082, value: 0xFFFF_8000_0000_4000), .init(number: 0xC000_0084, value: 0x4_7700),
                .init(number: 0xC000_0102, value: 0xFFFF_8000_0000_5000),
            ]
            let first = try roundTrip(guest, state)
            #expect(first.general == state.general)
            #expect(first.rflags == state.rflags)
            #expect(first.segments == state.segments)
            #expect(
                [first.cr0, first.cr2, first.cr3, first.cr4, first.cr8, first.efer]
                    == [state.cr0, state.cr2, state.cr3, state.cr4, state.cr8, state.efer])
            #expect(first.debugAddresses == state.debugAddresses)
            #expect(first.gdtr == state.gdtr)
            #expect(first.idtr == state.idtr)
            #expect(first.tr == state.tr)
            for index in 0..<16 { #expect(first.extended[xmm: index] == state.extended[xmm: index]) }
            #expect(first.extended.controlWord == 0x27F)
            #expect(first.extended.mxcsr == 0x1FA0)
            for register in state.modelSpecific {
                #expect(first.modelSpecific.contains(register), "MSR \(String(register.number, radix: 16))")
            }
            let second = try roundTrip(guest, first)
            #expect(comparable(second) == comparable(first))
        }

        @Test func activityAndPendingEvents() throws {
            let guest = try BareGuest([0xF4])
            var state = guest.state
            state.activity = .halted
            #expect(try roundTrip(guest, state).activity == .halted)
            state.activity = .running
            state.pending = X86_64.PendingEvent(vector: 14, type: 3, errorCode: 2)
            #expect(try roundTrip(guest, state).pending == state.pending)
            state.pending = X86_64.PendingEvent(vector: 0x41, type: 0)
            state.rflags = 0x202
            #expect(try roundTrip(guest, state).pending == state.pending)
            state.pending = nil
            state.nmiPending = true
            state.nmiBlocked = true
            let after = try roundTrip(guest, state)
            #expect(after.nmiPending)
            #expect(after.nmiBlocked)
        }

        @Test func theTimeStampCounterIsKept() throws {
            let guest = try BareGuest([0xF4])
            var state = guest.state
            state.timeStampCounter = 1 << 52
            // The clock stands still, and so does what is saved.
            #expect(try roundTrip(guest, state).timeStampCounter == 1 << 52)
        }

        @Test func aRestoredInterruptIsDelivered() throws {
            var guest = try BareGuest([0xF4], handlers: [0x41: [0xE6, 0x81, 0xF4]])
            guest.state.pending = X86_64.PendingEvent(vector: 0x41, type: 0)
            guest.state.rflags = 0x202
            let bus = RecordingBus()
            let (exits, _) = try guest.run(bus)
            #expect(exits.map(\.kind) == [.halted])
            #expect(bus.log.map(\.address) == [0x81])
        }

        /// A halted vCPU whose interrupt waits takes it before it executes anything.
        @Test(arguments: [X86_64.Activity.halted, .running]) func aWaitingInterruptComesFirst(
            _ activity: X86_64.Activity
        ) throws {
            // inc %ebx; inc %ebx; hlt
            var guest = try BareGuest([0xFF, 0xC3, 0xFF, 0xC3, 0xF4], handlers: [0x41: [0xE6, 0x81, 0xF4]])
            let source = FakeSource()
            source.vectors = [0x41]
            guest.domain.connect(source)
            guest.state.rflags = 0x202
            guest.state.activity = activity
            let bus = RecordingBus()
            let (exits, state) = try guest.run(bus)
            #expect(exits.map(\.kind) == [.halted])
            #expect(bus.log.map(\.address) == [0x81])
            #expect(state.general[3] == 0)
            #expect(try guest.memory.load(UInt64.self, at: state.general[4]) == BareGuest.code)
            // In the shadow of STI or MOV SS one instruction comes before it.
            guest.state.activity = .running
            guest.state.blockedBySTI = true
            source.vectors = [0x41]
            #expect(try guest.run(RecordingBus()).state.general[3] >= 1)
        }

        @Test func statesThatNoCPUCanBeInAreRefused() throws {
            let guest = try BareGuest([0xF4])
            func refused(_ change: (inout X86_64.State) -> Void) -> Bool {
                var state = guest.state
                change(&state)
                do {
                    _ = try roundTrip(guest, state)
                    return false
                } catch {
                    return (error as? VirtKitError)?.code == .invalidSavedState
                }
            }
            #expect(refused { $0.cr8 = 16 })
            #expect(refused { $0.efer = 0 })
            #expect(refused { $0.cr0 = 0x8000_0000 })
            #expect(refused { $0.cr4 |= 1 << 40 })
            #expect(refused { $0.general = [] })
            #expect(refused { $0.xcr0 = 0 })
            #expect(refused { $0.xcr0 = 1 << 40 | 1 })
            #expect(refused { $0.extended.mxcsr = 0xFFFF_FFFF })
            #expect(refused { $0.activity = X86_64.Activity(rawValue: 9) })
            #expect(refused { $0.pending = X86_64.PendingEvent(vector: 3, type: 6) })
            #expect(refused { $0.modelSpecific = [.init(number: 0xDEAD, value: 1)] })
        }

        @Test(.enabled(if: HostKVM.probe?.canSetTimeStamp == true, "needs a KVM that can set the time-stamp counter"))
        func theTimeStampCounterStandsStillWithTheMachine() throws {
            let clock = MachineClock()
            // rdtsc; shl $32, %rdx; or %rax, %rdx; hlt
            var guest = try BareGuest(
                [0x0F, 0x31, 0x48, 0xC1, 0xE2, 0x20, 0x48, 0x09, 0xC2, 0xF4], clock: clock)
            let frequency = try #require(HostKVM.probe).timeStampFrequency
            clock.start()
            guest.state.timeStampCounter = 5_000_000_000_000
            let first = try guest.run().state
            #expect(first.general[2] >= 5_000_000_000_000)
            #expect(first.general[2] < 5_000_000_000_000 + frequency * 10)
            // The saved counter, set a second later on a clock that has stood still: no second is missing.
            clock.pause()
            guest.state.timeStampCounter = first.general[2]
            let begin = vk_monotonic_nanoseconds()
            while vk_monotonic_nanoseconds() < begin + 300_000_000 { _ = vk_kvm_signal_thread(0, 0) }
            let second = try guest.run().state
            #expect(second.general[2] &- first.general[2] < frequency / 5)
        }
    }
#endif
