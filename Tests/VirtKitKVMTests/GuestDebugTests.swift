#if arch(x86_64)
    import CVirtKit
    import Glibc
    import Testing
    import VirtKitCore

    @testable import VirtKitKVM

    /// Debugging, MSR filters and whole saved state, on the real KVM.
    @Suite(.enabled(if: HostKVM.runsGuests, HostKVM.reason), .serialized) struct GuestDebugTests {
        @Test func singleSteps() throws {
            // nop; nop; inc %eax; out %al, $0x80
            let guest = try LayerGuest([0x90, 0x90, 0xFF, 0xC0, 0xE6, 0x80])
            try guest.vcpu.setDebug(KVMGuestDebug(singleSteps: true))
            var addresses: [UInt64] = []
            for _ in 0..<3 {
                guard case .debug(_, let address, _, _) = try guest.run() else { break }
                addresses.append(address - BareGuest.code)
            }
            #expect(addresses == [1, 2, 4])
            try guest.vcpu.setDebug(KVMGuestDebug())
            try guest.runToPort(0x80)
        }

        @Test func breakpoints() throws {
            let guest = try LayerGuest([0x90, 0x90, 0xFF, 0xC0, 0xE6, 0x80])
            try guest.vcpu.setDebug(KVMGuestDebug(breakpoints: [.init(address: BareGuest.code + 2)]))
            let exit = try guest.run()
            guard case .debug(_, let address, let dr6, _) = exit else {
                Issue.record("\(String(describing: exit))")
                return
            }
            #expect(address == BareGuest.code + 2)
            #expect(dr6 & 1 == 1)
            #expect(throws: KVMError.self) {
                try guest.vcpu.setDebug(KVMGuestDebug(breakpoints: [.init(address: 0, length: 2)]))
            }
            #expect(throws: KVMError.self) {
                try guest.vcpu.setDebug(KVMGuestDebug(breakpoints: .init(repeating: .init(address: 0), count: 5)))
            }
        }

        @Test func filteredRegistersExit() throws {
            // mov $0x174, %ecx; mov $0x33, %eax; xor %edx, %edx; wrmsr; rdmsr; mov %eax, %ebx;
            // mov $0x12345678, %ecx; rdmsr; out %al, $0x80
            let guest = try LayerGuest(
                [
                    0xB9, 0x74, 0x01, 0x00, 0x00, 0xB8, 0x33, 0x00, 0x00, 0x00, 0x31, 0xD2, 0x0F, 0x30, 0x0F, 0x32,
                    0x89, 0xC3, 0xB9, 0x78, 0x56, 0x34, 0x12, 0x0F, 0x32, 0xE6, 0x80,
                ],
                prepare: {
                    try $0.letUnknownRegistersExit()
                    try $0.setFilter(KVMMSRFilter(ranges: [.init(first: 0x174, count: 1, reads: false)]))
                })
            #expect(
                try guest.run()
                    == .writeMSR(number: 0x174, reason: UInt32(KVM_MSR_EXIT_REASON_FILTER), value: 0x33))
            vk_kvm_answer_msr(guest.vcpu.run, false, 0)
            // The read is KVM's own: 0, since the write was ours.
            #expect(
                try guest.run() == .readMSR(number: 0x1234_5678, reason: UInt32(KVM_MSR_EXIT_REASON_UNKNOWN)))
            vk_kvm_answer_msr(guest.vcpu.run, false, 0x99)
            try guest.runToPort(0x80)
            #expect(try guest.vcpu.registers().rbx == 0)
            #expect(try guest.vcpu.registers().rax == 0x99)
        }

        @Test func badFiltersAreRefused() throws {
            let machine = try KVMSystem().makeVirtualMachine()
            for ranges: [KVMMSRFilter.Range] in [
                [.init(first: 0, count: 0)], [.init(first: 0, count: 1, reads: false, writes: false)],
                .init(repeating: .init(first: 0, count: 1), count: 17), [.init(first: 0, count: 1 << 20)],
            ] {
                #expect(throws: KVMError.self) { try machine.setFilter(KVMMSRFilter(ranges: ranges)) }
            }
        }

        @Test func aWholeMachineGoesOnInAnother() throws {
            // A periodic timer counts in 0x7000; the guest counts in %rsi too, until 0x7000 is 20.
            // 1: inc %rsi; cmpb $20, 0x7000; jb 1b; cli; out %al, $0x80
            let setUp =
                Code.enableLocalAPIC + Code.inputRegister(0x11, 0) + Code.inputRegister(0x10, 0x52)
                + [0xB0, 0x34, 0xE6, 0x43, 0xB0, 0xA9, 0xE6, 0x40, 0xB0, 0x04, 0xE6, 0x40, 0xFB]
            let code =
                setUp + [0x48, 0xFF, 0xC6, 0x80, 0x3C, 0x25, 0x00, 0x70, 0x00, 0x00, 20, 0x72, 0xF3, 0xFA, 0xE6, 0x80]
            let first = try LayerGuest(
                code, handlers: [0x52: Code.count], controllers: .full, prepare: { try $0.makeTimer() })
            let numbers = try first.system.savedMSRs()
            #expect(numbers.contains(0xC000_0082))
            try first.run(isDone: { (try? first.memory.load(UInt8.self, at: 0x7000)) ?? 0 >= 5 }) { _ in false }
            let machine = try first.machine.save(hasControllers: true, hasTimer: true)
            let vcpu = try first.vcpu.save(numbers, hasLocalAPIC: true)
            let counted = try first.memory.load(UInt8.self, at: 0x7000)
            #expect(counted >= 5 && counted < 20)
            #expect(vcpu.registers.rsi > 0)

            let second = try LayerGuest([], controllers: .full, memory: first.memory) { machine in
                try machine.makeTimer()
                try machine.setMemory(slot: 0, first.memory.regions[0])
            }
            try second.machine.restore(machine)
            try second.vcpu.restore(vcpu)
            let again = try second.vcpu.save(numbers, hasLocalAPIC: true)
            #expect(again.registers.rip == vcpu.registers.rip)
            #expect(again.registers.rsi == vcpu.registers.rsi)
            #expect(again.systemRegisters.cr3 == vcpu.systemRegisters.cr3)
            #expect(again.extendedArea == vcpu.extendedArea)
            #expect(again.activity == vcpu.activity)
            func values(_ state: KVMVCPUSavedState) -> [UInt32: UInt64] {
                // Counters run.
                Dictionary(
                    uniqueKeysWithValues: state.modelSpecific.filter { ![0x10, 0x6E0, 0xE7, 0xE8].contains($0.index) }
                        .map { ($0.index, $0.data) })
            }
            #expect(values(again) == values(vcpu))
            let controllers = try second.machine.save(hasControllers: true, hasTimer: true).controllers
            #expect(controllers.map(\.chip_id) == [0, 1, 2])
            // After the head of 24 bytes the I/O APIC's entries follow, 8 bytes each.
            let input = withUnsafeBytes(of: controllers[2].chip) { $0.load(fromByteOffset: 24, as: UInt64.self) }
            #expect(input & 0xFF == 0x52)
            try second.runToPort(0x80)
            #expect(try second.memory.load(UInt8.self, at: 0x7000) >= 20)
            #expect(try second.vcpu.registers().rsi > vcpu.registers.rsi)
        }
    }
#endif
