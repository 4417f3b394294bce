#if arch(x86_64)
    internal import Synchronization
    internal import VirtKitCore

    /// The time-stamp counters of one domain's vCPUs: they follow machine time, and all show the same.
    ///
    /// A guest's counter is the host's, scaled, plus an offset, and runs on while the machine stands still. So the offset
    /// that is right at one difference of host time and machine time is moved when that difference has changed. All vCPUs
    /// whose counters are set to the same value at the same machine time share one offset.
    final class KVMTimeStamps: Sendable {
        /// Where a vCPU's counter is.
        struct Position {
            /// Host time less machine time at which KVM's offset is right.
            var hostOffset: UInt64 = 0
            /// What the counter was set to, and the machine time then, until the vCPU first runs.
            var set: (value: UInt64, time: UInt64)?
        }

        /// A setting that other vCPUs take over.
        private struct Reference {
            var value: UInt64
            var time: UInt64
            var hostOffset: UInt64
            var offset: UInt64
        }

        let clock: MachineClock
        /// In Hz.
        let frequency: UInt64
        private let isShared: Bool
        private let reference = Mutex<Reference?>(nil)

        init(clock: MachineClock, frequency: UInt64, cpus: Int) {
            self.clock = clock
            self.frequency = frequency
            isShared = cpus > 1
        }

        /// Ticks in a time, both of which may be negative as 64-bit numbers.
        private func ticks(_ nanoseconds: UInt64) -> UInt64 {
            let signed = Int64(bitPattern: nanoseconds)
            let (high, low) = signed.magnitude.multipliedFullWidth(by: frequency)
            guard high < 1_000_000_000 else { return 0 }
            let ticks = UInt64(1_000_000_000).dividingFullWidth((high, low)).quotient
            return signed < 0 ? 0 &- ticks : ticks
        }

        /// Sets the counter at the present machine time.
        func set(_ value: UInt64, of vcpu: borrowing KVMVCPU) throws(KVMError) -> Position {
            _ = try vcpu.setSystemRegister(KVMStateTransfer.timeStampCounter, value)
            let time = clock.now
            var position = Position(hostOffset: clock.hostOffset, set: (value, time))
            guard isShared, let offset = try vcpu.timeStampOffset() else { return position }
            let taken = reference.withLock { reference in
                // What lies within a millisecond was read from vCPUs one after another.
                if let reference, reference.time == time,
                    Int64(bitPattern: reference.value &- value).magnitude < frequency / 1000
                {
                    return reference
                }
                let new = Reference(value: value, time: time, hostOffset: position.hostOffset, offset: offset)
                reference = new
                return new
            }
            if taken.offset != offset { try vcpu.setTimeStampOffset(taken.offset) }
            position.hostOffset = taken.hostOffset
            return position
        }

        /// Before the vCPU runs: takes away what the counter has gone on while the machine stood still.
        func align(_ position: inout Position, of vcpu: borrowing KVMVCPU) throws(KVMError) {
            position.set = nil
            let hostOffset = clock.hostOffset
            guard hostOffset != position.hostOffset else { return }
            let difference = ticks(hostOffset &- position.hostOffset)
            position.hostOffset = hostOffset
            if let offset = try vcpu.timeStampOffset() {
                try vcpu.setTimeStampOffset(offset &- difference)
            } else {
                let value = try vcpu.systemRegister(KVMStateTransfer.timeStampCounter) ?? 0
                _ = try vcpu.setSystemRegister(KVMStateTransfer.timeStampCounter, value &- difference)
            }
        }

        /// The counter at the present machine time.
        func value(_ position: Position, of vcpu: borrowing KVMVCPU) throws(KVMError) -> UInt64 {
            if let set = position.set { return set.value &+ ticks(clock.now &- set.time) }
            let value = try vcpu.systemRegister(KVMStateTransfer.timeStampCounter) ?? 0
            return value &- ticks(clock.hostOffset &- position.hostOffset)
        }
    }
#endif
