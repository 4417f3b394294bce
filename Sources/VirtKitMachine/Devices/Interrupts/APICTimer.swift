internal import VirtKitCore

/// The state of a local APIC's timer (Intel SDM vol. 3A, 11.5.4).
struct APICTimer {
    /// The timer's modes, as in bits 17 and 18 of its local vector.
    enum Mode { static let oneShot: UInt32 = 0, periodic: UInt32 = 1, deadline: UInt32 = 2 }

    /// A timer that fires more often than this is held back: the guest sees interrupts late, the host stays usable.
    static let shortestInterval: UInt64 = 20_000

    /// The start of a count that reached 0: the timer stays there until it is programmed again (SDM 11.5.4).
    private static let ended = UInt64.max

    var queueTimer: TimerQueue.Timer?
    var initialCount: UInt32 = 0
    var divide: UInt32 = 0
    /// The machine time at which the present count began; `ended` where it is over and stays at 0.
    var start: UInt64 = 0
    /// The value of IA32_TSC_DEADLINE; 0 where it is not armed.
    var timeStampDeadline: UInt64 = 0

    /// The machine time of the next expiry; nil where none is to come.
    var deadline: UInt64? { queueTimer?.deadline }

    /// By how many bits the input clock is divided: the divide register's bits 3, 1 and 0.
    var shift: UInt64 { UInt64(((divide & 3 | divide >> 1 & 4) &+ 1) & 7) }

    /// The length of a whole count in ns.
    var period: UInt64 { nanoseconds(UInt64(initialCount) &<< shift) }

    private func nanoseconds(_ ticks: UInt64) -> UInt64 {
        let (high, low) = ticks.multipliedFullWidth(by: 1_000_000_000)
        return PCAddresses.crystalFrequency.dividingFullWidth((high, low)).quotient
    }

    private func ticks(_ nanoseconds: UInt64) -> UInt64 {
        let (high, low) = nanoseconds.multipliedFullWidth(by: PCAddresses.crystalFrequency)
        return UInt64(1_000_000_000).dividingFullWidth((high, low)).quotient &>> shift
    }

    /// The current count.
    func currentCount(mode: UInt32, now: UInt64) -> UInt32 {
        if start == Self.ended { return 0 }
        guard initialCount > 0, mode != Mode.deadline, now >= start else {
            return mode == Mode.deadline ? 0 : initialCount
        }
        let elapsed = ticks(now &- start)
        let count = UInt64(initialCount)
        if mode == Mode.periodic { return UInt32(truncatingIfNeeded: count &- elapsed % count) }
        return UInt32(truncatingIfNeeded: elapsed >= count ? 0 : count &- elapsed)
    }

    /// Begins a count of `initialCount` now.
    mutating func begin(mode: UInt32, now: UInt64) {
        start = now
        arm(mode: mode, now: now)
    }

    /// Goes on with the present count in another mode: one that is over stays so, a periodic one ends its round.
    mutating func change(from oldMode: UInt32, to mode: UInt32, now: UInt64) {
        if initialCount > 0, start <= now {
            let elapsed = now &- start
            let period = max(period, 1)
            if oldMode == Mode.periodic {
                start &+= elapsed / period &* period
            } else if elapsed >= period {
                start = Self.ended
            }
        }
        arm(mode: mode, now: now)
    }

    /// Arms the timer for the end of the present count.
    func arm(mode: UInt32, now: UInt64) {
        guard initialCount > 0, mode != Mode.deadline, start != Self.ended else {
            return queueTimer?.cancel() ?? ()
        }
        let period = period
        if mode == Mode.periodic {
            let passed = period > 0 && now > start ? (now &- start) / period : 0
            let next = start &+ (passed &+ 1) &* max(period, 1)
            queueTimer?.arm(at: period < Self.shortestInterval ? max(next, now &+ Self.shortestInterval) : next)
        } else if start &+ period > now || start == now {
            queueTimer?.arm(at: start &+ period)
        } else {
            queueTimer?.cancel()
        }
    }

    mutating func stop() {
        initialCount = 0
        timeStampDeadline = 0
        queueTimer?.cancel()
    }

    mutating func clear() {
        stop()
        divide = 0
        start = 0
    }

    func save(into encoder: inout StateEncoder) {
        encoder.encode(initialCount)
        encoder.encode(divide)
        encoder.encode(start)
        encoder.encode(timeStampDeadline)
        encoder.encode(deadline != nil)
        encoder.encode(deadline ?? 0)
    }

    mutating func restore(from decoder: inout StateDecoder) throws(StateError) {
        initialCount = try decoder.decode(UInt32.self)
        divide = try decoder.decode(UInt32.self)
        start = try decoder.decode(UInt64.self)
        timeStampDeadline = try decoder.decode(UInt64.self)
        try queueTimer?.restore(from: &decoder)
    }
}
