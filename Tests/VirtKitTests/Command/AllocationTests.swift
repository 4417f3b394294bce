import Foundation
import Testing

private let compiler = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    .flatMap { folder in ["clang", "cc"].map { "\(folder)/\($0)" } }
    .first { FileManager.default.isExecutableFile(atPath: $0) }

/// Nothing is allocated per instruction or per block: the calls of the C library's allocator are counted in a whole
/// process that runs a guest, by a library that is loaded before it.
@Suite(
    .serialized, .enabled(if: CommandProcess.path != nil, CommandProcess.absence),
    .enabled(if: compiler != nil, "no C compiler in PATH (clang comes with Swift)"))
struct AllocationTests {
    private static let source = """
        #include <errno.h>
        #include <stddef.h>
        #include <stdio.h>
        extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t);
        extern void *__libc_realloc(void *, size_t), *__libc_memalign(size_t, size_t);
        static _Atomic unsigned long calls;
        void *malloc(size_t size) { calls++; return __libc_malloc(size); }
        void *calloc(size_t count, size_t size) { calls++; return __libc_calloc(count, size); }
        void *realloc(void *old, size_t size) { calls++; return __libc_realloc(old, size); }
        void *aligned_alloc(size_t alignment, size_t size) { calls++; return __libc_memalign(alignment, size); }
        int posix_memalign(void **result, size_t alignment, size_t size) {
            calls++;
            *result = __libc_memalign(alignment, size);
            return *result ? 0 : ENOMEM;
        }
        __attribute__((destructor)) static void tell(void) { dprintf(2, "allocations %lu\\n", calls); }

        """

    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func build() async throws {
        _ = try folder.write("count.c", Self.source)
        let built = try await CommandProcess.run(
            [try #require(compiler), folder("count.c"), folder("count.so")],
            script: "\"$1\" -shared -fPIC -O1 \"$2\" -o \"$3\"")
        try #require(built.code == 0, "\(built)")
    }

    /// Runs a machine to its end. Returns the allocations and the instructions.
    private func run(_ arguments: [String]) async throws -> (allocations: Int, instructions: Int) {
        let command = try CommandProcess(
            [folder("count.so"), "run", "--stats"] + arguments,
            script: "library=$1; shift; LD_PRELOAD=$library exec \"$0\" \"$@\"")
        let result = try await command.result(within: 120)
        let lines = result.error.split(separator: "\n")
        let count = try #require(lines.last { $0.hasPrefix("allocations ") }?.split(separator: " ").last)
        let statistics = try #require(lines.first { $0.hasPrefix("{") })
        let object = try JSONSerialization.jsonObject(with: Data(statistics.utf8)) as? [String: Any]
        return (try #require(Int(count)), try #require(object?["instructions"] as? Int))
    }

    /// A loop of `count` rounds, and the end.
    private static func loop(_ body: [UInt8], _ count: UInt32) -> [UInt8] {
        let head: [UInt8] = [0x41, 0xBC] + bytes(count)  // mov $count, %r12d
        let back = UInt32(truncatingIfNeeded: -(body.count + 9))
        return head + body + [0x41, 0xFF, 0xCC, 0x0F, 0x85] + bytes(back) + BareCode.powerOff  // dec %r12d; jnz
    }

    private static func bytes(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    enum Mix: CaseIterable {
        case registers, memoryAndCalls, ports

        var body: [UInt8] {
            switch self {
            case .registers: [0x48, 0xC1, 0xC3, 0x05, 0x48, 0x01, 0xC3, 0x48, 0x31, 0xD8]  // rol, add, xor
            case .memoryAndCalls:
                [
                    0xBF, 0x00, 0x00, 0x18, 0x00,  // mov $0x180000, %edi
                    0x48, 0x89, 0x07, 0x48, 0x8B, 0x1F,  // mov %rax, (%rdi); mov (%rdi), %rbx
                    0x50, 0x59,  // push %rax; pop %rcx
                    0xE8, 0x02, 0x00, 0x00, 0x00, 0xEB, 0x01, 0xC3,  // call 2f; jmp 1f; 2: ret; 1:
                ]
            case .ports: [0x66, 0xBA, 0xFD, 0x03, 0xEC]  // mov $0x3FD, %dx; in (%dx), %al
            }
        }

        /// Rounds of some 200 million instructions; those at ports are slow.
        var rounds: UInt32 { self == .ports ? 2_000_000 : 20_000_000 }
    }

    @Test(arguments: Mix.allCases) func nothingIsAllocatedPerInstruction(_ mix: Mix) async throws {
        try await build()
        func count(_ rounds: UInt32) async throws -> (allocations: Int, instructions: Int) {
            try await run(["--memory", "4M", "--kernel", try folder.write("guest", Self.loop(mix.body, rounds))])
        }
        let few = try await count(mix.rounds / 20)
        let many = try await count(mix.rounds)
        #expect(many.instructions > few.instructions + Int(mix.rounds / 20) * 19 * 3)
        #expect(many.allocations < few.allocations + 300, "\(few) \(many)")
    }

    /// Timers, interrupts, console output and new code may allocate now and then.
    @Test(.enabled(if: TestKernel.isPresent, TestKernel.absence)) func littleIsAllocatedInABootOfLinux() async throws {
        try await build()
        let boot = try await run([
            "--kernel", TestKernel.path, "--initrd", TestKernel.initramfs, "--append", "console=ttyS0 panic=-1",
        ])
        #expect(boot.allocations < boot.instructions / 1000, "\(boot)")
    }
}
