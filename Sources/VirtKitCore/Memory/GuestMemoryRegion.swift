internal import CVirtKit
internal import Glibc
internal import Synchronization

/// What backs a region of guest memory.
public struct MemoryBacking: RawRepresentable, Hashable, Sendable {
    /// The backing's name.
    public let rawValue: String
    /// Makes a backing from its name.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// A sealed memfd: zeroed, shareable with other processes, can't be truncated under its mappings.
    public static let memfd = MemoryBacking(rawValue: "memfd")
    /// Private anonymous memory: zeroed.
    public static let anonymous = MemoryBacking(rawValue: "anonymous")
}

/// A run of guest physical memory with a stable host address.
///
/// The guest changes it while the host reads it, so no Swift reference, buffer or span into it ever leaves this layer:
/// its bytes are copied in, validated, and used. The mapping lives as long as this object.
public final class GuestMemoryRegion: Sendable {
    /// The guest physical address of the first byte. A multiple of 4096.
    public let guestAddress: UInt64
    /// The number of bytes. A multiple of 4096.
    public let size: UInt64
    /// False for ROM: guest writes have no effect. `GuestMemory.setWritable` changes it.
    public internal(set) var isWritable: Bool {
        get { writable.load(ordering: .acquiring) }
        set { writable.store(newValue, ordering: .releasing) }
    }
    /// The host address of the first byte, for accelerators to map. Everyone else uses `GuestMemory`'s accessors.
    public var hostAddress: UnsafeMutableRawPointer { mapping.base }
    /// The memfd behind the region, where there is one.
    public var descriptor: Int32? { mapping.descriptor < 0 ? nil : mapping.descriptor }

    private let mapping: GuestMemoryMapping
    private let writable: Atomic<Bool>

    /// Maps zeroed memory as the host has it.
    ///
    /// - Throws: `VirtKitError`: `.resourceExhausted` where the host refuses, `.invalidConfiguration` for a size or
    ///   address that is not made of whole pages.
    public convenience init(
        guestAddress: UInt64, size: UInt64, isWritable: Bool = true, backing: MemoryBacking = .memfd
    ) throws(VirtKitError) {
        try self.init(
            guestAddress: guestAddress, size: size, isWritable: isWritable, backing: backing, policy: MemoryPolicy())
    }

    /// Maps zeroed memory by a policy.
    ///
    /// - Parameters:
    ///   - guestAddress: the guest physical address of its first byte, a multiple of 4096.
    ///   - size: the number of bytes, a multiple of 4096 above 0.
    ///   - isWritable: whether the guest may write it; false for ROM.
    ///   - backing: what holds the bytes.
    ///   - policy: huge pages and NUMA nodes. With huge pages the backing is private anonymous memory, and the host address
    ///     is as far from a huge page's begin as the guest's. Regions smaller than a huge page have small ones.
    /// - Throws: `VirtKitError`: `.resourceExhausted` where the host refuses, `.unsupported` where it can't follow the
    ///   policy, `.invalidConfiguration` for a size or address that is not made of whole pages.
    public init(
        guestAddress: UInt64, size: UInt64, isWritable: Bool = true, backing: MemoryBacking = .memfd,
        policy: MemoryPolicy
    ) throws(VirtKitError) {
        guard size > 0, size % 4096 == 0, guestAddress % 4096 == 0, size <= UInt64(Int.max),
            !guestAddress.addingReportingOverflow(size).overflow
        else {
            throw VirtKitError(
                .invalidConfiguration, operation: "map guest memory",
                message: "address \(guestAddress) and size \(size) are not whole pages")
        }
        self.guestAddress = guestAddress
        self.size = size
        writable = Atomic(isWritable)
        mapping = try GuestMemoryMapping(guestAddress: guestAddress, size: Int(size), backing: backing, policy: policy)
    }

    /// The number of the region's bytes that the host holds in memory, or 0 where the host can't tell.
    public var residentBytes: UInt64 {
        let pages = vk_resident_pages(mapping.base, size)
        return pages < 0 ? 0 : UInt64(pages) &* UInt64(sysconf(Int32(_SC_PAGESIZE)))
    }
}
