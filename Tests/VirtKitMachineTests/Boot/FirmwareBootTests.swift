import Testing
import VirtKitCore

@testable import VirtKitMachine

@Suite("ROMs, and Linux by its 16-bit entry")
struct FirmwareBootTests {
    private static func configuration(_ rom: [UInt8]) -> MachineConfiguration {
        MachineConfiguration(architecture: .x86_64, memory: .mebibytes(2), boot: .firmware(.bytes(rom)))
    }

    private static func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 3 ^ $0 >> 9) }
    }

    @Test("A ROM ends at 4 GiB, and its last 128 KiB at 1 MiB", arguments: [4096, 0x1_0000, 0x2_0000, 0x4_3000])
    func places(_ size: Int) throws {
        let rom = Self.bytes(size)
        let configuration = Self.configuration(rom)
        let layout = try PCMemoryLayout(configuration)
        let memory = try GuestMemory(regions: layout.regions())
        let plan = try BootLoader.load(try #require(configuration.boot), into: memory, map: [], rootPointer: 0)
        #expect(plan.state == .reset)
        let low = min(size, 0x2_0000)
        func read(_ start: UInt64, _ count: Int) throws -> [UInt8] {
            try stride(from: 0, to: count, by: 4096).flatMap {
                try memory.bytes(at: start + UInt64($0), count: 4096)
            }
        }
        #expect(try read((1 << 32) - UInt64(size), size) == rom)
        #expect(try read((1 << 20) - UInt64(low), low) == Array(rom.suffix(low)))
        // Neither devices nor loaders' structures change it.
        try memory.write([1, 2, 3, 4], at: 0xFFFF_FFF0)
        try memory.fill(0, at: 0xF_FF00, count: 256)
        #expect(try read((1 << 32) - 4096, 4096) == Array(rom.suffix(4096)))
        #expect(try read((1 << 20) - 4096, 4096) == Array(rom.suffix(4096)))
        // RAM is where it was.
        #expect(layout.e820 == PCMemoryLayout(memory: .mebibytes(2)).e820)
        try memory.write([5], at: 0x10_0000)
        try memory.write([6], at: (1 << 20) - UInt64(low) - 1)
        #expect(try memory.load(UInt8.self, at: 0x10_0000) == 5)
        #expect(try memory.load(UInt8.self, at: (1 << 20) - UInt64(low) - 1) == 6)
    }

    @Test("The PAM registers let writes to the ROM below 1 MiB through, part by part")
    func shadow() throws {
        let configuration = Self.configuration(Self.bytes(0x4_0000))
        let layout = try PCMemoryLayout(configuration)
        let memory = try GuestMemory(regions: layout.regions(backing: .anonymous))
        let board = try PCBoard(
            configuration: configuration, memory: memory, layout: layout, clock: MachineClock(),
            serial: SerialConsole(), deviceModels: [], request: { _, _ in }, signal: { _ in })
        _ = try board.loadBootImages()
        func pam(_ register: UInt64, _ value: UInt64) {
            board.bus.write(0x8000_0090, to: 0xCF8, width: 4, space: .port, vcpu: 0)
            board.bus.write(value, to: 0xCFC + register, width: 1, space: .port, vcpu: 0)
        }
        func takes(_ address: UInt64) throws -> Bool {
            let before = try memory.load(UInt8.self, at: address)
            try memory.store(~before, at: address)
            return try memory.load(UInt8.self, at: address) != before
        }
        #expect(try !takes(0xF_0000) && !takes(0xE_0000) && takes(0xD_FFFF))
        pam(0, 0x30)
        #expect(try takes(0xF_0000) && takes(0xF_FFFF) && !takes(0xE_C000))
        pam(0, 0x10)
        #expect(try !takes(0xF_0000))
        // PAM5 and PAM6, E0000H to EFFFFH, at offset 95H.
        board.bus.write(0x8000_0094, to: 0xCF8, width: 4, space: .port, vcpu: 0)
        board.bus.write(0x21, to: 0xCFD, width: 1, space: .port, vcpu: 0)
        #expect(try !takes(0xE_0000) && takes(0xE_4000) && !takes(0xE_8000))
        board.lock.withLock { board.reset() }
        #expect(try !takes(0xE_4000))
        #expect(try !takes(0xFFFF_0000))
    }

    @Test("Sizes that no ROM has are refused", arguments: [0, 1, 4095, 4097, (8 << 20) + 4096])
    func sizes(_ size: Int) throws {
        let rom = [UInt8](repeating: 0, count: size)
        let error = #expect(throws: VirtKitError.self) { _ = try PCMemoryLayout(Self.configuration(rom)) }
        #expect(error?.code == .invalidImage)
    }

    @Test("A ROM of another size than the machine's is refused")
    func otherSize() throws {
        let memory = try GuestMemory(regions: PCMemoryLayout(Self.configuration(Self.bytes(0x2_0000))).regions())
        for size in [4096, 0x1_0000, 0x2_1000, 0x4_0000] {
            #expect(throws: VirtKitError.self) {
                _ = try BootLoader.load(.firmware(.bytes(Self.bytes(size))), into: memory, map: [], rootPointer: 0)
            }
        }
    }

    // MARK: The 16-bit entry

    private func linux(_ builder: BzImageBuilder, _ entry: LinuxEntry) -> BootSource {
        .linux(kernel: .bytes(builder.bytes), initrd: .bytes([1, 2, 3]), commandLine: "a b", entry: entry)
    }

    @Test("The set-up code is entered in real mode, with its header filled in")
    func setUpCode() throws {
        let target = try BootTarget()
        let plan = try target.load(linux(BzImageBuilder(), .bits16))
        let state = plan.state
        #expect(state.cr0 & 0x8000_0001 == 0 && state.efer == 0 && state.rflags & 0x200 == 0)
        #expect(state.segments[1].selector == state.segments[3].selector + 0x20 && state.rip == 0)
        #expect(state.segments[1].base == UInt64(state.segments[1].selector) << 4)
        #expect([0, 2, 4, 5].allSatisfy { state.segments[$0] == state.segments[3] })
        let base = state.segments[3].base
        let setup = try target.memory.bytes(at: base, count: 2048)
        #expect(setup[0x210] == 0xFF && setup[0x211] == 0x81)
        #expect(setup.little(UInt32.self, at: 0x214) == 0x100_0000)
        #expect(UInt64(try #require(setup.little(UInt16.self, at: 0x224))) < state.general[4])
        let text = UInt64(try #require(setup.little(UInt32.self, at: 0x228)))
        #expect(text >= base + 0x1_0000 && text < 0x9_FC00)
        #expect(try target.text(at: text) == "a b")
        let disk = UInt64(try #require(setup.little(UInt32.self, at: 0x218)))
        #expect(try target.memory.bytes(at: disk, count: 3) == [1, 2, 3])
        #expect(setup.little(UInt32.self, at: 0x21C) == 3)
    }

    @Test("Interrupts lead into the BIOS, which has the memory map and a data area")
    func bios() throws {
        let target = try BootTarget()
        _ = try target.load(linux(BzImageBuilder(), .bits16))
        for vector in 0..<256 as Range<UInt64> {
            let offset = try target.memory.load(UInt16.self, at: 4 * vector)
            #expect(try target.memory.load(UInt16.self, at: 4 * vector + 2) == 0xF000)
            #expect(offset >= 0xF040 && offset < 0xFC00)
        }
        #expect(try target.memory.load(UInt16.self, at: 0x413) == 639)
        #expect(try target.memory.load(UInt16.self, at: 0x40E) == 0x9FC0)
        #expect(try Int(target.memory.load(UInt16.self, at: 0xF_FC06)) == target.layout.e820.count)
        #expect(try target.memory.load(UInt64.self, at: 0xF_FC08 + 8) == target.layout.e820[0].size)
        #expect(try target.memory.load(UInt8.self, at: 0xF_FFFE) == 0xFC)
        #expect(try target.memory.load(UInt16.self, at: 0xF_FC04) == 63 << 10)
    }

    @Test("Kernels of older protocols load at 1 MiB", arguments: [0x0202, 0x0203, 0x0204, 0x0206, 0x0209] as [UInt16])
    func oldProtocols(_ version: UInt16) throws {
        let target = try BootTarget()
        var builder = BzImageBuilder()
        builder.version = version
        builder.relocatable = 0
        builder.initSize = 1  // not there yet
        builder.headerEnd = version < 0x0203 ? 0x2A : version < 0x0205 ? 0x2E : 0x3A
        for entry in [LinuxEntry.automatic, .bits32] {
            #expect(try target.load(linux(builder, entry)).state.rip == 0x10_0000)
        }
        let state = try target.load(linux(builder, .bits16)).state
        #expect(try target.memory.load(UInt32.self, at: state.segments[3].base + 0x214) == 0x10_0000)
        #expect(target.failure(linux(builder, .bits64))?.message.contains("no 64-bit entry") == true)
        builder.headerEnd = 0x29
        #expect(target.failure(linux(builder, .automatic))?.message.contains("setup header ends") == true)
        builder.version = 0x0201
        #expect(target.failure(linux(builder, .automatic))?.message.contains("older than 2.02") == true)
    }

    @Test("An entry that the image has not is refused")
    func entries() throws {
        let target = try BootTarget()
        var narrow = BzImageBuilder()
        narrow.extendedFlags = 0
        #expect(target.failure(linux(narrow, .bits64))?.message.contains("no 64-bit entry") == true)
        #expect(try target.load(linux(BzImageBuilder(), .bits32)).state.rip == 0x100_0000)
        #expect(try target.load(linux(BzImageBuilder(), .bits64)).state.rip == 0x100_0200)
        #expect(
            target.failure(.linux(kernel: .bytes(ELFBuilder().bytes), entry: .bits16))?.message.contains("ELF")
                == true)
        var large = BzImageBuilder()
        large.setupSectors = 64
        #expect(target.failure(linux(large, .bits16))?.message.contains("32 KiB") == true)
        #expect(target.failure(linux(large, .bits32)) == nil)
    }
}
