import Foundation
import Testing

/// What `virtkit run` says of a guest's end and of machines that can't be.
@Suite(.enabled(if: CommandProcess.path != nil, CommandProcess.absence)) struct RunCommandTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func run(_ code: [UInt8], _ arguments: [String] = []) async throws -> CommandProcess.Result {
        try await CommandProcess.run(["run", "--kernel", try folder.write("guest", code)] + arguments)
    }

    struct Ending: Sendable {
        var code: [UInt8]
        var arguments: [String] = []
        var exitCode: Int32
        var text: String
    }

    static let endings = [
        Ending(code: BareCode.powerOff, exitCode: 0, text: "virtkit: the machine ended: powered-off"),
        Ending(code: BareCode.tripleFault, exitCode: 70, text: "virtkit: the machine ended: crashed"),
        Ending(code: BareCode.jumpIntoMMIO, exitCode: 70, text: "virtkit: the machine ended: crashed"),
        Ending(code: BareCode.reset, exitCode: 72, text: "virtkit: the machine ended: reset"),
        Ending(code: BareCode.debugExit(0), exitCode: 1, text: "virtkit: the machine ended: debug-exit"),
        Ending(code: BareCode.debugExit(5), exitCode: 11, text: "virtkit: the machine ended: debug-exit"),
        Ending(code: BareCode.debugExit(0xFF), exitCode: 0xFF, text: "virtkit: the machine ended: debug-exit"),
        Ending(
            code: BareCode.spin, arguments: ["--timeout", "0.3"], exitCode: 124,
            text: "virtkit: the machine was stopped: 0.3 s were up"),
        Ending(
            code: BareCode.haltForEver, arguments: ["--timeout", "0"], exitCode: 124,
            text: "virtkit: the machine was stopped"),
    ]

    @Test(arguments: endings) func tellsHowTheGuestEnded(_ ending: Ending) async throws {
        let result = try await run(ending.code, ending.arguments)
        #expect(result.code == ending.exitCode, "\(result)")
        #expect(result.lastErrorLine.hasPrefix(ending.text), "\(result.error)")
    }

    @Test func writesWhatTheGuestPrints() async throws {
        let result = try await run(BareCode.print("guest\n") + BareCode.powerOff, ["--backend", "emulator"])
        #expect(result.output == "guest\n")
        #expect(result.code == 0)
    }

    @Test func statisticsAreJSON() async throws {
        let result = try await run(BareCode.powerOff, ["--stats"])
        let lines = result.error.split(separator: "\n")
        let line = try #require(lines.first { $0.hasPrefix("{") })
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(
            Set(object.keys) == [
                "engine", "instructions", "exits", "seconds", "guest_memory_touched_bytes", "peak_rss_bytes",
                "counters", "threads",
            ])
        #expect(object["instructions"] as? Int ?? 0 >= 3)
        #expect(object["peak_rss_bytes"] as? Int ?? 0 > 1 << 20)
        #expect(result.lastErrorLine.hasPrefix("virtkit: the machine ended"))
    }

    // MARK: Machines that can't be

    /// Arguments, and a word of the message. `@` is the guest's path, `%` the folder.
    static let faults: [([String], String)] = [
        (["--cpus", "0"], "cpus"), (["--cpus", "10000"], "cpus"),
        (["--memory", "0"], "memory"), (["--memory", "1"], "memory"), (["--memory", "1152921504606846976"], "memory"),
        (["--memory", "lots"], "--memory lots"), (["--memory", "99999999999T"], "--memory"),
        (["--kernel", "%/missing"], "missing"), (["--kernel", "%"], "read"),
        (["--initrd", "%/missing"], "--initrd"), (["--config", "%/missing"], "missing"), (["--config", "%"], "%"),
        (["--restore", "%/missing"], "missing"), (["--backend", "steam"], "steam"), (["--cpu", "z80"], "z80"),
        (["--flat-address", "x"], "--flat-address"), (["--flat-address", "0xFFFFFFFFFFFFFFFF"], "address"),
        (["--append", "quiet"], "--append"),
    ]

    @Test(arguments: faults) func refuses(_ arguments: [String], _ word: String) async throws {
        let result = try await run(BareCode.powerOff, arguments.map { $0.replacing("%", with: folder.path) })
        #expect(result.code == 78, "\(result)")
        #expect(result.lastErrorLine.hasPrefix("virtkit: "), "\(result.error)")
        #expect(result.lastErrorLine.contains(word.replacing("%", with: folder.path)), "\(result.error)")
    }

    @Test(arguments: [
        ["--cpus", "many"], ["--cpus", "-1"], ["--memory", "-5M"], ["--timeout", "nan"], ["--timeout", "-1"],
        ["--save", "x"], ["--unknown"], ["--memory"],
        ["--save-after", "1e300", "--save", "x"],
    ]) func commandLinesThatAreWrong(_ arguments: [String]) async throws {
        #expect(try await run(BareCode.powerOff, arguments).code == 64)
    }

    @Test func needsSomethingToRun() async throws {
        let result = try await CommandProcess.run(["run"])
        #expect(result.code == 78)
        #expect(result.lastErrorLine.contains("boot"))
    }

    static let images: [(String, [UInt8])] = [
        ("an empty file", []), ("an ELF file's first bytes", [0x7F, 0x45, 0x4C, 0x46]),
        ("a lying ELF file", [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1] + [UInt8](repeating: 0xFF, count: 500)),
        (
            "a lying bzImage",
            [UInt8](repeating: 0xFF, count: 0x202) + Array("HdrS".utf8) + [UInt8](repeating: 0xFF, count: 800)
        ),
        ("a short bzImage", [UInt8](repeating: 0, count: 0x202) + Array("HdrS".utf8) + [0x0F, 0x02]),
    ]

    @Test(arguments: images) func refusesTheKernel(_ name: String, _ bytes: [UInt8]) async throws {
        let result = try await run(bytes)
        #expect(result.code == 78, "\(name): \(result)")
        #expect(result.error.hasPrefix("virtkit: "))
    }

    @Test(.enabled(if: TestKernel.isPresent, TestKernel.absence)) func refusesAnInitialDiskLargerThanMemory()
        async throws
    {
        let disk = try folder.write("disk", "")
        let handle = try #require(FileHandle(forWritingAtPath: disk))
        try handle.truncate(atOffset: 300 << 20)
        for kernel in [TestKernel.path, TestKernel.vmlinux] {
            let result = try await CommandProcess.run(["run", "--kernel", kernel, "--initrd", disk, "--memory", "256M"])
            #expect(result.code == 78, "\(result)")
        }
    }

    // MARK: Configuration files

    private func configuration(_ text: String, _ arguments: [String] = []) async throws -> CommandProcess.Result {
        let guest = try folder.write("guest", BareCode.powerOff)
        let file = try folder.write("machine.json", text.replacing("@", with: guest))
        return try await CommandProcess.run(["run", "--config", file] + arguments)
    }

    private static let good = """
        {"version": 1, "architecture": "x86_64", "memory": 8388608,
         "boot": {"flat": {"image": "@", "address": 1048576}}}
        """

    @Test func readsAConfiguration() async throws {
        let result = try await configuration(Self.good)
        #expect(result.code == 0, "\(result)")
    }

    @Test func optionsOverrideTheConfiguration() async throws {
        let bad = Self.good.replacing("8388608", with: "1")
        #expect(try await configuration(bad).code == 78)
        #expect(try await configuration(bad, ["--memory", "4M"]).code == 0)
        #expect(try await configuration(Self.good, ["--cpus", "0"]).code == 78)
        let other = try folder.write("other", BareCode.debugExit(3))
        #expect(try await configuration(Self.good, ["--kernel", other]).code == 7)
        #expect(try await configuration(Self.good, ["--append", "quiet"]).code == 78)
    }

    static let badConfigurations: [(String, String)] = [
        ("", "JSON"), ("{", "JSON"), ("[]", "machine.json"), ("null", "machine.json"), ("{}", "version"),
        (good.replacing("\"version\": 1", with: "\"version\": 2"), "version 2"),
        (good.replacing("\"version\"", with: "\"versoin\""), "versoin"),
        (good.replacing("\"address\"", with: "\"adress\""), "adress"),
        (good.replacing("\"flat\"", with: "\"flatter\""), "flatter"),
        (good.replacing("8388608", with: "\"8M\""), "memory"),
        (good.replacing("8388608", with: "-1"), "JSON"),
        (good.replacing("8388608", with: "1e300"), "JSON"),
        (good.replacing("8388608", with: "8388608, \"cpus\": 1e99"), "JSON"),
        (good.replacing("8388608", with: "8388608, \"onReset\": \"explode\""), "explode"),
        (good.replacing("x86_64", with: "vax"), "vax"),
        (
            good.replacing("8388608", with: "8388608, \"serial\": {\"inputCapacity\": -9223372036854775808}"),
            "inputCapacity"
        ),
        (good.replacing("8388608", with: "8388608, \"devices\": [{\"id\": \"a\", \"model\": \"b\"}]"), "\"b\""),
        (String(repeating: "[", count: 100_000), "machine.json"),
    ]

    @Test(arguments: badConfigurations) func refusesTheConfiguration(_ text: String, _ word: String) async throws {
        let result = try await configuration(text)
        #expect(result.code == 78, "\(text.prefix(200)): \(result)")
        #expect(result.lastErrorLine.contains(word), "\(result.error)")
    }

    @Test func refusesAConfigurationCutShort() async throws {
        for length in stride(from: 0, to: Self.good.utf8.count - 1, by: 23) {
            let result = try await configuration(String(Self.good.prefix(length)))
            #expect(result.code == 78, "\(length): \(result)")
        }
    }
}
