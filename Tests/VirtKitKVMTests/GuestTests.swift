#if arch(x86_64)
    import CVirtKit
    import Testing
    import VirtKitCore

    @testable import VirtKitKVM

    /// Bare guests on the real KVM: integer code in ring 0 alone, which every KVM runs.
    @Suite(.enabled(if: HostKVM.runsGuests, HostKVM.reason), .serialized) struct GuestTests {
        @Test func portsOfEachWidth() throws {
            // mov $0x11223344, %eax; mov $0x1234, %dx; out %al; out %ax; out %eax; in (%dx), %eax; hlt
            let guest = try BareGuest([
                0xB8, 0x44, 0x33, 0x22, 0x11, 0x66, 0xBA, 0x34, 0x12, 0xEE, 0x66, 0xEF, 0xEF, 0xED, 0xF4,
            ])
            let bus = RecordingBus()
            bus.onRead = { _ in 0xCAFE_BABE }
            let (exits, state) = try guest.run(bus)
            #expect(exits.map(\.kind) == [.halted])
            #expect(exits[0].address == BareGuest.code + 15)
            #expect(
                bus.log == [
                    Access(true, 0x1234, 1, .port, 0x44), Access(true, 0x1234, 2, .port, 0x3344),
                    Access(true, 0x1234, 4, .port, 0x1122_3344), Access(false, 0x1234, 4, .port),
                ])
            #expect(state.general[0] == 0xCAFE_BABE)
            #expect(state.rip == BareGuest.code + 15)
            #expect(state.activity == .halted)
        }

        @Test func stringPorts() throws {
            // mov $0x7000, %esi; mov $8, %ecx; mov $0x1234, %dx; rep outsb;
            // mov $0x7100, %edi; mov $8, %ecx; rep insb; hlt
            let guest = try BareGuest([
                0xBE, 0x00, 0x70, 0x00, 0x00, 0xB9, 0x08, 0x00, 0x00, 0x00, 0x66, 0xBA, 0x34, 0x12, 0xF3, 0x6E,
                0xBF, 0x00, 0x71, 0x00, 0x00, 0xB9, 0x08, 0x00, 0x00, 0x00, 0xF3, 0x6C, 0xF4,
            ])
            try guest.memory.write(Array("VirtKit!".utf8), at: 0x7000)
            let bus = RecordingBus()
            var next: UInt64 = 0x40
            bus.onRead = { _ in
                next += 1
                return next
            }
            let (exits, _) = try guest.run(bus)
            #expect(exits.map(\.kind) == [.halted])
            #expect(bus.log.prefix(8).map { UInt8(truncatingIfNeeded: $0.value) } == Array("VirtKit!".utf8))
            #expect(bus.log.count == 16)
            #expect(try guest.memory.bytes(at: 0x7100, count: 8) == Array("ABCDEFGH".utf8))
        }

        @Test func memoryMappedAccessesOfEachWidth() throws {
            // mov $0x100000, %ebx; movb $0x11, (%rbx); movw $0x2222, 2(%rbx); movl $0x33333333, 4(%rbx);
            // mov %rbx, 8(%rbx); mov 16(%rbx), %rcx; movzbl 24(%rbx), %edx; hlt
            let guest = try BareGuest([
                0xBB, 0x00, 0x00, 0x10, 0x00, 0xC6, 0x03, 0x11, 0x66, 0xC7, 0x43, 0x02, 0x22, 0x22,
                0xC7, 0x43, 0x04, 0x33, 0x33, 0x33, 0x33, 0x48, 0x89, 0x5B, 0x08, 0x48, 0x8B, 0x4B, 0x10,
                0x0F, 0xB6, 0x53, 0x18, 0xF4,
            ])
            let bus = RecordingBus()
            bus.onRead = { $0.width == 8 ? 0x0102_0304_0506_0708 : 0xFF }
            let (exits, state) = try guest.run(bus)
            #expect(exits.map(\.kind) == [.halted])
            #expect(
                bus.log == [
                    Access(true, 0x10_0000, 1, .memory, 0x11), Access(true, 0x10_0002, 2, .memory, 0x2222),
                    Access(true, 0x10_0004, 4, .memory, 0x3333_3333), Access(true, 0x10_0008, 8, .memory, 0x10_0000),
                    Access(false, 0x10_0010, 8, .memory), Access(false, 0x10_0018, 1, .memory),
                ])
            #expect(state.general[1] == 0x0102_0304_0506_0708)
            #expect(state.general[2] == 0xFF)
        }

        @Test func systemRegistersOfTheBoard() throws {
            // mov $0x1B, %ecx; rdmsr; mov %eax, %esi; mov $0x6E0, %ecx; mov $7, %eax; xor %edx, %edx; wrmsr;
            // mov $0x802, %ecx; rdmsr; mov %eax, %edi; mov $0x808, %ecx; mov $0x20, %eax; wrmsr;
            // mov $0x4B564D99, %ecx; rdmsr; hlt
            var guest = try BareGuest(
                [
                    0xB9, 0x1B, 0x00, 0x00, 0x00, 0x0F, 0x32, 0x89, 0xC6,
                    0xB9, 0xE0, 0x06, 0x00, 0x00, 0xB8, 0x07, 0x00, 0x00, 0x00, 0x31, 0xD2, 0x0F, 0x30,
                    0xB9, 0x02, 0x08, 0x00, 0x00, 0x0F, 0x32, 0x89, 0xC7,
                    0xB9, 0x08, 0x08, 0x00, 0x00, 0xB8, 0x20, 0x00, 0x00, 0x00, 0x0F, 0x30,
                    0xB9, 0x99, 0x4D, 0x56, 0x4B, 0x0F, 0x32, 0xF4,
                ],
                // #GP: out %al, $0x81; hlt
                handlers: [13: [0xE6, 0x81, 0xF4]])
            // A state that is not of a new machine: every register is the board's.
            guest.state.timeStampCounter = 1
            let bus = RecordingBus()
            bus.registers = [0x1B: 0xFEE0_0D00, 0x6E0: 0, 0x802: 5, 0x808: 0]
            let (exits, state) = try guest.run(bus)
            #expect(exits.map(\.kind) == [.halted])
            #expect(bus.log.map(\.address) == [0x81])
            #expect(state.general[6] == 0xFEE0_0D00)
            #expect(state.general[7] == 5)
            #expect(bus.registers[0x6E0] == 7)
            #expect(bus.registers[0x808] == 0x20)
        }

        @Test(arguments: [false, true]) func theLocalAPICsRegistersOfANewMachine(_ isExtended: Bool) throws {
            // mov $0x1B, %ecx; rdmsr; or $0xC00, %eax; wrmsr; rdmsr; mov %eax, %esi;
            // mov $0x6E0, %ecx; mov $7, %eax; xor %edx, %edx; wrmsr; rdmsr; mov %eax, %edi;
            let start: [UInt8] = [
                0xB9, 0x1B, 0x00, 0x00, 0x00, 0x0F, 0x32, 0x0D, 0x00, 0x0C, 0x00, 0x00, 0x0F, 0x30, 0x0F, 0x32, 0x89,
                0xC6,
                0xB9, 0xE0, 0x06, 0x00, 0x00, 0xB8, 0x07, 0x00, 0x00, 0x00, 0x31, 0xD2, 0x0F, 0x30, 0x0F, 0x32, 0x89,
                0xC7,
            ]
            // mov $0x832, %ecx; mov $0x40040, %eax; wrmsr, or the same to the page
            let timer =
                isExtended
                ? [0xB9, 0x32, 0x08, 0x00, 0x00, 0xB8, 0x40, 0x00, 0x04, 0x00, 0x0F, 0x30]
                : Code.register(0x320, 0x40040)
            // mov $0x6E0, %ecx; mov $9, %eax; wrmsr; mov $0x1B, %ecx; rdmsr; mov %eax, %ebx; hlt
            let end: [UInt8] = [
                0xB9, 0xE0, 0x06, 0x00, 0x00, 0xB8, 0x09, 0x00, 0x00, 0x00, 0x0F, 0x30,
                0xB9, 0x1B, 0x00, 0x00, 0x00, 0x0F, 0x32, 0x89, 0xC3, 0xF4,
            ]
            let guest = try BareGuest(start + timer + end)
            let bus = RecordingBus()
            bus.registers = [0x1B: 0xFEE0_0900, 0x6E0: 0, 0x832: 0]
            let (exits, state) = try guest.run(bus)
            #expect(exits.map(\.kind) == [.halted])
            // KVM keeps the base, and the board hears of the change; a deadline without its mode is nothing.
            #expect(state.general[6] == 0xFEE0_0D00)
            #expect(bus.registers[0x1B] == 0xFEE0_0D00)
            #expect(state.general[7] == 0)
            // With the mode both are the board's.
            #expect(bus.registers[0x6E0] == 9)
            #expect(state.general[3] == 0xFEE0_0D00)
        }

        @Test func haltsUntilInterrupted() throws {
            // sti; hlt; out %al, $0x82; cli; hlt
            let guest = try BareGuest(
                [0xFB, 0xF4, 0xE6, 0x82, 0xFA, 0xF4], handlers: [0x40: [0xE6, 0x81, 0x48, 0xCF]])
            let source = FakeSource()
            guest.domain.connect(source)
            let bus = RecordingBus()
            let handle = guest.domain.handle(0)
            let (exits, _) = try guest.run(bus, exits: 3) { number in
                guard number == 2 else { return }
                source.vectors = [0x40]
                handle.signal()
            }
            #expect(exits.map(\.kind) == [.halted, .halted, .halted])
            #expect(exits[0].address == BareGuest.code + 2)
            #expect(exits[2].address == BareGuest.code + 6)
            #expect(bus.log.map(\.address) == [0x81, 0x82])
            #expect(source.taken == [0x40])
        }

        @Test func interruptsWaitForTheirWindowAndPriority() throws {
            // mov $5, %eax; mov %rax, %cr8; out %al, $0x80; sti; 1: cmpb $0, 0x7000; je 1b; out %al, $0x82;
            // xor %eax, %eax; mov %rax, %cr8; 2: cmpb $0, 0x7001; je 2b; out %al, $0x83; cli; hlt
            let guest = try BareGuest(
                [
                    0xB8, 0x05, 0x00, 0x00, 0x00, 0x44, 0x0F, 0x22, 0xC0, 0xE6, 0x80, 0xFB,
                    0x80, 0x3C, 0x25, 0x00, 0x70, 0x00, 0x00, 0x00, 0x74, 0xF6, 0xE6, 0x82,
                    0x31, 0xC0, 0x44, 0x0F, 0x22, 0xC0,
                    0x80, 0x3C, 0x25, 0x01, 0x70, 0x00, 0x00, 0x00, 0x74, 0xF6, 0xE6, 0x83, 0xFA, 0xF4,
                ],
                // movb $1, 0x7001; out %al, $0x81; iretq, and the like
                handlers: [
                    0x40: [0xC6, 0x04, 0x25, 0x01, 0x70, 0x00, 0x00, 0x01, 0xE6, 0x81, 0x48, 0xCF],
                    0x70: [0xC6, 0x04, 0x25, 0x00, 0x70, 0x00, 0x00, 0x01, 0xE6, 0x84, 0x48, 0xCF],
                ])
            let source = FakeSource()
            guest.domain.connect(source)
            let bus = RecordingBus()
            let handle = guest.domain.handle(0)
            bus.onWrite = { access in
                guard access.address == 0x80 else { return }
                #expect(source.priority == 5)
                source.vectors = [0x40, 0x70]
                handle.signal()
            }
            let (exits, state) = try guest.run(bus)
            #expect(exits.map(\.kind) == [.halted])
            #expect(bus.log.map(\.address) == [0x80, 0x84, 0x82, 0x81, 0x83])
            #expect(source.taken == [0x70, 0x40])
            #expect(state.cr8 == 0)
        }

        @Test func nonMaskableInterruptWakes() throws {
            let guest = try BareGuest([0xFA, 0xF4, 0xE6, 0x82, 0xF4], handlers: [2: [0xE6, 0x81, 0x48, 0xCF]])
            let source = FakeSource()
            guest.domain.connect(source)
            let bus = RecordingBus()
            let handle = guest.domain.handle(0)
            let (exits, _) = try guest.run(bus, exits: 2) { number in
                guard number == 1 else { return }
                source.nonMaskable = 1
                handle.signal()
            }
            #expect(exits.map(\.kind) == [.halted, .halted])
            #expect(bus.log.map(\.address) == [0x81, 0x82])
        }

        @Test func tripleFaultShutsDown() throws {
            var guest = try BareGuest([0x0F, 0x0B])
            guest.state.idtr = X86_64.DescriptorTable(base: 0, limit: 0)
            let (exits, state) = try guest.run(exits: 2)
            #expect(exits.map(\.kind) == [.shutdown, .shutdown])
            #expect(state.activity == .shutdown)
        }

        @Test func whatKVMCannotEmulateIsTold() throws {
            // lock cmpxchg16b (%rdi); hlt
            var guest = try BareGuest([0xF0, 0x48, 0x0F, 0xC7, 0x0F, 0xF4])
            guest.state.general[7] = 0x7000
            let (exits, _) = try guest.run()
            if HostKVM.probe?.missing.contains("lock cmpxchg16b") == true {
                #expect(exits.map(\.kind) == [.emulationFailure])
                #expect(exits[0].address == BareGuest.code)
                #expect(exits[0].detail & 0xFF_FFFF_FFFF == 0x0FC7_0F48_F0)
            } else {
                #expect(exits.map(\.kind) == [.halted])
            }
        }

        @Test func cpuidIsTheBoards() throws {
            // mov $1, %eax; cpuid; mov %ecx, %esi; mov $0x40000000, %eax; cpuid; hlt
            let guest = try BareGuest([
                0xB8, 0x01, 0x00, 0x00, 0x00, 0x0F, 0xA2, 0x89, 0xCE, 0xB8, 0x00, 0x00, 0x00, 0x40, 0x0F, 0xA2, 0xF4,
            ])
            let (_, state) = try guest.run()
            #expect(state.general[3] == 0x7472_6956)  // "Virt"
            // x2APIC, TSC deadline, hypervisor; no VMX.
            let present: UInt64 = 1 << 21 | 1 << 24 | 1 << 31
            #expect(state.general[6] & (present | 1 << 5) == present)
        }

        @Test func memoryCanBeReplaced() throws {
            let guest = try BareGuest([0xF4])
            let other = try GuestMemory(regions: [
                GuestMemoryRegion(guestAddress: 0, size: 0x10000),
                GuestMemoryRegion(guestAddress: 0x20_0000, size: 0x1000, isWritable: false),
            ])
            for address in stride(from: UInt64(0), to: 0x10000, by: 0x1000) {
                try other.write(try guest.memory.bytes(at: address, count: 0x1000), at: address)
            }
            // mov $0x200000, %ebx; mov (%rbx), %eax; mov %ebx, (%rbx); hlt
            try other.write([0xBB, 0x00, 0x00, 0x20, 0x00, 0x8B, 0x03, 0x89, 0x1B, 0xF4], at: BareGuest.code)
            try other.overwrite([0x78, 0x56, 0x34, 0x12], at: 0x20_0000)
            try guest.domain.setMemory(other)
            let bus = RecordingBus()
            let (exits, state) = try guest.run(bus)
            #expect(exits.map(\.kind) == [.halted])
            #expect(state.general[0] == 0x1234_5678)
            #expect(bus.log == [Access(true, 0x20_0000, 4, .memory, 0x20_0000)])
            #expect(try other.load(UInt32.self, at: 0x20_0000) == 0x1234_5678)
        }
    }
#endif
