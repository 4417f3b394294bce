/// Turns what a lowering built into what an engine runs.
///
/// Without optimisation: the operations as they are, boundaries among them. With it: boundaries move into a table, the
/// terminator carries the count of instructions, and the passes run.
struct BlockPasses {
    private(set) var operations: [Operation] = []
    private(set) var boundaries: [BoundaryEntry] = []

    /// Fills `operations` and `boundaries` from a terminated builder.
    mutating func run(_ builder: borrowing BlockBuilder, pc: UInt64, optimise: Bool, guest: any GuestFrontend) {
        operations.removeAll(keepingCapacity: true)
        boundaries.removeAll(keepingCapacity: true)
        if optimise {
            strip(builder.operations, pc)
        } else {
            keep(builder.operations, pc)
        }
    }

    private mutating func keep(_ source: [Operation], _ pc: UInt64) {
        for operation in source {
            if operation.opcode == .boundary { addBoundary(operation, pc) }
            operations.append(operation)
        }
    }

    private mutating func strip(_ source: [Operation], _ pc: UInt64) {
        for operation in source {
            if operation.opcode == .boundary {
                addBoundary(operation, pc)
            } else {
                operations.append(operation)
            }
        }
        let count = Place(truncatingIfNeeded: boundaries.count)
        var index = operations.count - 1
        while index >= 0 {
            switch operations[index].opcode {
            case .jump, .jumpIndirect, .exit, .exitDynamic: operations[index].d = count
            default: return
            }
            index -= 1
        }
    }

    private mutating func addBoundary(_ operation: Operation, _ pc: UInt64) {
        let delta = UInt64(bitPattern: operation.immediate) &- pc
        boundaries.append(
            BoundaryEntry(
                operationIndex: UInt32(truncatingIfNeeded: operations.count),
                pcDelta: Int32(truncatingIfNeeded: delta)))
    }
}
