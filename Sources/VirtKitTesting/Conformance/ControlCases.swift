internal import VirtKitCore

extension HypervisorConformance {
    static let controlCases: [ConformanceCase] = [
        ConformanceCase(
            "pause-holds-the-guest",
            "After pause() the machine is .paused and its guest stands still; resume() lets it go on."
        ) { subject in
            try await subject.withMachine(.floods) { machine in
                try await machine.start()
                try await subject.eventually("printed something") { machine.serial.printedByteCount > 0 }
                try await subject.prompt("pause") { try await machine.pause() }
                try expect(machine, is: .paused, "after pause")
                try await Task.sleep(for: .milliseconds(20))
                let before = machine.serial.printedByteCount
                try await Task.sleep(for: .milliseconds(100))
                let after = machine.serial.printedByteCount
                try expect(before == after, "a paused machine has printed \(after - before) bytes")
                try await subject.prompt("resume") { try await machine.resume() }
                try expect(machine, is: .running, "after resume")
                try await subject.eventually("printed more after resume") { machine.serial.printedByteCount > after }
            }
        },
        ConformanceCase("pause-is-idempotent", "pause() of a paused machine does nothing.") { subject in
            try await subject.withMachine(.runsForever) { machine in
                try await machine.start()
                try await machine.pause()
                try await subject.prompt("a second pause") { try await machine.pause() }
                try expect(machine, is: .paused, "after a second pause")
            }
        },
        ConformanceCase(
            "reset-boots-again", "reset() of a running machine boots it again in place; it goes on running."
        ) { subject in
            try await subject.withMachine(.greets) { machine in
                try await machine.start()
                try await greetings(1, machine, subject)
                try await subject.prompt("reset") { try await machine.reset() }
                try await greetings(2, machine, subject)
                try expect(machine, is: .running, "after reset")
            }
        },
        ConformanceCase("reset-keeps-a-pause", "reset() of a paused machine leaves it paused.") { subject in
            try await subject.withMachine(.greets) { machine in
                try await machine.start()
                try await greetings(1, machine, subject)
                try await machine.pause()
                try await subject.prompt("reset of a paused machine") { try await machine.reset() }
                try expect(machine, is: .paused, "after reset of a paused machine")
                try await machine.resume()
                try await greetings(2, machine, subject)
            }
        },
        ConformanceCase(
            "power-button-reaches-the-guest", "pressPowerButton() reaches a guest that listens to it."
        ) { subject in
            try await subject.withMachine(.obeysPowerButton) { machine in
                try await machine.start()
                try await subject.ready(.obeysPowerButton, machine)
                try await Task.sleep(for: .milliseconds(20))
                try expect(machine, is: .running, "before the power button is pressed")
                try await subject.prompt("pressPowerButton") { try await machine.pressPowerButton() }
                try await subject.eventually("stopped after the power button") { machine.state == .stopped }
            }
        },
        ConformanceCase(
            "shutdown-lets-the-guest-end", "shutdown(deadline:) returns .poweredOff where the guest ends by itself."
        ) { subject in
            let patience = subject.patience
            try await subject.withMachine(.obeysPowerButton) { machine in
                try await machine.start()
                try await subject.ready(.obeysPowerButton, machine)
                let outcome = try await subject.prompt("shutdown of a guest that obeys") {
                    try await machine.shutdown(deadline: patience * 10)
                }
                try expect(outcome.kind == .poweredOff, "shutdown gave \(outcome), and should give powered-off")
            }
        },
        ConformanceCase(
            "shutdown-keeps-its-deadline",
            "shutdown(deadline:) stops a guest that ignores it after the deadline, not before, and returns .stopped."
        ) { subject in
            try await subject.withMachine(.runsForever) { machine in
                try await machine.start()
                let start = ContinuousClock.now
                let outcome = try await subject.prompt("shutdown of a guest that ignores it") {
                    try await machine.shutdown(deadline: .milliseconds(200))
                }
                let elapsed = ContinuousClock.now - start
                try expect(outcome.kind == .stopped, "shutdown gave \(outcome), and should give stopped")
                try expect(elapsed >= .milliseconds(190), "shutdown with a deadline of 200 ms took \(elapsed)")
                try expect(machine, is: .stopped, "after shutdown")
            }
        },
        ConformanceCase(
            "machine-time-stands-still-in-a-pause",
            "statistics() name the engine; machine time passes while the machine runs, and not while it is paused."
        ) { subject in
            try await subject.withMachine(.runsForever) { machine in
                try await machine.start()
                try await Task.sleep(for: .milliseconds(30))
                try await machine.pause()
                let first = await machine.statistics()
                try await Task.sleep(for: .milliseconds(50))
                let second = await machine.statistics()
                try expect(!first.engine.isEmpty, "statistics name no engine")
                try expect(first.machineTime > .zero, "no machine time has passed in 30 ms")
                try expect(
                    first.machineTime == second.machineTime,
                    "machine time went from \(first.machineTime) to \(second.machineTime) in a pause")
            }
        },
    ]

    /// Waits until the guest has printed its greeting a number of times.
    static func greetings(_ count: Int, _ machine: any Machine, _ subject: HypervisorSubject) async throws {
        let greeting = subject.greeting
        try await subject.eventually("\(count) times \"\(greeting)\" on the console") {
            machine.serial.recentText.split(whereSeparator: \.isNewline).count { $0 == greeting } >= count
        }
    }
}
