@testable import VirtKitEmulator

/// Decoder and lowering: 4 bytes of mode, 8 of address, one that says where CS ends, then code. What comes out must pass the verifier.
final class LoweringTarget: FuzzTarget {
    private let verifier = BlockVerifier(programCounterSlot: X86Slot.programCounter) { X86Helper.effects(of: $0) }
    private var builder = BlockBuilder()
    private let tail = [UInt8](repeating: 0x90, count: 4096)

    func run(_ bytes: [UInt8]) {
        var reader = InputReader(bytes)
        let mode = X86Mode(rawValue: UInt32(reader.integer(4)))
        let address = reader.integer() & (mode.is64 ? .max : 0xFFFF_FFFF)
        // Within the code, or far away.
        let distance = UInt64(reader.byte())
        let codeLimit = distance < 16 ? UInt32(truncatingIfNeeded: address &+ distance) : .max
        builder.reset()
        reader.rest().withUnsafeBytes { head in
            tail.withUnsafeBytes { next in
                var code = CodeWindow(address: address, bytes: head) { next }
                X86Lowering.lowerBlock(&builder, mode: mode, codeLimit: codeLimit, pc: address, code: &code)
            }
        }
        do throws(BlockVerifier.Failure) {
            try verifier.check(builder.operations)
        } catch {
            fatalError("\(mode): \(error)\n\(BlockText.print(builder.operations))")
        }
    }
}
