#if arch(x86_64)
    internal import CVirtKit
    internal import Glibc

    extension KVMVirtualMachine {
        /// The size of the XSAVE area with every component that guests of this process may use, beyond 4096 bytes where
        /// there are such (4.148 KVM_GET_XSAVE2); nil where KVM has the fixed area alone.
        var extendedAreaSize2: Int? {
            let size = Int(check(.xsave2))
            return size > 0 ? max(4096, min(size, 1 << 16)) : nil
        }
    }

    /// The vCPU ioctls of x86.
    extension KVMVCPU {
        func registers() throws(KVMError) -> kvm_regs {
            var value = kvm_regs()
            try descriptor.control(.getRegisters, &value)
            return value
        }

        func setRegisters(_ value: kvm_regs) throws(KVMError) {
            var value = value
            try descriptor.control(.setRegisters, &value)
        }

        func systemRegisters() throws(KVMError) -> kvm_sregs {
            var value = kvm_sregs()
            try descriptor.control(.getSystemRegisters, &value)
            return value
        }

        func setSystemRegisters(_ value: kvm_sregs) throws(KVMError) {
            var value = value
            try descriptor.control(.setSystemRegisters, &value)
        }

        func debugRegisters() throws(KVMError) -> kvm_debugregs {
            var value = kvm_debugregs()
            try descriptor.control(.getDebugRegisters, &value)
            return value
        }

        func setDebugRegisters(_ value: kvm_debugregs) throws(KVMError) {
            var value = value
            try descriptor.control(.setDebugRegisters, &value)
        }

        func events() throws(KVMError) -> kvm_vcpu_events {
            var value = kvm_vcpu_events()
            try descriptor.control(.getEvents, &value)
            return value
        }

        func setEvents(_ value: kvm_vcpu_events) throws(KVMError) {
            var value = value
            try descriptor.control(.setEvents, &value)
        }

        /// XCR0.
        func extendedControl() throws(KVMError) -> UInt64 {
            var value = kvm_xcrs()
            try descriptor.control(.getXCRs, &value)
            return value.nr_xcrs > 0 && value.xcrs.0.xcr == 0 ? value.xcrs.0.value : 1
        }

        func setExtendedControl(_ xcr0: UInt64) throws(KVMError) {
            var value = kvm_xcrs()
            value.nr_xcrs = 1
            value.xcrs.0 = kvm_xcr(xcr: 0, reserved: 0, value: xcr0)
            try descriptor.control(.setXCRs, &value)
        }

        /// The size of KVM_GET_XSAVE's area in bytes, or of KVM_GET_XSAVE2's.
        var extendedAreaSize: Int { extendedAreaSize2 ?? 4096 }

        /// The XSAVE area in the standard format.
        func extendedArea() throws(KVMError) -> [UInt8] {
            var area = [UInt8](repeating: 0, count: extendedAreaSize)
            _ = try area.withUnsafeMutableBytes { bytes in
                // SAFETY: the buffer is as long as the structure, and used only during the call.
                Result { () throws(KVMError) in
                    try descriptor.control(
                        extendedAreaSize2 == nil ? .getXSave : .getXSave2, UInt(bitPattern: bytes.baseAddress))
                }
            }.get()
            return area
        }

        /// Sets the XSAVE area. What is beyond the area's end is in its initial state.
        func setExtendedArea(_ area: [UInt8]) throws(KVMError) {
            var whole = Array(area.prefix(extendedAreaSize))
            whole += [UInt8](repeating: 0, count: extendedAreaSize - whole.count)
            _ = try whole.withUnsafeMutableBytes { bytes in
                // SAFETY: as in `extendedArea()`.
                Result { () throws(KVMError) in
                    try descriptor.control(.setXSave, UInt(bitPattern: bytes.baseAddress))
                }
            }.get()
        }

        /// The value of an MSR; nil where there is none.
        func systemRegister(_ number: UInt32) throws(KVMError) -> UInt64? {
            var list = KVMList([kvm_msr_entry(index: number, reserved: 0, data: 0)])
            return try list.call(descriptor, .getMSRs, count: 1) == 1 ? list.elements.first?.data : nil
        }

        /// The values of MSRs that are all known to exist.
        func systemRegisters(_ numbers: [UInt32]) throws(KVMError) -> [UInt64] {
            guard !numbers.isEmpty else { return [] }
            var list = KVMList(numbers.map { kvm_msr_entry(index: $0, reserved: 0, data: 0) })
            let count = try list.call(descriptor, .getMSRs, count: numbers.count)
            guard count == numbers.count else {
                throw KVMError(KVMRequest.getMSRs.name, EINVAL, details: "\(count) of \(numbers.count)")
            }
            return list.elements.map(\.data)
        }

        /// Sets an MSR. False where there is none, or it does not take the value.
        func setSystemRegister(_ number: UInt32, _ value: UInt64) throws(KVMError) -> Bool {
            var list = KVMList([kvm_msr_entry(index: number, reserved: 0, data: value)])
            return try list.call(descriptor, .setMSRs, count: 1) == 1
        }

        /// Sets MSRs. Returns how many, up to the first that there is not, or that does not take its value.
        func setSystemRegisters(_ entries: [kvm_msr_entry]) throws(KVMError) -> Int {
            var list = KVMList(entries)
            return min(entries.count, try list.call(descriptor, .setMSRs, count: entries.count))
        }

        /// Those of some MSRs that there are.
        func present(_ numbers: [UInt32]) throws(KVMError) -> [UInt32] {
            var present: [UInt32] = []
            var rest = numbers[...]
            while !rest.isEmpty {
                // KVM stops at the first that it does not have.
                var list = KVMList(rest.map { kvm_msr_entry(index: $0, reserved: 0, data: 0) })
                let count = min(rest.count, try list.call(descriptor, .getMSRs, count: rest.count))
                present += rest.prefix(count)
                rest = rest.dropFirst(count + 1)
            }
            return present
        }

        func setCPUID(_ entries: [kvm_cpuid_entry2]) throws(KVMError) {
            var list = KVMList(entries)
            try list.call(descriptor, .setCPUID, count: entries.count, details: "\(entries.count) entries")
        }

        /// Queues an external interrupt, to be taken at the next entry.
        func queueInterrupt(_ vector: UInt32) throws(KVMError) {
            var value = kvm_interrupt(irq: vector)
            try descriptor.control(.interrupt, &value, details: "vector \(vector)")
        }

        func queueNonMaskableInterrupt() throws(KVMError) { try descriptor.control(.nonMaskableInterrupt) }

        /// The frequency of the time-stamp counter in Hz.
        func timeStampFrequency() throws(KVMError) -> UInt64 {
            UInt64(try descriptor.control(.getTimeStampKilohertz)) &* 1000
        }

        func setTimeStampFrequency(_ hertz: UInt64) throws(KVMError) {
            try descriptor.control(.setTimeStampKilohertz, UInt(hertz / 1000), details: "\(hertz) Hz")
        }

        /// The guest physical address behind a linear one; nil where it is not mapped.
        func translate(_ linear: UInt64) throws(KVMError) -> UInt64? {
            var value = kvm_translation()
            value.linear_address = linear
            try descriptor.control(.translate, &value)
            return value.valid != 0 ? value.physical_address : nil
        }

        // MARK: The time-stamp counter's offset (KVM_VCPU_TSC_CTRL, Documentation/virt/kvm/devices/vcpu.rst)

        private static func offsetAttribute(_ address: UInt) -> kvm_device_attr {
            var attribute = kvm_device_attr()
            attribute.group = UInt32(KVM_VCPU_TSC_CTRL)
            attribute.attr = UInt64(KVM_VCPU_TSC_OFFSET)
            attribute.addr = UInt64(address)
            return attribute
        }

        /// What is added to the host's counter, scaled, modulo 2^64; nil where the kernel does not tell.
        func timeStampOffset() throws(KVMError) -> UInt64? {
            var attribute = Self.offsetAttribute(0)
            guard descriptor.has(&attribute) else { return nil }
            var offset: UInt64 = 0
            // SAFETY: the pointer is used only during the call.
            try withUnsafeMutablePointer(to: &offset) { pointer throws(KVMError) in
                var attribute = Self.offsetAttribute(UInt(bitPattern: pointer))
                try descriptor.control(.getAttribute, &attribute)
            }
            return offset
        }

        func setTimeStampOffset(_ offset: UInt64) throws(KVMError) {
            var offset = offset
            // SAFETY: as in `timeStampOffset()`.
            try withUnsafeMutablePointer(to: &offset) { pointer throws(KVMError) in
                var attribute = Self.offsetAttribute(UInt(bitPattern: pointer))
                try descriptor.control(.setAttribute, &attribute)
            }
        }
    }

    extension KVMDescriptor {
        fileprivate func has(_ attribute: inout kvm_device_attr) -> Bool {
            // SAFETY: the pointer is used only during the call.
            withUnsafeMutablePointer(to: &attribute) { pointer in
                interface.control(number, .hasAttribute, UInt(bitPattern: pointer)) >= 0
            }
        }
    }
#endif
