/// What the guest's clock follows: `clock/@offset`.
public struct DomainClockOffset: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The host's, in UTC (`utc`)
    public static let utc = Self("utc")
    /// The host's, in local time (`localtime`)
    public static let localTime = Self("localtime")
    /// The host's, in the time zone of `timeZone` (`timezone`)
    public static let timezone = Self("timezone")
    /// The host's, with an adjustment that follows the guest's changes (`variable`)
    public static let variable = Self("variable")
    /// A start time of its own (`absolute`)
    public static let absolute = Self("absolute")
}

/// A timer: `clock/timer/@name`.
public struct DomainTimerName: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// `platform`.
    public static let platform = Self("platform")
    /// ACPI's high precision event timer (`hpet`)
    public static let hpet = Self("hpet")
    /// KVM's clock (`kvmclock`)
    public static let kvmclock = Self("kvmclock")
    /// The 8254 (`pit`)
    public static let pit = Self("pit")
    /// The CMOS clock (`rtc`)
    public static let rtc = Self("rtc")
    /// The time-stamp counter (`tsc`)
    public static let tsc = Self("tsc")
    /// Hyper-V's reference counter (`hypervclock`)
    public static let hypervclock = Self("hypervclock")
    /// Arm's virtual timer (`armvtimer`)
    public static let armvtimer = Self("armvtimer")
}

/// What becomes of ticks that the guest has missed: `clock/timer/@tickpolicy`.
public struct DomainTickPolicy: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// They come later, at the usual rate (`delay`)
    public static let delay = Self("delay")
    /// They come later, at a higher rate (`catchup`)
    public static let catchup = Self("catchup")
    /// They become one (`merge`)
    public static let merge = Self("merge")
    /// They are dropped (`discard`)
    public static let discard = Self("discard")
}

/// The guest's clock and timers: `clock`.
public typealias DomainClock = XML.View<DomainClockSchema>

/// The properties of `DomainClock`.
public struct DomainClockSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("clock", Self())

    /// What the clock follows. (`@offset`)
    public let offset = XML.Field<DomainClockOffset>("@offset")
    /// What a variable offset counts from: utc or localtime. (`@basis`)
    public let basis = XML.Field<String>("@basis")
    /// Seconds from there, or "reset". (`@adjustment`)
    public let adjustment = XML.Field<String>("@adjustment")
    /// The start time of an absolute clock, in seconds since 1970. (`@start`)
    public let start = XML.Field<Int>("@start")
    /// A time zone's name. (`@timezone`)
    public let timeZone = XML.Field<String>("@timezone")
    /// Timers that differ from the usual. (`timer`)
    public let timers = XML.List<DomainTimerSchema>("timer")
}

/// A timer: `clock/timer`.
public typealias DomainTimer = XML.View<DomainTimerSchema>

/// The properties of `DomainTimer`.
public struct DomainTimerSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("timer", Self())

    /// Which one. (`@name`)
    public let name = XML.Field<DomainTimerName>("@name")
    /// Whether the guest has it. (`@present`)
    public let present = XML.Field<Bool>("@present")
    /// What becomes of ticks that the guest has missed. (`@tickpolicy`)
    public let tickPolicy = XML.Field<DomainTickPolicy>("@tickpolicy")
    /// What it follows: boot, guest, wall or realtime. (`@track`)
    public let track = XML.Field<String>("@track")
    /// The frequency of the time-stamp counter in Hz. (`@frequency`)
    public let frequency = XML.Field<Int>("@frequency")
    /// How the time-stamp counter is read: auto, native, emulate, paravirt or smpsafe. (`@mode`)
    public let mode = XML.Field<String>("@mode")
    /// From how many missed ticks on it catches up. (`catchup/@threshold`)
    public let catchUpThreshold = XML.Field<Int>("catchup/@threshold")
    /// By how much faster. (`catchup/@slew`)
    public let catchUpSlew = XML.Field<Int>("catchup/@slew")
    /// How many missed ticks at most. (`catchup/@limit`)
    public let catchUpLimit = XML.Field<Int>("catchup/@limit")
}
