import Testing
import VirtKitCore
import VirtKitMachine

@Suite struct LocalAPICTests {
    @Test func powersUpDisabledByItsSpuriousRegister() throws {
        let rig = try InterruptRig(cpus: 2)
        let apic = try #require(rig.fabric.apic(1))
        #expect(apic.get(0x02) == 1 << 24)
        #expect(apic.get(0x03) == 0x50014)
        #expect(apic.get(0x0F) == 0xFF)
        #expect(apic.get(0x32) == 0x10000)
        #expect(apic.readSystemRegister(0x1B) == 0xFEE0_0800)
        #expect(rig.fabric.apic(0)?.readSystemRegister(0x1B) == 0xFEE0_0900)
        rig.fabric.deliverMessage(address: 0xFEE0_1000, data: 0x40)
        #expect(rig.take(1) == nil)
    }

    @Test func deliversByPriorityAndEnds() throws {
        let rig = try InterruptRig()
        rig.enableAPICs()
        let apic = rig.fabric.apics[0]
        for vector in [0x31, 0x55, 0x52] as [UInt32] { rig.fabric.deliverMessage(address: 0xFEE0_0000, data: vector) }
        #expect(rig.rig.signals.count == 3)
        #expect(apic.get(0x22) == 0x24_0000)
        #expect(rig.take() == 0x55)
        // 52H is of the class in service, 31H of a lower one.
        #expect(rig.take() == nil)
        #expect(apic.get(0x0A) == 0x50)
        apic.put(0x0B, 0)
        #expect(rig.take() == 0x52)
        apic.put(0x0B, 0)
        let gate = InterruptGate(fabric: rig.fabric, lock: DeviceLock())
        gate.setTaskPriority(3, vcpu: 0)
        #expect(apic.get(0x08) == 0x30)
        #expect(rig.take() == nil)
        rig.rig.signals = []
        gate.setTaskPriority(2, vcpu: 0)
        #expect(rig.rig.signals == [0])
        #expect(gate.taskPriority(vcpu: 0) == 2)
        #expect(rig.take() == 0x31)
    }

    @Test func timerCountsOnceAndPeriodically() throws {
        let rig = try InterruptRig()
        rig.enableAPICs()
        let apic = rig.fabric.apics[0]
        apic.put(0x3E, 0x3)  // by 16
        apic.put(0x32, 0x40)
        apic.put(0x38, 1000)
        rig.rig.advance(8000)
        #expect(apic.get(0x39) == 500)
        #expect(rig.take() == nil)
        rig.rig.advance(8000)
        #expect(rig.take() == 0x40)
        #expect(apic.get(0x39) == 0)
        apic.put(0x0B, 0)
        rig.rig.advance(1_000_000)
        #expect(rig.take() == nil)

        apic.put(0x32, 0x2_0041)
        apic.put(0x38, 10_000)
        for _ in 0..<3 {
            rig.rig.advance(160_000)
            #expect(rig.take() == 0x41)
            apic.put(0x0B, 0)
        }
        // Missed periods fold into one interrupt.
        rig.rig.clock.restore(elapsed: rig.rig.clock.now + 1_000_000, wallClock: 0)
        rig.rig.timers.run(now: rig.rig.clock.now)
        #expect(rig.take() == 0x41)
        apic.put(0x0B, 0)
        #expect(rig.take() == nil)
        #expect(try #require(rig.rig.timers.nextDeadline) > rig.rig.clock.now)
        apic.put(0x38, 0)
        #expect(rig.rig.timers.nextDeadline == nil)
    }

    @Test func aCountGoesOnInAnotherMode() throws {
        let rig = try InterruptRig()
        rig.enableAPICs()
        let apic = rig.fabric.apics[0]
        apic.put(0x3E, 0xB)  // by 1
        apic.put(0x32, 0x2_0040)
        apic.put(0x38, 100_000)
        rig.rig.advance(250_000)
        // The third round is half over; it becomes the last one.
        apic.put(0x32, 0x40)
        #expect(apic.get(0x39) == 50_000)
        #expect(rig.take() == 0x40)
        apic.put(0x0B, 0)
        rig.rig.advance(50_000)
        #expect(rig.take() == 0x40)
        apic.put(0x0B, 0)
        // A count that is over stays at 0 until the initial count is written.
        rig.rig.advance(20_000)
        apic.put(0x32, 0x2_0040)
        #expect(apic.get(0x39) == 0)
        #expect(apic.get(0x38) == 100_000)
        rig.rig.advance(500_000)
        #expect(apic.get(0x39) == 0)
        #expect(rig.take() == nil)
        apic.put(0x38, 100_000)
        rig.rig.advance(110_000)
        #expect(apic.get(0x39) == 90_000)
        #expect(rig.take() == 0x40)
    }

    @Test func timerFiresAtTimeStampDeadline() throws {
        let rig = try InterruptRig()
        rig.enableAPICs()
        rig.fabric.deadlineOfTimeStamp = { _, stamp in stamp / 2 }
        let apic = rig.fabric.apics[0]
        #expect(apic.writeSystemRegister(0x6E0, value: 5))
        #expect(apic.readSystemRegister(0x6E0) == 0)
        apic.put(0x32, 0x4_0042)
        let deadline = (rig.rig.clock.now + 5000) * 2
        #expect(apic.writeSystemRegister(0x6E0, value: deadline))
        #expect(apic.readSystemRegister(0x6E0) == deadline)
        rig.rig.advance(4999)
        #expect(rig.take() == nil)
        rig.rig.advance(1)
        #expect(rig.take() == 0x42)
        #expect(apic.readSystemRegister(0x6E0) == 0)
        apic.put(0x0B, 0)
        #expect(apic.writeSystemRegister(0x6E0, value: 1))
        #expect(rig.take() == 0x42)
        apic.put(0x0B, 0)
        #expect(apic.writeSystemRegister(0x6E0, value: deadline * 2))
        #expect(apic.writeSystemRegister(0x6E0, value: 0))
        #expect(rig.rig.timers.nextDeadline == nil)
    }

    @Test func sendsBetweenProcessors() throws {
        let rig = try InterruptRig(cpus: 4)
        rig.enableAPICs()
        let apic = rig.fabric.apics[0]
        func send(_ command: UInt64, to destination: UInt64) {
            apic.put(0x31, destination << 24)
            apic.put(0x30, command)
        }
        send(0x4051, to: 2)
        #expect((0..<4).map { rig.take($0) } == [nil, nil, 0x51, nil])
        send(0x4051, to: 0xFF)
        #expect((0..<4).map { rig.take($0) } == [0x51, 0x51, nil, 0x51])
        for apic in rig.fabric.apics { apic.put(0x0B, 0) }
        send(0xC4061, to: 0)
        #expect((0..<4).map { rig.take($0) } == [nil, 0x61, 0x61, 0x61])
        send(0x44062, to: 0)
        #expect(rig.take(0) == 0x62)
        let gate = InterruptGate(fabric: rig.fabric, lock: DeviceLock())
        send(0x4400, to: 1)
        #expect(gate.takeNonMaskableInterrupt(vcpu: 1))
        #expect(!gate.takeNonMaskableInterrupt(vcpu: 1))
        // An illegal vector is an error of the sender.
        send(0x4005, to: 1)
        apic.put(0x28, 0)
        #expect(apic.get(0x28) == 0x20)
    }

    /// What a vCPU takes of INIT and start-up IPIs, in the order in which they came (SDM 9.4.4 and 11.4.7.3).
    @Test func latchesINITAndStartUp() throws {
        let rig = try InterruptRig(cpus: 4)
        rig.enableAPICs()
        var restarted: [Int] = []
        rig.fabric.restarted = { restarted.append($0) }
        let apic = rig.fabric.apics[0]
        func send(_ command: UInt64, to destination: UInt64) {
            apic.put(0x31, destination << 24)
            apic.put(0x30, command)
        }
        func take(_ vcpu: Int) -> ProcessorStartUp? { rig.fabric.takeStartUp(vcpu: vcpu) }
        func expected(_ isInitialize: Bool, _ vector: UInt8?, first: Bool = false) -> ProcessorStartUp {
            ProcessorStartUp(isInitialize: isInitialize, vector: vector, isBootstrap: first)
        }
        send(0xC4500, to: 0)
        #expect(restarted == [1, 2, 3])
        #expect(take(0) == nil)
        #expect(take(1) == expected(true, nil))
        #expect(take(1) == nil)
        // Level de-assert is nothing.
        send(0x8500, to: 1)
        #expect(restarted.count == 3 && take(1) == nil)
        // Of two start-up IPIs the first counts.
        send(0x4699, to: 3)
        send(0x4611, to: 3)
        #expect(take(3) == expected(true, 0x99))
        // INIT after a start-up IPI takes it back.
        send(0x4612, to: 2)
        send(0x4500, to: 2)
        #expect(take(2) == expected(true, nil))
        send(0x4613, to: 2)
        #expect(take(2) == expected(false, 0x13))
        send(0x4500, to: 0)
        #expect(take(0) == expected(true, nil, first: true))
        rig.enableAPICs()

        // INIT resets the APIC, but for its ID and base, when the vCPU takes it.
        let other = rig.fabric.apics[1]
        other.put(0x02, 7 << 24)
        other.put(0x08, 0x20)
        other.put(0x32, 0x2_0040)
        other.put(0x38, 1000)
        send(0x4061, to: 7)
        send(0x4500, to: 7)
        #expect(other.get(0x08) == 0x20)
        #expect(take(1) == expected(true, nil))
        #expect(other.get(0x02) == 7 << 24 && other.get(0x08) == 0 && other.get(0x0F) == 0xFF && other.get(0x23) == 0)
        #expect(rig.rig.timers.nextDeadline == nil)
        // A disabled one still hears INIT and start-up IPIs, and no other.
        send(0x4061, to: 7)
        #expect(rig.take(1) == nil)
        send(0x4644, to: 7)
        #expect(take(1) == expected(false, 0x44))
    }

    @Test func savesINITAndStartUp() throws {
        let rig = try InterruptRig(cpus: 2)
        let apic = rig.fabric.apics[1]
        rig.fabric.apics[0].put(0x31, 1 << 24)
        rig.fabric.apics[0].put(0x30, 0x4500)
        rig.fabric.apics[0].put(0x30, 0x4622)
        let saved = apic.savedBytes
        let fresh = try InterruptRig(cpus: 2)
        try fresh.fabric.apics[1].restore(saved)
        #expect(
            fresh.fabric.takeStartUp(vcpu: 1)
                == ProcessorStartUp(isInitialize: true, vector: 0x22, isBootstrap: false))
        // Version 1, of the first release, ends before them.
        var decoder = StateDecoder(Array(saved.dropLast(3)))
        try fresh.fabric.apics[1].restore(from: &decoder, version: 1)
        try decoder.finish()
        #expect(fresh.fabric.takeStartUp(vcpu: 1) == nil)
        var later = StateDecoder(saved)
        #expect(throws: StateError.self) { try apic.restore(from: &later, version: 3) }
    }

    @Test func lowestPriorityTakesTurns() throws {
        let rig = try InterruptRig(cpus: 4)
        rig.enableAPICs()
        for (index, apic) in rig.fabric.apics.enumerated() { apic.put(0x0D, 1 << (24 + UInt64(index))) }
        var winners: [Int] = []
        func send(_ logical: UInt64) {
            rig.fabric.deliverMessage(address: 0xFEE0_0004 | logical << 12, data: 0x151)
            for vcpu in 0..<4 where rig.take(vcpu) == 0x51 {
                winners.append(vcpu)
                rig.fabric.apics[vcpu].put(0x0B, 0)
            }
        }
        for _ in 0..<6 { send(0xD) }
        #expect(winners == [2, 3, 0, 2, 3, 0])
        winners = []
        // What is in service counts as well as the task priority.
        rig.fabric.apics[0].put(0x08, 0x40)
        rig.fabric.deliverMessage(address: 0xFEE0_3000, data: 0x71)
        #expect(rig.take(3) == 0x71)
        for _ in 0..<3 { send(0xD) }
        #expect(winners == [2, 2, 2])
        // One that is disabled does not take part.
        rig.fabric.apics[2].put(0x0F, 0xFF)
        winners = []
        send(0xD)
        #expect(winners == [0])
    }

    @Test func ioAPICReachesEveryProcessor() throws {
        let rig = try InterruptRig(cpus: 4)
        rig.enableAPICs()
        for (index, apic) in rig.fabric.apics.enumerated() { apic.put(0x0D, 1 << (24 + UInt64(index))) }
        // A PCI interrupt: it is not wired to the 8259 pair.
        let line = rig.router.line(20)
        rig.setRedirection(20, 3 << 56 | 0x55)
        line.pulse()
        #expect((0..<4).map { rig.take($0) } == [nil, nil, nil, 0x55])
        rig.setRedirection(20, 0x6 << 56 | 0x956)
        line.pulse()
        line.pulse()
        #expect((0..<4).map { rig.take($0) } == [nil, 0x56, 0x56, nil])
        for apic in rig.fabric.apics { apic.put(0x0B, 0) }
        rig.setRedirection(20, 0x2 << 56 | 0x400)
        line.pulse()
        let gate = InterruptGate(fabric: rig.fabric, lock: DeviceLock())
        #expect(!gate.takeNonMaskableInterrupt(vcpu: 0) && gate.takeNonMaskableInterrupt(vcpu: 2))
    }

    @Test func matchesLogicalDestinations() throws {
        let rig = try InterruptRig(cpus: 4)
        rig.enableAPICs()
        for (index, apic) in rig.fabric.apics.enumerated() { apic.put(0x0D, 1 << (24 + UInt64(index))) }
        rig.fabric.deliverMessage(address: 0xFEE0_6004, data: 0x51)
        #expect((0..<4).map { rig.take($0) } == [nil, 0x51, 0x51, nil])
        for apic in rig.fabric.apics { apic.put(0x0B, 0) }
        // Lowest priority goes to one; vCPU 1 is busier.
        rig.fabric.apics[1].put(0x08, 0x20)
        rig.fabric.deliverMessage(address: 0xFEE0_6004, data: 0x151)
        #expect((0..<4).map { rig.take($0) } == [nil, nil, 0x51, nil])
        rig.fabric.apics[2].put(0x0B, 0)
        // Clusters of 4.
        for (index, apic) in rig.fabric.apics.enumerated() {
            apic.put(0x0E, 0x0FFF_FFFF)
            apic.put(0x0D, ((UInt64(index) / 2) << 4 | 1 << (UInt64(index) & 1)) << 24)
        }
        rig.fabric.deliverMessage(address: 0xFEE1_2004, data: 0x71)
        #expect((0..<4).map { rig.take($0) } == [nil, nil, nil, 0x71])
    }

    @Test func x2APICHasItsOwnRules() throws {
        let rig = try InterruptRig(cpus: 20)
        rig.enableAPICs()
        let apic = rig.fabric.apics[17]
        #expect(apic.readSystemRegister(0x802) == nil)
        #expect(!apic.writeSystemRegister(0x1B, value: 0xFEE0_0400))
        for apic in rig.fabric.apics {
            let base = try #require(apic.readSystemRegister(0x1B))
            #expect(apic.writeSystemRegister(0x1B, value: base | 0x400))
            #expect(!apic.writeSystemRegister(0x1B, value: base))
        }
        #expect(apic.page == nil)
        #expect(apic.readSystemRegister(0x802) == 17)
        #expect(apic.readSystemRegister(0x80D) == 0x1_0002)
        #expect(apic.readSystemRegister(0x80E) == nil)
        #expect(!apic.writeSystemRegister(0x80B, value: 1))
        #expect(!apic.writeSystemRegister(0x802, value: 1))
        #expect(!apic.writeSystemRegister(0x808, value: 0x100))
        #expect(!apic.writeSystemRegister(0x832, value: 1 << 20))
        #expect(apic.writeSystemRegister(0x83F, value: 0x33))
        #expect(rig.take(17) == 0x33)
        #expect(apic.writeSystemRegister(0x80B, value: 0))
        // Logical: cluster 1, its first two.
        #expect(apic.writeSystemRegister(0x830, value: 0x0001_0003_0000_0834))
        #expect(rig.take(16) == 0x34 && rig.take(17) == 0x34 && rig.take(18) == nil && rig.take(0) == nil)
        #expect(apic.writeSystemRegister(0x830, value: 0xFFFF_FFFF_0000_0035))
        #expect(rig.take(0) == 0x35 && rig.take(19) == 0x35)
        // Off, and everything is forgotten.
        #expect(apic.writeSystemRegister(0x1B, value: 0xFEE0_0000))
        #expect(apic.writeSystemRegister(0x1B, value: 0xFEE0_0800))
        #expect(apic.get(0x0F) == 0xFF)
    }

    @Test func errorsHaveAnInterrupt() throws {
        let rig = try InterruptRig()
        rig.enableAPICs()
        let apic = rig.fabric.apics[0]
        apic.put(0x37, 0x44)
        rig.fabric.deliverMessage(address: 0xFEE0_0000, data: 3)
        #expect(rig.take() == 0x44)
        apic.put(0x28, 0)
        #expect(apic.get(0x28) == 0x40)
        apic.put(0x28, 0)
        #expect(apic.get(0x28) == 0)
        // An error interrupt that is itself in error stays one error.
        apic.put(0x37, 0x04)
        rig.fabric.deliverMessage(address: 0xFEE0_0000, data: 3)
        apic.put(0x28, 0)
        #expect(apic.get(0x28) == 0x40)
    }

    @Test func restoresTimerAndRequests() throws {
        let rig = try InterruptRig()
        rig.enableAPICs()
        let apic = rig.fabric.apics[0]
        rig.fabric.deliverMessage(address: 0xFEE0_0000, data: 0x8050)
        apic.put(0x32, 0x40)
        apic.put(0x38, 100_000)
        let saved = apic.savedBytes
        let fresh = try InterruptRig()
        fresh.fabric.apics[0].reset()
        try fresh.fabric.apics[0].restore(saved)
        #expect(fresh.fabric.apics[0].savedBytes == saved)
        #expect(fresh.rig.signals == [0])
        #expect(fresh.take() == 0x50)
        fresh.fabric.apics[0].put(0x0B, 0)
        fresh.rig.advance(200_000)
        #expect(fresh.take() == 0x40)
        #expect(throws: StateError.self) { try apic.restore([1, 2, 3]) }
    }
}
