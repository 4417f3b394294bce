/// Where the devices of the board `pc-1` answer, which interrupts they raise, and how fast their clocks run.
///
/// Everything here is what Intel's Q35 and ICH9 have, or QEMU's `q35` machine where firmware would have had the choice.
/// The tables that tell a guest (ACPI, CPUID, fw_cfg) are built from these constants.
package enum PCAddresses {
    // MARK: Memory

    /// The end of the RAM below 4 GiB at most: what does not fit stands above 4 GiB. Also where the ECAM window begins.
    package static let lowMemoryEnd: UInt64 = 0xB000_0000
    /// The first address of the RAM that did not fit below `lowMemoryEnd`.
    package static let highMemory: UInt64 = 0x1_0000_0000
    /// Graphics memory of old: no RAM.
    package static let videoHole: Range<UInt64> = 0xA_0000..<0xC_0000
    /// PCI configuration space as memory (MMCONFIG, ECAM) after reset: 256 buses of 1 MiB.
    package static let ecam: UInt64 = 0xB000_0000
    /// The size of the ECAM window.
    package static let ecamSize: UInt64 = 0x1000_0000
    /// Buses in the ECAM window.
    package static let ecamBuses = 256
    /// Where BARs of 32 bits may be put.
    package static let pciHole32: Range<UInt64> = 0xC000_0000..<0xFEC0_0000
    /// Where BARs of 64 bits may be put: the size of the window that starts after the RAM above 4 GiB, aligned to it.
    package static let pciHole64Size: UInt64 = 0x8_0000_0000
    /// The I/O APIC.
    package static let ioAPIC: UInt64 = 0xFEC0_0000
    /// The size of the I/O APIC's window.
    package static let ioAPICSize: UInt64 = 0x1000
    /// The root complex's register block, as the RCBA register of the LPC bridge would place it. Nothing answers there.
    package static let rootComplex: UInt64 = 0xFED1_C000
    /// The local APICs' page after reset; each vCPU sees its own.
    package static let localAPIC: UInt64 = 0xFEE0_0000
    /// The size of the local APIC's page.
    package static let localAPICSize: UInt64 = 0x1000

    // MARK: Ports

    /// The first and the second 8259.
    package static let pic: (UInt64, UInt64) = (0x20, 0xA0)
    /// The edge/level registers of the two 8259.
    package static let elcr: UInt64 = 0x4D0
    /// The 8254.
    package static let pit: UInt64 = 0x40
    /// System control port B: gate and output of the 8254's channel 2.
    package static let systemControlB: UInt64 = 0x61
    /// The keyboard controller's data and command ports.
    package static let keyboard: (data: UInt64, command: UInt64) = (0x60, 0x64)
    /// The real-time clock's index and data ports.
    package static let rtc: UInt64 = 0x70
    /// The index in the real-time clock of the century, in BCD or binary as the other fields.
    package static let rtcCentury: UInt8 = 0x32
    /// POST codes and DMA pages.
    package static let dmaPages: UInt64 = 0x80
    /// System control port A: fast reset and A20.
    package static let systemControlA: UInt64 = 0x92
    /// The advanced power management control port: ACPI's SMI command.
    package static let smiCommand: UInt64 = 0xB2
    /// What to write to `smiCommand` for ACPI mode.
    package static let acpiEnable: UInt8 = 0x02
    /// What to write to `smiCommand` for legacy mode.
    package static let acpiDisable: UInt8 = 0x03
    /// The debug-exit port.
    package static let debugExit: UInt64 = 0xF4
    /// The first serial port.
    package static let serial: UInt64 = 0x3F8
    /// fw_cfg's selector; data at +1, DMA address at +4.
    package static let firmwareConfiguration: UInt64 = 0x510
    /// The number of fw_cfg's ports.
    package static let firmwareConfigurationSize: UInt64 = 12
    /// PCI configuration address and data.
    package static let pciConfiguration: UInt64 = 0xCF8
    /// The reset control register.
    package static let resetControl: UInt64 = 0xCF9
    /// What to write to `resetControl` for a full reset (ACPI's reset value).
    package static let resetValue: UInt8 = 0x0E

    // MARK: Power management, at its place after reset

    /// ACPI's register block (PMBASE).
    package static let powerManagement: UInt64 = 0x600
    /// The size of the block.
    package static let powerManagementSize: UInt64 = 0x80
    /// PM1a event block: status and enable, 4 bytes.
    package static let pm1Event: UInt64 = 0x600
    /// PM1a control block, 2 bytes.
    package static let pm1Control: UInt64 = 0x604
    /// The PM timer, 4 bytes; 24 bits count.
    package static let pmTimer: UInt64 = 0x608
    /// The PM timer's frequency in Hz.
    package static let pmTimerFrequency: UInt64 = 3_579_545
    /// General-purpose event block 0: 8 bytes of status, 8 of enable.
    package static let gpe0: UInt64 = 0x620
    /// The length of general-purpose event block 0.
    package static let gpe0Size: UInt64 = 16
    /// The sleep type for soft off (S5), as on QEMU's `q35`; 7, which is ICH9's own, does the same.
    package static let sleepTypeSoftOff: UInt8 = 0

    // MARK: Interrupts (ISA IRQs unless said otherwise)

    /// The 8254's channel 0.
    package static let pitIRQ = 0
    /// Keyboard.
    package static let keyboardIRQ = 1
    /// The first serial port.
    package static let serialIRQ = 4
    /// The real-time clock.
    package static let rtcIRQ = 8
    /// ACPI's SCI: level, active high.
    package static let sciIRQ = 9
    /// The I/O APIC's inputs.
    package static let ioAPICInputs = 24
    /// The I/O APIC's ID after reset.
    package static let ioAPICID: UInt8 = 0

    /// The I/O APIC's input (GSI) of an ISA IRQ: the same, but IRQ 0 is at input 2.
    package static func gsi(ofISA irq: Int) -> Int { irq == 0 ? 2 : irq }

    /// The I/O APIC's input (GSI) of a PCI interrupt pin (0 INTA to 3 INTD) of a device (0 to 31) on bus 0: 20 to 23 in
    /// turn for devices 0 to 24, 16 to 19 for those of the chip set. Level, active high on this board.
    package static func gsi(ofPCIDevice device: Int, pin: Int) -> Int {
        device < 25 ? 20 + ((device &+ pin) & 3) : 16 + (pin & 3)
    }

    // MARK: Clocks

    /// The core crystal clock in Hz, which feeds the local APIC's timer: 1 GHz, so that the timer counts nanoseconds.
    /// CPUID leaf 15H must report it in ECX.
    package static let crystalFrequency: UInt64 = 1_000_000_000
    /// The 8254's clock in Hz.
    package static let pitFrequency: UInt64 = 1_193_182
    /// The usual frequency of the time-stamp counter in Hz.
    package static let defaultTimeStampFrequency: UInt64 = 1_000_000_000
}
