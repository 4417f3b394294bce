internal import VirtKitCore

extension AcceleratorConformance {
    static let processorCases: [AcceleratorCase] = [
        AcceleratorCase("vcpus-tell-who-they-are", "The bus is told which vCPU makes an access.") { subject in
            let guest = try BareGuest(subject, GuestCode.say(1) + [0x88, 0x06] + GuestCode.halt, cpus: 2)
            try guest.run(BareGuest.entry, cpu: 1, to: .halted)
            try guest.run(BareGuest.entry, cpu: 0, to: .halted)
            try expectEqual(guest.bus.accesses.map(\.vcpu), [1, 1, 0, 0], "the vCPUs that made accesses")
        },
        AcceleratorCase("vcpus-share-memory", "What one vCPU writes another reads while both run.") { subject in
            // mov al, [rdi]; out; then pause; mov al, [rdi]; dec al; jnz
            let wait: [UInt8] = [0xF3, 0x90, 0x8A, 0x07, 0xFE, 0xC8, 0x75, 0xF8]
            let guest = try BareGuest(
                subject, GuestCode.loadByte + GuestCode.out8 + wait + GuestCode.say(7) + GuestCode.halt, cpus: 2)
            try guest.memory.write([0xB0, 1] + GuestCode.storeByte + GuestCode.halt, at: 0x5800)
            var writer = BareGuest.entry
            writer.rip = 0x5800
            try both(guest, BareGuest.entry, writer, afterAccesses: 1)
            try expectEqual(guest.bus.written(to: 0xE9), [0, 7], "what the reader said")
        },
        AcceleratorCase("locked-adds-are-atomic", "LOCK XADD of several vCPUs at once loses nothing.") { subject in
            // lock xadd [rdi], rbx; xor ebx, ebx; inc ebx
            let guest = try BareGuest(
                subject,
                GuestCode.loop([0xF0, 0x48, 0x0F, 0xC1, 0x1F, 0x31, 0xDB, 0xFF, 0xC3]) + GuestCode.halt, cpus: 2)
            var state = BareGuest.entry
            state.general[1] = 2000
            state.general[3] = 1
            try both(guest, state, state)
            try expectEqual(try guest.memory.load(UInt64.self, at: BareGuest.data), 4000, "the sum")
        },
        AcceleratorCase("request-is-for-one-vcpu", "requestExit() ends the run of its own vCPU only.") { subject in
            let guest = try BareGuest(subject, GuestCode.say(1) + GuestCode.halt, cpus: 2)
            _ = try guest.state(BareGuest.entry, cpu: 1)
            guest.domain.handle(1).requestExit()
            try guest.run(BareGuest.entry, cpu: 0, to: .halted)
            try guest.run(cpu: 1, to: .requested)
        },
        AcceleratorCase("vcpus-have-their-own-state", "The state of one vCPU is not that of another.") { subject in
            let guest = try BareGuest(subject, [0x48, 0xFF, 0xC3] + GuestCode.halt, cpus: 2)
            var states = [BareGuest.entry, BareGuest.entry]
            states[0].general[3] = 10
            states[1].general[3] = 20
            for index in 0..<2 { _ = try guest.state(states[index], cpu: index) }
            for index in 0..<2 { try guest.run(cpu: index, to: .halted) }
            try expectEqual(
                try (0..<2).map { try guest.state(cpu: $0).general[3] }, [11, 21], "RBX of both vCPUs")
        },
        AcceleratorCase("vcpus-are-lent-apart", "A vCPU can be lent while another one is.") { subject in
            let guest = try BareGuest(subject, GuestCode.say(1) + GuestCode.halt, cpus: 2)
            let error = Shared<String?>(nil)
            guest.bus.onAccess { [guest = Unowned(guest)] _ in
                do { _ = try guest.object.state(cpu: 1) } catch let thrown { error.value = "\(thrown)" }
            }
            try guest.run(BareGuest.entry, cpu: 0, to: .halted)
            try expect(error.value == nil, "withVCPU(1) while vCPU 0 was lent threw \(error.value ?? "")")
        },
        AcceleratorCase("domains-are-apart", "Two domains run at once, and neither sees the other.") { subject in
            let guests = try (0..<2).map { _ in
                try BareGuest(subject, GuestCode.loop([0x48, 0xFF, 0x07, 0xEE]) + GuestCode.halt)
            }
            // Each waits at its first access for the other's.
            for (guest, other) in [(guests[0], guests[1]), (guests[1], guests[0])] {
                guest.bus.onAccess { [bus = other.bus, patience = subject.patience] count in
                    if count == 1 { _ = waitOnThread(patience) { bus.count > 0 } }
                }
            }
            let failures = Shared<[String]>([])
            let threads = guests.enumerated().map { index, guest in
                HostThread {
                    var state = BareGuest.entry
                    state.general[0] = UInt64(index)
                    state.general[1] = 200
                    do { try guest.run(state, to: .halted) } catch {
                        failures.change { $0.append("\(error)") }
                    }
                }
            }
            for thread in threads { try expect(thread.join(within: subject.patience * 2), "a run did not end") }
            try expect(failures.value.isEmpty, failures.value.joined(separator: "; "))
            for (index, guest) in guests.enumerated() {
                try expectEqual(
                    try guest.memory.load(UInt64.self, at: BareGuest.data), 200, "the count of domain \(index)")
                try expectEqual(
                    guest.bus.written(to: 0xE9), Array(repeating: UInt64(index), count: 200),
                    "what domain \(index) wrote")
            }
        },
    ]

    /// Runs two vCPUs at once until they halt, the second once the first has made some accesses.
    private static func both(
        _ guest: BareGuest, _ first: X86_64.State, _ second: X86_64.State, afterAccesses count: Int = 0
    ) throws {
        let failure = Shared<String?>(nil)
        let thread = HostThread { [guest] in
            _ = waitOnThread(guest.patience) { guest.bus.count >= count }
            do { try guest.run(second, cpu: 1, to: .halted) } catch { failure.value = "\(error)" }
        }
        try guest.run(first, cpu: 0, to: .halted)
        try expect(thread.join(within: guest.patience * 2), "the run of vCPU 1 did not end")
        if let message = failure.value { throw ConformanceFailure(message) }
    }
}
