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
    /// A vCPU was sent INIT.
    package var initialized: (_ vcpu: Int) -> Void = { _ in }
    /// A vCPU was sent a start-up IPI: it begins at `vector` times 4096 in real mode, if it waits for one.
    package var started: (_ vcpu: Int, _ vector: UInt8) -> Void = { _, _ in }
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
        var best: LocalAPIC?
        for apic in apics where isTarget(apic) && apic.isSoftwareEnabled {
            if let other = best, other.processorPriority <= apic.processorPriority { continue }
            best = apic
        }
        best?.accept(message)
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
