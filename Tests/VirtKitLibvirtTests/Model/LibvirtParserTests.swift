import Foundation
import Testing
import VirtKitCore

@testable import VirtKitLibvirt

/// Typed properties against libvirt's own parser: libvirt's test driver defines a document and gives it back in its own
/// words, and both must read the same.
@Suite(.enabled(if: !Corpus.all.isEmpty, "VIRTKIT_TEST_LIBVIRT_SOURCE is not set"))
struct LibvirtParserTests {
    /// Defines each document of a list in libvirt's test driver, and writes what libvirt makes of it.
    private static let normalise = """
        import libvirt, os, sys
        libvirt.registerErrorHandler(lambda context, error: None, None)
        source, target = sys.argv[1], sys.argv[2]
        connection = libvirt.open('test:///default')
        kinds = {'domain': (connection.defineXML, lambda d: d.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE)),
            'network': (connection.networkDefineXML, lambda d: d.XMLDesc()),
            'pool': (lambda x: connection.storagePoolDefineXML(x), lambda d: d.XMLDesc())}
        for line in open(os.path.join(target, 'list')):
            kind, path = line.rstrip('\\n').split(' ', 1)
            define, describe = kinds[kind]
            try:
                text = open(os.path.join(source, path)).read()
                defined = define(text)
                described = describe(defined)
            except libvirt.libvirtError:
                continue
            open(os.path.join(target, path.replace('/', '%')), 'w').write(described)
            defined.undefine()
        """

    /// Properties that libvirt itself changes when it takes a document.
    private static let changed: [String] = []

    @Test func typedPropertiesReadWhatLibvirtReads() throws {
        // The oldest that there is: this system's libvirt may not know the documents of a later one.
        let corpus = try #require(Corpus.all.first)
        let all = try ModelCorpusTests.places(corpus).filter { ["domain", "network", "pool"].contains($0.root) }
        try withFolder { folder in
            let list = all.map { "\($0.root) \($0.path)" }.joined(separator: "\n")
            try Data(list.utf8).write(to: folder.appendingPathComponent("list"))
            _ = try runPython(Self.normalise, [corpus.folder.path, folder.path])
            var documents = 0
            var compared = 0
            var differences: [String: Int] = [:]
            for (path, _, place) in all {
                let file = folder.appendingPathComponent(path.replacing("/", with: "%"))
                guard let data = try? Data(contentsOf: file) else { continue }
                documents += 1
                let theirs = try #require(try ModelCorpusTests.place(try XML.Document(bytes: [UInt8](data))))
                let byPath = Dictionary(theirs.all.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
                for place in place.all {
                    guard let other = byPath[place.path] else { continue }
                    for leaf in place.leaves {
                        guard let one = leaf.value(in: place.element), let two = leaf.value(in: other.element) else {
                            continue
                        }
                        compared += 1
                        if one != two {
                            let name = "\(place.path.replacing(#/\[\d+\]/#, with: "")) \(leaf.path)"
                            if differences[name] == nil {
                                print("differs: \(path) \(place.path) \(leaf.path): \(one) \(two)")
                            }
                            differences[name, default: 0] += 1
                        }
                    }
                }
            }
            print("compared \(compared) values of \(documents) documents; \(differences.values.reduce(0, +)) differ")
            #expect(documents > 1000)
            #expect(differences.isEmpty)
        }
    }
}
