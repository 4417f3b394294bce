/// A saved state that can't be read.
public struct StateError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong with it.
    public let message: String
    /// Makes an error.
    public init(_ message: String) { self.message = message }
    /// The message.
    public var description: String { message }
}

/// Writes a section of saved state: little-endian values one after another, without padding.
public struct StateEncoder: Sendable {
    /// What has been written.
    public private(set) var bytes: [UInt8] = []
    /// Makes an empty encoder.
    public init() {}

    /// Writes an integer.
    public mutating func encode<Value: FixedWidthInteger>(_ value: Value) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// Writes a truth value as one byte.
    public mutating func encode(_ value: Bool) { bytes.append(value ? 1 : 0) }

    /// Writes bytes, with their count before them.
    public mutating func encode(_ value: [UInt8]) {
        encode(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    /// Writes a string as UTF-8, with its count of bytes before it.
    public mutating func encode(_ value: String) { encode(Array(value.utf8)) }

    /// Writes an array of integers, with its count before them.
    public mutating func encode<Value: FixedWidthInteger>(_ values: [Value]) {
        encode(UInt64(values.count))
        for value in values { encode(value) }
    }
}

/// Reads a section of saved state. Nothing in the bytes is trusted.
public struct StateDecoder: Sendable {
    private var rest: ArraySlice<UInt8>

    /// Makes a decoder of bytes.
    public init(_ bytes: [UInt8]) { rest = bytes[...] }

    /// The number of bytes not read yet.
    public var remaining: Int { rest.count }

    /// Reads an integer.
    public mutating func decode<Value: FixedWidthInteger>(_ type: Value.Type) throws(StateError) -> Value {
        let size = MemoryLayout<Value>.size
        guard rest.count >= size else { throw StateError("the state ends too early") }
        var value: Value = 0
        // SAFETY: the buffer has `size` bytes, and so has the prefix.
        withUnsafeMutableBytes(of: &value) { $0.copyBytes(from: rest.prefix(size)) }
        rest = rest.dropFirst(size)
        return Value(littleEndian: value)
    }

    /// Reads a truth value.
    public mutating func decode(_ type: Bool.Type) throws(StateError) -> Bool {
        switch try decode(UInt8.self) {
        case 0: false
        case 1: true
        case let other: throw StateError("\(other) is not a truth value")
        }
    }

    /// Reads bytes.
    ///
    /// - Parameter limit: the largest count that is accepted.
    public mutating func decodeBytes(limit: Int = .max) throws(StateError) -> [UInt8] {
        let count = try decode(UInt64.self)
        guard count <= UInt64(rest.count), count <= UInt64(limit) else {
            throw StateError("a count of \(count) is too large")
        }
        let bytes = Array(rest.prefix(Int(count)))
        rest = rest.dropFirst(Int(count))
        return bytes
    }

    /// Reads a string.
    public mutating func decode(_ type: String.Type) throws(StateError) -> String {
        let bytes = try decodeBytes()
        guard let text = String(validating: bytes, as: UTF8.self) else { throw StateError("text is not UTF-8") }
        return text
    }

    /// Reads an array of integers.
    ///
    /// - Parameters:
    ///   - type: the integers' type.
    ///   - limit: the largest count that is accepted.
    public mutating func decodeArray<Value: FixedWidthInteger>(
        of type: Value.Type, limit: Int = .max
    ) throws(StateError) -> [Value] {
        let count = try decode(UInt64.self)
        guard count <= UInt64(rest.count / MemoryLayout<Value>.size), count <= UInt64(limit) else {
            throw StateError("a count of \(count) is too large")
        }
        var values: [Value] = []
        values.reserveCapacity(Int(count))
        for _ in 0..<count { values.append(try decode(Value.self)) }
        return values
    }

    /// Checks that everything has been read.
    public func finish() throws(StateError) {
        guard rest.isEmpty else { throw StateError("\(rest.count) bytes are left over") }
    }
}

/// One part of a saved machine: a device, a vCPU, the clock.
public struct StateSection: Hashable, Sendable {
    /// The part's stable identity, unique in its machine: "cpu/0", "pc/ioapic".
    public var id: String
    /// The version of the payload's layout, which is the part's own.
    public var version: UInt32
    /// The payload, as `StateEncoder` wrote it.
    public var payload: [UInt8]

    /// Makes a section.
    public init(id: String, version: UInt32, payload: [UInt8]) {
        self.id = id
        self.version = version
        self.payload = payload
    }
}
