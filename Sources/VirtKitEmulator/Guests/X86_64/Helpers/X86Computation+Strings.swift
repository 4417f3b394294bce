internal import Glibc

/// The string instructions with a repeat prefix.
///
/// RCX, RSI and RDI are written after every run of elements, so that a fault leaves the state of the last completed
/// element. After `budget` bytes the block ends at this same instruction, so that interrupts come in time.
extension X86Computation {
    private static let budget = 1 << 16
    /// Elements until then: one where a debug trap may follow each iteration.
    private var elementBudget: Int { immediate.argument & X86Helper.stringSteps != 0 ? 1 : Self.budget / bytes }

    private var checksSource: Bool { immediate.argument & X86Helper.stringSourceChecks != 0 }
    private var checksDestination: Bool { immediate.argument & X86Helper.stringDestinationChecks != 0 }

    private func checkSource() throws(Failure) {
        if checksSource { try check(immediate.segment, pointer(6), bytes, writes: false) }
    }

    private func checkDestination(writes: Bool) throws(Failure) {
        if checksDestination { try check(0, pointer(7), bytes, writes: writes) }
    }

    /// How many elements lie within the segments from where the pointers are, if the first do.
    private func elementsInSegments(source: Bool) -> UInt64 {
        guard let guest else { return .max }
        var count = UInt64.max
        if source, checksSource {
            count = guest.elementsInSegment(immediate.segment, pointer(6), UInt64(truncatingIfNeeded: bytes))
        }
        if checksDestination {
            count = min(count, guest.elementsInSegment(0, pointer(7), UInt64(truncatingIfNeeded: bytes)))
        }
        return count
    }

    private var size: Int { immediate.addressBytes }
    private var isBackward: Bool { quad(X86Slot.systemFlags) & 1 << 10 != 0 }
    private var step: UInt64 { isBackward ? 0 &- UInt64(bytes) : UInt64(bytes) }

    private var count: UInt64 { value(X86Slot.general(1), size) }
    private func setCount(_ count: UInt64) { setValue(X86Slot.general(1), count, size) }

    /// RSI (6) or RDI (7) as an offset.
    private func pointer(_ number: Int) -> UInt64 { value(X86Slot.general(number), size) }
    private func advance(_ number: Int, _ elements: UInt64) {
        setValue(X86Slot.general(number), general(number) &+ step &* elements, size)
    }

    /// The base to add to an offset of the source (the segment in the immediate) or of the destination (ES). Outside
    /// 64-bit code the sum has 32 bits.
    private func linear(_ offset: UInt64, _ segment: Int) -> UInt64 {
        if immediate.argument & X86Helper.stringBases != 0 { return (offset &+ base(segment)) & 0xFFFF_FFFF }
        return segment >= 4 ? offset &+ base(segment) : offset
    }

    private func base(_ segment: Int) -> UInt64 { segment < 6 ? quad(X86Slot.segmentBase(segment)) : 0 }

    private var source: UInt64 { linear(pointer(6), immediate.segment) }
    private var destination: UInt64 { linear(pointer(7), 0) }

    /// Done, or to be gone on with.
    private func outcome(finished: Bool) -> HelperOutcome {
        if finished { return .next }
        setQuad(X86Slot.programCounter, engine.currentPC)
        return .endBlock
    }

    private func host(_ address: UInt64, _ access: MemoryAccess) throws(Failure) -> UnsafeMutableRawPointer? {
        // As an element's access would: for alignment checks and data breakpoints.
        engine.accessBytes = bytes
        defer { engine.accessBytes = 1 }
        do throws(GuestFault) {
            return try engine.hostPointer(address, access: access)
        } catch {
            throw .access
        }
    }

    /// How many whole elements lie between `address` and the end of its page.
    private func elements(_ address: UInt64) -> UInt64 {
        (4096 &- address & 0xFFF) / UInt64(bytes)
    }

    // MARK: MOVS, STOS, LODS

    func repeatMove() throws(Failure) -> HelperOutcome {
        var left = elementBudget
        while true {
            let count = count
            if count == 0 { return outcome(finished: true) }
            if left <= 0 { return outcome(finished: false) }
            try checkSource()
            try checkDestination(writes: true)
            let from = source
            let to = destination
            var run: UInt64 = 1
            let room = min(elements(from), elements(to), elementsInSegments(source: true))
            let limit = min(count, room, UInt64(left), wrapLimit)
            if !isBackward, limit > 1, try copy(from, to, Int(limit) &* bytes) {
                run = limit
            } else {
                try storeValue(try loadValue(from, bytes), to: to, bytes)
            }
            advance(6, run)
            advance(7, run)
            setCount(count &- run)
            left -= Int(run)
        }
    }

    /// Elements until RSI or RDI wraps at the address size.
    private var wrapLimit: UInt64 {
        if size == 8 { return .max }
        let end = Self.mask(size) &+ 1
        return min(end &- pointer(6), end &- pointer(7)) / UInt64(bytes)
    }

    /// Copies within one page on either side, if both are RAM and a plain copy does what the elements in turn would.
    private func copy(_ from: UInt64, _ to: UInt64, _ byteCount: Int) throws(Failure) -> Bool {
        guard let read = try host(from, .read), let write = try host(to, .write) else { return false }
        // SAFETY: `hostPointer` is good to the end of the page, within which byteCount was chosen.
        let distance = write - read
        if distance > 0, distance < byteCount { return false }
        memmove(write, read, byteCount)
        return true
    }

    func repeatStore() throws(Failure) -> HelperOutcome {
        var left = elementBudget
        let value = value(X86Slot.general(0), bytes)
        while true {
            let count = count
            if count == 0 { return outcome(finished: true) }
            if left <= 0 { return outcome(finished: false) }
            try checkDestination(writes: true)
            let to = destination
            var run: UInt64 = 1
            let limit = min(count, elements(to), elementsInSegments(source: false), UInt64(left), wrapLimit)
            if !isBackward, limit > 1, let pointer = try host(to, .write) {
                fill(pointer, value, Int(limit))
                run = limit
            } else {
                try storeValue(value, to: to, bytes)
            }
            advance(7, run)
            setCount(count &- run)
            left -= Int(run)
        }
    }

    private func fill(_ pointer: UnsafeMutableRawPointer, _ value: UInt64, _ count: Int) {
        let first = UInt8(truncatingIfNeeded: value)
        if value == UInt64(first) &* 0x0101_0101_0101_0101 & Self.mask(bytes) {
            memset(pointer, Int32(first), count &* bytes)
            return
        }
        // SAFETY: as in `copy`.
        for index in 0..<count {
            let element = pointer + index &* bytes
            switch bytes {
            case 2: element.storeBytes(of: UInt16(truncatingIfNeeded: value), as: UInt16.self)
            case 4: element.storeBytes(of: UInt32(truncatingIfNeeded: value), as: UInt32.self)
            default: element.storeBytes(of: value, as: UInt64.self)
            }
        }
    }

    func repeatLoad() throws(Failure) -> HelperOutcome {
        var left = elementBudget
        while true {
            let count = count
            if count == 0 { return outcome(finished: true) }
            if left <= 0 { return outcome(finished: false) }
            try checkSource()
            setValue(X86Slot.general(0), try loadValue(source, bytes), bytes)
            advance(6, 1)
            setCount(count &- 1)
            left -= 1
        }
    }

    // MARK: SCAS, CMPS

    func repeatScan() throws(Failure) -> HelperOutcome {
        let accumulator = value(X86Slot.general(0), bytes)
        return try repeatComparison { () throws(Failure) -> (UInt64, UInt64) in
            try checkDestination(writes: false)
            let found = try loadValue(destination, bytes)
            advance(7, 1)
            return (accumulator, found)
        }
    }

    func repeatCompare() throws(Failure) -> HelperOutcome {
        try repeatComparison { () throws(Failure) -> (UInt64, UInt64) in
            try checkSource()
            try checkDestination(writes: false)
            let first = try loadValue(source, bytes)
            let second = try loadValue(destination, bytes)
            advance(6, 1)
            advance(7, 1)
            return (first, second)
        }
    }

    /// `next` loads a pair and moves the pointers. The flags are those of the last comparison.
    private func repeatComparison(_ next: () throws(Failure) -> (UInt64, UInt64)) throws(Failure) -> HelperOutcome {
        var left = elementBudget
        let wanted = immediate.repeats == .whileEqual
        var last: (UInt64, UInt64)?
        defer { if let last { engine.flags = subtractionFlags(last.0, last.1) } }
        while true {
            let count = count
            if count == 0 { return outcome(finished: true) }
            if left <= 0 { return outcome(finished: false) }
            let pair = try next()
            setCount(count &- 1)
            last = pair
            left -= 1
            if (pair.0 == pair.1) != wanted { return outcome(finished: true) }
        }
    }

    private func subtractionFlags(_ first: UInt64, _ second: UInt64) -> UInt64 {
        let result = first &- second & Self.mask(bytes)
        var flags = Self.resultFlags(result, bytes)
        if first < second { flags |= FlagBits.carry }
        flags |= (first ^ second ^ result) & FlagBits.auxiliary
        let overflow = (first ^ second) & (first ^ result)
        if overflow >> UInt64(bytes &* 8 &- 1) & 1 != 0 { flags |= FlagBits.overflow }
        return flags
    }
}
