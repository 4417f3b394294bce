import Foundation
import Testing
import VirtKitCore

@testable import VirtKitLibvirt

/// The binding of libxml2.
@Suite struct LibXML2Tests {
    private static let clang = ["/opt/swift/usr/bin/clang", "/usr/bin/clang"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }
    private static let headers = FileManager.default.fileExists(atPath: "/usr/include/libxml2/libxml/parser.h")

    /// Our declarations have the layout of the real ones.
    @Test(.enabled(if: clang != nil && headers, "needs clang and libxml2's headers"))
    func layout() throws {
        let sax = [
            ("internalSubset", "internalSubset"), ("characters", "characters"),
            ("ignorableWhitespace", "ignorableWhitespace"), ("processingInstruction", "processingInstruction"),
            ("comment", "comment"), ("cdataBlock", "cdataBlock"), ("initialized", "initialized"),
            ("startElementNs", "startElementNs"), ("endElementNs", "endElementNs"), ("serror", "structuredError"),
        ]
        let error = [("code", "code"), ("message", "message"), ("level", "level"), ("line", "line"), ("int2", "int2")]
        func check(_ fields: [(String, String)], _ theirs: String, _ ours: String) -> String {
            "_Static_assert(sizeof(struct \(theirs)) == sizeof(struct \(ours)), \"size\");\n"
                + fields.map { theirField, ourField in
                    "_Static_assert(offsetof(struct \(theirs), \(theirField)) == offsetof(struct \(ours), \(ourField)), "
                        + "\"\(theirField)\");\n"
                }.joined()
        }
        let constants = [
            ("XML_SAX2_MAGIC", "vk_XML_SAX2_MAGIC"), ("XML_PARSE_NOENT", "vk_XML_PARSE_NOENT"),
            ("XML_PARSE_NONET", "vk_XML_PARSE_NONET"), ("XML_PARSE_HUGE", "vk_XML_PARSE_HUGE"),
            ("XML_PARSE_IGNORE_ENC", "vk_XML_PARSE_IGNORE_ENC"), ("XML_WAR_NS_URI", "vk_XML_WAR_NS_URI"),
        ]
        let source = """
            #include <stddef.h>
            #include <libxml/parser.h>
            #include <libxml/xmlerror.h>
            #include "CVirtKitXML.h"
            \(check(sax, "_xmlSAXHandler", "vk_xml_sax"))\(check(error, "_xmlError", "vk_xml_error"))
            int main(void) { return \(constants.map { "\($0.0) == \($0.1)" }.joined(separator: " && ")) ? 0 : 1; }
            """
        let include = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../Sources/CVirtKit/include").standardized.path
        try withFolder { folder in
            let file = folder.appendingPathComponent("layout.c")
            try Data(source.utf8).write(to: file)
            let program = folder.appendingPathComponent("layout").path
            let arguments = ["-I/usr/include/libxml2", "-I\(include)", file.path, "-o", program]
            for (path, arguments) in [(try #require(Self.clang), arguments), (program, [])] {
                let process = try Process.run(URL(fileURLWithPath: path), arguments: arguments)
                process.waitUntilExit()
                #expect(process.terminationStatus == 0)
            }
        }
    }

    /// Where the library is missing, the error says what to install.
    @Test func absentLibrary() throws {
        let error = try #require(throws: VirtKitError.self) { try LibXML2(named: ["libxml2-is-not-here.so.0"]) }
        #expect(error.code == .unsupported)
        #expect(error.message.contains("libxml2-is-not-here.so.0"))
        #expect(error.remedy?.contains("install libxml2") == true)
        let other = try #require(throws: VirtKitError.self) { try LibXML2(named: ["libc.so.6"]) }
        #expect(other.message.contains("xmlCreatePushParserCtxt"))
    }
}
