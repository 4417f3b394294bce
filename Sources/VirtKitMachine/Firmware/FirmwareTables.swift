package import VirtKitCore

/// The tables that firmware leaves in memory for an operating system: ACPI, SMBIOS, and the MultiProcessor Specification's.
///
/// They lie from 0xE0000 to 1 MiB, which the memory map reserves: there operating systems look for their entry points
/// where nobody has told them the address.
package struct FirmwareTables: Hashable, Sendable {
    /// A table, or several that stay together, and their address.
    package struct Blob: Hashable, Sendable {
        /// The guest physical address.
        package var address: UInt64
        /// The contents.
        package var bytes: [UInt8]
    }

    /// The address of the ACPI root system description pointer.
    package let rootPointer: UInt64
    /// What to write, in the order of the addresses.
    package let blobs: [Blob]

    private static let acpi: Range<UInt64> = 0xE_0000..<0xF_0000
    private static let smbios: Range<UInt64> = 0xF_0000..<LegacyBIOS.address

    /// Builds the tables of a machine.
    ///
    /// - Parameter hasKeyboardController: whether the board has an 8042.
    /// - Throws: `VirtKitError` with `.invalidConfiguration` where the tables don't fit.
    package init(
        _ configuration: MachineConfiguration, layout: PCMemoryLayout, hasKeyboardController: Bool
    ) throws(VirtKitError) {
        var acpi = Shelf(range: Self.acpi)
        // The RSDP comes first, and its contents last: they hold what follows from all other addresses.
        let pointer = try acpi.reserve(36)
        let control = try acpi.place(FixedTables.controlStructure(), alignment: 64)
        let board = BoardDescription(
            cpus: configuration.cpus, hasKeyboardController: hasKeyboardController, wideWindow: layout.pciHole64)
        let differentiated = try acpi.place(board.table)
        let tables = [
            try acpi.place(
                FixedTables.fixedDescription(
                    controlStructure: control, differentiated: differentiated,
                    hasKeyboardController: hasKeyboardController)),
            try acpi.place(FixedTables.multipleAPIC(cpus: configuration.cpus)),
            try acpi.place(FixedTables.memoryMappedConfiguration()),
        ]
        let extended = try acpi.place(FixedTables.extendedTable(tables))
        let root = try acpi.place(FixedTables.rootTable(tables))
        acpi.blobs.append(
            Blob(address: pointer, bytes: FixedTables.rootPointer(rootTable: root, extendedTable: extended)))

        var smbios = Shelf(range: Self.smbios)
        let entry = try smbios.reserve(24)
        let structures = SMBIOSTables(
            cpus: configuration.cpus, memory: layout, board: configuration.board.rawValue, name: configuration.name
        ).table
        let table = try smbios.place(structures)
        smbios.blobs.append(
            Blob(address: entry, bytes: SMBIOSTables.entryPoint(table: table, size: structures.count)))

        // Old systems look for it from 0xF0000 on.
        let processors = try smbios.place(MultiProcessorTable.configuration(cpus: configuration.cpus))
        _ = try smbios.place(MultiProcessorTable.floatingPointer(table: processors))

        rootPointer = pointer
        blobs = (acpi.blobs + smbios.blobs).sorted { $0.address < $1.address }
    }

    /// Writes the tables.
    package func write(to memory: GuestMemory) throws(VirtKitError) {
        for blob in blobs {
            do { try memory.write(blob.bytes, at: blob.address) } catch {
                throw VirtKitError(
                    .invalidConfiguration, operation: "write firmware tables",
                    message: "there is no memory at \(hex(blob.address))")
            }
        }
    }
}

/// Tables placed one after another.
private struct Shelf {
    let range: Range<UInt64>
    var blobs: [FirmwareTables.Blob] = []
    private var next: UInt64

    init(range: Range<UInt64>) {
        self.range = range
        next = range.lowerBound
    }

    mutating func reserve(_ size: Int, alignment: UInt64 = 16) throws(VirtKitError) -> UInt64 {
        let address = (next + alignment - 1) & ~(alignment - 1)
        guard address + UInt64(size) <= range.upperBound else {
            throw VirtKitError(
                .invalidConfiguration, operation: "build firmware tables",
                message: "the tables need more than \(range.upperBound - range.lowerBound) bytes",
                remedy: "Give the machine fewer CPUs.")
        }
        next = address + UInt64(size)
        return address
    }

    mutating func place(_ bytes: [UInt8], alignment: UInt64 = 16) throws(VirtKitError) -> UInt64 {
        let address = try reserve(bytes.count, alignment: alignment)
        blobs.append(FirmwareTables.Blob(address: address, bytes: bytes))
        return address
    }
}
