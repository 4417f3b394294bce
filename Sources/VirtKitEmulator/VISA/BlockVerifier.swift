/// Checks that a block, as a lowering built it, keeps the rules of `Documentation/VirtualISA.md`.
struct BlockVerifier {
    /// What is wrong with a block.
    enum Fault: Equatable {
        case missingTerminator
        case operationAfterTerminator
        /// An operation before the first boundary.
        case missingBoundary
        /// A conditional terminator is not followed by its two jumps.
        case missingTargets
        /// An operation that only engines and passes make.
        case internalOperation
        /// A place outside the frame, or partly in another area.
        case placeOutOfRange
        /// A write of the engine's words.
        case writeOfEngineWord
        /// A read of a temporary that has not been written, or not as widely.
        case undefinedTemporary
        /// A second write of a temporary.
        case temporaryWrittenTwice
        /// Something that can fault follows a store or a write of a slot or the flags in the same guest instruction.
        case faultAfterWrite
        /// A condition above 15, a scale above 3, a selector above 255.
        case immediateOutOfRange
    }

    /// A fault and the index of its operation.
    struct Failure: Error, Equatable {
        var fault: Fault
        var index: Int
    }

    /// The guest's PC slot: its writes don't count as such.
    var programCounterSlot: Place
    /// What helpers do.
    var helperEffects: (UInt16) -> HelperEffects = { _ in .all }

    /// Checks a block.
    func check(_ operations: [Operation]) throws(Failure) {
        var state = State(verifier: self)
        var index = 0
        while index < operations.count {
            let operation = operations[index]
            let form = OpcodeForm.of(operation.opcode)
            func require(_ condition: Bool, _ fault: Fault) throws(Failure) {
                if !condition { throw Failure(fault: fault, index: index) }
            }
            try require(!form.isInternal, .internalOperation)
            if operation.opcode == .boundary {
                state.startInstruction()
                index += 1
                continue
            }
            try require(state.hasBoundary, .missingBoundary)
            if let fault = state.check(operation, form) { throw Failure(fault: fault, index: index) }
            if form.isTerminator {
                var end = index + 1
                if form.isConditional {
                    try require(
                        end + 1 < operations.count && operations[end].opcode == .jump
                            && operations[end + 1].opcode == .jump, .missingTargets)
                    end += 2
                }
                if end < operations.count { throw Failure(fault: .operationAfterTerminator, index: end) }
                return
            }
            index += 1
        }
        throw Failure(fault: .missingTerminator, index: operations.count)
    }

    /// What has been seen so far.
    private struct State {
        let verifier: BlockVerifier
        var hasBoundary = false
        var hasWritten = false
        /// The bytes of temporaries that have been written, and those a helper may have written.
        var defined = [Bool](repeating: false, count: FrameLayout.size)
        var perhaps = [Bool](repeating: false, count: FrameLayout.size)

        mutating func startInstruction() {
            hasBoundary = true
            hasWritten = false
        }

        mutating func check(_ operation: Operation, _ form: OpcodeForm) -> Fault? {
            if let fault = checkImmediate(operation, form) { return fault }
            for (field, place) in [(form.d, operation.d), (form.a, operation.a), (form.b, operation.b)] {
                if case .read(let bytes) = field, let fault = read(place, bytes) { return fault }
            }
            if operation.opcode == .helper { return checkHelper(operation) }
            if form.mayFault && hasWritten { return .faultAfterWrite }
            if form.stores { hasWritten = true }
            if form.flags == .write || form.flags == .update { hasWritten = true }
            if case .write(let bytes) = form.d { return write(operation.d, bytes) }
            return nil
        }

        private mutating func checkHelper(_ operation: Operation) -> Fault? {
            let effects = verifier.helperEffects(operation.helperIdentifier)
            if effects.contains(.mayFault) && hasWritten { return .faultAfterWrite }
            if !effects.isDisjoint(with: [.touchesSlots, .storesMemory, .writesFlags]) { hasWritten = true }
            for place in [operation.d, operation.a, operation.b] where place >= FrameLayout.temporaries {
                for byte in Int(place)..<min(Int(place) + 16, FrameLayout.size) { perhaps[byte] = true }
            }
            return nil
        }

        private func checkImmediate(_ operation: Operation, _ form: OpcodeForm) -> Fault? {
            switch form.immediate {
            case .condition: return 0...15 ~= operation.immediate ? nil : .immediateOutOfRange
            case .indexed: return 0...3 ~= operation.indexedScale ? nil : .immediateOutOfRange
            case .selector: return 0...255 ~= operation.immediate ? nil : .immediateOutOfRange
            case .place(let bytes):
                guard let place = Place(exactly: operation.immediate) else { return .placeOutOfRange }
                return read(place, bytes)
            case .none, .value, .displacement, .displacedValue, .pc, .helper: return nil
            }
        }

        private func isInOneArea(_ place: Place, _ bytes: Int) -> Bool {
            let end = Int(place) + bytes
            if place < FrameLayout.engineWords { return end <= Int(FrameLayout.engineWords) }
            if place < FrameLayout.temporaries { return end <= Int(FrameLayout.temporaries) }
            return end <= FrameLayout.size
        }

        private func read(_ place: Place, _ bytes: Int) -> Fault? {
            guard isInOneArea(place, bytes) else { return .placeOutOfRange }
            guard place >= FrameLayout.temporaries else { return nil }
            for byte in Int(place)..<Int(place) + bytes where !defined[byte] && !perhaps[byte] {
                return .undefinedTemporary
            }
            return nil
        }

        private mutating func write(_ place: Place, _ bytes: Int) -> Fault? {
            guard isInOneArea(place, bytes) else { return .placeOutOfRange }
            if place < FrameLayout.engineWords {
                if place != verifier.programCounterSlot { hasWritten = true }
                return nil
            }
            if place < FrameLayout.temporaries { return .writeOfEngineWord }
            for byte in Int(place)..<Int(place) + bytes {
                if defined[byte] { return .temporaryWrittenTwice }
                defined[byte] = true
            }
            return nil
        }
    }
}
