internal import VirtKitCore

extension HypervisorConformance {
    static let eventCases: [ConformanceCase] = [
        ConformanceCase(
            "events-come-in-order",
            "Each change of state is an event, in order; the sequence ends after the machine's end."
        ) { subject in
            try await subject.withMachine(.runsForever) { machine in
                let events = machine.events()
                try await machine.start()
                try await machine.pause()
                try await machine.resume()
                await machine.stop()
                let states = try await subject.prompt("the end of the events") {
                    var states: [String] = []
                    for await event in events where event.kind == .stateChanged { states.append(event.details) }
                    return states
                }
                try expect(
                    states == ["running", "paused", "running", "stopped"], "the changes of state came as \(states)")
            }
        },
        ConformanceCase("events-have-several-readers", "Every sequence of events gets all of them.") { subject in
            try await subject.withMachine(.powersOff) { machine in
                let sequences = [machine.events(), machine.events()]
                try await machine.start()
                _ = try await subject.outcome(of: machine)
                for events in sequences {
                    let kinds = try await subject.prompt("the end of one of two sequences of events") {
                        var states: [String] = []
                        for await event in events where event.kind == .stateChanged { states.append(event.details) }
                        return states
                    }
                    try expect(kinds.contains("stopped"), "one of two sequences has only \(kinds)")
                }
            }
        },
        ConformanceCase("events-after-the-end", "A sequence that begins after the machine's end ends at once.") {
            subject in
            try await subject.withMachine(.powersOff) { machine in
                try await machine.start()
                _ = try await subject.outcome(of: machine)
                try await subject.prompt("the end of a late sequence of events") {
                    for await _ in machine.events() {}
                }
            }
        },
        ConformanceCase("reset-is-an-event", "reset() is an event .reset.") { subject in
            try await subject.withMachine(.runsForever) { machine in
                let events = machine.events()
                try await machine.start()
                try await machine.reset()
                await machine.stop()
                try await expectEvent(.reset, in: events, subject)
            }
        },
        ConformanceCase("power-button-is-an-event", "pressPowerButton() is an event .powerButton.") { subject in
            try await subject.withMachine(.runsForever) { machine in
                let events = machine.events()
                try await machine.start()
                try await machine.pressPowerButton()
                await machine.stop()
                try await expectEvent(.powerButton, in: events, subject)
            }
        },
        ConformanceCase(
            "events-are-bounded",
            "Events that nobody reads are kept up to 256; then the oldest are dropped, and .gap counts them."
        ) { subject in
            try await subject.withMachine(.runsForever) { machine in
                let events = machine.events()
                try await machine.start()
                for _ in 0..<150 {
                    try await machine.pause()
                    try await machine.resume()
                }
                await machine.stop()
                let found = try await subject.prompt("the end of the events") {
                    var found: [MachineEvent] = []
                    for await event in events { found.append(event) }
                    return found
                }
                try expect(found.count <= 257, "\(found.count) events were kept")
                try expect(found.contains { $0.kind == .gap }, "events were dropped without .gap")
                try expect(found.last?.details == "stopped", "the last event is \(found.last?.details ?? "missing")")
            }
        },
    ]

    private static func expectEvent(
        _ kind: MachineEvent.Kind, in events: MachineEvents, _ subject: HypervisorSubject
    ) async throws {
        let found = try await subject.prompt("the end of the events") {
            var count = 0
            for await event in events where event.kind == kind { count += 1 }
            return count
        }
        try expect(found == 1, "there are \(found) events \(kind.rawValue), and should be 1")
    }
}
