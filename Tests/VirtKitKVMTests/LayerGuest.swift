#if arch(x86_64)
    import CVirtKit
    import Foundation
    import Synchronization
    import Testing
    import VirtKitCore

    @testable import VirtKitKVM

    /// A bare guest on the typed layer, without the accelerator: controllers where a test wants them.
    final class LayerGuest: @unchecked Sendable {
        // Each vCPU is used by one thread at a time.

        enum Controllers { case none, local, full }

        /// A vCPU, which can't be in an array itself.
        final class Processor: @unchecked Sendable {
            let vcpu: KVMVCPU
            init(_ vcpu: consuming KVMVCPU) { self.vcpu = vcpu }
        }

        // In this order, so that vCPUs go before the machine.
        let processors: [Processor]
        let machine: KVMVirtualMachine
        let memory: GuestMemory
        let system: KVMSystem

        /// - Parameter prepare: called before the first vCPU is made.
        init(
            _ code: [UInt8], handlers: [UInt8: [UInt8]] = [:], controllers: Controllers = .none, cpus: Int = 1,
            memory given: GuestMemory? = nil, prepare: (borrowing KVMVirtualMachine) throws -> Void = { _ in }
        ) throws {
            let memory = try given ?? BareGuest.memory(code, handlers)
            self.memory = memory
            let system = try KVMSystem()
            let machine = try system.makeVirtualMachine()
            try machine.prepare()
            switch controllers {
            case .none: break
            case .local: try machine.makeLocalControllers()
            case .full: try machine.makeControllers()
            }
            try prepare(machine)
            if given == nil { try machine.setMemory(slot: 0, memory.regions[0]) }
            let model = KVMCPUModel(supported: try system.supportedCPUID())
            var processors: [Processor] = []
            for index in 0..<cpus {
                let vcpu = try machine.makeVCPU(index)
                try vcpu.setCPUID(try #require(model.entries(.host, .init(index: index, count: cpus, frequency: 0))))
                if index == 0 || controllers == .none {
                    var system = KVMStateTransfer.systemRegisters(BareGuest.entryState, vcpu: index)
                    if controllers != .none { system.apic_base = try vcpu.systemRegisters().apic_base }
                    try vcpu.setSystemRegisters(system)
                    try vcpu.setRegisters(KVMStateTransfer.registers(BareGuest.entryState))
                }
                processors.append(Processor(vcpu))
            }
            self.system = system
            self.machine = machine
            self.processors = processors
        }

        var vcpu: KVMVCPU { _read { yield processors[0].vcpu } }

        /// Runs a vCPU until an exit that `isWanted`, watched.
        @discardableResult
        func run(
            _ index: Int = 0, seconds: UInt64 = 30, isDone: () -> Bool = { false },
            until isWanted: (KVMExit) -> Bool = { _ in true }
        ) throws -> KVMExit? {
            let signal = HostKVM.signal
            let wasBlocked = vk_kvm_unblock_signal(signal) != 0
            let alarm = vk_kvm_start_alarm(signal, 10_000_000)
            defer {
                vk_kvm_stop_alarm(alarm)
                if wasBlocked { vk_kvm_block_signal(signal) }
            }
            let deadline = vk_monotonic_nanoseconds() + seconds * 1_000_000_000
            let processor = processors[index]
            while vk_monotonic_nanoseconds() < deadline {
                if isDone() { return nil }
                let result = processor.vcpu.enter()
                if result == -EINTR || result == -EAGAIN { continue }
                let exit = KVMExit(processor.vcpu.run)
                if result < 0 {
                    if case .memoryFault = exit, result == -EFAULT { return exit }
                    throw KVMError("KVM_RUN", -result)
                }
                if isWanted(exit) { return exit }
            }
            Issue.record("the guest had to be ended")
            return nil
        }

        /// Runs a vCPU until it writes to a port.
        func runToPort(_ port: UInt16, _ index: Int = 0) throws {
            try run(
                index,
                until: { exit in
                    if case .ports(port, _, _, true) = exit { return true }
                    return false
                })
        }
    }

    /// Pieces of code for bare guests.
    enum Code {
        /// The local APIC's software enable: mov $0xFEE000F0, %eax; movl $0x1FF, (%rax).
        static let enableLocalAPIC = register(0xF0, 0x1FF)
        /// End of interrupt; iretq.
        static let end: [UInt8] = register(0xB0, 0) + [0x48, 0xCF]
        /// incb 0x7000; end of interrupt; iretq.
        static let count: [UInt8] = [0xFE, 0x04, 0x25, 0x00, 0x70, 0x00, 0x00] + end

        /// Writes to a register of the local APIC: mov $address, %eax; movl $value, (%rax).
        static func register(_ offset: UInt32, _ value: UInt32) -> [UInt8] {
            [0xB8] + bytes(0xFEE0_0000 + offset) + [0xC7, 0x00] + bytes(value)
        }

        /// Writes to a register of the I/O APIC: mov $0xFEC00000, %ebx; movl $index, (%rbx); movl $value, 0x10(%rbx).
        static func inputRegister(_ index: UInt32, _ value: UInt32) -> [UInt8] {
            [0xBB] + bytes(0xFEC0_0000) + [0xC7, 0x03] + bytes(index) + [0xC7, 0x43, 0x10] + bytes(value)
        }

        /// sti; 1: hlt; cmpb $times, 0x7000; jb 1b; cli; out %al, $0x80; hlt.
        static func waitForCount(_ times: UInt8) -> [UInt8] {
            [0xFB, 0xF4, 0x80, 0x3C, 0x25, 0x00, 0x70, 0x00, 0x00, times, 0x72, 0xF5, 0xFA, 0xE6, 0x80, 0xF4]
        }

        static func bytes(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(value >> ($0 * 8) & 0xFF) } }
    }
#endif
