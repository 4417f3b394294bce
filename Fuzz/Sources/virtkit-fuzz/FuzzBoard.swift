import VirtKitCore

@testable import VirtKitMachine

/// A board whose time moves only when told.
final class FuzzBoard: @unchecked Sendable {
    // SAFETY: libFuzzer calls from one thread.
    /// What a model's devices need to be told.
    private static let properties = ["isa-debugcon": ["file": "/dev/null", "iobase": "0x402"]]

    let clock: MachineClock
    let board: PCBoard

    init(memory: GuestMemory, layout: PCMemoryLayout, clock: MachineClock? = nil) throws {
        let clock = clock ?? MachineClock(isStepped: true)
        self.clock = clock
        var configuration = MachineConfiguration(architecture: .x86_64, cpus: 2, memory: .mebibytes(2))
        configuration.devices = BoardDeviceModels.all.map {
            DeviceConfiguration(id: "fuzz/\($0.name)", model: $0.name, properties: Self.properties[$0.name] ?? [:])
        }
        board = try PCBoard(
            configuration: configuration, memory: memory, layout: layout, clock: clock, serial: SerialConsole(),
            deviceModels: BoardDeviceModels.all, request: { _, _ in }, signal: { _ in })
    }

    func advance(by nanoseconds: UInt64) {
        clock.advance(by: nanoseconds)
        board.lock.withLock { board.timers.run(now: clock.now) }
    }

    func save() -> [(id: String, version: UInt32, bytes: [UInt8])] {
        board.lock.withLock {
            board.devices.map { device in
                var encoder = StateEncoder()
                device.save(into: &encoder)
                return (device.id, device.stateVersion, encoder.bytes)
            }
        }
    }
}
