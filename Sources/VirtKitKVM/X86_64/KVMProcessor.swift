#if arch(x86_64)
    internal import CVirtKit
    internal import Glibc
    internal import Synchronization
    internal import VirtKitCore

    /// A vCPU of KVM's with what the accelerator must remember about it.
    ///
    /// Confined to the thread that the vCPU is lent to, but for `handle` and `counters`.
    final class KVMProcessor: @unchecked Sendable {
        let index: Int
        let vcpu: KVMVCPU
        let handle: KVMVCPUHandle
        let counters = KVMCounters()
        let clock: MachineClock
        var interruptSource: (any InterruptSource)?

        /// Whether its local APIC is in KVM (`local` mode): then halts, start-up IPIs and the task priority are KVM's too.
        let hasLocalController: Bool
        /// The deadline of its local APIC's timer that is to be armed before the next entry.
        let newDeadline = Mutex<UInt64?>(nil)

        /// It has executed HLT, and nothing has woken it.
        var isHalted = false
        /// It waits for a start-up IPI, which comes as a new state: nothing else wakes it.
        var isWaitingForStartUp = false
        /// It has shut down, until its state is set.
        var isShutDown = false
        /// An access has been answered that the next entry completes: until then the state is in mid-instruction.
        var isAccessUnfinished = false
        /// The interrupt source is to be asked.
        var mustAskSource = true
        /// RFLAGS.IF.
        var interruptFlag = false
        /// CR8 as KVM and the board have it.
        var taskPriority: UInt8 = 0
        /// IA32_APIC_BASE as KVM has it, and the board.
        ///
        /// A filter that sends the register's accesses to the board costs a grace period of the kernel, as much as the rest
        /// of making a machine. So a new machine has none: KVM keeps the register, tells it at each exit, and the board
        /// hears of a change then. IA32_TSC_DEADLINE is ignored, as it must be until the timer's mode is that of a deadline
        /// (Intel SDM vol. 3A, 11.5.4.1); the filter is installed when the guest chooses that mode, or a state is set that
        /// may have it.
        var apicBase: UInt64 = 0
        /// Installs the filter, unless it is there.
        var installFilter: () throws(KVMError) -> Void = {}
        /// The vCPU has run on another accelerator: what KVM keeps of the guest's page tables is dropped with the next state.
        var hasRunElsewhere = false
        /// Drops the page tables that KVM has made from the guest's, where it has any.
        var dropShadowPages: () throws(KVMError) -> Void = {}
        /// Its time-stamp counter, against machine time.
        let timeStamps: KVMTimeStamps
        var timeStamp = KVMTimeStamps.Position()
        /// No state has been set yet: reset's is put in place before anyone sees another.
        var needsReset = true
        /// Those of the MSRs that a state lists which this KVM has; the same for all vCPUs of a domain.
        var presentMSRs: [UInt32]
        /// The changes of what is ROM in the machine's memory.
        let protection: KVMProtection

        private var run: UnsafeMutablePointer<kvm_run> { vcpu.run }

        init(
            index: Int, vcpu: consuming KVMVCPU, kickSignal: Int32, clock: MachineClock, timeStamps: KVMTimeStamps,
            presentMSRs: [UInt32], hasLocalController: Bool, protection: KVMProtection
        ) {
            self.hasLocalController = hasLocalController
            self.index = index
            self.vcpu = vcpu
            self.clock = clock
            self.timeStamps = timeStamps
            self.presentMSRs = presentMSRs
            self.protection = protection
            handle = KVMVCPUHandle(kickSignal: kickSignal)
            // RIP at each exit, without another call.
            run.pointee.kvm_valid_regs = UInt64(KVM_SYNC_X86_REGS)
        }

        /// RIP, after an entry.
        private var programCounter: UInt64 { vk_kvm_synced_registers(run).pointee.rip }

        // MARK: The loop

        /// Runs the guest until an exit that is the driver's business.
        func execute(_ bus: any GuestBus) throws(KVMError) -> VCPUExit {
            if needsReset { try importReset() }
            if isShutDown { return VCPUExit(.shutdown, address: programCounter) }
            if isWaitingForStartUp {
                let isRequested = handle.takeSignals() & KVMVCPUHandle.Bit.exit != 0
                return VCPUExit(isRequested ? .requested : .halted)
            }
            try timeStamps.align(&timeStamp, of: vcpu)
            if hasLocalController { try armDeadline() }
            var wantsExit = false
            while true {
                if isHalted, !wantsExit {
                    var isAwake = try wakes()
                    var isRequested = false
                    if !isAwake {
                        let bits = handle.takeSignals()
                        if bits & KVMVCPUHandle.Bit.interrupt != 0 { isAwake = try wakes() }
                        isRequested = bits & KVMVCPUHandle.Bit.exit != 0
                    }
                    isHalted = !isAwake
                    if isRequested { return VCPUExit(.requested, address: programCounter) }
                    if isHalted { return VCPUExit(.halted, address: programCounter) }
                }
                let bits = handle.beginEntry(run)
                if bits != 0 {
                    if bits & KVMVCPUHandle.Bit.interrupt != 0 { mustAskSource = true }
                    if bits & KVMVCPUHandle.Bit.exit != 0 { wantsExit = true }
                }
                if protection.isChanging {
                    handle.endEntry()
                    protection.wait()
                    continue
                }
                if wantsExit {
                    guard isAccessUnfinished else {
                        handle.endEntry()
                        return VCPUExit(.requested, address: programCounter)
                    }
                    // KVM completes the access, and then returns without running the guest.
                    vk_kvm_set_immediate_exit(run, 1)
                } else if mustAskSource {
                    try offerInterrupts()
                }
                run.pointee.cr8 = UInt64(taskPriority)
                let result = vcpu.enter()
                handle.endEntry()
                counters.count(.entries)
                isAccessUnfinished = false
                interruptFlag = run.pointee.if_flag != 0
                if !hasLocalController {
                    if run.pointee.cr8 != UInt64(taskPriority) { noteTaskPriority() }
                    if run.pointee.apic_base != apicBase { apicBaseHasChanged(bus) }
                }
                if result < 0 {
                    if result == -EINTR || result == -EAGAIN {
                        counters.count(.interrupted)
                        continue
                    }
                    guard let exit = memoryFault(result) else { throw KVMError(KVMRequest.run.name, -result) }
                    return exit
                }
                if let exit = try serve(bus) {
                    // A request that is not answered now stays for the next run.
                    if wantsExit { handle.raise(KVMVCPUHandle.Bit.exit) }
                    return exit
                }
            }
        }

        /// Serves an exit. Returns it where it is the driver's business.
        @inline(__always)
        private func serve(_ bus: any GuestBus) throws(KVMError) -> VCPUExit? {
            switch Int32(truncatingIfNeeded: vk_kvm_exit_reason(run)) {
            case KVM_EXIT_IO: servePorts(bus)
            case KVM_EXIT_MMIO: try serveMemory(bus)
            case KVM_EXIT_HLT:
                counters.count(.halts)
                isHalted = true
                mustAskSource = true
            case KVM_EXIT_IRQ_WINDOW_OPEN:
                counters.count(.windows)
                mustAskSource = true
            case KVM_EXIT_SET_TPR: mustAskSource = true
            default: return try serveRare(bus)
            }
            return nil
        }

        private func serveRare(_ bus: any GuestBus) throws(KVMError) -> VCPUExit? {
            let reason = vk_kvm_exit_reason(run)
            let exit = KVMExit(run)
            switch exit {
            case .readMSR(let number, _):
                counters.count(.systemRegisters)
                let value = bus.readSystemRegister(number, vcpu: index)
                vk_kvm_answer_msr(run, value == nil, value ?? 0)
                isAccessUnfinished = true
                return nil
            case .writeMSR(let number, _, let value):
                counters.count(.systemRegisters)
                if number == Self.timerRegister, Self.isDeadlineMode(value) { try installFilter() }
                let isTaken = bus.writeSystemRegister(number, value: value, vcpu: index)
                vk_kvm_answer_msr(run, !isTaken, value)
                isAccessUnfinished = true
                boardMayHaveChanged()
                return nil
            case .endOfInterrupt(let vector):
                bus.endOfInterrupt(vector, vcpu: index)
                return nil
            case .interrupted, .busLock:
                counters.count(.interrupted)
                return nil
            case .shutdown:
                isShutDown = true
                return VCPUExit(.shutdown, address: programCounter)
            case .debug(_, let address, let dr6, _): return VCPUExit(.debug, address: address, detail: dr6)
            case .emulationFailure(let instruction): return try emulationFailure(instruction)
            default: return exit.forDriver(reason, at: programCounter)
            }
        }

        /// The exit of an entry that failed for want of memory behind the guest's.
        private func memoryFault(_ result: Int32) -> VCPUExit? {
            guard result == -EFAULT || result == -EHWPOISON, vk_kvm_exit_reason(run) == vk_KVM_EXIT_MEMORY_FAULT
            else { return nil }
            return KVMExit(run).forDriver(vk_KVM_EXIT_MEMORY_FAULT, at: programCounter)
        }

        /// An instruction that KVM can't execute, with its bytes: those that KVM tells, or else what is in memory at RIP.
        private func emulationFailure(_ instruction: KVMExit.Instruction) throws(KVMError) -> VCPUExit {
            // KVM has queued an #UD beside the exit (handle_emulation_failure() in the kernel's arch/x86/kvm/x86.c), which
            // is not the guest's.
            var events = try vcpu.events()
            if events.exception.nr == 6, events.exception.injected != 0 || events.exception.pending != 0 {
                events.exception.injected = 0
                events.exception.pending = 0
                try vcpu.setEvents(events)
            }
            var instruction = instruction
            if instruction.count == 0 { instruction = codeBytes?(programCounter) ?? instruction }
            return .emulationFailure(
                at: programCounter, low: instruction.low, high: instruction.high, count: instruction.count)
        }

        /// Whether a guest may lower CR8 without KVM_EXIT_SET_TPR, as where KVM emulates ring 0: then it is looked at in
        /// each interrupt window, for as long as it holds anything back.
        var mustPollTaskPriority = false

        /// Reads code at an address, where KVM has not told the bytes.
        var codeBytes: ((UInt64) -> KVMExit.Instruction?)?

        // MARK: Accesses

        private func servePorts(_ bus: any GuestBus) {
            counters.count(.ports)
            let io = vk_kvm_exit_io(run)
            let width = Int(io.size)
            isAccessUnfinished = true
            guard width == 1 || width == 2 || width == 4,
                let data = vcpu.shared(io.data_offset, count: width * Int(io.count))
            else { return }
            // SAFETY: `shared` has checked that the bytes are in the vCPU's mapping.
            for element in 0..<Int(io.count) {
                let place = data + element * width
                if io.is_out {
                    var value: UInt64 = 0
                    memcpy(&value, place, width)
                    bus.write(value, to: UInt64(io.port), width: width, space: .port, vcpu: index)
                } else {
                    var value = bus.read(UInt64(io.port), width: width, space: .port, vcpu: index)
                    memcpy(place, &value, width)
                }
            }
        }

        private func serveMemory(_ bus: any GuestBus) throws(KVMError) {
            counters.count(.memory)
            let mmio = vk_kvm_exit_mmio(run)
            let length = Int(min(mmio.length, 8))
            isAccessUnfinished = true
            var value: UInt64 = mmio.is_write ? mmio.data : 0
            var done = 0
            while done < length {
                // An access that crosses a page comes as two, which may be of any length.
                let left = length - done
                let width = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1
                let shift = UInt64(done * 8)
                let address = mmio.address &+ UInt64(done)
                let mask: UInt64 = width == 8 ? .max : 1 &<< UInt64(width * 8) &- 1
                if mmio.is_write {
                    bus.write(value &>> shift & mask, to: address, width: width, space: .memory, vcpu: index)
                } else {
                    value |= (bus.read(address, width: width, space: .memory, vcpu: index) & mask) &<< shift
                }
                done += width
            }
            if mmio.is_write {
                if mmio.address & 0xFFF == 0x320, Self.isDeadlineMode(value) { try installFilter() }
                boardMayHaveChanged()
            } else {
                vk_kvm_set_mmio_data(run, value)
            }
        }

        // MARK: The local APIC

        /// The x2APIC's LVT timer register; its page has it at 320H.
        private static let timerRegister: UInt32 = 0x832

        private static func isDeadlineMode(_ value: UInt64) -> Bool { value >> 17 & 3 == 2 }

        private func apicBaseHasChanged(_ bus: any GuestBus) {
            apicBase = run.pointee.apic_base
            _ = bus.writeSystemRegister(0x1B, value: apicBase, vcpu: index)
            boardMayHaveChanged()
        }

        // MARK: Interrupts

        /// The guest has written to what may be its local APIC: the task priority may be another.
        private func boardMayHaveChanged() {
            guard let interruptSource, !hasLocalController else { return }
            taskPriority = interruptSource.taskPriority(vcpu: index) & 0xF
        }

        /// Tells the board of a task priority that the guest has set by CR8.
        private func noteTaskPriority() {
            let present = UInt8(truncatingIfNeeded: run.pointee.cr8 & 0xF)
            guard present != taskPriority else { return }
            taskPriority = present
            interruptSource?.setTaskPriority(present, vcpu: index)
            mustAskSource = true
        }

        /// Asks the source, before an entry. What can't be taken now is asked for again when the window opens.
        private func offerInterrupts() throws(KVMError) {
            mustAskSource = false
            run.pointee.request_interrupt_window = 0
            guard let source = interruptSource else { return }
            try takeNonMaskableInterrupt(source)
            var isWaiting = source.hasPendingInterrupt(vcpu: index)
            if isWaiting, run.pointee.ready_for_interrupt_injection != 0,
                let vector = source.acknowledgeInterrupt(vcpu: index)
            {
                if hasLocalController {
                    try injectExternal(UInt8(truncatingIfNeeded: vector))
                } else {
                    try vcpu.queueInterrupt(vector)
                }
                counters.count(.interrupts)
                run.pointee.ready_for_interrupt_injection = 0
                isWaiting = source.hasPendingInterrupt(vcpu: index)
            }
            if isWaiting || (mustPollTaskPriority && taskPriority > 0 && !hasLocalController) {
                run.pointee.request_interrupt_window = 1
            }
        }

        @discardableResult
        private func takeNonMaskableInterrupt(_ source: any InterruptSource) throws(KVMError) -> Bool {
            guard source.takeNonMaskableInterrupt(vcpu: index) else { return false }
            try vcpu.queueNonMaskableInterrupt()
            counters.count(.nonMaskableInterrupts)
            return true
        }

        /// Whether something wakes the halted vCPU.
        private func wakes() throws(KVMError) -> Bool {
            guard let source = interruptSource else { return false }
            if try takeNonMaskableInterrupt(source) {
                mustAskSource = true
                return true
            }
            guard interruptFlag, source.hasPendingInterrupt(vcpu: index) else { return false }
            mustAskSource = true
            return true
        }
    }
#endif
