internal import CVirtKit
internal import Glibc
internal import VirtKitCore

/// A memory slot (api.rst, 4.35 KVM_SET_USER_MEMORY_REGION, 4.140 KVM_SET_USER_MEMORY_REGION2).
struct KVMMemorySlot {
    /// What a slot does beyond mapping.
    struct Options: OptionSet {
        let rawValue: UInt32
        /// The kernel notes which pages the guest writes.
        static let dirtyLog = Options(rawValue: UInt32(KVM_MEM_LOG_DIRTY_PAGES))
        /// The guest's writes come as MMIO exits.
        static let readOnly = Options(rawValue: UInt32(KVM_MEM_READONLY))
    }

    var number: Int
    /// Multiples of the page size, 4096.
    var guestAddress: UInt64
    var size: UInt64
    /// The host address of the first byte. Whoever fills a slot keeps the memory mapped until the slot is emptied.
    var hostAddress: UnsafeMutableRawPointer?
    var options: Options = []
    /// A guest_memfd that backs the slot, and the slot's offset in it.
    var guestMemory: (descriptor: Int32, offset: UInt64)?

    var pageCount: Int { Int(size / 4096) }
}

extension KVMVirtualMachine {
    /// Maps a region into a slot.
    func setMemory(slot: Int, _ region: GuestMemoryRegion) throws(KVMError) {
        try setMemory(
            KVMMemorySlot(
                number: slot, guestAddress: region.guestAddress, size: region.size, hostAddress: region.hostAddress,
                options: region.isWritable ? [] : .readOnly))
    }

    /// Fills, moves or changes a slot.
    func setMemory(_ slot: KVMMemorySlot) throws(KVMError) {
        let details = "slot \(slot.number): \(slot.size) bytes at \(slot.guestAddress)"
        guard let (guestDescriptor, offset) = slot.guestMemory else {
            var request = kvm_userspace_memory_region()
            request.slot = UInt32(truncatingIfNeeded: slot.number)
            request.flags = slot.options.rawValue
            request.guest_phys_addr = slot.guestAddress
            request.memory_size = slot.size
            request.userspace_addr = UInt64(UInt(bitPattern: slot.hostAddress))
            try descriptor.control(.setMemoryRegion, &request, details: details)
            return
        }
        try descriptor.require(.userMemory2, "KVM_CAP_USER_MEMORY2")
        var request = vk_kvm_memory_region2()
        request.slot = UInt32(truncatingIfNeeded: slot.number)
        request.flags = slot.options.rawValue | vk_KVM_MEM_GUEST_MEMFD
        request.guest_phys_addr = slot.guestAddress
        request.memory_size = slot.size
        request.userspace_addr = UInt64(UInt(bitPattern: slot.hostAddress))
        request.guest_memfd = UInt32(bitPattern: guestDescriptor)
        request.guest_memfd_offset = offset
        try descriptor.control(.setMemoryRegion2, &request, details: details)
    }

    /// Empties a slot.
    func removeMemory(slot: Int) throws(KVMError) {
        var request = kvm_userspace_memory_region()
        request.slot = UInt32(truncatingIfNeeded: slot)
        try descriptor.control(.setMemoryRegion, &request, details: "slot \(slot), to be emptied")
    }

    /// Makes memory that belongs to the guest (guest_memfd). With `isShared` the host can map and use it too.
    func makeGuestMemory(size: UInt64, isShared: Bool) throws(KVMError) -> KVMDescriptor {
        try descriptor.require(.guestMemory, "KVM_CAP_GUEST_MEMFD")
        var request = vk_kvm_create_guest_memfd()
        request.size = size
        if isShared {
            let flags = vk_GUEST_MEMFD_FLAG_MMAP | vk_GUEST_MEMFD_FLAG_INIT_SHARED
            guard UInt64(truncatingIfNeeded: descriptor.check(.guestMemoryFlags)) & flags == flags else {
                throw KVMError(
                    KVMRequest.createGuestMemory.name, ENOTTY, details: "the host can't map guest_memfd memory")
            }
            request.flags = flags
        }
        let number = try descriptor.control(.createGuestMemory, &request, details: "\(size) bytes")
        return try KVMDescriptor(
            number, from: KVMRequest.createGuestMemory.name, interface: descriptor.interface)
    }

    // MARK: The log of dirty pages (4.8 KVM_GET_DIRTY_LOG)

    /// The pages of a slot that were written since the last call, a bit for each, the first one lowest. Clears them,
    /// unless ``keepDirtyLogUntilCleared()`` was called.
    func dirtyLog(_ slot: KVMMemorySlot) throws(KVMError) -> [UInt64] {
        var bitmap = [UInt64](repeating: 0, count: (slot.pageCount + 63) / 64)
        let outcome = bitmap.withUnsafeMutableBytes { bytes in
            // SAFETY: the buffer has a bit for each page, rounded up to 64, as the call wants; used during the call alone.
            Result { () throws(KVMError) in
                var request = kvm_dirty_log()
                request.slot = UInt32(truncatingIfNeeded: slot.number)
                request.dirty_bitmap = bytes.baseAddress
                try descriptor.control(.getDirtyLog, &request, details: "slot \(slot.number)")
            }
        }
        try outcome.get()
        return bitmap
    }

    /// From now on ``dirtyLog(_:)`` leaves the pages marked, and ``clearDirtyLog(_:_:)`` clears them.
    func keepDirtyLogUntilCleared() throws(KVMError) {
        try descriptor.require(.manualDirtyLog, "KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2")
        try enable(.manualDirtyLog, UInt64(KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE))
    }

    /// Clears what ``dirtyLog(_:)`` has shown.
    func clearDirtyLog(_ slot: KVMMemorySlot, _ bitmap: [UInt64]) throws(KVMError) {
        var bitmap = bitmap
        let pages = UInt32(truncatingIfNeeded: slot.pageCount)
        guard bitmap.count * 64 >= slot.pageCount else {
            throw KVMError(KVMRequest.clearDirtyLog.name, EINVAL, details: "slot \(slot.number)")
        }
        let outcome = bitmap.withUnsafeMutableBytes { bytes in
            // SAFETY: as in `dirtyLog(_:)`.
            Result { () throws(KVMError) in
                var request = kvm_clear_dirty_log()
                request.slot = UInt32(truncatingIfNeeded: slot.number)
                request.num_pages = pages
                request.dirty_bitmap = bytes.baseAddress
                try descriptor.control(.clearDirtyLog, &request, details: "slot \(slot.number)")
            }
        }
        try outcome.get()
    }

    // MARK: The ring of dirty pages (8.29 KVM_CAP_DIRTY_LOG_RING)

    /// Gives every vCPU a ring of dirty pages in place of the log. Before the first vCPU is made.
    ///
    /// - Parameter entries: a power of two, as many as KVM allows at most.
    func useDirtyRings(entries: Int) throws(KVMError) {
        let bytes = entries * MemoryLayout<kvm_dirty_gfn>.size
        let ordered = descriptor.check(.dirtyRingOrdered)
        let capability = ordered > 0 ? KVMCapability.dirtyRingOrdered : .dirtyRing
        let most = max(ordered, descriptor.check(.dirtyRing))
        guard most > 0 else {
            throw KVMError(KVMRequest.checkExtension.name, ENOTTY, details: "KVM_CAP_DIRTY_LOG_RING is missing")
        }
        guard entries > 0, entries & (entries - 1) == 0, bytes <= Int(most) else {
            throw KVMError(KVMRequest.enableCapability.name, EINVAL, details: "a ring of \(entries) entries")
        }
        try enable(capability, UInt64(bytes))
    }

    /// Protects again the pages that the rings' readers have given back. Returns how many.
    @discardableResult
    func resetDirtyRings() throws(KVMError) -> Int { Int(try descriptor.control(.resetDirtyRings)) }
}

/// A vCPU's ring of dirty pages, mapped.
struct KVMDirtyRing: ~Copyable {
    /// A page that was written: its slot, and its number in it.
    struct Page: Hashable {
        var slot: Int
        var page: UInt64
    }

    private let interface: any KVMInterface
    private let entries: UnsafeMutablePointer<kvm_dirty_gfn>
    private let count: Int
    private var next = 0

    /// - Parameter entries: what ``KVMVirtualMachine/useDirtyRings(entries:)`` was told.
    init(_ vcpu: borrowing KVMVCPU, entries count: Int) throws(KVMError) {
        interface = vcpu.descriptor.interface
        var address: UnsafeMutableRawPointer?
        let size = count * MemoryLayout<kvm_dirty_gfn>.size
        let offset = Int(KVM_DIRTY_LOG_PAGE_OFFSET) * Int(sysconf(Int32(_SC_PAGESIZE)))
        let result = interface.map(vcpu.descriptor.number, size: size, offset: offset, &address)
        guard result >= 0, let address else {
            throw KVMError("mmap", result < 0 ? -result : EINVAL, details: "the ring of dirty pages")
        }
        // SAFETY: the mapping holds as many entries, which the kernel has filled with zeros.
        entries = address.bindMemory(to: kvm_dirty_gfn.self, capacity: count)
        self.count = count
    }

    deinit { interface.unmap(entries, size: count * MemoryLayout<kvm_dirty_gfn>.size) }

    /// Takes every page that the kernel has put into the ring. They are protected again by `resetDirtyRings`.
    mutating func take(_ body: (Page) -> Void) {
        for _ in 0..<count {
            let entry = entries + next
            guard vk_kvm_dirty_is_filled(entry) else { return }
            body(Page(slot: Int(entry.pointee.slot), page: entry.pointee.offset))
            vk_kvm_dirty_give_back(entry)
            next = (next + 1) % count
        }
    }
}
