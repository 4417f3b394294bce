internal import Synchronization
internal import VirtKitCore

extension AcceleratorConformance {
    static let interruptCases: [AcceleratorCase] = [
        AcceleratorCase(
            "interrupt-is-delivered", "A waiting interrupt is acknowledged and delivered with the acknowledged vector."
        ) { subject in
            let guest = try interruptible(subject, GuestCode.stay)
            guest.source.raise(0x31)
            guest.domain.handle(0).signal()
            try guest.run(enabled, to: .halted)
            try expect(guest.bus.written(to: 0xE9).first == 0x31, "the handler of vector 31H was not the first to run")
            try expect(guest.source.taken.first == 0x31, "the interrupt was not acknowledged")
        },
        AcceleratorCase("interrupt-wakes-from-halt", "An interrupt ends a halt, and is delivered once.") { subject in
            let guest = try interruptible(subject, GuestCode.stay)
            try guest.run(enabled, to: .halted)
            guest.source.raise(0x31)
            guest.domain.handle(0).signal()
            for _ in 0..<3 { try guest.run(to: .halted) }
            try expectEqual(guest.bus.written(to: 0xE9), [0x31], "the handlers that ran")
            try expectEqual(guest.source.taken, [0x31], "the acknowledged interrupts")
        },
        AcceleratorCase("interrupt-waits-for-sti", "While RFLAGS.IF is 0 an interrupt waits, in a halt too.") {
            subject in
            let guest = try interruptible(
                subject, GuestCode.say(1) + GuestCode.halt + GuestCode.say(2) + GuestCode.halt)
            guest.source.raise(0x31)
            guest.domain.handle(0).signal()
            try guest.run(BareGuest.entry, to: .halted)
            try guest.run(to: .halted)
            try expectEqual(guest.bus.written(to: 0xE9), [1], "what was said while interrupts were masked")
            try expectEqual(guest.source.taken, [], "the interrupts that were acknowledged while masked")
        },
        AcceleratorCase(
            "sti-lets-interrupts-in", "An interrupt that waits for RFLAGS.IF is delivered once STI has set it."
        ) {
            subject in
            let guest = try interruptible(
                subject, GuestCode.say(1) + GuestCode.sti + GuestCode.spin,
                handlers: [0x31: GuestCode.say(0x31) + GuestCode.halt])
            guest.source.raise(0x31)
            guest.domain.handle(0).signal()
            try guest.run(BareGuest.entry, to: .halted)
            try expectEqual(guest.bus.written(to: 0xE9), [1, 0x31], "what was said")
        },
        AcceleratorCase("sti-holds-off-one-instruction", "No interrupt comes between STI and the instruction after it.")
        {
            subject in
            let guest = try interruptible(
                subject, GuestCode.sti + GuestCode.halt, handlers: [0x31: [0x58] + GuestCode.out32 + GuestCode.halt])
            guest.source.raise(0x31)
            guest.domain.handle(0).signal()
            try guest.run(BareGuest.entry, to: .halted)
            try expectEqual(guest.bus.written(to: 0xE9), [BareGuest.code + 2], "where the handler returns to")
        },
        AcceleratorCase(
            "interrupt-returns-to-its-place", "An interrupt's frame has the RIP, CS, RFLAGS, RSP and SS of the guest."
        ) {
            subject in
            let guest = try interruptible(
                subject, GuestCode.stay, handlers: [0x31: GuestCode.halt])
            guest.source.raise(0x31)
            guest.domain.handle(0).signal()
            var state = enabled
            state.rflags = 0x2C7
            state.activity = .halted
            state.rip = BareGuest.code + 1
            let after = try guest.run(state, to: .halted)
            let stack = after.general[4]
            try expectEqual(stack, 0xF000 - 40, "RSP in the handler")
            let frame = try (0..<5).map { try guest.memory.load(UInt64.self, at: stack + $0 * 8) }
            try expectEqual(frame, [BareGuest.code + 1, 8, 0x2C7, 0xF000, 16], "the interrupt's frame")
            try expectEqual(after.rflags & 0x200, 0, "RFLAGS.IF in a handler")
        },
        AcceleratorCase(
            "signal-reaches-a-spin", "signal() makes a vCPU in the midst of code ask its interrupt source soon."
        ) {
            subject in
            let guest = try interruptible(
                subject, GuestCode.say(1) + GuestCode.spin, handlers: [0x31: GuestCode.say(2) + GuestCode.halt])
            let raiser = HostThread { [guest] in
                _ = waitOnThread(guest.patience) { guest.bus.count > 0 }
                guest.source.raise(0x31)
                guest.domain.handle(0).signal()
            }
            try guest.run(enabled, to: .halted)
            try expect(raiser.join(within: subject.patience), "signal() did not return")
            try expectEqual(guest.bus.written(to: 0xE9), [1, 2], "what was said")
        },
        AcceleratorCase("urgent-interrupts-come-first", "Interrupts come one after another, in the source's order.") {
            subject in
            let guest = try interruptible(
                subject, GuestCode.stay,
                handlers: [0x31: GuestCode.handler(0x31), 0x52: GuestCode.handler(0x52)])
            guest.source.raise(0x31, 0x52)
            guest.domain.handle(0).signal()
            try guest.run(enabled, to: .halted)
            try expectEqual(guest.source.taken, [0x52, 0x31], "the acknowledged interrupts")
            try expectEqual(guest.bus.written(to: 0xE9), [0x52, 0x31], "the handlers that ran")
        },
        AcceleratorCase("task-priority-is-told", "A guest's write of CR8 is told to the interrupt source.") { subject in
            let guest = try interruptible(subject, GuestCode.setPriority + GuestCode.halt)
            var state = BareGuest.entry
            state.general[1] = 5
            let after = try guest.run(state, to: .halted)
            try expectEqual(guest.source.taskPriority(vcpu: 0), 5, "the source's task priority")
            try expectEqual(after.cr8, 5, "CR8")
        },
        AcceleratorCase("state-sets-the-priority", "The CR8 of a state that is set is told to the interrupt source.") {
            subject in
            let guest = try interruptible(subject, GuestCode.halt)
            var state = BareGuest.entry
            state.cr8 = 6
            _ = try guest.state(state)
            try expectEqual(guest.source.taskPriority(vcpu: 0), 6, "the source's task priority")
        },
        AcceleratorCase(
            "lower-priority-lets-interrupts-in", "An interrupt that CR8 holds back comes once the guest lowers it."
        ) {
            subject in
            let guest = try interruptible(
                subject, GuestCode.say(1) + GuestCode.setPriority + GuestCode.spin,
                handlers: [0x31: GuestCode.say(0x31) + GuestCode.halt])
            guest.source.raise(0x31)
            guest.domain.handle(0).signal()
            var state = enabled
            state.cr8 = 7
            try guest.run(state, to: .halted)
            try expectEqual(guest.bus.written(to: 0xE9), [1, 0x31], "what was said")
        },
        AcceleratorCase("nmi-is-not-masked", "A non-maskable interrupt is delivered though RFLAGS.IF is 0.") {
            subject in
            let guest = try interruptible(subject, GuestCode.stay, handlers: [2: GuestCode.handler(2)])
            guest.source.raiseNonMaskable()
            guest.domain.handle(0).signal()
            try guest.run(BareGuest.entry, to: .halted)
            try guest.run(to: .halted)
            try expectEqual(guest.bus.written(to: 0xE9), [2], "the handlers that ran")
        },
        AcceleratorCase("interrupt-may-go-away", "Where nothing is acknowledged after all, nothing is delivered.") {
            subject in
            let guest = try interruptible(
                subject, GuestCode.say(1) + GuestCode.stay, handlers: [0: GuestCode.handler(0xBB)])
            guest.source.contents.withLock { $0.goesAway = true }
            guest.source.raise(0x31)
            guest.domain.handle(0).signal()
            try guest.run(enabled, to: .halted)
            try expectEqual(guest.bus.written(to: 0xE9), [1], "what was said")
        },
        AcceleratorCase("signal-alone-is-nothing", "signal() without an interrupt changes nothing.") { subject in
            let guest = try interruptible(subject, GuestCode.say(1) + GuestCode.halt)
            guest.domain.handle(0).signal()
            try guest.run(enabled, to: .halted)
            guest.domain.handle(0).signal()
            let state = try guest.run(to: .halted)
            try expectEqual(state.rip, BareGuest.code + 4, "RIP of the halted vCPU")
            try expectEqual(guest.bus.written(to: 0xE9), [1], "what was said")
        },
    ]

    /// The state of entry, with interrupts enabled.
    private static var enabled: X86_64.State {
        var state = BareGuest.entry
        state.rflags |= 0x200
        return state
    }

    private static func interruptible(
        _ subject: AcceleratorSubject, _ code: [UInt8], handlers: [UInt8: [UInt8]] = [0x31: GuestCode.handler(0x31)]
    ) throws -> BareGuest {
        try BareGuest(subject, code, handlers: handlers)
    }
}
