internal import CVirtKit
internal import Glibc

/// An ioctl of KVM: its number, and its name in `<linux/kvm.h>`.
struct KVMRequest: Hashable, Sendable {
    let number: UInt
    let name: String

    static let getAPIVersion = KVMRequest(number: vk_KVM_GET_API_VERSION, name: "KVM_GET_API_VERSION")
    static let createVM = KVMRequest(number: vk_KVM_CREATE_VM, name: "KVM_CREATE_VM")
    static let checkExtension = KVMRequest(number: vk_KVM_CHECK_EXTENSION, name: "KVM_CHECK_EXTENSION")
    static let getVCPUMapSize = KVMRequest(number: vk_KVM_GET_VCPU_MMAP_SIZE, name: "KVM_GET_VCPU_MMAP_SIZE")
    static let createVCPU = KVMRequest(number: vk_KVM_CREATE_VCPU, name: "KVM_CREATE_VCPU")
    static let setMemoryRegion = KVMRequest(
        number: vk_KVM_SET_USER_MEMORY_REGION, name: "KVM_SET_USER_MEMORY_REGION")
    static let setMemoryRegion2 = KVMRequest(
        number: vk_KVM_SET_USER_MEMORY_REGION2, name: "KVM_SET_USER_MEMORY_REGION2")
    static let createGuestMemory = KVMRequest(number: vk_KVM_CREATE_GUEST_MEMFD, name: "KVM_CREATE_GUEST_MEMFD")
    static let getDirtyLog = KVMRequest(number: vk_KVM_GET_DIRTY_LOG, name: "KVM_GET_DIRTY_LOG")
    static let clearDirtyLog = KVMRequest(number: vk_KVM_CLEAR_DIRTY_LOG, name: "KVM_CLEAR_DIRTY_LOG")
    static let resetDirtyRings = KVMRequest(number: vk_KVM_RESET_DIRTY_RINGS, name: "KVM_RESET_DIRTY_RINGS")
    static let interruptLine = KVMRequest(number: vk_KVM_IRQ_LINE, name: "KVM_IRQ_LINE")
    static let setRouting = KVMRequest(number: vk_KVM_SET_GSI_ROUTING, name: "KVM_SET_GSI_ROUTING")
    static let signalMessage = KVMRequest(number: vk_KVM_SIGNAL_MSI, name: "KVM_SIGNAL_MSI")
    static let interruptEvent = KVMRequest(number: vk_KVM_IRQFD, name: "KVM_IRQFD")
    static let accessEvent = KVMRequest(number: vk_KVM_IOEVENTFD, name: "KVM_IOEVENTFD")
    static let getActivity = KVMRequest(number: vk_KVM_GET_MP_STATE, name: "KVM_GET_MP_STATE")
    static let setActivity = KVMRequest(number: vk_KVM_SET_MP_STATE, name: "KVM_SET_MP_STATE")
    static let setGuestDebug = KVMRequest(number: vk_KVM_SET_GUEST_DEBUG, name: "KVM_SET_GUEST_DEBUG")
    static let enableCapability = KVMRequest(number: vk_KVM_ENABLE_CAP, name: "KVM_ENABLE_CAP")
    static let run = KVMRequest(number: vk_KVM_RUN, name: "KVM_RUN")
    static let hasAttribute = KVMRequest(number: vk_KVM_HAS_DEVICE_ATTR, name: "KVM_HAS_DEVICE_ATTR")
    static let getAttribute = KVMRequest(number: vk_KVM_GET_DEVICE_ATTR, name: "KVM_GET_DEVICE_ATTR")
    static let setAttribute = KVMRequest(number: vk_KVM_SET_DEVICE_ATTR, name: "KVM_SET_DEVICE_ATTR")
}

/// A capability of KVM, as KVM_CHECK_EXTENSION takes it.
struct KVMCapability: RawRepresentable, Hashable, Sendable {
    let rawValue: Int32

    static let userMemory = KVMCapability(rawValue: KVM_CAP_USER_MEMORY)
    static let memorySlots = KVMCapability(rawValue: KVM_CAP_NR_MEMSLOTS)
    static let readOnlyMemory = KVMCapability(rawValue: KVM_CAP_READONLY_MEM)
    static let immediateExit = KVMCapability(rawValue: KVM_CAP_IMMEDIATE_EXIT)
    static let syncRegisters = KVMCapability(rawValue: KVM_CAP_SYNC_REGS)
    static let maximumVCPUs = KVMCapability(rawValue: KVM_CAP_MAX_VCPUS)
    static let userMemory2 = KVMCapability(rawValue: vk_KVM_CAP_USER_MEMORY2)
    static let guestMemory = KVMCapability(rawValue: vk_KVM_CAP_GUEST_MEMFD)
    static let guestMemoryFlags = KVMCapability(rawValue: vk_KVM_CAP_GUEST_MEMFD_FLAGS)
    static let manualDirtyLog = KVMCapability(rawValue: KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2)
    static let dirtyRing = KVMCapability(rawValue: KVM_CAP_DIRTY_LOG_RING)
    static let dirtyRingOrdered = KVMCapability(rawValue: KVM_CAP_DIRTY_LOG_RING_ACQ_REL)
    static let routing = KVMCapability(rawValue: KVM_CAP_IRQ_ROUTING)
    static let messages = KVMCapability(rawValue: KVM_CAP_SIGNAL_MSI)
    static let interruptEvents = KVMCapability(rawValue: KVM_CAP_IRQFD)
    static let accessEvents = KVMCapability(rawValue: KVM_CAP_IOEVENTFD)
    static let activity = KVMCapability(rawValue: KVM_CAP_MP_STATE)
    static let guestDebug = KVMCapability(rawValue: KVM_CAP_SET_GUEST_DEBUG)
}

/// The system calls that KVM is made of: the kernel's, or a test's own.
///
/// Results below 0 are negated error numbers.
protocol KVMInterface: AnyObject, Sendable {
    func open(_ path: String) -> Int32
    func control(_ descriptor: Int32, _ request: KVMRequest, _ argument: UInt) -> Int32
    /// KVM_RUN: apart from the others, because it is made for each exit.
    func enter(_ descriptor: Int32) -> Int32
    func map(_ descriptor: Int32, size: Int, offset: Int, _ address: inout UnsafeMutableRawPointer?) -> Int32
    func unmap(_ address: UnsafeMutableRawPointer, size: Int)
    func close(_ descriptor: Int32)
}

/// The kernel's system calls.
final class KernelInterface: KVMInterface {
    static let shared = KernelInterface()

    func open(_ path: String) -> Int32 { vk_kvm_open(path) }

    func control(_ descriptor: Int32, _ request: KVMRequest, _ argument: UInt) -> Int32 {
        vk_kvm_ioctl(descriptor, request.number, argument)
    }

    func enter(_ descriptor: Int32) -> Int32 { vk_kvm_run(descriptor) }

    func map(_ descriptor: Int32, size: Int, offset: Int, _ address: inout UnsafeMutableRawPointer?) -> Int32 {
        vk_kvm_map(descriptor, UInt64(size), UInt64(offset), &address)
    }

    func unmap(_ address: UnsafeMutableRawPointer, size: Int) { munmap(address, size) }

    func close(_ descriptor: Int32) { _ = Glibc.close(descriptor) }
}

/// An owned descriptor of KVM's.
struct KVMDescriptor: ~Copyable {
    /// How often a call that a signal interrupted is made again.
    static let maximumRetries = 1000

    let number: Int32
    let interface: any KVMInterface

    /// Takes over a descriptor, or the error that came in its place.
    init(_ result: Int32, from call: String, interface: any KVMInterface) throws(KVMError) {
        guard result >= 0 else { throw KVMError(call, -result) }
        number = result
        self.interface = interface
    }

    deinit { interface.close(number) }

    /// Makes a call. One that a signal interrupts is made again.
    @discardableResult
    func control(
        _ request: KVMRequest, _ argument: UInt = 0, details: @autoclosure () -> String? = nil
    ) throws(KVMError) -> Int32 {
        var result: Int32 = 0
        for _ in 0...Self.maximumRetries {
            result = interface.control(number, request, argument)
            if result != -EINTR { break }
        }
        guard result >= 0 else { throw KVMError(request.name, -result, details: details()) }
        return result
    }

    /// Makes a call with a structure that the kernel reads, writes, or both.
    @discardableResult
    func control<Value>(
        _ request: KVMRequest, _ value: inout Value, details: @autoclosure () -> String? = nil
    ) throws(KVMError) -> Int32 {
        // SAFETY: the pointer is used only during the call.
        try withUnsafeMutablePointer(to: &value) { pointer throws(KVMError) in
            try control(request, UInt(bitPattern: pointer), details: details())
        }
    }

    /// Refuses to go on without a capability.
    func require(_ capability: KVMCapability, _ name: String) throws(KVMError) {
        guard check(capability) > 0 else {
            throw KVMError(KVMRequest.checkExtension.name, ENOTTY, details: "\(name) is missing")
        }
    }

    /// What KVM_CHECK_EXTENSION answers: 0 where the capability is missing.
    func check(_ capability: KVMCapability) -> Int32 {
        max(0, interface.control(number, .checkExtension, UInt(truncatingIfNeeded: capability.rawValue)))
    }
}
