import Testing

@testable import VirtKitEmulator

/// Any bytes in any mode give a block that the verifier accepts.
@Suite struct LoweringFuzzTests {
    /// Kinds of code, by code size and EFER.LMA.
    enum Kind: UInt64, CaseIterable, Sendable {
        case bits16, bits32, compatibility, bits64

        var mode: X86Mode {
            var mode = X86Mode.kernel64
            switch self {
            case .bits16: mode.codeSize = .bits16
            case .bits32, .compatibility: mode.codeSize = .bits32
            case .bits64: mode.codeSize = .bits64
            }
            mode.longModeActive = self == .compatibility || self == .bits64
            return mode
        }
    }

    @Test("A million random byte strings of each kind of code", arguments: Kind.allCases)
    func randomBytes(_ kind: Kind) {
        let seed = 11 + kind.rawValue
        let count = RandomCode.isFull ? 1_000_000 : 6000
        var random = RandomBits(seed: seed)
        let verifier = BlockVerifier(programCounterSlot: X86Slot.programCounter) { X86Helper.effects(of: $0) }
        var builder = BlockBuilder()
        var failures = 0
        var instructions = 0
        let tail = [UInt8](repeating: 0x90, count: 4096)
        for _ in 0..<count {
            var mode = kind.mode
            // Half of them with any other bits of the mode.
            if random.flip() {
                mode.rawValue = UInt32(truncatingIfNeeded: random.next() & random.next())
                mode.codeSize = kind.mode.codeSize
                mode.longModeActive = kind.mode.longModeActive
            }
            let bytes = RandomCode.bytes(&random)
            builder.reset()
            let pc = random.interesting() & (kind == .bits64 ? .max : 0xFFFF_FFFF)
            // CS may end within the code.
            let end = pc & 0xFFFF_FFFF &+ UInt64(random.below(16))
            let codeLimit = random.flip() ? UInt32.max : UInt32(truncatingIfNeeded: end)
            bytes.withUnsafeBytes { head in
                tail.withUnsafeBytes { next in
                    var code = CodeWindow(address: pc, bytes: head) { next }
                    X86Lowering.lowerBlock(&builder, mode: mode, codeLimit: codeLimit, pc: pc, code: &code)
                }
            }
            instructions += builder.instructionCount
            do throws(BlockVerifier.Failure) {
                try verifier.check(builder.operations)
            } catch {
                failures += 1
                if failures < 5 {
                    Issue.record("\(mode) \(RandomCode.text(bytes)): \(error)\n\(BlockText.print(builder.operations))")
                }
            }
        }
        print("lowering of \(kind): \(count) byte strings, \(instructions) instructions, seed \(seed)")
        #expect(failures == 0)
        #expect(instructions > count)
    }
}
