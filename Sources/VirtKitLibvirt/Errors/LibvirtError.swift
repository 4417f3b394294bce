internal import CVirtKit

/// What libvirt said went wrong: its code, the part of it that spoke, its own message, and a remedy where one is known.
///
/// The code 1, `.internalError`, is libvirt's word for anything without a code: tell such cases apart by `domain`.
public struct LibvirtError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The number of an error. (virErrorNumber; negative numbers are VirtKit's own)
    public struct Code: RawRepresentable, Sendable, Hashable {
        /// The number.
        public let rawValue: Int32
        /// Makes a code from its number.
        public init(rawValue: Int32) { self.rawValue = rawValue }
    }

    /// The part of libvirt that an error comes from. (virErrorDomain)
    public struct Domain: RawRepresentable, Sendable, Hashable {
        /// The number.
        public let rawValue: Int32
        /// Makes a domain from its number.
        public init(rawValue: Int32) { self.rawValue = rawValue }
    }

    /// How bad it is. (virErrorLevel)
    public struct Level: RawRepresentable, Sendable, Hashable {
        /// The number.
        public let rawValue: Int32
        /// Makes a level from its number.
        public init(rawValue: Int32) { self.rawValue = rawValue }
        /// A warning. (VIR_ERR_WARNING)
        public static let warning = Level(rawValue: 1)
        /// An error. (VIR_ERR_ERROR)
        public static let error = Level(rawValue: 2)
    }

    /// The code.
    public var code: Code
    /// Where it comes from.
    public var domain: Domain
    /// How bad it is.
    public var level: Level
    /// What was attempted: "start domain".
    public var operation: String
    /// libvirt's own message.
    public var message: String
    /// What the user can do about it, where that is known.
    public var remedy: String?

    /// Makes an error.
    public init(
        _ code: Code, domain: Domain = .none, level: Level = .error, operation: String, message: String,
        remedy: String? = nil
    ) {
        self.code = code
        self.domain = domain
        self.level = level
        self.operation = operation
        self.message = message
        self.remedy = remedy
    }

    /// Operation, message, numbers and remedy, in one line.
    public var description: String {
        var text = "\(operation): \(message)"
        if code.rawValue > 0 { text += " (libvirt error \(code.rawValue), domain \(domain.rawValue))" }
        if let remedy { text += "; \(remedy)" }
        return text
    }

    /// The last error of the calling thread, which is the one that the failed call ran on.
    static func last(_ operation: String) -> LibvirtError {
        // SAFETY: the error belongs to the calling thread and lives until that thread's next call of libvirt; its
        // strings are copied before.
        guard let error = (try? Libvirt.virGetLastError.call)?()?.pointee else {
            return LibvirtError(.internalError, operation: operation, message: "libvirt gave no reason")
        }
        let code = Code(rawValue: error.code)
        let domain = Domain(rawValue: error.domain)
        let message = error.message.map { String(cString: $0) } ?? "libvirt gave no message"
        return LibvirtError(
            code, domain: domain, level: Level(rawValue: Int32(error.level)), operation: operation, message: message,
            remedy: remedy(for: code, domain, message))
    }

    static func invalid(_ operation: String, _ message: String) -> LibvirtError {
        LibvirtError(.invalidArgument, operation: operation, message: message)
    }
}
