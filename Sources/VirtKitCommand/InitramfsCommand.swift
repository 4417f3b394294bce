import ArgumentParser
import VirtKit

struct InitramfsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "initramfs", abstract: "Packs an initial RAM disk for Linux (cpio, newc format).",
        discussion: "Missing parent directories are added. The same arguments give the same bytes.")

    @Option(help: ArgumentHelp("Where the archive goes.", valueName: "file"))
    var output: String

    @Option(help: ArgumentHelp("A file of the host's; the mode is octal.", valueName: "host:guest[:mode]"))
    var file: [String] = []

    @Option(help: ArgumentHelp("A directory; the mode is octal.", valueName: "guest[:mode]"))
    var directory: [String] = []

    @Option(help: ArgumentHelp("A symbolic link.", valueName: "target:link"))
    var symlink: [String] = []

    @Option(help: ArgumentHelp("A device node; the mode is octal.", valueName: "path:c|b:major:minor[:mode]"))
    var node: [String] = []

    func run() async throws {
        do {
            try archive().write(to: output)
        } catch let error as VirtKitError {
            standardError("virtkit: \(error)")
            throw ExitCode(EndingCode.code(for: error))
        }
    }

    private func archive() throws -> InitramfsWriter {
        var writer = InitramfsWriter()
        for entry in directory {
            let parts = try split(entry, "--directory", 1...2)
            try writer.addDirectory(parts[0], permissions: try mode(parts, 1) ?? 0o755)
        }
        for entry in file {
            let parts = try split(entry, "--file", 2...3)
            try writer.addFile(parts[1], from: parts[0], permissions: try mode(parts, 2))
        }
        for entry in symlink {
            let parts = try split(entry, "--symlink", 2...2)
            try writer.addSymbolicLink(parts[1], to: parts[0])
        }
        for entry in node {
            let parts = try split(entry, "--node", 4...5)
            guard parts[1] == "c" || parts[1] == "b", let major = UInt32(parts[2]), let minor = UInt32(parts[3]) else {
                throw ValidationError("--node \(entry): wanted PATH:c|b:MAJOR:MINOR[:MODE]")
            }
            try writer.addDevice(
                parts[0], parts[1] == "c" ? .character : .block, major: major, minor: minor,
                permissions: try mode(parts, 4) ?? 0o600)
        }
        return writer
    }

    private func split(_ text: String, _ option: String, _ counts: ClosedRange<Int>) throws -> [String] {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard counts.contains(parts.count) else {
            throw ValidationError("\(option) \(text): wanted \(counts.lowerBound) to \(counts.upperBound) fields")
        }
        return parts
    }

    private func mode(_ parts: [String], _ index: Int) throws -> UInt32? {
        guard parts.count > index else { return nil }
        guard let mode = UInt32(parts[index], radix: 8), mode <= 0o7777 else {
            throw ValidationError("\(parts[index]) is not an octal mode")
        }
        return mode
    }
}
