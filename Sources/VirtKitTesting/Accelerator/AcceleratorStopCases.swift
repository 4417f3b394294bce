internal import Synchronization
internal import VirtKitCore

extension AcceleratorConformance {
    static let stopCases: [AcceleratorCase] = [
        AcceleratorCase("request-before-run", "requestExit() before a run makes that run return .requested.") {
            subject in
            let guest = try BareGuest(subject, GuestCode.spin)
            guest.domain.handle(0).requestExit()
            try guest.run(BareGuest.entry, to: .requested)
        },
        AcceleratorCase("request-during-a-spin", "requestExit() from another thread ends a run of a guest that spins.")
        {
            subject in
            let guest = try BareGuest(subject, GuestCode.say(1) + GuestCode.spin)
            let stopper = HostThread { [guest] in
                _ = waitOnThread(guest.patience) { guest.bus.count > 0 }
                sleepOnThread(milliseconds: 2)
                guest.domain.handle(0).requestExit()
            }
            let state = try guest.run(BareGuest.entry, to: .requested)
            try expect(stopper.join(within: subject.patience), "requestExit() did not return")
            try expectEqual(state.rip, BareGuest.code + 3, "RIP of a guest that spins")
        },
        AcceleratorCase(
            "request-from-the-bus", "requestExit() in an access of the vCPU ends its run, at an instruction's boundary."
        ) { subject in
            // inc rbx; out dx, al; jmp
            let guest = try BareGuest(subject, [0x48, 0xFF, 0xC3, 0xEE, 0xEB, 0xFA])
            guest.bus.onAccess { [guest = Unowned(guest)] count in
                if count == 5 { guest.object.domain.handle(0).requestExit() }
            }
            let state = try guest.run(BareGuest.entry, to: .requested)
            let count = UInt64(guest.bus.count)
            let isBefore = state.rip == BareGuest.code + 3
            try expectEqual(state.general[3], isBefore ? count + 1 : count, "the number of rounds, by RBX")
            // And it goes on as if nothing had been.
            guest.domain.handle(0).requestExit()
            let next = try guest.run(to: .requested)
            let rounds = UInt64(guest.bus.count) + (next.rip == BareGuest.code + 3 ? 1 : 0)
            try expectEqual(next.general[3], rounds, "the number of rounds, by RBX, after a second run")
        },
        AcceleratorCase("request-ends-a-halt", "requestExit() makes the next run of a halted vCPU return .requested.") {
            subject in
            let guest = try BareGuest(subject, GuestCode.stay)
            try guest.run(BareGuest.entry, to: .halted)
            guest.domain.handle(0).requestExit()
            try guest.run(to: .requested)
            try guest.run(to: .halted)
        },
        AcceleratorCase("requests-are-used-up", "Each request ends one run at most.") { subject in
            let guest = try BareGuest(subject, GuestCode.say(1) + GuestCode.halt)
            for _ in 0..<4 { guest.domain.handle(0).requestExit() }
            var requested = 0
            var outcome = try guest.run(BareGuest.entry)
            while outcome.exit.kind == .requested, requested < 5 {
                requested += 1
                outcome = try guest.run()
            }
            try expect(requested < 5, "four requests ended more than four runs")
            try expectEqual(outcome.exit.kind.rawValue, VCPUExit.Kind.halted.rawValue, "the last exit's kind")
            try expectEqual(guest.bus.written(to: 0xE9), [1], "what the guest said")
        },
        AcceleratorCase("requests-are-never-lost", "Of many requests at any time of a run none is lost.") { subject in
            let guest = try BareGuest(subject, GuestCode.out8 + [0xEB, 0xFD])
            try requestRounds(guest, 150)
        },
    ]

    private static func requestRounds(_ guest: BareGuest, _ rounds: Int) throws {
        let state = Requests()
        let requester = HostThread { [guest] in
            for round in 1...rounds {
                let seen = guest.bus.count
                _ = waitOnThread(guest.patience) { guest.bus.count > seen }
                guest.domain.handle(0).requestExit()
                guard waitOnThread(guest.patience, until: { state.ended.load(ordering: .acquiring) >= round }) else {
                    return
                }
            }
        }
        var from: X86_64.State? = BareGuest.entry
        for _ in 1...rounds {
            try guest.run(from, to: .requested)
            from = nil
            state.ended.add(1, ordering: .acquiringAndReleasing)
        }
        try expect(requester.join(within: guest.patience), "requestExit() did not return")
    }

    private final class Requests: Sendable {
        let ended = Atomic<Int>(0)
    }
}

/// A reference that keeps nothing alive, for what a guest's own bus calls while it runs.
struct Unowned<Object: AnyObject & Sendable>: Sendable {
    unowned let object: Object
    init(_ object: Object) { self.object = object }
}
