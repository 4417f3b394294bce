import Glibc
import Testing

@testable import VirtKitEmulator

/// The decoder's instruction lengths against those of llvm-objdump, on random bytes.
@Suite(.enabled(if: Disassembler.tools != nil, "needs clang and llvm-objdump"))
struct DecoderLengthTests {
    @Test(arguments: [X86Mode.CodeSize.bits64, .bits32])
    func lengths(size: X86Mode.CodeSize) throws {
        var random = RandomBits(seed: 3)
        let samples = (0..<4000).map { _ in Self.sample(&random) }
        let expected = try #require(Disassembler.disassemble(samples, is64: size == .bits64))
        try #require(expected.count == samples.count)
        var compared = 0
        for (bytes, line) in zip(samples, expected) {
            guard let line, line.isComparable else { continue }
            var instruction = X86Instruction()
            let outcome = X86Decoder.decode(bytes, count: bytes.count, codeSize: size, into: &instruction)
            // What is not offered (VEX, EVEX, 3DNow! …) is undefined here.
            guard outcome == .decoded else { continue }
            // Intel ignores 66 before a near branch of 64-bit code; objdump follows AMD.
            let isBranch =
                instruction.map == .map0F
                ? instruction.opcode & 0xF0 == 0x80 : [0xE8, 0xE9].contains(instruction.opcode)
            if isBranch, instruction.hasOperandSizePrefix { continue }
            compared += 1
            let text = bytes.map { String($0, radix: 16) }.joined(separator: " ")
            #expect(instruction.length == line.length, "\(text): \(line.text)")
        }
        #expect(compared > 1500)
    }

    @Test func limits() {
        var instruction = X86Instruction()
        let prefixes = [UInt8](repeating: 0x66, count: 15)
        #expect(X86Decoder.decode(prefixes, count: 15, codeSize: .bits64, into: &instruction) == .tooLong)
        #expect(X86Decoder.decode(prefixes, count: 9, codeSize: .bits64, into: &instruction) == .truncated)
        #expect(
            X86Decoder.decode(prefixes.dropLast() + [0x90], count: 15, codeSize: .bits64, into: &instruction)
                == .decoded)
        #expect(instruction.length == 15)
        // LOCK with a register destination, and with an instruction that doesn't allow it.
        #expect(X86Decoder.decode([0xF0, 0x01, 0xC0], count: 3, codeSize: .bits64, into: &instruction) == .undefined)
        #expect(X86Decoder.decode([0xF0, 0x39, 0x00], count: 3, codeSize: .bits64, into: &instruction) == .undefined)
        #expect(X86Decoder.decode([0xF0, 0x01, 0x00], count: 3, codeSize: .bits64, into: &instruction) == .decoded)
    }

    private static func sample(_ random: inout RandomBits) -> [UInt8] {
        let prefixes: [UInt8] = [0x66, 0x67, 0xF2, 0xF3, 0x2E, 0x64, 0x40, 0x48, 0x41, 0x4F, 0x44]
        var bytes: [UInt8] = []
        while random.below(3) == 0, bytes.count < 6 { bytes.append(prefixes[random.below(prefixes.count)]) }
        switch random.below(20) {
        case 0..<9: break
        case 9..<16: bytes.append(0x0F)
        case 16, 17: bytes += [0x0F, 0x38]
        default: bytes += [0x0F, 0x3A]
        }
        while bytes.count < 15 { bytes.append(UInt8(truncatingIfNeeded: random.next() >> 21)) }
        return bytes
    }
}

/// clang's assembler and llvm-objdump, as reference.
enum Disassembler {
    struct Line {
        var length: Int
        var text: String

        /// Neither unknown nor a prefix that objdump shows as an instruction of its own.
        var isComparable: Bool {
            let words = text.split(separator: " ")
            let prefixes: Set<Substring> = ["lock", "rep", "repne", "xacquire", "xrelease", "addr16"]
            return !text.contains("unknown") && !text.contains("(bad)") && !words.contains { prefixes.contains($0) }
        }
    }

    /// The folder of the tools.
    static let tools: String? = {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        return (path.split(separator: ":").map(String.init) + ["/opt/swift/usr/bin"]).first {
            access($0 + "/llvm-objdump", X_OK) == 0 && access($0 + "/clang", X_OK) == 0
        }
    }()

    /// The first instruction of each sample; nil where the tools fail.
    static func disassemble(_ samples: [[UInt8]], is64: Bool) -> [Line?]? {
        guard let tools else { return nil }
        var template = Array("/tmp/virtkit-decoder-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { return nil }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { system("rm -rf \(folder)") }
        guard let file = fopen(folder + "/s.s", "w") else { return nil }
        for (index, bytes) in samples.enumerated() {
            fputs("s\(index): .byte " + bytes.map { "\($0)" }.joined(separator: ",") + "\n.fill 17, 1, 0x90\n", file)
        }
        fclose(file)
        let target = is64 ? "x86_64" : "i386"
        let command =
            "cd \(folder) && \(tools)/clang -target \(target)-unknown-linux -c s.s -o s.o && \(tools)/llvm-objdump -d s.o"
        guard let pipe = popen(command, "r") else { return nil }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, pipe)
            if count == 0 { break }
            text += buffer[0..<count]
        }
        guard pclose(pipe) == 0 else { return nil }
        return parse(String(decoding: text, as: UTF8.self), count: samples.count)
    }

    private static func parse(_ text: String, count: Int) -> [Line?] {
        var lines = [Line?](repeating: nil, count: count)
        var current: Int?
        for line in text.split(separator: "\n") {
            if line.hasSuffix(">:"), let start = line.lastIndex(of: "<") {
                current = Int(line[line.index(start, offsetBy: 2)...].dropLast(2))
                continue
            }
            guard let number = current, lines.indices.contains(number), let colon = line.firstIndex(of: ":") else {
                continue
            }
            current = nil
            let fields = line[line.index(after: colon)...].split(separator: "\t")
            guard let bytes = fields.first else { continue }
            let length = bytes.split(separator: " ").count
            lines[number] = Line(length: length, text: fields.dropFirst().joined(separator: " "))
        }
        return lines
    }
}
