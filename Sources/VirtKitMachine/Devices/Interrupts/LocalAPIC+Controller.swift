internal import VirtKitCore

/// A local APIC's state as accelerators with controllers of their own have it.
extension LocalAPIC {
    private enum Number {
        static let identity = 0x02, version = 0x03, taskPriority = 0x08, logicalDestination = 0x0D
        static let destinationFormat = 0x0E, spurious = 0x0F, inService = 0x10, triggerMode = 0x18,
            request = 0x20
        static let errorStatus = 0x28, commandLow = 0x30, commandHigh = 0x31, localVectors = 0x32
        static let initialCount = 0x38, currentCount = 0x39, divide = 0x3E
    }

    private var mode: UInt32 { localVectors[LocalVector.timer] >> 17 & 3 }

    /// The whole state but for what has no register: see `takeUnregistered`.
    var controller: X86_64.LocalController {
        get {
            var registers = [UInt32](repeating: 0, count: 64)
            registers[Number.identity] = isX2 ? identity : UInt32(shortID) << 24
            registers[Number.version] = Self.version
            registers[Number.taskPriority] = UInt32(taskPriority)
            registers[Number.logicalDestination] =
                isX2 ? Self.logicalID(ofX2: UInt32(truncatingIfNeeded: index)) : logicalDestination
            registers[Number.destinationFormat] = destinationFormat
            registers[Number.spurious] = spurious
            for part in 0..<8 {
                registers[Number.inService + part] = inService.part(part)
                registers[Number.triggerMode + part] = levelTriggered.part(part)
                registers[Number.request + part] = requested.part(part)
            }
            registers[Number.errorStatus] = errorStatus
            registers[Number.commandLow] = commandLow
            registers[Number.commandHigh] = commandHigh
            for (entry, value) in localVectors.enumerated() {
                registers[Number.localVectors + entry] = value
            }
            registers[Number.divide] = timer.divide
            let isArmed = timer.deadline != nil
            if mode != APICTimer.Mode.deadline, isArmed {
                registers[Number.initialCount] = timer.initialCount
                registers[Number.currentCount] = timer.currentCount(mode: mode, now: clock.now)
            }
            return X86_64.LocalController(
                base: base, registers: registers, timeStampDeadline: isArmed ? timer.timeStampDeadline : 0)
        }
        set {
            let registers = newValue.registers
            base = newValue.base
            if !isX2 { shortID = UInt8(truncatingIfNeeded: registers[Number.identity] >> 24) }
            taskPriority = UInt8(truncatingIfNeeded: registers[Number.taskPriority])
            if !isX2 {
                logicalDestination = registers[Number.logicalDestination]
                destinationFormat = registers[Number.destinationFormat] | 0x0FFF_FFFF
            }
            spurious = registers[Number.spurious] & 0x3FF
            inService = VectorSet(parts: registers[Number.inService..<Number.triggerMode])
            levelTriggered = VectorSet(parts: registers[Number.triggerMode..<Number.request])
            requested = VectorSet(parts: registers[Number.request..<Number.errorStatus])
            errorStatus = registers[Number.errorStatus]
            errorsSinceWrite = 0
            commandLow = registers[Number.commandLow] & 0x000C_CFFF
            commandHigh = registers[Number.commandHigh]
            for entry in localVectors.indices {
                localVectors[entry] = registers[Number.localVectors + entry]
            }
            (hasNonMaskable, hasInitialize, startUpVector) = (false, false, nil)
            setTimer(registers, newValue.timeStampDeadline)
        }
    }

    /// Goes on with a timer where it was. A count that is over may have been noticed or not: it ends once more, since a
    /// guest bears an interrupt too many, and not one too few.
    private func setTimer(_ registers: [UInt32], _ timeStampDeadline: UInt64) {
        timer.clear()
        timer.divide = registers[Number.divide] & 0xB
        if mode == APICTimer.Mode.deadline {
            guard timeStampDeadline != 0 else { return }
            timer.timeStampDeadline = timeStampDeadline
            timer.queueTimer?.arm(
                at: max(clock.now, fabric.deadlineOfTimeStamp(index, timeStampDeadline)))
            return
        }
        timer.initialCount = registers[Number.initialCount]
        guard timer.initialCount > 0 else { return }
        let done = timer.initialCount &- min(timer.initialCount, registers[Number.currentCount])
        let period = timer.period
        let elapsed = period / UInt64(timer.initialCount) &* UInt64(done)
        timer.start = clock.now &- min(clock.now, elapsed)
        timer.queueTimer?.arm(at: clock.now &+ (period - min(period, elapsed)))
    }

    /// Takes an NMI, an INIT and a start-up IPI that the vCPU has not taken yet, as messages to it.
    func takeUnregistered() -> [InterruptMessage] {
        var modes: [(DeliveryMode, UInt8)] = []
        if hasInitialize { modes.append((.initialize, 0)) }
        if let startUpVector { modes.append((.startUp, startUpVector)) }
        if hasNonMaskable { modes.append((.nonMaskable, 0)) }
        (hasNonMaskable, hasInitialize, startUpVector) = (false, false, nil)
        return modes.map { mode, vector in
            InterruptMessage(
                destination: identity, isLogical: false, mode: mode, vector: vector, isLevelTriggered: false
            )
        }
    }
}
