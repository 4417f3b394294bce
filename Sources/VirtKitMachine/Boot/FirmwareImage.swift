internal import VirtKitCore

/// The contents of a ROM, checked.
struct FirmwareImage {
    /// The largest ROM: what lies below it has addresses of devices.
    static let maximumSize: UInt64 = 8 << 20

    let image: ImageFile

    /// Opens an image.
    ///
    /// - Throws: `VirtKitError`: what `ImageFile` throws, and `.invalidImage` for a size that a ROM can't have.
    init(_ source: BootImage) throws(VirtKitError) {
        image = try ImageFile(source, purpose: "firmware")
        guard image.size % 4096 == 0, image.size <= Self.maximumSize else {
            throw image.invalid(
                "it has \(image.size) bytes, and a ROM has a multiple of 4096, up to \(Self.maximumSize)",
                remedy: "Give a whole firmware image: OVMF.fd, bios-256k.bin.")
        }
    }
}

/// A ROM at the reset vector.
extension BootSession {
    /// Fills the ROM, and what shows of it below 1 MiB.
    mutating func loadFirmware(_ firmware: FirmwareImage) throws(VirtKitError) -> X86_64.State {
        let image = firmware.image
        // Those below 1 MiB may be writable just now: the guest can make them so.
        for window in PCMemoryLayout.romWindows(size: image.size) {
            let regions = memory.regions.filter { window.contains($0.guestAddress) }
            let count = window.upperBound - window.lowerBound
            guard regions.reduce(0, { $0 + $1.size }) == count else {
                throw image.invalid(
                    "it has \(image.size) bytes, and the machine was made for a ROM of another size",
                    remedy: "Don't change it while the machine is there.")
            }
            for region in regions {
                let offset = image.size - count + (region.guestAddress - window.lowerBound)
                try image.copy(at: offset, count: region.size, to: memory, address: region.guestAddress)
            }
        }
        return .reset
    }
}
