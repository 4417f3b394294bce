internal import VirtKitCore

/// What connects the local APICs with each other, with the I/O APIC, the 8259 pair and message-signalled interrupts.
///
/// Used with the device lock held; `InterruptGate` takes the lock for vCPUs.
package final class APICFabric {
    /// The local APICs, by vCPU.
    package private(set) var apics: [LocalAPIC] = []
    /// Told the vector of each end of interrupt that concerns the I/O APIC.
    var endOfInterrupt: (UInt8) -> Void = { _ in }
    /// The 8259 pair's output, and how its interrupt is acknowledged.
    private(set) var isExternalAsserted = false
    var acknowledgeExternal: () -> UInt8? = { nil }
    /// A vCPU was sent INIT or a start-up IPI: it is to leave guest code and ask `takeStartUp`.
    package var restarted: (_ vcpu: Int) -> Void = { _ in }
    /// The vCPU that the last lowest-priority interrupt went to: equals take turns.
    private var lastArbitrated = 0
    /// The machine time at which a vCPU's time-stamp counter reaches a value; a value already passed gives a time that
    /// is not after now. The default holds for a counter that equals machine time.
    package var deadlineOfTimeStamp: (_ vcpu: Int, _ timeStamp: UInt64) -> UInt64 = { _, timeStamp in timeStamp }
    private let signal: (Int) -> Void
    /// The accelerator's own local APICs, while the machine runs on them: the fabric's hold nothing then.
    private var inside: (any LocalControllers)?
    /// The 8259 pair and the I/O APIC of this fabric.
    weak var legacy: LegacyPIC?
    weak var inputs: IOAPIC?

    /// Makes the local APICs of `cpus` vCPUs.
    ///
    /// - Parameter signal: called when something becomes deliverable to a vCPU.
    package init(cpus: Int, context: DeviceContext, signal: @escaping (Int) -> Void) {
        self.signal = signal
        for index in 0..<max(1, cpus) { apics.append(LocalAPIC(index: index, fabric: self, context: context)) }
    }

    /// The local APIC of a vCPU, if there is such a vCPU.
    package func apic(_ vcpu: Int) -> LocalAPIC? {
        inside == nil && vcpu >= 0 && vcpu < apics.count ? apics[vcpu] : nil
    }

    /// Whether something is deliverable to a vCPU that its local APIC does not deliver by itself.
    func hasPendingInterrupt(_ vcpu: Int) -> Bool {
        inside == nil ? apic(vcpu)?.hasPendingInterrupt ?? false : isExternalAsserted && allInside == nil
    }

    /// Takes what `hasPendingInterrupt` has told.
    func acknowledge(_ vcpu: Int) -> UInt8? {
        if inside == nil { return apic(vcpu)?.acknowledge() }
        return isExternalAsserted ? acknowledgeExternal() : nil
    }

    func wake(_ vcpu: Int) { signal(vcpu) }

    /// Takes what INIT and start-up IPIs ask of a vCPU. Its local APIC is reset by an INIT.
    package func takeStartUp(vcpu: Int) -> ProcessorStartUp? { apic(vcpu)?.takeStartUp() }

    // MARK: Delivery

    /// Delivers the message that a write of `data` to `address` is (MSI). Nothing happens for other addresses.
    package func deliverMessage(address: UInt64, data: UInt32) {
        if let message = InterruptMessage(messageAddress: address, data: data) { deliver(message) }
    }

    /// Presses the NMI button: an edge at LINT1 of every local APIC.
    package func raiseNonMaskableInterrupt() {
        for apic in apics { apic.pulseLINT1() }
    }

    func deliver(_ message: InterruptMessage) {
        if let inside {
            let pair = message.pair
            return inside.deliverMessage(address: pair.address, data: pair.data)
        }
        deliver(message) { $0.isAddressed(by: message) }
    }

    /// The I/O APIC's level-triggered messages are now these.
    func setLevelMessages(_ messages: [InterruptMessage]) {
        levelMessages = messages.map(\.pair)
        inside?.setLevelMessages(levelMessages)
    }

    // MARK: Local APICs inside the accelerator

    private var levelMessages: [InterruptMessagePair] = []
    /// The accelerator's controllers, where all are there.
    private var allInside: (any BoardControllers)?

    /// Hands the local APICs' state over to the accelerator's, which the machine runs on from now.
    func handOver(to controllers: any LocalControllers) throws(VirtKitError) {
        guard inside == nil else { return }
        // The local APICs first: the others may have something for them.
        for apic in apics { try controllers.setLocalController(apic.controller, vcpu: apic.index) }
        if let all = controllers as? any BoardControllers {
            try handOverInputs(to: all)
            allInside = all
        }
        controllers.setLevelMessages(levelMessages)
        inside = controllers
        // What waits in a local APIC and has no register comes as a message.
        for apic in apics {
            for message in apic.takeUnregistered() { deliver(message) }
        }
        if isExternalAsserted, allInside == nil { for apic in apics { wake(apic.index) } }
    }

    /// Sets an input of the accelerator's controllers, as `BoardControllers` numbers them. False where the board's own
    /// are in use.
    func setInside(_ input: Int, _ level: Bool) -> Bool {
        allInside?.setInput(input, level)
        return allInside != nil
    }

    /// Takes the state of the accelerator's local APICs, whose vCPUs stand still.
    func takeBack() throws(VirtKitError) {
        guard let controllers = inside else { return }
        for apic in apics { apic.controller = try controllers.localController(apic.index) }
        if let allInside { try takeBackInputs(from: allInside) }
        forgetInside()
    }

    /// As after power-up, also where the machine runs on the accelerator's local APICs: theirs don't count any more.
    func forgetInside() {
        inside = nil
        allInside = nil
    }

    func deliver(_ message: InterruptMessage, where isTarget: (LocalAPIC) -> Bool) {
        guard message.mode == .lowestPriority else {
            for apic in apics where isTarget(apic) { apic.accept(message) }
            return
        }
        // The lowest processor priority wins (SDM 11.6.2.4); among equals the one after the last winner.
        var best: LocalAPIC?
        for offset in 1...apics.count {
            let apic = apics[(lastArbitrated &+ offset) % apics.count]
            guard apic.isSoftwareEnabled, isTarget(apic) else { continue }
            if let other = best, other.processorPriority <= apic.processorPriority { continue }
            best = apic
        }
        guard let best else { return }
        lastArbitrated = best.index
        best.accept(message)
    }

    /// The 8259 pair's output has changed.
    func setExternal(_ level: Bool) {
        guard level != isExternalAsserted else { return }
        isExternalAsserted = level
        guard inside == nil else {
            if level, allInside == nil { for apic in apics { wake(apic.index) } }
            return
        }
        for apic in apics { apic.lint0Changed(level) }
    }
}

/// The fabric as vCPUs see it, on their own threads: takes the device lock for each question.
package final class InterruptGate: InterruptSource, @unchecked Sendable {
    // SAFETY: the fabric is touched only with the lock held.
    private let fabric: APICFabric
    private let lock: DeviceLock

    /// Makes a gate to a fabric.
    package init(fabric: APICFabric, lock: DeviceLock) {
        self.fabric = fabric
        self.lock = lock
    }

    package func hasPendingInterrupt(vcpu: Int) -> Bool {
        lock.withLock { fabric.hasPendingInterrupt(vcpu) }
    }

    package func acknowledgeInterrupt(vcpu: Int) -> UInt32? {
        lock.withLock { fabric.acknowledge(vcpu).map { UInt32($0) } }
    }

    package func takeNonMaskableInterrupt(vcpu: Int) -> Bool {
        lock.withLock { fabric.apic(vcpu)?.takeNonMaskableInterrupt() ?? false }
    }

    package func taskPriority(vcpu: Int) -> UInt8 {
        lock.withLock { (fabric.apic(vcpu)?.taskPriority ?? 0) >> 4 }
    }

    package func setTaskPriority(_ priority: UInt8, vcpu: Int) {
        lock.withLock { fabric.apic(vcpu)?.setTaskPriority(priority &<< 4) }
    }
}
