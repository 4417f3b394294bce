internal import VirtKitCore

// Register numbers are those of x2APIC MSRs less 800H: the offset in the page divided by 16 (SDM table 11-1 and 11-6).
private enum Register {
    static let identity: UInt32 = 0x02, version: UInt32 = 0x03, taskPriority: UInt32 = 0x08
    static let arbitrationPriority: UInt32 = 0x09, processorPriority: UInt32 = 0x0A, endOfInterrupt: UInt32 = 0x0B
    static let remoteRead: UInt32 = 0x0C, logicalDestination: UInt32 = 0x0D, destinationFormat: UInt32 = 0x0E
    static let spurious: UInt32 = 0x0F, inService: UInt32 = 0x10, triggerMode: UInt32 = 0x18, request: UInt32 = 0x20
    static let errorStatus: UInt32 = 0x28, commandLow: UInt32 = 0x30, commandHigh: UInt32 = 0x31
    static let localVectors: UInt32 = 0x32, initialCount: UInt32 = 0x38, currentCount: UInt32 = 0x39
    static let divide: UInt32 = 0x3E, selfInterrupt: UInt32 = 0x3F
}

extension LocalAPIC {
    /// IA32_APIC_BASE.
    package static let baseRegister: UInt32 = 0x1B
    /// IA32_TSC_DEADLINE.
    package static let deadlineRegister: UInt32 = 0x6E0
    /// The x2APIC's registers.
    package static let extendedRegisters: ClosedRange<UInt32> = 0x800...0x8FF

    private var timerMode: UInt32 { localVectors[LocalVector.timer] >> 17 & 3 }

    // MARK: xAPIC: the page

    package func read(_ offset: UInt64, width: Int, range: Int, vcpu: Int) -> UInt64 {
        guard !isX2, isEnabled, offset < PCAddresses.localAPICSize else { return .max }
        // Only the first 4 of each 16 bytes are defined (SDM 11.4.1); the rest reads as zero.
        guard offset & 0xF < 4 else { return 0 }
        let value = register(UInt32(truncatingIfNeeded: offset >> 4)) ?? 0
        return UInt64(value) &>> ((offset & 3) &* 8)
    }

    package func write(_ value: UInt64, to offset: UInt64, width: Int, range: Int, vcpu: Int) {
        // Writes must be of 32 bits, aligned to 128 (SDM 11.4.1); others do nothing here.
        guard !isX2, isEnabled, offset & 0xF == 0, width >= 4, offset < PCAddresses.localAPICSize else { return }
        let number = UInt32(truncatingIfNeeded: offset >> 4)
        let value = UInt32(truncatingIfNeeded: value)
        switch number {
        case Register.identity: shortID = UInt8(truncatingIfNeeded: value >> 24)
        case Register.logicalDestination: logicalDestination = value & 0xFF00_0000
        case Register.destinationFormat: destinationFormat = value | 0x0FFF_FFFF
        case Register.commandHigh: commandHigh = value
        case Register.commandLow:
            commandLow = value & 0x000C_CFFF
            send(destination: commandHigh >> 24, isShort: true)
        default:
            if !setRegister(number, value) { raiseError(ErrorStatus.register) }
        }
    }

    // MARK: MSRs

    package func readSystemRegister(_ number: UInt32) -> UInt64? {
        switch number {
        case Self.baseRegister: return base
        case Self.deadlineRegister: return timerMode == APICTimer.Mode.deadline ? timer.timeStampDeadline : 0
        case Self.extendedRegisters:
            guard isX2 else { return nil }
            switch number & 0xFF {
            case Register.logicalDestination: return UInt64(Self.logicalID(ofX2: identity))
            case Register.commandLow: return UInt64(commandHigh) << 32 | UInt64(commandLow)
            case Register.commandHigh, Register.destinationFormat, Register.arbitrationPriority, Register.remoteRead:
                return nil
            case let register: return self.register(register).map { UInt64($0) }
            }
        default: return nil
        }
    }

    package func writeSystemRegister(_ number: UInt32, value: UInt64) -> Bool {
        switch number {
        case Self.baseRegister: return setBase(value)
        case Self.deadlineRegister:
            setDeadline(value)
            return true
        case Self.extendedRegisters:
            guard isX2 else { return false }
            let register = number & 0xFF
            if register == Register.commandLow {
                guard value & 0xFFF3_2000 == 0 else { return false }
                commandLow = UInt32(truncatingIfNeeded: value) & 0x000C_CFFF
                commandHigh = UInt32(truncatingIfNeeded: value >> 32)
                send(destination: commandHigh, isShort: false)
                return true
            }
            guard value >> 32 == 0 else { return false }
            let value = UInt32(truncatingIfNeeded: value)
            if register == Register.selfInterrupt {
                guard value & ~0xFF == 0 else { return false }
                if value < 16 { raiseError(ErrorStatus.sentIllegal) }
                request(UInt8(truncatingIfNeeded: value), isLevelTriggered: false)
                return true
            }
            guard value & reservedBits(register) == 0 else { return false }
            return setRegister(register, value)
        default: return false
        }
    }

    /// Bits whose setting in x2APIC mode is a fault.
    private func reservedBits(_ register: UInt32) -> UInt32 {
        switch register {
        case Register.taskPriority: ~0xFF
        case Register.endOfInterrupt, Register.errorStatus: .max
        case Register.spurious: ~0x13FF
        case Register.localVectors: ~0x0007_10FF
        case Register.localVectors + 1, Register.localVectors + 2: ~0x0001_17FF
        case Register.localVectors + 3, Register.localVectors + 4: ~0x0001_F7FF
        case Register.localVectors + 5: ~0x0001_10FF
        case Register.divide: ~0xB
        default: 0
        }
    }

    /// Writes IA32_APIC_BASE (SDM figure 11-5 and 11.12.5.1 for the transitions that are allowed).
    private func setBase(_ value: UInt64) -> Bool {
        // 40 physical address bits, as CPUID says; the bootstrap bit can be written.
        guard value & 0xFFFF_FF00_0000_02FF == 0 else { return false }
        let old = base & (Base.enabled | Base.extended)
        let new = value & (Base.enabled | Base.extended)
        if new == Base.extended { return false }
        if old == Base.enabled | Base.extended, new == Base.enabled { return false }
        if old == 0, new == Base.enabled | Base.extended { return false }
        base = value
        if new == 0, old != 0 { clearRegisters() }
        if new != old { wakeIfDeliverable() }
        return true
    }

    // MARK: Registers common to both

    private func register(_ number: UInt32) -> UInt32? {
        switch number {
        case Register.identity: return isX2 ? identity : identity << 24
        case Register.version: return Self.version
        case Register.taskPriority: return UInt32(taskPriority)
        case Register.arbitrationPriority, Register.remoteRead: return 0
        case Register.processorPriority: return UInt32(processorPriority)
        case Register.logicalDestination: return logicalDestination
        case Register.destinationFormat: return destinationFormat
        case Register.spurious: return spurious
        case Register.inService..<Register.triggerMode: return inService.part(Int(number & 7))
        case Register.triggerMode..<Register.request: return levelTriggered.part(Int(number & 7))
        case Register.request..<Register.errorStatus: return requested.part(Int(number & 7))
        case Register.errorStatus: return errorStatus
        case Register.commandLow: return commandLow
        case Register.commandHigh: return commandHigh
        case Register.localVectors..<Register.initialCount:
            let entry = Int(number &- Register.localVectors)
            // LINT0's remote IRR and delivery status never read as set: the wire is edge-triggered here.
            return localVectors[entry]
        case Register.initialCount: return timer.initialCount
        case Register.currentCount: return timer.currentCount(mode: timerMode, now: clock.now)
        case Register.divide: return timer.divide
        default: return nil
        }
    }

    /// Writes a register; false where it can't be written.
    private func setRegister(_ number: UInt32, _ value: UInt32) -> Bool {
        switch number {
        case Register.taskPriority: setTaskPriority(UInt8(truncatingIfNeeded: value))
        case Register.endOfInterrupt: endOfInterrupt()
        case Register.spurious:
            spurious = value & 0x3FF
            if spurious & 0x100 == 0 {
                for entry in localVectors.indices { localVectors[entry] |= Self.maskBit }
            }
            wakeIfDeliverable()
        case Register.errorStatus:
            errorStatus = errorsSinceWrite
            errorsSinceWrite = 0
        case Register.localVectors..<Register.initialCount:
            setLocalVector(Int(number &- Register.localVectors), value)
        case Register.initialCount:
            guard timerMode != APICTimer.Mode.deadline else { break }
            timer.initialCount = value
            timer.begin(mode: timerMode, now: clock.now)
        case Register.divide:
            let now = clock.now
            // The count goes on from where it is, at the new speed.
            let running = timer.deadline != nil && timerMode != APICTimer.Mode.deadline
            let done = timer.initialCount &- timer.currentCount(mode: timerMode, now: now)
            timer.divide = value & 0xB
            if running {
                timer.start = now &- min(now, UInt64(done) &<< timer.shift)
                timer.arm(mode: timerMode, now: now)
            }
        default: return false
        }
        return true
    }

    private func setLocalVector(_ entry: Int, _ value: UInt32) {
        let oldMode = timerMode
        let writable: UInt32 =
            switch entry {
            case LocalVector.timer: 0x0007_00FF
            case LocalVector.lint0, LocalVector.lint1: 0x0001_A7FF
            case LocalVector.error: 0x0001_00FF
            default: 0x0001_07FF
            }
        localVectors[entry] = value & writable | (spurious & 0x100 == 0 ? Self.maskBit : 0)
        if entry == LocalVector.timer, timerMode != oldMode {
            // A change to or from deadline mode disarms the timer (SDM 11.5.4.1).
            if timerMode == APICTimer.Mode.deadline || oldMode == APICTimer.Mode.deadline {
                timer.stop()
            } else {
                timer.change(from: oldMode, to: timerMode, now: clock.now)
            }
        }
        if entry == LocalVector.lint0 { wakeIfDeliverable() }
    }

    // MARK: The timer

    private func setDeadline(_ value: UInt64) {
        guard timerMode == APICTimer.Mode.deadline else { return }
        timer.timeStampDeadline = value
        if value == 0 {
            timer.queueTimer?.cancel()
        } else {
            let time = fabric.deadlineOfTimeStamp(index, value)
            // One that has passed fires at once.
            if time <= clock.now { timerExpired() } else { timer.queueTimer?.arm(at: time) }
        }
    }

    func timerExpired() {
        switch timerMode {
        case APICTimer.Mode.deadline:
            timer.queueTimer?.cancel()
            timer.timeStampDeadline = 0
        case APICTimer.Mode.periodic: timer.arm(mode: timerMode, now: clock.now)
        default: break
        }
        fireLocalVector(LocalVector.timer)
    }

    // MARK: Interprocessor interrupts

    /// Sends what the command register says (SDM 11.6.1).
    private func send(destination: UInt32, isShort: Bool) {
        let message = InterruptMessage(
            destination: destination, hasShortDestination: isShort, isLogical: commandLow & 0x800 != 0,
            mode: DeliveryMode(rawValue: UInt8(truncatingIfNeeded: commandLow >> 8)),
            vector: UInt8(truncatingIfNeeded: commandLow), isLevelTriggered: false)
        // INIT level de-assert only synchronises arbitration IDs on processors of old.
        if message.mode == .initialize, commandLow & 0xC000 == 0x8000 { return }
        if message.mode == .external || message.mode.rawValue == 3 { return }
        if message.mode == .fixed || message.mode == .lowestPriority, message.vector < 16 {
            return raiseError(ErrorStatus.sentIllegal)
        }
        switch commandLow >> 18 & 3 {
        case 0: fabric.deliver(message)
        case 1: fabric.deliver(message) { $0 === self }
        case 2: fabric.deliver(message) { $0.isEnabled }
        default: fabric.deliver(message) { $0 !== self && $0.isEnabled }
        }
    }
}
