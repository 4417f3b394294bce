#if arch(x86_64)
    internal import CVirtKit
    internal import Glibc
    internal import Synchronization
    internal import VirtKitCore

    /// An address space of KVM's and its vCPUs, for one machine. All interrupt controllers are the board's, or, in `local`
    /// mode, all but the local APICs.
    ///
    /// Each vCPU is confined to the thread that it is lent to; the rest is immutable, atomic, or changed only while no vCPU
    /// runs, as the contract says.
    final class KVMDomain: AcceleratorDomain, @unchecked Sendable {
        typealias Architecture = X86_64

        // In this order, so that vCPUs go before the machine, and the machine before the memory that it maps.
        let processors: [KVMProcessor]
        let machine: KVMVirtualMachine
        private var memory: GuestMemory
        private let lent = Mutex<Set<Int>>([])
        private let isFiltered = Mutex(false)
        private let protection = KVMProtection()
        private let sparePage = Mutex<GuestMemoryRegion?>(nil)

        let interruptMode: InterruptMode
        var localControllers: (any LocalControllers)? {
            switch interruptMode {
            case .local: KVMLocalControllers(self)
            case .full: KVMBoardControllers(self)
            default: nil
            }
        }
        var engine: String { "kvm" }
        var cpuCount: Int { processors.count }

        init(
            _ request: DomainRequest, kickSignal: Int32, interface: any KVMInterface, emulatesRing0: Bool = false,
            hasShadowPages: Bool = false, supported: [kvm_cpuid_entry2]? = nil, interruptMode: InterruptMode = .external
        ) throws(VirtKitError) {
            self.interruptMode = interruptMode
            let operation = "make a KVM domain"
            let result = vk_kvm_install_signal(kickSignal)
            guard result == 0 else {
                throw VirtKitError(
                    .invalidState, operation: operation,
                    message: "signal \(kickSignal), which stops vCPUs, is ignored or has the program's own handler",
                    errno: -result, remedy: "name another signal: KVMAccelerator(kickSignal:)")
            }
            do throws(KVMError) {
                let system = try KVMSystem(interface)
                let model =
                    if let supported {
                        KVMCPUModel(supported: supported)
                    } else {
                        KVMCPUModel(supported: try system.supportedCPUID())
                    }
                let machine = try system.makeVirtualMachine()
                try machine.prepare()
                try machine.letUnknownRegistersExit()
                if interruptMode == .local { try machine.makeLocalControllers() }
                if interruptMode == .full {
                    try machine.makeControllers()
                    try machine.setRouting(KVMBoardControllers.routes)
                }
                processors = try Self.makeProcessors(
                    request, machine, model, kickSignal: kickSignal, emulatesRing0: emulatesRing0,
                    hasLocalController: interruptMode != .external, protection: protection)
                try Self.map(request.memory, into: machine)
                self.machine = machine
                memory = request.memory
            } catch {
                throw error.wrapped(operation)
            }
            protection.connect(self)
            memory.addObserver(protection)
            for processor in processors {
                // Called only by the processor, which the domain owns.
                if hasShadowPages {
                    processor.dropShadowPages = { [unowned self] () throws(KVMError) in try dropShadowPages() }
                }
                if interruptMode == .external {
                    processor.installFilter = { [unowned self] () throws(KVMError) in try installFilter() }
                }
                processor.codeBytes = { [unowned processor, unowned self] address in
                    let bytes = (0..<UInt64(15)).prefix { readCode(address &+ $0, processor) != nil }
                        .compactMap { readCode(address &+ $0, processor) }
                    guard !bytes.isEmpty else { return nil }
                    var instruction = KVMExit.Instruction(low: 0, high: 0, count: bytes.count)
                    for (index, byte) in bytes.enumerated() {
                        let part = UInt64(byte) << UInt64(index % 8 * 8)
                        if index < 8 { instruction.low |= part } else { instruction.high |= part }
                    }
                    return instruction
                }
            }
        }

        private static func makeProcessors(
            _ request: DomainRequest, _ machine: borrowing KVMVirtualMachine, _ model: KVMCPUModel, kickSignal: Int32,
            emulatesRing0: Bool, hasLocalController: Bool, protection: KVMProtection
        ) throws(KVMError) -> [KVMProcessor] {
            let isScaled = machine.check(.timeStampControl) != 0
            let timeStamps = KVMTimeStamps(
                clock: request.clock, frequency: request.timerFrequency, cpus: request.cpus)
            var processors: [KVMProcessor] = []
            var present: [UInt32] = []
            for index in 0..<request.cpus {
                let vcpu = try machine.makeVCPU(index)
                if isScaled { try vcpu.setTimeStampFrequency(request.timerFrequency) }
                let place = KVMCPUModel.Place(index: index, count: request.cpus, frequency: request.timerFrequency)
                guard let entries = model.entries(request.cpuModel, place, features: request.features) else {
                    throw KVMError(
                        KVMRequest.setCPUID.name, EINVAL, details: "CPU model \(request.cpuModel.rawValue)")
                }
                try vcpu.setCPUID(entries)
                if index == 0 { present = try vcpu.present(KVMStateTransfer.savedMSRs) }
                let processor = KVMProcessor(
                    index: index, vcpu: vcpu, kickSignal: kickSignal, clock: request.clock, timeStamps: timeStamps,
                    presentMSRs: present, hasLocalController: hasLocalController, protection: protection)
                processor.mustPollTaskPriority = emulatesRing0
                processors.append(processor)
            }
            return processors
        }

        /// Lets accesses to the local APIC's MSRs that KVM would answer itself come to the board: IA32_APIC_BASE and
        /// IA32_TSC_DEADLINE. (KVM without a local APIC of its own does not know the x2APIC's MSRs, 800H to 8FFH.)
        private func installFilter() throws(KVMError) {
            let outcome = isFiltered.withLock { isFiltered -> Result<Void, KVMError> in
                if isFiltered { return .success(()) }
                return Result { () throws(KVMError) in
                    try machine.setFilter(
                        KVMMSRFilter(ranges: [.init(first: 0x1B, count: 1), .init(first: 0x6E0, count: 1)]))
                    isFiltered = true
                }
            }
            try outcome.get()
        }

        func noteForeignRun(vcpu index: Int) {
            guard processors.indices.contains(index) else { return }
            processors[index].hasRunElsewhere = true
        }

        /// Drops all page tables that KVM has made from the guest's. KVM hears of the guest's own stores to those, not of
        /// another's; it drops all of them when a memory slot goes (kvm_arch_flush_shadow_memslot()). That takes some
        /// 30 us, so it is done only where there are such tables.
        private func dropShadowPages() throws(KVMError) {
            let outcome = sparePage.withLock { sparePage -> Result<Void, KVMError> in
                Result { () throws(KVMError) in
                    if sparePage == nil { sparePage = try Self.makeSparePage() }
                    guard let page = sparePage else { return }
                    let slot = memory.regions.count
                    try machine.setMemory(slot: slot, page)
                    try machine.removeMemory(slot: slot)
                }
            }
            try outcome.get()
        }

        /// A page between the range of messages (FEE00000H) and the largest BIOS flash (from FF000000H), where a PC has
        /// nothing. It is mapped for moments only.
        private static func makeSparePage() throws(KVMError) -> GuestMemoryRegion {
            do throws(VirtKitError) {
                return try GuestMemoryRegion(guestAddress: 0xFEF0_0000, size: 0x1000)
            } catch {
                throw KVMError("mmap", error.errno ?? ENOMEM)
            }
        }

        /// A byte at a linear address (of code: nothing says how the guest has changed it since).
        private func readCode(_ address: UInt64, _ processor: KVMProcessor) -> UInt8? {
            guard let physical = try? processor.vcpu.translate(address) else { return nil }
            return try? memory.load(UInt8.self, at: physical)
        }

        private static func map(_ memory: GuestMemory, into machine: borrowing KVMVirtualMachine) throws(KVMError) {
            let slots = machine.check(.memorySlots)
            guard slots == 0 || memory.regions.count <= Int(slots) else {
                throw KVMError(
                    KVMRequest.setMemoryRegion.name, ENOSPC, details: "\(memory.regions.count) regions, \(slots) slots")
            }
            for (slot, region) in memory.regions.enumerated() {
                guard region.isWritable || machine.check(.readOnlyMemory) != 0 else {
                    throw KVMError(
                        KVMRequest.setMemoryRegion.name, ENOTTY, details: "KVM_CAP_READONLY_MEM is missing")
                }
                try machine.setMemory(slot: slot, region)
            }
        }

        func connect(_ interruptSource: any InterruptSource) {
            for processor in processors { processor.interruptSource = interruptSource }
        }

        func setMemory(_ memory: GuestMemory) throws(VirtKitError) {
            do throws(KVMError) {
                for slot in self.memory.regions.indices { try machine.removeMemory(slot: slot) }
                try Self.map(memory, into: machine)
            } catch {
                throw error.wrapped("map memory")
            }
            self.memory.removeObserver(protection)
            self.memory = memory
            memory.addObserver(protection)
        }

        deinit { memory.removeObserver(protection) }

        func withVCPU<Driver: VCPUDriver>(_ index: Int, _ driver: inout Driver) throws(VirtKitError)
        where Driver.Architecture == X86_64 {
            guard processors.indices.contains(index) else {
                throw VirtKitError(.invalidState, operation: "lend a vCPU", message: "there is no vCPU \(index)")
            }
            guard lent.withLock({ $0.insert(index).inserted }) else {
                throw VirtKitError(.invalidState, operation: "lend a vCPU", message: "vCPU \(index) is lent already")
            }
            defer { lent.withLock { _ = $0.remove(index) } }
            let processor = processors[index]
            let wasBlocked = processor.handle.lend(processor.vcpu.run)
            defer { processor.handle.takeBack(wasBlocked: wasBlocked) }
            var cpu = KVMCPU(processor: processor)
            try driver.drive(&cpu)
        }

        func handle(_ index: Int) -> any VCPUHandle { processors[index].handle }

        func reset() throws(VirtKitError) {
            for processor in processors { processor.needsReset = true }
        }

        func statistics() -> [String: UInt64] {
            var counters: [String: UInt64] = [:]
            for kind in KVMCounters.Kind.allCases {
                counters[kind.name] = processors.reduce(0) { $0 &+ $1.counters[kind] }
            }
            counters["kvm-kicks"] = processors.reduce(0) { $0 &+ $1.handle.kickCount }
            // Exits that made no access to the board, which counts its own.
            counters["exits"] =
                (counters[KVMCounters.Kind.halts.name] ?? 0) &+ (counters[KVMCounters.Kind.windows.name] ?? 0)
            return counters
        }
    }

    extension KVMDomain: KVMRemapper {
        var vcpuHandles: [KVMVCPUHandle] { processors.map(\.handle) }

        func remap(_ region: GuestMemoryRegion) {
            guard let slot = memory.regions.firstIndex(where: { $0 === region }) else { return }
            // Where the kernel has no memory for it, the region stays without a slot, and the guest ends with what it finds.
            try? machine.removeMemory(slot: slot)
            try? machine.setMemory(slot: slot, region)
        }
    }

    /// A vCPU of KVM's, lent to a driver.
    struct KVMCPU: VirtualCPU, ~Copyable {
        typealias Architecture = X86_64

        let processor: KVMProcessor

        var index: Int { processor.index }
        /// KVM does not count instructions.
        var instructionCount: UInt64? { nil }

        mutating func run(_ bus: any GuestBus) throws(VirtKitError) -> VCPUExit {
            do throws(KVMError) { return try processor.execute(bus) } catch { throw error.wrapped("run a vCPU") }
        }

        func state() throws(VirtKitError) -> X86_64.State {
            do throws(KVMError) {
                return try processor.exportState()
            } catch {
                throw error.wrapped("read the state of a vCPU")
            }
        }

        mutating func setState(_ state: X86_64.State) throws(VirtKitError) {
            do throws(KVMStateError) { try processor.importState(state) } catch { throw error.wrapped }
        }
    }
#endif
