internal import CVirtKit
internal import Synchronization
internal import VirtKitCore

/// What any thread may do to a vCPU of KVM's.
///
/// A request is a bit in `signals`. The vCPU's thread, before it enters the guest, clears `immediate_exit`, says that it is
/// inside, and then looks at the bits; whoever sets a bit looks afterwards whether the thread is inside, and if so sets
/// `immediate_exit` and sends a signal. "Set and then look" is in sequential order on both sides, so either the thread sees
/// the bit, or the other sees it inside; and then `immediate_exit` stops it before KVM_RUN, and the signal in KVM_RUN.
/// Nothing can be lost, and a signal too many does no harm.
final class KVMVCPUHandle: VCPUHandle {
    enum Bit {
        static let exit: UInt32 = 1
        static let interrupt: UInt32 = 2
    }

    /// The thread that the vCPU is lent to, and the vCPU's shared page. Only while it is lent.
    private struct Target: @unchecked Sendable {
        // SAFETY: the page stays mapped while the vCPU is lent, and only the atomic `immediate_exit` is written.
        let thread: Int32
        let run: UnsafeMutablePointer<kvm_run>
    }

    private let signals = Atomic<UInt32>(0)
    private let isInside = Atomic<Bool>(false)
    private let target = Mutex<Target?>(nil)
    private let kicks = Atomic<UInt64>(0)
    let kickSignal: Int32

    init(kickSignal: Int32) { self.kickSignal = kickSignal }

    func requestExit() { raise(Bit.exit) }
    func signal() { raise(Bit.interrupt) }

    /// Whether the vCPU's thread has said that it is inside, or about to enter.
    var isInGuest: Bool { isInside.load(ordering: .sequentiallyConsistent) }

    /// How often a signal was sent.
    var kickCount: UInt64 { kicks.load(ordering: .relaxed) }

    func raise(_ bit: UInt32) {
        signals.bitwiseOr(bit, ordering: .sequentiallyConsistent)
        guard isInside.load(ordering: .sequentiallyConsistent) else { return }
        target.withLock { target in
            guard let target else { return }
            vk_kvm_set_immediate_exit(target.run, 1)
            // The vCPU's own thread is not inside, whatever it was a moment ago.
            guard target.thread != vk_thread_id() else { return }
            _ = vk_kvm_signal_thread(target.thread, kickSignal)
            kicks.wrappingAdd(1, ordering: .relaxed)
        }
    }

    // MARK: For the vCPU's thread

    /// Begins a loan to the calling thread. Returns whether the signal was blocked in it.
    func lend(_ run: UnsafeMutablePointer<kvm_run>) -> Bool {
        let wasBlocked = vk_kvm_unblock_signal(kickSignal) != 0
        target.withLock { $0 = Target(thread: vk_thread_id(), run: run) }
        return wasBlocked
    }

    /// Ends a loan: no signal is sent from now on.
    func takeBack(wasBlocked: Bool) {
        target.withLock { $0 = nil }
        if wasBlocked { vk_kvm_block_signal(kickSignal) }
    }

    /// Says that the thread is about to enter the guest, and takes the waiting requests.
    @inline(__always)
    func beginEntry(_ run: UnsafeMutablePointer<kvm_run>) -> UInt32 {
        vk_kvm_set_immediate_exit(run, 0)
        // The one full barrier of an entry: what follows does not move before it, and nor does a look at the bits.
        isInside.store(true, ordering: .sequentiallyConsistent)
        guard signals.load(ordering: .sequentiallyConsistent) != 0 else { return 0 }
        return takeSignals()
    }

    /// Says that the thread has left the guest. Whoever sees it late sends a signal too many.
    @inline(__always)
    func endEntry() { isInside.store(false, ordering: .releasing) }

    /// Takes the waiting requests.
    func takeSignals() -> UInt32 { signals.exchange(0, ordering: .sequentiallyConsistent) }
}
