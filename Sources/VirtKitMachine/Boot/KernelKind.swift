/// The kinds of kernel image that can be told apart by how they begin.
package enum KernelKind: Hashable, Sendable {
    /// A Linux bzImage, for `BootSource.linux`.
    case bzImage
    /// An image with a multiboot header, for `BootSource.multiboot`. It may be an ELF file too.
    case multiboot
    /// Another ELF file, for `BootSource.elf` or, where it is Linux, `BootSource.linux`.
    case elf
    /// None of these, for `BootSource.flat`.
    case flat

    /// How many bytes of an image tell its kind.
    package static let window = MultibootHeader.window

    /// Looks at an image's first bytes: `window` of them, or all where it has fewer.
    package init(start: [UInt8]) {
        if start.little(UInt32.self, at: 0x202) == 0x5372_6448 {
            self = .bzImage
        } else if MultibootHeader.isPresent(in: start) {
            self = .multiboot
        } else if start.starts(with: [0x7F, 0x45, 0x4C, 0x46]) {
            self = .elf
        } else {
            self = .flat
        }
    }
}
