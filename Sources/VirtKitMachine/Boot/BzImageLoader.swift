internal import VirtKitCore

/// Linux by its 64-bit boot protocol (Documentation/arch/x86/boot.rst); a 32-bit kernel by its 32-bit one.
extension BootSession {
    /// Offsets in `boot_params` (Documentation/arch/x86/zero-page.rst).
    private enum Offset {
        static let rootPointer = 0x070
        static let mapCount = 0x1E8
        static let bootFlag = 0x1FE
        static let magic = 0x202
        static let version = 0x206
        static let loaderType = 0x210
        static let loadFlags = 0x211
        static let code32Start = 0x214
        static let initrdAddress = 0x218
        static let initrdSize = 0x21C
        static let commandLine = 0x228
        static let initrdMaximum = 0x22C
        static let alignment = 0x230
        static let extendedFlags = 0x236
        static let commandLineSize = 0x238
        static let map = 0x2D0
    }

    /// Loads a bzImage.
    mutating func loadBzImage(
        _ image: ImageFile, initrd: ImageFile?, commandLine: String
    ) throws(VirtKitError) -> X86_64.State {
        let header = try LinuxSetupHeader(image)
        let load = header.loadAddress
        guard header.initSize <= EntryState.mapped, load <= EntryState.mapped - header.initSize else {
            throw image.invalid(
                "it wants to be loaded at \(hex(load)) with \(header.initSize) bytes, beyond the first 4 GiB")
        }
        try space.claim(load, header.initSize, for: "kernel", of: image)
        try image.copy(at: header.payloadOffset, count: header.payloadSize, to: memory, address: load)

        var disk: Range<UInt64>?
        if let initrd {
            disk = try placeInitrd(initrd, floor: load + header.initSize, ceiling: header.initrdMaximum + 1)
        }
        let text = try placeCommandLine(commandLine, limit: header.commandLineLimit)
        var parameters = try bootParameters(commandLine: text, initrd: disk, header: header.bytes)
        parameters.putLittle(UInt32(truncatingIfNeeded: load), at: Offset.code32Start)
        if !header.has64BitEntry { return try enter32(load, parameters) }
        return try enter(load + 0x200, parameters)
    }

    /// Enters a 64-bit `vmlinux`, loaded already, at its entry point. It has no setup header, so it gets one with what
    /// `boot_params` must have.
    mutating func enterLinux(
        at entry: UInt64, initrd: Range<UInt64>?, commandLine: String, limit: Int
    ) throws(VirtKitError) -> X86_64.State {
        let text = try placeCommandLine(commandLine, limit: limit)
        var parameters = try bootParameters(commandLine: text, initrd: initrd, header: [])
        parameters.putLittle(UInt16(0xAA55), at: Offset.bootFlag)
        parameters.putLittle(UInt32(0x5372_6448), at: Offset.magic)
        parameters.putLittle(UInt16(0x020F), at: Offset.version)
        parameters.putLittle(UInt8(1), at: Offset.loadFlags)
        parameters.putLittle(UInt32(0x7FFF_FFFF), at: Offset.initrdMaximum)
        parameters.putLittle(UInt32(0x20_0000), at: Offset.alignment)
        parameters.putLittle(UInt16(1), at: Offset.extendedFlags)
        parameters.putLittle(UInt32(truncatingIfNeeded: limit), at: Offset.commandLineSize)
        return try enter(entry, parameters)
    }

    private func bootParameters(
        commandLine: UInt64, initrd: Range<UInt64>?, header: [UInt8]
    ) throws(VirtKitError) -> [UInt8] {
        guard map.count <= 128 else {
            throw VirtKitError(
                .invalidConfiguration, operation: "load boot images",
                message: "the memory map has \(map.count) entries, and boot_params has room for 128")
        }
        var page = [UInt8](repeating: 0, count: 4096)
        for (index, byte) in header.enumerated() { page[LinuxSetupHeader.offset + index] = byte }
        page.putLittle(rootPointer, at: Offset.rootPointer)
        page.putLittle(UInt8(0xFF), at: Offset.loaderType)  // a boot loader without a number of its own
        page.putLittle(UInt32(truncatingIfNeeded: commandLine), at: Offset.commandLine)
        page.putLittle(UInt32(truncatingIfNeeded: initrd?.lowerBound ?? 0), at: Offset.initrdAddress)
        page.putLittle(
            UInt32(truncatingIfNeeded: initrd.map { $0.upperBound - $0.lowerBound } ?? 0), at: Offset.initrdSize)
        page.putLittle(UInt8(truncatingIfNeeded: map.count), at: Offset.mapCount)
        for (index, entry) in map.enumerated() {
            page.putLittle(entry.address, at: Offset.map + 20 * index)
            page.putLittle(entry.size, at: Offset.map + 20 * index + 8)
            page.putLittle(entry.kind.rawValue, at: Offset.map + 20 * index + 16)
        }
        return page
    }

    private mutating func enter(_ entry: UInt64, _ parameters: [UInt8]) throws(VirtKitError) -> X86_64.State {
        let address = try place(parameters, alignment: 4096, name: "boot parameters")
        var state = try longMode(entry: entry, vectors: false)
        state.general[6] = address
        return state
    }
}
