package import VirtKitCore

/// What the board `pc-1` does in place of firmware: tables for the guest, images, and the first vCPU's state.
package enum PCBoot {
    /// Writes firmware tables and boot images into memory. May be called again after a reset.
    ///
    /// - Parameter hasKeyboardController: whether the board has an 8042.
    /// - Throws: `VirtKitError`: what `BootLoader.load` throws, and `.invalidConfiguration` where there is nothing to
    ///   boot.
    package static func load(
        _ configuration: MachineConfiguration, into memory: GuestMemory, layout: PCMemoryLayout,
        hasKeyboardController: Bool
    ) throws(VirtKitError) -> BootPlan {
        guard let boot = configuration.boot else {
            throw VirtKitError(
                .invalidConfiguration, operation: "load boot images",
                message: "boot is missing: the machine has nothing to run")
        }
        let tables = try FirmwareTables(
            configuration, layout: layout, hasKeyboardController: hasKeyboardController)
        try tables.write(to: memory)
        return try BootLoader.load(boot, into: memory, map: layout.e820, rootPointer: tables.rootPointer)
    }
}
