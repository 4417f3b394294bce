internal import Synchronization
internal import VirtKitCore

/// Makes regions of a machine's memory ROM or RAM at run time.
///
/// KVM can't change a slot from one to the other: it is emptied and filled again. An access of a vCPU that comes in
/// between leaves guest code as if there were no memory: it is then made here, and an instruction that could not be
/// fetched is tried again.
final class KVMProtection: GuestMemoryObserver {
    private struct Target {
        weak var remapper: (any KVMRemapper)?
    }

    private let target = Mutex(Target())
    /// Odd while a change is being made.
    private let count = Atomic<UInt64>(0)

    init() {}

    /// Names who fills the slots. Not kept alive.
    func connect(_ remapper: any KVMRemapper) { target.withLock { $0.remapper = remapper } }

    func memoryWasWritten(at address: UInt64, count: Int) {}

    func protectionChanged(of region: GuestMemoryRegion) {
        target.withLock { target in
            guard let remapper = target.remapper else { return }
            count.wrappingAdd(1, ordering: .sequentiallyConsistent)
            remapper.remap(region)
            count.wrappingAdd(1, ordering: .sequentiallyConsistent)
        }
    }

    /// Whether anything has ever been changed.
    @inline(__always)
    var hasChanges: Bool { count.load(ordering: .acquiring) != 0 }

    /// Whether a failed fetch may be due to a change since the last time this was asked.
    func explainsFailure(_ seen: inout UInt64) -> Bool {
        let present = count.load(ordering: .sequentiallyConsistent)
        guard present != seen else { return false }
        if present & 1 == 0 { seen = present }
        return true
    }

    /// Makes an access that KVM took for one to a device, where there is memory after all. Returns nil where there is
    /// none, or where it is a write to ROM; otherwise what was read.
    func access(_ memory: GuestMemory, _ address: UInt64, length: Int, write value: UInt64?) -> UInt64? {
        var bytes = [UInt8](repeating: 0, count: length)
        do throws(GuestMemoryFault) {
            guard let value else {
                bytes = try memory.bytes(at: address, count: length)
                return bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
            }
            guard memory.regions.contains(where: { $0.isWritable && $0.contains(address) }) else { return nil }
            for index in 0..<length { bytes[index] = UInt8(truncatingIfNeeded: value >> UInt64(index * 8)) }
            try memory.write(bytes, at: address)
            return 0
        } catch {
            return nil
        }
    }
}

/// Who fills the slots of a virtual machine.
protocol KVMRemapper: AnyObject, Sendable {
    /// Empties a region's slot, and fills it as the region now is.
    func remap(_ region: GuestMemoryRegion)
}

extension GuestMemoryRegion {
    fileprivate func contains(_ address: UInt64) -> Bool { address >= guestAddress && address &- guestAddress < size }
}
