internal import VirtKitCore

/// Wraps a flat image into an ELF file that QEMU boots by Xen's PVH entry (docs/misc/pvh.pandoc): a stub turns 64-bit mode on with
/// the first 4 GiB mapped one to one, and jumps to the image as `BootSource.flat` promises it.
enum FlatImage {
    private static let pageTables: UInt64 = 0x1000
    private static let stackEnd: UInt64 = 0xB000

    /// The ELF file.
    ///
    /// - Throws: `VirtKitError` with `.invalidImage` where image and stub don't fit into the guest's memory.
    static func elf(_ image: [UInt8], address: UInt64, memory: UInt64) throws(VirtKitError) -> [UInt8] {
        let end = address.addingReportingOverflow(UInt64(image.count) &+ 0xFFF)
        let stub = end.partialValue & ~0xFFF
        guard !end.overflow, !image.isEmpty, address >= 0x10_0000, stub + stackEnd <= min(memory, 0x8000_0000) else {
            throw VirtKitError(
                .invalidImage, operation: "load flat image",
                message:
                    "an image of \(image.count) bytes at 0x\(String(address, radix: 16)) does not fit: QEMU's loader "
                    + "takes it from 1 MiB on, with 48 KiB of memory after it")
        }
        var file: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0] + [UInt8](repeating: 0, count: 8)
        let note = elfNote(entry: stub)
        let code = self.stub(at: stub, entry: address)
        let headers: UInt64 = 64 + 3 * 56
        let noteOffset = headers
        let stubOffset = noteOffset + UInt64(note.count)
        let imageOffset = stubOffset + UInt64(code.count)
        for value in [2, 62] as [UInt16] { file.append(little: value) }  // ET_EXEC, EM_X86_64
        file.append(little: UInt32(1))
        for value in [stub, 64, 0] as [UInt64] { file.append(little: value) }
        file.append(little: UInt32(0))
        for value in [64, 56, 3, 0, 0, 0] as [UInt16] { file.append(little: value) }
        func segment(_ type: UInt32, _ offset: UInt64, _ address: UInt64, _ size: Int, _ memory: UInt64) {
            file.append(little: type)
            file.append(little: UInt32(7))
            for value in [offset, address, address, UInt64(size), memory, 4] { file.append(little: value) }
        }
        segment(4, noteOffset, 0, note.count, UInt64(note.count))  // PT_NOTE
        segment(1, stubOffset, stub, code.count, stackEnd)  // PT_LOAD
        segment(1, imageOffset, address, image.count, UInt64(image.count))
        return file + note + code + image
    }

    /// XEN_ELFNOTE_PHYS32_ENTRY (18) of "Xen".
    private static func elfNote(entry: UInt64) -> [UInt8] {
        var note: [UInt8] = []
        for value in [4, 8, 18] as [UInt32] { note.append(little: value) }
        note += Array("Xen\0".utf8)
        note.append(little: entry)
        return note
    }

    private static func stub(at base: UInt64, entry: UInt64) -> [UInt8] {
        func word(_ value: UInt64) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
        func long(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
        var code: [UInt8] = [0xFA, 0x89, 0xDF]  // cli; mov %ebx, %edi
        code += [0x0F, 0x20, 0xE0, 0x0D] + word(0x620) + [0x0F, 0x22, 0xE0]  // CR4: PAE, OSFXSR, OSXMMEXCPT
        code += [0xB8] + word(base + pageTables) + [0x0F, 0x22, 0xD8]  // CR3
        code += [0xB9] + word(0xC000_0080) + [0x0F, 0x32, 0x0D] + word(0x100) + [0x0F, 0x30]  // EFER: LME
        code += [0xB8] + word(0x8000_0033) + [0x0F, 0x22, 0xC0]  // CR0: PG, NE, ET, MP, PE
        code += [0x0F, 0x01, 0x15] + word(base + 0x120)  // lgdt
        code += [0xEA] + word(base + UInt64(code.count) + 7) + [0x10, 0]  // ljmp $0x10, 64-bit mode
        code += [0x66, 0xB8, 0x18, 0, 0x8E, 0xD8, 0x8E, 0xC0, 0x8E, 0xD0, 0x8E, 0xE0, 0x8E, 0xE8]  // data segments
        code += [0x48, 0xBC] + long(base + stackEnd)  // mov, %rsp
        code += [0x89, 0xFF, 0x31, 0xC0, 0x31, 0xDB, 0x31, 0xC9, 0x31, 0xD2, 0x31, 0xF6, 0x31, 0xED]
        for register in [0xC0, 0xC9, 0xD2, 0xDB, 0xE4, 0xED, 0xF6, 0xFF] as [UInt8] { code += [0x45, 0x31, register] }
        code += [0xFF, 0x25, 0, 0, 0, 0] + long(entry)  // jmp *0(%rip)
        code += [UInt8](repeating: 0, count: 0x100 - code.count)
        for entry in [0, 0, 0x00AF_9B00_0000_FFFF, 0x00CF_9300_0000_FFFF] as [UInt64] { code += long(entry) }
        code += [31, 0] + word(base + 0x100)  // the table's limit and base
        code += [UInt8](repeating: 0, count: Int(pageTables) - code.count)
        func table(_ count: Int, _ entry: (UInt64) -> UInt64) {
            for index in 0..<512 { code += long(index < count ? entry(UInt64(index)) : 0) }
        }
        table(1) { _ in (base + 0x2000) | 3 }
        table(4) { (base + 0x3000 + $0 << 12) | 3 }
        for directory in 0..<UInt64(4) { table(512) { (directory << 30) | ($0 << 21) | 0x83 } }
        return code
    }
}

extension [UInt8] {
    /// Appends an integer, lowest byte first.
    fileprivate mutating func append(little value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}
