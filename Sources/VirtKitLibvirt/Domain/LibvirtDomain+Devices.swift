extension LibvirtDomain {
    /// Attaches a device, given by its element of the domain's document.
    public func attachDevice(_ xml: String, _ impact: LibvirtImpact = .current) async throws {
        try await perform("attach device", texts: [xml]) {
            try $0.check(Libvirt.virDomainAttachDeviceFlags.call($0.object, xml, impact.rawValue))
        }
    }

    /// Detaches a device. A running guest must agree: `.deviceRemoved` says that it has, `.deviceRemovalFailed` that it won't.
    public func detachDevice(_ xml: String, _ impact: LibvirtImpact = .current) async throws {
        try await perform("detach device", texts: [xml]) {
            try $0.check(Libvirt.virDomainDetachDeviceFlags.call($0.object, xml, impact.rawValue))
        }
    }

    /// Detaches the device of an alias.
    public func detachDevice(alias: String, _ impact: LibvirtImpact = .current) async throws {
        try await perform("detach device", texts: [alias]) {
            try $0.check(Libvirt.virDomainDetachDeviceAlias.call($0.object, alias, impact.rawValue))
        }
    }

    /// Changes a device: the medium in a drive, a link's state, a graphics password.
    public func updateDevice(_ xml: String, _ impact: LibvirtImpact = .current) async throws {
        try await perform("update device", texts: [xml]) {
            try $0.check(Libvirt.virDomainUpdateDeviceFlags.call($0.object, xml, impact.rawValue))
        }
    }
}

/// Where metadata is in a document. (virDomainMetadataType)
public struct LibvirtMetadata: Hashable, Sendable {
    /// The number of the place.
    public var type: Int32
    /// The namespace of an element.
    public var namespace: String?

    /// The description. (VIR_DOMAIN_METADATA_DESCRIPTION is 0)
    public static let description = LibvirtMetadata(type: 0, namespace: nil)
    /// The title. (VIR_DOMAIN_METADATA_TITLE is 1)
    public static let title = LibvirtMetadata(type: 1, namespace: nil)
    /// An element of a program's own, by its namespace. (VIR_DOMAIN_METADATA_ELEMENT is 2)
    public static func element(namespace: String) -> LibvirtMetadata { LibvirtMetadata(type: 2, namespace: namespace) }
}

extension LibvirtDomain {
    /// Metadata; nil where there is none.
    public func metadata(_ place: LibvirtMetadata, _ impact: LibvirtImpact = .current) async throws -> String? {
        do {
            return try await perform("read metadata", texts: [place.namespace]) {
                try $0.string(
                    Libvirt.virDomainGetMetadata.call($0.object, place.type, place.namespace, impact.rawValue))
            }
        } catch let error as LibvirtError where error.code == .noDomainMetadata {
            return nil
        }
    }

    /// Sets metadata, or takes it away.
    ///
    /// - Parameters:
    ///   - value: a text, or an XML element for `.element`; nil to take it away.
    ///   - place: where.
    ///   - prefix: the namespace's prefix, for `.element`.
    ///   - impact: what is changed.
    public func setMetadata(
        _ value: String?, _ place: LibvirtMetadata, prefix: String? = nil, _ impact: LibvirtImpact = .current
    ) async throws {
        try await perform("set metadata", texts: [value, prefix, place.namespace]) {
            try $0.check(
                Libvirt.virDomainSetMetadata.call(
                    $0.object, place.type, value, prefix, place.namespace, impact.rawValue))
        }
    }
}
