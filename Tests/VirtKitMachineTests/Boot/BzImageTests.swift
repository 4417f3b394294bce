import Foundation
import Testing
import VirtKitCore

@testable import VirtKitMachine

@Suite("Linux by its 64-bit boot protocol")
struct BzImageTests {
    private func linux(
        _ builder: BzImageBuilder, initrd: [UInt8]? = nil, commandLine: String = "console=ttyS0"
    ) -> BootSource {
        .linux(kernel: .bytes(builder.bytes), initrd: initrd.map { .bytes($0) }, commandLine: commandLine)
    }

    @Test("A kernel lies at its preferred address and is entered 0x200 bytes on, in 64-bit mode")
    func entry() throws {
        let target = try BootTarget()
        let builder = BzImageBuilder()
        let state = try target.load(linux(builder)).state
        #expect(state.rip == 0x100_0200)
        #expect(try target.memory.bytes(at: 0x100_0000, count: builder.payload.count) == builder.payload)
        #expect(state.rflags == 2)
        #expect(state.cr0 & 0x8000_0001 == 0x8000_0001)
        #expect(state.cr4 & 0x20 != 0)
        #expect(state.efer == 0x500)
        #expect(state.segments.map(\.selector) == [0x18, 0x10, 0x18, 0x18, 0x18, 0x18])
        #expect(state.segments[1].attributes == 0xA09B)
        #expect(state.general.count == 16)
    }

    @Test("The descriptor table that GDTR names says what the segment registers hold")
    func descriptors() throws {
        let target = try BootTarget()
        let state = try target.load(linux(BzImageBuilder())).state
        #expect(state.gdtr.limit == 31)
        #expect(try target.memory.load(UInt64.self, at: state.gdtr.base + 0x10) == 0x00AF_9B00_0000_FFFF)
        #expect(try target.memory.load(UInt64.self, at: state.gdtr.base + 0x18) == 0x00CF_9300_0000_FFFF)
    }

    @Test("The page tables map the first 4 GiB one to one", arguments: [0, 0x1234_5678, 0xFFFF_FFFF, 0x4000_0000])
    func identityMapping(_ address: UInt64) throws {
        let target = try BootTarget()
        let state = try target.load(linux(BzImageBuilder())).state
        var table = state.cr3
        for level in [UInt64(39), 30] {
            let entry = try target.memory.load(UInt64.self, at: table + (address >> level & 511) * 8)
            #expect(entry & 0x83 == 3)
            table = entry & ~0xFFF
        }
        let page = try target.memory.load(UInt64.self, at: table + (address >> 21 & 511) * 8)
        #expect(page & 0x83 == 0x83)
        #expect(page & ~0x1FFFFF | address & 0x1FFFFF == address)
    }

    @Test("boot_params holds header, command line, memory map, RSDP and initrd")
    func parameters() throws {
        let target = try BootTarget()
        let disk = (0..<10000).map { UInt8(truncatingIfNeeded: $0) }
        let builder = BzImageBuilder()
        let plan = try target.load(linux(builder, initrd: disk, commandLine: "panic=-1 quiet"))
        let page = try target.memory.bytes(at: plan.state.general[6], count: 4096)
        #expect(page.little(UInt32.self, at: 0x202) == 0x5372_6448)
        #expect(page[0x210] == 0xFF)
        #expect(page.little(UInt64.self, at: 0x070) == 0xE_0000)
        #expect(page.little(UInt32.self, at: 0x260) == builder.initSize)
        let text = UInt64(try #require(page.little(UInt32.self, at: 0x228)))
        #expect(try target.text(at: text) == "panic=-1 quiet")

        let address = UInt64(try #require(page.little(UInt32.self, at: 0x218)))
        #expect(page.little(UInt32.self, at: 0x21C) == 10000)
        #expect(try target.memory.bytes(at: address, count: 10000) == disk)
        #expect(address % 4096 == 0)
        #expect(address + 10000 <= 64 << 20)
        #expect(address >= 60 << 20)

        #expect(Int(page[0x1E8]) == target.layout.e820.count)
        for (index, entry) in target.layout.e820.enumerated() {
            #expect(page.little(UInt64.self, at: 0x2D0 + 20 * index) == entry.address)
            #expect(page.little(UInt64.self, at: 0x2D0 + 20 * index + 8) == entry.size)
            #expect(page.little(UInt32.self, at: 0x2D0 + 20 * index + 16) == entry.kind.rawValue)
        }
    }

    @Test("The initrd ends below initrd_addr_max")
    func initrdMaximum() throws {
        let target = try BootTarget()
        let plan = try target.load(
            linux(BzImageBuilder(initrdMaximum: 0x02FF_FFFF), initrd: [UInt8](repeating: 1, count: 4097)))
        let range = try #require(plan.ranges.first { $0.name == "initrd" })
        #expect(range.addresses.lowerBound == 0x02FF_E000)
    }

    @Test("No two ranges overlap, and all of them are in RAM")
    func ranges() throws {
        let target = try BootTarget()
        let plan = try target.load(linux(BzImageBuilder(), initrd: [1, 2, 3]))
        for (low, high) in zip(plan.ranges, plan.ranges.dropFirst()) {
            #expect(low.addresses.upperBound <= high.addresses.lowerBound)
        }
        for range in plan.ranges {
            #expect(target.layout.e820.contains { $0.kind == .usable && $0.range.contains(range.addresses.lowerBound) })
        }
        #expect(
            plan.ranges.map(\.name).sorted() == [
                "boot parameters", "command line", "descriptor table", "initrd", "kernel", "page tables",
            ])
    }

    @Test("Loading again gives the same, whatever the guest has done to its memory")
    func repeatable() throws {
        let target = try BootTarget()
        let source = linux(BzImageBuilder(), initrd: [1, 2, 3])
        let first = try target.load(source)
        let before = try first.ranges.map { try target.memory.bytes(at: $0.addresses.lowerBound, count: 3) }
        for range in first.ranges { try target.memory.fill(0xCC, at: range.addresses.lowerBound, count: 16) }
        #expect(try target.load(source) == first)
        #expect(try first.ranges.map { try target.memory.bytes(at: $0.addresses.lowerBound, count: 3) } == before)
    }

    @Test("A kernel that is not relocatable lies exactly where it says")
    func fixedAddress() throws {
        let target = try BootTarget()
        let state = try target.load(linux(BzImageBuilder(relocatable: 0, preferred: 0x123_4000))).state
        #expect(state.rip == 0x123_4200)
    }

    @Test("A 32-bit kernel is entered at its load address in flat protected mode without paging")
    func entry32() throws {
        let target = try BootTarget()
        let plan = try target.load(linux(BzImageBuilder(extendedFlags: 0)))
        let state = plan.state
        #expect(state.rip == plan.ranges.first { $0.name == "kernel" }?.addresses.lowerBound)
        #expect(state.cr0 & 0x8000_0001 == 1 && state.efer == 0 && state.rflags == 2)
        #expect(state.segments.map(\.selector) == [0x18, 0x10, 0x18, 0x18, 0x18, 0x18])
        #expect(state.general[6] == plan.ranges.first { $0.name == "boot parameters" }?.addresses.lowerBound)
        #expect(state.general[3] == 0 && state.general[5] == 0 && state.general[7] == 0)
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var builder: BzImageBuilder
        var says: String
        var testDescription: String { says }
    }

    static let refusals = [
        Refusal(builder: BzImageBuilder(version: 0x0201), says: "2.02"),
        Refusal(builder: BzImageBuilder(loadFlags: 0), says: "zImage"),
        Refusal(builder: BzImageBuilder(alignment: 0x30_0000), says: "power of two"),
        Refusal(builder: BzImageBuilder(alignment: 0), says: "power of two"),
        Refusal(builder: BzImageBuilder(preferred: .max), says: "beyond all memory"),
        Refusal(builder: BzImageBuilder(preferred: 1 << 40), says: "4 GiB"),
        Refusal(builder: BzImageBuilder(relocatable: 0, preferred: 0x9_0000), says: "RAM"),
        Refusal(builder: BzImageBuilder(initSize: 0x7F00_0000), says: "RAM"),
        Refusal(builder: BzImageBuilder(initSize: 1), says: "init_size"),
        Refusal(builder: BzImageBuilder(headerEnd: 0x20), says: "setup header ends"),
        Refusal(builder: BzImageBuilder(headerEnd: 0xFF), says: "setup header ends"),
        Refusal(builder: BzImageBuilder(declaredParagraphs: 0x1000_0000), says: "truncated"),
        Refusal(builder: BzImageBuilder(payload: []), says: "setup code alone"),
    ]

    @Test("A lying or unusable header is refused, with what is wrong", arguments: refusals)
    func refused(_ refusal: Refusal) throws {
        let error = try #require(try BootTarget().failure(linux(refusal.builder)))
        #expect(error.code == .invalidImage)
        #expect(error.description.contains(refusal.says), "\(error)")
    }

    @Test(
        "What is not a kernel is named, with a remedy",
        arguments: [
            ([0x1F, 0x8B, 8, 0] as [UInt8], "gzip"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd"),
            ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], "xz"),
            ([UInt8](repeating: 0, count: 56) + Array("ARMd".utf8), "AArch64"),
            (Array("#!/bin/sh\n".utf8), "neither"), ([], "empty"),
        ])
    func notAKernel(_ bytes: [UInt8], _ word: String) throws {
        let error = try #require(try BootTarget().failure(.linux(kernel: .bytes(bytes))))
        #expect(error.code == .invalidImage)
        #expect(error.description.contains(word), "\(error)")
        #expect(error.remedy != nil || bytes.isEmpty)
    }

    @Test("A command line longer than the kernel takes is refused")
    func commandLine() throws {
        let target = try BootTarget()
        let builder = BzImageBuilder(commandLineSize: 20)
        #expect(target.failure(linux(builder, commandLine: String(repeating: "a", count: 20))) == nil)
        let error = try #require(target.failure(linux(builder, commandLine: String(repeating: "a", count: 21))))
        #expect(error.code == .invalidConfiguration)
        #expect(error.message.contains("21") && error.message.contains("20"))
    }

    @Test("An initrd larger than the memory is refused")
    func largeInitrd() throws {
        let target = try BootTarget(mebibytes: 24)
        let error = try #require(
            target.failure(linux(BzImageBuilder(), initrd: [UInt8](repeating: 0, count: 30 << 20))))
        #expect(error.code == .invalidImage)
        #expect(error.message.contains("room for 7 MiB"), "\(error)")
        #expect(error.remedy != nil)
    }

    @Test("A kernel file of more than 4 GiB is refused")
    func hugeFile() throws {
        try withTemporaryFolder { folder in
            let file = folder.appendingPathComponent("vmlinuz")
            try Data(BzImageBuilder().bytes).write(to: file)
            // A hole: it takes no room on the disk.
            let handle = try FileHandle(forWritingTo: file)
            try handle.truncate(atOffset: 5 << 30)
            try handle.close()
            let error = try #require(try BootTarget().failure(.linux(kernel: .path(file.path))))
            #expect(error.code == .invalidImage)
            #expect(error.message.contains("4 GiB"), "\(error)")
        }
    }

    @Test("A missing file, a directory and a device are refused without waiting")
    func files() throws {
        let target = try BootTarget()
        let missing = try #require(target.failure(.linux(kernel: "/nonexistent/vmlinuz")))
        #expect(missing.code == .inputOutput && missing.errno == 2)
        for path in ["/tmp", "/dev/zero"] {
            #expect(target.failure(.linux(kernel: .path(path)))?.code == .invalidImage)
        }
        #expect(target.failure(.linux(kernel: .path("/tmp/\0x")))?.code == .invalidImage)
    }
}
