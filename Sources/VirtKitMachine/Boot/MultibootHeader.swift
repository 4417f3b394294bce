internal import VirtKitCore

/// The header that makes an image one for multiboot loaders (Multiboot Specification 0.6.96, 3.1), found and checked.
struct MultibootHeader {
    /// Where an image without a format of its own is loaded: the address fields.
    struct Addresses {
        /// Where in memory the header itself lies.
        var header: UInt32
        /// The start of what is loaded.
        var load: UInt32
        /// The end of what is loaded; 0: all of the file.
        var loadEnd: UInt32
        /// The end of what is zeroed after it; 0: nothing is.
        var zeroEnd: UInt32
        /// The entry point.
        var entry: UInt32
    }

    /// The value that a header begins with.
    static let magic: UInt32 = 0x1BAD_B002
    /// How many bytes of an image a header is looked for in. It lies in them whole.
    static let window = 8192

    /// Where the header is in the file.
    let offset: UInt64
    /// What the image asks for.
    let flags: UInt32
    /// The address fields, where flag 16 says that they count.
    let addresses: Addresses?

    /// Whether an image's first bytes (`window` of them, or all) hold a header.
    static func isPresent(in start: [UInt8]) -> Bool { place(in: start) != nil }

    private static func place(in start: [UInt8]) -> Int? {
        for place in stride(from: 0, to: min(start.count, window) - 11, by: 4)
        where start.little(UInt32.self, at: place) == magic {
            guard let flags = start.little(UInt32.self, at: place + 4),
                let checksum = start.little(UInt32.self, at: place + 8)
            else { continue }
            if magic &+ flags &+ checksum == 0 { return place }
        }
        return nil
    }

    /// Finds the header, and refuses what it asks for in vain.
    init(_ image: ImageFile) throws(VirtKitError) {
        let start = try image.bytes(at: 0, count: Int(min(image.size, UInt64(Self.window))))
        guard let place = Self.place(in: start), let flags = start.little(UInt32.self, at: place + 4) else {
            throw image.invalid(
                "it has no multiboot header in its first \(Self.window) bytes",
                remedy: "Align the header to 4 bytes, and link it first. (Headers of multiboot 2 are not read.)")
        }
        self.flags = flags
        offset = UInt64(place)
        // Bits 0 to 15 are requirements: an unknown one must be refused (3.1.2). Modules are always at whole pages, and
        // the memory is always told of.
        if flags & 4 != 0 {
            throw image.invalid(
                "its multiboot header asks for a video mode (flag 2), and the machine has no display",
                remedy: "Build it without that flag.")
        }
        if flags & 0xFFF8 != 0 {
            throw image.invalid(
                "its multiboot header has flags \(hex(UInt64(flags & 0xFFF8))), which the specification does not define",
                remedy: "Build it with the flags 0, 1 and 16 only.")
        }
        guard flags & 1 << 16 != 0 else {
            addresses = nil
            return
        }
        var fields: [UInt32] = []
        for index in 0..<5 {
            guard let field = start.little(UInt32.self, at: place + 12 + 4 * index) else {
                throw image.invalid("it ends within the address fields of its multiboot header")
            }
            fields.append(field)
        }
        addresses = Addresses(
            header: fields[0], load: fields[1], loadEnd: fields[2], zeroEnd: fields[3], entry: fields[4])
    }

    /// What the address fields say of the image: what to load where, and the entry.
    func segment(_ fields: Addresses, of image: ImageFile) throws(VirtKitError) -> (ELFImage.Segment, entry: UInt32) {
        func bad(_ message: String) -> VirtKitError {
            image.invalid(
                "in its multiboot header " + message, remedy: "Correct the address fields, or unset flag 16.")
        }
        guard fields.load <= fields.header, UInt64(fields.header - fields.load) <= offset else {
            throw bad(
                "load_addr \(hex(UInt64(fields.load))) and header_addr \(hex(UInt64(fields.header))) put the start of "
                    + "the image before that of the file")
        }
        let start = offset - UInt64(fields.header - fields.load)
        guard fields.loadEnd == 0 || fields.loadEnd > fields.load else {
            throw bad("load_end_addr \(hex(UInt64(fields.loadEnd))) is not after load_addr \(hex(UInt64(fields.load)))")
        }
        let size = fields.loadEnd == 0 ? image.size - start : UInt64(fields.loadEnd - fields.load)
        guard image.contains(start, size) else {
            throw image.invalid(
                "its multiboot header wants \(size) bytes from \(hex(start)), beyond the file's end at "
                    + "\(hex(image.size))", remedy: "The file may be truncated: fetch or build it again.")
        }
        let end = UInt64(fields.load) + size
        guard fields.zeroEnd == 0 || UInt64(fields.zeroEnd) >= end else {
            throw bad("bss_end_addr \(hex(UInt64(fields.zeroEnd))) is before the end of what is loaded, \(hex(end))")
        }
        let memorySize = fields.zeroEnd == 0 ? size : UInt64(fields.zeroEnd - fields.load)
        let segment = ELFImage.Segment(
            offset: start, fileSize: size, address: UInt64(fields.load), memorySize: memorySize)
        guard segment.range.contains(UInt64(fields.entry)) else {
            throw bad("entry_addr \(hex(UInt64(fields.entry))) is not in the image")
        }
        return (segment, fields.entry)
    }
}
