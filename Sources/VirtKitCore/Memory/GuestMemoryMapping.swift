internal import CVirtKit
internal import Glibc

/// An owned mapping of the process's address space.
final class GuestMemoryMapping: @unchecked Sendable {
    // Sendable because it does not change between `init` and `deinit`; the bytes are not its own.

    /// The host address of the region's first byte.
    let base: UnsafeMutableRawPointer
    let descriptor: Int32
    /// All that is mapped: with huge pages there may be more before and after the region.
    private let whole: UnsafeMutableRawBufferPointer

    /// Maps zeroed memory, as ``GuestMemoryRegion`` says.
    init(guestAddress: UInt64, size: Int, backing: MemoryBacking, policy: MemoryPolicy) throws(VirtKitError) {
        guard backing == .memfd || backing == .anonymous else {
            throw VirtKitError(
                .unsupported, operation: Self.operation, message: "backing \(backing.rawValue) is not known")
        }
        let faults = policy.faults
        guard faults.isEmpty else {
            throw VirtKitError(
                .invalidConfiguration, operation: Self.operation, message: faults.joined(separator: "; "))
        }
        let page = policy.hugePages.flatMap { Int(exactly: $0.poolPageSize ?? 1 << 21) } ?? 4096
        let isHuge = page > 4096 && size >= page
        if isHuge {
            whole = try Self.mapHuge(guestAddress: guestAddress, size: size, page: page, policy)
            descriptor = -1
        } else {
            (whole, descriptor) = try Self.map(size, backing)
        }
        guard let start = whole.baseAddress else { throw Self.failure(ENOMEM, size) }
        // SAFETY: a huge mapping begins at a huge page and holds the region at the guest's offset from one.
        base = start + (isHuge ? Int(guestAddress % UInt64(page)) : 0)
        // Where this throws, `deinit` gives the mapping back: everything is set.
        try apply(policy, isHuge: isHuge)
    }

    deinit {
        munmap(whole.baseAddress, whole.count)
        if descriptor >= 0 { close(descriptor) }
    }

    private static let operation = "map guest memory"

    private static func failure(_ error: Int32, _ size: Int) -> VirtKitError {
        VirtKitError(
            .resourceExhausted, operation: operation, message: "the host refused \(size) bytes",
            errno: error, remedy: "give the machine less memory, or raise the host's limits")
    }

    private static func map(
        _ size: Int, _ backing: MemoryBacking
    ) throws(VirtKitError) -> (UnsafeMutableRawBufferPointer, descriptor: Int32) {
        var descriptor: Int32 = -1
        var flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        if backing == .memfd {
            descriptor = vk_memfd_create("virtkit-ram", UInt64(size))
            guard descriptor >= 0 else { throw failure(-descriptor, size) }
            flags = MAP_SHARED | MAP_NORESERVE
        }
        // SAFETY: a fresh mapping at an address of the kernel's choice overlaps nothing; `deinit` unmaps it once.
        let result = mmap(nil, size, PROT_READ | PROT_WRITE, flags, descriptor, 0)
        guard let result, result != MAP_FAILED else {
            let error = errno
            if descriptor >= 0 { close(descriptor) }
            throw failure(error, size)
        }
        return (UnsafeMutableRawBufferPointer(start: result, count: size), descriptor)
    }

    // MARK: Huge pages

    /// Maps whole huge pages around the region: from the pool, or ones that the kernel may make.
    private static func mapHuge(
        guestAddress: UInt64, size: Int, page: Int, _ policy: MemoryPolicy
    ) throws(VirtKitError) -> UnsafeMutableRawBufferPointer {
        let (end, overflow) = (Int(guestAddress % UInt64(page)) + page - 1).addingReportingOverflow(size)
        guard !overflow else { throw failure(ENOMEM, size) }
        let count = end / page * page
        guard policy.hugePages == .transparent else {
            let shift = page.trailingZeroBitCount
            let flags = MAP_PRIVATE | MAP_ANONYMOUS | vk_map_huge_flags(Int32(shift))
            // SAFETY: as in `map`. Without MAP_NORESERVE the pages are set aside, or the call fails.
            let result = mmap(nil, count, PROT_READ | PROT_WRITE, flags, -1, 0)
            guard let result, result != MAP_FAILED else { throw HugePagePool.refusal(page, count / page, errno) }
            return UnsafeMutableRawBufferPointer(start: result, count: count)
        }
        try HugePagePool.requireTransparentPages()
        // One page more, so that there is a huge page's begin in the first; what is around is given back.
        let (whole, _) = try map(count + page, .anonymous)
        guard let start = whole.baseAddress else { throw failure(ENOMEM, size) }
        let before = (page - Int(bitPattern: start) & (page - 1)) & (page - 1)
        // SAFETY: both parts lie in the mapping, and nobody has them.
        let first = start + before
        if before > 0 { munmap(start, before) }
        if page > before { munmap(first + count, page - before) }
        return UnsafeMutableRawBufferPointer(start: first, count: count)
    }

    // MARK: Policy

    /// Before anyone touches a page.
    private func apply(_ policy: MemoryPolicy, isHuge: Bool) throws(VirtKitError) {
        if let numa = policy.numa { try HostNUMA.place(whole, numa) }
        guard isHuge else { return }
        if policy.hugePages == .transparent {
            guard madvise(whole.baseAddress, whole.count, MADV_HUGEPAGE) == 0 else {
                throw VirtKitError(
                    .unsupported, operation: Self.operation,
                    message: "the host's kernel makes no transparent huge pages", errno: errno,
                    remedy: "leave hugePages out")
            }
        } else {
            // A page that its node has not would else end the process when the guest touches it.
            let result = vk_memory_populate(whole.baseAddress, UInt64(whole.count))
            guard result == 0 || result == -EINVAL else {
                throw VirtKitError(
                    .resourceExhausted, operation: Self.operation,
                    message: "the host's pool has not the huge pages that the NUMA policy asks for", errno: -result,
                    remedy: "reserve more on these nodes (/sys/devices/system/node/nodeN/hugepages)")
            }
        }
    }
}
