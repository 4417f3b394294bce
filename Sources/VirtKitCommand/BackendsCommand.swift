import ArgumentParser
import Foundation
import VirtKit

struct BackendsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backends", abstract: "Lists every backend, what it can do here, and why not.")

    @Flag(help: "Print a JSON array of {id, kind, available, reason, remedy, abilities}.")
    var json = false

    private struct Row: Encodable {
        var id: String
        var kind: String
        var available: Bool
        var reason: String
        var remedy: String?
        var abilities: [String]

        func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: Keys.self)
            try values.encode(id, forKey: .id)
            try values.encode(kind, forKey: .kind)
            try values.encode(available, forKey: .available)
            try values.encode(reason, forKey: .reason)
            // null rather than no key, so that every row has the same shape.
            try values.encode(remedy, forKey: .remedy)
            try values.encode(abilities, forKey: .abilities)
        }

        enum Keys: String, CodingKey { case id, kind, available, reason, remedy, abilities }
    }

    func run() async throws {
        var rows: [Row] = []
        for backend in Backends.builtIn {
            let answer = await backend.availability()
            rows.append(
                Row(
                    id: backend.id, kind: backend.kind.rawValue, available: answer.level > .no, reason: answer.reason,
                    remedy: answer.remedy, abilities: backend.abilities))
        }
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(rows), as: UTF8.self))
            return
        }
        for row in rows {
            print("\(row.id) (\(row.kind)): \(row.available ? "available" : "not available")")
            print("    \(row.reason)")
            if let remedy = row.remedy { print("    remedy: \(remedy)") }
            print("    abilities: \(row.abilities.joined(separator: ", "))")
        }
    }
}
