/// XML documents as ordered trees of values, and typed views of them.
///
/// A tree keeps what an XML parser reports: elements, attributes in their order, namespaces with their prefixes, comments,
/// processing instructions, CDATA sections and white space. (The name is a namespace, so that nothing here collides with
/// Foundation's `XMLDocument` and its like.)
public enum XML {
    /// A namespace, as a name refers to it.
    public struct Namespace: Hashable, Sendable {
        /// The prefix; empty for the default namespace.
        public let prefix: String
        /// The namespace's name.
        public let uri: String

        /// Makes a namespace.
        public init(prefix: String, uri: String) {
            self.prefix = prefix
            self.uri = uri
        }

        /// The namespace of `xmlns` attributes.
        static let declarations = "http://www.w3.org/2000/xmlns/"
        /// The namespace of `xml:space` and its like, which needs no declaration.
        static let xml = "http://www.w3.org/XML/1998/namespace"
        /// libvirt's own extensions: those for a driver, such as "qemu", and those for networks and pools. The name is
        /// also the usual prefix.
        static func libvirt(_ driver: String) -> Namespace {
            let kind =
                switch driver {
                case "dnsmasq": "network"
                case "fs", "rbd": "storagepool"
                default: "domain"
                }
            return Namespace(prefix: driver, uri: "http://libvirt.org/schemas/\(kind)/\(driver)/1.0")
        }
    }

    /// The name of an element or an attribute.
    public struct Name: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
        /// The name without its prefix.
        public let local: String
        /// A box, since few names have a namespace.
        let box: NamespaceBox?

        /// A name without a namespace.
        public init(_ local: String) {
            self.local = local
            box = nil
        }

        /// A name in a namespace.
        public init(_ local: String, in namespace: Namespace) {
            self.local = local
            box = NamespaceBox(namespace)
        }

        init(_ local: String, box: NamespaceBox?) {
            self.local = local
            self.box = box
        }

        /// A name without a namespace.
        public init(stringLiteral local: String) { self.init(local) }

        /// The namespace; nil where there is none.
        public var namespace: Namespace? { box?.namespace }

        /// Prefix, colon and name; or the name.
        public var description: String {
            guard let prefix = box?.namespace.prefix, !prefix.isEmpty else { return local }
            return "\(prefix):\(local)"
        }

        /// Whether both mean the same by XML's rules: the prefix does not count.
        func means(_ other: Name) -> Bool {
            local == other.local && (box === other.box || box?.namespace.uri == other.box?.namespace.uri)
        }

        /// Whether the name is that of a namespace declaration (`xmlns`, `xmlns:prefix`).
        var isDeclaration: Bool { box != nil && box?.namespace.uri == Namespace.declarations }

        /// The name of the attribute that declares a prefix.
        static func declaration(of prefix: String) -> Name {
            prefix.isEmpty
                ? Name("xmlns", in: Namespace(prefix: "", uri: Namespace.declarations))
                : Name(prefix, in: Namespace(prefix: "xmlns", uri: Namespace.declarations))
        }
    }

    final class NamespaceBox: Hashable, Sendable {
        let namespace: Namespace

        init(_ namespace: Namespace) { self.namespace = namespace }

        static func == (left: NamespaceBox, right: NamespaceBox) -> Bool {
            left === right || left.namespace == right.namespace
        }

        func hash(into hasher: inout Hasher) { hasher.combine(namespace) }
    }

    /// An attribute, or a namespace declaration.
    public struct Attribute: Hashable, Sendable {
        /// The name.
        public let name: Name
        /// The value, without quotes and escapes.
        public var value: String

        /// Makes an attribute.
        public init(_ name: Name, _ value: String) {
            self.name = name
            self.value = value
        }

        /// The declaration of a namespace's prefix.
        public init(declaring namespace: Namespace) {
            self.init(.declaration(of: namespace.prefix), namespace.uri)
        }

        /// The namespace that the attribute declares; nil where it is an ordinary one.
        public var declaredNamespace: Namespace? {
            guard name.isDeclaration else { return nil }
            return Namespace(prefix: name.namespace?.prefix == "" ? "" : name.local, uri: value)
        }
    }

    /// An instruction to a program: `<?target text?>`.
    public struct ProcessingInstruction: Hashable, Sendable {
        /// The program's name.
        public var target: String
        /// What follows.
        public var text: String

        /// Makes an instruction.
        public init(target: String, text: String = "") {
            self.target = target
            self.text = text
        }
    }

    /// What an element contains. XML has these five kinds.
    public enum Node: Hashable, Sendable {
        /// An element.
        case element(Element)
        /// Text, without escapes.
        case text(String)
        /// A CDATA section: text that is written without escapes.
        case cdata(String)
        /// A comment.
        case comment(String)
        /// A processing instruction.
        indirect case processingInstruction(ProcessingInstruction)

        /// The element; nil for another kind.
        public var element: Element? { if case .element(let element) = self { element } else { nil } }

        /// Whether it is text that is white space.
        var isBlank: Bool {
            guard case .text(let text) = self else { return false }
            return text.utf8.allSatisfy { $0 == 0x20 || $0 == 0x0A || $0 == 0x09 || $0 == 0x0D }
        }
    }
}
