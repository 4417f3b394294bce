#if arch(x86_64)
    import CVirtKit
    import Glibc
    import Testing
    import VirtKitCore
    import VirtKitMachine

    @testable import VirtKitKVM

    /// What goes wrong under the accelerator's hands: bad requests, hostile guests, and a /dev/kvm that is taken away.
    /// (Bad slots, and too many vCPUs of one machine, are in MemoryTests; what /dev/kvm may answer to its opening in
    /// LayerTests and HostTests.)
    @Suite(.enabled(if: HostKVM.runsGuests, HostKVM.reason), .serialized) struct BadInputTests {
        private func request(_ memory: GuestMemory, cpus: Int = 1) throws -> DomainRequest {
            DomainRequest(
                architecture: .x86_64, cpus: cpus, cpuModel: HostKVM.model, memory: memory, clock: MachineClock(),
                timerFrequency: try #require(HostKVM.probe).timeStampFrequency)
        }

        private func memory() throws -> GuestMemory {
            try GuestMemory(regions: [GuestMemoryRegion(guestAddress: 0, size: 0x10000)])
        }

        // MARK: Requests

        @Test func overlappingAndUnalignedMemoryIsRefused() throws {
            let low = try GuestMemoryRegion(guestAddress: 0, size: 0x4000)
            let high = try GuestMemoryRegion(guestAddress: 0x3000, size: 0x4000)
            #expect(throws: VirtKitError.self) { try GuestMemory(regions: [high, low]) }
            for (address, size) in [(0x800, 0x1000), (0x1000, 0x800), (0x1000, 0), (UInt64.max - 0xFFF, 0x2000)] {
                #expect(throws: VirtKitError.self, "\(address) \(size)") {
                    try GuestMemoryRegion(guestAddress: address, size: UInt64(size))
                }
            }
        }

        @Test(arguments: [0, 1_000_000, Int.max]) func impossibleNumbersOfVCPUsAreRefused(_ cpus: Int) throws {
            let request = try request(memory(), cpus: cpus)
            let error = #expect(throws: VirtKitError.self) { try KVMAccelerator().makeDomain(request) }
            #expect(error?.code == .unsupported)
        }

        @Test func featuresThatKVMLacksAreNeverOffered() throws {
            let system = try KVMSystem()
            let supported = try system.supportedCPUID()
            let host = KVMCPUModel(supported: supported)
            for model in KVMCPULevel.all.map(\.model) + [.host] where host.missing(of: model).isEmpty {
                let entries = try #require(host.entries(model, .init(index: 0, count: 1, frequency: 2_000_000_000)))
                for entry in entries where [1, 7, 0x8000_0001].contains(entry.function) {
                    let real = try #require(
                        supported.first { $0.function == entry.function && $0.index == entry.index })
                    // The board has x2APIC and the deadline timer; KVM tells OSXSAVE and the APIC by the vCPU's state.
                    let boards: UInt32 = entry.function == 1 ? 1 << 21 | 1 << 24 | 1 << 27 | 1 << 31 : 0
                    #expect(entry.ecx & ~(real.ecx | boards) == 0, "\(model) \(entry.function)")
                    let always: UInt32 = entry.function == 1 ? 1 << 9 | 1 << 28 : 0
                    #expect(entry.edx & ~(real.edx | always) == 0, "\(model) \(entry.function)")
                }
            }
            // A model whose features this host lacks is refused before a domain is made: SuitabilityTests.
        }

        // MARK: Guests

        /// Where the host's KVM emulates ring 0, KVM_RUN of this guest does not return by itself.
        @Test func aGuestInAHypercallIsStopped() throws {
            // 1: vmcall; jmp 1b
            let guest = try BareGuest([0x0F, 0x01, 0xC1, 0xEB, 0xFB])
            let handle = guest.domain.handle(0)
            for _ in 0..<20 {
                let kicker = KickThread()
                kicker.start {
                    usleep(5000)
                    handle.requestExit()
                }
                // Or the hypercall is an undefined instruction, which this guest has no handler for.
                let (exits, _) = try guest.run()
                #expect(exits.map(\.kind) == [.requested] || exits.map(\.kind) == [.shutdown])
                kicker.join()
            }
        }

        @Test(arguments: [[0x0F, 0x01, 0xC1, 0xEB, 0xFB], [0xEB, 0xFE], [0xF4, 0xEB, 0xFD]] as [[UInt8]])
        func aMachineOfAGuestThatNeverEndsIsStopped(_ code: [UInt8]) async throws {
            var configuration = MachineConfiguration(
                architecture: .x86_64, cpuModel: HostKVM.model, memory: .mebibytes(16),
                boot: .flat(.bytes(code), address: 0x10_0000))
            configuration.name = "never ends"
            let machine = try await LocalHypervisor(KVMAccelerator()).makeMachine(configuration)
            try await machine.start()
            try await Task.sleep(for: .milliseconds(50))
            await machine.stop()
            let outcome = try await machine.waitUntilStopped()
            #expect(outcome.kind == .stopped || outcome.kind == .crashed)
        }

        // MARK: A /dev/kvm that is taken away

        /// Puts /dev/null in the place of a descriptor, as a program may that closes what it does not know.
        private func takeAway(_ descriptor: Int32) throws {
            let null = open("/dev/null", O_RDWR | O_CLOEXEC)
            try #require(null >= 0)
            defer { close(null) }
            try #require(dup2(null, descriptor) == descriptor)
        }

        @Test func aVCPUsDescriptorIsTakenAway() throws {
            let guest = try BareGuest([0xF4, 0xEB, 0xFD])
            _ = try guest.run()
            let domain = try #require(guest.domain as? KVMDomain)
            try takeAway(domain.processors[0].vcpu.descriptor.number)
            let error = #expect(throws: VirtKitError.self) { try guest.run() }
            #expect(error?.errno == ENOTTY)
            // A driver that only runs it sees it too, and the vCPU can be lent again.
            var runner = Runner(bus: RecordingBus())
            #expect(throws: VirtKitError.self) { try guest.domain.withVCPU(0, &runner) }
        }

        @Test func aMachinesDescriptorIsTakenAway() throws {
            let guest = try LayerGuest([0xF4])
            try takeAway(guest.machine.descriptor.number)
            do throws(KVMError) {
                try guest.machine.removeMemory(slot: 0)
                Issue.record("a slot of a machine without a descriptor was removed")
            } catch {
                #expect(error.errno == ENOTTY)
            }
        }

        @Test func theSystemsDescriptorIsTakenAway() throws {
            let system = try KVMSystem()
            try takeAway(system.descriptor.number)
            #expect(throws: KVMError.self) { _ = try system.supportedCPUID() }
            do throws(KVMError) {
                _ = try system.makeVirtualMachine()
                Issue.record("a machine was made without /dev/kvm")
            } catch {
                #expect(error.errno == ENOTTY)
            }
        }

        @Test func aMachineWhoseKVMIsTakenAwayEndsWithAnError() async throws {
            let domains = DomainKeeper(KVMAccelerator())
            let configuration = MachineConfiguration(
                architecture: .x86_64, cpuModel: HostKVM.model, memory: .mebibytes(16),
                boot: .flat(.bytes([0xEB, 0xFE]), address: 0x10_0000))
            let machine = try await LocalHypervisor(domains).makeMachine(configuration)
            try await machine.start()
            try await Task.sleep(for: .milliseconds(20))
            try await machine.pause()
            try takeAway(try #require(domains.last as? KVMDomain).processors[0].vcpu.descriptor.number)
            try? await machine.resume()
            await #expect(throws: VirtKitError.self) { try await machine.waitUntilStopped() }
            await machine.stop()
        }
    }

    /// An accelerator that keeps the last domain that it made.
    private final class DomainKeeper: Accelerator, @unchecked Sendable {
        // `last` is written before the machine is made, and read after.
        let base: KVMAccelerator
        var last: (any AcceleratorDomain)?
        var id: String { base.id }

        init(_ base: KVMAccelerator) { self.base = base }

        func suitability(for configuration: MachineConfiguration) async -> Suitability {
            await base.suitability(for: configuration)
        }
        func preferredTimerFrequency(for configuration: MachineConfiguration) async -> UInt64? {
            await base.preferredTimerFrequency(for: configuration)
        }
        func makeDomain(_ request: DomainRequest) throws(VirtKitError) -> any AcceleratorDomain {
            let domain = try base.makeDomain(request)
            last = domain
            return domain
        }
    }
#endif
