/// The operations of the virtual instruction set.
///
/// `Documentation/VirtualISA.md` specifies each one. The order is regular and code relies on it: a family lists its
/// widths in ascending order, register forms before immediate forms.
enum Opcode: CaseIterable {
    // d := a; d := immediate.
    case mov8, mov16, mov32, mov64, movImm8, movImm16, movImm32, movImm64
    // d := a add b; d := a add immediate.
    case add8, add16, add32, add64, addImm8, addImm16, addImm32, addImm64
    // d := a sub b; d := a sub immediate.
    case sub8, sub16, sub32, sub64, subImm8, subImm16, subImm32, subImm64
    // d := a and b; d := a and immediate.
    case and8, and16, and32, and64, andImm8, andImm16, andImm32, andImm64
    // d := a or b; d := a or immediate.
    case or8, or16, or32, or64, orImm8, orImm16, orImm32, orImm64
    // d := a xor b; d := a xor immediate.
    case xor8, xor16, xor32, xor64, xorImm8, xorImm16, xorImm32, xorImm64
    // d := a mul b; d := a mul immediate.
    case mul8, mul16, mul32, mul64, mulImm8, mulImm16, mulImm32, mulImm64
    // d := a shl b; d := a shl immediate.
    case shl8, shl16, shl32, shl64, shlImm8, shlImm16, shlImm32, shlImm64
    // d := a shr b; d := a shr immediate.
    case shr8, shr16, shr32, shr64, shrImm8, shrImm16, shrImm32, shrImm64
    // d := a sar b; d := a sar immediate.
    case sar8, sar16, sar32, sar64, sarImm8, sarImm16, sarImm32, sarImm64
    // d := a rol b; d := a rol immediate.
    case rol8, rol16, rol32, rol64, rolImm8, rolImm16, rolImm32, rolImm64
    // d := a ror b; d := a ror immediate.
    case ror8, ror16, ror32, ror64, rorImm8, rorImm16, rorImm32, rorImm64
    // d := neg a.
    case neg8, neg16, neg32, neg64
    // d := not a.
    case not8, not16, not32, not64
    // d := bswap a.
    case bswap8, bswap16, bswap32, bswap64
    // d := clz a.
    case clz8, clz16, clz32, clz64
    // d := ctz a.
    case ctz8, ctz16, ctz32, ctz64
    // d := popcnt a.
    case popcnt8, popcnt16, popcnt32, popcnt64
    // The high half of a * b, unsigned and signed.
    case mulHighUnsigned8, mulHighUnsigned16, mulHighUnsigned32, mulHighUnsigned64
    case mulHighSigned8, mulHighSigned16, mulHighSigned32, mulHighSigned64
    // Extensions; a result of 64 bits serves for 32 where the upper half is to be zero.
    case zext8to16, zext8to64, zext16to64, zext32to64, sext8to16
    case sext8to32, sext8to64, sext16to32, sext16to64, sext32to64
    // d := a + b << scale + displacement; the 32-bit form truncates.
    case lea32, lea64
    // d (i64) := a relation b ? 1 : 0.
    case setEqual32, setNotEqual32
    case setUnsignedLess32, setUnsignedGreaterOrEqual32
    case setUnsignedLessOrEqual32, setUnsignedGreater32
    case setSignedLess32, setSignedGreaterOrEqual32
    case setSignedLessOrEqual32, setSignedGreater32
    case setEqualImm32, setNotEqualImm32
    case setUnsignedLessImm32, setUnsignedGreaterOrEqualImm32
    case setUnsignedLessOrEqualImm32, setUnsignedGreaterImm32
    case setSignedLessImm32, setSignedGreaterOrEqualImm32
    case setSignedLessOrEqualImm32, setSignedGreaterImm32
    case setEqual64, setNotEqual64
    case setUnsignedLess64, setUnsignedGreaterOrEqual64
    case setUnsignedLessOrEqual64, setUnsignedGreater64
    case setSignedLess64, setSignedGreaterOrEqual64
    case setSignedLessOrEqual64, setSignedGreater64
    case setEqualImm64, setNotEqualImm64
    case setUnsignedLessImm64, setUnsignedGreaterOrEqualImm64
    case setUnsignedLessOrEqualImm64, setUnsignedGreaterImm64
    case setSignedLessImm64, setSignedGreaterOrEqualImm64
    case setSignedLessOrEqualImm64, setSignedGreaterImm64
    // d := place named by immediate (i64) is not 0 ? a : b.
    case selectNonZero8, selectNonZero16, selectNonZero32, selectNonZero64
    // d := condition (immediate) ? a : b.
    case selectIf8, selectIf16, selectIf32, selectIf64
    // d := condition (immediate) ? 1 : 0, as i8 and i64.
    case conditionByte, condition64
    // Flags as bits: read into d (i64), written from a (i64), C alone from bit 0 of a, C inverted.
    case materialise, setFlagsFrom, setCarry, complementCarry
    // Lazy-flags records: add of a and b; and with an immediate b.
    case recordAdd8, recordAdd16, recordAdd32, recordAdd64
    case recordAddImm8, recordAddImm16, recordAddImm32, recordAddImm64
    // Lazy-flags records: adc of a and b (carry-in at d); and with an immediate b.
    case recordAdc8, recordAdc16, recordAdc32, recordAdc64
    case recordAdcImm8, recordAdcImm16, recordAdcImm32, recordAdcImm64
    // Lazy-flags records: sub of a and b; and with an immediate b.
    case recordSub8, recordSub16, recordSub32, recordSub64
    case recordSubImm8, recordSubImm16, recordSubImm32, recordSubImm64
    // Lazy-flags records: sbb of a and b (carry-in at d); and with an immediate b.
    case recordSbb8, recordSbb16, recordSbb32, recordSbb64
    case recordSbbImm8, recordSbbImm16, recordSbbImm32, recordSbbImm64
    // Lazy-flags records: and of a and b; and with an immediate b.
    case recordAnd8, recordAnd16, recordAnd32, recordAnd64
    case recordAndImm8, recordAndImm16, recordAndImm32, recordAndImm64
    // Lazy-flags records: shl of a and b; and with an immediate b.
    case recordShl8, recordShl16, recordShl32, recordShl64
    case recordShlImm8, recordShlImm16, recordShlImm32, recordShlImm64
    // Lazy-flags records: shr of a and b; and with an immediate b.
    case recordShr8, recordShr16, recordShr32, recordShr64
    case recordShrImm8, recordShrImm16, recordShrImm32, recordShrImm64
    // Lazy-flags records: sar of a and b; and with an immediate b.
    case recordSar8, recordSar16, recordSar32, recordSar64
    case recordSarImm8, recordSarImm16, recordSarImm32, recordSarImm64
    // Lazy-flags records: mulUnsigned of a and b; and with an immediate b.
    case recordMulUnsigned8, recordMulUnsigned16, recordMulUnsigned32, recordMulUnsigned64
    case recordMulUnsignedImm8, recordMulUnsignedImm16, recordMulUnsignedImm32, recordMulUnsignedImm64
    // Lazy-flags records: mulSigned of a and b; and with an immediate b.
    case recordMulSigned8, recordMulSigned16, recordMulSigned32, recordMulSigned64
    case recordMulSignedImm8, recordMulSignedImm16, recordMulSignedImm32, recordMulSignedImm64
    // Lazy-flags records: rol of a and b; and with an immediate b.
    case recordRol8, recordRol16, recordRol32, recordRol64
    case recordRolImm8, recordRolImm16, recordRolImm32, recordRolImm64
    // Lazy-flags records: ror of a and b; and with an immediate b.
    case recordRor8, recordRor16, recordRor32, recordRor64
    case recordRorImm8, recordRorImm16, recordRorImm32, recordRorImm64
    // Lazy-flags record: logic of a.
    case recordLogic8, recordLogic16, recordLogic32, recordLogic64
    // Lazy-flags record: inc of a.
    case recordInc8, recordInc16, recordInc32, recordInc64
    // Lazy-flags record: dec of a.
    case recordDec8, recordDec16, recordDec32, recordDec64
    // Lazy-flags record: neg of a.
    case recordNeg8, recordNeg16, recordNeg32, recordNeg64
    // Fused by the passes: the operation and its flags record.
    case addFlags8, addFlags16, addFlags32, addFlags64
    case addFlagsImm8, addFlagsImm16, addFlagsImm32, addFlagsImm64
    case subFlags8, subFlags16, subFlags32, subFlags64
    case subFlagsImm8, subFlagsImm16, subFlagsImm32, subFlagsImm64
    case andFlags8, andFlags16, andFlags32, andFlags64
    case andFlagsImm8, andFlagsImm16, andFlagsImm32, andFlagsImm64
    case orFlags8, orFlags16, orFlags32, orFlags64
    case orFlagsImm8, orFlagsImm16, orFlagsImm32, orFlagsImm64
    case xorFlags8, xorFlags16, xorFlags32, xorFlags64
    case xorFlagsImm8, xorFlagsImm16, xorFlagsImm32, xorFlagsImm64
    // Fused: increment and decrement with their record; shifts by an immediate that is not 0.
    case incFlags8, incFlags16, incFlags32, incFlags64
    case decFlags8, decFlags16, decFlags32, decFlags64
    case shlFlagsImm32, shlFlagsImm64, shrFlagsImm32, shrFlagsImm64
    case sarFlagsImm32, sarFlagsImm64
    // Loads from [a + immediate].
    case load8, load16, load32, load64, loadZero8to16, loadZero8to64
    case loadZero16to64, loadSigned8to16, loadSigned8to32, loadSigned8to64, loadSigned16to32, loadSigned16to64
    case loadSigned32to64
    // Loads from [a + b << scale + displacement].
    case loadIndexed8, loadIndexed16, loadIndexed32, loadIndexed64
    case loadIndexedZero8to16, loadIndexedZero8to64, loadIndexedZero16to64, loadIndexedSigned8to16
    case loadIndexedSigned8to32, loadIndexedSigned8to64, loadIndexedSigned16to32, loadIndexedSigned16to64
    case loadIndexedSigned32to64
    // Stores of d to [a + immediate], to [a + b << scale + displacement], of an immediate to [a + displacement].
    case store8, store16, store32, store64
    case storeIndexed8, storeIndexed16, storeIndexed32, storeIndexed64
    case storeImm8, storeImm16, storeImm32, storeImm64
    // v128 loads (32 and 64: zero-extended); aligned forms fault on a misaligned address.
    case loadVector, loadVectorAligned, loadVector32, loadVector64
    case loadIndexedVector, loadIndexedVectorAligned, loadIndexedVector32, loadIndexedVector64
    // v128 stores.
    case storeVector, storeVectorAligned, storeIndexedVector, storeIndexedVectorAligned
    // v128 moves: d := a; d := low 32 or 64 bits of a, zero-extended; d := 0.
    case movVector, zextVector32, zextVector64, zeroVector
    // v128 with two sources.
    case vectorAnd, vectorOr, vectorXor, vectorAndNot
    case vectorAdd8, vectorAdd16, vectorAdd32, vectorAdd64
    case vectorSub8, vectorSub16, vectorSub32, vectorSub64
    case vectorEqual8, vectorEqual16, vectorEqual32, vectorMinUnsigned8
    case vectorMaxUnsigned8, vectorInterleaveLow8, vectorInterleaveLow16, vectorInterleaveLow32
    case vectorInterleaveLow64, vectorInterleaveHigh64
    // d (i64) := the top bits of a's 16 bytes; d := a's 32-bit lanes chosen by immediate (2 bits each).
    case vectorMask8, vectorShuffle32
    // Atomic exchange at [a + immediate] with b; d := the old value.
    case atomicExchange8, atomicExchange16, atomicExchange32, atomicExchange64
    // Atomic add at [a + immediate] with b; d := the old value.
    case atomicAdd8, atomicAdd16, atomicAdd32, atomicAdd64
    // Atomic and at [a + immediate] with b; d := the old value.
    case atomicAnd8, atomicAnd16, atomicAnd32, atomicAnd64
    // Atomic or at [a + immediate] with b; d := the old value.
    case atomicOr8, atomicOr16, atomicOr32, atomicOr64
    // Atomic xor at [a + immediate] with b; d := the old value.
    case atomicXor8, atomicXor16, atomicXor32, atomicXor64
    // Atomic reverseSubtract at [a + immediate] with b; d := the old value.
    case atomicReverseSubtract8, atomicReverseSubtract16, atomicReverseSubtract32, atomicReverseSubtract64
    // Compare-exchange at [a]: expected at the place named by immediate, desired at b, d := the old value.
    case compareExchange8, compareExchange16, compareExchange32, compareExchange64, compareExchange128
    // Full memory fence.
    case fence
    // A call of the guest's helper.
    case helper
    // The start of a guest instruction: immediate is its PC.
    case boundary
    // Terminators. jump: to the PC immediate. jumpIndirect: to the PC at a. exit: PC slot := immediate, then a full
    // look-up. exitDynamic: the same with the PC slot already written.
    case jump, jumpIndirect, exit, exitDynamic
    // Conditional terminators, each followed by two jumps: taken, then not taken. branchIf: condition in immediate.
    case branchIf
    // Compare and branch.
    case branchEqual32, branchNotEqual32
    case branchUnsignedLess32, branchUnsignedGreaterOrEqual32
    case branchUnsignedLessOrEqual32, branchUnsignedGreater32
    case branchSignedLess32, branchSignedGreaterOrEqual32
    case branchSignedLessOrEqual32, branchSignedGreater32
    case branchEqualImm32, branchNotEqualImm32
    case branchUnsignedLessImm32, branchUnsignedGreaterOrEqualImm32
    case branchUnsignedLessOrEqualImm32, branchUnsignedGreaterImm32
    case branchSignedLessImm32, branchSignedGreaterOrEqualImm32
    case branchSignedLessOrEqualImm32, branchSignedGreaterImm32
    case branchEqual64, branchNotEqual64
    case branchUnsignedLess64, branchUnsignedGreaterOrEqual64
    case branchUnsignedLessOrEqual64, branchUnsignedGreater64
    case branchSignedLess64, branchSignedGreaterOrEqual64
    case branchSignedLessOrEqual64, branchSignedGreater64
    case branchEqualImm64, branchNotEqualImm64
    case branchUnsignedLessImm64, branchUnsignedGreaterOrEqualImm64
    case branchUnsignedLessOrEqualImm64, branchUnsignedGreaterImm64
    case branchSignedLessImm64, branchSignedGreaterOrEqualImm64
    case branchSignedLessOrEqualImm64, branchSignedGreaterImm64
    // Fused by the passes: record sub, compare and branch.
    case compareBranchEqual8, compareBranchNotEqual8
    case compareBranchUnsignedLess8, compareBranchUnsignedGreaterOrEqual8
    case compareBranchUnsignedLessOrEqual8, compareBranchUnsignedGreater8
    case compareBranchSignedLess8, compareBranchSignedGreaterOrEqual8
    case compareBranchSignedLessOrEqual8, compareBranchSignedGreater8
    case compareBranchEqualImm8, compareBranchNotEqualImm8
    case compareBranchUnsignedLessImm8, compareBranchUnsignedGreaterOrEqualImm8
    case compareBranchUnsignedLessOrEqualImm8, compareBranchUnsignedGreaterImm8
    case compareBranchSignedLessImm8, compareBranchSignedGreaterOrEqualImm8
    case compareBranchSignedLessOrEqualImm8, compareBranchSignedGreaterImm8
    case compareBranchEqual32, compareBranchNotEqual32
    case compareBranchUnsignedLess32, compareBranchUnsignedGreaterOrEqual32
    case compareBranchUnsignedLessOrEqual32, compareBranchUnsignedGreater32
    case compareBranchSignedLess32, compareBranchSignedGreaterOrEqual32
    case compareBranchSignedLessOrEqual32, compareBranchSignedGreater32
    case compareBranchEqualImm32, compareBranchNotEqualImm32
    case compareBranchUnsignedLessImm32, compareBranchUnsignedGreaterOrEqualImm32
    case compareBranchUnsignedLessOrEqualImm32, compareBranchUnsignedGreaterImm32
    case compareBranchSignedLessImm32, compareBranchSignedGreaterOrEqualImm32
    case compareBranchSignedLessOrEqualImm32, compareBranchSignedGreaterImm32
    case compareBranchEqual64, compareBranchNotEqual64
    case compareBranchUnsignedLess64, compareBranchUnsignedGreaterOrEqual64
    case compareBranchUnsignedLessOrEqual64, compareBranchUnsignedGreater64
    case compareBranchSignedLess64, compareBranchSignedGreaterOrEqual64
    case compareBranchSignedLessOrEqual64, compareBranchSignedGreater64
    case compareBranchEqualImm64, compareBranchNotEqualImm64
    case compareBranchUnsignedLessImm64, compareBranchUnsignedGreaterOrEqualImm64
    case compareBranchUnsignedLessOrEqualImm64, compareBranchUnsignedGreaterImm64
    case compareBranchSignedLessImm64, compareBranchSignedGreaterOrEqualImm64
    case compareBranchSignedLessOrEqualImm64, compareBranchSignedGreaterImm64
    // Fused by the passes: record and, compare the result with 0 and branch.
    case testBranchEqual8, testBranchNotEqual8
    case testBranchSignedLess8, testBranchSignedGreaterOrEqual8
    case testBranchSignedLessOrEqual8, testBranchSignedGreater8
    case testBranchEqualImm8, testBranchNotEqualImm8
    case testBranchSignedLessImm8, testBranchSignedGreaterOrEqualImm8
    case testBranchSignedLessOrEqualImm8, testBranchSignedGreaterImm8
    case testBranchEqual32, testBranchNotEqual32
    case testBranchSignedLess32, testBranchSignedGreaterOrEqual32
    case testBranchSignedLessOrEqual32, testBranchSignedGreater32
    case testBranchEqualImm32, testBranchNotEqualImm32
    case testBranchSignedLessImm32, testBranchSignedGreaterOrEqualImm32
    case testBranchSignedLessOrEqualImm32, testBranchSignedGreaterImm32
    case testBranchEqual64, testBranchNotEqual64
    case testBranchSignedLess64, testBranchSignedGreaterOrEqual64
    case testBranchSignedLessOrEqual64, testBranchSignedGreater64
    case testBranchEqualImm64, testBranchNotEqualImm64
    case testBranchSignedLessImm64, testBranchSignedGreaterOrEqualImm64
    case testBranchSignedLessOrEqualImm64, testBranchSignedGreaterImm64
    // Only in translated blocks: the head of a dropped block (a full look-up of the PC immediate); the early end of one
    // that changed itself.
    case droppedBlock, leaveBlock
}
