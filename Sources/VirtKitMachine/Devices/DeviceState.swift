internal import VirtKitCore

extension Device {
    /// Refuses state of another version than the device's own.
    func requireVersion(_ version: UInt32) throws(StateError) {
        guard version == stateVersion else { throw StateError("\(id): state of version \(version) is not known") }
    }
}

extension TimerQueue.Timer {
    /// Writes when the timer fires.
    func save(into encoder: inout StateEncoder) {
        encoder.encode(deadline != nil)
        encoder.encode(deadline ?? 0)
    }

    /// Arms the timer as it was, or takes it back.
    func restore(from decoder: inout StateDecoder) throws(StateError) {
        let isArmed = try decoder.decode(Bool.self)
        let deadline = try decoder.decode(UInt64.self)
        if isArmed { arm(at: deadline) } else { cancel() }
    }
}

/// Reads a part of a little-endian register: `width` bytes (1, 2, 4 or 8) of `value` from byte `offset`.
func registerPart(_ value: UInt64, offset: UInt64, width: Int) -> UInt64 {
    guard offset < 8 else { return 0 }
    let mask: UInt64 = width >= 8 ? .max : (1 &<< UInt64(truncatingIfNeeded: width &* 8)) &- 1
    return value &>> (offset &* 8) & mask
}

/// Writes a part of a little-endian register.
func replacingRegisterPart(_ value: UInt64, with part: UInt64, offset: UInt64, width: Int) -> UInt64 {
    guard offset < 8 else { return value }
    let mask: UInt64 = (width >= 8 ? .max : (1 &<< UInt64(truncatingIfNeeded: width &* 8)) &- 1) &<< (offset &* 8)
    return value & ~mask | (part &<< (offset &* 8)) & mask
}
