package import VirtKitCore

/// The two 8259A of a PC: the second one's output is input 2 of the first. 16 inputs.
///
/// Ranges: 0 the first one's ports, 1 the second one's, 2 their edge/level registers. Accesses of 1 byte.
package final class LegacyPIC: BusDevice {
    package let id = "pc/pic"
    package let stateVersion: UInt32 = 1

    private static let cascade = 2
    private unowned let fabric: APICFabric
    private var master = PIC8259(isSlave: false)
    private var slave = PIC8259(isSlave: true)

    /// Makes the pair, with its output connected to a fabric.
    package init(fabric: APICFabric) {
        self.fabric = fabric
        fabric.acknowledgeExternal = { [unowned self] in acknowledge() }
        fabric.legacy = self
    }

    package func reset() {
        master.reset()
        slave.reset()
        update()
    }

    /// Sets the level of an input, 0 to 15. Input 2 is not there.
    package func setInput(_ input: Int, _ level: Bool) {
        if fabric.setInside(PCAddresses.ioAPICInputs &+ input, level) { return }
        switch input {
        case 0...7 where input != Self.cascade: master.setInput(input, level)
        case 8...15: slave.setInput(input &- 8, level)
        default: return
        }
        update()
    }

    private func update() {
        master.setCascade(Self.cascade, slave.pending != nil)
        fabric.setExternal(master.pending != nil)
    }

    /// Takes the pending interrupt's vector; the spurious one's (input 7 of a chip) where it went away.
    private func acknowledge() -> UInt8 {
        defer { update() }
        guard let input = master.pending else { return master.vectorBase &+ 7 }
        master.acknowledge(input)
        guard input == Self.cascade else { return master.vectorBase &+ input }
        guard let second = slave.pending else { return slave.vectorBase &+ 7 }
        slave.acknowledge(second)
        return slave.vectorBase &+ second
    }

    func put(into state: inout X86_64.BoardControllerState) {
        (state.first, state.second) = (master.state, slave.state)
    }

    func take(_ state: X86_64.BoardControllerState) {
        (master.state, slave.state) = (state.first, state.second)
    }

    // MARK: Registers

    package func read(_ offset: UInt64, width: Int, range: Int, vcpu: Int) -> UInt64 {
        defer { update() }
        if range == 2 { return UInt64(offset == 0 ? master.levelTriggered : slave.levelTriggered) }
        return UInt64(range == 0 ? Self.read(&master, offset) : Self.read(&slave, offset))
    }

    private static func read(_ chip: inout PIC8259, _ offset: UInt64) -> UInt8 {
        if chip.isPolled {
            // A poll is an acknowledgement by a read (8259A, "Poll Command").
            chip.isPolled = false
            guard let input = chip.pending else { return 7 }
            chip.acknowledge(input)
            return 0x80 | input
        }
        return offset & 1 == 0 ? chip.readCommand() : chip.mask
    }

    package func write(_ value: UInt64, to offset: UInt64, width: Int, range: Int, vcpu: Int) {
        let value = UInt8(truncatingIfNeeded: value)
        switch (range, offset & 1) {
        case (0, 0): master.writeCommand(value)
        case (0, _): master.writeData(value)
        case (1, 0): slave.writeCommand(value)
        case (1, _): slave.writeData(value)
        case (_, 0): master.setLevelTriggered(value)
        default: slave.setLevelTriggered(value)
        }
        update()
    }

    // MARK: State

    package func save(into encoder: inout StateEncoder) {
        master.save(into: &encoder)
        slave.save(into: &encoder)
    }

    package func restore(from decoder: inout StateDecoder, version: UInt32) throws(StateError) {
        try requireVersion(version)
        try master.restore(from: &decoder)
        try slave.restore(from: &decoder)
        update()
    }
}
