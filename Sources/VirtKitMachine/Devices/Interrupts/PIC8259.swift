internal import VirtKitCore

/// One Intel 8259A, with the edge/level register that chip sets have added to it. Input 0 has the highest priority
/// until it is rotated.
struct PIC8259 {
    /// Whether this is the second one, whose output goes to an input of the first.
    let isSlave: Bool
    /// The inputs that can be switched to level-triggered.
    let levelCapable: UInt8
    var request: UInt8 = 0
    var service: UInt8 = 0
    var mask: UInt8 = 0
    var levels: UInt8 = 0
    var levelTriggered: UInt8 = 0
    var vectorBase: UInt8 = 0
    /// The input of lowest priority.
    var lowest: UInt8 = 7
    /// Which initialisation command word comes next: 0 none, 2, 3 or 4.
    var expectedWord: UInt8 = 0
    var needsWord4 = false
    var isSingle = false
    var readsService = false
    var isPolled = false
    var specialMask = false
    var fullyNested = false
    var automaticEnd = false
    var rotatesOnAutomaticEnd = false

    init(isSlave: Bool) {
        self.isSlave = isSlave
        levelCapable = isSlave ? 0xDE : 0xF8
    }

    mutating func reset() {
        let levels = levels
        self = PIC8259(isSlave: isSlave)
        self.levels = levels
    }

    /// The input of the highest priority in a set, as the number of steps from the top; 8 for none.
    private func priority(_ set: UInt8) -> UInt8 {
        guard set != 0 else { return 8 }
        let shift = (lowest &+ 1) & 7
        let rotated = set &>> shift | set &<< ((8 &- shift) & 7)
        // A shift by 0 or'ed with itself is the set itself.
        return UInt8(truncatingIfNeeded: (shift == 0 ? set : rotated).trailingZeroBitCount)
    }

    private func input(_ priority: UInt8) -> UInt8 { (priority &+ lowest &+ 1) & 7 }

    /// The input whose interrupt the chip asks to be served; nil for none.
    var pending: UInt8? {
        let wanted = priority(request & ~mask)
        guard wanted < 8 else { return nil }
        var blocking = service
        if specialMask { blocking &= ~mask }
        // In fully nested mode, the second chip can interrupt itself.
        if fullyNested, !isSlave { blocking &= ~4 }
        return wanted < priority(blocking) ? input(wanted) : nil
    }

    mutating func setInput(_ input: Int, _ level: Bool) {
        let bit: UInt8 = 1 &<< UInt8(truncatingIfNeeded: input)
        if levelTriggered & bit != 0 {
            if level { request |= bit } else { request &= ~bit }
        } else if level, levels & bit == 0 {
            // The request holds although the input may fall again, so that a pulse is not lost.
            request |= bit
        }
        if level { levels |= bit } else { levels &= ~bit }
    }

    /// Sets the input that the second chip's output is connected to: the request follows it.
    mutating func setCascade(_ input: Int, _ level: Bool) {
        let bit: UInt8 = 1 &<< UInt8(truncatingIfNeeded: input)
        if level { request |= bit } else { request &= ~bit }
    }

    /// Makes inputs level-triggered, those in the set, and the others edge-triggered.
    mutating func setLevelTriggered(_ inputs: UInt8) {
        levelTriggered = inputs & levelCapable
        request |= levels & levelTriggered
    }

    /// Serves an input.
    mutating func acknowledge(_ input: UInt8) {
        let bit: UInt8 = 1 &<< input
        if automaticEnd {
            if rotatesOnAutomaticEnd { lowest = input }
        } else {
            service |= bit
        }
        if levelTriggered & bit == 0 { request &= ~bit }
    }

    mutating func writeCommand(_ value: UInt8) {
        if value & 0x10 != 0 {
            // ICW1: begin of initialisation. Edge detection starts anew.
            request = levels & levelTriggered
            service = 0
            mask = 0
            lowest = 7
            readsService = false
            isPolled = false
            specialMask = false
            fullyNested = false
            automaticEnd = false
            rotatesOnAutomaticEnd = false
            expectedWord = 2
            needsWord4 = value & 1 != 0
            isSingle = value & 2 != 0
        } else if value & 0x08 != 0 {
            // OCW3.
            if value & 0x04 != 0 { isPolled = true }
            if value & 0x02 != 0 { readsService = value & 1 != 0 }
            if value & 0x40 != 0 { specialMask = value & 0x20 != 0 }
        } else {
            writeEndOfInterrupt(value)
        }
    }

    /// OCW2: ends of interrupt, and rotation.
    private mutating func writeEndOfInterrupt(_ value: UInt8) {
        let named = value & 7
        switch value >> 5 {
        case 0, 4: rotatesOnAutomaticEnd = value >> 5 == 4
        case 1, 5:
            let active = specialMask ? service & ~mask : service
            let highest = priority(active)
            guard highest < 8 else { break }
            let ended = input(highest)
            service &= ~(1 &<< ended)
            if value >> 5 == 5 { lowest = ended }
        case 3, 7:
            service &= ~(1 &<< named)
            if value >> 5 == 7 { lowest = named }
        case 6: lowest = named
        default: break
        }
    }

    mutating func writeData(_ value: UInt8) {
        switch expectedWord {
        case 2:
            vectorBase = value & 0xF8
            expectedWord = isSingle ? (needsWord4 ? 4 : 0) : 3
        case 3: expectedWord = needsWord4 ? 4 : 0
        case 4:
            fullyNested = value & 0x10 != 0
            automaticEnd = value & 0x02 != 0
            expectedWord = 0
        default: mask = value
        }
    }

    /// Reads the request or service register.
    func readCommand() -> UInt8 { readsService ? service : request }

    func save(into encoder: inout StateEncoder) {
        for value in [request, service, mask, levels, levelTriggered, vectorBase, lowest, expectedWord] {
            encoder.encode(value)
        }
        for flag in [
            needsWord4, isSingle, readsService, isPolled, specialMask, fullyNested, automaticEnd, rotatesOnAutomaticEnd,
        ] { encoder.encode(flag) }
    }

    mutating func restore(from decoder: inout StateDecoder) throws(StateError) {
        request = try decoder.decode(UInt8.self)
        service = try decoder.decode(UInt8.self)
        mask = try decoder.decode(UInt8.self)
        levels = try decoder.decode(UInt8.self)
        levelTriggered = try decoder.decode(UInt8.self)
        vectorBase = try decoder.decode(UInt8.self)
        lowest = try decoder.decode(UInt8.self) & 7
        expectedWord = try decoder.decode(UInt8.self)
        needsWord4 = try decoder.decode(Bool.self)
        isSingle = try decoder.decode(Bool.self)
        readsService = try decoder.decode(Bool.self)
        isPolled = try decoder.decode(Bool.self)
        specialMask = try decoder.decode(Bool.self)
        fullyNested = try decoder.decode(Bool.self)
        automaticEnd = try decoder.decode(Bool.self)
        rotatesOnAutomaticEnd = try decoder.decode(Bool.self)
    }
}
