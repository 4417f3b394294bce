#if arch(x86_64)
    internal import CVirtKit
    internal import Glibc

    /// The PC's interrupt controllers, timer and clock in the kernel (api.rst, 4.24 KVM_CREATE_IRQCHIP, 4.71
    /// KVM_CREATE_PIT2, 4.29 KVM_GET_CLOCK, 7.5 KVM_CAP_SPLIT_IRQCHIP).
    extension KVMVirtualMachine {
        /// The number of I/O APIC inputs that the split mode keeps routes for.
        static var splitInputs: Int { 24 }

        /// Puts both 8259, the I/O APIC and every vCPU's local APIC into the kernel. Before the first vCPU is made.
        func makeControllers() throws(KVMError) {
            try descriptor.require(.controllers, "KVM_CAP_IRQCHIP")
            try descriptor.control(.createControllers)
        }

        /// Puts every vCPU's local APIC alone into the kernel; the I/O APIC's inputs are numbered interrupts whose ends
        /// come as exits. Before the first vCPU is made.
        func makeLocalControllers() throws(KVMError) {
            try descriptor.require(.splitControllers, "KVM_CAP_SPLIT_IRQCHIP")
            try enable(.splitControllers, UInt64(Self.splitInputs))
        }

        /// Puts the 8254 into the kernel, with the speaker's port.
        func makeTimer() throws(KVMError) {
            try descriptor.require(.timer, "KVM_CAP_PIT2")
            var request = kvm_pit_config()
            request.flags = UInt32(KVM_PIT_SPEAKER_DUMMY)
            try descriptor.control(.createTimer, &request)
        }

        /// The number of the vCPU that boots. Before the first vCPU is made.
        func setBootProcessor(_ index: Int) throws(KVMError) {
            try descriptor.require(.bootProcessor, "KVM_CAP_SET_BOOT_CPU_ID")
            try descriptor.control(.setBootProcessor, UInt(index), details: "vCPU \(index)")
        }

        /// A controller's state: 0 and 1 are the 8259, 2 is the I/O APIC.
        func controller(_ number: UInt32) throws(KVMError) -> kvm_irqchip {
            var value = kvm_irqchip()
            value.chip_id = number
            try descriptor.control(.getController, &value, details: "controller \(number)")
            return value
        }

        func setController(_ value: kvm_irqchip) throws(KVMError) {
            let number = value.chip_id
            var value = value
            try descriptor.control(.setController, &value, details: "controller \(number)")
        }

        func timer() throws(KVMError) -> kvm_pit_state2 {
            var value = kvm_pit_state2()
            try descriptor.control(.getTimer, &value)
            return value
        }

        func setTimer(_ value: kvm_pit_state2) throws(KVMError) {
            var value = value
            try descriptor.control(.setTimer, &value)
        }

        /// The paravirtual clock in nanoseconds.
        func clock() throws(KVMError) -> UInt64 {
            try descriptor.require(.clock, "KVM_CAP_ADJUST_CLOCK")
            var value = kvm_clock_data()
            try descriptor.control(.getClock, &value)
            return value.clock
        }

        func setClock(_ nanoseconds: UInt64) throws(KVMError) {
            try descriptor.require(.clock, "KVM_CAP_ADJUST_CLOCK")
            var value = kvm_clock_data()
            value.clock = nanoseconds
            try descriptor.control(.setClock, &value)
        }
    }

    extension KVMVCPU {
        /// The local APIC's registers, as its page shows them.
        func localAPIC() throws(KVMError) -> kvm_lapic_state {
            var value = kvm_lapic_state()
            try descriptor.control(.getLocalAPIC, &value)
            return value
        }

        func setLocalAPIC(_ value: kvm_lapic_state) throws(KVMError) {
            var value = value
            try descriptor.control(.setLocalAPIC, &value)
        }
    }

    /// Accesses to MSRs that come to user space (api.rst, 4.97 KVM_X86_SET_MSR_FILTER).
    struct KVMMSRFilter: Equatable, Sendable {
        /// A run of MSRs whose reads, writes or both come to user space.
        struct Range: Equatable, Sendable {
            var first: UInt32
            var count: Int
            var reads = true
            var writes = true
        }

        /// KVM_MSR_FILTER_MAX_RANGES.
        static let maximumRanges = 16
        var ranges: [Range]
    }

    extension KVMVirtualMachine {
        /// Lets every access to an MSR that KVM does not know or refuses come to user space.
        func letUnknownRegistersExit() throws(KVMError) {
            try descriptor.require(.userSpaceMSR, "KVM_CAP_X86_USER_SPACE_MSR")
            try enable(
                .userSpaceMSR,
                UInt64(KVM_MSR_EXIT_REASON_INVAL | KVM_MSR_EXIT_REASON_UNKNOWN | KVM_MSR_EXIT_REASON_FILTER))
        }

        /// Lets what a filter names come to user space too. The kernel waits, for milliseconds on a busy host, until no vCPU
        /// sees the old filter.
        func setFilter(_ filter: KVMMSRFilter) throws(KVMError) {
            try descriptor.require(.msrFilter, "KVM_CAP_X86_MSR_FILTER")
            guard filter.ranges.count <= KVMMSRFilter.maximumRanges,
                filter.ranges.allSatisfy({ $0.count > 0 && $0.count <= 0x3000 && ($0.reads || $0.writes) })
            else { throw KVMError(KVMRequest.setMSRFilter.name, EINVAL, details: "\(filter.ranges)") }
            let result = filter.apply(to: descriptor.number, descriptor.interface)
            if result < 0 { throw KVMError(KVMRequest.setMSRFilter.name, -result) }
        }
    }

    extension KVMMSRFilter {
        /// The call itself. 0, or a negated error number.
        fileprivate func apply(to descriptor: Int32, _ interface: any KVMInterface) -> Int32 {
            var request = kvm_msr_filter()
            request.flags = UInt32(KVM_MSR_FILTER_DEFAULT_ALLOW)
            // A cleared bit means "not by KVM": one bitmap of zeros serves all ranges.
            let longest = ranges.map(\.count).max() ?? 1
            let bitmap = UnsafeMutablePointer<UInt8>.allocate(capacity: (longest + 7) / 8)
            bitmap.initialize(repeating: 0, count: (longest + 7) / 8)
            defer { bitmap.deallocate() }
            withUnsafeMutableBytes(of: &request.ranges) { bytes in
                // SAFETY: there are no more ranges than the array has room for; KVM reads the bitmap during the call.
                let places = bytes.assumingMemoryBound(to: kvm_msr_filter_range.self)
                for (index, range) in ranges.prefix(Self.maximumRanges).enumerated() {
                    let flags = (range.reads ? KVM_MSR_FILTER_READ : 0) | (range.writes ? KVM_MSR_FILTER_WRITE : 0)
                    places[index] = kvm_msr_filter_range(
                        flags: UInt32(flags), nmsrs: UInt32(range.count), base: range.first, bitmap: bitmap)
                }
            }
            // SAFETY: the pointer is used only during the call.
            return withUnsafeMutablePointer(to: &request) { pointer in
                interface.control(descriptor, .setMSRFilter, UInt(bitPattern: pointer))
            }
        }
    }
#endif
