internal import VirtKitCore

extension HypervisorConformance {
    static let stoppingCases: [ConformanceCase] = [
        ConformanceCase(
            "stop-ends-a-running-machine", "stop() ends a machine promptly; its outcome is .stopped."
        ) { subject in
            try await subject.withMachine(.runsForever) { machine in
                try await machine.start()
                try await subject.prompt("stop of a running machine") { await machine.stop() }
                try expect(machine, is: .stopped, "after stop")
                let outcome = try await subject.outcome(of: machine)
                try expect(outcome.kind == .stopped, "the outcome is \(outcome), and should be stopped")
            }
        },
        ConformanceCase("stop-ends-a-created-machine", "stop() ends a machine that was not started.") { subject in
            try await subject.withMachine(.runsForever) { machine in
                try await subject.prompt("stop of a created machine") { await machine.stop() }
                try expect(machine, is: .stopped, "after stop")
                try await expectError(.invalidState, when: "start after stop", in: subject) {
                    try await machine.start()
                }
            }
        },
        ConformanceCase("stop-ends-a-paused-machine", "stop() ends a paused machine.") { subject in
            try await subject.withMachine(.runsForever) { machine in
                try await machine.start()
                try await machine.pause()
                try await subject.prompt("stop of a paused machine") { await machine.stop() }
                try expect(machine, is: .stopped, "after stop")
            }
        },
        ConformanceCase(
            "stop-is-idempotent",
            "Nothing happens when stop() is called on a machine that has ended: its outcome stays."
        ) { subject in
            try await subject.withMachine(.powersOff) { machine in
                try await machine.start()
                let before = try await subject.outcome(of: machine)
                for _ in 0..<2 { try await subject.prompt("another stop") { await machine.stop() } }
                let after = try await subject.outcome(of: machine)
                try expect(before == after, "the outcome was \(before), and is \(after) after stop")
            }
        },
        ConformanceCase("stop-from-several-tasks", "stop() may be called from several tasks at once.") { subject in
            try await subject.withMachine(.runsForever) { machine in
                try await machine.start()
                try await subject.prompt("stop from ten tasks") {
                    await withTaskGroup { group in
                        for _ in 0..<10 { group.addTask { await machine.stop() } }
                    }
                }
                try expect(machine, is: .stopped, "after stop from ten tasks")
            }
        },
        ConformanceCase(
            "stop-during-start", "stop() while start() is under way ends the machine; start() ends too."
        ) { subject in
            for _ in 0..<10 {
                try await subject.withMachine(.runsForever) { machine in
                    let start = Task { try await machine.start() }
                    try await subject.prompt("stop during start") { await machine.stop() }
                    let result = try await subject.prompt("start during stop") { await start.result }
                    try expect(machine, is: .stopped, "after stop during start")
                    if case .failure(let error) = result {
                        try expect(
                            (error as? VirtKitError)?.code == .invalidState, "start during stop threw \(error)")
                    }
                }
            }
        },
        ConformanceCase(
            "stop-is-not-cut-short", "stop() is not cut short by its caller's cancellation."
        ) { subject in
            try await subject.withMachine(.runsForever) { machine in
                try await machine.start()
                let state = try await subject.prompt("stop in a cancelled task") {
                    let task = Task {
                        while !Task.isCancelled { await Task.yield() }
                        await machine.stop()
                        return machine.state
                    }
                    task.cancel()
                    return await task.value
                }
                try expect(state == .stopped, "stop in a cancelled task returned, and the machine is \(state)")
            }
        },
        ConformanceCase("leaving-the-scope-stops", "Leaving withMachine stops the machine.") { subject in
            let configuration = try subject.configuration(.runsForever)
            let machine = try await subject.prompt("withMachine") {
                try await subject.hypervisor.withMachine(configuration) { machine in
                    try await machine.start()
                    return machine
                }
            }
            try expect(machine, is: .stopped, "after its scope")
        },
        ConformanceCase(
            "cancelling-the-scope-stops", "Cancelling the task of withMachine stops the machine promptly."
        ) { subject in
            let configuration = try subject.configuration(.runsForever)
            let made = Shared<(any Machine)?>(nil)
            let task = Task {
                try await subject.hypervisor.withMachine(configuration) { machine in
                    made.value = machine
                    try await machine.start()
                    _ = try await machine.waitUntilStopped()
                }
            }
            try await subject.eventually("running") { made.value?.state == .running }
            task.cancel()
            _ = try await subject.prompt("withMachine of a cancelled task") { await task.result }
            guard let machine = made.value else { return }
            try expect(machine, is: .stopped, "after its scope was cancelled")
        },
        ConformanceCase(
            "waiting-from-several-tasks",
            "waitUntilStopped() may be called from several tasks, before and after the end; all get the same outcome."
        ) { subject in
            try await subject.withMachine(.obeysPowerButton) { machine in
                try await machine.start()
                try await subject.ready(.obeysPowerButton, machine)
                let waiters = (0..<5).map { _ in Task { try await machine.waitUntilStopped() } }
                try await Task.sleep(for: .milliseconds(20))
                try await machine.pressPowerButton()
                for waiter in waiters {
                    let outcome = try await subject.prompt("one of five waits") { try await waiter.value }
                    try expect(outcome.kind == .poweredOff, "one of five waits gave \(outcome)")
                }
                let late = try await subject.outcome(of: machine)
                try expect(late.kind == .poweredOff, "a late wait gave \(late)")
            }
        },
        ConformanceCase(
            "waiting-can-be-cancelled",
            "waitUntilStopped() throws CancellationError when its task is cancelled; the machine goes on."
        ) { subject in
            try await subject.withMachine(.runsForever) { machine in
                try await machine.start()
                let wait = Task { try await machine.waitUntilStopped() }
                try await Task.sleep(for: .milliseconds(20))
                wait.cancel()
                let result = try await subject.prompt("a cancelled waitUntilStopped") { await wait.result }
                switch result {
                case .success(let outcome): throw ConformanceFailure("a cancelled wait gave \(outcome)")
                case .failure(let error):
                    try expect(error is CancellationError, "a cancelled wait threw \(error)")
                }
                try expect(machine, is: .running, "after a cancelled wait")
            }
        },
    ]
}
