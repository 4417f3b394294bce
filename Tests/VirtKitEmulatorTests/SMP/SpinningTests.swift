import Foundation
import Synchronization
import Testing
import VirtKitCore

@testable import VirtKitEmulator

/// Two vCPUs that wait for each other without PAUSE.
@Suite("vCPUs that spin")
struct SpinningTests {
    private static let rounds: UInt32 = RandomCode.isFull ? 2000 : 200
    private static let vector: UInt32 = 0x40

    /// Port 0xF4 sends an interrupt to the vCPU whose number is written.
    private final class Interrupts: GuestBus, InterruptSource, Sendable {
        private let pending = [Flag(), Flag()]
        private let handles = Mutex<[any VCPUHandle]>([])

        private final class Flag: Sendable { let isSet = Atomic(false) }

        func connect(_ domain: EmulatorDomain) {
            handles.withLock { $0 = (0..<2).map { domain.handle($0) } }
            domain.connect(self)
        }

        func read(_ address: UInt64, width: Int, space: BusSpace, vcpu: Int) -> UInt64 { .max }
        func write(_ value: UInt64, to address: UInt64, width: Int, space: BusSpace, vcpu: Int) {
            let target = Int(value & 1)
            pending[target].isSet.store(true, ordering: .sequentiallyConsistent)
            handles.withLock { $0[target] }.signal()
        }
        func readSystemRegister(_ number: UInt32, vcpu: Int) -> UInt64? { nil }
        func writeSystemRegister(_ number: UInt32, value: UInt64, vcpu: Int) -> Bool { false }

        func hasPendingInterrupt(vcpu: Int) -> Bool { pending[vcpu].isSet.load(ordering: .sequentiallyConsistent) }
        func acknowledgeInterrupt(vcpu: Int) -> UInt32? {
            pending[vcpu].isSet.exchange(false, ordering: .sequentiallyConsistent) ? SpinningTests.vector : nil
        }
        func takeNonMaskableInterrupt(vcpu: Int) -> Bool { false }
        func taskPriority(vcpu: Int) -> UInt8 { 0 }
        func setTaskPriority(_ priority: UInt8, vcpu: Int) {}
    }

    private struct Driver: VCPUDriver {
        typealias Architecture = X86_64
        let initial: X86_64.State
        let bus: Interrupts
        var exit: VCPUExit.Kind?

        mutating func drive<CPU: VirtualCPU & ~Copyable>(_ cpu: inout CPU) throws(VirtKitError)
        where CPU.Architecture == X86_64 {
            try cpu.setState(initial)
            exit = try cpu.run(bus).kind
        }
    }

    /// Runs two programs of 32-bit code, each with a handler for the interrupt, until both halt.
    private func run(_ programs: [[UInt8]], _ handlers: [[UInt8]]) throws -> (GuestMemory, [String: UInt64]) {
        let memory = try GuestMemory(regions: [GuestMemoryRegion(guestAddress: 0, size: 1 << 20)])
        let domain = EmulatorDomain(
            DomainRequest(
                architecture: .x86_64, cpus: 2, cpuModel: .x86_64v2, memory: memory, clock: MachineClock(),
                timerFrequency: 1_000_000_000), optimises: true)
        let bus = Interrupts()
        bus.connect(domain)
        try memory.store(0x00CF_9B00_0000_FFFF as UInt64, at: 0x6010)
        try memory.store(0x00CF_9300_0000_FFFF as UInt64, at: 0x6018)
        let drivers = try (0..<2).map { index in
            let (code, handler, table) = (UInt64(0x1000 + index * 0x1000), UInt64(0x3000 + index * 0x100), 0x4000)
            try memory.write(programs[index], at: code)
            try memory.write(handlers[index], at: handler)
            let idt = UInt64(table + index * 0x800)
            try memory.store(handler | 0x10 << 16 | 0x8E << 40, at: idt + UInt64(Self.vector) * 8)
            var state = X86_64.State.reset
            state.cr0 = 0x11
            state.rip = code
            state.general[4] = UInt64(0x9000 + index * 0x800)
            state.gdtr = X86_64.DescriptorTable(base: 0x6000, limit: 0x1F)
            state.idtr = X86_64.DescriptorTable(base: idt, limit: 0x7FF)
            let data = X86_64.Segment(selector: 0x18, base: 0, limit: .max, attributes: 0xC093)
            state.segments = Array(repeating: data, count: 6)
            state.segments[1] = X86_64.Segment(selector: 0x10, base: 0, limit: .max, attributes: 0xC09B)
            return Driver(initial: state, bus: bus)
        }
        let exits = Mutex<[VCPUExit.Kind]>([])
        let group = DispatchGroup()
        for (index, driver) in drivers.enumerated() {
            group.enter()
            Thread {
                var driver = driver
                try? domain.withVCPU(index, &driver)
                if let exit = driver.exit { exits.withLock { $0.append(exit) } }
                group.leave()
            }.start()
        }
        group.wait()
        #expect(exits.withLock { $0 } == [.halted, .halted])
        return (memory, domain.statistics())
    }

    private func bytes(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32($0 * 8)) }
    }

    @Test("an interrupt to and fro takes few instructions of either")
    func interruptsToAndFro() throws {
        // sti; mov ecx, rounds; loop: mov ebx, [0x8000]; mov al, 1; out 0xF4, al; cmp [0x8000], ebx; je $; dec ecx;
        // jnz loop; mov byte [0x8004], 1; cli; hlt
        let first: [UInt8] =
            [0xFB, 0xB9] + bytes(Self.rounds)
            + [0x8B, 0x1D, 0x00, 0x80, 0, 0, 0xB0, 1, 0xE6, 0xF4, 0x39, 0x1D, 0x00, 0x80, 0, 0, 0x74, 0xF8, 0x49]
            + [0x75, 0xEB, 0xC6, 0x05, 0x04, 0x80, 0, 0, 1, 0xFA, 0xF4]
        // sti; cmp byte [0x8004], 0; je $; cli; hlt
        let second: [UInt8] = [0xFB, 0x80, 0x3D, 0x04, 0x80, 0, 0, 0, 0x74, 0xF7, 0xFA, 0xF4]
        let started = ContinuousClock.now
        let (memory, statistics) = try run(
            [first, second],
            [
                // inc dword [0x8000]; iret
                [0xFF, 0x05, 0x00, 0x80, 0, 0, 0xCF],
                // push eax; mov al, 0; out 0xF4, al; pop eax; iret
                [0x50, 0xB0, 0, 0xE6, 0xF4, 0x58, 0xCF],
            ])
        let seconds = (ContinuousClock.now - started) / .seconds(1)
        let each = (statistics["instructions"] ?? .max) / UInt64(Self.rounds)
        print("interrupts to and fro: \(Int(Double(Self.rounds) / seconds)) rounds/s, \(each) instructions a round")
        #expect(try memory.load(UInt32.self, at: 0x8000) == Self.rounds)
        #expect(each < 20_000)
    }

    @Test("one that waits without PAUSE leaves most of the time to one that works")
    func workAndWait() throws {
        let length: UInt32 = RandomCode.isFull ? 10_000_000 : 500_000
        // mov ecx, length; add eax, ecx; dec ecx; jnz; mov byte [0x8004], 1; hlt
        let work: [UInt8] =
            [0xB9] + bytes(length) + [0x01, 0xC8, 0x49, 0x75, 0xFB, 0xC6, 0x05, 0x04, 0x80, 0, 0, 1, 0xF4]
        // cmp byte [0x8004], 0; je $; hlt
        let wait: [UInt8] = [0x80, 0x3D, 0x04, 0x80, 0, 0, 0, 0x74, 0xF7, 0xF4]
        let (_, statistics) = try run([work, wait], [[0xCF], [0xCF]])
        let (working, waiting) = (statistics["cpu0-instructions"] ?? 0, statistics["cpu1-instructions"] ?? .max)
        print("work and wait: \(working) and \(waiting) instructions, \(statistics["handovers"] ?? 0) handovers")
        #expect(working >= UInt64(length) * 3)
        // Half of it and more was the waiting one's. (It has all until the other thread has come to run.)
        #expect(waiting < working / 2)
    }
}
