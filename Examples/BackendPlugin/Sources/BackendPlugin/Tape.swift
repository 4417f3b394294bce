import VirtKit

/// A computer of a kind that VirtKit does not know: a tape of bytes, a head on it, and a program of one-byte instructions.
///
/// | | |
/// |---|---|
/// | `<` `>` | the head goes left, right |
/// | `+` `-` | the byte under the head grows, shrinks by 1, modulo 256 |
/// | `[` `]` | the instructions between are repeated while the byte under the head is not 0 |
/// | `.` `,` | the byte goes to the serial port; the next byte of input comes, when there is one |
/// | `~` | a millisecond of rest |
/// | `?` | the byte becomes 1 where the power button has been pressed since the last look, and else 0 |
/// | `!` `^` | power off; reset |
///
/// An image is the line `tape 1` and the program; other bytes in it are remarks.
struct Tape: Sendable {
    /// What became of a step.
    enum Step: Sendable {
        case done, output(UInt8), input, rest, powerOff, reset, crash(String), end
    }

    static let header = Array("tape 1\n".utf8)

    let program: [UInt8]
    /// Where the bracket that belongs to a bracket stands.
    private let partners: [Int: Int]
    private let size: Int
    var position = 0
    var head = 0
    /// The tape up to the last cell that was reached; the others are 0.
    var cells: [UInt8] = [0]
    var isButtonPressed = false

    /// - Throws: `VirtKitError` with `.invalidImage` for what is no image, or has brackets without partners.
    init(image: [UInt8], size: Int) throws(VirtKitError) {
        func failure(_ message: String) -> VirtKitError {
            VirtKitError(.invalidImage, operation: "load a tape program", message: message)
        }
        guard image.starts(with: Self.header) else { throw failure("the image does not begin with \"tape 1\"") }
        program = Array(image.dropFirst(Self.header.count))
        var open: [Int] = []
        var partners: [Int: Int] = [:]
        for (index, instruction) in program.enumerated() {
            if instruction == UInt8(ascii: "[") { open.append(index) }
            if instruction == UInt8(ascii: "]") {
                guard let begin = open.popLast() else { throw failure("the ] at \(index) has no [") }
                partners[begin] = index
                partners[index] = begin
            }
        }
        if let begin = open.last { throw failure("the [ at \(begin) has no ]") }
        self.partners = partners
        self.size = size
    }

    /// As after power-up.
    mutating func reset() {
        position = 0
        head = 0
        cells = [0]
        isButtonPressed = false
    }

    /// Executes an instruction. At `.input` the machine waits until `receive` has been called.
    mutating func step() -> Step {
        guard program.indices.contains(position) else { return .end }
        let instruction = program[position]
        position += 1
        switch instruction {
        case UInt8(ascii: "<"):
            guard head > 0 else { return .crash("the head left the tape at instruction \(position - 1)") }
            head -= 1
        case UInt8(ascii: ">"):
            guard head + 1 < size else { return .crash("the head left the tape at instruction \(position - 1)") }
            head += 1
            if head == cells.count { cells.append(0) }
        case UInt8(ascii: "+"): cells[head] &+= 1
        case UInt8(ascii: "-"): cells[head] &-= 1
        case UInt8(ascii: "["): if cells[head] == 0 { position = (partners[position - 1] ?? position) + 1 }
        case UInt8(ascii: "]"): if cells[head] != 0 { position = (partners[position - 1] ?? position) + 1 }
        case UInt8(ascii: "."): return .output(cells[head])
        case UInt8(ascii: ","):
            // The instruction is executed again when there is input.
            position -= 1
            return .input
        case UInt8(ascii: "~"): return .rest
        case UInt8(ascii: "?"):
            cells[head] = isButtonPressed ? 1 : 0
            isButtonPressed = false
        case UInt8(ascii: "!"): return .powerOff
        case UInt8(ascii: "^"): return .reset
        default: break
        }
        return .done
    }

    /// Puts a byte of input under the head.
    mutating func receive(_ byte: UInt8) {
        cells[head] = byte
        position += 1
    }

    // MARK: Saved state

    func encode(into encoder: inout StateEncoder) {
        encoder.encode(program)
        encoder.encode(UInt64(position))
        encoder.encode(UInt64(head))
        encoder.encode(cells)
        encoder.encode(isButtonPressed)
    }

    /// Takes over a saved state. Nothing in it is trusted.
    mutating func restore(from decoder: inout StateDecoder) throws(StateError) {
        guard try decoder.decodeBytes() == program else { throw StateError("its program is another") }
        let position = try decoder.decode(UInt64.self)
        let head = try decoder.decode(UInt64.self)
        let cells = try decoder.decodeBytes(limit: size)
        guard position <= UInt64(program.count), head < UInt64(cells.count) else {
            throw StateError("the program's position or the head's is beyond the end")
        }
        (self.position, self.head, self.cells) = (Int(position), Int(head), cells)
        isButtonPressed = try decoder.decode(Bool.self)
    }
}
