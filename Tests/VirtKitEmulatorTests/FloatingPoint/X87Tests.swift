import Testing

@testable import VirtKitEmulator

/// What the x87 unit does apart from its arithmetic: forms, exceptions, images of its state.
struct X87Tests {
    /// A state area and an operand buffer.
    final class Unit {
        let state = UnsafeMutableRawPointer.allocate(byteCount: X87Layout.size, alignment: 16)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 512, alignment: 16)
        var context = X87Context()
        var flags: UInt64 = 0
        var view: X87State { X87State(state) }

        init() {
            state.initializeMemory(as: UInt8.self, repeating: 0, count: X87Layout.size)
            memory.initializeMemory(as: UInt8.self, repeating: 0, count: 512)
            X87.initialize(state)
        }

        deinit {
            state.deallocate()
            memory.deallocate()
        }

        @discardableResult
        func run(_ opcode: UInt16) -> X87Outcome {
            X87.execute(opcode, context: context, state: state, memory: memory, flags: &flags)
        }

        func word(_ offset: Int) -> UInt16 { memory.loadUnaligned(fromByteOffset: offset, as: UInt16.self) }

        func double(_ offset: Int) -> UInt32 { memory.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }
    }

    @Test func forms() throws {
        #expect(X87.form(0xd900, operandSize16: false) == X87Form(memoryBytes: 4, access: .read))
        #expect(X87.form(0xdd18, operandSize16: false) == X87Form(memoryBytes: 8, access: .write))
        #expect(X87.form(0xdb28, operandSize16: false) == X87Form(memoryBytes: 10, access: .read))
        #expect(X87.form(0xdf30, operandSize16: false) == X87Form(memoryBytes: 10, access: .write))
        #expect(X87.form(0xd930, operandSize16: false) == X87Form(memoryBytes: 28, access: .write, waits: false))
        #expect(X87.form(0xd920, operandSize16: true) == X87Form(memoryBytes: 14, access: .read))
        #expect(X87.form(0xdd30, operandSize16: false) == X87Form(memoryBytes: 108, access: .write, waits: false))
        #expect(X87.form(0xdd20, operandSize16: true) == X87Form(memoryBytes: 94, access: .read))
        #expect(
            X87.form(0xdfe0, operandSize16: false)
                == X87Form(memoryBytes: 0, access: .none, writesAX: true, waits: false))
        #expect(X87.form(0xdff1, operandSize16: false)?.writesFlags == true)
        #expect(X87.form(0xdac1, operandSize16: false)?.readsFlags == true)
        #expect(X87.form(0xdbe3, operandSize16: false)?.waits == false)
        for reserved: UInt16 in [
            0xd9d1, 0xd908, 0xdb20, 0xdb30, 0xdd28, 0xd9e2, 0xd9ef, 0xdbe5, 0xdae8, 0xded8, 0xdfe1, 0xdff8, 0x90,
        ] {
            #expect(X87.form(reserved, operandSize16: false) == nil, "\(String(reserved, radix: 16))")
        }
    }

    /// An unmasked exception is reported by the next instruction that waits, and by no other.
    @Test func pendingException() {
        let unit = Unit()
        unit.view.control = 0x37e
        #expect(unit.run(0xd9e4) == .done)
        #expect(unit.view.status & 0x80c1 == 0x80c1)
        #expect(X87.isExceptionPending(unit.state))
        #expect(unit.run(0xd9e8) == .pendingException)
        #expect(unit.run(0xdfe0) == .done)
        #expect(unit.word(0) == unit.view.status)
        #expect(unit.run(0xdbe2) == .done)
        #expect(!X87.isExceptionPending(unit.state))
        #expect(unit.run(0xd9e8) == .done)
        #expect(unit.view[0] == .one)
    }

    /// An unmasked overflow keeps a store from happening.
    @Test func suppressedStore() {
        let unit = Unit()
        unit.view.control = 0x377
        unit.view.push(Float80Bits(signExponent: 0x7ffe, significand: 1 << 63))
        #expect(unit.run(0xdd18) == .noStore)
        #expect(unit.view.top == 7 && !unit.view.isEmpty(0))
        #expect(unit.view.status & 0x80bf == 0x8088)
    }

    /// FNSTENV's four layouts (SDM volume 1, figures 8-9 to 8-12).
    @Test func environments() {
        let unit = Unit()
        unit.context = X87Context(
            instructionPointer: 0x0012_3456, codeSelector: 0x33, dataPointer: 0x0009_8765, dataSelector: 0x2b)
        unit.run(0xd945)
        #expect(unit.view.opcode == 0x145)
        unit.run(0xd930)
        #expect(unit.double(0) == 0xffff_037f && unit.double(8) == 0xffff_7fff)
        #expect(unit.double(12) == 0x0012_3456 && unit.double(16) == 0x0145_0033)
        #expect(unit.double(20) == 0x0009_8765 && unit.double(24) == 0xffff_002b)
        unit.context.realMode = true
        unit.run(0xd930)
        #expect(unit.double(12) == 0xffff_3456 && unit.double(16) == 0x0001_2145)
        #expect(unit.double(20) == 0xffff_8765 && unit.double(24) == 0x0000_9000)
        let (instruction, data) = (unit.view.instructionPointer, unit.view.dataPointer)
        unit.run(0xdbe3)
        #expect(unit.view.instructionPointer == 0)
        unit.run(0xd920)
        #expect(unit.view.instructionPointer == instruction && unit.view.dataPointer == data)
        unit.context.operandSize16 = true
        unit.run(0xd930)
        #expect(unit.word(6) == 0x3456 && unit.word(8) == 0x2145 && unit.word(10) == 0x8765 && unit.word(12) == 0x9000)
        unit.context.realMode = false
        unit.run(0xd930)
        #expect(unit.word(6) == 0x3456 && unit.word(10) == 0x8765)
    }

    /// FXSAVE's legacy area gives back what it took.
    @Test(arguments: [false, true])
    func fxsave(is64Bit: Bool) {
        let unit = Unit()
        unit.context = X87Context(
            instructionPointer: 0xffff_8000_1234_5678, codeSelector: is64Bit ? 0 : 0x10,
            dataPointer: 0x7fff_1234_5678_9abc, dataSelector: is64Bit ? 0 : 0x18)
        unit.run(0xd9eb)
        unit.run(0xd945)
        unit.run(0xd9e8)
        X87.storeFXSave(unit.state, to: unit.memory, is64Bit: is64Bit)
        #expect(unit.word(4) == 0b1110_0000)
        #expect(unit.word(40) == 0x3fff)
        #expect(unit.word(72) == 0x4000)
        let other = Unit()
        X87.loadFXSave(other.state, from: unit.memory, is64Bit: is64Bit)
        for offset in 0..<X87Layout.size {
            if !is64Bit && (140..<144 ~= offset || 148..<152 ~= offset) { continue }
            let expected = unit.state.load(fromByteOffset: offset, as: UInt8.self)
            #expect(other.state.load(fromByteOffset: offset, as: UInt8.self) == expected, "byte \(offset)")
        }
    }

    @Test func mmx() {
        let unit = Unit()
        unit.run(0xd9e8)
        X87.enterMMX(unit.state)
        #expect(unit.view.top == 0 && unit.view.tag == 0xff)
        X87.emptyMMX(unit.state)
        #expect(unit.view.tag == 0)
    }

    /// No opcode and no content of the area traps.
    @Test func anything() {
        var samples = SampleGenerator(seed: 7)
        let unit = Unit()
        for opcode: UInt16 in 0xd800...0xdfff {
            for _ in 0..<20 {
                for offset in stride(from: 0, to: X87Layout.size, by: 8) {
                    unit.state.storeBytes(of: samples.roughBits(), toByteOffset: offset, as: UInt64.self)
                }
                for index in 0..<8 where samples.below(2) == 0 { unit.view.setPhysical(index, samples.extended()) }
                for offset in stride(from: 0, to: 128, by: 8) {
                    unit.memory.storeBytes(of: samples.next(), toByteOffset: offset, as: UInt64.self)
                }
                unit.view.status &= 0x7f7f
                unit.view.tag |= UInt8(samples.below(256))
                unit.context.operandSize16 = samples.below(2) == 0
                unit.context.realMode = samples.below(2) == 0
                unit.flags = samples.next()
                #expect(unit.run(opcode) != .pendingException)
            }
        }
    }
}
