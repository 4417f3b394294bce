import Testing
import VirtKitCore

@testable import VirtKitEmulator

@Suite("x86 event delivery")
struct EventDeliveryTests {
    private let machine: SystemMachine
    private var guest: X86Guest { machine.guest }

    init() throws { machine = try SystemMachine() }

    private func raise(_ fault: X86Fault) -> Bool {
        guest.pendingFault = fault
        return guest.deliverPendingException(engine: machine.engine) == nil
    }

    @Test("exception at level 0: same stack, aligned, error code")
    func sameLevel() throws {
        guest.stackPointer = 0xB00B
        #expect(raise(.page(0xDEAD_B000, 2)))
        #expect(guest.programCounter == SystemMachine.handler + 14 * 16)
        #expect(guest.system.cr2 == 0xDEAD_B000)
        #expect(guest.stackPointer == 0xB000 - 48)
        #expect(try machine.stack(6) == [2, 0x1_0000, 0x08, 0x1_0202, 0xB00B, 0x10])
        #expect(guest.flags == 2)
        #expect(guest.selectorOf(SegmentNumber.ss) == 0x10)
    }

    @Test("exception at level 3: RSP0, null SS; IRET goes back")
    func innerLevel() throws {
        var state = try machine.longState(user: true)
        state.rflags = 0x4_0AD7
        try guest.importState(state)
        #expect(guest.modeKey & 0xC == 0xC)
        #expect(machine.engine.mmuIndex == 0)
        #expect(raise(.invalidOpcode))
        #expect(guest.privilege == 0)
        #expect(machine.engine.mmuIndex == 2)
        #expect(guest.selectorOf(SegmentNumber.ss) == 0)
        #expect(try machine.stack(5) == [0x1_0000, 0x2B, 0x5_0AD7, 0xB000, 0x23])
        #expect(guest.stackPointer == 0x9000 - 40)
        #expect(machine.fault { () throws(X86Fault) in try guest.interruptReturn(8) } == nil)
        var after = guest.exportState()
        after.timeStampCounter = 0
        var before = state
        before.timeStampCounter = 0
        before.modelSpecific = after.modelSpecific
        before.extended = after.extended
        // DPL 0 data segments would have been dropped; these are level 3's.
        #expect(after == before)
    }

    @Test("interrupt stack table")
    func stackTable() throws {
        try machine.setGate(8, stack: 1)
        #expect(raise(X86Fault(vector: 8)))
        #expect(guest.stackPointer == 0xA000 - 48)
        #expect(guest.selectorOf(SegmentNumber.ss) == 0x10)
    }

    @Test("software interrupts check the gate's level, exceptions don't")
    func gatePrivilege() throws {
        try guest.importState(try machine.longState(user: true))
        let event = X86Event(.software, vector: 0x21, returnAddress: 0x1_0002)
        #expect(guest.deliver(event, faultAddress: 0x1_0000))
        #expect(guest.programCounter == SystemMachine.handler + 13 * 16)
        #expect(try machine.stack(2) == [0x21 * 8 + 2, 0x1_0000])
        try guest.importState(try machine.longState(user: true))
        try machine.setGate(0x21, type: 0xF, privilege: 3)
        #expect(guest.deliver(event, faultAddress: 0x1_0000))
        #expect(guest.programCounter == SystemMachine.handler + 0x21 * 16)
        #expect(try machine.stack(1) == [0x1_0002])
        #expect(guest.flags & RFLAGS.interrupt != 0)
    }

    @Test("gate faults", arguments: [true, false])
    func badGate(present: Bool) throws {
        // A call gate's type, or a gate that is not present.
        let vector: UInt64 = present ? 13 : 11
        let code: UInt64 = 6 * 8 + 3
        try machine.setGate(6, type: present ? 0xC : 0xE, present: present)
        #expect(raise(.invalidOpcode))
        #expect(guest.programCounter == SystemMachine.handler + vector * 16)
        #expect(try machine.stack(1) == [code])
    }

    @Test("code segment faults of a gate")
    func badGateSegment() throws {
        try machine.setGate(6, selector: SystemMachine.kernelData)
        #expect(raise(.invalidOpcode))
        #expect(guest.programCounter == SystemMachine.handler + 13 * 16)
        #expect(try machine.stack(1) == [0x11])
        try machine.setGate(6, selector: 0)
        #expect(raise(.invalidOpcode))
        #expect(try machine.stack(1) == [1])
    }

    @Test("contributory faults make a double fault, a third one shuts down")
    func doubleFault() throws {
        // #GP while delivering #GP (gate without a type).
        try machine.setGate(13, type: 0)
        #expect(raise(.generalProtection()))
        #expect(guest.programCounter == SystemMachine.handler + 8 * 16)
        #expect(try machine.stack(1) == [0])
        try machine.setGate(8, present: false)
        guest.programCounter = 0x1_0000
        #expect(!raise(.generalProtection()))
        #expect(guest.exportState().activity == .shutdown)
    }

    @Test("a page fault's delivery that faults: #DF for a page fault, #GP serially after a benign one")
    func combinations() {
        #expect(X86Fault.combined(first: 14, next: 14)?.vector == 8)
        #expect(X86Fault.combined(first: 14, next: 13)?.vector == 8)
        #expect(X86Fault.combined(first: 13, next: 14) == nil)
        #expect(X86Fault.combined(first: 13, next: 11)?.vector == 8)
        #expect(X86Fault.combined(first: 6, next: 13) == nil)
        #expect(X86Fault.combined(first: 0, next: 10)?.vector == 8)
    }

    @Test("a page fault on the new stack")
    func stackPageFault() throws {
        guest.stackPointer = 0x4000_0000_0000
        #expect(!raise(.invalidOpcode))
        guest.isShutDown = false
        try guest.importState(try machine.longState())
        guest.stackPointer = 0x4000_0000_0000
        try machine.setGate(14, stack: 1)
        #expect(raise(.invalidOpcode))
        #expect(guest.system.cr2 == 0x4000_0000_0000 - 8)
        #expect(guest.programCounter == SystemMachine.handler + 14 * 16)
        #expect(try machine.stack(2) == [2, 0x1_0000])
    }

    @Test("external interrupts wait for IF, shadows and NMIs")
    func external() throws {
        let source = QueueInterruptSource()
        guest.interruptSource = source
        source.queue = [0x20, 0x21]
        guest.flags = 2
        #expect(guest.serviceSignals(X86Signal.interrupt, engine: machine.engine) == nil)
        #expect(guest.programCounter == 0x1_0000)
        guest.flags = 0x202
        #expect(guest.takeInterrupt() == nil)
        #expect(guest.programCounter == SystemMachine.handler + 0x20 * 16)
        #expect(guest.flags & RFLAGS.interrupt == 0)
        #expect(source.queue == [0x21])
        source.nonMaskable = true
        #expect(guest.takeInterrupt() == nil)
        #expect(guest.programCounter == SystemMachine.handler + 2 * 16)
        #expect(guest.system.isNMIBlocked)
        source.nonMaskable = true
        #expect(guest.takeInterrupt() == nil)
        #expect(guest.system.isNMIPending)
        #expect(machine.fault { () throws(X86Fault) in try guest.interruptReturn(8) } == nil)
        #expect(!guest.system.isNMIBlocked)
        #expect(guest.serviceSignals(X86Signal.exit, engine: machine.engine) == X86ExitCode.requested)
    }

    @Test("HLT waits, or goes on at once")
    func halt() throws {
        let source = QueueInterruptSource()
        guest.interruptSource = source
        guard case .exit(X86ExitCode.halted) = guest.halt() else {
            Issue.record("HLT did not wait")
            return
        }
        #expect(guest.exportState().activity == .halted)
        source.queue = [0x20]
        #expect(guest.hasWakeEvent)
        guest.flags = 2
        #expect(!guest.hasWakeEvent)
    }

    @Test("real mode")
    func real() throws {
        var state = X86_64.State.reset
        state.idtr = X86_64.DescriptorTable(base: 0, limit: 0x3FF)
        state.segments[1] = X86_64.Segment(selector: 0x1000, base: 0x1_0000, limit: 0xFFFF, attributes: 0x9B)
        state.rip = 0x123
        state.rflags = 0x202
        state.general[4] = 0x8000
        try guest.importState(state)
        try machine.memory.store(UInt32(0x2000_0456), at: 6 * 4)
        #expect(raise(.invalidOpcode))
        #expect(guest.selectorOf(SegmentNumber.cs) == 0x2000)
        #expect(guest.segmentBase(SegmentNumber.cs) == 0x2_0000)
        #expect(guest.programCounter == 0x456)
        #expect(guest.stackPointer == 0x7FFA)
        #expect(try machine.memory.load(UInt32.self, at: 0x7FFA) == 0x1000_0123)
        #expect(machine.fault { () throws(X86Fault) in try guest.interruptReturn(2) } == nil)
        #expect(guest.programCounter == 0x123 && guest.segmentBase(SegmentNumber.cs) == 0x1_0000)
    }
}
