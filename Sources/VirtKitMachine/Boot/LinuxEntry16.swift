internal import VirtKitCore

/// Linux by its own set-up code in real mode (Documentation/arch/x86/boot.rst, "Loading The Rest of The Kernel" and
/// "Running the Kernel"), with a BIOS for it to ask.
extension BootSession {
    /// The segment of the set-up code; the heap and the stack are in it too.
    private static let segment: UInt16 = 0x1000
    /// Where the stack begins, and how much of it the heap must leave.
    private static let stackEnd: UInt16 = 0xE000
    private static let stackSize: UInt16 = 0x200
    /// CAN_USE_HEAP in `loadflags`.
    private static let canUseHeap: UInt8 = 0x80

    /// - Parameter load: where the protected-mode part has been loaded.
    mutating func enter16(
        _ header: LinuxSetupHeader, of image: ImageFile, load: UInt64, initrd: Range<UInt64>?, commandLine: String
    ) throws(VirtKitError) -> X86_64.State {
        guard header.payloadOffset <= 0x8000 else {
            throw image.invalid(
                "its set-up code has \(header.payloadOffset) bytes, and there is room for 32 KiB",
                remedy: "Use its 32-bit or 64-bit entry.")
        }
        let base = UInt64(Self.segment) << 4
        try space.claim(base, 0x1_0000, for: "set-up code", of: image)
        var setup = try image.bytes(at: 0, count: Int(header.payloadOffset))
        let text = try placeCommandLine(
            commandLine, limit: header.commandLineLimit, in: base + 0x1_0000..<PCMemoryLayout.extendedBIOSData)
        setup.putLittle(UInt8(0xFF), at: Offset.loaderType)
        setup.putLittle((setup.little(UInt8.self, at: Offset.loadFlags) ?? 0) | Self.canUseHeap, at: Offset.loadFlags)
        setup.putLittle(UInt32(truncatingIfNeeded: load), at: Offset.code32Start)
        setup.putLittle(Self.stackEnd - Self.stackSize, at: Offset.heapEnd)
        setup.putLittle(UInt32(truncatingIfNeeded: text), at: Offset.commandLine)
        setup.putLittle(UInt32(truncatingIfNeeded: initrd?.lowerBound ?? 0), at: Offset.initrdAddress)
        setup.putLittle(
            UInt32(truncatingIfNeeded: initrd.map { $0.upperBound - $0.lowerBound } ?? 0), at: Offset.initrdSize)
        try write(setup, at: base)
        try writeBIOS()
        return EntryState.realMode(
            segment: Self.segment, codeSegment: Self.segment + 0x20, stackPointer: Self.stackEnd)
    }

    /// Puts the BIOS and its data into memory, but for what is where an image has been loaded.
    func writeBIOS() throws(VirtKitError) {
        guard map.count <= LegacyBIOS.maximumMapEntries else {
            throw VirtKitError(
                .invalidConfiguration, operation: "load boot images",
                message: "the memory map has \(map.count) entries, and the BIOS has room for "
                    + "\(LegacyBIOS.maximumMapEntries)")
        }
        for blob in LegacyBIOS.blobs(map: map) {
            let range = blob.address..<blob.address + UInt64(blob.bytes.count)
            if space.used.contains(where: { $0.addresses.overlaps(range) }) { continue }
            try write(blob.bytes, at: blob.address)
        }
    }
}
