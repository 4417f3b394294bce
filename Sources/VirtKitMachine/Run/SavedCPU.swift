internal import VirtKitCore

/// What a machine's guest was told of its CPUs, as it is saved: they must be the same wherever the machine goes on.
struct SavedCPU: Hashable, Sendable {
    static let sectionID = "machine/cpu"
    private static let version: UInt32 = 1

    /// The accelerator that the machine was saved on.
    var accelerator: String
    /// Never `.standard`.
    var model: CPUModel
    /// Nil where the accelerator does not tell.
    var features: X86_64.Features?

    init(accelerator: String, model: CPUModel, features: X86_64.Features?) {
        self.accelerator = accelerator
        self.model = model
        self.features = features
    }

    var section: StateSection {
        var encoder = StateEncoder()
        encoder.encode(accelerator)
        encoder.encode(model.rawValue)
        encoder.encode(features != nil)
        let words = features?.words ?? []
        encoder.encode(UInt32(words.count))
        for word in words { encoder.encode(word) }
        return StateSection(id: Self.sectionID, version: Self.version, payload: encoder.bytes)
    }

    /// Reads the section of a saved machine; nil where it has none, as those of VirtKit 0.2.0.
    init?(of sections: [StateSection]) throws(VirtKitError) {
        let found = sections.filter { $0.id == Self.sectionID }
        guard let section = found.first else { return nil }
        do throws(StateError) {
            guard found.count == 1 else { throw StateError("it is there twice") }
            guard section.version == Self.version else { throw StateError("version \(section.version) is not known") }
            var decoder = StateDecoder(section.payload)
            accelerator = try decoder.decode(String.self)
            model = CPUModel(rawValue: try decoder.decode(String.self))
            let isKnown = try decoder.decode(Bool.self)
            let count = try decoder.decode(UInt32.self)
            guard count <= 64 else { throw StateError("\(count) words of features") }
            var words: [UInt32] = []
            for _ in 0..<count { words.append(try decoder.decode(UInt32.self)) }
            try decoder.finish()
            let features = X86_64.Features(words: words)
            guard isKnown ? features.words == words : words.isEmpty else {
                throw StateError("features that are not known")
            }
            self.features = isKnown ? features : nil
        } catch {
            throw VirtKitError(
                .invalidSavedState, operation: "restore machine", message: "section \(Self.sectionID): \(error.message)"
            )
        }
    }

    /// What a machine here is to have that was saved with `saved`; this is what the accelerator here could offer.
    ///
    /// - Throws: `VirtKitError` with `.invalidSavedState` where the guest would find other CPUs.
    func take(over saved: SavedCPU) throws(VirtKitError) -> SavedCPU {
        guard saved.model == model else {
            throw Self.refusal(
                "its CPUs are of the model \(saved.model.rawValue), not \(model.rawValue)",
                "restore with the configuration that the machine was made from")
        }
        if saved.accelerator != accelerator {
            guard model != .host else {
                throw Self.refusal(
                    "its CPUs are the host's as \(saved.accelerator) shows them, and \(accelerator) shows others",
                    "give a machine that is to move a CPU model by name")
            }
            guard saved.features != nil, features != nil else {
                throw Self.refusal(
                    "nothing tells whether \(accelerator) offers the CPU features that \(saved.accelerator) did",
                    "restore it on \(saved.accelerator)")
            }
        }
        guard let wanted = saved.features, let own = features else { return self }
        let lacking = wanted.subtracting(own)
        guard lacking.isEmpty else {
            throw Self.refusal(
                "its guest was told of CPU features that \(accelerator) lacks here: "
                    + lacking.names.joined(separator: ", "),
                "make a machine that is to move with the features that both have (cpuFeatures, X86_64.Features.common)")
        }
        return SavedCPU(accelerator: accelerator, model: model, features: wanted)
    }

    private static func refusal(_ message: String, _ remedy: String) -> VirtKitError {
        VirtKitError(.invalidSavedState, operation: "restore machine", message: message, remedy: remedy)
    }
}
