/// Finds out whether a vCPU whose turn others wait for only waits itself, without PAUSE, and says how much patience it has
/// while the others run.
///
/// It spins where its registers come back to what they were: what such a loop looks at changes by someone else's hand. One
/// that is taken for spinning by mistake loses the rest of its turn, no more.
struct SpinWatch {
    /// Instructions between two looks at the registers.
    static let step: UInt64 = 256
    /// How often a turn's registers are looked at: a loop of several blocks comes back to a state of its own after as many
    /// looks as it has blocks, at most.
    private static let looks = 8
    private static let spinning: ClosedRange<UInt64> = 2_000...20_000
    /// Who waits with PAUSE costs little, and handing over for nothing costs others more.
    private static let pausing: ClosedRange<UInt64> = Baton.slice...Baton.slice
    /// A turn of no more instructions than this has done nothing but look and PAUSE again.
    private static let idleTurn: UInt64 = 64

    /// How many instructions another may execute before this vCPU wants a turn: few after it has found what it waited for,
    /// twice as many each time that it has not.
    var patience: UInt64 { isWaiting ? waitingPatience : Baton.slice }

    private var waitingPatience = Baton.slice
    /// Whether this turn, and the one before it, ended with waiting.
    private var isWaiting = false
    private var hasWaited = false
    private var count = 0
    private var mark: UInt64 = 0
    private var lastSpin: UInt64 = 0

    /// Whether the registers should be looked at after another step.
    var isLooking: Bool { count < Self.looks }

    /// A new turn begins.
    mutating func beginTurn() {
        count = 0
        hasWaited = isWaiting
        isWaiting = false
    }

    /// Looks at the registers; true if they are what they were at an earlier look of this turn.
    mutating func isSpinning(_ guest: X86Guest) -> Bool {
        let now = guest.registerFingerprint
        count += 1
        if count > 1, now == mark {
            waits(isAgain: now == lastSpin, Self.spinning)
            lastSpin = now
            return true
        }
        // The marks are those of looks 1, 2, 4: the last one lies within any short cycle.
        if count & (count - 1) == 0 { mark = now }
        return false
    }

    /// The turn ends with PAUSE, after so many instructions.
    mutating func paused(after instructions: UInt64) {
        waits(isAgain: instructions <= Self.idleTurn, Self.pausing)
    }

    private mutating func waits(isAgain: Bool, _ patiences: ClosedRange<UInt64>) {
        waitingPatience =
            isAgain && hasWaited ? min(patiences.upperBound, waitingPatience &* 2) : patiences.lowerBound
        isWaiting = true
    }
}

extension X86Guest {
    /// A number that stands for all registers that a program computes with, but the flags.
    ///
    /// SAFETY: the slots lie within the frame (`X86Slot.end`), and are multiples of 8.
    fileprivate var registerFingerprint: UInt64 {
        var hash: UInt64 = 0
        func add(_ from: UInt16, _ end: UInt16) {
            for offset in stride(from: Int(from), to: Int(end), by: 8) {
                hash = (hash ^ frame.load(fromByteOffset: offset, as: UInt64.self)) &* 0x9E37_79B9_7F4A_7C15
                hash ^= hash &>> 29
            }
        }
        add(X86Slot.generalRegisters, X86Slot.systemFlags)
        add(X86Slot.x87, X86Slot.vectorUpperHalves)
        return hash
    }
}
