@testable import VirtKitEmulator

/// Encodes forms with random prefixes, registers, addresses and immediates.
struct InstructionEncoder {
    var form: InstructionForm
    /// Memory operands at constant addresses in the data window: for blocks, whose registers change.
    var isAbsolute = false

    /// Random bytes of the form, and what the decoder says of them; nil where they came out as another form.
    func encode(at address: UInt64, _ random: inout RandomBits) -> (bytes: [UInt8], instruction: X86Instruction)? {
        var bytes = prefixes(&random)
        bytes += form.escape + [form.opcode]
        if form.operand != .none {
            if let modRM = form.modRM {
                bytes.append(modRM)
            } else {
                let middle = (form.digit ?? UInt8(random.below(8))) << 3
                if form.operand == .register {
                    bytes.append(0xC0 | middle | UInt8(random.below(8)))
                } else {
                    bytes += memory(middle, &random)
                }
            }
        }
        let count = bytes.count
        bytes += tail(&random)
        guard var instruction = FormList.decode(bytes, is32Bit: form.is32Bit) else { return nil }
        bytes = Array(bytes.prefix(instruction.length))
        if instruction.base == X86Instruction.ripBase {
            // The displacement stands before the immediate.
            let target = Self.target(&random) &- (address &+ UInt64(bytes.count))
            for index in 0..<4 { bytes[count - 4 + index] = UInt8(truncatingIfNeeded: target >> UInt64(index * 8)) }
            instruction.displacement = Int64(Int32(truncatingIfNeeded: target))
        }
        // Others than 16-bit double shifts by less than their size are undefined.
        if form.map == .map0F, form.opcode == 0xA4 || form.opcode == 0xAC, instruction.operandBytes == 2 {
            bytes[bytes.count - 1] &= 0x0F
            instruction.immediate &= 0x0F
        }
        if form.map == .primary, form.opcode == 0xCD, bytes.last == 0x80 { return nil }
        return (bytes, instruction)
    }

    /// 66 means other things to other makers there.
    private var isBranch: Bool { form.map == .map0F && form.opcode & 0xF0 == 0x80 }

    private func prefixes(_ random: inout RandomBits) -> [UInt8] {
        var legacy: [UInt8] = []
        if form.isLocked { legacy.append(0xF0) }
        if form.prefix != 0 { legacy.append(form.prefix) }
        if form.prefix == 0xF2 || form.prefix == 0xF3, form.map != .primary, !isBranch, random.once(in: 8) {
            legacy.append(0x66)
        }
        let changesAddress = !form.is32Bit || form.operand != .memory
        if changesAddress, !isAbsolute, random.once(in: 10) { legacy.append(0x67) }
        if random.once(in: 10) {
            let plain: [UInt8] = form.is32Bit ? [0x26, 0x3E, 0x64, 0x65] : []
            legacy.append(
                random.pick(
                    isAbsolute
                        ? [0x26, 0x3E] : form.is32Bit ? plain : [0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x64, 0x65]))
        }
        for index in legacy.indices.dropFirst() { legacy.swapAt(index, random.below(index + 1)) }
        guard !form.is32Bit else { return legacy }
        var rex: UInt8 = form.isWide ? 0x48 : 0
        if random.once(in: 3) { rex |= 0x40 | UInt8(random.below(8)) }
        // Only the last REX counts, and only right before the opcode.
        if rex != 0, random.once(in: 40) { legacy.append(0x41) }
        return rex == 0 ? legacy : legacy + [rex]
    }

    static func target(_ random: inout RandomBits) -> UInt64 {
        Window.data + UInt64(random.below(Int(Window.dataSize) - 64)) & (random.flip() ? ~15 : ~0)
    }

    private func memory(_ middle: UInt8, _ random: inout RandomBits) -> [UInt8] {
        if isAbsolute || random.once(in: 12) {
            let target = Self.target(&random)
            let bytes = (0..<4).map { UInt8(truncatingIfNeeded: target >> UInt64($0 * 8)) }
            return form.is32Bit ? [middle | 5] + bytes : [middle | 4, 0x25] + bytes
        }
        // RIP-relative (an absolute address in 32-bit code).
        if random.once(in: 10) { return [middle | 5] + (0..<4).map { _ in random.byte() } }
        let mod = UInt8(random.below(3))
        let base = UInt8(random.below(8))
        var bytes: [UInt8] = [mod << 6 | middle | base]
        if base == 4 { bytes.append(random.byte()) }
        let hasLong = mod == 2 || (mod == 0 && base == 4 && bytes[1] & 7 == 5)
        if hasLong {
            let value = random.flip() ? UInt64(bitPattern: Int64(random.below(4096) - 2048)) : random.next()
            bytes += (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
        } else if mod == 0, base == 5 {
            bytes[0] |= 0x40
            bytes.append(random.byte())
        } else if mod == 1 {
            bytes.append(random.byte())
        }
        return bytes
    }

    /// What may follow: immediates, of which the decoder takes what it needs.
    private func tail(_ random: inout RandomBits) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < 12 {
            let value = random.interesting()
            let count = random.pick([1, 2, 4, 8])
            for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(index * 8))) }
        }
        return bytes
    }
}
