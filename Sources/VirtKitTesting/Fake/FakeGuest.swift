/// What a fake machine's guest does: a list of steps, as an image that a configuration can name.
public struct FakeGuest: Hashable, Sendable {
    /// One thing that the guest does. The machine goes on to the next when it is done.
    public enum Step: Hashable, Sendable {
        /// Prints a line.
        case print(String)
        /// Prints without end.
        case flood
        /// Sends back what it gets, for ever.
        case echo
        /// Waits until the power button is pressed.
        case awaitPowerButton
        /// Powers the machine off.
        case powerOff
        /// Asks for a reset.
        case reset
        /// Can't go on.
        case crash(String)
        /// Ends the machine with a code.
        case debugExit(UInt32)
        /// Does nothing, for ever. What a guest does after its last step.
        case wait
    }

    /// The steps.
    public var steps: [Step]

    /// Makes a guest of steps.
    public init(_ steps: Step...) { self.steps = steps }

    private static let header = "virtkit-fake-guest 1"

    /// The guest as an image: a text of one line a step.
    public var image: [UInt8] {
        let lines = steps.map { step in
            switch step {
            case .print(let text): "print " + text.filter { !$0.isNewline }
            case .flood: "flood"
            case .echo: "echo"
            case .awaitPowerButton: "await-power-button"
            case .powerOff: "power-off"
            case .reset: "reset"
            case .crash(let details): "crash " + details.filter { !$0.isNewline }
            case .debugExit(let code): "debug-exit \(code)"
            case .wait: "wait"
            }
        }
        return Array(([Self.header] + lines).joined(separator: "\n").utf8)
    }

    /// Reads an image; nil where it is not one.
    public init?(image: [UInt8]) {
        guard let text = String(validating: image, as: UTF8.self) else { return nil }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.first == Self.header[...] else { return nil }
        steps = []
        for line in lines.dropFirst() {
            let words = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
            guard let step = Self.step(words.first ?? "", words.count > 1 ? String(words[1]) : "") else { return nil }
            steps.append(step)
        }
    }

    private static func step(_ name: Substring, _ argument: String) -> Step? {
        switch name {
        case "print": .print(argument)
        case "flood": .flood
        case "echo": .echo
        case "await-power-button": .awaitPowerButton
        case "power-off": .powerOff
        case "reset": .reset
        case "crash": .crash(argument)
        case "debug-exit": UInt32(argument).map { .debugExit($0) }
        case "wait": .wait
        default: nil
        }
    }
}
