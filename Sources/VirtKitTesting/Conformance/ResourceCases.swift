internal import Glibc
internal import VirtKitCore

extension HypervisorConformance {
    static let resourceCases: [ConformanceCase] = [
        ConformanceCase(
            "two-machines-at-once", "Machines don't know of each other: two run at once, each with its console."
        ) { subject in
            try await subject.withMachine(.echoes) { first in
                try await subject.withMachine(.echoes) { second in
                    try await first.start()
                    try await second.start()
                    try await first.serial.send("first")
                    try await second.serial.send("second")
                    try await subject.eventually("both echoed") {
                        first.serial.recentText.contains("first") && second.serial.recentText.contains("second")
                    }
                    try expect(!first.serial.recentText.contains("second"), "input of one machine came to the other")
                    await first.stop()
                    try expect(second, is: .running, "after the other machine was stopped")
                }
            }
        },
        ConformanceCase(
            "descriptors-are-given-back", "A machine that has been stopped holds no file descriptor: twenty in a row."
        ) { subject in try await expectSteady("file descriptors", "/proc/self/fd", subject) },
        ConformanceCase(
            "threads-are-given-back", "A machine that has been stopped holds no thread: twenty in a row."
        ) { subject in try await expectSteady("threads", "/proc/self/task", subject) },
    ]

    /// Runs twenty machines in a row, and compares what a folder of /proc counts. Half as many as machines may come
    /// from elsewhere: the pool of Swift's own threads grows by itself.
    private static func expectSteady(_ what: String, _ folder: String, _ subject: HypervisorSubject) async throws {
        let count = 20
        for _ in 0..<3 { try await runOne(subject) }
        guard let before = entries(folder) else { throw ConformanceSkip("\(folder) can't be read here") }
        for _ in 0..<count { try await runOne(subject) }
        let end = ContinuousClock.now + min(subject.patience, .seconds(2))
        while let now = entries(folder), now >= before + count / 2 {
            guard ContinuousClock.now < end else {
                throw ConformanceFailure("there were \(before) \(what), and are \(now) after \(count) machines")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private static func runOne(_ subject: HypervisorSubject) async throws {
        try await subject.withMachine(.runsForever) { machine in
            try await machine.start()
            try await subject.prompt("stop") { await machine.stop() }
        }
    }

    private static func entries(_ folder: String) -> Int? {
        guard let directory = opendir(folder) else { return nil }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        return count
    }
}
