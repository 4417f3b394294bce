/// Where the x87 unit's registers lie in its memory area, in bytes.
enum X87Layout {
    /// R0 to R7 in physical order, 16 bytes each: the 80-bit value in the low ten. An MMX register is the low eight.
    static let registers = 0
    /// Control word, 16 bits.
    static let control = 128
    /// Status word with TOP in bits 11-13, 16 bits.
    static let status = 130
    /// Abridged tags, 8 bits: bit i is set when Ri is not empty.
    static let tag = 132
    /// Last opcode (FOP): bits 0-2 of the first byte and ModRM, 16 bits.
    static let opcode = 134
    /// Last instruction pointer (FIP), 64 bits.
    static let instructionPointer = 136
    /// Last data pointer (FDP), 64 bits.
    static let dataPointer = 144
    /// Last code selector (FCS), 16 bits.
    static let codeSelector = 152
    /// Last data selector (FDS), 16 bits.
    static let dataSelector = 154
    static let size = 160
}

/// Bits of the status word (SDM volume 1, section 8.1.3).
enum X87Status {
    static let exceptions: UInt16 = 0x3f
    static let stackFault: UInt16 = 1 << 6
    static let errorSummary: UInt16 = 1 << 7
    static let c0: UInt16 = 1 << 8
    static let c1: UInt16 = 1 << 9
    static let c2: UInt16 = 1 << 10
    static let c3: UInt16 = 1 << 14
    static let conditions: UInt16 = c0 | c1 | c2 | c3
    static let busy: UInt16 = 1 << 15
}

/// The x87 unit's registers as a view over its memory area.
struct X87State {
    private let base: UnsafeMutableRawPointer

    /// `base` points to `X87Layout.size` bytes that outlive the view.
    init(_ base: UnsafeMutableRawPointer) {
        self.base = base
    }

    // SAFETY: every offset below is a constant of `X87Layout` plus at most 7 × 16, so within the area that the
    // initialiser's caller vouches for; loads and stores make no demand on alignment.

    private func load<T: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, _ type: T.Type) -> T {
        base.loadUnaligned(fromByteOffset: offset, as: type)
    }

    private func store<T: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, _ value: T) {
        base.storeBytes(of: value, toByteOffset: offset, as: T.self)
    }

    var control: UInt16 {
        get { load(X87Layout.control, UInt16.self) }
        nonmutating set { store(X87Layout.control, newValue) }
    }

    var status: UInt16 {
        get { load(X87Layout.status, UInt16.self) }
        nonmutating set { store(X87Layout.status, newValue) }
    }

    var tag: UInt8 {
        get { load(X87Layout.tag, UInt8.self) }
        nonmutating set { store(X87Layout.tag, newValue) }
    }

    var opcode: UInt16 {
        get { load(X87Layout.opcode, UInt16.self) }
        nonmutating set { store(X87Layout.opcode, newValue & 0x7ff) }
    }

    var instructionPointer: UInt64 {
        get { load(X87Layout.instructionPointer, UInt64.self) }
        nonmutating set { store(X87Layout.instructionPointer, newValue) }
    }

    var dataPointer: UInt64 {
        get { load(X87Layout.dataPointer, UInt64.self) }
        nonmutating set { store(X87Layout.dataPointer, newValue) }
    }

    var codeSelector: UInt16 {
        get { load(X87Layout.codeSelector, UInt16.self) }
        nonmutating set { store(X87Layout.codeSelector, newValue) }
    }

    var dataSelector: UInt16 {
        get { load(X87Layout.dataSelector, UInt16.self) }
        nonmutating set { store(X87Layout.dataSelector, newValue) }
    }

    /// A register by its physical number, modulo 8.
    func physical(_ index: Int) -> Float80Bits {
        let offset = X87Layout.registers + (index & 7) * 16
        return Float80Bits(
            signExponent: load(offset + 8, UInt16.self), significand: load(offset, UInt64.self))
    }

    func setPhysical(_ index: Int, _ value: Float80Bits) {
        let offset = X87Layout.registers + (index & 7) * 16
        store(offset, value.significand)
        store(offset + 8, value.signExponent)
    }

    // MARK: The stack

    var top: Int {
        get { Int(status >> 11 & 7) }
        nonmutating set { status = status & ~0x3800 | UInt16(truncatingIfNeeded: newValue & 7) << 11 }
    }

    private func mask(_ index: Int) -> UInt8 { 1 << UInt8(truncatingIfNeeded: (top + index) & 7) }

    func isEmpty(_ index: Int) -> Bool { tag & mask(index) == 0 }

    /// ST(index).
    subscript(index: Int) -> Float80Bits {
        get { physical(top + index) }
        nonmutating set {
            setPhysical(top + index, newValue)
            tag |= mask(index)
        }
    }

    func free(_ index: Int) { tag &= ~mask(index) }

    func pop() {
        free(0)
        top += 1
    }

    func push(_ value: Float80Bits) {
        top -= 1
        self[0] = value
    }

    // MARK: Exceptions

    var masksInvalid: Bool { control & 1 != 0 }

    /// Whether an unmasked exception waits to be reported.
    var isExceptionPending: Bool { status & X87Status.errorSummary != 0 }

    func setC1(_ value: Bool) {
        status = value ? status | X87Status.c1 : status & ~X87Status.c1
    }

    /// Adds exception flags, and ES and B if one of them is not masked.
    func raise(_ flags: UInt16) {
        status |= flags
        if flags & ~control & X87Status.exceptions != 0 {
            status |= X87Status.errorSummary | X87Status.busy
        }
    }

    /// Sets ES and B from the flags and the masks, after one of the words was loaded.
    func summarize() {
        let summary = X87Status.errorSummary | X87Status.busy
        let isPending = status & ~control & X87Status.exceptions != 0
        status = isPending ? status | summary : status & ~summary
    }

    /// Reports a stack fault. True when it is masked, so that the instruction goes on with indefinite values.
    func stackFault(overflow: Bool) -> Bool {
        setC1(overflow)
        raise(X87Status.stackFault | UInt16(FloatFlags.invalid.rawValue))
        return masksInvalid
    }

    /// Takes over what an operation raised. False when an unmasked exception keeps it from having a result.
    func commit(_ env: FloatEnvironment) -> Bool {
        setC1(env.didRoundUp)
        raise(UInt16(env.raised.rawValue))
        return !env.stopsBeforeResult
    }
}
