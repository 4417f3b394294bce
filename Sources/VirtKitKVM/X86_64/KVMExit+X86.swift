#if arch(x86_64)
    internal import CVirtKit

    extension KVMExit {
        /// The exits of x86 alone.
        static func ofArchitecture(_ reason: UInt32, _ run: UnsafePointer<kvm_run>) -> KVMExit? {
            switch Int32(truncatingIfNeeded: reason) {
            case KVM_EXIT_DEBUG:
                let debug = vk_kvm_exit_debug(run)
                return .debug(exception: debug.exception, address: debug.pc, dr6: debug.dr6, dr7: debug.dr7)
            case KVM_EXIT_TPR_ACCESS:
                let access = vk_kvm_exit_tpr_access(run)
                return .taskPriorityAccess(address: access.rip, isWrite: access.is_write)
            case KVM_EXIT_IOAPIC_EOI: return .endOfInterrupt(vector: vk_kvm_eoi_vector(run))
            case KVM_EXIT_X86_RDMSR:
                let register = vk_kvm_exit_msr(run)
                return .readMSR(number: register.number, reason: register.reason)
            case KVM_EXIT_X86_WRMSR:
                let register = vk_kvm_exit_msr(run)
                return .writeMSR(number: register.number, reason: register.reason, value: register.value)
            case KVM_EXIT_X86_BUS_LOCK: return .busLock
            case KVM_EXIT_AP_RESET_HOLD: return .resetHold
            default: return nil
            }
        }
    }
#endif
