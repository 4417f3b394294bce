import CVirtKitTestSupport

@testable import VirtKitEmulator

/// A case as one line of `name=value`, numbers in hexadecimal: what differs from the plainest state.
///
///     code=4801d8 at=3a517800 bits=64 rax=5 xmm3=0:3ff0000000000000 st0=3fff:8000000000000000 +1f8=7
///
/// `+offset` is a word of the data window; high half first in `xmm`, sign and exponent first in `st`.
enum CaseText {
    private static let registers = [
        "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
    ]
    private static var fields: [(String, ReferenceWritableKeyPath<StateField, UInt64>)] {
        [
            ("rflags", \.flags), ("fcw", \.control), ("fsw", \.status), ("ftw", \.tag), ("mxcsr", \.mxcsr),
            ("fsbase", \.fsBase), ("gsbase", \.gsBase),
        ]
    }

    static func print(_ test: CaseView) -> String {
        let plain = UnsafeMutablePointer<native_state>.allocate(capacity: 1)
        plain.initialize(to: native_state())
        defer { plain.deallocate() }
        let initial = StateView(pointer: plain)
        initial.reset(is32Bit: test.is32Bit)
        let before = test.before
        var parts = [
            "code=\(hex(test.codeBytes))", "at=\(text(test.codeAddress))", "bits=\(test.is32Bit ? 32 : 64)",
        ]
        for (number, name) in registers.enumerated() where before[general: number] != 0 {
            parts.append("\(name)=\(text(before[general: number]))")
        }
        for (name, path) in fields where StateField(before, 0)[keyPath: path] != StateField(initial, 0)[keyPath: path] {
            parts.append("\(name)=\(text(StateField(before, 0)[keyPath: path]))")
        }
        for number in 0..<16 {
            let (low, high) = (before[vector: number * 2], before[vector: number * 2 + 1])
            if low | high != 0 { parts.append("xmm\(number)=\(text(high)):\(text(low))") }
        }
        for number in 0..<8 {
            let (significand, exponent) = (before[significand: number], before[signExponent: number])
            if significand != 0 || exponent != 0 {
                parts.append("st\(number)=\(text(UInt64(exponent))):\(text(significand))")
            }
        }
        for offset in stride(from: 0, to: Int(Window.dataSize), by: 8) {
            let value = test.dataBefore.load(fromByteOffset: offset, as: UInt64.self)
            if value != 0 { parts.append("+\(text(UInt64(offset)))=\(text(value))") }
        }
        return parts.joined(separator: " ")
    }

    private static func text(_ value: UInt64) -> String { String(value, radix: 16) }

    /// Puts a line's case in place, and says what there is to know of it; nil for a line that is none.
    static func parse(_ line: String, into test: CaseView) -> CaseGenerator.Description? {
        var values: [(String, [UInt64])] = []
        var bytes: [UInt8] = []
        for part in line.split(separator: " ") {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { return nil }
            if pair[0] == "code" {
                let digits = Array(pair[1])
                guard digits.count % 2 == 0 else { return nil }
                for index in stride(from: 0, to: digits.count, by: 2) {
                    guard let byte = UInt8(String(digits[index...index + 1]), radix: 16) else { return nil }
                    bytes.append(byte)
                }
                continue
            }
            let numbers = pair[1].split(separator: ":").compactMap { UInt64($0, radix: 16) }
            guard !numbers.isEmpty else { return nil }
            values.append((String(pair[0]), numbers))
        }
        func value(_ name: String) -> UInt64? { values.first { $0.0 == name }?.1.first }
        let is32Bit = value("bits") == 0x32
        let address = value("at") ?? Window.code + 0x800
        guard !bytes.isEmpty, bytes.count <= Window.codeBytes, address >= Window.code,
            address + UInt64(bytes.count) <= Window.code + Window.codeSize
        else { return nil }
        test.before.reset(is32Bit: is32Bit)
        test.setCode(bytes, at: address)
        test.dataBefore.initializeMemory(as: UInt8.self, repeating: 0, count: Int(Window.dataSize))
        for (name, numbers) in values where !["bits", "at"].contains(name) {
            guard set(name, numbers, test) else { return nil }
        }
        return describe(bytes, test)
    }

    private static func set(_ name: String, _ numbers: [UInt64], _ test: CaseView) -> Bool {
        let before = test.before
        if let number = registers.firstIndex(of: name) {
            before[general: number] = numbers[0]
        } else if let field = fields.first(where: { $0.0 == name }) {
            StateField(before, 0)[keyPath: field.1] = numbers[0]
        } else if name.hasPrefix("+"), let offset = Int(name.dropFirst(), radix: 16), offset <= Int(Window.dataSize) - 8
        {
            test.dataBefore.storeBytes(of: numbers[0], toByteOffset: offset, as: UInt64.self)
        } else if name.hasPrefix("xmm"), let number = Int(name.dropFirst(3)), number < 16, numbers.count == 2 {
            (before[vector: number * 2 + 1], before[vector: number * 2]) = (numbers[0], numbers[1])
        } else if name.hasPrefix("st"), let number = Int(name.dropFirst(2)), number < 8, numbers.count == 2 {
            before[signExponent: number] = UInt16(truncatingIfNeeded: numbers[0])
            before[significand: number] = numbers[1]
        } else {
            return false
        }
        return true
    }

    private static func describe(_ bytes: [UInt8], _ test: CaseView) -> CaseGenerator.Description {
        var description = CaseGenerator.Description(name: hex(bytes), is32Bit: test.is32Bit)
        var rest = bytes
        while !rest.isEmpty,
            let instruction = FormList.decode(rest + [UInt8](repeating: 0xCC, count: 16), is32Bit: test.is32Bit)
        {
            description.instructions.append(instruction)
            rest = Array(rest.dropFirst(instruction.length))
        }
        let isBlock = description.instructions.count > 1
        for instruction in description.instructions {
            let count = UInt8(truncatingIfNeeded: test.before[general: 1])
            description.ignoredFlags |= UndefinedResults.flags(instruction, count: isBlock ? nil : count)
            if UndefinedResults.isReciprocal(instruction) { description.ignoresVectors = true }
        }
        return description
    }
}
