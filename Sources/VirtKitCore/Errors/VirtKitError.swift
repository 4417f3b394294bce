/// What went wrong, in which operation, and what can be done about it.
///
/// Every public `async` requirement of VirtKit throws this type. The `code` is open: later versions and plugins add to
/// it, so a `switch` over it needs a `default`.
public struct VirtKitError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of a failure.
    public struct Code: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
        /// The code's stable name.
        public let rawValue: String
        /// Makes a code from its stable name.
        public init(rawValue: String) { self.rawValue = rawValue }
        /// The stable name.
        public var description: String { rawValue }

        /// The configuration has faults; `message` names every one of them.
        public static let invalidConfiguration = Code(rawValue: "invalid-configuration")
        /// No backend, or not this one, can run the machine here.
        public static let unsupported = Code(rawValue: "unsupported")
        /// The call does not fit the machine's present state (resume of a stopped machine, say).
        public static let invalidState = Code(rawValue: "invalid-state")
        /// A kernel, initrd or other image is malformed or does not fit.
        public static let invalidImage = Code(rawValue: "invalid-image")
        /// A saved machine is malformed, of another version, or of another machine.
        public static let invalidSavedState = Code(rawValue: "invalid-saved-state")
        /// A file could not be read or written.
        public static let inputOutput = Code(rawValue: "input-output")
        /// The host refused a resource: memory, threads, descriptors.
        public static let resourceExhausted = Code(rawValue: "resource-exhausted")
        /// The operation did not end in the time given.
        public static let timedOut = Code(rawValue: "timed-out")
        /// The accelerator or hypervisor failed.
        public static let backendFailure = Code(rawValue: "backend-failure")
    }

    /// The kind of failure.
    public var code: Code
    /// The operation that failed, as a short phrase: "load kernel", "map memory".
    public var operation: String
    /// What happened, for a person to read.
    public var message: String
    /// The system's error number, where one was behind the failure.
    public var errno: Int32?
    /// What the user can do about it.
    public var remedy: String?

    /// Makes an error.
    public init(_ code: Code, operation: String, message: String, errno: Int32? = nil, remedy: String? = nil) {
        self.code = code
        self.operation = operation
        self.message = message
        self.errno = errno
        self.remedy = remedy
    }

    /// Operation, message, error number and remedy, in one line.
    public var description: String {
        var text = "\(operation): \(message)"
        if let errno { text += " (errno \(errno))" }
        if let remedy { text += "; \(remedy)" }
        return text
    }
}
