import Foundation
import Testing

/// What `virtkit run` makes of kernels of several kinds, modules, ROMs and devices.
@Suite(.enabled(if: CommandProcess.path != nil, CommandProcess.absence)) struct BootCommandTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    /// A multiboot image with address fields at 1 MiB that prints its command line, then each module's text and first
    /// byte, and ends with the number of modules.
    private static let kernel: [UInt8] = {
        func words(_ values: [UInt32]) -> [UInt8] {
            values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) } }
        }
        let flags: UInt32 = 0x1_0003
        let header = words([
            0x1BAD_B002, flags, 0 &- 0x1BAD_B002 &- flags, 0x10_0000, 0x10_0000, 0, 0x10_1000, 0x10_0020,
        ])
        let code: [UInt8] = [
            0xBC, 0x00, 0x10, 0x10, 0x00,  // 20: mov $0x101000, %esp
            0x66, 0xBA, 0xF8, 0x03,  // 25: mov $0x3F8, %dx
            0x8B, 0x73, 0x10,  // 29: mov 16(%ebx), %esi
            0xE8, 0x1F, 0x00, 0x00, 0x00,  // 2C: call 50
            0x8B, 0x4B, 0x14,  // 31: mov 20(%ebx), %ecx
            0x8B, 0x7B, 0x18,  // 34: mov 24(%ebx), %edi
            0xE3, 0x13,  // 37: jecxz 4C
            0x8B, 0x77, 0x08,  // 39: mov 8(%edi), %esi
            0xE8, 0x0F, 0x00, 0x00, 0x00,  // 3C: call 50
            0x8B, 0x07,  // 41: mov (%edi), %eax
            0x8A, 0x00, 0xEE,  // 43: mov (%eax), %al; out %al, (%dx)
            0x83, 0xC7, 0x10,  // 46: add $16, %edi
            0xE2, 0xEE,  // 49: loop 39
            0x90,  // 4B
            0x8A, 0x43, 0x14, 0xEB, 0x0A,  // 4C: mov 20(%ebx), %al; jmp 5B
        ]
        // The routine that prints a text and a newline stands where the call says: keep the code before it 48 bytes long.
        let print: [UInt8] = [
            0xAC, 0x84, 0xC0, 0x74, 0x03, 0xEE, 0xEB, 0xF8,  // lodsb; test %al, %al; jz 1f; out; jmp
            0xB0, 0x0A, 0xEE, 0xC3,  // 1: mov $10, %al; out; ret
        ]
        var image = header + code
        // The call's target and the jump's are fixed up here rather than counted by hand.
        let target = image.count
        image[0x2D] = UInt8(target - 0x31)
        image[0x3D] = UInt8(target - 0x41)
        image[0x50] = UInt8(print.count)
        return image + print + [0xE6, 0xF4, 0xF4, 0xEB, 0xFD]  // out %al, $0xF4; hlt; jmp
    }()

    @Test func aMultibootKernelIsKnownByItsHeader() async throws {
        let kernel = try folder.write("kernel", Self.kernel)
        let disk = try folder.write("disk,1", "D")
        let other = try folder.write("other", "O")
        let modules = "\(disk.replacing(",", with: ",,")) root=1,\(other)"
        let result = try await CommandProcess.run([
            "run", "--kernel", kernel, "--append", "one", "--append", "two", "--initrd", modules,
        ])
        #expect(result.output == "\(kernel) one two\n\(disk) root=1\nD\(other)\nO", "\(result)")
        #expect(result.code == 5)
        let alone = try await CommandProcess.run(["run", "--kernel", kernel])
        #expect(alone.output == "\(kernel)\n" && alone.code == 1, "\(alone)")
    }

    @Test func aConfigurationsMultibootKernelTakesMoreWordsAndOtherModules() async throws {
        let kernel = try folder.write("kernel", Self.kernel)
        let disk = try folder.write("disk", "D")
        let text = """
            {"version": 1, "architecture": "x86_64", "memory": 8388608, "boot": {"multiboot": {"image": "\(kernel)", \
            "commandLine": "first", "modules": [{"image": {"bytes": [77]}, "commandLine": "text"}]}}}
            """
        let path = try folder.write("machine.json", text)
        let result = try await CommandProcess.run(["run", "--config", path, "--append", "second"])
        #expect(result.output == "first second\ntext\nM" && result.code == 3, "\(result)")
        let other = try await CommandProcess.run(["run", "--config", path, "--initrd", disk])
        #expect(other.output == "first\n\(disk)\nD" && other.code == 3, "\(other)")
    }

    /// A ROM of 4 KiB that writes `value` to the debug-exit port.
    private static func rom(_ value: UInt8) -> [UInt8] {
        [UInt8](repeating: 0xF4, count: 4080) + [0xB0, value, 0xE6, 0xF4, 0xF4, 0xEB, 0xFD]
            + [UInt8](repeating: 0, count: 9)
    }

    @Test func aROMStarts() async throws {
        let result = try await CommandProcess.run(["run", "--firmware", try folder.write("rom", Self.rom(9))])
        #expect(result.code == 19, "\(result)")
    }

    @Test func aDeviceIsAdded() async throws {
        // Reads back what it writes to port E0H, and exits with it.
        let code: [UInt8] = [0xB0, 0x21, 0xE6, 0xE0, 0xB0, 0, 0xE4, 0xE8, 0xE6, 0xF4, 0xF4, 0xEB, 0xFD]
        let path = try folder.write("guest", code)
        let with = try await CommandProcess.run(["run", "--kernel", path, "--device", "pc-testdev,id=t"])
        #expect(with.code == 0x43, "\(with)")
        let without = try await CommandProcess.run(["run", "--kernel", path])
        #expect(without.code == 0xFF, "\(without)")
    }

    static let mistakes: [(arguments: [String], word: String)] = [
        (["--firmware", "rom", "--kernel", "kernel"], "--firmware"),
        (["--firmware", "rom", "--append", "a"], "--firmware"),
        (["--firmware", "odd"], "multiple of 4096"),
        (["--firmware", "/nonexistent"], "errno 2"),
        (["--kernel", "kernel", "--linux-entry", "16-bit"], "bzImage"),
        (["--kernel", "kernel", "--initrd", "/nonexistent"], "errno 2"),
        (["--kernel", "kernel", "--device", "nothing"], "nothing"),
        (["--kernel", "kernel", "--device", "pc-testdev,x=1"], "\"x\""),
        (["--kernel", "kernel", "--device", "pc-testdev,=1"], "key=value"),
        (["--kernel", "kernel", "--device", "pc-testdev,id=a", "--device", "pc-testdev,id=a"], "\"a\""),
        (["--kernel", "kernel", "--device", "pc-testdev,id=a", "--device", "pc-testdev,id=b"], "overlaps"),
        (["--kernel", "kernel", "--device", ""], "--device"),
        (["--kernel", "video"], "no display"),
    ]

    @Test(arguments: mistakes) func mistakesAreNamed(_ arguments: [String], _ word: String) async throws {
        var video = Self.kernel
        video[4] |= 4
        video[8] &-= 4
        let files = [
            "kernel": try folder.write("kernel", Self.kernel), "rom": try folder.write("rom", Self.rom(0)),
            "odd": try folder.write("odd", [0xF4]), "video": try folder.write("video", video),
        ]
        let result = try await CommandProcess.run(["run"] + arguments.map { files[$0] ?? $0 })
        #expect(result.code == 78 || result.code == 74, "\(result)")
        #expect(result.lastErrorLine.contains(word), "\(result.error)")
    }
}
