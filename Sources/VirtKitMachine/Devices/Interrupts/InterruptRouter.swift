/// The wires from devices to interrupt controllers, by global system interrupt (GSI): numbers 0 to 15 are ISA's IRQs and
/// go to the 8259 pair and the I/O APIC; 16 to 23 go to the I/O APIC, and to where the LPC bridge routes them.
package final class InterruptRouter {
    private let pic: LegacyPIC
    private let ioAPIC: IOAPIC
    /// How many lines hold each ISA IRQ's 8259 input, and each I/O APIC input, high: lines may be shared.
    private var picHolders = [Int](repeating: 0, count: 16)
    private var ioHolders = [Int](repeating: 0, count: PCAddresses.ioAPICInputs)
    private var isPCIHeld = [Bool](repeating: false, count: 8)
    /// The ISA IRQ that each of the PCI interrupts PIRQA to PIRQH goes to; 0 for none.
    private var pciRoutes = [UInt8](repeating: 0, count: 8)

    /// Makes wires to controllers.
    package init(pic: LegacyPIC, ioAPIC: IOAPIC) {
        self.pic = pic
        self.ioAPIC = ioAPIC
    }

    /// A new line to an ISA IRQ, 0 to 15. IRQ 0 is at the I/O APIC's input 2. Any other number gives a line that leads
    /// nowhere.
    package func isaLine(_ irq: Int) -> InterruptLine {
        guard irq >= 0, irq < 16, irq != 2 else { return InterruptLine { _ in } }
        return InterruptLine { [unowned self] level in
            holdPIC(irq, level)
            holdIO(PCAddresses.gsi(ofISA: irq), level)
        }
    }

    /// A new line to a GSI: an ISA IRQ, or a PCI interrupt from 16 on.
    package func line(_ gsi: Int) -> InterruptLine {
        guard gsi >= 16 else { return isaLine(gsi) }
        guard gsi < PCAddresses.ioAPICInputs else { return InterruptLine { _ in } }
        return InterruptLine { [unowned self] level in
            let before = ioHolders[gsi] > 0
            holdIO(gsi, level)
            let after = ioHolders[gsi] > 0
            let number = gsi &- 16
            guard before != after else { return }
            isPCIHeld[number] = after
            if pciRoutes[number] != 0 { holdPIC(Int(pciRoutes[number]), after) }
        }
    }

    /// Routes a PCI interrupt (0 PIRQA to 7 PIRQH) to an ISA IRQ, as the LPC bridge's PIRQ registers say: bit 7 set, or
    /// a number that the bridge reserves, for none.
    package func route(pci number: Int, register: UInt8) {
        guard number >= 0, number < 8 else { return }
        let irq = register & 0xF
        let isValid = register & 0x80 == 0 && 0xDEF8 &>> UInt32(irq) & 1 != 0
        let route = isValid ? irq : 0
        guard route != pciRoutes[number] else { return }
        if isPCIHeld[number], pciRoutes[number] != 0 { holdPIC(Int(pciRoutes[number]), false) }
        pciRoutes[number] = route
        if isPCIHeld[number], route != 0 { holdPIC(Int(route), true) }
    }

    private func holdPIC(_ irq: Int, _ level: Bool) {
        picHolders[irq] &+= level ? 1 : -1
        pic.setInput(irq, picHolders[irq] > 0)
    }

    private func holdIO(_ input: Int, _ level: Bool) {
        ioHolders[input] &+= level ? 1 : -1
        ioAPIC.setInput(input, ioHolders[input] > 0)
    }
}
