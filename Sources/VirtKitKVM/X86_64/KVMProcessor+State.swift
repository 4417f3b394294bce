#if arch(x86_64)
    internal import CVirtKit
    internal import Glibc
    internal import VirtKitCore

    /// All architectural state, between KVM and ``X86_64/State``.
    extension KVMProcessor {
        /// The state at an instruction boundary.
        func exportState() throws(KVMError) -> X86_64.State {
            if needsReset { try importReset() }
            try finishAccess()
            var state = X86_64.State.reset
            KVMStateTransfer.apply(try vcpu.registers(), to: &state)
            KVMStateTransfer.apply(try vcpu.systemRegisters(), to: &state)
            KVMStateTransfer.apply(try vcpu.debugRegisters(), to: &state)
            KVMStateTransfer.apply(try vcpu.events(), to: &state)
            if !hasLocalController { state.cr8 = UInt64(taskPriority) }
            state.xcr0 = try vcpu.extendedControl()
            state.extended = KVMStateTransfer.extended(try vcpu.extendedArea())
            let values = try vcpu.systemRegisters(presentMSRs)
            state.modelSpecific = zip(presentMSRs, values).map { number, value in
                X86_64.ModelSpecificRegister(number: number, value: value)
            }
            state.timeStampCounter = try timeStamps.value(timeStamp, of: vcpu)
            state.activity = isShutDown ? .shutdown : isWaitingForStartUp ? .waitForSIPI : isHalted ? .halted : .running
            if hasLocalController, !isShutDown { state.activity = try activityInside() }
            return state
        }

        /// Has KVM complete the instruction whose access was answered last, without running the guest any further.
        private func finishAccess() throws(KVMError) {
            guard isAccessUnfinished else { return }
            vk_kvm_set_immediate_exit(vcpu.run, 1)
            let result = vcpu.enter()
            isAccessUnfinished = false
            guard result == -EINTR else {
                throw KVMError(KVMRequest.run.name, result < 0 ? -result : EBUSY, details: "an access is unfinished")
            }
        }

        /// Puts the state after reset in place.
        func importReset() throws(KVMError) {
            do throws(KVMStateError) {
                try importState(.reset)
            } catch {
                throw KVMError(error.reason, error.errno ?? EINVAL)
            }
        }

        /// Puts a state in place.
        ///
        /// - Throws: `KVMStateError`, for what this KVM refuses.
        func importState(_ state: X86_64.State) throws(KVMStateError) {
            if let reason = KVMStateTransfer.fault(of: state, areaSize: vcpu.extendedAreaSize) {
                throw KVMStateError(reason: reason)
            }
            do throws(KVMError) {
                // What an entry left behind is not the new state's.
                if isAccessUnfinished { try finishAccess() }
                try vcpu.setEvents(KVMStateTransfer.events(.reset))
                var system = KVMStateTransfer.systemRegisters(state, vcpu: index)
                // INIT leaves IA32_APIC_BASE alone.
                if state.keepsTimeStampCounter, apicBase != 0 { system.apic_base = apicBase }
                // No time has passed on a machine that has not run: its local APIC is as after reset.
                if !hasLocalController,
                    hasRunElsewhere || (!state.keepsTimeStampCounter && state.timeStampCounter != 0)
                {
                    try installFilter()
                }
                if hasRunElsewhere { try forgetPageTables(system) }
                apicBase = system.apic_base
                vcpu.run.pointee.apic_base = system.apic_base
                try vcpu.setSystemRegisters(system)
                try vcpu.setRegisters(KVMStateTransfer.registers(state))
                try vcpu.setExtendedControl(state.xcr0)
                try vcpu.setExtendedArea(KVMStateTransfer.area(state.extended))
                try vcpu.setDebugRegisters(KVMStateTransfer.debugRegisters(state))
                if let reason = try setSystemRegisters(of: state) { throw KVMError(reason, EINVAL) }
                if !state.keepsTimeStampCounter {
                    timeStamp = try timeStamps.set(state.timeStampCounter, of: vcpu)
                }
                try vcpu.setEvents(KVMStateTransfer.events(state))
            } catch {
                throw KVMStateError(reason: "KVM refuses it: \(error)", errno: error.errno)
            }
            needsReset = false
            isHalted = state.activity == .halted && state.pending == nil && !state.nmiPending
            isShutDown = state.activity == .shutdown
            isWaitingForStartUp = state.activity == .waitForSIPI
            interruptFlag = state.rflags >> 9 & 1 != 0
            taskPriority = UInt8(truncatingIfNeeded: state.cr8 & 0xF)
            interruptSource?.setTaskPriority(taskPriority, vcpu: index)
            mustAskSource = true
            if hasLocalController {
                do throws(KVMError) { try putActivity() } catch {
                    throw KVMStateError(reason: "KVM refuses its activity: \(error)", errno: error.errno)
                }
            }
            // As KVM would say after an entry: so that a waiting interrupt is taken before the first instruction.
            let isReady =
                interruptFlag && !state.blockedBySTI && !state.blockedByMovSS && state.pending == nil
                && !state.nmiPending
            vcpu.run.pointee.ready_for_interrupt_injection = isReady ? 1 : 0
            vcpu.run.pointee.request_interrupt_window = 0
        }

        /// Forgets the guest's page tables as they were: another accelerator may have changed them, and told its own
        /// translations alone.
        ///
        /// KVM drops the translations of a vCPU whose CR4.PGE is set to another value, as by the guest's own MOV to CR4
        /// (Intel SDM volume 3A, 4.10.4.1).
        private func forgetPageTables(_ system: kvm_sregs) throws(KVMError) {
            var other = system
            other.cr4 ^= 1 << 7
            try vcpu.setSystemRegisters(other)
            try dropShadowPages()
            hasRunElsewhere = false
        }

        /// Sets every MSR that a state may list: one that it does not list is 0, as after reset. Returns why not.
        private func setSystemRegisters(of state: X86_64.State) throws(KVMError) -> String? {
            var values: [UInt32: UInt64] = [:]
            for register in state.modelSpecific { values[register.number] = register.value }
            var entries: [kvm_msr_entry] = []
            for number in KVMStateTransfer.savedMSRs {
                let value = values[number]
                if value == nil, !Self.isClearedByReset(number) || !presentMSRs.contains(number) { continue }
                entries.append(kvm_msr_entry(index: number, reserved: 0, data: value ?? 0))
            }
            // One that is not there, or can't be written, does no harm where it has the value anyway.
            var rest = entries[...]
            while !rest.isEmpty {
                rest = rest.dropFirst(try vcpu.setSystemRegisters(Array(rest)))
                guard let refused = rest.popFirst() else { break }
                let present = try vcpu.systemRegister(refused.index) ?? 0
                guard values[refused.index] != nil, refused.data != present else { continue }
                return "MSR 0x\(String(refused.index, radix: 16)) does not take \(refused.data)"
            }
            return nil
        }

        /// Whether reset makes an MSR 0 (Intel SDM volume 3A, table 9-1, and the registers' descriptions). The others
        /// say what the processor can do.
        private static func isClearedByReset(_ number: UInt32) -> Bool {
            switch number {
            case 0x3B, 0x174...0x176, 0x200...0x2FF, 0xC000_0081...0xC000_0103: number != 0x277
            default: false
            }
        }
    }

    /// A state that can't be put in place, and why.
    struct KVMStateError: Error {
        var reason: String
        var errno: Int32?

        var wrapped: VirtKitError {
            VirtKitError(
                .invalidSavedState, operation: "set the state of a vCPU", message: reason, errno: errno)
        }
    }
#endif
