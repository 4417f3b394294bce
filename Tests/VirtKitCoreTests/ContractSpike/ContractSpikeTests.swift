import Testing
import VirtKitCore

/// Both heights of the contract can be implemented from outside, with public API alone.
@Suite struct ContractSpikeTests {
    private final class Recorder: GuestBus {
        var written: [UInt64] = []
        func read(_ address: UInt64, width: Int, space: BusSpace, vcpu: Int) -> UInt64 { .max }
        func write(_ value: UInt64, to address: UInt64, width: Int, space: BusSpace, vcpu: Int) {
            if space == .port, address == 0xE9 { written.append(value) }
        }
        func readSystemRegister(_ number: UInt32, vcpu: Int) -> UInt64? { nil }
        func writeSystemRegister(_ number: UInt32, value: UInt64, vcpu: Int) -> Bool { false }
    }

    private struct UntilHalt: VCPUDriver {
        typealias Architecture = X86_64
        let bus: Recorder
        var exit: VCPUExit?

        mutating func drive<CPU: VirtualCPU & ~Copyable>(_ cpu: inout CPU) throws(VirtKitError)
        where CPU.Architecture == X86_64 {
            exit = try cpu.run(bus)
        }
    }

    private func domain() throws -> any AcceleratorDomain<X86_64> {
        let memory = try GuestMemory(regions: [GuestMemoryRegion(guestAddress: 0, size: 1 << 20)])
        let request = DomainRequest(
            architecture: .x86_64, cpus: 1, cpuModel: .x86_64v2, memory: memory, clock: MachineClock(),
            timerFrequency: 1_000_000_000)
        let made = try FakeAccelerator(haltAddress: 0xFFF4).makeDomain(request)
        return try #require(made as? any AcceleratorDomain<X86_64>)
    }

    @Test func aDriverRunsAVCPUThroughAnExistential() throws {
        let domain = try domain()
        var driver = UntilHalt(bus: Recorder())
        try domain.withVCPU(0, &driver)
        #expect(driver.exit?.kind == .halted)
        #expect(driver.bus.written == [0xF0, 0xF1, 0xF2, 0xF3])
    }

    @Test func anExitRequestIsNotLost() throws {
        let domain = try domain()
        domain.handle(0).requestExit()
        var driver = UntilHalt(bus: Recorder())
        try domain.withVCPU(0, &driver)
        #expect(driver.exit?.kind == .requested)
    }

    @Test func everyNoHasAReasonAndARemedy() async throws {
        var configuration = MachineConfiguration(architecture: .x86_64, memory: .mebibytes(16))
        configuration.boot = .flat(.bytes([0xF4]), address: 0x1000)
        let backend = LibvirtStub(uri: "qemu:///nowhere")
        await #expect {
            _ = try await [backend].best(for: configuration)
        } throws: { error in
            let error = error as? VirtKitError
            return error?.code == .unsupported && error?.remedy == "start libvirtd"
                && error?.message.contains("qemu:///nowhere") == true
        }
        let answer = await KVMStub(device: "/nonexistent/kvm").suitability(for: configuration)
        #expect(answer.level == .no && answer.remedy != nil)
    }
}
