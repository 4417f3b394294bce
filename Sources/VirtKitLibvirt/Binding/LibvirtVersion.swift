/// A version of libvirt, or of a hypervisor, as libvirt counts them: major * 1,000,000 + minor * 1,000 + release.
public struct LibvirtVersion: RawRepresentable, Hashable, Sendable, Comparable, CustomStringConvertible {
    public let rawValue: UInt

    public init(rawValue: UInt) { self.rawValue = rawValue }

    public init(major: UInt, minor: UInt, release: UInt) {
        self.init(rawValue: major * 1_000_000 + minor * 1_000 + release)
    }

    public var major: UInt { rawValue / 1_000_000 }
    public var minor: UInt { rawValue / 1_000 % 1_000 }
    public var release: UInt { rawValue % 1_000 }

    public var description: String { "\(major).\(minor).\(release)" }

    public static func < (left: LibvirtVersion, right: LibvirtVersion) -> Bool { left.rawValue < right.rawValue }
}
