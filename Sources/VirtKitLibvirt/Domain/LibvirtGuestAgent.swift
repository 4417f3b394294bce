internal import CVirtKit

/// The agent in a domain's guest: qemu-guest-agent, through the channel `org.qemu.guest_agent.0`.
public struct LibvirtGuestAgent: Sendable {
    /// The domain.
    public let domain: LibvirtDomain

    /// Sends a command of the agent's own protocol (a JSON object) and gives its answer (JSON).
    ///
    /// - Parameters:
    ///   - command: the command: `{"execute": "guest-ping"}`.
    ///   - timeout: whole seconds to wait for the answer; -1 for libvirt's usual time, -2 for no limit, 0 for no waiting.
    public func command(_ command: String, timeout: Int32 = -1) async throws -> String {
        try await domain.perform("send a command to the guest agent", texts: [command]) {
            try $0.string(Libvirt.virDomainQemuAgentCommand.call($0.object, command, timeout, 0))
        }
    }

    /// What the agent knows of the guest: users, operating system, time zone, host name, file systems, disks, interfaces.
    ///
    /// - Parameter types: which of them, as bits (virDomainGuestInfoTypes); 0 for all that it has.
    public func information(types: UInt32 = 0) async throws -> LibvirtParameters {
        try await domain.perform("ask the guest agent for information") { call in
            let read = try Libvirt.virDomainGetGuestInfo.call
            return try call.parameters { read(call.object, types, $0, $1, 0) }
        }
    }

    /// Freezes file systems. Gives how many.
    ///
    /// - Parameter mountPoints: which; empty for all.
    @discardableResult
    public func freeze(_ mountPoints: [String] = []) async throws -> Int {
        try await domain.perform("freeze file systems", texts: mountPoints) { call in
            let freeze = try Libvirt.virDomainFSFreeze.call
            return Int(
                try CStrings.with(mountPoints) { list, count in
                    try call.check(freeze(call.object, list, count, 0))
                })
        }
    }

    /// Lets frozen file systems go on. Gives how many.
    @discardableResult
    public func thaw(_ mountPoints: [String] = []) async throws -> Int {
        try await domain.perform("thaw file systems", texts: mountPoints) { call in
            let thaw = try Libvirt.virDomainFSThaw.call
            return Int(
                try CStrings.with(mountPoints) { list, count in try call.check(thaw(call.object, list, count, 0)) })
        }
    }

    /// Tells disks which blocks are not used.
    public func trim(mountPoint: String? = nil, minimum: UInt64 = 0) async throws {
        try await domain.perform("trim file systems", texts: [mountPoint]) {
            try $0.check(Libvirt.virDomainFSTrim.call($0.object, mountPoint, minimum, 0))
        }
    }

    /// A file system of the guest.
    public struct FileSystem: Hashable, Sendable {
        /// Where it is mounted.
        public var mountPoint: String
        /// The device's name.
        public var name: String
        /// Its type.
        public var type: String
        /// The domain's disks that it is on.
        public var disks: [String]
    }

    /// The guest's file systems.
    public func fileSystems() async throws -> [FileSystem] {
        try await domain.perform("list file systems") { call in
            var list: UnsafeMutablePointer<UnsafeMutablePointer<vk_virDomainFSInfo>?>?
            let count = try call.check(Libvirt.virDomainGetFSInfo.call(call.object, &list, 0))
            let release = try Libvirt.virDomainFSInfoFree.call
            return call.take(list, count, release: { release($0) }) { info in
                func text(_ text: UnsafeMutablePointer<CChar>?) -> String { text.map { String(cString: $0) } ?? "" }
                return FileSystem(
                    mountPoint: text(info.mountpoint), name: text(info.name), type: text(info.fstype),
                    disks: (0..<Int(clamping: info.ndevAlias)).map { text(info.devAlias?[$0]) })
            }
        }
    }

    /// The guest's time, since 1970.
    public func time() async throws -> Duration {
        try await domain.perform("read the guest's time") { call in
            var seconds: CLongLong = 0
            var nanoseconds: CUnsignedInt = 0
            try call.check(Libvirt.virDomainGetTime.call(call.object, &seconds, &nanoseconds, 0))
            return .seconds(seconds) + .nanoseconds(Int64(nanoseconds))
        }
    }

    /// Sets the guest's time; nil takes it from the guest's clock. (VIR_DOMAIN_TIME_SYNC is 1)
    public func setTime(_ time: Duration?) async throws {
        let (seconds, attoseconds) = (time ?? .zero).components
        try await domain.perform("set the guest's time") {
            try $0.check(
                Libvirt.virDomainSetTime.call(
                    $0.object, seconds, UInt32(clamping: attoseconds / 1_000_000_000), time == nil ? 1 : 0))
        }
    }

    /// Sets a user's password. (VIR_DOMAIN_PASSWORD_ENCRYPTED is 1)
    public func setPassword(of user: String, to password: String, isEncrypted: Bool = false) async throws {
        try await domain.perform("set a user's password", texts: [user, password]) {
            try $0.check(Libvirt.virDomainSetUserPassword.call($0.object, user, password, isEncrypted ? 1 : 0))
        }
    }

    /// Sets how long libvirt waits for the agent's answers: whole seconds; -1 for its usual time.
    public func setTimeout(seconds: Int32) async throws {
        try await domain.perform("set the guest agent's timeout") {
            try $0.check(Libvirt.virDomainAgentSetResponseTimeout.call($0.object, seconds, 0))
        }
    }
}

/// A network interface and its addresses.
public struct LibvirtInterfaceAddresses: Hashable, Sendable {
    /// Its name.
    public var name: String
    /// Its hardware address.
    public var hardwareAddress: String?
    /// Its addresses, each with the length of its prefix.
    public var addresses: [String]
}

/// Who is asked for addresses. (virDomainInterfaceAddressesSource)
public struct LibvirtAddressSource: RawRepresentable, Hashable, Sendable {
    /// The number.
    public let rawValue: UInt32
    /// Makes a source from its number.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The leases of libvirt's networks. (VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE)
    public static let leases = LibvirtAddressSource(rawValue: 0)
    /// The guest agent. (VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT)
    public static let agent = LibvirtAddressSource(rawValue: 1)
    /// The host's ARP table. (VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP)
    public static let arp = LibvirtAddressSource(rawValue: 2)
}

extension LibvirtDomain {
    /// The agent in the guest. Whether there is one, `ping` and `.agentLifecycle` say.
    public var agent: LibvirtGuestAgent { LibvirtGuestAgent(domain: self) }

    /// The addresses of the domain's interfaces.
    public func interfaceAddresses(_ source: LibvirtAddressSource) async throws -> [LibvirtInterfaceAddresses] {
        try await perform("read interface addresses") { call in
            var list: UnsafeMutablePointer<UnsafeMutablePointer<vk_virDomainInterface>?>?
            let count = try call.check(
                Libvirt.virDomainInterfaceAddresses.call(call.object, &list, source.rawValue, 0))
            let release = try Libvirt.virDomainInterfaceFree.call
            return call.take(list, count, release: { release($0) }) { interface in
                LibvirtInterfaceAddresses(
                    name: interface.name.map { String(cString: $0) } ?? "",
                    hardwareAddress: interface.hwaddr.map { String(cString: $0) },
                    addresses: (0..<Int(interface.naddrs)).compactMap { index in
                        guard let address = interface.addrs?[index], let text = address.addr else { return nil }
                        return "\(String(cString: text))/\(address.prefix)"
                    })
            }
        }
    }

    /// Sends a command to QEMU's own monitor; marks the domain as tainted. Only QEMU's driver has it.
    ///
    /// - Parameters:
    ///   - command: a QMP command (JSON), or a line for its human monitor.
    ///   - isHuman: whether it is a line. (VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP)
    public func qemuMonitorCommand(_ command: String, isHuman: Bool = false) async throws -> String {
        try await perform("send a command to QEMU's monitor", texts: [command]) { call in
            var answer: UnsafeMutablePointer<CChar>?
            try call.check(Libvirt.virDomainQemuMonitorCommand.call(call.object, command, &answer, isHuman ? 1 : 0))
            return try call.string(answer)
        }
    }
}
