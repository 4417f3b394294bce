/// What an operation does with its fields: the knowledge that the passes, the verifier and the text form share.
struct OpcodeForm {
    /// What a 16-bit field is.
    enum Field: Equatable {
        case none
        /// The place of a source of so many bytes.
        case read(Int)
        /// The place of a destination: so many bytes are written (8 for i32).
        case write(Int)
        /// A number that is the guest's business.
        case opaque
    }

    /// What the immediate is.
    enum Immediate: Equatable {
        case none
        /// A value, truncated to the width.
        case value(Width)
        /// A displacement of 64 bits.
        case displacement
        /// A displacement of 32 bits and a scale.
        case indexed
        /// A displacement of 32 bits and a value of 32 bits.
        case displacedValue
        /// The place of a source of so many bytes.
        case place(Int)
        case condition
        case pc
        case helper
        /// Lane numbers.
        case selector
    }

    /// What an operation does to the lazy flags.
    enum Flags {
        case untouched
        case read
        /// All six are written, whatever they were.
        case write
        /// Some are kept: read and written.
        case update
    }

    var d = Field.none
    var a = Field.none
    var b = Field.none
    var immediate = Immediate.none
    var flags = Flags.untouched
    /// It may fault.
    var mayFault = false
    /// It may store to guest memory.
    var stores = false
    /// It ends a block.
    var isTerminator = false
    /// It is a terminator with two targets.
    var isConditional = false
    /// Only engines and passes make it.
    var isInternal = false

    /// The form of an opcode. A helper's is the most careful one.
    static func of(_ opcode: Opcode) -> OpcodeForm { table[Int(opcode.index)] }

    private static let table: [OpcodeForm] = Opcode.allCases.map { make($0) }

    private static let widths: [Width] = [.i8, .i16, .i32, .i64]

    /// Builds the form of one opcode from where it stands in the enumeration.
    private static func make(_ opcode: Opcode) -> OpcodeForm {
        /// The width of a member of a family that starts at `first` with i8 and repeats i8 to i64.
        func width(_ first: Opcode) -> Width { widths[Int(opcode.index - first.index) % 4] }
        /// Whether a member of a family of registers-then-immediates is an immediate form.
        func isImmediate(_ first: Opcode) -> Bool { Int(opcode.index - first.index) % 8 >= 4 }

        var form = OpcodeForm()
        if opcode.isBetween(.mov8, .movImm64) {
            let w = width(.mov8)
            form.d = .write(w.writtenBytes)
            if isImmediate(.mov8) { form.immediate = .value(w) } else { form.a = .read(w.bytes) }
        } else if opcode.isBetween(.add8, .rorImm64) {
            let w = width(.add8)
            let isShift = opcode.index >= Opcode.shl8.index
            form.d = .write(w.writtenBytes)
            form.a = .read(w.bytes)
            if isImmediate(.add8) {
                form.immediate = .value(isShift ? .i8 : w)
            } else {
                form.b = .read(isShift ? 1 : w.bytes)
            }
        } else if opcode.isBetween(.neg8, .popcnt64) {
            let w = width(.neg8)
            form.d = .write(w.writtenBytes)
            form.a = .read(w.bytes)
        } else if opcode.isBetween(.mulHighUnsigned8, .mulHighSigned64) {
            let w = width(.mulHighUnsigned8)
            form.d = .write(w.writtenBytes)
            form.a = .read(w.bytes)
            form.b = .read(w.bytes)
        } else if opcode.isBetween(.zext8to16, .lea64) {
            makeExtension(opcode, &form)
        } else if opcode.isBetween(.setEqual32, .setSignedGreaterImm64) {
            let offset = Int(opcode.index - Opcode.setEqual32.index)
            let w: Width = offset < 20 ? .i32 : .i64
            form.d = .write(8)
            form.a = .read(w.bytes)
            if offset % 20 >= 10 { form.immediate = .value(w) } else { form.b = .read(w.bytes) }
        } else if opcode.isBetween(.selectNonZero8, .selectIf64) {
            let w = width(.selectNonZero8)
            form.d = .write(w.writtenBytes)
            form.a = .read(w.bytes)
            form.b = .read(w.bytes)
            if opcode.index < Opcode.selectIf8.index {
                form.immediate = .place(8)
            } else {
                form.immediate = .condition
                form.flags = .read
            }
        } else if opcode.isBetween(.conditionByte, .complementCarry) {
            makeFlagMove(opcode, &form)
        } else if opcode.isBetween(.recordAdd8, .recordNeg64) {
            makeRecord(opcode, &form)
        } else if opcode.isBetween(.addFlags8, .sarFlagsImm64) {
            makeFused(opcode, &form)
        } else if opcode.isBetween(.load8, .storeIndexedVectorAligned) {
            makeMemory(opcode, &form)
        } else if opcode.isBetween(.movVector, .vectorShuffle32) {
            makeVector(opcode, &form)
        } else if opcode.isBetween(.atomicExchange8, .compareExchange128) {
            makeAtomic(opcode, &form)
        } else {
            makeControl(opcode, &form)
        }
        return form
    }

    private static func makeExtension(_ opcode: Opcode, _ form: inout OpcodeForm) {
        switch opcode {
        case .lea32, .lea64: (form.d, form.a, form.b, form.immediate) = (.write(8), .read(8), .read(8), .indexed)
        case .zext8to16, .sext8to16: (form.d, form.a) = (.write(2), .read(1))
        case .zext8to64, .sext8to32, .sext8to64: (form.d, form.a) = (.write(8), .read(1))
        case .zext16to64, .sext16to32, .sext16to64: (form.d, form.a) = (.write(8), .read(2))
        default: (form.d, form.a) = (.write(8), .read(4))
        }
    }

    private static func makeFlagMove(_ opcode: Opcode, _ form: inout OpcodeForm) {
        switch opcode {
        case .conditionByte: (form.d, form.immediate, form.flags) = (.write(1), .condition, .read)
        case .condition64: (form.d, form.immediate, form.flags) = (.write(8), .condition, .read)
        case .materialise: (form.d, form.flags) = (.write(8), .read)
        case .setFlagsFrom: (form.a, form.flags) = (.read(8), .write)
        case .setCarry: (form.a, form.flags) = (.read(1), .update)
        default: form.flags = .update
        }
    }

    private static func makeRecord(_ opcode: Opcode, _ form: inout OpcodeForm) {
        let offset = Int(opcode.index - Opcode.recordAdd8.index)
        let w = widths[offset % 4]
        form.flags = .write
        if opcode.index >= Opcode.recordLogic8.index {
            form.a = .read(w.bytes)
            // They keep the carry.
            if opcode.isBetween(.recordInc8, .recordDec64) { form.flags = .update }
            return
        }
        let isShift = opcode.isBetween(.recordShl8, .recordSarImm64) || opcode.isBetween(.recordRol8, .recordRorImm64)
        form.a = .read(w.bytes)
        if offset % 8 >= 4 {
            form.immediate = .value(isShift ? .i8 : w)
        } else {
            form.b = .read(isShift ? 1 : w.bytes)
        }
        if opcode.isBetween(.recordAdc8, .recordAdcImm64) || opcode.isBetween(.recordSbb8, .recordSbbImm64) {
            form.d = .read(8)
        }
        // A count of 0 keeps all, rotations keep some.
        if isShift { form.flags = .update }
    }

    private static func makeFused(_ opcode: Opcode, _ form: inout OpcodeForm) {
        form.isInternal = true
        form.flags = .write
        if opcode.isBetween(.addFlags8, .xorFlagsImm64) {
            let offset = Int(opcode.index - Opcode.addFlags8.index)
            let w = widths[offset % 4]
            (form.d, form.a) = (.write(w.writtenBytes), .read(w.bytes))
            if offset % 8 >= 4 { form.immediate = .value(w) } else { form.b = .read(w.bytes) }
        } else if opcode.isBetween(.incFlags8, .decFlags64) {
            let w = widths[Int(opcode.index - Opcode.incFlags8.index) % 4]
            (form.d, form.a, form.flags) = (.write(w.writtenBytes), .read(w.bytes), .update)
        } else {
            let w: Width = Int(opcode.index - Opcode.shlFlagsImm32.index) % 2 == 0 ? .i32 : .i64
            (form.d, form.a, form.immediate) = (.write(8), .read(w.bytes), .value(.i8))
        }
    }

    private static func makeMemory(_ opcode: Opcode, _ form: inout OpcodeForm) {
        form.mayFault = true
        form.a = .read(8)
        func address(_ isIndexed: Bool) {
            if isIndexed { form.b = .read(8) }
            form.immediate = isIndexed ? .indexed : .displacement
        }
        if opcode.isBetween(.load8, .loadIndexedSigned32to64) {
            let offset = Int(opcode.index - Opcode.load8.index)
            let written = [1, 2, 8, 8, 2, 8, 8, 2, 8, 8, 8, 8, 8]
            address(offset >= written.count)
            form.d = .write(written[offset % written.count])
        } else if opcode.isBetween(.store8, .storeIndexed64) {
            let offset = Int(opcode.index - Opcode.store8.index)
            address(offset >= 4)
            form.d = .read(widths[offset % 4].bytes)
            form.stores = true
        } else if opcode.isBetween(.storeImm8, .storeImm64) {
            form.immediate = .displacedValue
            form.stores = true
        } else if opcode.isBetween(.loadVector, .loadIndexedVector64) {
            address(opcode.index >= Opcode.loadIndexedVector.index)
            form.d = .write(16)
        } else {
            address(opcode.index >= Opcode.storeIndexedVector.index)
            form.d = .read(16)
            form.stores = true
        }
    }

    private static func makeVector(_ opcode: Opcode, _ form: inout OpcodeForm) {
        form.d = .write(16)
        switch opcode {
        case .movVector: form.a = .read(16)
        case .zextVector32: form.a = .read(4)
        case .zextVector64: form.a = .read(8)
        case .zeroVector: break
        case .vectorMask8: (form.d, form.a) = (.write(8), .read(16))
        case .vectorShuffle32: (form.a, form.immediate) = (.read(16), .selector)
        default: (form.a, form.b) = (.read(16), .read(16))
        }
    }

    private static func makeAtomic(_ opcode: Opcode, _ form: inout OpcodeForm) {
        form.mayFault = true
        form.stores = true
        form.a = .read(8)
        if opcode == .compareExchange128 {
            (form.d, form.b, form.immediate) = (.write(16), .read(16), .place(16))
            return
        }
        let w = widths[Int(opcode.index - Opcode.atomicExchange8.index) % 4]
        form.d = .write(w.writtenBytes)
        form.b = .read(w.bytes)
        form.immediate = opcode.index >= Opcode.compareExchange8.index ? .place(w.bytes) : .displacement
    }

    private static func makeControl(_ opcode: Opcode, _ form: inout OpcodeForm) {
        switch opcode {
        case .fence: break
        case .helper:
            (form.d, form.a, form.b, form.immediate) = (.opaque, .opaque, .opaque, .helper)
            (form.flags, form.mayFault, form.stores) = (.update, true, true)
        case .boundary: form.immediate = .pc
        case .jump, .exit: (form.immediate, form.isTerminator) = (.pc, true)
        case .jumpIndirect: (form.a, form.isTerminator) = (.read(8), true)
        case .exitDynamic: form.isTerminator = true
        case .branchIf:
            (form.immediate, form.flags, form.isTerminator, form.isConditional) = (.condition, .read, true, true)
        case .droppedBlock, .leaveBlock: (form.immediate, form.isTerminator, form.isInternal) = (.pc, true, true)
        default:
            form.isTerminator = true
            form.isConditional = true
            makeBranch(opcode, &form)
        }
    }

    private static func makeBranch(_ opcode: Opcode, _ form: inout OpcodeForm) {
        let w: Width
        let isImmediate: Bool
        if opcode.index <= Opcode.branchSignedGreaterImm64.index {
            let offset = Int(opcode.index - Opcode.branchEqual32.index)
            w = offset < 20 ? .i32 : .i64
            isImmediate = offset % 20 >= 10
        } else {
            form.isInternal = true
            form.flags = .write
            let isTest = opcode.index >= Opcode.testBranchEqual8.index
            let half = isTest ? 6 : 10
            let offset = Int(opcode.index - (isTest ? Opcode.testBranchEqual8 : Opcode.compareBranchEqual8).index)
            w = [.i8, .i32, .i64][offset / (2 * half)]
            isImmediate = offset % (2 * half) >= half
        }
        form.a = .read(w.bytes)
        if isImmediate { form.immediate = .value(w) } else { form.b = .read(w.bytes) }
    }
}
