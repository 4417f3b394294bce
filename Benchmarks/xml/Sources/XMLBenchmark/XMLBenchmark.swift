import Foundation
import VirtKitLibvirt

/// Reads and writes all documents that a list names: once for each line of standard input, and prints each time's
/// nanoseconds and the number of bytes written.
@main struct XMLBenchmark {
    static func main() throws {
        let list = try String(contentsOfFile: CommandLine.arguments[1], encoding: .utf8)
        let texts = try list.split(separator: "\n").map { try String(contentsOfFile: String($0), encoding: .utf8) }
        // Contiguous UTF-8, as texts from libvirt are.
        let native = texts.map { String(decoding: Array($0.utf8), as: UTF8.self) }
        while readLine() != nil {
            var written = 0
            let time = try ContinuousClock().measure {
                for text in native { written += try XML.Document(text).xmlString().utf8.count }
            }
            print(time.components.seconds * 1_000_000_000 + time.components.attoseconds / 1_000_000_000, written)
            fflush(nil)
        }
    }
}
