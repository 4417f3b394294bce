/// An 8-byte segment descriptor (Intel SDM volume 3A, 3.4.5), or the low half of a 16-byte one.
struct X86Descriptor {
    var raw: UInt64

    var base: UInt64 { (raw &>> 16) & 0xFF_FFFF | (raw &>> 32) & 0xFF00_0000 }

    /// The limit in bytes, granularity applied.
    var limit: UInt32 {
        let value = UInt32(truncatingIfNeeded: raw & 0xFFFF | (raw &>> 32) & 0xF_0000)
        return raw & (1 << 55) != 0 ? value &<< 12 | 0xFFF : value
    }

    /// Type, S, DPL, P, AVL, L, D/B and G as ``X86SegmentCache/access`` holds them.
    var access: UInt32 { UInt32(truncatingIfNeeded: raw &>> 40) & 0xF0FF }

    var type: UInt32 { UInt32(truncatingIfNeeded: raw &>> 40) & 0xF }
    var isSystem: Bool { raw & (1 << 44) == 0 }
    var privilege: UInt8 { UInt8(truncatingIfNeeded: raw &>> 45) & 3 }
    var isPresent: Bool { raw & (1 << 47) != 0 }
    var isLong: Bool { raw & (1 << 53) != 0 }
    var isBig: Bool { raw & (1 << 54) != 0 }

    var isCode: Bool { !isSystem && type & 8 != 0 }
    var isData: Bool { !isSystem && type & 8 == 0 }
    var isConforming: Bool { isCode && type & 4 != 0 }
    var isReadable: Bool { isData || (isCode && type & 2 != 0) }
    var isWritable: Bool { isData && type & 2 != 0 }
    var isAccessed: Bool { type & 1 != 0 }

    var cache: X86SegmentCache { X86SegmentCache(limit: limit, access: access) }
}

/// The hidden part of a segment register but for its base, which lives in the frame.
struct X86SegmentCache: Equatable {
    /// Limit in bytes, granularity applied.
    var limit: UInt32 = 0
    /// Bits 3:0 type, 4 S, 6:5 DPL, 7 P, 12 AVL, 13 L, 14 D/B, 15 G, 16 unusable (as in VMX, SDM volume 3C, 24.4.1).
    var access: UInt32 = Self.unusable

    static let unusable: UInt32 = 1 << 16

    var type: UInt32 { access & 0xF }
    var privilege: UInt8 { UInt8(truncatingIfNeeded: access &>> 5) & 3 }
    var isUsable: Bool { access & Self.unusable == 0 }
    var isLong: Bool { access & (1 << 13) != 0 }
    var isBig: Bool { access & (1 << 14) != 0 }
}

/// System descriptor types (SDM volume 3A, table 3-2).
enum X86SystemType {
    static let taskAvailable16: UInt32 = 1
    static let ldt: UInt32 = 2
    static let callGate16: UInt32 = 4
    static let taskGate: UInt32 = 5
    static let interruptGate16: UInt32 = 6
    static let trapGate16: UInt32 = 7
    /// 32-bit, or 64-bit in IA-32e mode, as are the following.
    static let taskAvailable: UInt32 = 9
    static let taskBusy: UInt32 = 11
    static let callGate: UInt32 = 12
    static let interruptGate: UInt32 = 14
    static let trapGate: UInt32 = 15
}

/// A call, interrupt or trap gate: 8 bytes, or 16 in IA-32e mode (SDM volume 3A, 5.8.3 and 6.14.1).
struct X86Gate {
    var low: UInt64
    /// The high half of the offset, zero for an 8-byte gate.
    var high: UInt64 = 0

    var offset: UInt64 {
        let offset32 = low & 0xFFFF | (low &>> 32) & 0xFFFF_0000
        return offset32 | (high & 0xFFFF_FFFF) &<< 32
    }
    var selector: UInt16 { UInt16(truncatingIfNeeded: low &>> 16) }
    /// Interrupt stack table index, 0 for none.
    var stackIndex: UInt64 { (low &>> 32) & 7 }
    /// Of a 16- or 32-bit call gate: how many parameters to copy.
    var parameterCount: UInt64 { (low &>> 32) & 31 }
    var type: UInt32 { UInt32(truncatingIfNeeded: low &>> 40) & 0xF }
    var isSystem: Bool { low & (1 << 44) == 0 }
    var privilege: UInt8 { UInt8(truncatingIfNeeded: low &>> 45) & 3 }
    var isPresent: Bool { low & (1 << 47) != 0 }
}
