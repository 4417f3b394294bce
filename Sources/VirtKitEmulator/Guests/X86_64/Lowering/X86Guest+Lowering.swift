extension X86Guest {
    func lowerBlock(_ builder: inout BlockBuilder, pc: UInt64, code: inout CodeWindow) {
        X86Lowering.lowerBlock(&builder, mode: mode, codeLimit: codeLimits[mode.codeLimit], pc: pc, code: &code)
    }

    func helperEffects(_ identifier: UInt16) -> HelperEffects { X86Helper.effects(of: identifier) }
}
