import ArgumentParser
import Foundation
import VirtKit

/// The options that describe a machine.
struct MachineOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The kernel: a bzImage, a multiboot kernel, an ELF file or a flat image.", valueName: "file"))
    var kernel: String?

    @Option(
        help: ArgumentHelp(
            "The initial RAM disk; for a multiboot kernel modules, as \"file text,file text\".", valueName: "file"))
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

    @Option(help: ArgumentHelp("A ROM that the machine starts in, instead of a kernel.", valueName: "file"))
    var firmware: String?

    @Option(
        help: ArgumentHelp(
            "The entry of a bzImage: automatic, 64-bit, 32-bit or 16-bit. Default: automatic.", valueName: "entry"))
    var linuxEntry: String?

    @Option(
        help: ArgumentHelp(
            "Adds a device, as pc-testdev. May be given several times.", valueName: "model[,id=name][,key=value]"))
    var device: [String] = []

    @OptionGroup var placement: PlacementOptions

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
        configuration.boot = try bootSource(configuration.boot)
        configuration.devices += try device.map(deviceConfiguration)
        try placement.apply(to: &configuration)
        try configuration.validate()
        return configuration
    }

    /// What to run: as the options say, or what a configuration has, changed by them.
    private func bootSource(_ configured: BootSource?) throws -> BootSource? {
        if let firmware {
            guard kernel == nil, initrd == nil, append.isEmpty, linuxEntry == nil else {
                throw invalid("--firmware goes without --kernel, --initrd, --append and --linux-entry")
            }
            return .firmware(.path(firmware))
        }
        if let kernel { return try boot(kernel) }
        switch configured {
        case .linux(let kernel, let disk, let line, let entry):
            return .linux(
                kernel: kernel, initrd: initrd.map { .path($0) } ?? disk, commandLine: joined([line] + append),
                entry: linuxEntry.map(LinuxEntry.init(rawValue:)) ?? entry)
        case .multiboot(let image, let modules, let line):
            guard linuxEntry == nil else { throw invalid("--linux-entry goes with a bzImage only") }
            return .multiboot(
                image, modules: initrd.map(Self.modules) ?? modules, commandLine: joined([line] + append))
        default:
            if initrd != nil || linuxEntry != nil || !append.isEmpty {
                throw invalid(
                    "--initrd, --append and --linux-entry need --kernel, or a configuration that boots a kernel")
            }
            return configured
        }
    }

    /// Tells the kinds of kernel apart by how the file begins.
    private func boot(_ kernel: String) throws -> BootSource {
        let kind = KernelKind(start: try readStart(kernel))
        if linuxEntry != nil, kind != .bzImage { throw invalid("--linux-entry goes with a bzImage only") }
        switch kind {
        case .elf where initrd == nil: return .elf(.path(kernel), commandLine: joined(append))
        case .bzImage, .elf:
            return .linux(
                kernel: .path(kernel), initrd: initrd.map { .path($0) }, commandLine: joined(append),
                entry: linuxEntry.map(LinuxEntry.init(rawValue:)) ?? .automatic)
        case .multiboot:
            // The first word is the kernel's own name, as GRUB and QEMU have it.
            return .multiboot(
                .path(kernel), modules: initrd.map(Self.modules) ?? [], commandLine: joined([kernel] + append))
        case .flat:
            if initrd != nil || !append.isEmpty {
                throw invalid(
                    "\(kernel) is no bzImage, multiboot kernel or ELF file: a flat image takes no --initrd or --append")
            }
            return .flat(.path(kernel), address: try address())
        }
    }

    private func joined(_ words: [String]) -> String { words.filter { !$0.isEmpty }.joined(separator: " ") }

    /// Modules written as QEMU takes them: `file text,file text`; two commas stand for one in a name or text.
    static func modules(_ text: String) -> [BootModule] {
        var items = [""]
        var rest = text[...]
        while let character = rest.popFirst() {
            if character != "," {
                items[items.count - 1].append(character)
            } else if rest.first == "," {
                rest.removeFirst()
                items[items.count - 1].append(",")
            } else {
                items.append("")
            }
        }
        return items.filter { !$0.isEmpty }.map { item in
            BootModule(.path(String(item.prefix { $0 != " " })), commandLine: item)
        }
    }

    private func deviceConfiguration(_ text: String) throws -> DeviceConfiguration {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard let model = parts.first, !model.isEmpty, !model.contains("=") else {
            throw invalid("--device \(text): the model comes first, as in pc-testdev,id=name")
        }
        var properties: [String: String] = [:]
        for part in parts.dropFirst() {
            guard let sign = part.firstIndex(of: "="), sign != part.startIndex else {
                throw invalid("--device \(text): \"\(part)\" is not of the form key=value")
            }
            let key = String(part[..<sign])
            guard properties.updateValue(String(part[part.index(after: sign)...]), forKey: key) == nil else {
                throw invalid("--device \(text): \(key) is given twice")
            }
        }
        let id = properties.removeValue(forKey: "id") ?? model
        return DeviceConfiguration(id: id, model: model, properties: properties)
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
            return Array(try handle.read(upToCount: KernelKind.window) ?? Data())
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
