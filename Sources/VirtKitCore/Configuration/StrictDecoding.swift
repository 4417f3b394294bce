/// A coding key that accepts any name, so that unknown ones can be found.
private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

extension Decoder {
    /// A keyed container, after a check that the input has no key but those in `known`: what VirtKit does not know it
    /// refuses, and never drops.
    func strictContainer<Key: CodingKey>(
        keyedBy type: Key.Type, known: Set<String>
    ) throws -> KeyedDecodingContainer<Key> {
        let unknown = try container(keyedBy: AnyKey.self).allKeys.map(\.stringValue).filter { !known.contains($0) }
        guard unknown.isEmpty else {
            let names = unknown.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: codingPath,
                    debugDescription: "unknown \(unknown.count == 1 ? "key" : "keys") \(names); known are "
                        + known.sorted().joined(separator: ", ")))
        }
        return try container(keyedBy: type)
    }

    /// A keyed container that allows exactly the keys of `type`.
    func strictContainer<Key: CodingKey & CaseIterable>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        try strictContainer(keyedBy: type, known: Set(Key.allCases.map(\.stringValue)))
    }
}
