internal import VirtKitCore

/// Kernels by the Multiboot Specification, version 0.6.96: ELF images and those with address fields.
extension BootSession {
    /// What EAX holds at entry (3.2).
    private static let bootMagic: UInt64 = 0x2BAD_B002

    /// Loads a multiboot kernel and its modules, in the state that the specification's section 3.2 describes.
    mutating func loadMultiboot(
        _ image: ImageFile, modules: [(image: ImageFile, commandLine: String)], commandLine: String
    ) throws(VirtKitError) -> X86_64.State {
        let header = try MultibootHeader(image)
        let segments: [ELFImage.Segment]
        let entry: UInt32
        if let fields = header.addresses {
            let (segment, address) = try header.segment(fields, of: image)
            segments = [segment]
            entry = address
        } else {
            guard ELFImage.isELF(image) else {
                throw image.invalid(
                    "it has a multiboot header without address fields, and is not an ELF file",
                    remedy: "Set flag 16 and the address fields in the header, or make it an ELF file.")
            }
            let elf = try ELFImage(image)
            segments = elf.segments
            entry = try Self.physicalEntry(of: elf, image)
        }
        try load(segments, of: image, name: "kernel")
        let end = segments.map(\.range.upperBound).max() ?? 0
        var list: [UInt8] = []
        for (number, module) in modules.enumerated() {
            let range = try placeModule(module.image, number: number, after: end)
            let text = try placeCommandLine(module.commandLine, limit: 65535)
            for value in [range.lowerBound, range.upperBound, text, 0] {
                list.appendLittle(UInt32(truncatingIfNeeded: value))
            }
        }
        let information = try placeInformation(modules: list, commandLine: commandLine)
        let descriptors = try place(EntryState.descriptorTable(longMode: false), name: "descriptor table")
        // A kernel may go back to real mode and call the BIOS, as Xen does.
        try writeBIOS()
        var state = EntryState.protectedMode(entry: entry, descriptorTable: descriptors)
        state.general[0] = Self.bootMagic
        state.general[3] = information
        return state
    }

    /// The entry point of an ELF image, which may be a virtual address of one of its segments.
    private static func physicalEntry(of elf: ELFImage, _ image: ImageFile) throws(VirtKitError) -> UInt32 {
        let entry =
            if let segment = elf.segments.first(where: {
                $0.isExecutable && elf.entry >= $0.virtualAddress && elf.entry - $0.virtualAddress < $0.memorySize
            }) {
                segment.address + (elf.entry - segment.virtualAddress)
            } else {
                elf.entry
            }
        guard elf.contains(entry), let narrow = UInt32(exactly: entry) else {
            throw image.invalid(
                "its entry point \(hex(elf.entry)) is in none of its segments below 4 GiB",
                remedy: "Give it an entry point in a loaded, executable segment: multiboot enters it in 32-bit mode.")
        }
        return narrow
    }

    /// Puts a module at whole pages after the kernel, which may use what is below it.
    private mutating func placeModule(
        _ module: ImageFile, number: Int, after floor: UInt64
    ) throws(VirtKitError) -> Range<UInt64> {
        let start = max(floor, 1 << 20)
        guard module.size > 0 else { return start..<start }
        let limits = start..<max(start, space.lowEnd)
        guard let address = space.allocate(module.size, in: limits, for: "module \(number)") else {
            throw module.invalid(
                "it has \(module.size) bytes, and after the kernel \((limits.upperBound - start) >> 20) MiB of RAM "
                    + "below 4 GiB are left at most",
                remedy: "Give the machine more memory, or make the modules smaller.")
        }
        try module.copy(at: 0, count: module.size, to: memory, address: address)
        return address..<address + module.size
    }

    /// Puts the multiboot information structure (3.3) and what it points to; returns its address.
    private mutating func placeInformation(
        modules: [UInt8], commandLine: String
    ) throws(VirtKitError) -> UInt64 {
        let text = try placeCommandLine(commandLine, limit: 65535)
        let name = try place(Array("VirtKit".utf8) + [0], name: "boot loader's name")
        var entries: [UInt8] = []
        for entry in map {
            entries.appendLittle(UInt32(20))  // the size of the entry, this field apart
            entries.appendLittle(entry.address)
            entries.appendLittle(entry.size)
            entries.appendLittle(entry.kind.rawValue)
        }
        let table = try place(entries, name: "memory map")
        let list = modules.isEmpty ? 0 : try place(modules, name: "module list")

        // Memory sizes, command line, modules, memory map, boot loader's name. There are no disks, no symbols that were
        // loaded, no BIOS tables, no display.
        let flags: UInt32 = 1 << 0 | 1 << 2 | 1 << 3 | 1 << 6 | 1 << 9
        var information = [UInt8](repeating: 0, count: 120)
        func put(_ value: UInt64, at offset: Int) {
            information.putLittle(UInt32(truncatingIfNeeded: value), at: offset)
        }
        put(UInt64(flags), at: 0)
        put(usableKibibytes(from: 0), at: 4)
        put(usableKibibytes(from: 1 << 20), at: 8)
        put(text, at: 16)
        put(UInt64(modules.count / 16), at: 20)
        put(list, at: 24)
        put(UInt64(entries.count), at: 44)
        put(table, at: 48)
        put(name, at: 64)
        return try place(information, name: "multiboot information")
    }

    /// How much RAM there is from an address to the first hole, in KiB: `mem_lower` and `mem_upper`.
    private func usableKibibytes(from start: UInt64) -> UInt64 {
        let end = space.ram.first { $0.contains(start) }?.upperBound ?? start
        return min((end - start) >> 10, UInt64(UInt32.max))
    }
}
