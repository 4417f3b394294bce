// How an MMX or SSE instruction reaches its operands. The lowering is written from this page.
//
// `vectorForm(map:prefix:opcode:modRM:rexW:)` resolves one encoding (register and memory forms differ) into a
// `VectorForm`. `nil` means that the encoding is not a vector instruction, or is undefined (#UD). The caller decodes
// prefixes and addresses: REX.R and REX.B extend the xmm and general registers named here, but not the mmx registers
// (those wrap to 0...7). F2 and F3 win over 66 as the mandatory prefix.
//
// A plain move (`operation == nil`) copies `sourceBytes` bytes from offset `sourceOffset` of the source to offset
// `destinationOffset` of the destination, zero-extended to `destinationBytes`; a register's remaining bytes are kept or
// zeroed as `upper` says. That covers movaps, movss (merge and load), movlps, movhlps, movd, movq2dq, movnti and so on.
//
// An operation calls `executeVector` (or `executeMMX` when `isMMX`):
//   1. If `memoryBytes != 0`, check alignment (`requires16ByteAlignment` → #GP(0)).
//   2. Fill the environment that `implicit` asks for.
//   3. `source` pointer: the register's slot in the CPU state, or 16 bytes of scratch into which `sourceBytes` bytes were
//      loaded from memory (bytes beyond them are never read). With source `.none` pass the destination pointer.
//   4. `destination` pointer:
//        .xmmReg .xmmRM .mmxReg .mmxRM   the register's slot; the result is complete in place (kept and zeroed bytes are
//                                        already right), nothing else is to be done;
//        .gprReg .gprRM                  8 bytes of scratch, receives the zero-extended result: write all 64 bits to the
//                                        register (`destinationBytes` is 4 or 8; 4 has been zero-extended);
//        .memory                         8 bytes of scratch; store the low `destinationBytes` bytes to memory;
//        .flags .ecxAndFlags .xmm0AndFlags   the slot of the xmm register in ModRM.reg, as first source, not written;
//        .maskedMemory                   16 bytes of scratch; see `VectorImplicit.mask`.
//   5. The call returns false for an unmasked SIMD floating-point exception (only if `mayRaise`): raise #XM (or #UD if
//      CR4.OSXMMEXCPT is 0). Only MXCSR has changed then.
//   6. `writesFlags`: copy CF PF AF ZF SF OF from the environment's flags word (they are in RFLAGS positions; the
//      instruction defines all six). `.ecxAndFlags`: RCX = environment's index. `.xmm0AndFlags`: XMM0 = environment's
//      mask.
//
// `usesMMXState`: the x87 unit enters MMX mode before the operation (#MF if an x87 exception is pending, TOP = 0, all
// tags valid; and a written mmx register sets its exponent field, bits 79:64, to ones). `.emms`: all tags empty, nothing
// else. CR0.TS/EM checks: `usesMMXState` or emms → #UD if EM, #NM if TS; the rest → #UD if EM or not CR4.OSFXSR, #NM if
// TS, except movnti, which checks nothing (its operands are `.gprReg` and `.memory`).

/// The opcode maps in which vector instructions live.
enum OpcodeMap: UInt8, Sendable {
    case map0F, map0F38, map0F3A
}

/// The prefix that selects among the instructions that share an opcode.
enum MandatoryPrefix: UInt8, Sendable {
    case none, p66, pF3, pF2
}

/// Where an operand of a ``VectorForm`` is.
enum VectorOperand: UInt8, Sendable {
    case none
    /// An xmm register, named by ModRM.reg or ModRM.rm.
    case xmmReg, xmmRM
    /// An mmx register, named by ModRM.reg or ModRM.rm.
    case mmxReg, mmxRM
    /// A general register, named by ModRM.reg or ModRM.rm. As a destination all 64 bits are written.
    case gprReg, gprRM
    /// The memory operand of ModRM.
    case memory
    /// DS:RDI (the segment can be overridden), written where the mask asks for it: maskmovq, maskmovdqu.
    case maskedMemory
    /// No register: only the flags (comiss, ptest).
    case flags
    /// RCX and the flags (pcmpestri, pcmpistri).
    case ecxAndFlags
    /// XMM0 and the flags (pcmpestrm, pcmpistrm).
    case xmm0AndFlags
}

/// What happens to the bytes of a destination register that a plain move does not write.
enum VectorUpper: UInt8, Sendable {
    case kept, zeroed
}

/// What the caller puts into the ``VectorEnvironment`` before an operation.
enum VectorImplicit: UInt8, Sendable {
    case none
    /// `mask` = XMM0 (pblendvb, blendvps, blendvpd).
    case xmm0
    /// `lengthA` = RAX and `lengthB` = RDX, each the sign-extended low half unless REX.W is set (pcmpestri, pcmpestrm).
    case lengths
    /// maskmovq, maskmovdqu: `mask` = the register in ModRM.rm; the destination scratch holds the old bytes of memory
    /// (`destinationBytes` at DS:RDI), the source is the register in ModRM.reg; afterwards store the scratch back.
    case mask
}

/// The operands and effects of one decoded MMX or SSE instruction. The comment at the top of the file defines them.
struct VectorForm: Equatable, Sendable {
    /// What to compute; nil for a plain move.
    var operation: VectorOperation?
    var destination: VectorOperand = .none
    var source: VectorOperand = .none
    /// Bytes read from the source, and where in it (offsets: plain moves only).
    var sourceBytes: UInt8 = 0
    var sourceOffset: UInt8 = 0
    /// Bytes written to the destination, and where in it. A scalar operation writes 4 or 8 bytes and keeps the rest.
    var destinationBytes: UInt8 = 0
    var destinationOffset: UInt8 = 0
    var upper: VectorUpper = .kept
    /// Old bytes of the destination register survive or are an input.
    var readsDestination = false
    /// The size of the memory operand in bytes, 0 if there is none.
    var memoryBytes: UInt8 = 0
    var requires16ByteAlignment = false
    var hasImmediate = false
    /// Call `executeMMX` rather than `executeVector`.
    var isMMX = false
    var usesMMXState = false
    /// The operation may set flags in MXCSR, and may return false.
    var mayRaise = false
    var writesFlags = false
    var implicit = VectorImplicit.none
}

/// The part of the CPU state that vector operations use besides their operands.
///
/// The functions take it as a raw pointer; the layout is fixed: `mxcsr` at byte 0, `flags` 4, `lengthA` 8, `lengthB` 16,
/// `index` 24, `mask` 32; 48 bytes in all.
struct VectorEnvironment: Sendable {
    /// MXCSR, as `stmxcsr` would show it.
    var mxcsr: UInt32 = 0x1F80
    /// Result: CF, PF, AF, ZF, SF and OF in their RFLAGS positions, every other bit 0.
    var flags: UInt32 = 0
    /// Input: the explicit length of the first string operand (EAX or RAX, sign-extended).
    var lengthA: UInt64 = 0
    /// Input: the explicit length of the second string operand (EDX or RDX, sign-extended).
    var lengthB: UInt64 = 0
    /// Result: the index that pcmpestri and pcmpistri put into RCX.
    var index: UInt64 = 0
    /// Input: XMM0 or the store mask. Result: what pcmpestrm and pcmpistrm put into XMM0.
    var mask: (UInt64, UInt64) = (0, 0)

    static let mxcsrOffset = 0
    static let flagsOffset = 4
    static let lengthAOffset = 8
    static let lengthBOffset = 16
    static let indexOffset = 24
    static let maskOffset = 32
    static let size = 48
}
