#if arch(x86_64)
    import CVirtKit
    import Glibc
    import Testing
    import VirtKitCore

    @testable import VirtKitKVM

    /// Every exit, read from the shared page.
    @Suite struct ExitTests {
        private func exit(_ reason: Int32, _ fill: (UnsafeMutablePointer<kvm_run>) -> Void = { _ in }) -> KVMExit {
            let page = UnsafeMutablePointer<kvm_run>.allocate(capacity: 1)
            defer { page.deallocate() }
            memset(page, 0, MemoryLayout<kvm_run>.size)
            page.pointee.exit_reason = UInt32(bitPattern: reason)
            fill(page)
            return KVMExit(page)
        }

        @Test func accesses() {
            let io = exit(KVM_EXIT_IO) {
                $0.pointee.io.port = 0x3F8
                $0.pointee.io.size = 2
                $0.pointee.io.count = 3
                $0.pointee.io.direction = UInt8(KVM_EXIT_IO_OUT)
            }
            #expect(io == .ports(port: 0x3F8, width: 2, count: 3, isOut: true))
            let mmio = exit(KVM_EXIT_MMIO) {
                $0.pointee.mmio.phys_addr = 0xFEE0_0000
                $0.pointee.mmio.len = 2
                $0.pointee.mmio.is_write = 1
                $0.pointee.mmio.data = (1, 2, 3, 4, 5, 6, 7, 8)
            }
            #expect(mmio == .memory(address: 0xFEE0_0000, width: 2, isWrite: true, data: 0x0201))
            let wide = exit(KVM_EXIT_MMIO) {
                $0.pointee.mmio.len = .max
                $0.pointee.mmio.is_write = 1
                $0.pointee.mmio.data = (1, 0, 0, 0, 0, 0, 0, 0)
            }
            #expect(wide == .memory(address: 0, width: Int(UInt32.max), isWrite: true, data: 1))
        }

        @Test func plainOnes() {
            #expect(exit(KVM_EXIT_HLT) == .halted)
            #expect(exit(KVM_EXIT_IRQ_WINDOW_OPEN) == .interruptWindowOpen)
            #expect(exit(KVM_EXIT_SHUTDOWN) == .shutdown)
            #expect(exit(KVM_EXIT_INTR) == .interrupted)
            #expect(exit(KVM_EXIT_SET_TPR) == .taskPrioritySet)
            #expect(exit(KVM_EXIT_NMI) == .nonMaskableInterrupt)
            #expect(exit(KVM_EXIT_DIRTY_RING_FULL) == .dirtyRingFull)
            #expect(exit(KVM_EXIT_AP_RESET_HOLD) == .resetHold)
            #expect(exit(KVM_EXIT_X86_BUS_LOCK) == .busLock)
        }

        @Test func thoseWithData() {
            #expect(exit(KVM_EXIT_UNKNOWN) { $0.pointee.hw.hardware_exit_reason = 7 } == .unknown(hardwareReason: 7))
            #expect(
                exit(KVM_EXIT_FAIL_ENTRY) { $0.pointee.fail_entry.hardware_entry_failure_reason = 8 }
                    == .entryFailure(hardwareReason: 8))
            let call = exit(KVM_EXIT_HYPERCALL) {
                $0.pointee.hypercall.nr = 12
                $0.pointee.hypercall.args.0 = 0x1000
            }
            #expect(call == .hypercall(number: 12, firstArgument: 0x1000))
            let debug = exit(KVM_EXIT_DEBUG) {
                $0.pointee.debug.arch.exception = 1
                $0.pointee.debug.arch.pc = 0x5000
                $0.pointee.debug.arch.dr6 = 0x4000
                $0.pointee.debug.arch.dr7 = 0x400
            }
            #expect(debug == .debug(exception: 1, address: 0x5000, dr6: 0x4000, dr7: 0x400))
            let access = exit(KVM_EXIT_TPR_ACCESS) {
                $0.pointee.tpr_access.rip = 0x1234
                $0.pointee.tpr_access.is_write = 1
            }
            #expect(access == .taskPriorityAccess(address: 0x1234, isWrite: true))
            #expect(exit(KVM_EXIT_IOAPIC_EOI) { $0.pointee.eoi.vector = 0x31 } == .endOfInterrupt(vector: 0x31))
            let event = exit(KVM_EXIT_SYSTEM_EVENT) {
                $0.pointee.system_event.type = 2
                $0.pointee.system_event.ndata = 1
                $0.pointee.system_event.data.0 = 9
            }
            #expect(event == .systemEvent(type: 2, firstDatum: 9))
            #expect(exit(KVM_EXIT_NOTIFY) { $0.pointee.notify.flags = 1 } == .notify(flags: 1))
            let read = exit(KVM_EXIT_X86_RDMSR) {
                $0.pointee.msr.index = 0x1B
                $0.pointee.msr.reason = UInt32(KVM_MSR_EXIT_REASON_FILTER)
            }
            #expect(read == .readMSR(number: 0x1B, reason: UInt32(KVM_MSR_EXIT_REASON_FILTER)))
            let write = exit(KVM_EXIT_X86_WRMSR) {
                $0.pointee.msr.index = 0x6E0
                $0.pointee.msr.data = 77
            }
            #expect(write == .writeMSR(number: 0x6E0, reason: 0, value: 77))
            let fault = exit(Int32(vk_KVM_EXIT_MEMORY_FAULT)) { page in
                withUnsafeMutableBytes(of: &page.pointee.hw) { bytes in
                    let words = bytes.baseAddress?.assumingMemoryBound(to: UInt64.self)
                    words?[0] = 8
                }
                UnsafeMutableRawPointer(page).storeBytes(of: 0x7000, toByteOffset: 40, as: UInt64.self)
                UnsafeMutableRawPointer(page).storeBytes(of: 0x1000, toByteOffset: 48, as: UInt64.self)
            }
            #expect(fault == .memoryFault(address: 0x7000, size: 0x1000, flags: 8))
        }

        @Test func failuresOfKVMsOwn() {
            let other = exit(KVM_EXIT_INTERNAL_ERROR) {
                $0.pointee.internal.suberror = 2
                $0.pointee.internal.ndata = 1
                $0.pointee.internal.data.0 = 5
            }
            #expect(other == .internalError(suberror: 2, firstDatum: 5))
            // A size that is not possible, and bytes to the end.
            let failure = exit(KVM_EXIT_INTERNAL_ERROR) {
                $0.pointee.emulation_failure.suberror = UInt32(KVM_INTERNAL_ERROR_EMULATION)
                $0.pointee.emulation_failure.ndata = 4
                $0.pointee.emulation_failure.flags = UInt64(KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES)
                $0.pointee.emulation_failure.insn_size = 255
                $0.pointee.emulation_failure.insn_bytes = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
            }
            guard case .emulationFailure(let instruction) = failure else {
                Issue.record("\(failure)")
                return
            }
            #expect(instruction.bytes == Array(1...15))
            let told = VCPUExit.emulationFailure(
                at: 0x100, low: instruction.low, high: instruction.high, count: instruction.count)
            #expect(told.instruction == Array(1...15))
            #expect(VCPUExit(.halted, address: 1, detail: 2).instruction.isEmpty)
        }

        @Test(arguments: [Int32(1), 15, 18, 27, 34, 35, 36, 38, 40, 4711, -1])
        func thoseThatAreNotKnownStayNumbers(_ reason: Int32) {
            #expect(exit(reason) == .other(UInt32(bitPattern: reason)))
            let told = exit(reason).forDriver(UInt32(bitPattern: reason), at: 3)
            #expect(told.kind.rawValue >= 0x8000)
            #expect(told.address == 3)
        }
    }
#endif
