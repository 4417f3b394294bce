internal import CVirtKit
internal import Synchronization
internal import VirtKitCore

/// The guest's physical memory as engines see it: where RAM and ROM lie in the host, and which pages hold translated
/// code. Shared by the engines of a machine's vCPUs.
///
/// SAFETY (this file): ranges don't change after `init`, but for `isWritable`, which vCPUs may see late; page numbers come from `range(holding:)`, so they are below
/// `pageCount`; code flags are only touched by atomic operations; `owner` keeps the host memory.
final class PhysicalMemory: @unchecked Sendable {
    /// A run of RAM or ROM. Address and size are multiples of 4096.
    struct Range {
        var base: UInt64
        var size: UInt64
        var host: UnsafeMutableRawPointer
        var isWritable: Bool
        /// The number of its first page, counted over all ranges.
        var firstPage: Int = 0
    }

    /// The ranges in the order of their addresses. They don't overlap.
    let ranges: UnsafeMutableBufferPointer<Range>
    /// 4 KiB pages in all ranges.
    let pageCount: Int
    /// One word a page: bit n is set where the engine of vCPU n (63: of vCPU 63 or above) may hold code from it.
    private let codeFlags: UnsafeMutablePointer<UInt64>
    private let listeners = Mutex<[EngineSignals]>([])
    /// Keeps the host memory mapped.
    private let owner: AnyObject?

    /// Makes a memory of ranges whose host memory `owner` keeps alive.
    init(ranges list: [Range], owner: AnyObject? = nil) {
        let sorted = list.sorted { $0.base < $1.base }
        ranges = .allocate(capacity: sorted.count)
        var pages = 0
        for (index, range) in sorted.enumerated() {
            var range = range
            range.firstPage = pages
            pages += Int(truncatingIfNeeded: range.size >> 12)
            ranges.initializeElement(at: index, to: range)
        }
        pageCount = pages
        codeFlags = .allocate(capacity: max(pages, 1))
        codeFlags.initialize(repeating: 0, count: max(pages, 1))
        self.owner = owner
    }

    /// Makes a memory of the regions of `memory`.
    convenience init(_ memory: GuestMemory) {
        self.init(
            ranges: memory.regions.map {
                Range(base: $0.guestAddress, size: $0.size, host: $0.hostAddress, isWritable: $0.isWritable)
            }, owner: memory)
    }

    deinit {
        ranges.deallocate()
        codeFlags.deallocate()
    }

    /// The range that holds `address`; nil: MMIO.
    @inline(__always)
    func range(holding address: UInt64) -> UnsafeMutablePointer<Range>? {
        // SAFETY: the index stays below the buffer's count. Machines have a handful of ranges.
        guard let base = ranges.baseAddress else { return nil }
        for index in 0..<ranges.count {
            let range = base + index
            if address &- range.pointee.base < range.pointee.size { return range }
        }
        return nil
    }

    /// The host address of the byte at `address`; nil: MMIO. Valid to the end of its page.
    func host(_ address: UInt64) -> UnsafeMutableRawPointer? {
        guard let range = range(holding: address) else { return nil }
        return range.pointee.host + Int(truncatingIfNeeded: address &- range.pointee.base)
    }

    /// The number of the page of `address`; nil: MMIO.
    func pageNumber(_ address: UInt64) -> Int? {
        guard let range = range(holding: address) else { return nil }
        return range.pointee.firstPage &+ Int(truncatingIfNeeded: (address &- range.pointee.base) >> 12)
    }

    // MARK: Code pages

    static func codeBit(vcpu: Int) -> UInt64 { 1 &<< UInt64(truncatingIfNeeded: min(vcpu, 63)) }

    /// Whether any engine may hold code from page `number`.
    func hasCode(_ number: Int) -> Bool { vk_load64(codeFlags + number) != 0 }

    /// Marks that the engine behind `signals` is about to read code from page `number`. From now on it hears of writes.
    /// Returns whether the page had not been marked for it.
    func markCode(_ number: Int, vcpu: Int, page: UInt64, signals: EngineSignals) -> Bool {
        let bit = Self.codeBit(vcpu: vcpu)
        let before = vk_or64(codeFlags + number, bit)
        // The other engines may store to the page without looking at the flag.
        if before == 0 { notifyOthers(.init(kind: .protect, address: page, count: 4096), but: signals) }
        return before & bit == 0
    }

    /// Takes back the mark of an engine that holds no more code from page `number`.
    func unmarkCode(_ number: Int, vcpu: Int) {
        // Bit 63 is shared by all further vCPUs, so none of them may clear it.
        if vcpu < 63 { _ = vk_and64(codeFlags + number, ~Self.codeBit(vcpu: vcpu)) }
    }

    /// Tells the other engines about a vCPU's store to page `number`, which holds code of theirs: each drops all of it
    /// before it executes anything (no other vCPU executes now). So their marks go at once, and further stores to the
    /// page don't wait for a vCPU that is halted.
    func noteStore(_ address: UInt64, number: Int, vcpu: Int, by signals: EngineSignals) {
        notifyOthers(.init(kind: .dropCode, address: address & ~0xFFF, count: 4096), but: signals)
        _ = vk_and64(codeFlags + number, Self.codeBit(vcpu: vcpu))
    }

    /// Tells the engines that something other than a vCPU has written memory. Call it after the write; from any thread.
    func noteExternalWrite(_ address: UInt64, count: Int) {
        guard count > 0 else { return }
        vk_fence()
        var page = address & ~0xFFF
        let last = (address &+ UInt64(count) &- 1) & ~0xFFF
        while true {
            if let number = pageNumber(page), hasCode(number) {
                notifyOthers(.init(kind: .dropCode, address: page, count: 4096), but: nil)
            }
            if page == last { return }
            page &+= 4096
        }
    }

    /// Makes the range at `base` RAM or ROM. From any thread; stores that other engines make right now may still go by
    /// what it was.
    func setWritable(_ isWritable: Bool, base: UInt64) {
        guard let range = range(holding: base), range.pointee.base == base else { return }
        range.pointee.isWritable = isWritable
        // Stores must not go past the slow path, which looks.
        guard !isWritable else { return }
        for page in stride(from: base, to: base &+ range.pointee.size, by: 4096) {
            notifyOthers(.init(kind: .protect, address: page, count: 4096), but: nil)
        }
    }

    /// Adds an engine's mailbox.
    func addListener(_ signals: EngineSignals) { listeners.withLock { $0.append(signals) } }

    /// Removes it.
    func removeListener(_ signals: EngineSignals) { listeners.withLock { $0.removeAll { $0 === signals } } }

    private func notifyOthers(_ request: EngineSignals.Request, but self: EngineSignals?) {
        for listener in listeners.withLock({ $0 }) where listener !== self { listener.post(request) }
    }
}
