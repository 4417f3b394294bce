import Testing
import VirtKitCore
import VirtKitLibvirt

/// Reading, changing and writing trees.
@Suite struct XMLTreeTests {
    /// A document with everything that a tree keeps, as the writer writes it.
    static let everything = """
        <?xml version="1.0" encoding="UTF-8" standalone="yes"?>
        <!-- before -->
        <?target some text?>
        <a xmlns="urn:default" xmlns:p="urn:p" z="1" b="&lt;&amp;&quot;&#10;&#9;'>" p:c="2" xml:space="preserve">
          text &lt;&gt;&amp;" é 日本 😀
          <p:b xmlns:p="urn:other"/><!-- comment --><?pi?><![CDATA[<raw> & ]]]]><![CDATA[>]]>
          <c xmlns=""><d/></c>
        </a>
        <!-- after -->

        """.replacing("'>", with: "'&gt;")

    @Test func writesWhatItRead() throws {
        #expect(try XML.Document(Self.everything).xmlString() == Self.everything)
    }

    @Test func readsEveryKind() throws {
        let document = try XML.Document(Self.everything)
        #expect(document.declaration?.standalone == true)
        #expect(
            document.prologue == [
                .comment(" before "), .processingInstruction(.init(target: "target", text: "some text")),
            ])
        let root = document.root
        #expect(root.name == XML.Name("a", in: .init(prefix: "", uri: "urn:default")))
        #expect(root.attributes.map(\.name.description) == ["xmlns", "xmlns:p", "z", "b", "p:c", "xml:space"])
        #expect(root[attribute: "b"] == "<&\"\n\t'>")
        #expect(root[attribute: XML.Name("c", in: .init(prefix: "other", uri: "urn:p"))] == "2")
        #expect(root.attributes[1].declaredNamespace == .init(prefix: "p", uri: "urn:p"))
        #expect(root.elements.map(\.name.namespace?.uri) == ["urn:other", nil])
        #expect(root.text.contains("text <>&\" é 日本 😀"))
        #expect(root.text.contains("<raw> & ]]>"))
        #expect(root.children.contains(.comment(" comment ")))
        #expect(root.children.contains(.processingInstruction(.init(target: "pi"))))
    }

    @Test func copiesAreIndependent() throws {
        let original = try XML.Element(parsing: "<a x='1'><b>text</b></a>")
        var copy = original
        copy["b"]?.text = "other"
        copy[attribute: "x"] = "2"
        #expect(try original.xmlString() == "<a x=\"1\"><b>text</b></a>")
        #expect(try copy.xmlString() == "<a x=\"2\"><b>other</b></a>")
        #expect(original != copy)
        copy["b"]?.text = "text"
        copy[attribute: "x"] = "1"
        #expect(original == copy)
        #expect(original.hashValue == copy.hashValue)
    }

    @Test func newElementsGetTheirSiblingsIndentation() throws {
        let text = "<a>\n  <b/>\n</a>"
        var element = try XML.Element(parsing: text)
        element["c"] = XML.Element("c", text: "1")
        #expect(try element.xmlString() == "<a>\n  <b/>\n  <c>1</c>\n</a>")
        element["c"] = nil
        #expect(try element.xmlString() == text)
        element["b"] = nil
        #expect(try element.xmlString() == "<a/>")
    }

    @Test func settingATextKeepsTheRest() throws {
        var element = try XML.Element(parsing: "<a><!--one-->text<b/>more<![CDATA[x]]></a>")
        #expect(element.text == "textmorex")
        element.text = "new"
        #expect(try element.xmlString() == "<a><!--one-->new<b/></a>")
        element.text = ""
        #expect(try element.xmlString() == "<a><!--one--><b/></a>")
    }

    @Test func indentsWhatIsNoText() throws {
        let element = try XML.Element(parsing: "<a><b>text <i/></b><c>  <d/></c><e></e><f> </f></a>")
        #expect(
            try element.xmlString(indented: true) == """
                <a>
                  <b>text <i/></b>
                  <c>
                    <d/>
                  </c>
                  <e/>
                  <f> </f>
                </a>
                """)
    }

    @Test func movedElementsKeepTheirNamespaces() throws {
        let source = try XML.Element(parsing: "<a xmlns:p='urn:p' xmlns='urn:d'><p:b p:x='1'><c/></p:b></a>")
        let moved = try #require(source.elements.first)
        #expect(try moved.xmlString() == "<p:b p:x=\"1\" xmlns:p=\"urn:p\"><c xmlns=\"urn:d\"/></p:b>")
        // Into a place where the prefix means something else, and where there is a default namespace.
        var target = try XML.Element(parsing: "<t xmlns='urn:t' xmlns:p='urn:q'/>")
        target.children = [.element(moved), .element(XML.Element("plain"))]
        let text = try target.xmlString()
        let read = try XML.Element(parsing: text).elements
        #expect(read.map(\.name) == [moved.name, "plain"])
        #expect(read[0].elements.first?.name.namespace?.uri == "urn:d")
    }

    @Test func deepTreesAreBuiltWrittenComparedAndLetGo() throws {
        func build() -> XML.Element {
            var element = XML.Element("e")
            for _ in 0..<200_000 { element = XML.Element("e", children: [.element(element)]) }
            return element
        }
        let (one, other) = (build(), build())
        #expect(one == other)
        #expect(try one.xmlString().utf8.count == 200_000 * 7 + 4)
    }

    @Test(arguments: [
        XML.Element("a", text: "\u{0}"), XML.Element("a", text: "bell \u{7}"), XML.Element("a", text: "\u{FFFE}"),
        XML.Element("a", text: "\u{FFFF}"), XML.Element("a", attributes: [.init("x", "\u{1B}[0m")]),
        XML.Element(""), XML.Element("1"), XML.Element("a b"), XML.Element("a:b"), XML.Element("a><b"),
        XML.Element("a", attributes: [.init("x='1' y", "")]),
        XML.Element("a", attributes: [.init(XML.Name("x", in: .init(prefix: "", uri: "urn:x")), "")]),
        XML.Element(XML.Name("a", in: .init(prefix: "p p", uri: "urn:x"))),
        XML.Element("a", attributes: [.init(declaring: .init(prefix: "p", uri: ""))]),
        XML.Element("a", children: [.comment("--")]), XML.Element("a", children: [.comment("x-")]),
        XML.Element("a", children: [.comment("\u{0}")]), XML.Element("a", children: [.cdata("\u{1}")]),
        XML.Element("a", children: [.processingInstruction(.init(target: "xml"))]),
        XML.Element("a", children: [.processingInstruction(.init(target: "p", text: "?>"))]),
    ])
    func refusesToWrite(_ element: XML.Element) throws {
        let error = try #require(throws: VirtKitError.self) { try element.xmlString() }
        #expect(error.code == .invalidXML)
    }

    @Test(arguments: [
        "plain", "", " spaces ", "\t\n\r\r\n", "<a href=\"x\">'&amp;'</a>", "]]>", "--", "\u{85}\u{2028}\u{7F}",
        "é日本😀\u{FFFD}\u{EFFF}", "\u{10FFFF}",
    ])
    func everyTextComesBack(_ text: String) throws {
        let element = XML.Element(
            "a", attributes: [.init("x", text)], children: [.element(.init("t", text: text)), .cdata(text)])
        let read = try XML.Element(parsing: try element.xmlString())
        #expect(read[attribute: "x"] == text)
        #expect(read["t"]?.text == text)
        #expect(read.text == text)
    }
}
