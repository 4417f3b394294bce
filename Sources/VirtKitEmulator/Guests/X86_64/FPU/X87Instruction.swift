/// Whether an x87 instruction reads or writes its memory operand.
enum X87Access: UInt8, Sendable {
    case none, read, write
}

/// What an emulator must know of an x87 instruction before it runs it.
struct X87Form: Equatable, Sendable {
    /// Size of the memory operand in bytes: 0, 2, 4, 8, 10, 14, 28, 94 or 108.
    var memoryBytes: Int
    var access: X87Access
    /// FCMOVcc.
    var readsFlags = false
    /// FCOMI and its kin.
    var writesFlags = false
    /// FNSTSW AX.
    var writesAX = false
    /// A pending unmasked exception is reported (#MF) before the instruction; false for the FN… forms.
    var waits = true
}

/// A decoded x87 instruction.
struct X87Instruction: Sendable {
    enum Operation: UInt8, Sendable {
        case add, multiply, subtract, subtractReversed, divide, divideReversed
        case compare, compareQuiet, compareFlags, compareFlagsQuiet, test, examine
        case load, store, storeTruncated, exchange, conditionalMove, free
        case changeSign, absolute, squareRoot, roundToInteger, scale, extract, remainder, remainderIEEE
        case loadConstant
        case exponential, logarithm, logarithm1, tangent, arcTangent, sine, cosine, sineCosine
        case incrementTop, decrementTop, none
        // Control instructions: they leave the last instruction's pointers alone.
        case noneNoWait, loadControl, storeControl, storeStatus, clearExceptions, initialize
        case loadEnvironment, storeEnvironment, save, restore

        var isControl: Bool { rawValue >= Operation.noneNoWait.rawValue }

        var waits: Bool {
            switch self {
            case .noneNoWait, .storeControl, .storeStatus, .clearExceptions, .initialize, .storeEnvironment, .save:
                false
            default: true
            }
        }
    }

    enum Operand: UInt8, Sendable {
        case none, register
        case single, double, extended, int16, int32, int64, bcd
        case word, environment, image, ax
    }

    var operation: Operation
    var operand: Operand = .none
    /// The register operand's number, or the constant's.
    var index = 0
    /// FCMOVcc's: below, equal, below or equal, unordered, then their opposites.
    var condition = 0
    /// The result goes to ST(index) and not to ST(0).
    var toRegister = false
    var pops = 0
    /// D9 D8+i, an FSTP without a stack underflow exception.
    var ignoresEmpty = false

    /// Decodes `first byte << 8 | ModRM`; nil for what is reserved (#UD).
    init?(_ opcode: UInt16) {
        guard opcode >> 8 >= 0xd8 && opcode >> 8 <= 0xdf else { return nil }
        let row = Int(opcode >> 8 & 7)
        let column = Int(opcode >> 3 & 7)
        let decoded =
            opcode & 0xc0 == 0xc0
            ? Self.register(row: row, column: column, index: Int(opcode & 7)) : Self.memory(row: row, column: column)
        guard let decoded else { return nil }
        self = decoded
    }

    private init(
        _ operation: Operation, _ operand: Operand = .none, index: Int = 0, toRegister: Bool = false, pops: Int = 0
    ) {
        self.operation = operation
        self.operand = operand
        self.index = index
        self.toRegister = toRegister
        self.pops = pops
    }

    /// The eight operations that D8, DA, DC and DE share.
    private static func arithmetic(_ column: Int, _ operand: Operand, index: Int = 0) -> X87Instruction {
        switch column {
        case 0: Self(.add, operand, index: index)
        case 1: Self(.multiply, operand, index: index)
        case 2: Self(.compare, operand, index: index)
        case 3: Self(.compare, operand, index: index, pops: 1)
        case 4: Self(.subtract, operand, index: index)
        case 5: Self(.subtractReversed, operand, index: index)
        case 6: Self(.divide, operand, index: index)
        default: Self(.divideReversed, operand, index: index)
        }
    }

    private static func memory(row: Int, column: Int) -> X87Instruction? {
        switch (row, column) {
        case (0, _): arithmetic(column, .single)
        case (2, _): arithmetic(column, .int32)
        case (4, _): arithmetic(column, .double)
        case (6, _): arithmetic(column, .int16)
        case (1, 0): Self(.load, .single)
        case (1, 2): Self(.store, .single)
        case (1, 3): Self(.store, .single, pops: 1)
        case (1, 4): Self(.loadEnvironment, .environment)
        case (1, 5): Self(.loadControl, .word)
        case (1, 6): Self(.storeEnvironment, .environment)
        case (1, 7): Self(.storeControl, .word)
        case (3, 0): Self(.load, .int32)
        case (3, 1): Self(.storeTruncated, .int32, pops: 1)
        case (3, 2): Self(.store, .int32)
        case (3, 3): Self(.store, .int32, pops: 1)
        case (3, 5): Self(.load, .extended)
        case (3, 7): Self(.store, .extended, pops: 1)
        case (5, 0): Self(.load, .double)
        case (5, 1): Self(.storeTruncated, .int64, pops: 1)
        case (5, 2): Self(.store, .double)
        case (5, 3): Self(.store, .double, pops: 1)
        case (5, 4): Self(.restore, .image)
        case (5, 6): Self(.save, .image)
        case (5, 7): Self(.storeStatus, .word)
        case (7, 0): Self(.load, .int16)
        case (7, 1): Self(.storeTruncated, .int16, pops: 1)
        case (7, 2): Self(.store, .int16)
        case (7, 3): Self(.store, .int16, pops: 1)
        case (7, 4): Self(.load, .bcd)
        case (7, 5): Self(.load, .int64)
        case (7, 6): Self(.store, .bcd, pops: 1)
        case (7, 7): Self(.store, .int64, pops: 1)
        default: nil
        }
    }

    private static func register(row: Int, column: Int, index: Int) -> X87Instruction? {
        switch (row, column) {
        case (0, _): arithmetic(column, .register, index: index)
        case (1, 0): Self(.load, .register, index: index)
        case (1, 1), (5, 1), (7, 1): Self(.exchange, .register, index: index)
        case (1, 2): index == 0 ? Self(.none) : nil
        case (1, 3): storeIgnoringEmpty(index: index)
        case (7, 2), (7, 3): Self(.store, .register, index: index, pops: 1)
        case (1, 4), (1, 5), (1, 6), (1, 7): single(column: column, index: index)
        case (2, 0...3): conditionalMove(column, index: index)
        case (2, 5): index == 1 ? Self(.compareQuiet, .register, index: 1, pops: 2) : nil
        case (3, 0...3): conditionalMove(column + 4, index: index)
        case (3, 4): control(index)
        case (3, 5): Self(.compareFlagsQuiet, .register, index: index)
        case (3, 6): Self(.compareFlags, .register, index: index)
        case (4, _): toRegister(column, index: index, pops: 0)
        case (5, 0): Self(.free, .register, index: index)
        case (5, 2): Self(.store, .register, index: index)
        case (5, 3): Self(.store, .register, index: index, pops: 1)
        case (5, 4): Self(.compareQuiet, .register, index: index)
        case (5, 5): Self(.compareQuiet, .register, index: index, pops: 1)
        case (6, 2): Self(.compare, .register, index: index, pops: 1)
        case (6, 3): index == 1 ? Self(.compare, .register, index: 1, pops: 2) : nil
        case (6, _): toRegister(column, index: index, pops: 1)
        case (7, 0): Self(.free, .register, index: index, pops: 1)
        case (7, 4): index == 0 ? Self(.storeStatus, .ax) : nil
        case (7, 5): Self(.compareFlagsQuiet, .register, index: index, pops: 1)
        case (7, 6): Self(.compareFlags, .register, index: index, pops: 1)
        default: nil
        }
    }

    /// DC and DE: the result goes to ST(index), and the reversed forms change places.
    private static func toRegister(_ column: Int, index: Int, pops: Int) -> X87Instruction {
        var instruction = arithmetic(column >= 4 ? column ^ 1 : column, .register, index: index)
        instruction.toRegister = true
        instruction.pops += pops
        return instruction
    }

    private static func conditionalMove(_ condition: Int, index: Int) -> X87Instruction {
        var instruction = Self(.conditionalMove, .register, index: index)
        instruction.condition = condition
        return instruction
    }

    private static func storeIgnoringEmpty(index: Int) -> X87Instruction {
        var instruction = Self(.store, .register, index: index, pops: 1)
        instruction.ignoresEmpty = true
        return instruction
    }

    /// D9 E0 to D9 FF.
    private static func single(column: Int, index: Int) -> X87Instruction? {
        switch (column, index) {
        case (4, 0): Self(.changeSign)
        case (4, 1): Self(.absolute)
        case (4, 4): Self(.test)
        case (4, 5): Self(.examine)
        case (5, 0...6): Self(.loadConstant, index: index)
        case (6, 0): Self(.exponential)
        case (6, 1): Self(.logarithm)
        case (6, 2): Self(.tangent)
        case (6, 3): Self(.arcTangent)
        case (6, 4): Self(.extract)
        case (6, 5): Self(.remainderIEEE)
        case (6, 6): Self(.decrementTop)
        case (6, 7): Self(.incrementTop)
        case (7, 0): Self(.remainder)
        case (7, 1): Self(.logarithm1)
        case (7, 2): Self(.squareRoot)
        case (7, 3): Self(.sineCosine)
        case (7, 4): Self(.roundToInteger)
        case (7, 5): Self(.scale)
        case (7, 6): Self(.sine)
        case (7, 7): Self(.cosine)
        default: nil
        }
    }

    /// DB E0 to DB E7; what the 8087 and 287 had more of does nothing (SDM volume 3, section 23.18.9).
    private static func control(_ index: Int) -> X87Instruction? {
        switch index {
        case 0, 1, 4: Self(.noneNoWait)
        case 2: Self(.clearExceptions)
        case 3: Self(.initialize)
        default: nil
        }
    }
}

/// The x87 unit of an x86 processor: its instructions as functions over the register area.
enum X87 {
    /// What the instruction `first byte << 8 | ModRM` needs; nil if it is reserved (#UD).
    static func form(_ opcode: UInt16, operandSize16: Bool) -> X87Form? {
        guard let instruction = X87Instruction(opcode) else { return nil }
        let operation = instruction.operation
        let bytes =
            switch instruction.operand {
            case .none, .register, .ax: 0
            case .int16, .word: 2
            case .single, .int32: 4
            case .double, .int64: 8
            case .extended, .bcd: 10
            case .environment: operandSize16 ? 14 : 28
            case .image: operandSize16 ? 94 : 108
            }
        let writes =
            switch operation {
            case .store, .storeTruncated, .storeControl, .storeStatus, .storeEnvironment, .save: true
            default: false
            }
        return X87Form(
            memoryBytes: bytes, access: bytes == 0 ? .none : writes ? .write : .read,
            readsFlags: operation == .conditionalMove,
            writesFlags: operation == .compareFlags || operation == .compareFlagsQuiet,
            writesAX: instruction.operand == .ax, waits: operation.waits)
    }
}
