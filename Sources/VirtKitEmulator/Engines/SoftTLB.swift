/// The translations of one MMU index: a direct-mapped table in raw memory that the hot loop reads, and a parallel one
/// with what the slow paths need.
///
/// SAFETY (this file): both tables have `entryCount` elements, and every index is masked to that. An addend is good for the
/// page of its tag only, which lies in one mapping that the engine's `PhysicalMemory` keeps.
struct SoftTLB {
    static let entryCount = 1024
    /// Never equal to a page address.
    static let invalid = UInt64.max

    /// One translation. A tag is the virtual address of the page, or `invalid`.
    struct Entry {
        /// Loads may go straight to host memory.
        var readTag: UInt64
        /// Stores may: the page is writable, dirty, RAM, and holds no code.
        var writeTag: UInt64
        /// Unused; keeps the entry at 32 bytes.
        var reserved: UInt64
        /// Host address minus virtual address.
        var addend: UInt64
    }

    /// What the slow paths know about the entry of the same index.
    struct Detail {
        /// The virtual page, or `invalid`.
        var tag: UInt64
        /// The physical page, with the flags below in its low bits.
        var physical: UInt64
    }

    static let readable: UInt64 = 1
    static let writable: UInt64 = 2
    static let executable: UInt64 = 4
    static let global: UInt64 = 8

    let entries: UnsafeMutablePointer<Entry>
    let details: UnsafeMutablePointer<Detail>
    private var isEmpty = true

    init() {
        let bytes = Self.entryCount * MemoryLayout<Entry>.stride
        entries = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
            .initializeMemory(
                as: Entry.self,
                repeating: Entry(readTag: Self.invalid, writeTag: Self.invalid, reserved: 0, addend: 0),
                count: Self.entryCount)
        details = .allocate(capacity: Self.entryCount)
        details.initialize(repeating: Detail(tag: Self.invalid, physical: 0), count: Self.entryCount)
    }

    /// Frees the tables.
    func deallocate() {
        entries.deallocate()
        details.deallocate()
    }

    @inline(__always)
    static func index(_ address: UInt64) -> Int { Int(truncatingIfNeeded: (address &>> 12) & UInt64(entryCount - 1)) }

    /// The detail of `address`'s page, if it is here and allows `access`.
    @inline(__always)
    func lookUp(_ address: UInt64, _ access: MemoryAccess) -> UInt64? {
        let detail = details[Self.index(address)]
        let needed: UInt64 = 1 &<< UInt64(access.rawValue)
        guard detail.tag == address & ~0xFFF, detail.physical & needed != 0 else { return nil }
        return detail.physical
    }

    /// Enters a translation. `host` is the page's host address where it is RAM or ROM; `mayStore` tells that stores
    /// may go there directly.
    mutating func fill(
        _ address: UInt64, _ translation: PageTranslation, host: UnsafeMutableRawPointer?, mayStore: Bool
    ) -> UInt64 {
        let page = address & ~0xFFF
        let index = Self.index(address)
        var physical = translation.physicalPage & ~0xFFF
        if translation.isReadable { physical |= Self.readable }
        if translation.isWritable { physical |= Self.writable }
        if translation.isExecutable { physical |= Self.executable }
        if translation.isGlobal { physical |= Self.global }
        if translation.isWatched { return physical }
        details[index] = Detail(tag: page, physical: physical)
        if let host {
            entries[index] = Entry(
                readTag: translation.isReadable ? page : Self.invalid,
                writeTag: translation.isWritable && mayStore ? page : Self.invalid,
                reserved: 0, addend: UInt64(UInt(bitPattern: host)) &- page)
        } else {
            entries[index] = Entry(readTag: Self.invalid, writeTag: Self.invalid, reserved: 0, addend: 0)
        }
        isEmpty = false
        return physical
    }

    /// Drops every entry, or all but the global ones.
    mutating func flush(keepingGlobal: Bool) {
        if isEmpty { return }
        for index in 0..<Self.entryCount {
            let detail = details[index]
            if detail.tag == Self.invalid || keepingGlobal && detail.physical & Self.global != 0 { continue }
            drop(index)
        }
        if !keepingGlobal { isEmpty = true }
    }

    /// Drops the entry of a page.
    func flush(page address: UInt64) {
        let index = Self.index(address)
        if details[index].tag == address & ~0xFFF { drop(index) }
    }

    /// Makes stores to a physical page take the slow path.
    func protect(physicalPage: UInt64) {
        if isEmpty { return }
        for index in 0..<Self.entryCount
        where entries[index].writeTag != Self.invalid && details[index].physical & ~0xFFF == physicalPage {
            entries[index].writeTag = Self.invalid
        }
    }

    private func drop(_ index: Int) {
        details[index].tag = Self.invalid
        entries[index].readTag = Self.invalid
        entries[index].writeTag = Self.invalid
    }
}
