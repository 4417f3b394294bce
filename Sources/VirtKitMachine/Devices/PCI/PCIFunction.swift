package import VirtKitCore

/// Where a PCI function stands on bus 0.
package struct PCIAddress: Hashable, Sendable {
    /// The device, 0 to 31.
    package let device: Int
    /// The function, 0 to 7.
    package let function: Int

    /// Makes an address of a device and a function, of which only the low 5 and 3 bits count.
    package init(device: Int, function: Int = 0) {
        self.device = device & 31
        self.function = function & 7
    }

    var slot: Int { device << 3 | function }
}

/// A base address register, and what it maps (PCI Local Bus 3.0, 6.2.5.1).
package struct PCIBAR: Hashable, Sendable {
    /// What kind of addresses a register holds.
    package enum Kind: Sendable {
        /// Ports.
        case io
        /// Memory below 4 GiB.
        case memory32
        /// Memory anywhere; takes up the next register too.
        case memory64
    }
    /// The kind.
    package var kind: Kind
    /// The size in bytes: a power of two; at least 4 for ports, 16 for memory.
    package var size: UInt64
    /// Whether reads have no side effects.
    package var isPrefetchable = false

    /// Describes a register; the size is raised to the next size that there can be.
    package init(_ kind: Kind, size: UInt64, isPrefetchable: Bool = false) {
        self.kind = kind
        let least: UInt64 = kind == .io ? 4 : 16
        let most: UInt64 = kind == .io ? 0x1_0000 : kind == .memory32 ? 1 << 31 : 1 << 46
        var power = least
        while power < size, power < most { power <<= 1 }
        self.size = power
        self.isPrefetchable = isPrefetchable
    }

    var space: BusSpace { kind == .io ? .port : .memory }
}

/// The configuration space of one PCI function: registers with their writable bits, base address registers, a list of
/// capabilities (PCI Local Bus 3.0, chapter 6).
package final class PCIFunction: Device {
    package let id: String
    package let stateVersion: UInt32 = 1
    /// Where it stands.
    package let address: PCIAddress
    /// Called after the guest has written `width` bytes at `offset`, and after a reset or a restore, with all 256.
    package var wasWritten: (_ offset: Int, _ width: Int) -> Void = { _, _ in }
    /// Called when what base address register `index` maps has moved; nil for no address.
    package var moved: (_ index: Int, _ address: UInt64?) -> Void = { _, _ in }

    /// Registers' offsets.
    package enum Offset {
        package static let command = 0x04, status = 0x06, header = 0x0E, bars = 0x10, subsystem = 0x2C
        package static let capabilities = 0x34, interruptLine = 0x3C, interruptPin = 0x3D
    }
    static let size = 256
    private static let memoryEnabled: UInt8 = 2, ioEnabled: UInt8 = 1

    private var bytes = [UInt8](repeating: 0, count: PCIFunction.size)
    private var initial = [UInt8](repeating: 0, count: PCIFunction.size)
    private var writable = [UInt8](repeating: 0, count: PCIFunction.size)
    private var clearable = [UInt8](repeating: 0, count: PCIFunction.size)
    private var bars = [PCIBAR?](repeating: nil, count: 6)
    private var addresses = [UInt64?](repeating: nil, count: 6)
    private var nextCapability = 0x40
    private var lastCapability = Offset.capabilities

    /// Makes a function.
    ///
    /// - Parameters:
    ///   - classCode: base class, subclass and programming interface, as in 060000H.
    ///   - subsystem: vendor in the low half, device in the high half.
    package init(
        id: String, address: PCIAddress, vendor: UInt16, device: UInt16, classCode: UInt32, revision: UInt8 = 0,
        subsystem: UInt32 = 0x1100_1AF4
    ) {
        self.id = id
        self.address = address
        define(0x00, UInt32(vendor) | UInt32(device) << 16)
        define(0x08, classCode << 8 | UInt32(revision))
        define(Offset.command, UInt16(0), writable: 0x0547)
        define(Offset.status, UInt16(0), clearable: 0xF900)
        define(0x0C, UInt8(0), writable: 0xFF)
        define(Offset.subsystem, subsystem)
        define(Offset.interruptLine, UInt8(0), writable: 0xFF)
    }

    // MARK: Defining

    /// Defines a register: its value after reset, and which bits the guest can write or clear by writing 1.
    package func define<Value: FixedWidthInteger & UnsignedInteger>(
        _ offset: Int, _ value: Value, writable mask: Value = 0, clearable clearMask: Value = 0
    ) {
        for place in 0..<Value.bitWidth / 8 where offset >= 0 && offset &+ place < Self.size {
            let shift = Value(truncatingIfNeeded: place &* 8)
            bytes[offset &+ place] = UInt8(truncatingIfNeeded: value &>> shift)
            initial[offset &+ place] = bytes[offset &+ place]
            writable[offset &+ place] = UInt8(truncatingIfNeeded: mask &>> shift)
            clearable[offset &+ place] = UInt8(truncatingIfNeeded: clearMask &>> shift)
        }
    }

    /// Defines base address register `index` (0 to 5; 0 to 4 for one of 64 bits).
    package func define(bar index: Int, _ bar: PCIBAR) {
        guard index >= 0, index < (bar.kind == .memory64 ? 5 : 6) else { return }
        bars[index] = bar
        let offset = Offset.bars + index * 4
        let mask = ~(bar.size &- 1)
        let prefetch: UInt32 = bar.isPrefetchable ? 8 : 0
        switch bar.kind {
        case .io: define(offset, UInt32(1), writable: UInt32(truncatingIfNeeded: mask) & 0xFFFF_FFFC)
        case .memory32: define(offset, prefetch, writable: UInt32(truncatingIfNeeded: mask) & ~0xF)
        case .memory64:
            define(offset, 4 | prefetch, writable: UInt32(truncatingIfNeeded: mask) & ~0xF)
            define(offset + 4, UInt32(0), writable: UInt32(truncatingIfNeeded: mask >> 32))
        }
    }

    /// Gives the function interrupt pin 1 (INTA) to 4 (INTD).
    package func define(interruptPin pin: UInt8) { define(Offset.interruptPin, pin) }

    /// Adds a capability of `length` bytes, its two-byte header among them. Returns its offset; nil where there is no room.
    package func addCapability(_ id: UInt8, length: Int) -> Int? {
        let offset = nextCapability
        guard length >= 2, length <= Self.size - offset else { return nil }
        nextCapability = (offset + length + 3) & ~3
        define(offset, id)
        define(lastCapability, UInt8(offset))
        lastCapability = offset + 1
        define(Offset.status, UInt16(0x10), clearable: 0xF900)
        return offset
    }

    // MARK: For the function's device

    /// A register's value.
    package func value<Value: FixedWidthInteger & UnsignedInteger>(_ offset: Int, as type: Value.Type) -> Value {
        Value(truncatingIfNeeded: read(offset, width: Value.bitWidth / 8))
    }

    /// Sets a register's value from the device's side, whatever its writable bits.
    package func set<Value: FixedWidthInteger & UnsignedInteger>(_ offset: Int, _ value: Value) {
        for place in 0..<Value.bitWidth / 8 where offset >= 0 && offset &+ place < Self.size {
            bytes[offset &+ place] = UInt8(
                truncatingIfNeeded: value &>> Value(truncatingIfNeeded: place &* 8))
        }
    }

    /// Whether the function may read and write memory, and send MSIs.
    package var isBusMaster: Bool { bytes[Offset.command] & 4 != 0 }

    /// Whether the function must not use its interrupt pin.
    package var isInterruptDisabled: Bool { bytes[Offset.command + 1] & 4 != 0 }

    /// Where base address register `index` maps now.
    package func mappedAddress(_ index: Int) -> UInt64? {
        guard index >= 0, index < 6, let bar = bars[index] else { return nil }
        let offset = Offset.bars + index * 4
        let enabled = bytes[Offset.command] & (bar.kind == .io ? Self.ioEnabled : Self.memoryEnabled) != 0
        let low = read(offset, width: 4)
        let whole: UInt64 =
            switch bar.kind {
            case .io: low & 0xFFFC
            case .memory32: low & ~0xF
            case .memory64: low & ~0xF | read(offset + 4, width: 4) << 32
            }
        // Sizes are powers of two, and what is mapped is aligned to its size.
        let base = whole & ~(bar.size &- 1)
        // Address 0 is where no firmware has put the register yet.
        return enabled && base != 0 && !base.addingReportingOverflow(bar.size).overflow ? base : nil
    }

    // MARK: For the bus

    func read(_ offset: Int, width: Int) -> UInt64 {
        var value: UInt64 = 0
        for place in (0..<max(0, min(8, width))).reversed() {
            let index = offset &+ place
            value = value << 8 | (index >= 0 && index < Self.size ? UInt64(bytes[index]) : 0)
        }
        return value
    }

    func write(_ value: UInt64, to offset: Int, width: Int) {
        guard offset >= 0, offset < Self.size else { return }
        for place in 0..<max(0, min(8, width)) where offset &+ place < Self.size {
            let index = offset &+ place
            let byte = UInt8(truncatingIfNeeded: value &>> UInt64(truncatingIfNeeded: place &* 8))
            bytes[index] = bytes[index] & ~writable[index] & ~(byte & clearable[index]) | byte & writable[index]
        }
        if offset < Offset.bars + 24, offset &+ width > Offset.command { move() }
        wasWritten(offset, width)
    }

    /// Tells of the base address registers that have moved.
    private func move() {
        for index in bars.indices where bars[index] != nil {
            let address = mappedAddress(index)
            guard address != addresses[index] else { continue }
            addresses[index] = address
            moved(index, address)
        }
    }

    // MARK: State

    package func reset() {
        bytes = initial
        move()
        wasWritten(0, Self.size)
    }

    package func save(into encoder: inout StateEncoder) { encoder.encode(bytes) }

    package func restore(from decoder: inout StateDecoder, version: UInt32) throws(StateError) {
        try requireVersion(version)
        let saved = try decoder.decodeBytes(limit: Self.size)
        guard saved.count == Self.size, saved[0..<4] == bytes[0..<4] else {
            throw StateError("\(id): the state is another function's")
        }
        bytes = saved
        move()
        wasWritten(0, Self.size)
    }
}
