import Testing

@testable import VirtKitEmulator

/// Any bytes in any mode give a block that the verifier accepts.
@Suite struct LoweringFuzzTests {
    @Test(arguments: [X86Mode.CodeSize.bits16, .bits32, .bits64])
    func randomBytes(size: X86Mode.CodeSize) {
        var random = RandomBits(seed: 11 + UInt64(size.rawValue))
        let verifier = BlockVerifier(programCounterSlot: X86Slot.programCounter) { X86Helper.effects(of: $0) }
        var builder = BlockBuilder()
        var failures = 0
        var instructions = 0
        for _ in 0..<6000 {
            var mode = X86Mode(rawValue: UInt32(truncatingIfNeeded: random.next() & random.next()) & 0x1F_FFFF)
            mode.codeSize = size
            if random.flip() {
                mode = .kernel64
                mode.codeSize = size
            }
            let bytes = Self.bytes(&random)
            let tail = [UInt8](repeating: 0x90, count: 4096)
            builder.reset()
            let pc = random.interesting() & (size == .bits64 ? .max : 0xFFFF_FFFF)
            bytes.withUnsafeBytes { head in
                tail.withUnsafeBytes { next in
                    var code = CodeWindow(address: pc, bytes: head) { next }
                    X86Lowering.lowerBlock(&builder, mode: mode, pc: pc, code: &code)
                }
            }
            instructions += builder.instructionCount
            do throws(BlockVerifier.Failure) {
                try verifier.check(builder.operations)
            } catch {
                failures += 1
                if failures < 5 {
                    let text = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
                    Issue.record("\(mode) \(text): \(error)\n\(BlockText.print(builder.operations))")
                }
            }
        }
        #expect(failures == 0)
        #expect(instructions > 6000)
    }

    private static func bytes(_ random: inout RandomBits) -> [UInt8] {
        let prefixes: [UInt8] = [0x66, 0x67, 0xF2, 0xF3, 0xF0, 0x2E, 0x64, 0x65, 0x48, 0x41, 0x4F]
        var bytes: [UInt8] = []
        for _ in 0..<(1 + random.below(6)) {
            while random.below(4) == 0 { bytes.append(prefixes[random.below(prefixes.count)]) }
            if random.below(3) == 0 { bytes.append(0x0F) }
            for _ in 0..<(1 + random.below(8)) { bytes.append(UInt8(truncatingIfNeeded: random.next() >> 19)) }
        }
        return bytes
    }
}
