internal import VirtKitCore

/// The states in which a loader hands a vCPU over to a guest, and the tables they need in guest memory.
enum EntryState {
    /// The selector of the flat code segment (`__BOOT_CS` of the Linux boot protocol).
    static let codeSelector: UInt16 = 0x10
    /// The selector of the flat data segment (`__BOOT_DS`).
    static let dataSelector: UInt16 = 0x18

    private static let code64: UInt64 = 0x00AF_9B00_0000_FFFF
    private static let code32: UInt64 = 0x00CF_9B00_0000_FFFF
    private static let data: UInt64 = 0x00CF_9300_0000_FFFF

    /// The size of the global descriptor table.
    static let descriptorTableSize: UInt64 = 32
    /// The size of the page tables: one PML4, one page-directory-pointer table, four page directories.
    static let pageTableSize: UInt64 = 6 * 4096
    /// How much memory the page tables map one to one.
    static let mapped: UInt64 = 4 << 30

    /// The global descriptor table: two null entries, flat code, flat data.
    static func descriptorTable(longMode: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        for entry in [0, 0, longMode ? code64 : code32, data] { bytes.appendLittle(entry) }
        return bytes
    }

    /// Page tables at `base` that map the first 4 GiB one to one by writable, executable pages of 2 MiB (Intel SDM vol.
    /// 3A, 4.5).
    static func pageTables(at base: UInt64) -> [UInt8] {
        let presentWritable: UInt64 = 3
        let large: UInt64 = 0x80
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(pageTableSize))
        func appendTable(_ count: Int, _ entry: (UInt64) -> UInt64) {
            for index in 0..<512 { bytes.appendLittle(index < count ? entry(UInt64(index)) : 0) }
        }
        appendTable(1) { _ in (base + 0x1000) | presentWritable }
        appendTable(4) { (base + 0x2000 + $0 << 12) | presentWritable }
        for directory in 0..<UInt64(4) {
            appendTable(512) { (directory << 30) | ($0 << 21) | large | presentWritable }
        }
        return bytes
    }

    /// 64-bit mode with paging on, interrupts off, flat segments, every other register zero.
    ///
    /// - Parameter vectors: whether CR4 allows SSE, for programs that use it from their first instruction.
    static func longMode(entry: UInt64, pageTables: UInt64, descriptorTable: UInt64, vectors: Bool) -> X86_64.State {
        var state = base(entry: entry, descriptorTable: descriptorTable)
        state.segments = flat(code: 0xA09B)
        state.cr0 = 0x8000_0033  // PG NE ET MP PE
        state.cr3 = pageTables
        state.cr4 = vectors ? 0x620 : 0x20  // OSXMMEXCPT OSFXSR, PAE
        state.efer = 0x500  // LMA LME
        state.tr = X86_64.Segment(limit: 0xFFFF, attributes: 0x8B)
        return state
    }

    /// 32-bit protected mode without paging, as Xen's PVH ABI wants it (docs/misc/pvh.pandoc).
    static func protectedMode(entry: UInt32, descriptorTable: UInt64) -> X86_64.State {
        var state = base(entry: UInt64(entry), descriptorTable: descriptorTable)
        state.segments = flat(code: 0xC09B)
        state.cr0 = 0x11  // ET PE
        state.cr4 = 0
        state.efer = 0
        state.tr = X86_64.Segment(limit: 0x67, attributes: 0x8B)
        return state
    }

    /// Real mode with interrupts off: all data segments the same, the stack in it, and the code at the start of its own.
    static func realMode(segment: UInt16, codeSegment: UInt16, stackPointer: UInt16) -> X86_64.State {
        func register(_ selector: UInt16, _ attributes: UInt32) -> X86_64.Segment {
            X86_64.Segment(
                selector: selector, base: UInt64(selector) << 4, limit: 0xFFFF, attributes: attributes)
        }
        var state = X86_64.State.reset
        state.general = [UInt64](repeating: 0, count: 16)
        state.general[4] = UInt64(stackPointer)
        state.rip = 0
        state.segments = [X86_64.Segment](repeating: register(segment, 0x93), count: 6)
        state.segments[1] = register(codeSegment, 0x9B)
        state.cr0 = 0x10  // ET
        state.idtr = X86_64.DescriptorTable(base: 0, limit: 0x3FF)
        return state
    }

    private static func base(entry: UInt64, descriptorTable: UInt64) -> X86_64.State {
        var state = X86_64.State.reset
        state.general = [UInt64](repeating: 0, count: 16)
        state.rip = entry
        state.rflags = 2
        state.gdtr = X86_64.DescriptorTable(base: descriptorTable, limit: UInt16(descriptorTableSize - 1))
        state.idtr = X86_64.DescriptorTable(base: 0, limit: 0)
        return state
    }

    private static func flat(code attributes: UInt32) -> [X86_64.Segment] {
        let data = X86_64.Segment(selector: dataSelector, base: 0, limit: .max, attributes: 0xC093)
        let code = X86_64.Segment(selector: codeSelector, base: 0, limit: .max, attributes: attributes)
        return [data, code, data, data, data, data]
    }
}
