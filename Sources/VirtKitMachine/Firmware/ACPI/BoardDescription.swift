/// The differentiated system description table: the board in AML.
struct BoardDescription {
    /// The number of CPUs.
    var cpus: Int
    /// Whether an 8042 answers.
    var hasKeyboardController: Bool
    /// The 64-bit window for BARs.
    var wideWindow: Range<UInt64>

    /// The table (ACPI specification 6.5, 5.2.11.1). Revision 2: integers have 64 bits.
    var table: [UInt8] {
        let terms: [AMLTerm] = [
            .name(
                "\\_S5",
                .package([
                    .integer(UInt64(PCAddresses.sleepTypeSoftOff)), .integer(UInt64(PCAddresses.sleepTypeSoftOff)),
                    .integer(0), .integer(0),
                ])),
            .scope("\\_SB", (0..<max(0, cpus)).map(processor) + [hostBridge, firmwareConfiguration]),
        ]
        return ACPITable.make("DSDT", revision: 2, terms.flatMap(\.bytes))
    }

    /// A processor device (8.4), tied to its MADT entry by its unique ID.
    private func processor(_ index: Int) -> AMLTerm {
        let digits = String(index & 0xFFF, radix: 16, uppercase: true)
        let name = "C" + String(repeating: "0", count: 3 - digits.count) + digits
        return .device(
            name, [.name("_HID", .string("ACPI0007")), .name("_UID", .integer(UInt64(truncatingIfNeeded: index)))])
    }

    private var hostBridge: AMLTerm {
        let configuration = UInt16(truncatingIfNeeded: PCAddresses.pciConfiguration)
        var windows: [ACPIResource] = [
            .buses(0...UInt16(truncatingIfNeeded: PCAddresses.ecamBuses - 1)),
            .ports(configuration, count: 8),
            .portWindow(0...configuration - 1),
            .portWindow(configuration + 8...0xFFFF),
            .memoryWindow(PCAddresses.pciHole32),
        ]
        if !wideWindow.isEmpty { windows.append(.wideMemoryWindow(wideWindow)) }
        return .device(
            "PCI0",
            [
                .name("_HID", .eisaID("PNP0A08")),
                .name("_CID", .eisaID("PNP0A03")),
                .name("_UID", .integer(0)),
                .name("_SEG", .integer(0)),
                .name("_BBN", .integer(0)),
                .name("_CRS", .resources(windows)),
                .name("_PRT", .package(interruptRouting)),
                // The operating system may have every PCI Express feature that it asks for.
                .method("_OSC", arguments: 4, returns: .argument(3)),
                configurationSpace,
                isaBridge,
            ])
    }

    /// The pins of every device on bus 0, wired to inputs of the I/O APIC (6.2.13).
    private var interruptRouting: [AMLValue] {
        (0..<32).flatMap { device in
            (0..<4).map { pin in
                .package([
                    .integer(UInt64(device) << 16 | 0xFFFF), .integer(UInt64(pin)), .integer(0),
                    .integer(UInt64(truncatingIfNeeded: PCAddresses.gsi(ofPCIDevice: device, pin: pin))),
                ])
            }
        }
    }

    /// The ECAM window, reserved as the PCI Firmware Specification (4.1.2) wants it.
    private var configurationSpace: AMLTerm {
        .device(
            "MCFG",
            [
                .name("_HID", .eisaID("PNP0C02")),
                .name("_UID", .integer(1)),
                .name(
                    "_CRS",
                    .resources([
                        .memory(
                            UInt32(truncatingIfNeeded: PCAddresses.ecam),
                            size: UInt32(truncatingIfNeeded: PCAddresses.ecamSize))
                    ])),
            ])
    }

    private var isaBridge: AMLTerm {
        var devices: [AMLTerm] = [
            .name("_ADR", .integer(0x001F_0000)),
            isaDevice("RTC0", "PNP0B00", ports: [(PCAddresses.rtc, 2)], irq: PCAddresses.rtcIRQ),
            isaDevice("COM1", "PNP0501", ports: [(PCAddresses.serial, 8)], irq: PCAddresses.serialIRQ, uniqueID: 1),
        ]
        if hasKeyboardController {
            devices.append(
                isaDevice(
                    "KBD0", "PNP0303", ports: [(PCAddresses.keyboard.data, 1), (PCAddresses.keyboard.command, 1)],
                    irq: PCAddresses.keyboardIRQ))
        }
        devices.append(powerManagement)
        return .device("ISA0", devices)
    }

    private func isaDevice(
        _ name: String, _ id: String, ports: [(UInt64, UInt8)], irq: Int, uniqueID: UInt64? = nil
    ) -> AMLTerm {
        var terms: [AMLTerm] = [.name("_HID", .eisaID(id))]
        if let uniqueID { terms.append(.name("_UID", .integer(uniqueID))) }
        terms.append(
            .name(
                "_CRS",
                .resources(ports.map { .ports(UInt16(truncatingIfNeeded: $0.0), count: $0.1) } + [.irq(irq)])))
        return .device(name, terms)
    }

    /// Ports of the chip set that belong to no other device.
    private var powerManagement: AMLTerm {
        .device(
            "PMIO",
            [
                .name("_HID", .eisaID("PNP0C02")),
                .name("_UID", .integer(2)),
                .name(
                    "_CRS",
                    .resources([
                        .ports(
                            UInt16(truncatingIfNeeded: PCAddresses.powerManagement),
                            count: UInt8(truncatingIfNeeded: PCAddresses.powerManagementSize)),
                        .ports(UInt16(truncatingIfNeeded: PCAddresses.smiCommand), count: 2),
                        .ports(UInt16(truncatingIfNeeded: PCAddresses.debugExit), count: 4),
                    ])),
            ])
    }

    /// QEMU's firmware configuration device (docs/specs/fw_cfg of QEMU).
    private var firmwareConfiguration: AMLTerm {
        .device(
            "FWCF",
            [
                .name("_HID", .string("QEMU0002")),
                .name("_STA", .integer(0x0B)),
                .name(
                    "_CRS",
                    .resources([
                        .ports(
                            UInt16(truncatingIfNeeded: PCAddresses.firmwareConfiguration),
                            count: UInt8(truncatingIfNeeded: PCAddresses.firmwareConfigurationSize))
                    ])),
            ])
    }
}
