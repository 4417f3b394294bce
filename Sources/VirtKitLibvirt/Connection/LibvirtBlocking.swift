/// Direct calls on the calling thread, for tools that have no other work: no hop to another thread, no cancellation. Don't use it
/// in a task: it would block one of Swift's few threads.
public struct LibvirtBlocking: Sendable {
    let connection: LibvirtConnection

    /// The domains.
    public func domains(_ filter: LibvirtDomainFilter = []) throws -> [LibvirtDomain] {
        try connection.now("list domains") { try connection.domainsNow(filter, $0, $1) }
    }

    /// A domain's figures.
    public func info(of domain: LibvirtDomain) throws -> LibvirtDomainInfo {
        try domain.callNow(connection.currentHandle("read the domain's information"), "read the domain's information") {
            try LibvirtDomainInfo($0)
        }
    }

    /// A domain's document.
    public func xml(of domain: LibvirtDomain, _ flags: LibvirtXMLFlags = []) throws -> String {
        try domain.callNow(connection.currentHandle("read the domain's XML"), "read the domain's XML") {
            try $0.string(Libvirt.virDomainGetXMLDesc.call($0.object, flags.rawValue))
        }
    }

    /// The statistics of all domains. They are libvirt's own records until they are let go, and hold its connection as domains do.
    public func statistics(_ groups: LibvirtStatisticsGroups = []) throws -> [LibvirtDomainStatistics] {
        try connection.now("read statistics of all domains") { _, call in
            let read = try Libvirt.virConnectGetAllDomainStats.call
            let records = try call.records { read(call.connection, groups.rawValue, $0, 0) }
            return (0..<records.count).map { LibvirtDomainStatistics(records, $0) }
        }
    }
}

extension LibvirtConnection {
    /// Direct calls on the calling thread, for tools.
    public var blocking: LibvirtBlocking { LibvirtBlocking(connection: self) }
}
