/// Terms of the ACPI Machine Language, as far as the board's tables need them (ACPI specification 6.5, chapter 20).
/// Names are in ASL's text form: `\_SB`, `PCI0`, `\_SB.PCI0`; segments have one to four characters.
enum AMLTerm {
    case name(String, AMLValue)
    case scope(String, [AMLTerm])
    case device(String, [AMLTerm])
    /// A method whose body is one `Return`.
    case method(String, arguments: UInt8, returns: AMLValue)

    /// The term in bytes.
    var bytes: [UInt8] {
        switch self {
        case .name(let name, let value): [0x08] + AML.name(name) + value.bytes
        case .scope(let name, let terms): [0x10] + AML.package(AML.name(name) + terms.flatMap(\.bytes))
        case .device(let name, let terms): [0x5B, 0x82] + AML.package(AML.name(name) + terms.flatMap(\.bytes))
        case .method(let name, let arguments, let value):
            [0x14] + AML.package(AML.name(name) + [arguments & 7] + [0xA4] + value.bytes)
        }
    }
}

/// Values of the ACPI Machine Language.
enum AMLValue {
    case integer(UInt64)
    case string(String)
    case buffer([UInt8])
    case package([AMLValue])
    /// An EISA ID: "PNP0A08".
    case eisaID(String)
    /// A resource template.
    case resources([ACPIResource])
    /// Argument 0 to 6 of the method.
    case argument(UInt8)

    /// The value in bytes.
    var bytes: [UInt8] {
        switch self {
        case .integer(let value): AML.integer(value)
        case .string(let text): [0x0D] + text.utf8.filter { (1...0x7F).contains($0) } + [0]
        case .buffer(let bytes): AML.buffer(bytes)
        case .package(let values):
            [0x12] + AML.package([UInt8(truncatingIfNeeded: values.count)] + values.flatMap(\.bytes))
        case .eisaID(let id): AML.integer(UInt64(AML.eisaID(id)))
        case .resources(let resources):
            // The end tag: its checksum 0 means that there is none.
            AML.buffer(resources.flatMap(\.bytes) + [0x79, 0])
        case .argument(let number): [0x68 + min(number, 6)]
        }
    }
}

/// Encodings that terms and values share.
enum AML {
    /// A package length (20.2.4) and what it counts; the length counts itself.
    static func package(_ contents: [UInt8]) -> [UInt8] {
        if contents.count + 1 <= 0x3F { return [UInt8(contents.count + 1)] + contents }
        var extra = 1
        while (contents.count + 1 + extra) >> (4 + 8 * extra) != 0 { extra += 1 }
        let length = contents.count + 1 + extra
        var bytes = [UInt8(extra << 6 | length & 0xF)]
        for index in 0..<extra { bytes.append(UInt8(truncatingIfNeeded: length >> (4 + 8 * index))) }
        return bytes + contents
    }

    /// A constant, in its shortest form (20.2.3).
    static func integer(_ value: UInt64) -> [UInt8] {
        switch value {
        case 0: return [0x00]
        case 1: return [0x01]
        default: break
        }
        let forms: [(UInt8, Int)] = [(0x0A, 1), (0x0B, 2), (0x0C, 4), (0x0E, 8)]
        let (prefix, size) = forms.first { $0.1 == 8 || value >> (8 * UInt64($0.1)) == 0 } ?? (0x0E, 8)
        return [prefix] + (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
    }

    static func buffer(_ bytes: [UInt8]) -> [UInt8] { [0x11] + package(integer(UInt64(bytes.count)) + bytes) }

    /// A name string (20.2.2): an optional root, and one or more segments padded by underscores.
    static func name(_ text: String) -> [UInt8] {
        var path = text[...]
        var bytes: [UInt8] = []
        if path.first == "\\" {
            bytes.append(0x5C)
            path = path.dropFirst()
        }
        let segments = path.split(separator: ".").map { Array((Array($0.utf8) + Array("____".utf8)).prefix(4)) }
        switch segments.count {
        case 0: bytes.append(0)
        case 1: break
        case 2: bytes.append(0x2E)
        default: bytes += [0x2F, UInt8(truncatingIfNeeded: segments.count)]
        }
        return bytes + segments.joined()
    }

    /// An EISA ID: three letters of five bits and four hexadecimal digits, in big-endian order (19.6.36).
    static func eisaID(_ text: String) -> UInt32 {
        let characters = Array(text.utf8.prefix(7))
        var value: UInt32 = 0
        for letter in characters.prefix(3) { value = value << 5 | UInt32(letter & 0x1F) }
        value = value << 16 | (UInt32(String(decoding: characters.dropFirst(3), as: UTF8.self), radix: 16) ?? 0)
        return value.byteSwapped
    }
}

/// Resource descriptors (ACPI specification 6.5, 6.4).
enum ACPIResource {
    /// A run of ports with a fixed address.
    case ports(UInt16, count: UInt8)
    /// An ISA interrupt: edge, active high, not shared.
    case irq(Int)
    /// A fixed range of memory below 4 GiB.
    case memory(UInt32, size: UInt32)
    /// Bus numbers that a bridge hands on.
    case buses(ClosedRange<UInt16>)
    /// Ports that a bridge hands on.
    case portWindow(ClosedRange<UInt16>)
    /// Memory below 4 GiB that a bridge hands on.
    case memoryWindow(Range<UInt64>)
    /// Memory anywhere that a bridge hands on.
    case wideMemoryWindow(Range<UInt64>)

    /// The descriptor in bytes.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        switch self {
        case .ports(let address, let count):
            bytes = [0x47, 0x01]
            bytes.appendLittle(address)
            bytes.appendLittle(address)
            bytes += [1, count]
        case .irq(let number):
            bytes = [0x22]
            bytes.appendLittle(UInt16(1) << UInt16(truncatingIfNeeded: number & 15))
        case .memory(let address, let size):
            bytes = [0x86, 9, 0, 1]
            bytes.appendLittle(address)
            bytes.appendLittle(size)
        case .buses(let range): bytes = Self.window(0x88, type: 2, specific: 0, range.lowerBound, range.upperBound)
        case .portWindow(let range): bytes = Self.window(0x88, type: 1, specific: 3, range.lowerBound, range.upperBound)
        case .memoryWindow(let range):
            bytes = Self.window(
                0x87, type: 0, specific: 1, UInt32(truncatingIfNeeded: range.lowerBound),
                UInt32(truncatingIfNeeded: range.upperBound &- 1))
        case .wideMemoryWindow(let range):
            bytes = Self.window(0x8A, type: 0, specific: 1, range.lowerBound, range.upperBound &- 1)
        }
        return bytes
    }

    /// An address space descriptor of a bridge: fixed minimum and maximum, positive decode, produced (6.4.3.5).
    private static func window<Value: FixedWidthInteger & UnsignedInteger>(
        _ tag: UInt8, type: UInt8, specific: UInt8, _ first: Value, _ last: Value
    ) -> [UInt8] {
        var bytes = [tag]
        bytes.appendLittle(UInt16(3 + 5 * MemoryLayout<Value>.size))
        bytes += [type, 0x0C, specific]
        for value in [0, first, last, 0, last &- first &+ 1] { bytes.appendLittle(value) }
        return bytes
    }
}
