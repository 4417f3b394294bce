#if arch(x86_64)
    internal import CVirtKit
    internal import VirtKitCore

    /// Between KVM's structures and ``X86_64/State``, which every accelerator shares.
    enum KVMStateTransfer {
        /// The vCPU's own MSRs that a saved state lists, in the order of their numbers. FS and GS bases are with their
        /// segments, IA32_TIME_STAMP_COUNTER and IA32_EFER have fields of their own, the local APIC's are the board's.
        static let savedMSRs: [UInt32] =
            [0x3B, 0x48, 0x8B, 0x174, 0x175, 0x176, 0x17A, 0x1A0, 0x1D9] + Array(0x200...0x20F)
            + [0x250, 0x258, 0x259] + Array(0x268...0x26F) + [
                0x277, 0x2FF, 0xC000_0081, 0xC000_0082, 0xC000_0083, 0xC000_0084, 0xC000_0102, 0xC000_0103,
            ]
        static let timeStampCounter: UInt32 = 0x10
        private static let interruptFlag: UInt64 = 1 << 9

        // MARK: Segments

        static func segment(_ value: kvm_segment) -> X86_64.Segment {
            var attributes = UInt32(value.type & 0xF) | UInt32(value.s & 1) << 4 | UInt32(value.dpl & 3) << 5
            attributes |= UInt32(value.present & 1) << 7 | UInt32(value.avl & 1) << 12 | UInt32(value.l & 1) << 13
            attributes |= UInt32(value.db & 1) << 14 | UInt32(value.g & 1) << 15
            if value.unusable != 0 { attributes |= X86_64.Segment.unusable }
            return X86_64.Segment(
                selector: value.selector, base: value.base, limit: value.limit, attributes: attributes)
        }

        static func segment(_ value: X86_64.Segment) -> kvm_segment {
            func bits(_ shift: UInt32, _ mask: UInt32) -> UInt8 {
                UInt8(truncatingIfNeeded: value.attributes >> shift & mask)
            }
            var result = kvm_segment()
            result.base = value.base
            result.limit = value.limit
            result.selector = value.selector
            result.type = bits(0, 0xF)
            result.s = bits(4, 1)
            result.dpl = bits(5, 3)
            result.present = bits(7, 1)
            result.avl = bits(12, 1)
            result.l = bits(13, 1)
            result.db = bits(14, 1)
            result.g = bits(15, 1)
            result.unusable = bits(16, 1)
            return result
        }

        // MARK: Registers

        static func apply(_ registers: kvm_regs, to state: inout X86_64.State) {
            state.general = [
                registers.rax, registers.rcx, registers.rdx, registers.rbx, registers.rsp, registers.rbp,
                registers.rsi, registers.rdi, registers.r8, registers.r9, registers.r10, registers.r11, registers.r12,
                registers.r13, registers.r14, registers.r15,
            ]
            state.rip = registers.rip
            state.rflags = registers.rflags
        }

        static func registers(_ state: X86_64.State) -> kvm_regs {
            let general = state.general
            return kvm_regs(
                rax: general[0], rbx: general[3], rcx: general[1], rdx: general[2], rsi: general[6], rdi: general[7],
                rsp: general[4], rbp: general[5], r8: general[8], r9: general[9], r10: general[10], r11: general[11],
                r12: general[12], r13: general[13], r14: general[14], r15: general[15], rip: state.rip,
                rflags: state.rflags)
        }

        static func apply(_ system: kvm_sregs, to state: inout X86_64.State) {
            state.segments = [system.es, system.cs, system.ss, system.ds, system.fs, system.gs].map(segment)
            state.ldtr = segment(system.ldt)
            state.tr = segment(system.tr)
            state.gdtr = X86_64.DescriptorTable(base: system.gdt.base, limit: system.gdt.limit)
            state.idtr = X86_64.DescriptorTable(base: system.idt.base, limit: system.idt.limit)
            state.cr0 = system.cr0
            state.cr2 = system.cr2
            state.cr3 = system.cr3
            state.cr4 = system.cr4
            state.cr8 = system.cr8 & 0xF
            state.efer = system.efer
        }

        static func systemRegisters(_ state: X86_64.State, vcpu: Int) -> kvm_sregs {
            var system = kvm_sregs()
            system.es = segment(state.segments[0])
            system.cs = segment(state.segments[1])
            system.ss = segment(state.segments[2])
            system.ds = segment(state.segments[3])
            system.fs = segment(state.segments[4])
            system.gs = segment(state.segments[5])
            system.ldt = segment(state.ldtr)
            system.tr = segment(state.tr)
            system.gdt = kvm_dtable(base: state.gdtr.base, limit: state.gdtr.limit, padding: (0, 0, 0))
            system.idt = kvm_dtable(base: state.idtr.base, limit: state.idtr.limit, padding: (0, 0, 0))
            system.cr0 = state.cr0
            system.cr2 = state.cr2
            system.cr3 = state.cr3
            system.cr4 = state.cr4
            system.cr8 = state.cr8
            system.efer = state.efer
            // IA32_APIC_BASE after reset: the board owns the register; KVM looks at the enable bit for CPUID.
            system.apic_base = 0xFEE0_0800 | (vcpu == 0 ? 0x100 : 0)
            return system
        }

        static func apply(_ debug: kvm_debugregs, to state: inout X86_64.State) {
            state.debugAddresses = [debug.db.0, debug.db.1, debug.db.2, debug.db.3]
            state.dr6 = debug.dr6
            state.dr7 = debug.dr7
        }

        static func debugRegisters(_ state: X86_64.State) -> kvm_debugregs {
            var debug = kvm_debugregs()
            debug.db = (
                state.debugAddresses[0], state.debugAddresses[1], state.debugAddresses[2], state.debugAddresses[3]
            )
            debug.dr6 = state.dr6
            debug.dr7 = state.dr7
            return debug
        }

        // MARK: Extended state

        /// The XSAVE area as it is saved: with what is in use.
        static func extended(_ area: [UInt8]) -> X86_64.ExtendedState {
            var whole = X86_64.ExtendedState(area: area)
            // x87 and SSE state is in the legacy area in any case, initial or not (SDM volume 1, 13.4.1).
            whole.components |= 3
            return whole.components & ~3 == 0 ? X86_64.ExtendedState(area: Array(whole.area.prefix(576))) : whole
        }

        /// The XSAVE area for KVM. A state that marks no component present was never saved by XSAVE: its legacy area
        /// counts as it stands.
        static func area(_ extended: X86_64.ExtendedState) -> [UInt8] {
            var extended = extended
            if extended.components == 0 { extended.components = 3 }
            return extended.area
        }

        // MARK: Events

        private enum EventType { static let external: UInt8 = 0, nonMaskable: UInt8 = 2, exception: UInt8 = 3 }
        private enum Shadow { static let movSS: UInt8 = 1, sti: UInt8 = 2 }

        static func apply(_ events: kvm_vcpu_events, to state: inout X86_64.State) {
            if events.exception.injected != 0 || events.exception.pending != 0 {
                state.pending = X86_64.PendingEvent(
                    vector: events.exception.nr, type: EventType.exception,
                    errorCode: events.exception.has_error_code != 0 ? events.exception.error_code : nil)
            } else if events.nmi.injected != 0 {
                state.pending = X86_64.PendingEvent(vector: 2, type: EventType.nonMaskable)
            } else if events.interrupt.injected != 0, events.interrupt.soft == 0 {
                // A software interrupt is not listed: RIP is at its instruction, which is executed again.
                state.pending = X86_64.PendingEvent(vector: events.interrupt.nr, type: EventType.external)
            }
            state.blockedBySTI = events.interrupt.shadow & Shadow.sti != 0
            state.blockedByMovSS = events.interrupt.shadow & Shadow.movSS != 0
            state.nmiBlocked = events.nmi.masked != 0
            state.nmiPending = events.nmi.pending != 0
        }

        static func events(_ state: X86_64.State) -> kvm_vcpu_events {
            var events = kvm_vcpu_events()
            events.flags = UInt32(KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW)
            if let pending = state.pending {
                switch pending.type {
                case EventType.external:
                    events.interrupt.injected = 1
                    events.interrupt.nr = pending.vector
                case EventType.nonMaskable: events.nmi.injected = 1
                default:
                    events.exception.injected = 1
                    events.exception.nr = pending.vector
                    events.exception.has_error_code = pending.errorCode == nil ? 0 : 1
                    events.exception.error_code = pending.errorCode ?? 0
                }
            }
            events.interrupt.shadow =
                (state.blockedBySTI ? Shadow.sti : 0) | (state.blockedByMovSS ? Shadow.movSS : 0)
            events.nmi.masked = state.nmiBlocked ? 1 : 0
            events.nmi.pending = state.nmiPending ? 1 : 0
            return events
        }

        // MARK: Checks

        /// Why a state can't be put into a vCPU, as far as KVM would not say; nil where it can be tried.
        static func fault(of state: X86_64.State, areaSize: Int) -> String? {
            guard state.general.count == 16, state.segments.count == 6, state.debugAddresses.count == 4,
                state.extended.area.count >= 576, state.extended.area.count <= areaSize
            else { return "a register file has the wrong size" }
            if state.cr8 > 15 { return "CR8 is \(state.cr8)" }
            if state.xcr0 & 1 == 0 { return "XCR0 is \(state.xcr0)" }
            let isProtected = state.cr0 & 1 != 0
            let isPaging = state.cr0 >> 31 & 1 != 0
            if state.cr0 >> 32 != 0 || (isPaging && !isProtected) { return "CR0 is \(state.cr0)" }
            if (state.efer >> 10 & 1 != 0) != (isPaging && state.efer >> 8 & 1 != 0) {
                return "EFER.LMA does not fit CR0 and LME"
            }
            if state.rflags & 2 == 0 { return "RFLAGS is \(state.rflags)" }
            if state.activity.rawValue > X86_64.Activity.shutdown.rawValue {
                return "activity \(state.activity.rawValue) is not supported"
            }
            if let pending = state.pending, ![0, 2, 3].contains(pending.type) {
                return "a pending event of type \(pending.type) and vector \(pending.vector) can't be delivered"
            }
            if let register = state.modelSpecific.first(where: { !savedMSRs.contains($0.number) }) {
                return "MSR 0x\(String(register.number, radix: 16)) is not one of this model"
            }
            return nil
        }
    }
#endif
