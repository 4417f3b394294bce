internal import VirtKitCore

/// The headers of an ELF image, checked (System V ABI, "Object Files" and the x86-64 supplement).
struct ELFImage {
    /// A part of the file that is loaded.
    struct Segment {
        var offset: UInt64
        var fileSize: UInt64
        /// The physical address.
        var address: UInt64
        var memorySize: UInt64
        /// Where the program runs it.
        var virtualAddress: UInt64 = 0
        var isExecutable = false

        var range: Range<UInt64> { address..<address + memorySize }
    }

    /// Whether the image is of the 64-bit class.
    let is64Bit: Bool
    /// The entry point.
    let entry: UInt64
    /// What to load; none is empty, none overlaps the end of the file or of the address space.
    let segments: [Segment]
    /// The physical address in the note `XEN_ELFNOTE_PHYS32_ENTRY`, where there is one.
    let pvhEntry: UInt32?

    private static let maximumProgramHeaders = 256
    private static let maximumNotes: UInt64 = 1 << 20

    /// Whether an image begins as an ELF file does.
    static func isELF(_ image: ImageFile) -> Bool {
        (try? image.bytes(at: 0, count: 4)) == [0x7F, 0x45, 0x4C, 0x46]
    }

    /// Reads and checks the headers and notes.
    init(_ image: ImageFile) throws(VirtKitError) {
        guard Self.isELF(image) else { throw image.invalid("it is not an ELF file") }
        let head = try image.bytes(at: 0, count: Int(min(image.size, 64)))
        is64Bit = try Self.checkIdentity(head, image)
        guard head.count >= (is64Bit ? 64 : 52), let type = head.little(UInt16.self, at: 16),
            let machine = head.little(UInt16.self, at: 18)
        else { throw image.invalid("it ends within its ELF header") }
        // EM_386 3, EM_X86_64 62; an x32 or a PVH stub image is of the 32-bit class.
        guard machine == 62 || (machine == 3 && !is64Bit) else {
            throw image.invalid(
                "it is for ELF machine \(machine), and this machine is x86-64 (62)",
                remedy: "Build it for x86-64.")
        }
        guard type == 2 else {
            throw image.invalid(
                "it is not an executable with fixed addresses (its ELF type is \(type), and must be 2, ET_EXEC)",
                remedy: "Link it as a static executable: -static -no-pie.")
        }
        let headers = try Self.programHeaders(head, image, is64Bit)
        entry = is64Bit ? head.little(UInt64.self, at: 24) ?? 0 : UInt64(head.little(UInt32.self, at: 24) ?? 0)
        segments = try Self.loadable(headers, image)
        pvhEntry = try Self.pvhEntry(headers, image)
    }

    /// Whether a physical address lies in a segment.
    func contains(_ address: UInt64) -> Bool { segments.contains { $0.range.contains(address) } }

    private static func checkIdentity(_ head: [UInt8], _ image: ImageFile) throws(VirtKitError) -> Bool {
        guard let elfClass = head.little(UInt8.self, at: 4), let data = head.little(UInt8.self, at: 5),
            let version = head.little(UInt8.self, at: 6)
        else { throw image.invalid("it ends within its ELF header") }
        guard elfClass == 1 || elfClass == 2 else { throw image.invalid("its ELF class \(elfClass) is not known") }
        guard data == 1 else {
            throw image.invalid("it is not little-endian", remedy: "Build it for x86-64.")
        }
        guard version == 1 else { throw image.invalid("its ELF version \(version) is not known") }
        return elfClass == 2
    }

    private struct ProgramHeader {
        var type: UInt32
        var alignment: UInt64
        var segment: Segment
    }

    private static func programHeaders(
        _ head: [UInt8], _ image: ImageFile, _ is64Bit: Bool
    ) throws(VirtKitError) -> [ProgramHeader] {
        let size = is64Bit ? 56 : 32
        let table = is64Bit ? head.little(UInt64.self, at: 32) ?? 0 : UInt64(head.little(UInt32.self, at: 28) ?? 0)
        let entrySize = Int(head.little(UInt16.self, at: is64Bit ? 54 : 42) ?? 0)
        let count = Int(head.little(UInt16.self, at: is64Bit ? 56 : 44) ?? 0)
        guard count > 0 else {
            throw image.invalid("it has no program headers", remedy: "Link it: an object file can't be loaded.")
        }
        guard entrySize == size else {
            throw image.invalid("its program headers have \(entrySize) bytes each, and must have \(size)")
        }
        guard count <= maximumProgramHeaders else {
            throw image.invalid("it has \(count) program headers, and at most \(maximumProgramHeaders) are read")
        }
        guard image.contains(table, UInt64(count * size)) else {
            throw image.invalid("its program headers at \(hex(table)) are beyond its end at \(hex(image.size))")
        }
        let bytes = try image.bytes(at: table, count: count * size)
        return (0..<count).map { index in
            func word(_ offset32: Int, _ offset64: Int) -> UInt64 {
                is64Bit
                    ? bytes.little(UInt64.self, at: index * size + offset64) ?? 0
                    : UInt64(bytes.little(UInt32.self, at: index * size + offset32) ?? 0)
            }
            return ProgramHeader(
                type: bytes.little(UInt32.self, at: index * size) ?? 0, alignment: word(28, 48),
                segment: Segment(
                    offset: word(4, 8), fileSize: word(16, 32), address: word(12, 24), memorySize: word(20, 40),
                    virtualAddress: word(8, 16),
                    isExecutable: (bytes.little(UInt32.self, at: index * size + (is64Bit ? 4 : 24)) ?? 0) & 1 != 0))
        }
    }

    private static func loadable(
        _ headers: [ProgramHeader], _ image: ImageFile
    ) throws(VirtKitError) -> [Segment] {
        var segments: [Segment] = []
        for (index, header) in headers.enumerated() where header.type == 1 {
            let segment = header.segment
            guard segment.fileSize <= segment.memorySize else {
                throw image.invalid(
                    "segment \(index) has \(segment.fileSize) bytes in the file and \(segment.memorySize) in memory")
            }
            guard image.contains(segment.offset, segment.fileSize) else {
                throw image.invalid(
                    "segment \(index) has \(segment.fileSize) bytes at \(hex(segment.offset)), beyond the file's end "
                        + "at \(hex(image.size))", remedy: "The file may be truncated: fetch or build it again.")
            }
            guard !segment.address.addingReportingOverflow(segment.memorySize).overflow else {
                throw image.invalid(
                    "segment \(index) at \(hex(segment.address)) with \(segment.memorySize) bytes is beyond all "
                        + "addresses")
            }
            if segment.memorySize > 0 { segments.append(segment) }
        }
        guard !segments.isEmpty else { throw image.invalid("it has nothing to load: no PT_LOAD segment") }
        return segments
    }

    // MARK: Notes

    private static func pvhEntry(_ headers: [ProgramHeader], _ image: ImageFile) throws(VirtKitError) -> UInt32? {
        for (index, header) in headers.enumerated() where header.type == 4 {
            let size = header.segment.fileSize
            guard image.contains(header.segment.offset, size), size <= maximumNotes else {
                throw image.invalid(
                    "its notes (segment \(index)) have \(size) bytes at \(hex(header.segment.offset)), beyond the "
                        + "file's end or more than \(maximumNotes)")
            }
            let bytes = try image.bytes(at: header.segment.offset, count: Int(size))
            let alignment = header.alignment == 8 ? 8 : 4
            if let entry = try pvhEntry(in: bytes, alignment: alignment, image) { return entry }
        }
        return nil
    }

    private static func pvhEntry(
        in bytes: [UInt8], alignment: Int, _ image: ImageFile
    ) throws(VirtKitError) -> UInt32? {
        var offset = 0
        while let nameSize = bytes.little(UInt32.self, at: offset),
            let size = bytes.little(UInt32.self, at: offset + 4), let type = bytes.little(UInt32.self, at: offset + 8)
        {
            // Counts of 32 bits don't overflow an Int, even rounded up.
            let nameStart = offset + 12
            let start = (nameStart + Int(nameSize) + alignment - 1) & -alignment
            let end = start + Int(size)
            guard end <= bytes.count else {
                throw image.invalid("a note of \(size) bytes goes beyond the end of its notes")
            }
            if type == 18, nameSize == 4, Array(bytes[nameStart..<nameStart + 4]) == Array("Xen\0".utf8) {
                // The descriptor is as wide as the guest's addresses: 4 or 8 bytes.
                let address =
                    switch size {
                    case 4: bytes.little(UInt32.self, at: start).map(UInt64.init)
                    case 8: bytes.little(UInt64.self, at: start)
                    default: throw image.invalid("its PVH note has \(size) bytes, and must have 4 or 8")
                    }
                guard let address, let entry = UInt32(exactly: address) else {
                    throw image.invalid("its PVH entry \(hex(address ?? 0)) is not below 4 GiB")
                }
                return entry
            }
            offset = (end + alignment - 1) & -alignment
        }
        return nil
    }
}
