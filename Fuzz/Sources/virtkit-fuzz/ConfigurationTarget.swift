import Foundation
import VirtKitCore

/// A machine's configuration in JSON: what is accepted comes back as it was.
final class ConfigurationTarget: FuzzTarget {
    func run(_ bytes: [UInt8]) {
        guard let value = try? JSONDecoder().decode(MachineConfiguration.self, from: Data(bytes)) else { return }
        try? value.validate()
        guard let again = try? JSONEncoder().encode(value) else { fatalError("\(value) can't be encoded") }
        let decoded = try? JSONDecoder().decode(MachineConfiguration.self, from: again)
        precondition(decoded == value, "\(value) became \(String(describing: decoded))")
    }
}
