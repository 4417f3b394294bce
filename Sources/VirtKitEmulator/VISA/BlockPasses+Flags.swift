/// Dead flags.
extension BlockPasses {
    /// Removes flags records that nobody can see: another record follows with nothing in between that reads flags,
    /// faults, or may leave the block.
    mutating func removeDeadFlags(_ guest: any GuestFrontend) {
        // Whoever comes after the block may read them.
        var isLive = true
        var index = work.count - 1
        while index >= 0 {
            let operation = work[index]
            // At the end of an instruction after which the block may end early they can be seen.
            let isLastOfInstruction = index + 1 == work.count || instruction[index + 1] != instruction[index]
            if isLastOfInstruction, instruction[index] < mayEndEarly.count, mayEndEarly[instruction[index]] {
                isLive = true
            }
            let form = OpcodeForm.of(operation.opcode)
            if operation.opcode == .helper {
                let effects = guest.helperEffects(operation.helperIdentifier)
                // One that writes flags may leave some as they are.
                if !effects.isDisjoint(with: [.readsFlags, .writesFlags, .mayFault, .mayEndBlock]) { isLive = true }
            } else {
                switch form.flags {
                case .untouched: break
                case .read: isLive = true
                case .write:
                    // setFlagsFrom and records have no other effect.
                    if !isLive { isRemoved[index] = true }
                    isLive = false
                case .update:
                    // An update whose flags nobody sees needs no earlier ones either.
                    if !isLive { isRemoved[index] = true }
                }
                if form.mayFault { isLive = true }
            }
            index -= 1
        }
    }
}
