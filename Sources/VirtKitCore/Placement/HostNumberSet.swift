/// A set of the host's CPUs, or of its NUMA nodes, by number. Written as the kernel writes them: `0-3,8`.
public struct HostNumberSet: Hashable, Sendable, Codable, CustomStringConvertible, ExpressibleByArrayLiteral {
    /// The largest number that a set may hold: the kernel's own limit of CPUs is below it.
    public static let maximum = 8191

    /// The numbers, rising.
    public let numbers: [Int]

    /// Makes a set; numbers that are named twice count once.
    public init(_ numbers: some Sequence<Int>) { self.numbers = Set(numbers).sorted() }

    /// Makes a set of some numbers.
    public init(arrayLiteral elements: Int...) { self.init(elements) }

    /// Reads a list such as `0-3,8`; nil where it is none, or names a number beyond ``maximum``.
    public init?(parsing text: String) {
        var numbers: Set<Int> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false)
            guard (1...2).contains(ends.count), let first = Self.number(ends[0]),
                let last = Self.number(ends[ends.count - 1]), first <= last
            else { return nil }
            numbers.formUnion(first...last)
        }
        self.init(numbers)
    }

    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = Int(text),
            value <= maximum
        else { return nil }
        return value
    }

    /// Whether the set is empty.
    public var isEmpty: Bool { numbers.isEmpty }

    /// Whether a number is in the set.
    public func contains(_ number: Int) -> Bool { numbers.contains(number) }

    /// The numbers that are in this set and not in another.
    public func subtracting(_ other: HostNumberSet) -> HostNumberSet {
        HostNumberSet(Set(numbers).subtracting(other.numbers))
    }

    /// The list, with ranges: `0-3,8`.
    public var description: String {
        var parts: [String] = []
        var rest = numbers[...]
        while let first = rest.popFirst() {
            var last = first
            while rest.first == last &+ 1 {
                last += 1
                rest.removeFirst()
            }
            parts.append(first == last ? "\(first)" : "\(first)-\(last)")
        }
        return parts.joined(separator: ",")
    }

    /// Reads a list from a string.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let set = HostNumberSet(parsing: text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "\"\(text)\" is not a list of numbers such as 0-3,8")
        }
        self = set
    }

    /// Writes the list as a string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
