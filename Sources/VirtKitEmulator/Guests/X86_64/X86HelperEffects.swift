extension X86Helper {
    /// What helper `identifier` does, for `GuestFrontend.helperEffects`. What is not listed may do anything.
    static func effects(of identifier: UInt16) -> HelperEffects {
        guard let helper = X86Helper(rawValue: identifier) else { return .all }
        switch helper {
        case .divide, .signedDivide, .loadMXCSR, .vector: return [.mayFault, .touchesSlots]
        case .vectorQuiet, .enterMMX, .emptyMMX: return .touchesSlots
        case .rotateCarryLeft, .rotateCarryRight, .shiftDoubleLeft, .shiftDoubleRight: return .readsFlags
        case .pause: return .mayEndBlock
        case .crc32, .vectorPure, .storeMachineStatus: return []
        case .checkFPU, .checkBounds, .checkSegment, .checkCodeOffset, .instructionBreakpoint: return .mayFault
        case .asciiAdjustAdd, .asciiAdjustSub, .asciiAdjustDivide, .asciiAdjustMultiply, .decimalAdjustAdd,
            .decimalAdjustSub:
            return [.readsFlags, .writesFlags, .touchesSlots]
        case .repeatMove, .repeatStore: return [.mayFault, .mayEndBlock, .touchesSlots, .storesMemory]
        case .repeatLoad: return [.mayFault, .mayEndBlock, .touchesSlots]
        case .pushAll, .popAll, .enterNested: return [.mayFault, .touchesSlots, .storesMemory]
        case .cpuid, .readTSC, .readTSCP, .swapGS: return .touchesSlots
        case .randomNumber: return [.writesFlags, .touchesSlots]
        case .readControl, .readDebug: return [.mayFault, .touchesSlots]
        case .writeSegmentBase: return [.mayFault, .touchesSlots]
        // Their instruction has written registers by then.
        case .singleStep, .writeFlags: return HelperEffects.all.subtracting(.mayFault)
        default: return .all
        }
    }
}
