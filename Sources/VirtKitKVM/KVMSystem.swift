internal import CVirtKit
internal import Glibc
internal import VirtKitCore

/// `/dev/kvm`, open (Documentation/virt/kvm/api.rst, section 4: system ioctls).
struct KVMSystem: ~Copyable {
    static let path = "/dev/kvm"
    static let openCall = "open \(path)"

    let descriptor: KVMDescriptor

    /// Opens the device.
    init(_ interface: any KVMInterface = KernelInterface.shared) throws(KVMError) {
        let descriptor = try KVMDescriptor(interface.open(Self.path), from: Self.openCall, interface: interface)
        let version = try descriptor.control(.getAPIVersion)
        guard version == KVM_API_VERSION else {
            throw KVMError(KVMRequest.getAPIVersion.name, ENOTTY, details: "version \(version), not \(KVM_API_VERSION)")
        }
        self.descriptor = descriptor
    }

    func check(_ capability: KVMCapability) -> Int32 { descriptor.check(capability) }

    /// Makes an address space without memory and vCPUs.
    func makeVirtualMachine() throws(KVMError) -> KVMVirtualMachine {
        let pageSize = try descriptor.control(.getVCPUMapSize)
        let number = try descriptor.control(.createVM)
        return KVMVirtualMachine(
            descriptor: try KVMDescriptor(
                number, from: KVMRequest.createVM.name, interface: descriptor.interface), runSize: Int(pageSize))
    }
}

/// A virtual machine of KVM's (VM ioctls).
struct KVMVirtualMachine: ~Copyable {
    let descriptor: KVMDescriptor
    /// The size of a vCPU's shared mapping in bytes.
    let runSize: Int

    func check(_ capability: KVMCapability) -> Int32 { descriptor.check(capability) }

    func enable(_ capability: KVMCapability, _ argument: UInt64) throws(KVMError) {
        var request = kvm_enable_cap()
        request.cap = UInt32(truncatingIfNeeded: capability.rawValue)
        request.args.0 = argument
        try descriptor.control(.enableCapability, &request, details: "capability \(capability.rawValue)")
    }

    func makeVCPU(_ index: Int) throws(KVMError) -> KVMVCPU {
        let number = try descriptor.control(.createVCPU, UInt(index), details: "vCPU \(index)")
        let vcpu = try KVMDescriptor(number, from: KVMRequest.createVCPU.name, interface: descriptor.interface)
        #if arch(x86_64)
            return try KVMVCPU(descriptor: vcpu, runSize: runSize, extendedAreaSize2: extendedAreaSize2)
        #else
            return try KVMVCPU(descriptor: vcpu, runSize: runSize)
        #endif
    }
}

/// A virtual CPU of KVM's (vCPU ioctls), with the page that the kernel shares.
struct KVMVCPU: ~Copyable {
    let descriptor: KVMDescriptor
    /// The shared page. Valid as long as this value.
    let run: UnsafeMutablePointer<kvm_run>
    let runSize: Int
    /// On x86 the size of KVM_GET_XSAVE2's area in bytes; nil where there is KVM_GET_XSAVE alone.
    let extendedAreaSize2: Int?

    init(descriptor: consuming KVMDescriptor, runSize: Int, extendedAreaSize2: Int? = nil) throws(KVMError) {
        self.extendedAreaSize2 = extendedAreaSize2
        guard runSize >= MemoryLayout<kvm_run>.size else {
            throw KVMError(KVMRequest.getVCPUMapSize.name, EINVAL, details: "\(runSize) bytes")
        }
        var address: UnsafeMutableRawPointer?
        let result = descriptor.interface.map(descriptor.number, size: runSize, offset: 0, &address)
        guard result >= 0, let address else { throw KVMError("mmap", result < 0 ? -result : EINVAL) }
        // SAFETY: the mapping has been checked to hold a `kvm_run`, and the kernel has filled it.
        run = address.bindMemory(to: kvm_run.self, capacity: 1)
        self.runSize = runSize
        self.descriptor = descriptor
    }

    deinit { descriptor.interface.unmap(run, size: runSize) }

    /// Runs the guest until an exit. 0, or a negated error number; EINTR and EAGAIN are no failures.
    func enter() -> Int32 { descriptor.interface.enter(descriptor.number) }

    /// `count` bytes of the shared page at `offset`; nil where they are not all in it.
    func shared(_ offset: UInt64, count: Int) -> UnsafeMutableRawPointer? {
        guard offset < UInt64(runSize), count >= 0, UInt64(count) <= UInt64(runSize) &- offset else { return nil }
        return UnsafeMutableRawPointer(run) + Int(offset)
    }
}
