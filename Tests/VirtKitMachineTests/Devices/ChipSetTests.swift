import Testing
import VirtKitCore
import VirtKitMachine

@Suite struct ChipSetTests {
    @Test func lpcBridgeRoutesPCIInterruptsTo8259() throws {
        let interrupts = try InterruptRig()
        let bus = PCIBus()
        _ = ChipSet(bus: bus, router: interrupts.router, ecam: { _ in }, powerManagement: { _ in })
        for function in bus.allFunctions { function.reset() }
        for (offset, value, range) in [
            (0, 0x11, 0), (1, 0x20, 0), (1, 0x04, 0), (1, 0x01, 0), (0, 0x11, 1), (1, 0x28, 1), (1, 0x02, 1),
            (1, 0x01, 1),
        ] as [(UInt64, UInt8, Int)] { interrupts.pic.outb(offset, value, range) }
        interrupts.router.line(17).set(true)
        #expect(interrupts.take() == nil)
        bus.write(0x0B, to: 31 << 15 | 0x61, width: 1, range: 1, vcpu: 0)
        #expect(interrupts.take() == 0x2B)
    }
}
