import Foundation
import Testing
import VirtKitCore
import VirtKitLibvirt

/// What the tests of this target need.
enum Needs {
    static let libvirt = Libvirt.availability().level > .no
    static let headers =
        FileManager.default.fileExists(atPath: "/usr/include/libvirt/libvirt.h") && tool("clang") != nil
    static let scripts = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Scripts/lib").path
    /// QEMU's driver for real, in release mode, where Scripts/test names a guest's files. By request: the conformance
    /// kit, which makes a machine for each case, was seen to hang where it stops one (Documentation/libvirt/qemu.md).
    static let qemu =
        ProcessInfo.processInfo.environment["VIRTKIT_TEST_QEMU"] != nil
        && libvirt && isRoot
        && tool("qemu-system-x86_64") != nil && tool("libvirtd") != nil && tool("unshare") != nil
        && ProcessInfo.processInfo.environment["VIRTKIT_TEST_KERNEL"] != nil
    static let qemuReason: Comment = "needs VIRTKIT_TEST_QEMU, root, QEMU, libvirtd and VIRTKIT_TEST_KERNEL"
    static let long = ProcessInfo.processInfo.environment["VIRTKIT_TEST_LONG"] != nil
    private static let isRoot = geteuid() == 0

    /// Where a program is.
    static func tool(_ name: String) -> String? {
        let folders =
            (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
            + ["/usr/bin", "/usr/sbin", "/sbin", "/opt/swift/usr/bin"]
        return folders.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }
}

/// How a program ended, and what it printed.
struct ProgramResult {
    var status: Int32
    var output: String
}

/// Runs a program to its end.
func runProgram(_ path: String, _ arguments: [String], environment: [String: String] = [:]) throws -> ProgramResult {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return ProgramResult(status: process.terminationStatus, output: String(decoding: data, as: UTF8.self))
}

/// Waits until something holds.
func eventually(
    _ what: String, within limit: Duration = .seconds(120), _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < end else { throw Late(what: what, limit: limit) }
        try await Task.sleep(for: .milliseconds(10))
    }
}

struct Late: Error, CustomStringConvertible {
    let what: String
    let limit: Duration
    var description: String { "after \(limit): not \(what)" }
}

/// Does something that must end, even if it hangs and is deaf to cancellation: then it is cancelled and left, and this test fails, not
/// the whole run.
func promptly<Value: Sendable>(
    _ what: String, within limit: Duration = .seconds(120), _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    let (results, result) = AsyncThrowingStream.makeStream(of: Value.self)
    let work = Task {
        do {
            result.yield(try await body())
            result.finish()
        } catch {
            result.finish(throwing: error)
        }
    }
    let timer = Task {
        try await Task.sleep(for: limit)
        work.cancel()
        result.finish(throwing: Late(what: "\(what) has ended", limit: limit))
    }
    defer { timer.cancel() }
    for try await value in results { return value }
    work.cancel()
    throw CancellationError()
}

/// The error of a call that must fail.
func failure(_ what: String, _ body: () async throws -> Void) async throws -> LibvirtError {
    do {
        try await body()
    } catch let error as LibvirtError {
        return error
    }
    throw Unexpected(text: "\(what) threw nothing")
}

struct Unexpected: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}
