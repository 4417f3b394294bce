internal import CVirtKit

/// Which number of vCPUs is meant. (virDomainVcpuFlags)
public struct LibvirtVCPUFlags: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt32
    /// Makes a set from its bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The running machine. (VIR_DOMAIN_VCPU_LIVE)
    public static let live = LibvirtVCPUFlags(rawValue: 1 << 0)
    /// The definition. (VIR_DOMAIN_VCPU_CONFIG)
    public static let persistent = LibvirtVCPUFlags(rawValue: 1 << 1)
    /// The maximum, not the present number. (VIR_DOMAIN_VCPU_MAXIMUM)
    public static let maximum = LibvirtVCPUFlags(rawValue: 1 << 2)
    /// As the guest has them, by its agent. (VIR_DOMAIN_VCPU_GUEST)
    public static let guest = LibvirtVCPUFlags(rawValue: 1 << 3)
    /// They can be taken away again. (VIR_DOMAIN_VCPU_HOTPLUGGABLE)
    public static let hotpluggable = LibvirtVCPUFlags(rawValue: 1 << 4)
}

/// A vCPU of a running domain. (virVcpuInfo)
public struct LibvirtVCPU: Hashable, Sendable {
    /// Its number.
    public var number: Int
    /// 0 offline, 1 running, 2 blocked. (virVcpuState)
    public var state: Int
    /// The CPU time that it has used.
    public var cpuTime: Duration
    /// The host's CPU that it runs on; nil where none.
    public var hostCPU: Int?
}

extension LibvirtDomain {
    /// The number of vCPUs.
    public func vcpuCount(_ flags: LibvirtVCPUFlags = []) async throws -> Int {
        try await perform("read the number of vCPUs") {
            Int(try $0.check(Libvirt.virDomainGetVcpusFlags.call($0.object, flags.rawValue)))
        }
    }

    /// Changes the number of vCPUs.
    public func setVCPUCount(_ count: Int, _ flags: LibvirtVCPUFlags = []) async throws {
        try await perform("set the number of vCPUs") {
            try $0.check(Libvirt.virDomainSetVcpusFlags.call($0.object, UInt32(clamping: count), flags.rawValue))
        }
    }

    /// Plugs vCPUs in, or pulls them out, by their numbers.
    public func setVCPUs(_ vcpus: Set<Int>, enabled: Bool, _ impact: LibvirtImpact = .current) async throws {
        let map = vcpus.sorted().map(String.init).joined(separator: ",")
        try await perform("set vCPUs") {
            try $0.check(Libvirt.virDomainSetVcpu.call($0.object, map, enabled ? 1 : 0, impact.rawValue))
        }
    }

    /// The vCPUs of the running domain.
    public func vcpus() async throws -> [LibvirtVCPU] {
        try await perform("read vCPUs") { call in
            let count = min(4096, try LibvirtDomainInfo(call).vcpus)
            var native = [vk_virVcpuInfo](repeating: vk_virVcpuInfo(), count: count)
            let found = try call.check(Libvirt.virDomainGetVcpus.call(call.object, &native, CInt(count), nil, 0))
            return native.prefix(Int(found)).map { vcpu in
                LibvirtVCPU(
                    number: Int(vcpu.number), state: Int(vcpu.state),
                    cpuTime: .nanoseconds(Int64(clamping: vcpu.cpuTime)), hostCPU: vcpu.cpu < 0 ? nil : Int(vcpu.cpu))
            }
        }
    }

    // MARK: Pinning

    /// Lets a vCPU run on these CPUs of the host only.
    public func pinVCPU(_ vcpu: Int, to cpus: Set<Int>, _ impact: LibvirtImpact = .current) async throws {
        try await perform("pin vCPU") { call in
            var map = try CPUMap.bytes(cpus, call.operation)
            let length = CInt(map.count)
            try call.check(
                Libvirt.virDomainPinVcpuFlags.call(call.object, UInt32(clamping: vcpu), &map, length, impact.rawValue))
        }
    }

    /// The host's CPUs that each vCPU may run on.
    public func vcpuPinning(_ impact: LibvirtImpact = .current) async throws -> [Set<Int>] {
        try await perform("read vCPU pinning") { call in
            let count = min(4096, try LibvirtDomainInfo(call).vcpus)
            let length = try CPUMap.hostLength(call)
            var maps = [UInt8](repeating: 0, count: max(1, count * length))
            let found = try call.check(
                Libvirt.virDomainGetVcpuPinInfo.call(
                    call.object, CInt(count), &maps, CInt(length), impact.rawValue))
            return (0..<min(count, Int(found))).map { CPUMap.set(maps[$0 * length..<($0 + 1) * length]) }
        }
    }

    /// Lets the hypervisor's own threads run on these CPUs of the host only.
    public func pinEmulator(to cpus: Set<Int>, _ impact: LibvirtImpact = .current) async throws {
        try await perform("pin emulator") { call in
            var map = try CPUMap.bytes(cpus, call.operation)
            let length = CInt(map.count)
            try call.check(Libvirt.virDomainPinEmulator.call(call.object, &map, length, impact.rawValue))
        }
    }

    /// The host's CPUs that the hypervisor's own threads may run on.
    public func emulatorPinning(_ impact: LibvirtImpact = .current) async throws -> Set<Int> {
        try await perform("read emulator pinning") { call in
            let length = try CPUMap.hostLength(call)
            var map = [UInt8](repeating: 0, count: length)
            try call.check(
                Libvirt.virDomainGetEmulatorPinInfo.call(call.object, &map, CInt(length), impact.rawValue))
            return CPUMap.set(map[...])
        }
    }

    /// The I/O threads, and the host's CPUs that each may run on.
    public func ioThreads(_ impact: LibvirtImpact = .current) async throws -> [(id: Int, cpus: Set<Int>)] {
        try await perform("read I/O threads") { call in
            var list: UnsafeMutablePointer<UnsafeMutablePointer<vk_virDomainIOThreadInfo>?>?
            let count = try call.check(Libvirt.virDomainGetIOThreadInfo.call(call.object, &list, impact.rawValue))
            let release = try Libvirt.virDomainIOThreadInfoFree.call
            return call.take(list, count) {
                release($0)
            } read: { thread in
                let map = UnsafeBufferPointer(start: thread.cpumap, count: Int(max(0, thread.cpumaplen)))
                return (Int(thread.iothread_id), CPUMap.set(Array(map)[...]))
            }
        }
    }

    /// Adds an I/O thread.
    public func addIOThread(_ id: Int, _ impact: LibvirtImpact = .current) async throws {
        try await perform("add I/O thread") {
            try $0.check(Libvirt.virDomainAddIOThread.call($0.object, UInt32(clamping: id), impact.rawValue))
        }
    }

    /// Takes an I/O thread away.
    public func removeIOThread(_ id: Int, _ impact: LibvirtImpact = .current) async throws {
        try await perform("remove I/O thread") {
            try $0.check(Libvirt.virDomainDelIOThread.call($0.object, UInt32(clamping: id), impact.rawValue))
        }
    }

    /// Lets an I/O thread run on these CPUs of the host only.
    public func pinIOThread(_ id: Int, to cpus: Set<Int>, _ impact: LibvirtImpact = .current) async throws {
        try await perform("pin I/O thread") { call in
            var map = try CPUMap.bytes(cpus, call.operation)
            let length = CInt(map.count)
            try call.check(
                Libvirt.virDomainPinIOThread.call(call.object, UInt32(clamping: id), &map, length, impact.rawValue))
        }
    }

    // MARK: Memory

    /// Changes the memory that the guest has, by its balloon.
    ///
    /// - Parameters:
    ///   - kibibytes: the memory, in KiB.
    ///   - impact: what is changed.
    public func setMemory(_ kibibytes: UInt64, _ impact: LibvirtImpact = .current) async throws {
        try await perform("set memory") {
            try $0.check(Libvirt.virDomainSetMemoryFlags.call($0.object, UInt(kibibytes), impact.rawValue))
        }
    }

    /// Changes the most memory that the domain may have, of a domain that does not run. (VIR_DOMAIN_MEM_MAXIMUM is 4)
    public func setMaximumMemory(_ kibibytes: UInt64, _ impact: LibvirtImpact = .current) async throws {
        try await perform("set maximum memory") {
            try $0.check(Libvirt.virDomainSetMemoryFlags.call($0.object, UInt(kibibytes), impact.rawValue | 4))
        }
    }

    /// Has the guest's balloon report its statistics every so many seconds; 0 ends it.
    public func setMemoryStatisticsPeriod(seconds: Int32, _ impact: LibvirtImpact = .current) async throws {
        try await perform("set the period of memory statistics") {
            try $0.check(Libvirt.virDomainSetMemoryStatsPeriod.call($0.object, seconds, impact.rawValue))
        }
    }

    /// Reads guest memory. (VIR_MEMORY_PHYSICAL is 2)
    ///
    /// - Parameters:
    ///   - address: the guest physical address.
    ///   - count: how many bytes, at most 1 MiB.
    public func readMemory(at address: UInt64, count: Int) async throws -> [UInt8] {
        try await perform("read guest memory") { call in
            guard (1...(1 << 20)).contains(count) else {
                throw LibvirtError.invalid(call.operation, "the count is \(count), and must be 1 to \(1 << 20)")
            }
            var bytes = [UInt8](repeating: 0, count: count)
            try call.check(Libvirt.virDomainMemoryPeek.call(call.object, address, UInt(count), &bytes, 2))
            return bytes
        }
    }
}

/// Sets of the host's CPUs as libvirt's bit maps: CPU n is bit n % 8 of byte n / 8.
enum CPUMap {
    static func bytes(_ cpus: Set<Int>, _ operation: String) throws(LibvirtError) -> [UInt8] {
        guard let last = cpus.max(), let first = cpus.min(), first >= 0, last < 65536 else {
            throw LibvirtError.invalid(operation, "a set of CPUs must have numbers from 0 to 65535")
        }
        var map = [UInt8](repeating: 0, count: last / 8 + 1)
        for cpu in cpus { map[cpu / 8] |= 1 << (cpu % 8) }
        return map
    }

    static func set(_ map: ArraySlice<UInt8>) -> Set<Int> {
        var cpus: Set<Int> = []
        for (index, byte) in map.enumerated() {
            for bit in 0..<8 where byte & 1 << bit != 0 { cpus.insert(index * 8 + bit) }
        }
        return cpus
    }

    /// The length of a map of all of the host's CPUs.
    static func hostLength(_ call: NativeCall) throws(LibvirtError) -> Int {
        let present = try call.check(Libvirt.virNodeGetCPUMap.call(call.connection, nil, nil, 0))
        var info = vk_virNodeInfo()
        try call.check(Libvirt.virNodeGetInfo.call(call.connection, &info))
        // VIR_NODEINFO_MAXCPUS; drivers differ in which of the two they count.
        let possible = [info.nodes, info.sockets, info.cores, info.threads].reduce(1) { $0 &* $1 }
        return (min(65536, max(1, Int(present), Int(possible))) + 7) / 8
    }
}
