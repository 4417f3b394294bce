import ArgumentParser
import Foundation
import VirtKit

/// The options that describe a machine.
struct MachineOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The kernel: a bzImage, an ELF file or a flat image.", valueName: "file"))
    var kernel: String?

    @Option(help: ArgumentHelp("The initial RAM disk.", valueName: "file"))
    var initrd: String?

    @Option(help: ArgumentHelp("The kernel's command line; several are joined by spaces.", valueName: "text"))
    var append: [String] = []

    @Option(help: "The memory, as 256M or 1GiB. Default: 256M, or what --config says.")
    var memory: String?

    @Option(help: "The number of virtual CPUs. Default: 1, or what --config says.")
    var cpus: Int?

    @Option(help: ArgumentHelp("The CPU model. Default: the board's usual one.", valueName: "model"))
    var cpu: String?

    @Option(help: ArgumentHelp("A machine configuration in JSON; other options override it.", valueName: "file.json"))
    var config: String?

    @Option(help: ArgumentHelp("Where a flat image is placed and entered. Default: 0x100000.", valueName: "address"))
    var flatAddress: String?

    /// The machine that the options describe.
    func configuration() throws -> MachineConfiguration {
        var configuration = try configurationFile() ?? MachineConfiguration(memory: .mebibytes(256))
        if let memory {
            guard let amount = ByteCount(parsing: memory) else {
                throw invalid("--memory \(memory) is not an amount such as 256M or 1GiB")
            }
            configuration.memory = amount
        }
        if let cpus { configuration.cpus = cpus }
        if let cpu { configuration.cpuModel = CPUModel(rawValue: cpu) }
        if let kernel { configuration.boot = try boot(kernel) }
        if kernel == nil {
            if case .linux(let kernel, let disk, let line) = configuration.boot {
                let disk = initrd.map { BootImage.path($0) } ?? disk
                configuration.boot = .linux(
                    kernel: kernel, initrd: disk,
                    commandLine: ([line] + append).filter { !$0.isEmpty }.joined(separator: " "))
            } else if initrd != nil || !append.isEmpty {
                throw invalid("--initrd and --append need --kernel, or a configuration that boots Linux")
            }
        }
        try configuration.validate()
        return configuration
    }

    /// Tells the kinds of kernel apart by how the file begins.
    private func boot(_ kernel: String) throws -> BootSource {
        let start = try readStart(kernel)
        let line = append.joined(separator: " ")
        let isBzImage = start.count > 0x206 && Array(start[0x202..<0x206]) == Array("HdrS".utf8)
        let isELF = start.starts(with: [0x7F, 0x45, 0x4C, 0x46])
        if isBzImage || isELF && initrd != nil {
            return .linux(kernel: .path(kernel), initrd: initrd.map { .path($0) }, commandLine: line)
        }
        if isELF { return .elf(.path(kernel), commandLine: line) }
        if initrd != nil || !append.isEmpty {
            throw invalid("\(kernel) is neither a bzImage nor an ELF file: a flat image takes no --initrd or --append")
        }
        return .flat(.path(kernel), address: try address())
    }

    private func address() throws -> UInt64 {
        guard let flatAddress else { return 0x10_0000 }
        let text = flatAddress.lowercased()
        guard let value = text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text) else {
            throw invalid("--flat-address \(flatAddress) is not a number")
        }
        return value
    }

    private func readStart(_ path: String) throws -> [UInt8] {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw VirtKitError(
                .inputOutput, operation: "read kernel", message: "\(path) can't be opened", errno: errno,
                remedy: "check the path and its permissions")
        }
        defer { try? handle.close() }
        do {
            return Array(try handle.read(upToCount: 1024) ?? Data())
        } catch {
            throw VirtKitError(.inputOutput, operation: "read kernel", message: "\(path) can't be read")
        }
    }

    private func configurationFile() throws -> MachineConfiguration? {
        guard let config else { return nil }
        do {
            return try JSONDecoder().decode(
                MachineConfiguration.self, from: Data(contentsOf: URL(fileURLWithPath: config)))
        } catch let error as DecodingError {
            throw invalid("\(config): \(describe(error))")
        } catch {
            throw VirtKitError(
                .inputOutput, operation: "read configuration", message: "\(config): \(error.localizedDescription)")
        }
    }

    private func describe(_ error: DecodingError) -> String {
        func place(_ path: [any CodingKey]) -> String {
            path.isEmpty ? "" : " at " + path.map(\.stringValue).joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context):
            return "key \"\(key.stringValue)\" is missing\(place(context.codingPath))"
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            return context.debugDescription + place(context.codingPath)
        @unknown default: return "\(error)"
        }
    }

    private func invalid(_ message: String) -> VirtKitError {
        VirtKitError(.invalidConfiguration, operation: "read options", message: message)
    }
}
