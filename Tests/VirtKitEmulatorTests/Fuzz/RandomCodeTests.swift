import Testing

@testable import VirtKitEmulator

/// Any code in any mode does the same in both interpreters, whatever it does.
@Suite struct RandomCodeTests {
    @Test(arguments: CodePair.Mode.allCases) func bothInterpretersAgree(_ mode: CodePair.Mode) throws {
        let seed = 77 + UInt64(mode.rawValue)
        let count = RandomCode.isFull ? 20_000 : 150
        var random = RandomBits(seed: seed)
        let pair = try CodePair()
        var failures = 0
        for number in 0..<count {
            let code = (0..<1 + random.below(4)).flatMap { _ in RandomCode.bytes(&random) }
            let registers = RandomCode.registers(&random)
            if let difference = try pair.difference(mode, code: code, registers: registers) {
                failures += 1
                if failures < 4 { Issue.record("case \(number) \(RandomCode.text(code)): \(difference)") }
            }
        }
        print("code of \(mode): \(count) byte strings, \(pair.instructions) instructions, seed \(seed)")
        #expect(failures == 0)
        #expect(pair.instructions > UInt64(count))
    }
}
