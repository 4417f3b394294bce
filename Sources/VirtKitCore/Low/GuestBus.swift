/// One of the address spaces that a vCPU's accesses go to.
public struct BusSpace: RawRepresentable, Hashable, Sendable {
    /// The space's number.
    public let rawValue: UInt8
    /// Makes a space from its number.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Guest physical memory addresses without RAM behind them (MMIO).
    public static let memory = BusSpace(rawValue: 0)
    /// The x86 port space (PIO), 64 KiB. Other architectures never use it.
    public static let port = BusSpace(rawValue: 1)
}

/// Where a vCPU's accesses go that are not to its memory: devices and the system registers that the board owns.
///
/// Called synchronously, in the middle of an instruction, on the vCPU's own thread. Widths are 1, 2, 4 or 8 bytes;
/// values are zero-extended. An address that nobody answers reads as all ones and ignores writes.
public protocol GuestBus: AnyObject {
    /// Reads `width` bytes at `address`.
    func read(_ address: UInt64, width: Int, space: BusSpace, vcpu: Int) -> UInt64

    /// Writes the low `width` bytes of `value` at `address`.
    func write(_ value: UInt64, to address: UInt64, width: Int, space: BusSpace, vcpu: Int)

    /// Reads a system register that the board owns (an x86 MSR of the local APIC, say). Nil where there is none: the
    /// guest gets its architecture's fault.
    func readSystemRegister(_ number: UInt32, vcpu: Int) -> UInt64?

    /// Writes a system register that the board owns. False where there is none or the value is not allowed: the guest
    /// gets its architecture's fault.
    func writeSystemRegister(_ number: UInt32, value: UInt64, vcpu: Int) -> Bool

    /// A local controller inside the accelerator (`local` interrupt mode) has ended a level-triggered interrupt.
    func endOfInterrupt(_ vector: UInt8, vcpu: Int)
}

extension GuestBus {
    /// Nothing.
    public func endOfInterrupt(_ vector: UInt8, vcpu: Int) {}
}

/// The board's interrupt controller as a vCPU in `external` interrupt mode sees it.
///
/// Called on the vCPU's own thread between instructions, after `VCPUHandle.signal()` has been called on the vCPU.
public protocol InterruptSource: AnyObject {
    /// Whether a maskable interrupt waits that the vCPU's task priority lets through.
    func hasPendingInterrupt(vcpu: Int) -> Bool

    /// Takes the waiting interrupt: it is now in service. Returns its vector (x86) or number; nil where it went away.
    func acknowledgeInterrupt(vcpu: Int) -> UInt32?

    /// Takes a waiting non-maskable interrupt.
    func takeNonMaskableInterrupt(vcpu: Int) -> Bool

    /// The vCPU's task priority: CR8 on x86 (0 to 15).
    func taskPriority(vcpu: Int) -> UInt8

    /// Sets the vCPU's task priority.
    func setTaskPriority(_ priority: UInt8, vcpu: Int)
}
