internal import VirtKitCore

extension AcceleratorConformance {
    static let lendingCases: [AcceleratorCase] = [
        AcceleratorCase("one-driver-at-a-time", "A vCPU that is lent is not lent again: withVCPU throws .invalidState.")
        {
            subject in
            let guest = try BareGuest(subject, GuestCode.say(1) + GuestCode.halt)
            let second = Shared<Result<Void, any Error>?>(nil)
            guest.bus.onAccess { [guest = Unowned(guest)] _ in
                second.value = Result { _ = try guest.object.state() }
            }
            try guest.run(BareGuest.entry, to: .halted)
            guard let result = second.value else { throw ConformanceFailure("the guest made no access") }
            try expectThrows(.invalidState, "withVCPU of a lent vCPU") { try result.get() }
        },
        AcceleratorCase("unknown-vcpu-is-refused", "withVCPU throws .invalidState where there is no such vCPU.") {
            subject in
            let guest = try BareGuest(subject, GuestCode.halt)
            for index in [guest.domain.cpuCount, -1] {
                try expectThrows(.invalidState, "withVCPU(\(index))") { _ = try guest.state(cpu: index) }
            }
        },
        AcceleratorCase("driver-errors-come-through", "withVCPU throws what the driver throws.") { subject in
            let guest = try BareGuest(subject, GuestCode.halt)
            try expectThrows(.timedOut, "withVCPU with a driver that throws .timedOut") { try guest.lendToThrower() }
        },
        AcceleratorCase("vcpu-comes-back", "A vCPU can be lent again after its driver threw.") { subject in
            let guest = try BareGuest(subject, GuestCode.say(1) + GuestCode.halt)
            try? guest.lendToThrower()
            try guest.run(BareGuest.entry, to: .halted)
            try expectEqual(guest.bus.written(to: 0xE9), [1], "what the guest said")
        },
        AcceleratorCase("vcpu-moves-between-threads", "A vCPU may be lent on one thread after another.") { subject in
            let guest = try BareGuest(subject, [0x48, 0xFF, 0xC3] + GuestCode.stay)
            _ = try guest.state(BareGuest.entry)
            for _ in 0..<3 {
                let failure = Shared<String?>(nil)
                let thread = HostThread { [guest] in
                    do { try guest.run(to: .halted) } catch { failure.value = "\(error)" }
                }
                try expect(thread.join(within: subject.patience * 2), "the run did not end")
                if let message = failure.value { throw ConformanceFailure(message) }
            }
            try expectEqual(try guest.state().general[3], 1, "RBX")
        },
    ]
}
