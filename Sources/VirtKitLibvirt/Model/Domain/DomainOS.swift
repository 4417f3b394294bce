/// How a guest is started: `os/type`.
public struct DomainOSType: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// On a full machine, from firmware or a kernel (`hvm`)
    public static let hvm = Self("hvm")
    /// Paravirtual, under Xen (`linux`)
    public static let linux = Self("linux")
    /// As a container (`exe`)
    public static let exe = Self("exe")
    /// `xen`.
    public static let xen = Self("xen")
    /// As a PVH guest, under Xen (`xenpvh`)
    public static let xenpvh = Self("xenpvh")
    /// `uml`.
    public static let uml = Self("uml")
}

/// A kind of device to boot from: `os/boot/@dev`.
public struct DomainBootDevice: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// A floppy disk (`fd`)
    public static let floppy = Self("fd")
    /// A hard disk (`hd`)
    public static let disk = Self("hd")
    /// `cdrom`.
    public static let cdrom = Self("cdrom")
    /// `network`.
    public static let network = Self("network")
}

/// A kind of firmware: `os/loader/@type`.
public struct DomainLoaderType: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// A ROM image, as of a BIOS (`rom`)
    public static let rom = Self("rom")
    /// Flash memory, as of UEFI (`pflash`)
    public static let pflash = Self("pflash")
}

/// Firmware that libvirt chooses itself: `os/@firmware`.
public struct DomainFirmware: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// `bios`.
    public static let bios = Self("bios")
    /// `efi`.
    public static let efi = Self("efi")
}

/// Where SMBIOS tables come from: `os/smbios/@mode`.
public struct DomainSMBIOSMode: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The hypervisor's own (`emulate`)
    public static let emulate = Self("emulate")
    /// The host's (`host`)
    public static let host = Self("host")
    /// The description's `systemInformation` (`sysinfo`)
    public static let sysinfo = Self("sysinfo")
}

/// What a guest boots from: `os`.
public typealias DomainOS = XML.View<DomainOSSchema>

/// The properties of `DomainOS`.
public struct DomainOSSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("os", Self())

    /// The kind of firmware that libvirt is to choose. (`@firmware`)
    public let firmware = XML.Field<DomainFirmware>("@firmware")
    /// How the guest is started. (`type`)
    public let type = XML.Field<DomainOSType>("type")
    /// The guest's architecture, as `uname -m` prints it. (`type/@arch`)
    public let architecture = XML.Field<String>("type/@arch")
    /// The machine model: q35, pc-i440fx-7.2, virt … (`type/@machine`)
    public let machine = XML.Field<String>("type/@machine")
    /// What the chosen firmware must have or must not have. (`firmware/feature`)
    public let firmwareFeatures = XML.List<DomainFirmwareFeatureSchema>("firmware/feature")
    /// The first program of a container. (`init`)
    public let initProgram = XML.Field<String>("init")
    /// Its arguments. (`initarg`)
    public let initArguments = XML.Values<String>("initarg")
    /// Its environment. (`initenv`)
    public let initEnvironment = XML.List<DomainInitVariableSchema>("initenv")
    /// Its working directory. (`initdir`)
    public let initDirectory = XML.Field<String>("initdir")
    /// Its user. (`inituser`)
    public let initUser = XML.Field<String>("inituser")
    /// Its group. (`initgroup`)
    public let initGroup = XML.Field<String>("initgroup")
    /// The path of the firmware's image. (`loader`)
    public let loader = XML.Field<String>("loader")
    /// Whether the image can't be written. (`loader/@readonly`)
    public let loaderReadOnly = XML.Field<Bool>("loader/@readonly")
    /// Whether Secure Boot is possible. (`loader/@secure`)
    public let loaderSecure = XML.Field<Bool>("loader/@secure")
    /// The kind of firmware. (`loader/@type`)
    public let loaderType = XML.Field<DomainLoaderType>("loader/@type")
    /// Whether the firmware keeps no variables. (`loader/@stateless`)
    public let loaderStateless = XML.Field<Bool>("loader/@stateless")
    /// The image's format: raw or qcow2. (`loader/@format`)
    public let loaderFormat = XML.Field<String>("loader/@format")
    /// The path of the firmware's variables as JSON, where QEMU keeps them. (`varstore/@path`)
    public let variableStore = XML.Field<String>("varstore/@path")
    /// The file that it is copied from at first. (`varstore/@template`)
    public let variableStoreTemplate = XML.Field<String>("varstore/@template")
    /// The path of the file of the firmware's variables. (`nvram`)
    public let nvram = XML.Field<String>("nvram")
    /// The file that it is copied from at first. (`nvram/@template`)
    public let nvramTemplate = XML.Field<String>("nvram/@template")
    /// The template's format. (`nvram/@templateFormat`)
    public let nvramTemplateFormat = XML.Field<String>("nvram/@templateFormat")
    /// The file's format. (`nvram/@format`)
    public let nvramFormat = XML.Field<String>("nvram/@format")
    /// Where the variables are, if `nvramSource` says it. (`nvram/@type`)
    public let nvramType = XML.Field<DiskSourceType>("nvram/@type")
    /// Where the variables are. (`nvram/source`)
    public let nvramSource = XML.Group<DiskSourceSchema>("nvram/source")
    /// The path of a kernel on the host, for direct boot. (`kernel`)
    public let kernel = XML.Field<String>("kernel")
    /// The path of its initial RAM disk. (`initrd`)
    public let initrd = XML.Field<String>("initrd")
    /// Its command line. (`cmdline`)
    public let commandLine = XML.Field<String>("cmdline")
    /// The path of a device tree. (`dtb`)
    public let deviceTree = XML.Field<String>("dtb")
    /// The path of the boot loader that checks the kernel for Secure Boot. (`shim`)
    public let shim = XML.Field<String>("shim")
    /// The root device, as a Xen guest gets it. (`root`)
    public let root = XML.Field<String>("root")
    /// Tables that are added to ACPI's. (`acpi/table`)
    public let acpiTables = XML.List<DomainACPITableSchema>("acpi/table")
    /// The kinds of devices to boot from, in order. Devices with a boot order of their own exclude it. (`boot/@dev`)
    public let bootDevices = XML.Values<DomainBootDevice>("boot/@dev")
    /// Whether the firmware shows a menu. (`bootmenu/@enable`)
    public let bootMenu = XML.Field<Bool>("bootmenu/@enable")
    /// How long, in milliseconds; up to 65,535. (`bootmenu/@timeout`)
    public let bootMenuTimeout = XML.Field<Int>("bootmenu/@timeout")
    /// Whether the BIOS speaks on the serial port too. (`bios/@useserial`)
    public let biosUsesSerial = XML.Field<Bool>("bios/@useserial")
    /// How long in milliseconds the BIOS waits before it tries to boot again; -1 for never. (`bios/@rebootTimeout`)
    public let rebootTimeout = XML.Field<Int>("bios/@rebootTimeout")
    /// Where SMBIOS tables come from. (`smbios/@mode`)
    public let smbios = XML.Field<DomainSMBIOSMode>("smbios/@mode")
}

/// A property of firmware: `os/firmware/feature`.
public typealias DomainFirmwareFeature = XML.View<DomainFirmwareFeatureSchema>

/// The properties of `DomainFirmwareFeature`.
public struct DomainFirmwareFeatureSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("feature", Self())

    /// enrolled-keys or secure-boot. (`@name`)
    public let name = XML.Field<String>("@name")
    /// Whether it must be there, or must not. (`@enabled`)
    public let enabled = XML.Field<Bool>("@enabled")
}

/// A variable of a container's environment: `os/initenv`.
public typealias DomainInitVariable = XML.View<DomainInitVariableSchema>

/// The properties of `DomainInitVariable`.
public struct DomainInitVariableSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("initenv", Self())

    /// Its name. (`@name`)
    public let name = XML.Field<String>("@name")
    /// Its value. (`text`)
    public let value = XML.Field<String>(".")
}

/// A table that is added to ACPI's: `os/acpi/table`.
public typealias DomainACPITable = XML.View<DomainACPITableSchema>

/// The properties of `DomainACPITable`.
public struct DomainACPITableSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("table", Self())

    /// slic; rawset and others since libvirt 11. (`@type`)
    public let type = XML.Field<String>("@type")
    /// The file. (`text`)
    public let path = XML.Field<String>(".")
}

/// What firmware tells the guest: `sysinfo`.
public typealias DomainSystemInformation = XML.View<DomainSystemInformationSchema>

/// The properties of `DomainSystemInformation`.
public struct DomainSystemInformationSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("sysinfo", Self())

    /// smbios or fwcfg. (`@type`)
    public let type = XML.Field<String>("@type")
    /// SMBIOS block 0: vendor, version, date, release. (`bios/entry`)
    public let bios = XML.List<DomainSystemInformationEntrySchema>("bios/entry")
    /// SMBIOS block 1: manufacturer, product, version, serial, uuid, sku, family. (`system/entry`)
    public let system = XML.List<DomainSystemInformationEntrySchema>("system/entry")
    /// SMBIOS block 2: manufacturer, product, version, serial, asset, location. (`baseBoard/entry`)
    public let baseBoard = XML.List<DomainSystemInformationEntrySchema>("baseBoard/entry")
    /// SMBIOS block 3: manufacturer, version, serial, asset, sku. (`chassis/entry`)
    public let chassis = XML.List<DomainSystemInformationEntrySchema>("chassis/entry")
    /// SMBIOS block 11. (`oemStrings/entry`)
    public let oemStrings = XML.Values<String>("oemStrings/entry")
    /// QEMU's fw_cfg: names that begin with "opt/". (`entry`)
    public let firmwareConfiguration = XML.List<DomainSystemInformationEntrySchema>("entry")
}

/// A named text: `entry`.
public typealias DomainSystemInformationEntry = XML.View<DomainSystemInformationEntrySchema>

/// The properties of `DomainSystemInformationEntry`.
public struct DomainSystemInformationEntrySchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("entry", Self())

    /// Its name. (`@name`)
    public let name = XML.Field<String>("@name")
    /// The file that the value is in. (fw_cfg) (`@file`)
    public let file = XML.Field<String>("@file")
    /// Its value. (`text`)
    public let value = XML.Field<String>(".")
}
