internal import VirtKitCore

// The 8259 pair and the I/O APIC as accelerators with controllers of their own have them.

extension PIC8259 {
    var state: X86_64.LegacyControllerState {
        get {
            var state = X86_64.LegacyControllerState()
            (state.request, state.service, state.mask) = (request, service, mask)
            (state.levels, state.levelTriggered) = (levels, levelTriggered)
            (state.vectorBase, state.lowest, state.expectedWord) = (vectorBase, lowest, expectedWord)
            (state.needsWord4, state.readsService, state.isPolled) = (needsWord4, readsService, isPolled)
            (state.specialMask, state.fullyNested) = (specialMask, fullyNested)
            (state.automaticEnd, state.rotatesOnAutomaticEnd) = (automaticEnd, rotatesOnAutomaticEnd)
            return state
        }
        set {
            (request, service, mask) = (newValue.request, newValue.service, newValue.mask)
            (levels, levelTriggered) = (newValue.levels, newValue.levelTriggered & levelCapable)
            (vectorBase, lowest, expectedWord) = (newValue.vectorBase, newValue.lowest & 7, newValue.expectedWord)
            (needsWord4, readsService, isPolled) = (newValue.needsWord4, newValue.readsService, newValue.isPolled)
            (specialMask, fullyNested) = (newValue.specialMask, newValue.fullyNested)
            (automaticEnd, rotatesOnAutomaticEnd) = (newValue.automaticEnd, newValue.rotatesOnAutomaticEnd)
        }
    }
}

extension APICFabric {
    /// Hands the state of the 8259 pair and the I/O APIC over to an accelerator that has its own.
    func handOverInputs(to controllers: any BoardControllers) throws(VirtKitError) {
        var state = X86_64.BoardControllerState()
        legacy?.put(into: &state)
        inputs?.put(into: &state)
        try controllers.setBoardControllers(state)
        let inputLevels =
            state.levels
            & state.redirections.enumerated().reduce(0 as UInt32) { levels, entry in
                entry.element >> 15 & 1 != 0 ? levels | 1 &<< UInt32(entry.offset) : levels
            }
        for input in 0..<24 where inputLevels >> UInt32(input) & 1 != 0 { controllers.setInput(input, true) }
        for (base, chip) in [(24, state.first), (32, state.second)] {
            for input in 0..<8 where chip.levels & chip.levelTriggered >> UInt8(input) & 1 != 0 {
                controllers.setInput(base + input, true)
            }
        }
    }

    /// Takes their state back.
    func takeBackInputs(from controllers: any BoardControllers) throws(VirtKitError) {
        let state = try controllers.boardControllers()
        legacy?.take(state)
        inputs?.take(state)
    }
}
