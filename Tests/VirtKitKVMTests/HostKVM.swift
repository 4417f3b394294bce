#if arch(x86_64)
    import CVirtKit
    import Testing
    import VirtKitCore

    @testable import VirtKitKVM

    /// The real KVM of this host, found by running a micro-guest on it.
    enum HostKVM {
        static let signal = vk_kvm_realtime_signal(3)
        static let probe: KVMProbe? = {
            guard vk_kvm_install_signal(signal) == 0 else { return nil }
            return try? KVMProbe.result(kickSignal: signal)
        }()
        /// Whether a guest can run at all.
        static let runsGuests =
            probe.map { !$0.missing.contains("port output") && !$0.missing.contains("a loop") } ?? false
        /// The model that machines have in tests: the standard one, unless this KVM lacks some of its features.
        static let model: CPUModel =
            [.x86_64v2, .x86_64].first { probe?.missingFeatures[$0]?.isEmpty == true } ?? .host
        /// Whether the host can map a guest_memfd.
        static let hasSharedGuestMemory: Bool = {
            guard let system = try? KVMSystem(), let machine = try? system.makeVirtualMachine() else { return false }
            return (try? machine.makeGuestMemory(size: 4096, isShared: true)) != nil
        }()
        static let reason: Comment = "needs a KVM that runs a bare guest"
    }

    /// A bare 64-bit guest in 64 KiB of memory at 0, with 1 GiB of addresses mapped one to one, and no board.
    struct BareGuest {
        static let code: UInt64 = 0x5000
        static let handlers: UInt64 = 0x6000
        let domain: any AcceleratorDomain<X86_64>
        let memory: GuestMemory
        var state: X86_64.State

        /// - Parameter handlers: code at the handlers of interrupt vectors.
        init(
            _ code: [UInt8], handlers: [UInt8: [UInt8]] = [:], clock: MachineClock = MachineClock(),
            regions: [GuestMemoryRegion] = []
        ) throws {
            memory = try GuestMemory(regions: Self.memory(code, handlers).regions + regions)
            state = Self.entryState
            let frequency = try #require(HostKVM.probe).timeStampFrequency
            let made = try KVMAccelerator().makeDomain(
                DomainRequest(
                    architecture: .x86_64, cpus: 1, cpuModel: HostKVM.model, memory: memory, clock: clock,
                    timerFrequency: frequency))
            domain = try #require(made as? any AcceleratorDomain<X86_64>)
        }

        /// 64 KiB with page tables, descriptors, code and handlers. The 4th GiB of addresses is mapped one to one too: the
        /// interrupt controllers are there.
        static func memory(_ code: [UInt8], _ handlers: [UInt8: [UInt8]]) throws -> GuestMemory {
            let memory = try GuestMemory(regions: [GuestMemoryRegion(guestAddress: 0, size: 0x10000)])
            try memory.store(0x2003 as UInt64, at: 0x1000)
            try memory.store(0x3003 as UInt64, at: 0x2000)
            try memory.store(0xA003 as UInt64, at: 0x2018)
            for index in 0..<UInt64(512) {
                try memory.store(index << 21 | 0x83, at: 0x3000 + index * 8)
                try memory.store(0xC000_0000 | index << 21 | 0x83, at: 0xA000 + index * 8)
            }
            try memory.store(0 as UInt64, at: 0x4E00)
            try memory.store(0x00AF_9B00_0000_FFFF as UInt64, at: 0x4E08)
            try memory.store(0x00CF_9300_0000_FFFF as UInt64, at: 0x4E10)
            for (vector, body) in handlers {
                let address = Self.handlers + UInt64(vector) * 16
                try memory.store(address & 0xFFFF | 8 << 16 | 0x8E00 << 32, at: 0x4000 + UInt64(vector) * 16)
                try memory.write(body, at: address)
            }
            try memory.write(code, at: Self.code)
            return memory
        }

        /// 64-bit mode, ring 0, at the code.
        static var entryState: X86_64.State {
            var state = X86_64.State.reset
            state.segments = [X86_64.Segment](
                repeating: X86_64.Segment(selector: 16, limit: .max, attributes: 0xC093), count: 6)
            state.segments[1] = X86_64.Segment(selector: 8, limit: .max, attributes: 0xA09B)
            state.ldtr = X86_64.Segment(limit: 0xFFFF, attributes: 0x82)
            state.tr = X86_64.Segment(limit: 0xFFFF, attributes: 0x8B)
            state.gdtr = X86_64.DescriptorTable(base: 0x4E00, limit: 23)
            state.idtr = X86_64.DescriptorTable(base: 0x4000, limit: 0xDFF)
            state.cr0 = 0x8000_0033
            state.cr3 = 0x1000
            state.cr4 = 0x620
            state.efer = 0x500
            state.rip = Self.code
            state.general[4] = 0xF000
            return state
        }

        /// Runs it, watched.
        func run(
            _ bus: RecordingBus = RecordingBus(), exits: Int = 1, seconds: Int = 60,
            beforeRun: @escaping (Int) -> Void = { _ in }
        ) throws -> (exits: [VCPUExit], state: X86_64.State) {
            var runner = Runner(bus: bus)
            runner.state = state
            runner.maximumExits = exits
            runner.readsState = true
            runner.beforeRun = beforeRun
            let watchdog = Watchdog(domain.handle(0), seconds: seconds)
            try domain.withVCPU(0, &runner)
            #expect(!watchdog.stop(), "the guest had to be ended")
            return (runner.exits, try #require(runner.after))
        }
    }

    /// An interrupt controller with one vector at a time.
    final class FakeSource: InterruptSource, @unchecked Sendable {
        var vectors: [UInt32] = []
        var taken: [UInt32] = []
        var nonMaskable = 0
        var priority: UInt8 = 0

        func hasPendingInterrupt(vcpu: Int) -> Bool { vectors.contains { $0 >> 4 > UInt32(priority) } }

        func acknowledgeInterrupt(vcpu: Int) -> UInt32? {
            guard let index = vectors.firstIndex(where: { $0 >> 4 > UInt32(priority) }) else { return nil }
            taken.append(vectors[index])
            return vectors.remove(at: index)
        }

        func takeNonMaskableInterrupt(vcpu: Int) -> Bool {
            guard nonMaskable > 0 else { return false }
            nonMaskable -= 1
            return true
        }

        func taskPriority(vcpu: Int) -> UInt8 { priority }
        func setTaskPriority(_ priority: UInt8, vcpu: Int) { self.priority = priority }
    }
#endif
