import Foundation
import Glibc
import Testing

/// The command's console: signals, pipes that nobody reads, terminals.
@Suite(.serialized, .enabled(if: CommandProcess.path != nil, CommandProcess.absence)) struct ConsoleCommandTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func arguments(_ code: [UInt8]) throws -> [String] { ["run", "--kernel", try folder.write("guest", code)] }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP, SIGQUIT]) func aSignalEndsTheMachine(_ signal: Int32) async throws {
        let command = try CommandProcess(try arguments(BareCode.print("ready") + BareCode.spin))
        try await command.wait(for: "the guest") { command.output == "ready" }
        let sent = ContinuousClock.now
        kill(command.process.processIdentifier, signal)
        let result = try await command.result()
        #expect(sent.duration(to: .now) < .seconds(20))
        #expect(result.code == 130, "\(result)")
        #expect(result.lastErrorLine == "virtkit: the machine was stopped: signal \(signal)")
    }

    @Test func standardInputReachesTheGuest() async throws {
        let echo = try CommandProcess(
            try arguments(BareCode.echo), script: "exec \"$0\" \"$@\" < <(echo hello; exec sleep 20)")
        defer { echo.process.terminate() }
        try await echo.wait(for: "the echo") { echo.output == "!hello\n" }
    }

    @Test func aReaderThatGoesAwayEndsTheMachine() async throws {
        let result = try await CommandProcess.run(
            try arguments(BareCode.printForEver), script: "\"$0\" \"$@\" | head -c 1; exit ${PIPESTATUS[0]}")
        #expect(result.code == 130, "\(result)")
        #expect(result.output == "x")
    }

    @Test(arguments: ["--help", "backends", "backends --json", "run --help", "--version"])
    func aReaderThatGoesAwayEndsNothingElse(_ words: String) async throws {
        let result = try await CommandProcess.run(
            words.split(separator: " ").map(String.init), script: "\"$0\" \"$@\" | true; exit ${PIPESTATUS[0]}")
        #expect(result.code == 0, "\(result)")
    }

    /// Runs with standard streams closed; a file that is opened must not take their place.
    @Test(arguments: ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"]) func closedStreamsAreNoTrouble(_ closed: String)
        async throws
    {
        let guest = BareCode.print("text") + BareCode.spin
        let saved = folder("saved")
        let result = try await CommandProcess.run(
            try arguments(guest) + ["--memory", "4M", "--save", saved, "--save-after", "0.3"],
            script: "\"$0\" \"$@\" \(closed)")
        #expect(result.code == 0, "\(result)")
        #expect(folder.bytes("saved").starts(with: Array("VIRTKIT\0".utf8)))
        #expect(folder.names == ["guest", "saved"])
    }

    /// A signal is prompt although the output stands still; so is a time-out.
    @Test func outputThatNobodyTakesHoldsNothingUp() async throws {
        let command = try CommandProcess(
            try arguments(BareCode.printForEver) + ["--timeout", "0.5"],
            script: "\"$0\" \"$@\" | (sleep 60 & echo $! >\"$3.sleep\"; wait); exit ${PIPESTATUS[0]}")
        try await command.wait(for: "the machine's end") { command.error.contains("the machine was stopped") }
        let sleeping = folder.text("guest.sleep").trimmingCharacters(in: .whitespacesAndNewlines)
        // What a Dispatch thread starts has SIGTERM blocked.
        kill(try #require(pid_t(sleeping)), SIGKILL)
        #expect(try await command.result().code == 124)
    }

    // MARK: Terminals

    enum WayOut: CaseIterable { case powerOff, escape, signal }

    @Test(arguments: WayOut.allCases) func theTerminalIsRestored(_ way: WayOut) async throws {
        let terminal = try Terminal()
        let code = way == .powerOff ? BareCode.waitForKey + BareCode.powerOff : BareCode.echo
        let command = try CommandProcess(try arguments(code), terminal: terminal.slave)
        defer { command.process.terminate() }
        try await command.wait(for: "raw mode") { terminal.isRaw }
        if way == .signal {
            kill(command.process.processIdentifier, SIGTERM)
        } else {
            // Control characters go to the guest: none of them ends the machine.
            if way == .escape {
                terminal.type([3, 4, 26, 28])
                try await command.wait(for: "the echo") { terminal.read().contains(28) }
                #expect(command.process.isRunning)
            }
            terminal.type(way == .escape ? [0x61, 0x1D] : [0x61])
        }
        let result = try await command.result()
        #expect(result.code == (way == .powerOff ? 0 : 130), "\(result)")
        #expect(terminal.isAsItWas)
        if way == .escape { #expect(result.lastErrorLine == "virtkit: the machine was stopped: escape key") }
    }

    /// The escape key works although the guest never takes what was typed before.
    @Test func theEscapeKeyWorksWhenTheGuestIsDeaf() async throws {
        let terminal = try Terminal()
        let guest = try folder.write("guest", BareCode.spin)
        let file = try folder.write(
            "machine.json",
            """
            {"version": 1, "architecture": "x86_64", "memory": 8388608, "serial": {"inputCapacity": 16},
             "boot": {"flat": {"image": "\(guest)", "address": 1048576}}}
            """)
        let command = try CommandProcess(["run", "--config", file], terminal: terminal.slave)
        defer { command.process.terminate() }
        try await command.wait(for: "raw mode") { terminal.isRaw }
        for _ in 0..<4 {
            terminal.type([UInt8](repeating: 0x61, count: 100))
            try await Task.sleep(for: .milliseconds(100))
        }
        terminal.type([0x1D])
        #expect(try await command.result().code == 130)
        #expect(terminal.isAsItWas)
    }

    /// A terminal that takes no more output is restored all the same.
    @Test func aTerminalThatStandsStillIsRestored() async throws {
        let terminal = try Terminal()
        let command = try CommandProcess(try arguments(BareCode.printForEver), terminal: terminal.slave)
        defer { command.process.terminate() }
        try await command.wait(for: "raw mode") { terminal.isRaw }
        try await Task.sleep(for: .milliseconds(300))
        kill(command.process.processIdentifier, SIGINT)
        #expect(try await command.result().code == 130)
        #expect(terminal.isAsItWas)
    }

    @Test func aFailureBeforeTheStartLeavesTheTerminalAlone() async throws {
        let terminal = try Terminal()
        let command = try CommandProcess(["run", "--kernel", folder("missing")], terminal: terminal.slave)
        #expect(try await command.result().code == 78)
        #expect(terminal.isAsItWas)
    }
}

extension BareCode {
    /// Waits for one byte of input.
    static let waitForKey: [UInt8] = [
        0x66, 0xBA, 0xFD, 0x03,  // mov $0x3FD, %dx
        0xEC, 0xA8, 0x01, 0x74, 0xFB,  // 4: in (%dx), %al; test $1, %al; jz 4
    ]
}

/// A pseudo-terminal, held at both ends.
final class Terminal {
    private let master: Int32
    let slave: Int32
    private let before: [UInt8]

    init() throws {
        // The C functions for this are not in the Glibc module. Requests TIOCSPTLCK (0: unlock) and TIOCGPTN (number).
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (lock, number) = (CInt(0), CUnsignedInt(0))
        try #require(master >= 0 && ioctl(master, 0x4004_5431, &lock) == 0 && ioctl(master, 0x8004_5430, &number) == 0)
        slave = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(slave >= 0)
        _ = fcntl(master, F_SETFL, O_NONBLOCK)
        before = Self.settings(slave).bytes
    }

    deinit {
        close(slave)
        close(master)
    }

    private static func settings(_ descriptor: Int32) -> (value: termios, bytes: [UInt8]) {
        var value = termios()
        tcgetattr(descriptor, &value)
        return (value, withUnsafeBytes(of: value) { Array($0) })
    }

    var isRaw: Bool {
        Self.settings(slave).value.c_lflag & tcflag_t(ICANON | ECHO | ISIG | IEXTEN) == 0
    }

    var isAsItWas: Bool { Self.settings(slave).bytes == before }

    func type(_ bytes: [UInt8]) { _ = write(master, bytes, bytes.count) }

    /// What has been shown since the last call.
    func read() -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(master, &buffer, buffer.count)
        return Array(buffer.prefix(max(0, count)))
    }
}
