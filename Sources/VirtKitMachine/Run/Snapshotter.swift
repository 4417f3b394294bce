internal import VirtKitCore

/// Saving a local machine.
final class Snapshotter<TheBoard: Board>: MachineSnapshots {
    private let loop: MachineLoop<TheBoard>

    init(loop: MachineLoop<TheBoard>) { self.loop = loop }

    func save(to path: String) async throws {
        let loop = loop
        try await loop.perform("save machine") { () throws(VirtKitError) in
            guard loop.state == .paused else { throw loop.wrongState("save machine", needs: "paused") }
            try SavedMachine.write(
                SavedMachineHeader(loop.configuration, timerFrequency: loop.timerFrequency), sections: loop.sections(),
                memory: loop.memory, to: path)
            loop.events.send(MachineEvent(.saved, details: path))
        }
    }
}

extension MachineLoop {
    private static var clockSection: String { "machine/clock" }

    /// The saved form of a machine whose vCPUs are parked.
    func sections() throws(VirtKitError) -> [StateSection] {
        var encoder = StateEncoder()
        encoder.encode(clock.now)
        var sections = [StateSection(id: Self.clockSection, version: 1, payload: encoder.bytes), cpu.section]
        for index in 0..<control.count {
            var encoder = StateEncoder()
            try control.readState(index).encode(into: &encoder)
            sections.append(
                StateSection(id: "cpu/\(index)", version: GuestState.encodingVersion, payload: encoder.bytes))
        }
        sections += board.lock.withLock {
            board.devices.map { device in
                var encoder = StateEncoder()
                device.save(into: &encoder)
                return StateSection(id: device.id, version: device.stateVersion, payload: encoder.bytes)
            }
        }
        return sections
    }

    /// Puts the saved clock and devices in place, and returns the vCPUs' states. Every section must be known, and none
    /// may be missing.
    func restore(_ sections: [StateSection]) throws(VirtKitError) -> [GuestState] {
        var rest: [String: StateSection] = [:]
        for section in sections where rest.updateValue(section, forKey: section.id) != nil {
            throw Self.damaged("section \(section.id) is there twice")
        }
        func read<Value>(
            _ id: String, _ body: (inout StateDecoder, UInt32) throws(StateError) -> Value
        ) throws(VirtKitError) -> Value {
            guard let section = rest.removeValue(forKey: id) else { throw Self.damaged("section \(id) is missing") }
            do throws(StateError) {
                var decoder = StateDecoder(section.payload)
                let value = try body(&decoder, section.version)
                try decoder.finish()
                return value
            } catch {
                throw Self.damaged("section \(id): \(error.message)")
            }
        }
        let now = try read(Self.clockSection) { decoder, version throws(StateError) in
            guard version == 1 else { throw StateError("version \(version) is not known") }
            return try decoder.decode(UInt64.self)
        }
        // Read before the machine was made; VirtKit 0.2.0 saved none.
        rest[SavedCPU.sectionID] = nil
        // The guest's real-time clock goes by the host's, as after a suspension.
        clock.restore(elapsed: now, wallClock: clock.wallClock)
        var states: [GuestState] = []
        for index in 0..<control.count {
            states.append(
                try read("cpu/\(index)") { decoder, version throws(StateError) in
                    try GuestState(from: &decoder, version: version)
                })
        }
        let devices = board.lock.withLock { board.devices }
        for device in devices {
            try read(device.id) { decoder, version throws(StateError) in
                let result = board.lock.withLock {
                    Result { () throws(StateError) in try device.restore(from: &decoder, version: version) }
                }
                try result.get()
            }
        }
        if let unknown = rest.keys.min() { throw Self.damaged("section \(unknown) is not known to this machine") }
        return states
    }

    private static func damaged(_ message: String) -> VirtKitError {
        VirtKitError(.invalidSavedState, operation: "restore machine", message: message)
    }
}
