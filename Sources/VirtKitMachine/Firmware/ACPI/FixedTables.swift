/// The fixed ACPI description table and its companions.
enum FixedTables {
    /// RSDP, version 2 (ACPI specification 6.5, 5.2.5.3).
    static func rootPointer(rootTable: UInt64, extendedTable: UInt64) -> [UInt8] {
        var bytes = Array("RSD PTR ".utf8) + [0] + ACPITable.text(ACPITable.oemID, 6) + [2]
        bytes.appendLittle(UInt32(truncatingIfNeeded: rootTable))
        bytes.appendLittle(UInt32(36))
        bytes.appendLittle(extendedTable)
        bytes += [0, 0, 0, 0]
        bytes[8] = ACPITable.checksum(bytes[..<20])
        bytes[32] = ACPITable.checksum(bytes[...])
        return bytes
    }

    /// RSDT (5.2.7), for kernels that don't know the XSDT. All tables are below 4 GiB.
    static func rootTable(_ tables: [UInt64]) -> [UInt8] {
        var contents: [UInt8] = []
        for address in tables { contents.appendLittle(UInt32(truncatingIfNeeded: address)) }
        return ACPITable.make("RSDT", revision: 1, contents)
    }

    /// XSDT (5.2.8).
    static func extendedTable(_ tables: [UInt64]) -> [UInt8] {
        var contents: [UInt8] = []
        for address in tables { contents.appendLittle(address) }
        return ACPITable.make("XSDT", revision: 1, contents)
    }

    /// FACS, version 2 (5.2.10): no header, no checksum.
    static func controlStructure() -> [UInt8] {
        var bytes = Array("FACS".utf8)
        bytes.appendLittle(UInt32(64))
        bytes += [UInt8](repeating: 0, count: 56)
        bytes[32] = 2
        return bytes
    }

    /// FADT, version 6.3 (5.2.9).
    ///
    /// - Parameter hasKeyboardController: whether an 8042 answers.
    static func fixedDescription(
        controlStructure: UInt64, differentiated: UInt64, hasKeyboardController: Bool
    ) -> [UInt8] {
        typealias Address = PCAddresses
        var bytes: [UInt8] = []
        func low(_ value: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: value) }
        bytes.appendLittle(low(controlStructure))
        bytes.appendLittle(low(differentiated))
        bytes += [0, 0]  // reserved; preferred profile: unspecified
        bytes.appendLittle(UInt16(Address.sciIRQ))
        bytes.appendLittle(low(Address.smiCommand))
        bytes += [Address.acpiEnable, Address.acpiDisable, 0, 0]
        // PM1a and b event, PM1a and b control, PM2 control, PM timer, GPE0 and 1 blocks.
        for port in [Address.pm1Event, 0, Address.pm1Control, 0, 0, Address.pmTimer, Address.gpe0, 0] {
            bytes.appendLittle(low(port))
        }
        bytes += [4, 2, 0, 4, UInt8(Address.gpe0Size), 0, 0, 0]
        bytes.appendLittle(UInt16(0xFFF))  // C2 and C3 are not supported
        bytes.appendLittle(UInt16(0xFFF))
        bytes.appendLittle(UInt16(0))
        bytes.appendLittle(UInt16(0))
        bytes += [0, 0, 0, 0, Address.rtcCentury]
        // Legacy devices, 8042, no VGA, no PCIe ASPM.
        bytes.appendLittle(UInt16(0x01 | (hasKeyboardController ? 0x02 : 0) | 0x04 | 0x10))
        bytes.append(0)
        // WBINVD works, C1 on all processors, no fixed sleep button, no fixed RTC wake status, the reset register. The
        // power button is a fixed one, and the PM timer has 24 bits: both bits are zero.
        bytes.appendLittle(UInt32(1 << 0 | 1 << 2 | 1 << 5 | 1 << 6 | 1 << 10))
        bytes += ACPITable.genericAddress(port: Address.resetControl, bits: 8)
        bytes.append(Address.resetValue)
        bytes.appendLittle(UInt16(0))
        bytes.append(3)  // FADT minor version
        // With both addresses of a table given, the 32-bit one wins for the FACS and must be zero or equal for the DSDT.
        bytes.appendLittle(UInt64(0))
        bytes.appendLittle(differentiated)
        let blocks: [(UInt64, UInt8)] = [
            (Address.pm1Event, 32), (0, 0), (Address.pm1Control, 16), (0, 0), (0, 0), (Address.pmTimer, 32),
            (Address.gpe0, UInt8(Address.gpe0Size * 8)), (0, 0), (0, 0), (0, 0),
        ]
        for (port, bits) in blocks { bytes += ACPITable.genericAddress(port: port, bits: bits) }
        bytes += ACPITable.text("VirtKit", 8)
        return ACPITable.make("FACP", revision: 6, bytes)
    }

    /// MADT (5.2.12).
    static func multipleAPIC(cpus: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendLittle(UInt32(truncatingIfNeeded: PCAddresses.localAPIC))
        bytes.appendLittle(UInt32(1))  // two 8259 as well
        for cpu in 0..<max(0, cpus) {
            let id = UInt32(truncatingIfNeeded: cpu)
            if id < 255 {
                bytes += [0, 8, UInt8(truncatingIfNeeded: id), UInt8(truncatingIfNeeded: id)]
                bytes.appendLittle(UInt32(1))
            } else {
                bytes += [9, 16, 0, 0]
                for value in [id, 1, id] { bytes.appendLittle(value) }
            }
        }
        bytes += [1, 12, PCAddresses.ioAPICID, 0]
        bytes.appendLittle(UInt32(truncatingIfNeeded: PCAddresses.ioAPIC))
        bytes.appendLittle(UInt32(0))
        // Where an ISA interrupt is not edge-triggered, active high, at the input of its own number.
        let overrides: [(irq: Int, flags: UInt16)] = [(PCAddresses.pitIRQ, 0), (PCAddresses.sciIRQ, 0x0D)]
        for (irq, flags) in overrides {
            bytes += [2, 10, 0, UInt8(truncatingIfNeeded: irq)]
            bytes.appendLittle(UInt32(truncatingIfNeeded: PCAddresses.gsi(ofISA: irq)))
            bytes.appendLittle(flags)
        }
        bytes += [4, 6, 0xFF, 0, 0, 1]  // NMI at LINT1 of every local APIC
        if cpus > 255 {
            bytes += [0x0A, 12, 0, 0]
            bytes.appendLittle(UInt32.max)
            bytes += [1, 0, 0, 0]
        }
        return ACPITable.make("APIC", revision: 4, bytes)
    }

    /// MCFG (PCI Firmware Specification 3.3, 4.1.2).
    static func memoryMappedConfiguration() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 8)
        bytes.appendLittle(PCAddresses.ecam)
        bytes.appendLittle(UInt16(0))
        bytes += [0, UInt8(truncatingIfNeeded: PCAddresses.ecamBuses - 1), 0, 0, 0, 0]
        return ACPITable.make("MCFG", revision: 1, bytes)
    }
}
