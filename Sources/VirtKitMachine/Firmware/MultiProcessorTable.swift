/// The tables of Intel's MultiProcessor Specification, version 1.4, for systems that don't read ACPI's.
enum MultiProcessorTable {
    private enum Bus { static let pci: UInt8 = 0, isa: UInt8 = 1 }
    private enum Interrupt { static let vectored: UInt8 = 0, nonMaskable: UInt8 = 1, external: UInt8 = 3 }

    /// The floating pointer structure, "_MP_" (4.1): 16 bytes, at a multiple of 16 from 0xF0000 on.
    static func floatingPointer(table: UInt64) -> [UInt8] {
        var bytes = Array("_MP_".utf8)
        bytes.appendLittle(UInt32(truncatingIfNeeded: table))
        bytes += [1, 4, 0]
        bytes += [0, 0, 0, 0, 0]  // a table is there; virtual wire mode
        bytes[10] = ACPITable.checksum(bytes[...])
        return bytes
    }

    /// The configuration table, "PCMP" (4.2).
    static func configuration(cpus: Int) -> [UInt8] {
        let entries = processors(cpus) + buses + [ioAPIC] + isaInterrupts + pciInterrupts + localInterrupts
        var bytes = Array("PCMP".utf8)
        bytes.appendLittle(UInt16(truncatingIfNeeded: 44 + entries.reduce(0) { $0 + $1.count }))
        bytes += [4, 0]
        bytes += Array("VIRTKIT PC-1        ".utf8)
        bytes.appendLittle(UInt32(0))
        bytes.appendLittle(UInt16(0))
        bytes.appendLittle(UInt16(truncatingIfNeeded: entries.count))
        bytes.appendLittle(UInt32(truncatingIfNeeded: PCAddresses.localAPIC))
        bytes += [0, 0, 0, 0]
        for entry in entries { bytes += entry }
        bytes[7] = ACPITable.checksum(bytes[...])
        return bytes
    }

    /// One entry for each processor that has an 8-bit APIC ID (4.3.1).
    private static func processors(_ cpus: Int) -> [[UInt8]] {
        (0..<min(max(1, cpus), 255)).map { cpu in
            // Usable; the first one is the bootstrap processor.
            var entry: [UInt8] = [0, UInt8(truncatingIfNeeded: cpu), 0x14, cpu == 0 ? 3 : 1]
            // The signature that EDX holds after INIT; an FPU, machine check exceptions, CMPXCHG8B and an APIC.
            entry.appendLittle(UInt32(0x0001_06A3))
            entry.appendLittle(UInt32(1 << 0 | 1 << 7 | 1 << 8 | 1 << 9))
            return entry + [UInt8](repeating: 0, count: 8)
        }
    }

    private static var buses: [[UInt8]] {
        [[1, Bus.pci] + Array("PCI   ".utf8), [1, Bus.isa] + Array("ISA   ".utf8)]
    }

    private static var ioAPIC: [UInt8] {
        var entry: [UInt8] = [2, PCAddresses.ioAPICID, 0x20, 1]
        entry.appendLittle(UInt32(truncatingIfNeeded: PCAddresses.ioAPIC))
        return entry
    }

    /// ISA's interrupts as the bus has them, but for the SCI: level-triggered, active high (4.3.4).
    private static var isaInterrupts: [[UInt8]] {
        (0..<16).filter { $0 != 2 }.map { irq in
            interrupt(
                Interrupt.vectored, flags: irq == PCAddresses.sciIRQ ? 0x0D : 0, bus: Bus.isa,
                source: UInt8(truncatingIfNeeded: irq), input: PCAddresses.gsi(ofISA: irq))
        }
    }

    /// Every pin of every device on bus 0: level-triggered, active high.
    private static var pciInterrupts: [[UInt8]] {
        (0..<32).flatMap { device in
            (0..<4).map { pin in
                interrupt(
                    Interrupt.vectored, flags: 0x0D, bus: Bus.pci,
                    source: UInt8(truncatingIfNeeded: device << 2 | pin),
                    input: PCAddresses.gsi(ofPCIDevice: device, pin: pin))
            }
        }
    }

    private static func interrupt(
        _ type: UInt8, flags: UInt8, bus: UInt8, source: UInt8, input: Int
    ) -> [UInt8] {
        [3, type, flags, 0, bus, source, PCAddresses.ioAPICID, UInt8(truncatingIfNeeded: input)]
    }

    /// The 8259 pair at the first LINT0, NMI at every LINT1 (4.3.5).
    private static var localInterrupts: [[UInt8]] {
        [
            [4, Interrupt.external, 0, 0, Bus.isa, 0, 0, 0],
            [4, Interrupt.nonMaskable, 0, 0, Bus.isa, 0, 0xFF, 1],
        ]
    }
}
