/// Where a thread of a machine is, as the host's kernel says.
public struct EffectivePlacement: Hashable, Sendable {
    /// The thread.
    public var thread: MachineThread
    /// The kernel's number of the thread (gettid).
    public var threadID: Int32
    /// The host's CPUs that it may run on (sched_getaffinity).
    public var cpus: HostNumberSet
    /// Policy, static priority and nice value (sched_getscheduler, sched_getparam, getpriority).
    public var scheduling: ThreadScheduling
    /// Its name (`/proc/self/task/TID/comm`).
    public var name: String
    /// The CPU that it ran on last (`/proc/self/task/TID/stat`, field 39); nil where the kernel does not tell.
    public var lastCPU: Int?

    /// Makes a description.
    public init(
        thread: MachineThread, threadID: Int32, cpus: HostNumberSet, scheduling: ThreadScheduling, name: String,
        lastCPU: Int?
    ) {
        self.thread = thread
        self.threadID = threadID
        self.cpus = cpus
        self.scheduling = scheduling
        self.name = name
        self.lastCPU = lastCPU
    }
}

/// The ability to say where a machine's threads run, while it runs.
public protocol MachinePlacementControl: AnyObject, Sendable {
    /// Where every thread is, as the host's kernel says: vCPUs in the order of their numbers, then `io`.
    ///
    /// - Throws: `VirtKitError` with `.invalidState` where the machine has ended.
    func effective() async throws -> [EffectivePlacement]

    /// Moves a thread. What the placement leaves open stays as it is; where anything is refused, all does.
    ///
    /// - Throws: `VirtKitError`: `.invalidConfiguration` for a thread that there is not, and for what no host could do;
    ///   `.unsupported`, with reason and remedy, for what this host refuses; `.invalidState` where the machine has ended.
    func place(_ thread: MachineThread, _ placement: ThreadPlacement) async throws
}
