internal import Synchronization
internal import VirtKitCore

extension AcceleratorConformance {
    static let memoryCases: [AcceleratorCase] = [
        AcceleratorCase("stores-of-every-width", "A store of 1, 2, 4 or 8 bytes changes exactly these bytes.") {
            subject in
            let guest = try BareGuest(
                subject,
                [0x88, 0x07, 0x66, 0x89, 0x47, 0x08, 0x89, 0x47, 0x10, 0x48, 0x89, 0x47, 0x18] + GuestCode.halt)
            try guest.memory.fill(0xEE, at: BareGuest.data, count: 40)
            var state = BareGuest.entry
            state.general[0] = 0x1122_3344_5566_7788
            try guest.run(state, to: .halted)
            let words = try (0..<5).map { try guest.memory.load(UInt64.self, at: BareGuest.data + $0 * 8) }
            try expectEqual(
                words,
                [
                    0xEEEE_EEEE_EEEE_EE88, 0xEEEE_EEEE_EEEE_7788, 0xEEEE_EEEE_5566_7788, 0x1122_3344_5566_7788,
                    0xEEEE_EEEE_EEEE_EEEE,
                ], "memory after stores of 1, 2, 4 and 8 bytes")
        },
        AcceleratorCase("loads-of-every-width", "A load of 1, 2, 4 or 8 bytes reads exactly these bytes.") { subject in
            let guest = try BareGuest(
                subject, [0x8A, 0x07, 0x66, 0x8B, 0x0F, 0x8B, 0x1F, 0x4C, 0x8B, 0x07] + GuestCode.halt)
            try guest.memory.store(0x8182_8384_8586_8788 as UInt64, at: BareGuest.data)
            var state = BareGuest.entry
            for index in [0, 1, 3, 8] { state.general[index] = .max }
            let after = try guest.run(state, to: .halted)
            try expectEqual(
                [0, 1, 3, 8].map { after.general[$0] },
                [0xFFFF_FFFF_FFFF_FF88, 0xFFFF_FFFF_FFFF_8788, 0x8586_8788, 0x8182_8384_8586_8788],
                "what loads of 1, 2, 4 and 8 bytes got")
        },
        AcceleratorCase(
            "writes-from-outside-are-seen", "A vCPU sees what others write to its memory while it runs."
        ) { subject in
            let guest = try BareGuest(
                subject,
                GuestCode.loadByte + GuestCode.out8 + GuestCode.loadByte + GuestCode.out8 + GuestCode.halt)
            try guest.memory.write([1], at: BareGuest.data)
            guest.bus.onAccess { [memory = guest.memory] _ in try? memory.write([2], at: BareGuest.data) }
            try guest.run(BareGuest.entry, to: .halted)
            try expectEqual(guest.bus.written(to: 0xE9), [1, 2], "what the guest read")
        },
        AcceleratorCase(
            "code-from-outside-is-seen", "A vCPU executes what others write over code that it has executed."
        ) { subject in
            let guest = try BareGuest(subject, GuestCode.loop(GuestCode.say(1)) + GuestCode.halt)
            guest.bus.onAccess { [memory = guest.memory] _ in try? memory.write([2], at: BareGuest.code + 1) }
            var state = BareGuest.entry
            state.general[1] = 3
            try guest.run(state, to: .halted)
            try expectEqual(guest.bus.written(to: 0xE9), [1, 2, 2], "what the guest said")
        },
        AcceleratorCase(
            "code-from-the-guest-is-seen", "A vCPU executes what it writes over code that it has executed."
        ) { subject in
            let guest = try BareGuest(subject, GuestCode.loop(GuestCode.say(1) + [0x88, 0x1F]) + GuestCode.halt)
            var state = BareGuest.entry
            state.general[1] = 3
            state.general[3] = 7
            state.general[7] = BareGuest.code + 1
            try guest.run(state, to: .halted)
            try expectEqual(guest.bus.written(to: 0xE9), [1, 7, 7], "what the guest said")
        },
        AcceleratorCase(
            "memory-is-replaced", "setMemory puts another memory layout in place of the present one."
        ) { subject in
            let guest = try BareGuest(
                subject, GuestCode.say(1) + GuestCode.loadByte + GuestCode.out8 + GuestCode.halt)
            try guest.run(BareGuest.entry, to: .halted)
            let other = try BareGuest.makeMemory(
                GuestCode.say(2) + GuestCode.loadByte + GuestCode.out8 + GuestCode.halt)
            try other.write([9], at: BareGuest.data)
            try guest.domain.setMemory(other)
            try guest.run(BareGuest.entry, to: .halted)
            try expectEqual(
                guest.bus.written(to: 0xE9), [1, 0, 2, 9], "what the guest said, in one memory and the other")
        },
        AcceleratorCase("rom-is-not-written", "Guest writes to a region that is not writable have no effect.") {
            subject in
            let guest = try BareGuest(subject, GuestCode.storeByte + [0x8A, 0x1F] + GuestCode.halt)
            var state = BareGuest.entry
            state.general[0] = 0x11
            state.general[7] = BareGuest.romAddress
            let after = try guest.run(state, to: .halted)
            let byte = try guest.memory.load(UInt8.self, at: BareGuest.romAddress)
            try expectEqual(byte, 0x5A, "ROM after a write")
            try expectEqual(after.general[3], 0x5A, "what the guest read from ROM after it wrote")
        },
        AcceleratorCase(
            "page-is-forgotten-by-invlpg", "After INVLPG a page is translated by the tables in memory."
        ) { try remaps($0, [0x0F, 0x01, 0x3E]) },
        AcceleratorCase(
            "pages-are-forgotten-by-cr3", "After a load of CR3 pages are translated by the tables in memory."
        ) { try remaps($0, [0x0F, 0x20, 0xD9, 0x0F, 0x22, 0xD9]) },
        AcceleratorCase(
            "device-writes-of-every-width",
            "A write where no memory is goes to the bus, with its address, its width and its value, zero-extended."
        ) { subject in
            let guest = try BareGuest(
                subject,
                [0x88, 0x06, 0x66, 0x89, 0x46, 0x08, 0x89, 0x46, 0x10, 0x48, 0x89, 0x46, 0x18] + GuestCode.halt)
            var state = BareGuest.entry
            state.general[0] = 0x8182_8384_8586_8788
            try guest.run(state, to: .halted)
            let values: [(Int, UInt64)] = [(1, 0x88), (2, 0x8788), (4, 0x8586_8788), (8, 0x8182_8384_8586_8788)]
            try guest.expectAccesses(
                values.enumerated().map { index, access in
                    BusAccess(
                        kind: .write, address: BareGuest.device + UInt64(index) * 8, width: access.0, value: access.1)
                })
        },
        AcceleratorCase(
            "device-reads-of-every-width",
            "A read where no memory is goes to the bus, with its address and width, and gets the bus's answer."
        ) { subject in
            let guest = try BareGuest(
                subject,
                [0x8A, 0x06, 0x66, 0x8B, 0x4E, 0x08, 0x8B, 0x5E, 0x10, 0x4C, 0x8B, 0x46, 0x18] + GuestCode.halt)
            guest.bus.contents.withLock { contents in
                for index in 0..<UInt64(4) {
                    contents.answers[BareGuest.device + index * 8] = 0x9192_9394_9596_9798 &+ index
                }
            }
            var state = BareGuest.entry
            for index in [0, 1, 3, 8] { state.general[index] = .max }
            let after = try guest.run(state, to: .halted)
            try expectEqual(
                [0, 1, 3, 8].map { after.general[$0] },
                [0xFFFF_FFFF_FFFF_FF98, 0xFFFF_FFFF_FFFF_9799, 0x9596_979A, 0x9192_9394_9596_979B],
                "what reads of 1, 2, 4 and 8 bytes got")
            try expectEqual(guest.bus.accesses.map(\.width), [1, 2, 4, 8], "the widths of the reads")
            try expectEqual(
                guest.bus.accesses.map(\.address), (0..<4).map { BareGuest.device + $0 * 8 }, "the reads' addresses")
        },
    ]

    /// A guest that reads a page, maps its address to another page, tells so by `forget`, and reads it again.
    private static func remaps(_ subject: AcceleratorSubject, _ forget: [UInt8]) throws {
        let guest = try BareGuest(
            subject,
            [0x8A, 0x06] + GuestCode.out8 + [0x48, 0x89, 0x1F] + forget + [0x8A, 0x06] + GuestCode.out8
                + GuestCode.halt)
        // The fourth 2 MiB of addresses has pages of 4 KiB, described at 8000H.
        try guest.memory.store(0x8003 as UInt64, at: 0x3018)
        try guest.memory.store(0xC003 as UInt64, at: 0x8000)
        try guest.memory.write([1], at: 0xC000)
        try guest.memory.write([2], at: 0xD000)
        var state = BareGuest.entry
        state.general[3] = 0xD003
        state.general[6] = 0x60_0000
        state.general[7] = 0x8000
        try guest.run(state, to: .halted)
        try expectEqual(guest.bus.written(to: 0xE9), [1, 2], "what the guest read at one address")
    }
}
