import Testing

@testable import VirtKitEmulator

/// Any code in any mode does the same in both interpreters, whatever it does. VIRTKIT_RANDOM_CODE_SEED and
/// VIRTKIT_RANDOM_CODE_CASES choose other code, and more of it.
@Suite struct RandomCodeTests {
    @Test(arguments: CodePair.Mode.allCases) func bothInterpretersAgree(_ mode: CodePair.Mode) throws {
        let seed = RandomCode.number("VIRTKIT_RANDOM_CODE_SEED", or: 77) + UInt64(mode.rawValue)
        let count = RandomCode.number("VIRTKIT_RANDOM_CODE_CASES", or: RandomCode.isFull ? 20_000 : 150)
        var random = RandomBits(seed: seed)
        let pair = try CodePair()
        var failures = 0
        for number in 0..<count {
            let code = (0..<1 + random.below(4)).flatMap { _ in RandomCode.bytes(&random) }
            let registers = RandomCode.registers(&random)
            if let difference = try pair.difference(mode, code: code, registers: registers) {
                failures += 1
                if failures < 4 {
                    Issue.record("case \(number) \(RandomCode.text(code)): \(difference)\n  \(registers)")
                }
            }
        }
        print("code of \(mode): \(count) byte strings, \(pair.instructions) instructions, seed \(seed)")
        #expect(failures == 0)
        #expect(pair.instructions > count)
    }

    /// What this test has found before, with registers that are all zero.
    @Test(arguments: [
        // INT1 with a descriptor table that is none shuts down: the PC was that of the block.
        (CodePair.Mode.kernel64, [0x0F, 0x01, 0x15, 0x00, 0x01, 0x00, 0x00, 0xF1] as [UInt8]),
        // XCHG, XADD and CMPXCHG that overwrite code of their own block, with memory as their first operation: the
        // result went to RAX.
        (.kernel64, [0x87, 0x25]),
        (.kernel64, [0x87, 0x0D, 0, 0, 0, 0, 0x90, 0x90, 0x90, 0x90, 0xF4]),
        (.kernel64, [0xF0, 0x0F, 0xC1, 0x0D, 0, 0, 0, 0, 0x90, 0x90, 0x90, 0x90, 0xF4]),
        (.kernel64, [0xF0, 0x0F, 0xB1, 0x0D, 0, 0, 0, 0, 0x90, 0x90, 0x90, 0x90, 0xF4]),
    ])
    func bothInterpretersAgreeAsTheyDidNot(_ mode: CodePair.Mode, _ code: [UInt8]) throws {
        let pair = try CodePair()
        #expect(try pair.difference(mode, code: code, registers: [UInt64](repeating: 0, count: 17)) == nil)
    }
}
