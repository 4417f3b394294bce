internal import Synchronization
internal import VirtKitCore

/// An access of a guest to its bus.
struct BusAccess: Hashable, Sendable, CustomStringConvertible {
    enum Kind: Hashable, Sendable { case read, write, readRegister, writeRegister }
    var kind: Kind
    var address: UInt64
    var width = 0
    var space = BusSpace.memory
    var value: UInt64 = 0
    var vcpu = 0

    static func out(_ port: UInt64, _ width: Int, _ value: UInt64, vcpu: Int = 0) -> BusAccess {
        BusAccess(kind: .write, address: port, width: width, space: .port, value: value, vcpu: vcpu)
    }
    var description: String {
        "\(kind) \(String(address, radix: 16))h.\(width) space \(space.rawValue) = \(String(value, radix: 16))h"
            + " by vCPU \(vcpu)"
    }
}

/// A bus that answers from a table and keeps every access.
final class RecordingBus: GuestBus, Sendable {
    struct Contents {
        var accesses: [BusAccess] = []
        /// What reads get, by address; all ones elsewhere.
        var answers: [UInt64: UInt64] = [:]
        /// The system registers that there are.
        var registers: [UInt32: UInt64] = [:]
    }
    let contents = Mutex(Contents())
    /// Called on the vCPU's thread at each access, with the number of accesses so far.
    let hook = Mutex<(@Sendable (Int) -> Void)?>(nil)

    var accesses: [BusAccess] { contents.withLock { $0.accesses } }
    var count: Int { contents.withLock { $0.accesses.count } }
    /// The values that were written to a port.
    func written(to port: UInt64) -> [UInt64] {
        accesses.filter { $0.kind == .write && $0.space == .port && $0.address == port }.map(\.value)
    }
    func onAccess(_ body: @escaping @Sendable (Int) -> Void) { hook.withLock { $0 = body } }

    private func note(_ access: BusAccess) {
        let count = contents.withLock { contents in
            contents.accesses.append(access)
            return contents.accesses.count
        }
        hook.withLock { $0 }?(count)
    }

    func read(_ address: UInt64, width: Int, space: BusSpace, vcpu: Int) -> UInt64 {
        let mask = UInt64.max >> UInt64(64 - width * 8)
        let value = (contents.withLock { $0.answers[address] } ?? .max) & mask
        note(BusAccess(kind: .read, address: address, width: width, space: space, value: value, vcpu: vcpu))
        return value
    }
    func write(_ value: UInt64, to address: UInt64, width: Int, space: BusSpace, vcpu: Int) {
        note(BusAccess(kind: .write, address: address, width: width, space: space, value: value, vcpu: vcpu))
    }
    func readSystemRegister(_ number: UInt32, vcpu: Int) -> UInt64? {
        let value = contents.withLock { $0.registers[number] }
        note(BusAccess(kind: .readRegister, address: UInt64(number), value: value ?? 0, vcpu: vcpu))
        return value
    }
    func writeSystemRegister(_ number: UInt32, value: UInt64, vcpu: Int) -> Bool {
        note(BusAccess(kind: .writeRegister, address: UInt64(number), value: value, vcpu: vcpu))
        return contents.withLock { contents in
            guard contents.registers[number] != nil else { return false }
            contents.registers[number] = value
            return true
        }
    }
}
