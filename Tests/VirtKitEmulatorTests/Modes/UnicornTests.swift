import Foundation
import Testing
import VirtKitCore

@testable import VirtKitEmulator

/// 16- and 32-bit code against Unicorn: `Tests/Unicorn/vectors` has written what that made of it.
@Suite struct UnicornTests {
    private static let path = ProcessInfo.processInfo.environment["VIRTKIT_TEST_UNICORN"] ?? ""

    /// One line of the file.
    private struct Vector {
        var is16: Bool
        var code: [UInt8]
        var registers: [UInt64]
        var flags: UInt64
        var bases: [UInt16]
        var finalRegisters: [UInt64]
        var finalFlags: UInt64
        var mask: UInt64
        /// DS, ES, FS, GS.
        var finalSelectors: [UInt16]
        var written: [(address: UInt64, bytes: [UInt8])]

        init?(_ line: Substring) {
            let words = line.split(separator: " ")
            guard words.count == 32 else { return nil }
            let numbers = words[2..<31].compactMap { UInt64($0, radix: 16) }
            guard numbers.count == 29 else { return nil }
            is16 = words[0] == "10"
            code = Self.bytes(words[1])
            registers = Array(numbers[0..<8])
            flags = numbers[8]
            bases = numbers[9..<15].map { UInt16(truncatingIfNeeded: $0) }
            finalRegisters = Array(numbers[15..<23])
            finalFlags = numbers[23]
            mask = numbers[24]
            finalSelectors = numbers[25..<29].map { UInt16(truncatingIfNeeded: $0) }
            written = words[31].split(separator: ",").compactMap { run in
                let parts = run.split(separator: ":")
                guard parts.count == 2, let address = UInt64(parts[0], radix: 16) else { return nil }
                return (address, Self.bytes(parts[1]))
            }
        }

        private static func bytes(_ text: Substring) -> [UInt8] {
            let digits = Array(text.utf8)
            return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
                UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
            }
        }
    }

    private static let size = 0x12_0000
    private static let code: UInt64 = 0x1_0100

    /// One vCPU with nothing but memory. Its interrupt descriptor table is empty: any exception shuts it down.
    private final class Machine {
        let memory: GuestMemory
        let physical: PhysicalMemory
        let guest: X86Guest
        let engine: Engine
        let pattern: [UInt8]

        init(optimises: Bool) throws {
            pattern = (0..<UnicornTests.size).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) }
            memory = try GuestMemory(regions: [GuestMemoryRegion(guestAddress: 0, size: UInt64(UnicornTests.size))])
            physical = PhysicalMemory(memory)
            guest = X86Guest(
                index: 0, cpuid: CPUIDTable(model: .init()), clock: MachineClock(), timeStampFrequency: 1_000_000_000)
            engine = Engine(
                guest: guest, memory: physical, bus: EmptyBus(), vcpuIndex: 0, optimise: optimises)
            guest.attach(engine)
            try memory.write(pattern, at: 0)
        }

        func put(_ bytes: [UInt8], _ address: UInt64) throws {
            try memory.write(bytes, at: address)
            physical.noteExternalWrite(address, count: bytes.count)
        }

        func restore(_ address: UInt64, _ count: Int) throws {
            try put(Array(pattern[Int(address)..<Int(address) + count]), address)
        }

        func run(_ vector: Vector) throws -> EngineExit {
            try put(vector.code + [0xF4], UnicornTests.code)
            var state = X86_64.State.reset
            for index in 0..<8 { state.general[index] = vector.registers[index] }
            state.rflags = vector.flags
            state.cr0 = vector.is16 ? 0x10 : 0x11
            state.idtr = X86_64.DescriptorTable(base: 0, limit: 0)
            state.rip = vector.is16 ? 0x100 : UnicornTests.code
            for index in 0..<6 {
                let selector = vector.bases[index]
                state.segments[index] =
                    vector.is16
                    ? X86_64.Segment(
                        selector: selector, base: UInt64(selector) << 4, limit: 0xFFFF,
                        attributes: index == 1 ? 0x9B : 0x93)
                    : X86_64.Segment(
                        selector: selector, base: 0, limit: .max, attributes: index == 1 ? 0xC09B : 0xC093)
            }
            try guest.importState(state)
            return engine.run(maximumInstructions: 1000)
        }
    }

    @Test(
        .enabled(if: !path.isEmpty, "VIRTKIT_TEST_UNICORN names no file (Scripts/test makes it)"),
        arguments: [true, false])
    func agrees(optimises: Bool) throws {
        let text = try String(contentsOfFile: Self.path, encoding: .utf8)
        let machine = try Machine(optimises: optimises)
        var ran = 0
        var limited = 0
        var failures = 0
        for line in text.split(separator: "\n") {
            let vector = try #require(Vector(line), "\(line)")
            let exit = try machine.run(vector)
            if vector.is16, exit == .guest(X86ExitCode.shutdown) {
                // It ran into a segment's limit, which Unicorn doesn't have; what it wrote before is put back.
                limited += 1
                try machine.put(machine.pattern, 0)
                continue
            }
            ran += 1
            if let difference = try Self.difference(machine, vector, exit) {
                failures += 1
                if failures <= 10 { Issue.record("\(difference)\n\(line)") }
                try machine.put(machine.pattern, 0)
            }
            for run in vector.written { try machine.restore(run.address, run.bytes.count) }
            try machine.restore(Self.code, vector.code.count + 1)
            if ran % 500 == 0 {
                let isWhole = try machine.memory.bytes(at: 0, count: Self.size) == machine.pattern
                #expect(isWhole, "something else was written before \(line)")
                if !isWhole { try machine.put(machine.pattern, 0) }
            }
        }
        #expect(failures == 0)
        #expect(ran > 1000)
        #expect(limited * 4 < ran, "\(limited) of \(ran + limited) ran into a limit")
    }

    private static func difference(_ machine: Machine, _ vector: Vector, _ exit: EngineExit) throws -> String? {
        guard exit == .guest(X86ExitCode.halted) else { return "it ended with \(exit)" }
        let guest = machine.guest
        func hex(_ value: UInt64) -> String { String(value, radix: 16) }
        for index in 0..<8 where guest.general(index) & 0xFFFF_FFFF != vector.finalRegisters[index] {
            return "register \(index) is \(hex(guest.general(index))), not \(hex(vector.finalRegisters[index]))"
        }
        let mask = vector.mask | 0x400
        if (guest.flags ^ vector.finalFlags) & mask != 0 {
            return "flags are \(hex(guest.flags & mask)), not \(hex(vector.finalFlags & mask))"
        }
        if vector.is16 {
            for (index, number) in [3, 0, 4, 5].enumerated()
            where guest.selectorOf(number) != vector.finalSelectors[index] {
                return "segment register \(number) is \(hex(UInt64(guest.selectorOf(number))))"
            }
        }
        for run in vector.written where try machine.memory.bytes(at: run.address, count: run.bytes.count) != run.bytes {
            return "memory at \(hex(run.address)) differs"
        }
        return nil
    }
}
