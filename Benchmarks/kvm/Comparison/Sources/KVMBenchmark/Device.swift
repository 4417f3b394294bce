import CKVMLoop
import Foundation
import Synchronization
import VirtKitCore
import VirtKitMachine

/// A device on the real board that counts writes and notes when a round of them began and ended.
final class CountingDevice: BusDevice, @unchecked Sendable {
    // Called with the machine's device lock held; a round is armed while the machine is paused.
    let id: String
    let stateVersion: UInt32 = 1
    private var remaining = 0
    private var begin: UInt64 = 0
    private var allocations: UInt64 = 0
    private let done = DispatchSemaphore(value: 0)
    private(set) var nanoseconds: UInt64 = 0
    private(set) var allocated: UInt64 = 0

    init(id: String) { self.id = id }

    func arm(_ exits: Int) { remaining = exits + 1 }
    func wait() { done.wait() }

    func reset() {}
    func read(_ offset: UInt64, width: Int, range: Int, vcpu: Int) -> UInt64 { 0 }

    func write(_ value: UInt64, to offset: UInt64, width: Int, range: Int, vcpu: Int) {
        guard remaining > 0 else { return }
        if begin == 0 {
            allocations = cl_allocations()
            begin = cl_now()
        }
        remaining &-= 1
        guard remaining == 0 else { return }
        nanoseconds = cl_now() - begin
        allocated = cl_allocations() - allocations
        begin = 0
        done.signal()
    }

    func save(into encoder: inout StateEncoder) {}
    func restore(from decoder: inout StateDecoder, version: UInt32) throws(StateError) {}
}

final class CountingModel: DeviceModel, @unchecked Sendable {
    let name = "counter"
    let made = Mutex<CountingDevice?>(nil)

    func faults(in configuration: DeviceConfiguration) -> [String] { [] }

    func makeDevice(
        _ configuration: DeviceConfiguration, context: DeviceContext, interruptLine: (Int) -> InterruptLine
    ) throws(VirtKitError) -> DevicePlacement {
        let device = CountingDevice(id: configuration.id)
        made.withLock { $0 = device }
        return DevicePlacement(
            device: device,
            ranges: [
                DevicePlacement.Range(space: .memory, address: 0xD000_0000, size: 4096),
                DevicePlacement.Range(space: .port, address: 0x90, size: 1),
            ])
    }
}
