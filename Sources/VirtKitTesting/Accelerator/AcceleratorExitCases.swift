internal import Synchronization
internal import VirtKitCore

extension AcceleratorConformance {
    static let exitCases: [AcceleratorCase] = [
        AcceleratorCase("halt-is-an-exit", "A vCPU that waits for an interrupt exits with .halted, again and again.") {
            subject in
            let guest = try BareGuest(subject, GuestCode.halt + GuestCode.say(1) + GuestCode.halt)
            for from in [BareGuest.entry, nil, nil] {
                let state = try guest.run(from, to: .halted)
                try expectEqual(state.rip, BareGuest.code + 1, "RIP of a halted vCPU")
                try expectEqual(state.activity, .halted, "the activity of a halted vCPU")
            }
            try guest.expectAccesses([])
        },
        AcceleratorCase(
            "triple-fault-is-shutdown", "A triple fault is an exit with .shutdown, and nothing runs after it."
        ) {
            subject in
            let guest = try BareGuest(subject, GuestCode.undefined + GuestCode.say(1) + GuestCode.halt)
            var state = BareGuest.entry
            state.idtr.limit = 0
            let after = try guest.run(state, to: .shutdown)
            try expectEqual(after.activity, .shutdown, "the activity after a triple fault")
            try guest.run(to: .shutdown)
            try guest.expectAccesses([])
        },
        AcceleratorCase("faults-go-to-the-guest", "An exception of the guest's goes to the guest's handler.") {
            subject in
            let guest = try BareGuest(
                subject, GuestCode.undefined, handlers: [6: [0x58] + GuestCode.out32 + GuestCode.halt])
            try guest.run(BareGuest.entry, to: .halted)
            try guest.expectAccesses([.out(0xE9, 4, BareGuest.code)])
        },
        AcceleratorCase(
            "port-writes-of-every-width", "OUT goes to the bus with its port, its width and its value, zero-extended."
        ) { subject in
            let guest = try BareGuest(subject, GuestCode.out8 + GuestCode.out16 + GuestCode.out32 + GuestCode.halt)
            var state = BareGuest.entry
            state.general[0] = 0x8182_8384_8586_8788
            state.general[2] = 0xFFFF_0000_0000_C0DE
            try guest.run(state, to: .halted)
            try guest.expectAccesses([
                .out(0xC0DE, 1, 0x88), .out(0xC0DE, 2, 0x8788), .out(0xC0DE, 4, 0x8586_8788),
            ])
        },
        AcceleratorCase("port-reads-of-every-width", "IN gets the bus's answer for its port and width.") { subject in
            let guest = try BareGuest(
                subject,
                GuestCode.in8 + [0x48, 0x89, 0xC3] + GuestCode.in16 + [0x48, 0x89, 0xC1] + GuestCode.in32
                    + GuestCode.halt)
            guest.bus.contents.withLock { $0.answers[0xE9] = 0x9192_9394 }
            var state = BareGuest.entry
            state.general[0] = .max
            let after = try guest.run(state, to: .halted)
            try expectEqual(
                [3, 1, 0].map { after.general[$0] }, [0xFFFF_FFFF_FFFF_FF94, 0xFFFF_FFFF_FFFF_9394, 0x9192_9394],
                "RAX after IN of 1, 2 and 4 bytes")
            try expectEqual(guest.bus.accesses.map(\.width), [1, 2, 4], "the widths of IN")
        },
        AcceleratorCase("string-output", "REP OUTS gives the bus each element of memory once, in order.") { subject in
            let guest = try BareGuest(subject, GuestCode.repeatOutputBytes + GuestCode.halt)
            try guest.memory.write([10, 20, 30, 40, 50], at: BareGuest.data)
            var state = BareGuest.entry
            state.general[1] = 5
            state.general[6] = BareGuest.data
            let after = try guest.run(state, to: .halted)
            try guest.expectAccesses([10, 20, 30, 40, 50].map { .out(0xE9, 1, $0) })
            try expectEqual([after.general[1], after.general[6]], [0, BareGuest.data + 5], "RCX and RSI")
        },
        AcceleratorCase("string-input", "REP INS puts each of the bus's answers into memory once, in order.") {
            subject in
            let guest = try BareGuest(subject, GuestCode.repeatInputWords + GuestCode.halt)
            guest.bus.contents.withLock { $0.answers[0xE9] = 0xA1A0 }
            guest.bus.onAccess { [bus = guest.bus] count in
                bus.contents.withLock { $0.answers[0xE9] = 0xA1A0 + UInt64(count) }
            }
            var state = BareGuest.entry
            state.general[1] = 4
            let after = try guest.run(state, to: .halted)
            let bytes = try guest.memory.bytes(at: BareGuest.data, count: 10)
            try expectEqual(bytes, [0xA0, 0xA1, 0xA1, 0xA1, 0xA2, 0xA1, 0xA3, 0xA1, 0, 0], "memory after REP INSW")
            try expectEqual(guest.bus.accesses.map(\.width), [2, 2, 2, 2], "the widths of REP INSW")
            try expectEqual(after.general[7], BareGuest.data + 8, "RDI")
        },
        AcceleratorCase(
            "register-reads-go-to-the-bus", "RDMSR of a register that the board owns gets the bus's answer."
        ) {
            subject in
            let guest = try BareGuest(subject, GuestCode.readRegister + GuestCode.halt)
            guest.bus.contents.withLock { $0.registers[0x830] = 0x1122_3344_5566_7788 }
            var state = BareGuest.entry
            state.general[1] = 0x830
            let after = try guest.run(state, to: .halted)
            try expectEqual([after.general[0], after.general[2]], [0x5566_7788, 0x1122_3344], "EAX and EDX")
        },
        AcceleratorCase("register-writes-go-to-the-bus", "WRMSR of a register that the board owns goes to the bus.") {
            subject in
            let guest = try BareGuest(subject, GuestCode.writeRegister + GuestCode.halt)
            guest.bus.contents.withLock { $0.registers[0x830] = 0 }
            var state = BareGuest.entry
            state.general[0] = 0xFFFF_FFFF_5566_7788
            state.general[1] = 0x830
            state.general[2] = 0x1122_3344
            try guest.run(state, to: .halted)
            try guest.expectAccesses([BusAccess(kind: .writeRegister, address: 0x830, value: 0x1122_3344_5566_7788)])
        },
        AcceleratorCase("unknown-register-read-faults", "RDMSR gets #GP where the bus has no such register.") {
            try registerFaults($0, GuestCode.readRegister)
        },
        AcceleratorCase("refused-register-write-faults", "WRMSR gets #GP where the bus refuses it.") {
            try registerFaults($0, GuestCode.writeRegister)
        },
        AcceleratorCase(
            "instructions-are-counted", "instructionCount, where there is one, counts each instruction once."
        ) {
            subject in
            let guest = try BareGuest(
                subject, GuestCode.nop + GuestCode.nop + GuestCode.say(1) + GuestCode.halt)
            guard let counts = try guest.instructionCounts(BareGuest.entry) else {
                throw ConformanceSkip("the accelerator counts no instructions")
            }
            try expectEqual(counts.after &- counts.before, 5, "the number of instructions")
        },
        AcceleratorCase("statistics-never-shrink", "statistics() has stable names, and counters that never shrink.") {
            subject in
            let guest = try BareGuest(subject, GuestCode.say(1) + GuestCode.halt)
            var last = guest.domain.statistics()
            for _ in 0..<3 {
                try guest.run(BareGuest.entry, to: .halted)
                let next = guest.domain.statistics()
                try expectEqual(next.keys.sorted(), last.keys.sorted(), "the names of the counters")
                for (name, value) in last {
                    try expect(next[name] ?? 0 >= value, "\(name) went from \(value) to \(next[name] ?? 0)")
                }
                last = next
            }
        },
    ]

    private static func registerFaults(_ subject: AcceleratorSubject, _ code: [UInt8]) throws {
        let guest = try BareGuest(
            subject, code + GuestCode.halt,
            handlers: [13: [0xB2, 0xE9, 0x58, 0x58] + GuestCode.out32 + GuestCode.halt])
        var state = BareGuest.entry
        state.general[1] = 0x83E
        state.general[2] = 0
        let after = try guest.run(state, to: .halted)
        try expect(after.rip > BareGuest.handlers, "the guest got no #GP")
        try expectEqual(guest.bus.written(to: 0xE9), [BareGuest.code], "the address of the fault")
    }
}
