import CVirtKitTestSupport

@testable import VirtKitEmulator

#if canImport(Glibc)
    import Glibc
#endif

/// Compares what the host's CPU and the emulator made of a case.
struct Comparison {
    let test: CaseView
    let description: CaseGenerator.Description
    /// The emulator's results.
    let emulated: StateView
    let data: UnsafeMutableRawPointer

    private var native: StateView { test.after }

    /// What differs; nil if nothing does.
    func difference() -> String? {
        if isFaultOrder { return nil }
        var text: [String] = []
        compareEnd(&text)
        // A loop is stopped anywhere.
        if native.pointer.pointee.signal == UInt32(NATIVE_HANG) {
            return text.isEmpty ? nil : text.joined(separator: ", ")
        }
        compareGeneral(&text)
        compareUnit(&text)
        compareVectors(&text)
        compareData(&text)
        return text.isEmpty ? nil : text.joined(separator: ", ")
    }

    /// Two faults are due, and which comes first is the maker's own (SDM volume 3A, table 6-2): an alignment check and
    /// another; what a far return finds on the stack.
    private var isFaultOrder: Bool {
        if isUnalignedHash || isBorder || isOffsetBeyondCanonical { return true }
        let (a, b) = (native.pointer.pointee.vector, emulated.pointer.pointee.vector)
        guard a != b, native.pointer.pointee.rip == emulated.pointer.pointee.rip else { return false }
        let both: Set<UInt32> = [a, b]
        if both.isSubset(of: [11, 12, 13, 14]),
            description.instructions.contains(where: {
                Self.isFar($0) || Self.isStringCompare($0) || Self.isUnitImage($0)
            })
        {
            return true
        }
        return test.before.pointer.pointee.rflags & RFLAGS.alignmentCheck != 0
            && both.contains(UInt32(X86Vector.alignmentCheck)) && both.isSubset(of: [12, 13, 14, 16, 17])
    }

    /// AMD's processors take unaligned operands of the SHA instructions; Intel's don't (SDM volume 2, exceptions type 4).
    private var isUnalignedHash: Bool {
        emulated.pointer.pointee.vector == UInt32(X86Vector.generalProtection)
            && description.instructions.contains {
                ($0.map == .map0F38 && (0xC8...0xCD).contains($0.opcode) || $0.map == .map0F3A && $0.opcode == 0xCC)
                    && !$0.isRegisterForm
            }
    }

    /// An offset that is not canonical, whose sum with FS's or GS's base is. The manuals look at the sum alone (SDM volume 1,
    /// 3.3.7.1); AMD's processors raise #GP (measured on Zen 4).
    private var isOffsetBeyondCanonical: Bool {
        let (host, mine) = (native.pointer.pointee, emulated.pointer.pointee)
        guard !description.is32Bit, host.vector == 13, mine.vector == 14, host.rip == mine.rip else { return false }
        return [mine.fs_base, mine.gs_base].contains { base in
            let offset = Int64(bitPattern: mine.address &- base)
            return base != 0 && (offset << 16) >> 16 != offset
        }
    }

    /// A long operand (16 bytes, or an image of the units) whose first part is not mapped, and whose end is beyond the
    /// border of the canonical addresses or of 4 GiB: which of the two faults comes first is the processor's own.
    private var isBorder: Bool {
        let (host, mine) = (native.pointer.pointee, emulated.pointer.pointee)
        guard let instruction = description.instructions.last, (host.vector == 14) != (mine.vector == 14),
            host.rip == mine.rip
        else { return false }
        let border: UInt64 = description.is32Bit ? 0x1_0000_0000 : 0x8000_0000_0000
        let longest: UInt64 = Self.isLong(instruction) ? 4096 : 16
        let address = mine.vector == 14 ? mine.address : host.address
        return instruction.map != .primary && border &- address < longest
    }

    private func compare(_ name: String, _ a: UInt64, _ b: UInt64, _ text: inout [String]) {
        if a != b { text.append("\(name) \(hex(a)) (host) \(hex(b))") }
    }

    private func compareEnd(_ text: inout [String]) {
        let (host, mine) = (native.pointer.pointee, emulated.pointer.pointee)
        let hostEnds = host.signal != UInt32(NATIVE_HANG)
        guard host.signal != UInt32(NATIVE_LOST), host.signal != UInt32(SIGSYS) else {
            text.append("signal \(host.signal) (host)")
            return
        }
        guard hostEnds == (mine.signal != UInt32(NATIVE_HANG)), mine.signal != UInt32(NATIVE_LOST) else {
            text.append("ends by signal \(host.signal) (host) \(mine.signal) vector \(mine.vector)")
            return
        }
        guard hostEnds else { return }
        compare("vector", UInt64(host.vector), UInt64(mine.vector), &text)
        compare("rip", host.rip, mine.rip, &text)
        guard host.vector == mine.vector else { return }
        // Which part of a long operand is tried first is the maker's own.
        let distance = Int64(bitPattern: host.address &- mine.address)
        let isOtherPart =
            host.vector == 14 && distance != 0
            && description.instructions.contains {
                // With addresses of 32 bits the operand may go on at 0.
                Self.isLong($0)
                    && abs($0.addressBytes == 4 ? Int64(Int32(truncatingIfNeeded: distance)) : distance) < 832
            }
        if isOtherPart { return }
        if X86Fault(vector: UInt8(truncatingIfNeeded: mine.vector)).hasErrorCode {
            // Linux hides what is mapped in its own half.
            let hidden: UInt64 = host.vector == 14 && host.address >= 0x7FFF_FFFF_F000 ? 1 : 0
            compare("error", host.error & ~hidden, mine.error & ~hidden, &text)
        }
        guard host.vector == 14 else { return }
        if description.instructions.contains(where: { Self.isFar($0) || Self.isStringCompare($0) }) { return }
        compare("cr2", host.address, mine.address, &text)
    }

    /// RET far, IRET, and far calls and jumps through memory read several words, in an order of the maker's.
    private static func isFar(_ instruction: X86Instruction) -> Bool {
        guard instruction.map == .primary else { return false }
        return [0xCA, 0xCB, 0xCF].contains(instruction.opcode)
            || instruction.opcode == 0xFF && [3, 5].contains(instruction.extensionDigit)
    }

    /// CMPS reads two operands, in an order of the maker's.
    private static func isStringCompare(_ instruction: X86Instruction) -> Bool {
        instruction.map == .primary && instruction.opcode & 0xFE == 0xA6
    }

    /// An x87 operand of more than eight bytes, whose parts may lie on both sides of a border.
    private static func isUnitImage(_ instruction: X86Instruction) -> Bool {
        instruction.map == .primary && !instruction.isRegisterForm
            && [0xD9, 0xDB, 0xDD, 0xDF].contains(instruction.opcode) && instruction.extensionDigit >= 4
    }

    /// FXSAVE, XSAVE and their like, x87 environments and images.
    private static func isLong(_ instruction: X86Instruction) -> Bool {
        switch (instruction.map, instruction.opcode) {
        case (.map0F, 0xAE), (.map0F, 0xC7): true
        case (.primary, 0xD9), (.primary, 0xDD): [4, 6].contains(instruction.extensionDigit)
        default: false
        }
    }

    private func compareGeneral(_ text: inout [String]) {
        let names = [
            "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
            "r15",
        ]
        for number in 0..<(description.is32Bit ? 8 : 16) {
            var ignored = description.instructions.reduce(0) { $0 | UndefinedResults.bits($1, ofRegister: number) }
            // After a switch to compatibility mode upper halves are undefined (SDM volume 1, 3.4.1.1); an exception there
            // saves ESP alone (measured on Zen 4).
            if number == 4, !description.is32Bit, native[selector: 1] == LinuxSegments.userCode32 {
                ignored |= 0xFFFF_FFFF_0000_0000
            }
            compare(names[number], native[general: number] & ~ignored, emulated[general: number] & ~ignored, &text)
        }
        // RF is set in the image of a fault.
        let ignored = description.ignoredFlags | RFLAGS.resume
        let (a, b) = (native.pointer.pointee.rflags, emulated.pointer.pointee.rflags)
        compare("rflags", a & ~ignored, b & ~ignored, &text)
        for (number, name) in ["es", "cs", "ss", "ds", "fs", "gs"].enumerated() {
            let (a, b) = (native[selector: number], emulated[selector: number])
            // The kernel's return to the signal handler makes 0 of every null selector (SDM volume 2, IRET).
            if a < 4, b < 4 { continue }
            compare(name, UInt64(a), UInt64(b), &text)
        }
        compare("fs_base", native.pointer.pointee.fs_base, emulated.pointer.pointee.fs_base, &text)
        compare("gs_base", native.pointer.pointee.gs_base, emulated.pointer.pointee.gs_base, &text)
    }

    /// The pointers to the last instruction and operand are left out: AMD's processors keep them only where an exception
    /// is pending (APM volume 2, 11.5.2).
    private func compareUnit(_ text: inout [String]) {
        if isOutOfRange || isFaultingMaskedStore { return }
        let isApproximate = description.instructions.contains { UndefinedResults.isApproximate($0) }
        // Which way a result was rounded goes with its last bit.
        let ignored: UInt16 = isApproximate ? 0x0220 : 0
        compare("fcw", UInt64(native.control), UInt64(emulated.control), &text)
        compare("fsw", UInt64(native.status & ~ignored), UInt64(emulated.status & ~ignored), &text)
        compare("ftw", UInt64(native.tag), UInt64(emulated.tag), &text)
        for number in 0..<8 {
            let (a, b) = (native[significand: number], emulated[significand: number])
            let (c, d) = (native[signExponent: number], emulated[signExponent: number])
            if isApproximate, c & 0x7FFF != 0x7FFF, Self.areClose(a, c, b, d) { continue }
            compare("st\(number)", a, b, &text)
            compare("st\(number) exponent", UInt64(c), UInt64(d), &text)
        }
    }

    /// Whether MASKMOVQ enters MMX state before its access faults is the maker's own.
    private var isFaultingMaskedStore: Bool {
        let isFault = [12, 13, 14, 17].contains(native.pointer.pointee.vector)
        guard isFault, let instruction = description.instructions.last else { return false }
        return instruction.map == .map0F && instruction.opcode == 0xF7
    }

    /// F2XM1 and FYL2XP1 with an operand beyond what they are defined for (SDM volume 2).
    private var isOutOfRange: Bool {
        guard let instruction = description.instructions.first, description.instructions.count == 1,
            instruction.map == .primary, instruction.opcode == 0xD9
        else { return false }
        let exponent = test.before[signExponent: 0] & 0x7FFF
        guard exponent != 0x7FFF else { return false }
        return instruction.modRM == 0xF0 && exponent >= 0x3FFF || instruction.modRM == 0xF9 && exponent >= 0x3FFD
    }

    /// Within two units in the last place.
    private static func areClose(_ a: UInt64, _ aExponent: UInt16, _ b: UInt64, _ bExponent: UInt16) -> Bool {
        if aExponent == bExponent { return a &- b &+ 2 <= 4 }
        // On both sides of a power of two.
        let difference = Int(aExponent) - Int(bExponent)
        let (upper, lower) = difference == 1 ? (a, b) : (b, a)
        return abs(difference) == 1 && upper &- (1 << 63) <= 2 && UInt64.max - lower <= 4
    }

    private func compareVectors(_ text: inout [String]) {
        compare("mxcsr", UInt64(native.mxcsr), UInt64(emulated.mxcsr), &text)
        for number in 0..<(description.is32Bit ? 8 : 16) {
            if description.ignoresVectors {
                for element in 0..<4 {
                    let (a, b) = (native.single(number, element), emulated.single(number, element))
                    if !Self.areReciprocals(a, b) { compare("xmm\(number)[\(element)]", UInt64(a), UInt64(b), &text) }
                }
                continue
            }
            compare("xmm\(number)", native[vector: number * 2], emulated[vector: number * 2], &text)
            compare("xmm\(number).high", native[vector: number * 2 + 1], emulated[vector: number * 2 + 1], &text)
        }
    }

    /// Both within the error that RCPPS and RSQRTPS may have; results below the normal range may be zeros.
    private static func areReciprocals(_ a: UInt32, _ b: UInt32) -> Bool {
        if a == b { return true }
        let (x, y) = (Float(bitPattern: a), Float(bitPattern: b))
        if !x.isNormal || !y.isNormal {
            return abs(x) < 2 * Float.leastNormalMagnitude && abs(y) < 2 * Float.leastNormalMagnitude
        }
        return abs(x - y) <= abs(x) * 3 / 4096
    }

    private func compareData(_ text: inout [String]) {
        let host = test.dataAfter
        guard memcmp(host, data, Int(Window.dataSize)) != 0 else { return }
        let ignored = ignoredData
        for offset in stride(from: 0, to: Int(Window.dataSize), by: 8) {
            let a = host.load(fromByteOffset: offset, as: UInt64.self)
            let b = data.load(fromByteOffset: offset, as: UInt64.self)
            guard a != b else { continue }
            var mask: UInt64 = 0
            for byte in 0..<8 where ignored.contains(offset + byte) { mask |= 0xFF << UInt64(byte * 8) }
            compare("[data + \(hex(UInt64(offset)))]", a & ~mask, b & ~mask, &text)
            if text.count > 6 { return }
        }
    }

    /// Offsets in the data of what x87 images hold of instruction pointers, and of bytes that are reserved.
    private var ignoredData: IndexSet {
        // A call to an address that is not canonical: the return address below the stack pointer.
        if let instruction = description.instructions.last, instruction.map == .primary, instruction.opcode == 0xFF,
            instruction.extensionDigit == 2, native.pointer.pointee.vector == 13
        {
            let top = Int(truncatingIfNeeded: native[general: 4] &- Window.data)
            return [top &- 8..<top]
        }
        guard description.instructions.count == 1,
            let address = OperandPreparation(
                test: test, instruction: description.instructions[0]
            ).address
        else { return [] }
        let instruction = description.instructions[0]
        let offset = Int(truncatingIfNeeded: address &- Window.data)
        let size = instruction.operandBytes == 2 ? 2 : 4
        switch (instruction.map, instruction.opcode, instruction.extensionDigit) {
        // FNSTENV, FNSAVE.
        case (.primary, 0xD9, 6), (.primary, 0xDD, 6): return [offset + 3 * size..<offset + 7 * size]
        // FXSAVE, XSAVE, XSAVEOPT, XSAVEC: FOP, FIP, FDP; MXCSR_MASK; the reserved end.
        case (.map0F, 0xAE, 0), (.map0F, 0xAE, 4), (.map0F, 0xAE, 6), (.map0F, 0xC7, 4):
            return [offset + 6..<offset + 24, offset + 28..<offset + 32, offset + 416..<offset + 512]
        default: return []
        }
    }

    private typealias IndexSet = [Range<Int>]
}

extension [Range<Int>] {
    fileprivate func contains(_ value: Int) -> Bool { contains { $0.contains(value) } }
}
