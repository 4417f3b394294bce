internal import CVirtKit
internal import VirtKitCore

/// Why KVM_RUN returned (api.rst, 5: the kvm_run structure), with the data of the exit. The run loop reads the frequent
/// ones (ports, MMIO) in place; this is for all others, and for whoever drives a vCPU by hand.
enum KVMExit: Equatable, Sendable {
    /// The instruction that KVM could not execute: up to 15 bytes, the first one lowest in `low`.
    struct Instruction: Equatable, Sendable {
        var low: UInt64
        var high: UInt64
        /// 0 where KVM has not told the bytes.
        var count: Int

        var bytes: [UInt8] {
            (0..<min(count, 15)).map { index in
                UInt8(truncatingIfNeeded: (index < 8 ? low : high) >> UInt64(index % 8 * 8))
            }
        }
    }

    case unknown(hardwareReason: UInt64)
    case ports(port: UInt16, width: Int, count: Int, isOut: Bool)
    case memory(address: UInt64, width: Int, isWrite: Bool, data: UInt64)
    case hypercall(number: UInt64, firstArgument: UInt64)
    case debug(exception: UInt32, address: UInt64, dr6: UInt64, dr7: UInt64)
    case halted
    case interruptWindowOpen
    case shutdown
    case entryFailure(hardwareReason: UInt64)
    case interrupted
    case taskPrioritySet
    case taskPriorityAccess(address: UInt64, isWrite: Bool)
    case nonMaskableInterrupt
    case internalError(suberror: UInt32, firstDatum: UInt64)
    case emulationFailure(Instruction)
    case systemEvent(type: UInt32, firstDatum: UInt64)
    case endOfInterrupt(vector: UInt8)
    case readMSR(number: UInt32, reason: UInt32)
    case writeMSR(number: UInt32, reason: UInt32, value: UInt64)
    case dirtyRingFull
    case resetHold
    case busLock
    case notify(flags: UInt32)
    /// The host has no memory behind a page of the guest, or not of the kind that the guest wants. KVM_RUN fails with
    /// EFAULT or EHWPOISON then.
    case memoryFault(address: UInt64, size: UInt64, flags: UInt64)
    /// One that this version does not know, by its number.
    case other(UInt32)

    /// Reads the exit from a vCPU's shared page.
    init(_ run: UnsafePointer<kvm_run>) {
        let reason = vk_kvm_exit_reason(run)
        switch Int32(truncatingIfNeeded: reason) {
        case KVM_EXIT_UNKNOWN: self = .unknown(hardwareReason: vk_kvm_unknown_reason(run))
        case KVM_EXIT_IO:
            let io = vk_kvm_exit_io(run)
            self = .ports(port: io.port, width: Int(io.size), count: Int(io.count), isOut: io.is_out)
        case KVM_EXIT_MMIO:
            let mmio = vk_kvm_exit_mmio(run)
            let mask: UInt64 = mmio.length >= 8 ? .max : 1 << UInt64(mmio.length * 8) - 1
            self = .memory(
                address: mmio.address, width: Int(mmio.length), isWrite: mmio.is_write,
                data: mmio.is_write ? mmio.data & mask : 0)
        case KVM_EXIT_HYPERCALL:
            let call = vk_kvm_exit_hypercall(run)
            self = .hypercall(number: call.number, firstArgument: call.arguments.0)
        case KVM_EXIT_HLT: self = .halted
        case KVM_EXIT_IRQ_WINDOW_OPEN: self = .interruptWindowOpen
        case KVM_EXIT_SHUTDOWN: self = .shutdown
        case KVM_EXIT_FAIL_ENTRY: self = .entryFailure(hardwareReason: vk_kvm_entry_failure(run))
        case KVM_EXIT_INTR: self = .interrupted
        case KVM_EXIT_SET_TPR: self = .taskPrioritySet
        case KVM_EXIT_NMI: self = .nonMaskableInterrupt
        case KVM_EXIT_INTERNAL_ERROR:
            let error = vk_kvm_exit_internal_error(run)
            if error.suberror == UInt32(KVM_INTERNAL_ERROR_EMULATION) {
                self = .emulationFailure(
                    Instruction(
                        low: error.instruction_low, high: error.instruction_high, count: Int(error.instruction_size)))
            } else {
                self = .internalError(suberror: error.suberror, firstDatum: error.first_datum)
            }
        case KVM_EXIT_SYSTEM_EVENT:
            let event = vk_kvm_exit_system_event(run)
            self = .systemEvent(type: event.type, firstDatum: event.first_datum)
        case KVM_EXIT_DIRTY_RING_FULL: self = .dirtyRingFull
        case KVM_EXIT_NOTIFY: self = .notify(flags: vk_kvm_notify_flags(run))
        case Int32(vk_KVM_EXIT_MEMORY_FAULT):
            let fault = vk_kvm_exit_memory_fault(run)
            self = .memoryFault(address: fault.address, size: fault.size, flags: fault.flags)
        default: self = Self.ofArchitecture(reason, run) ?? .other(reason)
        }
    }

    /// What the accelerator makes of an exit that it does not serve itself.
    func forDriver(_ reason: UInt32, at address: UInt64) -> VCPUExit {
        let detail: UInt64 =
            switch self {
            case .unknown(let hardwareReason), .entryFailure(let hardwareReason): hardwareReason
            case .hypercall(let number, _): number
            case .internalError(let suberror, _): UInt64(suberror)
            case .systemEvent(let type, _): UInt64(type)
            case .endOfInterrupt(let vector): UInt64(vector)
            case .notify(let flags): UInt64(flags)
            case .memoryFault(let address, _, _): address
            case .taskPriorityAccess(let address, _): address
            default: 0
            }
        return VCPUExit(Self.kind(reason), address: address, detail: detail)
    }

    /// The kinds of exits that are KVM's own: from 0x8000 up, by their number in `<linux/kvm.h>`.
    static func kind(_ reason: UInt32) -> VCPUExit.Kind { VCPUExit.Kind(rawValue: 0x8000 &+ (reason & 0x7FFF)) }
}

#if !arch(x86_64)
    extension KVMExit {
        static func ofArchitecture(_ reason: UInt32, _ run: UnsafePointer<kvm_run>) -> KVMExit? { nil }
    }
#endif
