internal import VirtKitCore

extension HypervisorConformance {
    static let lifeCycleCases: [ConformanceCase] = [
        ConformanceCase(
            "made-machine-stands-still", "A made machine is .created, has its configuration, and does not run."
        ) { subject in
            let wanted = try subject.configuration(.greets)
            try await subject.withMachine(.greets) { machine in
                try expect(machine, is: .created, "after makeMachine")
                try expect(
                    machine.configuration == wanted, "the machine has another configuration than it was made from")
                try await Task.sleep(for: .milliseconds(50))
                try expect(machine.serial.recentOutput.isEmpty, "a machine that was not started has printed something")
            }
        },
        ConformanceCase("start-runs", "After start() the machine is .running, and its guest does.") { subject in
            try await subject.withMachine(.floods) { machine in
                try await subject.prompt("start") { try await machine.start() }
                try expect(machine, is: .running, "after start")
                try await subject.eventually("printed something") { machine.serial.printedByteCount > 0 }
            }
        },
        ConformanceCase("start-happens-once", "start() of a running machine throws .invalidState.") { subject in
            try await subject.withMachine(.runsForever) { machine in
                try await machine.start()
                try await expectError(.invalidState, when: "start of a running machine", in: subject) {
                    try await machine.start()
                }
                try expect(machine, is: .running, "after a refused start")
            }
        },
        ConformanceCase(
            "created-machine-is-not-paused", "pause() of a machine that was not started throws .invalidState."
        ) { subject in
            try await subject.withMachine(.runsForever) { machine in
                try await expectError(.invalidState, when: "pause of a created machine", in: subject) {
                    try await machine.pause()
                }
                try expect(machine, is: .created, "after a refused pause")
            }
        },
        ConformanceCase(
            "created-machine-is-not-resumed", "resume() of a machine that was not started throws .invalidState."
        ) { subject in
            try await subject.withMachine(.runsForever) { machine in
                try await expectError(.invalidState, when: "resume of a created machine", in: subject) {
                    try await machine.resume()
                }
                try expect(machine, is: .created, "after a refused resume")
            }
        },
        ConformanceCase(
            "ended-machine-refuses-control",
            "start, pause, resume, reset and pressPowerButton of a machine that has ended throw .invalidState."
        ) { subject in
            try await subject.withMachine(.powersOff) { machine in
                try await machine.start()
                _ = try await subject.outcome(of: machine)
                let calls: [(String, @Sendable () async throws -> Void)] = [
                    ("start", { try await machine.start() }), ("pause", { try await machine.pause() }),
                    ("resume", { try await machine.resume() }), ("reset", { try await machine.reset() }),
                    ("pressPowerButton", { try await machine.pressPowerButton() }),
                ]
                for (name, call) in calls {
                    try await expectError(.invalidState, when: "\(name) of a machine that has ended", in: subject, call)
                }
                try expect(machine, is: .stopped, "after refused calls")
            }
        },
        ending(.powersOff, .poweredOff, "guest-powers-off", "A guest's power-off is the outcome .poweredOff."),
        ending(.resets, .reset, "guest-resets", "A guest's reset, with the policy .stop, is the outcome .reset."),
        ending(
            .crashes, .crashed, "guest-crashes", "A guest that can't go on is the outcome .crashed; nothing throws."),
        ConformanceCase(
            "guest-reset-restarts", "With the policy .restart, a guest's reset boots the machine again."
        ) { subject in
            try await subject.withMachine(.resets, adjust: { $0.onReset = .restart }) { machine in
                let events = machine.events()
                try await machine.start()
                try await subject.prompt("the third event .reset") {
                    var count = 0
                    for await event in events where event.kind == .reset {
                        count += 1
                        if count == 3 { break }
                    }
                }
                try expect(machine, is: .running, "after resets by its guest")
            }
        },
    ]

    private static func ending(
        _ role: GuestRole, _ kind: MachineOutcome.Kind, _ name: String, _ rule: String
    ) -> ConformanceCase {
        ConformanceCase(name, rule) { subject in
            try await subject.withMachine(role, adjust: { $0.onReset = .stop }) { machine in
                try await machine.start()
                let outcome = try await subject.outcome(of: machine)
                try expect(outcome.kind == kind, "the outcome is \(outcome), and should be \(kind.rawValue)")
                try expect(machine, is: .stopped, "after its outcome is known")
            }
        }
    }
}
