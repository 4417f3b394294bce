extension Width {
    /// The width of `bytes` bytes: 1, 2, 4 or 8.
    init(bytes: Int) {
        switch bytes {
        case 1: self = .i8
        case 2: self = .i16
        case 4: self = .i32
        default: self = .i64
        }
    }
}

/// Reading and writing what ModRM, opcode and immediate name.
extension X86Lowering {
    /// The second operand of an instruction.
    enum Source {
        case place(Place)
        case immediate(Int64)
    }

    static let rax = X86Slot.general(0)
    static let rcx = X86Slot.general(1)
    static let rdx = X86Slot.general(2)
    static let rbx = X86Slot.general(3)
    static let rsp = X86Slot.general(4)
    static let rbp = X86Slot.general(5)
    static let rsi = X86Slot.general(6)
    static let rdi = X86Slot.general(7)

    // MARK: Widths

    /// The operand width that prefixes and mode select.
    var operandWidth: Width { Width(bytes: instruction.operandBytes) }
    /// i8 for even opcodes, the operand width for odd ones.
    var opcodeWidth: Width { instruction.opcode & 1 == 0 ? .i8 : operandWidth }
    /// The operand width of instructions that default to 64 bits in 64-bit code (stack, near branches).
    var stackOperandWidth: Width {
        guard mode.is64 else { return operandWidth }
        return instruction.hasOperandSizePrefix && !instruction.rexW ? .i16 : .i64
    }
    var addressWidth: Width { Width(bytes: instruction.addressBytes) }

    // MARK: Temporaries

    /// A new temporary.
    mutating func temp() -> Place { builder.newTemp() }

    /// A new temporary that holds `value` in all 64 bits.
    mutating func constant(_ value: Int64) -> Place {
        if value == 0 { return FrameLayout.zero }
        let place = builder.newTemp()
        builder.mov(.i64, place, imm: value)
        return place
    }

    /// The source as a place.
    mutating func place(_ source: Source) -> Place {
        switch source {
        case .place(let place): place
        case .immediate(let value): constant(value)
        }
    }

    /// A copy of `place` in a new temporary, zero-extended to 64 bits.
    mutating func zeroExtended(_ place: Place, _ width: Width) -> Place {
        let copy = builder.newTemp()
        builder.zeroExtend(copy, to: .i64, place, from: width)
        return copy
    }

    // MARK: Registers

    /// The place of general register `number` as an operand of `width`.
    func register(_ number: Int, _ width: Width) -> Place {
        width == .i8 ? X86Slot.byteRegister(number, hasREX: instruction.hasREX) : X86Slot.general(number)
    }

    /// The register that ModRM.reg names.
    func regPlace(_ width: Width) -> Place { register(instruction.reg, width) }
    /// The register that ModRM.rm names.
    func rmPlace(_ width: Width) -> Place { register(instruction.rm, width) }

    // MARK: Memory

    /// The linear address of the memory operand. Emits what it takes: call it once an instruction.
    mutating func address() -> Address { segmented(offset(), instruction.segment) }

    /// The effective address (the offset in the segment) of the memory operand, `adjustment` added.
    mutating func offset(adding adjustment: Int64 = 0) -> Address {
        let displacement = instruction.displacement &+ adjustment
        var result: Address
        if instruction.base == X86Instruction.ripBase {
            result = Address(absolute: nextPC &+ UInt64(bitPattern: displacement))
        } else if instruction.base >= 0 {
            result = Address(base: X86Slot.general(instruction.base), displacement: displacement)
        } else {
            result = Address(base: FrameLayout.zero, displacement: displacement)
        }
        if instruction.index >= 0 {
            result.index = X86Slot.general(instruction.index)
            result.scale = instruction.scale
        }
        return truncated(result)
    }

    /// An address modulo the address size.
    mutating func truncated(_ address: Address) -> Address {
        if instruction.addressBytes == 8 { return address }
        if address.base == FrameLayout.zero, address.index == nil {
            let mask: Int64 = instruction.addressBytes == 4 ? 0xFFFF_FFFF : 0xFFFF
            return Address(base: FrameLayout.zero, displacement: address.displacement & mask)
        }
        var sum = temp()
        builder.lea(.i32, sum, address)
        if instruction.addressBytes == 2 { sum = zeroExtended(sum, .i16) }
        return Address(base: sum)
    }

    /// Whether the base of segment register `number` has to be added.
    func hasBase(_ number: Int) -> Bool { number >= 4 || (!mode.is64 && mode.segmentBases) }

    /// The linear address of an offset in segment `number`, with a guard where the segment is not flat.
    mutating func segmented(_ offset: Address, _ number: Int) -> Address {
        guard mode.checksSegment(number) else { return linear(offset, number) }
        let isConstant = offset.base == FrameLayout.zero && offset.index == nil
        let place = isConstant ? constant(offset.displacement) : addressPlace(offset)
        var address = linear(Address(base: place), number)
        address.guardian = AddressGuard(
            identifier: X86Helper.checkSegment.rawValue, place: place,
            immediate: X86HelperImmediate(length: instruction.length, segment: number).rawValue)
        return address
    }

    /// The linear address of an offset in segment `number`, whatever the segment allows.
    private mutating func linear(_ offset: Address, _ number: Int) -> Address {
        guard hasBase(number) else { return offset }
        let base = X86Slot.segmentBase(number)
        if !mode.is64 {
            let sum = temp()
            if offset.base == FrameLayout.zero, offset.index == nil {
                builder.lea(.i32, sum, Address(base: base, displacement: offset.displacement))
            } else {
                // Outside 64-bit code an offset has been computed into one place by now.
                builder.lea(.i32, sum, Address(base: offset.base, index: base, displacement: offset.displacement))
            }
            return Address(base: sum)
        }
        if offset.base == FrameLayout.zero, offset.index == nil {
            return Address(base: base, displacement: offset.displacement)
        }
        if offset.index == nil {
            return Address(base: offset.base, index: base, displacement: offset.displacement)
        }
        let sum = temp()
        builder.lea(.i64, sum, offset)
        return Address(base: sum, index: base)
    }

    /// The linear address in a place of its own, for a helper that accesses `bytes` bytes there.
    mutating func addressPlace(_ address: Address, checking bytes: Int, writes: Bool) -> Place {
        builder.check(address, bytes, writes: writes)
        return addressPlace(address)
    }

    /// The linear address in a place of its own. Its guard is not called.
    mutating func addressPlace(_ address: Address) -> Place {
        if address.index == nil, address.displacement == 0 { return address.base }
        let sum = temp()
        builder.lea(.i64, sum, address)
        return sum
    }

    /// Loads into a new temporary.
    mutating func load(_ width: Width, _ address: Address) -> Place {
        let value = temp()
        builder.load(width, value, address)
        return value
    }

    /// Loads into a new temporary, zero-extended to 64 bits.
    mutating func loadZero(_ width: Width, _ address: Address) -> Place {
        let value = temp()
        builder.loadZeroExtended(value, to: .i64, address, from: width)
        return value
    }

    // MARK: ModRM.rm, register or memory

    /// The value of the ModRM.rm operand: its register, or a load into a temporary.
    mutating func readRM(_ width: Width) -> Place {
        instruction.isRegisterForm ? rmPlace(width) : load(width, address())
    }

    /// The value of the ModRM.rm operand in a temporary, zero-extended to 64 bits.
    mutating func readRMZero(_ width: Width) -> Place {
        instruction.isRegisterForm ? zeroExtended(rmPlace(width), width) : loadZero(width, address())
    }

    /// Writes the ModRM.rm operand.
    mutating func writeRM(_ width: Width, _ value: Place) {
        if instruction.isRegisterForm {
            builder.mov(width, rmPlace(width), value)
        } else {
            builder.store(width, value, address())
        }
    }

    /// Stores the low `width` of a constant.
    mutating func storeImmediate(_ width: Width, _ value: Int64, _ address: Address) {
        let short = Int64(Int32(truncatingIfNeeded: value))
        if width != .i64 || short == value {
            builder.store(width, imm: short, address)
        } else {
            builder.store(width, constant(value), address)
        }
    }

    // MARK: The stack

    /// The width of the stack pointer.
    var stackWidth: Width { mode.is64 ? .i64 : mode.stack16 ? .i16 : .i32 }

    /// The linear address `displacement` from where the stack pointer, or another register used like it, points.
    mutating func stackAddress(_ displacement: Int64, base: Place = X86Lowering.rsp) -> Address {
        if mode.is64 { return Address(base: base, displacement: displacement) }
        var sum = temp()
        builder.lea(.i32, sum, Address(base: base, displacement: displacement))
        if mode.stack16 { sum = zeroExtended(sum, .i16) }
        return segmented(Address(base: sum), 2)
    }

    /// Moves the stack pointer.
    mutating func adjustStack(_ displacement: Int64) {
        builder.binary(.add, stackWidth, Self.rsp, Self.rsp, imm: displacement)
    }

    /// Pushes a value: the store, then the stack pointer.
    mutating func push(_ width: Width, _ value: Place) {
        let bytes = Int64(width.bytes)
        builder.store(width, value, stackAddress(-bytes))
        adjustStack(-bytes)
    }

    mutating func push(_ width: Width, imm value: Int64) {
        let bytes = Int64(width.bytes)
        storeImmediate(width, value, stackAddress(-bytes))
        adjustStack(-bytes)
    }
}
