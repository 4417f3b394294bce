/// A version of libvirt, or of a hypervisor, as libvirt counts them: major * 1,000,000 + minor * 1,000 + release.
public struct LibvirtVersion: RawRepresentable, Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The number.
    public let rawValue: UInt

    /// Makes a version from its number.
    public init(rawValue: UInt) { self.rawValue = rawValue }

    /// Makes a version from its parts; minor and release are below 1,000.
    public init(major: UInt, minor: UInt, release: UInt) {
        self.init(rawValue: major &* 1_000_000 &+ minor &* 1_000 &+ release)
    }

    /// The first part.
    public var major: UInt { rawValue / 1_000_000 }
    /// The second part.
    public var minor: UInt { rawValue / 1_000 % 1_000 }
    /// The third part.
    public var release: UInt { rawValue % 1_000 }

    /// The parts, with dots between them.
    public var description: String { "\(major).\(minor).\(release)" }

    /// Whether `left` is the older version.
    public static func < (left: LibvirtVersion, right: LibvirtVersion) -> Bool { left.rawValue < right.rawValue }
}
