internal import VirtKitCore

/// Linux by its 32-bit boot protocol (Documentation/arch/x86/boot.rst, "32-bit Boot Protocol"): protected mode without
/// paging, flat segments `__BOOT_CS` (0x10) and `__BOOT_DS` (0x18), interrupts off, ESI at the `boot_params`; EBP, EDI
/// and EBX are zero.
extension BootSession {
    /// - Parameters:
    ///   - entry: where the protected-mode part has been loaded, which is its entry.
    ///   - parameters: the page of `boot_params`.
    mutating func enter32(_ entry: UInt64, _ parameters: [UInt8]) throws(VirtKitError) -> X86_64.State {
        let address = try place(parameters, alignment: 4096, name: "boot parameters")
        let descriptors = try place(EntryState.descriptorTable(longMode: false), name: "descriptor table")
        var state = EntryState.protectedMode(
            entry: UInt32(truncatingIfNeeded: entry), descriptorTable: descriptors)
        state.general[6] = address
        return state
    }
}
