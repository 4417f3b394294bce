import VirtKitCore
import VirtKitMachine

/// What devices under test live in: a clock that moves only when told, timers, a little memory, and records of what they
/// asked for.
final class DeviceRig {
    let clock = MachineClock()
    let timers = TimerQueue()
    let memory: GuestMemory
    var requests: [(MachineRequest, UInt32)] = []
    var signals: [Int] = []

    init() throws {
        memory = try GuestMemory(regions: [GuestMemoryRegion(guestAddress: 0, size: 1 << 20)])
        // 2 March 2024, 03:04:05 UTC, at machine time 1 s.
        clock.restore(elapsed: 1_000_000_000, wallClock: 1_709_348_645_000_000_000)
    }

    var context: DeviceContext {
        DeviceContext(clock: clock, timers: timers, memory: memory) { [unowned self] in requests.append(($0, $1)) }
    }

    /// Lets machine time pass, and timers fire at their times.
    func advance(_ nanoseconds: UInt64) {
        let end = clock.now + nanoseconds
        while let next = timers.nextDeadline, next <= end {
            set(max(next, clock.now))
            timers.run(now: clock.now)
        }
        set(end)
    }

    private func set(_ time: UInt64) {
        clock.restore(elapsed: time, wallClock: clock.wallClock + Int64(time - clock.now))
    }

    func fabric(cpus: Int = 1) -> APICFabric {
        APICFabric(cpus: cpus, context: context) { [unowned self] in signals.append($0) }
    }
}

/// Interrupt controllers, wired up.
final class InterruptRig {
    let rig: DeviceRig
    let fabric: APICFabric
    let pic: LegacyPIC
    let ioAPIC: IOAPIC
    let router: InterruptRouter

    init(cpus: Int = 1) throws {
        rig = try DeviceRig()
        fabric = rig.fabric(cpus: cpus)
        pic = LegacyPIC(fabric: fabric)
        ioAPIC = IOAPIC(fabric: fabric)
        router = InterruptRouter(pic: pic, ioAPIC: ioAPIC)
    }

    func enableAPICs() {
        for apic in fabric.apics { apic.put(0x0F, 0x1FF) }
    }

    /// Acknowledges what waits for a vCPU.
    func take(_ vcpu: Int = 0) -> UInt32? {
        let gate = InterruptGate(fabric: fabric, lock: DeviceLock())
        return gate.hasPendingInterrupt(vcpu: vcpu) ? gate.acknowledgeInterrupt(vcpu: vcpu) : nil
    }

    func setRedirection(_ input: UInt64, _ entry: UInt64) {
        for half in 0..<2 as Range<UInt64> {
            ioAPIC.write(0x10 + input * 2 + half, to: 0, width: 4, range: 0, vcpu: 0)
            ioAPIC.write(entry >> (32 * half), to: 0x10, width: 4, range: 0, vcpu: 0)
        }
    }

    func redirection(_ input: UInt64) -> UInt64 {
        ioAPIC.write(0x10 + input * 2, to: 0, width: 4, range: 0, vcpu: 0)
        return ioAPIC.read(0x10, width: 4, range: 0, vcpu: 0)
    }
}

extension LocalAPIC {
    /// Reads a register by its number (offset / 16).
    func get(_ register: UInt64) -> UInt64 { read(register * 16, width: 4, range: 0, vcpu: 0) & 0xFFFF_FFFF }
    func put(_ register: UInt64, _ value: UInt64) { write(value, to: register * 16, width: 4, range: 0, vcpu: 0) }
}

extension BusDevice {
    func inb(_ offset: UInt64, _ range: Int = 0) -> UInt8 {
        UInt8(truncatingIfNeeded: read(offset, width: 1, range: range, vcpu: 0))
    }
    func outb(_ offset: UInt64, _ value: UInt8, _ range: Int = 0) {
        write(UInt64(value), to: offset, width: 1, range: range, vcpu: 0)
    }
}

extension Device {
    var savedBytes: [UInt8] {
        var encoder = StateEncoder()
        save(into: &encoder)
        return encoder.bytes
    }

    func restore(_ bytes: [UInt8]) throws {
        var decoder = StateDecoder(bytes)
        try restore(from: &decoder, version: stateVersion)
        try decoder.finish()
    }
}
