internal import VirtKitCore

/// The two functions of the chip set: Q35's host bridge and ICH9's LPC bridge. Their registers after reset are as firmware
/// would have set them, since the board also boots without firmware.
package struct ChipSet {
    /// The memory controller hub (Q35 data sheet, chapter 5), device 0.
    package let hostBridge: PCIFunction
    /// The LPC bridge (ICH9 data sheet, chapter 13), device 31.
    package let lpcBridge: PCIFunction

    private enum Host { static let ecamBase = 0x60, attributes = 0x90, smram = 0x9D, extendedSMRAM = 0x9E }
    private enum LPC {
        static let powerBase = 0x40, powerControl = 0x44, pirqAToD = 0x60, pirqEToH = 0x68, rootComplex = 0xF0
    }

    /// Puts the functions on a bus.
    ///
    /// - Parameters:
    ///   - ecam: called with the ECAM window's address and size when the guest moves it; nil when it switches it off.
    ///   - hasROM: whether there is a ROM that the registers show or hide. Without it the memory from C0000H on is RAM.
    ///   - shadow: called with a part from C0000H on (`PCMemoryLayout.shadowParts`) that the guest makes writable or not.
    ///   - powerManagement: called with PMBASE when the guest moves it; nil when it switches it off.
    package init(
        bus: PCIBus, router: InterruptRouter, hasROM: Bool = false, ecam: @escaping (Range<UInt64>?) -> Void,
        shadow: @escaping (_ part: Int, _ isWritable: Bool) -> Void = { _, _ in },
        powerManagement: @escaping (UInt64?) -> Void
    ) {
        let host = PCIFunction(
            id: "pc/pci/host", address: PCIAddress(device: 0), vendor: 0x8086, device: 0x29C0, classCode: 0x06_0000)
        host.define(Host.ecamBase, UInt64(PCAddresses.ecam) | 1, writable: 0xF_FC00_0007)
        // PAM registers: writes to ROM are let through to its copy in RAM, or dropped; reads find that copy always.
        let attributes: UInt64 = 0x33_3333_3333_3330
        host.define(Host.attributes, hasROM ? 0 : attributes, writable: attributes)
        host.define(Host.smram, UInt8(0x02), writable: 0x70)
        host.define(Host.extendedSMRAM, UInt8(0x38), writable: 0x87)
        host.wasWritten = { [unowned host] offset, width in
            if offset < Host.attributes + 7, offset &+ width > Host.attributes {
                let value = host.value(Host.attributes, as: UInt64.self)
                for part in 0..<12 { shadow(part, value >> UInt64(8 + 4 * part) & 2 != 0) }
                shadow(12, value & 0x20 != 0)
            }
            guard offset < Host.ecamBase + 8, offset &+ width > Host.ecamBase else { return }
            ecam(Self.ecamRange(host.value(Host.ecamBase, as: UInt64.self)))
        }

        let lpc = PCIFunction(
            id: "pc/pci/lpc", address: PCIAddress(device: 31), vendor: 0x8086, device: 0x2918, classCode: 0x06_0100,
            revision: 2)
        lpc.define(LPC.powerBase, UInt32(PCAddresses.powerManagement) | 1, writable: 0xFF80)
        lpc.define(LPC.powerControl, UInt8(0x80), writable: 0x87)
        for offset in [LPC.pirqAToD, LPC.pirqEToH] {
            lpc.define(offset, 0x8080_8080 as UInt32, writable: 0x8F8F_8F8F)
        }
        lpc.define(LPC.rootComplex, UInt32(0), writable: 0xFFFF_C001)
        lpc.wasWritten = { [unowned lpc] offset, width in
            if offset < LPC.powerControl + 1, offset &+ width > LPC.powerBase {
                let isEnabled = lpc.value(LPC.powerControl, as: UInt8.self) & 0x80 != 0
                powerManagement(isEnabled ? UInt64(lpc.value(LPC.powerBase, as: UInt32.self) & 0xFF80) : nil)
            }
            for number in 0..<8 {
                let register = (number < 4 ? LPC.pirqAToD : LPC.pirqEToH - 4) + number
                router.route(pci: number, register: lpc.value(register, as: UInt8.self))
            }
        }
        bus.add(host)
        bus.add(lpc)
        hostBridge = host
        lpcBridge = lpc
    }

    /// The window that a value of PCIEXBAR (5.1.15) maps.
    private static func ecamRange(_ value: UInt64) -> Range<UInt64>? {
        guard value & 1 != 0, value >> 1 & 3 != 3 else { return nil }
        let size = PCAddresses.ecamSize &>> (value >> 1 & 3)
        let base = value & 0xF_FFFF_FFFF & ~(size &- 1)
        return base..<base &+ size
    }
}
