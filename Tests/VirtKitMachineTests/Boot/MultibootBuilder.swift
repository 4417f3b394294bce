@testable import VirtKitMachine

/// A multiboot kernel of our own making that is not ELF: a header at `headerOffset`, in bytes that count up.
struct MultibootBuilder {
    var flags: UInt32 = 1 << 16 | 3
    var headerOffset = 0x20
    var size = 0x1800
    var checksum: UInt32?
    /// The address fields; nil for what is true of an image at 1 MiB.
    var header: UInt32?
    var load: UInt32 = 0x10_0000
    var loadEnd: UInt32 = 0
    var zeroEnd: UInt32 = 0
    var entry: UInt32 = 0x10_0040

    var bytes: [UInt8] {
        var bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
        let fields: [UInt32] = [
            MultibootHeader.magic, flags, checksum ?? 0 &- MultibootHeader.magic &- flags,
            header ?? load &+ UInt32(headerOffset), load, loadEnd, zeroEnd, entry,
        ]
        for (index, field) in fields.enumerated() where headerOffset + 4 * index + 4 <= size {
            bytes.putLittle(field, at: headerOffset + 4 * index)
        }
        return bytes
    }

    /// A header in an ELF file: in its first segment, which the program headers precede.
    static func elf(_ change: (inout ELFBuilder) -> Void = { _ in }) -> ELFBuilder {
        var elf = ELFBuilder()
        elf.is64Bit = false
        elf.machine = 3
        var contents = [UInt8](repeating: 0x90, count: 4096)
        let fields: [UInt32] = [MultibootHeader.magic, 3, 0 &- MultibootHeader.magic &- 3]
        // The ELF header and one program header of a 32-bit file have 84 bytes, a multiple of 4.
        for (index, field) in fields.enumerated() { contents.putLittle(field, at: 4 * index) }
        elf.segments = [.init(address: 0x10_0000, contents: contents)]
        elf.entry = 0x10_0010
        change(&elf)
        return elf
    }
}
