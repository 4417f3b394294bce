import Foundation
import Testing

/// The `virtkit` command as a child process. What it writes goes to files, so that it never waits for the test.
struct CommandProcess {
    /// The command's path.
    static let path = ProcessInfo.processInfo.environment["VIRTKIT_TEST_COMMAND"]
    static let absence: Comment = "VIRTKIT_TEST_COMMAND names no command (Scripts/test builds it)"

    let process = Process()
    private let folder: ScratchFolder
    private let started = ContinuousClock.now

    /// How a command ended.
    struct Result {
        var code: Int32
        var signal: Int32?
        var output: String
        var error: String
        var seconds: Double
        var lastErrorLine: String { error.split(separator: "\n").last.map(String.init) ?? "" }
    }

    /// Starts `virtkit` with arguments, or a shell script in which it is `$0` and they are `$1`...
    init(_ arguments: [String], script: String? = nil, terminal: Int32? = nil) throws {
        folder = try ScratchFolder()
        let command = try #require(Self.path)
        process.executableURL = URL(fileURLWithPath: script == nil ? command : "/bin/bash")
        process.arguments = script.map { ["-c", $0, command] + arguments } ?? arguments
        if let terminal {
            let handle = FileHandle(fileDescriptor: terminal)
            process.standardInput = handle
            process.standardOutput = handle
        } else {
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = try folder.create("output")
        }
        process.standardError = try folder.create("error")
        try process.run()
    }

    /// What it has written on standard output so far.
    var output: String { folder.text("output") }
    /// What it has written on standard error so far.
    var error: String { folder.text("error") }

    /// Waits until something holds; fails after `limit` seconds, which are many for a host that other tests keep busy.
    func wait(_ limit: Double = 60, for what: Comment, _ condition: () throws -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(limit)
        while try !condition() {
            try #require(ContinuousClock.now < end, "waited \(limit) s for \(what): \(error)")
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Waits for the command's end, and kills it after `limit` seconds.
    func result(within limit: Double = 90) async throws -> Result {
        do {
            try await wait(limit, for: "the command's end") { !process.isRunning }
        } catch {
            kill(process.processIdentifier, SIGKILL)
            throw error
        }
        let signalled = process.terminationReason == .uncaughtSignal
        let time = started.duration(to: .now).components
        return Result(
            code: signalled ? -1 : process.terminationStatus, signal: signalled ? process.terminationStatus : nil,
            output: output, error: error, seconds: Double(time.seconds) + Double(time.attoseconds) * 1e-18)
    }

    /// Runs the command to its end.
    static func run(_ arguments: [String], script: String? = nil) async throws -> Result {
        try await CommandProcess(arguments, script: script).result()
    }
}

/// A folder for a test's files, removed with the value's last copy.
final class ScratchFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "virtkit-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func callAsFunction(_ name: String) -> String { path + "/" + name }

    /// Writes a file and returns its path.
    func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: self(name)))
        return self(name)
    }

    func write(_ name: String, _ text: String) throws -> String { try write(name, text.utf8) }

    func create(_ name: String) throws -> FileHandle {
        _ = try write(name, "")
        return try #require(FileHandle(forWritingAtPath: self(name)))
    }

    func bytes(_ name: String) -> [UInt8] { Array((try? Data(contentsOf: URL(fileURLWithPath: self(name)))) ?? Data()) }
    func text(_ name: String) -> String { String(decoding: bytes(name), as: UTF8.self) }
    var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] }
}

extension BareCode {
    /// Writes a value to the debug-exit port.
    static func debugExit(_ value: UInt8) -> [UInt8] { [0xB0, value, 0xE6, 0xF4, 0xF4, 0xEB, 0xFD] }

    /// Prints text, byte by byte.
    static func print(_ text: String) -> [UInt8] {
        [0x66, 0xBA, 0xF8, 0x03] + text.utf8.flatMap { [0xB0, $0, 0xEE] }
    }

    /// Sends back every byte that comes, and prints "!" first.
    static let echo: [UInt8] =
        print("!") + [
            0x66, 0xBA, 0xFD, 0x03,  // 0: mov $0x3FD, %dx
            0xEC, 0xA8, 0x01, 0x74, 0xFB,  // 4: in (%dx), %al; test $1, %al; jz 4
            0x66, 0xBA, 0xF8, 0x03,  // mov $0x3F8, %dx
            0xEC, 0xEE,  // in (%dx), %al; out %al, (%dx)
            0xEB, 0xEF,  // jmp 0
        ]
}
