package import VirtKitCore

/// A local APIC, with x2APIC and TSC-deadline mode (Intel SDM vol. 3A, chapter 11).
///
/// One vCPU has one. Guests reach it by its page (`read`, `write`) or, in x2APIC mode, by MSRs 800H to 8FFH
/// (`readSystemRegister`, `writeSystemRegister`). The timer's input clock is `PCAddresses.crystalFrequency`.
///
/// LINT0 is wired to the 8259 pair. After reset the first vCPU's LINT0 takes external interrupts, as firmware leaves it
/// (virtual wire mode, MultiProcessor specification 3.6.2.2). LINT1 is wired to the NMI button.
package final class LocalAPIC: BusDevice {
    package let id: String
    /// 2 adds INIT and start-up IPIs that the vCPU has not taken yet.
    package let stateVersion: UInt32 = 2

    /// The entries of the local vector table, in the order of their registers 320H to 370H.
    enum LocalVector { static let timer = 0, thermal = 1, performance = 2, lint0 = 3, lint1 = 4, error = 5, count = 6 }
    /// Bits of the error status register.
    enum ErrorStatus {
        static let sentIllegal: UInt32 = 1 << 5, receivedIllegal: UInt32 = 1 << 6, register: UInt32 = 1 << 7
    }
    enum Base { static let bootstrap: UInt64 = 1 << 8, extended: UInt64 = 1 << 10, enabled: UInt64 = 1 << 11 }
    static let maskBit: UInt32 = 1 << 16
    /// Version 14H, six local vectors.
    static let version: UInt32 = 0x0005_0014

    let index: Int
    unowned let fabric: APICFabric
    let clock: MachineClock

    // MARK: State

    /// IA32_APIC_BASE.
    var base: UInt64 = 0
    /// The ID register of xAPIC mode, bits 31 to 24.
    var shortID: UInt8
    var taskPriority: UInt8 = 0
    var logicalDestination: UInt32 = 0
    var destinationFormat: UInt32 = .max
    var spurious: UInt32 = 0xFF
    var requested = VectorSet()
    var inService = VectorSet()
    var levelTriggered = VectorSet()
    var errorStatus: UInt32 = 0
    var errorsSinceWrite: UInt32 = 0
    var commandLow: UInt32 = 0
    var commandHigh: UInt32 = 0
    var localVectors = [UInt32](repeating: LocalAPIC.maskBit, count: LocalVector.count)
    var hasNonMaskable = false
    /// An INIT waits for the vCPU to take it, and the vector of a start-up IPI that came after it.
    var hasInitialize = false
    var startUpVector: UInt8?
    var timer: APICTimer

    init(index: Int, fabric: APICFabric, context: DeviceContext) {
        id = "pc/lapic\(index)"
        self.index = index
        self.fabric = fabric
        clock = context.clock
        shortID = UInt8(truncatingIfNeeded: index)
        timer = APICTimer()
        timer.queueTimer = context.timers.makeTimer { [unowned self] _ in timerExpired() }
        reset()
    }

    package func reset() {
        base = PCAddresses.localAPIC | Base.enabled | (index == 0 ? Base.bootstrap : 0)
        clearRegisters()
        hasInitialize = false
        startUpVector = nil
        if index == 0 { localVectors[LocalVector.lint0] = UInt32(DeliveryMode.external.rawValue) << 8 }
    }

    /// Everything but IA32_APIC_BASE as after power-up (SDM 11.4.7.1).
    func clearRegisters() {
        shortID = UInt8(truncatingIfNeeded: index)
        taskPriority = 0
        logicalDestination = 0
        destinationFormat = .max
        spurious = 0xFF
        requested = VectorSet()
        inService = VectorSet()
        levelTriggered = VectorSet()
        errorStatus = 0
        errorsSinceWrite = 0
        commandLow = 0
        commandHigh = 0
        for entry in localVectors.indices { localVectors[entry] = Self.maskBit }
        hasNonMaskable = false
        timer.clear()
    }

    // MARK: Modes and IDs

    var isEnabled: Bool { base & Base.enabled != 0 }
    var isX2: Bool { base & (Base.enabled | Base.extended) == Base.enabled | Base.extended }
    var isSoftwareEnabled: Bool { isEnabled && spurious & 0x100 != 0 }
    /// Where the page of registers is; nil where it is not memory-mapped now.
    package var page: UInt64? { isEnabled && !isX2 ? base & 0xF_FFFF_FFFF_F000 : nil }
    var identity: UInt32 { isX2 ? UInt32(truncatingIfNeeded: index) : UInt32(shortID) }

    /// Whether a message is for this APIC (SDM 11.6.2 and 11.12.10).
    func isAddressed(by message: InterruptMessage) -> Bool {
        guard isEnabled else { return false }
        let destination = message.destination
        if message.hasShortDestination ? destination & 0xFF == 0xFF : destination == .max { return true }
        guard message.isLogical else { return destination == identity }
        if isX2 {
            let own = Self.logicalID(ofX2: UInt32(truncatingIfNeeded: index))
            return destination >> 16 == own >> 16 && destination & own & 0xFFFF != 0
        }
        let own = logicalDestination >> 24
        if destinationFormat >> 28 == 0xF { return destination & own != 0 }
        let cluster = destination >> 4 & 0xF
        return (cluster == own >> 4 || cluster == 0xF) && destination & own & 0xF != 0
    }

    static func logicalID(ofX2 id: UInt32) -> UInt32 { (id >> 4) << 16 | 1 << (id & 0xF) }

    // MARK: Acceptance

    /// Takes in a message that is addressed to this APIC.
    func accept(_ message: InterruptMessage) {
        guard isEnabled else { return }
        switch message.mode {
        case .fixed, .lowestPriority: request(message.vector, isLevelTriggered: message.isLevelTriggered)
        case .nonMaskable: requestNonMaskable()
        case .initialize:
            hasInitialize = true
            startUpVector = nil
            fabric.restarted(index)
        case .startUp:
            // Of several the first one starts the vCPU.
            if startUpVector == nil { startUpVector = message.vector }
            fabric.restarted(index)
        default: break
        }
    }

    /// Takes what has come since the last call. INIT resets the APIC, but for its ID and base (SDM 11.4.7.3).
    func takeStartUp() -> ProcessorStartUp? {
        guard hasInitialize || startUpVector != nil else { return nil }
        defer {
            hasInitialize = false
            startUpVector = nil
        }
        if hasInitialize {
            let id = shortID
            clearRegisters()
            shortID = id
        }
        return ProcessorStartUp(
            isInitialize: hasInitialize, vector: startUpVector, isBootstrap: base & Base.bootstrap != 0)
    }

    func request(_ vector: UInt8, isLevelTriggered: Bool) {
        guard vector >= 16 else { return raiseError(ErrorStatus.receivedIllegal) }
        guard isSoftwareEnabled else { return }
        requested[vector] = true
        levelTriggered[vector] = isLevelTriggered
        wakeIfDeliverable()
    }

    func requestNonMaskable() {
        hasNonMaskable = true
        fabric.wake(index)
    }

    func raiseError(_ bit: UInt32) {
        let isNew = errorsSinceWrite & bit == 0
        errorsSinceWrite |= bit
        if isNew { fireLocalVector(LocalVector.error) }
    }

    /// Delivers an interrupt of the local vector table, unless it is masked.
    func fireLocalVector(_ entry: Int) {
        let value = localVectors[entry]
        guard isEnabled, value & Self.maskBit == 0 else { return }
        switch DeliveryMode(rawValue: UInt8(truncatingIfNeeded: value >> 8)) {
        case .fixed:
            // The error interrupt with an illegal vector would raise itself for ever.
            guard value & 0xFF >= 16 || entry != LocalVector.error else { return }
            request(UInt8(truncatingIfNeeded: value), isLevelTriggered: false)
        case .nonMaskable: requestNonMaskable()
        default: break
        }
    }

    // MARK: LINT0 and LINT1

    /// Whether the 8259 pair's interrupts reach this vCPU: by LINT0, or past an APIC that is disabled.
    var takesExternal: Bool {
        guard isEnabled else { return index == 0 }
        let value = localVectors[LocalVector.lint0]
        return value & Self.maskBit == 0 && value >> 8 & 7 == UInt32(DeliveryMode.external.rawValue)
    }

    func lint0Changed(_ level: Bool) {
        guard level else { return }
        if takesExternal { fabric.wake(index) } else { fireLocalVector(LocalVector.lint0) }
    }

    func pulseLINT1() { fireLocalVector(LocalVector.lint1) }

    // MARK: The vCPU's side

    var processorPriority: UInt8 {
        let service = (inService.highest ?? 0) & 0xF0
        return taskPriority & 0xF0 >= service ? taskPriority : service
    }

    private var deliverableVector: UInt8? {
        guard let vector = requested.highest, vector & 0xF0 > processorPriority & 0xF0, isSoftwareEnabled else {
            return nil
        }
        return vector
    }

    var hasPendingInterrupt: Bool {
        deliverableVector != nil || (fabric.isExternalAsserted && takesExternal)
    }

    func wakeIfDeliverable() {
        if hasPendingInterrupt { fabric.wake(index) }
    }

    func acknowledge() -> UInt8? {
        if let vector = deliverableVector {
            requested[vector] = false
            inService[vector] = true
            return vector
        }
        return fabric.isExternalAsserted && takesExternal ? fabric.acknowledgeExternal() : nil
    }

    func takeNonMaskableInterrupt() -> Bool {
        defer { hasNonMaskable = false }
        return hasNonMaskable
    }

    func setTaskPriority(_ priority: UInt8) {
        taskPriority = priority
        wakeIfDeliverable()
    }

    func endOfInterrupt() {
        guard let vector = inService.highest else { return }
        inService[vector] = false
        if levelTriggered[vector] { fabric.endOfInterrupt(vector) }
        wakeIfDeliverable()
    }

    // MARK: State

    package func save(into encoder: inout StateEncoder) {
        encoder.encode(base)
        for value in [shortID, taskPriority] { encoder.encode(value) }
        for value in [
            logicalDestination, destinationFormat, spurious, errorStatus, errorsSinceWrite, commandLow, commandHigh,
        ] { encoder.encode(value) }
        for set in [requested, inService, levelTriggered] { set.encode(into: &encoder) }
        for value in localVectors { encoder.encode(value) }
        encoder.encode(hasNonMaskable)
        timer.save(into: &encoder)
        encoder.encode(hasInitialize)
        encoder.encode(startUpVector != nil)
        encoder.encode(startUpVector ?? 0)
    }

    package func restore(from decoder: inout StateDecoder, version: UInt32) throws(StateError) {
        guard version == 1 || version == stateVersion else {
            throw StateError("\(id): state of version \(version) is not known")
        }
        base = try decoder.decode(UInt64.self)
        shortID = try decoder.decode(UInt8.self)
        taskPriority = try decoder.decode(UInt8.self)
        logicalDestination = try decoder.decode(UInt32.self)
        destinationFormat = try decoder.decode(UInt32.self)
        spurious = try decoder.decode(UInt32.self)
        errorStatus = try decoder.decode(UInt32.self)
        errorsSinceWrite = try decoder.decode(UInt32.self)
        commandLow = try decoder.decode(UInt32.self)
        commandHigh = try decoder.decode(UInt32.self)
        requested = try VectorSet(from: &decoder)
        inService = try VectorSet(from: &decoder)
        levelTriggered = try VectorSet(from: &decoder)
        for entry in localVectors.indices { localVectors[entry] = try decoder.decode(UInt32.self) }
        hasNonMaskable = try decoder.decode(Bool.self)
        try timer.restore(from: &decoder)
        hasInitialize = false
        startUpVector = nil
        if version > 1 {
            hasInitialize = try decoder.decode(Bool.self)
            let hasVector = try decoder.decode(Bool.self)
            let vector = try decoder.decode(UInt8.self)
            startUpVector = hasVector ? vector : nil
        }
        if hasNonMaskable || hasPendingInterrupt { fabric.wake(index) }
    }
}
