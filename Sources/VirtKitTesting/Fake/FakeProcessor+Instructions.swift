internal import VirtKitCore

/// The instructions that the fake knows (Intel SDM vol. 2): those of the conformance kit's guests.
extension FakeProcessor {
    private struct Prefixes {
        var isWord = false
        var isRepeated = false
        var rex: UInt8 = 0
        var width: Int { rex & 8 != 0 ? 8 : isWord ? 2 : 4 }
    }

    /// A register or memory operand.
    private enum Operand {
        case register(Int)
        case memory(UInt64)
    }

    /// Executes one instruction. Returns an exit where it can't be, or where it ends the run.
    func step() -> VCPUExit? {
        start = state.rip
        let isShadowed = state.blockedBySTI
        var prefixes = Prefixes()
        opcode = fetch()
        while true {
            switch opcode {
            case 0x66: prefixes.isWord = true
            case 0xF3: prefixes.isRepeated = true
            case 0xF0: break
            case 0x40...0x4F: prefixes.rex = opcode
            default:
                let exit = execute(prefixes)
                if isShadowed { state.blockedBySTI = false }
                return exit
            }
            opcode = fetch()
        }
    }

    private func execute(_ prefixes: Prefixes) -> VCPUExit? {
        let width = opcode & 1 == 0 ? 1 : prefixes.width
        instructions &+= 1
        switch opcode {
        case 0x01, 0x31:
            let (register, operand) = modRM(prefixes)
            let value = read(operand, width)
            let other = readRegister(register, width)
            let result = opcode == 0x01 ? value &+ other : value ^ other
            write(result, operand, width)
            setFlags(result, width)
        case 0x50...0x57: push(state.general[Int(opcode & 7) | Int(prefixes.rex & 1) << 3])
        case 0x58...0x5F: state.general[Int(opcode & 7) | Int(prefixes.rex & 1) << 3] = pop()
        case 0x6C...0x6F: repeatPort(prefixes, opcode & 1 == 0 ? 1 : prefixes.isWord ? 2 : 4)
        case 0x74, 0x75:
            let distance = UInt64(bitPattern: Int64(Int8(bitPattern: fetch())))
            if (state.rflags & 0x40 != 0) == (opcode == 0x74) { state.rip &+= distance }
        case 0x88, 0x89:
            let (register, operand) = modRM(prefixes)
            var wide = width
            if fault == .storesTooWide, width == 2, case .memory(let address) = operand, address < 0x1_0000 { wide = 4 }
            write(readRegister(register, wide), operand, wide)
        case 0x8A, 0x8B:
            let (register, operand) = modRM(prefixes)
            var value = read(operand, width)
            if fault == .loadsForgetUpperBits, width == 8, case .memory(let address) = operand, address < 0x1_0000 {
                value &= 0xFFFF_FFFF
            }
            writeRegister(value, register, width)
        case 0x90: break
        case 0xB0...0xB7: writeRegister(UInt64(fetch()), Int(opcode & 7) | Int(prefixes.rex & 1) << 3, 1)
        case 0xCF: returnFromInterrupt()
        case 0xEB:
            let distance = UInt64(bitPattern: Int64(Int8(bitPattern: fetch())))
            state.rip &+= distance
        case 0xEC, 0xED:
            let width = opcode == 0xEC ? 1 : prefixes.isWord ? 2 : 4
            let value = busRead(state.general[2] & 0xFFFF, width, .port)
            writeRegister(value, 0, fault == .portReadsClearRegister ? 8 : width)
        case 0xEE, 0xEF: return output(opcode == 0xEE ? 1 : prefixes.isWord ? 2 : 4)
        case 0xF4:
            state.activity = .halted
            askAgain()
            if fault == .clobbersR15 { state.general[15] = 0 }
        case 0xFA: state.rflags &= ~0x200
        case 0xFB:
            state.blockedBySTI = state.rflags & 0x200 == 0
            state.rflags |= 0x200
            if fault != .forgetsWaitingInterrupt { askAgain() }
        case 0xFE, 0xFF:
            let (operation, operand) = modRM(prefixes)
            guard operation & 7 < 2 else { return unknown() }
            let result = read(operand, width) &+ (operation & 7 == 0 ? 1 : .max)
            write(result, operand, width)
            setFlags(result, width)
        case 0x0F: return executeTwoByte(prefixes)
        default: return unknown()
        }
        return nil
    }

    private func unknown() -> VCPUExit {
        instructions &-= 1
        state.rip = start
        return .emulationFailure(at: start, low: UInt64(opcode), count: 1)
    }

    private func executeTwoByte(_ prefixes: Prefixes) -> VCPUExit? {
        opcode = fetch()
        switch opcode {
        case 0x01:
            guard case (7, .memory(let address)) = modRM(prefixes) else { return unknown() }
            if fault != .ignoresINVLPG { translations[address >> 12] = nil }
        case 0x0B:
            if fault != .faultAddressIsNext { state.rip = start }
            deliver(6)
        case 0x20, 0x22:
            let byte = fetch()
            let control = Int(byte >> 3 & 7) | Int(prefixes.rex & 4) << 1
            let register = Int(byte & 7) | Int(prefixes.rex & 1) << 3
            if opcode == 0x20 { return readControl(control, register) }
            return writeControl(control, state.general[register])
        case 0x30, 0x32: accessRegister(isWrite: opcode == 0x30)
        case 0x31:
            state.general[0] = counter & 0xFFFF_FFFF
            state.general[2] = counter >> 32
        case 0xC1:
            let (register, operand) = modRM(prefixes)
            let width = prefixes.width
            lockedAdds += 1
            adds.locked {
                let old = read(operand, width)
                let result = old &+ readRegister(register, width)
                if fault != .tornAdd || lockedAdds % 100 != 0 || index != 1 { write(result, operand, width) }
                writeRegister(old, register, width)
                setFlags(result, width)
            }
        default: return unknown()
        }
        return nil
    }

    private func readControl(_ control: Int, _ register: Int) -> VCPUExit? {
        switch control {
        case 0: state.general[register] = state.cr0
        case 2: state.general[register] = state.cr2
        case 3: state.general[register] = state.cr3
        case 4: state.general[register] = state.cr4
        case 8: state.general[register] = state.cr8
        default: return unknown()
        }
        return nil
    }

    private func writeControl(_ control: Int, _ value: UInt64) -> VCPUExit? {
        switch control {
        case 2: if fault != .forgetsCR2 { state.cr2 = value }
        case 3:
            state.cr3 = value
            if fault != .ignoresCR3Load { translations = [:] }
        case 8:
            let rises = value > state.cr8
            state.cr8 = value & 15
            if fault != .priorityIsNotTold || !rises { source?.setTaskPriority(UInt8(value & 15), vcpu: index) }
            if fault != .asksOnceForPriority { askAgain() }
        default: return unknown()
        }
        return nil
    }

    private func accessRegister(isWrite: Bool) {
        let number = UInt32(truncatingIfNeeded: state.general[1])
        if isWrite {
            var value = state.general[2] << 32 | state.general[0] & 0xFFFF_FFFF
            if fault == .registerWritesAre32Bit { value &= 0xFFFF_FFFF }
            let isTaken = access { $0.writeSystemRegister(number, value: value, vcpu: $1) }
            if isTaken || fault == .ignoresRefusedWrites { return }
        } else {
            var value = access { $0.readSystemRegister(number, vcpu: $1) }
            if fault == .unknownRegistersReadZero { value = value ?? 0 }
            if let value {
                state.general[0] = value & 0xFFFF_FFFF
                state.general[2] = fault == .registerReadsAre32Bit ? 0 : value >> 32
                return
            }
        }
        state.rip = start
        deliver(13, errorCode: 0)
    }

    private func output(_ width: Int) -> VCPUExit? {
        busWrite(state.general[0], state.general[2] & 0xFFFF, width, .port)
        if fault == .countsExitsTwice { instructions &+= 1 }
        guard fault == .exitsInMidInstruction, state.general[1] == 0, handle.takesExit() else { return nil }
        state.rip = start
        return VCPUExit(.requested, address: start)
    }

    /// One element of a string instruction, which goes on at its own beginning while there are more.
    private func repeatPort(_ prefixes: Prefixes, _ width: Int) {
        let isOutput = opcode >= 0x6E
        if prefixes.isRepeated, state.general[1] == 0 { return }
        let index = isOutput ? 6 : 7
        let address = state.general[index]
        if start != lastStringStart || state.general[1] > lastString.count {
            lastString = (state.general[1], address)
            lastStringStart = start
        }
        if isOutput {
            let isDropped = fault == .dropsLastOfString && state.general[1] == 1 && address & 0xFF < 8
            let value = load(address, width)
            if !isDropped { busWrite(value, state.general[2] & 0xFFFF, width, .port) }
        } else {
            store(busRead(state.general[2] & 0xFFFF, width, .port), address, width)
        }
        let isBackwards = state.rflags & 0x400 != 0 || fault == .stringInputRunsBackwards && !isOutput
        state.general[index] = isBackwards ? address &- UInt64(width) : address &+ UInt64(width)
        guard prefixes.isRepeated else { return }
        state.general[1] &-= 1
        if state.general[1] != 0 {
            state.rip = start
            instructions &-= 1
        }
    }

    private func returnFromInterrupt() {
        state.rip = pop()
        state.segments[1].selector = UInt16(truncatingIfNeeded: pop())
        state.rflags = pop() & 0x3F_7FD5 | 2
        let stack = pop()
        state.segments[2].selector = UInt16(truncatingIfNeeded: pop())
        state.general[4] = stack
        state.nmiBlocked = false
        askAgain()
    }

    // MARK: Operands

    private func modRM(_ prefixes: Prefixes) -> (register: Int, Operand) {
        let byte = fetch()
        let register = Int(byte >> 3 & 7) | Int(prefixes.rex & 4) << 1
        let base = Int(byte & 7) | Int(prefixes.rex & 1) << 3
        if byte >> 6 == 3 { return (register, .register(base)) }
        let distance = byte >> 6 == 1 ? UInt64(bitPattern: Int64(Int8(bitPattern: fetch()))) : 0
        return (register, .memory(state.general[base] &+ distance))
    }

    private func read(_ operand: Operand, _ width: Int) -> UInt64 {
        switch operand {
        case .register(let number): readRegister(number, width)
        case .memory(let address): load(address, width)
        }
    }

    private func write(_ value: UInt64, _ operand: Operand, _ width: Int) {
        switch operand {
        case .register(let number): writeRegister(value, number, width)
        case .memory(let address): store(value, address, width)
        }
    }

    private func readRegister(_ number: Int, _ width: Int) -> UInt64 {
        state.general[number] & .max >> UInt64(64 - width * 8)
    }

    private func writeRegister(_ value: UInt64, _ number: Int, _ width: Int) {
        let mask = UInt64.max >> UInt64(64 - width * 8)
        // A write of 4 bytes clears the upper half.
        let kept = width < 4 ? state.general[number] & ~mask : 0
        state.general[number] = kept | value & mask
    }

    private func setFlags(_ result: UInt64, _ width: Int) {
        let value = result & .max >> UInt64(64 - width * 8)
        state.rflags &= ~0xC0
        if value == 0 { state.rflags |= 0x40 }
        if value >> UInt64(width * 8 - 1) != 0 { state.rflags |= 0x80 }
    }
}
