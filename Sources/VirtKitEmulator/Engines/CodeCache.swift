/// What stands before a block's operations in the arena. 64 bytes.
struct BlockHeader {
    /// The PC that the block was lowered for.
    var pc: UInt64
    /// The physical address of its first byte.
    var physical: UInt64
    /// The physical page that its only instruction runs over to; `BlockHeader.none` as a rule.
    var secondPage: UInt64
    var modeKey: UInt32
    /// The next block of the same hash bucket (0: none).
    var hashNext: UInt32
    /// The next block of the same first page.
    var pageNext: UInt32
    /// The next block of the same second page.
    var secondPageNext: UInt32
    var operationCount: UInt32
    var boundaryCount: UInt32
    /// Bytes from `physical` on that the block may have been lowered from, within the first page.
    var codeBytes: UInt32
    /// 0 once the block has been dropped.
    var isLive: UInt32
    var reserved: UInt64 = 0

    static let none = UInt64.max
    /// The header's size in operations.
    static let operations = 4
}

/// One entry of the table behind a block's operations: where a guest instruction begins.
struct BoundaryEntry {
    var operationIndex: UInt32
    /// The instruction's PC minus the block's.
    var pcDelta: Int32
}

/// An entry of the jump cache: the block for a PC in the context that the tag stands for.
struct JumpCacheEntry {
    var pc: UInt64
    var tag: UInt32
    var block: UInt32
}

/// All translated blocks of one engine, in one arena. A block's number is the arena index of its first operation.
///
/// Confined to the vCPU's thread.
///
/// SAFETY (this file): `hasRoom` is asked before `install`, so a block's header, operations and boundaries lie within the
/// arena; block numbers come from `install` and are looked up only in the indices that `flush` clears with the arena; page
/// numbers are `PhysicalMemory`'s, below `pageCount`; the rest are masked to their table's size.
final class CodeCache {
    static let jumpCacheCount = 4096
    private static let bucketCount = 1 << 16

    let arena: UnsafeMutablePointer<Operation>
    let jumpCache: UnsafeMutablePointer<JumpCacheEntry>
    private let capacity: Int
    private var used = 16
    private let buckets: UnsafeMutablePointer<UInt32>
    /// For each page of physical memory, its first block.
    private var pageHeads: UnsafeMutablePointer<UInt32>
    private var pageCount: Int
    /// Blocks installed since the last flush.
    private(set) var blockCount = 0
    /// How often the arena has been flushed.
    private(set) var flushCount = 0

    /// Makes a cache with room for `capacity` operations over a memory of `pageCount` pages.
    init(capacity: Int, pageCount: Int) {
        self.capacity = capacity
        let raw = UnsafeMutableRawPointer.allocate(
            byteCount: capacity * MemoryLayout<Operation>.stride, alignment: 64)
        arena = raw.bindMemory(to: Operation.self, capacity: capacity)
        jumpCache = .allocate(capacity: Self.jumpCacheCount)
        jumpCache.initialize(repeating: JumpCacheEntry(pc: 0, tag: 0, block: 0), count: Self.jumpCacheCount)
        buckets = .allocate(capacity: Self.bucketCount)
        buckets.initialize(repeating: 0, count: Self.bucketCount)
        pageHeads = .allocate(capacity: max(pageCount, 1))
        pageHeads.initialize(repeating: 0, count: max(pageCount, 1))
        self.pageCount = pageCount
    }

    deinit {
        arena.deallocate()
        jumpCache.deallocate()
        buckets.deallocate()
        pageHeads.deallocate()
    }

    @inline(__always)
    func header(_ block: UInt32) -> UnsafeMutablePointer<BlockHeader> {
        UnsafeMutableRawPointer(arena + (Int(block) - BlockHeader.operations)).assumingMemoryBound(
            to: BlockHeader.self)
    }

    @inline(__always)
    func boundaries(_ block: UInt32) -> UnsafeMutablePointer<BoundaryEntry> {
        let header = header(block)
        return UnsafeMutableRawPointer(arena + (Int(block) + Int(header.pointee.operationCount)))
            .assumingMemoryBound(to: BoundaryEntry.self)
    }

    private static func bucket(_ physical: UInt64, _ pc: UInt64, _ modeKey: UInt32) -> Int {
        var hash = physical ^ (pc &>> 12) &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(modeKey) &* 0x85EB_CA6B
        hash ^= hash &>> 17
        return Int(truncatingIfNeeded: hash) & (bucketCount - 1)
    }

    /// The live block of a key; 0: none.
    func find(physical: UInt64, pc: UInt64, modeKey: UInt32) -> UInt32 {
        var block = buckets[Self.bucket(physical, pc, modeKey)]
        while block != 0 {
            let header = header(block)
            if header.pointee.physical == physical && header.pointee.pc == pc && header.pointee.modeKey == modeKey
                && header.pointee.isLive != 0
            {
                return block
            }
            block = header.pointee.hashNext
        }
        return 0
    }

    /// Whether a block of so many operations and boundaries fits.
    func hasRoom(operations: Int, boundaries: Int) -> Bool {
        used + BlockHeader.operations + operations + (boundaries + 1) / 2 <= capacity
    }

    /// Puts a block into the arena and the indices. There is room; the page numbers are below the count.
    func install(
        _ operations: [Operation], _ boundaries: [BoundaryEntry], header: BlockHeader, page: Int, secondPage: Int?
    ) -> UInt32 {
        let block = UInt32(truncatingIfNeeded: used + BlockHeader.operations)
        var header = header
        let bucket = Self.bucket(header.physical, header.pc, header.modeKey)
        header.hashNext = buckets[bucket]
        buckets[bucket] = block
        header.pageNext = pageHeads[page]
        pageHeads[page] = block
        if let secondPage, secondPage != page {
            header.secondPageNext = pageHeads[secondPage]
            pageHeads[secondPage] = block
        }
        header.operationCount = UInt32(truncatingIfNeeded: operations.count)
        header.boundaryCount = UInt32(truncatingIfNeeded: boundaries.count)
        header.isLive = 1
        self.header(block).initialize(to: header)
        operations.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { (arena + Int(block)).initialize(from: base, count: source.count) }
        }
        boundaries.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { self.boundaries(block).initialize(from: base, count: source.count) }
        }
        used += BlockHeader.operations + operations.count + (boundaries.count + 1) / 2
        blockCount += 1
        return block
    }

    /// Drops the blocks lowered from any of `count` bytes at offset `offset` of page `number` (whose physical address
    /// is `page`), and calls `onDrop` with each. Returns whether blocks of the page remain.
    func drop(page number: Int, physical page: UInt64, offset: Int, count: Int, onDrop: (UInt32) -> Void)
        -> Bool
    {
        var block = pageHeads[number]
        var remaining: UInt32 = 0
        while block != 0 {
            let header = header(block)
            let isFirst = header.pointee.physical & ~0xFFF == page
            let next = isFirst ? header.pointee.pageNext : header.pointee.secondPageNext
            if header.pointee.isLive != 0 {
                var start = isFirst ? Int(truncatingIfNeeded: header.pointee.physical & 0xFFF) : 0
                var end = isFirst ? start + Int(header.pointee.codeBytes) : 16
                if isFirst && header.pointee.secondPage == page { (start, end) = (0, 4096) }
                if offset < end && offset + count > start {
                    drop(block)
                    onDrop(block)
                } else {
                    // Kept: it becomes the head of the list that remains.
                    if isFirst {
                        header.pointee.pageNext = remaining
                    } else {
                        header.pointee.secondPageNext = remaining
                    }
                    remaining = block
                }
            }
            block = next
        }
        pageHeads[number] = remaining
        return remaining != 0
    }

    /// Marks a block dropped: whoever enters it comes out for a look-up.
    private func drop(_ block: UInt32) {
        let header = header(block)
        header.pointee.isLive = 0
        arena[Int(block)] = Operation(.droppedBlock, immediate: Int64(bitPattern: header.pointee.pc))
        let bucket = Self.bucket(header.pointee.physical, header.pointee.pc, header.pointee.modeKey)
        if buckets[bucket] == block {
            buckets[bucket] = header.pointee.hashNext
            return
        }
        var previous = buckets[bucket]
        while previous != 0 {
            let other = self.header(previous)
            if other.pointee.hashNext == block {
                other.pointee.hashNext = header.pointee.hashNext
                return
            }
            previous = other.pointee.hashNext
        }
    }

    /// Forgets every block. Nothing may be running in the arena.
    func flush() {
        used = 16
        blockCount = 0
        flushCount += 1
        buckets.update(repeating: 0, count: Self.bucketCount)
        pageHeads.update(repeating: 0, count: max(pageCount, 1))
        clearJumpCache()
    }

    /// Empties the jump cache.
    func clearJumpCache() {
        jumpCache.update(repeating: JumpCacheEntry(pc: 0, tag: 0, block: 0), count: Self.jumpCacheCount)
    }

    /// Forgets every block, for another memory.
    func flush(pageCount: Int) {
        pageHeads.deallocate()
        pageHeads = .allocate(capacity: max(pageCount, 1))
        pageHeads.initialize(repeating: 0, count: max(pageCount, 1))
        self.pageCount = pageCount
        flush()
    }

    // MARK: Jump cache and links

    @inline(__always)
    static func jumpCacheIndex(_ pc: UInt64) -> Int {
        Int(truncatingIfNeeded: (pc ^ (pc &>> 12)) & UInt64(jumpCacheCount - 1))
    }

    /// Enters a block into the jump cache. A tag is never 0.
    func remember(_ block: UInt32, pc: UInt64, tag: UInt32) {
        jumpCache[Self.jumpCacheIndex(pc)] = JumpCacheEntry(pc: pc, tag: tag, block: block)
    }

    /// Where the instruction that `operation` of `block` belongs to begins: its number in the block, and its PC.
    func boundary(of operation: UnsafePointer<Operation>, in block: UInt32) -> (ordinal: Int, pc: UInt64) {
        let header = header(block)
        let index = operation - UnsafePointer(arena + Int(block))
        let table = boundaries(block)
        var low = 0
        var high = Int(header.pointee.boundaryCount)
        while high - low > 1 {
            let middle = (low + high) / 2
            if Int(table[middle].operationIndex) <= index { low = middle } else { high = middle }
        }
        guard high > low else { return (0, header.pointee.pc) }
        return (low, header.pointee.pc &+ UInt64(bitPattern: Int64(table[low].pcDelta)))
    }
}

extension Operation {
    /// The block that a `jump` (or a dropped block's head) is linked to: 0 where it is not.
    var link: UInt32 {
        @inline(__always) get { UInt32(a) | UInt32(b) &<< 16 }
        set {
            a = UInt16(truncatingIfNeeded: newValue)
            b = UInt16(truncatingIfNeeded: newValue &>> 16)
        }
    }
}
