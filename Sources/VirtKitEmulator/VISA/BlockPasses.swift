/// Turns what a lowering built into what an engine runs.
///
/// Without optimisation: the operations as they are, boundaries among them. With it: boundaries move into a table, the
/// terminator carries the count of instructions, and the passes run.
struct BlockPasses {
    private(set) var operations: [Operation] = []
    private(set) var boundaries: [BoundaryEntry] = []

    /// While the passes run: the number of each operation's guest instruction, and whether it has been removed.
    var work: [Operation] = []
    var instruction: [Int] = []
    var isRemoved: [Bool] = []
    /// For each guest instruction, its PC minus the block's, and whether it may end the block early: it stores (and may
    /// hit the block itself) or calls a helper.
    private var deltas: [Int32] = []
    var mayEndEarly: [Bool] = []

    /// Fills `operations` and `boundaries` from a terminated builder.
    mutating func run(_ builder: borrowing BlockBuilder, pc: UInt64, optimise: Bool, guest: any GuestFrontend) {
        operations.removeAll(keepingCapacity: true)
        boundaries.removeAll(keepingCapacity: true)
        guard optimise else { return keep(builder.operations, pc) }
        strip(builder.operations, pc, guest)
        removeDeadFlags(guest)
        mergeMoves()
        fuse()
        finish()
    }

    private mutating func keep(_ source: [Operation], _ pc: UInt64) {
        for operation in source {
            if operation.opcode == .boundary {
                let delta = UInt64(bitPattern: operation.immediate) &- pc
                boundaries.append(
                    BoundaryEntry(
                        operationIndex: UInt32(truncatingIfNeeded: operations.count),
                        pcDelta: Int32(truncatingIfNeeded: delta)))
            }
            operations.append(operation)
        }
    }

    private mutating func strip(_ source: [Operation], _ pc: UInt64, _ guest: any GuestFrontend) {
        work.removeAll(keepingCapacity: true)
        instruction.removeAll(keepingCapacity: true)
        isRemoved.removeAll(keepingCapacity: true)
        deltas.removeAll(keepingCapacity: true)
        mayEndEarly.removeAll(keepingCapacity: true)
        for operation in source {
            if operation.opcode == .boundary {
                deltas.append(Int32(truncatingIfNeeded: UInt64(bitPattern: operation.immediate) &- pc))
                mayEndEarly.append(false)
                continue
            }
            let number = max(deltas.count - 1, 0)
            if number < mayEndEarly.count && mayStore(operation, guest) { mayEndEarly[number] = true }
            work.append(operation)
            instruction.append(number)
            isRemoved.append(false)
        }
    }

    private func mayStore(_ operation: Operation, _ guest: any GuestFrontend) -> Bool {
        guard operation.opcode == .helper else { return OpcodeForm.of(operation.opcode).stores }
        return !guest.helperEffects(operation.helperIdentifier).isDisjoint(with: [.storesMemory, .mayEndBlock])
    }

    private mutating func finish() {
        var next = 0
        for index in work.indices where !isRemoved[index] {
            addBoundaries(upTo: instruction[index], &next)
            operations.append(work[index])
        }
        addBoundaries(upTo: deltas.count - 1, &next)
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

    private mutating func addBoundaries(upTo number: Int, _ next: inout Int) {
        while next <= number && next < deltas.count {
            boundaries.append(
                BoundaryEntry(operationIndex: UInt32(truncatingIfNeeded: operations.count), pcDelta: deltas[next]))
            next += 1
        }
    }

    /// The operation before `index` that has not been removed.
    func previous(_ index: Int) -> Int? {
        var index = index - 1
        while index >= 0 {
            if !isRemoved[index] { return index }
            index -= 1
        }
        return nil
    }
}
