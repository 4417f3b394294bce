internal import VirtKitCore

/// ELF images: by their PVH note, or else in 64-bit mode.
extension BootSession {
    /// The longest command line of Linux on x86 (`COMMAND_LINE_SIZE`), without its zero. An ELF file does not say it.
    private static let linuxCommandLine = 2047

    /// Loads an ELF image.
    ///
    /// - Parameter isLinux: whether the image is a kernel, which takes `boot_params` where it has no PVH note.
    mutating func loadELF(
        _ image: ImageFile, initrd: ImageFile?, commandLine: String, isLinux: Bool
    ) throws(VirtKitError) -> X86_64.State {
        let elf = try ELFImage(image)
        try check(elf, of: image)
        try load(elf.segments, of: image, name: isLinux ? "kernel" : "image")
        var disk: Range<UInt64>?
        if let initrd {
            // Beyond the kernel: Linux may use what directly follows it before it has read the module list.
            let floor = elf.segments.map(\.range.upperBound).max() ?? 0
            disk = try placeInitrd(initrd, floor: floor, ceiling: EntryState.mapped)
        }
        let limit = isLinux ? Self.linuxCommandLine : 65535
        if let entry = elf.pvhEntry {
            let info = try placeStartInfo(commandLine: commandLine, limit: limit, initrd: disk)
            let descriptors = try place(EntryState.descriptorTable(longMode: false), name: "descriptor table")
            var state = EntryState.protectedMode(entry: entry, descriptorTable: descriptors)
            state.general[3] = info
            return state
        }
        if isLinux {
            return try enterLinux(at: elf.entry, initrd: disk, commandLine: commandLine, limit: limit)
        }
        return try bareState(entry: elf.entry, commandLine: commandLine)
    }

    private func check(_ elf: ELFImage, of image: ImageFile) throws(VirtKitError) {
        if let entry = elf.pvhEntry {
            guard elf.contains(UInt64(entry)) else {
                throw image.invalid("its PVH entry \(hex(UInt64(entry))) is in none of its segments")
            }
            return
        }
        guard elf.is64Bit else {
            throw image.invalid(
                "it is a 32-bit ELF file without a PVH note, so there is no defined way to enter it",
                remedy: "Add an ELF note \"Xen\" of type 18 (XEN_ELFNOTE_PHYS32_ENTRY) with the physical address of "
                    + "a 32-bit entry, or build it for x86-64.")
        }
        guard elf.contains(elf.entry), elf.entry < EntryState.mapped else {
            throw image.invalid(
                "its entry point \(hex(elf.entry)) is in none of its segments' physical addresses below 4 GiB",
                remedy: "Give it an entry point in physical addresses, or a PVH note.")
        }
    }

    /// Takes the memory of segments, copies what the file has, and zeroes the rest.
    mutating func load(
        _ segments: [ELFImage.Segment], of image: ImageFile, name: String
    ) throws(VirtKitError) {
        for (index, segment) in segments.enumerated() {
            try space.claim(segment.address, segment.memorySize, for: "\(name) (segment \(index))", of: image)
        }
        for segment in segments {
            try image.copy(at: segment.offset, count: segment.fileSize, to: memory, address: segment.address)
            try clear(segment.address + segment.fileSize, segment.memorySize - segment.fileSize)
        }
    }

    private func clear(_ address: UInt64, _ count: UInt64) throws(VirtKitError) {
        guard count > 0 else { return }
        do { try memory.fill(0, at: address, count: Int(truncatingIfNeeded: count)) } catch {
            throw VirtKitError(
                .invalidConfiguration, operation: "load boot images",
                message: "the memory map names \(hex(error.address)), which is not in the machine's memory")
        }
    }
}
