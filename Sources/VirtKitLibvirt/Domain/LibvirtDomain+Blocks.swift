internal import CVirtKit

/// A disk's sizes, in bytes. (virDomainBlockInfo)
public struct LibvirtBlockInfo: Hashable, Sendable {
    /// What the guest sees.
    public var capacity: UInt64
    /// What is written.
    public var allocation: UInt64
    /// What it takes on the host.
    public var physical: UInt64
}

/// How far a block job is. (virDomainBlockJobInfo)
public struct LibvirtBlockJobProgress: Hashable, Sendable {
    /// What kind of job.
    public var type: BlockJobType
    /// The limit of its speed in bytes a second; 0 for none.
    public var bandwidth: UInt64
    /// What is done, in a unit of the driver's choice.
    public var done: UInt64
    /// What there is in all, in the same unit.
    public var total: UInt64
    /// The part that is done: 0 to 1. A job that has no size yet is at 0.
    public var fraction: Double { total == 0 ? 0 : min(1, Double(done) / Double(total)) }
    /// Whether both sides are equal: a copy can be pivoted to.
    public var isReady: Bool { total > 0 && done == total }
}

/// How a block job is made. (virDomainBlockCopyFlags, virDomainBlockCommitFlags)
public struct LibvirtBlockCopyFlags: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt32
    /// Makes a set from its bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// Only the top of the chain is copied. (VIR_DOMAIN_BLOCK_COPY_SHALLOW)
    public static let shallow = LibvirtBlockCopyFlags(rawValue: 1 << 0)
    /// The target is there already. (VIR_DOMAIN_BLOCK_COPY_REUSE_EXT)
    public static let reuse = LibvirtBlockCopyFlags(rawValue: 1 << 1)
    /// The job ends with the machine, so that a persistent domain may have one. (VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB)
    public static let transientJob = LibvirtBlockCopyFlags(rawValue: 1 << 2)
}

/// How a commit is made. (virDomainBlockCommitFlags)
public struct LibvirtBlockCommitFlags: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt32
    /// Makes a set from its bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// Only into the next file of the chain. (VIR_DOMAIN_BLOCK_COMMIT_SHALLOW)
    public static let shallow = LibvirtBlockCommitFlags(rawValue: 1 << 0)
    /// The files that are not needed afterwards are deleted. (VIR_DOMAIN_BLOCK_COMMIT_DELETE)
    public static let delete = LibvirtBlockCommitFlags(rawValue: 1 << 1)
    /// The top is what the guest writes to. (VIR_DOMAIN_BLOCK_COMMIT_ACTIVE)
    public static let active = LibvirtBlockCommitFlags(rawValue: 1 << 2)
}

extension LibvirtDomain {
    /// A disk's sizes.
    public func blockInfo(_ disk: String) async throws -> LibvirtBlockInfo {
        try await perform("read a disk's size", texts: [disk]) { call in
            var info = vk_virDomainBlockInfo()
            try call.check(Libvirt.virDomainGetBlockInfo.call(call.object, disk, &info, 0))
            return LibvirtBlockInfo(capacity: info.capacity, allocation: info.allocation, physical: info.physical)
        }
    }

    /// Changes a disk's size. (VIR_DOMAIN_BLOCK_RESIZE_BYTES is 1)
    public func resizeBlock(_ disk: String, bytes: UInt64) async throws {
        try await perform("resize a disk", texts: [disk]) {
            try $0.check(Libvirt.virDomainBlockResize.call($0.object, disk, bytes, 1))
        }
    }

    /// Reads a disk.
    ///
    /// - Parameters:
    ///   - disk: its target name or its source's path.
    ///   - offset: where.
    ///   - count: how many bytes, at most 1 MiB.
    public func readBlock(_ disk: String, at offset: UInt64, count: Int) async throws -> [UInt8] {
        try await perform("read a disk", texts: [disk]) { call in
            guard (1...(1 << 20)).contains(count) else {
                throw LibvirtError.invalid(call.operation, "the count is \(count), and must be 1 to \(1 << 20)")
            }
            var bytes = [UInt8](repeating: 0, count: count)
            try call.check(Libvirt.virDomainBlockPeek.call(call.object, disk, offset, UInt(count), &bytes, 0))
            return bytes
        }
    }

    /// Has an event sent when a disk is written beyond a place.
    public func setBlockThreshold(_ disk: String, bytes: UInt64) async throws {
        try await perform("set a disk's threshold", texts: [disk]) {
            try $0.check(Libvirt.virDomainSetBlockThreshold.call($0.object, disk, bytes, 0))
        }
    }

    // MARK: Jobs

    /// Starts a copy of a disk. It goes on until it is pivoted to or aborted.
    ///
    /// - Parameters:
    ///   - disk: its target name.
    ///   - destination: a `<disk>` element whose source is the copy.
    ///   - parameters: `bandwidth` (bytes a second), `granularity`, `buf-size`.
    ///   - flags: how.
    public func copyBlock(
        _ disk: String, to destination: String, _ parameters: LibvirtParameters = [:],
        _ flags: LibvirtBlockCopyFlags = []
    ) async throws -> LibvirtBlockJob {
        try await perform("copy a disk", texts: [disk, destination]) { call in
            try parameters.withNative(call.operation) { native, count in
                try call.check(
                    Libvirt.virDomainBlockCopy.call(call.object, disk, destination, native, count, flags.rawValue))
            }
        }
        return LibvirtBlockJob(domain: self, disk: disk)
    }

    /// Pushes data of a disk's upper files down into a lower one.
    ///
    /// - Parameters:
    ///   - disk: its target name.
    ///   - base: the lower file; nil for the bottom.
    ///   - top: the upper file; nil for the top, which needs `.active`.
    ///   - bandwidth: bytes a second; 0 for no limit.
    ///   - flags: how.
    public func commitBlock(
        _ disk: String, base: String? = nil, top: String? = nil, bandwidth: UInt64 = 0,
        _ flags: LibvirtBlockCommitFlags = []
    ) async throws -> LibvirtBlockJob {
        // VIR_DOMAIN_BLOCK_COMMIT_BANDWIDTH_BYTES is 16; not every driver has it, so it is set only where it matters.
        let bits = flags.rawValue | (bandwidth > 0 ? 1 << 4 : 0)
        try await perform("commit a disk", texts: [disk, base, top]) {
            try $0.check(Libvirt.virDomainBlockCommit.call($0.object, disk, base, top, UInt(bandwidth), bits))
        }
        return LibvirtBlockJob(domain: self, disk: disk)
    }

    /// Pulls data of a disk's lower files up, so that it needs them no more.
    ///
    /// - Parameters:
    ///   - disk: its target name.
    ///   - base: the file that stays below; nil for none.
    ///   - bandwidth: bytes a second; 0 for no limit.
    public func pullBlock(_ disk: String, base: String? = nil, bandwidth: UInt64 = 0) async throws -> LibvirtBlockJob {
        let bits: UInt32 = bandwidth > 0 ? 1 << 6 : 0
        try await perform("pull a disk", texts: [disk, base]) { call in
            if let base {
                try call.check(Libvirt.virDomainBlockRebase.call(call.object, disk, base, UInt(bandwidth), bits))
            } else {
                try call.check(Libvirt.virDomainBlockPull.call(call.object, disk, UInt(bandwidth), bits))
            }
        }
        return LibvirtBlockJob(domain: self, disk: disk)
    }

    /// The job of a disk; nil where it has none.
    public func blockJob(_ disk: String) async throws -> LibvirtBlockJobProgress? {
        try await perform("read a block job", texts: [disk]) { call in
            var info = vk_virDomainBlockJobInfo()
            let found = try call.check(Libvirt.virDomainGetBlockJobInfo.call(call.object, disk, &info, 0))
            guard found == 1 else { return nil }
            return LibvirtBlockJobProgress(
                type: BlockJobType(rawValue: info.type), bandwidth: UInt64(info.bandwidth) << 20, done: info.cur,
                total: info.end)
        }
    }
}

/// A job on a disk that is under way.
public struct LibvirtBlockJob: Sendable {
    /// The domain.
    public let domain: LibvirtDomain
    /// The disk's target name.
    public let disk: String

    /// How far it is, now and then, until it has ended or (a copy, an active commit) is ready. Asks every `interval`, and only
    /// while it is read.
    public func progress(every interval: Duration = .milliseconds(100)) -> LibvirtProgress<LibvirtBlockJobProgress> {
        LibvirtProgress(interval: interval) { [domain, disk] in
            guard let progress = try await domain.blockJob(disk) else { return (nil, true) }
            let pivots = progress.type == .copy || progress.type == .activeCommit
            return (progress, pivots && progress.isReady)
        }
    }

    /// Waits until it has ended or is ready.
    public func wait() async throws { for try await _ in progress() {} }

    /// Ends a copy or an active commit that is ready, and goes on with the other file. (VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT)
    ///
    /// libvirt counts all bytes as done a moment before QEMU says that the job is ready: until then it is asked again, for ten
    /// seconds at most.
    public func pivot() async throws {
        for _ in 0..<100 {
            do { return try await end(2) } catch let error as LibvirtError where error.code == .blockCopyActive {
                try await Task.sleep(for: .milliseconds(100))
            }
        }
        try await end(2)
    }

    /// Ends the job and stays with the present file. (virDomainBlockJobAbort)
    public func abort() async throws { try await end(0) }

    /// Limits the job's speed, in bytes a second. (VIR_DOMAIN_BLOCK_JOB_SPEED_BANDWIDTH_BYTES)
    public func setBandwidth(_ bytes: UInt64) async throws {
        try await domain.perform("limit a block job", texts: [disk]) { [disk] in
            try $0.check(Libvirt.virDomainBlockJobSetSpeed.call($0.object, disk, UInt(bytes), 1))
        }
    }

    private func end(_ flags: UInt32) async throws {
        try await domain.perform("end a block job", texts: [disk]) { [disk] in
            try $0.check(Libvirt.virDomainBlockJobAbort.call($0.object, disk, flags))
        }
    }
}

/// How far something is, asked now and then while somebody reads.
public struct LibvirtProgress<Element: Sendable>: AsyncSequence, Sendable {
    let interval: Duration
    /// Gives the next element, if there is one, and whether it is the last.
    let ask: @Sendable () async throws -> (Element?, Bool)

    /// Asks.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let progress: LibvirtProgress
        var started = false
        var ended = false

        /// The next element; nil at the end. Throws what the question throws, and `CancellationError`.
        public mutating func next() async throws -> Element? {
            guard !ended else { return nil }
            if started { try await Task.sleep(for: progress.interval) }
            started = true
            let (element, isLast) = try await progress.ask()
            ended = isLast
            return element
        }
    }

    /// Makes an iterator, which asks for itself.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(progress: self) }
}
