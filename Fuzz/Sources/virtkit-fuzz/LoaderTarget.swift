import VirtKitCore

@testable import VirtKitMachine

/// The boot loaders: a byte that chooses, then the image. A load either works, with an entry that can be, or says why not.
final class LoaderTarget: FuzzTarget {
    private let layout = PCMemoryLayout(memory: .mebibytes(24))
    private let memory: GuestMemory

    init() throws { memory = try GuestMemory(regions: layout.regions(backing: .anonymous)) }

    func run(_ bytes: [UInt8]) {
        var reader = InputReader(bytes)
        let kind = reader.byte()
        let image = BootImage.bytes(reader.rest())
        let source: BootSource =
            switch kind & 7 {
            case 0: .linux(kernel: image, initrd: .bytes([1, 2, 3]), commandLine: "quiet")
            case 1: .linux(kernel: image)
            case 2: .elf(image, commandLine: "quiet")
            case 3: .flat(image, address: UInt64(kind >> 3) << 20)
            case 4: .linux(kernel: image, commandLine: "quiet", entry: .bits32)
            case 5: .linux(kernel: image, commandLine: "quiet", entry: .bits16)
            case 6: .multiboot(image, modules: [BootModule(.bytes([1, 2, 3]))], commandLine: "quiet")
            default: .firmware(image)
            }
        do throws(VirtKitError) {
            let plan = try BootLoader.load(source, into: memory, map: layout.e820, rootPointer: 0xE_0000)
            for (low, high) in zip(plan.ranges, plan.ranges.dropFirst()) {
                precondition(low.addresses.upperBound <= high.addresses.lowerBound, "\(low) overlaps \(high)")
            }
        } catch {
            precondition([.invalidImage, .invalidConfiguration].contains(error.code), "\(error)")
            precondition(!error.message.isEmpty)
        }
    }
}
