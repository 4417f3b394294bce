/// The x87 unit, and the stack instructions of several steps.
extension X86Computation {
    // MARK: x87

    private var unit: UnsafeMutableRawPointer { frame + Int(X86Slot.x87) }

    func checkFPU() throws(Failure) {
        if X87.isExceptionPending(unit) { throw .vector(X86Vector.x87Error) }
    }

    func x87() throws(Failure) {
        let opcode = immediate.extra
        guard let form = X87.form(opcode, operandSize16: bytes == 2) else { throw .exception(.invalidOpcode) }
        if form.waits { try checkFPU() }
        let address = form.memoryBytes == 0 ? 0 : quad(a)
        var buffer = InlineBuffer()
        let failure: Failure? = withUnsafeMutableBytes(of: &buffer) { memory in
            guard let base = memory.baseAddress else { return .access }
            // SAFETY: the buffer has 128 bytes, and no form has an operand of more than 108.
            let operand = UnsafeMutableRawBufferPointer(start: base, count: form.memoryBytes)
            do throws(GuestFault) {
                switch form.access {
                case .none: break
                case .read: try engine.loadBytes(address, into: operand)
                case .write: try engine.probe(address, count: form.memoryBytes, access: .write)
                }
                guard execute(opcode, form, base) else { return .vector(X86Vector.x87Error) }
                if form.access == .write, lastOutcomeStores(base) {
                    try engine.storeBytes(UnsafeRawBufferPointer(operand), to: address)
                }
                return nil
            } catch {
                return .access
            }
        }
        if let failure { throw failure }
    }

    /// Room for the largest operand; the last byte says whether to store it.
    private struct InlineBuffer {
        var words: InlineArray<16, UInt64> = .init(repeating: 0)
    }

    private func lastOutcomeStores(_ memory: UnsafeMutableRawPointer) -> Bool {
        memory.load(fromByteOffset: 127, as: UInt8.self) != 0
    }

    /// Runs the instruction; false for #MF.
    private func execute(_ opcode: UInt16, _ form: X87Form, _ memory: UnsafeMutableRawPointer) -> Bool {
        var context = X87Context()
        context.instructionPointer = engine.currentPC
        context.codeSelector = selector(1)
        if form.memoryBytes != 0 {
            context.dataPointer = quad(b)
            context.dataSelector = selector(immediate.segment)
        }
        context.operandSize16 = bytes == 2
        context.realMode = immediate.argument == 1
        var flags: UInt64 = form.readsFlags ? engine.flags : 0
        let outcome = X87.execute(opcode, context: context, state: unit, memory: memory, flags: &flags)
        memory.storeBytes(of: outcome == .done ? 1 : 0, toByteOffset: 127, as: UInt8.self)
        switch outcome {
        case .pendingException: return false
        case .noStore: return true
        case .done:
            if form.writesFlags { engine.flags = flags & FlagBits.all }
            if form.writesAX { setValue(X86Slot.general(0), UInt64(memory.load(as: UInt16.self)), 2) }
            return true
        }
    }

    private func selector(_ number: Int) -> UInt16 {
        guard number < 6 else { return 0 }
        return frame.load(fromByteOffset: Int(X86Slot.segmentSelectors) &+ number &* 2, as: UInt16.self)
    }

    // MARK: ENTER, PUSHA, POPA

    /// All bits of the stack pointer, which has the immediate's address size.
    private var stackMask: UInt64 { Self.mask(immediate.addressBytes) }

    /// The linear address of a stack offset, checked: the stack segment's base is added outside 64-bit code.
    private func stackAddress(_ offset: UInt64, writes: Bool) throws(Failure) -> UInt64 {
        if immediate.addressBytes == 8 { return offset }
        let place = offset & stackMask
        if guest?.mode.segmentChecks == true { try check(2, place, bytes, writes: writes) }
        return (place &+ quad(X86Slot.segmentBase(2))) & 0xFFFF_FFFF
    }

    private func pushValue(_ value: UInt64, _ offset: UInt64) throws(Failure) {
        try storeValue(value, to: try stackAddress(offset, writes: true), bytes)
    }

    private func popValue(_ offset: UInt64) throws(Failure) -> UInt64 {
        try loadValue(try stackAddress(offset, writes: false), bytes)
    }

    private func setStackPointer(_ value: UInt64) { setValue(X86Slot.general(4), value, immediate.addressBytes) }

    /// ENTER (SDM volume 2). Stores go below the stack pointer, which moves at the end.
    func enterNested() throws(Failure) {
        let step = UInt64(bytes)
        let level = immediate.argument
        let frameEnd = general(4) &- step
        try pushValue(general(5), frameEnd)
        var top = frameEnd
        var link = general(5)
        for _ in 1..<max(1, level) {
            link &-= step
            top &-= step
            try pushValue(try popValue(link), top)
        }
        if level > 0 {
            top &-= step
            try pushValue(frameEnd, top)
        }
        // A write to the new top of the stack must be possible.
        let depth = UInt64(truncatingIfNeeded: level) &* step &+ UInt64(immediate.extra)
        let newTop = try stackAddress(frameEnd &- depth, writes: true)
        do throws(GuestFault) {
            try engine.probe(newTop, count: bytes, access: .write)
        } catch {
            throw .access
        }
        setValue(X86Slot.general(5), frameEnd & stackMask, immediate.addressBytes == 8 ? 8 : bytes)
        setStackPointer(top &- UInt64(immediate.extra))
    }

    /// PUSHA: AX CX DX BX, the old SP, BP SI DI.
    func pushAll() throws(Failure) {
        let step = UInt64(bytes)
        let old = general(4)
        for number in 0..<8 { try pushValue(general(number), old &- step &* UInt64(number &+ 1)) }
        setStackPointer(old &- 8 &* step)
    }

    /// POPA; the popped SP is dropped.
    func popAll() throws(Failure) {
        let step = UInt64(bytes)
        let old = general(4)
        var values: InlineArray<8, UInt64> = .init(repeating: 0)
        for number in 0..<8 { values[7 - number] = try popValue(old &+ step &* UInt64(number)) }
        for number in 0..<8 where number != 4 { setValue(X86Slot.general(number), values[number], bytes) }
        setStackPointer(old &+ 8 &* step)
    }
}
