package import VirtKitCore

/// An I/O APIC with 24 inputs: Intel 82093AA, with the EOI register of version 20H (ICH9, 5.10).
package final class IOAPIC: BusDevice {
    package let id = "pc/ioapic"
    package let stateVersion: UInt32 = 1

    private enum Entry {
        static let remoteRequest: UInt64 = 1 << 14, level: UInt64 = 1 << 15, mask: UInt64 = 1 << 16
        static let logical: UInt64 = 1 << 11
        /// All but delivery status and remote IRR.
        static let writable: UInt64 = 0xFF00_0000_0001_AFFF
    }
    private static let version: UInt32 = 0x20
    private static let inputs = PCAddresses.ioAPICInputs

    private let deliver: (InterruptMessage) -> Void
    /// Told the messages of the unmasked level-triggered inputs, when they are others.
    private let levelsChanged: ([InterruptMessage]) -> Void
    private var levelMessages: [InterruptMessage] = []
    /// Sets an input of an I/O APIC inside the accelerator, where it is in use.
    private let setInside: (Int, Bool) -> Bool
    private var selector: UInt8 = 0
    private var identity = PCAddresses.ioAPICID
    private var entries: [UInt64]
    /// The inputs' levels, one bit each.
    private var levels: UInt32 = 0

    /// Makes an I/O APIC that sends its interrupts to a fabric, and listens to its ends of interrupt.
    package init(fabric: APICFabric) {
        deliver = { [unowned fabric] in fabric.deliver($0) }
        levelsChanged = { [unowned fabric] in fabric.setLevelMessages($0) }
        setInside = { [unowned fabric] in fabric.setInside($0, $1) }
        entries = [UInt64](repeating: Entry.mask, count: Self.inputs)
        fabric.endOfInterrupt = { [unowned self] in endOfInterrupt($0) }
        fabric.inputs = self
    }

    package func reset() {
        selector = 0
        identity = PCAddresses.ioAPICID
        for input in entries.indices { entries[input] = Entry.mask }
        noteLevels()
    }

    // MARK: Inputs

    /// Sets the level of an input.
    package func setInput(_ input: Int, _ level: Bool) {
        guard input >= 0, input < Self.inputs else { return }
        let bit: UInt32 = 1 &<< UInt32(truncatingIfNeeded: input)
        let was = levels & bit != 0
        guard was != level else { return }
        if level { levels |= bit } else { levels &= ~bit }
        if setInside(input, level) { return }
        guard level else { return }
        if entries[input] & Entry.level != 0 {
            deliverLevel(input)
        } else if entries[input] & Entry.mask == 0 {
            // An edge at a masked input is lost (82093AA, 3.2.4).
            send(input)
        }
    }

    func put(into state: inout X86_64.BoardControllerState) {
        (state.selector, state.identity, state.redirections, state.levels) = (selector, identity, entries, levels)
    }

    /// Takes what another I/O APIC holds, but for its inputs' levels: this one has followed them.
    func take(_ state: X86_64.BoardControllerState) {
        (selector, identity) = (state.selector, state.identity & 0xF)
        for input in entries.indices where input < state.redirections.count {
            entries[input] = state.redirections[input] & (Entry.writable | Entry.remoteRequest)
        }
        noteLevels()
    }

    /// Delivers a level-triggered input that is high, unmasked, and not being served.
    private func deliverLevel(_ input: Int) {
        let entry = entries[input]
        guard levels &>> UInt32(truncatingIfNeeded: input) & 1 != 0, entry & Entry.level != 0,
            entry & (Entry.mask | Entry.remoteRequest) == 0
        else { return }
        entries[input] |= Entry.remoteRequest
        send(input)
    }

    private func send(_ input: Int) { deliver(Self.message(entries[input])) }

    private static func message(_ entry: UInt64) -> InterruptMessage {
        InterruptMessage(
            destination: UInt32(truncatingIfNeeded: entry >> 56), isLogical: entry & Entry.logical != 0,
            mode: DeliveryMode(rawValue: UInt8(truncatingIfNeeded: entry >> 8)),
            vector: UInt8(truncatingIfNeeded: entry), isLevelTriggered: entry & Entry.level != 0)
    }

    /// Tells which level-triggered interrupts may come. One that is masked while it is served still ends.
    private func noteLevels() {
        let messages = entries.filter {
            $0 & Entry.level != 0 && ($0 & Entry.mask == 0 || $0 & Entry.remoteRequest != 0)
        }.map(Self.message)
        guard messages != levelMessages else { return }
        levelMessages = messages
        levelsChanged(messages)
    }

    /// A local APIC, or a write to the EOI register, ends the level-triggered interrupts of a vector.
    package func endOfInterrupt(_ vector: UInt8) {
        for input in entries.indices
        where entries[input] & 0xFF == UInt64(vector) && entries[input] & Entry.level != 0 {
            entries[input] &= ~Entry.remoteRequest
            deliverLevel(input)
        }
    }

    // MARK: Registers

    package func read(_ offset: UInt64, width: Int, range: Int, vcpu: Int) -> UInt64 {
        switch offset & ~3 {
        case 0x00: registerPart(UInt64(selector), offset: offset & 3, width: width)
        case 0x10: registerPart(UInt64(selected), offset: offset & 3, width: width)
        default: 0
        }
    }

    package func write(_ value: UInt64, to offset: UInt64, width: Int, range: Int, vcpu: Int) {
        switch offset {
        case 0x00: selector = UInt8(truncatingIfNeeded: value)
        case 0x10 where width >= 4: selected = UInt32(truncatingIfNeeded: value)
        case 0x40: endOfInterrupt(UInt8(truncatingIfNeeded: value))
        default: break
        }
    }

    private var selected: UInt32 {
        get {
            switch selector {
            case 0: return UInt32(identity) << 24
            case 1: return UInt32(truncatingIfNeeded: Self.inputs &- 1) << 16 | Self.version
            case 2: return UInt32(identity) << 24
            default:
                guard let input = selectedInput else { return 0 }
                return UInt32(truncatingIfNeeded: selector & 1 == 0 ? entries[input] : entries[input] >> 32)
            }
        }
        set {
            if selector == 0 { identity = UInt8(truncatingIfNeeded: newValue >> 24) & 0xF }
            guard let input = selectedInput else { return }
            var entry = entries[input]
            if selector & 1 == 0 {
                entry = entry & ~0xFFFF_FFFF | UInt64(newValue) & Entry.writable | entry & Entry.remoteRequest
                // What is now edge-triggered is no longer being served.
                if entry & Entry.level == 0 { entry &= ~Entry.remoteRequest }
            } else {
                entry = entry & 0xFFFF_FFFF | (UInt64(newValue) << 32) & Entry.writable
            }
            entries[input] = entry
            noteLevels()
            deliverLevel(input)
        }
    }

    private var selectedInput: Int? {
        let input = (Int(selector) &- 0x10) >> 1
        return selector >= 0x10 && input < Self.inputs ? input : nil
    }

    // MARK: State

    package func save(into encoder: inout StateEncoder) {
        encoder.encode(selector)
        encoder.encode(identity)
        encoder.encode(levels)
        for entry in entries { encoder.encode(entry) }
    }

    package func restore(from decoder: inout StateDecoder, version: UInt32) throws(StateError) {
        try requireVersion(version)
        selector = try decoder.decode(UInt8.self)
        identity = try decoder.decode(UInt8.self)
        levels = try decoder.decode(UInt32.self)
        for input in entries.indices { entries[input] = try decoder.decode(UInt64.self) }
        noteLevels()
    }
}
