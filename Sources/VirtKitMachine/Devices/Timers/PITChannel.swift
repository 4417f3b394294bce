internal import VirtKitCore

/// One counter of an 8254 (Intel 8254 data sheet). Times are in ticks of the counter's clock.
///
/// Nothing is counted: what the counter and its output are follows from the tick at which the count began.
struct PITChannel {
    /// 0 to 5.
    var mode: UInt8 = 0
    var isBCD = false
    /// 1 low byte, 2 high byte, 3 low then high.
    var access: UInt8 = 3
    /// The count, 2 to 65536; 0 where none has been written since the control word.
    var count: UInt64 = 0
    /// In modes 2 and 3, the count to go on with when the present one has ended; 0 for none.
    var nextCount: UInt64 = 0
    /// The tick at which the count began.
    var start: UInt64 = 0
    var gate = true
    /// The ticks counted before the gate went low, in modes 0 and 4.
    var held: UInt64?
    /// In modes 1 and 5 nothing happens before the gate's edge.
    var isTriggered = false
    var writesHigh = false
    var lowByte: UInt8 = 0
    var readsHigh = false
    var latchedCount: UInt16?
    var latchedStatus: UInt8?

    private var isPeriodic: Bool { mode == 2 || mode == 3 }

    // MARK: What there is at a tick

    private func elapsed(_ tick: UInt64) -> UInt64 { held ?? (tick > start ? tick &- start : 0) }

    /// Takes the next count over, where the present one has ended.
    mutating func settle(_ tick: UInt64) {
        guard nextCount != 0, isPeriodic, count != 0, gate, tick >= start &+ count else { return }
        start &+= count
        count = nextCount
        nextCount = 0
    }

    /// Whether the counter runs: a count has been written, and the gate has triggered it where it must.
    private var isCounting: Bool { count != 0 && (isTriggered || !(mode == 1 || mode == 5)) }

    func output(_ tick: UInt64) -> Bool {
        guard isCounting else { return mode != 0 }
        let elapsed = elapsed(tick)
        switch mode {
        case 0, 1: return elapsed >= count
        case 2: return !gate || elapsed % count != count &- 1
        case 3: return !gate || elapsed % count < (count &+ 1) / 2
        default: return elapsed != count
        }
    }

    /// The tick at which an edge of the output next goes up; nil for none.
    func nextRise(after tick: UInt64) -> UInt64? {
        guard isCounting, held == nil else { return nil }
        if isPeriodic {
            guard gate else { return nil }
            return tick < start ? start &+ count : start &+ ((tick &- start) / count &+ 1) &* count
        }
        // In modes 4 and 5 the output is low for one tick at the end.
        let end = start &+ count &+ (mode >= 4 ? 1 : 0)
        return end > tick ? end : nil
    }

    /// The counter's value as guests read it.
    private func value(_ tick: UInt64) -> UInt16 {
        guard isCounting else { return encoded(count) }
        let elapsed = elapsed(tick)
        switch mode {
        case 2: return encoded(count &- (gate ? elapsed % count : 0))
        case 3: return encoded((count &- (gate ? elapsed &* 2 % count : 0)) & ~1)
        default:
            // It goes on below zero.
            let modulus: UInt64 = isBCD ? 10_000 : 65_536
            return encoded((count &+ modulus &- elapsed % modulus) % modulus)
        }
    }

    private func encoded(_ value: UInt64) -> UInt16 {
        guard isBCD else { return UInt16(truncatingIfNeeded: value) }
        var rest = value % 10_000
        var digits: UInt16 = 0
        for place in 0..<4 {
            digits |= UInt16(truncatingIfNeeded: rest % 10) &<< UInt16(truncatingIfNeeded: place &* 4)
            rest /= 10
        }
        return digits
    }

    private func decoded(_ written: UInt16) -> UInt64 {
        guard isBCD else { return written == 0 ? 65_536 : UInt64(written) }
        var value: UInt64 = 0
        for place in (0..<4).reversed() {
            value = value &* 10 &+ UInt64(min(9, written &>> UInt16(truncatingIfNeeded: place &* 4) & 0xF))
        }
        return value == 0 ? 10_000 : value
    }

    // MARK: Accesses

    /// A control word for this counter.
    mutating func control(_ word: UInt8, tick: UInt64) {
        let access = word >> 4 & 3
        guard access != 0 else { return latchCount(tick) }
        self.access = access
        // Modes 6 and 7 are 2 and 3.
        let mode = word >> 1 & 7
        self.mode = mode > 5 ? mode & 3 : mode
        isBCD = word & 1 != 0
        count = 0
        nextCount = 0
        held = nil
        isTriggered = false
        writesHigh = false
        readsHigh = false
        latchedCount = nil
        latchedStatus = nil
    }

    mutating func latchCount(_ tick: UInt64) {
        settle(tick)
        if latchedCount == nil { latchedCount = value(tick) }
    }

    mutating func latchStatus(_ tick: UInt64) {
        settle(tick)
        guard latchedStatus == nil else { return }
        let isNull = count == 0 || nextCount != 0
        latchedStatus =
            (output(tick) ? 0x80 : 0) | (isNull ? 0x40 : 0) | access << 4 | mode << 1 | (isBCD ? 1 : 0)
    }

    mutating func read(_ tick: UInt64) -> UInt8 {
        settle(tick)
        if let status = latchedStatus {
            latchedStatus = nil
            return status
        }
        let value = latchedCount ?? value(tick)
        switch access {
        case 1:
            latchedCount = nil
            return UInt8(truncatingIfNeeded: value)
        case 2:
            latchedCount = nil
            return UInt8(truncatingIfNeeded: value >> 8)
        default:
            readsHigh.toggle()
            if readsHigh { return UInt8(truncatingIfNeeded: value) }
            latchedCount = nil
            return UInt8(truncatingIfNeeded: value >> 8)
        }
    }

    mutating func write(_ value: UInt8, tick: UInt64) {
        switch access {
        case 1: load(UInt16(value), tick)
        case 2: load(UInt16(value) << 8, tick)
        default:
            writesHigh.toggle()
            if writesHigh {
                lowByte = value
                // In mode 0 the first byte stops the counter.
                if mode == 0 { count = 0 }
            } else {
                load(UInt16(value) << 8 | UInt16(lowByte), tick)
            }
        }
    }

    private mutating func load(_ written: UInt16, _ tick: UInt64) {
        settle(tick)
        // 1 is not allowed in modes 2 and 3 (data sheet, "Mode 2"); 2 is what comes closest.
        let new = isPeriodic ? max(2, decoded(written)) : decoded(written)
        if isPeriodic, count != 0, gate {
            if tick > start { start &+= (tick &- start) / count &* count }
            nextCount = new
            return
        }
        count = new
        guard mode != 1, mode != 5 else { return }
        start = tick
        held = !gate && !isPeriodic ? 0 : nil
    }

    mutating func setGate(_ level: Bool, tick: UInt64) {
        guard level != gate else { return }
        settle(tick)
        switch mode {
        case 0, 4:
            if level, let held {
                start = tick &- min(tick, held)
                self.held = nil
            } else if !level, count != 0 {
                held = elapsed(tick)
            }
        default:
            // The gate's rise begins the count anew.
            if level {
                if nextCount != 0 { count = nextCount }
                nextCount = 0
                start = tick
                isTriggered = true
            }
        }
        gate = level
    }

    // MARK: State

    func save(into encoder: inout StateEncoder) {
        for value in [mode, access, lowByte, latchedStatus ?? 0] { encoder.encode(value) }
        for value in [count, nextCount, start, held ?? 0] { encoder.encode(value) }
        encoder.encode(latchedCount ?? 0)
        for flag in [
            isBCD, gate, held != nil, isTriggered, writesHigh, readsHigh, latchedCount != nil, latchedStatus != nil,
        ] { encoder.encode(flag) }
    }

    init() {}

    init(from decoder: inout StateDecoder) throws(StateError) {
        mode = try decoder.decode(UInt8.self)
        access = try decoder.decode(UInt8.self)
        lowByte = try decoder.decode(UInt8.self)
        let status = try decoder.decode(UInt8.self)
        count = try decoder.decode(UInt64.self)
        nextCount = try decoder.decode(UInt64.self)
        start = try decoder.decode(UInt64.self)
        let held = try decoder.decode(UInt64.self)
        let latched = try decoder.decode(UInt16.self)
        isBCD = try decoder.decode(Bool.self)
        gate = try decoder.decode(Bool.self)
        self.held = try decoder.decode(Bool.self) ? held : nil
        isTriggered = try decoder.decode(Bool.self)
        writesHigh = try decoder.decode(Bool.self)
        readsHigh = try decoder.decode(Bool.self)
        latchedCount = try decoder.decode(Bool.self) ? latched : nil
        latchedStatus = try decoder.decode(Bool.self) ? status : nil
        guard mode <= 5, access >= 1, access <= 3, count <= 65_536, nextCount <= 65_536 else {
            throw StateError("a timer's mode or count is out of range")
        }
    }
}
