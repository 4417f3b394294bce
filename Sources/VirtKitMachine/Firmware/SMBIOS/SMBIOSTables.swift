internal import VirtKitCore

/// The system management BIOS tables (DMTF DSP0134, version 3.3): what `dmidecode` and the kernel's "DMI:" line show.
struct SMBIOSTables {
    /// The number of CPUs.
    var cpus: Int
    /// The guest's memory.
    var memory: PCMemoryLayout
    /// The board's name.
    var board: String
    /// The machine's name.
    var name: String

    /// The firmware's version and date.
    private static let version = "0.1.0"
    private static let date = "11/23/2026"

    /// The entry point, "_SM3_" (5.2.2).
    static func entryPoint(table: UInt64, size: Int) -> [UInt8] {
        var bytes = Array("_SM3_".utf8) + [0, 24, 3, 3, 0, 1, 0]
        bytes.appendLittle(UInt32(truncatingIfNeeded: size))
        bytes.appendLittle(table)
        bytes[5] = ACPITable.checksum(bytes[...])
        return bytes
    }

    /// The structures, one after another.
    var table: [UInt8] {
        var bytes = firmware + system + enclosure + processor + physicalMemory + memoryDevice
        for (index, range) in mapped.enumerated() { bytes += mappedRange(range, index) }
        return bytes + Self.structure(32, 0x2000, [UInt8](repeating: 0, count: 7)) + Self.structure(127, 0x7F00, [])
    }

    /// A structure: its header, the fixed part, its strings.
    private static func structure(
        _ type: UInt8, _ handle: UInt16, _ fields: [UInt8], strings: [String] = []
    ) -> [UInt8] {
        var bytes = [type, UInt8(truncatingIfNeeded: fields.count + 4)]
        bytes.appendLittle(handle)
        bytes += fields
        for string in strings {
            let text = string.utf8.filter { $0 != 0 }.prefix(64)
            bytes += text.isEmpty ? Array("?".utf8) : Array(text)
            bytes.append(0)
        }
        return bytes + (strings.isEmpty ? [0, 0] : [0])
    }

    /// Type 0 (7.1).
    private var firmware: [UInt8] {
        var fields: [UInt8] = [1, 2]
        fields.appendLittle(UInt16(0xE000))
        fields += [3, 0]
        fields.appendLittle(UInt64(1) << 3)  // characteristics are not given
        fields += [0x01, 0x14]  // ACPI; targeted content distribution, a virtual machine
        fields += [0, 1, 0xFF, 0xFF]
        fields.appendLittle(UInt16(0))
        return Self.structure(0, 0, fields, strings: ["VirtKit", Self.version, Self.date])
    }

    /// Type 1 (7.2).
    private var system: [UInt8] {
        let fields: [UInt8] = [1, 2, 3, 4] + [UInt8](repeating: 0, count: 16) + [6, 0, 5]
        return Self.structure(1, 0x0100, fields, strings: ["VirtKit", board, Self.version, name, "Virtual Machine"])
    }

    /// Type 3 (7.4).
    private var enclosure: [UInt8] {
        var fields: [UInt8] = [1, 1, 0, 0, 0, 3, 3, 3, 2]
        fields.appendLittle(UInt32(0))
        fields += [0, 0, 0, 0, 0]
        return Self.structure(3, 0x0300, fields, strings: ["VirtKit"])
    }

    /// Type 4 (7.5): one socket, of as many cores as there are CPUs, as CPUID tells it too.
    private var processor: [UInt8] {
        let cores = UInt16(truncatingIfNeeded: max(1, cpus))
        // FFH: see the wider field.
        let few = UInt8(truncatingIfNeeded: min(cores, 255))
        var fields: [UInt8] = [1, 3, 1, 2]
        fields.appendLittle(UInt64(0))
        fields += [3, 0]
        for value in [UInt16(0), 0, 0] { fields.appendLittle(value) }
        fields += [0x41, 1]
        for value in [UInt16.max, .max, .max] { fields.appendLittle(value) }
        fields += [0, 0, 0, few, few, few]
        fields.appendLittle(UInt16(cores > 1 ? 0x0C : 0x04))  // 64-bit capable; several cores
        fields.appendLittle(UInt16(0x01))
        for value in [cores, cores, cores] { fields.appendLittle(value) }
        return Self.structure(4, 0x0400, fields, strings: ["CPU 0", "VirtKit", "Virtual CPU"])
    }

    /// Type 16 (7.17).
    private var physicalMemory: [UInt8] {
        let kibibytes = total >> 10
        var fields: [UInt8] = [1, 3, 6]
        fields.appendLittle(kibibytes < 0x8000_0000 ? UInt32(truncatingIfNeeded: kibibytes) : 0x8000_0000)
        fields.appendLittle(UInt16(0xFFFE))
        fields.appendLittle(UInt16(1))
        fields.appendLittle(kibibytes < 0x8000_0000 ? 0 : total)
        return Self.structure(16, 0x1000, fields)
    }

    /// Type 17 (7.18).
    private var memoryDevice: [UInt8] {
        let mebibytes = total >> 20
        var fields: [UInt8] = []
        for value in [UInt16(0x1000), 0xFFFE, 0xFFFF, 0xFFFF] { fields.appendLittle(value) }
        fields.appendLittle(mebibytes < 0x7FFF ? UInt16(truncatingIfNeeded: mebibytes) : 0x7FFF)
        fields += [9, 0, 1, 0, 7]  // a DIMM; type: RAM
        fields.appendLittle(UInt16(0x02))
        fields.appendLittle(UInt16(0))
        fields += [2, 0, 0, 0, 0]
        fields.appendLittle(mebibytes < 0x7FFF ? 0 : UInt32(truncatingIfNeeded: mebibytes))
        for value in [UInt16(0), 0, 0, 0] { fields.appendLittle(value) }
        return Self.structure(17, 0x1100, fields, strings: ["DIMM 0", "VirtKit"])
    }

    private var total: UInt64 { memory.lowSize &+ memory.highSize }

    private var mapped: [Range<UInt64>] {
        [0..<memory.lowSize, PCAddresses.highMemory..<PCAddresses.highMemory &+ memory.highSize].filter { !$0.isEmpty }
    }

    /// Type 19 (7.20).
    private func mappedRange(_ range: Range<UInt64>, _ index: Int) -> [UInt8] {
        let fits = range.upperBound >> 10 < 0xFFFF_FFFF
        var fields: [UInt8] = []
        fields.appendLittle(fits ? UInt32(truncatingIfNeeded: range.lowerBound >> 10) : .max)
        fields.appendLittle(fits ? UInt32(truncatingIfNeeded: (range.upperBound &- 1) >> 10) : .max)
        fields.appendLittle(UInt16(0x1000))
        fields.append(1)
        fields.appendLittle(fits ? 0 : range.lowerBound)
        fields.appendLittle(fits ? 0 : range.upperBound &- 1)
        return Self.structure(19, 0x1300 &+ UInt16(truncatingIfNeeded: index), fields)
    }
}
