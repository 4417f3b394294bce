internal import CVirtKit

/// Which statistics are wanted. (virDomainStatsTypes)
public struct LibvirtStatisticsGroups: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt32
    /// Makes a set from its bits; empty for all that the driver has.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// State and reason. (VIR_DOMAIN_STATS_STATE)
    public static let state = LibvirtStatisticsGroups(rawValue: 1 << 0)
    /// CPU time. (VIR_DOMAIN_STATS_CPU_TOTAL)
    public static let cpu = LibvirtStatisticsGroups(rawValue: 1 << 1)
    /// The balloon. (VIR_DOMAIN_STATS_BALLOON)
    public static let balloon = LibvirtStatisticsGroups(rawValue: 1 << 2)
    /// Each vCPU. (VIR_DOMAIN_STATS_VCPU)
    public static let vcpu = LibvirtStatisticsGroups(rawValue: 1 << 3)
    /// Each interface. (VIR_DOMAIN_STATS_INTERFACE)
    public static let interface = LibvirtStatisticsGroups(rawValue: 1 << 4)
    /// Each disk. (VIR_DOMAIN_STATS_BLOCK)
    public static let block = LibvirtStatisticsGroups(rawValue: 1 << 5)
    /// Performance counters. (VIR_DOMAIN_STATS_PERF)
    public static let perf = LibvirtStatisticsGroups(rawValue: 1 << 6)
    /// I/O threads. (VIR_DOMAIN_STATS_IOTHREAD)
    public static let ioThread = LibvirtStatisticsGroups(rawValue: 1 << 7)
    /// Memory bandwidth. (VIR_DOMAIN_STATS_MEMORY)
    public static let memory = LibvirtStatisticsGroups(rawValue: 1 << 8)
    /// How fast memory is written. (VIR_DOMAIN_STATS_DIRTYRATE)
    public static let dirtyRate = LibvirtStatisticsGroups(rawValue: 1 << 9)
}

/// A domain's statistics at one moment. What a driver does not count is nil.
public struct LibvirtDomainStatistics: Hashable, Sendable {
    private enum Source: Sendable {
        /// libvirt's own record.
        case record(StatisticsRecords, Int)
        /// A copy of one.
        case copy(name: String, NativeUUID, NativeParameters)
        /// What a program has made of one.
        case values(name: String, uuid: String, [String: LibvirtValue])
    }

    private var source: Source

    /// The domain's name.
    public var name: String {
        get {
            switch source {
            case .record(let records, let index): records.name(index)
            case .copy(let name, _, _), .values(let name, _, _): name
            }
        }
        set { source = .values(name: newValue, uuid: uuid, values) }
    }

    /// The domain's UUID, as text.
    public var uuid: String {
        get {
            switch source {
            case .record(let records, let index): records.uuid(index)?.text ?? ""
            case .copy(_, let uuid, _): uuid.text
            case .values(_, let uuid, _): uuid
            }
        }
        set { source = .values(name: name, uuid: newValue, values) }
    }

    /// Everything, by libvirt's names: `cpu.time`, `balloon.current`, `block.0.rd.bytes` … Made anew at each call; single
    /// values are found faster by the subscript.
    public var values: [String: LibvirtValue] {
        get {
            switch source {
            case .record(let records, let index): records.parameters(index).dictionary
            case .copy(_, _, let parameters): parameters.dictionary
            case .values(_, _, let values): values
            }
        }
        set { source = .values(name: name, uuid: uuid, newValue) }
    }

    /// A value by libvirt's name.
    public subscript(name: String) -> LibvirtValue? {
        switch source {
        case .record(let records, let index): records.parameters(index)[name]
        case .copy(_, _, let parameters): parameters[name]
        case .values(_, _, let values): values[name]
        }
    }

    /// Equal in the domain and all values.
    public static func == (left: Self, right: Self) -> Bool {
        left.uuid == right.uuid && left.name == right.name && left.values == right.values
    }

    /// Hashes the domain and all values.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(uuid)
        hasher.combine(values)
    }

    /// The state.
    public var state: LibvirtDomainState.Kind? {
        self["state.state"]?.signed.flatMap { Int32(exactly: $0) }.map { .init(rawValue: $0) }
    }
    /// The CPU time that the domain has used.
    public var cpuTime: Duration? { self["cpu.time"]?.unsigned.map { .nanoseconds(Int64(clamping: $0)) } }
    /// The memory that the guest has, in KiB.
    public var balloonCurrent: UInt64? { self["balloon.current"]?.unsigned }
    /// The most memory that it may have, in KiB.
    public var balloonMaximum: UInt64? { self["balloon.maximum"]?.unsigned }
    /// The memory of the host that the domain takes, in KiB.
    public var residentMemory: UInt64? { self["balloon.rss"]?.unsigned }
    /// The number of vCPUs.
    public var vcpuCount: Int? { self["vcpu.current"]?.unsigned.map { Int(clamping: $0) } }

    /// A disk's counters.
    public struct Disk: Hashable, Sendable {
        /// The target name.
        public var name: String
        /// The source's path.
        public var path: String?
        /// Bytes read.
        public var readBytes: UInt64?
        /// Read requests.
        public var readRequests: UInt64?
        /// Bytes written.
        public var writtenBytes: UInt64?
        /// Write requests.
        public var writeRequests: UInt64?
        /// What the guest sees, in bytes.
        public var capacity: UInt64?
        /// What is written, in bytes.
        public var allocation: UInt64?
    }

    /// The disks.
    public var disks: [Disk] {
        let values = values
        return indices("block.count").compactMap { index in
            guard let name = values["block.\(index).name"]?.text else { return nil }
            func number(_ key: String) -> UInt64? { values["block.\(index).\(key)"]?.unsigned }
            return Disk(
                name: name, path: values["block.\(index).path"]?.text, readBytes: number("rd.bytes"),
                readRequests: number("rd.reqs"), writtenBytes: number("wr.bytes"), writeRequests: number("wr.reqs"),
                capacity: number("capacity"), allocation: number("allocation"))
        }
    }

    /// An interface's counters.
    public struct Interface: Hashable, Sendable {
        /// The host's name of it.
        public var name: String
        /// Bytes received by the guest.
        public var receivedBytes: UInt64?
        /// Packets received by the guest.
        public var receivedPackets: UInt64?
        /// Bytes sent by the guest.
        public var sentBytes: UInt64?
        /// Packets sent by the guest.
        public var sentPackets: UInt64?
    }

    /// The interfaces.
    public var interfaces: [Interface] {
        let values = values
        return indices("net.count").compactMap { index in
            guard let name = values["net.\(index).name"]?.text else { return nil }
            func number(_ key: String) -> UInt64? { values["net.\(index).\(key)"]?.unsigned }
            return Interface(
                name: name, receivedBytes: number("rx.bytes"), receivedPackets: number("rx.pkts"),
                sentBytes: number("tx.bytes"), sentPackets: number("tx.pkts"))
        }
    }

    private func indices(_ count: String) -> Range<Int> {
        0..<Int(min(self[count]?.unsigned ?? 0, 65536))
    }

    /// A record of libvirt's, as it is.
    init(_ records: StatisticsRecords, _ index: Int) { source = .record(records, index) }

    /// A copy, that holds nothing of libvirt's.
    init?(copying record: vk_virDomainStatsRecord, _ call: NativeCall) {
        guard let domain = record.dom.map({ OpaquePointer($0) }),
            let name = try? call.borrowedString(Libvirt.virDomainGetName.call(domain)),
            let identity = try? NativeUUID(of: domain, call.operation)
        else { return nil }
        source = .copy(name: name, identity, NativeParameters(copying: record.params, count: Int(record.nparams)))
    }
}

extension NativeCall {
    typealias RecordList = UnsafeMutablePointer<UnsafeMutablePointer<vk_virDomainStatsRecord>?>

    /// The records of a list that libvirt allocated: copied, and freed.
    func statistics(_ read: (UnsafeMutablePointer<RecordList?>?) -> CInt) throws(LibvirtError)
        -> [LibvirtDomainStatistics]
    {
        let records = try records(read)
        return (0..<records.count).compactMap { index in
            records.record(index).flatMap { LibvirtDomainStatistics(copying: $0, self) }
        }
    }

    /// The records of a list that libvirt allocated, as they are.
    func records(_ read: (UnsafeMutablePointer<RecordList?>?) -> CInt) throws(LibvirtError) -> StatisticsRecords {
        var list: RecordList?
        let count = try check(read(&list))
        return try StatisticsRecords(list, Int(count))
    }
}

extension LibvirtConnection {
    /// The statistics of all domains, in one call.
    public func statistics(_ groups: LibvirtStatisticsGroups = []) async throws -> [LibvirtDomainStatistics] {
        try await perform("read statistics of all domains") { _, call in
            let read = try Libvirt.virConnectGetAllDomainStats.call
            return try call.statistics { read(call.connection, groups.rawValue, $0, 0) }
        }
    }

    /// The statistics of all domains, now and then. Asks only while it is read.
    public func statistics(
        _ groups: LibvirtStatisticsGroups = [], every interval: Duration
    ) -> LibvirtProgress<[LibvirtDomainStatistics]> {
        LibvirtProgress(interval: interval) { [self] in (try await statistics(groups), false) }
    }
}

extension LibvirtDomain {
    /// The domain's statistics.
    public func statistics(_ groups: LibvirtStatisticsGroups = []) async throws -> LibvirtDomainStatistics {
        try await perform("read statistics") { call in
            let read = try Libvirt.virDomainListGetStats.call
            // SAFETY: the list of domains ends with nil.
            var domains: [OpaquePointer?] = [call.object, nil]
            let found = try domains.withUnsafeMutableBufferPointer { domains in
                try call.statistics { read(domains.baseAddress, groups.rawValue, $0, 0) }
            }
            guard let statistics = found.first else {
                throw LibvirtError(.noDomain, operation: call.operation, message: "the driver gave no statistics")
            }
            return statistics
        }
    }

    /// The domain's statistics, now and then. Asks only while it is read.
    public func statistics(
        _ groups: LibvirtStatisticsGroups = [], every interval: Duration
    ) -> LibvirtProgress<LibvirtDomainStatistics> {
        LibvirtProgress(interval: interval) { [self] in (try await statistics(groups), false) }
    }

    /// What the balloon knows of the guest's memory, by virDomainMemoryStatTags: 4 unused, 5 available, 6 actual, 7 resident,
    /// in KiB.
    public func memoryStatistics() async throws -> [Int32: UInt64] {
        try await perform("read memory statistics") { call in
            var list = [vk_virDomainMemoryStatStruct](repeating: vk_virDomainMemoryStatStruct(), count: 64)
            let count = try call.check(Libvirt.virDomainMemoryStats.call(call.object, &list, 64, 0))
            var values: [Int32: UInt64] = [:]
            for entry in list.prefix(Int(count)) { values[entry.tag] = entry.val }
            return values
        }
    }

    /// A disk's counters, by libvirt's names: `rd_bytes`, `wr_operations` …
    public func blockStatistics(_ disk: String) async throws -> LibvirtParameters {
        try await perform("read a disk's statistics", texts: [disk]) { call in
            let read = try Libvirt.virDomainBlockStatsFlags.call
            return try call.sizedParameters { read(call.object, disk, $0, $1, 0) }
        }
    }

    /// The counters of an interface: bytes, packets, errors and drops received, then sent.
    public func interfaceStatistics(_ interface: String) async throws -> LibvirtDomainStatistics.Interface {
        try await perform("read an interface's statistics", texts: [interface]) { call in
            var stats = vk_virDomainInterfaceStatsStruct()
            let size = UInt(MemoryLayout<vk_virDomainInterfaceStatsStruct>.size)
            try call.check(Libvirt.virDomainInterfaceStats.call(call.object, interface, &stats, size))
            return LibvirtDomainStatistics.Interface(
                name: interface, receivedBytes: UInt64(exactly: stats.rx_bytes),
                receivedPackets: UInt64(exactly: stats.rx_packets), sentBytes: UInt64(exactly: stats.tx_bytes),
                sentPackets: UInt64(exactly: stats.tx_packets))
        }
    }
}
