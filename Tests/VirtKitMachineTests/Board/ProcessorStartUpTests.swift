import Testing
import VirtKitCore
import VirtKitMachine

/// Intel SDM volume 3A, table 9-1 and 9.4.4.
@Suite struct ProcessorStartUpTests {
    private func running() -> X86_64.State {
        var state = X86_64.State.reset
        state.general = (0..<16).map { UInt64($0) * 3 }
        state.cr0 = 0x8000_0033
        state.cr3 = 0x1000
        state.cr4 = 0x620
        state.efer = 0xD01
        state.xcr0 = 3
        state.extended.mxcsr = 0x1FA0
        state.extended[xmm: 3] = (5, 6)
        state.timeStampCounter = 77
        state.dr7 = 0x401
        state.rip = 0xFFFF_8000_0000_1234
        state.activity = .halted
        state.nmiBlocked = true
        state.modelSpecific = [
            X86_64.ModelSpecificRegister(number: 0x1D9, value: 2),
            X86_64.ModelSpecificRegister(number: 0x277, value: 0x0007_0406_0007_0406),
            X86_64.ModelSpecificRegister(number: 0x2FF, value: 0x806),
        ]
        return state
    }

    @Test func initializes() {
        let before = running()
        let after = ProcessorStartUp(isInitialize: true, vector: nil, isBootstrap: false).applied(to: before)
        #expect(after.activity == .waitForSIPI)
        #expect(after.cr0 == 0x10 && after.cr3 == 0 && after.cr4 == 0 && after.efer == 0 && after.rflags == 2)
        #expect(after.general == [0, 0, 0x106A3] + [UInt64](repeating: 0, count: 13))
        #expect(after.segments == X86_64.State.reset.segments && after.rip == 0xFFF0)
        #expect(after.dr7 == 0x400 && !after.nmiBlocked)
        // What stays.
        #expect(after.extended == before.extended && after.xcr0 == 3)
        #expect(after.modelSpecific.map(\.number) == [0x277, 0x2FF])
        #expect(after.keepsTimeStampCounter)
        var uncached = before
        uncached.cr0 |= 0x6000_0000
        let other = ProcessorStartUp(isInitialize: true, vector: nil, isBootstrap: false).applied(to: uncached)
        #expect(other.cr0 == 0x6000_0010)
    }

    @Test func theBootstrapProcessorRunsFromTheResetVector() {
        let after = ProcessorStartUp(isInitialize: true, vector: nil, isBootstrap: true).applied(to: running())
        #expect(after.activity == .running && after.segments[1].base + after.rip == 0xFFFF_FFF0)
    }

    @Test(arguments: [0, 8, 0x9A, 0xFF] as [UInt8]) func starts(_ vector: UInt8) {
        let after = ProcessorStartUp(isInitialize: true, vector: vector, isBootstrap: false).applied(to: running())
        #expect(after.activity == .running && after.rip == 0)
        #expect(after.segments[1].selector == UInt16(vector) << 8 && after.segments[1].base == UInt64(vector) << 12)
        #expect(after.segments[1].limit == 0xFFFF)
    }

    @Test(arguments: [X86_64.Activity.running, .halted, .shutdown])
    func aStartUpToOneThatDoesNotWaitIsLost(_ activity: X86_64.Activity) {
        var before = running()
        before.activity = activity
        var after = ProcessorStartUp(isInitialize: false, vector: 8, isBootstrap: false).applied(to: before)
        after.keepsTimeStampCounter = false
        #expect(after == before)
    }
}
