import Foundation
import Testing
import VirtKitCore
import VirtKitLibvirt

/// Every XML document of libvirt's source package is read and written back with nothing lost.
@Suite(.enabled(if: !Corpus.all.isEmpty, "VIRTKIT_TEST_LIBVIRT_SOURCE is not set"))
struct CorpusTests {
    /// Compares two folders' documents in XML's canonical form, by Python's own parser. Those that we refused must be
    /// malformed for it too.
    private static let compare = """
        import sys, os
        from xml.etree.ElementTree import canonicalize, ParseError
        before, after, same, refused = sys.argv[1], sys.argv[2], 0, 0
        for line in open(os.path.join(after, 'list')):
            path = line.rstrip('\\n')
            name = os.path.join(after, path.replace('/', '%'))
            try: old = canonicalize(from_file=os.path.join(before, path), with_comments=True)
            except ParseError: old = None
            if not os.path.exists(name):
                if old is None: refused += 1
                else: print('REFUSED', path)
            elif old == canonicalize(from_file=name, with_comments=True): same += 1
            else: print('DIFFERENT', path)
        print('SAME', same, 'MALFORMED', refused)
        """

    @Test(arguments: Corpus.all) func everyDocumentComesBack(_ corpus: Corpus) throws {
        let paths = corpus.paths
        #expect(paths.count > 3000)
        try withFolder { folder in
            var read = 0
            for path in paths {
                guard let document = try? XML.Document(bytes: try corpus.bytes(of: path)) else { continue }
                read += 1
                let written = try document.xmlBytes()
                try Data(written).write(to: folder.appendingPathComponent(path.replacing("/", with: "%")))
                #expect(try XML.Document(bytes: written) == document, "\(path)")
            }
            try Data(paths.joined(separator: "\n").utf8).write(to: folder.appendingPathComponent("list"))
            let output = try runPython(Self.compare, [corpus.folder.path, folder.path])
            #expect(output == "SAME \(read) MALFORMED \(paths.count - read)\n")
            #expect(paths.count - read < 10)
        }
    }
}
