@testable import VirtKitEmulator

/// One form of an instruction: what the decoder and the lowering tell apart at privilege level 3.
struct InstructionForm: Hashable, Sendable {
    enum Operand: UInt8, Sendable {
        /// No ModRM byte.
        case none
        /// ModRM.rm is a register.
        case register
        /// ModRM.rm is in memory.
        case memory
    }

    var is32Bit: Bool
    var map: X86Instruction.Map
    var opcode: UInt8
    /// 66, F2, F3 or 0.
    var prefix: UInt8 = 0
    /// REX.W.
    var isWide = false
    var isLocked = false
    var operand = Operand.none
    /// ModRM.reg, where it is part of the opcode.
    var digit: UInt8?
    /// The whole ModRM byte, where it is part of the opcode.
    var modRM: UInt8?

    /// As in "66 REX.W 0F 38 17 /2 memory".
    var name: String {
        var parts: [String] = is32Bit ? ["32-bit"] : []
        if isLocked { parts.append("lock") }
        if prefix != 0 { parts.append(hex([prefix])) }
        if isWide { parts.append("rex.w") }
        parts.append(hex(escape + [opcode]))
        if let modRM {
            parts.append(hex([modRM]))
        } else if let digit {
            parts.append("/\(digit)")
        }
        if operand != .none, modRM == nil { parts.append("\(operand)") }
        return parts.joined(separator: " ")
    }

    var escape: [UInt8] {
        switch map {
        case .primary: []
        case .map0F: [0x0F]
        case .map0F38: [0x0F, 0x38]
        case .map0F3A: [0x0F, 0x3A]
        }
    }
}

/// Every form that the decoder's tables and the lowering have, found by asking them.
struct FormList {
    /// Those that do something other than to raise #UD.
    var implemented: [InstructionForm] = []
    /// Those that raise #UD.
    var undefined: [InstructionForm] = []

    private var builder = BlockBuilder()
    private let mode: X86Mode
    private let is32Bit: Bool

    init(is32Bit: Bool) {
        self.is32Bit = is32Bit
        mode = Self.mode(is32Bit: is32Bit)
        for map in [X86Instruction.Map.primary, .map0F, .map0F38, .map0F3A] {
            for opcode in UInt8.min...UInt8.max where !isPrefix(map, opcode) {
                for prefix in [0, 0x66, 0xF3, 0xF2] as [UInt8] {
                    for isWide in is32Bit ? [false] : [false, true] {
                        for isLocked in [false, true] {
                            add(
                                InstructionForm(
                                    is32Bit: is32Bit, map: map, opcode: opcode, prefix: prefix, isWide: isWide,
                                    isLocked: isLocked))
                        }
                    }
                }
            }
        }
    }

    /// User code under Linux.
    static func mode(is32Bit: Bool) -> X86Mode {
        var mode = X86Mode.kernel64
        if is32Bit { mode.codeSize = .bits32 }
        mode.privilegeLevel = 3
        mode.ioPrivilege = false
        mode.osxsave = true
        mode.fsgsbase = true
        return mode
    }

    private func isPrefix(_ map: X86Instruction.Map, _ opcode: UInt8) -> Bool {
        switch (map, opcode) {
        case (.primary, 0x0F), (.primary, 0x26), (.primary, 0x2E), (.primary, 0x36), (.primary, 0x3E): true
        case (.primary, 0x64...0x67), (.primary, 0xF0), (.primary, 0xF2), (.primary, 0xF3): true
        case (.primary, 0x40...0x4F): !is32Bit
        case (.map0F, 0x38), (.map0F, 0x3A): true
        default: false
        }
    }

    private mutating func add(_ form: InstructionForm) {
        guard let first = decode(bytes(form, modRM: 0xC1)) ?? decode(bytes(form, modRM: 0x01)) else {
            if !form.isLocked { undefined.append(form) }
            return
        }
        guard first.hasModRM else { return classify(form, 0xC1) }
        for operand in [InstructionForm.Operand.register, .memory] {
            var form = form
            form.operand = operand
            let high: UInt8 = operand == .register ? 0xC0 : 0
            // The x87 opcodes and group 7 go by the whole byte.
            if operand == .register,
                form.map == .primary && form.opcode & 0xF8 == 0xD8 || form.map == .map0F && form.opcode == 1
            {
                for modRM in UInt8(0xC0)...0xFF {
                    form.modRM = modRM
                    classify(form, modRM)
                }
                continue
            }
            let shapes = (UInt8(0)..<8).map { shape(bytes(form, modRM: high | $0 << 3 | 1)) }
            if shapes.allSatisfy({ $0 == shapes[0] }) {
                classify(form, high | 1)
            } else {
                for digit in UInt8(0)..<8 {
                    form.digit = digit
                    classify(form, high | digit << 3 | 1)
                }
            }
        }
    }

    private mutating func classify(_ form: InstructionForm, _ modRM: UInt8) {
        if shape(bytes(form, modRM: modRM)) != nil {
            implemented.append(form)
        } else if !form.isLocked {
            undefined.append(form)
        }
    }

    private func bytes(_ form: InstructionForm, modRM: UInt8) -> [UInt8] {
        var bytes: [UInt8] = form.isLocked ? [0xF0] : []
        if form.prefix != 0 { bytes.append(form.prefix) }
        if form.isWide { bytes.append(0x48) }
        return bytes + form.escape + [form.opcode, modRM] + [UInt8](repeating: 0, count: 12)
    }

    private func decode(_ bytes: [UInt8]) -> X86Instruction? { Self.decode(bytes, is32Bit: is32Bit) }

    static func decode(_ bytes: [UInt8], is32Bit: Bool) -> X86Instruction? {
        var instruction = X86Instruction()
        let outcome = bytes.withUnsafeBufferPointer { buffer -> X86Decoder.Outcome in
            guard let base = buffer.baseAddress else { return .truncated }
            return X86Decoder.decode(
                base, count: buffer.count, codeSize: is32Bit ? .bits32 : .bits64, into: &instruction)
        }
        return outcome == .decoded ? instruction : nil
    }

    /// The operations that the instruction is lowered to, without registers; nil if it raises #UD.
    private mutating func shape(_ bytes: [UInt8]) -> [Int64]? {
        guard let instruction = decode(bytes) else { return nil }
        builder.reset()
        // Only this instruction: INT3 ends the block.
        let code = Array(bytes.prefix(instruction.length)) + [UInt8](repeating: 0xCC, count: 32)
        let mode = mode
        code.withUnsafeBytes { raw in
            var window = CodeWindow(address: 0x1000, bytes: raw) { nil }
            X86Lowering.lowerBlock(&builder, mode: mode, pc: 0x1000, code: &window)
        }
        var shape: [Int64] = []
        for operation in builder.operations {
            if operation.opcode == .helper {
                let immediate = X86HelperImmediate(rawValue: operation.helperImmediate)
                if operation.helperIdentifier == X86Helper.raise.rawValue, immediate.argument == 6 { return nil }
                shape.append(operation.immediate)
            } else {
                shape.append(Int64(operation.opcode.index))
            }
        }
        return shape
    }
}
