import Foundation
import Testing
import VirtKitCore
import VirtKitLibvirt

/// Every XML document of libvirt's source package is read and written back with nothing lost.
@Suite(.enabled(if: !Corpus.all.isEmpty, "VIRTKIT_TEST_LIBVIRT_SOURCE is not set"))
struct CorpusTests {
    /// Compares two folders' documents in XML's canonical form, by Python's own parser.
    private static let compare = """
        import sys, os
        from xml.etree.ElementTree import canonicalize
        before, after, same = sys.argv[1], sys.argv[2], 0
        for line in open(os.path.join(after, 'list')):
            path = line.rstrip('\\n')
            name = path.replace('/', '%')
            old, new = (canonicalize(from_file=f, with_comments=True)
                for f in (os.path.join(before, path), os.path.join(after, name)))
            if old == new: same += 1
            else: print('DIFFERENT', path)
        print('SAME', same)
        """

    @Test(arguments: Corpus.all) func everyDocumentComesBack(_ corpus: Corpus) throws {
        let paths = corpus.paths
        #expect(paths.count > 3000)
        try withFolder { folder in
            for path in paths {
                let document = try XML.Document(bytes: try corpus.bytes(of: path))
                let written = try document.xmlBytes()
                try Data(written).write(to: folder.appendingPathComponent(path.replacing("/", with: "%")))
                #expect(try XML.Document(bytes: written) == document, "\(path)")
            }
            try Data(paths.joined(separator: "\n").utf8).write(to: folder.appendingPathComponent("list"))
            let output = try runPython(Self.compare, [corpus.folder.path, folder.path])
            #expect(output == "SAME \(paths.count)\n")
        }
    }
}
