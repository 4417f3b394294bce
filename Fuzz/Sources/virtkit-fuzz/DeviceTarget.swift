import VirtKitCore

@testable import VirtKitMachine

/// The devices' registers: a series of accesses, each of a byte that says what, an address, and a value.
///
/// After it, what is saved can be restored, and saved again as it was.
final class DeviceTarget: FuzzTarget {
    private let layout = PCMemoryLayout(memory: .mebibytes(2))
    private let memory: GuestMemory

    init() throws { memory = try GuestMemory(regions: layout.regions(backing: .anonymous)) }

    func run(_ bytes: [UInt8]) {
        guard let machine = try? FuzzBoard(memory: memory, layout: layout) else { fatalError("no board") }
        let bus = machine.board.bus
        let source = machine.board.interruptSource
        var reader = InputReader(bytes)
        while !reader.isAtEnd {
            let what = reader.byte()
            let width = 1 << Int(what >> 3 & 3)
            let vcpu = Int(what >> 5 & 1)
            switch what & 7 {
            case 0: _ = bus.read(reader.integer(2), width: width, space: .port, vcpu: vcpu)
            case 1:
                let port = reader.integer(2)
                bus.write(reader.integer(width), to: port, width: width, space: .port, vcpu: vcpu)
            case 2: _ = bus.read(address(&reader), width: width, space: .memory, vcpu: vcpu)
            case 3:
                let place = address(&reader)
                bus.write(reader.integer(width), to: place, width: width, space: .memory, vcpu: vcpu)
            case 4: _ = bus.readSystemRegister(UInt32(reader.integer(2)), vcpu: vcpu)
            case 5:
                let number = UInt32(reader.integer(2))
                _ = bus.writeSystemRegister(number, value: reader.integer(), vcpu: vcpu)
            case 6: machine.advance(by: reader.integer(4))
            default:
                if source.hasPendingInterrupt(vcpu: vcpu) { _ = source.acknowledgeInterrupt(vcpu: vcpu) }
                _ = source.takeNonMaskableInterrupt(vcpu: vcpu)
                source.setTaskPriority(what >> 4, vcpu: vcpu)
            }
        }
        let saved = machine.save()
        guard let fresh = try? FuzzBoard(memory: memory, layout: layout, clock: machine.clock) else { return }
        fresh.board.lock.withLock {
            for (device, section) in zip(fresh.board.devices, saved) {
                do throws(StateError) {
                    var decoder = StateDecoder(section.bytes)
                    try device.restore(from: &decoder, version: section.version)
                    try decoder.finish()
                } catch {
                    fatalError("\(section.id) refuses what it saved: \(error)")
                }
            }
        }
        for (before, after) in zip(saved, fresh.save()) {
            precondition(before.bytes == after.bytes, "\(before.id): \(before.bytes) became \(after.bytes)")
        }
    }

    /// Four bytes are enough for every device; the upper half of a 64-bit address space begins at the 32-bit one's last.
    private func address(_ reader: inout InputReader) -> UInt64 {
        UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: reader.integer(4)))) & 0xFFFF_FFFF
    }
}
