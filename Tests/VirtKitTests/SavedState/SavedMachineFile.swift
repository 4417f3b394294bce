import Foundation
import VirtKit

/// The file of a saved machine, taken apart and put together by what `SavedMachine` documents, with any lies in it.
struct SavedMachineFile {
    var texts: [String]
    var cpus: UInt32
    var cpuModel: String
    var memory: UInt64
    var timerFrequency: UInt64
    var devices: [String]
    var sections: [StateSection]
    /// Guest address, size, file offset.
    var regions: [[UInt64]]
    /// The counts that the head tells; nil for the true ones.
    var sectionCount: UInt32?
    var regionCount: UInt32?
    var deviceCount: UInt32?
    var headLength: UInt64?
    var version: UInt32 = 1

    init(_ bytes: [UInt8]) throws {
        var decoder = StateDecoder(Array(bytes.dropFirst(24)))
        texts = [try decoder.decode(String.self), try decoder.decode(String.self)]
        cpus = try decoder.decode(UInt32.self)
        cpuModel = try decoder.decode(String.self)
        memory = try decoder.decode(UInt64.self)
        timerFrequency = try decoder.decode(UInt64.self)
        devices = []
        for _ in 0..<(try decoder.decode(UInt32.self)) { devices.append(try decoder.decode(String.self)) }
        sections = []
        for _ in 0..<(try decoder.decode(UInt32.self)) {
            sections.append(
                StateSection(
                    id: try decoder.decode(String.self), version: try decoder.decode(UInt32.self),
                    payload: try decoder.decodeBytes()))
        }
        regions = []
        for _ in 0..<(try decoder.decode(UInt32.self)) {
            regions.append([
                try decoder.decode(UInt64.self), try decoder.decode(UInt64.self), try decoder.decode(UInt64.self),
            ])
        }
    }

    /// How many vCPUs were halted.
    var haltedCPUs: Int {
        sections.count { section in
            guard section.id.hasPrefix("cpu/") else { return false }
            var decoder = StateDecoder(section.payload)
            return (try? X86_64.State(from: &decoder, version: section.version))?.activity == .halted
        }
    }

    /// The file up to the memory.
    var head: [UInt8] {
        var encoder = StateEncoder()
        for text in texts { encoder.encode(text) }
        encoder.encode(cpus)
        encoder.encode(cpuModel)
        encoder.encode(memory)
        encoder.encode(timerFrequency)
        encoder.encode(deviceCount ?? UInt32(devices.count))
        for device in devices { encoder.encode(device) }
        encoder.encode(sectionCount ?? UInt32(sections.count))
        for section in sections {
            encoder.encode(section.id)
            encoder.encode(section.version)
            encoder.encode(section.payload)
        }
        encoder.encode(regionCount ?? UInt32(regions.count))
        for region in regions { for value in region { encoder.encode(value) } }
        var start = StateEncoder()
        for byte in "VIRTKIT\0".utf8 { start.encode(byte) }
        start.encode(version)
        start.encode(UInt32(0))
        start.encode(headLength ?? UInt64(encoder.bytes.count))
        return start.bytes + encoder.bytes
    }
}

/// A small machine, saved in the midst of its work, and what becomes of changes to its file.
struct SavedMachineSubject {
    let folder: ScratchFolder
    let hypervisor: any Hypervisor
    let configuration: MachineConfiguration
    /// The saved file.
    let bytes: [UInt8]
    var path: String { folder("saved") }

    /// What a restore gave.
    enum Verdict: Equatable {
        case machine
        case error(VirtKitError.Code)
    }

    init() async throws {
        folder = try ScratchFolder()
        hypervisor = try await EmulatorBackend().makeHypervisor()
        configuration = BareCode.machine(BareCode.printForEver, memory: .mebibytes(2))
        let path = folder("saved")
        try await hypervisor.withMachine(configuration) { machine in
            try await machine.start()
            while machine.serial.recentOutput.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
            try await machine.pause()
            try await machine.snapshots?.save(to: path)
        }
        bytes = folder.bytes("saved")
    }

    /// Where the memory begins.
    var headLength: Int { (try? SavedMachineFile(bytes))?.head.count ?? 0 }

    /// Restores from other bytes at the file's start; lets the machine, if there is one, go on for a moment.
    func restore(_ start: [UInt8]) async throws -> Verdict {
        let file = open(path, O_WRONLY | O_CLOEXEC)
        defer { close(file) }
        guard pwrite(file, start, start.count, 0) == start.count else { throw POSIXError(.EIO) }
        return try await restore()
    }

    /// Restores from the file as it is.
    func restore(running: Duration = .milliseconds(1)) async throws -> Verdict {
        do {
            try await hypervisor.withRestoredMachine(configuration, from: path) { machine in
                try await machine.resume()
                try await Task.sleep(for: running)
            }
            return .machine
        } catch let error as VirtKitError {
            return .error(error.code)
        }
    }
}
