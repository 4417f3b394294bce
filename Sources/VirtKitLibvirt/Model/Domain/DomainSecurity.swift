/// A way to keep a guest's memory from the host: `launchSecurity/@type`.
public struct DomainLaunchSecurityType: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// AMD's SEV (`sev`)
    public static let sev = Self("sev")
    /// AMD's SEV-SNP (`sev-snp`)
    public static let sevSNP = Self("sev-snp")
    /// IBM Secure Execution (`s390-pv`)
    public static let s390PV = Self("s390-pv")
    /// Intel's TDX (`tdx`)
    public static let tdx = Self("tdx")
}

/// How the guest's memory is kept from the host: `launchSecurity`.
public typealias DomainLaunchSecurity = XML.View<DomainLaunchSecuritySchema>

/// The properties of `DomainLaunchSecurity`.
public struct DomainLaunchSecuritySchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("launchSecurity", Self())

    /// The way. (`@type`)
    public let type = XML.Field<DomainLaunchSecurityType>("@type")
    /// Whether kernel, initrd and command line are measured. (`@kernelHashes`)
    public let kernelHashes = XML.Field<Bool>("@kernelHashes")
    /// Whether the author's key is part of the ID block. (SEV-SNP) (`@authorKey`)
    public let authorKey = XML.Field<Bool>("@authorKey")
    /// Whether the versioned chip key signs reports. (SEV-SNP) (`@vcek`)
    public let vcek = XML.Field<Bool>("@vcek")
    /// The bit of page table entries that marks encrypted pages. (`cbitpos`)
    public let cBitPosition = XML.Field<Int>("cbitpos")
    /// How many bits of physical addresses encryption takes. (`reducedPhysBits`)
    public let reducedPhysicalBits = XML.Field<Int>("reducedPhysBits")
    /// The guest policy: AMD's SEV API, chapter 3, or SEV-SNP's ABI, section 4.3; or TDX's attributes. (`policy`)
    public let policy = XML.Field<Int>.hex("policy", digits: 4)
    /// The owner's Diffie-Hellman key, in base64. (`dhCert`)
    public let certificate = XML.Field<String>("dhCert")
    /// The owner's session data, in base64. (`session`)
    public let session = XML.Field<String>("session")
    /// 16 bytes in base64. (SEV-SNP) (`guestVisibleWorkarounds`)
    public let guestVisibleWorkarounds = XML.Field<String>("guestVisibleWorkarounds")
    /// 96 bytes in base64. (SEV-SNP) (`idBlock`)
    public let idBlock = XML.Field<String>("idBlock")
    /// 4,096 bytes in base64. (SEV-SNP) (`idAuth`)
    public let idAuthentication = XML.Field<String>("idAuth")
    /// 32 bytes in base64 that reports repeat. (SEV-SNP) (`hostData`)
    public let hostData = XML.Field<String>("hostData")
    /// SHA-384 in base64. (TDX) (`mrOwner`)
    public let ownerMeasurement = XML.Field<String>("mrOwner")
    /// SHA-384 in base64. (TDX) (`mrOwnerConfig`)
    public let ownerConfiguration = XML.Field<String>("mrOwnerConfig")
    /// SHA-384 in base64. (TDX) (`mrConfigId`)
    public let configurationID = XML.Field<String>("mrConfigId")
    /// The socket of the service that signs quotes. (TDX) (`quoteGenerationService/@path`)
    public let quoteGenerationPath = XML.Field<String>("quoteGenerationService/@path")
}

/// How a security driver of the host confines a domain or a device: `seclabel`.
public typealias SecurityLabel = XML.View<SecurityLabelSchema>

/// The properties of `SecurityLabel`.
public struct SecurityLabelSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("seclabel", Self())

    /// dynamic, static or none. (`@type`)
    public let type = XML.Field<String>("@type")
    /// The driver: selinux, apparmor or dac. (`@model`)
    public let model = XML.Field<String>("@model")
    /// Whether files are labelled for the domain. (`@relabel`)
    public let relabel = XML.Field<Bool>("@relabel")
    /// Whether a file could not be labelled. (Reported only) (`@labelskip`)
    public let labelSkip = XML.Field<Bool>("@labelskip")
    /// The label. (`label`)
    public let label = XML.Field<String>("label")
    /// The label that a dynamic one is made from. (`baselabel`)
    public let baseLabel = XML.Field<String>("baselabel")
    /// The label of files. (Reported only) (`imagelabel`)
    public let imageLabel = XML.Field<String>("imagelabel")
}
