internal import CVirtKit

/// A hypervisor's host. (virNodeInfo)
public struct LibvirtHostInfo: Hashable, Sendable {
    /// The model of its CPU.
    public var model: String
    /// Its memory, in KiB.
    public var memory: UInt64
    /// Its CPUs.
    public var cpus: Int
    /// Their expected frequency in MHz; nil where it is not known.
    public var megahertz: Int?
    /// NUMA nodes.
    public var nodes: Int
    /// Sockets in a node.
    public var sockets: Int
    /// Cores in a socket.
    public var cores: Int
    /// Threads in a core.
    public var threads: Int
}

/// How a CPU fits the host. (virCPUCompareResult)
public struct LibvirtCPUComparison: RawRepresentable, Hashable, Sendable {
    /// The number.
    public let rawValue: Int32
    /// Makes a result from its number.
    public init(rawValue: Int32) { self.rawValue = rawValue }
    /// It can't be had. (VIR_CPU_COMPARE_INCOMPATIBLE)
    public static let incompatible = LibvirtCPUComparison(rawValue: 0)
    /// It is the host's. (VIR_CPU_COMPARE_IDENTICAL)
    public static let identical = LibvirtCPUComparison(rawValue: 1)
    /// The host has more. (VIR_CPU_COMPARE_SUPERSET)
    public static let superset = LibvirtCPUComparison(rawValue: 2)
}

extension LibvirtConnection {
    /// What a call gives, or nil where the driver does not have the function: for asking what a driver can do.
    public nonisolated(nonsending) func ifSupported<Value>(
        _ body: nonisolated(nonsending) () async throws -> Value
    ) async throws -> Value? {
        do {
            return try await body()
        } catch let error as LibvirtError
            where [.noSupport, .functionMissing, .argumentUnsupported, .operationUnsupported].contains(error.code)
        {
            return nil
        }
    }

    /// The driver's name: "QEMU", "LXC", "Xen", "ESX", "Test" …
    public func type() async throws -> String {
        try await perform("read the driver's name") { _, call in
            try call.borrowedString(Libvirt.virConnectGetType.call(call.connection))
        }
    }

    /// The hypervisor's version; nil where the driver does not know it.
    public func hypervisorVersion() async throws -> LibvirtVersion? {
        try await ifSupported { [self] in
            try await perform("read the hypervisor's version") { _, call in
                var version: CUnsignedLong = 0
                try call.check(Libvirt.virConnectGetVersion.call(call.connection, &version))
                return LibvirtVersion(rawValue: version)
            }
        } ?? nil
    }

    /// The version of libvirt on the other side.
    public func libvirtVersion() async throws -> LibvirtVersion {
        try await perform("read libvirt's version") { _, call in
            var version: CUnsignedLong = 0
            try call.check(Libvirt.virConnectGetLibVersion.call(call.connection, &version))
            return LibvirtVersion(rawValue: version)
        }
    }

    /// The host's name; nil where the driver does not know it.
    public func hostname() async throws -> String? {
        try await ifSupported { [self] in
            try await perform("read the host's name") { _, call in
                try call.string(Libvirt.virConnectGetHostname.call(call.connection))
            }
        }
    }

    /// The URI as the driver has understood it.
    public func canonicalURI() async throws -> String {
        try await perform("read the URI") { _, call in
            try call.string(Libvirt.virConnectGetURI.call(call.connection))
        }
    }

    /// What the host and its hypervisor can do: a `<capabilities>` document.
    public func capabilities() async throws -> String {
        try await perform("read capabilities") { _, call in
            try call.string(Libvirt.virConnectGetCapabilities.call(call.connection))
        }
    }

    /// What a domain may have: a `<domainCapabilities>` document; nil where the driver does not say.
    ///
    /// - Parameters:
    ///   - emulator: the emulator's path; nil for the usual one.
    ///   - architecture: nil for the host's.
    ///   - machine: the machine type; nil for the usual one.
    ///   - virtualization: "kvm", "qemu" …; nil for the best.
    public func domainCapabilities(
        emulator: String? = nil, architecture: String? = nil, machine: String? = nil, virtualization: String? = nil
    ) async throws -> String? {
        try await ifSupported { [self] in
            try await perform("read domain capabilities") { _, call in
                for text in [emulator, architecture, machine, virtualization] {
                    if let text { try call.checkText(text, "an argument") }
                }
                return try call.string(
                    Libvirt.virConnectGetDomainCapabilities.call(
                        call.connection, emulator, architecture, machine, virtualization, 0))
            }
        }
    }

    /// What the machine's firmware says of itself: a `<sysinfo>` document; nil where the driver does not know it.
    public func systemInformation() async throws -> String? {
        try await ifSupported { [self] in
            try await perform("read system information") { _, call in
                try call.string(Libvirt.virConnectGetSysinfo.call(call.connection, 0))
            }
        }
    }

    /// The host.
    public func hostInfo() async throws -> LibvirtHostInfo {
        try await perform("read host information") { _, call in
            var info = vk_virNodeInfo()
            try call.check(Libvirt.virNodeGetInfo.call(call.connection, &info))
            let model = withUnsafeBytes(of: info.model) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            return LibvirtHostInfo(
                model: model, memory: UInt64(info.memory), cpus: Int(info.cpus),
                megahertz: info.mhz == 0 ? nil : Int(info.mhz), nodes: Int(info.nodes), sockets: Int(info.sockets),
                cores: Int(info.cores), threads: Int(info.threads))
        }
    }

    /// The host's free memory in bytes; nil where the driver does not know it.
    public func freeMemory() async throws -> UInt64? {
        try await ifSupported { [self] in
            try await perform("read free memory") { _, call in
                let free = try Libvirt.virNodeGetFreeMemory.call(call.connection)
                guard free > 0 else { throw LibvirtError.last(call.operation) }
                return free
            }
        }
    }

    /// The free memory of each NUMA node in bytes; nil where the driver does not know it.
    public func freeMemoryOfNodes() async throws -> [UInt64]? {
        try await ifSupported { [self] in
            try await perform("read the nodes' free memory") { _, call in
                var info = vk_virNodeInfo()
                try call.check(Libvirt.virNodeGetInfo.call(call.connection, &info))
                let count = Int(min(4096, max(1, info.nodes)))
                var free = [CUnsignedLongLong](repeating: 0, count: count)
                let found = try call.check(
                    Libvirt.virNodeGetCellsFreeMemory.call(call.connection, &free, 0, CInt(count)))
                return Array(free.prefix(Int(found)))
            }
        }
    }

    /// The most vCPUs that a domain may have; nil where the driver does not know it.
    public func maximumVCPUs(type: String? = nil) async throws -> Int? {
        try await ifSupported { [self] in
            try await perform("read the maximum of vCPUs") { _, call in
                Int(try call.check(Libvirt.virConnectGetMaxVcpus.call(call.connection, type)))
            }
        }
    }

    /// The CPU models that the driver knows for an architecture; nil where it knows none.
    public func cpuModels(architecture: String) async throws -> [String]? {
        try await ifSupported { [self] in
            try await perform("list CPU models") { _, call in
                try call.checkText(architecture, "the architecture")
                var list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
                let count = try call.check(
                    Libvirt.virConnectGetCPUModelNames.call(call.connection, architecture, &list, 0))
                return call.strings(list, count)
            }
        }
    }

    /// How a CPU, given by a `<cpu>` element, fits the host.
    public func compareCPU(_ xml: String) async throws -> LibvirtCPUComparison {
        try await perform("compare CPU") { _, call in
            try call.checkText(xml, "the CPU")
            return LibvirtCPUComparison(
                rawValue: try call.check(Libvirt.virConnectCompareCPU.call(call.connection, xml, 0)))
        }
    }

    /// The `<cpu>` element that all of these hosts' CPUs can be.
    public func baselineCPU(_ cpus: [String]) async throws -> String {
        try await perform("find a baseline CPU") { _, call in
            for cpu in cpus { try call.checkText(cpu, "a CPU") }
            let baseline = try Libvirt.virConnectBaselineCPU.call
            return try call.string(
                CStrings.with(cpus) { list, count in baseline(call.connection, list, count, 0) })
        }
    }

    /// A domain's document from the hypervisor's own format ("qemu-argv", "vmware-vmx", "xen-xl" …).
    public func xml(fromNative configuration: String, format: String) async throws -> String {
        try await perform("read a configuration of format \(format)") { _, call in
            for text in [configuration, format] { try call.checkText(text, "an argument") }
            return try call.string(
                Libvirt.virConnectDomainXMLFromNative.call(call.connection, format, configuration, 0))
        }
    }

    /// A domain's document in the hypervisor's own format.
    public func native(_ xml: String, format: String) async throws -> String {
        try await perform("write a configuration of format \(format)") { _, call in
            for text in [xml, format] { try call.checkText(text, "an argument") }
            return try call.string(Libvirt.virConnectDomainXMLToNative.call(call.connection, format, xml, 0))
        }
    }

    /// Whether the connection is encrypted.
    public func isEncrypted() async throws -> Bool {
        try await perform("ask whether the connection is encrypted") { _, call in
            try call.check(Libvirt.virConnectIsEncrypted.call(call.connection)) == 1
        }
    }

    /// Whether the connection can't be listened to: encrypted, or within the host.
    public func isSecure() async throws -> Bool {
        try await perform("ask whether the connection is secure") { _, call in
            try call.check(Libvirt.virConnectIsSecure.call(call.connection)) == 1
        }
    }

    /// Whether the other side is still there, as far as libvirt knows.
    public func isAlive() async -> Bool {
        (try? await perform("ask whether the connection is alive") { _, call in
            try call.check(Libvirt.virConnectIsAlive.call(call.connection)) == 1
        }) ?? false
    }
}
