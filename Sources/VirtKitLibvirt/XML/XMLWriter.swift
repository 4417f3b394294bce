internal import VirtKitCore

/// Writes a tree as UTF-8. What XML 1.0 can't hold is refused.
struct XMLWriter {
    private(set) var output: [UInt8] = []
    private let indented: Bool
    /// The namespaces in force, the innermost last.
    private var namespaces: [XML.Namespace] = []

    init(indented: Bool) { self.indented = indented }

    mutating func write(_ document: XML.Document) throws(VirtKitError) {
        if let declaration = document.declaration {
            guard declaration.version.utf8.allSatisfy({ $0 == 0x2E || (0x30...0x39).contains($0) }) else {
                throw Self.error("the XML version \"\(declaration.version)\" is none")
            }
            put("<?xml version=\"\(declaration.version)\"")
            if let encoding = declaration.encoding {
                put(" encoding=\"\(encoding.uppercased() == "UTF-8" ? encoding : "UTF-8")\"")
            }
            if let standalone = declaration.standalone { put(" standalone=\"\(standalone ? "yes" : "no")\"") }
            put("?>\n")
        }
        for node in document.prologue {
            try writeOutside(node)
            put("\n")
        }
        try write(document.root)
        for node in document.epilogue {
            put("\n")
            try writeOutside(node)
        }
        put("\n")
    }

    private mutating func writeOutside(_ node: XML.Node) throws(VirtKitError) {
        switch node {
        case .comment, .processingInstruction: try writeLeaf(node)
        default: throw Self.error("only comments and instructions may stand beside the document's element")
        }
    }

    // MARK: Elements

    private struct Open {
        let element: XML.Element
        var next = 0
        let lined: Bool
        let namespaces: Int
    }

    /// Without recursion, since a program may build a tree of any depth.
    mutating func write(_ root: XML.Element) throws(VirtKitError) {
        var open: [Open] = []
        try start(root, &open)
        while var innermost = open.popLast() {
            let children = innermost.element.storage.children
            if innermost.next == children.count {
                if innermost.lined { breakLine(open.count) }
                put("</")
                put(innermost.element.storage.name)
                put(">")
                namespaces.removeSubrange(innermost.namespaces...)
                continue
            }
            let child = children[innermost.next]
            innermost.next += 1
            let lined = innermost.lined
            open.append(innermost)
            if lined {
                if child.isBlank { continue }
                breakLine(open.count)
            }
            if case .element(let element) = child {
                try start(element, &open)
            } else {
                try writeLeaf(child)
            }
        }
    }

    private mutating func start(_ element: XML.Element, _ open: inout [Open]) throws(VirtKitError) {
        let before = namespaces.count
        let storage = element.storage
        var declarations: [XML.Attribute] = []
        for attribute in storage.attributes {
            if let namespace = attribute.declaredNamespace {
                namespaces.append(namespace)
                if !namespace.prefix.isEmpty, namespace.uri.isEmpty {
                    throw Self.error("the prefix \(namespace.prefix) is declared without a namespace")
                }
            }
        }
        if storage.name.box != nil || !namespaces.isEmpty { declare(storage.name, &declarations) }
        put("<")
        try putChecked(storage.name)
        for attribute in storage.attributes where attribute.name.box != nil {
            if attribute.name.isDeclaration { continue }
            if attribute.name.namespace?.prefix == "" {
                throw Self.error("the attribute \(attribute.name) is in a namespace, and needs a prefix")
            }
            declare(attribute.name, &declarations)
        }
        for attribute in storage.attributes { try put(attribute) }
        for attribute in declarations { try put(attribute) }
        if storage.children.isEmpty {
            put("/>")
            namespaces.removeSubrange(before...)
            return
        }
        put(">")
        let lined =
            indented
            && storage.children.allSatisfy { child in
                switch child {
                case .text: child.isBlank
                case .cdata: false
                default: true
                }
            } && storage.children.contains { !$0.isBlank }
        open.append(Open(element: element, lined: lined, namespaces: before))
    }

    /// Adds the declaration of a name's namespace, where it is not in force.
    private mutating func declare(_ name: XML.Name, _ declarations: inout [XML.Attribute]) {
        let wanted = name.namespace ?? XML.Namespace(prefix: "", uri: "")
        if wanted.uri == XML.Namespace.xml { return }
        let inForce = namespaces.last { $0.prefix == wanted.prefix }
        if inForce?.uri ?? "" == wanted.uri { return }
        namespaces.append(wanted)
        declarations.append(XML.Attribute(declaring: wanted))
    }

    private mutating func put(_ attribute: XML.Attribute) throws(VirtKitError) {
        put(" ")
        try putChecked(attribute.name)
        put("=\"")
        try escape(attribute.value, quoted: true)
        put("\"")
    }

    private mutating func breakLine(_ depth: Int) {
        output.append(0x0A)
        output.append(contentsOf: repeatElement(0x20, count: 2 * depth))
    }

    // MARK: Texts

    private mutating func writeLeaf(_ node: XML.Node) throws(VirtKitError) {
        switch node {
        case .element: break
        case .text(let text): try escape(text, quoted: false)
        case .cdata(let text): try writeCDATA(text)
        case .comment(let text):
            guard !text.utf8.pairs("-", "-"), text.utf8.last != UInt8(ascii: "-"), !text.utf8.contains(0x0D) else {
                throw Self.error("a comment can't contain \"--\", end with \"-\", or contain a carriage return")
            }
            put("<!--")
            try putLiteral(text)
            put("-->")
        case .processingInstruction(let instruction):
            guard Self.isName(instruction.target), !instruction.target.utf8.contains(0x3A),
                instruction.target.lowercased() != "xml"
            else { throw Self.error("\"\(instruction.target)\" can't be the target of a processing instruction") }
            guard !instruction.text.utf8.pairs("?", ">"), !instruction.text.utf8.contains(0x0D) else {
                throw Self.error("a processing instruction can't contain \"?>\" or a carriage return")
            }
            put("<?")
            put(instruction.target)
            if !instruction.text.isEmpty { put(" ") }
            try putLiteral(instruction.text)
            put("?>")
        }
    }

    /// What a CDATA section can't hold stands between two of them.
    private mutating func writeCDATA(_ text: String) throws(VirtKitError) {
        put("<![CDATA[")
        var brackets = 0
        for byte in text.utf8 {
            if byte == 0x0D {
                put("]]>&#13;<![CDATA[")
            } else {
                if byte == UInt8(ascii: ">"), brackets >= 2 { put("]]><![CDATA[") }
                output.append(byte)
            }
            brackets = byte == UInt8(ascii: "]") ? brackets + 1 : 0
        }
        try Self.check(text)
        put("]]>")
    }

    private mutating func putLiteral(_ text: String) throws(VirtKitError) {
        try Self.check(text)
        put(text)
    }

    private mutating func put(_ text: String) { output.append(contentsOf: text.utf8) }

    private mutating func put(_ name: XML.Name) {
        if let prefix = name.box?.namespace.prefix, !prefix.isEmpty {
            put(prefix)
            output.append(UInt8(ascii: ":"))
        }
        put(name.local)
    }

    private mutating func putChecked(_ name: XML.Name) throws(VirtKitError) {
        guard Self.isName(name.local), !name.local.utf8.contains(0x3A) else {
            throw Self.error("\"\(name.local)\" can't be a name in XML")
        }
        if let prefix = name.box?.namespace.prefix, !prefix.isEmpty,
            !Self.isName(prefix) || prefix.utf8.contains(0x3A)
        {
            throw Self.error("\"\(prefix)\" can't be a prefix in XML")
        }
        put(name)
    }

    /// Writes text, and for what has a meaning in XML its escape.
    private mutating func escape(_ text: String, quoted: Bool) throws(VirtKitError) {
        var text = text
        let valid = text.withUTF8 { bytes in
            var start = 0
            for (index, byte) in bytes.enumerated() where Self.special[Int(byte)] {
                let escape: StaticString
                switch byte {
                case UInt8(ascii: "&"): escape = "&amp;"
                case UInt8(ascii: "<"): escape = "&lt;"
                case UInt8(ascii: ">"): escape = "&gt;"
                case UInt8(ascii: "\""):
                    if !quoted { continue }
                    escape = "&quot;"
                case 0x0D: escape = "&#13;"
                case 0x0A:
                    if !quoted { continue }
                    escape = "&#10;"
                case 0x09:
                    if !quoted { continue }
                    escape = "&#9;"
                case 0xEF:
                    // U+FFFE and U+FFFF are no characters of XML.
                    if index + 2 < bytes.count, bytes[index + 1] == 0xBF, bytes[index + 2] >= 0xBE { return false }
                    continue
                default: return false
                }
                output.append(contentsOf: bytes[start..<index])
                escape.withUTF8Buffer { output.append(contentsOf: $0) }
                start = index + 1
            }
            output.append(contentsOf: bytes[start...])
            return true
        }
        if !valid { try Self.check(text) }
    }

    /// Bytes that `escape` looks at: markup, control characters, and the first byte of U+FFFE.
    private static let special: [Bool] = (0..<256).map { byte in
        byte < 0x20 || byte == 0xEF || "&<>\"".utf8.contains(UInt8(byte))
    }

    // MARK: What XML 1.0 allows

    /// Refuses characters that no XML 1.0 document can hold, not even escaped. (XML 1.0, section 2.2)
    private static func check(_ text: String) throws(VirtKitError) {
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x09, 0x0A, 0x0D, 0x20...0xFFFD, 0x10000...: continue
            default:
                let number = String(scalar.value, radix: 16, uppercase: true)
                let shown = text.unicodeScalars.prefix(40).map { $0.escaped(asASCII: false) }.joined()
                throw error(
                    "the text \"\(shown)\" contains the character U+\(String(repeating: "0", count: 4 - number.count))\(number), which XML can't hold"
                )
            }
        }
    }

    /// Whether a text is a name. (XML 1.0, section 2.3)
    static func isName(_ text: String) -> Bool {
        // Nearly all names are ASCII.
        guard let first = text.unicodeScalars.first, isNameStart(first.value) else { return false }
        return text.unicodeScalars.allSatisfy { scalar in
            switch scalar.value {
            case 0x2D, 0x2E, 0x30...0x39, 0xB7, 0x300...0x36F, 0x203F...0x2040: true
            default: isNameStart(scalar.value)
            }
        }
    }

    private static func isNameStart(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x3A, 0x41...0x5A, 0x5F, 0x61...0x7A, 0xC0...0xD6, 0xD8...0xF6, 0xF8...0x2FF, 0x370...0x37D,
            0x37F...0x1FFF, 0x200C...0x200D, 0x2070...0x218F, 0x2C00...0x2FEF, 0x3001...0xD7FF, 0xF900...0xFDCF,
            0xFDF0...0xFFFD, 0x10000...0xEFFFF:
            true
        default: false
        }
    }

    private static func error(_ message: String) -> VirtKitError {
        VirtKitError(.invalidXML, operation: "write XML", message: message)
    }
}

extension String.UTF8View {
    /// Whether two characters follow each other somewhere.
    fileprivate func pairs(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> Bool {
        zip(self, dropFirst()).contains { $0 == UInt8(ascii: first) && $1 == UInt8(ascii: second) }
    }
}
