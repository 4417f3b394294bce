import Testing
import VirtKitCore

@testable import VirtKitEmulator

@Suite("x86 segments and transfers")
struct SegmentTests {
    private let machine: SystemMachine
    private var guest: X86Guest { machine.guest }

    init() throws { machine = try SystemMachine() }

    private func load(_ number: Int, _ selector: UInt16) -> X86Fault? {
        machine.fault { () throws(X86Fault) in try guest.loadSegment(number, selector) }
    }

    @Test("data segment checks")
    func data() throws {
        #expect(load(SegmentNumber.ds, 0) == nil)
        #expect(!guest.system.segments[SegmentNumber.ds].isUsable)
        #expect(load(SegmentNumber.ds, 0x23) == nil)
        #expect(load(SegmentNumber.ds, 0x13) == .generalProtection(0x10))
        #expect(load(SegmentNumber.ds, 0x48 + 8) == .generalProtection(0x50))
        #expect(load(SegmentNumber.ds, 0x40) == .generalProtection(0x40))
        #expect(load(SegmentNumber.ds, 0x0C) == .generalProtection(0x0C))
        try machine.put(0x00CF_1300_0000_FFFF, SystemMachine.gdt + 0x30)
        #expect(load(SegmentNumber.ds, 0x30) == .notPresent(0x30))
        #expect(load(SegmentNumber.ss, 0x30) == .stack(0x30))
        // The accessed bit is set in memory.
        try machine.put(0x12CF_9234_5678_FFFF, SystemMachine.gdt + 0x30)
        #expect(load(SegmentNumber.fs, 0x30) == nil)
        #expect(try machine.get(SystemMachine.gdt + 0x30) == 0x12CF_9334_5678_FFFF)
        #expect(guest.segmentBase(SegmentNumber.fs) == 0x1234_5678)
    }

    @Test("stack segment checks")
    func stack() throws {
        #expect(load(SegmentNumber.ss, 0) == nil)
        #expect(load(SegmentNumber.ss, 3) == .generalProtection())
        #expect(load(SegmentNumber.ss, 0x23) == .generalProtection(0x20))
        #expect(load(SegmentNumber.ss, 0x08) == .generalProtection(0x08))
        try guest.importState(try machine.longState(user: true))
        #expect(load(SegmentNumber.ss, 0) == .generalProtection())
        #expect(load(SegmentNumber.ss, 0x23) == nil)
    }

    @Test("LTR marks the task busy, LLDT, LAR, LSL, VERR, VERW")
    func tables() throws {
        #expect(machine.fault { () throws(X86Fault) in try guest.loadTaskRegister(0x40) } == nil)
        #expect(try machine.get(SystemMachine.gdt + 0x40) == 0x0000_8B00_8000_0067)
        #expect(guest.system.taskBase == 0x8000)
        #expect(
            machine.fault { () throws(X86Fault) in try guest.loadTaskRegister(0x40) } == .generalProtection(0x40))
        #expect(machine.fault { () throws(X86Fault) in try guest.loadLocalTable(0x10) } == .generalProtection(0x10))
        #expect(machine.fault { () throws(X86Fault) in try guest.loadLocalTable(0) } == nil)
        #expect(try guest.accessRights(0x08) == 0x00A0_9B00 | 0x000F_0000 & 0)
        #expect(try guest.segmentLimit(0x08) == 0xFFFF_FFFF)
        #expect(try guest.segmentLimit(0x40) == 0x67)
        #expect(try guest.accessRights(0x70) == nil)
        #expect(try guest.verify(0x10, forWriting: true))
        #expect(try !guest.verify(0x08, forWriting: true))
        try guest.importState(try machine.longState(user: true))
        #expect(try !guest.verify(0x10, forWriting: false))
    }

    @Test("far jump to compatibility mode and back, far return to user code")
    func transfers() throws {
        try machine.put(0x00CF_9B00_0000_FFFF, SystemMachine.gdt + 0x30)
        #expect(machine.fault { () throws(X86Fault) in try guest.farJump(0x30, 0x2_0000, 4) } == nil)
        #expect(guest.mode.codeSize == .bits32 && guest.programCounter == 0x2_0000)
        #expect(machine.fault { () throws(X86Fault) in try guest.farCall(0x08, 0x3_0000, 4, next: 0x2_0007) } == nil)
        #expect(guest.mode.codeSize == .bits64 && guest.stackPointer == 0xAFF8)
        #expect(try machine.get(0xAFF8) == 0x0000_0030_0002_0007)
        #expect(machine.fault { () throws(X86Fault) in try guest.farReturn(4, drop: 8) } == nil)
        #expect(guest.mode.codeSize == .bits32 && guest.stackPointer == 0xB008)
        try guest.importState(try machine.longState())
        for (index, value): (UInt64, UInt64) in [(0, 0x40_0000), (1, 0x2B), (2, 0x7000), (3, 0x23)] {
            try machine.put(value, 0xB000 + index * 8)
        }
        #expect(machine.fault { () throws(X86Fault) in try guest.farReturn(8, drop: 0) } == nil)
        #expect(guest.privilege == 3 && guest.programCounter == 0x40_0000 && guest.stackPointer == 0x7000)
        // The kernel's data segments are gone.
        #expect(guest.selectorOf(SegmentNumber.ds) == 0)
        #expect(machine.fault { () throws(X86Fault) in try guest.farJump(0x08, 0, 8) } == .generalProtection(0x08))
        #expect(machine.fault { () throws(X86Fault) in try guest.farJump(0, 0, 8) } == .generalProtection())
    }

    @Test("64-bit call gate to level 0")
    func callGate() throws {
        try machine.put(0x0010_EC00_0008_1234, SystemMachine.gdt + 0x30)
        try machine.put(0, SystemMachine.gdt + 0x38)
        try guest.importState(try machine.longState(user: true))
        #expect(machine.fault { () throws(X86Fault) in try guest.farCall(0x33, 0, 8, next: 0x1_0007) } == nil)
        #expect(guest.privilege == 0 && guest.programCounter == 0x10_1234)
        #expect(try machine.stack(4) == [0x1_0007, 0x2B, 0xB000, 0x23])
        #expect(machine.fault { () throws(X86Fault) in try guest.farReturn(8, drop: 0) } == nil)
        #expect(guest.privilege == 3 && guest.programCounter == 0x1_0007 && guest.stackPointer == 0xB000)
    }

    @Test("IRET's checks")
    func interruptReturnChecks() throws {
        func attempt(_ values: [UInt64]) throws -> X86Fault? {
            try guest.importState(try machine.longState())
            for (index, value) in values.enumerated() { try machine.put(value, 0xB000 + UInt64(index) * 8) }
            return machine.fault { () throws(X86Fault) in try guest.interruptReturn(8) }
        }
        #expect(try attempt([0x1000, 0x2B, 0x202, 0x8000, 0]) == .generalProtection())
        #expect(try attempt([0x1000, 0x08, 0x202, 0x8000, 0]) == nil)
        #expect(try attempt([0x1000, 0x2B, 0x202, 0x8000, 0x20]) == .generalProtection(0x20))
        #expect(try attempt([0x8000_0000_0000_0000, 0x08, 2, 0, 0]) == .generalProtection())
        #expect(try attempt([0x1000, 0x10, 2, 0, 0]) == .generalProtection(0x10))
        #expect(try attempt([0x1000, 0x2B, 0x4_3FD7, 0x8000, 0x23]) == nil)
        #expect(guest.flags == 0x4_3FD7)
        // From level 3: IOPL stays, IF follows IOPL.
        try machine.put(0x1000, 0x8000)
        try machine.put(0x2B, 0x8008)
        try machine.put(0x2, 0x8010)
        try machine.put(0x8000, 0x8018)
        try machine.put(0x23, 0x8020)
        guest.flags = 0x202
        #expect(machine.fault { () throws(X86Fault) in try guest.interruptReturn(8) } == nil)
        #expect(guest.flags == 0x202)
    }

    @Test("SYSCALL and SYSRET")
    func syscall() throws {
        try guest.importState(try machine.longState(user: true))
        guest.system.msrs.star = 0x0018_0008_0000_0000
        guest.system.msrs.lstar = 0xFFFF_8000_0000_1000
        guest.system.msrs.syscallMask = 0x4_7700
        guest.flags = 0x4_0AD7
        #expect(machine.fault { () throws(X86Fault) in try guest.syscall(next: 0x1_0002) } == nil)
        #expect(guest.privilege == 0 && guest.programCounter == 0xFFFF_8000_0000_1000)
        #expect(guest.general(1) == 0x1_0002 && guest.general(11) == 0x4_0AD7)
        #expect(guest.selectorOf(SegmentNumber.cs) == 8 && guest.selectorOf(SegmentNumber.ss) == 16)
        #expect(guest.flags == 0x8D7)
        #expect(machine.fault { () throws(X86Fault) in try guest.sysret(8) } == nil)
        #expect(guest.privilege == 3 && guest.programCounter == 0x1_0002 && guest.flags == 0x4_0AD7)
        #expect(guest.selectorOf(SegmentNumber.cs) == 0x2B && guest.selectorOf(SegmentNumber.ss) == 0x23)
    }

    @Test("port permissions")
    func ports() throws {
        #expect(try guest.portIn(0x60, 1) == 0x5A)
        try guest.importState(try machine.longState(user: true))
        #expect(machine.fault { () throws(X86Fault) in _ = try guest.portIn(0x60, 1) } == .generalProtection())
        guest.system.segments[SegmentNumber.tr].limit = 0x2068
        for byte: UInt64 in 0..<32 { try machine.memory.store(UInt8(0xFF), at: SystemMachine.task + 104 + byte) }
        try machine.memory.store(UInt8(0xFE), at: SystemMachine.task + 104 + 0xC)
        #expect(try guest.portIn(0x60, 1) == 0x5A)
        #expect(machine.fault { () throws(X86Fault) in _ = try guest.portIn(0x60, 2) } == .generalProtection())
        guest.flags = 0x3202
        #expect(try guest.portIn(0x60, 2) == 0x5A5A)
    }
}
