import Foundation
import Testing
import VirtKitCore
import VirtKitLibvirt

/// Values with quotes, markup and control characters reach libvirt as they are, or are refused.
@Suite(.enabled(if: !Corpus.all.isEmpty, "VIRTKIT_TEST_LIBVIRT_SOURCE is not set"))
struct InjectionTests {
    /// Defines a domain in libvirt's test driver, and prints what libvirt's own functions say of it, as JSON.
    private static let define = """
        import json, libvirt, sys
        import xml.etree.ElementTree as ET
        libvirt.registerErrorHandler(lambda context, error: None, None)
        connection = libvirt.open('test:///default')
        result = []
        for text in json.load(open(sys.argv[1])):
            domain = connection.defineXML(text)
            tree = ET.fromstring(domain.XMLDesc())
            note = ET.fromstring(domain.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, 'urn:app'))
            disks = tree.findall('devices/disk')
            result.append({'name': domain.name(), 'disks': str(len(disks)), 'path': disks[0].find('source').get('file'),
                'description': domain.metadata(libvirt.VIR_DOMAIN_METADATA_DESCRIPTION, None),
                'text': note.text, 'attribute': note.get('owner'), 'children': str(len(note)),
                'commandLine': tree.findtext('os/cmdline')})
            domain.undefine()
        print(json.dumps(result))
        """

    static let values = [
        "plain", "it's \"quoted\"", "</name><name>other", "a & b &amp; c", "<!-- comment -->", "]]>", "<![CDATA[x]]>",
        "tab\tin it", "line\nbreak", "'/><disk type='file'/>", "\" onload=\"x", "é 日本 😀", "%s%n%p", "$(reboot); `id`",
        "../../etc/passwd", "\u{85}\u{2028}", "trailing ", " leading",
    ]

    private func domain(_ value: String) -> DomainDescription {
        var domain = DomainDescription()
        domain.type = .test
        domain.name = "n" + value.replacing("/", with: "-").replacing("\n", with: " ")
        domain.description = value
        domain.memory = .mebibytes(64)
        domain.os.type = .hvm
        domain.os.kernel = "/kernel"
        domain.os.commandLine = "c" + value
        var disk = DomainDisk()
        disk.type = .file
        disk.source.file = "/" + value
        disk.target = "vda"
        domain.devices.disks = [disk]
        var note = XML.Element(XML.Name("note", in: .init(prefix: "app", uri: "urn:app")), text: "t" + value)
        note[attribute: "owner"] = value
        domain.metadata[namespace: "urn:app"] = note
        return domain
    }

    @Test func valuesReachLibvirtExactly() throws {
        let domains = Self.values.map(domain)
        try withFolder { folder in
            let file = folder.appendingPathComponent("domains.json")
            try JSONEncoder().encode(try domains.map { try $0.xmlString() }).write(to: file)
            let output = try runPython(Self.define, [file.path])
            let results = try JSONDecoder().decode([[String: String]].self, from: Data(output.utf8))
            #expect(results.count == domains.count)
            for ((value, domain), result) in zip(zip(Self.values, domains), results) {
                #expect(result["name"] == domain.name)
                #expect(result["description"] == value)
                // libvirt itself writes tabs and line breaks in attributes without escapes, which its readers see as spaces.
                #expect(result["path"] == "/" + value.replacing("\t", with: " ").replacing("\n", with: " "))
                #expect(result["disks"] == "1")
                #expect(result["text"] == "t" + value)
                #expect(result["attribute"] == value)
                #expect(result["children"] == "0")
                #expect(result["commandLine"] == "c" + value)
            }
        }
    }

    @Test(arguments: ["\u{0}", "a\u{1}b", "\u{1B}[2J", "\u{FFFF}"])
    func controlCharactersAreRefused(_ value: String) throws {
        let error = try #require(throws: VirtKitError.self) { try domain(value).xmlString() }
        #expect(error.code == .invalidXML)
    }
}
