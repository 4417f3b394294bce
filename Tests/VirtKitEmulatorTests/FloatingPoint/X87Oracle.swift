import CVirtKitTestSupport

@testable import VirtKitEmulator

/// One x87 instruction with its operands and state, run here and on the host.
struct X87Case {
    var opcode: UInt16
    var operandSize16 = false
    var control: UInt16 = 0x37f
    var status: UInt16 = 0
    var tag: UInt8 = 0xff
    /// In physical order.
    var registers: [Float80Bits]
    var memory: [UInt8]
    var flags: UInt64 = 0

    struct Result: Equatable {
        var control: UInt16
        var status: UInt16
        var tag: UInt8
        var registers: [Float80Bits]
        var memory: [UInt8]
        var flags: UInt64
    }

    var top: Int { Int(status >> 11 & 7) }

    func runOnHost() -> Result {
        let image = UnsafeMutableRawPointer.allocate(byteCount: 1024, alignment: 64)
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: 128, alignment: 64)
        defer {
            image.deallocate()
            buffer.deallocate()
        }
        // SAFETY: every offset below is under 512, and the second half of the area is as large.
        image.initializeMemory(as: UInt8.self, repeating: 0, count: 1024)
        buffer.copyMemory(from: memory, byteCount: 128)
        image.storeBytes(of: control, as: UInt16.self)
        image.storeBytes(of: status, toByteOffset: 2, as: UInt16.self)
        image.storeBytes(of: tag, toByteOffset: 4, as: UInt8.self)
        image.storeBytes(of: 0x1f80, toByteOffset: 24, as: UInt32.self)
        for index in 0..<8 {
            let bits = registers[(top + index) & 7]
            image.storeBytes(of: bits.significand, toByteOffset: 32 + index * 16, as: UInt64.self)
            image.storeBytes(of: bits.signExponent, toByteOffset: 40 + index * 16, as: UInt16.self)
        }
        let result = image + 512
        let after = vkt_x87(opcode, operandSize16, image, buffer, flags, result)
        let newStatus = result.load(fromByteOffset: 2, as: UInt16.self)
        var physical = registers
        for index in 0..<8 {
            physical[(Int(newStatus >> 11 & 7) + index) & 7] = Float80Bits(
                signExponent: result.load(fromByteOffset: 40 + index * 16, as: UInt16.self),
                significand: result.load(fromByteOffset: 32 + index * 16, as: UInt64.self))
        }
        return Result(
            control: result.load(as: UInt16.self), status: newStatus,
            tag: result.load(fromByteOffset: 4, as: UInt8.self),
            registers: physical, memory: Array(UnsafeRawBufferPointer(start: buffer, count: 128)),
            flags: after & 0x8d5)
    }

    func run() -> Result {
        let state = UnsafeMutableRawPointer.allocate(byteCount: X87Layout.size, alignment: 16)
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: 128, alignment: 16)
        defer {
            state.deallocate()
            buffer.deallocate()
        }
        X87.initialize(state)
        let view = X87State(state)
        view.control = control
        view.status = status
        view.tag = tag
        for index in 0..<8 { view.setPhysical(index, registers[index]) }
        buffer.copyMemory(from: memory, byteCount: 128)
        var flags = flags
        let form = X87.form(opcode, operandSize16: operandSize16)
        let outcome = X87.execute(
            opcode, context: X87Context(operandSize16: operandSize16), state: state, memory: buffer, flags: &flags)
        var stored = memory
        if outcome == .done, let form, form.access == .write {
            for index in 0..<form.memoryBytes { stored[index] = buffer.load(fromByteOffset: index, as: UInt8.self) }
        }
        return Result(
            control: view.control, status: view.status, tag: view.tag, registers: (0..<8).map { view.physical($0) },
            memory: stored, flags: flags & 0x8d5)
    }
}

extension X87Case {
    static func hex(_ value: some BinaryInteger) -> String { String(value, radix: 16) }

    static func hex(_ bits: Float80Bits) -> String { "\(hex(bits.signExponent)):\(hex(bits.significand))" }

    /// What differs between two results, for a failure's message.
    func difference(_ ours: Result, _ host: Result) -> String {
        var text = "\(Self.hex(opcode)) cw \(Self.hex(control)) sw \(Self.hex(status)) tag \(Self.hex(tag))"
        text += " st0 \(Self.hex(registers[top])) st1 \(Self.hex(registers[(top + 1) & 7]))"
        text += " sti \(Self.hex(registers[(top + Int(opcode & 7)) & 7]))"
        text += " mem \(Self.hex(word(memory, 8))):\(Self.hex(word(memory, 0)));"
        if ours.control != host.control { text += " control \(Self.hex(ours.control)), host \(Self.hex(host.control))" }
        if ours.status != host.status { text += " status \(Self.hex(ours.status)), host \(Self.hex(host.status))" }
        if ours.tag != host.tag { text += " tag \(Self.hex(ours.tag)), host \(Self.hex(host.tag))" }
        if ours.flags != host.flags { text += " flags \(Self.hex(ours.flags)), host \(Self.hex(host.flags))" }
        for index in 0..<8 where ours.registers[index] != host.registers[index] {
            text += " R\(index) \(Self.hex(ours.registers[index])), host \(Self.hex(host.registers[index]))"
        }
        for offset in stride(from: 0, to: 128, by: 8) where word(ours.memory, offset) != word(host.memory, offset) {
            text += " mem+\(offset) \(Self.hex(word(ours.memory, offset))), host \(Self.hex(word(host.memory, offset)))"
        }
        return text
    }

    private func word(_ bytes: [UInt8], _ offset: Int) -> UInt64 {
        (0..<8).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
    }
}

extension SampleGenerator {
    /// A double-extended number, seldom an encoding that the processor doesn't accept.
    mutating func extended() -> Float80Bits {
        let high = UInt16(truncatingIfNeeded: number(exponentBits: 15, fractionBits: 1) >> 1)
        let fraction: UInt64 =
            switch below(8) {
            case 0: 0
            case 1: below(4)
            case 2: ~below(4)
            case 3: next() << 40
            case 4: next() << 11
            default: roughBits()
            }
        let hasIntegerBit = high & 0x7fff == 0 ? below(4) == 0 : below(16) != 0
        return Float80Bits(signExponent: high, significand: fraction & ~(1 << 63) | (hasIntegerBit ? 1 << 63 : 0))
    }

    /// A state without a pending exception and a memory operand fit for the instruction.
    mutating func x87Case(_ opcode: UInt16, unmasked: Bool) -> X87Case {
        let masks = unmasked ? UInt16(below(64)) : 0x3f
        let precision: UInt16 = [0, 2, 3, 3][Int(below(4))]
        let control = 0x40 | masks | precision << 8 | UInt16(below(4)) << 10
        var status = UInt16(truncatingIfNeeded: next()) & 0x7f00 | UInt16(below(128)) & 0x40
        status |= UInt16(below(64)) & masks
        var registers = (0..<8).map { _ in extended() }
        let top = Int(status >> 11 & 7)
        if below(4) == 0 {
            // Operands of about the same size.
            registers[(top + 1) & 7].signExponent =
                registers[top].signExponent &+ UInt16(below(5)) &- 2 ^ UInt16(below(2)) << 15
        }
        if below(8) == 0 { registers[(top + 1) & 7] = registers[top] }
        var tag: UInt8 = 0
        switch below(4) {
        case 0: tag = UInt8(below(256))
        case 1: tag = 0xff
        default:
            let count = 1 + below(7)
            for index in 0..<Int(count) { tag |= 1 << UInt8((top + index) & 7) }
        }
        var memory = [UInt8](repeating: 0xa5, count: 128)
        func put(_ value: UInt64, _ count: Int, at offset: Int = 0) {
            for index in 0..<count { memory[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
        }
        switch X87Instruction(opcode)?.operand {
        case .single: put(UInt64(single()), 4)
        case .double: put(double(), 8)
        case .extended:
            let bits = extended()
            put(bits.significand, 8)
            put(UInt64(bits.signExponent), 2, at: 8)
        case .bcd:
            let nine = { (generator: inout SampleGenerator) in
                (0..<8).reduce(0 as UInt64) { sum, _ in sum << 8 | generator.below(10) << 4 | generator.below(10) }
            }
            put(nine(&self), 8)
            put(nine(&self) & 0xff | next() & 0x8000, 2, at: 8)
        case .int16, .int32, .int64: put(roughBits(), 8)
        default: for index in 0..<128 { memory[index] = UInt8(truncatingIfNeeded: next()) }
        }
        return X87Case(
            opcode: opcode, control: control, status: status, tag: tag, registers: registers, memory: memory,
            flags: next() & 0x8d5)
    }
}
