package import VirtKitCore

/// The board `pc-1`: Intel's Q35 and ICH9 where guests can see it, as `PCAddresses` has it.
package final class PCBoard: Board, @unchecked Sendable {
    // SAFETY: devices, timers and wires are touched only with the lock held; the rest does not change after `init`.
    package typealias Architecture = X86_64

    /// The model that `CPUModel.standard` stands for.
    package static let standardCPUModel = CPUModel.x86_64v2

    package let lock = DeviceLock()
    package let timers = TimerQueue()
    package let devices: [any Device]
    package var bus: any GuestBus & Sendable { systemBus }
    package let interruptSource: any InterruptSource & Sendable
    package var accessCount: UInt64 { systemBus.accessCount }

    private let configuration: MachineConfiguration
    private let memory: GuestMemory
    private let layout: PCMemoryLayout
    private let systemBus: SystemBus
    private let fabric: APICFabric
    private let router: InterruptRouter
    private let serialPort: UART16550
    private let power: PowerManagement
    /// PCI bus 0. With the lock held.
    package let pci: PCIBus
    /// What firmware and boot loaders are told. With the lock held, or before the machine runs.
    package let firmware: FirmwareConfiguration

    /// Makes the board and the devices that the configuration adds to it.
    ///
    /// - Parameters:
    ///   - request: called with the lock held when a device asks something of the machine.
    ///   - signal: called when a vCPU must ask its interrupt source.
    ///   - restart: called when a vCPU must leave guest code and ask for a change of its state.
    /// - Throws: `VirtKitError`: what a device model throws, and `.invalidConfiguration` where a device's addresses or
    ///   interrupt are taken.
    package init(
        configuration: MachineConfiguration, memory: GuestMemory, layout: PCMemoryLayout, clock: MachineClock,
        serial: SerialConsole, deviceModels: [any DeviceModel],
        request: @escaping (MachineRequest, UInt32) -> Void, signal: @escaping (Int) -> Void,
        restart: @escaping (Int) -> Void = { _ in }
    ) throws(VirtKitError) {
        self.configuration = configuration
        self.memory = memory
        self.layout = layout
        let context = DeviceContext(clock: clock, timers: timers, memory: memory, request: request)

        let fabric = APICFabric(cpus: configuration.cpus, context: context, signal: signal)
        fabric.restarted = restart
        self.fabric = fabric
        let pic = LegacyPIC(fabric: fabric)
        let ioAPIC = IOAPIC(fabric: fabric)
        let router = InterruptRouter(pic: pic, ioAPIC: ioAPIC)
        self.router = router
        interruptSource = InterruptGate(fabric: fabric, lock: lock)
        let frequency = configuration.timerFrequency ?? PCAddresses.defaultTimeStampFrequency
        fabric.deadlineOfTimeStamp = { _, timeStamp in Self.machineTime(of: timeStamp, frequency: frequency) }

        let bus = SystemBus(lock: lock, fabric: fabric)
        systemBus = bus
        serialPort = UART16550(
            id: "pc/uart0", context: context, console: serial, line: router.isaLine(PCAddresses.serialIRQ))
        power = PowerManagement(context: context, line: router.isaLine(PCAddresses.sciIRQ))
        let pit = PIT8254(context: context, line: router.isaLine(PCAddresses.pitIRQ))
        let rtc = RealTimeClock(
            context: context, line: router.isaLine(PCAddresses.rtcIRQ), layout: layout, cpus: configuration.cpus)
        let keyboard = KeyboardController(context: context, line: router.isaLine(PCAddresses.keyboardIRQ))
        let resets = ResetControl(context: context)
        let debugExit = DebugExit(context: context)
        let pci = PCIBus(resetControl: (resets, 2))
        self.pci = pci
        let firmware = FirmwareConfiguration(context: context)
        Self.describe(configuration, layout, to: firmware)
        self.firmware = firmware

        try bus.map(pic, .port, PCAddresses.pic.0, size: 2, range: 0, widest: 1)
        try bus.map(pic, .port, PCAddresses.pic.1, size: 2, range: 1, widest: 1)
        try bus.map(pic, .port, PCAddresses.elcr, size: 2, range: 2, widest: 1)
        try bus.map(ioAPIC, .memory, PCAddresses.ioAPIC, size: PCAddresses.ioAPICSize)
        try bus.map(serialPort, .port, PCAddresses.serial, size: 8, widest: 1)
        try bus.map(pit, .port, PCAddresses.pit, size: 4, range: 0, widest: 1)
        try bus.map(pit, .port, PCAddresses.systemControlB, size: 1, range: 1, widest: 1)
        try bus.map(rtc, .port, PCAddresses.rtc, size: 2, widest: 1)
        try bus.map(keyboard, .port, PCAddresses.keyboard.data, size: 1, range: 0, widest: 1)
        try bus.map(keyboard, .port, PCAddresses.keyboard.command, size: 1, range: 1, widest: 1)
        try bus.map(resets, .port, PCAddresses.systemControlA, size: 1, range: 0, widest: 1)
        try bus.map(resets, .port, PCAddresses.dmaPages, size: 16, range: 1, widest: 1)
        try bus.map(power, .port, PCAddresses.smiCommand, size: 2, range: 1, widest: 1)
        try bus.map(debugExit, .port, PCAddresses.debugExit, size: 4)
        try bus.map(firmware, .port, PCAddresses.firmwareConfiguration, size: PCAddresses.firmwareConfigurationSize)
        try bus.map(pci, .port, PCAddresses.pciConfiguration, size: 8, range: 0, widest: 4)
        let powerWindow = bus.makeWindow(power, .port, range: 0)
        let ecamWindow = bus.makeWindow(pci, .memory, range: 1)
        _ = ChipSet(
            // The windows hold the devices that hold these closures.
            bus: pci, router: router, hasROM: layout.romSize > 0,
            ecam: { [weak ecamWindow] in ecamWindow?.addresses = $0 },
            shadow: { part, isWritable in
                // Where there is no ROM, what begins at these addresses is RAM, and stays so.
                guard layout.isROM(PCMemoryLayout.shadowParts[part]) else { return }
                memory.setWritable(isWritable, regionAt: PCMemoryLayout.shadowParts[part].lowerBound)
            },
            powerManagement: { [weak powerWindow] base in
                powerWindow?.addresses = base.map { $0..<$0 &+ PCAddresses.powerManagementSize }
            })

        // What raises interrupts stands before what takes them, so that a restored machine ends up with the saved
        // interrupts, not with those that restoring may raise.
        var devices: [any Device] = [serialPort, pit, power, rtc, keyboard, resets, debugExit, pci, firmware]
        devices += pci.allFunctions as [any Device]
        for description in configuration.devices {
            guard let model = deviceModels.first(where: { $0.name == description.model }) else {
                throw VirtKitError(
                    .invalidConfiguration, operation: "make device \(description.id)",
                    message: "the model \(description.model) is not known")
            }
            let placement = try model.makeDevice(description, context: context) { router.line($0) }
            for (number, range) in placement.ranges.enumerated() {
                try bus.map(placement.device, range.space, range.address, size: range.size, range: number)
            }
            devices.append(placement.device)
        }
        devices += [pic, ioAPIC] as [any Device]
        devices += fabric.apics as [any Device]
        try Self.checkIdentities(devices)
        self.devices = devices
        for device in devices { device.reset() }
    }

    /// Refuses identities that two parts of a saved machine would share.
    private static func checkIdentities(_ devices: [any Device]) throws(VirtKitError) {
        var taken: Set<String> = []
        for id in devices.map(\.id)
        where !taken.insert(id).inserted || id.hasPrefix("cpu/") || id.hasPrefix("machine/") {
            throw VirtKitError(
                .invalidConfiguration, operation: "make device \(id)", message: "the identity is the machine's own",
                remedy: "give the device another id")
        }
    }

    /// When a time-stamp counter of `frequency` Hz that started at 0 with the machine reaches a value, in nanoseconds of
    /// machine time, rounded up.
    private static func machineTime(of timeStamp: UInt64, frequency: UInt64) -> UInt64 {
        let (high, low) = timeStamp.multipliedFullWidth(by: 1_000_000_000)
        guard high < frequency else { return .max }
        let (quotient, remainder) = frequency.dividingFullWidth((high, low))
        return remainder == 0 ? quotient : quotient &+ 1
    }

    /// What firmware asks fw_cfg for: sizes, counts and the memory map, which has RAM only (QEMU, docs/specs/fw_cfg.rst).
    private static func describe(
        _ configuration: MachineConfiguration, _ layout: PCMemoryLayout, to firmware: FirmwareConfiguration
    ) {
        func bytes<Value: FixedWidthInteger & UnsignedInteger>(_ value: Value) -> [UInt8] {
            var bytes: [UInt8] = []
            bytes.appendLittle(value)
            return bytes
        }
        let cpus = bytes(UInt16(truncatingIfNeeded: configuration.cpus))
        firmware.setItem(FirmwareConfiguration.Key.cpus, cpus)
        firmware.setItem(FirmwareConfiguration.Key.maximumCPUs, cpus)
        firmware.setItem(FirmwareConfiguration.Key.memorySize, bytes(layout.lowSize &+ layout.highSize))
        var map = bytes(0 as UInt64) + bytes(layout.lowSize) + bytes(E820Entry.Kind.usable.rawValue)
        if layout.highSize > 0 {
            map += bytes(PCAddresses.highMemory) + bytes(layout.highSize) + bytes(E820Entry.Kind.usable.rawValue)
        }
        firmware.addFile("etc/e820", map)
    }

    /// Where devices answer now. With the lock held.
    package var placements: [SystemBus.Placement] { systemBus.placements }

    package func reset() {
        fabric.forgetInside()
        for device in devices { device.reset() }
    }

    package func handOver(to controllers: any LocalControllers) throws(VirtKitError) {
        try fabric.handOver(to: controllers)
    }

    package func takeBackControllers() throws(VirtKitError) { try fabric.takeBack() }

    package func serialInputArrived() { serialPort.inputArrived() }

    package func pressPowerButton() { power.pressPowerButton() }

    /// The memory-type range registers as firmware would leave them (Intel SDM vol. 3A, 12.11): write-back but for the
    /// PCI hole, from its start to 4 GiB, which is uncacheable.
    private static let memoryTypes: [X86_64.ModelSpecificRegister] = {
        let enabled: UInt64 = 0x800
        let writeBack: UInt64 = 6
        let widthMask: UInt64 = (1 << 40) - 1
        let windows: [(base: UInt64, size: UInt64)] = [
            (PCAddresses.lowMemoryEnd, 0x1000_0000), (0xC000_0000, 0x4000_0000),
        ]
        return [X86_64.ModelSpecificRegister(number: 0x2FF, value: enabled | writeBack)]
            + windows.enumerated().flatMap { index, window in
                let number = 0x200 + UInt32(index) * 2
                return [
                    X86_64.ModelSpecificRegister(number: number, value: window.base),
                    X86_64.ModelSpecificRegister(
                        number: number + 1, value: ~(window.size - 1) & widthMask | enabled),
                ]
            }
    }()

    package func takeStateChange(vcpu: Int) -> ((X86_64.State) -> X86_64.State)? {
        lock.withLock { fabric.takeStartUp(vcpu: vcpu) }.map { startUp in { startUp.applied(to: $0) } }
    }

    package func loadBootImages() throws(VirtKitError) -> [X86_64.State] {
        guard let boot = configuration.boot else {
            throw VirtKitError(
                .invalidConfiguration, operation: "load boot images", message: "the machine has nothing to run")
        }
        // The others wait for a start-up IPI.
        var other = X86_64.State.reset
        other.activity = .waitForSIPI
        let others = max(1, configuration.cpus) - 1
        if case .firmware = boot {
            let first = try BootLoader.load(boot, into: memory, map: [], rootPointer: 0).state
            return [first] + Array(repeating: other, count: others)
        }
        let tables = try FirmwareTables(configuration, layout: layout, hasKeyboardController: true)
        try tables.write(to: memory)
        var first = try BootLoader.load(boot, into: memory, map: layout.e820, rootPointer: tables.rootPointer).state
        // As if firmware had run on every processor.
        first.modelSpecific += Self.memoryTypes
        other.modelSpecific += Self.memoryTypes
        return [first] + Array(repeating: other, count: others)
    }
}
