internal import VirtKitCore

/// The BIOS that the 16-bit entry of Linux needs: services by interrupts, the vectors to them, and the data areas of a PC.
/// It is not one that starts a machine: the boot loader puts it into memory as a BIOS would have left it.
enum LegacyBIOS {
    /// The segment of its code.
    private static let segment: UInt16 = 0xF000
    /// The offset of its code, and where that ends up in memory; it reaches to 1 MiB.
    private static let offset: UInt16 = 0xF000
    static let address: UInt64 = 0xF_F000
    /// Where in the code the loader's data are.
    private static let dataOffset = 0xC00
    private static let mapOffset = dataOffset + 8
    /// The largest memory map that there is room for.
    static let maximumMapEntries = (0xFF0 - mapOffset) / 20

    /// The parts, with their addresses.
    ///
    /// - Parameter map: at most `maximumMapEntries` entries.
    static func blobs(map: [E820Entry]) -> [FirmwareTables.Blob] {
        [
            FirmwareTables.Blob(address: 0, bytes: vectors()),
            FirmwareTables.Blob(address: 0x400, bytes: dataArea()),
            // The extended data area begins with its own size in KiB.
            FirmwareTables.Blob(
                address: PCMemoryLayout.extendedBIOSData, bytes: [1] + [UInt8](repeating: 0, count: 1023)),
            FirmwareTables.Blob(address: address, bytes: code(map: map)),
        ]
    }

    /// The interrupt vectors: those that the code begins with, and for all others the one that does nothing.
    private static func vectors() -> [UInt8] {
        let image = LegacyBIOSImage.code
        let ignore = image.little(UInt16.self, at: 0) ?? 0
        var bytes: [UInt8] = []
        for vector in 0..<256 {
            bytes.appendLittle(vector < 32 ? image.little(UInt16.self, at: 2 * vector) ?? ignore : ignore)
            bytes.appendLittle(segment)
        }
        return bytes
    }

    /// The BIOS data area (Ralf Brown's MEMORY.LST, segment 40H).
    private static func dataArea() -> [UInt8] {
        var area = [UInt8](repeating: 0, count: 256)
        func put(_ value: UInt16, _ offset: Int) { area.putLittle(value, at: offset) }
        put(UInt16(truncatingIfNeeded: PCAddresses.serial), 0x00)
        put(UInt16(truncatingIfNeeded: PCMemoryLayout.extendedBIOSData >> 4), 0x0E)
        put(0x0202, 0x10)  // equipment: floating-point unit, one serial port
        put(UInt16(truncatingIfNeeded: PCMemoryLayout.extendedBIOSData >> 10), 0x13)
        for (value, offset) in [(0x1E, 0x1A), (0x1E, 0x1C), (0x1E, 0x80), (0x3E, 0x82)] as [(UInt16, Int)] {
            put(value, offset)  // the keyboard's buffer, empty
        }
        // A text mode of 80 columns and 25 lines, which nobody sees.
        area[0x49] = 3
        put(80, 0x4A)
        put(0x3D4, 0x63)
        area[0x84] = 24
        put(16, 0x85)
        return area
    }

    private static func code(map: [E820Entry]) -> [UInt8] {
        var bytes = LegacyBIOSImage.code + [UInt8](repeating: 0, count: 0x1000 - LegacyBIOSImage.code.count)
        let megabyte: UInt64 = 1 << 20
        let extended = map.first { $0.kind == .usable && $0.address == megabyte }?.size ?? 0
        bytes.putLittle(UInt16(truncatingIfNeeded: min(extended, 15 << 20) >> 10), at: dataOffset)
        let blocks = extended > 15 << 20 ? min((extended - 15 << 20) >> 16, 0xFFFF) : 0
        bytes.putLittle(UInt16(truncatingIfNeeded: blocks), at: dataOffset + 2)
        bytes.putLittle(UInt16(truncatingIfNeeded: min(extended >> 10, 0xFFFF)), at: dataOffset + 4)
        let entries = map.prefix(maximumMapEntries)
        bytes.putLittle(UInt16(truncatingIfNeeded: entries.count), at: dataOffset + 6)
        for (index, entry) in entries.enumerated() {
            let place = mapOffset + 20 * index
            bytes.putLittle(entry.address, at: place)
            bytes.putLittle(entry.size, at: place + 8)
            bytes.putLittle(entry.kind.rawValue, at: place + 16)
        }
        // The reset vector: a far jump to the handler that resets the machine, INT 19H's.
        bytes[0xFF0] = 0xEA
        bytes.putLittle(bytes.little(UInt16.self, at: 2 * 0x19) ?? 0, at: 0xFF1)
        bytes.putLittle(segment, at: 0xFF3)
        for (index, byte) in "01/01/26".utf8.enumerated() { bytes[0xFF5 + index] = byte }
        bytes[0xFFE] = 0xFC  // a PC AT
        return bytes
    }
}
