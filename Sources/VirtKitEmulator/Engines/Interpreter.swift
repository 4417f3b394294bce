internal import CVirtKit

/// Why the interpreter's loop came back.
enum StopReason: UInt8 {
    /// (Of a helper's call only:) go on with the next operation.
    case next
    /// The PC slot is up to date: look at everything anew.
    case lookUp
    /// The same, and the block that is found may be linked to the saved operation.
    case link
    /// The guest holds a pending exception at the saved operation.
    case fault
    /// Leave `run` with the engine's exit code.
    case exit
}

/// The portable engine: one loop around one switch.
///
/// The file is long because the switch is: a case for each opcode and width, a table in the form of code. It stays in one
/// function, so that the compiler keeps the loop's state in registers; what the cases share is in
/// `Interpreter+Primitives.swift`.
enum Interpreter {
    /// Runs blocks from `entry` on, until something must be looked at outside.
    static func run(_ engine: Engine, _ f: UnsafeMutableRawPointer, _ pcSlot: Place, _ entry: UnsafePointer<Operation>)
        -> StopReason
    {
        // SAFETY (of the whole function): `f` is a frame, which holds whatever place an operation can name (see
        // `FrameLayout.allocate`); `ip` walks the operations of an installed block, which end in a terminator, as the
        // builder sees to; the engine's words in the frame point to tables that live as long as the engine.
        var ip = entry
        enterBlock(f, ip)
        while true {
            var pc: UInt64
            var target: UInt32
            block: do {
                blockEnd: do {
                    while true {
                        switch ip.pointee.opcode {
                        case .mov8: write8(f, ip.pointee.d, read(f, ip.pointee.a, UInt8.self))
                        case .mov16: write16(f, ip.pointee.d, read(f, ip.pointee.a, UInt16.self))
                        case .mov32: write32(f, ip.pointee.d, read(f, ip.pointee.a, UInt32.self))
                        case .mov64: write64(f, ip.pointee.d, read(f, ip.pointee.a, UInt64.self))
                        case .movImm8: write8(f, ip.pointee.d, UInt8(truncatingIfNeeded: ip.pointee.immediate))
                        case .movImm16: write16(f, ip.pointee.d, UInt16(truncatingIfNeeded: ip.pointee.immediate))
                        case .movImm32: write32(f, ip.pointee.d, UInt32(truncatingIfNeeded: ip.pointee.immediate))
                        case .movImm64: write64(f, ip.pointee.d, UInt64(truncatingIfNeeded: ip.pointee.immediate))
                        case .add8:
                            write8(
                                f, ip.pointee.d, read(f, ip.pointee.a, UInt8.self) &+ read(f, ip.pointee.b, UInt8.self))
                        case .add16:
                            write16(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt16.self) &+ read(f, ip.pointee.b, UInt16.self))
                        case .add32:
                            write32(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt32.self) &+ read(f, ip.pointee.b, UInt32.self))
                        case .add64:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt64.self) &+ read(f, ip.pointee.b, UInt64.self))
                        case .addImm8:
                            write8(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt8.self) &+ UInt8(truncatingIfNeeded: ip.pointee.immediate))
                        case .addImm16:
                            write16(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt16.self) &+ UInt16(truncatingIfNeeded: ip.pointee.immediate))
                        case .addImm32:
                            write32(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt32.self) &+ UInt32(truncatingIfNeeded: ip.pointee.immediate))
                        case .addImm64:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt64.self) &+ UInt64(truncatingIfNeeded: ip.pointee.immediate))
                        case .sub8:
                            write8(
                                f, ip.pointee.d, read(f, ip.pointee.a, UInt8.self) &- read(f, ip.pointee.b, UInt8.self))
                        case .sub16:
                            write16(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt16.self) &- read(f, ip.pointee.b, UInt16.self))
                        case .sub32:
                            write32(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt32.self) &- read(f, ip.pointee.b, UInt32.self))
                        case .sub64:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt64.self) &- read(f, ip.pointee.b, UInt64.self))
                        case .subImm8:
                            write8(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt8.self) &- UInt8(truncatingIfNeeded: ip.pointee.immediate))
                        case .subImm16:
                            write16(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt16.self) &- UInt16(truncatingIfNeeded: ip.pointee.immediate))
                        case .subImm32:
                            write32(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt32.self) &- UInt32(truncatingIfNeeded: ip.pointee.immediate))
                        case .subImm64:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt64.self) &- UInt64(truncatingIfNeeded: ip.pointee.immediate))
                        case .and8:
                            write8(
                                f, ip.pointee.d, read(f, ip.pointee.a, UInt8.self) & read(f, ip.pointee.b, UInt8.self))
                        case .and16:
                            write16(
                                f, ip.pointee.d, read(f, ip.pointee.a, UInt16.self) & read(f, ip.pointee.b, UInt16.self)
                            )
                        case .and32:
                            write32(
                                f, ip.pointee.d, read(f, ip.pointee.a, UInt32.self) & read(f, ip.pointee.b, UInt32.self)
                            )
                        case .and64:
                            write64(
                                f, ip.pointee.d, read(f, ip.pointee.a, UInt64.self) & read(f, ip.pointee.b, UInt64.self)
                            )
                        case .andImm8:
                            write8(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt8.self) & UInt8(truncatingIfNeeded: ip.pointee.immediate))
                        case .andImm16:
                            write16(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt16.self) & UInt16(truncatingIfNeeded: ip.pointee.immediate))
                        case .andImm32:
                            write32(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt32.self) & UInt32(truncatingIfNeeded: ip.pointee.immediate))
                        case .andImm64:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt64.self) & UInt64(truncatingIfNeeded: ip.pointee.immediate))
                        case .or8:
                            write8(
                                f, ip.pointee.d, read(f, ip.pointee.a, UInt8.self) | read(f, ip.pointee.b, UInt8.self))
                        case .or16:
                            write16(
                                f, ip.pointee.d, read(f, ip.pointee.a, UInt16.self) | read(f, ip.pointee.b, UInt16.self)
                            )
                        case .or32:
                            write32(
                                f, ip.pointee.d, read(f, ip.pointee.a, UInt32.self) | read(f, ip.pointee.b, UInt32.self)
                            )
                        case .or64:
                            write64(
                                f, ip.pointee.d, read(f, ip.pointee.a, UInt64.self) | read(f, ip.pointee.b, UInt64.self)
                            )
                        case .orImm8:
                            write8(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt8.self) | UInt8(truncatingIfNeeded: ip.pointee.immediate))
                        case .orImm16:
                            write16(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt16.self) | UInt16(truncatingIfNeeded: ip.pointee.immediate))
                        case .orImm32:
                            write32(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt32.self) | UInt32(truncatingIfNeeded: ip.pointee.immediate))
                        case .orImm64:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt64.self) | UInt64(truncatingIfNeeded: ip.pointee.immediate))
                        case .xor8:
                            write8(
                                f, ip.pointee.d, read(f, ip.pointee.a, UInt8.self) ^ read(f, ip.pointee.b, UInt8.self))
                        case .xor16:
                            write16(
                                f, ip.pointee.d, read(f, ip.pointee.a, UInt16.self) ^ read(f, ip.pointee.b, UInt16.self)
                            )
                        case .xor32:
                            write32(
                                f, ip.pointee.d, read(f, ip.pointee.a, UInt32.self) ^ read(f, ip.pointee.b, UInt32.self)
                            )
                        case .xor64:
                            write64(
                                f, ip.pointee.d, read(f, ip.pointee.a, UInt64.self) ^ read(f, ip.pointee.b, UInt64.self)
                            )
                        case .xorImm8:
                            write8(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt8.self) ^ UInt8(truncatingIfNeeded: ip.pointee.immediate))
                        case .xorImm16:
                            write16(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt16.self) ^ UInt16(truncatingIfNeeded: ip.pointee.immediate))
                        case .xorImm32:
                            write32(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt32.self) ^ UInt32(truncatingIfNeeded: ip.pointee.immediate))
                        case .xorImm64:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt64.self) ^ UInt64(truncatingIfNeeded: ip.pointee.immediate))
                        case .mul8:
                            write8(
                                f, ip.pointee.d, read(f, ip.pointee.a, UInt8.self) &* read(f, ip.pointee.b, UInt8.self))
                        case .mul16:
                            write16(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt16.self) &* read(f, ip.pointee.b, UInt16.self))
                        case .mul32:
                            write32(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt32.self) &* read(f, ip.pointee.b, UInt32.self))
                        case .mul64:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt64.self) &* read(f, ip.pointee.b, UInt64.self))
                        case .mulImm8:
                            write8(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt8.self) &* UInt8(truncatingIfNeeded: ip.pointee.immediate))
                        case .mulImm16:
                            write16(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt16.self) &* UInt16(truncatingIfNeeded: ip.pointee.immediate))
                        case .mulImm32:
                            write32(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt32.self) &* UInt32(truncatingIfNeeded: ip.pointee.immediate))
                        case .mulImm64:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt64.self) &* UInt64(truncatingIfNeeded: ip.pointee.immediate))
                        case .shl8:
                            write8(
                                f, ip.pointee.d,
                                shl(read(f, ip.pointee.a, UInt8.self), read(f, ip.pointee.b, UInt8.self)))
                        case .shl16:
                            write16(
                                f, ip.pointee.d,
                                shl(read(f, ip.pointee.a, UInt16.self), read(f, ip.pointee.b, UInt8.self)))
                        case .shl32:
                            write32(
                                f, ip.pointee.d,
                                shl(read(f, ip.pointee.a, UInt32.self), read(f, ip.pointee.b, UInt8.self)))
                        case .shl64:
                            write64(
                                f, ip.pointee.d,
                                shl(read(f, ip.pointee.a, UInt64.self), read(f, ip.pointee.b, UInt8.self)))
                        case .shlImm8:
                            write8(
                                f, ip.pointee.d,
                                shl(read(f, ip.pointee.a, UInt8.self), UInt8(truncatingIfNeeded: ip.pointee.immediate)))
                        case .shlImm16:
                            write16(
                                f, ip.pointee.d,
                                shl(read(f, ip.pointee.a, UInt16.self), UInt8(truncatingIfNeeded: ip.pointee.immediate))
                            )
                        case .shlImm32:
                            write32(
                                f, ip.pointee.d,
                                shl(read(f, ip.pointee.a, UInt32.self), UInt8(truncatingIfNeeded: ip.pointee.immediate))
                            )
                        case .shlImm64:
                            write64(
                                f, ip.pointee.d,
                                shl(read(f, ip.pointee.a, UInt64.self), UInt8(truncatingIfNeeded: ip.pointee.immediate))
                            )
                        case .shr8:
                            write8(
                                f, ip.pointee.d,
                                shr(read(f, ip.pointee.a, UInt8.self), read(f, ip.pointee.b, UInt8.self)))
                        case .shr16:
                            write16(
                                f, ip.pointee.d,
                                shr(read(f, ip.pointee.a, UInt16.self), read(f, ip.pointee.b, UInt8.self)))
                        case .shr32:
                            write32(
                                f, ip.pointee.d,
                                shr(read(f, ip.pointee.a, UInt32.self), read(f, ip.pointee.b, UInt8.self)))
                        case .shr64:
                            write64(
                                f, ip.pointee.d,
                                shr(read(f, ip.pointee.a, UInt64.self), read(f, ip.pointee.b, UInt8.self)))
                        case .shrImm8:
                            write8(
                                f, ip.pointee.d,
                                shr(read(f, ip.pointee.a, UInt8.self), UInt8(truncatingIfNeeded: ip.pointee.immediate)))
                        case .shrImm16:
                            write16(
                                f, ip.pointee.d,
                                shr(read(f, ip.pointee.a, UInt16.self), UInt8(truncatingIfNeeded: ip.pointee.immediate))
                            )
                        case .shrImm32:
                            write32(
                                f, ip.pointee.d,
                                shr(read(f, ip.pointee.a, UInt32.self), UInt8(truncatingIfNeeded: ip.pointee.immediate))
                            )
                        case .shrImm64:
                            write64(
                                f, ip.pointee.d,
                                shr(read(f, ip.pointee.a, UInt64.self), UInt8(truncatingIfNeeded: ip.pointee.immediate))
                            )
                        case .sar8:
                            write8(
                                f, ip.pointee.d,
                                sar(read(f, ip.pointee.a, UInt8.self), read(f, ip.pointee.b, UInt8.self)))
                        case .sar16:
                            write16(
                                f, ip.pointee.d,
                                sar(read(f, ip.pointee.a, UInt16.self), read(f, ip.pointee.b, UInt8.self)))
                        case .sar32:
                            write32(
                                f, ip.pointee.d,
                                sar(read(f, ip.pointee.a, UInt32.self), read(f, ip.pointee.b, UInt8.self)))
                        case .sar64:
                            write64(
                                f, ip.pointee.d,
                                sar(read(f, ip.pointee.a, UInt64.self), read(f, ip.pointee.b, UInt8.self)))
                        case .sarImm8:
                            write8(
                                f, ip.pointee.d,
                                sar(read(f, ip.pointee.a, UInt8.self), UInt8(truncatingIfNeeded: ip.pointee.immediate)))
                        case .sarImm16:
                            write16(
                                f, ip.pointee.d,
                                sar(read(f, ip.pointee.a, UInt16.self), UInt8(truncatingIfNeeded: ip.pointee.immediate))
                            )
                        case .sarImm32:
                            write32(
                                f, ip.pointee.d,
                                sar(read(f, ip.pointee.a, UInt32.self), UInt8(truncatingIfNeeded: ip.pointee.immediate))
                            )
                        case .sarImm64:
                            write64(
                                f, ip.pointee.d,
                                sar(read(f, ip.pointee.a, UInt64.self), UInt8(truncatingIfNeeded: ip.pointee.immediate))
                            )
                        case .rol8:
                            write8(
                                f, ip.pointee.d,
                                rol(read(f, ip.pointee.a, UInt8.self), read(f, ip.pointee.b, UInt8.self)))
                        case .rol16:
                            write16(
                                f, ip.pointee.d,
                                rol(read(f, ip.pointee.a, UInt16.self), read(f, ip.pointee.b, UInt8.self)))
                        case .rol32:
                            write32(
                                f, ip.pointee.d,
                                rol(read(f, ip.pointee.a, UInt32.self), read(f, ip.pointee.b, UInt8.self)))
                        case .rol64:
                            write64(
                                f, ip.pointee.d,
                                rol(read(f, ip.pointee.a, UInt64.self), read(f, ip.pointee.b, UInt8.self)))
                        case .rolImm8:
                            write8(
                                f, ip.pointee.d,
                                rol(read(f, ip.pointee.a, UInt8.self), UInt8(truncatingIfNeeded: ip.pointee.immediate)))
                        case .rolImm16:
                            write16(
                                f, ip.pointee.d,
                                rol(read(f, ip.pointee.a, UInt16.self), UInt8(truncatingIfNeeded: ip.pointee.immediate))
                            )
                        case .rolImm32:
                            write32(
                                f, ip.pointee.d,
                                rol(read(f, ip.pointee.a, UInt32.self), UInt8(truncatingIfNeeded: ip.pointee.immediate))
                            )
                        case .rolImm64:
                            write64(
                                f, ip.pointee.d,
                                rol(read(f, ip.pointee.a, UInt64.self), UInt8(truncatingIfNeeded: ip.pointee.immediate))
                            )
                        case .ror8:
                            write8(
                                f, ip.pointee.d,
                                ror(read(f, ip.pointee.a, UInt8.self), read(f, ip.pointee.b, UInt8.self)))
                        case .ror16:
                            write16(
                                f, ip.pointee.d,
                                ror(read(f, ip.pointee.a, UInt16.self), read(f, ip.pointee.b, UInt8.self)))
                        case .ror32:
                            write32(
                                f, ip.pointee.d,
                                ror(read(f, ip.pointee.a, UInt32.self), read(f, ip.pointee.b, UInt8.self)))
                        case .ror64:
                            write64(
                                f, ip.pointee.d,
                                ror(read(f, ip.pointee.a, UInt64.self), read(f, ip.pointee.b, UInt8.self)))
                        case .rorImm8:
                            write8(
                                f, ip.pointee.d,
                                ror(read(f, ip.pointee.a, UInt8.self), UInt8(truncatingIfNeeded: ip.pointee.immediate)))
                        case .rorImm16:
                            write16(
                                f, ip.pointee.d,
                                ror(read(f, ip.pointee.a, UInt16.self), UInt8(truncatingIfNeeded: ip.pointee.immediate))
                            )
                        case .rorImm32:
                            write32(
                                f, ip.pointee.d,
                                ror(read(f, ip.pointee.a, UInt32.self), UInt8(truncatingIfNeeded: ip.pointee.immediate))
                            )
                        case .rorImm64:
                            write64(
                                f, ip.pointee.d,
                                ror(read(f, ip.pointee.a, UInt64.self), UInt8(truncatingIfNeeded: ip.pointee.immediate))
                            )
                        case .neg8: write8(f, ip.pointee.d, 0 &- read(f, ip.pointee.a, UInt8.self))
                        case .neg16: write16(f, ip.pointee.d, 0 &- read(f, ip.pointee.a, UInt16.self))
                        case .neg32: write32(f, ip.pointee.d, 0 &- read(f, ip.pointee.a, UInt32.self))
                        case .neg64: write64(f, ip.pointee.d, 0 &- read(f, ip.pointee.a, UInt64.self))
                        case .not8: write8(f, ip.pointee.d, ~read(f, ip.pointee.a, UInt8.self))
                        case .not16: write16(f, ip.pointee.d, ~read(f, ip.pointee.a, UInt16.self))
                        case .not32: write32(f, ip.pointee.d, ~read(f, ip.pointee.a, UInt32.self))
                        case .not64: write64(f, ip.pointee.d, ~read(f, ip.pointee.a, UInt64.self))
                        case .bswap8: write8(f, ip.pointee.d, read(f, ip.pointee.a, UInt8.self).byteSwapped)
                        case .bswap16: write16(f, ip.pointee.d, read(f, ip.pointee.a, UInt16.self).byteSwapped)
                        case .bswap32: write32(f, ip.pointee.d, read(f, ip.pointee.a, UInt32.self).byteSwapped)
                        case .bswap64: write64(f, ip.pointee.d, read(f, ip.pointee.a, UInt64.self).byteSwapped)
                        case .clz8:
                            write8(
                                f, ip.pointee.d,
                                UInt8(truncatingIfNeeded: read(f, ip.pointee.a, UInt8.self).leadingZeroBitCount))
                        case .clz16:
                            write16(
                                f, ip.pointee.d,
                                UInt16(truncatingIfNeeded: read(f, ip.pointee.a, UInt16.self).leadingZeroBitCount))
                        case .clz32:
                            write32(
                                f, ip.pointee.d,
                                UInt32(truncatingIfNeeded: read(f, ip.pointee.a, UInt32.self).leadingZeroBitCount))
                        case .clz64:
                            write64(
                                f, ip.pointee.d,
                                UInt64(truncatingIfNeeded: read(f, ip.pointee.a, UInt64.self).leadingZeroBitCount))
                        case .ctz8:
                            write8(
                                f, ip.pointee.d,
                                UInt8(truncatingIfNeeded: read(f, ip.pointee.a, UInt8.self).trailingZeroBitCount))
                        case .ctz16:
                            write16(
                                f, ip.pointee.d,
                                UInt16(truncatingIfNeeded: read(f, ip.pointee.a, UInt16.self).trailingZeroBitCount))
                        case .ctz32:
                            write32(
                                f, ip.pointee.d,
                                UInt32(truncatingIfNeeded: read(f, ip.pointee.a, UInt32.self).trailingZeroBitCount))
                        case .ctz64:
                            write64(
                                f, ip.pointee.d,
                                UInt64(truncatingIfNeeded: read(f, ip.pointee.a, UInt64.self).trailingZeroBitCount))
                        case .popcnt8:
                            write8(
                                f, ip.pointee.d,
                                UInt8(truncatingIfNeeded: read(f, ip.pointee.a, UInt8.self).nonzeroBitCount))
                        case .popcnt16:
                            write16(
                                f, ip.pointee.d,
                                UInt16(truncatingIfNeeded: read(f, ip.pointee.a, UInt16.self).nonzeroBitCount))
                        case .popcnt32:
                            write32(
                                f, ip.pointee.d,
                                UInt32(truncatingIfNeeded: read(f, ip.pointee.a, UInt32.self).nonzeroBitCount))
                        case .popcnt64:
                            write64(
                                f, ip.pointee.d,
                                UInt64(truncatingIfNeeded: read(f, ip.pointee.a, UInt64.self).nonzeroBitCount))
                        case .mulHighUnsigned8:
                            write8(
                                f, ip.pointee.d,
                                mulHighUnsigned(read(f, ip.pointee.a, UInt8.self), read(f, ip.pointee.b, UInt8.self)))
                        case .mulHighUnsigned16:
                            write16(
                                f, ip.pointee.d,
                                mulHighUnsigned(read(f, ip.pointee.a, UInt16.self), read(f, ip.pointee.b, UInt16.self)))
                        case .mulHighUnsigned32:
                            write32(
                                f, ip.pointee.d,
                                mulHighUnsigned(read(f, ip.pointee.a, UInt32.self), read(f, ip.pointee.b, UInt32.self)))
                        case .mulHighUnsigned64:
                            write64(
                                f, ip.pointee.d,
                                mulHighUnsigned(read(f, ip.pointee.a, UInt64.self), read(f, ip.pointee.b, UInt64.self)))
                        case .mulHighSigned8:
                            write8(
                                f, ip.pointee.d,
                                mulHighSigned(read(f, ip.pointee.a, UInt8.self), read(f, ip.pointee.b, UInt8.self)))
                        case .mulHighSigned16:
                            write16(
                                f, ip.pointee.d,
                                mulHighSigned(read(f, ip.pointee.a, UInt16.self), read(f, ip.pointee.b, UInt16.self)))
                        case .mulHighSigned32:
                            write32(
                                f, ip.pointee.d,
                                mulHighSigned(read(f, ip.pointee.a, UInt32.self), read(f, ip.pointee.b, UInt32.self)))
                        case .mulHighSigned64:
                            write64(
                                f, ip.pointee.d,
                                mulHighSigned(read(f, ip.pointee.a, UInt64.self), read(f, ip.pointee.b, UInt64.self)))
                        case .zext8to16: write16(f, ip.pointee.d, UInt16(read(f, ip.pointee.a, UInt8.self)))
                        case .zext8to64: write64(f, ip.pointee.d, UInt64(read(f, ip.pointee.a, UInt8.self)))
                        case .zext16to64: write64(f, ip.pointee.d, UInt64(read(f, ip.pointee.a, UInt16.self)))
                        case .zext32to64: write64(f, ip.pointee.d, UInt64(read(f, ip.pointee.a, UInt32.self)))
                        case .sext8to16:
                            write16(
                                f, ip.pointee.d,
                                UInt16(truncatingIfNeeded: Int8(bitPattern: read(f, ip.pointee.a, UInt8.self))))
                        case .sext8to32:
                            write32(
                                f, ip.pointee.d,
                                UInt32(truncatingIfNeeded: Int8(bitPattern: read(f, ip.pointee.a, UInt8.self))))
                        case .sext8to64:
                            write64(
                                f, ip.pointee.d,
                                UInt64(truncatingIfNeeded: Int8(bitPattern: read(f, ip.pointee.a, UInt8.self))))
                        case .sext16to32:
                            write32(
                                f, ip.pointee.d,
                                UInt32(truncatingIfNeeded: Int16(bitPattern: read(f, ip.pointee.a, UInt16.self))))
                        case .sext16to64:
                            write64(
                                f, ip.pointee.d,
                                UInt64(truncatingIfNeeded: Int16(bitPattern: read(f, ip.pointee.a, UInt16.self))))
                        case .sext32to64:
                            write64(
                                f, ip.pointee.d,
                                UInt64(truncatingIfNeeded: Int32(bitPattern: read(f, ip.pointee.a, UInt32.self))))
                        case .lea32: write32(f, ip.pointee.d, UInt32(truncatingIfNeeded: indexedAddress(f, ip)))
                        case .lea64: write64(f, ip.pointee.d, indexedAddress(f, ip))
                        case .setEqual32:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt32.self) == read(f, ip.pointee.b, UInt32.self) ? 1 : 0)
                        case .setNotEqual32:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt32.self) != read(f, ip.pointee.b, UInt32.self) ? 1 : 0)
                        case .setUnsignedLess32:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt32.self) < read(f, ip.pointee.b, UInt32.self) ? 1 : 0)
                        case .setUnsignedGreaterOrEqual32:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt32.self) >= read(f, ip.pointee.b, UInt32.self) ? 1 : 0)
                        case .setUnsignedLessOrEqual32:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt32.self) <= read(f, ip.pointee.b, UInt32.self) ? 1 : 0)
                        case .setUnsignedGreater32:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt32.self) > read(f, ip.pointee.b, UInt32.self) ? 1 : 0)
                        case .setSignedLess32:
                            write64(
                                f, ip.pointee.d,
                                Int32(bitPattern: read(f, ip.pointee.a, UInt32.self))
                                    < Int32(bitPattern: read(f, ip.pointee.b, UInt32.self)) ? 1 : 0)
                        case .setSignedGreaterOrEqual32:
                            write64(
                                f, ip.pointee.d,
                                Int32(bitPattern: read(f, ip.pointee.a, UInt32.self))
                                    >= Int32(bitPattern: read(f, ip.pointee.b, UInt32.self)) ? 1 : 0)
                        case .setSignedLessOrEqual32:
                            write64(
                                f, ip.pointee.d,
                                Int32(bitPattern: read(f, ip.pointee.a, UInt32.self))
                                    <= Int32(bitPattern: read(f, ip.pointee.b, UInt32.self)) ? 1 : 0)
                        case .setSignedGreater32:
                            write64(
                                f, ip.pointee.d,
                                Int32(bitPattern: read(f, ip.pointee.a, UInt32.self))
                                    > Int32(bitPattern: read(f, ip.pointee.b, UInt32.self)) ? 1 : 0)
                        case .setEqualImm32:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt32.self) == UInt32(truncatingIfNeeded: ip.pointee.immediate)
                                    ? 1 : 0)
                        case .setNotEqualImm32:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt32.self) != UInt32(truncatingIfNeeded: ip.pointee.immediate)
                                    ? 1 : 0)
                        case .setUnsignedLessImm32:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt32.self) < UInt32(truncatingIfNeeded: ip.pointee.immediate)
                                    ? 1 : 0)
                        case .setUnsignedGreaterOrEqualImm32:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt32.self) >= UInt32(truncatingIfNeeded: ip.pointee.immediate)
                                    ? 1 : 0)
                        case .setUnsignedLessOrEqualImm32:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt32.self) <= UInt32(truncatingIfNeeded: ip.pointee.immediate)
                                    ? 1 : 0)
                        case .setUnsignedGreaterImm32:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt32.self) > UInt32(truncatingIfNeeded: ip.pointee.immediate)
                                    ? 1 : 0)
                        case .setSignedLessImm32:
                            write64(
                                f, ip.pointee.d,
                                Int32(bitPattern: read(f, ip.pointee.a, UInt32.self))
                                    < Int32(truncatingIfNeeded: ip.pointee.immediate) ? 1 : 0)
                        case .setSignedGreaterOrEqualImm32:
                            write64(
                                f, ip.pointee.d,
                                Int32(bitPattern: read(f, ip.pointee.a, UInt32.self))
                                    >= Int32(truncatingIfNeeded: ip.pointee.immediate) ? 1 : 0)
                        case .setSignedLessOrEqualImm32:
                            write64(
                                f, ip.pointee.d,
                                Int32(bitPattern: read(f, ip.pointee.a, UInt32.self))
                                    <= Int32(truncatingIfNeeded: ip.pointee.immediate) ? 1 : 0)
                        case .setSignedGreaterImm32:
                            write64(
                                f, ip.pointee.d,
                                Int32(bitPattern: read(f, ip.pointee.a, UInt32.self))
                                    > Int32(truncatingIfNeeded: ip.pointee.immediate) ? 1 : 0)
                        case .setEqual64:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt64.self) == read(f, ip.pointee.b, UInt64.self) ? 1 : 0)
                        case .setNotEqual64:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt64.self) != read(f, ip.pointee.b, UInt64.self) ? 1 : 0)
                        case .setUnsignedLess64:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt64.self) < read(f, ip.pointee.b, UInt64.self) ? 1 : 0)
                        case .setUnsignedGreaterOrEqual64:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt64.self) >= read(f, ip.pointee.b, UInt64.self) ? 1 : 0)
                        case .setUnsignedLessOrEqual64:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt64.self) <= read(f, ip.pointee.b, UInt64.self) ? 1 : 0)
                        case .setUnsignedGreater64:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt64.self) > read(f, ip.pointee.b, UInt64.self) ? 1 : 0)
                        case .setSignedLess64:
                            write64(
                                f, ip.pointee.d,
                                Int64(bitPattern: read(f, ip.pointee.a, UInt64.self))
                                    < Int64(bitPattern: read(f, ip.pointee.b, UInt64.self)) ? 1 : 0)
                        case .setSignedGreaterOrEqual64:
                            write64(
                                f, ip.pointee.d,
                                Int64(bitPattern: read(f, ip.pointee.a, UInt64.self))
                                    >= Int64(bitPattern: read(f, ip.pointee.b, UInt64.self)) ? 1 : 0)
                        case .setSignedLessOrEqual64:
                            write64(
                                f, ip.pointee.d,
                                Int64(bitPattern: read(f, ip.pointee.a, UInt64.self))
                                    <= Int64(bitPattern: read(f, ip.pointee.b, UInt64.self)) ? 1 : 0)
                        case .setSignedGreater64:
                            write64(
                                f, ip.pointee.d,
                                Int64(bitPattern: read(f, ip.pointee.a, UInt64.self))
                                    > Int64(bitPattern: read(f, ip.pointee.b, UInt64.self)) ? 1 : 0)
                        case .setEqualImm64:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt64.self) == UInt64(truncatingIfNeeded: ip.pointee.immediate)
                                    ? 1 : 0)
                        case .setNotEqualImm64:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt64.self) != UInt64(truncatingIfNeeded: ip.pointee.immediate)
                                    ? 1 : 0)
                        case .setUnsignedLessImm64:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt64.self) < UInt64(truncatingIfNeeded: ip.pointee.immediate)
                                    ? 1 : 0)
                        case .setUnsignedGreaterOrEqualImm64:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt64.self) >= UInt64(truncatingIfNeeded: ip.pointee.immediate)
                                    ? 1 : 0)
                        case .setUnsignedLessOrEqualImm64:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt64.self) <= UInt64(truncatingIfNeeded: ip.pointee.immediate)
                                    ? 1 : 0)
                        case .setUnsignedGreaterImm64:
                            write64(
                                f, ip.pointee.d,
                                read(f, ip.pointee.a, UInt64.self) > UInt64(truncatingIfNeeded: ip.pointee.immediate)
                                    ? 1 : 0)
                        case .setSignedLessImm64:
                            write64(
                                f, ip.pointee.d,
                                Int64(bitPattern: read(f, ip.pointee.a, UInt64.self))
                                    < Int64(truncatingIfNeeded: ip.pointee.immediate) ? 1 : 0)
                        case .setSignedGreaterOrEqualImm64:
                            write64(
                                f, ip.pointee.d,
                                Int64(bitPattern: read(f, ip.pointee.a, UInt64.self))
                                    >= Int64(truncatingIfNeeded: ip.pointee.immediate) ? 1 : 0)
                        case .setSignedLessOrEqualImm64:
                            write64(
                                f, ip.pointee.d,
                                Int64(bitPattern: read(f, ip.pointee.a, UInt64.self))
                                    <= Int64(truncatingIfNeeded: ip.pointee.immediate) ? 1 : 0)
                        case .setSignedGreaterImm64:
                            write64(
                                f, ip.pointee.d,
                                Int64(bitPattern: read(f, ip.pointee.a, UInt64.self))
                                    > Int64(truncatingIfNeeded: ip.pointee.immediate) ? 1 : 0)
                        case .selectNonZero8:
                            let test = read(f, Place(truncatingIfNeeded: ip.pointee.immediate), UInt64.self)
                            write8(
                                f, ip.pointee.d,
                                test != 0 ? read(f, ip.pointee.a, UInt8.self) : read(f, ip.pointee.b, UInt8.self))
                        case .selectNonZero16:
                            let test = read(f, Place(truncatingIfNeeded: ip.pointee.immediate), UInt64.self)
                            write16(
                                f, ip.pointee.d,
                                test != 0 ? read(f, ip.pointee.a, UInt16.self) : read(f, ip.pointee.b, UInt16.self))
                        case .selectNonZero32:
                            let test = read(f, Place(truncatingIfNeeded: ip.pointee.immediate), UInt64.self)
                            write32(
                                f, ip.pointee.d,
                                test != 0 ? read(f, ip.pointee.a, UInt32.self) : read(f, ip.pointee.b, UInt32.self))
                        case .selectNonZero64:
                            let test = read(f, Place(truncatingIfNeeded: ip.pointee.immediate), UInt64.self)
                            write64(
                                f, ip.pointee.d,
                                test != 0 ? read(f, ip.pointee.a, UInt64.self) : read(f, ip.pointee.b, UInt64.self))
                        case .selectIf8:
                            write8(
                                f, ip.pointee.d,
                                holds(f, ip) ? read(f, ip.pointee.a, UInt8.self) : read(f, ip.pointee.b, UInt8.self))
                        case .selectIf16:
                            write16(
                                f, ip.pointee.d,
                                holds(f, ip) ? read(f, ip.pointee.a, UInt16.self) : read(f, ip.pointee.b, UInt16.self))
                        case .selectIf32:
                            write32(
                                f, ip.pointee.d,
                                holds(f, ip) ? read(f, ip.pointee.a, UInt32.self) : read(f, ip.pointee.b, UInt32.self))
                        case .selectIf64:
                            write64(
                                f, ip.pointee.d,
                                holds(f, ip) ? read(f, ip.pointee.a, UInt64.self) : read(f, ip.pointee.b, UInt64.self))
                        case .conditionByte: write8(f, ip.pointee.d, holds(f, ip) ? 1 : 0)
                        case .condition64: write64(f, ip.pointee.d, holds(f, ip) ? 1 : 0)
                        case .materialise: write64(f, ip.pointee.d, LazyFlags.bits(f))
                        case .setFlagsFrom: LazyFlags.set(f, bits: read(f, ip.pointee.a, UInt64.self))
                        case .setCarry:
                            LazyFlags.set(
                                f,
                                bits: LazyFlags.bits(f) & ~FlagBits.carry
                                    | UInt64(read(f, ip.pointee.a, UInt8.self) & 1))
                        case .complementCarry: LazyFlags.set(f, bits: LazyFlags.bits(f) ^ FlagBits.carry)
                        case .recordAdd8:
                            LazyFlags.record(
                                f, LazyFlags.head(.add, .i8), UInt64(read(f, ip.pointee.a, UInt8.self)) &<< 56,
                                UInt64(read(f, ip.pointee.b, UInt8.self)) &<< 56)
                        case .recordAdd16:
                            LazyFlags.record(
                                f, LazyFlags.head(.add, .i16), UInt64(read(f, ip.pointee.a, UInt16.self)) &<< 48,
                                UInt64(read(f, ip.pointee.b, UInt16.self)) &<< 48)
                        case .recordAdd32:
                            LazyFlags.record(
                                f, LazyFlags.head(.add, .i32), UInt64(read(f, ip.pointee.a, UInt32.self)) &<< 32,
                                UInt64(read(f, ip.pointee.b, UInt32.self)) &<< 32)
                        case .recordAdd64:
                            LazyFlags.record(
                                f, LazyFlags.head(.add, .i64), read(f, ip.pointee.a, UInt64.self),
                                read(f, ip.pointee.b, UInt64.self))
                        case .recordAddImm8:
                            LazyFlags.record(
                                f, LazyFlags.head(.add, .i8), UInt64(read(f, ip.pointee.a, UInt8.self)) &<< 56,
                                UInt64(UInt8(truncatingIfNeeded: ip.pointee.immediate)) &<< 56)
                        case .recordAddImm16:
                            LazyFlags.record(
                                f, LazyFlags.head(.add, .i16), UInt64(read(f, ip.pointee.a, UInt16.self)) &<< 48,
                                UInt64(UInt16(truncatingIfNeeded: ip.pointee.immediate)) &<< 48)
                        case .recordAddImm32:
                            LazyFlags.record(
                                f, LazyFlags.head(.add, .i32), UInt64(read(f, ip.pointee.a, UInt32.self)) &<< 32,
                                UInt64(UInt32(truncatingIfNeeded: ip.pointee.immediate)) &<< 32)
                        case .recordAddImm64:
                            LazyFlags.record(
                                f, LazyFlags.head(.add, .i64), read(f, ip.pointee.a, UInt64.self),
                                UInt64(truncatingIfNeeded: ip.pointee.immediate))
                        case .recordAdc8:
                            let carry = read(f, ip.pointee.d, UInt64.self) & 1
                            LazyFlags.record(
                                f, LazyFlags.head(.adc, .i8), UInt64(read(f, ip.pointee.a, UInt8.self)) &<< 56,
                                UInt64(read(f, ip.pointee.b, UInt8.self)) &<< 56, carry)
                        case .recordAdc16:
                            let carry = read(f, ip.pointee.d, UInt64.self) & 1
                            LazyFlags.record(
                                f, LazyFlags.head(.adc, .i16), UInt64(read(f, ip.pointee.a, UInt16.self)) &<< 48,
                                UInt64(read(f, ip.pointee.b, UInt16.self)) &<< 48, carry)
                        case .recordAdc32:
                            let carry = read(f, ip.pointee.d, UInt64.self) & 1
                            LazyFlags.record(
                                f, LazyFlags.head(.adc, .i32), UInt64(read(f, ip.pointee.a, UInt32.self)) &<< 32,
                                UInt64(read(f, ip.pointee.b, UInt32.self)) &<< 32, carry)
                        case .recordAdc64:
                            let carry = read(f, ip.pointee.d, UInt64.self) & 1
                            LazyFlags.record(
                                f, LazyFlags.head(.adc, .i64), read(f, ip.pointee.a, UInt64.self),
                                read(f, ip.pointee.b, UInt64.self), carry)
                        case .recordAdcImm8:
                            let carry = read(f, ip.pointee.d, UInt64.self) & 1
                            LazyFlags.record(
                                f, LazyFlags.head(.adc, .i8), UInt64(read(f, ip.pointee.a, UInt8.self)) &<< 56,
                                UInt64(UInt8(truncatingIfNeeded: ip.pointee.immediate)) &<< 56, carry)
                        case .recordAdcImm16:
                            let carry = read(f, ip.pointee.d, UInt64.self) & 1
                            LazyFlags.record(
                                f, LazyFlags.head(.adc, .i16), UInt64(read(f, ip.pointee.a, UInt16.self)) &<< 48,
                                UInt64(UInt16(truncatingIfNeeded: ip.pointee.immediate)) &<< 48, carry)
                        case .recordAdcImm32:
                            let carry = read(f, ip.pointee.d, UInt64.self) & 1
                            LazyFlags.record(
                                f, LazyFlags.head(.adc, .i32), UInt64(read(f, ip.pointee.a, UInt32.self)) &<< 32,
                                UInt64(UInt32(truncatingIfNeeded: ip.pointee.immediate)) &<< 32, carry)
                        case .recordAdcImm64:
                            let carry = read(f, ip.pointee.d, UInt64.self) & 1
                            LazyFlags.record(
                                f, LazyFlags.head(.adc, .i64), read(f, ip.pointee.a, UInt64.self),
                                UInt64(truncatingIfNeeded: ip.pointee.immediate), carry)
                        case .recordSub8:
                            LazyFlags.record(
                                f, LazyFlags.head(.sub, .i8), UInt64(read(f, ip.pointee.a, UInt8.self)) &<< 56,
                                UInt64(read(f, ip.pointee.b, UInt8.self)) &<< 56)
                        case .recordSub16:
                            LazyFlags.record(
                                f, LazyFlags.head(.sub, .i16), UInt64(read(f, ip.pointee.a, UInt16.self)) &<< 48,
                                UInt64(read(f, ip.pointee.b, UInt16.self)) &<< 48)
                        case .recordSub32:
                            LazyFlags.record(
                                f, LazyFlags.head(.sub, .i32), UInt64(read(f, ip.pointee.a, UInt32.self)) &<< 32,
                                UInt64(read(f, ip.pointee.b, UInt32.self)) &<< 32)
                        case .recordSub64:
                            LazyFlags.record(
                                f, LazyFlags.head(.sub, .i64), read(f, ip.pointee.a, UInt64.self),
                                read(f, ip.pointee.b, UInt64.self))
                        case .recordSubImm8:
                            LazyFlags.record(
                                f, LazyFlags.head(.sub, .i8), UInt64(read(f, ip.pointee.a, UInt8.self)) &<< 56,
                                UInt64(UInt8(truncatingIfNeeded: ip.pointee.immediate)) &<< 56)
                        case .recordSubImm16:
                            LazyFlags.record(
                                f, LazyFlags.head(.sub, .i16), UInt64(read(f, ip.pointee.a, UInt16.self)) &<< 48,
                                UInt64(UInt16(truncatingIfNeeded: ip.pointee.immediate)) &<< 48)
                        case .recordSubImm32:
                            LazyFlags.record(
                                f, LazyFlags.head(.sub, .i32), UInt64(read(f, ip.pointee.a, UInt32.self)) &<< 32,
                                UInt64(UInt32(truncatingIfNeeded: ip.pointee.immediate)) &<< 32)
                        case .recordSubImm64:
                            LazyFlags.record(
                                f, LazyFlags.head(.sub, .i64), read(f, ip.pointee.a, UInt64.self),
                                UInt64(truncatingIfNeeded: ip.pointee.immediate))
                        case .recordSbb8:
                            let carry = read(f, ip.pointee.d, UInt64.self) & 1
                            LazyFlags.record(
                                f, LazyFlags.head(.sbb, .i8), UInt64(read(f, ip.pointee.a, UInt8.self)) &<< 56,
                                UInt64(read(f, ip.pointee.b, UInt8.self)) &<< 56, carry)
                        case .recordSbb16:
                            let carry = read(f, ip.pointee.d, UInt64.self) & 1
                            LazyFlags.record(
                                f, LazyFlags.head(.sbb, .i16), UInt64(read(f, ip.pointee.a, UInt16.self)) &<< 48,
                                UInt64(read(f, ip.pointee.b, UInt16.self)) &<< 48, carry)
                        case .recordSbb32:
                            let carry = read(f, ip.pointee.d, UInt64.self) & 1
                            LazyFlags.record(
                                f, LazyFlags.head(.sbb, .i32), UInt64(read(f, ip.pointee.a, UInt32.self)) &<< 32,
                                UInt64(read(f, ip.pointee.b, UInt32.self)) &<< 32, carry)
                        case .recordSbb64:
                            let carry = read(f, ip.pointee.d, UInt64.self) & 1
                            LazyFlags.record(
                                f, LazyFlags.head(.sbb, .i64), read(f, ip.pointee.a, UInt64.self),
                                read(f, ip.pointee.b, UInt64.self), carry)
                        case .recordSbbImm8:
                            let carry = read(f, ip.pointee.d, UInt64.self) & 1
                            LazyFlags.record(
                                f, LazyFlags.head(.sbb, .i8), UInt64(read(f, ip.pointee.a, UInt8.self)) &<< 56,
                                UInt64(UInt8(truncatingIfNeeded: ip.pointee.immediate)) &<< 56, carry)
                        case .recordSbbImm16:
                            let carry = read(f, ip.pointee.d, UInt64.self) & 1
                            LazyFlags.record(
                                f, LazyFlags.head(.sbb, .i16), UInt64(read(f, ip.pointee.a, UInt16.self)) &<< 48,
                                UInt64(UInt16(truncatingIfNeeded: ip.pointee.immediate)) &<< 48, carry)
                        case .recordSbbImm32:
                            let carry = read(f, ip.pointee.d, UInt64.self) & 1
                            LazyFlags.record(
                                f, LazyFlags.head(.sbb, .i32), UInt64(read(f, ip.pointee.a, UInt32.self)) &<< 32,
                                UInt64(UInt32(truncatingIfNeeded: ip.pointee.immediate)) &<< 32, carry)
                        case .recordSbbImm64:
                            let carry = read(f, ip.pointee.d, UInt64.self) & 1
                            LazyFlags.record(
                                f, LazyFlags.head(.sbb, .i64), read(f, ip.pointee.a, UInt64.self),
                                UInt64(truncatingIfNeeded: ip.pointee.immediate), carry)
                        case .recordAnd8:
                            LazyFlags.record(
                                f, LazyFlags.head(.logic, .i8),
                                UInt64(read(f, ip.pointee.a, UInt8.self) & read(f, ip.pointee.b, UInt8.self)) &<< 56)
                        case .recordAnd16:
                            LazyFlags.record(
                                f, LazyFlags.head(.logic, .i16),
                                UInt64(read(f, ip.pointee.a, UInt16.self) & read(f, ip.pointee.b, UInt16.self)) &<< 48)
                        case .recordAnd32:
                            LazyFlags.record(
                                f, LazyFlags.head(.logic, .i32),
                                UInt64(read(f, ip.pointee.a, UInt32.self) & read(f, ip.pointee.b, UInt32.self)) &<< 32)
                        case .recordAnd64:
                            LazyFlags.record(
                                f, LazyFlags.head(.logic, .i64),
                                read(f, ip.pointee.a, UInt64.self) & read(f, ip.pointee.b, UInt64.self))
                        case .recordAndImm8:
                            LazyFlags.record(
                                f, LazyFlags.head(.logic, .i8),
                                UInt64(
                                    read(f, ip.pointee.a, UInt8.self) & UInt8(truncatingIfNeeded: ip.pointee.immediate))
                                    &<< 56)
                        case .recordAndImm16:
                            LazyFlags.record(
                                f, LazyFlags.head(.logic, .i16),
                                UInt64(
                                    read(f, ip.pointee.a, UInt16.self)
                                        & UInt16(truncatingIfNeeded: ip.pointee.immediate)) &<< 48)
                        case .recordAndImm32:
                            LazyFlags.record(
                                f, LazyFlags.head(.logic, .i32),
                                UInt64(
                                    read(f, ip.pointee.a, UInt32.self)
                                        & UInt32(truncatingIfNeeded: ip.pointee.immediate)) &<< 32)
                        case .recordAndImm64:
                            LazyFlags.record(
                                f, LazyFlags.head(.logic, .i64),
                                read(f, ip.pointee.a, UInt64.self) & UInt64(truncatingIfNeeded: ip.pointee.immediate))
                        case .recordShl8:
                            let count = UInt64(read(f, ip.pointee.b, UInt8.self) & 31)
                            if count != 0 {
                                LazyFlags.record(
                                    f, LazyFlags.head(.shl, .i8), UInt64(read(f, ip.pointee.a, UInt8.self)) &<< 56,
                                    count)
                            }
                        case .recordShl16:
                            let count = UInt64(read(f, ip.pointee.b, UInt8.self) & 31)
                            if count != 0 {
                                LazyFlags.record(
                                    f, LazyFlags.head(.shl, .i16), UInt64(read(f, ip.pointee.a, UInt16.self)) &<< 48,
                                    count)
                            }
                        case .recordShl32:
                            let count = UInt64(read(f, ip.pointee.b, UInt8.self) & 31)
                            if count != 0 {
                                LazyFlags.record(
                                    f, LazyFlags.head(.shl, .i32), UInt64(read(f, ip.pointee.a, UInt32.self)) &<< 32,
                                    count)
                            }
                        case .recordShl64:
                            let count = UInt64(read(f, ip.pointee.b, UInt8.self) & 63)
                            if count != 0 {
                                LazyFlags.record(
                                    f, LazyFlags.head(.shl, .i64), read(f, ip.pointee.a, UInt64.self), count)
                            }
                        case .recordShlImm8:
                            let count = UInt64(UInt8(truncatingIfNeeded: ip.pointee.immediate) & 31)
                            if count != 0 {
                                LazyFlags.record(
                                    f, LazyFlags.head(.shl, .i8), UInt64(read(f, ip.pointee.a, UInt8.self)) &<< 56,
                                    count)
                            }
                        case .recordShlImm16:
                            let count = UInt64(UInt8(truncatingIfNeeded: ip.pointee.immediate) & 31)
                            if count != 0 {
                                LazyFlags.record(
                                    f, LazyFlags.head(.shl, .i16), UInt64(read(f, ip.pointee.a, UInt16.self)) &<< 48,
                                    count)
                            }
                        case .recordShlImm32:
                            let count = UInt64(UInt8(truncatingIfNeeded: ip.pointee.immediate) & 31)
                            if count != 0 {
                                LazyFlags.record(
                                    f, LazyFlags.head(.shl, .i32), UInt64(read(f, ip.pointee.a, UInt32.self)) &<< 32,
                                    count)
                            }
                        case .recordShlImm64:
                            let count = UInt64(UInt8(truncatingIfNeeded: ip.pointee.immediate) & 63)
                            if count != 0 {
                                LazyFlags.record(
                                    f, LazyFlags.head(.shl, .i64), read(f, ip.pointee.a, UInt64.self), count)
                            }
                        case .recordShr8:
                            let count = UInt64(read(f, ip.pointee.b, UInt8.self) & 31)
                            if count != 0 {
                                LazyFlags.record(
                                    f, LazyFlags.head(.shr, .i8), UInt64(read(f, ip.pointee.a, UInt8.self)), count)
                            }
                        case .recordShr16:
                            let count = UInt64(read(f, ip.pointee.b, UInt8.self) & 31)
                            if count != 0 {
                                LazyFlags.record(
                                    f, LazyFlags.head(.shr, .i16), UInt64(read(f, ip.pointee.a, UInt16.self)), count)
                            }
                        case .recordShr32:
                            let count = UInt64(read(f, ip.pointee.b, UInt8.self) & 31)
                            if count != 0 {
                                LazyFlags.record(
                                    f, LazyFlags.head(.shr, .i32), UInt64(read(f, ip.pointee.a, UInt32.self)), count)
                            }
                        case .recordShr64:
                            let count = UInt64(read(f, ip.pointee.b, UInt8.self) & 63)
                            if count != 0 {
                                LazyFlags.record(
                                    f, LazyFlags.head(.shr, .i64), read(f, ip.pointee.a, UInt64.self), count)
                            }
                        case .recordShrImm8:
                            let count = UInt64(UInt8(truncatingIfNeeded: ip.pointee.immediate) & 31)
                            if count != 0 {
                                LazyFlags.record(
                                    f, LazyFlags.head(.shr, .i8), UInt64(read(f, ip.pointee.a, UInt8.self)), count)
                            }
                        case .recordShrImm16:
                            let count = UInt64(UInt8(truncatingIfNeeded: ip.pointee.immediate) & 31)
                            if count != 0 {
                                LazyFlags.record(
                                    f, LazyFlags.head(.shr, .i16), UInt64(read(f, ip.pointee.a, UInt16.self)), count)
                            }
                        case .recordShrImm32:
                            let count = UInt64(UInt8(truncatingIfNeeded: ip.pointee.immediate) & 31)
                            if count != 0 {
                                LazyFlags.record(
                                    f, LazyFlags.head(.shr, .i32), UInt64(read(f, ip.pointee.a, UInt32.self)), count)
                            }
                        case .recordShrImm64:
                            let count = UInt64(UInt8(truncatingIfNeeded: ip.pointee.immediate) & 63)
                            if count != 0 {
                                LazyFlags.record(
                                    f, LazyFlags.head(.shr, .i64), read(f, ip.pointee.a, UInt64.self), count)
                            }
                        case .recordSar8:
                            let count = UInt64(read(f, ip.pointee.b, UInt8.self) & 31)
                            if count != 0 {
                                LazyFlags.record(
                                    f, LazyFlags.head(.sar, .i8),
                                    UInt64(truncatingIfNeeded: Int8(bitPattern: read(f, ip.pointee.a, UInt8.self))),
                                    count)
                            }
                        case .recordSar16:
                            let count = UInt64(read(f, ip.pointee.b, UInt8.self) & 31)
                            if count != 0 {
                                LazyFlags.record(
                                    f, LazyFlags.head(.sar, .i16),
                                    UInt64(truncatingIfNeeded: Int16(bitPattern: read(f, ip.pointee.a, UInt16.self))),
                                    count)
                            }
                        case .recordSar32:
                            let count = UInt64(read(f, ip.pointee.b, UInt8.self) & 31)
                            if count != 0 {
                                LazyFlags.record(
                                    f, LazyFlags.head(.sar, .i32),
                                    UInt64(truncatingIfNeeded: Int32(bitPattern: read(f, ip.pointee.a, UInt32.self))),
                                    count)
                            }
                        case .recordSar64:
                            let count = UInt64(read(f, ip.pointee.b, UInt8.self) & 63)
                            if count != 0 {
                                LazyFlags.record(
                                    f, LazyFlags.head(.sar, .i64),
                                    UInt64(truncatingIfNeeded: Int64(bitPattern: read(f, ip.pointee.a, UInt64.self))),
                                    count)
                            }
                        case .recordSarImm8:
                            let count = UInt64(UInt8(truncatingIfNeeded: ip.pointee.immediate) & 31)
                            if count != 0 {
                                LazyFlags.record(
                                    f, LazyFlags.head(.sar, .i8),
                                    UInt64(truncatingIfNeeded: Int8(bitPattern: read(f, ip.pointee.a, UInt8.self))),
                                    count)
                            }
                        case .recordSarImm16:
                            let count = UInt64(UInt8(truncatingIfNeeded: ip.pointee.immediate) & 31)
                            if count != 0 {
                                LazyFlags.record(
                                    f, LazyFlags.head(.sar, .i16),
                                    UInt64(truncatingIfNeeded: Int16(bitPattern: read(f, ip.pointee.a, UInt16.self))),
                                    count)
                            }
                        case .recordSarImm32:
                            let count = UInt64(UInt8(truncatingIfNeeded: ip.pointee.immediate) & 31)
                            if count != 0 {
                                LazyFlags.record(
                                    f, LazyFlags.head(.sar, .i32),
                                    UInt64(truncatingIfNeeded: Int32(bitPattern: read(f, ip.pointee.a, UInt32.self))),
                                    count)
                            }
                        case .recordSarImm64:
                            let count = UInt64(UInt8(truncatingIfNeeded: ip.pointee.immediate) & 63)
                            if count != 0 {
                                LazyFlags.record(
                                    f, LazyFlags.head(.sar, .i64),
                                    UInt64(truncatingIfNeeded: Int64(bitPattern: read(f, ip.pointee.a, UInt64.self))),
                                    count)
                            }
                        case .recordMulUnsigned8:
                            LazyFlags.record(
                                f, LazyFlags.head(.mulUnsigned, .i8), UInt64(read(f, ip.pointee.a, UInt8.self)),
                                UInt64(read(f, ip.pointee.b, UInt8.self)))
                        case .recordMulUnsigned16:
                            LazyFlags.record(
                                f, LazyFlags.head(.mulUnsigned, .i16), UInt64(read(f, ip.pointee.a, UInt16.self)),
                                UInt64(read(f, ip.pointee.b, UInt16.self)))
                        case .recordMulUnsigned32:
                            LazyFlags.record(
                                f, LazyFlags.head(.mulUnsigned, .i32), UInt64(read(f, ip.pointee.a, UInt32.self)),
                                UInt64(read(f, ip.pointee.b, UInt32.self)))
                        case .recordMulUnsigned64:
                            LazyFlags.record(
                                f, LazyFlags.head(.mulUnsigned, .i64), read(f, ip.pointee.a, UInt64.self),
                                read(f, ip.pointee.b, UInt64.self))
                        case .recordMulUnsignedImm8:
                            LazyFlags.record(
                                f, LazyFlags.head(.mulUnsigned, .i8), UInt64(read(f, ip.pointee.a, UInt8.self)),
                                UInt64(UInt8(truncatingIfNeeded: ip.pointee.immediate)))
                        case .recordMulUnsignedImm16:
                            LazyFlags.record(
                                f, LazyFlags.head(.mulUnsigned, .i16), UInt64(read(f, ip.pointee.a, UInt16.self)),
                                UInt64(UInt16(truncatingIfNeeded: ip.pointee.immediate)))
                        case .recordMulUnsignedImm32:
                            LazyFlags.record(
                                f, LazyFlags.head(.mulUnsigned, .i32), UInt64(read(f, ip.pointee.a, UInt32.self)),
                                UInt64(UInt32(truncatingIfNeeded: ip.pointee.immediate)))
                        case .recordMulUnsignedImm64:
                            LazyFlags.record(
                                f, LazyFlags.head(.mulUnsigned, .i64), read(f, ip.pointee.a, UInt64.self),
                                UInt64(truncatingIfNeeded: ip.pointee.immediate))
                        case .recordMulSigned8:
                            let left = UInt64(truncatingIfNeeded: Int8(bitPattern: read(f, ip.pointee.a, UInt8.self)))
                            let right = UInt64(truncatingIfNeeded: Int8(bitPattern: read(f, ip.pointee.b, UInt8.self)))
                            LazyFlags.record(f, LazyFlags.head(.mulSigned, .i8), left, right)
                        case .recordMulSigned16:
                            let left = UInt64(truncatingIfNeeded: Int16(bitPattern: read(f, ip.pointee.a, UInt16.self)))
                            let right = UInt64(
                                truncatingIfNeeded: Int16(bitPattern: read(f, ip.pointee.b, UInt16.self)))
                            LazyFlags.record(f, LazyFlags.head(.mulSigned, .i16), left, right)
                        case .recordMulSigned32:
                            let left = UInt64(truncatingIfNeeded: Int32(bitPattern: read(f, ip.pointee.a, UInt32.self)))
                            let right = UInt64(
                                truncatingIfNeeded: Int32(bitPattern: read(f, ip.pointee.b, UInt32.self)))
                            LazyFlags.record(f, LazyFlags.head(.mulSigned, .i32), left, right)
                        case .recordMulSigned64:
                            let left = UInt64(truncatingIfNeeded: Int64(bitPattern: read(f, ip.pointee.a, UInt64.self)))
                            let right = UInt64(
                                truncatingIfNeeded: Int64(bitPattern: read(f, ip.pointee.b, UInt64.self)))
                            LazyFlags.record(f, LazyFlags.head(.mulSigned, .i64), left, right)
                        case .recordMulSignedImm8:
                            let left = UInt64(truncatingIfNeeded: Int8(bitPattern: read(f, ip.pointee.a, UInt8.self)))
                            let right = UInt64(truncatingIfNeeded: Int8(truncatingIfNeeded: ip.pointee.immediate))
                            LazyFlags.record(f, LazyFlags.head(.mulSigned, .i8), left, right)
                        case .recordMulSignedImm16:
                            let left = UInt64(truncatingIfNeeded: Int16(bitPattern: read(f, ip.pointee.a, UInt16.self)))
                            let right = UInt64(truncatingIfNeeded: Int16(truncatingIfNeeded: ip.pointee.immediate))
                            LazyFlags.record(f, LazyFlags.head(.mulSigned, .i16), left, right)
                        case .recordMulSignedImm32:
                            let left = UInt64(truncatingIfNeeded: Int32(bitPattern: read(f, ip.pointee.a, UInt32.self)))
                            let right = UInt64(truncatingIfNeeded: Int32(truncatingIfNeeded: ip.pointee.immediate))
                            LazyFlags.record(f, LazyFlags.head(.mulSigned, .i32), left, right)
                        case .recordMulSignedImm64:
                            let left = UInt64(truncatingIfNeeded: Int64(bitPattern: read(f, ip.pointee.a, UInt64.self)))
                            let right = UInt64(truncatingIfNeeded: Int64(truncatingIfNeeded: ip.pointee.immediate))
                            LazyFlags.record(f, LazyFlags.head(.mulSigned, .i64), left, right)
                        case .recordRol8:
                            let value = UInt64(read(f, ip.pointee.a, UInt8.self))
                            let count = UInt64(read(f, ip.pointee.b, UInt8.self))
                            LazyFlags.rotate(f, .i8, left: true, value: value, count: count)
                        case .recordRol16:
                            let value = UInt64(read(f, ip.pointee.a, UInt16.self))
                            let count = UInt64(read(f, ip.pointee.b, UInt8.self))
                            LazyFlags.rotate(f, .i16, left: true, value: value, count: count)
                        case .recordRol32:
                            let value = UInt64(read(f, ip.pointee.a, UInt32.self))
                            let count = UInt64(read(f, ip.pointee.b, UInt8.self))
                            LazyFlags.rotate(f, .i32, left: true, value: value, count: count)
                        case .recordRol64:
                            let value = read(f, ip.pointee.a, UInt64.self)
                            let count = UInt64(read(f, ip.pointee.b, UInt8.self))
                            LazyFlags.rotate(f, .i64, left: true, value: value, count: count)
                        case .recordRolImm8:
                            let value = UInt64(read(f, ip.pointee.a, UInt8.self))
                            let count = UInt64(UInt8(truncatingIfNeeded: ip.pointee.immediate))
                            LazyFlags.rotate(f, .i8, left: true, value: value, count: count)
                        case .recordRolImm16:
                            let value = UInt64(read(f, ip.pointee.a, UInt16.self))
                            let count = UInt64(UInt8(truncatingIfNeeded: ip.pointee.immediate))
                            LazyFlags.rotate(f, .i16, left: true, value: value, count: count)
                        case .recordRolImm32:
                            let value = UInt64(read(f, ip.pointee.a, UInt32.self))
                            let count = UInt64(UInt8(truncatingIfNeeded: ip.pointee.immediate))
                            LazyFlags.rotate(f, .i32, left: true, value: value, count: count)
                        case .recordRolImm64:
                            let value = read(f, ip.pointee.a, UInt64.self)
                            let count = UInt64(UInt8(truncatingIfNeeded: ip.pointee.immediate))
                            LazyFlags.rotate(f, .i64, left: true, value: value, count: count)
                        case .recordRor8:
                            let value = UInt64(read(f, ip.pointee.a, UInt8.self))
                            let count = UInt64(read(f, ip.pointee.b, UInt8.self))
                            LazyFlags.rotate(f, .i8, left: false, value: value, count: count)
                        case .recordRor16:
                            let value = UInt64(read(f, ip.pointee.a, UInt16.self))
                            let count = UInt64(read(f, ip.pointee.b, UInt8.self))
                            LazyFlags.rotate(f, .i16, left: false, value: value, count: count)
                        case .recordRor32:
                            let value = UInt64(read(f, ip.pointee.a, UInt32.self))
                            let count = UInt64(read(f, ip.pointee.b, UInt8.self))
                            LazyFlags.rotate(f, .i32, left: false, value: value, count: count)
                        case .recordRor64:
                            let value = read(f, ip.pointee.a, UInt64.self)
                            let count = UInt64(read(f, ip.pointee.b, UInt8.self))
                            LazyFlags.rotate(f, .i64, left: false, value: value, count: count)
                        case .recordRorImm8:
                            let value = UInt64(read(f, ip.pointee.a, UInt8.self))
                            let count = UInt64(UInt8(truncatingIfNeeded: ip.pointee.immediate))
                            LazyFlags.rotate(f, .i8, left: false, value: value, count: count)
                        case .recordRorImm16:
                            let value = UInt64(read(f, ip.pointee.a, UInt16.self))
                            let count = UInt64(UInt8(truncatingIfNeeded: ip.pointee.immediate))
                            LazyFlags.rotate(f, .i16, left: false, value: value, count: count)
                        case .recordRorImm32:
                            let value = UInt64(read(f, ip.pointee.a, UInt32.self))
                            let count = UInt64(UInt8(truncatingIfNeeded: ip.pointee.immediate))
                            LazyFlags.rotate(f, .i32, left: false, value: value, count: count)
                        case .recordRorImm64:
                            let value = read(f, ip.pointee.a, UInt64.self)
                            let count = UInt64(UInt8(truncatingIfNeeded: ip.pointee.immediate))
                            LazyFlags.rotate(f, .i64, left: false, value: value, count: count)
                        case .recordLogic8:
                            LazyFlags.record(
                                f, LazyFlags.head(.logic, .i8), UInt64(read(f, ip.pointee.a, UInt8.self)) &<< 56)
                        case .recordLogic16:
                            LazyFlags.record(
                                f, LazyFlags.head(.logic, .i16), UInt64(read(f, ip.pointee.a, UInt16.self)) &<< 48)
                        case .recordLogic32:
                            LazyFlags.record(
                                f, LazyFlags.head(.logic, .i32), UInt64(read(f, ip.pointee.a, UInt32.self)) &<< 32)
                        case .recordLogic64:
                            LazyFlags.record(f, LazyFlags.head(.logic, .i64), read(f, ip.pointee.a, UInt64.self))
                        case .recordInc8:
                            LazyFlags.recordKeepingCarry(
                                f, LazyFlags.head(.inc, .i8), UInt64(read(f, ip.pointee.a, UInt8.self)) &<< 56)
                        case .recordInc16:
                            LazyFlags.recordKeepingCarry(
                                f, LazyFlags.head(.inc, .i16), UInt64(read(f, ip.pointee.a, UInt16.self)) &<< 48)
                        case .recordInc32:
                            LazyFlags.recordKeepingCarry(
                                f, LazyFlags.head(.inc, .i32), UInt64(read(f, ip.pointee.a, UInt32.self)) &<< 32)
                        case .recordInc64:
                            LazyFlags.recordKeepingCarry(
                                f, LazyFlags.head(.inc, .i64), read(f, ip.pointee.a, UInt64.self))
                        case .recordDec8:
                            LazyFlags.recordKeepingCarry(
                                f, LazyFlags.head(.dec, .i8), UInt64(read(f, ip.pointee.a, UInt8.self)) &<< 56)
                        case .recordDec16:
                            LazyFlags.recordKeepingCarry(
                                f, LazyFlags.head(.dec, .i16), UInt64(read(f, ip.pointee.a, UInt16.self)) &<< 48)
                        case .recordDec32:
                            LazyFlags.recordKeepingCarry(
                                f, LazyFlags.head(.dec, .i32), UInt64(read(f, ip.pointee.a, UInt32.self)) &<< 32)
                        case .recordDec64:
                            LazyFlags.recordKeepingCarry(
                                f, LazyFlags.head(.dec, .i64), read(f, ip.pointee.a, UInt64.self))
                        case .recordNeg8:
                            LazyFlags.record(
                                f, LazyFlags.head(.neg, .i8), UInt64(read(f, ip.pointee.a, UInt8.self)) &<< 56)
                        case .recordNeg16:
                            LazyFlags.record(
                                f, LazyFlags.head(.neg, .i16), UInt64(read(f, ip.pointee.a, UInt16.self)) &<< 48)
                        case .recordNeg32:
                            LazyFlags.record(
                                f, LazyFlags.head(.neg, .i32), UInt64(read(f, ip.pointee.a, UInt32.self)) &<< 32)
                        case .recordNeg64:
                            LazyFlags.record(f, LazyFlags.head(.neg, .i64), read(f, ip.pointee.a, UInt64.self))
                        case .addFlags8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = read(f, ip.pointee.b, UInt8.self)
                            LazyFlags.record(f, LazyFlags.head(.add, .i8), UInt64(a) &<< 56, UInt64(b) &<< 56)
                            write8(f, ip.pointee.d, a &+ b)
                        case .addFlags16:
                            let a = read(f, ip.pointee.a, UInt16.self)
                            let b = read(f, ip.pointee.b, UInt16.self)
                            LazyFlags.record(f, LazyFlags.head(.add, .i16), UInt64(a) &<< 48, UInt64(b) &<< 48)
                            write16(f, ip.pointee.d, a &+ b)
                        case .addFlags32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = read(f, ip.pointee.b, UInt32.self)
                            LazyFlags.record(f, LazyFlags.head(.add, .i32), UInt64(a) &<< 32, UInt64(b) &<< 32)
                            write32(f, ip.pointee.d, a &+ b)
                        case .addFlags64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = read(f, ip.pointee.b, UInt64.self)
                            LazyFlags.record(f, LazyFlags.head(.add, .i64), a, b)
                            write64(f, ip.pointee.d, a &+ b)
                        case .addFlagsImm8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = UInt8(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.add, .i8), UInt64(a) &<< 56, UInt64(b) &<< 56)
                            write8(f, ip.pointee.d, a &+ b)
                        case .addFlagsImm16:
                            let a = read(f, ip.pointee.a, UInt16.self)
                            let b = UInt16(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.add, .i16), UInt64(a) &<< 48, UInt64(b) &<< 48)
                            write16(f, ip.pointee.d, a &+ b)
                        case .addFlagsImm32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = UInt32(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.add, .i32), UInt64(a) &<< 32, UInt64(b) &<< 32)
                            write32(f, ip.pointee.d, a &+ b)
                        case .addFlagsImm64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = UInt64(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.add, .i64), a, b)
                            write64(f, ip.pointee.d, a &+ b)
                        case .subFlags8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = read(f, ip.pointee.b, UInt8.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i8), UInt64(a) &<< 56, UInt64(b) &<< 56)
                            write8(f, ip.pointee.d, a &- b)
                        case .subFlags16:
                            let a = read(f, ip.pointee.a, UInt16.self)
                            let b = read(f, ip.pointee.b, UInt16.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i16), UInt64(a) &<< 48, UInt64(b) &<< 48)
                            write16(f, ip.pointee.d, a &- b)
                        case .subFlags32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = read(f, ip.pointee.b, UInt32.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i32), UInt64(a) &<< 32, UInt64(b) &<< 32)
                            write32(f, ip.pointee.d, a &- b)
                        case .subFlags64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = read(f, ip.pointee.b, UInt64.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i64), a, b)
                            write64(f, ip.pointee.d, a &- b)
                        case .subFlagsImm8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = UInt8(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i8), UInt64(a) &<< 56, UInt64(b) &<< 56)
                            write8(f, ip.pointee.d, a &- b)
                        case .subFlagsImm16:
                            let a = read(f, ip.pointee.a, UInt16.self)
                            let b = UInt16(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i16), UInt64(a) &<< 48, UInt64(b) &<< 48)
                            write16(f, ip.pointee.d, a &- b)
                        case .subFlagsImm32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = UInt32(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i32), UInt64(a) &<< 32, UInt64(b) &<< 32)
                            write32(f, ip.pointee.d, a &- b)
                        case .subFlagsImm64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = UInt64(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i64), a, b)
                            write64(f, ip.pointee.d, a &- b)
                        case .andFlags8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = read(f, ip.pointee.b, UInt8.self)
                            let result = a & b
                            LazyFlags.record(f, LazyFlags.head(.logic, .i8), UInt64(result) &<< 56)
                            write8(f, ip.pointee.d, result)
                        case .andFlags16:
                            let a = read(f, ip.pointee.a, UInt16.self)
                            let b = read(f, ip.pointee.b, UInt16.self)
                            let result = a & b
                            LazyFlags.record(f, LazyFlags.head(.logic, .i16), UInt64(result) &<< 48)
                            write16(f, ip.pointee.d, result)
                        case .andFlags32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = read(f, ip.pointee.b, UInt32.self)
                            let result = a & b
                            LazyFlags.record(f, LazyFlags.head(.logic, .i32), UInt64(result) &<< 32)
                            write32(f, ip.pointee.d, result)
                        case .andFlags64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = read(f, ip.pointee.b, UInt64.self)
                            let result = a & b
                            LazyFlags.record(f, LazyFlags.head(.logic, .i64), result)
                            write64(f, ip.pointee.d, result)
                        case .andFlagsImm8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = UInt8(truncatingIfNeeded: ip.pointee.immediate)
                            let result = a & b
                            LazyFlags.record(f, LazyFlags.head(.logic, .i8), UInt64(result) &<< 56)
                            write8(f, ip.pointee.d, result)
                        case .andFlagsImm16:
                            let a = read(f, ip.pointee.a, UInt16.self)
                            let b = UInt16(truncatingIfNeeded: ip.pointee.immediate)
                            let result = a & b
                            LazyFlags.record(f, LazyFlags.head(.logic, .i16), UInt64(result) &<< 48)
                            write16(f, ip.pointee.d, result)
                        case .andFlagsImm32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = UInt32(truncatingIfNeeded: ip.pointee.immediate)
                            let result = a & b
                            LazyFlags.record(f, LazyFlags.head(.logic, .i32), UInt64(result) &<< 32)
                            write32(f, ip.pointee.d, result)
                        case .andFlagsImm64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = UInt64(truncatingIfNeeded: ip.pointee.immediate)
                            let result = a & b
                            LazyFlags.record(f, LazyFlags.head(.logic, .i64), result)
                            write64(f, ip.pointee.d, result)
                        case .orFlags8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = read(f, ip.pointee.b, UInt8.self)
                            let result = a | b
                            LazyFlags.record(f, LazyFlags.head(.logic, .i8), UInt64(result) &<< 56)
                            write8(f, ip.pointee.d, result)
                        case .orFlags16:
                            let a = read(f, ip.pointee.a, UInt16.self)
                            let b = read(f, ip.pointee.b, UInt16.self)
                            let result = a | b
                            LazyFlags.record(f, LazyFlags.head(.logic, .i16), UInt64(result) &<< 48)
                            write16(f, ip.pointee.d, result)
                        case .orFlags32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = read(f, ip.pointee.b, UInt32.self)
                            let result = a | b
                            LazyFlags.record(f, LazyFlags.head(.logic, .i32), UInt64(result) &<< 32)
                            write32(f, ip.pointee.d, result)
                        case .orFlags64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = read(f, ip.pointee.b, UInt64.self)
                            let result = a | b
                            LazyFlags.record(f, LazyFlags.head(.logic, .i64), result)
                            write64(f, ip.pointee.d, result)
                        case .orFlagsImm8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = UInt8(truncatingIfNeeded: ip.pointee.immediate)
                            let result = a | b
                            LazyFlags.record(f, LazyFlags.head(.logic, .i8), UInt64(result) &<< 56)
                            write8(f, ip.pointee.d, result)
                        case .orFlagsImm16:
                            let a = read(f, ip.pointee.a, UInt16.self)
                            let b = UInt16(truncatingIfNeeded: ip.pointee.immediate)
                            let result = a | b
                            LazyFlags.record(f, LazyFlags.head(.logic, .i16), UInt64(result) &<< 48)
                            write16(f, ip.pointee.d, result)
                        case .orFlagsImm32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = UInt32(truncatingIfNeeded: ip.pointee.immediate)
                            let result = a | b
                            LazyFlags.record(f, LazyFlags.head(.logic, .i32), UInt64(result) &<< 32)
                            write32(f, ip.pointee.d, result)
                        case .orFlagsImm64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = UInt64(truncatingIfNeeded: ip.pointee.immediate)
                            let result = a | b
                            LazyFlags.record(f, LazyFlags.head(.logic, .i64), result)
                            write64(f, ip.pointee.d, result)
                        case .xorFlags8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = read(f, ip.pointee.b, UInt8.self)
                            let result = a ^ b
                            LazyFlags.record(f, LazyFlags.head(.logic, .i8), UInt64(result) &<< 56)
                            write8(f, ip.pointee.d, result)
                        case .xorFlags16:
                            let a = read(f, ip.pointee.a, UInt16.self)
                            let b = read(f, ip.pointee.b, UInt16.self)
                            let result = a ^ b
                            LazyFlags.record(f, LazyFlags.head(.logic, .i16), UInt64(result) &<< 48)
                            write16(f, ip.pointee.d, result)
                        case .xorFlags32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = read(f, ip.pointee.b, UInt32.self)
                            let result = a ^ b
                            LazyFlags.record(f, LazyFlags.head(.logic, .i32), UInt64(result) &<< 32)
                            write32(f, ip.pointee.d, result)
                        case .xorFlags64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = read(f, ip.pointee.b, UInt64.self)
                            let result = a ^ b
                            LazyFlags.record(f, LazyFlags.head(.logic, .i64), result)
                            write64(f, ip.pointee.d, result)
                        case .xorFlagsImm8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = UInt8(truncatingIfNeeded: ip.pointee.immediate)
                            let result = a ^ b
                            LazyFlags.record(f, LazyFlags.head(.logic, .i8), UInt64(result) &<< 56)
                            write8(f, ip.pointee.d, result)
                        case .xorFlagsImm16:
                            let a = read(f, ip.pointee.a, UInt16.self)
                            let b = UInt16(truncatingIfNeeded: ip.pointee.immediate)
                            let result = a ^ b
                            LazyFlags.record(f, LazyFlags.head(.logic, .i16), UInt64(result) &<< 48)
                            write16(f, ip.pointee.d, result)
                        case .xorFlagsImm32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = UInt32(truncatingIfNeeded: ip.pointee.immediate)
                            let result = a ^ b
                            LazyFlags.record(f, LazyFlags.head(.logic, .i32), UInt64(result) &<< 32)
                            write32(f, ip.pointee.d, result)
                        case .xorFlagsImm64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = UInt64(truncatingIfNeeded: ip.pointee.immediate)
                            let result = a ^ b
                            LazyFlags.record(f, LazyFlags.head(.logic, .i64), result)
                            write64(f, ip.pointee.d, result)
                        case .incFlags8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            LazyFlags.recordKeepingCarry(f, LazyFlags.head(.inc, .i8), UInt64(a) &<< 56)
                            write8(f, ip.pointee.d, a &+ 1)
                        case .incFlags16:
                            let a = read(f, ip.pointee.a, UInt16.self)
                            LazyFlags.recordKeepingCarry(f, LazyFlags.head(.inc, .i16), UInt64(a) &<< 48)
                            write16(f, ip.pointee.d, a &+ 1)
                        case .incFlags32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            LazyFlags.recordKeepingCarry(f, LazyFlags.head(.inc, .i32), UInt64(a) &<< 32)
                            write32(f, ip.pointee.d, a &+ 1)
                        case .incFlags64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            LazyFlags.recordKeepingCarry(f, LazyFlags.head(.inc, .i64), a)
                            write64(f, ip.pointee.d, a &+ 1)
                        case .decFlags8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            LazyFlags.recordKeepingCarry(f, LazyFlags.head(.dec, .i8), UInt64(a) &<< 56)
                            write8(f, ip.pointee.d, a &- 1)
                        case .decFlags16:
                            let a = read(f, ip.pointee.a, UInt16.self)
                            LazyFlags.recordKeepingCarry(f, LazyFlags.head(.dec, .i16), UInt64(a) &<< 48)
                            write16(f, ip.pointee.d, a &- 1)
                        case .decFlags32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            LazyFlags.recordKeepingCarry(f, LazyFlags.head(.dec, .i32), UInt64(a) &<< 32)
                            write32(f, ip.pointee.d, a &- 1)
                        case .decFlags64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            LazyFlags.recordKeepingCarry(f, LazyFlags.head(.dec, .i64), a)
                            write64(f, ip.pointee.d, a &- 1)
                        case .shlFlagsImm32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let count = UInt8(truncatingIfNeeded: ip.pointee.immediate) & 31
                            LazyFlags.record(f, LazyFlags.head(.shl, .i32), UInt64(a) &<< 32, UInt64(count))
                            write32(f, ip.pointee.d, shl(a, count))
                        case .shlFlagsImm64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let count = UInt8(truncatingIfNeeded: ip.pointee.immediate) & 63
                            LazyFlags.record(f, LazyFlags.head(.shl, .i64), a, UInt64(count))
                            write64(f, ip.pointee.d, shl(a, count))
                        case .shrFlagsImm32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let count = UInt8(truncatingIfNeeded: ip.pointee.immediate) & 31
                            LazyFlags.record(f, LazyFlags.head(.shr, .i32), UInt64(a), UInt64(count))
                            write32(f, ip.pointee.d, shr(a, count))
                        case .shrFlagsImm64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let count = UInt8(truncatingIfNeeded: ip.pointee.immediate) & 63
                            LazyFlags.record(f, LazyFlags.head(.shr, .i64), a, UInt64(count))
                            write64(f, ip.pointee.d, shr(a, count))
                        case .sarFlagsImm32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let count = UInt8(truncatingIfNeeded: ip.pointee.immediate) & 31
                            LazyFlags.record(
                                f, LazyFlags.head(.sar, .i32), UInt64(truncatingIfNeeded: Int32(bitPattern: a)),
                                UInt64(count))
                            write32(f, ip.pointee.d, sar(a, count))
                        case .sarFlagsImm64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let count = UInt8(truncatingIfNeeded: ip.pointee.immediate) & 63
                            LazyFlags.record(
                                f, LazyFlags.head(.sar, .i64), UInt64(truncatingIfNeeded: Int64(bitPattern: a)),
                                UInt64(count))
                            write64(f, ip.pointee.d, sar(a, count))
                        case .load8:
                            let loaded = load(engine, f, ip, address(f, ip), UInt8.self)
                            if loaded.isFault { return .fault }
                            write8(f, ip.pointee.d, loaded.value)
                        case .load16:
                            let loaded = load(engine, f, ip, address(f, ip), UInt16.self)
                            if loaded.isFault { return .fault }
                            write16(f, ip.pointee.d, loaded.value)
                        case .load32:
                            let loaded = load(engine, f, ip, address(f, ip), UInt32.self)
                            if loaded.isFault { return .fault }
                            write32(f, ip.pointee.d, loaded.value)
                        case .load64:
                            let loaded = load(engine, f, ip, address(f, ip), UInt64.self)
                            if loaded.isFault { return .fault }
                            write64(f, ip.pointee.d, loaded.value)
                        case .loadZero8to16:
                            let loaded = load(engine, f, ip, address(f, ip), UInt8.self)
                            if loaded.isFault { return .fault }
                            write16(f, ip.pointee.d, UInt16(loaded.value))
                        case .loadZero8to64:
                            let loaded = load(engine, f, ip, address(f, ip), UInt8.self)
                            if loaded.isFault { return .fault }
                            write64(f, ip.pointee.d, UInt64(loaded.value))
                        case .loadZero16to64:
                            let loaded = load(engine, f, ip, address(f, ip), UInt16.self)
                            if loaded.isFault { return .fault }
                            write64(f, ip.pointee.d, UInt64(loaded.value))
                        case .loadSigned8to16:
                            let loaded = load(engine, f, ip, address(f, ip), UInt8.self)
                            if loaded.isFault { return .fault }
                            write16(f, ip.pointee.d, UInt16(truncatingIfNeeded: Int8(bitPattern: loaded.value)))
                        case .loadSigned8to32:
                            let loaded = load(engine, f, ip, address(f, ip), UInt8.self)
                            if loaded.isFault { return .fault }
                            write32(f, ip.pointee.d, UInt32(truncatingIfNeeded: Int8(bitPattern: loaded.value)))
                        case .loadSigned8to64:
                            let loaded = load(engine, f, ip, address(f, ip), UInt8.self)
                            if loaded.isFault { return .fault }
                            write64(f, ip.pointee.d, UInt64(truncatingIfNeeded: Int8(bitPattern: loaded.value)))
                        case .loadSigned16to32:
                            let loaded = load(engine, f, ip, address(f, ip), UInt16.self)
                            if loaded.isFault { return .fault }
                            write32(f, ip.pointee.d, UInt32(truncatingIfNeeded: Int16(bitPattern: loaded.value)))
                        case .loadSigned16to64:
                            let loaded = load(engine, f, ip, address(f, ip), UInt16.self)
                            if loaded.isFault { return .fault }
                            write64(f, ip.pointee.d, UInt64(truncatingIfNeeded: Int16(bitPattern: loaded.value)))
                        case .loadSigned32to64:
                            let loaded = load(engine, f, ip, address(f, ip), UInt32.self)
                            if loaded.isFault { return .fault }
                            write64(f, ip.pointee.d, UInt64(truncatingIfNeeded: Int32(bitPattern: loaded.value)))
                        case .loadIndexed8:
                            let loaded = load(engine, f, ip, indexedAddress(f, ip), UInt8.self)
                            if loaded.isFault { return .fault }
                            write8(f, ip.pointee.d, loaded.value)
                        case .loadIndexed16:
                            let loaded = load(engine, f, ip, indexedAddress(f, ip), UInt16.self)
                            if loaded.isFault { return .fault }
                            write16(f, ip.pointee.d, loaded.value)
                        case .loadIndexed32:
                            let loaded = load(engine, f, ip, indexedAddress(f, ip), UInt32.self)
                            if loaded.isFault { return .fault }
                            write32(f, ip.pointee.d, loaded.value)
                        case .loadIndexed64:
                            let loaded = load(engine, f, ip, indexedAddress(f, ip), UInt64.self)
                            if loaded.isFault { return .fault }
                            write64(f, ip.pointee.d, loaded.value)
                        case .loadIndexedZero8to16:
                            let loaded = load(engine, f, ip, indexedAddress(f, ip), UInt8.self)
                            if loaded.isFault { return .fault }
                            write16(f, ip.pointee.d, UInt16(loaded.value))
                        case .loadIndexedZero8to64:
                            let loaded = load(engine, f, ip, indexedAddress(f, ip), UInt8.self)
                            if loaded.isFault { return .fault }
                            write64(f, ip.pointee.d, UInt64(loaded.value))
                        case .loadIndexedZero16to64:
                            let loaded = load(engine, f, ip, indexedAddress(f, ip), UInt16.self)
                            if loaded.isFault { return .fault }
                            write64(f, ip.pointee.d, UInt64(loaded.value))
                        case .loadIndexedSigned8to16:
                            let loaded = load(engine, f, ip, indexedAddress(f, ip), UInt8.self)
                            if loaded.isFault { return .fault }
                            write16(f, ip.pointee.d, UInt16(truncatingIfNeeded: Int8(bitPattern: loaded.value)))
                        case .loadIndexedSigned8to32:
                            let loaded = load(engine, f, ip, indexedAddress(f, ip), UInt8.self)
                            if loaded.isFault { return .fault }
                            write32(f, ip.pointee.d, UInt32(truncatingIfNeeded: Int8(bitPattern: loaded.value)))
                        case .loadIndexedSigned8to64:
                            let loaded = load(engine, f, ip, indexedAddress(f, ip), UInt8.self)
                            if loaded.isFault { return .fault }
                            write64(f, ip.pointee.d, UInt64(truncatingIfNeeded: Int8(bitPattern: loaded.value)))
                        case .loadIndexedSigned16to32:
                            let loaded = load(engine, f, ip, indexedAddress(f, ip), UInt16.self)
                            if loaded.isFault { return .fault }
                            write32(f, ip.pointee.d, UInt32(truncatingIfNeeded: Int16(bitPattern: loaded.value)))
                        case .loadIndexedSigned16to64:
                            let loaded = load(engine, f, ip, indexedAddress(f, ip), UInt16.self)
                            if loaded.isFault { return .fault }
                            write64(f, ip.pointee.d, UInt64(truncatingIfNeeded: Int16(bitPattern: loaded.value)))
                        case .loadIndexedSigned32to64:
                            let loaded = load(engine, f, ip, indexedAddress(f, ip), UInt32.self)
                            if loaded.isFault { return .fault }
                            write64(f, ip.pointee.d, UInt64(truncatingIfNeeded: Int32(bitPattern: loaded.value)))
                        case .store8:
                            if store(engine, f, ip, address(f, ip), read(f, ip.pointee.d, UInt8.self)) { return .fault }
                        case .store16:
                            if store(engine, f, ip, address(f, ip), read(f, ip.pointee.d, UInt16.self)) {
                                return .fault
                            }
                        case .store32:
                            if store(engine, f, ip, address(f, ip), read(f, ip.pointee.d, UInt32.self)) {
                                return .fault
                            }
                        case .store64:
                            if store(engine, f, ip, address(f, ip), read(f, ip.pointee.d, UInt64.self)) {
                                return .fault
                            }
                        case .storeIndexed8:
                            if store(engine, f, ip, indexedAddress(f, ip), read(f, ip.pointee.d, UInt8.self)) {
                                return .fault
                            }
                        case .storeIndexed16:
                            if store(engine, f, ip, indexedAddress(f, ip), read(f, ip.pointee.d, UInt16.self)) {
                                return .fault
                            }
                        case .storeIndexed32:
                            if store(engine, f, ip, indexedAddress(f, ip), read(f, ip.pointee.d, UInt32.self)) {
                                return .fault
                            }
                        case .storeIndexed64:
                            if store(engine, f, ip, indexedAddress(f, ip), read(f, ip.pointee.d, UInt64.self)) {
                                return .fault
                            }
                        case .storeImm8:
                            let value = UInt8(truncatingIfNeeded: ip.pointee.immediate &>> 32)
                            if store(engine, f, ip, displacedAddress(f, ip), value) { return .fault }
                        case .storeImm16:
                            let value = UInt16(truncatingIfNeeded: ip.pointee.immediate &>> 32)
                            if store(engine, f, ip, displacedAddress(f, ip), value) { return .fault }
                        case .storeImm32:
                            let value = UInt32(truncatingIfNeeded: ip.pointee.immediate &>> 32)
                            if store(engine, f, ip, displacedAddress(f, ip), value) { return .fault }
                        case .storeImm64:
                            let value = UInt64(truncatingIfNeeded: ip.pointee.immediate &>> 32)
                            if store(engine, f, ip, displacedAddress(f, ip), value) { return .fault }
                        case .loadVector: if loadVector(engine, f, ip, address(f, ip)) { return .fault }
                        case .loadVectorAligned:
                            let target = address(f, ip)
                            if target & 15 != 0 { return misaligned(engine, f, ip, target, .read) }
                            if loadVector(engine, f, ip, target) { return .fault }
                        case .loadVector32:
                            let loaded = load(engine, f, ip, address(f, ip), UInt32.self)
                            if loaded.isFault { return .fault }
                            let low = UInt64(loaded.value)
                            writeVector(f, ip.pointee.d, low, 0)
                        case .loadVector64:
                            let loaded = load(engine, f, ip, address(f, ip), UInt64.self)
                            if loaded.isFault { return .fault }
                            let low = loaded.value
                            writeVector(f, ip.pointee.d, low, 0)
                        case .loadIndexedVector: if loadVector(engine, f, ip, indexedAddress(f, ip)) { return .fault }
                        case .loadIndexedVectorAligned:
                            let target = indexedAddress(f, ip)
                            if target & 15 != 0 { return misaligned(engine, f, ip, target, .read) }
                            if loadVector(engine, f, ip, target) { return .fault }
                        case .loadIndexedVector32:
                            let loaded = load(engine, f, ip, indexedAddress(f, ip), UInt32.self)
                            if loaded.isFault { return .fault }
                            let low = UInt64(loaded.value)
                            writeVector(f, ip.pointee.d, low, 0)
                        case .loadIndexedVector64:
                            let loaded = load(engine, f, ip, indexedAddress(f, ip), UInt64.self)
                            if loaded.isFault { return .fault }
                            let low = loaded.value
                            writeVector(f, ip.pointee.d, low, 0)
                        case .storeVector: if storeVector(engine, f, ip, address(f, ip)) { return .fault }
                        case .storeVectorAligned:
                            let target = address(f, ip)
                            if target & 15 != 0 { return misaligned(engine, f, ip, target, .write) }
                            if storeVector(engine, f, ip, target) { return .fault }
                        case .storeIndexedVector: if storeVector(engine, f, ip, indexedAddress(f, ip)) { return .fault }
                        case .storeIndexedVectorAligned:
                            let target = indexedAddress(f, ip)
                            if target & 15 != 0 { return misaligned(engine, f, ip, target, .write) }
                            if storeVector(engine, f, ip, target) { return .fault }
                        case .movVector:
                            let a = readVector(f, ip.pointee.a)
                            writeVector(f, ip.pointee.d, a.0, a.1)
                        case .zextVector32: writeVector(f, ip.pointee.d, UInt64(read(f, ip.pointee.a, UInt32.self)), 0)
                        case .zextVector64: writeVector(f, ip.pointee.d, read(f, ip.pointee.a, UInt64.self), 0)
                        case .zeroVector: writeVector(f, ip.pointee.d, 0, 0)
                        case .vectorAnd: VectorOperations.and(f, ip)
                        case .vectorOr: VectorOperations.or(f, ip)
                        case .vectorXor: VectorOperations.xor(f, ip)
                        case .vectorAndNot: VectorOperations.andNot(f, ip)
                        case .vectorAdd8: VectorOperations.add8(f, ip)
                        case .vectorAdd16: VectorOperations.add16(f, ip)
                        case .vectorAdd32: VectorOperations.add32(f, ip)
                        case .vectorAdd64: VectorOperations.add64(f, ip)
                        case .vectorSub8: VectorOperations.sub8(f, ip)
                        case .vectorSub16: VectorOperations.sub16(f, ip)
                        case .vectorSub32: VectorOperations.sub32(f, ip)
                        case .vectorSub64: VectorOperations.sub64(f, ip)
                        case .vectorEqual8: VectorOperations.equal8(f, ip)
                        case .vectorEqual16: VectorOperations.equal16(f, ip)
                        case .vectorEqual32: VectorOperations.equal32(f, ip)
                        case .vectorMinUnsigned8: VectorOperations.minUnsigned8(f, ip)
                        case .vectorMaxUnsigned8: VectorOperations.maxUnsigned8(f, ip)
                        case .vectorInterleaveLow8: VectorOperations.interleaveLow8(f, ip)
                        case .vectorInterleaveLow16: VectorOperations.interleaveLow16(f, ip)
                        case .vectorInterleaveLow32: VectorOperations.interleaveLow32(f, ip)
                        case .vectorInterleaveLow64: VectorOperations.interleaveLow64(f, ip)
                        case .vectorInterleaveHigh64: VectorOperations.interleaveHigh64(f, ip)
                        case .vectorMask8: VectorOperations.mask8(f, ip)
                        case .vectorShuffle32: VectorOperations.shuffle32(f, ip)
                        case .atomicExchange8: if atomic(engine, f, ip, .exchange, 1) { return .fault }
                        case .atomicExchange16: if atomic(engine, f, ip, .exchange, 2) { return .fault }
                        case .atomicExchange32: if atomic(engine, f, ip, .exchange, 4) { return .fault }
                        case .atomicExchange64: if atomic(engine, f, ip, .exchange, 8) { return .fault }
                        case .atomicAdd8: if atomic(engine, f, ip, .add, 1) { return .fault }
                        case .atomicAdd16: if atomic(engine, f, ip, .add, 2) { return .fault }
                        case .atomicAdd32: if atomic(engine, f, ip, .add, 4) { return .fault }
                        case .atomicAdd64: if atomic(engine, f, ip, .add, 8) { return .fault }
                        case .atomicAnd8: if atomic(engine, f, ip, .and, 1) { return .fault }
                        case .atomicAnd16: if atomic(engine, f, ip, .and, 2) { return .fault }
                        case .atomicAnd32: if atomic(engine, f, ip, .and, 4) { return .fault }
                        case .atomicAnd64: if atomic(engine, f, ip, .and, 8) { return .fault }
                        case .atomicOr8: if atomic(engine, f, ip, .or, 1) { return .fault }
                        case .atomicOr16: if atomic(engine, f, ip, .or, 2) { return .fault }
                        case .atomicOr32: if atomic(engine, f, ip, .or, 4) { return .fault }
                        case .atomicOr64: if atomic(engine, f, ip, .or, 8) { return .fault }
                        case .atomicXor8: if atomic(engine, f, ip, .xor, 1) { return .fault }
                        case .atomicXor16: if atomic(engine, f, ip, .xor, 2) { return .fault }
                        case .atomicXor32: if atomic(engine, f, ip, .xor, 4) { return .fault }
                        case .atomicXor64: if atomic(engine, f, ip, .xor, 8) { return .fault }
                        case .atomicReverseSubtract8: if atomic(engine, f, ip, .reverseSubtract, 1) { return .fault }
                        case .atomicReverseSubtract16: if atomic(engine, f, ip, .reverseSubtract, 2) { return .fault }
                        case .atomicReverseSubtract32: if atomic(engine, f, ip, .reverseSubtract, 4) { return .fault }
                        case .atomicReverseSubtract64: if atomic(engine, f, ip, .reverseSubtract, 8) { return .fault }
                        case .compareExchange8: if compareExchange(engine, f, ip, 1) { return .fault }
                        case .compareExchange16: if compareExchange(engine, f, ip, 2) { return .fault }
                        case .compareExchange32: if compareExchange(engine, f, ip, 4) { return .fault }
                        case .compareExchange64: if compareExchange(engine, f, ip, 8) { return .fault }
                        case .compareExchange128: if compareExchange(engine, f, ip, 16) { return .fault }
                        case .fence: vk_fence()
                        case .helper:
                            saveOperation(f, ip)
                            let reason = engine.callHelper(ip)
                            if reason != .next { return reason }
                        case .boundary: if countInstruction(f, ip, pcSlot) { return .lookUp }
                        case .jump: break blockEnd
                        case .jumpIndirect:
                            pc = read(f, ip.pointee.a, UInt64.self)
                            count(f, ip)
                            target = 0
                            break block
                        case .exit:
                            count(f, ip)
                            write64(f, pcSlot, UInt64(bitPattern: ip.pointee.immediate))
                            return .lookUp
                        case .exitDynamic:
                            count(f, ip)
                            return .lookUp
                        case .branchIf:
                            ip += holds(f, ip) ? 1 : 2
                            break blockEnd
                        case .branchEqual32:
                            ip += read(f, ip.pointee.a, UInt32.self) == read(f, ip.pointee.b, UInt32.self) ? 1 : 2
                            break blockEnd
                        case .branchNotEqual32:
                            ip += read(f, ip.pointee.a, UInt32.self) != read(f, ip.pointee.b, UInt32.self) ? 1 : 2
                            break blockEnd
                        case .branchUnsignedLess32:
                            ip += read(f, ip.pointee.a, UInt32.self) < read(f, ip.pointee.b, UInt32.self) ? 1 : 2
                            break blockEnd
                        case .branchUnsignedGreaterOrEqual32:
                            ip += read(f, ip.pointee.a, UInt32.self) >= read(f, ip.pointee.b, UInt32.self) ? 1 : 2
                            break blockEnd
                        case .branchUnsignedLessOrEqual32:
                            ip += read(f, ip.pointee.a, UInt32.self) <= read(f, ip.pointee.b, UInt32.self) ? 1 : 2
                            break blockEnd
                        case .branchUnsignedGreater32:
                            ip += read(f, ip.pointee.a, UInt32.self) > read(f, ip.pointee.b, UInt32.self) ? 1 : 2
                            break blockEnd
                        case .branchSignedLess32:
                            ip +=
                                Int32(bitPattern: read(f, ip.pointee.a, UInt32.self))
                                    < Int32(bitPattern: read(f, ip.pointee.b, UInt32.self)) ? 1 : 2
                            break blockEnd
                        case .branchSignedGreaterOrEqual32:
                            ip +=
                                Int32(bitPattern: read(f, ip.pointee.a, UInt32.self))
                                    >= Int32(bitPattern: read(f, ip.pointee.b, UInt32.self)) ? 1 : 2
                            break blockEnd
                        case .branchSignedLessOrEqual32:
                            ip +=
                                Int32(bitPattern: read(f, ip.pointee.a, UInt32.self))
                                    <= Int32(bitPattern: read(f, ip.pointee.b, UInt32.self)) ? 1 : 2
                            break blockEnd
                        case .branchSignedGreater32:
                            ip +=
                                Int32(bitPattern: read(f, ip.pointee.a, UInt32.self))
                                    > Int32(bitPattern: read(f, ip.pointee.b, UInt32.self)) ? 1 : 2
                            break blockEnd
                        case .branchEqualImm32:
                            ip +=
                                read(f, ip.pointee.a, UInt32.self) == UInt32(truncatingIfNeeded: ip.pointee.immediate)
                                ? 1 : 2
                            break blockEnd
                        case .branchNotEqualImm32:
                            ip +=
                                read(f, ip.pointee.a, UInt32.self) != UInt32(truncatingIfNeeded: ip.pointee.immediate)
                                ? 1 : 2
                            break blockEnd
                        case .branchUnsignedLessImm32:
                            ip +=
                                read(f, ip.pointee.a, UInt32.self) < UInt32(truncatingIfNeeded: ip.pointee.immediate)
                                ? 1 : 2
                            break blockEnd
                        case .branchUnsignedGreaterOrEqualImm32:
                            ip +=
                                read(f, ip.pointee.a, UInt32.self) >= UInt32(truncatingIfNeeded: ip.pointee.immediate)
                                ? 1 : 2
                            break blockEnd
                        case .branchUnsignedLessOrEqualImm32:
                            ip +=
                                read(f, ip.pointee.a, UInt32.self) <= UInt32(truncatingIfNeeded: ip.pointee.immediate)
                                ? 1 : 2
                            break blockEnd
                        case .branchUnsignedGreaterImm32:
                            ip +=
                                read(f, ip.pointee.a, UInt32.self) > UInt32(truncatingIfNeeded: ip.pointee.immediate)
                                ? 1 : 2
                            break blockEnd
                        case .branchSignedLessImm32:
                            ip +=
                                Int32(bitPattern: read(f, ip.pointee.a, UInt32.self))
                                    < Int32(truncatingIfNeeded: ip.pointee.immediate) ? 1 : 2
                            break blockEnd
                        case .branchSignedGreaterOrEqualImm32:
                            ip +=
                                Int32(bitPattern: read(f, ip.pointee.a, UInt32.self))
                                    >= Int32(truncatingIfNeeded: ip.pointee.immediate) ? 1 : 2
                            break blockEnd
                        case .branchSignedLessOrEqualImm32:
                            ip +=
                                Int32(bitPattern: read(f, ip.pointee.a, UInt32.self))
                                    <= Int32(truncatingIfNeeded: ip.pointee.immediate) ? 1 : 2
                            break blockEnd
                        case .branchSignedGreaterImm32:
                            ip +=
                                Int32(bitPattern: read(f, ip.pointee.a, UInt32.self))
                                    > Int32(truncatingIfNeeded: ip.pointee.immediate) ? 1 : 2
                            break blockEnd
                        case .branchEqual64:
                            ip += read(f, ip.pointee.a, UInt64.self) == read(f, ip.pointee.b, UInt64.self) ? 1 : 2
                            break blockEnd
                        case .branchNotEqual64:
                            ip += read(f, ip.pointee.a, UInt64.self) != read(f, ip.pointee.b, UInt64.self) ? 1 : 2
                            break blockEnd
                        case .branchUnsignedLess64:
                            ip += read(f, ip.pointee.a, UInt64.self) < read(f, ip.pointee.b, UInt64.self) ? 1 : 2
                            break blockEnd
                        case .branchUnsignedGreaterOrEqual64:
                            ip += read(f, ip.pointee.a, UInt64.self) >= read(f, ip.pointee.b, UInt64.self) ? 1 : 2
                            break blockEnd
                        case .branchUnsignedLessOrEqual64:
                            ip += read(f, ip.pointee.a, UInt64.self) <= read(f, ip.pointee.b, UInt64.self) ? 1 : 2
                            break blockEnd
                        case .branchUnsignedGreater64:
                            ip += read(f, ip.pointee.a, UInt64.self) > read(f, ip.pointee.b, UInt64.self) ? 1 : 2
                            break blockEnd
                        case .branchSignedLess64:
                            ip +=
                                Int64(bitPattern: read(f, ip.pointee.a, UInt64.self))
                                    < Int64(bitPattern: read(f, ip.pointee.b, UInt64.self)) ? 1 : 2
                            break blockEnd
                        case .branchSignedGreaterOrEqual64:
                            ip +=
                                Int64(bitPattern: read(f, ip.pointee.a, UInt64.self))
                                    >= Int64(bitPattern: read(f, ip.pointee.b, UInt64.self)) ? 1 : 2
                            break blockEnd
                        case .branchSignedLessOrEqual64:
                            ip +=
                                Int64(bitPattern: read(f, ip.pointee.a, UInt64.self))
                                    <= Int64(bitPattern: read(f, ip.pointee.b, UInt64.self)) ? 1 : 2
                            break blockEnd
                        case .branchSignedGreater64:
                            ip +=
                                Int64(bitPattern: read(f, ip.pointee.a, UInt64.self))
                                    > Int64(bitPattern: read(f, ip.pointee.b, UInt64.self)) ? 1 : 2
                            break blockEnd
                        case .branchEqualImm64:
                            ip +=
                                read(f, ip.pointee.a, UInt64.self) == UInt64(truncatingIfNeeded: ip.pointee.immediate)
                                ? 1 : 2
                            break blockEnd
                        case .branchNotEqualImm64:
                            ip +=
                                read(f, ip.pointee.a, UInt64.self) != UInt64(truncatingIfNeeded: ip.pointee.immediate)
                                ? 1 : 2
                            break blockEnd
                        case .branchUnsignedLessImm64:
                            ip +=
                                read(f, ip.pointee.a, UInt64.self) < UInt64(truncatingIfNeeded: ip.pointee.immediate)
                                ? 1 : 2
                            break blockEnd
                        case .branchUnsignedGreaterOrEqualImm64:
                            ip +=
                                read(f, ip.pointee.a, UInt64.self) >= UInt64(truncatingIfNeeded: ip.pointee.immediate)
                                ? 1 : 2
                            break blockEnd
                        case .branchUnsignedLessOrEqualImm64:
                            ip +=
                                read(f, ip.pointee.a, UInt64.self) <= UInt64(truncatingIfNeeded: ip.pointee.immediate)
                                ? 1 : 2
                            break blockEnd
                        case .branchUnsignedGreaterImm64:
                            ip +=
                                read(f, ip.pointee.a, UInt64.self) > UInt64(truncatingIfNeeded: ip.pointee.immediate)
                                ? 1 : 2
                            break blockEnd
                        case .branchSignedLessImm64:
                            ip +=
                                Int64(bitPattern: read(f, ip.pointee.a, UInt64.self))
                                    < Int64(truncatingIfNeeded: ip.pointee.immediate) ? 1 : 2
                            break blockEnd
                        case .branchSignedGreaterOrEqualImm64:
                            ip +=
                                Int64(bitPattern: read(f, ip.pointee.a, UInt64.self))
                                    >= Int64(truncatingIfNeeded: ip.pointee.immediate) ? 1 : 2
                            break blockEnd
                        case .branchSignedLessOrEqualImm64:
                            ip +=
                                Int64(bitPattern: read(f, ip.pointee.a, UInt64.self))
                                    <= Int64(truncatingIfNeeded: ip.pointee.immediate) ? 1 : 2
                            break blockEnd
                        case .branchSignedGreaterImm64:
                            ip +=
                                Int64(bitPattern: read(f, ip.pointee.a, UInt64.self))
                                    > Int64(truncatingIfNeeded: ip.pointee.immediate) ? 1 : 2
                            break blockEnd
                        case .compareBranchEqual8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = read(f, ip.pointee.b, UInt8.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i8), UInt64(a) &<< 56, UInt64(b) &<< 56)
                            ip += a == b ? 1 : 2
                            break blockEnd
                        case .compareBranchNotEqual8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = read(f, ip.pointee.b, UInt8.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i8), UInt64(a) &<< 56, UInt64(b) &<< 56)
                            ip += a != b ? 1 : 2
                            break blockEnd
                        case .compareBranchUnsignedLess8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = read(f, ip.pointee.b, UInt8.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i8), UInt64(a) &<< 56, UInt64(b) &<< 56)
                            ip += a < b ? 1 : 2
                            break blockEnd
                        case .compareBranchUnsignedGreaterOrEqual8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = read(f, ip.pointee.b, UInt8.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i8), UInt64(a) &<< 56, UInt64(b) &<< 56)
                            ip += a >= b ? 1 : 2
                            break blockEnd
                        case .compareBranchUnsignedLessOrEqual8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = read(f, ip.pointee.b, UInt8.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i8), UInt64(a) &<< 56, UInt64(b) &<< 56)
                            ip += a <= b ? 1 : 2
                            break blockEnd
                        case .compareBranchUnsignedGreater8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = read(f, ip.pointee.b, UInt8.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i8), UInt64(a) &<< 56, UInt64(b) &<< 56)
                            ip += a > b ? 1 : 2
                            break blockEnd
                        case .compareBranchSignedLess8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = read(f, ip.pointee.b, UInt8.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i8), UInt64(a) &<< 56, UInt64(b) &<< 56)
                            ip += Int8(bitPattern: a) < Int8(bitPattern: b) ? 1 : 2
                            break blockEnd
                        case .compareBranchSignedGreaterOrEqual8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = read(f, ip.pointee.b, UInt8.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i8), UInt64(a) &<< 56, UInt64(b) &<< 56)
                            ip += Int8(bitPattern: a) >= Int8(bitPattern: b) ? 1 : 2
                            break blockEnd
                        case .compareBranchSignedLessOrEqual8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = read(f, ip.pointee.b, UInt8.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i8), UInt64(a) &<< 56, UInt64(b) &<< 56)
                            ip += Int8(bitPattern: a) <= Int8(bitPattern: b) ? 1 : 2
                            break blockEnd
                        case .compareBranchSignedGreater8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = read(f, ip.pointee.b, UInt8.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i8), UInt64(a) &<< 56, UInt64(b) &<< 56)
                            ip += Int8(bitPattern: a) > Int8(bitPattern: b) ? 1 : 2
                            break blockEnd
                        case .compareBranchEqualImm8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = UInt8(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i8), UInt64(a) &<< 56, UInt64(b) &<< 56)
                            ip += a == b ? 1 : 2
                            break blockEnd
                        case .compareBranchNotEqualImm8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = UInt8(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i8), UInt64(a) &<< 56, UInt64(b) &<< 56)
                            ip += a != b ? 1 : 2
                            break blockEnd
                        case .compareBranchUnsignedLessImm8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = UInt8(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i8), UInt64(a) &<< 56, UInt64(b) &<< 56)
                            ip += a < b ? 1 : 2
                            break blockEnd
                        case .compareBranchUnsignedGreaterOrEqualImm8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = UInt8(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i8), UInt64(a) &<< 56, UInt64(b) &<< 56)
                            ip += a >= b ? 1 : 2
                            break blockEnd
                        case .compareBranchUnsignedLessOrEqualImm8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = UInt8(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i8), UInt64(a) &<< 56, UInt64(b) &<< 56)
                            ip += a <= b ? 1 : 2
                            break blockEnd
                        case .compareBranchUnsignedGreaterImm8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = UInt8(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i8), UInt64(a) &<< 56, UInt64(b) &<< 56)
                            ip += a > b ? 1 : 2
                            break blockEnd
                        case .compareBranchSignedLessImm8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = UInt8(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i8), UInt64(a) &<< 56, UInt64(b) &<< 56)
                            ip += Int8(bitPattern: a) < Int8(bitPattern: b) ? 1 : 2
                            break blockEnd
                        case .compareBranchSignedGreaterOrEqualImm8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = UInt8(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i8), UInt64(a) &<< 56, UInt64(b) &<< 56)
                            ip += Int8(bitPattern: a) >= Int8(bitPattern: b) ? 1 : 2
                            break blockEnd
                        case .compareBranchSignedLessOrEqualImm8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = UInt8(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i8), UInt64(a) &<< 56, UInt64(b) &<< 56)
                            ip += Int8(bitPattern: a) <= Int8(bitPattern: b) ? 1 : 2
                            break blockEnd
                        case .compareBranchSignedGreaterImm8:
                            let a = read(f, ip.pointee.a, UInt8.self)
                            let b = UInt8(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i8), UInt64(a) &<< 56, UInt64(b) &<< 56)
                            ip += Int8(bitPattern: a) > Int8(bitPattern: b) ? 1 : 2
                            break blockEnd
                        case .compareBranchEqual32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = read(f, ip.pointee.b, UInt32.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i32), UInt64(a) &<< 32, UInt64(b) &<< 32)
                            ip += a == b ? 1 : 2
                            break blockEnd
                        case .compareBranchNotEqual32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = read(f, ip.pointee.b, UInt32.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i32), UInt64(a) &<< 32, UInt64(b) &<< 32)
                            ip += a != b ? 1 : 2
                            break blockEnd
                        case .compareBranchUnsignedLess32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = read(f, ip.pointee.b, UInt32.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i32), UInt64(a) &<< 32, UInt64(b) &<< 32)
                            ip += a < b ? 1 : 2
                            break blockEnd
                        case .compareBranchUnsignedGreaterOrEqual32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = read(f, ip.pointee.b, UInt32.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i32), UInt64(a) &<< 32, UInt64(b) &<< 32)
                            ip += a >= b ? 1 : 2
                            break blockEnd
                        case .compareBranchUnsignedLessOrEqual32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = read(f, ip.pointee.b, UInt32.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i32), UInt64(a) &<< 32, UInt64(b) &<< 32)
                            ip += a <= b ? 1 : 2
                            break blockEnd
                        case .compareBranchUnsignedGreater32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = read(f, ip.pointee.b, UInt32.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i32), UInt64(a) &<< 32, UInt64(b) &<< 32)
                            ip += a > b ? 1 : 2
                            break blockEnd
                        case .compareBranchSignedLess32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = read(f, ip.pointee.b, UInt32.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i32), UInt64(a) &<< 32, UInt64(b) &<< 32)
                            ip += Int32(bitPattern: a) < Int32(bitPattern: b) ? 1 : 2
                            break blockEnd
                        case .compareBranchSignedGreaterOrEqual32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = read(f, ip.pointee.b, UInt32.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i32), UInt64(a) &<< 32, UInt64(b) &<< 32)
                            ip += Int32(bitPattern: a) >= Int32(bitPattern: b) ? 1 : 2
                            break blockEnd
                        case .compareBranchSignedLessOrEqual32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = read(f, ip.pointee.b, UInt32.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i32), UInt64(a) &<< 32, UInt64(b) &<< 32)
                            ip += Int32(bitPattern: a) <= Int32(bitPattern: b) ? 1 : 2
                            break blockEnd
                        case .compareBranchSignedGreater32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = read(f, ip.pointee.b, UInt32.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i32), UInt64(a) &<< 32, UInt64(b) &<< 32)
                            ip += Int32(bitPattern: a) > Int32(bitPattern: b) ? 1 : 2
                            break blockEnd
                        case .compareBranchEqualImm32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = UInt32(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i32), UInt64(a) &<< 32, UInt64(b) &<< 32)
                            ip += a == b ? 1 : 2
                            break blockEnd
                        case .compareBranchNotEqualImm32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = UInt32(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i32), UInt64(a) &<< 32, UInt64(b) &<< 32)
                            ip += a != b ? 1 : 2
                            break blockEnd
                        case .compareBranchUnsignedLessImm32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = UInt32(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i32), UInt64(a) &<< 32, UInt64(b) &<< 32)
                            ip += a < b ? 1 : 2
                            break blockEnd
                        case .compareBranchUnsignedGreaterOrEqualImm32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = UInt32(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i32), UInt64(a) &<< 32, UInt64(b) &<< 32)
                            ip += a >= b ? 1 : 2
                            break blockEnd
                        case .compareBranchUnsignedLessOrEqualImm32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = UInt32(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i32), UInt64(a) &<< 32, UInt64(b) &<< 32)
                            ip += a <= b ? 1 : 2
                            break blockEnd
                        case .compareBranchUnsignedGreaterImm32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = UInt32(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i32), UInt64(a) &<< 32, UInt64(b) &<< 32)
                            ip += a > b ? 1 : 2
                            break blockEnd
                        case .compareBranchSignedLessImm32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = UInt32(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i32), UInt64(a) &<< 32, UInt64(b) &<< 32)
                            ip += Int32(bitPattern: a) < Int32(bitPattern: b) ? 1 : 2
                            break blockEnd
                        case .compareBranchSignedGreaterOrEqualImm32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = UInt32(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i32), UInt64(a) &<< 32, UInt64(b) &<< 32)
                            ip += Int32(bitPattern: a) >= Int32(bitPattern: b) ? 1 : 2
                            break blockEnd
                        case .compareBranchSignedLessOrEqualImm32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = UInt32(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i32), UInt64(a) &<< 32, UInt64(b) &<< 32)
                            ip += Int32(bitPattern: a) <= Int32(bitPattern: b) ? 1 : 2
                            break blockEnd
                        case .compareBranchSignedGreaterImm32:
                            let a = read(f, ip.pointee.a, UInt32.self)
                            let b = UInt32(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i32), UInt64(a) &<< 32, UInt64(b) &<< 32)
                            ip += Int32(bitPattern: a) > Int32(bitPattern: b) ? 1 : 2
                            break blockEnd
                        case .compareBranchEqual64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = read(f, ip.pointee.b, UInt64.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i64), a, b)
                            ip += a == b ? 1 : 2
                            break blockEnd
                        case .compareBranchNotEqual64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = read(f, ip.pointee.b, UInt64.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i64), a, b)
                            ip += a != b ? 1 : 2
                            break blockEnd
                        case .compareBranchUnsignedLess64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = read(f, ip.pointee.b, UInt64.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i64), a, b)
                            ip += a < b ? 1 : 2
                            break blockEnd
                        case .compareBranchUnsignedGreaterOrEqual64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = read(f, ip.pointee.b, UInt64.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i64), a, b)
                            ip += a >= b ? 1 : 2
                            break blockEnd
                        case .compareBranchUnsignedLessOrEqual64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = read(f, ip.pointee.b, UInt64.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i64), a, b)
                            ip += a <= b ? 1 : 2
                            break blockEnd
                        case .compareBranchUnsignedGreater64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = read(f, ip.pointee.b, UInt64.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i64), a, b)
                            ip += a > b ? 1 : 2
                            break blockEnd
                        case .compareBranchSignedLess64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = read(f, ip.pointee.b, UInt64.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i64), a, b)
                            ip += Int64(bitPattern: a) < Int64(bitPattern: b) ? 1 : 2
                            break blockEnd
                        case .compareBranchSignedGreaterOrEqual64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = read(f, ip.pointee.b, UInt64.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i64), a, b)
                            ip += Int64(bitPattern: a) >= Int64(bitPattern: b) ? 1 : 2
                            break blockEnd
                        case .compareBranchSignedLessOrEqual64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = read(f, ip.pointee.b, UInt64.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i64), a, b)
                            ip += Int64(bitPattern: a) <= Int64(bitPattern: b) ? 1 : 2
                            break blockEnd
                        case .compareBranchSignedGreater64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = read(f, ip.pointee.b, UInt64.self)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i64), a, b)
                            ip += Int64(bitPattern: a) > Int64(bitPattern: b) ? 1 : 2
                            break blockEnd
                        case .compareBranchEqualImm64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = UInt64(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i64), a, b)
                            ip += a == b ? 1 : 2
                            break blockEnd
                        case .compareBranchNotEqualImm64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = UInt64(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i64), a, b)
                            ip += a != b ? 1 : 2
                            break blockEnd
                        case .compareBranchUnsignedLessImm64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = UInt64(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i64), a, b)
                            ip += a < b ? 1 : 2
                            break blockEnd
                        case .compareBranchUnsignedGreaterOrEqualImm64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = UInt64(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i64), a, b)
                            ip += a >= b ? 1 : 2
                            break blockEnd
                        case .compareBranchUnsignedLessOrEqualImm64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = UInt64(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i64), a, b)
                            ip += a <= b ? 1 : 2
                            break blockEnd
                        case .compareBranchUnsignedGreaterImm64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = UInt64(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i64), a, b)
                            ip += a > b ? 1 : 2
                            break blockEnd
                        case .compareBranchSignedLessImm64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = UInt64(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i64), a, b)
                            ip += Int64(bitPattern: a) < Int64(bitPattern: b) ? 1 : 2
                            break blockEnd
                        case .compareBranchSignedGreaterOrEqualImm64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = UInt64(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i64), a, b)
                            ip += Int64(bitPattern: a) >= Int64(bitPattern: b) ? 1 : 2
                            break blockEnd
                        case .compareBranchSignedLessOrEqualImm64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = UInt64(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i64), a, b)
                            ip += Int64(bitPattern: a) <= Int64(bitPattern: b) ? 1 : 2
                            break blockEnd
                        case .compareBranchSignedGreaterImm64:
                            let a = read(f, ip.pointee.a, UInt64.self)
                            let b = UInt64(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.sub, .i64), a, b)
                            ip += Int64(bitPattern: a) > Int64(bitPattern: b) ? 1 : 2
                            break blockEnd
                        case .testBranchEqual8:
                            let result = read(f, ip.pointee.a, UInt8.self) & read(f, ip.pointee.b, UInt8.self)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i8), UInt64(result) &<< 56)
                            ip += result == 0 ? 1 : 2
                            break blockEnd
                        case .testBranchNotEqual8:
                            let result = read(f, ip.pointee.a, UInt8.self) & read(f, ip.pointee.b, UInt8.self)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i8), UInt64(result) &<< 56)
                            ip += result != 0 ? 1 : 2
                            break blockEnd
                        case .testBranchSignedLess8:
                            let result = read(f, ip.pointee.a, UInt8.self) & read(f, ip.pointee.b, UInt8.self)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i8), UInt64(result) &<< 56)
                            ip += Int8(bitPattern: result) < 0 ? 1 : 2
                            break blockEnd
                        case .testBranchSignedGreaterOrEqual8:
                            let result = read(f, ip.pointee.a, UInt8.self) & read(f, ip.pointee.b, UInt8.self)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i8), UInt64(result) &<< 56)
                            ip += Int8(bitPattern: result) >= 0 ? 1 : 2
                            break blockEnd
                        case .testBranchSignedLessOrEqual8:
                            let result = read(f, ip.pointee.a, UInt8.self) & read(f, ip.pointee.b, UInt8.self)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i8), UInt64(result) &<< 56)
                            ip += Int8(bitPattern: result) <= 0 ? 1 : 2
                            break blockEnd
                        case .testBranchSignedGreater8:
                            let result = read(f, ip.pointee.a, UInt8.self) & read(f, ip.pointee.b, UInt8.self)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i8), UInt64(result) &<< 56)
                            ip += Int8(bitPattern: result) > 0 ? 1 : 2
                            break blockEnd
                        case .testBranchEqualImm8:
                            let result =
                                read(f, ip.pointee.a, UInt8.self) & UInt8(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i8), UInt64(result) &<< 56)
                            ip += result == 0 ? 1 : 2
                            break blockEnd
                        case .testBranchNotEqualImm8:
                            let result =
                                read(f, ip.pointee.a, UInt8.self) & UInt8(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i8), UInt64(result) &<< 56)
                            ip += result != 0 ? 1 : 2
                            break blockEnd
                        case .testBranchSignedLessImm8:
                            let result =
                                read(f, ip.pointee.a, UInt8.self) & UInt8(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i8), UInt64(result) &<< 56)
                            ip += Int8(bitPattern: result) < 0 ? 1 : 2
                            break blockEnd
                        case .testBranchSignedGreaterOrEqualImm8:
                            let result =
                                read(f, ip.pointee.a, UInt8.self) & UInt8(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i8), UInt64(result) &<< 56)
                            ip += Int8(bitPattern: result) >= 0 ? 1 : 2
                            break blockEnd
                        case .testBranchSignedLessOrEqualImm8:
                            let result =
                                read(f, ip.pointee.a, UInt8.self) & UInt8(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i8), UInt64(result) &<< 56)
                            ip += Int8(bitPattern: result) <= 0 ? 1 : 2
                            break blockEnd
                        case .testBranchSignedGreaterImm8:
                            let result =
                                read(f, ip.pointee.a, UInt8.self) & UInt8(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i8), UInt64(result) &<< 56)
                            ip += Int8(bitPattern: result) > 0 ? 1 : 2
                            break blockEnd
                        case .testBranchEqual32:
                            let result = read(f, ip.pointee.a, UInt32.self) & read(f, ip.pointee.b, UInt32.self)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i32), UInt64(result) &<< 32)
                            ip += result == 0 ? 1 : 2
                            break blockEnd
                        case .testBranchNotEqual32:
                            let result = read(f, ip.pointee.a, UInt32.self) & read(f, ip.pointee.b, UInt32.self)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i32), UInt64(result) &<< 32)
                            ip += result != 0 ? 1 : 2
                            break blockEnd
                        case .testBranchSignedLess32:
                            let result = read(f, ip.pointee.a, UInt32.self) & read(f, ip.pointee.b, UInt32.self)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i32), UInt64(result) &<< 32)
                            ip += Int32(bitPattern: result) < 0 ? 1 : 2
                            break blockEnd
                        case .testBranchSignedGreaterOrEqual32:
                            let result = read(f, ip.pointee.a, UInt32.self) & read(f, ip.pointee.b, UInt32.self)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i32), UInt64(result) &<< 32)
                            ip += Int32(bitPattern: result) >= 0 ? 1 : 2
                            break blockEnd
                        case .testBranchSignedLessOrEqual32:
                            let result = read(f, ip.pointee.a, UInt32.self) & read(f, ip.pointee.b, UInt32.self)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i32), UInt64(result) &<< 32)
                            ip += Int32(bitPattern: result) <= 0 ? 1 : 2
                            break blockEnd
                        case .testBranchSignedGreater32:
                            let result = read(f, ip.pointee.a, UInt32.self) & read(f, ip.pointee.b, UInt32.self)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i32), UInt64(result) &<< 32)
                            ip += Int32(bitPattern: result) > 0 ? 1 : 2
                            break blockEnd
                        case .testBranchEqualImm32:
                            let result =
                                read(f, ip.pointee.a, UInt32.self) & UInt32(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i32), UInt64(result) &<< 32)
                            ip += result == 0 ? 1 : 2
                            break blockEnd
                        case .testBranchNotEqualImm32:
                            let result =
                                read(f, ip.pointee.a, UInt32.self) & UInt32(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i32), UInt64(result) &<< 32)
                            ip += result != 0 ? 1 : 2
                            break blockEnd
                        case .testBranchSignedLessImm32:
                            let result =
                                read(f, ip.pointee.a, UInt32.self) & UInt32(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i32), UInt64(result) &<< 32)
                            ip += Int32(bitPattern: result) < 0 ? 1 : 2
                            break blockEnd
                        case .testBranchSignedGreaterOrEqualImm32:
                            let result =
                                read(f, ip.pointee.a, UInt32.self) & UInt32(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i32), UInt64(result) &<< 32)
                            ip += Int32(bitPattern: result) >= 0 ? 1 : 2
                            break blockEnd
                        case .testBranchSignedLessOrEqualImm32:
                            let result =
                                read(f, ip.pointee.a, UInt32.self) & UInt32(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i32), UInt64(result) &<< 32)
                            ip += Int32(bitPattern: result) <= 0 ? 1 : 2
                            break blockEnd
                        case .testBranchSignedGreaterImm32:
                            let result =
                                read(f, ip.pointee.a, UInt32.self) & UInt32(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i32), UInt64(result) &<< 32)
                            ip += Int32(bitPattern: result) > 0 ? 1 : 2
                            break blockEnd
                        case .testBranchEqual64:
                            let result = read(f, ip.pointee.a, UInt64.self) & read(f, ip.pointee.b, UInt64.self)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i64), result)
                            ip += result == 0 ? 1 : 2
                            break blockEnd
                        case .testBranchNotEqual64:
                            let result = read(f, ip.pointee.a, UInt64.self) & read(f, ip.pointee.b, UInt64.self)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i64), result)
                            ip += result != 0 ? 1 : 2
                            break blockEnd
                        case .testBranchSignedLess64:
                            let result = read(f, ip.pointee.a, UInt64.self) & read(f, ip.pointee.b, UInt64.self)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i64), result)
                            ip += Int64(bitPattern: result) < 0 ? 1 : 2
                            break blockEnd
                        case .testBranchSignedGreaterOrEqual64:
                            let result = read(f, ip.pointee.a, UInt64.self) & read(f, ip.pointee.b, UInt64.self)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i64), result)
                            ip += Int64(bitPattern: result) >= 0 ? 1 : 2
                            break blockEnd
                        case .testBranchSignedLessOrEqual64:
                            let result = read(f, ip.pointee.a, UInt64.self) & read(f, ip.pointee.b, UInt64.self)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i64), result)
                            ip += Int64(bitPattern: result) <= 0 ? 1 : 2
                            break blockEnd
                        case .testBranchSignedGreater64:
                            let result = read(f, ip.pointee.a, UInt64.self) & read(f, ip.pointee.b, UInt64.self)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i64), result)
                            ip += Int64(bitPattern: result) > 0 ? 1 : 2
                            break blockEnd
                        case .testBranchEqualImm64:
                            let result =
                                read(f, ip.pointee.a, UInt64.self) & UInt64(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i64), result)
                            ip += result == 0 ? 1 : 2
                            break blockEnd
                        case .testBranchNotEqualImm64:
                            let result =
                                read(f, ip.pointee.a, UInt64.self) & UInt64(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i64), result)
                            ip += result != 0 ? 1 : 2
                            break blockEnd
                        case .testBranchSignedLessImm64:
                            let result =
                                read(f, ip.pointee.a, UInt64.self) & UInt64(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i64), result)
                            ip += Int64(bitPattern: result) < 0 ? 1 : 2
                            break blockEnd
                        case .testBranchSignedGreaterOrEqualImm64:
                            let result =
                                read(f, ip.pointee.a, UInt64.self) & UInt64(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i64), result)
                            ip += Int64(bitPattern: result) >= 0 ? 1 : 2
                            break blockEnd
                        case .testBranchSignedLessOrEqualImm64:
                            let result =
                                read(f, ip.pointee.a, UInt64.self) & UInt64(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i64), result)
                            ip += Int64(bitPattern: result) <= 0 ? 1 : 2
                            break blockEnd
                        case .testBranchSignedGreaterImm64:
                            let result =
                                read(f, ip.pointee.a, UInt64.self) & UInt64(truncatingIfNeeded: ip.pointee.immediate)
                            LazyFlags.record(f, LazyFlags.head(.logic, .i64), result)
                            ip += Int64(bitPattern: result) > 0 ? 1 : 2
                            break blockEnd
                        case .droppedBlock:
                            target = ip.pointee.link
                            pc = UInt64(bitPattern: ip.pointee.immediate)
                            if target == 0 {
                                saveOperation(f, ip)
                                write64(f, pcSlot, pc)
                                return .link
                            }
                            break block
                        case .leaveBlock:
                            count(f, ip)
                            write64(f, pcSlot, UInt64(bitPattern: ip.pointee.immediate))
                            return .lookUp
                        }
                        ip += 1
                    }
                }
                count(f, ip)
                pc = UInt64(bitPattern: ip.pointee.immediate)
                target = ip.pointee.link
            }
            let leaves = mustLeave(f)
            if !leaves && target == 0 { target = cachedTarget(f, pc) }
            if leaves || target == 0 {
                saveOperation(f, ip)
                write64(f, pcSlot, pc)
                return .link
            }
            ip = operation(f, target)
            enterBlock(f, ip)
        }
    }
}
