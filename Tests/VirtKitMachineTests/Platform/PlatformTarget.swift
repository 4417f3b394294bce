import VirtKitCore

@testable import VirtKitMachine

/// The devices of the platform, 1 MiB of RAM with a hole in it, and what has been asked of the machine.
final class PlatformTarget {
    let memory: GuestMemory
    let firmware: FirmwareConfiguration
    let keyboard: KeyboardController
    let debugExit: DebugExit
    let resets: ResetControl
    let keyboardLine = InterruptLine { _ in }
    var requests: [(request: MachineRequest, code: UInt32)] { log.requests }
    private let log: Log

    private final class Log { var requests: [(request: MachineRequest, code: UInt32)] = [] }

    init() throws {
        let log = Log()
        self.log = log
        memory = try GuestMemory(regions: [
            GuestMemoryRegion(guestAddress: 0, size: 0xA_0000),
            GuestMemoryRegion(guestAddress: 0xC_0000, size: 0x4_0000),
        ])
        let context = DeviceContext(clock: MachineClock(), timers: TimerQueue(), memory: memory) { request, code in
            log.requests.append((request, code))
        }
        firmware = FirmwareConfiguration(context: context)
        firmware.setItem(FirmwareConfiguration.Key.cpus, [4, 0])
        firmware.addFile("opt/test/fixed", Array(1...100))
        firmware.addFile("opt/test/writable", [UInt8](repeating: 7, count: 32), isWritable: true)
        keyboard = KeyboardController(context: context, line: keyboardLine)
        debugExit = DebugExit(context: context)
        resets = ResetControl(context: context)
    }

    /// Every device, with the number and size of each of its ranges.
    var devices: [(device: any BusDevice, ranges: [UInt64])] {
        [
            (firmware, [PCAddresses.firmwareConfigurationSize]), (keyboard, [1, 1]), (debugExit, [4]),
            (resets, [1, 16, 1]),
        ]
    }

    // MARK: fw_cfg

    func select(_ key: UInt16) { firmware.write(UInt64(key), to: 0, width: 2, range: 0, vcpu: 0) }

    func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: firmware.read(1, width: 1, range: 0, vcpu: 0)) }
    }

    /// Runs a DMA command with its structure at `place`; returns the control word that it leaves.
    func transfer(_ control: UInt32, length: UInt32, address: UInt64, place: UInt64 = 0x1000) throws -> UInt32 {
        try memory.store(control.byteSwapped, at: place)
        try memory.store(length.byteSwapped, at: place + 4)
        try memory.store(address.byteSwapped, at: place + 8)
        start(place)
        return try memory.load(UInt32.self, at: place).byteSwapped
    }

    func start(_ place: UInt64) {
        let high = UInt32(truncatingIfNeeded: place >> 32).byteSwapped
        let low = UInt32(truncatingIfNeeded: place).byteSwapped
        firmware.write(UInt64(high), to: 4, width: 4, range: 0, vcpu: 0)
        firmware.write(UInt64(low), to: 8, width: 4, range: 0, vcpu: 0)
    }

    // MARK: 8042

    func command(_ value: UInt8) { keyboard.write(UInt64(value), to: 0, width: 1, range: 1, vcpu: 0) }
    func data(_ value: UInt8) { keyboard.write(UInt64(value), to: 0, width: 1, range: 0, vcpu: 0) }
    var status: UInt64 { keyboard.read(0, width: 1, range: 1, vcpu: 0) }

    /// The byte that waits, if one does.
    func answer() -> UInt64? { status & 1 == 0 ? nil : keyboard.read(0, width: 1, range: 0, vcpu: 0) & 0xFF }
}
