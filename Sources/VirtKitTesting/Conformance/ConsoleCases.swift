internal import VirtKitCore

extension HypervisorConformance {
    static let consoleCases: [ConformanceCase] = [
        ConformanceCase(
            "console-has-lines", "What the guest prints comes as lines, which end when the machine has ended."
        ) { subject in
            try await subject.withMachine(.greets) { machine in
                let lines = Task {
                    var lines: [String] = []
                    for await line in machine.serial.lines() { lines.append(line) }
                    return lines
                }
                try await machine.start()
                try await greetings(1, machine, subject)
                await machine.stop()
                let found = try await subject.prompt("the end of the console's lines") { await lines.value }
                try expect(found == [subject.greeting], "the lines are \(found)")
            }
        },
        ConformanceCase(
            "console-has-several-readers", "Every reader gets all output, from the oldest byte kept, at any time."
        ) { subject in
            try await subject.withMachine(.greets) { machine in
                @Sendable func read() -> Task<[UInt8], Never> {
                    Task {
                        var bytes: [UInt8] = []
                        for await chunk in machine.serial.bytes() { bytes += chunk.bytes }
                        return bytes
                    }
                }
                let early = [read(), read()]
                try await machine.start()
                try await greetings(1, machine, subject)
                await machine.stop()
                for reader in early + [read()] {
                    let bytes = try await subject.prompt("a reader's end") { await reader.value }
                    try expect(
                        String(decoding: bytes, as: UTF8.self).contains(subject.greeting), "a reader got \(bytes)")
                }
            }
        },
        ConformanceCase("console-takes-input", "What is sent to the console reaches the guest.") { subject in
            try await subject.withMachine(.echoes) { machine in
                try await machine.start()
                for text in ["hello", "again"] {
                    try await subject.prompt("send") { try await machine.serial.send(text) }
                    try await subject.eventually("\"\(text)\" echoed") { machine.serial.recentText.contains(text) }
                }
            }
        },
        ConformanceCase(
            "console-output-is-bounded",
            "Output that nobody reads is kept up to the configured capacity; older bytes are dropped and counted, "
                + "and the guest goes on."
        ) { subject in
            try await subject.withMachine(.floods, adjust: { $0.serial.outputCapacity = 4096 }) { machine in
                try await machine.start()
                try await subject.eventually("printed 16 KiB") { machine.serial.printedByteCount > 16384 }
                try expect(
                    machine.serial.recentOutput.count <= 4096, "more than the 4096 bytes of the capacity are kept")
                try expect(machine.serial.droppedByteCount >= 12288, "dropped bytes are not counted")
            }
        },
        ConformanceCase(
            "console-input-is-bounded",
            "Input that the guest does not read is kept up to the configured capacity; then send() waits, "
                + "and throws .invalidState when the machine ends."
        ) { subject in
            try await subject.withMachine(.runsForever, adjust: { $0.serial.inputCapacity = 16 }) { machine in
                try await machine.start()
                let returned = Shared(false)
                let count = 4096 + subject.hostInputCapacity
                let send = Task {
                    defer { returned.value = true }
                    try await machine.serial.send([UInt8](repeating: 65, count: count))
                }
                // The host's buffers take time to fill.
                try await Task.sleep(for: subject.hostInputCapacity > 0 ? .seconds(3) : .milliseconds(100))
                try expect(
                    !returned.value, "send of \(count) bytes that nobody reads returned, and the capacity is 16")
                await machine.stop()
                try await expectError(.invalidState, when: "send to a machine that ended meanwhile", in: subject) {
                    try await send.value
                }
            }
        },
        ConformanceCase("console-ends", "The console's output ends with the machine, whoever ended it.") { subject in
            try await subject.withMachine(.powersOff) { machine in
                try await machine.start()
                _ = try await subject.outcome(of: machine)
                try await subject.prompt("the end of the console's bytes") {
                    for await _ in machine.serial.bytes() {}
                }
            }
        },
    ]
}
