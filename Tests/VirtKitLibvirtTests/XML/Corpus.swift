import Foundation
import Testing

/// The XML documents of a libvirt source package, which Scripts/lib/fetch-libvirt-source.sh fetches.
struct Corpus: Sendable, CustomStringConvertible {
    let folder: URL
    var description: String { folder.lastPathComponent }

    /// Those that the environment names.
    static let all: [Corpus] = (ProcessInfo.processInfo.environment["VIRTKIT_TEST_LIBVIRT_SOURCE"] ?? "")
        .split(separator: ":").map { Corpus(folder: URL(fileURLWithPath: String($0))) }

    /// The paths of the documents within the folder.
    var paths: [String] {
        let all = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
        return all.filter { $0.hasSuffix(".xml") }.sorted()
    }

    func bytes(of path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appendingPathComponent(path)))
    }
}

/// Runs a program in the system's Python, which has libvirt's module; gives what it printed.
func runPython(_ program: String, _ arguments: [String] = []) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = ["-c", program] + arguments
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let text = String(decoding: data, as: UTF8.self)
    #expect(process.terminationStatus == 0, "python3 failed: \(text)")
    return text
}

/// Calls `body` with a new empty folder, and removes it.
func withFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("virtkit-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
}
