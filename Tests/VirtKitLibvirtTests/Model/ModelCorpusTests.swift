import Foundation
import Testing
import VirtKitCore

@testable import VirtKitLibvirt

/// The typed properties, held against every document of libvirt's source package.
@Suite(.enabled(if: !Corpus.all.isEmpty, "VIRTKIT_TEST_LIBVIRT_SOURCE is not set"))
struct ModelCorpusTests {
    /// The places of a document of a kind that there are types for.
    static func place(_ document: XML.Document) throws -> Place? {
        switch document.root.name.local {
        case "domain": Place(try DomainDescription(document))
        case "network": Place(try NetworkDescription(document))
        case "filter": Place(try NetworkFilterDescription(document))
        case "interface": Place(try HostInterfaceDescription(document))
        case "pool": Place(try StoragePoolDescription(document))
        case "volume": Place(try StorageVolumeDescription(document))
        case "secret": Place(try SecretDescription(document))
        case "domainsnapshot": Place(try SnapshotDescription(document))
        case "domaincheckpoint": Place(try CheckpointDescription(document))
        case "domainbackup": Place(try BackupDescription(document))
        case "capabilities": Place(try CapabilitiesDescription(document))
        case "domainCapabilities": Place(try DomainCapabilitiesDescription(document))
        case "device": Place(try NodeDeviceDescription(document))
        default: nil
        }
    }

    static func places(_ corpus: Corpus) throws -> [(path: String, root: String, place: Place)] {
        try corpus.paths.compactMap { path in
            guard let document = try? XML.Document(bytes: try corpus.bytes(of: path)), let place = try place(document)
            else { return nil }
            return (path, document.root.name.local, place)
        }
    }

    /// What is in an element, each part with its path, in order.
    private static func contents(_ element: XML.Element) -> [String] {
        var result: [String] = []
        func visit(_ element: XML.Element, _ path: String) {
            for attribute in element.attributes { result.append("\(path)/@\(attribute.name)=\(attribute.value)") }
            for child in element.children {
                switch child {
                case .element(let child):
                    result.append("\(path)/\(child.name)")
                    visit(child, "\(path)/\(child.name)")
                case .text where child.isBlank: break
                case .text(let text): result.append("\(path)=\(text)")
                default: result.append("\(path) \(child)")
                }
            }
        }
        visit(element, "")
        return result
    }

    /// Sets and clears each property of each element of each document: that property changes, nothing else does, and the
    /// way back leads to the same document.
    @Test(arguments: Corpus.all) func settingAPropertyChangesNothingElse(_ corpus: Corpus) throws {
        let samples = ["yes", "7340032", "0-3,8", "/some/path"]
        var changes = 0
        for (document, _, place) in try Self.places(corpus) {
            for place in place.all {
                let before = Self.contents(place.element)
                for leaf in place.leaves {
                    var element = place.element
                    let old = leaf.value(in: element)
                    guard
                        let sample = samples.first(where: { sample in
                            sample != old && leaf.set(sample, in: &element, order: place.order)
                        })
                    else { continue }
                    changes += 1
                    let name = "\(document) \(place.path) \(leaf.path)"
                    var again = XML.Element("again")
                    _ = leaf.set(sample, in: &again, order: [])
                    #expect(leaf.value(in: element) == leaf.value(in: again), "\(name) = \(sample)")
                    let allowed = leaf.touched.map { path in
                        path.steps.map { "/\($0.name)" } + (path.attribute.map { ["/@\($0)"] } ?? [])
                    }
                    func isAllowed(_ line: String) -> Bool {
                        allowed.contains { parts in
                            (0...parts.count).contains { count in
                                let prefix = parts.prefix(count).joined()
                                return count == parts.count
                                    ? line.hasPrefix(prefix + "=") || line == prefix : line == prefix
                            } || parts.isEmpty
                        }
                    }
                    let difference = Self.contents(element).difference(from: before)
                    for change in difference {
                        switch change {
                        case .insert(_, let line, _), .remove(_, let line, _):
                            #expect(isAllowed(line), "\(name): \(line)")
                        }
                    }
                    // An empty element goes with the last that was set in it, also where it was there before.
                    let hadEmpty = (1...max(1, leaf.path.steps.count)).contains { count in
                        place.element.find(leaf.path.steps.prefix(count))?.isEmpty ?? false
                    }
                    if old == nil, place.element.read(leaf.path) == nil, !hadEmpty {
                        leaf.clear(in: &element, order: place.order)
                        #expect(element == place.element, "\(name), cleared")
                    }
                }
            }
        }
        #expect(changes > 100_000)
    }

    /// How much of what documents hold has a type.
    @Test(arguments: Corpus.all) func coverage(_ corpus: Corpus) throws {
        var coverage: [String: Coverage] = [:]
        for (_, root, place) in try Self.places(corpus) { coverage[root, default: Coverage()].add(place) }
        for (root, coverage) in coverage.sorted(by: { $0.key < $1.key }) {
            print("coverage \(root): \(coverage.report)")
        }
        let domain = try #require(coverage["domain"])
        let missing = domain.there.subtracting(domain.typed).filter { !$0.hasPrefix("/metadata/") }.sorted()
        print("untyped in domains: \(missing)")
        #expect(Double(missing.count) < 0.05 * Double(domain.there.count))
    }
}
