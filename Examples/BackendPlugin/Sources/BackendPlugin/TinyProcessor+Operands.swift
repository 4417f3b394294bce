import VirtKit

/// Operands, arithmetic and conditions.
extension TinyProcessor {
    /// A register (of one byte perhaps the high one of a word) or an address.
    enum Operand {
        case register(Int, isHigh: Bool)
        case memory(UInt64)
    }

    /// A register by its number: AH, CH, DH and BH where a byte is meant and there is no REX prefix.
    func register(_ number: Int, _ width: Int, _ prefixes: Prefixes) -> Operand {
        let isHigh = width == 1 && prefixes.rex == nil && number >= 4
        return .register(isHigh ? number - 4 : number, isHigh: isHigh)
    }

    /// Reads a ModR/M byte and what follows it.
    ///
    /// - Parameters:
    ///   - width: the operands' width, which tells AH from SPL.
    ///   - immediate: the number of bytes that follow the operand, for addresses relative to RIP.
    /// - Returns: the register operand, the other one, and the register field as an extension of the opcode.
    func modRM(
        _ prefixes: Prefixes, _ width: Int, immediate: Int = 0
    ) throws(TinyFault) -> (register: Operand, operand: Operand, extension: UInt8) {
        let byte = try fetch()
        let field = byte >> 3 & 7
        let register = register(Int(field) | prefixes.r, width, prefixes)
        let mode = byte >> 6
        if mode == 3 { return (register, self.register(Int(byte & 7) | prefixes.b, width, prefixes), field) }
        var address: UInt64 = 0
        var displacement = [0, 1, 4][Int(mode)]
        switch byte & 7 {
        case 4:
            let scaled = try fetch()
            let index = Int(scaled >> 3 & 7) | prefixes.x
            if index != 4 { address = state.general[index] << UInt64(scaled >> 6) }
            if scaled & 7 == 5, mode == 0 {
                displacement = 4
            } else {
                address &+= state.general[Int(scaled & 7) | prefixes.b]
            }
        case 5 where mode == 0:
            let distance = try fetchSigned(4)
            return (register, .memory(state.rip &+ UInt64(immediate) &+ distance), field)
        default: address = state.general[Int(byte & 7) | prefixes.b]
        }
        return (register, .memory(address &+ (try fetchSigned(displacement))), field)
    }

    func read(_ operand: Operand, _ width: Int) throws(TinyFault) -> UInt64 {
        switch operand {
        case .register(let number, let isHigh):
            return (state.general[number] >> (isHigh ? 8 : 0)) & (UInt64.max >> UInt64(64 - width * 8))
        case .memory(let address): return try load(address, width)
        }
    }

    func write(_ value: UInt64, _ operand: Operand, _ width: Int) throws(TinyFault) {
        guard case .register(let number, let isHigh) = operand else {
            if case .memory(let address) = operand { try store(value, address, width) }
            return
        }
        let mask = (UInt64.max >> UInt64(64 - width * 8)) << (isHigh ? 8 : 0)
        // A write of 4 bytes clears the upper half.
        let kept = width == 4 ? 0 : state.general[number] & ~mask
        state.general[number] = kept | (isHigh ? value << 8 : value) & mask
    }

    /// Throws where a store would fault, before anything is taken from a device.
    func checkStore(_ address: UInt64, _ width: Int) throws(TinyFault) {
        let old = try load(address, width)
        try store(old, address, width)
    }

    /// ADD, OR, ADC, SBB, AND, SUB, XOR and CMP in the six forms of opcodes 00H to 3DH.
    func calculate(_ opcode: UInt8, _ prefixes: Prefixes, _ width: Int) throws(TinyFault) {
        var target = Operand.register(0, isHigh: false)
        let other: UInt64
        if opcode & 7 >= 4 {
            other = try fetchSigned(min(width, 4))
        } else {
            let operands = try modRM(prefixes, width)
            let isToRegister = opcode & 2 != 0
            target = isToRegister ? operands.register : operands.operand
            other = try read(isToRegister ? operands.operand : operands.register, width)
        }
        let result = combine(opcode >> 3 & 7, try read(target, width), other, width)
        if let value = result.value { try write(value, target, width) }
        state.rflags = result.flags
    }

    /// One of the eight operations, with RFLAGS after it (Intel SDM vol. 1, 3.4.3.1). CMP has no value.
    func combine(
        _ operation: UInt8, _ left: UInt64, _ right: UInt64, _ width: Int
    ) -> (value: UInt64?, flags: UInt64) {
        let bits = UInt64(width * 8)
        let mask = UInt64.max >> (64 - bits)
        let (a, b) = (left & mask, right & mask)
        let carryIn = operation == 2 || operation == 3 ? state.rflags & 1 : 0
        let value: UInt64
        var carry = false
        var overflow = false
        switch operation {
        case 0, 2:
            value = (a &+ b &+ carryIn) & mask
            carry = value < a || carryIn != 0 && value == a
            overflow = ((a ^ value) & (b ^ value)) >> (bits - 1) & 1 != 0
        case 3, 5, 7:
            value = (a &- b &- carryIn) & mask
            carry = a < b || carryIn != 0 && a == b
            overflow = ((a ^ b) & (a ^ value)) >> (bits - 1) & 1 != 0
        case 1: value = a | b
        case 4: value = a & b
        default: value = a ^ b
        }
        let isLogical = operation == 1 || operation == 4 || operation == 6
        var flags = state.rflags & ~0x8D5
        if carry { flags |= 1 }
        if UInt8(truncatingIfNeeded: value).nonzeroBitCount & 1 == 0 { flags |= 4 }
        if !isLogical, (a ^ b ^ value) & 0x10 != 0 { flags |= 0x10 }
        if value == 0 { flags |= 0x40 }
        if value >> (bits - 1) != 0 { flags |= 0x80 }
        if overflow { flags |= 0x800 }
        return (operation == 7 ? nil : value, flags)
    }

    /// Whether the condition in an opcode's low four bits holds (Intel SDM vol. 1, appendix B).
    func holds(_ opcode: UInt8) -> Bool {
        let flags = state.rflags
        let (carry, zero, sign) = (flags & 1 != 0, flags & 0x40 != 0, flags & 0x80 != 0)
        let (parity, overflow) = (flags & 4 != 0, flags & 0x800 != 0)
        let positive =
            switch opcode >> 1 & 7 {
            case 0: overflow
            case 1: carry
            case 2: zero
            case 3: carry || zero
            case 4: sign
            case 5: parity
            case 6: sign != overflow
            default: zero || sign != overflow
            }
        return positive == (opcode & 1 == 0)
    }
}
