internal import VirtKitCore

/// How an interrupt is delivered (Intel SDM vol. 3A, 11.5.1 and 11.6.1).
struct DeliveryMode: RawRepresentable, Hashable {
    let rawValue: UInt8
    init(rawValue: UInt8) { self.rawValue = rawValue & 7 }

    static let fixed = DeliveryMode(rawValue: 0)
    static let lowestPriority = DeliveryMode(rawValue: 1)
    static let systemManagement = DeliveryMode(rawValue: 2)
    static let nonMaskable = DeliveryMode(rawValue: 4)
    static let initialize = DeliveryMode(rawValue: 5)
    static let startUp = DeliveryMode(rawValue: 6)
    static let external = DeliveryMode(rawValue: 7)
}

/// An interrupt on its way to local APICs: from the I/O APIC, by MSI, or between processors.
struct InterruptMessage: Hashable {
    /// An APIC ID (physical), or a set of logical IDs.
    var destination: UInt32
    /// Whether `destination` has 8 bits, so that FFH means everyone, rather than the 32 bits of an x2APIC's ICR.
    var hasShortDestination = true
    var isLogical: Bool
    var mode: DeliveryMode
    var vector: UInt8
    var isLevelTriggered: Bool

    /// An MSI (Intel SDM vol. 3A, 11.11), as a write of `data` to `address`. Nil for addresses that are not MSI's.
    init?(messageAddress address: UInt64, data: UInt32) {
        guard address >> 20 == 0xFEE else { return nil }
        destination = UInt32(truncatingIfNeeded: address >> 12) & 0xFF
        isLogical = address & 4 != 0
        mode = DeliveryMode(rawValue: UInt8(truncatingIfNeeded: data >> 8))
        vector = UInt8(truncatingIfNeeded: data)
        isLevelTriggered = data & 0x8000 != 0
    }

    /// The message as a write (an MSI). The destination has 8 bits.
    var pair: InterruptMessagePair {
        InterruptMessagePair(
            address: 0xFEE0_0000 | UInt64(destination & 0xFF) << 12 | (isLogical ? 4 : 0),
            data: UInt32(vector) | UInt32(mode.rawValue) << 8 | (isLevelTriggered ? 0xC000 : 0))
    }

    init(
        destination: UInt32, hasShortDestination: Bool = true, isLogical: Bool, mode: DeliveryMode, vector: UInt8,
        isLevelTriggered: Bool
    ) {
        self.destination = destination
        self.hasShortDestination = hasShortDestination
        self.isLogical = isLogical
        self.mode = mode
        self.vector = vector
        self.isLevelTriggered = isLevelTriggered
    }
}
