import Testing
import VirtKitCore

@testable import VirtKitMachine

@Suite("Multiboot kernels")
struct MultibootTests {
    private func load(
        _ bytes: [UInt8], modules: [BootModule] = [], commandLine: String = "", into target: BootTarget
    ) throws(VirtKitError) -> BootPlan {
        try target.load(.multiboot(.bytes(bytes), modules: modules, commandLine: commandLine))
    }

    @Test("A kernel is entered in the state of the specification's section 3.2", arguments: [true, false])
    func entry(_ isELF: Bool) throws {
        let target = try BootTarget()
        let bytes = isELF ? MultibootBuilder.elf().bytes : MultibootBuilder().bytes
        let state = try load(bytes, into: target).state
        #expect(state.rip == (isELF ? 0x10_0010 : 0x10_0040))
        #expect(state.general[0] == 0x2BAD_B002)
        #expect(state.cr0 & 0x8000_0001 == 1 && state.efer == 0 && state.cr4 == 0)
        #expect(state.rflags & 0x2_0200 == 0)
        #expect(state.segments[1].attributes == 0xC09B && state.segments[1].limit == .max)
        for index in [0, 2, 3, 4, 5] {
            #expect(state.segments[index].attributes == 0xC093 && state.segments[index].limit == .max)
        }
        #expect(state.segments.allSatisfy { $0.base == 0 })
    }

    @Test("The information has memory, map, command line, name and modules")
    func information() throws {
        let target = try BootTarget()
        let disk = (0..<5000).map { UInt8(truncatingIfNeeded: $0) }
        let plan = try load(
            MultibootBuilder.elf().bytes,
            modules: [
                BootModule(.bytes(disk), commandLine: "disk a=b"), BootModule(.bytes([])),
                BootModule(.bytes([7]), commandLine: "last"),
            ], commandLine: "kernel one two", into: target)
        let info = try target.memory.bytes(at: plan.state.general[3], count: 120)
        func word(_ offset: Int) throws -> UInt64 { UInt64(try #require(info.little(UInt32.self, at: offset))) }
        #expect(try word(0) == 0x24D)
        #expect(try word(4) == 639)
        #expect(try word(8) == 63 << 10)
        #expect(try target.text(at: word(16)) == "kernel one two")
        #expect(try target.text(at: word(64)) == "VirtKit")
        let map = try target.memory.bytes(at: word(48), count: Int(word(44)))
        #expect(map.count == target.layout.e820.count * 24)
        for (index, entry) in target.layout.e820.enumerated() {
            #expect(map.little(UInt32.self, at: 24 * index) == 20)
            #expect(map.little(UInt64.self, at: 24 * index + 4) == entry.address)
            #expect(map.little(UInt64.self, at: 24 * index + 12) == entry.size)
            #expect(map.little(UInt32.self, at: 24 * index + 20) == entry.kind.rawValue)
        }
        #expect(try word(20) == 3)
        let list = try target.memory.bytes(at: word(24), count: 48)
        func module(_ index: Int, _ field: Int) throws -> UInt64 {
            UInt64(try #require(list.little(UInt32.self, at: 16 * index + 4 * field)))
        }
        for index in 0..<3 { #expect(try module(index, 0) % 4096 == 0 && module(index, 0) >= 0x10_1000) }
        #expect(try target.memory.bytes(at: module(0, 0), count: 5000) == disk)
        #expect(try module(0, 1) - module(0, 0) == 5000 && module(1, 1) == module(1, 0))
        #expect(try target.memory.bytes(at: module(2, 0), count: 1) == [7])
        #expect(try target.text(at: module(0, 2)) == "disk a=b" && target.text(at: module(1, 2)) == "")
    }

    @Test("Address fields place the image, cut it, and zero what follows")
    func addressFields() throws {
        let target = try BootTarget()
        try target.memory.fill(0xFF, at: 0x20_0000, count: 0x4000)
        var builder = MultibootBuilder()
        builder.headerOffset = 0x1000
        builder.load = 0x20_0800  // 0x800 bytes of the file precede what is loaded
        builder.header = 0x20_1000
        builder.loadEnd = 0x20_1000 + 0x100
        builder.zeroEnd = 0x20_2000
        builder.entry = 0x20_0900
        #expect(try load(builder.bytes, into: target).state.rip == 0x20_0900)
        #expect(try target.memory.bytes(at: 0x20_0800, count: 0x900) == Array(builder.bytes[0x800..<0x1100]))
        #expect(try target.memory.bytes(at: 0x20_1100, count: 0xF00).allSatisfy { $0 == 0 })
        #expect(try target.memory.bytes(at: 0x20_0000, count: 0x800).allSatisfy { $0 == 0xFF })
        #expect(try target.memory.load(UInt8.self, at: 0x20_2000) == 0xFF)
    }

    @Test("An entry point that is a virtual address is entered at its physical one")
    func virtualEntry() throws {
        let elf = MultibootBuilder.elf {
            $0.segments[0].virtualAddress = 0xC010_0000
            $0.entry = 0xC010_0020
        }
        #expect(try load(elf.bytes, into: BootTarget()).state.rip == 0x10_0020)
    }

    @Test("A 64-bit ELF file is entered in 32-bit mode")
    func wide() throws {
        let elf = MultibootBuilder.elf {
            $0.is64Bit = true
            $0.machine = 62
        }
        let state = try load(elf.bytes, into: BootTarget()).state
        #expect(state.rip == 0x10_0010 && state.efer == 0 && state.segments[1].attributes == 0xC09B)
    }

    @Test("The BIOS is there for a kernel that goes back to real mode, but not where an image lies")
    func bios() throws {
        let target = try BootTarget()
        _ = try load(MultibootBuilder().bytes, into: target)
        #expect(try target.memory.load(UInt16.self, at: 4 * 0x15 + 2) == 0xF000)
        #expect(try target.memory.load(UInt16.self, at: 0x413) == 639)
        var low = MultibootBuilder()
        low.load = 0x400
        low.entry = 0x440
        try target.memory.fill(0, at: 0, count: 0x1000)
        _ = try load(low.bytes, into: target)
        #expect(try target.memory.bytes(at: 0x400, count: 32) == Array(low.bytes[0..<32]))
        #expect(try target.memory.load(UInt16.self, at: 4 * 0x15 + 2) == 0xF000)
    }

    @Test("The kind of an image is told by its first bytes")
    func kinds() {
        #expect(KernelKind(start: BzImageBuilder().bytes) == .bzImage)
        #expect(KernelKind(start: MultibootBuilder().bytes) == .multiboot)
        #expect(KernelKind(start: MultibootBuilder.elf().bytes) == .multiboot)
        #expect(KernelKind(start: ELFBuilder().bytes) == .elf)
        #expect(KernelKind(start: []) == .flat && KernelKind(start: [0xF4]) == .flat)
        var late = MultibootBuilder()
        late.size = 10000
        late.headerOffset = 8180  // its 12 bytes end at 8192
        #expect(KernelKind(start: late.bytes) == .multiboot)
        late.headerOffset = 8184
        #expect(KernelKind(start: late.bytes) == .flat)
        late.headerOffset = 0x22  // not aligned
        #expect(KernelKind(start: late.bytes) == .flat)
        late.headerOffset = 0x20
        late.checksum = 1
        #expect(KernelKind(start: late.bytes) == .flat)
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var says: String
        var change: @Sendable (inout MultibootBuilder) -> Void
    }

    static let refusals: [Refusal] = [
        Refusal(testDescription: "no header", says: "no multiboot header") { $0.checksum = 0 },
        Refusal(testDescription: "a video mode", says: "no display") { $0.flags |= 4 },
        Refusal(testDescription: "unknown requirements", says: "0x8020") { $0.flags |= 0x8020 },
        Refusal(testDescription: "no format", says: "not an ELF file") { $0.flags = 3 },
        Refusal(testDescription: "a header that ends early", says: "ends within") { $0.size = $0.headerOffset + 31 },
        Refusal(testDescription: "loaded after the header", says: "load_addr") { $0.header = $0.load - 4 },
        Refusal(testDescription: "a start before the file", says: "load_addr") { $0.header = $0.load + 0x24 },
        Refusal(testDescription: "an end before the start", says: "load_end_addr") { $0.loadEnd = $0.load },
        Refusal(testDescription: "an end beyond the file", says: "truncated") { $0.loadEnd = 0xFFFF_FFFF },
        Refusal(testDescription: "zeros that end early", says: "bss_end_addr") { $0.zeroEnd = $0.load + 4 },
        Refusal(testDescription: "an entry elsewhere", says: "entry_addr") { $0.entry = 0x10_2000 },
        Refusal(testDescription: "more zeros than memory", says: "MiB of memory") { $0.zeroEnd = 0x7000_0000 },
        Refusal(testDescription: "an image in a hole", says: "RAM") {
            $0.load = 0xA_0000
            $0.entry = 0xA_0000
        },
        Refusal(testDescription: "an image at the end of all addresses", says: "") {
            $0.load = 0xFFFF_F000
            $0.entry = 0xFFFF_F000
        },
    ]

    @Test("A lying or unusable image is refused, with what is wrong", arguments: refusals)
    func refused(_ refusal: Refusal) throws {
        var builder = MultibootBuilder()
        refusal.change(&builder)
        let error = try #require(try BootTarget().failure(.multiboot(.bytes(builder.bytes))))
        #expect(error.code == .invalidImage)
        #expect(refusal.says.isEmpty || error.description.contains(refusal.says), "\(error)")
        #expect(error.remedy != nil || refusal.says == "ends within", "\(error)")
    }

    @Test("ELF images with bad entries are refused")
    func refusedELF() throws {
        for entry in [0x20_0000, 0xFFFF_FFF0] as [UInt64] {
            let error = try BootTarget().failure(.multiboot(.bytes(MultibootBuilder.elf { $0.entry = entry }.bytes)))
            #expect(try #require(error).description.contains("entry point"))
        }
        let high = MultibootBuilder.elf {
            $0.is64Bit = true
            $0.machine = 62
            $0.segments[0].virtualAddress = .max - 4
            $0.entry = .max - 3
        }
        // An entry near the end of all addresses, in a segment that goes around it.
        #expect(try load(high.bytes, into: BootTarget()).state.rip == 0x10_0001)
    }

    @Test("Modules that don't fit are refused")
    func largeModules() throws {
        let large = [UInt8](repeating: 1, count: 40 << 20)
        let target = try BootTarget()
        let kernel = BootImage.bytes(MultibootBuilder().bytes)
        #expect(target.failure(.multiboot(kernel, modules: [BootModule(.bytes(large))])) == nil)
        let error = try #require(
            target.failure(.multiboot(kernel, modules: [BootModule(.bytes(large)), BootModule(.bytes(large))])))
        #expect(error.code == .invalidImage && error.remedy?.contains("more memory") == true)
        let missing = BootModule("/nonexistent")
        #expect(target.failure(.multiboot(kernel, modules: [missing]))?.code == .inputOutput)
    }
}
