/// Merged moves and fused operations.
extension BlockPasses {
    // MARK: Moves

    /// `t := …; mov d, t`, with no other use of temporary t, becomes `d := …`.
    mutating func mergeMoves() {
        guard let first = work.firstIndex(where: { $0.opcode.isBetween(.mov8, .mov64) && isTemporary($0.a) }) else {
            return
        }
        var uses: [Place: Int] = [:]
        for index in work.indices where !isRemoved[index] {
            let operation = work[index]
            let form = OpcodeForm.of(operation.opcode)
            if operation.opcode == .helper {
                // A helper may use what its fields name as it likes.
                for place in [operation.d, operation.a, operation.b] where isTemporary(place) {
                    uses[place & ~7, default: 0] += 2
                    uses[(place & ~7) &+ 8, default: 0] += 2
                }
                continue
            }
            if case .read(let bytes) = form.d { countUse(operation.d, bytes, &uses) }
            if case .read(let bytes) = form.a { countUse(operation.a, bytes, &uses) }
            if case .read(let bytes) = form.b { countUse(operation.b, bytes, &uses) }
            if case .place(let bytes) = form.immediate {
                countUse(Place(truncatingIfNeeded: operation.immediate), bytes, &uses)
            }
        }
        for index in first..<work.count where !isRemoved[index] && work[index].opcode.isBetween(.mov8, .mov64) {
            let move = work[index]
            guard isTemporary(move.a), move.a & 7 == 0, uses[move.a] == 1, let source = previous(index),
                instruction[source] == instruction[index], work[source].d == move.a
            else { continue }
            let width = Int(move.opcode.index - Opcode.mov8.index)
            guard definesExactly(work[source].opcode, width) else { continue }
            work[source].d = move.d
            isRemoved[index] = true
        }
    }

    private func isTemporary(_ place: Place) -> Bool { place >= FrameLayout.temporaries }

    private func countUse(_ place: Place, _ bytes: Int, _ uses: inout [Place: Int]) {
        guard isTemporary(place) else { return }
        uses[place & ~7, default: 0] += 1
        if bytes > 8 { uses[(place & ~7) &+ 8, default: 0] += 1 }
    }

    /// Whether an operation writes its d as a `mov` of width number `width` would, whatever the value: 1 byte, 2 bytes,
    /// 4 bytes zero-extended, or 8 bytes.
    private func definesExactly(_ opcode: Opcode, _ width: Int) -> Bool {
        if opcode.isBetween(.mov8, .mulHighSigned64) {
            return Int(opcode.index - Opcode.mov8.index) % 4 == width
        }
        if opcode.isBetween(.load8, .loadIndexedSigned32to64) {
            let offset = Int(opcode.index - Opcode.load8.index) % 13
            switch width {
            case 0: return offset == 0
            case 1: return offset == 1 || offset == 4 || offset == 7
            case 2: return offset == 2 || offset == 5 || offset == 6 || offset == 8 || offset == 10
            default: return [3, 5, 6, 9, 11, 12].contains(offset) || offset == 2
            }
        }
        switch opcode {
        case .zext8to16, .sext8to16: return width == 1
        case .zext8to64, .zext16to64: return width >= 2
        case .zext32to64: return width >= 2
        case .sext8to32, .sext16to32, .lea32: return width == 2
        case .sext8to64, .sext16to64, .sext32to64, .lea64: return width == 3
        case .selectNonZero8, .selectIf8, .conditionByte: return width == 0
        case .selectNonZero16, .selectIf16: return width == 1
        case .selectNonZero32, .selectIf32: return width == 2
        case .selectNonZero64, .selectIf64, .condition64: return width == 3
        default: return false
        }
    }

    // MARK: Fusion

    /// Fuses records with the operation beside them, and with the branch that asks for them.
    mutating func fuse() {
        for index in work.indices where !isRemoved[index] {
            guard let before = previous(index) else { continue }
            if instruction[before] == instruction[index], let fused = fuse(work[before], work[index]) {
                work[index] = fused
                isRemoved[before] = true
            } else if work[index].opcode == .branchIf {
                fuseBranch(index)
            }
        }
    }

    /// The operation that does both, or nil.
    private func fuse(_ first: Operation, _ second: Operation) -> Operation? {
        if first.opcode.isBetween(.recordAdd8, .recordAndImm64) {
            return fuseRecord(first, second)
        }
        if first.opcode.isBetween(.recordShlImm8, .recordSarImm64) { return fuseShift(first, second) }
        if first.opcode.isBetween(.recordInc8, .recordDec64) { return fuseStep(first, second) }
        // and, or, xor, then the record of the result.
        if first.opcode.isBetween(.and8, .xorImm64) {
            let offset = Int(first.opcode.index - Opcode.and8.index)
            let width = offset % 4
            let isLogic =
                second.opcode == .recordLogic8.advanced(by: width)
                || second.opcode == .recordAnd8.advanced(by: width) && second.a == second.b
            guard isLogic, second.a == first.d else { return nil }
            var fused = first
            fused.opcode = .andFlags8.advanced(by: offset)
            return fused
        }
        return nil
    }

    /// The record of add, sub or and, then the operation itself.
    private func fuseRecord(_ record: Operation, _ second: Operation) -> Operation? {
        let offset = Int(record.opcode.index - Opcode.recordAdd8.index)
        let form = offset % 8
        let plain: Opcode
        let fused: Opcode
        switch offset / 8 {
        case 0: (plain, fused) = (.add8, .addFlags8)
        case 2: (plain, fused) = (.sub8, .subFlags8)
        case 4: (plain, fused) = (.and8, .andFlags8)
        default: return nil
        }
        guard second.opcode == plain.advanced(by: form), second.a == record.a, second.b == record.b,
            second.immediate == record.immediate
        else { return nil }
        var result = second
        result.opcode = fused.advanced(by: form)
        return result
    }

    private func fuseShift(_ record: Operation, _ second: Operation) -> Operation? {
        let offset = Int(record.opcode.index - Opcode.recordShl8.index)
        let kind = offset / 8
        let width = offset % 4
        guard offset % 8 >= 4, width >= 2, second.opcode == .shl8.advanced(by: offset), second.a == record.a,
            second.immediate == record.immediate, second.immediate & (width == 3 ? 63 : 31) != 0
        else { return nil }
        var result = second
        result.opcode = .shlFlagsImm32.advanced(by: kind * 2 + width - 2)
        return result
    }

    private func fuseStep(_ record: Operation, _ second: Operation) -> Operation? {
        let offset = Int(record.opcode.index - Opcode.recordInc8.index)
        let width = offset % 4
        let step: Int64
        if second.opcode == .addImm8.advanced(by: width) {
            step = second.immediate
        } else if second.opcode == .subImm8.advanced(by: width) {
            step = 0 &- second.immediate
        } else {
            return nil
        }
        guard second.a == record.a, step == (offset < 4 ? 1 : -1) else { return nil }
        var result = second
        result.opcode = .incFlags8.advanced(by: offset)
        result.immediate = 0
        return result
    }

    // MARK: Branches

    /// Gives a `branchIf` the operands of the record that it asks.
    private mutating func fuseBranch(_ branch: Int) {
        guard let condition = Condition(rawValue: UInt8(truncatingIfNeeded: work[branch].immediate)) else { return }
        // Find the record; nothing in between may see it.
        var candidate = previous(branch)
        while let index = candidate {
            let form = OpcodeForm.of(work[index].opcode)
            if form.flags != .untouched { break }
            if form.mayFault { return }
            candidate = previous(index)
        }
        guard let index = candidate else { return }
        let record = work[index]
        if record.opcode.isBetween(.recordSub8, .recordSubImm64) {
            moveCompare(index, branch, condition)
        } else if record.opcode.isBetween(.recordAnd8, .recordAndImm64)
            || record.opcode.isBetween(.recordLogic8, .recordLogic64)
        {
            moveTest(index, branch, condition)
        } else {
            testResult(index, branch, condition)
        }
    }

    /// Whether the record at `index` may move down to `branch`: its operands don't change, and nothing may leave the
    /// block meanwhile.
    private func mayMove(_ index: Int, _ branch: Int) -> Bool {
        let record = work[index]
        if instruction[index] < mayEndEarly.count && mayEndEarly[instruction[index]] { return false }
        for between in index + 1..<branch where !isRemoved[between] {
            let form = OpcodeForm.of(work[between].opcode)
            if mayEndEarly[instruction[between]] { return false }
            if case .write(let bytes) = form.d {
                if overlaps(work[between].d, bytes, record.a) || overlaps(work[between].d, bytes, record.b) {
                    return false
                }
            }
        }
        return true
    }

    private func overlaps(_ written: Place, _ bytes: Int, _ read: Place) -> Bool {
        Int(written) < Int(read) + 8 && Int(read) < Int(written) + bytes
    }

    private mutating func moveCompare(_ index: Int, _ branch: Int, _ condition: Condition) {
        let record = work[index]
        let offset = Int(record.opcode.index - Opcode.recordSub8.index)
        guard let relation = Relation(afterSubtraction: condition), let slot = [0: 0, 2: 1, 3: 2][offset % 4],
            mayMove(index, branch)
        else { return }
        let opcode = Opcode.compareBranchEqual8.advanced(
            by: slot * 20 + (offset >= 4 ? 10 : 0) + Int(relation.rawValue))
        work[branch] = Operation(opcode, a: record.a, b: record.b, immediate: record.immediate)
        isRemoved[index] = true
    }

    /// The place of a condition among the six relations of a result with 0, for a record without carry and overflow.
    private func relationWithZero(_ condition: Condition) -> Int? {
        switch condition {
        case .zero, .belowOrEqual: 0
        case .notZero, .above: 1
        case .negative, .less: 2
        case .notNegative, .greaterOrEqual: 3
        case .lessOrEqual: 4
        case .greater: 5
        default: nil
        }
    }

    private mutating func moveTest(_ index: Int, _ branch: Int, _ condition: Condition) {
        var record = work[index]
        let isUnary = record.opcode.index >= Opcode.recordLogic8.index
        let offset = Int(record.opcode.index - (isUnary ? Opcode.recordLogic8 : Opcode.recordAnd8).index)
        if isUnary { record.b = record.a }
        guard let relation = relationWithZero(condition), let slot = [0: 0, 2: 1, 3: 2][offset % 4],
            mayMove(index, branch)
        else { return }
        let opcode = Opcode.testBranchEqual8.advanced(by: slot * 12 + (offset >= 4 ? 6 : 0) + relation)
        work[branch] = Operation(opcode, a: record.a, b: record.b, immediate: record.immediate)
        isRemoved[index] = true
    }

    /// A fused operation with its record, then a branch on zero or sign: the branch looks at the result itself.
    private mutating func testResult(_ index: Int, _ branch: Int, _ condition: Condition) {
        let operation = work[index]
        let width: Int
        var isLogic = false
        if operation.opcode.isBetween(.addFlags8, .xorFlagsImm64) {
            width = Int(operation.opcode.index - Opcode.addFlags8.index) % 4
            isLogic = operation.opcode.index >= Opcode.andFlags8.index
        } else if operation.opcode.isBetween(.incFlags8, .decFlags64) {
            width = Int(operation.opcode.index - Opcode.incFlags8.index) % 4
        } else if operation.opcode.isBetween(.shlFlagsImm32, .sarFlagsImm64) {
            width = 2 + Int(operation.opcode.index - Opcode.shlFlagsImm32.index) % 2
        } else {
            return
        }
        let relation: Relation
        switch condition {
        case .zero: relation = .equal
        case .notZero: relation = .notEqual
        case .negative: relation = .signedLess
        case .notNegative: relation = .signedGreaterOrEqual
        case .less where isLogic: relation = .signedLess
        case .greaterOrEqual where isLogic: relation = .signedGreaterOrEqual
        case .lessOrEqual where isLogic: relation = .signedLessOrEqual
        case .greater where isLogic: relation = .signedGreater
        default: return
        }
        guard width >= 2 else { return }
        for between in index + 1..<branch where !isRemoved[between] {
            if case .write(let bytes) = OpcodeForm.of(work[between].opcode).d,
                overlaps(work[between].d, bytes, operation.d)
            {
                return
            }
        }
        let first: Opcode = width == 3 ? .branchEqualImm64 : .branchEqualImm32
        work[branch] = Operation(first.advanced(by: Int(relation.rawValue)), a: operation.d, immediate: 0)
    }
}
