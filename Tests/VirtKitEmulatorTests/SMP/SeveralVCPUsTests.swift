import Foundation
import Synchronization
import Testing
import VirtKitCore

@testable import VirtKitEmulator

/// Several vCPUs of one domain, each on a thread of the test's.
@Suite("Several vCPUs")
struct SeveralVCPUsTests {
    private let memory: GuestMemory
    private let clock = MachineClock()

    init() throws { memory = try GuestMemory(regions: [GuestMemoryRegion(guestAddress: 0, size: 1 << 20)]) }

    private struct Driver: VCPUDriver {
        typealias Architecture = X86_64
        var initial: X86_64.State?
        var runs = 1
        var exits: [VCPUExit.Kind] = []
        var final: X86_64.State?

        mutating func drive<CPU: VirtualCPU & ~Copyable>(_ cpu: inout CPU) throws(VirtKitError)
        where CPU.Architecture == X86_64 {
            if let initial { try cpu.setState(initial) }
            for _ in 0..<runs { exits.append(try cpu.run(AbsentBus.shared).kind) }
            final = try cpu.state()
        }
    }

    private func domain(cpus: Int) -> EmulatorDomain {
        EmulatorDomain(
            DomainRequest(
                architecture: .x86_64, cpus: cpus, cpuModel: .x86_64v2, memory: memory, clock: clock,
                timerFrequency: 1_000_000_000), optimises: true)
    }

    /// Flat 32-bit protected mode, with the code at `address`.
    private func program(_ code: [UInt8], at address: UInt64) throws -> X86_64.State {
        try memory.write(code, at: address)
        var state = X86_64.State.reset
        state.cr0 = 0x11
        state.rip = address
        let data = X86_64.Segment(selector: 0x18, base: 0, limit: .max, attributes: 0xC093)
        state.segments = Array(repeating: data, count: 6)
        state.segments[1] = X86_64.Segment(selector: 0x10, base: 0, limit: .max, attributes: 0xC09B)
        return state
    }

    /// Runs each vCPU on a thread of its own from a state, until it halts or is asked to exit.
    private func run(_ domain: EmulatorDomain, _ states: [X86_64.State]) -> [Driver] {
        let results = Mutex<[Int: Driver]>([:])
        let group = DispatchGroup()
        for (index, state) in states.enumerated() {
            group.enter()
            Thread {
                var driver = Driver(initial: state)
                try? domain.withVCPU(index, &driver)
                results.withLock { $0[index] = driver }
                group.leave()
            }.start()
        }
        group.wait()
        return results.withLock { results in states.indices.map { results[$0] ?? Driver() } }
    }

    @Test("each that spins lets the other run, with PAUSE and without", arguments: [true, false])
    func turns(_ pauses: Bool) throws {
        let domain = domain(cpus: 2)
        // One waits until [0x8000] is 1 and writes 2; the other writes 1 and waits for 2.
        let wait: (UInt8) -> [UInt8] = { value in
            [0x80, 0x3D, 0x00, 0x80, 0x00, 0x00, value, 0x74, pauses ? 4 : 2] + (pauses ? [0xF3, 0x90] : [])
                + [0xEB, pauses ? 0xF3 : 0xF5]
        }
        let write: (UInt8) -> [UInt8] = { [0xC6, 0x05, 0x00, 0x80, 0x00, 0x00, $0] }
        let first = try program(wait(1) + write(2) + [0xF4], at: 0x1000)
        let second = try program(write(1) + wait(2) + [0xF4], at: 0x2000)
        let results = run(domain, [first, second])
        #expect(results.map(\.exits) == [[.halted], [.halted]])
        #expect(try memory.load(UInt8.self, at: 0x8000) == 2)
        #expect(domain.statistics()["instructions"] != nil && domain.statistics()["cpu1-instructions"] != nil)
    }

    @Test("a request reaches one that runs, and one that waits for its turn")
    func requests() throws {
        let domain = domain(cpus: 3)
        // Two spin without PAUSE; the third halts at once.
        let spin = try program([0xEB, 0xFE], at: 0x1000)
        let halt = try program([0xF4], at: 0x3000)
        let timer = Thread {
            usleep(20_000)
            domain.handle(1).requestExit()
            usleep(20_000)
            domain.handle(0).requestExit()
        }
        timer.start()
        #expect(run(domain, [spin, spin, halt]).map(\.exits) == [[.requested], [.requested], [.halted]])
        // Nothing of the requests is left.
        let state = try program([0xF4], at: 0x4000)
        #expect(run(domain, [state, state, state]).map(\.exits) == [[.halted], [.halted], [.halted]])
    }

    @Test("code that another vCPU has written over is not executed")
    func changedCode() throws {
        let domain = domain(cpus: 2)
        var driver = Driver(initial: try program([0xB8, 1, 0, 0, 0, 0xF4], at: 0x1000))
        try domain.withVCPU(0, &driver)
        #expect(driver.final?.general[0] == 1)
        // mov byte [0x1001], 2; hlt, five times: by the second time the page holds no code.
        var other = Driver(initial: try program([0xC6, 0x05, 0x01, 0x10, 0x00, 0x00, 2, 0xF4], at: 0x2000))
        try domain.withVCPU(1, &other)
        var again = driver
        again.initial?.rip = 0x1000
        try domain.withVCPU(0, &again)
        #expect(again.final?.general[0] == 2)
        other.initial = try program([0xC6, 0x05, 0x01, 0x10, 0x00, 0x00, 3, 0xF4], at: 0x2000)
        try domain.withVCPU(1, &other)
        try domain.withVCPU(0, &again)
        #expect(again.final?.general[0] == 3)
    }

    @Test("a vCPU that slept while many pages became code does not write past them", arguments: [3, 200])
    func manyCodePages(_ count: Int) throws {
        let domain = domain(cpus: 2)
        // The sleeper stores to each page: mov byte [edi], 0x90; add edi, 0x1000; dec ecx; jnz.
        let loop: (UInt8) -> [UInt8] = { [0xC6, 0x07, $0, 0x81, 0xC7, 0x00, 0x10, 0x00, 0x00, 0x49, 0x75, 0xF4] }
        // Then it waits for a byte at 0x9000, and does it again with 0x40. Its state must not be set in between: that
        // would empty its TLBs.
        let again: [UInt8] = [
            0xBF, 0x08, 0x00, 0x01, 0x00, 0xB9, UInt8(count), 0x00, 0x00, 0x00,
            0x80, 0x3D, 0x00, 0x90, 0x00, 0x00, 0x00, 0x74, 0xF7,
        ]
        var sleeper = Driver(initial: try program(loop(0x90) + again + loop(0x40) + [0xF4], at: 0x1000))
        sleeper.initial?.general[7] = 0x1_0008
        sleeper.initial?.general[1] = UInt64(count)
        domain.instructionBudget = UInt64(count) * 4 + 100
        try domain.withVCPU(1, &sleeper)
        #expect(sleeper.exits == [.budget])
        domain.instructionBudget = UInt64(Int64.max)
        // The other executes code in each: inc eax; nop …; jmp to the next.
        for page in 0..<count {
            let code: [UInt8] = [0x40] + [UInt8](repeating: 0x90, count: 7) + [0x90, 0xE9, 0xF2, 0x0F, 0x00, 0x00]
            try memory.write(code, at: 0x1_0000 + UInt64(page) * 0x1000)
        }
        try memory.write([0xF4], at: 0x1_0000 + UInt64(count) * 0x1000)
        var runner = Driver(initial: try program([0xF4], at: 0x2000))
        runner.initial?.rip = 0x1_0000
        for _ in 0..<2 {
            try domain.withVCPU(0, &runner)
            #expect(runner.final?.general[0] == UInt64(count))
        }
        // The sleeper makes it inc eax twice in each page.
        try memory.store(1 as UInt8, at: 0x9000)
        sleeper.initial = nil
        try domain.withVCPU(1, &sleeper)
        #expect(sleeper.exits.last == .halted)
        try domain.withVCPU(0, &runner)
        #expect(runner.final?.general[0] == 2 * UInt64(count))
    }

    @Test("one that waits for a start-up IPI executes nothing, and may be asked to exit")
    func waiting() throws {
        let domain = domain(cpus: 2)
        var state = try program([0xEB, 0xFE], at: 0x1000)
        state.activity = .waitForSIPI
        var driver = Driver(initial: state, runs: 2)
        domain.handle(1).signal()
        domain.handle(1).requestExit()
        try domain.withVCPU(1, &driver)
        #expect(driver.exits == [.requested, .halted])
        #expect(driver.final?.activity == .waitForSIPI && driver.final?.rip == 0x1000)
        #expect(domain.statistics()["cpu1-instructions"] == 0)
    }

    @Test("a state that keeps the time-stamp counter does not move it")
    func keepsTime() throws {
        let domain = domain(cpus: 1)
        var driver = Driver(initial: try program([0xF4], at: 0x1000), runs: 0)
        driver.initial?.timeStampCounter = 5000
        try domain.withVCPU(0, &driver)
        clock.restore(elapsed: 1000, wallClock: 0)
        var change = Driver(initial: driver.final, runs: 0)
        change.initial?.keepsTimeStampCounter = true
        try domain.withVCPU(0, &change)
        #expect(change.final?.timeStampCounter == 6000)
        #expect(change.final?.keepsTimeStampCounter == false)
        change.initial?.keepsTimeStampCounter = false
        try domain.withVCPU(0, &change)
        #expect(change.final?.timeStampCounter == 5000)
    }
}
