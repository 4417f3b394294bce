import Testing

@testable import VirtKitEmulator

/// Tables in a dictionary of 8-byte words.
private final class WordMemory: PagingMemory {
    var words: [UInt64: UInt64] = [:]

    func loadEntry(_ physical: UInt64) -> UInt64 { words[physical] ?? 0 }
    func replaceEntry(_ physical: UInt64, expected: UInt64, with desired: UInt64) -> Bool {
        guard loadEntry(physical) == expected else { return false }
        words[physical] = desired
        return true
    }
    func loadSmallEntry(_ physical: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: loadEntry(physical & ~7) >> ((physical & 4) * 8))
    }
    func replaceSmallEntry(_ physical: UInt64, expected: UInt32, with desired: UInt32) -> Bool {
        guard loadSmallEntry(physical) == expected else { return false }
        let shift = (physical & 4) * 8
        words[physical & ~7] = loadEntry(physical & ~7) & ~(0xFFFF_FFFF << shift) | UInt64(desired) << shift
        return true
    }
}

@Suite("x86 page walks")
struct PageWalkerTests {
    private let memory = WordMemory()
    private let long = PageWalker(cr0: 0x8001_0001, cr3: 0x1000, cr4: 0x0030_00A0, efer: 0xD00)
    private let noExecute: UInt64 = 1 << 63

    init() {
        memory.words[0x1000] = 0x2000 | 7
        memory.words[0x2000] = 0x3000 | 7
        memory.words[0x3000] = 0x4000 | 7
        memory.words[0x4000 + 5 * 8] = 0x12_3000 | 7
    }

    private func code(_ result: PageWalkResult) -> UInt32? {
        if case .fault(let code) = result { return code }
        return nil
    }

    private func page(_ result: PageWalkResult) -> PageWalk? {
        if case .page(let page) = result { return page }
        return nil
    }

    private func leaf(_ entry: UInt64) { memory.words[0x4000 + 5 * 8] = entry }

    @Test("4 KiB page, accessed and dirty flags")
    func small() throws {
        let read = try #require(page(long.walk(0x5678, .read, .user, memory: memory)))
        #expect(read.physical == 0x12_3678)
        #expect(read.readable && !read.writable && read.executable && !read.global)
        #expect(memory.words[0x1000] == 0x2027)
        #expect(memory.words[0x2000] == 0x3027)
        #expect(memory.words[0x3000] == 0x4027)
        #expect(memory.words[0x4028] == 0x12_3027)
        let write = try #require(page(long.walk(0x5678, .write, .user, memory: memory)))
        #expect(write.writable)
        #expect(memory.words[0x4028] == 0x12_3067)
    }

    @Test("a refused access leaves the flags alone")
    func refused() {
        leaf(0x12_3000 | 5)
        #expect(code(long.walk(0x5000, .write, .user, memory: memory)) == 7)
        #expect(memory.words[0x4028] == 0x12_3005)
        #expect(memory.words[0x1000] == 0x2007)
    }

    @Test("large pages")
    func large() throws {
        memory.words[0x3000] = 0x4060_0000 | 0x83
        #expect(page(long.walk(0x12_3456, .read, .supervisor, memory: memory))?.physical == 0x4072_3456)
        #expect(page(long.walk(0x12_3456, .read, .supervisor, memory: memory))?.shift == 21)
        memory.words[0x2000] = 0x1_4000_0000 | 0x83
        #expect(page(long.walk(0x3FFF_FFFF, .read, .supervisor, memory: memory))?.physical == 0x1_7FFF_FFFF)
        #expect(page(long.walk(0x3FFF_FFFF, .read, .supervisor, memory: memory))?.shift == 30)
    }

    @Test("not present at each level")
    func absent() {
        for place: UInt64 in [0x4028, 0x3000, 0x2000, 0x1000] {
            memory.words[place] = 0x6_0000_0000_0006
            #expect(code(long.walk(0x5000, .read, .user, memory: memory)) == 4)
            #expect(code(long.walk(0x5000, .write, .supervisor, memory: memory)) == 2)
            #expect(code(long.walk(0x5000, .execute, .supervisor, memory: memory)) == 0x10)
        }
    }

    @Test("reserved bits", arguments: [UInt64(1) << 40, 1 << 51])
    func reserved(bit: UInt64) {
        leaf(0x12_3000 | 7 | bit)
        #expect(code(long.walk(0x5000, .read, .user, memory: memory)) == 0xD)
        leaf(0x12_3007)
        memory.words[0x1000] = 0x2087
        #expect(code(long.walk(0x5000, .read, .supervisor, memory: memory)) == 9)
    }

    @Test("XD is reserved without EFER.NXE; large pages have reserved low bits")
    func moreReserved() {
        var walker = long
        leaf(0x12_3007 | noExecute)
        #expect(code(walker.walk(0x5000, .execute, .user, memory: memory)) == 0x15)
        walker.efer = 0x500
        #expect(code(walker.walk(0x5000, .read, .user, memory: memory)) == 0xD)
        memory.words[0x3000] = 0x4060_2000 | 0x87
        #expect(code(long.walk(0, .read, .user, memory: memory)) == 0xD)
        memory.words[0x3000] = 0x4060_1000 | 0x87
        #expect(code(long.walk(0, .read, .user, memory: memory)) == nil)
    }

    @Test("write protection")
    func writeProtect() {
        leaf(0x12_3005)
        var walker = long
        walker.cr4 = 0xA0
        #expect(code(walker.walk(0x5000, .write, .supervisor, memory: memory)) == 3)
        walker.cr0 &= ~CR0.writeProtect
        #expect(code(walker.walk(0x5000, .write, .supervisor, memory: memory)) == nil)
        #expect(code(walker.walk(0x5000, .write, .user, memory: memory)) == 7)
    }

    @Test("SMEP and SMAP")
    func supervisorModePrevention() {
        #expect(code(long.walk(0x5000, .execute, .supervisor, memory: memory)) == 0x11)
        #expect(code(long.walk(0x5000, .read, .supervisor, memory: memory)) == 1)
        #expect(code(long.walk(0x5000, .write, .supervisor, memory: memory)) == 3)
        #expect(code(long.walk(0x5000, .read, .supervisorWithAccess, memory: memory)) == nil)
        #expect(code(long.walk(0x5000, .execute, .supervisorWithAccess, memory: memory)) == 0x11)
        memory.words[0x3000] = 0x4003
        #expect(code(long.walk(0x5000, .read, .supervisor, memory: memory)) == nil)
        #expect(code(long.walk(0x5000, .read, .user, memory: memory)) == 5)
    }

    @Test("global pages need CR4.PGE")
    func global() throws {
        leaf(0x12_3107)
        #expect(page(long.walk(0x5000, .read, .user, memory: memory))?.global == true)
        var walker = long
        walker.cr4 &= ~CR4.globalPages
        #expect(page(walker.walk(0x5000, .read, .user, memory: memory))?.global == false)
    }

    @Test("no paging")
    func unpaged() {
        let walker = PageWalker(cr0: 1, cr3: 0, cr4: 0, efer: 0)
        #expect(page(walker.walk(0xABCD_1234, .write, .supervisor, memory: memory))?.physical == 0xABCD_1234)
    }

    @Test("PAE and 2-level paging")
    func legacy() {
        var pae = PageWalker(cr0: 0x8001_0001, cr3: 0x6000, cr4: 0x20, efer: 0)
        pae.pagePointers[0] = 0x3001
        #expect(page(pae.walk(0x5678, .write, .user, memory: memory))?.physical == 0x12_3678)
        let small = PageWalker(cr0: 0x8001_0001, cr3: 0x7000, cr4: 0x10, efer: 0)
        memory.words[0x7000] = 0x0040_0087_0000_8007
        memory.words[0x8000 + 16] = 0x9007_0000_0000
        memory.words[0x8010] = 0x0000_9007_0000_0000
        #expect(page(small.walk(0x5123, .read, .user, memory: memory))?.physical == 0x9123)
        #expect(memory.words[0x8010] == 0x0000_9027_0000_0000)
        #expect(page(small.walk(0x40_5123, .write, .user, memory: memory))?.physical == 0x40_5123)
        #expect(code(small.walk(0x80_0000, .write, .user, memory: memory)) == 6)
    }
}
