/// An ACPI table's header and bytes (ACPI specification 6.5, 5.2.6).
enum ACPITable {
    /// Who made the tables.
    static let oemID = "VIRTKT"
    /// What they describe.
    static let oemTableID = "VIRTKIT1"

    /// A table: the header of 36 bytes, the contents, and the checksum that makes all bytes add up to zero.
    static func make(_ signature: String, revision: UInt8, _ contents: [UInt8]) -> [UInt8] {
        var bytes = text(signature, 4)
        bytes.appendLittle(UInt32(truncatingIfNeeded: contents.count + 36))
        bytes += [revision, 0]
        bytes += text(oemID, 6) + text(oemTableID, 8)
        bytes.appendLittle(UInt32(1))
        bytes += text("VKIT", 4)
        bytes.appendLittle(UInt32(1))
        bytes += contents
        bytes[9] = checksum(bytes[...])
        return bytes
    }

    /// The byte that makes the sum of `bytes`, one of which is zero and will hold it, zero.
    static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt8 { 0 &- bytes.reduce(0, &+) }

    /// ASCII text, cut or padded by zeros.
    static func text(_ text: String, _ count: Int) -> [UInt8] {
        Array((Array(text.utf8) + [UInt8](repeating: 0, count: count)).prefix(count))
    }

    /// A generic address structure (5.2.3.2).
    static func genericAddress(port: UInt64, bits: UInt8) -> [UInt8] {
        let accessSizes: [UInt8: UInt8] = [8: 1, 16: 2, 32: 3]
        var bytes: [UInt8] = port == 0 ? [0, 0, 0, 0] : [1, bits, 0, accessSizes[bits] ?? 1]
        bytes.appendLittle(port)
        return bytes
    }
}
