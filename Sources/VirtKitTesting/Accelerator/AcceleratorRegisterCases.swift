internal import VirtKitCore

extension AcceleratorConformance {
    static let registerCases: [AcceleratorCase] = [
        AcceleratorCase("state-round-trip", "setState replaces all architectural state, and state() gives it back.") {
            subject in
            let guest = try BareGuest(subject, GuestCode.halt)
            var state = BareGuest.entry
            for index in 0..<16 { state.general[index] = 0x1111_0000_2222 &* UInt64(index + 1) }
            state.rflags = 0xCD7
            state.cr2 = 0x1234_5678
            state.segments[4].base = 0x4_0000
            state.segments[5].base = 0x7FFF_0000_1000
            state.debugAddresses = [0x1000, 0x2000, 0x3000, 0x4000]
            state.extended[xmm: 7] = (0x0102_0304_0506_0708, 0x1112_1314_1516_1718)
            state.extended.controlWord = 0x027F
            state.extended.components = 3
            state.modelSpecific = [
                X86_64.ModelSpecificRegister(number: 0xC000_0082, value: 0xFFFF_8000_0000_1000),
                X86_64.ModelSpecificRegister(number: 0xC000_0102, value: 0x5555),
            ]
            try expectSame(try guest.state(state), state)
            // And once more, when it has been lent to another driver.
            try expectSame(try guest.state(), state)
        },
        AcceleratorCase("registers-outlive-a-run", "A run changes no register that the guest does not change.") {
            subject in
            let guest = try BareGuest(subject, GuestCode.nop + GuestCode.halt)
            var state = BareGuest.entry
            for index in 0..<16 { state.general[index] = 0x0123_4567_89AB &* UInt64(index + 1) }
            state.extended[xmm: 3] = (77, 78)
            state.extended.components = 3
            let after = try guest.run(state, to: .halted)
            state.rip += 2
            state.activity = .halted
            try expectSame(after, state)
        },
        AcceleratorCase("guest-changes-are-in-the-state", "state() tells what the guest has done to its registers.") {
            subject in
            let guest = try BareGuest(
                subject, [0x48, 0xFF, 0xC3, 0x48, 0x01, 0xD8, 0x49, 0x89, 0xC1, 0x0F, 0x22, 0xD5] + GuestCode.halt)
            var state = BareGuest.entry
            state.general[0] = 10
            state.general[3] = 4
            state.general[5] = 0xABCD_0000
            let after = try guest.run(state, to: .halted)
            try expectEqual([0, 3, 9].map { after.general[$0] }, [15, 5, 15], "RAX, RBX and R9")
            try expectEqual(after.cr2, 0xABCD_0000, "CR2")
            try expectEqual(after.rip, BareGuest.code + 13, "RIP")
        },
        AcceleratorCase(
            "impossible-states-are-refused", "setState throws .invalidSavedState for a state that no CPU can be in."
        ) { subject in
            let guest = try BareGuest(subject, GuestCode.halt)
            let changes: [(String, (inout X86_64.State) -> Void)] = [
                ("with paging but without protection", { $0.cr0 = 0x8000_0010 }),
                ("in long mode that is not enabled", { $0.efer = 0x400 }),
                ("with CR8 of 16", { $0.cr8 = 16 }),
                ("with XCR0 of 0", { $0.xcr0 = 0 }),
                ("with 15 registers", { $0.general.removeLast() }),
                ("with 5 segments", { $0.segments.removeLast() }),
                ("of an unknown activity", { $0.activity = X86_64.Activity(rawValue: 77) }),
                ("with a pending event of type 7", { $0.pending = X86_64.PendingEvent(vector: 3, type: 7) }),
            ]
            for (name, change) in changes {
                var state = BareGuest.entry
                change(&state)
                let refused = state
                try expectThrows(.invalidSavedState, "setState of a state \(name)") { _ = try guest.state(refused) }
            }
        },
        AcceleratorCase("refused-state-changes-nothing", "A state that is refused leaves the vCPU as it was.") {
            subject in
            let guest = try BareGuest(subject, GuestCode.halt)
            let state = BareGuest.entry
            _ = try guest.state(state)
            var other = state
            other.general[3] = 99
            other.rip = 0x7777
            other.cr8 = 16
            _ = try? guest.state(other)
            try expectSame(try guest.state(), state)
        },
        AcceleratorCase(
            "new-vcpu-is-as-after-reset", "A vCPU begins in the state that its architecture defines for reset."
        ) {
            subject in
            let guest = try BareGuest(subject, GuestCode.halt)
            try expectReset(try guest.state())
        },
        AcceleratorCase("reset-is-for-all", "reset() puts every vCPU into the state of reset.") { subject in
            let guest = try BareGuest(subject, GuestCode.say(1) + GuestCode.halt)
            try guest.run(BareGuest.entry, to: .halted)
            try guest.domain.reset()
            try expectReset(try guest.state())
        },
    ]

    /// Fails the case unless two states are the same, but for what has no one value: the time-stamp counter, and MSRs
    /// that only one of them lists.
    static func expectSame(_ found: X86_64.State, _ wanted: X86_64.State) throws {
        try expectEqual(found.general, wanted.general, "the general registers")
        try expectEqual(found.rip, wanted.rip, "RIP")
        try expectEqual(found.rflags, wanted.rflags, "RFLAGS")
        try expectEqual(found.segments.map(\.base), wanted.segments.map(\.base), "the segments' bases")
        try expectEqual(found.segments.map(\.selector), wanted.segments.map(\.selector), "the selectors")
        try expectEqual(
            [found.cr0, found.cr2, found.cr3, found.cr4, found.cr8, found.efer, found.xcr0],
            [wanted.cr0, wanted.cr2, wanted.cr3, wanted.cr4, wanted.cr8, wanted.efer, wanted.xcr0],
            "CR0, CR2, CR3, CR4, CR8, EFER and XCR0")
        try expectEqual(found.gdtr, wanted.gdtr, "GDTR")
        try expectEqual(found.idtr, wanted.idtr, "IDTR")
        try expectEqual(found.debugAddresses, wanted.debugAddresses, "DR0 to DR3")
        for number in 0..<16 {
            try expect(
                found.extended[xmm: number] == wanted.extended[xmm: number],
                "XMM\(number) is \(found.extended[xmm: number]), and should be \(wanted.extended[xmm: number])")
        }
        try expectEqual(found.extended.controlWord, wanted.extended.controlWord, "the x87 control word")
        for register in wanted.modelSpecific {
            try expect(found.modelSpecific.contains(register), "MSR \(register.number) is not \(register.value)")
        }
        try expectEqual(found.activity, wanted.activity, "the activity")
        try expectEqual(found.pending, wanted.pending, "the pending event")
    }

    static func expectReset(_ found: X86_64.State) throws {
        let reset = X86_64.State.reset
        try expectEqual(found.rip, reset.rip, "RIP after reset")
        try expectEqual(found.rflags, reset.rflags, "RFLAGS after reset")
        try expectEqual(found.segments[1].base, reset.segments[1].base, "the base of CS after reset")
        try expectEqual(found.cr0, reset.cr0, "CR0 after reset")
        try expectEqual([found.cr3, found.cr4, found.efer], [0, 0, 0], "CR3, CR4 and EFER after reset")
        try expectEqual(found.general[3], 0, "RBX after reset")
        try expectEqual(found.activity, .running, "the activity after reset")
    }
}
