package import VirtKitCore

/// A board, as the machine that runs it sees it. What is not `Sendable` in it is used with the device lock held.
package protocol Board: AnyObject, Sendable {
    /// The guest architecture of the board.
    associatedtype Architecture: GuestArchitecture

    /// The lock that every access to a device holds.
    var lock: DeviceLock { get }

    /// Where vCPUs' accesses go. Takes the lock itself.
    var bus: any GuestBus & Sendable { get }

    /// What vCPUs in external interrupt mode ask. Takes the lock itself.
    var interruptSource: any InterruptSource & Sendable { get }

    /// The timers. With the lock held.
    var timers: TimerQueue { get }

    /// Every device, in a stable order, for saving. With the lock held.
    var devices: [any Device] { get }

    /// How many accesses the bus has served.
    var accessCount: UInt64 { get }

    /// Resets every device. With the lock held.
    func reset()

    /// Input has arrived at the serial console. With the lock held.
    func serialInputArrived()

    /// Presses the power button. With the lock held.
    func pressPowerButton()

    /// Hands the state of the local interrupt controllers over to an accelerator that has its own, before the vCPUs run.
    /// With the lock held.
    func handOver(to controllers: any LocalControllers) throws(VirtKitError)

    /// Takes it back, when the vCPUs stand still. With the lock held.
    func takeBackControllers() throws(VirtKitError)

    /// Takes what another vCPU or a device asks of a vCPU between two runs: a change of its state (x86: INIT and start-up
    /// IPIs). Called on the vCPU's own thread. Takes the lock itself.
    func takeStateChange(vcpu: Int) -> ((Architecture.State) -> Architecture.State)?

    /// Writes boot images and firmware tables into memory; returns the states in which the vCPUs begin.
    func loadBootImages() throws(VirtKitError) -> [Architecture.State]
}
