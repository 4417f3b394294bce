public import VirtKitCore

extension XML {
    /// What a document says of itself in its first line: `<?xml version="1.0" encoding="UTF-8"?>`.
    public struct Declaration: Hashable, Sendable {
        /// XML's version.
        public var version = "1.0"
        /// The encoding that the document said to have. Documents are written in UTF-8, and say so where this is not
        /// nil.
        public var encoding: String?
        /// Whether no outside declaration changes the document; nil where it does not say.
        public var standalone: Bool?

        /// XML 1.0, and nothing more.
        public init() {}
    }

    /// A document: an element, and what stands around it. A value, as elements are.
    public struct Document: Hashable, Sendable {
        /// The document's first line; nil where there is none.
        public var declaration: Declaration?
        /// Comments and processing instructions before the element.
        public var prologue: [Node]
        /// The element.
        public var root: Element
        /// Comments and processing instructions after the element.
        public var epilogue: [Node]

        /// Makes a document.
        public init(root: Element) {
            prologue = []
            self.root = root
            epilogue = []
        }

        /// Reads a document.
        ///
        /// - Throws: `VirtKitError` with the code `.invalidXML` where the text is not well-formed XML 1.0 with
        ///   namespaces, has a document type declaration (so that there are no entities but XML's own five, and no
        ///   external files), or more than the limits allow; with `.unsupported` where libxml2 is not installed.
        public init(_ text: String, limits: Limits = Limits()) throws(VirtKitError) {
            try self.init(try Source(text: Array(text.utf8), limits: limits), limits)
        }

        /// Reads a file's contents: in UTF-8, UTF-16, ISO-8859-1 or ASCII, as byte order mark and declaration say.
        ///
        /// - Throws: what `init(_:limits:)` throws, and `.invalidXML` for another encoding, or bytes that are not in
        ///   the one declared.
        public init(bytes: [UInt8], limits: Limits = Limits()) throws(VirtKitError) {
            try self.init(try Source(file: bytes, limits: limits), limits)
        }

        private init(_ source: Source, _ limits: Limits) throws(VirtKitError) {
            let nodes = try XMLParser.parse(source, limits: limits)
            guard let index = nodes.firstIndex(where: { $0.element != nil }), let root = nodes[index].element else {
                throw XML.error("the document has no element")
            }
            declaration = source.declaration
            prologue = Array(nodes[..<index])
            self.root = root
            epilogue = Array(nodes[(index + 1)...])
        }

        /// The document as text.
        ///
        /// - Parameter indented: whether to write elements on lines of their own, two spaces deeper each, where they
        ///   stand among elements and white space only. Otherwise the white space is kept as it is.
        /// - Throws: `VirtKitError` with the code `.invalidXML` where a value can't be written in XML 1.0: control
        ///   characters, names that are none, "--" in a comment.
        public func xmlString(indented: Bool = false) throws(VirtKitError) -> String {
            String(decoding: try xmlBytes(indented: indented), as: UTF8.self)
        }

        /// The document as UTF-8, as `xmlString(indented:)` has it.
        public func xmlBytes(indented: Bool = false) throws(VirtKitError) -> [UInt8] {
            var writer = XMLWriter(indented: indented)
            try writer.write(self)
            return writer.output
        }
    }
}

extension XML.Element {
    /// The element as text, with the namespaces that it needs; see `XML.Document.xmlString(indented:)`.
    ///
    /// - Throws: `VirtKitError` with the code `.invalidXML`.
    public func xmlString(indented: Bool = false) throws(VirtKitError) -> String {
        var writer = XMLWriter(indented: indented)
        try writer.write(self)
        return String(decoding: writer.output, as: UTF8.self)
    }

    /// Reads a document's element; see `XML.Document.init(_:limits:)`.
    ///
    /// - Throws: `VirtKitError` with the code `.invalidXML` or `.unsupported`.
    public init(parsing text: String, limits: XML.Limits = XML.Limits()) throws(VirtKitError) {
        self = try XML.Document(text, limits: limits).root
    }
}
