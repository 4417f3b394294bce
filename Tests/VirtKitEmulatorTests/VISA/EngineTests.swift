import Testing
import VirtKitCore

@testable import VirtKitEmulator

/// Memory, faults, code invalidation, chaining and counting, in both modes of the engine.
@Suite struct EngineTests {
    private static func identity(_ page: UInt64, writable: Bool = true) -> PageTranslation {
        PageTranslation(
            physicalPage: page, isReadable: true, isWritable: writable, isExecutable: true, isGlobal: false)
    }

    @Test(arguments: [true, false]) func loadsAndStores(optimise: Bool) {
        let machine = VISATestMachine(optimise: optimise)
        // Virtual 0x4000 and 0x5000 lie apart in physical memory.
        machine.guest.pages = [
            0x1000: Self.identity(0x1000), 0x4000: Self.identity(0x9000), 0x5000: Self.identity(0x7000),
        ]
        machine.guest[0] = 0x4000
        machine.guest[8] = 0x0123_4567_89AB_CDEF
        machine.guest[16] = 0xFFD
        machine.runOnce { builder in
            builder.store(.i64, 8, Address(base: 0, index: 16, displacement: 0))
            builder.boundary(pc: 0x1001)
            builder.load(.i64, 24, Address(base: 0, displacement: 0xFFD))
            builder.boundary(pc: 0x1011)
            builder.loadZeroExtended(32, to: .i32, Address(base: 0, displacement: 0xFFF), from: .i16)
            builder.boundary(pc: 0x1021)
            builder.loadSignExtended(40, to: .i64, Address(absolute: 0x4FFF), from: .i8)
            builder.boundary(pc: 0x1002)
            builder.store(.i32, imm: -2, Address(base: 0, displacement: 0x100))
            builder.boundary(pc: 0x1003)
            builder.load(.i16, 48, Address(base: 0, displacement: 0x102))
        }
        #expect(machine.guest[24] == 0x0123_4567_89AB_CDEF)
        #expect(machine.guest[32] == 0x89AB)
        #expect(machine.guest[40] == 0xFFFF_FFFF_FFFF_FFAB)
        #expect(machine.guest[48] == 0xFFFF)
        #expect((machine.ram + 0x9FFD).loadUnaligned(as: UInt16.self) == 0xCDEF)
        #expect((machine.ram + 0x7000).load(as: UInt8.self) == 0x89)
        #expect((machine.ram + 0x9100).load(as: UInt32.self) == 0xFFFF_FFFE)
    }

    @Test(arguments: [true, false]) func faultsAreExact(optimise: Bool) {
        let machine = VISATestMachine(optimise: optimise)
        machine.guest.pages = [
            0x1000: Self.identity(0x1000), 0x4000: Self.identity(0x4000),
            0x6000: Self.identity(0x6000, writable: false),
        ]
        machine.guest.blocks[0x1000] = { builder in
            builder.boundary(pc: 0x1000)
            builder.mov(.i64, 0, imm: 7)
            builder.boundary(pc: 0x1001)
            builder.setFlags(.sub, .i32, 0, imm: 8)
            builder.boundary(pc: 0x1002)
            let temp = builder.newTemp()
            builder.load(.i32, temp, Address(absolute: 0x4FFE))
            builder.mov(.i32, 0, temp)
            builder.boundary(pc: 0x1003)
            builder.setFlags(.logic, .i32, 0, 0)
            builder.exit(0x1004)
        }
        machine.engine.programCounter = 0x1000
        #expect(machine.engine.run() == .guest(99))
        #expect(machine.guest.faults.map(\.address) == [0x5000])
        #expect(machine.guest.delivered == [0x1002])
        #expect(machine.guest[0] == 7)
        #expect(machine.engine.instructionCount == 2)
        #expect(machine.engine.flags & FlagBits.carry != 0)
        // A store over the end of a writable page stores nothing.
        machine.guest.pages?[0x5000] = Self.identity(0x6000, writable: false)
        machine.guest.blocks[0x2000] = { builder in
            builder.boundary(pc: 0x2000)
            builder.store(.i64, imm: -1, Address(absolute: 0x4FFC))
            builder.exit(0x2008)
        }
        machine.guest.pages?[0x2000] = Self.identity(0x2000)
        machine.engine.programCounter = 0x2000
        #expect(machine.engine.run() == .guest(99))
        #expect((machine.ram + 0x4FFC).load(as: UInt32.self) == 0)
        #expect(machine.engine.instructionCount == 2)
    }

    @Test(arguments: [true, false]) func devicesAndHoles(optimise: Bool) {
        let machine = VISATestMachine(optimise: optimise)
        machine.bus.onRead = { _ in 0xAABB_CCDD_EEFF_0011 }
        machine.runOnce { builder in
            builder.load(.i32, 0, Address(absolute: 0xFEE0_0020))
            builder.boundary(pc: 0x1001)
            builder.store(.i16, imm: 0x1234, Address(absolute: 0xFEE0_00B0))
        }
        #expect(machine.guest[0] == 0xEEFF_0011)
        #expect(machine.bus.reads.map(\.address) == [0xFEE0_0020])
        #expect(machine.bus.reads.map(\.width) == [4])
        #expect(machine.bus.writes.map(\.value) == [0x1234])
        machine.engine.programCounter = 0xF000_0000
        #expect(machine.engine.run() == .fetchOutsideMemory(0xF000_0000))
    }

    @Test(arguments: [true, false]) func positionInsideHelpersAndDevices(optimise: Bool) {
        let machine = VISATestMachine(optimise: optimise)
        var seen: [(UInt64, UInt64)] = []
        machine.bus.onRead = { _ in
            seen.append((machine.engine.currentPC, machine.engine.instructionCount))
            return 0
        }
        machine.guest.helper = { operation, engine in
            seen.append((engine.currentPC, engine.instructionCount))
            return operation.pointee.helperIdentifier == 0 ? .exit(1) : .next
        }
        machine.runOnce { builder in
            builder.helper(5, imm: -3)
            builder.boundary(pc: 0x1001)
            builder.load(.i32, 0, Address(absolute: 0xFEE0_0020))
            builder.boundary(pc: 0x1002)
            builder.helper(6)
        }
        #expect(seen.map(\.0) == [0x1000, 0x1001, 0x1002, 0x1004])
        #expect(seen.map(\.1) == [0, 1, 2, 3])
        #expect(machine.engine.instructionCount == 4)
    }

    @Test(arguments: [true, false]) func budgetAndLoops(optimise: Bool) {
        let machine = VISATestMachine(optimise: optimise)
        machine.guest.blocks[0x1000] = { builder in
            builder.boundary(pc: 0x1000)
            builder.setFlags(.add, .i64, 0, imm: 1)
            builder.binary(.add, .i64, 0, 0, imm: 1)
            builder.boundary(pc: 0x1001)
            builder.jump(0x1000)
        }
        // Where the budget ends within a block.
        machine.guest.blocks[0x1001] = { builder in
            builder.boundary(pc: 0x1001)
            builder.jump(0x1000)
        }
        machine.engine.programCounter = 0x1000
        for _ in 0..<3 { #expect(machine.engine.run(maximumInstructions: 100) == .budget) }
        #expect(machine.engine.instructionCount == 300)
        #expect(machine.guest[0] == 150)
        #expect(machine.guest.lowered == [0x1000])
        if !optimise {
            #expect(machine.engine.run(maximumInstructions: 1) == .budget)
            #expect(machine.engine.programCounter == 0x1001)
            #expect(machine.engine.run(maximumInstructions: 1) == .budget)
            #expect(machine.engine.programCounter == 0x1000)
            #expect(machine.guest[0] == 151)
        }
    }

    @Test(arguments: [true, false]) func signalsStopLoops(optimise: Bool) {
        let machine = VISATestMachine(optimise: optimise)
        let signals = machine.engine.signals
        machine.guest.blocks[0x1000] = { builder in
            builder.boundary(pc: 0x1000)
            builder.helper(1)
            builder.boundary(pc: 0x1001)
            builder.jump(0x1000)
        }
        var calls = 0
        machine.guest.helper = { _, _ in
            calls += 1
            if calls == 10 { signals.raise(4) }
            return .next
        }
        machine.engine.programCounter = 0x1000
        #expect(machine.engine.run() == .guest(1004))
        #expect(calls == 10)
        #expect(machine.engine.programCounter == 0x1000)
        #expect(machine.engine.instructionCount == 20)
    }

    // MARK: Code

    /// Lowers "instructions" of 4 bytes in memory: 0 ends with code 1; 1 nn: slot 0 += nn; 2: store slot 8 (i32) to
    /// the address in slot 16; 3: jump to slot 24; 4 nn: branch back to the start of the page.
    private static func lowerFromMemory(_ builder: inout BlockBuilder, _ pc: UInt64, _ code: inout CodeWindow) {
        var offset = 0
        while offset + 4 <= code.bytes.count, !builder.isFull {
            let at = pc &+ UInt64(offset)
            let argument = code.bytes[offset + 1]
            builder.boundary(pc: at)
            switch code.bytes[offset] {
            case 1: builder.binary(.add, .i64, 0, 0, imm: Int64(argument))
            case 2: builder.store(.i32, 8, Address(base: 16))
            case 3: return builder.jumpIndirect(24)
            case 4: return builder.jump(pc & ~0xFFF)
            default:
                builder.mov(.i64, 128, imm: Int64(at))
                builder.helper(0)
                return builder.exitDynamic()
            }
            offset += 4
        }
        builder.jump(pc &+ UInt64(offset))
    }

    private static func write(_ machine: VISATestMachine, _ address: Int, _ code: [UInt8]) {
        for (index, byte) in code.enumerated() {
            (machine.ram + address + 4 * (index / 2) + index % 2).storeBytes(of: byte, as: UInt8.self)
        }
    }

    @Test(arguments: [true, false]) func storesToTheRunningBlock(optimise: Bool) {
        let machine = VISATestMachine(optimise: optimise)
        machine.guest.lower = Self.lowerFromMemory
        // add 1; store; add 2 (which the store makes add 0x40); add 3; end.
        Self.write(machine, 0x3000, [1, 1, 2, 0, 1, 2, 1, 3, 0, 0])
        machine.guest[8] = 0x4001
        machine.guest[16] = 0x3008
        for round in 0..<3 {
            machine.guest[0] = 0
            machine.engine.programCounter = 0x3000
            #expect(machine.engine.run() == .guest(1))
            #expect(machine.guest[0] == 0x44)
            #expect(machine.engine.instructionCount == UInt64(5 * (round + 1)))
        }
    }

    @Test(arguments: [true, false]) func storesToOtherBlocks(optimise: Bool) {
        let machine = VISATestMachine(optimise: optimise)
        machine.guest.lower = Self.lowerFromMemory
        Self.write(machine, 0x3000, [1, 1, 0, 0])
        Self.write(machine, 0x3100, [1, 5, 0, 0])
        Self.write(machine, 0x5000, [2, 0, 3, 0])
        machine.engine.programCounter = 0x3000
        #expect(machine.engine.run() == .guest(1))
        machine.engine.programCounter = 0x3100
        #expect(machine.engine.run() == .guest(1))
        #expect(machine.guest[0] == 6)
        // From another page: the first is changed, the second is not.
        machine.guest[8] = 0x0A01
        machine.guest[16] = 0x3000
        machine.guest[24] = 0x3000
        machine.guest.lowered = []
        machine.engine.programCounter = 0x5000
        #expect(machine.engine.run() == .guest(1))
        #expect(machine.guest[0] == 16)
        machine.engine.programCounter = 0x3100
        #expect(machine.engine.run() == .guest(1))
        #expect(machine.guest[0] == 21)
        #expect(machine.guest.lowered == [0x5000, 0x3000])
    }

    @Test(arguments: [true, false]) func writesByDevices(optimise: Bool) {
        let machine = VISATestMachine(optimise: optimise)
        machine.guest.lower = Self.lowerFromMemory
        Self.write(machine, 0x3000, [1, 1, 0, 0])
        for value in [UInt8(1), 9, 9] {
            Self.write(machine, 0x3000, [1, value])
            machine.memory.noteExternalWrite(0x3000, count: 2)
            machine.guest[0] = 0
            machine.engine.programCounter = 0x3000
            #expect(machine.engine.run() == .guest(1))
            #expect(machine.guest[0] == UInt64(value))
        }
        // No code there: nothing is asked of the engine.
        machine.memory.noteExternalWrite(0x8000, count: 4096)
        #expect(machine.engine.signals.take() == 0)
    }

    @Test(arguments: [true, false]) func remappedPages(optimise: Bool) {
        let machine = VISATestMachine(optimise: optimise)
        machine.guest.lower = Self.lowerFromMemory
        Self.write(machine, 0x3000, [1, 1, 3, 0])
        Self.write(machine, 0x4000, [1, 2, 3, 0])
        Self.write(machine, 0x8000, [0, 0])
        machine.guest.pages = [0x1_0000: Self.identity(0x3000), 0x8000: Self.identity(0x8000)]
        machine.guest[24] = 0x8000
        machine.engine.programCounter = 0x1_0000
        #expect(machine.engine.run() == .guest(1))
        #expect(machine.guest[0] == 1)
        machine.guest.pages?[0x1_0000] = Self.identity(0x4000)
        machine.engine.flushTLB(.page(0x1_0000))
        machine.engine.programCounter = 0x1_0000
        #expect(machine.engine.run() == .guest(1))
        #expect(machine.guest[0] == 3)
    }

    @Test(arguments: [true, false]) func instructionsThatCrossPages(optimise: Bool) {
        let machine = VISATestMachine(optimise: optimise)
        machine.guest.pages = [
            0x3000: Self.identity(0x3000), 0x4000: Self.identity(0x6000), 0x8000: Self.identity(0x8000),
        ]
        machine.guest.lower = { builder, pc, code in
            if pc == 0x3FFE {
                guard let next = code.nextPageBytes() else { return }
                builder.boundary(pc: pc)
                builder.binary(.add, .i64, 0, 0, imm: Int64(next[1]))
                builder.jump(0x8000)
            } else {
                Self.lowerFromMemory(&builder, pc, &code)
            }
        }
        func run() -> UInt64 {
            machine.guest[0] = 0
            machine.engine.programCounter = 0x3FFE
            _ = machine.engine.run()
            return machine.guest[0]
        }
        (machine.ram + 0x6001).storeBytes(of: 5, as: UInt8.self)
        (machine.ram + 0x7001).storeBytes(of: 6, as: UInt8.self)
        #expect(run() == 5)
        #expect(run() == 5)
        #expect(machine.guest.lowered.count { $0 == 0x3FFE } == 1)
        // The second page is written.
        (machine.ram + 0x6001).storeBytes(of: 7, as: UInt8.self)
        machine.memory.noteExternalWrite(0x6001, count: 1)
        #expect(run() == 7)
        // The second page moves.
        machine.guest.pages?[0x4000] = Self.identity(0x7000)
        machine.engine.flushTLB(.all)
        #expect(run() == 6)
        // The second page goes.
        machine.guest.pages?[0x4000] = nil
        machine.engine.flushTLB(.all)
        machine.guest.delivered = []
        #expect(run() == 0)
        #expect(machine.guest.delivered == [0x3FFE])
        #expect(machine.guest.faults.last?.address == 0x4000)
    }

    @Test func aFullArenaIsFlushed() {
        let machine = VISATestMachine(arenaCapacity: 400)
        for block in 0..<64 {
            let pc = 0x1000 + UInt64(block) * 16
            machine.guest.blocks[pc] = { builder in
                builder.boundary(pc: pc)
                builder.binary(.add, .i64, 0, 0, imm: 1)
                builder.jump(0x1000 + UInt64((block + 1) % 64) * 16)
            }
        }
        machine.engine.programCounter = 0x1000
        #expect(machine.engine.run(maximumInstructions: 6400) == .budget)
        #expect(machine.guest[0] == 6400)
        #expect(machine.engine.cache.flushCount > 10)
    }

    // MARK: Atomics

    @Test(arguments: [Width.i8, .i16, .i32, .i64]) func atomics(width: Width) {
        let machine = VISATestMachine()
        var random = VISARandom(3)
        for address in [UInt64(0x4000), 0x4FFF, 0x4003, 0xFEE0_0000] {
            for operation in AtomicOperation.allCases {
                let (old, operand) = (random.next() & width.mask, random.next())
                let isRAM = address < 0x10000
                if isRAM {
                    withUnsafeBytes(of: old) {
                        (machine.ram + Int(address)).copyMemory(from: $0.baseAddress!, byteCount: width.bytes)
                    }
                }
                machine.bus.onRead = { _ in old }
                machine.bus.writes = []
                machine.guest[8] = operand
                machine.guest[0] = 0
                if !isRAM && address & UInt64(width.bytes - 1) != 0 { continue }
                machine.runOnce { $0.atomic(operation, width, 0, Address(absolute: address), 8) }
                let new: UInt64
                switch operation {
                case .exchange: new = operand
                case .add: new = old &+ operand
                case .and: new = old & operand
                case .or: new = old | operand
                case .xor: new = old ^ operand
                case .reverseSubtract: new = operand &- old
                }
                #expect(machine.guest[0] == old)
                if isRAM {
                    var stored: UInt64 = 0
                    withUnsafeMutableBytes(of: &stored) {
                        $0.baseAddress!.copyMemory(from: machine.ram + Int(address), byteCount: width.bytes)
                    }
                    #expect(stored == new & width.mask, "\(operation) at \(address)")
                } else {
                    #expect(machine.bus.writes.map(\.value) == [new & width.mask])
                }
            }
        }
    }

    @Test func compareExchange() {
        let machine = VISATestMachine()
        for width in Width.allCases {
            for isEqual in [true, false] {
                (machine.ram + 0x4000).storeBytes(of: 0x1122_3344_5566_7788, as: UInt64.self)
                machine.guest[8] = isEqual ? 0x1122_3344_5566_7788 : 5
                machine.guest[16] = 0xA1A2_A3A4_A5A6_A7A8
                machine.guest[0] = 0
                machine.runOnce {
                    $0.compareExchange(width, 0, Address(absolute: 0x4000), expected: 8, desired: 16)
                }
                let old: UInt64 = 0x1122_3344_5566_7788
                let mask = width.mask
                #expect(machine.guest[0] == old & mask)
                let expected = isEqual ? old & ~mask | 0xA1A2_A3A4_A5A6_A7A8 & mask : old
                #expect((machine.ram + 0x4000).load(as: UInt64.self) == expected)
            }
        }
        (machine.ram + 0x4010).storeBytes(of: 1, as: UInt64.self)
        (machine.ram + 0x4018).storeBytes(of: 2, as: UInt64.self)
        machine.guest[512] = 1
        machine.guest[520] = 2
        machine.guest[528] = 3
        machine.guest[536] = 4
        machine.runOnce {
            $0.compareExchange128(544, Address(absolute: 0x4010), expected: 512, desired: 528)
            $0.boundary(pc: 0x1001)
            $0.compareExchange128(560, Address(absolute: 0x4010), expected: 512, desired: 528)
        }
        #expect(machine.guest[544] == 1 && machine.guest[552] == 2)
        #expect(machine.guest[560] == 3 && machine.guest[568] == 4)
        #expect((machine.ram + 0x4018).load(as: UInt64.self) == 4)
        machine.runOnce { $0.compareExchange128(544, Address(absolute: 0x4018), expected: 512, desired: 528) }
        #expect(machine.guest.faults.map(\.address) == [0x4018])
    }

    // MARK: Helpers' memory

    @Test func accessesFromHelpers() throws {
        let machine = VISATestMachine()
        machine.guest.pages = [
            0x1000: Self.identity(0x1000), 0x4000: Self.identity(0x9000), 0x5000: Self.identity(0x7000),
            0x6000: Self.identity(0x6000, writable: false),
        ]
        let engine = machine.engine
        try engine.store(UInt64(0x1122_3344_5566_7788), to: 0x4FFC)
        #expect(try engine.load(0x5000, as: UInt32.self) == 0x1122_3344)
        let bytes = [UInt8](1...200)
        try bytes.withUnsafeBytes { try engine.storeBytes($0, to: 0x4F80) }
        var back = [UInt8](repeating: 0, count: 200)
        try back.withUnsafeMutableBytes { try engine.loadBytes(0x4F80, into: $0) }
        #expect(back == bytes)
        #expect(throws: GuestFault.self) { try bytes.withUnsafeBytes { try engine.storeBytes($0, to: 0x5F80) } }
        #expect((machine.ram + 0x7F80).load(as: UInt8.self) == 0)
        #expect(throws: GuestFault.self) { try engine.probe(0x5F80, count: 4096, access: .write) }
        try engine.probe(0x5F80, count: 256, access: .read)
        #expect(try engine.hostPointer(0x4010, access: .write) == machine.ram + 0x9010)
        #expect(throws: GuestFault.self) { _ = try engine.hostPointer(0x6010, access: .write) }
        #expect(engine.physicalCompareExchange(0x9010, expected: 0, desired: 5))
        #expect(!engine.physicalCompareExchange(0x9010, expected: 0, desired: 6))
        #expect(engine.physicalLoad(0x9010, as: UInt64.self) == 5)
    }
}
