internal import Synchronization
package import VirtKitCore

/// Where a board's vCPUs' accesses go: to the device that is mapped there.
///
/// Each access holds the machine's device lock. An access that no device answers wholly is made byte by byte; bytes that
/// nobody answers read as all ones, and ignore writes. Message-signalled interrupts and local APICs, which every vCPU
/// sees differently, go to the `APICFabric`.
package final class SystemBus: GuestBus, @unchecked Sendable {
    // SAFETY: everything mutable is touched only with the lock held, or before the machine's first vCPU runs.

    private struct Mapping {
        let first: UInt64
        let last: UInt64
        let device: any BusDevice
        let range: Int
        let widest: Int
    }

    /// A range that the guest moves about: a base address register, say. What is mapped for good answers before it.
    package final class Window {
        /// The addresses that it answers at now; nil for none.
        package var addresses: Range<UInt64>?
        fileprivate let space: BusSpace
        fileprivate let device: any BusDevice
        fileprivate let range: Int

        fileprivate init(_ device: any BusDevice, _ space: BusSpace, range: Int) {
            self.device = device
            self.space = space
            self.range = range
        }
    }

    private var windows: [Window] = []
    private let lock: DeviceLock
    private let fabric: APICFabric
    private var mappings: [Mapping] = []
    /// For each port, one more than the place in `portMappings` of what answers there.
    private var ports = [UInt8](repeating: 0, count: 0x1_0000)
    private var portMappings: [Mapping] = []
    private let accesses = Atomic<UInt64>(0)

    /// Makes a bus on which only the local APICs answer.
    package init(lock: DeviceLock, fabric: APICFabric) {
        self.lock = lock
        self.fabric = fabric
    }

    /// How many accesses have been made.
    package var accessCount: UInt64 { accesses.load(ordering: .relaxed) }

    /// Makes a window for a device, without addresses yet; `range` is the number that it is told with each access.
    /// Where windows overlap, the one made first answers.
    package func makeWindow(_ device: any BusDevice, _ space: BusSpace, range: Int) -> Window {
        let window = Window(device, space, range: range)
        windows.append(window)
        return window
    }

    /// Maps a device for good; `range` is the number that it is told with each access. Accesses wider than `widest`
    /// bytes are made byte by byte.
    ///
    /// - Throws: `VirtKitError` with `.invalidConfiguration` where something answers already, or the range is empty or
    ///   beyond its space.
    package func map(
        _ device: any BusDevice, _ space: BusSpace, _ address: UInt64, size: UInt64, range: Int = 0,
        widest: Int = 8
    ) throws(VirtKitError) {
        let (end, overflow) = address.addingReportingOverflow(size &- 1)
        let mapping = Mapping(first: address, last: end, device: device, range: range, widest: widest)
        guard size > 0, !overflow, space == .memory || end < 0x1_0000 else {
            throw Self.refusal(mapping, "is empty or beyond the address space")
        }
        if space == .port {
            guard ports[Int(address)...Int(end)].allSatisfy({ $0 == 0 }), portMappings.count < 255 else {
                throw Self.refusal(mapping, "overlaps another device's")
            }
            portMappings.append(mapping)
            for port in Int(address)...Int(end) { ports[port] = UInt8(portMappings.count) }
        } else {
            let place = mappings.firstIndex { $0.first > address } ?? mappings.count
            guard place == 0 || mappings[place - 1].last < address,
                place == mappings.count || end < mappings[place].first
            else { throw Self.refusal(mapping, "overlaps another device's") }
            mappings.insert(mapping, at: place)
        }
    }

    private static func refusal(_ mapping: Mapping, _ reason: String) -> VirtKitError {
        VirtKitError(
            .invalidConfiguration, operation: "map device \(mapping.device.id)",
            message: "the range from \(hex(mapping.first)) \(reason)")
    }

    /// A range of addresses, and what answers there.
    package struct Placement {
        /// The address space.
        package let space: BusSpace
        /// The first address.
        package let first: UInt64
        /// The last address.
        package let last: UInt64
        /// The device.
        package let device: any BusDevice
    }

    /// Everything that vCPU 0 can reach now. With the lock held.
    package var placements: [Placement] {
        func placement(_ mapping: Mapping, _ space: BusSpace) -> Placement {
            Placement(space: space, first: mapping.first, last: mapping.last, device: mapping.device)
        }
        var placements = portMappings.map { placement($0, .port) } + mappings.map { placement($0, .memory) }
        for window in windows {
            guard let addresses = window.addresses, !addresses.isEmpty else { continue }
            placements.append(
                Placement(
                    space: window.space, first: addresses.lowerBound, last: addresses.upperBound &- 1,
                    device: window.device))
        }
        if let apic = fabric.apic(0), let page = apic.page {
            placements.append(Placement(space: .memory, first: page, last: page &+ 0xFFF, device: apic))
        }
        return placements
    }

    package func read(_ address: UInt64, width: Int, space: BusSpace, vcpu: Int) -> UInt64 {
        accesses.wrappingAdd(1, ordering: .relaxed)
        let mask: UInt64 = width >= 8 ? .max : (1 &<< UInt64(truncatingIfNeeded: width &* 8)) &- 1
        return lock.withLock {
            if let (device, offset, range) = target(address, width, space, vcpu) {
                return device.read(offset, width: width, range: range, vcpu: vcpu) & mask
            }
            guard width > 1 else { return mask }
            var value: UInt64 = 0
            for index in 0..<UInt64(truncatingIfNeeded: min(width, 8)) {
                let byte = target(address &+ index, 1, space, vcpu).map { device, offset, range in
                    device.read(offset, width: 1, range: range, vcpu: vcpu) & 0xFF
                }
                value |= (byte ?? 0xFF) &<< (index &* 8)
            }
            return value
        }
    }

    package func write(_ value: UInt64, to address: UInt64, width: Int, space: BusSpace, vcpu: Int) {
        accesses.wrappingAdd(1, ordering: .relaxed)
        lock.withLock {
            if let (device, offset, range) = target(address, width, space, vcpu) {
                device.write(value, to: offset, width: width, range: range, vcpu: vcpu)
                return
            }
            guard width > 1 else { return }
            for index in 0..<UInt64(truncatingIfNeeded: min(width, 8)) {
                guard let (device, offset, range) = target(address &+ index, 1, space, vcpu) else { continue }
                device.write(value &>> (index &* 8) & 0xFF, to: offset, width: 1, range: range, vcpu: vcpu)
            }
        }
    }

    package func readSystemRegister(_ number: UInt32, vcpu: Int) -> UInt64? {
        accesses.wrappingAdd(1, ordering: .relaxed)
        return lock.withLock { fabric.apic(vcpu)?.readSystemRegister(number) }
    }

    package func writeSystemRegister(_ number: UInt32, value: UInt64, vcpu: Int) -> Bool {
        accesses.wrappingAdd(1, ordering: .relaxed)
        return lock.withLock { fabric.apic(vcpu)?.writeSystemRegister(number, value: value) ?? false }
    }

    package func endOfInterrupt(_ vector: UInt8, vcpu: Int) {
        accesses.wrappingAdd(1, ordering: .relaxed)
        lock.withLock { fabric.endOfInterrupt(vector) }
    }

    /// The device that answers all bytes of an access; nil where there is none, or not one for all.
    private func target(
        _ address: UInt64, _ width: Int, _ space: BusSpace, _ vcpu: Int
    ) -> (any BusDevice, offset: UInt64, range: Int)? {
        let (last, overflow) = address.addingReportingOverflow(UInt64(truncatingIfNeeded: width &- 1))
        if overflow { return nil }
        if space == .port {
            guard last < 0x1_0000 else { return nil }
            guard ports[Int(address)] != 0 else { return window(address, last, space) }
            let mapping = portMappings[Int(ports[Int(address)]) - 1]
            guard last <= mapping.last, width <= mapping.widest else { return nil }
            return (mapping.device, address &- mapping.first, mapping.range)
        }
        // Before the mappings: each vCPU sees its own local APIC, and may have moved it.
        if let apic = fabric.apic(vcpu), let page = apic.page, address &- page < 0x1000, last &- page < 0x1000 {
            return (apic, address &- page, 0)
        }
        var low = 0
        var high = mappings.count
        while low < high {
            let middle = (low + high) / 2
            if mappings[middle].last < address { low = middle + 1 } else { high = middle }
        }
        guard low < mappings.count, mappings[low].first <= last else { return window(address, last, space) }
        let mapping = mappings[low]
        guard mapping.first <= address, last <= mapping.last, width <= mapping.widest else { return nil }
        return (mapping.device, address &- mapping.first, mapping.range)
    }

    private func window(
        _ first: UInt64, _ last: UInt64, _ space: BusSpace
    ) -> (any BusDevice, offset: UInt64, range: Int)? {
        for window in windows where window.space == space {
            guard let addresses = window.addresses, addresses.contains(first), addresses.contains(last) else {
                continue
            }
            return (window.device, first &- addresses.lowerBound, window.range)
        }
        return nil
    }
}
