#if arch(x86_64)
    internal import CVirtKit
    internal import Glibc

    /// Everything that KVM holds of a vCPU, in KVM's own structures: what a machine with controllers in the kernel is saved
    /// and restored by. A machine whose controllers are the board's has ``X86_64/State`` for it.
    struct KVMVCPUSavedState {
        var registers: kvm_regs
        var systemRegisters: kvm_sregs
        var debugRegisters: kvm_debugregs
        var events: kvm_vcpu_events
        var extendedControl: UInt64
        var extendedArea: [UInt8]
        var localAPIC: kvm_lapic_state?
        var activity: KVMActivity
        var modelSpecific: [kvm_msr_entry]
    }

    /// Everything that KVM holds of a machine beside its vCPUs and memory.
    struct KVMMachineSavedState {
        /// Both 8259 and the I/O APIC; none in the split mode.
        var controllers: [kvm_irqchip]
        var timer: kvm_pit_state2?
        /// The paravirtual clock in nanoseconds.
        var clock: UInt64
    }

    extension KVMVirtualMachine {
        /// Saves the machine. No vCPU may be running.
        func save(hasControllers: Bool, hasTimer: Bool) throws(KVMError) -> KVMMachineSavedState {
            var controllers: [kvm_irqchip] = []
            if hasControllers { for number in 0..<UInt32(3) { controllers.append(try controller(number)) } }
            return KVMMachineSavedState(
                controllers: controllers, timer: hasTimer ? try timer() : nil, clock: try clock())
        }

        /// Restores the machine, before its vCPUs.
        func restore(_ state: KVMMachineSavedState) throws(KVMError) {
            for controller in state.controllers { try setController(controller) }
            if let timer = state.timer { try setTimer(timer) }
            try setClock(state.clock)
        }
    }

    extension KVMVCPU {
        private static var timeStampDeadline: UInt32 { 0x6E0 }

        /// Saves the vCPU, which must not be running.
        ///
        /// - Parameters:
        ///   - modelSpecific: the numbers of the MSRs to save, of ``KVMSystem/savedMSRs()``.
        ///   - hasLocalAPIC: whether its local APIC is in the kernel.
        func save(_ modelSpecific: [UInt32], hasLocalAPIC: Bool) throws(KVMError) -> KVMVCPUSavedState {
            // KVM accepts pending INITs and start-up IPIs while it is asked for the activity: so it comes first.
            let activity = hasLocalAPIC ? try self.activity() : .running
            var entries: [kvm_msr_entry] = []
            for number in modelSpecific {
                // The list names some that a vCPU of this CPUID does not have.
                guard let value = try systemRegister(number) else { continue }
                entries.append(kvm_msr_entry(index: number, reserved: 0, data: value))
            }
            return KVMVCPUSavedState(
                registers: try registers(), systemRegisters: try systemRegisters(),
                debugRegisters: try debugRegisters(), events: try events(), extendedControl: try extendedControl(),
                extendedArea: try extendedArea(), localAPIC: hasLocalAPIC ? try localAPIC() : nil, activity: activity,
                modelSpecific: entries)
        }

        /// Restores the vCPU, which must have the same CPUID. In this order because system registers check features,
        /// the area needs XCR0, and the deadline needs the local APIC's timer mode.
        func restore(_ state: KVMVCPUSavedState) throws(KVMError) {
            try setSystemRegisters(state.systemRegisters)
            try setRegisters(state.registers)
            try setExtendedControl(state.extendedControl)
            try setExtendedArea(state.extendedArea)
            try setModelSpecific(state.modelSpecific.filter { $0.index != Self.timeStampDeadline })
            if let apic = state.localAPIC { try setLocalAPIC(apic) }
            try setModelSpecific(state.modelSpecific.filter { $0.index == Self.timeStampDeadline })
            if state.localAPIC != nil { try setActivity(state.activity) }
            var events = state.events
            events.flags |= UInt32(KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW)
            try setEvents(events)
            try setDebugRegisters(state.debugRegisters)
        }

        private func setModelSpecific(_ entries: [kvm_msr_entry]) throws(KVMError) {
            for entry in entries {
                if try setSystemRegister(entry.index, entry.data) { continue }
                // One that can't be written does no harm where it has the value anyway.
                guard try systemRegister(entry.index) == entry.data else {
                    throw KVMError(
                        KVMRequest.setMSRs.name, EINVAL,
                        details: "MSR 0x\(String(entry.index, radix: 16)) does not take \(entry.data)")
                }
            }
        }
    }

    extension KVMSystem {
        /// The numbers of the MSRs that make up a vCPU's state on this host (KVM_GET_MSR_INDEX_LIST).
        func savedMSRs() throws(KVMError) -> [UInt32] {
            var capacity = 512
            while true {
                var words = [UInt32](repeating: 0, count: capacity + 1)
                words[0] = UInt32(capacity)
                let outcome = words.withUnsafeMutableBytes { bytes in
                    // SAFETY: the buffer holds as many numbers as its head says, and is used only during the call.
                    Result { () throws(KVMError) in
                        try descriptor.control(.getMSRList, UInt(bitPattern: bytes.baseAddress))
                    }
                }
                do throws(KVMError) {
                    _ = try outcome.get()
                    return Array(words.dropFirst().prefix(Int(words[0])))
                } catch {
                    // E2BIG: the head says how many there are.
                    guard error.errno == E2BIG, capacity < 1 << 14 else { throw error }
                    capacity = max(capacity * 2, min(Int(words[0]), 1 << 14))
                }
            }
        }
    }
#endif
