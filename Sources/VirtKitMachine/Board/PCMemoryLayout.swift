package import VirtKitCore

/// An entry of the BIOS memory map (INT 15H, E820H), as Linux and PVH take it too.
package struct E820Entry: Hashable, Sendable {
    /// The kind of a range (ACPI specification, 15.1).
    package struct Kind: RawRepresentable, Hashable, Sendable {
        /// The kind's number.
        package let rawValue: UInt32
        /// Makes a kind from its number.
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        /// RAM that the guest may use.
        package static let usable = Kind(rawValue: 1)
        /// Not to be used as RAM.
        package static let reserved = Kind(rawValue: 2)
        /// ACPI tables: RAM once they have been read.
        package static let acpiReclaimable = Kind(rawValue: 3)
        /// ACPI's non-volatile storage.
        package static let acpiNVS = Kind(rawValue: 4)
    }

    /// The first address.
    package var address: UInt64
    /// The number of bytes.
    package var size: UInt64
    /// The kind.
    package var kind: Kind

    /// Makes an entry.
    package init(address: UInt64, size: UInt64, kind: Kind) {
        self.address = address
        self.size = size
        self.kind = kind
    }
}

/// Where the board `pc-1` puts its RAM.
///
/// RAM fills addresses from 0 to `PCAddresses.lowMemoryEnd`, but for the graphics hole from 640 KiB to 768 KiB; the
/// rest stands above 4 GiB, as on QEMU's `q35`. From 768 KiB to 1 MiB there is RAM, as after firmware has shadowed the
/// ROMs there; the memory map reserves it, and boot loaders put tables into it. The RAM behind the hole is lost.
package struct PCMemoryLayout: Hashable, Sendable {
    /// The end of the RAM below 4 GiB.
    package let lowSize: UInt64
    /// The number of bytes of RAM from 4 GiB on.
    package let highSize: UInt64
    /// The number of bytes of ROM that end at 4 GiB.
    package let romSize: UInt64
    /// The start of the extended BIOS data area, which ends at 640 KiB.
    package static let extendedBIOSData: UInt64 = 0x9_FC00

    /// Lays out an amount of memory, and of ROM, rounded down to whole pages of 4 KiB.
    package init(memory: ByteCount, romSize: UInt64 = 0) {
        let size = memory.rawValue & ~0xFFF
        lowSize = min(size, PCAddresses.lowMemoryEnd)
        highSize = size &- lowSize
        self.romSize = min(romSize & ~0xFFF, FirmwareImage.maximumSize)
    }

    /// Lays out the memory of a machine.
    ///
    /// - Throws: `VirtKitError` where it boots from a ROM that can't be read.
    package init(_ configuration: MachineConfiguration) throws(VirtKitError) {
        var romSize: UInt64 = 0
        if case .firmware(let contents) = configuration.boot { romSize = try FirmwareImage(contents).image.size }
        self.init(memory: configuration.memory, romSize: romSize)
    }

    /// Where a ROM shows: its last 128 KiB below 1 MiB, and all of it below 4 GiB.
    static func romWindows(size: UInt64) -> [Range<UInt64>] {
        guard size > 0 else { return [] }
        return [shadow.upperBound &- min(size, 0x2_0000)..<shadow.upperBound, (1 << 32) &- size..<1 << 32]
    }

    /// The parts below 1 MiB that the host bridge's PAM registers make ROM or RAM one by one (Q35 data sheet, 5.1.17 to
    /// 5.1.23): from C0000H on in the order of the registers' fields, the last one of 64 KiB at F0000H.
    static let shadowParts: [Range<UInt64>] =
        stride(from: 0xC_0000, to: 0xF_0000, by: 0x4000).map { $0..<$0 + 0x4000 } + [0xF_0000..<0x10_0000]
    private static let shadow: Range<UInt64> = 0xC_0000..<0x10_0000

    /// The read-only regions of a ROM: those below 1 MiB divided as the PAM registers want it.
    private var romRegions: [Range<UInt64>] {
        Self.romWindows(size: romSize).flatMap { window in
            window.upperBound == Self.shadow.upperBound
                ? Self.shadowParts.filter { $0.overlaps(window) }.map { $0.clamped(to: window) } : [window]
        }
    }

    /// Whether a ROM shows in (part of) a range below 1 MiB.
    func isROM(_ range: Range<UInt64>) -> Bool { Self.romWindows(size: romSize).contains { $0.overlaps(range) } }

    /// The end of all RAM: an address of one more than the last byte.
    package var end: UInt64 { highSize == 0 ? lowSize : PCAddresses.highMemory &+ highSize }

    /// The 64-bit window for BARs.
    package var pciHole64: Range<UInt64> {
        let size = PCAddresses.pciHole64Size
        let start = (max(end, PCAddresses.highMemory) &+ size &- 1) & ~(size &- 1)
        return start..<max(start, start &+ size)
    }

    /// The address ranges of the RAM.
    package var ranges: [Range<UInt64>] {
        let hole = PCAddresses.videoHole
        var ranges: [Range<UInt64>] = []
        if lowSize > 0 { ranges.append(0..<min(lowSize, hole.lowerBound)) }
        // Below 1 MiB a ROM hides the RAM.
        let rom = Self.romWindows(size: romSize).first ?? hole.upperBound..<hole.upperBound
        if rom.lowerBound > hole.upperBound { ranges.append(hole.upperBound..<min(lowSize, rom.lowerBound)) }
        if lowSize > rom.upperBound { ranges.append(rom.upperBound..<lowSize) }
        let (highEnd, overflow) = PCAddresses.highMemory.addingReportingOverflow(highSize)
        if highSize > 0, !overflow { ranges.append(PCAddresses.highMemory..<highEnd) }
        return ranges
    }

    /// Maps the RAM, and the ROM where there is one.
    ///
    /// - Throws: `VirtKitError`: what `GuestMemoryRegion` throws.
    package func regions(
        backing: MemoryBacking = .memfd, policy: MemoryPolicy = MemoryPolicy()
    ) throws(VirtKitError) -> [GuestMemoryRegion] {
        var regions: [GuestMemoryRegion] = []
        for range in ranges {
            regions.append(
                try GuestMemoryRegion(
                    guestAddress: range.lowerBound, size: range.upperBound &- range.lowerBound, backing: backing,
                    policy: policy))
        }
        for window in romRegions {
            regions.append(
                try GuestMemoryRegion(
                    guestAddress: window.lowerBound, size: window.upperBound &- window.lowerBound, isWritable: false,
                    backing: backing, policy: policy))
        }
        return regions
    }

    /// The memory map as firmware would hand it over, sorted; entries don't overlap.
    package var e820: [E820Entry] {
        let megabyte: UInt64 = 0x10_0000
        var entries: [E820Entry] = []
        func add(_ range: Range<UInt64>, _ kind: E820Entry.Kind) {
            guard !range.isEmpty else { return }
            entries.append(
                E820Entry(address: range.lowerBound, size: range.upperBound &- range.lowerBound, kind: kind))
        }
        add(0..<min(lowSize, Self.extendedBIOSData), .usable)
        add(Self.extendedBIOSData..<PCAddresses.videoHole.lowerBound, .reserved)
        add(PCAddresses.videoHole.upperBound..<megabyte, .reserved)
        add(megabyte..<max(lowSize, megabyte), .usable)
        add(PCAddresses.ecam..<PCAddresses.ecam &+ PCAddresses.ecamSize, .reserved)
        add(PCAddresses.ioAPIC..<PCAddresses.ioAPIC &+ PCAddresses.ioAPICSize, .reserved)
        add(PCAddresses.rootComplex..<PCAddresses.rootComplex &+ 0x4000, .reserved)
        add(PCAddresses.localAPIC..<PCAddresses.localAPIC &+ PCAddresses.localAPICSize, .reserved)
        for range in ranges where range.lowerBound == PCAddresses.highMemory { add(range, .usable) }
        return entries
    }
}
