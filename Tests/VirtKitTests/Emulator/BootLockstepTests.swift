import Testing
import VirtKitCore
import VirtKitMachine

@testable import VirtKitEmulator

/// The optimising interpreter against the plain one, which is its oracle, over the boot of a real kernel.
@Suite(.serialized) struct BootLockstepTests {
    /// A machine without threads: a board and a domain, stepped by the test. Time is the count of instructions.
    private final class SteppedMachine {
        private struct Step: VCPUDriver {
            typealias Architecture = X86_64
            let bus: any GuestBus
            var initial: X86_64.State?
            var exit: VCPUExit?
            var state: X86_64.State?
            var instructions: UInt64 = 0

            mutating func drive<CPU: VirtualCPU & ~Copyable>(_ cpu: inout CPU) throws(VirtKitError)
            where CPU.Architecture == X86_64 {
                if let initial { try cpu.setState(initial) } else { exit = try cpu.run(bus) }
                state = try cpu.state()
                instructions = cpu.instructionCount ?? 0
            }
        }

        let clock = MachineClock(isStepped: true)
        let serial = SerialConsole()
        let memory: GuestMemory
        let domain: EmulatorDomain
        let board: PCBoard
        private(set) var instructions: UInt64 = 0
        private(set) var state = X86_64.State.reset

        init(_ configuration: MachineConfiguration, optimises: Bool) throws {
            let layout = PCMemoryLayout(memory: configuration.memory)
            memory = try GuestMemory(regions: layout.regions())
            clock.restore(elapsed: 0, wallClock: 1_700_000_000_000_000_000)
            let domain = EmulatorDomain(
                DomainRequest(
                    architecture: .x86_64, cpus: 1, cpuModel: .x86_64v2, memory: memory, clock: clock,
                    timerFrequency: 1_000_000_000), optimises: optimises)
            self.domain = domain
            board = try PCBoard(
                configuration: configuration, memory: memory, layout: layout, clock: clock, serial: serial,
                deviceModels: [], request: { _, _ in }, signal: { domain.handle($0).signal() })
            domain.connect(board.interruptSource)
            var step = Step(bus: board.bus, initial: try board.loadBootImages()[0])
            try domain.withVCPU(0, &step)
        }

        /// Runs until the count of instructions is at least `target`. Returns the exit.
        func run(to target: UInt64) throws -> VCPUExit.Kind? {
            domain.instructionBudget = target - instructions
            var step = Step(bus: board.bus)
            try domain.withVCPU(0, &step)
            instructions = step.instructions
            state = try #require(step.state)
            return step.exit?.kind
        }

        /// Lets time pass, and timers fire.
        func advance(by nanoseconds: UInt64) {
            clock.advance(by: nanoseconds)
            board.lock.withLock { board.timers.run(now: clock.now) }
        }

        var timeToNextTimer: UInt64? {
            board.lock.withLock { board.timers.nextDeadline }.map { $0 > clock.now ? $0 - clock.now : 1 }
        }
    }

    @Test(.enabled(if: TestKernel.isPresent, TestKernel.absence))
    func bothInterpretersAgreeOverABoot() throws {
        var configuration = MachineConfiguration(architecture: .x86_64, memory: .mebibytes(256))
        configuration.boot = .linux(kernel: .path(TestKernel.path), commandLine: "console=ttyS0 earlyprintk=ttyS0")
        let fast = try SteppedMachine(configuration, optimises: true)
        let oracle = try SteppedMachine(configuration, optimises: false)
        let slice: UInt64 = 5000
        while fast.instructions < 20_000_000 {
            let before = fast.instructions
            let exit = try fast.run(to: fast.instructions + slice)
            var exitOfOracle = try oracle.run(to: fast.instructions)
            // One that halts at its last instruction may have used up its budget just before it says so.
            if exit == .halted, exitOfOracle == .budget { exitOfOracle = try oracle.run(to: oracle.instructions + 1) }
            try #require(oracle.instructions == fast.instructions)
            try #require(fast.state == oracle.state, "after \(fast.instructions) instructions")
            var passed = fast.instructions - before
            if exit == .halted { passed = max(passed, fast.timeToNextTimer ?? 1_000_000) }
            for machine in [fast, oracle] { machine.advance(by: passed) }
        }
        #expect(fast.serial.recentOutput == oracle.serial.recentOutput)
        for region in fast.memory.regions {
            let size = Int(min(region.size, 64 << 20))
            #expect(
                try fast.memory.bytes(at: region.guestAddress, count: size)
                    == oracle.memory.bytes(at: region.guestAddress, count: size))
        }
    }
}
