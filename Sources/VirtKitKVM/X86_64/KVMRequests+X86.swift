#if arch(x86_64)
    internal import CVirtKit
    internal import VirtKitCore

    extension KVMRequest {
        static let getSupportedCPUID = KVMRequest(number: vk_KVM_GET_SUPPORTED_CPUID, name: "KVM_GET_SUPPORTED_CPUID")
        static let setCPUID = KVMRequest(number: vk_KVM_SET_CPUID2, name: "KVM_SET_CPUID2")
        static let setTaskStateAddress = KVMRequest(number: vk_KVM_SET_TSS_ADDR, name: "KVM_SET_TSS_ADDR")
        static let setIdentityMapAddress = KVMRequest(
            number: vk_KVM_SET_IDENTITY_MAP_ADDR, name: "KVM_SET_IDENTITY_MAP_ADDR")
        static let getRegisters = KVMRequest(number: vk_KVM_GET_REGS, name: "KVM_GET_REGS")
        static let setRegisters = KVMRequest(number: vk_KVM_SET_REGS, name: "KVM_SET_REGS")
        static let getSystemRegisters = KVMRequest(number: vk_KVM_GET_SREGS, name: "KVM_GET_SREGS")
        static let setSystemRegisters = KVMRequest(number: vk_KVM_SET_SREGS, name: "KVM_SET_SREGS")
        static let getMSRs = KVMRequest(number: vk_KVM_GET_MSRS, name: "KVM_GET_MSRS")
        static let setMSRs = KVMRequest(number: vk_KVM_SET_MSRS, name: "KVM_SET_MSRS")
        static let interrupt = KVMRequest(number: vk_KVM_INTERRUPT, name: "KVM_INTERRUPT")
        static let nonMaskableInterrupt = KVMRequest(number: vk_KVM_NMI, name: "KVM_NMI")
        static let getEvents = KVMRequest(number: vk_KVM_GET_VCPU_EVENTS, name: "KVM_GET_VCPU_EVENTS")
        static let setEvents = KVMRequest(number: vk_KVM_SET_VCPU_EVENTS, name: "KVM_SET_VCPU_EVENTS")
        static let getDebugRegisters = KVMRequest(number: vk_KVM_GET_DEBUGREGS, name: "KVM_GET_DEBUGREGS")
        static let setDebugRegisters = KVMRequest(number: vk_KVM_SET_DEBUGREGS, name: "KVM_SET_DEBUGREGS")
        static let getXSave = KVMRequest(number: vk_KVM_GET_XSAVE, name: "KVM_GET_XSAVE")
        static let setXSave = KVMRequest(number: vk_KVM_SET_XSAVE, name: "KVM_SET_XSAVE")
        static let getXCRs = KVMRequest(number: vk_KVM_GET_XCRS, name: "KVM_GET_XCRS")
        static let setXCRs = KVMRequest(number: vk_KVM_SET_XCRS, name: "KVM_SET_XCRS")
        static let getTimeStampKilohertz = KVMRequest(number: vk_KVM_GET_TSC_KHZ, name: "KVM_GET_TSC_KHZ")
        static let setTimeStampKilohertz = KVMRequest(number: vk_KVM_SET_TSC_KHZ, name: "KVM_SET_TSC_KHZ")
        static let translate = KVMRequest(number: vk_KVM_TRANSLATE, name: "KVM_TRANSLATE")
        static let setMSRFilter = KVMRequest(number: vk_KVM_X86_SET_MSR_FILTER, name: "KVM_X86_SET_MSR_FILTER")
    }

    extension KVMCapability {
        static let extendedCPUID = KVMCapability(rawValue: KVM_CAP_EXT_CPUID)
        static let taskStateAddress = KVMCapability(rawValue: KVM_CAP_SET_TSS_ADDR)
        static let identityMapAddress = KVMCapability(rawValue: KVM_CAP_SET_IDENTITY_MAP_ADDR)
        static let xsave = KVMCapability(rawValue: KVM_CAP_XSAVE)
        static let xcrs = KVMCapability(rawValue: KVM_CAP_XCRS)
        static let vcpuEvents = KVMCapability(rawValue: KVM_CAP_VCPU_EVENTS)
        static let debugRegisters = KVMCapability(rawValue: KVM_CAP_DEBUGREGS)
        static let timeStampControl = KVMCapability(rawValue: KVM_CAP_TSC_CONTROL)
        static let timeStampKilohertz = KVMCapability(rawValue: KVM_CAP_GET_TSC_KHZ)
        static let userSpaceMSR = KVMCapability(rawValue: KVM_CAP_X86_USER_SPACE_MSR)
        static let msrFilter = KVMCapability(rawValue: KVM_CAP_X86_MSR_FILTER)

        /// What the accelerator can't do without, and what people call it.
        static let needed: [(KVMCapability, String)] = [
            (.userMemory, "KVM_CAP_USER_MEMORY"), (.immediateExit, "KVM_CAP_IMMEDIATE_EXIT"),
            (.extendedCPUID, "KVM_CAP_EXT_CPUID"), (.xsave, "KVM_CAP_XSAVE"), (.xcrs, "KVM_CAP_XCRS"),
            (.vcpuEvents, "KVM_CAP_VCPU_EVENTS"), (.debugRegisters, "KVM_CAP_DEBUGREGS"),
            (.timeStampKilohertz, "KVM_CAP_GET_TSC_KHZ"), (.userSpaceMSR, "KVM_CAP_X86_USER_SPACE_MSR"),
            (.msrFilter, "KVM_CAP_X86_MSR_FILTER"), (.syncRegisters, "KVM_CAP_SYNC_REGS"),
        ]
    }

    extension KVMSystem {
        /// What CPUID can offer on this host.
        func supportedCPUID() throws(KVMError) -> [kvm_cpuid_entry2] {
            var capacity = 256
            while true {
                var list = KVMList<kvm_cpuid_entry2>(capacity: capacity)
                do throws(KVMError) {
                    try list.call(descriptor, .getSupportedCPUID, count: capacity)
                    return list.elements
                } catch {
                    // E2BIG: there are more entries.
                    guard error.errno == 7, capacity < 1 << 14 else { throw error }
                    capacity *= 4
                }
            }
        }

        /// The names of the needed capabilities that are missing.
        func missingCapabilities() -> [String] {
            KVMCapability.needed.filter { check($0.0) == 0 }.map(\.1)
        }
    }

    extension KVMVirtualMachine {
        /// Three pages below 4 GiB that Intel's processors without unrestricted guest mode need, and one page before them.
        /// No device or memory of a PC is there: it is where the BIOS flash would be.
        private static let reservedPages: UInt64 = 0xFFFB_C000

        /// What is to be said before the first vCPU is made.
        func prepare() throws(KVMError) {
            if check(.identityMapAddress) != 0 {
                var address = Self.reservedPages
                try descriptor.control(.setIdentityMapAddress, &address)
            }
            if check(.taskStateAddress) != 0 {
                try descriptor.control(.setTaskStateAddress, UInt(Self.reservedPages &+ 0x1000))
            }
        }

        /// Lets every access to an MSR that KVM does not have, and to those of the local APIC, come to user space.
        func letSystemRegistersExit() throws(KVMError) {
            try enable(
                .userSpaceMSR,
                UInt64(KVM_MSR_EXIT_REASON_INVAL | KVM_MSR_EXIT_REASON_UNKNOWN | KVM_MSR_EXIT_REASON_FILTER))
            // IA32_APIC_BASE, IA32_TSC_DEADLINE. KVM without a local APIC of its own does not know the x2APIC's MSRs
            // (800H to 8FFH), and its filter ignores them: they come as unknown ones.
            let bases: [UInt32] = [0x1B, 0x6E0]
            let counts: [UInt32] = [1, 1]
            var filter = kvm_msr_filter()
            filter.flags = UInt32(KVM_MSR_FILTER_DEFAULT_ALLOW)
            var none: UInt64 = 0
            // SAFETY: the pointers are used only during the call.
            try withUnsafeMutablePointer(to: &none) { bitmap throws(KVMError) in
                func range(_ index: Int) -> kvm_msr_filter_range {
                    kvm_msr_filter_range(
                        flags: UInt32(KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE), nmsrs: counts[index],
                        base: bases[index],
                        bitmap: UnsafeMutableRawPointer(bitmap).assumingMemoryBound(to: UInt8.self))
                }
                filter.ranges.0 = range(0)
                filter.ranges.1 = range(1)
                try descriptor.control(.setMSRFilter, &filter)
            }
        }
    }

    /// One of KVM's lists: a count, padding, and as many elements (`kvm_cpuid2`, `kvm_msrs`).
    struct KVMList<Element> {
        private static var headerSize: Int { 8 }
        private var words: [UInt64]
        private(set) var count: Int

        init(capacity: Int) {
            words = [UInt64](repeating: 0, count: (Self.headerSize + capacity * MemoryLayout<Element>.stride + 7) / 8)
            count = capacity
        }

        init(_ elements: [Element]) {
            self.init(capacity: elements.count)
            words.withUnsafeMutableBytes { bytes in
                // SAFETY: the elements are plain C structures without padding that matters, and the buffer has room.
                for (index, element) in elements.enumerated() {
                    bytes.storeBytes(
                        of: element, toByteOffset: Self.headerSize + index * MemoryLayout<Element>.stride,
                        as: Element.self)
                }
            }
        }

        /// Makes a call with the list.
        @discardableResult
        mutating func call(
            _ descriptor: borrowing KVMDescriptor, _ request: KVMRequest, count: Int, details: String? = nil
        ) throws(KVMError) -> Int {
            var result: Int32 = 0
            var failure: KVMError?
            words.withUnsafeMutableBytes { bytes in
                bytes.storeBytes(of: UInt32(truncatingIfNeeded: count), as: UInt32.self)
                // SAFETY: the buffer holds as many elements as its head says, and is used only during the call.
                do throws(KVMError) {
                    result = try descriptor.control(request, UInt(bitPattern: bytes.baseAddress), details: details)
                } catch {
                    failure = error
                }
                self.count = min(Int(bytes.load(as: UInt32.self)), count)
            }
            if let failure { throw failure }
            return Int(result)
        }

        var elements: [Element] {
            words.withUnsafeBytes { bytes in
                // SAFETY: as in `init(_:)`.
                (0..<count).map { index in
                    bytes.loadUnaligned(
                        fromByteOffset: Self.headerSize + index * MemoryLayout<Element>.stride, as: Element.self)
                }
            }
        }
    }
#endif
