/// Why a vCPU's `run` returned. Plain data with an open tail: a driver must have a default for kinds it does not know.
public struct VCPUExit: Hashable, Sendable {
    /// The kind of an exit.
    public struct Kind: RawRepresentable, Hashable, Sendable {
        /// The kind's number. Those from 0x8000 up belong to backends.
        public let rawValue: UInt32
        /// Makes a kind from its number.
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// The vCPU waits for an interrupt (HLT, WFI), or for another to start it (x86: a state whose activity is
        /// `waitForSIPI`, in which interrupts don't end the wait).
        public static let halted = Kind(rawValue: 0)
        /// The vCPU has shut down: on x86 a triple fault.
        public static let shutdown = Kind(rawValue: 1)
        /// A debug event: a breakpoint or a single step that the host asked for.
        public static let debug = Kind(rawValue: 2)
        /// `VCPUHandle.requestExit()` was called.
        public static let requested = Kind(rawValue: 3)
        /// The instruction budget given to the vCPU is used up.
        public static let budget = Kind(rawValue: 4)
        /// The accelerator can't execute the instruction at `address`. The detail and `moreDetail` hold its bytes, see
        /// `instruction`.
        public static let emulationFailure = Kind(rawValue: 5)
    }

    /// The kind.
    public var kind: Kind
    /// The guest's program counter, where the kind has use for it.
    public var address: UInt64
    /// More detail; its meaning is the kind's.
    public var detail: UInt64
    /// Still more, for kinds that need it.
    public var moreDetail: UInt64

    /// Makes an exit.
    public init(_ kind: Kind, address: UInt64 = 0, detail: UInt64 = 0) {
        self.init(kind, address: address, detail: detail, moreDetail: 0)
    }

    /// Makes an exit of a kind that needs more detail.
    public init(_ kind: Kind, address: UInt64, detail: UInt64, moreDetail: UInt64) {
        self.kind = kind
        self.address = address
        self.detail = detail
        self.moreDetail = moreDetail
    }

    /// Makes an `.emulationFailure`: an instruction that the accelerator can't execute.
    ///
    /// - Parameters:
    ///   - address: the guest's program counter.
    ///   - low: the instruction's first 8 bytes, the first one lowest.
    ///   - high: the next 7 bytes.
    ///   - count: how many bytes are known, 15 at most; there may be more than the instruction has.
    public static func emulationFailure(at address: UInt64, low: UInt64, high: UInt64 = 0, count: Int) -> VCPUExit {
        let known = UInt64(max(0, min(count, 15)))
        return VCPUExit(
            .emulationFailure, address: address, detail: low, moreDetail: high & (1 << 56 - 1) | known << 56)
    }

    /// Of an `.emulationFailure` the bytes at its address, as far as they are known: the instruction, and perhaps bytes
    /// after it. Otherwise none.
    public var instruction: [UInt8] {
        guard kind == .emulationFailure else { return [] }
        return (0..<Int(moreDetail >> 56 & 15)).map { index in
            UInt8(truncatingIfNeeded: (index < 8 ? detail : moreDetail) >> UInt64(index % 8 * 8))
        }
    }
}

/// A virtual CPU, lent to a driver on the thread that runs it.
public protocol VirtualCPU<Architecture>: ~Copyable {
    /// The guest's architecture.
    associatedtype Architecture: GuestArchitecture

    /// The vCPU's number in its domain, from 0.
    var index: Int { get }

    /// The number of guest instructions completed since the vCPU was made; nil where the accelerator can't count them.
    var instructionCount: UInt64? { get }

    /// Runs guest code until an exit. Memory-mapped, port and system-register accesses go to `bus` in mid-instruction.
    mutating func run(_ bus: any GuestBus) throws(VirtKitError) -> VCPUExit

    /// Runs guest code as `run(_:)` does, and returns `.budget` soon after `instructions` have completed.
    ///
    /// An accelerator that can't count instructions runs on to another exit: the default.
    mutating func run(_ bus: any GuestBus, atMost instructions: UInt64) throws(VirtKitError) -> VCPUExit

    /// All architectural state, exact at an instruction boundary.
    func state() throws(VirtKitError) -> Architecture.State

    /// Replaces all architectural state.
    ///
    /// - Throws: `VirtKitError` with `.invalidSavedState` for a state that no real CPU can be in, or that this
    ///   accelerator can't run.
    mutating func setState(_ state: Architecture.State) throws(VirtKitError)
}

extension VirtualCPU where Self: ~Copyable {
    /// Runs to an exit, without a bound.
    public mutating func run(_ bus: any GuestBus, atMost instructions: UInt64) throws(VirtKitError) -> VCPUExit {
        try run(bus)
    }
}

/// Code that drives a vCPU: a run loop, or a single question.
public protocol VCPUDriver<Architecture> {
    /// The guest's architecture.
    associatedtype Architecture: GuestArchitecture

    /// Called once with the vCPU, on the thread that called `withVCPU`.
    mutating func drive<CPU: VirtualCPU & ~Copyable>(_ cpu: inout CPU) throws(VirtKitError)
    where CPU.Architecture == Architecture
}

/// What may be done to a vCPU from any thread, without a race.
public protocol VCPUHandle: AnyObject, Sendable {
    /// Makes the vCPU's present or next `run` return `.requested` soon. A request is never lost; several may fold into
    /// one.
    func requestExit()

    /// Makes the vCPU ask its interrupt source again soon (`external` interrupt mode).
    func signal()
}
