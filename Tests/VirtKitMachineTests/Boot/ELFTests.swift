import Testing
import VirtKitCore

@testable import VirtKitMachine

@Suite("ELF and flat images")
struct ELFTests {
    @Test("A PVH note is entered in 32-bit protected mode, with the start info in EBX", arguments: [true, false])
    func pvh(_ is64Bit: Bool) throws {
        let target = try BootTarget()
        var builder = ELFBuilder()
        builder.is64Bit = is64Bit
        builder.machine = is64Bit ? 62 : 3
        builder.entry = 0xFFFF_FFFF_8100_0000
        builder.notes = ELFBuilder.note("GNU", 3, [1, 2, 3, 4, 5]) + ELFBuilder.pvhNote(0x10_0010, wide: is64Bit)
        let disk: [UInt8] = [9, 8, 7]
        let plan = try target.load(
            .linux(kernel: .bytes(builder.bytes), initrd: .bytes(disk), commandLine: "quiet"))
        let state = plan.state
        #expect(state.rip == 0x10_0010)
        #expect(state.cr0 == 0x11 && state.cr4 == 0 && state.efer == 0 && state.rflags == 2)
        #expect(state.segments[1].attributes == 0xC09B && state.segments[1].limit == .max)
        #expect(state.tr.limit == 0x67)

        let info = try target.memory.bytes(at: state.general[3], count: 56)
        #expect(info.little(UInt32.self, at: 0) == 0x336E_C578)
        #expect(info.little(UInt32.self, at: 4) == 1)
        #expect(info.little(UInt32.self, at: 12) == 1)
        #expect(try target.text(at: try #require(info.little(UInt64.self, at: 24))) == "quiet")
        #expect(info.little(UInt64.self, at: 32) == 0xE_0000)
        let modules = try #require(info.little(UInt64.self, at: 16))
        let address = try target.memory.load(UInt64.self, at: modules)
        #expect(try target.memory.load(UInt64.self, at: modules + 8) == 3)
        #expect(try target.memory.bytes(at: address, count: 3) == disk)
        let map = try #require(info.little(UInt64.self, at: 40))
        #expect(info.little(UInt32.self, at: 48) == UInt32(target.layout.e820.count))
        #expect(try target.memory.load(UInt64.self, at: map + 8) == target.layout.e820[0].size)
    }

    @Test("An ELF program without a note gets the start info in RDI and a stack")
    func bare() throws {
        let target = try BootTarget()
        let state = try target.load(.elf(.bytes(ELFBuilder().bytes), commandLine: "a b")).state
        #expect(state.rip == 0x10_0000)
        #expect(state.efer == 0x500)
        #expect(state.general[4] % 16 == 0 && state.general[4] > 0)
        #expect(try target.memory.load(UInt32.self, at: state.general[7]) == 0x336E_C578)
        #expect(try target.text(at: target.memory.load(UInt64.self, at: state.general[7] + 24)) == "a b")
    }

    @Test("A vmlinux without a note gets boot_params in RSI")
    func vmlinux() throws {
        let target = try BootTarget()
        let state = try target.load(.linux(kernel: .bytes(ELFBuilder().bytes), commandLine: "x")).state
        let page = try target.memory.bytes(at: state.general[6], count: 4096)
        #expect(page.little(UInt32.self, at: 0x202) == 0x5372_6448)
        #expect(page.little(UInt64.self, at: 0x070) == 0xE_0000)
        #expect(state.rip == 0x10_0000)
    }

    @Test("What a segment has in memory only is zeroed at each load")
    func zeroed() throws {
        let target = try BootTarget()
        var builder = ELFBuilder()
        builder.segments = [.init(address: 0x10_0000, contents: [1, 2, 3], memorySize: 0x3000)]
        try target.memory.fill(0xFF, at: 0x10_0000, count: 0x4000)
        _ = try target.load(.elf(.bytes(builder.bytes)))
        let bytes = try target.memory.bytes(at: 0x10_0000, count: 0x3001)
        #expect(Array(bytes[0..<4]) == [1, 2, 3, 0])
        #expect(bytes[4..<0x3000].allSatisfy { $0 == 0 })
        #expect(bytes[0x3000] == 0xFF)
    }

    @Test("The loader's own structures keep out of an image in low memory")
    func lowImage() throws {
        let target = try BootTarget()
        var builder = ELFBuilder()
        builder.entry = 0x1000
        builder.segments = [.init(address: 0x1000, contents: [0xF4], memorySize: 0x9_0000)]
        let plan = try target.load(.elf(.bytes(builder.bytes)))
        #expect(
            plan.ranges.filter { $0.name != "image (segment 0)" }.allSatisfy { $0.addresses.lowerBound >= 0x9_1000 })
    }

    @Test("A flat image lies at its address and is entered there")
    func flat() throws {
        let target = try BootTarget()
        let state = try target.load(.flat(.bytes([0xF4, 1, 2]), address: 0x7C00)).state
        #expect(state.rip == 0x7C00)
        #expect(try target.memory.bytes(at: 0x7C00, count: 3) == [0xF4, 1, 2])
        #expect(try target.memory.load(UInt32.self, at: state.general[7]) == 0x336E_C578)
        #expect(target.failure(.flat(.bytes([1]), address: 0xA_0000))?.code == .invalidImage)
        #expect(target.failure(.flat(.bytes([1, 2]), address: .max))?.code == .invalidImage)
        #expect(target.failure(.flat(.bytes([1]), address: 64 << 20))?.code == .invalidImage)
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var says: String
        var change: @Sendable (inout ELFBuilder) -> Void
    }

    static let refusals: [Refusal] = [
        Refusal(testDescription: "machine", says: "machine 183") { $0.machine = 183 },
        Refusal(testDescription: "PIE", says: "ET_EXEC") { $0.type = 3 },
        Refusal(testDescription: "32 bits without note", says: "XEN_ELFNOTE_PHYS32_ENTRY") {
            $0.is64Bit = false
            $0.machine = 3
        },
        Refusal(testDescription: "entry elsewhere", says: "entry point") { $0.entry = 0x20_0000 },
        Refusal(testDescription: "PVH entry elsewhere", says: "PVH entry") {
            $0.notes = ELFBuilder.pvhNote(0x20_0000)
        },
        Refusal(testDescription: "PVH entry above 4 GiB", says: "below 4 GiB") {
            $0.notes = ELFBuilder.pvhNote(0x1_0010_0000)
        },
        Refusal(testDescription: "PVH note of 2 bytes", says: "4 or 8") {
            $0.notes = ELFBuilder.note("Xen", 18, [1, 2])
        },
        Refusal(testDescription: "note beyond its end", says: "note") {
            $0.notes = [4, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 18, 0, 0, 0, 0x58, 0x65, 0x6E, 0]
        },
        Refusal(testDescription: "note name beyond its end", says: "note") {
            $0.notes = [0xFF, 0xFF, 0xFF, 0xFF, 8, 0, 0, 0, 18, 0, 0, 0, 0x58, 0x65, 0x6E, 0]
        },
        Refusal(testDescription: "more in the file than in memory", says: "in memory") {
            $0.segments[0].memorySize = 4095
        },
        Refusal(testDescription: "file size beyond the file", says: "truncated") {
            $0.segments[0].fileSize = 1 << 40
            $0.segments[0].memorySize = 1 << 40
        },
        Refusal(testDescription: "offset beyond the file", says: "truncated") { $0.segments[0].offset = .max },
        Refusal(testDescription: "address that wraps", says: "beyond all addresses") {
            $0.segments[0].address = .max - 5
        },
        Refusal(testDescription: "larger than memory", says: "MiB of memory") { $0.segments[0].memorySize = 70 << 20 },
        Refusal(testDescription: "in the graphics hole", says: "RAM") { $0.segments[0].address = 0xA_0000 },
        Refusal(testDescription: "over the firmware tables", says: "RAM") { $0.segments[0].address = 0xF_F800 },
        Refusal(testDescription: "overlapping", says: "overlaps") {
            $0.segments.append(.init(address: 0x10_0FFF, contents: [1]))
        },
        Refusal(testDescription: "nothing to load", says: "PT_LOAD") {
            $0.segments = []; $0.notes = []
        },
        Refusal(testDescription: "no program headers", says: "no program headers") { $0.programHeaderCount = 0 },
        Refusal(testDescription: "too many program headers", says: "65535") { $0.programHeaderCount = 65535 },
        Refusal(testDescription: "odd program headers", says: "57 bytes") { $0.programHeaderSize = 57 },
        Refusal(testDescription: "program headers elsewhere", says: "beyond its end") {
            $0.programHeaderOffset = .max - 10
        },
    ]

    @Test("A lying or unusable ELF file is refused, with what is wrong", arguments: refusals)
    func refused(_ refusal: Refusal) throws {
        var builder = ELFBuilder()
        refusal.change(&builder)
        if refusal.testDescription.hasPrefix("in the") || refusal.testDescription.hasPrefix("over the") {
            builder.entry = builder.segments[0].address
        }
        let error = try #require(try BootTarget().failure(.elf(.bytes(builder.bytes))))
        #expect(error.code == .invalidImage)
        #expect(error.description.contains(refusal.says), "\(error)")
    }

    @Test("Every truncation of an ELF file is refused")
    func truncated() throws {
        let target = try BootTarget()
        var builder = ELFBuilder()
        builder.segments[0].contents = [UInt8](repeating: 0x90, count: 300)
        builder.notes = ELFBuilder.pvhNote(0x10_0000)
        let bytes = builder.bytes
        for count in 0..<bytes.count {
            #expect(target.failure(.elf(.bytes(Array(bytes.prefix(count)))))?.code == .invalidImage, "\(count) bytes")
        }
        #expect(target.failure(.elf(.bytes(bytes))) == nil)
    }
}
