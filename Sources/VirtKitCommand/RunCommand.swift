import ArgumentParser
import Foundation
import VirtKit

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs a machine, with its serial console on standard input and output.",
        discussion: """
            On a terminal, Ctrl-] ends the machine. The last line on standard error says how the guest ended.

            \(EndingCode.help)
            """)

    @OptionGroup var options: MachineOptions

    @Option(help: "The backend: auto, one that `virtkit backends` lists, or a URI of libvirt's: qemu:///system.")
    var backend = "auto"

    @Option(
        help: ArgumentHelp(
            "With a URI of libvirt's: what executes the machine, kvm or qemu. Default: kvm where it works.",
            valueName: "type"))
    var virtType: String?

    @Option(help: ArgumentHelp("End the machine after this time.", valueName: "seconds"))
    var timeout: Double?

    @Flag(help: "Print counters as one line of JSON on standard error.")
    var stats = false

    @Option(help: ArgumentHelp("Go on from a saved machine.", valueName: "file"))
    var restore: String?

    @Option(
        help: ArgumentHelp("With --save: pause and save the machine after this time, and end.", valueName: "seconds"))
    var saveAfter: Double?

    @Option(help: ArgumentHelp("Where --save-after saves the machine.", valueName: "file"))
    var save: String?

    func validate() throws {
        if virtType != nil, !backend.contains("://") {
            throw ValidationError("--virt-type goes with a URI of libvirt's")
        }
        if let virtType, !["kvm", "qemu"].contains(virtType) { throw ValidationError("--virt-type takes kvm or qemu") }
        if (saveAfter == nil) != (save == nil) { throw ValidationError("--save and --save-after go together") }
        for (name, value) in [("--timeout", timeout), ("--save-after", saveAfter)] {
            if let value, !(value >= 0 && value < 1e9) {
                throw ValidationError("\(name) takes a number of seconds from 0 to 1e9")
            }
        }
    }

    func run() async throws {
        let code: Int32
        do {
            code = try await runMachine()
        } catch {
            standardError("virtkit: \(error)")
            code = EndingCode.code(for: error)
        }
        throw ExitCode(code)
    }

    private func runMachine() async throws -> Int32 {
        let configuration = try options.configuration()
        let hypervisor = try await chooseHypervisor(configuration)
        let started = ContinuousClock.now
        let body: nonisolated(nonsending) (any Machine) async throws -> Int32 = { machine in
            let console = try ConsoleSession(machine.serial)
            let ending: Ending
            let threads = try await stats ? machine.placement?.effective() : nil
            do {
                ending = try await drive(machine, console)
            } catch {
                ending = Ending(text: "\(error)", code: EndingCode.code(forRunning: error))
            }
            await machine.stop()
            await console.finish(within: ending.isFromOutside ? .seconds(1) : nil)
            if stats { printStatistics(await machine.statistics(), threads, since: started) }
            standardError("virtkit: \(ending.text)")
            return ending.code
        }
        if let restore {
            return try await hypervisor.withRestoredMachine(configuration, from: restore, body)
        }
        return try await hypervisor.withMachine(configuration, body)
    }

    private func chooseHypervisor(_ configuration: MachineConfiguration) async throws -> any Hypervisor {
        guard backend != "auto" else {
            let choice = try await Backends.builtIn.best(for: configuration)
            standardError("virtkit: \(choice.explanation)")
            return choice.hypervisor
        }
        if backend.contains("://") { return try await libvirtHypervisor(configuration) }
        guard let named = Backends.builtIn.first(where: { $0.id == backend }) else {
            throw VirtKitError(
                .invalidConfiguration, operation: "choose a backend", message: "there is no backend \"\(backend)\"",
                remedy: "use auto, or one of " + Backends.builtIn.map(\.id).joined(separator: ", "))
        }
        return try await [named].best(for: configuration).hypervisor
    }

    /// The hypervisor of a URI. libvirt takes a KVM that opens for one that works; on this host it is asked what it can do.
    private func libvirtHypervisor(_ configuration: MachineConfiguration) async throws -> any Hypervisor {
        var virtualization = virtType.map(LibvirtHypervisor.Virtualization.init(rawValue:))
        // A URI without a host is about this one.
        if virtualization == nil, backend.contains(":///") {
            let kvm = await KVMBackend().availability()
            if kvm.level < .full {
                standardError("virtkit: QEMU translates, since KVM does not run machines in full here: \(kvm.reason)")
                virtualization = .qemu
            }
        }
        return try await [LibvirtBackend(uri: backend, virtualization: virtualization)].best(for: configuration)
            .hypervisor
    }

    private struct Ending: Sendable {
        var text: String
        var code: Int32
        /// Whether it was not the guest that ended the machine.
        var isFromOutside: Bool { [EndingCode.timedOut, EndingCode.stopped, EndingCode.hostFailure].contains(code) }

        init(_ outcome: MachineOutcome) {
            text = "the machine ended: \(outcome)"
            code = EndingCode.code(for: outcome)
        }

        init(text: String, code: Int32) {
            self.text = text
            self.code = code
        }
    }

    /// Runs the machine until the first of: its own end, the time-out, the moment to save, the user's wish.
    private func drive(_ machine: any Machine, _ console: ConsoleSession) async throws -> Ending {
        let limit = timeout
        let saving = save.flatMap { path in saveAfter.map { (path, $0) } }
        return try await withThrowingTaskGroup(of: Ending?.self) { group in
            group.addTask { Ending(try await machine.waitUntilStopped()) }
            if let limit {
                group.addTask {
                    try await Task.sleep(for: .seconds(limit))
                    return Ending(text: "the machine was stopped: \(limit) s were up", code: EndingCode.timedOut)
                }
            }
            if let (path, delay) = saving {
                group.addTask {
                    try await Task.sleep(for: .seconds(delay))
                    do {
                        try await machine.pause()
                    } catch let error as VirtKitError where error.code == .invalidState {
                        // The machine has just ended by itself.
                        return nil
                    }
                    guard let snapshots = machine.snapshots else {
                        throw VirtKitError(
                            .unsupported, operation: "save machine", message: "this backend can't save machines")
                    }
                    try await snapshots.save(to: path)
                    return Ending(text: "the machine was saved to \(path)", code: EndingCode.poweredOff)
                }
            }
            group.addTask {
                guard let wish = await console.userWish() else { return nil }
                return Ending(text: "the machine was stopped: \(wish)", code: EndingCode.stopped)
            }
            if machine.state == .paused { try await machine.resume() } else { try await machine.start() }
            defer { group.cancelAll() }
            while let ending = try await group.next() {
                if let ending { return ending }
            }
            return Ending(.stopped)
        }
    }

    private func printStatistics(
        _ statistics: MachineStatistics, _ threads: [EffectivePlacement]?, since started: ContinuousClock.Instant
    ) {
        let seconds = started.duration(to: .now)
        let line = StatisticsLine(
            engine: statistics.engine, instructions: statistics.instructions, exits: statistics.exits,
            seconds: Double(seconds.components.seconds) + Double(seconds.components.attoseconds) * 1e-18,
            guestMemoryTouchedBytes: statistics.residentMemory?.rawValue, peakRSSBytes: peakResidentBytes(),
            counters: statistics.counters,
            threads: threads.map { threads in
                Dictionary(
                    uniqueKeysWithValues: threads.map {
                        let placement = ThreadPlacement(cpus: $0.cpus, scheduling: $0.scheduling, name: $0.name)
                        return ($0.thread.rawValue, placement)
                    })
            })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        if let data = try? encoder.encode(line) { standardError(String(decoding: data, as: UTF8.self)) }
    }
}

/// What `--stats` prints.
private struct StatisticsLine: Encodable {
    var engine: String
    var instructions: UInt64?
    var exits: UInt64?
    var seconds: Double
    var guestMemoryTouchedBytes: UInt64?
    var peakRSSBytes: UInt64
    var counters: [String: UInt64]
    /// Where the machine's threads were when it began, as the kernel said.
    var threads: [String: ThreadPlacement]?

    private enum CodingKeys: String, CodingKey {
        case engine, instructions, exits, seconds, counters, threads
        case guestMemoryTouchedBytes = "guest_memory_touched_bytes"
        case peakRSSBytes = "peak_rss_bytes"
    }
}

private func peakResidentBytes() -> UInt64 {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return UInt64(truncatingIfNeeded: usage.ru_maxrss) &* 1024
}

/// Prints a line on standard error, if anyone still reads it.
func standardError(_ line: String) {
    // On a raw terminal a newline alone would not return the carriage.
    let bytes = Array((line + (isatty(2) != 0 ? "\r\n" : "\n")).utf8)
    _ = writeAll(bytes, to: 2)
}

/// Writes bytes to a descriptor. False where that is no longer possible.
func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
        let written = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if written < 0, errno == EINTR { continue }
        if written <= 0 { return false }
        rest = rest.dropFirst(written)
    }
    return true
}
