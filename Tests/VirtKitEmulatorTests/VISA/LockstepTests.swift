import Testing

@testable import VirtKitEmulator

/// Random programs in the optimised engine against the unoptimised one: the oracle for the passes.
@Suite struct LockstepTests {
    /// One random block. Slots 0 to 112 are registers (8 of them data); memory is 0x8000 to 0x8FFF, page 0x9000 faults.
    ///
    /// The instructions before `from` are left out: a budget may have ended inside the block.
    private static func block(
        _ target: inout BlockBuilder, pc: UInt64, seed: UInt64, blocks: Int, from start: UInt64
    ) {
        var whole = BlockBuilder()
        block(&whole, pc: pc, seed: seed, blocks: blocks)
        var isWanted = false
        for operation in whole.operations {
            if operation.opcode == .boundary && UInt64(bitPattern: operation.immediate) >= start {
                isWanted = true
                target.boundary(pc: UInt64(bitPattern: operation.immediate))
            } else if isWanted {
                target.emit(operation)
            }
        }
        target.finish()
    }

    private static func block(_ builder: inout BlockBuilder, pc: UInt64, seed: UInt64, blocks: Int) {
        var random = VISARandom(seed)
        func register() -> Place { Place(random.next() % 8) * 8 }
        func width() -> Width { Width(rawValue: UInt8(random.next() % 4)) ?? .i8 }
        func target() -> UInt64 { 0x1000 + random.next() % UInt64(blocks) * 0x40 }
        func condition() -> Condition { Condition(rawValue: UInt8(random.next() % 16)) ?? .zero }
        func small() -> Int64 { Int64(bitPattern: random.edge()) }
        func address(_ builder: inout BlockBuilder) -> Address {
            let masked = builder.newTemp()
            // Sometimes over the end of the page, to fault.
            builder.binary(.and, .i64, masked, register(), imm: random.next() % 16 == 0 ? 0x1FFF : 0xFF8)
            return Address(base: masked, displacement: 0x8000)
        }
        let binary: [BinaryOperation] = BinaryOperation.allCases
        let count = 2 + random.next() % 10
        for index in 0..<count {
            builder.boundary(pc: pc + index)
            let (w, d, s) = (width(), register(), register())
            switch random.next() % 16 {
            case 0, 1:
                let kinds: [(FlagKind, BinaryOperation)] = [(.add, .add), (.sub, .sub), (.logic, .and)]
                let (kind, operation) = kinds[Int(random.next() % 3)]
                if random.next() % 2 == 0 {
                    builder.setFlags(kind, w, d, s)
                    builder.binary(operation, w, d, d, s)
                } else {
                    let value = small()
                    builder.setFlags(kind, w, d, imm: value)
                    builder.binary(operation, w, d, d, imm: value)
                }
            case 2:
                builder.binary(random.next() % 2 == 0 ? .or : .xor, w, d, d, s)
                builder.setFlagsLogic(w, d)
            case 3:
                let isUp = random.next() % 2 == 0
                builder.setFlags(isUp ? .inc : .dec, w, d)
                builder.binary(isUp ? .add : .sub, w, d, d, imm: 1)
            case 4:
                let operations: [(FlagKind, BinaryOperation)] = [
                    (.shl, .shl), (.shr, .shr), (.sar, .sar), (.rol, .rol),
                ]
                let (kind, operation) = operations[Int(random.next() % 4)]
                if random.next() % 2 == 0 {
                    let value = Int64(random.next() % 40)
                    builder.setFlags(kind, w, d, imm: value)
                    builder.binary(operation, w, d, d, imm: value)
                } else {
                    builder.setFlags(kind, w, d, s)
                    builder.binary(operation, w, d, d, s)
                }
            case 5, 6:
                if random.next() % 2 == 0 { builder.setFlags(.sub, w, d, s) } else { builder.setFlags(.logic, w, d, s) }
            case 7:
                let at = address(&builder)
                let temp = builder.newTemp()
                builder.load(w, temp, at)
                builder.mov(w, d, temp)
            case 8: builder.store(w, s, address(&builder))
            case 9:
                // add [m], r
                let at = address(&builder)
                let (old, sum) = (builder.newTemp(), builder.newTemp())
                builder.load(w, old, at)
                builder.binary(.add, w, sum, old, s)
                builder.store(w, sum, at)
                builder.setFlags(.add, w, old, s)
            case 10: builder.condition(condition(), .i8, d)
            case 11: builder.selectIf(condition(), w, d, s, d)
            case 12:
                let carry = builder.newTemp()
                builder.condition(.carry, .i64, carry)
                let sum = builder.newTemp()
                builder.binary(.add, w, sum, s, carry)
                builder.setFlags(.adc, w, d, s, carry: carry)
                builder.binary(.add, w, d, d, sum)
            case 13:
                let temp = builder.newTemp()
                builder.lea(.i64, temp, Address(base: d, index: s, scale: 2, displacement: small()))
                builder.mov(.i64, d, temp)
            case 14:
                if random.next() % 3 == 0 { builder.complementCarry() } else { builder.setCarry(from: s) }
            default: builder.binary(binary[Int(random.next() % UInt64(binary.count))], w, d, s, register())
            }
        }
        builder.boundary(pc: pc + count)
        switch random.next() % 8 {
        case 0: builder.jump(target())
        case 1: builder.branch(.unsignedLess, .i32, register(), register(), taken: target(), otherwise: target())
        case 2:
            let temp = builder.newTemp()
            builder.mov(.i64, temp, imm: Int64(target()))
            builder.jumpIndirect(temp)
        default: builder.branchIf(condition(), taken: target(), otherwise: target())
        }
    }

    private static func machine(optimise: Bool, seed: UInt64) -> VISATestMachine {
        let machine = VISATestMachine(optimise: optimise)
        machine.guest.lower = { builder, pc, _ in
            let block = (pc - 0x1000) / 0x40
            Self.block(&builder, pc: pc & ~0x3F, seed: seed &* 100 &+ block, blocks: 24, from: pc)
        }
        var pages: [UInt64: PageTranslation] = [:]
        for page in [UInt64(0x1000), 0x8000] {
            pages[page] = PageTranslation(
                physicalPage: page, isReadable: true, isWritable: true, isExecutable: true, isGlobal: false)
        }
        machine.guest.pages = pages
        var random = VISARandom(seed)
        for register in 0..<8 { machine.guest[Place(register * 8)] = random.edge() }
        machine.engine.programCounter = 0x1000
        // A fault goes on at the block after the faulting one's, and leaves a trace.
        machine.guest.onDeliver = { engine in
            machine.guest[64] = machine.guest[64] &* 31 &+ engine.programCounter &+ engine.flags
            engine.programCounter = 0x1000 + (engine.programCounter / 0x40 + 1) % 24 * 0x40
            return nil
        }
        return machine
    }

    @Test(arguments: 1...60) func program(seed: Int) {
        let fast = Self.machine(optimise: true, seed: UInt64(seed))
        let oracle = Self.machine(optimise: false, seed: UInt64(seed))
        for round in 0..<60 {
            let before = fast.engine.instructionCount
            let end = fast.engine.run(maximumInstructions: UInt64(1 + round))
            let ran = fast.engine.instructionCount - before
            let oracleEnd = oracle.engine.run(maximumInstructions: ran)
            #expect(end == oracleEnd)
            #expect(fast.engine.instructionCount == oracle.engine.instructionCount)
            for slot in stride(from: Place(0), through: 128, by: 8) {
                #expect(fast.guest[slot] == oracle.guest[slot], "slot \(slot), round \(round)")
            }
            #expect(fast.engine.flags == oracle.engine.flags, "flags, round \(round)")
            guard fast.guest[128] == oracle.guest[128], fast.engine.flags == oracle.engine.flags else { return }
        }
        for offset in stride(from: 0x8000, to: 0x9000, by: 8) {
            #expect((fast.ram + offset).load(as: UInt64.self) == (oracle.ram + offset).load(as: UInt64.self))
        }
        #expect(fast.guest.delivered == oracle.guest.delivered)
        // What the machines hold of themselves.
        fast.guest.onDeliver = { _ in nil }
        oracle.guest.onDeliver = { _ in nil }
    }
}
