internal import CVirtKit
internal import Glibc
internal import VirtKitCore

/// Places threads of this process, and reads from the kernel where they are.
enum ThreadPlacer {
    private static let operation = "place a thread"
    /// Room for ``HostNumberSet/maximum``.
    private static let words = (HostNumberSet.maximum + 64) / 64

    // MARK: Reading

    /// Where a thread is.
    static func effective(_ thread: MachineThread, number: Int32) throws(VirtKitError) -> EffectivePlacement {
        var priority: Int32 = 0
        var nice: Int32 = 0
        let policy = vk_thread_get_scheduler(number, &priority)
        let result = vk_thread_get_nice(number, &nice)
        guard policy >= 0, result == 0 else {
            throw failure("the kernel tells no scheduling of \(thread)", policy < 0 ? -policy : -result)
        }
        let name = policyNames.first { $0.number == policy }?.policy ?? SchedulingPolicy(rawValue: "policy \(policy)")
        let isNice = name == .other || name == .batch
        return EffectivePlacement(
            thread: thread, threadID: number, cpus: try cpus(number),
            scheduling: ThreadScheduling(name, priority: Int(priority), nice: isNice ? Int(nice) : nil),
            name: try comm(number), lastCPU: lastCPU(number))
    }

    private static func cpus(_ number: Int32) throws(VirtKitError) -> HostNumberSet {
        var mask = [UInt64](repeating: 0, count: words)
        // SAFETY: the kernel fills no more words than the array has.
        let filled = mask.withUnsafeMutableBufferPointer { vk_thread_get_cpus(number, $0.baseAddress, $0.count) }
        guard filled >= 0 else { throw failure("the kernel tells no CPUs of thread \(number)", -filled) }
        return set(Array(mask.prefix(Int(filled))))
    }

    private static func set(_ mask: [UInt64]) -> HostNumberSet {
        HostNumberSet((0..<mask.count * 64).filter { mask[$0 / 64] >> UInt64($0 % 64) & 1 != 0 })
    }

    private static func comm(_ number: Int32) throws(VirtKitError) -> String {
        let file = try SystemFile(opening: "/proc/self/task/\(number)/comm", operation: operation)
        var bytes = try file.read(64, at: 0)
        if bytes.last == 0x0A { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Field 39 of stat; the name, field 2, may hold blanks and parentheses.
    private static func lastCPU(_ number: Int32) -> Int? {
        guard let file = try? SystemFile(opening: "/proc/self/task/\(number)/stat", operation: operation),
            let bytes = try? file.read(4096, at: 0), let end = bytes.lastIndex(of: 0x29)
        else { return nil }
        let fields = bytes[(end + 1)...].split(separator: 0x20)
        return fields.count > 36 ? Int(String(decoding: fields[36], as: UTF8.self)) : nil
    }

    // MARK: Changing

    private static let policyNames: [(policy: SchedulingPolicy, number: Int32)] = [
        (.other, SCHED_OTHER), (.fifo, SCHED_FIFO), (.roundRobin, SCHED_RR), (.batch, vk_SCHED_BATCH),
        (.idle, vk_SCHED_IDLE),
    ]

    /// Places a thread; where the host refuses anything, the thread stays as it was.
    static func place(
        _ thread: MachineThread, number: Int32, _ placement: ThreadPlacement
    ) throws(VirtKitError) {
        guard !placement.isEmpty else { return }
        let before = try effective(thread, number: number)
        do throws(VirtKitError) {
            if let cpus = placement.cpus { try setCPUs(cpus, thread, number) }
            if let scheduling = placement.scheduling { try setScheduling(scheduling, thread, number) }
            if let name = placement.name { try setName(name, thread, number) }
        } catch {
            // What it was before was possible then; a thread that loses a right in between keeps the nearest.
            try? setCPUs(before.cpus, thread, number)
            try? setScheduling(before.scheduling, thread, number)
            try? setName(before.name, thread, number)
            throw error
        }
    }

    private static func setCPUs(_ cpus: HostNumberSet, _ thread: MachineThread, _ number: Int32) throws(VirtKitError) {
        let offline = HostCPUs.online.map { cpus.subtracting($0) } ?? []
        if !offline.isEmpty, let online = HostCPUs.online {
            throw failure(
                "\(plural("CPU", offline)) of \(thread) \(offline.numbers.count == 1 ? "is" : "are") not online",
                EINVAL,
                remedy: "use CPUs of \(online), those that this host has online")
        }
        var mask = [UInt64](repeating: 0, count: words)
        for cpu in cpus.numbers { mask[cpu / 64] |= 1 << UInt64(cpu % 64) }
        let result = mask.withUnsafeBufferPointer { vk_thread_set_cpus(number, $0.baseAddress, $0.count) }
        // The kernel leaves out what the process's cpuset has not, and says nothing unless that is all.
        let left = result == 0 ? try self.cpus(number) : []
        let outside = cpus.subtracting(left)
        guard outside.isEmpty else {
            guard result == 0 || result == -EINVAL else {
                throw failure("the host refuses CPUs \(cpus) for \(thread)", -result)
            }
            let allowed = HostCPUs.allowed.map { ": its CPUs are \($0)" } ?? ""
            throw failure(
                "\(plural("CPU", outside)) of \(thread) \(outside.numbers.count == 1 ? "is" : "are") outside of the "
                    + "process's cpuset\(allowed)", EINVAL,
                remedy: "use CPUs of the cpuset, or give the process's control group more (cpuset.cpus)")
        }
    }

    private static func plural(_ what: String, _ set: HostNumberSet) -> String {
        set.numbers.count == 1 ? "\(what) \(set)" : "\(what)s \(set)"
    }

    private static func setScheduling(
        _ scheduling: ThreadScheduling, _ thread: MachineThread, _ number: Int32
    ) throws(VirtKitError) {
        guard let policy = policyNames.first(where: { $0.policy == scheduling.policy })?.number else {
            throw failure("the policy \(scheduling.policy) of \(thread) is not known", EINVAL)
        }
        let result = vk_thread_set_scheduler(number, policy, Int32(truncatingIfNeeded: scheduling.priority))
        guard result == 0 else {
            let isRealTime = scheduling.policy.isRealTime
            throw failure(
                "the host does not let \(thread) have the policy \(scheduling.policy)"
                    + (isRealTime ? " with priority \(scheduling.priority)" : ""), -result,
                remedy: isRealTime
                    ? "raise the process's RLIMIT_RTPRIO (ulimit -r) to \(scheduling.priority), or give it CAP_SYS_NICE; "
                        + "a control group needs real-time run time too"
                    : "raise the process's RLIMIT_NICE (ulimit -e), or give it CAP_SYS_NICE")
        }
        guard let nice = scheduling.nice else { return }
        let answer = vk_thread_set_nice(number, Int32(truncatingIfNeeded: nice))
        guard answer == 0 else {
            throw failure(
                "the host does not let \(thread) have the nice value \(nice)", -answer,
                remedy: "raise the process's RLIMIT_NICE (ulimit -e) to \(20 - nice), or give it CAP_SYS_NICE")
        }
    }

    private static func setName(_ name: String, _ thread: MachineThread, _ number: Int32) throws(VirtKitError) {
        let file = open("/proc/self/task/\(number)/comm", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure("the host does not let \(thread) be named", errno) }
        defer { close(file) }
        let bytes = Array(name.utf8)
        guard write(file, bytes, bytes.count) == bytes.count else {
            throw failure("the host does not let \(thread) be named \"\(name)\"", errno)
        }
    }

    private static func failure(_ message: String, _ error: Int32, remedy: String? = nil) -> VirtKitError {
        VirtKitError(.unsupported, operation: operation, message: message, errno: error, remedy: remedy)
    }
}

/// The host's CPUs as the kernel's files list them.
enum HostCPUs {
    /// Those that are online; nil where the kernel does not tell.
    static var online: HostNumberSet? { list("/sys/devices/system/cpu/online") }

    /// Those of the process's cpuset; nil where the kernel does not tell. (A thread's own `Cpus_allowed_list` is what it
    /// was pinned to.)
    static var allowed: HostNumberSet? {
        for line in text("/proc/self/cgroup")?.split(separator: "\n") ?? [] {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            if parts[1].isEmpty, let set = list("/sys/fs/cgroup\(parts[2])/cpuset.cpus.effective") { return set }
            if parts[1].split(separator: ",").contains("cpuset"),
                let set = list("/sys/fs/cgroup/cpuset\(parts[2])/cpuset.effective_cpus")
            {
                return set
            }
        }
        return nil
    }

    private static func list(_ path: String) -> HostNumberSet? {
        text(path).flatMap { HostNumberSet(parsing: $0.filter { !$0.isWhitespace }) }
    }

    private static func text(_ path: String) -> String? {
        guard let file = try? SystemFile(opening: path, operation: "read \(path)"),
            let bytes = try? file.read(4096, at: 0)
        else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}
