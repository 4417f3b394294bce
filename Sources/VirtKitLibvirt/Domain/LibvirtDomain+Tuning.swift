/// A group of a domain's limits and weights, by libvirt's own names.
public struct LibvirtTuning: Hashable, Sendable {
    enum Group: Sendable {
        case scheduler, memory, blockIO, numa
    }

    let group: Group

    /// CPU shares, periods and quotas: `cpu_shares`, `vcpu_period`, `vcpu_quota` … (virDomainGetSchedulerParametersFlags)
    public static let scheduler = LibvirtTuning(group: .scheduler)
    /// `hard_limit`, `soft_limit`, `swap_hard_limit`, in KiB. (virDomainGetMemoryParameters)
    public static let memory = LibvirtTuning(group: .memory)
    /// `weight`, `device_weight` … (virDomainGetBlkioParameters)
    public static let blockIO = LibvirtTuning(group: .blockIO)
    /// `numa_nodeset`, `numa_mode`. (virDomainGetNumaParameters)
    public static let numa = LibvirtTuning(group: .numa)
}

extension LibvirtDomain {
    /// The limits and weights of a group.
    public func tuning(_ tuning: LibvirtTuning, _ impact: LibvirtImpact = .current) async throws -> LibvirtParameters {
        let flags = impact.rawValue
        return try await perform("read limits") { call in
            switch tuning.group {
            case .scheduler:
                // The scheduler's call does not tell the number; another does.
                var count: CInt = 0
                _ = try call.string(Libvirt.virDomainGetSchedulerType.call(call.object, &count))
                let read = try Libvirt.virDomainGetSchedulerParametersFlags.call
                return try call.parameters(room: count) { read(call.object, $0, $1, flags) }
            case .memory:
                let read = try Libvirt.virDomainGetMemoryParameters.call
                return try call.sizedParameters { read(call.object, $0, $1, flags) }
            case .blockIO:
                let read = try Libvirt.virDomainGetBlkioParameters.call
                return try call.sizedParameters { read(call.object, $0, $1, flags) }
            case .numa:
                let read = try Libvirt.virDomainGetNumaParameters.call
                return try call.sizedParameters { read(call.object, $0, $1, flags) }
            }
        }
    }

    /// Sets limits and weights of a group.
    public func setTuning(
        _ tuning: LibvirtTuning, _ parameters: LibvirtParameters, _ impact: LibvirtImpact = .current
    ) async throws {
        let flags = impact.rawValue
        try await perform("set limits") { call in
            try parameters.withNative(call.operation) { native, count in
                switch tuning.group {
                case .scheduler:
                    try call.check(
                        Libvirt.virDomainSetSchedulerParametersFlags.call(call.object, native, count, flags))
                case .memory:
                    try call.check(Libvirt.virDomainSetMemoryParameters.call(call.object, native, count, flags))
                case .blockIO:
                    try call.check(Libvirt.virDomainSetBlkioParameters.call(call.object, native, count, flags))
                case .numa: try call.check(Libvirt.virDomainSetNumaParameters.call(call.object, native, count, flags))
                }
            }
        }
    }

    /// A disk's limits: `total_bytes_sec`, `read_iops_sec` …
    public func diskTuning(_ disk: String, _ impact: LibvirtImpact = .current) async throws -> LibvirtParameters {
        let flags = impact.rawValue
        return try await perform("read a disk's limits", texts: [disk]) { call in
            let read = try Libvirt.virDomainGetBlockIoTune.call
            return try call.sizedParameters { read(call.object, disk, $0, $1, flags) }
        }
    }

    /// Sets a disk's limits.
    public func setDiskTuning(
        _ disk: String, _ parameters: LibvirtParameters, _ impact: LibvirtImpact = .current
    ) async throws {
        try await perform("set a disk's limits", texts: [disk]) { call in
            try parameters.withNative(call.operation) { native, count in
                try call.check(
                    Libvirt.virDomainSetBlockIoTune.call(call.object, disk, native, count, impact.rawValue))
            }
        }
    }

    /// An interface's limits: `inbound.average` …
    public func interfaceTuning(
        _ interface: String, _ impact: LibvirtImpact = .current
    ) async throws -> LibvirtParameters {
        let flags = impact.rawValue
        return try await perform("read an interface's limits", texts: [interface]) { call in
            let read = try Libvirt.virDomainGetInterfaceParameters.call
            return try call.sizedParameters { read(call.object, interface, $0, $1, flags) }
        }
    }

    /// Sets an interface's limits.
    public func setInterfaceTuning(
        _ interface: String, _ parameters: LibvirtParameters, _ impact: LibvirtImpact = .current
    ) async throws {
        try await perform("set an interface's limits", texts: [interface]) { call in
            try parameters.withNative(call.operation) { native, count in
                try call.check(
                    Libvirt.virDomainSetInterfaceParameters.call(
                        call.object, interface, native, count, impact.rawValue))
            }
        }
    }
}
