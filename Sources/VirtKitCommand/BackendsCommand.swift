import ArgumentParser
import Foundation
import VirtKit

struct BackendsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backends", abstract: "Lists every backend, what it can do here, and why not.")

    @Flag(help: "Print a JSON array of {id, kind, available, level, reason, remedy, abilities, details}.")
    var json = false

    private struct Row: Encodable {
        var id: String
        var kind: String
        var available: Bool
        var level: String
        var reason: String
        var remedy: String?
        var abilities: [String]
        var details: [BackendDetail]

        func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: Keys.self)
            try values.encode(id, forKey: .id)
            try values.encode(kind, forKey: .kind)
            try values.encode(available, forKey: .available)
            try values.encode(level, forKey: .level)
            try values.encode(reason, forKey: .reason)
            // null rather than no key, so that every row has the same shape.
            try values.encode(remedy, forKey: .remedy)
            try values.encode(abilities, forKey: .abilities)
            try values.encode(
                Dictionary(details.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first }),
                forKey: .details)
        }

        enum Keys: String, CodingKey { case id, kind, available, level, reason, remedy, abilities, details }
    }

    func run() async throws {
        var rows: [Row] = []
        for backend in Backends.builtIn {
            let answer = await backend.availability()
            rows.append(
                Row(
                    id: backend.id, kind: backend.kind.rawValue, available: answer.level > .no,
                    level: Self.name(answer.level), reason: answer.reason, remedy: answer.remedy,
                    abilities: backend.abilities, details: await backend.details()))
        }
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(rows), as: UTF8.self))
            return
        }
        for row in rows {
            let level = row.level == "limited" ? "available, limited" : row.available ? "available" : "not available"
            print("\(row.id) (\(row.kind)): \(level)")
            print("    \(row.reason)")
            if let remedy = row.remedy { print("    remedy: \(remedy)") }
            for detail in row.details { print("    \(detail.name): \(detail.value)") }
            print("    abilities: \(row.abilities.joined(separator: ", "))")
        }
    }

    private static func name(_ level: Suitability.Level) -> String {
        level == .no ? "no" : level >= .full ? "full" : "limited"
    }
}
