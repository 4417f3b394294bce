import Testing
import VirtKitCore
import VirtKitLibvirt

/// Documents that are made to do harm: each must end in an error, at a bounded cost.
@Suite struct HostileXMLTests {
    private func refuse(
        _ text: String, _ part: String, location: SourceLocation = #_sourceLocation
    ) throws {
        let error = try #require(throws: VirtKitError.self, sourceLocation: location) { try XML.Document(text) }
        #expect(error.code == .invalidXML, sourceLocation: location)
        #expect(error.message.contains(part), "\(error.message)", sourceLocation: location)
    }

    @Test func entityBombs() throws {
        var bomb = "<!DOCTYPE a [<!ENTITY e0 \"0123456789\">"
        for level in 1...20 {
            bomb += "<!ENTITY e\(level) \"\(String(repeating: "&e\(level - 1);", count: 10))\">"
        }
        try refuse(bomb + "]><a>&e20;</a>", "document type declaration")
        try refuse("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>", "document type declaration")
        try refuse(
            "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>", "document type declaration")
        try refuse("<!DOCTYPE a [<!ENTITY % x SYSTEM \"http://127.0.0.1:1/\"> %x;]><a/>", "document type declaration")
        try refuse("<a>&unknown;</a>", "line 1")
        try refuse("<a b='&unknown;'/>", "line 1")
    }

    @Test func largeText() throws {
        let text = "<a>" + String(repeating: "x", count: 100 << 20) + "</a>"
        try refuse(text, "more than 8388608")
        var limits = XML.Limits()
        limits.bytes = 200 << 20
        #expect(try XML.Document(text, limits: limits).root.text.utf8.count == 100 << 20)
    }

    @Test func deepNesting() throws {
        let depth = 1_000_000
        try refuse(String(repeating: "<a>", count: depth), "nested more than 256 deep")
        try refuse(
            String(repeating: "<a>", count: 257) + String(repeating: "</a>", count: 257), "nested more than 256 deep")
        let deepest = String(repeating: "<a>", count: 256) + String(repeating: "</a>", count: 256)
        #expect(throws: Never.self) { try XML.Document(deepest) }
    }

    @Test func manyNodes() throws {
        try refuse("<a>" + String(repeating: "<b/>", count: 1_000_001) + "</a>", "more than 1000000 nodes")
        try refuse("<a>" + String(repeating: "x<!---->", count: 600_000) + "</a>", "more than 1000000 nodes")
    }

    @Test func manyAttributes() throws {
        let attributes = (0..<500_000).map { " a\($0)=''" }.joined()
        try refuse("<a\(attributes)/>", "more than 1024 attributes")
        let namespaces = (0..<1000).map { " xmlns:n\($0)='urn:\($0)'" }.joined()
        try refuse("<a\(namespaces)><b\(namespaces)/></a>", "more than 1024 namespaces")
        // What looks like attributes in text, comments, CDATA and instructions is none.
        let quotes = String(repeating: "a=\"b\" ", count: 5000)
        #expect(throws: Never.self) {
            try XML.Document("<a>\(quotes)<!--<a \(quotes)--><![CDATA[<a \(quotes)>]]><?p <a \(quotes)?></a>")
        }
    }

    @Test func longTokens() throws {
        // They are read or refused, at a bounded cost.
        for (before, after) in [
            ("<a b='", "'/>"), ("<a><!--", "--></a>"), ("<a><?p ", "?></a>"), ("<", "/>"), ("<a ", "='1'/>"),
            ("<a xmlns:p='", "'/>"), ("<a><![CDATA[", "]]></a>"), ("<a>", "</a>"), ("<a>&#", ";</a>"),
            ("<a>&", ";</a>"),
        ] {
            var limits = XML.Limits()
            limits.bytes = 64 << 20
            _ = try? XML.Document(before + String(repeating: "1", count: 12_000_000) + after, limits: limits)
        }
    }

    @Test(arguments: [
        "", " ", "text", "<", "<a", "<a>", "</a>", "<a></b>", "<a/><b/>", "<a/>text", "<a b='1' b='2'/>", "<a b=1/>",
        "<a b='<'/>", "<a>&</a>", "<a>&#0;</a>", "<a>&#x1F;</a>", "<a>&#xD800;</a>", "<a>&#x110000;</a>", "<a>]]></a>",
        "<a>\u{0}</a>", "<a>\u{1}</a>", "<a>\u{FFFF}</a>", "<a><!-- -- --></a>", "<a><![CDATA[</a>", "<a><?xml?></a>",
        " <?xml version='1.0'?><a/>", "<?xml version='1.0' encoding='?'?><a/>", "<?xml?><a/>",
        "<p:a/>", "<a p:b='1'/>", "<a xmlns:p=''/>", "<a xmlns:xml='urn:x'/>", "<a xmlns:xmlns='urn:x'/>",
        "<a xmlns:p='urn:x' xmlns:q='urn:x' p:b='1' q:b='2'/>", "<a:b:c xmlns:a='urn:x'/>", "<a xmlns:p='x' p:=''/>",
        "<!---->", "<?p?>", "<![CDATA[x]]>", "<!ELEMENT a ANY><a/>", "<a><!DOCTYPE a></a>",
    ])
    func malformed(_ text: String) throws {
        let error = try #require(throws: VirtKitError.self) { try XML.Document(text) }
        #expect(error.code == .invalidXML)
    }

    @Test func encodings() throws {
        let text = "<a>é€😀</a>"
        func root(_ bytes: [UInt8]) throws -> String { try XML.Document(bytes: bytes).root.text }
        func utf16(_ text: String, big: Bool) -> [UInt8] {
            text.utf16.flatMap { big ? [UInt8($0 >> 8), UInt8($0 & 255)] : [UInt8($0 & 255), UInt8($0 >> 8)] }
        }
        #expect(try root([0xEF, 0xBB, 0xBF] + Array(text.utf8)) == "é€😀")
        #expect(try root([0xFE, 0xFF] + utf16(text, big: true)) == "é€😀")
        #expect(try root([0xFF, 0xFE] + utf16(text, big: false)) == "é€😀")
        let declared = "<?xml version='1.0' encoding='UTF-16'?>" + text
        #expect(try root(utf16(declared, big: false)) == "é€😀")
        #expect(
            try root(Array("<?xml version='1.0' encoding='iso-8859-1'?><a>".utf8) + [0xE9] + Array("</a>".utf8)) == "é")
        #expect(try XML.Document("<?xml version='1.0' encoding='UTF-16'?>" + text).root.text == "é€😀")

        let bad: [[UInt8]] = [
            Array("<a>".utf8) + [0xFF] + Array("</a>".utf8), Array("<a>".utf8) + [0xC0, 0x80] + Array("</a>".utf8),
            Array("<a b='".utf8) + [0xED, 0xA0, 0x80] + Array("'/>".utf8), Array("<a>".utf8) + [0xE2, 0x82],
            Array("<?xml version='1.0' encoding='ASCII'?><a>é</a>".utf8),
            Array("<?xml version='1.0' encoding='UTF-7'?><a>+ADw-</a>".utf8),
            Array("<?xml version='1.0' encoding='EBCDIC-CP-US'?><a/>".utf8),
            [0xFE, 0xFF] + utf16(text, big: true).dropLast(), [0xFE, 0xFF, 0xD8, 0x00, 0x00, 0x3C],
            [0xFE, 0xFF] + utf16("<?xml version='1.0' encoding='UTF-8'?><a/>", big: true),
            [0x00, 0x00, 0xFE, 0xFF, 0x00, 0x00, 0x00, 0x3C], [0x00, 0x00, 0x00, 0x3C], [0x4C, 0x6F, 0xA7, 0x94], [0],
            [],
        ]
        for bytes in bad {
            let error = try #require(throws: VirtKitError.self) { try XML.Document(bytes: bytes) }
            #expect(error.code == .invalidXML)
        }
    }

    /// Every document that is one of these with bytes changed, cut or doubled is read and can be written, or refused.
    @Test func mutations() throws {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
        let seed = Array(XMLTreeTests.everything.utf8)
        let interesting = Array("<>/!?-[]&;#x'\"=: \0\u{1}".utf8) + [0x80, 0xC3, 0xEF, 0xFF]
        var read = 0
        for _ in 0..<20_000 {
            var bytes = seed
            for _ in 0...random(3) {
                let index = random(bytes.count)
                switch random(4) {
                case 0: bytes[index] = interesting[random(interesting.count)]
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(interesting[random(interesting.count)], at: index)
                default:
                    let end = min(bytes.count, index + random(40))
                    bytes.insert(contentsOf: Array(bytes[index..<end]), at: random(bytes.count))
                }
            }
            guard let document = try? XML.Document(bytes: bytes) else { continue }
            read += 1
            let again = try XML.Document(try document.xmlString())
            #expect(again.root == document.root, "\(String(decoding: bytes, as: UTF8.self))")
            #expect(again.prologue == document.prologue)
            #expect(again.epilogue == document.epilogue)
        }
        #expect(read > 1000)
    }
}
