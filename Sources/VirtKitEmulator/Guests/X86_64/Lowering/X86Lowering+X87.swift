/// The x87 unit: each instruction is one helper call.
extension X86Lowering {
    mutating func lowerX87() {
        if mode.emulateFPU || mode.taskSwitched { return raise(X86Vector.deviceNotAvailable) }
        let opcode = UInt16(instruction.opcode) << 8 | UInt16(instruction.modRM)
        guard let form = X87.form(opcode, operandSize16: instruction.operandBytes == 2) else {
            return raiseUndefined()
        }
        let argument = !mode.protectedMode || mode.virtual8086 ? 1 : 0
        if form.memoryBytes == 0 { return helper(.x87, argument: argument, extra: opcode) }
        // The unit records the offset; the access uses the linear address.
        let offset = addressPlace(offset())
        let linear = addressPlace(
            segmented(Address(base: offset), instruction.segment), checking: form.memoryBytes,
            writes: form.access == .write)
        helper(.x87, a: linear, b: offset, argument: argument, extra: opcode)
    }

    /// 9B: WAIT.
    mutating func waitFPU() {
        if mode.monitorCoprocessor, mode.taskSwitched { return raise(X86Vector.deviceNotAvailable) }
        checkFPU()
    }

    /// #MF if an x87 exception is pending.
    mutating func checkFPU() {
        helper(.checkFPU, a: X86Slot.x87 &+ UInt16(X87Layout.control))
    }
}
