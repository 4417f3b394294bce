#if arch(x86_64)
    internal import CVirtKit
    internal import Synchronization
    internal import VirtKitCore

    /// The local APICs in the kernel (KVM_CAP_SPLIT_IRQCHIP): messages to them, ends of interrupts from them, and their
    /// state.
    class KVMLocalControllers: LocalControllers, @unchecked Sendable {
        // Sendable because the domain is; there are no other properties.
        let domain: KVMDomain

        init(_ domain: KVMDomain) { self.domain = domain }

        /// A message that KVM refuses is lost, as one that no processor takes.
        func deliverMessage(address: UInt64, data: UInt32) {
            _ = try? domain.machine.signalMessage(address: address, data: data)
        }

        /// KVM tells the end of an interrupt where a route of one of its first 24 inputs has its vector, level-triggered.
        func setLevelMessages(_ messages: [InterruptMessagePair]) {
            let routes = messages.prefix(KVMVirtualMachine.splitInputs).enumerated().map { input, message in
                KVMRoute.message(gsi: UInt32(input), address: message.address, data: message.data)
            }
            try? domain.machine.setRouting(routes)
        }

        func localController(_ vcpu: Int) throws(VirtKitError) -> X86_64.LocalController {
            do throws(KVMError) {
                return try domain.processors[vcpu].controller()
            } catch {
                throw error.wrapped("read the state of a local APIC")
            }
        }

        func setLocalController(_ controller: X86_64.LocalController, vcpu: Int) throws(VirtKitError) {
            do throws(KVMError) {
                try domain.processors[vcpu].setController(controller)
            } catch {
                throw error.wrapped("set the state of a local APIC")
            }
        }
    }

    extension KVMProcessor {
        private static let deadlineRegister: UInt32 = 0x6E0

        /// The state of the local APIC, of a vCPU that stands still.
        func controller() throws(KVMError) -> X86_64.LocalController {
            let page = try vcpu.localAPIC()
            let registers = withUnsafeBytes(of: page.regs) { bytes in
                (0..<64).map {
                    UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 16, as: UInt32.self))
                }
            }
            let waiting = newDeadline.withLock { $0 }
            let armed = try vcpu.systemRegister(Self.deadlineRegister)
            return X86_64.LocalController(
                base: try vcpu.systemRegisters().apic_base, registers: registers,
                timeStampDeadline: waiting ?? armed ?? 0)
        }

        /// Puts a state in place, of a vCPU that stands still. A deadline of the time-stamp counter waits until the vCPU
        /// runs: KVM arms it by the counter as it is then, which is to be put right first.
        func setController(_ controller: X86_64.LocalController) throws(KVMError) {
            var page = kvm_lapic_state()
            withUnsafeMutableBytes(of: &page.regs) { bytes in
                for (number, value) in controller.registers.prefix(64).enumerated() {
                    bytes.storeBytes(of: value.littleEndian, toByteOffset: number * 16, as: UInt32.self)
                }
            }
            // No deadline of before.
            _ = try vcpu.setSystemRegister(Self.deadlineRegister, 0)
            // The mode first: the ID's register has another form in each.
            var system = try vcpu.systemRegisters()
            system.apic_base = controller.base
            try vcpu.setSystemRegisters(system)
            try vcpu.setLocalAPIC(page)
            newDeadline.withLock { $0 = controller.timeStampDeadline }
        }

        /// Arms the deadline that waits.
        func armDeadline() throws(KVMError) {
            guard let deadline = newDeadline.withLock({ $0.take() }), deadline != 0 else { return }
            _ = try vcpu.setSystemRegister(Self.deadlineRegister, deadline)
        }

        /// What the vCPU does, where KVM knows it: HLT and the wait for a start-up IPI are its own.
        func activityInside() throws(KVMError) -> X86_64.Activity {
            switch try vcpu.activity() {
            case .halted: .halted
            case .uninitialized, .initReceived: .waitForSIPI
            default: .running
            }
        }

        /// Has KVM go on with what a new state does: halted, or waiting for a start-up IPI.
        func putActivity() throws(KVMError) {
            try vcpu.setActivity(isWaitingForStartUp ? .initReceived : isHalted ? .halted : .running)
            (isHalted, isWaitingForStartUp) = (false, false)
        }

        /// Injects an interrupt of the 8259 pair, which is the board's. As an event rather than by KVM_INTERRUPT, whose
        /// vector nothing tells of before an entry: so it is part of the state at any time.
        func injectExternal(_ vector: UInt8) throws(KVMError) {
            var events = try vcpu.events()
            events.interrupt.injected = 1
            events.interrupt.nr = vector
            events.interrupt.soft = 0
            try vcpu.setEvents(events)
            if try vcpu.activity() == .halted { try vcpu.setActivity(.running) }
        }
    }
#endif
