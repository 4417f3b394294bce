/// Access to the frame by architectural names.
///
/// SAFETY (this file): every offset comes from `X86Slot` with an index masked or checked to its range, so all accesses
/// lie in the frame's first 1,024 bytes, and are aligned for their size.
extension X86Guest {
    private func read<T>(_ slot: UInt16, as type: T.Type) -> T {
        frame.load(fromByteOffset: Int(slot), as: type)
    }

    private func write<T>(_ slot: UInt16, _ value: T) {
        frame.storeBytes(of: value, toByteOffset: Int(slot), as: T.self)
    }

    func general(_ number: Int) -> UInt64 { read(X86Slot.general(number), as: UInt64.self) }
    func setGeneral(_ number: Int, _ value: UInt64) { write(X86Slot.general(number), value) }

    var stackPointer: UInt64 {
        get { general(4) }
        set { setGeneral(4, newValue) }
    }

    var programCounter: UInt64 {
        get { read(X86Slot.programCounter, as: UInt64.self) }
        set { write(X86Slot.programCounter, newValue) }
    }

    /// RFLAGS but for the arithmetic flags; bit 1 is set.
    var systemFlags: UInt64 {
        get { read(X86Slot.systemFlags, as: UInt64.self) }
        set { write(X86Slot.systemFlags, newValue & RFLAGS.defined & ~RFLAGS.arithmetic | RFLAGS.fixed) }
    }

    /// RFLAGS whole.
    var flags: UInt64 {
        get { systemFlags & ~RFLAGS.arithmetic | engine.flags | RFLAGS.fixed }
        set {
            engine.flags = newValue & RFLAGS.arithmetic
            systemFlags = newValue
        }
    }

    /// IOPL.
    var ioPrivilege: UInt8 { UInt8(truncatingIfNeeded: systemFlags &>> 12) & 3 }

    /// CPL. A setter must be followed by ``updateMode()``.
    var privilege: UInt8 {
        get { read(X86Slot.privilegeLevel, as: UInt8.self) }
        set { write(X86Slot.privilegeLevel, newValue & 3) }
    }

    var isVirtual8086: Bool { systemFlags & RFLAGS.virtual8086 != 0 }

    var interruptShadow: UInt8 {
        get { read(X86Slot.interruptShadow, as: UInt8.self) }
        set { write(X86Slot.interruptShadow, newValue) }
    }

    /// The base of segment register `number` (0 … 5).
    func segmentBase(_ number: Int) -> UInt64 { read(X86Slot.segmentBase(min(5, max(0, number))), as: UInt64.self) }
    func setSegmentBase(_ number: Int, _ base: UInt64) { write(X86Slot.segmentBase(min(5, max(0, number))), base) }

    /// The selector of segment register `number` (0 … 7, LDTR and TR included).
    func selectorOf(_ number: Int) -> UInt16 {
        read(X86Slot.segmentSelectors &+ UInt16(number & 7) &* 2, as: UInt16.self)
    }
    func setSelector(_ number: Int, _ selector: UInt16) {
        write(X86Slot.segmentSelectors &+ UInt16(number & 7) &* 2, selector)
    }

    /// An operand place that lowering passed: 8 bytes.
    func operand(_ place: Place) -> UInt64 {
        frame.loadUnaligned(fromByteOffset: min(Int(place), FrameLayout.size - 8), as: UInt64.self)
    }

    /// Writes a result of `bytes` to a place: 4 clears the upper half, 1 and 2 leave the rest alone.
    func setOperand(_ place: Place, _ value: UInt64, bytes: Int) {
        let offset = min(Int(place), FrameLayout.size - 8)
        switch bytes {
        case 1: frame.storeBytes(of: UInt8(truncatingIfNeeded: value), toByteOffset: offset, as: UInt8.self)
        case 2: frame.storeBytes(of: UInt16(truncatingIfNeeded: value), toByteOffset: offset, as: UInt16.self)
        case 4: frame.storeBytes(of: value & 0xFFFF_FFFF, toByteOffset: offset, as: UInt64.self)
        default: frame.storeBytes(of: value, toByteOffset: offset, as: UInt64.self)
        }
    }
}
