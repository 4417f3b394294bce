import Testing
import VirtKitCore

@testable import VirtKitMachine

@Suite("Hostile boot images")
struct BootFuzzTests {
    private static let seeds: [[UInt8]] = {
        var pvh = ELFBuilder()
        pvh.notes = ELFBuilder.note("GNU", 3, [1, 2, 3]) + ELFBuilder.pvhNote(0x10_0000)
        pvh.segments = [
            .init(address: 0x10_0000, contents: [UInt8](repeating: 0x90, count: 600), memorySize: 0x2000),
            .init(address: 0x20_0000, contents: [1, 2, 3]),
        ]
        var small = pvh
        small.is64Bit = false
        small.machine = 3
        return [
            BzImageBuilder().bytes, pvh.bytes, small.bytes, ELFBuilder().bytes, MultibootBuilder().bytes,
            MultibootBuilder.elf().bytes,
        ]
    }()

    /// A load either works, with an entry in RAM, or says what is wrong; nothing else.
    private func check(_ bytes: [UInt8], _ target: BootTarget, _ name: @autoclosure () -> String) {
        let module = BootImage.bytes([1, 2, 3])
        check(.multiboot(.bytes(bytes), modules: [BootModule(module)], commandLine: "quiet"), target, name())
        check(.linux(kernel: .bytes(bytes), initrd: module, commandLine: "quiet"), target, name())
        guard KernelKind(start: Array(bytes.prefix(KernelKind.window))) == .bzImage else { return }
        check(.linux(kernel: .bytes(bytes), initrd: module, entry: .bits16), target, name())
    }

    private func check(_ source: BootSource, _ target: BootTarget, _ name: @autoclosure () -> String) {
        do {
            let plan = try target.load(source)
            let entry = plan.state.segments[1].base + plan.state.rip
            if !plan.ranges.contains(where: { $0.addresses.contains(entry) }) {
                Issue.record("\(name()): entry \(entry) is in nothing that was loaded")
            }
            for (low, high) in zip(plan.ranges, plan.ranges.dropFirst())
            where low.addresses.upperBound > high.addresses.lowerBound {
                Issue.record("\(name()): \(low) overlaps \(high)")
            }
        } catch {
            if error.code != .invalidImage && error.code != .invalidConfiguration || error.message.isEmpty {
                Issue.record("\(name()): \(error)")
            }
        }
    }

    @Test("50,000 mutations of valid images never trap", arguments: 0..<5 as Range<UInt64>)
    func mutations(_ seed: UInt64) throws {
        let target = try BootTarget(mebibytes: 24)
        MutationFuzzer(corpus: Self.seeds).run(seed: seed, count: 10000) { bytes, number in
            check(bytes, target, "seed \(seed) case \(number)")
        }
    }

    @Test("Every truncation of a bzImage's head is refused, or loads")
    func truncations() throws {
        let target = try BootTarget(mebibytes: 24)
        let bytes = BzImageBuilder().bytes
        for count in 0..<bytes.count { check(Array(bytes.prefix(count)), target, "\(count) bytes") }
        let builder = BzImageBuilder()
        for count in 0..<(bytes.count - 16) {
            #expect(
                target.failure(.linux(kernel: .bytes(Array(bytes.prefix(count)))))?.code == .invalidImage,
                "\(count) of \(bytes.count) bytes, payload \(builder.payload.count)")
        }
    }
}
