internal import VirtKitCore

/// The setup header of a bzImage, checked (Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header").
struct LinuxSetupHeader {
    /// The offset of the header in the image and in `boot_params`.
    static let offset = 0x1F1
    /// How many bytes of an image the header is looked for in.
    static let window = 0x290

    /// The header as it is in the image, from `offset`.
    let bytes: [UInt8]
    /// Where the protected-mode part begins in the image.
    let payloadOffset: UInt64
    /// How many bytes of it the image has.
    let payloadSize: UInt64
    /// The address to load it at.
    let loadAddress: UInt64
    /// How much memory the kernel needs from there on before it has read its memory map.
    let initSize: UInt64
    /// The last address that the initrd may have.
    let initrdMaximum: UInt64
    /// XLF_KERNEL_64: without, it is a 32-bit kernel.
    let has64BitEntry: Bool
    /// The longest command line in bytes, without its zero.
    let commandLineLimit: Int

    /// Reads and checks the header.
    init(_ image: ImageFile) throws(VirtKitError) {
        let head = try image.bytes(at: 0, count: Int(min(image.size, UInt64(Self.window))))
        guard head.little(UInt16.self, at: 0x1FE) == 0xAA55, head.little(UInt32.self, at: 0x202) == 0x5372_6448 else {
            throw Self.notAKernel(image, head)
        }
        guard let version = head.little(UInt16.self, at: 0x206), version >= 0x0202 else {
            throw image.invalid("its boot protocol is older than 2.02", remedy: "Use a kernel from Linux 2.4 on.")
        }
        let end = 0x202 + Int(head[0x201])
        guard end >= Self.leastEnd(version), end <= head.count else {
            throw image.invalid("its setup header ends at byte \(hex(UInt64(end))), where it can't end")
        }
        // A field that a protocol does not have yet is what kernels of that time took for granted.
        func field<Value: FixedWidthInteger & UnsignedInteger>(
            _ offset: Int, since: UInt16, _ usual: Value
        ) throws(VirtKitError) -> Value {
            guard version >= since else { return usual }
            guard let value = head.little(Value.self, at: offset) else {
                throw image.invalid("it ends within its setup header")
            }
            return value
        }
        let setupSectors: UInt8 = try field(0x1F1, since: 0, 0)
        let lowParagraphs: UInt16 = try field(0x1F4, since: 0, 0)
        let paragraphs: UInt32 = try field(0x1F4, since: 0x0204, UInt32(lowParagraphs))
        let loadFlags: UInt8 = try field(0x211, since: 0, 0)
        let initrdMaximum: UInt32 = try field(0x22C, since: 0x0203, 0x37FF_FFFF)
        let alignment: UInt32 = try field(0x230, since: 0x0205, 0)
        let relocatable: UInt8 = try field(0x234, since: 0x0205, 0)
        let extendedFlags: UInt16 = try field(0x236, since: 0x020C, 0)
        let commandLineSize: UInt32 = try field(0x238, since: 0x0206, 255)
        let preferred: UInt64 = try field(0x258, since: 0x020A, 0x10_0000)
        let declaredInitSize: UInt32 = try field(0x260, since: 0x020A, .max)

        guard loadFlags & 1 != 0 else {
            throw image.invalid("it is a zImage, for a load below 1 MiB", remedy: "Build a bzImage.")
        }
        has64BitEntry = extendedFlags & 1 != 0
        payloadOffset = (UInt64(setupSectors == 0 ? 4 : setupSectors) + 1) * 512
        let declared = UInt64(paragraphs) * 16
        guard payloadOffset < image.size else {
            throw image.invalid("it has \(image.size) bytes, and its setup code alone is \(payloadOffset)")
        }
        // The size is in units of 16 bytes, and a signature may follow what it counts.
        let present = image.size - payloadOffset
        guard declared > 0x200, declared <= present + 15 else {
            throw image.invalid(
                "its header says that the kernel has \(declared) bytes, and the file has \(present) of them",
                remedy: "The file may be truncated: fetch it again.")
        }
        payloadSize = present
        loadAddress = try Self.loadAddress(preferred, alignment, relocatable != 0, image)
        guard UInt64(declaredInitSize) >= min(declared, present) else {
            throw image.invalid("its init_size \(declaredInitSize) is less than the kernel's own \(declared) bytes")
        }
        initSize = version >= 0x020A ? max(UInt64(declaredInitSize), present) : present
        self.initrdMaximum = UInt64(initrdMaximum)
        commandLineLimit = commandLineSize == 0 ? 255 : Int(min(commandLineSize, 65535))
        bytes = Array(head[Self.offset..<end])
    }

    /// The least end of a header of a protocol's version.
    private static func leastEnd(_ version: UInt16) -> Int {
        switch version {
        case 0x020A...: 0x264
        case 0x0206...: 0x23C
        case 0x0205...: 0x235
        case 0x0203...: 0x230
        default: 0x22C
        }
    }

    /// Where Linux would run: a kernel never runs below its preferred address.
    private static func loadAddress(
        _ preferred: UInt64, _ alignment: UInt32, _ relocatable: Bool, _ image: ImageFile
    ) throws(VirtKitError) -> UInt64 {
        guard relocatable else { return preferred }
        guard alignment != 0, alignment & (alignment - 1) == 0 else {
            throw image.invalid("its kernel_alignment \(hex(UInt64(alignment))) is not a power of two")
        }
        let mask = UInt64(alignment) - 1
        let (raised, overflow) = preferred.addingReportingOverflow(mask)
        guard !overflow else { throw image.invalid("its preferred address \(hex(preferred)) is beyond all memory") }
        return raised & ~mask
    }

    private static func notAKernel(_ image: ImageFile, _ head: [UInt8]) -> VirtKitError {
        let kinds: [([UInt8], Int, String, String)] = [
            ([0x1F, 0x8B], 0, "it is compressed by gzip", "Decompress it: gzip -d."),
            ([0x28, 0xB5, 0x2F, 0xFD], 0, "it is compressed by zstd", "Decompress it: zstd -d."),
            ([0xFD, 0x37, 0x7A, 0x58, 0x5A], 0, "it is compressed by xz", "Decompress it: xz -d."),
            (Array("ARM\u{64}".utf8), 56, "it is a kernel for AArch64", "Use one that was built for x86-64."),
            (Array("RSC\u{05}".utf8), 56, "it is a kernel for RISC-V", "Use one that was built for x86-64."),
        ]
        for (magic, offset, message, remedy) in kinds
        where head.count >= offset + magic.count && Array(head[offset..<offset + magic.count]) == magic {
            return image.invalid(message, remedy: remedy)
        }
        return image.invalid(
            "it is neither a Linux bzImage nor an ELF file", remedy: "Give a vmlinuz or a vmlinux for x86-64.")
    }
}
