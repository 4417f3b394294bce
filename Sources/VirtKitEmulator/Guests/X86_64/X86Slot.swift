/// Byte offsets, in an engine's frame, of the x86-64 architectural state that lowered code touches.
///
/// What only system instructions need (descriptor tables, control and model-specific registers …) lives in typed
/// values of `X86Guest`, not here.
enum X86Slot {
    /// RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 … R15: 16 registers of 8 bytes, in encoding order.
    static let generalRegisters: UInt16 = 0
    /// RIP, 8 bytes.
    static let programCounter: UInt16 = 128
    /// RFLAGS without the six arithmetic flags (which are lazy), at their architectural bit positions. 8 bytes.
    static let systemFlags: UInt16 = 136
    /// The engine's lazy-flags record: operation (4 bytes, padded to 8), then three 8-byte values.
    static let lazyFlags: UInt16 = 144
    /// Bases of ES, CS, SS, DS, FS, GS: 8 bytes each, in encoding order.
    static let segmentBases: UInt16 = 176
    /// Selectors of ES, CS, SS, DS, FS, GS, LDTR, TR: 2 bytes each.
    static let segmentSelectors: UInt16 = 224
    /// Current privilege level, 1 byte.
    static let privilegeLevel: UInt16 = 240
    /// Non-zero while interrupts are held off for one instruction (STI, MOV SS, POP SS), 1 byte.
    static let interruptShadow: UInt16 = 241
    /// MXCSR (4 bytes) and the vector unit's scratch words that follow it.
    static let vectorEnvironment: UInt16 = 256
    /// The x87 and MMX area; see `X87Layout`. At most 192 bytes.
    static let x87: UInt16 = 320
    /// XMM0 … XMM15: 16 bytes each.
    static let vectorRegisters: UInt16 = 512
    /// The upper halves of YMM0 … YMM15 (kept for the AVX state component): 16 bytes each.
    static let vectorUpperHalves: UInt16 = 768
    /// The first byte after the architectural slots.
    static let end: UInt16 = 1024

    /// The slot of general register `number` (0 … 15).
    static func general(_ number: Int) -> UInt16 { generalRegisters &+ UInt16(truncatingIfNeeded: (number & 15) &* 8) }

    /// The slot of the low byte of a byte register. Without a REX prefix, numbers 4 to 7 name AH, CH, DH and BH.
    static func byteRegister(_ number: Int, hasREX: Bool) -> UInt16 {
        !hasREX && number >= 4 && number < 8 ? general(number &- 4) &+ 1 : general(number)
    }

    /// The slot of XMM register `number` (0 … 15).
    static func vector(_ number: Int) -> UInt16 { vectorRegisters &+ UInt16(truncatingIfNeeded: (number & 15) &* 16) }

    /// The slot of the base of segment register `number` (0 … 5).
    static func segmentBase(_ number: Int) -> UInt16 { segmentBases &+ UInt16(truncatingIfNeeded: number &* 8) }
}
