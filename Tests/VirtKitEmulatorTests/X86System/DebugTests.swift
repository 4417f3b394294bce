import Testing
import VirtKitCore

@testable import VirtKitEmulator

@Suite("x86 debug exceptions")
struct DebugTests {
    private let machine: SystemMachine
    private var guest: X86Guest { machine.guest }

    init() throws { machine = try SystemMachine() }

    /// Runs code at 0x1_0000 until a handler is entered (each is a HLT).
    private func run(_ code: [UInt8], _ change: (inout X86_64.State) -> Void = { _ in }) throws {
        for vector in 0..<48 { try machine.memory.write([0xF4], at: SystemMachine.handler + UInt64(vector) * 16) }
        try machine.memory.write(code, at: 0x1_0000)
        var state = try machine.longState()
        change(&state)
        try guest.importState(state)
        #expect(machine.engine.run(maximumInstructions: 1000) == .guest(X86ExitCode.halted))
    }

    private var vector: UInt64 { (guest.programCounter - 1 - SystemMachine.handler) / 16 }

    @Test("single step")
    func step() throws {
        try run([0x90, 0x90, 0xF4]) { $0.rflags |= RFLAGS.trap }
        #expect(vector == 1)
        #expect(try machine.stack(1) == [0x1_0001])
        #expect(guest.system.dr6 & 0xE00F == 0x4000)
    }

    @Test("data breakpoint: a trap after the write")
    func watch() throws {
        // mov [0x2_0004], eax; nop
        try run([0x89, 0x04, 0x25, 0x04, 0x00, 0x02, 0x00, 0x90, 0xF4]) {
            $0.debugAddresses[2] = 0x2_0006
            $0.dr7 = 0x400 | 1 << 4 | 1 << 24 | 1 << 26
            $0.general[0] = 0xAABB_CCDD
        }
        #expect(vector == 1)
        #expect(try machine.stack(1) == [0x1_0007])
        #expect(guest.system.dr6 & 0xE00F == 4)
        #expect(try machine.memory.load(UInt32.self, at: 0x2_0004) == 0xAABB_CCDD)
    }

    @Test("instruction breakpoint: a fault before it, RF as it is")
    func execution() throws {
        try run([0x90, 0x90, 0xF4]) {
            $0.debugAddresses[0] = 0x1_0001
            $0.dr7 = 0x402
        }
        #expect(vector == 1)
        let frame = try machine.stack(3)
        #expect(frame[0] == 0x1_0001 && frame[2] & RFLAGS.resume == 0)
        #expect(guest.system.dr6 & 0xE00F == 1)
    }

    @Test("alignment check at level 3")
    func alignment() throws {
        // mov eax, [0x2_0001]
        try run([0x8B, 0x04, 0x25, 0x01, 0x00, 0x02, 0x00]) {
            guard let user = try? machine.longState(user: true) else { return }
            $0 = user
            $0.cr0 |= CR0.alignmentMask
            $0.rflags |= RFLAGS.alignmentCheck
        }
        #expect(vector == 17)
        #expect(try machine.stack(2) == [0, 0x1_0000])
    }

    @Test("an NMI that came while NMIs were blocked is taken after IRET")
    func blockedNMI() throws {
        let source = QueueInterruptSource()
        guest.interruptSource = source
        // Handler 2: iretq. Code: nop; hlt.
        for vector in 0..<48 { try machine.memory.write([0xF4], at: SystemMachine.handler + UInt64(vector) * 16) }
        try machine.memory.write([0xFF, 0x04, 0x25, 0, 0, 2, 0, 0x48, 0xCF], at: SystemMachine.handler + 32)
        try machine.memory.write([0x90, 0xF4], at: 0x1_0000)
        var state = try machine.longState()
        state.nmiBlocked = true
        state.nmiPending = true
        try guest.importState(state)
        #expect(machine.engine.run(maximumInstructions: 100) == .guest(X86ExitCode.halted))
        #expect(try machine.memory.load(UInt32.self, at: 0x2_0000) == 0)
        state.nmiBlocked = false
        try guest.importState(state)
        #expect(machine.engine.run(maximumInstructions: 100) == .guest(X86ExitCode.halted))
        #expect(try machine.memory.load(UInt32.self, at: 0x2_0000) == 1)
        #expect(guest.programCounter == 0x1_0002 && !guest.system.isNMIBlocked)
    }
}
