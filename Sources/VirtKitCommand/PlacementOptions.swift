import ArgumentParser
import VirtKit

/// The options that say where a machine runs on its host.
struct PlacementOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The host's CPUs of a thread: vcpus=0-3, vcpu1=2, io=0. May be given several times.",
            valueName: "thread=cpus"))
    var pin: [String] = []

    @Option(
        help: ArgumentHelp(
            """
            How the host schedules a thread: other or batch with a nice value, idle, fifo or rr with a priority, as \
            vcpus=fifo:10 or io=other:-5. May be given several times.
            """, valueName: "thread=policy[:number]"))
    var schedule: [String] = []

    @Option(
        help: ArgumentHelp(
            "A thread's name, of 15 bytes at most; for vcpus the number follows. May be given several times.",
            valueName: "thread=name"))
    var threadName: [String] = []

    @Option(help: ArgumentHelp("Huge pages behind the memory: transparent, 2M or 1G.", valueName: "pages"))
    var hugePages: String?

    @Option(
        help: ArgumentHelp(
            "The host's NUMA nodes of the memory: bind:0-1, preferred:0 or interleave:0,1.", valueName: "mode:nodes"))
    var numa: String?

    /// Puts what the options say into a configuration.
    func apply(to configuration: inout MachineConfiguration) throws {
        for text in pin {
            try change(&configuration.placement, text, "--pin") { placement, value in
                guard let cpus = HostNumberSet(parsing: value) else {
                    throw invalid("--pin \(text): \"\(value)\" is not a list of CPUs such as 0-3,8")
                }
                placement.cpus = cpus
            }
        }
        for text in schedule {
            try change(&configuration.placement, text, "--schedule") { placement, value in
                placement.scheduling = try scheduling(value, text)
            }
        }
        for text in threadName {
            try change(&configuration.placement, text, "--thread-name") { placement, value in placement.name = value }
        }
        if let hugePages { configuration.memoryPolicy.hugePages = HugePages(rawValue: hugePages) }
        guard let numa else { return }
        guard let colon = numa.firstIndex(of: ":"),
            let nodes = HostNumberSet(parsing: String(numa[numa.index(after: colon)...]))
        else { throw invalid("--numa \(numa) is not of the form mode:nodes, as bind:0-1") }
        configuration.memoryPolicy.numa = NUMAPolicy(NUMAPolicy.Mode(rawValue: String(numa[..<colon])), nodes: nodes)
    }

    /// Changes the placement of the thread that `text` names before its equals sign.
    private func change(
        _ placement: inout MachinePlacement, _ text: String, _ option: String,
        _ body: (inout ThreadPlacement, String) throws -> Void
    ) throws {
        guard let sign = text.firstIndex(of: "="), sign != text.startIndex else {
            throw invalid("\(option) \(text) is not of the form thread=…")
        }
        let name = String(text[..<sign])
        let value = String(text[text.index(after: sign)...])
        if name == "vcpus" { return try body(&placement.vcpus, value) }
        if name == "io" { return try body(&placement.io, value) }
        guard let index = MachineThread(rawValue: name).vcpu else {
            throw invalid("\(option) \(text): there is no thread \"\(name)\": name vcpus, vcpu0, vcpu1 … or io")
        }
        try body(&placement.vcpu[index, default: ThreadPlacement()], value)
    }

    private func scheduling(_ value: String, _ text: String) throws -> ThreadScheduling {
        let parts = value.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let policy = SchedulingPolicy(rawValue: parts[0])
        guard parts.count == 2 else { return ThreadScheduling(policy) }
        guard let number = Int(parts[1]) else { throw invalid("--schedule \(text): \"\(parts[1])\" is not a number") }
        return policy.isRealTime ? ThreadScheduling(policy, priority: number) : ThreadScheduling(policy, nice: number)
    }

    private func invalid(_ message: String) -> VirtKitError {
        VirtKitError(.invalidConfiguration, operation: "read options", message: message)
    }
}
