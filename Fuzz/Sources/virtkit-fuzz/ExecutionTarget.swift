/// Code in both interpreters: a byte of mode, 8 that registers are made of, then code. Both must do the same.
final class ExecutionTarget: FuzzTarget {
    private let pair: CodePair

    init() throws { pair = try CodePair() }

    func run(_ bytes: [UInt8]) {
        var reader = InputReader(bytes)
        let modes = CodePair.Mode.allCases
        let mode = modes[Int(reader.byte()) % modes.count]
        var seed = reader.integer()
        let registers = (0..<17).map { index in
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            switch seed >> 62 {
            case 0: return CodePair.data + seed >> 20 & 0x7FFF
            case 1: return seed >> 24 & 0xFF
            default: return seed ^ seed >> 31
            }
        }
        do {
            if let difference = try pair.difference(mode, code: reader.rest(), registers: registers) {
                fatalError(difference)
            }
        } catch {
            fatalError("\(error)")
        }
    }
}
