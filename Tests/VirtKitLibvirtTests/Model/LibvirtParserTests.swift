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

    /// Properties that libvirt itself changes when it takes a document: it writes them in another form, or the test driver
    /// puts values of its own there.
    private static let changed: Set = [
        " capacity", " available", " allocation", " target/path", " mac/@address", " uuid",
        "/devices/interface mac/@address",
        "/devices/interface model/@type", "/devices/filesystem @fmode", "/devices/filesystem @dmode",
        "/devices/redirfilter/usbdev @version", "/devices/shmem size", "/devices/disk boot/@loadparm",
        "/devices/interface boot/@loadparm", "/devices/hostdev/source @name", "/devices/disk/source @name",
    ]

    /// The values of two descriptions, compared property by property.
    private struct Comparison {
        var compared = 0
        var differences: [String] = []

        mutating func compare(_ ours: Place, _ theirs: Place) {
            for leaf in ours.leaves {
                guard let one = leaf.value(in: ours.element), let two = leaf.value(in: theirs.element) else { continue }
                compared += 1
                let name = "\(ours.path.replacing(#/\[\d+\]/#, with: "")) \(leaf.path)"
                if one != two, !LibvirtParserTests.changed.contains(name) {
                    differences.append("\(name): \(one) \(two)")
                }
            }
            for (_, value) in ours.properties {
                guard let branch = value as? any Branch else { continue }
                // libvirt sorts lists: each of ours is compared with the one that it resembles most.
                var others = theirs.children(branch)
                for child in ours.children(branch) {
                    // Long lists are compared in their order.
                    let comparisons = others.prefix(others.count > 64 ? 1 : 64).map { other in
                        var comparison = Comparison()
                        comparison.compare(child, other)
                        return comparison
                    }
                    guard
                        let best = comparisons.indices.min(by: { left, right in
                            let (left, right) = (comparisons[left], comparisons[right])
                            return (left.differences.count, -left.compared) < (right.differences.count, -right.compared)
                        })
                    else { continue }
                    compared += comparisons[best].compared
                    differences += comparisons[best].differences
                    others.remove(at: best)
                }
            }
        }
    }

    @Test func typedPropertiesReadWhatLibvirtReads() throws {
        // The oldest that there is: this system's libvirt may not know the documents of a later one.
        let corpus = try #require(Corpus.all.first)
        let all = try ModelCorpusTests.places(corpus).filter { ["domain", "network", "pool"].contains($0.root) }
        try withFolder { folder in
            let list = all.map { "\($0.root) \($0.path)" }.joined(separator: "\n")
            try Data(list.utf8).write(to: folder.appendingPathComponent("list"))
            _ = try runPython(Self.normalise, [corpus.folder.path, folder.path])
            var documents = 0
            var total = Comparison()
            for (path, _, place) in all {
                let file = folder.appendingPathComponent(path.replacing("/", with: "%"))
                guard let data = try? Data(contentsOf: file) else { continue }
                documents += 1
                let theirs = try #require(try ModelCorpusTests.place(try XML.Document(bytes: [UInt8](data))))
                let before = total.differences.count
                total.compare(place, theirs)
                for difference in total.differences[before...] { print("differs: \(path) \(difference)") }
            }
            print("compared \(total.compared) values of \(documents) documents; \(total.differences.count) differ")
            #expect(documents > 1000)
            #expect(total.compared > 50_000)
            // Devices that libvirt has put into the places of others, and what a few documents are there to test.
            #expect(total.differences.count * 500 < total.compared)
        }
    }
}
