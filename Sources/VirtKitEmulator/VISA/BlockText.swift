/// The text form of blocks.
///
/// A text starts with `visa 1`. Each further line is an operation: its opcode, then its fields in the order d, a, b,
/// immediate, as far as the opcode has them. Places are `s`, `e` or `t` with a byte offset in the slots, the engine's
/// words or the temporaries. `;` starts a comment.
///
///     visa 1
///     boundary 0x1000
///     load32 t0 s48 16            ; t0 := [s48 + 16]
///     lea64 s0 s0 s8 <<2 -8
///     recordSub64 s0 t0
///     boundary 0x1008
///     branchIf zero
///     jump 0x1000
///     jump 0x100a
enum BlockText {
    /// The version of the instruction set and of its text form.
    static let version = 1

    /// Why a text is not a block.
    struct ParseError: Error, Equatable {
        /// Lines count from 1.
        var line: Int
        var message: String
    }

    // MARK: Printing

    /// The text of operations, boundaries among them.
    static func print(_ operations: [Operation]) -> String {
        var text = "visa \(version)\n"
        for operation in operations { text += line(operation) + "\n" }
        return text
    }

    /// The line of one operation.
    static func line(_ operation: Operation) -> String {
        let form = OpcodeForm.of(operation.opcode)
        var words = ["\(operation.opcode)"]
        for (field, place) in [(form.d, operation.d), (form.a, operation.a), (form.b, operation.b)] {
            switch field {
            case .none: break
            case .read, .write: words.append(name(place))
            case .opaque: words.append("#\(place)")
            }
        }
        let immediate = operation.immediate
        switch form.immediate {
        case .none: break
        case .value, .displacement, .selector: words.append("\(immediate)")
        case .indexed: words += ["<<\(operation.indexedScale)", "\(operation.indexedDisplacement)"]
        case .displacedValue: words += ["\(operation.indexedDisplacement)", "\(immediate >> 32)"]
        case .place: words.append(name(Place(truncatingIfNeeded: immediate)))
        case .condition:
            words.append(Condition(rawValue: UInt8(truncatingIfNeeded: immediate)).map { "\($0)" } ?? "\(immediate)")
        case .pc: words.append("0x" + String(UInt64(bitPattern: immediate), radix: 16))
        case .helper: words += ["\(operation.helperIdentifier)", "\(operation.helperImmediate)"]
        }
        return words.joined(separator: " ")
    }

    /// The name of a place.
    static func name(_ place: Place) -> String {
        if place < FrameLayout.engineWords { return "s\(place)" }
        if place < FrameLayout.temporaries { return "e\(place - FrameLayout.engineWords)" }
        return "t\(place - FrameLayout.temporaries)"
    }

    // MARK: Parsing

    private static let opcodes: [String: Opcode] = Dictionary(
        uniqueKeysWithValues: Opcode.allCases.map { ("\($0)", $0) })
    private static let conditions: [String: Condition] = Dictionary(
        uniqueKeysWithValues: Condition.allCases.map { ("\($0)", $0) })

    /// The operations of a text.
    static func parse(_ text: String) throws(ParseError) -> [Operation] {
        var operations: [Operation] = []
        var hasVersion = false
        var number = 0
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            number += 1
            let code = line.prefix { $0 != ";" }
            let words = code.split { $0 == " " || $0 == "\t" || $0 == "," }.map(String.init)
            guard let first = words.first else { continue }
            if !hasVersion {
                guard words == ["visa", "\(version)"] else {
                    throw ParseError(line: number, message: "expected 'visa \(version)'")
                }
                hasVersion = true
                continue
            }
            guard let opcode = opcodes[first] else { throw ParseError(line: number, message: "no opcode \(first)") }
            var parser = LineParser(words: words, line: number)
            operations.append(try parser.operation(opcode))
        }
        guard hasVersion else { throw ParseError(line: 1, message: "expected 'visa \(version)'") }
        return operations
    }

    /// Takes the words of a line one after another.
    private struct LineParser {
        let words: [String]
        let line: Int
        var next = 1

        mutating func operation(_ opcode: Opcode) throws(ParseError) -> Operation {
            let form = OpcodeForm.of(opcode)
            var operation = Operation(opcode)
            operation.d = try field(form.d)
            operation.a = try field(form.a)
            operation.b = try field(form.b)
            operation.immediate = try immediate(form.immediate)
            guard next == words.count else { throw failure("too many fields") }
            return operation
        }

        private func failure(_ message: String) -> ParseError { ParseError(line: line, message: message) }

        private mutating func word() throws(ParseError) -> String {
            guard next < words.count else { throw failure("a field is missing") }
            next += 1
            return words[next - 1]
        }

        private mutating func number(_ range: ClosedRange<Int64> = .min ... .max) throws(ParseError) -> Int64 {
            let word = try word()
            guard let value = Int64(word), range.contains(value) else { throw failure("\(word) is no number in range") }
            return value
        }

        private mutating func place() throws(ParseError) -> Place {
            let word = try word()
            let area: (base: Place, end: Int)
            switch word.first {
            case "s": area = (0, Int(FrameLayout.engineWords))
            case "e": area = (FrameLayout.engineWords, Int(FrameLayout.temporaries))
            case "t": area = (FrameLayout.temporaries, FrameLayout.size)
            default: throw failure("\(word) is no place")
            }
            guard let offset = Place(word.dropFirst()), Int(area.base) + Int(offset) < area.end else {
                throw failure("\(word) is no place")
            }
            return area.base + offset
        }

        private mutating func field(_ field: Field) throws(ParseError) -> Place {
            switch field {
            case .none: return 0
            case .read, .write: return try place()
            case .opaque:
                let word = try word()
                guard word.first == "#", let value = Place(word.dropFirst()) else {
                    throw failure("\(word) is no #number")
                }
                return value
            }
        }

        private typealias Field = OpcodeForm.Field

        private mutating func immediate(_ form: OpcodeForm.Immediate) throws(ParseError) -> Int64 {
            switch form {
            case .none: return 0
            case .value, .displacement: return try number()
            case .selector: return try number(0...255)
            case .indexed:
                let scale = try word()
                guard scale.hasPrefix("<<"), let shift = UInt8(scale.dropFirst(2)), shift <= 3 else {
                    throw failure("\(scale) is no scale")
                }
                let displacement = try number(Int64(Int32.min)...Int64(Int32.max))
                return Operation.indexed(displacement: Int32(truncatingIfNeeded: displacement), scale: shift)
            case .displacedValue:
                let displacement = try number(Int64(Int32.min)...Int64(Int32.max))
                let value = try number(Int64(Int32.min)...Int64(Int32.max))
                return displacement & 0xFFFF_FFFF | value << 32
            case .place: return Int64(try place())
            case .condition:
                let word = try word()
                guard let condition = BlockText.conditions[word] else { throw failure("\(word) is no condition") }
                return Int64(condition.rawValue)
            case .pc:
                let word = try word()
                guard word.hasPrefix("0x"), let pc = UInt64(word.dropFirst(2), radix: 16) else {
                    throw failure("\(word) is no address")
                }
                return Int64(bitPattern: pc)
            case .helper:
                let identifier = try number(0...0xFFFF)
                let value = try number(-(1 << 47)...(1 << 47) - 1)
                return value & 0xFFFF_FFFF_FFFF | identifier << 48
            }
        }
    }
}
