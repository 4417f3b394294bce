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
        static let getXSave2 = KVMRequest(number: vk_KVM_GET_XSAVE2, name: "KVM_GET_XSAVE2")
        static let setXSave = KVMRequest(number: vk_KVM_SET_XSAVE, name: "KVM_SET_XSAVE")
        static let getXCRs = KVMRequest(number: vk_KVM_GET_XCRS, name: "KVM_GET_XCRS")
        static let setXCRs = KVMRequest(number: vk_KVM_SET_XCRS, name: "KVM_SET_XCRS")
        static let getTimeStampKilohertz = KVMRequest(number: vk_KVM_GET_TSC_KHZ, name: "KVM_GET_TSC_KHZ")
        static let setTimeStampKilohertz = KVMRequest(number: vk_KVM_SET_TSC_KHZ, name: "KVM_SET_TSC_KHZ")
        static let translate = KVMRequest(number: vk_KVM_TRANSLATE, name: "KVM_TRANSLATE")
        static let setMSRFilter = KVMRequest(number: vk_KVM_X86_SET_MSR_FILTER, name: "KVM_X86_SET_MSR_FILTER")
    }

    extension KVMRequest {
        static let getMSRList = KVMRequest(number: vk_KVM_GET_MSR_INDEX_LIST, name: "KVM_GET_MSR_INDEX_LIST")
        static let createControllers = KVMRequest(number: vk_KVM_CREATE_IRQCHIP, name: "KVM_CREATE_IRQCHIP")
        static let getController = KVMRequest(number: vk_KVM_GET_IRQCHIP, name: "KVM_GET_IRQCHIP")
        static let setController = KVMRequest(number: vk_KVM_SET_IRQCHIP, name: "KVM_SET_IRQCHIP")
        static let createTimer = KVMRequest(number: vk_KVM_CREATE_PIT2, name: "KVM_CREATE_PIT2")
        static let getTimer = KVMRequest(number: vk_KVM_GET_PIT2, name: "KVM_GET_PIT2")
        static let setTimer = KVMRequest(number: vk_KVM_SET_PIT2, name: "KVM_SET_PIT2")
        static let getLocalAPIC = KVMRequest(number: vk_KVM_GET_LAPIC, name: "KVM_GET_LAPIC")
        static let setLocalAPIC = KVMRequest(number: vk_KVM_SET_LAPIC, name: "KVM_SET_LAPIC")
        static let getClock = KVMRequest(number: vk_KVM_GET_CLOCK, name: "KVM_GET_CLOCK")
        static let setClock = KVMRequest(number: vk_KVM_SET_CLOCK, name: "KVM_SET_CLOCK")
        static let setBootProcessor = KVMRequest(number: vk_KVM_SET_BOOT_CPU_ID, name: "KVM_SET_BOOT_CPU_ID")
    }

    extension KVMCapability {
        static let controllers = KVMCapability(rawValue: KVM_CAP_IRQCHIP)
        static let splitControllers = KVMCapability(rawValue: KVM_CAP_SPLIT_IRQCHIP)
        static let timer = KVMCapability(rawValue: KVM_CAP_PIT2)
        static let clock = KVMCapability(rawValue: KVM_CAP_ADJUST_CLOCK)
        static let bootProcessor = KVMCapability(rawValue: KVM_CAP_SET_BOOT_CPU_ID)

        static let extendedCPUID = KVMCapability(rawValue: KVM_CAP_EXT_CPUID)
        static let taskStateAddress = KVMCapability(rawValue: KVM_CAP_SET_TSS_ADDR)
        static let identityMapAddress = KVMCapability(rawValue: KVM_CAP_SET_IDENTITY_MAP_ADDR)
        static let xsave = KVMCapability(rawValue: KVM_CAP_XSAVE)
        static let xsave2 = KVMCapability(rawValue: KVM_CAP_XSAVE2)
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
    }
#endif
