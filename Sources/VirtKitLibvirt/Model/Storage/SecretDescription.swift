/// What a secret is for: `usage/@type`.
public struct SecretUsage: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// An encrypted volume (`volume`)
    public static let volume = Self("volume")
    /// A Ceph user (`ceph`)
    public static let ceph = Self("ceph")
    /// An iSCSI user (`iscsi`)
    public static let iscsi = Self("iscsi")
    /// A TLS key (`tls`)
    public static let tls = Self("tls")
    /// A trusted platform module's state (`vtpm`)
    public static let vTPM = Self("vtpm")
}

/// A secret, described without its value: libvirt's `<secret>`.
public typealias SecretDescription = XML.View<SecretDescriptionSchema>

/// The properties of `SecretDescription`.
public struct SecretDescriptionSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("secret", Self())

    /// Whether it is kept in memory only. (`@ephemeral`)
    public let ephemeral = XML.Field<Bool>("@ephemeral")
    /// Whether nobody can read its value again. (`@private`)
    public let `private` = XML.Field<Bool>("@private")
    /// The UUID. (`uuid`)
    public let uuid = XML.Field<String>("uuid")
    /// A description for people. (`description`)
    public let description = XML.Field<String>("description")
    /// What it is for. (`usage/@type`)
    public let usage = XML.Field<SecretUsage>("usage/@type")
    /// The path of the volume. (`usage/volume`)
    public let volume = XML.Field<String>("usage/volume")
    /// The name by which it is known. (`usage/name`)
    public let name = XML.Field<String>("usage/name")
    /// The iSCSI target. (`usage/target`)
    public let target = XML.Field<String>("usage/target")
}
