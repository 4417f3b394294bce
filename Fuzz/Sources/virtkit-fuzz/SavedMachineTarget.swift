import Foundation
import VirtKitCore

@testable import VirtKitMachine

/// The file of a saved machine: whatever is in it, opening it works or throws; and whatever is in its sections, devices
/// and vCPUs take it or throw, and work on.
final class SavedMachineTarget: FuzzTarget {
    private let path = NSTemporaryDirectory() + "virtkit-fuzz-\(ProcessInfo.processInfo.processIdentifier)"
    private let layout = PCMemoryLayout(memory: .mebibytes(2))
    private let memory: GuestMemory

    init() throws { memory = try GuestMemory(regions: layout.regions(backing: .anonymous)) }

    func run(_ bytes: [UInt8]) {
        guard FileManager.default.createFile(atPath: path, contents: Data(bytes)) else { fatalError(path) }
        defer { unlink(path) }
        guard let opened = try? SavedMachine.open(path) else { return }
        try? SavedMachine.readMemory(opened, into: memory)
        guard let machine = try? FuzzBoard(memory: memory, layout: layout) else { fatalError("no board") }
        machine.board.lock.withLock {
            for section in opened.sections {
                var decoder = StateDecoder(section.payload)
                if section.id.hasPrefix("cpu/") {
                    _ = try? X86_64.State(from: &decoder, version: section.version)
                } else if let device = machine.board.devices.first(where: { $0.id == section.id }) {
                    try? device.restore(from: &decoder, version: section.version)
                }
            }
        }
        // What was let in does no harm later.
        for _ in 0..<20 { machine.advance(by: 10_000_000) }
        for port in 0..<0x700 as Range<UInt64> {
            _ = machine.board.bus.read(port, width: 1, space: .port, vcpu: 0)
            machine.board.bus.write(port & 0xFF, to: port, width: 1, space: .port, vcpu: 1)
        }
        for vcpu in 0..<2 {
            if machine.board.interruptSource.hasPendingInterrupt(vcpu: vcpu) {
                _ = machine.board.interruptSource.acknowledgeInterrupt(vcpu: vcpu)
            }
        }
        _ = machine.save()
    }
}
