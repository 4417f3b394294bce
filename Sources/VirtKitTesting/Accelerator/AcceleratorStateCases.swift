internal import VirtKitCore

extension AcceleratorConformance {
    static let stateCases: [AcceleratorCase] = [
        AcceleratorCase(
            "moved-guest-goes-on", "A guest whose state and memory are moved to another domain goes on alike."
        ) {
            subject in
            // inc rbx; mov rax, rbx; out dx, al; 20 times
            let code = GuestCode.loop([0x48, 0xFF, 0xC3, 0x48, 0x89, 0xD8, 0xEE]) + GuestCode.halt
            var state = BareGuest.entry
            state.general[1] = 20
            let (values, after) = try move(subject, code, state, at: 7)
            try expectEqual(values, Array(1...20), "what the guest said, before and after")
            try expectEqual(after.general[3], 20, "RBX")
        },
        AcceleratorCase(
            "moved-in-mid-string", "A guest that is moved in the midst of REP OUTS outputs each element once."
        ) {
            subject in
            var state = BareGuest.entry
            state.general[1] = 64
            state.general[6] = BareGuest.data
            let (values, after) = try move(subject, GuestCode.repeatOutputBytes + GuestCode.halt, state, at: 5) {
                try $0.write(Array(1...64), at: BareGuest.data)
            }
            try expectEqual(values, Array(1...64), "what the guest output, before and after")
            try expectEqual([after.general[1], after.general[6]], [0, BareGuest.data + 64], "RCX and RSI")
        },
        AcceleratorCase("moved-halt-goes-on", "A halted vCPU that is moved stays halted until an interrupt.") {
            subject in
            let code = GuestCode.halt + GuestCode.say(9) + GuestCode.stay
            let first = try BareGuest(subject, code)
            var state = BareGuest.entry
            state.rflags |= 0x200
            let halted = try first.run(state, to: .halted)
            let second = try BareGuest(subject, code, handlers: [0x31: GuestCode.handler(0x31)])
            try second.run(try recoded(halted), to: .halted)
            try expectEqual(second.bus.count, 0, "the number of accesses of a halted vCPU")
            second.source.raise(0x31)
            second.domain.handle(0).signal()
            try second.run(to: .halted)
            try expect(second.bus.written(to: 0xE9).contains(0x31), "the interrupt's handler did not run")
        },
        AcceleratorCase(
            "pending-exception-is-delivered", "An exception that a state brings along is delivered when it runs."
        ) {
            subject in
            let guest = try BareGuest(subject, GuestCode.say(1) + GuestCode.halt, handlers: [6: GuestCode.handler(6)])
            var state = BareGuest.entry
            state.pending = X86_64.PendingEvent(vector: 6, type: 3)
            try guest.run(state, to: .halted)
            try expectEqual(guest.bus.written(to: 0xE9), [6, 1], "what was said")
        },
        AcceleratorCase("pending-nmi-is-delivered", "An NMI that waits in a state is delivered when it runs.") {
            subject in
            let guest = try BareGuest(subject, GuestCode.stay, handlers: [2: GuestCode.handler(2)])
            var state = BareGuest.entry
            state.nmiPending = true
            try guest.run(state, to: .halted)
            try guest.run(to: .halted)
            try expectEqual(guest.bus.written(to: 0xE9), [2], "the handlers that ran")
        },
        AcceleratorCase(
            "start-up-is-waited-for",
            "A vCPU that waits for a start-up IPI exits with .halted; interrupts don't wake it."
        ) { subject in
            let guest = try BareGuest(
                subject, GuestCode.say(1) + GuestCode.halt, handlers: [0x31: GuestCode.handler(0x31)])
            var state = BareGuest.entry
            state.rflags |= 0x200
            state.activity = .waitForSIPI
            guest.source.raise(0x31)
            guest.domain.handle(0).signal()
            try guest.run(state, to: .halted)
            let after = try guest.run(to: .halted)
            try expectEqual(guest.bus.count, 0, "the number of accesses")
            try expectEqual(after.activity, .waitForSIPI, "the activity")
        },
        AcceleratorCase("state-survives-its-encoding", "A vCPU's state is the same after it was encoded and decoded.") {
            subject in
            let guest = try BareGuest(subject, GuestCode.halt)
            let state = try guest.run(BareGuest.entry, to: .halted)
            try expectEqual(try recoded(state), state, "the decoded state")
        },
        AcceleratorCase("counter-is-set", "The time-stamp counter goes on from the value of the state.") { subject in
            try subject.needsTimeStampCounter()
            let guest = try BareGuest(subject, GuestCode.readCounter + GuestCode.halt)
            var state = BareGuest.entry
            state.timeStampCounter = 1 << 52
            let after = try guest.run(state, to: .halted)
            let limit = subject.timerFrequency &* 3600
            let value = counter(after)
            try expect(
                value >= 1 << 52 && value < 1 << 52 + limit,
                "the counter is \(value), and was set to \(UInt64(1) << 52)")
        },
        AcceleratorCase(
            "counter-runs-with-the-clock", "The time-stamp counter runs with machine time, at its frequency."
        ) {
            subject in
            let guest = try BareGuest(subject, GuestCode.readCounter + GuestCode.halt)
            var state = BareGuest.entry
            guest.clock.start()
            let before = counter(try guest.run(state, to: .halted))
            let start = guest.clock.now
            sleepOnThread(milliseconds: 30)
            let elapsed = guest.clock.now - start
            state = try guest.state()
            state.rip = BareGuest.code
            state.activity = .running
            state.keepsTimeStampCounter = true
            let ticks = counter(try guest.run(state, to: .halted)) &- before
            let least = elapsed / 1000 &* (subject.timerFrequency / 1_000_000)
            try expect(ticks >= least / 10 * 9, "the counter went on by \(ticks) in \(elapsed) ns of machine time")
            try expect(ticks < least &+ subject.timerFrequency &* 600, "the counter went on by \(ticks)")
        },
        AcceleratorCase("counter-stands-with-the-clock", "The time-stamp counter stands still while machine time does.")
        {
            subject in
            try subject.needsTimeStampCounter()
            // A host may take the CPU away between entering the guest and the guest's look: then it is tried again.
            var least = UInt64.max
            for _ in 0..<5 {
                let guest = try BareGuest(subject, GuestCode.readCounter + GuestCode.halt)
                guest.clock.start()
                guest.clock.pause()
                let first = try guest.run(BareGuest.entry, to: .halted)
                sleepOnThread(milliseconds: 100)
                var state = first
                state.rip = BareGuest.code
                state.activity = .running
                state.keepsTimeStampCounter = true
                let second = counter(try guest.run(state, to: .halted))
                try expect(second >= counter(first), "the counter went back")
                least = min(least, second &- counter(first))
                if least < subject.timerFrequency / 20 { return }
            }
            throw ConformanceFailure("the counter went on by \(least) in 100 ms in which machine time stood still")
        },
    ]

    private static func counter(_ state: X86_64.State) -> UInt64 {
        state.general[2] << 32 | state.general[0] & 0xFFFF_FFFF
    }

    private static func recoded(_ state: X86_64.State) throws -> X86_64.State {
        var encoder = StateEncoder()
        state.encode(into: &encoder)
        var decoder = StateDecoder(encoder.bytes)
        return try X86_64.State(from: &decoder, version: X86_64.State.encodingVersion)
    }

    /// Runs a guest, requests an exit at an access, and lets it go on in another domain until it halts. Gives what it
    /// wrote to its port in all.
    private static func move(
        _ subject: AcceleratorSubject, _ code: [UInt8], _ state: X86_64.State, at access: Int,
        prepare: (GuestMemory) throws -> Void = { _ in }
    ) throws -> (values: [UInt64], state: X86_64.State) {
        let first = try BareGuest(subject, code)
        try prepare(first.memory)
        first.bus.onAccess { [first = Unowned(first)] count in
            if count == access { first.object.domain.handle(0).requestExit() }
        }
        let middle = try first.run(state, to: .requested)
        let second = try BareGuest(subject, GuestCode.spin)
        try second.memory.write(first.memory.bytes(at: 0, count: 0x10000), at: 0)
        let after = try second.run(recoded(middle), to: .halted)
        return (first.bus.written(to: 0xE9) + second.bus.written(to: 0xE9), after)
    }
}
