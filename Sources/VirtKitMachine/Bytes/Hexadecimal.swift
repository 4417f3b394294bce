/// A number as people write addresses.
func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
