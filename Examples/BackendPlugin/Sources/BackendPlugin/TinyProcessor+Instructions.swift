import VirtKit

/// The instructions (Intel SDM vol. 2), in 64-bit mode.
extension TinyProcessor {
    /// What stands before an opcode, and what it selects.
    struct Prefixes {
        var isWord = false
        var isRepeated = false
        var rex: UInt8?
        /// The operand's width in bytes where the opcode leaves it open.
        var width: Int { rex.map { $0 & 8 != 0 } == true ? 8 : isWord ? 2 : 4 }
        /// REX.R, REX.X and REX.B as the fourth bit of a register's number.
        var r: Int { Int((rex ?? 0) & 4) << 1 }
        var x: Int { Int((rex ?? 0) & 2) << 2 }
        var b: Int { Int((rex ?? 0) & 1) << 3 }
    }

    /// Executes the instruction at RIP. False where it is not known: nothing has changed then but RIP.
    func executeInstruction() throws(TinyFault) -> Bool {
        var prefixes = Prefixes()
        // An instruction has 15 bytes at most.
        while state.rip &- start < 14 {
            let byte = try fetch()
            switch byte {
            case 0x66: prefixes.isWord = true
            case 0xF3: prefixes.isRepeated = true
            case 0x40...0x4F:
                prefixes.rex = byte
                return try execute(try fetch(), prefixes)
            default: return try execute(byte, prefixes)
            }
        }
        throw .protection
    }

    private func execute(_ opcode: UInt8, _ prefixes: Prefixes) throws(TinyFault) -> Bool {
        let width = opcode & 1 == 0 ? 1 : prefixes.width
        let named = Int(opcode & 7) | prefixes.b
        switch opcode {
        case 0x0F: return try executeTwoByte(try fetch(), prefixes)
        case 0x00...0x3F where opcode & 7 < 6: try calculate(opcode, prefixes, width)
        case 0x50...0x57: try push(state.general[named])
        case 0x58...0x5F: state.general[named] = try pop()
        case 0x6A: try push(try fetchSigned(1))
        case 0x6C...0x6F: try repeatPort(opcode, prefixes)
        case 0x70...0x7F:
            let distance = try fetchSigned(1)
            if holds(opcode) { state.rip &+= distance }
        case 0x80, 0x81, 0x83:
            let count = opcode == 0x81 ? min(width, 4) : 1
            let (_, operand, operation) = try modRM(prefixes, width, immediate: count)
            let value = try fetchSigned(count)
            let result = combine(operation, try read(operand, width), value, width)
            if let written = result.value { try write(written, operand, width) }
            state.rflags = result.flags
        case 0x84, 0x85:
            let (register, operand, _) = try modRM(prefixes, width)
            state.rflags = combine(4, try read(operand, width), try read(register, width), width).flags
        case 0x88, 0x89:
            let (register, operand, _) = try modRM(prefixes, width)
            try write(try read(register, width), operand, width)
        case 0x8A, 0x8B:
            let (register, operand, _) = try modRM(prefixes, width)
            try write(try read(operand, width), register, width)
        case 0x8D:
            let (register, operand, _) = try modRM(prefixes, width)
            guard case .memory(let address) = operand else { throw .undefined }
            try write(address, register, width)
        case 0x90: break
        case 0xA8, 0xA9:
            let value = try fetchSigned(min(width, 4))
            state.rflags = combine(4, state.general[0], value, width).flags
        case 0xAC, 0xAD:
            if prefixes.isRepeated { return false }
            try write(try load(state.general[6], width), .register(0, isHigh: false), width)
            state.general[6] &+= state.rflags & 0x400 == 0 ? UInt64(width) : 0 &- UInt64(width)
        case 0xB0...0xB7: try write(try fetchSigned(1), register(named, 1, prefixes), 1)
        case 0xB8...0xBF: try write(try fetchSigned(prefixes.width), register(named, 8, prefixes), prefixes.width)
        case 0xC3: state.rip = try pop()
        case 0xCF: try returnFromInterrupt()
        case 0xE8:
            let distance = try fetchSigned(4)
            try push(state.rip)
            state.rip &+= distance
        case 0xE9, 0xEB:
            let distance = try fetchSigned(opcode == 0xE9 ? 4 : 1)
            state.rip &+= distance
        case 0xEC, 0xED:
            let count = min(width, 4)
            try write(busRead(state.general[2] & 0xFFFF, count, .port), .register(0, isHigh: false), count)
        case 0xEE, 0xEF: busWrite(state.general[0], state.general[2] & 0xFFFF, min(width, 4), .port)
        case 0xF4:
            state.activity = .halted
            mustAsk = true
        case 0xFA: state.rflags &= ~0x200
        case 0xFB:
            state.blockedBySTI = state.rflags & 0x200 == 0
            state.rflags |= 0x200
            mustAsk = true
        case 0xF6, 0xF7:
            let (_, operand, operation) = try modRM(prefixes, width, immediate: min(width, 4))
            guard operation == 0 else { return false }
            let value = try fetchSigned(min(width, 4))
            state.rflags = combine(4, try read(operand, width), value, width).flags
        case 0xFE, 0xFF:
            let (_, operand, operation) = try modRM(prefixes, width)
            guard operation < 2 else { return false }
            // INC and DEC leave CF.
            let result = combine(operation == 0 ? 0 : 5, try read(operand, width), 1, width)
            try write(result.value ?? 0, operand, width)
            state.rflags = result.flags & ~1 | state.rflags & 1
        default: return false
        }
        return true
    }

    private func executeTwoByte(_ opcode: UInt8, _ prefixes: Prefixes) throws(TinyFault) -> Bool {
        switch opcode {
        case 0x01:
            let (_, operand, operation) = try modRM(prefixes, 8)
            guard case .memory(let address) = operand else { return false }
            switch operation {
            case 3:
                let limit = UInt16(truncatingIfNeeded: try load(address, 2))
                state.idtr = X86_64.DescriptorTable(base: try load(address &+ 2, 8), limit: limit)
            case 7: translations[address >> 12] = nil
            default: return false
            }
        case 0x0B: throw .undefined
        case 0x20, 0x22:
            let byte = try fetch()
            let control = Int(byte >> 3 & 7) | prefixes.r
            return moveControl(control, Int(byte & 7) | prefixes.b, isWrite: opcode == 0x22)
        case 0x30, 0x32: try accessSystemRegister(isWrite: opcode == 0x30)
        case 0x31:
            state.general[0] = counter & 0xFFFF_FFFF
            state.general[2] = counter >> 32
        case 0x80...0x8F:
            let distance = try fetchSigned(4)
            if holds(opcode) { state.rip &+= distance }
        default: return false
        }
        return true
    }

    private func moveControl(_ control: Int, _ register: Int, isWrite: Bool) -> Bool {
        let value = state.general[register]
        switch (control, isWrite) {
        case (0, false): state.general[register] = state.cr0
        case (2, false): state.general[register] = state.cr2
        case (3, false): state.general[register] = state.cr3
        case (4, false): state.general[register] = state.cr4
        case (8, false): state.general[register] = state.cr8
        case (2, true): state.cr2 = value
        case (3, true):
            state.cr3 = value
            forgetTranslations()
        case (8, true) where value < 16:
            state.cr8 = value
            source?.setTaskPriority(UInt8(value), vcpu: 0)
            // A lower priority may let something in.
            mustAsk = true
        default: return false
        }
        return true
    }

    /// RDMSR and WRMSR: the registers are the board's, and #GP is for those that it does not have.
    private func accessSystemRegister(isWrite: Bool) throws(TinyFault) {
        let number = UInt32(truncatingIfNeeded: state.general[1])
        if isWrite {
            let value = state.general[2] << 32 | state.general[0] & 0xFFFF_FFFF
            guard bus?.writeSystemRegister(number, value: value, vcpu: 0) == true else { throw .protection }
            return
        }
        guard let value = bus?.readSystemRegister(number, vcpu: 0) else { throw .protection }
        state.general[0] = value & 0xFFFF_FFFF
        state.general[2] = value >> 32
    }

    /// One element of INS or OUTS. A repeated one goes on at its own beginning while there are more, so that interrupts
    /// and exits find it between two elements.
    private func repeatPort(_ opcode: UInt8, _ prefixes: Prefixes) throws(TinyFault) {
        if prefixes.isRepeated, state.general[1] == 0 { return }
        let width = opcode & 1 == 0 ? 1 : prefixes.isWord ? 2 : 4
        let index = opcode >= 0x6E ? 6 : 7
        let port = state.general[2] & 0xFFFF
        if opcode >= 0x6E {
            busWrite(try load(state.general[6], width), port, width, .port)
        } else {
            try checkStore(state.general[7], width)
            try store(busRead(port, width, .port), state.general[7], width)
        }
        state.general[index] &+= state.rflags & 0x400 == 0 ? UInt64(width) : 0 &- UInt64(width)
        guard prefixes.isRepeated else { return }
        state.general[1] &-= 1
        if state.general[1] != 0 {
            state.rip = start
            instructions &-= 1
        }
    }

    private func returnFromInterrupt() throws(TinyFault) {
        var frame: [UInt64] = []
        for index in 0..<UInt64(5) { frame.append(try load(state.general[4] &+ index * 8, 8)) }
        state.rip = frame[0]
        state.segments[1].selector = UInt16(truncatingIfNeeded: frame[1])
        state.rflags = frame[2] & 0x3F_7FD5 | 2
        state.general[4] = frame[3]
        state.segments[2].selector = UInt16(truncatingIfNeeded: frame[4])
        state.nmiBlocked = false
        mustAsk = true
    }
}
