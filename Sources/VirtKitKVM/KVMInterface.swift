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
}

/// The system calls that KVM is made of: the kernel's, or a test's own.
///
/// Results below 0 are negated error numbers.
protocol KVMInterface: AnyObject, Sendable {
    func open(_ path: String) -> Int32
    func control(_ descriptor: Int32, _ request: KVMRequest, _ argument: UInt) -> Int32
    func map(_ descriptor: Int32, size: Int, _ address: inout UnsafeMutableRawPointer?) -> Int32
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

    func map(_ descriptor: Int32, size: Int, _ address: inout UnsafeMutableRawPointer?) -> Int32 {
        vk_kvm_map(descriptor, UInt64(size), &address)
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
    func control(_ request: KVMRequest, _ argument: UInt = 0, details: String? = nil) throws(KVMError) -> Int32 {
        var result: Int32 = 0
        for _ in 0...Self.maximumRetries {
            result = interface.control(number, request, argument)
            if result != -EINTR { break }
        }
        guard result >= 0 else { throw KVMError(request.name, -result, details: details) }
        return result
    }

    /// Makes a call with a structure that the kernel reads, writes, or both.
    @discardableResult
    func control<Value>(
        _ request: KVMRequest, _ value: inout Value, details: String? = nil
    ) throws(KVMError) -> Int32 {
        // SAFETY: the pointer is used only during the call.
        try withUnsafeMutablePointer(to: &value) { pointer throws(KVMError) in
            try control(request, UInt(bitPattern: pointer), details: details)
        }
    }

    /// What KVM_CHECK_EXTENSION answers: 0 where the capability is missing.
    func check(_ capability: KVMCapability) -> Int32 {
        max(0, interface.control(number, .checkExtension, UInt(truncatingIfNeeded: capability.rawValue)))
    }
}
