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

    /// Makes the local APICs of `cpus` vCPUs.
    ///
    /// - Parameter signal: called when something becomes deliverable to a vCPU.
    package init(cpus: Int, context: DeviceContext, signal: @escaping (Int) -> Void) {
        self.signal = signal
        for index in 0..<max(1, cpus) { apics.append(LocalAPIC(index: index, fabric: self, context: context)) }
    }

    /// The local APIC of a vCPU, if there is such a vCPU.
    package func apic(_ vcpu: Int) -> LocalAPIC? { vcpu >= 0 && vcpu < apics.count ? apics[vcpu] : nil }

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
        deliver(message) { $0.isAddressed(by: message) }
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
        lock.withLock { fabric.apic(vcpu)?.hasPendingInterrupt ?? false }
    }

    package func acknowledgeInterrupt(vcpu: Int) -> UInt32? {
        lock.withLock { fabric.apic(vcpu)?.acknowledge().map { UInt32($0) } }
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
