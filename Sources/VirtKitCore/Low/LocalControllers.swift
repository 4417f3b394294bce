/// The local interrupt controllers of a domain in `local` interrupt mode: they are inside the accelerator, which delivers
/// what they take to its vCPUs by itself. The board owns the other controllers, and sends messages.
///
/// All may be called from any thread.
public protocol LocalControllers: AnyObject, Sendable {
    /// Delivers a message-signalled interrupt: x86, a write of `data` to `address` (Intel SDM vol. 3A, 11.11).
    func deliverMessage(address: UInt64, data: UInt32)

    /// Names the level-triggered messages whose ends the board must know, in place of those named before. The end of one
    /// is told by `GuestBus.endOfInterrupt`. Called before the first of them is delivered.
    func setLevelMessages(_ messages: [InterruptMessagePair])

    /// The state of a vCPU's local controller. The vCPU must not be running.
    func localController(_ vcpu: Int) throws(VirtKitError) -> X86_64.LocalController

    /// Puts the state of a vCPU's local controller in place. The vCPU must not be running.
    func setLocalController(_ controller: X86_64.LocalController, vcpu: Int) throws(VirtKitError)
}

/// The address and the data of a message-signalled interrupt.
public struct InterruptMessagePair: Hashable, Sendable {
    /// The address that is written to.
    public var address: UInt64
    /// The value that is written.
    public var data: UInt32
    /// Makes a pair.
    public init(address: UInt64, data: UInt32) {
        self.address = address
        self.data = data
    }
}

extension X86_64 {
    /// The state of a local APIC (Intel SDM vol. 3A, chapter 11), the same for every accelerator.
    public struct LocalController: Hashable, Sendable {
        /// IA32_APIC_BASE.
        public var base: UInt64
        /// The registers, by their offset in the page divided by 16; always 64. The current count (39H) is that of the
        /// moment at which the state was taken.
        public var registers: [UInt32]
        /// IA32_TSC_DEADLINE; 0 where it is not armed.
        public var timeStampDeadline: UInt64

        /// Makes a state; missing registers are 0.
        public init(base: UInt64, registers: [UInt32], timeStampDeadline: UInt64) {
            self.base = base
            self.registers = Array((registers + [UInt32](repeating: 0, count: 64)).prefix(64))
            self.timeStampDeadline = timeStampDeadline
        }
    }
}

/// All interrupt controllers of a domain in `full` interrupt mode: they are inside the accelerator, and the board drives
/// their inputs.
public protocol BoardControllers: LocalControllers {
    /// Sets the level of an input. x86: 0 to 23 are the I/O APIC's inputs, 24 to 39 those of the 8259 pair.
    func setInput(_ input: Int, _ level: Bool)

    /// The state of the controllers that are no vCPU's. No vCPU may be running.
    func boardControllers() throws(VirtKitError) -> X86_64.BoardControllerState

    /// Puts the state of these controllers in place. Level-triggered inputs that are high are set again afterwards. No
    /// vCPU may be running.
    func setBoardControllers(_ state: X86_64.BoardControllerState) throws(VirtKitError)
}

extension X86_64 {
    /// The state of an 8259A, with the edge/level register of a chip set.
    public struct LegacyControllerState: Hashable, Sendable {
        /// The request, in-service and mask registers.
        public var request: UInt8 = 0, service: UInt8 = 0, mask: UInt8 = 0
        /// The inputs' levels, and those that are level-triggered.
        public var levels: UInt8 = 0, levelTriggered: UInt8 = 0
        /// The vector of input 0.
        public var vectorBase: UInt8 = 0
        /// The input of lowest priority, 0 to 7.
        public var lowest: UInt8 = 7
        /// Which initialisation command word comes next: 0 none, 2, 3 or 4.
        public var expectedWord: UInt8 = 0
        /// Whether initialisation has a fourth word.
        public var needsWord4 = false
        /// What the next read gives: the in-service register, or a poll's answer.
        public var readsService = false, isPolled = false
        /// The special mask mode and the special fully nested mode.
        public var specialMask = false, fullyNested = false
        /// Automatic ends of interrupt, and whether they rotate priorities.
        public var automaticEnd = false, rotatesOnAutomaticEnd = false
        /// The state after reset.
        public init() {}
    }

    /// The state of an 8259 pair and an I/O APIC.
    public struct BoardControllerState: Hashable, Sendable {
        /// The first 8259A, and the second one, whose output is the first one's input 2.
        public var first = LegacyControllerState(), second = LegacyControllerState()
        /// The I/O APIC's register selector and its ID.
        public var selector: UInt8 = 0, identity: UInt8 = 0
        /// The redirection table; always 24 entries.
        public var redirections = [UInt64](repeating: 1 << 16, count: 24)
        /// The levels of the I/O APIC's inputs, one bit each.
        public var levels: UInt32 = 0
        /// The state after reset.
        public init() {}
    }
}
