internal import CVirtKit
internal import Glibc

/// Where a numbered interrupt (GSI) goes (api.rst, 4.52 KVM_SET_GSI_ROUTING).
enum KVMRoute: Equatable, Sendable {
    /// To a pin of a controller in the kernel.
    case controller(gsi: UInt32, controller: UInt32, pin: UInt32)
    /// As a message.
    case message(gsi: UInt32, address: UInt64, data: UInt32)
}

/// An event, which the kernel and user space signal to each other (eventfd).
struct KVMEvent: ~Copyable {
    let descriptor: Int32

    init() throws(KVMError) {
        descriptor = vk_kvm_event()
        guard descriptor >= 0 else { throw KVMError("eventfd", -descriptor) }
    }

    deinit { close(descriptor) }

    func signal() {
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }

    /// How often it was signalled since the last call.
    func take() -> UInt64 {
        var count: UInt64 = 0
        return read(descriptor, &count, 8) == 8 ? count : 0
    }
}

extension KVMVirtualMachine {
    /// Puts a routing table in place of the present one.
    func setRouting(_ routes: [KVMRoute]) throws(KVMError) {
        try descriptor.require(.routing, "KVM_CAP_IRQ_ROUTING")
        let entries = routes.map { route in
            var entry = kvm_irq_routing_entry()
            switch route {
            case .controller(let gsi, let controller, let pin):
                entry.gsi = gsi
                entry.type = UInt32(KVM_IRQ_ROUTING_IRQCHIP)
                entry.u.irqchip.irqchip = controller
                entry.u.irqchip.pin = pin
            case .message(let gsi, let address, let data):
                entry.gsi = gsi
                entry.type = UInt32(KVM_IRQ_ROUTING_MSI)
                entry.u.msi.address_lo = UInt32(truncatingIfNeeded: address)
                entry.u.msi.address_hi = UInt32(truncatingIfNeeded: address >> 32)
                entry.u.msi.data = data
            }
            return entry
        }
        var list = KVMList(entries)
        try list.call(descriptor, .setRouting, count: entries.count, details: "\(entries.count) routes")
    }

    /// Sets the level of a numbered interrupt's line.
    func setLine(_ gsi: UInt32, _ isHigh: Bool) throws(KVMError) {
        var request = kvm_irq_level()
        request.irq = gsi
        request.level = isHigh ? 1 : 0
        try descriptor.control(.interruptLine, &request, details: "GSI \(gsi)")
    }

    /// Delivers a message-signalled interrupt. False where the guest blocked it.
    @discardableResult
    func signalMessage(address: UInt64, data: UInt32) throws(KVMError) -> Bool {
        try descriptor.require(.messages, "KVM_CAP_SIGNAL_MSI")
        var request = kvm_msi()
        request.address_lo = UInt32(truncatingIfNeeded: address)
        request.address_hi = UInt32(truncatingIfNeeded: address >> 32)
        request.data = data
        return try descriptor.control(.signalMessage, &request, details: "\(data) to \(address)") > 0
    }

    /// Has an event raise a numbered interrupt (irqfd), or no longer. With `resample`, for lines: that event is signalled
    /// when the guest has served the interrupt.
    func connect(
        _ event: borrowing KVMEvent, gsi: UInt32, isConnected: Bool = true, resample: Int32? = nil
    ) throws(KVMError) {
        try descriptor.require(.interruptEvents, "KVM_CAP_IRQFD")
        var request = kvm_irqfd()
        request.fd = UInt32(bitPattern: event.descriptor)
        request.gsi = gsi
        request.flags = isConnected ? 0 : UInt32(KVM_IRQFD_FLAG_DEASSIGN)
        if let resample, isConnected {
            request.flags |= UInt32(KVM_IRQFD_FLAG_RESAMPLE)
            request.resamplefd = UInt32(bitPattern: resample)
        }
        try descriptor.control(.interruptEvent, &request, details: "GSI \(gsi)")
    }

    /// Has the guest's writes at an address signal an event (ioeventfd), or no longer. Such a write makes no exit.
    ///
    /// - Parameters:
    ///   - width: 1, 2, 4 or 8 bytes.
    ///   - value: the only value that counts; nil for any.
    func connect(
        _ event: borrowing KVMEvent, address: UInt64, width: Int, value: UInt64? = nil, isPort: Bool,
        isConnected: Bool = true
    ) throws(KVMError) {
        try descriptor.require(.accessEvents, "KVM_CAP_IOEVENTFD")
        var request = kvm_ioeventfd()
        request.addr = address
        request.len = UInt32(truncatingIfNeeded: width)
        request.fd = event.descriptor
        request.datamatch = value ?? 0
        let flags =
            (value == nil ? 0 : 1 << kvm_ioeventfd_flag_nr_datamatch)
            | (isPort ? 1 << kvm_ioeventfd_flag_nr_pio : 0)
            | (isConnected ? 0 : 1 << kvm_ioeventfd_flag_nr_deassign)
        request.flags = UInt32(flags)
        try descriptor.control(.accessEvent, &request, details: "\(width) bytes at \(address)")
    }
}

/// What a vCPU does, where its local interrupt controller is in the kernel (KVM_GET_MP_STATE).
struct KVMActivity: RawRepresentable, Equatable, Sendable {
    let rawValue: UInt32
    static let running = KVMActivity(rawValue: UInt32(KVM_MP_STATE_RUNNABLE))
    static let uninitialized = KVMActivity(rawValue: UInt32(KVM_MP_STATE_UNINITIALIZED))
    static let initReceived = KVMActivity(rawValue: UInt32(KVM_MP_STATE_INIT_RECEIVED))
    static let halted = KVMActivity(rawValue: UInt32(KVM_MP_STATE_HALTED))
    static let startUpReceived = KVMActivity(rawValue: UInt32(KVM_MP_STATE_SIPI_RECEIVED))
}

extension KVMVCPU {
    func activity() throws(KVMError) -> KVMActivity {
        var value = kvm_mp_state()
        try descriptor.control(.getActivity, &value)
        return KVMActivity(rawValue: value.mp_state)
    }

    func setActivity(_ activity: KVMActivity) throws(KVMError) {
        var value = kvm_mp_state()
        value.mp_state = activity.rawValue
        try descriptor.control(.setActivity, &value, details: "activity \(activity.rawValue)")
    }
}
