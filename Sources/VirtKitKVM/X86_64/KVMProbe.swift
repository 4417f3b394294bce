#if arch(x86_64)
    internal import CVirtKit
    internal import Glibc
    internal import Synchronization
    internal import VirtKitCore

    /// What this host's KVM can really do: micro-guests in 64-bit mode, ring 0, that use what a kernel's boot needs.
    ///
    /// Asked of the CPU's features or of KVM's capabilities instead, a KVM that emulates ring 0 in software promises more
    /// than it can do.
    struct KVMProbe: Sendable {
        /// Something that a micro-guest tries.
        struct Ability: Hashable, Sendable {
            /// The mode that the code runs in, always in ring 0.
            enum Mode: Hashable, Sendable { case long, paging32, physicalAddressExtension }

            let name: String
            var mode = Mode.long
            /// Code that leads to `out %al, $0x80` in the end.
            let code: [UInt8]

            /// The end of each: out %al, $0x80; hlt.
            private static let end: [UInt8] = [0xE6, 0x80, 0xF4]

            static let port = Ability(name: "port output", code: end)
            static let compareExchange16 = Ability(
                name: "lock cmpxchg16b", code: [0xF0, 0x48, 0x0F, 0xC7, 0x0F] + end)  // (%rdi)
            static let vectors = Ability(name: "SSE arithmetic", code: [0x0F, 0x58, 0xC1] + end)  // addps %xmm1, %xmm0
            static let x87 = Ability(name: "x87 arithmetic", code: [0xD9, 0xE8, 0xDE, 0xC1] + end)  // fld1; faddp
            static let breakpoint = Ability(name: "int3", code: [0xCC] + end)
            /// mov $3, %eax; xor %edx, %edx; xrstor64 (%rdi).
            static let restoreExtended = Ability(
                name: "xrstor64", code: [0xB8, 0x03, 0x00, 0x00, 0x00, 0x31, 0xD2, 0x48, 0x0F, 0xAE, 0x2F] + end)
            static let paging32 = Ability(name: "32-bit paging", mode: .paging32, code: end)
            static let physicalAddressExtension = Ability(
                name: "PAE paging", mode: .physicalAddressExtension, code: end)
            /// 10,000 turns of dec %ecx; jnz.
            static let loop = Ability(
                name: "a loop", code: [0xB9, 0x10, 0x27, 0x00, 0x00, 0xFF, 0xC9, 0x75, 0xFC] + end)

            /// rdtsc; shl $32, %rdx; or %rax, %rdx.
            static let timeStamp = Ability(
                name: "rdtsc", code: [0x0F, 0x31, 0x48, 0xC1, 0xE2, 0x20, 0x48, 0x09, 0xC2] + end)

            static let all: [Ability] = [
                port, compareExchange16, vectors, x87, restoreExtended, breakpoint, paging32, physicalAddressExtension,
                loop,
            ]
        }

        /// What does not work.
        var missing: [String] = []
        /// Whether a loop in ring 0 is far slower than a CPU would be: KVM emulates it.
        var isSlow = false
        /// The frequency of a vCPU's time-stamp counter in Hz.
        var timeStampFrequency: UInt64 = 0
        /// Whether a vCPU may have another frequency.
        var canScaleTimeStamp = false
        /// Whether a vCPU's time-stamp counter can be set: the guest reads what was set, not the host's.
        var canSetTimeStamp = true
        /// The features of each CPU model with a name that are missing.
        var missingFeatures: [CPUModel: [String]] = [:]
        /// What CPUID can offer.
        var supportedCPUID: [kvm_cpuid_entry2] = []
        /// The most vCPUs that a machine may have.
        var maximumVCPUs = 1

        /// A result with nothing in it, to be filled in.
        static var empty: KVMProbe { KVMProbe() }

        private init() {}

        private static let cache = Mutex<KVMProbe?>(nil)

        /// The probe's result; run once in a process, and again only if it could not be run. Blocks for some
        /// milliseconds, at most some seconds.
        static func result(kickSignal: Int32) throws(KVMError) -> KVMProbe {
            let outcome = cache.withLock { cached -> Result<KVMProbe, KVMError> in
                if let cached { return .success(cached) }
                do throws(KVMError) {
                    let probe = try KVMProbe(kickSignal: kickSignal, interface: KernelInterface.shared)
                    cached = probe
                    return .success(probe)
                } catch {
                    return .failure(error)
                }
            }
            return try outcome.get()
        }

        /// Runs the micro-guests on the calling thread.
        init(kickSignal: Int32, interface: any KVMInterface) throws(KVMError) {
            let system = try KVMSystem(interface)
            let absent = system.missingCapabilities()
            guard absent.isEmpty else {
                throw KVMError(
                    KVMRequest.checkExtension.name, ENOTTY, details: absent.joined(separator: ", ") + " missing")
            }
            let cpuid = try system.supportedCPUID()
            supportedCPUID = cpuid
            let model = KVMCPUModel(supported: cpuid)
            for level in KVMCPULevel.all { missingFeatures[level.model] = model.missing(of: level.model) }
            let machine = try system.makeVirtualMachine()
            // APIC IDs of 8 bits, of which the last is everyone's.
            maximumVCPUs = min(255, max(1, Int(machine.check(.maximumVCPUs))))
            try machine.prepare()
            canScaleTimeStamp = machine.check(.timeStampControl) != 0
            let memory: GuestMemoryRegion
            do throws(VirtKitError) {
                memory = try GuestMemoryRegion(guestAddress: 0, size: Layout.size, backing: .anonymous)
            } catch {
                throw KVMError("mmap", error.errno ?? ENOMEM)
            }
            try machine.setMemory(slot: 0, memory)
            let vcpu = try machine.makeVCPU(0)
            timeStampFrequency = try vcpu.timeStampFrequency()
            try vcpu.setCPUID(cpuid)
            let wasBlocked = vk_kvm_unblock_signal(kickSignal) != 0
            defer { if wasBlocked { vk_kvm_block_signal(kickSignal) } }
            let hasXSave = cpuid.contains { $0.function == 1 && $0.ecx >> 26 & 1 != 0 }
            for ability in Ability.all where ability != .restoreExtended || hasXSave {
                if try !Self.works(ability, vcpu, memory, kickSignal) { missing.append(ability.name) }
            }
            // A CPU of this century needs 10 microseconds; an emulator of 2 MIPS ten milliseconds. The best of some
            // counts, since the host may have other things to do.
            var best = UInt64.max
            for _ in 0..<3 where best > Self.slowLoop {
                let begin = vk_monotonic_nanoseconds()
                _ = try Self.works(.loop, vcpu, memory, kickSignal)
                best = min(best, vk_monotonic_nanoseconds() &- begin)
            }
            isSlow = best > Self.slowLoop
            let far: UInt64 = 1 << 52
            _ = try vcpu.setSystemRegister(KVMStateTransfer.timeStampCounter, far)
            let hasRead = try Self.works(.timeStamp, vcpu, memory, kickSignal)
            let value = try vcpu.registers().rdx
            canSetTimeStamp = hasRead && value >> 51 == far >> 51
        }

        /// Where the micro-guests' things are.
        private enum Layout {
            static let size: UInt64 = 0xB000
            static let pages: UInt64 = 0x1000  // three levels: 1000H, 2000H, 3000H
            static let interrupts: UInt64 = 0x4000
            static let handler: UInt64 = 0x4800
            static let descriptors: UInt64 = 0x4C00
            static let code: UInt64 = 0x5000
            static let operand: UInt64 = 0x6000
            static let stack: UInt64 = 0x8000
            static let directory32: UInt64 = 0x8000  // of 4 KiB pages, their table after it
            static let pointersPAE: UInt64 = 0xA000
        }

        /// From how many nanoseconds on the loop is slow.
        private static let slowLoop: UInt64 = 3_000_000
        /// How many nanoseconds a micro-guest may take.
        private static let patience: UInt64 = 2_000_000_000

        private static func works(
            _ ability: Ability, _ vcpu: borrowing KVMVCPU, _ region: GuestMemoryRegion, _ kickSignal: Int32
        ) throws(KVMError) -> Bool {
            guard let memory = try? GuestMemory(regions: [region]), (try? fill(memory, ability)) != nil else {
                return false
            }
            let state = entryState(ability.mode)
            try vcpu.setEvents(KVMStateTransfer.events(.reset))
            try vcpu.setSystemRegisters(KVMStateTransfer.systemRegisters(state, vcpu: 0))
            try vcpu.setRegisters(KVMStateTransfer.registers(state))
            let alarm = vk_kvm_start_alarm(kickSignal, 20_000_000)
            defer { vk_kvm_stop_alarm(alarm) }
            let deadline = vk_monotonic_nanoseconds() &+ patience
            while vk_monotonic_nanoseconds() < deadline {
                let result = vcpu.enter()
                if result == -EINTR || result == -EAGAIN { continue }
                guard result >= 0, vk_kvm_exit_reason(vcpu.run) == UInt32(KVM_EXIT_IO) else { return false }
                return vk_kvm_exit_io(vcpu.run).port == 0x80
            }
            return false
        }

        private static func fill(_ memory: GuestMemory, _ ability: Ability) throws(GuestMemoryFault) {
            let presentWritable: UInt64 = 3
            try memory.store(Layout.pages + 0x1000 | presentWritable, at: Layout.pages)
            try memory.store(Layout.pages + 0x2000 | presentWritable, at: Layout.pages + 0x1000)
            try memory.store(0x80 | presentWritable, at: Layout.pages + 0x2000)  // 2 MiB, one to one
            try memory.store(UInt32(Layout.directory32 + 0x1003), at: Layout.directory32)
            for page in 0..<UInt32(16) {
                try memory.store(page << 12 | 3, at: Layout.directory32 + 0x1000 + UInt64(page * 4))
            }
            try memory.store(Layout.pages + 0x2000 | 1, at: Layout.pointersPAE)
            for (index, descriptor) in [0, 0x00AF_9B00_0000_FFFF, 0x00CF_9300_0000_FFFF].enumerated() {
                try memory.store(UInt64(descriptor), at: Layout.descriptors + UInt64(index * 8))
            }
            // Vector 3 alone: interrupt gate, DPL 0, of selector 8.
            let gate = Layout.handler & 0xFFFF | 8 << 16 | 0x8E00 << 32 | (Layout.handler >> 16) << 48
            try memory.store(gate, at: Layout.interrupts + 3 * 16)
            try memory.store(0 as UInt64, at: Layout.interrupts + 3 * 16 + 8)
            try memory.write([0x48, 0xCF], at: Layout.handler)  // iretq
            try memory.write(ability.code, at: Layout.code)
        }

        private static func entryState(_ mode: Ability.Mode) -> X86_64.State {
            var state = X86_64.State.reset
            let data = X86_64.Segment(selector: 16, limit: .max, attributes: 0xC093)
            state.segments = [X86_64.Segment](repeating: data, count: 6)
            state.segments[1] = X86_64.Segment(selector: 8, limit: .max, attributes: 0xA09B)
            state.tr = X86_64.Segment(limit: 0xFFFF, attributes: 0x8B)
            state.gdtr = X86_64.DescriptorTable(base: Layout.descriptors, limit: 23)
            state.idtr = X86_64.DescriptorTable(base: Layout.interrupts, limit: 0x3FF)
            state.cr0 = 0x8000_0033  // PG NE ET MP PE
            state.cr3 = Layout.pages
            state.cr4 = 0x4_0620  // OSXSAVE OSXMMEXCPT OSFXSR PAE
            state.efer = 0x500  // LMA LME
            state.rip = Layout.code
            state.general[4] = Layout.stack
            state.general[7] = Layout.operand
            guard mode != .long else { return state }
            state.segments[1] = X86_64.Segment(selector: 8, limit: .max, attributes: 0xC09B)
            state.efer = 0
            state.cr4 = mode == .paging32 ? 0x600 : 0x620
            state.cr3 = mode == .paging32 ? Layout.directory32 : Layout.pointersPAE
            return state
        }
    }
#endif
