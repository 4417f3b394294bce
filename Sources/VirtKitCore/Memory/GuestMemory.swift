internal import CVirtKit
internal import Synchronization

/// Someone who must know when guest memory is written by anyone but a vCPU: an accelerator that holds translated code,
/// or a log of dirty pages. Called on the writing thread; must not block.
public protocol GuestMemoryObserver: AnyObject, Sendable {
    /// `count` bytes at `address` have been written.
    func memoryWasWritten(at address: UInt64, count: Int)

    /// Guest writes to a region take effect from now on, or have none any more, as its `isWritable` says.
    func protectionChanged(of region: GuestMemoryRegion)
}

extension GuestMemoryObserver {
    /// Does nothing: for those who look at `isWritable` whenever it matters.
    public func protectionChanged(of region: GuestMemoryRegion) {}
}

/// A guest physical address range without memory behind it, or not wholly.
public struct GuestMemoryFault: Error, Hashable, Sendable {
    /// The address of the refused access.
    public let address: UInt64
    /// The size of the refused access in bytes.
    public let count: Int
}

/// A machine's memory: the regions of its RAM and ROM, and checked access to them.
///
/// All accessors may be called from any thread. Integers are little-endian, and naturally aligned ones are never torn.
public final class GuestMemory: Sendable {
    /// The regions, in the order of their addresses. They don't overlap.
    public let regions: [GuestMemoryRegion]

    private let observers = Mutex<[any GuestMemoryObserver]>([])

    /// Makes a memory of regions.
    ///
    /// - Throws: `VirtKitError` with `.invalidConfiguration` where two regions overlap.
    public init(regions: [GuestMemoryRegion]) throws(VirtKitError) {
        self.regions = regions.sorted { $0.guestAddress < $1.guestAddress }
        for (low, high) in zip(self.regions, self.regions.dropFirst())
        where low.guestAddress + low.size > high.guestAddress {
            throw VirtKitError(
                .invalidConfiguration, operation: "lay out guest memory",
                message: "regions at \(low.guestAddress) and \(high.guestAddress) overlap")
        }
    }

    /// The size of all regions in bytes.
    public var size: UInt64 { regions.reduce(0) { $0 &+ $1.size } }

    /// How many bytes of the regions the host holds in memory: what the guest, or a loader, has touched.
    public var residentBytes: UInt64 { regions.reduce(0) { $0 &+ $1.residentBytes } }

    /// Adds an observer; it is kept until `removeObserver`.
    public func addObserver(_ observer: any GuestMemoryObserver) { observers.withLock { $0.append(observer) } }

    /// Removes an observer.
    public func removeObserver(_ observer: any GuestMemoryObserver) {
        observers.withLock { $0.removeAll { $0 === observer } }
    }

    /// Makes a region ROM, or RAM, and tells the observers. Nothing happens where no region begins at `address`.
    public func setWritable(_ isWritable: Bool, regionAt address: UInt64) {
        guard let region = regions.first(where: { $0.guestAddress == address }), region.isWritable != isWritable else {
            return
        }
        region.isWritable = isWritable
        for observer in observers.withLock({ $0 }) { observer.protectionChanged(of: region) }
    }

    /// The host address of `count` bytes at `address`, all within one region, and whether the guest may write them; nil
    /// otherwise.
    private func pointer(_ address: UInt64, _ count: Int) -> (UnsafeMutableRawPointer, isWritable: Bool)? {
        for region in regions where address >= region.guestAddress {
            let offset = address &- region.guestAddress
            if offset < region.size, count >= 0, UInt64(count) <= region.size &- offset {
                // SAFETY: the offset is within the region's mapping, whose size fits an Int.
                return (region.hostAddress + Int(offset), region.isWritable)
            }
        }
        return nil
    }

    /// Copies guest memory into `destination`.
    public func read(at address: UInt64, into destination: UnsafeMutableRawBufferPointer) throws(GuestMemoryFault) {
        guard let base = destination.baseAddress, !destination.isEmpty else { return }
        guard let (source, _) = pointer(address, destination.count) else {
            throw GuestMemoryFault(address: address, count: destination.count)
        }
        // SAFETY: `pointer` has checked that the bytes lie in one mapping, which this object keeps alive.
        vk_copy_volatile(base, source, destination.count)
    }

    /// Copies `source` into guest memory and tells the observers. ROM stays as it is: this is what devices write with.
    public func write(_ source: UnsafeRawBufferPointer, at address: UInt64) throws(GuestMemoryFault) {
        try copy(source, to: address, changesROM: false)
    }

    /// Copies `source` into guest memory, ROM too, and tells the observers: for those who load or restore a machine.
    public func overwrite(_ source: UnsafeRawBufferPointer, at address: UInt64) throws(GuestMemoryFault) {
        try copy(source, to: address, changesROM: true)
    }

    private func copy(
        _ source: UnsafeRawBufferPointer, to address: UInt64, changesROM: Bool
    ) throws(GuestMemoryFault) {
        guard let base = source.baseAddress, !source.isEmpty else { return }
        guard let (destination, isWritable) = pointer(address, source.count) else {
            throw GuestMemoryFault(address: address, count: source.count)
        }
        guard isWritable || changesROM else { return }
        // SAFETY: as in `read(at:into:)`.
        vk_copy_volatile(destination, base, source.count)
        notify(address, source.count)
    }

    /// Fills guest memory with a byte. ROM stays as it is.
    public func fill(_ byte: UInt8, at address: UInt64, count: Int) throws(GuestMemoryFault) {
        guard count > 0 else { return }
        guard let (destination, isWritable) = pointer(address, count) else {
            throw GuestMemoryFault(address: address, count: count)
        }
        guard isWritable else { return }
        // SAFETY: as in `read(at:into:)`.
        vk_fill_volatile(destination, byte, count)
        notify(address, count)
    }

    private func notify(_ address: UInt64, _ count: Int) {
        for observer in observers.withLock({ $0 }) { observer.memoryWasWritten(at: address, count: count) }
    }
}

extension GuestMemory {
    /// Reads bytes.
    public func bytes(at address: UInt64, count: Int) throws(GuestMemoryFault) -> [UInt8] {
        guard count >= 0, UInt64(count) <= size else { throw GuestMemoryFault(address: address, count: count) }
        var bytes = [UInt8](repeating: 0, count: count)
        let result = bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(GuestMemoryFault) in try read(at: address, into: buffer) }
        }
        try result.get()
        return bytes
    }

    /// Writes bytes; ROM stays as it is.
    public func write(_ bytes: [UInt8], at address: UInt64) throws(GuestMemoryFault) {
        try bytes.withUnsafeBytes { buffer in
            Result { () throws(GuestMemoryFault) in try write(buffer, at: address) }
        }.get()
    }

    /// Writes bytes, to ROM too.
    public func overwrite(_ bytes: [UInt8], at address: UInt64) throws(GuestMemoryFault) {
        try bytes.withUnsafeBytes { buffer in
            Result { () throws(GuestMemoryFault) in try overwrite(buffer, at: address) }
        }.get()
    }

    /// Reads a little-endian integer.
    public func load<Value: FixedWidthInteger>(
        _ type: Value.Type, at address: UInt64
    ) throws(GuestMemoryFault) -> Value {
        var value: Value = 0
        try withUnsafeMutableBytes(of: &value) { buffer throws(GuestMemoryFault) in
            try read(at: address, into: buffer)
        }
        return Value(littleEndian: value)
    }

    /// Writes a little-endian integer.
    public func store<Value: FixedWidthInteger>(_ value: Value, at address: UInt64) throws(GuestMemoryFault) {
        try withUnsafeBytes(of: value.littleEndian) { buffer throws(GuestMemoryFault) in
            try write(buffer, at: address)
        }
    }
}
