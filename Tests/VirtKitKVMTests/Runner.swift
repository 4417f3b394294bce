#if arch(x86_64)
    import Foundation
    import Synchronization
    import VirtKitCore

    /// An access to a bus.
    struct Access: Equatable, CustomStringConvertible {
        var isWrite: Bool
        var address: UInt64
        var width: Int
        var space: BusSpace
        var value: UInt64

        init(_ isWrite: Bool, _ address: UInt64, _ width: Int, _ space: BusSpace, _ value: UInt64 = 0) {
            self.isWrite = isWrite
            self.address = address
            self.width = width
            self.space = space
            self.value = value
        }

        var description: String {
            "\(isWrite ? "write" : "read") \(width) at \(space == .port ? "port " : "")0x\(String(address, radix: 16)): "
                + "0x\(String(value, radix: 16))"
        }
    }

    /// A bus that writes down what is asked of it.
    final class RecordingBus: GuestBus {
        var log: [Access] = []
        var onRead: (Access) -> UInt64 = { _ in .max }
        var onWrite: (Access) -> Void = { _ in }
        var registers: [UInt32: UInt64] = [:]

        func read(_ address: UInt64, width: Int, space: BusSpace, vcpu: Int) -> UInt64 {
            let access = Access(false, address, width, space)
            log.append(access)
            return onRead(access)
        }

        func write(_ value: UInt64, to address: UInt64, width: Int, space: BusSpace, vcpu: Int) {
            let access = Access(true, address, width, space, value)
            log.append(access)
            onWrite(access)
        }

        func readSystemRegister(_ number: UInt32, vcpu: Int) -> UInt64? { registers[number] }

        func writeSystemRegister(_ number: UInt32, value: UInt64, vcpu: Int) -> Bool {
            guard registers[number] != nil else { return false }
            registers[number] = value
            return true
        }
    }

    /// Sets a state, runs up to a number of exits or to the first that is not `.requested`, and reads the state.
    struct Runner: VCPUDriver {
        typealias Architecture = X86_64

        let bus: RecordingBus
        var state: X86_64.State?
        var maximumExits = 1
        var readsState = false
        var exits: [VCPUExit] = []
        var after: X86_64.State?
        /// Called before each run, with its number.
        var beforeRun: (Int) -> Void = { _ in }

        init(bus: RecordingBus) { self.bus = bus }

        mutating func drive<CPU: VirtualCPU & ~Copyable>(_ cpu: inout CPU) throws(VirtKitError)
        where CPU.Architecture == X86_64 {
            if let state { try cpu.setState(state) }
            while exits.count < maximumExits {
                beforeRun(exits.count)
                exits.append(try cpu.run(bus))
            }
            if readsState { after = try cpu.state() }
        }
    }

    /// Ends a test's guest that does not end by itself: requests exits of the vCPU, ten times a second, once `seconds` have
    /// passed.
    final class Watchdog: Sendable {
        private let state = Atomic<Int>(0)
        private static let waiting = 0, bitten = 1, stopped = 2

        init(_ handle: any VCPUHandle, seconds: Int = 60) {
            Thread.detachNewThread { [self] in
                for _ in 0..<seconds * 10 {
                    usleep(100_000)
                    if state.load(ordering: .acquiring) == Self.stopped { return }
                }
                state.store(Self.bitten, ordering: .releasing)
                while state.load(ordering: .acquiring) == Self.bitten {
                    handle.requestExit()
                    usleep(100_000)
                }
            }
        }

        /// Ends the watch. Whether the guest had to be ended.
        func stop() -> Bool { state.exchange(Self.stopped, ordering: .acquiringAndReleasing) == Self.bitten }
    }
#endif
