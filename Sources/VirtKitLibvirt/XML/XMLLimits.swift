public import VirtKitCore

extension XML {
    /// What a document may have at most. One that has more is refused, before it costs more time and memory.
    public struct Limits: Hashable, Sendable {
        /// Bytes of the document; at most 256 MiB. The default is 8 MiB. (libvirt's own limit for a string that passes
        /// through its daemon is 4 MiB.)
        public var bytes = 8 << 20
        /// Elements within each other; 256 by default.
        public var depth = 256
        /// Elements, texts, comments and instructions together; 1,000,000 by default. One costs about 200 bytes of
        /// memory.
        public var nodes = 1_000_000
        /// Attributes and namespace declarations of one element, and namespace declarations in force at one place;
        /// 1,024 by default.
        public var attributes = 1024

        /// The default limits.
        public init() {}
    }
}

extension VirtKitError.Code {
    /// A text is not well-formed XML, has more than the limits allow, or is not the document that was expected; or a
    /// tree can't be written as XML.
    public static let invalidXML = VirtKitError.Code(rawValue: "invalid-xml")
}
