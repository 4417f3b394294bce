import Testing
import VirtKitCore

@testable import VirtKitEmulator

@Suite("x86 control registers, MSRs, CPUID and state")
struct RegisterTests {
    private let machine: SystemMachine
    private var guest: X86Guest { machine.guest }

    init() throws { machine = try SystemMachine() }

    private func write(_ number: Int, _ value: UInt64) -> X86Fault? {
        machine.fault { () throws(X86Fault) in try guest.writeControl(number, value) }
    }

    private func writeMSR(_ number: UInt32, _ value: UInt64) -> X86Fault? {
        machine.fault { () throws(X86Fault) in try guest.writeMSR(number, value) }
    }

    @Test("illegal control register values")
    func illegal() {
        let fault = X86Fault.generalProtection()
        #expect(write(0, 0x8000_0000) == fault)
        #expect(write(0, 0x2000_0011) == fault)
        #expect(write(0, 1 << 32 | 0x8001_0033) == fault)
        #expect(write(0, 0x0001_0033) == fault)
        #expect(write(4, 0) == fault)
        #expect(write(4, 1 << 22 | 0xA0) == fault)
        #expect(write(4, 0x2_00A0) == nil)
        #expect(write(3, 1 << 41) == fault)
        #expect(write(3, 1 << 63 | 0x1005) == nil)
        #expect(guest.system.cr3 == 0x1005)
        #expect(write(8, 16) == fault)
        #expect(writeMSR(MSR.efer, 0xC01) == fault)
        #expect(writeMSR(MSR.efer, 1 << 12) == fault)
        #expect(writeMSR(MSR.efer, 0xD01) == nil)
    }

    @Test("real mode to long mode and out again")
    func modeSwitch() throws {
        var state = X86_64.State.reset
        state.cr0 = 0x11
        state.segments[1] = X86_64.Segment(selector: 0x30, base: 0, limit: 0xFFFF_FFFF, attributes: 0xC09B)
        state.gdtr = X86_64.DescriptorTable(base: SystemMachine.gdt, limit: 0x4F)
        try machine.put(0x00CF_9B00_0000_FFFF, SystemMachine.gdt + 0x30)
        try guest.importState(state)
        #expect(guest.mode.codeSize == .bits32)
        #expect(writeMSR(MSR.efer, 0x100) == nil)
        #expect(write(3, 0x1000) == nil)
        #expect(write(0, 0x8000_0011) == .generalProtection())
        #expect(write(4, 0x20) == nil)
        #expect(write(0, 0x8000_0011) == nil)
        #expect(guest.system.isLongModeActive && guest.mode.codeSize == .bits32)
        #expect(machine.fault { () throws(X86Fault) in try guest.farJump(0x08, 0x2000, 4) } == nil)
        #expect(guest.mode.is64)
        #expect(machine.fault { () throws(X86Fault) in try guest.farJump(0x30, 0x2000, 4) } == nil)
        #expect(write(0, 0x11) == nil)
        #expect(!guest.system.isLongModeActive)
    }

    @Test("MSRs")
    func modelSpecific() throws {
        #expect(writeMSR(MSR.lstar, 1 << 47) == .generalProtection())
        #expect(writeMSR(MSR.pat, 0x02) == .generalProtection())
        #expect(writeMSR(MSR.pat, 0x0606_0606_0606_0606) == nil)
        #expect(writeMSR(0x200, 0x6) == nil && writeMSR(0x201, 0xFF_8000_0800) == nil)
        #expect(try guest.readMSR(0x201) == 0xFF_8000_0800)
        #expect(writeMSR(0x2FF, 0xC06) == nil)
        #expect(writeMSR(0x2FF, 0x1000) == .generalProtection())
        #expect(writeMSR(0x1234_5678, 0) == .generalProtection())
        #expect(machine.fault { () throws(X86Fault) in _ = try guest.readMSR(0x1234_5678) } == .generalProtection())
        #expect(try guest.readMSR(MSR.apicBase) == 0xFEE0_0900)
        #expect(machine.fault { () throws(X86Fault) in _ = try guest.readMSR(0x802) } == .generalProtection())
        #expect(writeMSR(MSR.gsBase, 0xFFFF_8000_0000_0000) == nil)
        guest.swapGS()
        #expect(try guest.readMSR(MSR.kernelGSBase) == 0xFFFF_8000_0000_0000)
    }

    @Test("IA32_MISC_ENABLE keeps what can be written, and what is unavailable stays so")
    func miscEnable() throws {
        let unavailable: UInt64 = 1 << 11 | 1 << 12
        #expect(try guest.readMSR(MSR.miscEnable) == unavailable | 1)
        #expect(writeMSR(MSR.miscEnable, 0x4_00C5_0809 | unavailable) == nil)
        #expect(try guest.readMSR(MSR.miscEnable) == 0x4_00C5_0809 | unavailable)
        #expect(writeMSR(MSR.miscEnable, 0) == nil)
        #expect(try guest.readMSR(MSR.miscEnable) == unavailable)
        #expect(writeMSR(MSR.miscEnable, .max) == nil)
        #expect(try guest.readMSR(MSR.miscEnable) == 0x44_00C5_1889)
        // A saved machine keeps it.
        let other = try SystemMachine()
        try other.guest.importState(guest.exportState())
        #expect(try other.guest.readMSR(MSR.miscEnable) == 0x44_00C5_1889)
    }

    @Test("time-stamp counter and its adjustment")
    func timeStamp() throws {
        // The clock stands still.
        #expect(guest.timeStampCounter == 0)
        #expect(writeMSR(MSR.timeStampCounter, 1000) == nil)
        #expect(guest.timeStampCounter == 1000)
        #expect(try guest.readMSR(MSR.tscAdjust) == 1000)
        #expect(writeMSR(MSR.tscAdjust, 10) == nil)
        #expect(guest.timeStampCounter == 10)
    }

    @Test("a deadline goes by the guest's counter, and moves when that is moved")
    func timeStampDeadline() throws {
        machine.bus.registers[MSR.tscDeadline] = 0
        #expect(writeMSR(MSR.timeStampCounter, 1000) == nil)
        #expect(writeMSR(MSR.tscDeadline, 1500) == nil)
        #expect(machine.bus.registers[MSR.tscDeadline] == 500)
        #expect(try guest.readMSR(MSR.tscDeadline) == 1500)
        #expect(writeMSR(MSR.tscAdjust, 200) == nil)
        #expect(machine.bus.registers[MSR.tscDeadline] == 1300)
        #expect(try guest.readMSR(MSR.tscDeadline) == 1500)
        // One that has passed fires at once: it must not disarm.
        #expect(writeMSR(MSR.tscDeadline, 100) == nil)
        #expect(machine.bus.registers[MSR.tscDeadline] == 1)
        #expect(writeMSR(MSR.tscDeadline, 0) == nil)
        #expect(machine.bus.registers[MSR.tscDeadline] == 0)
    }

    @Test("CPUID")
    func cpuid() {
        let table = CPUIDTable(model: .init(index: 1, count: 4, timeStampFrequency: 2_400_000_000))
        let state = CPUIDTable.Dynamic(cr4: CR4.xsave, xcr0: 3, isAPICEnabled: true)
        #expect(table.lookup(0, 0, state).eax == 0x16)
        let features = table.lookup(1, 0, state)
        #expect(features.eax == 0x106A3 && features.ebx == 0x0104_0800)
        #expect(features.ecx & CPUIDTable.Feature.osxsave != 0)
        #expect(features.edx & CPUIDTable.Feature.htt != 0)
        let off = table.lookup(1, 0, .init(cr4: 0, xcr0: 1, isAPICEnabled: false))
        #expect(off.ecx & CPUIDTable.Feature.osxsave == 0 && off.edx & CPUIDTable.Feature.apic == 0)
        let clock = table.lookup(0x15, 0, state)
        #expect(UInt64(clock.ecx) * UInt64(clock.ebx) / UInt64(clock.eax) == 2_400_000_000)
        #expect(table.lookup(0xB, 1, state).ebx == 4 && table.lookup(0xB, 1, state).edx == 1)
        #expect(table.lookup(0xB, 5, state).ecx == 5 && table.lookup(0xB, 5, state).edx == 1)
        #expect(table.lookup(0xD, 0, state).ebx == 576)
        #expect(table.lookup(0x8000_0008, 0, state).eax == 0x3028)
        #expect(table.lookup(0x1234, 0, state).eax == 2400)
        let brand = (2...4).flatMap { (leaf: UInt32) -> [UInt32] in
            let entry = table.lookup(0x8000_0000 + leaf, 0, state)
            return [entry.eax, entry.ebx, entry.ecx, entry.edx]
        }
        let bytes = brand.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32($0 * 8)) } }
        #expect(String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) == "VirtKit Virtual CPU")
    }

    @Test("FXSAVE, XSAVE and XRSTOR images")
    func extended() throws {
        guest.setVectorHalf(3, 1, 0x1122_3344_5566_7788)
        guest.mxcsr = 0x1FA0
        #expect(machine.fault { () throws(X86Fault) in try guest.fxsave(0x2_0008, wide: true) } == .generalProtection())
        #expect(machine.fault { () throws(X86Fault) in try guest.fxsave(0x2_0000, wide: true) } == nil)
        #expect(try machine.memory.load(UInt16.self, at: 0x2_0000) == 0x37F)
        #expect(try machine.get(0x2_0018) == 0x0000_FFFF_0000_1FA0)
        #expect(try machine.get(0x2_0000 + 160 + 3 * 16 + 8) == 0x1122_3344_5566_7788)
        guest.system.xcr0 = 3
        guest.setGeneral(0, 7)
        guest.setGeneral(2, 0)
        #expect(machine.fault { () throws(X86Fault) in try guest.xsave(0x2_1000, wide: true) } == nil)
        #expect(try machine.get(0x2_1200) == 3)
        // XSTATE_BV clear: initial values, but MXCSR is loaded.
        try machine.put(0, 0x2_1200)
        #expect(machine.fault { () throws(X86Fault) in try guest.xrstor(0x2_1000, wide: true) } == nil)
        #expect(guest.vectorHalf(3, 1) == 0 && guest.mxcsr == 0x1FA0)
        #expect(machine.fault { () throws(X86Fault) in try guest.fxrstor(0x2_0000, wide: true) } == nil)
        #expect(guest.vectorHalf(3, 1) == 0x1122_3344_5566_7788)
        // A compacted image says so in bit 63.
        try machine.put(1, 0x2_1208)
        #expect(machine.fault { () throws(X86Fault) in try guest.xrstor(0x2_1000, wide: true) } == .generalProtection())
    }

    @Test("state round trip")
    func roundTrip() throws {
        var state = try machine.longState(user: true)
        for index in 0..<16 { state.general[index] = UInt64(index + 1) &* 0x0101_0101_0101_0101 }
        state.rflags = 0x2_4AD7 & ~0x2_0000
        state.cr2 = 0x1234
        state.debugAddresses = [1, 2, 3, 4]
        state.dr7 = 0x455
        state.xcr0 = 3
        state.nmiBlocked = true
        state.blockedBySTI = true
        state.extended[xmm: 5] = (0x1234, 0x5678)
        state.extended[st: 0] = (1 << 63, 0x3FFF)
        state.extended.abridgedTag = 0x80
        state.extended.statusWord = 0x3800
        state.timeStampCounter = 123_456
        try guest.importState(state)
        let first = guest.exportState()
        #expect(first.general == state.general && first.rflags == state.rflags)
        #expect(first.segments == state.segments && first.tr == state.tr && first.cr2 == 0x1234)
        #expect(first.extended[xmm: 5].high == 0x5678 && first.extended[st: 0].significand == 1 << 63)
        #expect(first.timeStampCounter == 123_456 && first.blockedBySTI && first.nmiBlocked)
        try guest.importState(first)
        #expect(guest.exportState() == first)
        // And into another CPU.
        let other = try SystemMachine()
        try other.guest.importState(first)
        #expect(other.guest.exportState() == first)
    }

    @Test("the reset state, and states no CPU can be in")
    func badStates() throws {
        try guest.importState(.reset)
        #expect(guest.mode.codeSize == .bits16 && guest.fetchAddress(0xFFF0) == 0xFFFF_FFF0)
        func refuses(_ change: (inout X86_64.State) -> Void) throws -> Bool {
            var state = try machine.longState()
            change(&state)
            do throws(VirtKitError) {
                try guest.importState(state)
                return false
            } catch {
                return error.code == .invalidSavedState
            }
        }
        #expect(try refuses { $0.efer = 0xC01 })
        #expect(try refuses { $0.cr4 = 0x1_0000_00A0 })
        #expect(try refuses { $0.general = [] })
        #expect(try refuses { $0.rip = 1 << 63 })
        #expect(try refuses { $0.modelSpecific = [.init(number: 0xDEAD, value: 0)] })
        #expect(try refuses { $0.xcr0 = 7 })
        #expect(try refuses { $0.extended.mxcsr = 0x1_0000 })
        #expect(try !refuses { $0.rip = 0 })
    }
}
