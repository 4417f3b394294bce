/// Little-endian integers in bytes.
extension Array where Element == UInt8 {
    /// The integer at `offset`; nil where the bytes end before it does.
    func little<Value: FixedWidthInteger & UnsignedInteger>(_ type: Value.Type, at offset: Int) -> Value? {
        let size = MemoryLayout<Value>.size
        guard offset >= 0, offset <= count, size <= count - offset else { return nil }
        var value: Value = 0
        for index in 0..<size { value |= Value(self[offset + index]) &<< Value(8 * index) }
        return value
    }

    /// Puts an integer at `offset`, in bytes that are there already.
    mutating func putLittle<Value: FixedWidthInteger & UnsignedInteger>(_ value: Value, at offset: Int) {
        for index in 0..<MemoryLayout<Value>.size {
            self[offset + index] = UInt8(truncatingIfNeeded: value &>> Value(8 * index))
        }
    }

    /// Adds an integer at the end.
    mutating func appendLittle<Value: FixedWidthInteger & UnsignedInteger>(_ value: Value) {
        for index in 0..<MemoryLayout<Value>.size {
            append(UInt8(truncatingIfNeeded: value &>> Value(8 * index)))
        }
    }
}
