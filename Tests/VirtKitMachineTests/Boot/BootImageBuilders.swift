import VirtKitCore

@testable import VirtKitMachine

/// A bzImage of our own making, with everything that a loader looks at.
struct BzImageBuilder {
    var setupSectors: UInt8 = 3
    var version: UInt16 = 0x020F
    var loadFlags: UInt8 = 1
    var extendedFlags: UInt16 = 1
    var initrdMaximum: UInt32 = 0x7FFF_FFFF
    var alignment: UInt32 = 0x20_0000
    var relocatable: UInt8 = 1
    var commandLineSize: UInt32 = 2047
    var preferred: UInt64 = 0x100_0000
    var initSize: UInt32 = 0x10_0000
    var headerEnd: UInt8 = 0x6C
    var payload: [UInt8] = (0..<8192).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 1) }
    var declaredParagraphs: UInt32?

    var bytes: [UInt8] {
        let setup = (Int(setupSectors == 0 ? 4 : setupSectors) + 1) * 512
        var bytes = [UInt8](repeating: 0, count: setup)
        bytes.putLittle(setupSectors, at: 0x1F1)
        bytes.putLittle(declaredParagraphs ?? UInt32((payload.count + 15) / 16), at: 0x1F4)
        bytes.putLittle(UInt16(0xAA55), at: 0x1FE)
        bytes[0x200] = 0xEB
        bytes[0x201] = headerEnd
        bytes.putLittle(UInt32(0x5372_6448), at: 0x202)
        bytes.putLittle(version, at: 0x206)
        bytes.putLittle(loadFlags, at: 0x211)
        bytes.putLittle(initrdMaximum, at: 0x22C)
        bytes.putLittle(alignment, at: 0x230)
        bytes.putLittle(relocatable, at: 0x234)
        bytes.putLittle(extendedFlags, at: 0x236)
        bytes.putLittle(commandLineSize, at: 0x238)
        bytes.putLittle(preferred, at: 0x258)
        bytes.putLittle(initSize, at: 0x260)
        return bytes + payload
    }
}

/// An ELF executable of our own making.
struct ELFBuilder {
    struct Segment {
        var address: UInt64
        var contents: [UInt8]
        /// What the headers say; nil for the truth.
        var memorySize: UInt64?
        var fileSize: UInt64?
        var offset: UInt64?
        /// Where it runs; nil for `address`.
        var virtualAddress: UInt64?
    }

    var is64Bit = true
    var machine: UInt16 = 62
    var type: UInt16 = 2
    var entry: UInt64 = 0x10_0000
    var segments = [Segment(address: 0x10_0000, contents: [UInt8](repeating: 0x90, count: 4096))]
    /// The contents of the note segment; nil for no such segment.
    var notes: [UInt8]?
    var programHeaderSize: UInt16?
    var programHeaderCount: UInt16?
    var programHeaderOffset: UInt64?

    /// A note for `notes`.
    static func note(_ name: String, _ type: UInt32, _ contents: [UInt8]) -> [UInt8] {
        let text = Array(name.utf8) + [0]
        var bytes: [UInt8] = []
        bytes.appendLittle(UInt32(text.count))
        bytes.appendLittle(UInt32(contents.count))
        bytes.appendLittle(type)
        bytes += text + [UInt8](repeating: 0, count: (4 - text.count % 4) % 4)
        return bytes + contents + [UInt8](repeating: 0, count: (4 - contents.count % 4) % 4)
    }

    /// The PVH note.
    static func pvhNote(_ entry: UInt64, wide: Bool = true) -> [UInt8] {
        var contents: [UInt8] = []
        if wide { contents.appendLittle(entry) } else { contents.appendLittle(UInt32(truncatingIfNeeded: entry)) }
        return note("Xen", 18, contents)
    }

    var bytes: [UInt8] {
        let headerSize = is64Bit ? 64 : 52
        let entrySize = is64Bit ? 56 : 32
        let count = segments.count + (notes == nil ? 0 : 1)
        var table: [UInt8] = []
        var data: [UInt8] = []
        let dataStart = headerSize + count * entrySize
        func header(
            _ type: UInt32, _ address: UInt64, _ file: UInt64, _ memory: UInt64, _ offset: UInt64,
            virtual: UInt64? = nil
        ) {
            func word(_ value: UInt64) {
                if is64Bit { table.appendLittle(value) } else { table.appendLittle(UInt32(truncatingIfNeeded: value)) }
            }
            table.appendLittle(type)
            if is64Bit { table.appendLittle(UInt32(7)) }
            for value in [offset, virtual ?? address, address, file, memory] { word(value) }
            if !is64Bit { table.appendLittle(UInt32(7)) }
            word(4)
        }
        for segment in segments {
            header(
                1, segment.address, segment.fileSize ?? UInt64(segment.contents.count),
                segment.memorySize ?? UInt64(segment.contents.count),
                segment.offset ?? UInt64(dataStart + data.count), virtual: segment.virtualAddress)
            data += segment.contents
        }
        if let notes {
            header(4, 0, UInt64(notes.count), UInt64(notes.count), UInt64(dataStart + data.count))
            data += notes
        }
        var head: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, is64Bit ? 2 : 1, 1, 1, 0] + [UInt8](repeating: 0, count: 8)
        func word(_ value: UInt64) {
            if is64Bit { head.appendLittle(value) } else { head.appendLittle(UInt32(truncatingIfNeeded: value)) }
        }
        head.appendLittle(type)
        head.appendLittle(machine)
        head.appendLittle(UInt32(1))
        let tableOffset: UInt64 = programHeaderOffset ?? UInt64(headerSize)
        for value in [entry, tableOffset, 0] { word(value) }
        head.appendLittle(UInt32(0))
        let sizes: [UInt16] = [
            UInt16(headerSize), programHeaderSize ?? UInt16(entrySize), programHeaderCount ?? UInt16(count), 0, 0, 0,
        ]
        for size in sizes { head.appendLittle(size) }
        return head + table + data
    }
}

/// A machine's memory to load into.
struct BootTarget {
    let layout: PCMemoryLayout
    let memory: GuestMemory

    init(mebibytes: UInt64 = 64) throws {
        layout = PCMemoryLayout(memory: .mebibytes(mebibytes))
        memory = try GuestMemory(regions: layout.regions())
    }

    func load(_ source: BootSource, rootPointer: UInt64 = 0xE_0000) throws(VirtKitError) -> BootPlan {
        try BootLoader.load(source, into: memory, map: layout.e820, rootPointer: rootPointer)
    }

    /// The error of a load that must fail.
    func failure(_ source: BootSource) -> VirtKitError? {
        do {
            _ = try load(source)
            return nil
        } catch { return error }
    }

    /// A zero-terminated text.
    func text(at address: UInt64) throws -> String {
        var bytes: [UInt8] = []
        while let byte = try? memory.load(UInt8.self, at: address + UInt64(bytes.count)), byte != 0 {
            bytes.append(byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
