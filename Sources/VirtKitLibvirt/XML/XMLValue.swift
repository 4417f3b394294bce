internal import VirtKitCore

extension XML {
    /// A value that stands in an attribute or an element's text.
    public protocol Value: Hashable, Sendable {
        /// Reads the value; nil where the text is none.
        init?(xml: String)
        /// The value as text.
        var xml: String { get }
    }

    /// A word of libvirt's that stands for one of several choices. Later versions of libvirt add choices, so a word need
    /// not be one that VirtKit knows.
    public protocol Token: Value, RawRepresentable, ExpressibleByStringLiteral, CustomStringConvertible
    where RawValue == String {
        /// Makes it from libvirt's word.
        init(rawValue: String)
    }
}

extension XML.Token {
    /// Makes it from libvirt's word.
    public init(_ word: String) { self.init(rawValue: word) }
    /// Makes it from libvirt's word.
    public init(stringLiteral word: String) { self.init(rawValue: word) }
    /// Makes it from libvirt's word.
    public init?(xml: String) { self.init(rawValue: xml) }
    /// libvirt's word.
    public var xml: String { rawValue }
    /// libvirt's word.
    public var description: String { rawValue }
}

extension String: XML.Value {
    /// The text.
    public init?(xml: String) { self = xml }
    /// The text.
    public var xml: String { self }
}

extension Int: XML.Value {
    /// Reads a decimal number, or a hexadecimal one that begins with "0x".
    public init?(xml: String) {
        let text = xml.trimmingXMLSpace
        if text.hasPrefix("0x") || text.hasPrefix("0X") {
            self.init(text.dropFirst(2), radix: 16)
        } else {
            self.init(text)
        }
    }

    /// The number in decimal.
    public var xml: String { String(self) }
}

extension UInt64: XML.Value {
    /// Reads a decimal number, or a hexadecimal one that begins with "0x".
    public init?(xml: String) {
        let text = xml.trimmingXMLSpace
        if text.hasPrefix("0x") || text.hasPrefix("0X") {
            self.init(text.dropFirst(2), radix: 16)
        } else {
            self.init(text)
        }
    }

    /// The number in decimal.
    public var xml: String { String(self) }
}

extension Bool: XML.Value {
    /// Reads "yes" or "on", "no" or "off".
    public init?(xml: String) {
        switch xml {
        case "yes", "on", "true", "1": self = true
        case "no", "off", "false", "0": self = false
        default: return nil
        }
    }

    /// "yes" or "no".
    public var xml: String { self ? "yes" : "no" }
}

/// A set of CPUs, NUMA nodes or other numbered things, as libvirt writes it: `0-3,^2,8`.
public struct CPUSet: XML.Value, ExpressibleByArrayLiteral, CustomStringConvertible {
    /// The largest number that a set may hold. (libvirt's VIR_DOMAIN_CPUMASK_LEN, 16,384, less one)
    public static let maximum = 16_383

    /// The numbers, in their order.
    public let members: [Int]

    /// Makes a set. Numbers that are negative or above `maximum` are left out.
    public init(_ members: some Sequence<Int>) {
        self.members = Set(members).filter { (0...Self.maximum).contains($0) }.sorted()
    }

    /// Makes a set.
    public init(arrayLiteral members: Int...) { self.init(members) }

    /// Reads numbers, ranges and exclusions, with commas between them.
    public init?(xml: String) {
        var members: Set<Int> = []
        for part in xml.split(separator: ",") {
            var text = String(part).trimmingXMLSpace
            let excluded = text.hasPrefix("^")
            if excluded { text.removeFirst() }
            let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard ends.count <= 2, let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last,
                first >= 0,
                last <= Self.maximum
            else { return nil }
            if excluded { members.subtract(first...last) } else { members.formUnion(first...last) }
        }
        self.init(members)
    }

    /// The set in ranges.
    public var xml: String {
        var ranges: [ClosedRange<Int>] = []
        for member in members {
            if let last = ranges.last, last.upperBound == member - 1 {
                ranges[ranges.count - 1] = last.lowerBound...member
            } else {
                ranges.append(member...member)
            }
        }
        return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ",")
    }

    /// The set in ranges.
    public var description: String { xml }
}

extension ByteCount {
    /// How many bytes one of libvirt's units has; nil where it is none. ("bytes", "KB" for 1,000, "k" or "KiB" for 1,024,
    /// and so on; in any case of letters, as virScaleInteger reads them)
    static func libvirtUnit(_ unit: String) -> UInt64? {
        let letters = unit.lowercased()
        if letters == "b" || letters == "byte" || letters == "bytes" { return 1 }
        guard let first = letters.first, let power = "kmgtpe".firstIndex(of: first) else { return nil }
        let exponent = "kmgtpe".distance(from: "kmgtpe".startIndex, to: power) + 1
        let base: UInt64
        switch letters.dropFirst() {
        case "", "ib": base = 1024
        case "b": base = 1000
        default: return nil
        }
        return (0..<exponent).reduce(1) { product, _ in product * base }
    }
}

extension String {
    /// The text without white space at its ends.
    var trimmingXMLSpace: String {
        guard let first = utf8.first, let last = utf8.last, first <= 0x20 || last <= 0x20 else { return self }
        let start = utf8.firstIndex { $0 > 0x20 } ?? utf8.endIndex
        let end = utf8.lastIndex { $0 > 0x20 }.map { utf8.index(after: $0) } ?? start
        return String(self[start..<end])
    }
}
