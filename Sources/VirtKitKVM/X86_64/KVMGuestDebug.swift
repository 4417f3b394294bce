#if arch(x86_64)
    internal import CVirtKit

    /// What makes a guest's debug events come to user space (api.rst, 4.87 KVM_SET_GUEST_DEBUG).
    struct KVMGuestDebug: Equatable, Sendable {
        /// A breakpoint in one of the CPU's four debug registers (Intel SDM vol. 3B, 18.2.4).
        struct Breakpoint: Equatable, Sendable {
            enum Kind: UInt64, Sendable {
                case execution = 0
                case write = 1
                case access = 3
            }

            var address: UInt64
            var kind = Kind.execution
            /// 1, 2, 4 or 8 bytes; 1 for execution.
            var length = 1

            /// The R/W and LEN fields of DR7; nil for a length that there is not.
            fileprivate var bits: UInt64? {
                let lengths: [Int: UInt64] = [1: 0, 2: 1, 4: 3, 8: 2]
                guard let code = lengths[length], kind != .execution || length == 1 else { return nil }
                return kind.rawValue | code << 2
            }
        }

        /// An exit after each instruction.
        var singleSteps = false
        /// `int3` exits instead of going to the guest.
        var takesSoftwareBreakpoints = false
        /// Four at most.
        var breakpoints: [Breakpoint] = []
    }

    extension KVMVCPU {
        /// Puts debugging in place of the present one; an empty value ends it.
        func setDebug(_ debug: KVMGuestDebug) throws(KVMError) {
            var request = kvm_guest_debug()
            if debug != KVMGuestDebug() { request.control = UInt32(KVM_GUESTDBG_ENABLE) }
            if debug.singleSteps { request.control |= UInt32(KVM_GUESTDBG_SINGLESTEP) }
            if debug.takesSoftwareBreakpoints { request.control |= UInt32(KVM_GUESTDBG_USE_SW_BP) }
            var addresses: [UInt64] = [0, 0, 0, 0]
            var control: UInt64 = 0x400
            for (index, breakpoint) in debug.breakpoints.enumerated() {
                guard index < 4, let bits = breakpoint.bits else {
                    throw KVMError(KVMRequest.setGuestDebug.name, 22, details: "\(debug.breakpoints)")
                }
                addresses[index] = breakpoint.address
                // The global enable bit, and the kind and length.
                control |= 2 << UInt64(index * 2) | bits << UInt64(16 + index * 4)
            }
            if !debug.breakpoints.isEmpty {
                request.control |= UInt32(KVM_GUESTDBG_USE_HW_BP)
                request.arch.debugreg.0 = addresses[0]
                request.arch.debugreg.1 = addresses[1]
                request.arch.debugreg.2 = addresses[2]
                request.arch.debugreg.3 = addresses[3]
                request.arch.debugreg.7 = control
            }
            try descriptor.control(.setGuestDebug, &request)
        }
    }
#endif
