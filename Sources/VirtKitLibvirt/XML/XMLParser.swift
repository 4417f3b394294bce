internal import CVirtKit
internal import Glibc
internal import VirtKitCore

// SAFETY: libxml2 calls the functions below while `parseChunk` runs, with the parser that `run` keeps alive as their data,
// and with pointers that hold for the length of the call. Texts without a length end with a zero byte; the others have
// the length that is given beside them. What the functions keep, they copy.

/// Builds a tree from what libxml2's push parser reports.
struct XMLParser {
    private struct Open {
        let name: XML.Name
        let attributes: [XML.Attribute]
        /// Where its children begin in `nodes`.
        let firstChild: Int
        let namespaces: Int
    }

    private let library: LibXML2
    private let limits: XML.Limits
    private var context: LibXML2.Context?
    private var open: [Open] = []
    /// The finished children of all open elements; those of the innermost are last.
    private var nodes: [XML.Node] = []
    private var total = 0
    /// Text that has not ended yet: libxml2 reports it in pieces.
    private var text: [UInt8] = []
    /// The namespaces in force, the innermost last.
    private var namespaces: [XML.NamespaceBox] = []
    private var failure: VirtKitError?

    /// The top level: comments, instructions and the one element.
    static func parse(_ source: XML.Source, limits: XML.Limits) throws(VirtKitError) -> [XML.Node] {
        var parser = XMLParser(library: try LibXML2.shared.get(), limits: limits)
        return try parser.run(source.bytes)
    }

    private init(library: LibXML2, limits: XML.Limits) {
        self.library = library
        self.limits = limits
    }

    private mutating func run(_ bytes: [UInt8]) throws(VirtKitError) -> [XML.Node] {
        let library = library
        withUnsafeMutablePointer(to: &self) { parser in
            var sax = XMLParser.makeSAX()
            let context = withUnsafePointer(to: &sax) { library.createPushParser($0, parser, nil, 0, nil) }
            guard let context else {
                parser.pointee.failure = VirtKitError(
                    .resourceExhausted, operation: "read XML", message: "libxml2 could not make a parser")
                return
            }
            parser.pointee.context = context
            var options = vk_XML_PARSE_NOENT | vk_XML_PARSE_NONET | vk_XML_PARSE_IGNORE_ENC
            // libxml2's own limit is ten million bytes. Who raised ours wants larger documents.
            if bytes.count > 9_000_000 { options |= vk_XML_PARSE_HUGE }
            _ = library.useOptions(context, options)
            let code = bytes.withUnsafeBytes { bytes in
                // All at once, so that no token is cut. A source is never larger than 256 MiB.
                library.parseChunk(context, bytes.bindMemory(to: CChar.self).baseAddress, CInt(bytes.count), 1)
            }
            library.free(context)
            parser.pointee.context = nil
            if code != 0, code != vk_XML_WAR_NS_URI {
                parser.pointee.fail(XML.error("libxml2 stopped with error \(code)"))
            }
        }
        if let failure { throw failure }
        guard open.isEmpty, nodes.contains(where: { $0.element != nil }) else {
            throw XML.error("the document has no element")
        }
        return nodes
    }

    // MARK: What happens

    private mutating func fail(_ error: VirtKitError) {
        if failure == nil { failure = error }
    }

    /// Ends the parsing from within.
    private mutating func stop(_ error: VirtKitError) {
        fail(error)
        library.stop(context)
    }

    private mutating func count() {
        total += 1
        if total > limits.nodes {
            stop(
                XML.error(
                    "the document has more than \(limits.nodes) nodes",
                    remedy: "raise XML.Limits.nodes if it is to be trusted"))
        }
    }

    private mutating func add(_ node: XML.Node) {
        endText()
        count()
        nodes.append(node)
    }

    private mutating func endText() {
        if text.isEmpty { return }
        count()
        nodes.append(.text(String(decoding: text, as: UTF8.self)))
        text.removeAll(keepingCapacity: true)
    }

    private mutating func start(name: XML.Name, attributes: [XML.Attribute], namespacesBefore: Int) {
        endText()
        count()
        if open.count >= limits.depth {
            stop(
                XML.error(
                    "elements are nested more than \(limits.depth) deep",
                    remedy: "raise XML.Limits.depth if the document is to be trusted"))
        }
        if namespaces.count > limits.attributes {
            stop(XML.error("more than \(limits.attributes) namespaces are declared at one place"))
        }
        open.append(
            Open(name: name, attributes: attributes, firstChild: nodes.count, namespaces: namespacesBefore))
    }

    private mutating func end() {
        endText()
        guard let ended = open.popLast() else { return }
        let children = Array(nodes[ended.firstChild...])
        nodes.removeSubrange(ended.firstChild...)
        nodes.append(.element(XML.Element(ended.name, attributes: ended.attributes, children: children)))
        namespaces.removeSubrange(ended.namespaces...)
    }

    // MARK: What libxml2 hands over

    private typealias Text = UnsafePointer<UInt8>

    private func string(_ text: Text?) -> String {
        guard let text else { return "" }
        return String(decoding: UnsafeBufferPointer(start: text, count: strlen(text)), as: UTF8.self)
    }

    private mutating func box(prefix: Text?, uri: Text) -> XML.NamespaceBox {
        let namespace = XML.Namespace(prefix: string(prefix), uri: string(uri))
        return namespaces.last { $0.namespace == namespace } ?? XML.NamespaceBox(namespace)
    }

    private mutating func name(_ local: Text?, prefix: Text?, uri: Text?) -> XML.Name {
        guard let uri else { return XML.Name(string(local)) }
        return XML.Name(string(local), box: box(prefix: prefix, uri: uri))
    }

    private mutating func start(
        _ local: Text?, _ prefix: Text?, _ uri: Text?, _ declarationCount: CInt,
        _ declarations: UnsafeMutablePointer<Text?>?, _ attributeCount: CInt,
        _ attributes: UnsafeMutablePointer<Text?>?
    ) {
        let namespacesBefore = namespaces.count
        var list: [XML.Attribute] = []
        list.reserveCapacity(Int(declarationCount) + Int(attributeCount))
        if let declarations {
            for index in 0..<Int(declarationCount) {
                let namespace = XML.Namespace(
                    prefix: string(declarations[2 * index]), uri: string(declarations[2 * index + 1]))
                list.append(XML.Attribute(declaring: namespace))
                namespaces.append(XML.NamespaceBox(namespace))
            }
        }
        if let attributes {
            for index in 0..<Int(attributeCount) {
                let group = attributes + 5 * index
                let value = UnsafeBufferPointer(start: group[3], count: group[4]! - group[3]!)
                list.append(
                    XML.Attribute(
                        name(group[0], prefix: group[1], uri: group[2]), String(decoding: value, as: UTF8.self)))
            }
        }
        start(name: name(local, prefix: prefix, uri: uri), attributes: list, namespacesBefore: namespacesBefore)
    }

    private mutating func report(_ error: vk_xml_error) {
        // Warnings and namespaces whose names are no URIs do no harm.
        if error.level < 2 || error.code == vk_XML_WAR_NS_URI { return }
        var message = error.message.map { String(cString: $0) } ?? "error \(error.code)"
        while message.last?.isWhitespace == true { message.removeLast() }
        stop(XML.error("line \(error.line), column \(error.int2): \(message)"))
    }

    private static func with(_ data: UnsafeMutableRawPointer?, _ body: (inout XMLParser) -> Void) {
        guard let parser = data?.assumingMemoryBound(to: XMLParser.self), parser.pointee.failure == nil else { return }
        body(&parser.pointee)
    }

    private static func makeSAX() -> vk_xml_sax {
        var sax = vk_xml_sax()
        sax.initialized = vk_XML_SAX2_MAGIC
        sax.internalSubset = { data, _, _, _ in
            XMLParser.with(data) { $0.stop(XML.error("the document has a document type declaration")) }
        }
        sax.startElementNs = { data, name, prefix, uri, declarationCount, declarations, count, _, attributes in
            XMLParser.with(data) { $0.start(name, prefix, uri, declarationCount, declarations, count, attributes) }
        }
        sax.endElementNs = { data, _, _, _ in XMLParser.with(data) { $0.end() } }
        let characters: @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<UInt8>?, CInt) -> Void = {
            data, text, length in
            XMLParser.with(data) { $0.text.append(contentsOf: UnsafeBufferPointer(start: text, count: Int(length))) }
        }
        // One function for both, or else libxml2 looks for white space that a DTD says to ignore.
        sax.characters = characters
        sax.ignorableWhitespace = characters
        sax.cdataBlock = { data, text, length in
            XMLParser.with(data) {
                $0.add(
                    .cdata(String(decoding: UnsafeBufferPointer(start: text, count: Int(length)), as: UTF8.self)))
            }
        }
        sax.comment = { data, text in XMLParser.with(data) { $0.add(.comment($0.string(text))) } }
        sax.processingInstruction = { data, target, text in
            XMLParser.with(data) {
                $0.add(
                    .processingInstruction(
                        XML.ProcessingInstruction(target: $0.string(target), text: $0.string(text))))
            }
        }
        sax.structuredError = { data, error in
            if let error { XMLParser.with(data) { $0.report(error.pointee) } }
        }
        return sax
    }
}
