/// A long operation on a domain: a save, a dump, a migration. (virDomainGetJobStats)
public struct LibvirtJob: Hashable, Sendable {
    /// What kind of job. (virDomainJobType)
    public struct Kind: RawRepresentable, Hashable, Sendable {
        /// The number.
        public let rawValue: Int32
        /// Makes a kind from its number.
        public init(rawValue: Int32) { self.rawValue = rawValue }
        /// None. (VIR_DOMAIN_JOB_NONE)
        public static let none = Kind(rawValue: 0)
        /// Its end is known. (VIR_DOMAIN_JOB_BOUNDED)
        public static let bounded = Kind(rawValue: 1)
        /// Its end is not known. (VIR_DOMAIN_JOB_UNBOUNDED)
        public static let unbounded = Kind(rawValue: 2)
        /// It is done. (VIR_DOMAIN_JOB_COMPLETED)
        public static let completed = Kind(rawValue: 3)
        /// It failed. (VIR_DOMAIN_JOB_FAILED)
        public static let failed = Kind(rawValue: 4)
        /// It was cancelled. (VIR_DOMAIN_JOB_CANCELLED)
        public static let cancelled = Kind(rawValue: 5)
    }

    /// The kind.
    public var kind: Kind
    /// Everything that the driver says, by libvirt's names: `time_elapsed` (ms), `memory_total` (bytes) …
    public var values: LibvirtParameters

    /// How long it has taken.
    public var elapsed: Duration? { values["time_elapsed"]?.signed.map { .milliseconds($0) } }
    /// What there is in all, in bytes.
    public var total: UInt64? { values["data_total"]?.unsigned }
    /// What is done, in bytes.
    public var processed: UInt64? { values["data_processed"]?.unsigned }
    /// What is left, in bytes.
    public var remaining: UInt64? { values["data_remaining"]?.unsigned }
    /// How long the guest stood still, of a completed migration.
    public var downtime: Duration? { values["downtime"]?.signed.map { .milliseconds($0) } }
}

extension LibvirtDomain {
    /// The job that is under way; nil where there is none.
    public func job() async throws -> LibvirtJob? {
        let job = try await jobStatistics(flags: 0)
        return job.kind == .none ? nil : job
    }

    /// The last job that ended, while the driver remembers it. (VIR_DOMAIN_JOB_STATS_COMPLETED)
    public func completedJob() async throws -> LibvirtJob? {
        let job = try await jobStatistics(flags: 1)
        return job.kind == .none ? nil : job
    }

    private func jobStatistics(flags: UInt32) async throws -> LibvirtJob {
        try await perform("read job statistics") { call in
            var kind: CInt = 0
            let read = try Libvirt.virDomainGetJobStats.call
            let values = try call.parameters { read(call.object, &kind, $0, $1, flags) }
            return LibvirtJob(kind: .init(rawValue: kind), values: values)
        }
    }

    /// Aborts the job that is under way.
    public func abortJob() async throws {
        try await perform("abort the domain's job") { try $0.check(Libvirt.virDomainAbortJob.call($0.object)) }
    }

    /// How far the domain's job is, now and then, while there is one. Asks only while it is read.
    public func jobProgress(every interval: Duration = .milliseconds(100)) -> LibvirtProgress<LibvirtJob> {
        LibvirtProgress(interval: interval) { [self] in
            let job = try await job()
            return (job, job == nil)
        }
    }
}
