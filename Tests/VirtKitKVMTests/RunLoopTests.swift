#if arch(x86_64)
    import CVirtKit
    import Glibc
    import Testing
    import VirtKitCore

    @testable import VirtKitKVM

    /// The run loop over mocked system calls.
    @Suite struct RunLoopTests {
        private func domain(_ mock: MockInterface, regions: Int = 1) throws -> KVMDomain {
            let memory = try GuestMemory(
                regions: (0..<UInt64(regions)).map { try GuestMemoryRegion(guestAddress: $0 << 16, size: 4096) })
            return try KVMDomain(
                DomainRequest(
                    architecture: .x86_64, cpus: 1, cpuModel: .x86_64v2, memory: memory, clock: MachineClock(),
                    timerFrequency: 2_000_000_000), kickSignal: vk_kvm_realtime_signal(3), interface: mock)
        }

        private func run(_ domain: KVMDomain, _ bus: RecordingBus = RecordingBus()) throws -> [VCPUExit] {
            var runner = Runner(bus: bus)
            runner.maximumExits = 1
            try domain.withVCPU(0, &runner)
            return runner.exits
        }

        @Test func failedEntryIsAnError() throws {
            let mock = MockInterface()
            let domain = try domain(mock)
            mock.onRun = { _ in -EFAULT }
            let error = #expect(throws: VirtKitError.self) { try run(domain) }
            #expect(error?.errno == EFAULT)
            #expect(error?.message.contains("KVM_RUN") == true)
            #expect(error?.code == .backendFailure)
        }

        @Test func interruptedAndUnreadyEntriesAreMadeAgain() throws {
            let mock = MockInterface()
            let domain = try domain(mock)
            var results = [-EINTR, -EAGAIN, -EINTR, 0]
            mock.onRun = { page in
                page.pointee.exit_reason = UInt32(KVM_EXIT_SHUTDOWN)
                return results.removeFirst()
            }
            #expect(try run(domain).map(\.kind) == [.shutdown])
            #expect(mock.count("KVM_RUN") == 4)
            #expect(domain.statistics()["kvm-interrupted-entries"] == 3)
        }

        @Test func requestBeforeTheRunIsNotLost() throws {
            let mock = MockInterface()
            let domain = try domain(mock)
            domain.handle(0).requestExit()
            #expect(try run(domain).map(\.kind) == [.requested])
            #expect(mock.count("KVM_RUN") == 0)
        }

        @Test func requestInTheRunEndsIt() throws {
            let mock = MockInterface()
            let domain = try domain(mock)
            let handle = domain.handle(0)
            mock.onRun = { page in
                handle.requestExit()
                return page.pointee.immediate_exit != 0 ? -EINTR : -EFAULT
            }
            #expect(try run(domain).map(\.kind) == [.requested])
            #expect(mock.count("KVM_RUN") == 1)
        }

        @Test func accessIsCompletedBeforeTheExit() throws {
            let mock = MockInterface()
            let domain = try domain(mock)
            let handle = domain.handle(0)
            var entries: [UInt8] = []
            mock.onRun = { page in
                entries.append(page.pointee.immediate_exit)
                if entries.count == 2 { return -EINTR }
                page.pointee.exit_reason = UInt32(KVM_EXIT_MMIO)
                page.pointee.mmio.phys_addr = 0x9000_0000
                page.pointee.mmio.len = 4
                page.pointee.mmio.is_write = 0
                return 0
            }
            let bus = RecordingBus()
            bus.onRead = { _ in
                handle.requestExit()
                return 0x1234_5678
            }
            #expect(try run(domain, bus).map(\.kind) == [.requested])
            #expect(entries == [0, 1])
            #expect(bus.log == [Access(false, 0x9000_0000, 4, .memory)])
        }

        @Test func oddAccessIsSplit() throws {
            let mock = MockInterface()
            let domain = try domain(mock)
            var isFirst = true
            mock.onRun = { page in
                guard isFirst else {
                    page.pointee.exit_reason = UInt32(KVM_EXIT_SHUTDOWN)
                    return 0
                }
                isFirst = false
                page.pointee.exit_reason = UInt32(KVM_EXIT_MMIO)
                page.pointee.mmio.phys_addr = 0x9000_0FF9
                page.pointee.mmio.data = (1, 2, 3, 4, 5, 6, 7, 8)
                page.pointee.mmio.len = 7
                page.pointee.mmio.is_write = 1
                return 0
            }
            let bus = RecordingBus()
            _ = try run(domain, bus)
            #expect(
                bus.log == [
                    Access(true, 0x9000_0FF9, 4, .memory, 0x0403_0201), Access(true, 0x9000_0FFD, 2, .memory, 0x0605),
                    Access(true, 0x9000_0FFF, 1, .memory, 7),
                ])
        }

        @Test func portDataOutsideTheSharedPageAreRefused() throws {
            let mock = MockInterface()
            let domain = try domain(mock)
            var isFirst = true
            mock.onRun = { page in
                page.pointee.exit_reason = UInt32(isFirst ? KVM_EXIT_IO : KVM_EXIT_SHUTDOWN)
                isFirst = false
                page.pointee.io.direction = 1
                page.pointee.io.size = 4
                page.pointee.io.count = 4096
                page.pointee.io.data_offset = 4096
                return 0
            }
            let bus = RecordingBus()
            _ = try run(domain, bus)
            #expect(bus.log.isEmpty)
        }

        @Test func unknownExitIsPassedOn() throws {
            let mock = MockInterface()
            let domain = try domain(mock)
            mock.onRun = { page in
                page.pointee.exit_reason = UInt32(KVM_EXIT_NOTIFY)
                return 0
            }
            #expect(try run(domain).map(\.kind.rawValue) == [0x8000 + UInt32(KVM_EXIT_NOTIFY)])
        }

        @Test(arguments: [EFAULT, EHWPOISON]) func memoryThatIsMissingIsTold(_ number: Int32) throws {
            let mock = MockInterface()
            let domain = try domain(mock)
            mock.onRun = { page in
                page.pointee.exit_reason = vk_KVM_EXIT_MEMORY_FAULT
                UnsafeMutableRawPointer(page).storeBytes(of: 0x9000, toByteOffset: 40, as: UInt64.self)
                return -number
            }
            #expect(
                try run(domain) == [VCPUExit(KVMExit.kind(vk_KVM_EXIT_MEMORY_FAULT), address: 0, detail: 0x9000)])
        }

        @Test(arguments: [ENXIO, EBADF, EINVAL, ENOEXEC]) func entriesThatFailAreErrors(_ number: Int32) throws {
            let mock = MockInterface()
            let domain = try domain(mock)
            mock.onRun = { _ in -number }
            let error = #expect(throws: VirtKitError.self) { try run(domain) }
            #expect(error?.errno == number)
            // The vCPU is not lent any longer.
            mock.onRun = { page in
                page.pointee.exit_reason = UInt32(KVM_EXIT_SHUTDOWN)
                return 0
            }
            #expect(try run(domain).map(\.kind) == [.shutdown])
        }

        @Test func theFilterIsInstalledOnce() throws {
            let mock = MockInterface()
            let domain = try domain(mock)
            #expect(mock.count("KVM_X86_SET_MSR_FILTER") == 0)
            var accesses = 3
            mock.onRun = { page in
                accesses -= 1
                page.pointee.exit_reason = UInt32(accesses > 0 ? KVM_EXIT_MMIO : KVM_EXIT_SHUTDOWN)
                page.pointee.mmio.phys_addr = 0xFEE0_0320
                page.pointee.mmio.len = 4
                page.pointee.mmio.is_write = 1
                page.pointee.mmio.data = (0x40, 0, 4, 0, 0, 0, 0, 0)
                return 0
            }
            _ = try run(domain)
            #expect(mock.count("KVM_X86_SET_MSR_FILTER") == 1)
        }

        @Test func aFilterThatIsRefusedIsAnError() throws {
            let mock = MockInterface()
            let domain = try domain(mock)
            mock.answers["KVM_X86_SET_MSR_FILTER"] = [-ENOMEM]
            var state = X86_64.State.reset
            state.timeStampCounter = 5
            var runner = Runner(bus: RecordingBus())
            runner.maximumExits = 0
            runner.state = state
            let error = #expect(throws: VirtKitError.self) { try domain.withVCPU(0, &runner) }
            #expect(error?.errno == ENOMEM)
            // It is tried again.
            try domain.withVCPU(0, &runner)
            #expect(mock.count("KVM_X86_SET_MSR_FILTER") == 2)
        }

        @Test func aChangedBaseOfTheLocalAPICIsTold() throws {
            let mock = MockInterface()
            let domain = try domain(mock)
            mock.onRun = { page in
                page.pointee.exit_reason = UInt32(KVM_EXIT_SHUTDOWN)
                page.pointee.apic_base = 0xFEE0_0D00
                return 0
            }
            let bus = RecordingBus()
            bus.registers = [0x1B: 0xFEE0_0900]
            _ = try run(domain, bus)
            #expect(bus.registers[0x1B] == 0xFEE0_0D00)
        }

        @Test func failedEmulationTellsTheInstruction() throws {
            let mock = MockInterface()
            let domain = try domain(mock)
            mock.onRun = { page in
                page.pointee.exit_reason = UInt32(KVM_EXIT_INTERNAL_ERROR)
                page.pointee.emulation_failure.suberror = UInt32(KVM_INTERNAL_ERROR_EMULATION)
                page.pointee.emulation_failure.ndata = 3
                page.pointee.emulation_failure.flags = UInt64(KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES)
                page.pointee.emulation_failure.insn_size = 2
                page.pointee.emulation_failure.insn_bytes.0 = 0xD9
                page.pointee.emulation_failure.insn_bytes.1 = 0xE8
                page.pointee.s.regs.regs.rip = 0x1234
                return 0
            }
            let exits = try run(domain)
            #expect(exits == [.emulationFailure(at: 0x1234, low: 0xE8D9, count: 2)])
            #expect(exits[0].instruction == [0xD9, 0xE8])
        }

        @Test(arguments: [ENOMEM, EEXIST, EINVAL])
        func memoryThatIsRefusedGivesEverythingBack(_ number: Int32) throws {
            let mock = MockInterface()
            mock.answers["KVM_SET_USER_MEMORY_REGION"] = [-number]
            let error = #expect(throws: VirtKitError.self) { try domain(mock) }
            #expect(error?.errno == number)
            #expect(error?.code == (number == ENOMEM ? .resourceExhausted : .backendFailure))
            #expect(mock.open.isEmpty)
            #expect(mock.mapped.isEmpty)
        }

        @Test func tooManyRegionsAreRefused() throws {
            let error = #expect(throws: VirtKitError.self) { try domain(MockInterface(), regions: 65) }
            #expect(error?.errno == ENOSPC)
        }

        @Test func stateThatKVMRefusesIsAnError() throws {
            let mock = MockInterface()
            let domain = try domain(mock)
            mock.answers["KVM_SET_SREGS"] = [-EINVAL]
            var runner = Runner(bus: RecordingBus())
            runner.maximumExits = 0
            runner.state = .reset
            let error = #expect(throws: VirtKitError.self) { try domain.withVCPU(0, &runner) }
            #expect(error?.code == .invalidSavedState)
            #expect(error?.errno == EINVAL)
        }

        @Test func foreignHandlerOfTheSignalIsRespected() throws {
            let mine = vk_kvm_realtime_signal(7)
            signal(mine) { _ in }
            defer { signal(mine, SIG_DFL) }
            #expect(vk_kvm_install_signal(mine) == -EBUSY)
            #expect(vk_kvm_install_signal(vk_kvm_realtime_signal(3)) == 0)
            #expect(vk_kvm_install_signal(vk_kvm_realtime_signal(3)) == 0)
        }
    }
#endif
