internal import Glibc
internal import Synchronization
internal import VirtKitCore

/// Makes regions of a machine's memory ROM or RAM at run time.
///
/// KVM can't change a slot from one to the other: it is emptied and filled again, and no vCPU may look for its memory in
/// between. So all are kept out of the guest meanwhile. A vCPU says that it is inside and then looks at `isChanging`; a
/// change sets that and then looks who is inside, and makes those leave: in sequential order on both sides, so that one
/// sees the other.
final class KVMProtection: GuestMemoryObserver {
    private struct Target {
        weak var remapper: (any KVMRemapper)?
    }

    /// Held while a change is made.
    private let target = Mutex(Target())
    private let changing = Atomic<Bool>(false)

    init() {}

    /// Names who fills the slots. Not kept alive.
    func connect(_ remapper: any KVMRemapper) { target.withLock { $0.remapper = remapper } }

    func memoryWasWritten(at address: UInt64, count: Int) {}

    func protectionChanged(of region: GuestMemoryRegion) {
        target.withLock { target in
            guard let remapper = target.remapper else { return }
            changing.store(true, ordering: .sequentiallyConsistent)
            for handle in remapper.vcpuHandles where handle.isInGuest {
                handle.signal()
                // A kick brings it out in some microseconds. The thread that calls here is not inside.
                while handle.isInGuest { sched_yield() }
            }
            remapper.remap(region)
            changing.store(false, ordering: .sequentiallyConsistent)
        }
    }

    /// Whether a change is being made: a vCPU that has said that it is inside must leave, and wait.
    @inline(__always)
    var isChanging: Bool { changing.load(ordering: .sequentiallyConsistent) }

    /// Waits until the change has been made.
    func wait() { target.withLock { _ in } }
}

/// Who fills the slots of a virtual machine.
protocol KVMRemapper: AnyObject, Sendable {
    var vcpuHandles: [KVMVCPUHandle] { get }

    /// Empties a region's slot, and fills it as the region now is. No vCPU is in the guest.
    func remap(_ region: GuestMemoryRegion)
}
