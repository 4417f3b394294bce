import Foundation
import Glibc
import Testing
import VirtKit

/// Files of saved machines that lie: each gives an error or a machine, and never ends the process.
@Suite struct HostileSavedStateTests {
    private static let damaged = SavedMachineSubject.Verdict.error(.invalidSavedState)

    @Test func theFileItselfIsGood() async throws {
        let subject = try await SavedMachineSubject()
        #expect(try await subject.restore() == .machine)
        // What the test puts together is what was saved.
        let file = try SavedMachineFile(subject.bytes)
        #expect(subject.bytes.starts(with: file.head))
        #expect(file.sections.count > 5)
    }

    @Test func cutShort() async throws {
        let subject = try await SavedMachineSubject()
        var lengths = Array(stride(from: 0, to: subject.headLength, by: 37)) + [23, 24, 25, subject.headLength]
        lengths += [subject.bytes.count - 1, subject.bytes.count - 4096, subject.headLength + 1]
        for length in lengths {
            _ = try subject.folder.write("saved", subject.bytes.prefix(length))
            #expect(try await subject.restore() == Self.damaged, "\(length)")
        }
    }

    @Test func lyingHeads() async throws {
        let subject = try await SavedMachineSubject()
        let good = try SavedMachineFile(subject.bytes)
        var cases: [(String, SavedMachineFile)] = []
        func lie(_ name: String, _ change: (inout SavedMachineFile) -> Void) {
            var file = good
            change(&file)
            cases.append((name, file))
        }
        lie("version") { $0.version = 2 }
        lie("architecture") { $0.texts[0] = "vax" }
        lie("board") { $0.texts[1] = "pc-2" }
        lie("long text") { $0.texts[0] = String(repeating: "x", count: 100_000) }
        lie("model") { $0.cpuModel = "z80" }
        for value: UInt32 in [0, 2, .max] { lie("cpus \(value)") { $0.cpus = value } }
        for value: UInt64 in [0, 1 << 20, 4 << 20, .max] { lie("memory \(value)") { $0.memory = value } }
        lie("frequency") { $0.timerFrequency = 1 }
        lie("devices") { $0.devices = ["a=b"] }
        for value: UInt32 in [0, 1, UInt32(good.sections.count) - 1, UInt32(good.sections.count) + 1, .max] {
            lie("section count \(value)") { $0.sectionCount = value }
            lie("region count \(value)") { $0.regionCount = value &+ UInt32(good.regions.count) | 0x10 }
            lie("device count \(value)") { $0.deviceCount = value | 1 }
        }
        for value: UInt64 in [0, 1, 64 << 20, (64 << 20) + 1, 1 << 63, .max] {
            lie("head length \(value)") { $0.headLength = value }
        }
        for value: UInt64 in [1, 1 << 40, 1 << 62, 1 << 63, .max, .max - 4095] {
            lie("region offset \(value)") { $0.regions[0][2] = value &+ good.regions[0][1] }
            lie("region size \(value)") { $0.regions[0][1] = value }
            lie("region address \(value)") { $0.regions[0][0] = value }
        }
        lie("no regions") { $0.regions = [] }
        lie("a region twice") { $0.regions.append($0.regions[0]) }
        lie("an unknown section") { $0.sections.append(StateSection(id: "x", version: 1, payload: [])) }
        for (index, section) in good.sections.enumerated() {
            // Machines that VirtKit 0.2.0 has saved have no section of their CPUs.
            if section.id != "machine/cpu" { lie("\(section.id) is missing") { $0.sections.remove(at: index) } }
            lie("\(section.id) twice") { $0.sections.append(section) }
            lie("\(section.id) renamed") { $0.sections[index].id += "x" }
            for version: UInt32 in [0, section.version &+ 1, .max] {
                lie("\(section.id) of version \(version)") { $0.sections[index].version = version }
            }
            lie("\(section.id) with more") { $0.sections[index].payload.append(0) }
            if !section.payload.isEmpty {
                lie("\(section.id) with less") { $0.sections[index].payload.removeLast() }
                lie("\(section.id) empty") { $0.sections[index].payload = [] }
            }
        }
        for (name, file) in cases {
            // The memory stays where the head says: a longer head must not hide the lie.
            _ = try subject.folder.write("saved", subject.bytes)
            #expect(try await subject.restore(file.head) == Self.damaged, "\(name)")
        }
    }

    /// Payloads of hard values: every field at its limits. A machine that comes of it runs for a moment.
    @Test func sectionsOfHardValues() async throws {
        let subject = try await SavedMachineSubject()
        let good = try SavedMachineFile(subject.bytes)
        for (index, section) in good.sections.enumerated() {
            for byte: UInt8 in [0, 1, 0x7F, 0x80, 0xFF] {
                var file = good
                file.sections[index].payload = [UInt8](repeating: byte, count: section.payload.count)
                let verdict = try await subject.restore(file.head)
                #expect(verdict == .machine || verdict == Self.damaged, "\(section.id) \(byte): \(verdict)")
            }
        }
        #expect(try await subject.restore(good.head) == .machine)
    }

    #if DEBUG
        private static let cases = 300
    #else
        private static let cases = 20_000
    #endif

    /// Random changes to the head, seeded. When one ends the process, its file is left in the temporary directory.
    @Test func mutations() async throws {
        let subject = try await SavedMachineSubject()
        let head = Array(subject.bytes.prefix(subject.headLength))
        let length = head.count
        var generator = Seeded(state: 2)
        var machines = 0
        for number in 0..<Self.cases {
            var bytes = head
            // One in eight anywhere, the others behind the header, which would refuse most of them alike.
            let first = number % 8 == 0 ? 8 : 110
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: first..<length, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                case 1: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                default:
                    let value = Seeded.hard.randomElement(using: &generator) ?? 0
                    let size = [1, 2, 4, 8].randomElement(using: &generator) ?? 1
                    for index in 0..<size where place + index < length {
                        bytes[place + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))
                    }
                }
            }
            let verdict = try await subject.restore(bytes)
            if verdict == .machine { machines += 1 }
            // A frequency that the emulator can't have, say, is no damage.
            let isRefused = verdict == Self.damaged || verdict == .error(.unsupported)
            try #require(verdict == .machine || isRefused, "case \(number): \(verdict)")
        }
        // Not all of it is caught by the checks: machines in strange states have run as well.
        #expect(machines > Self.cases / 20)
        #expect(machines < Self.cases)
    }

    /// In a process of its own, so that what other tests hold does not count.
    @Test func refusalsLeakNothing() async throws {
        await #expect(processExitsWith: .success) {
            let subject = try await SavedMachineSubject()
            let good = try SavedMachineFile(subject.bytes)
            var late = good
            late.sections[late.sections.count - 1].version = 99
            var early = good
            early.cpus = 7
            func run(_ count: Int) async throws {
                for number in 0..<count {
                    _ = try await subject.restore([good, late, early][number % 3].head)
                }
            }
            try await run(30)
            let before = ProcessUsage.now
            try await run(300)
            let after = ProcessUsage.now
            precondition(after.descriptors <= before.descriptors, "\(before) \(after)")
            precondition(after.threads <= before.threads + 2, "\(before) \(after)")
            precondition(after.residentBytes <= before.residentBytes + 8 << 20, "\(before) \(after)")
        }
    }

    @Test func filesThatAreNone() async throws {
        let subject = try await SavedMachineSubject()
        unlink(subject.path)
        #expect(try await subject.restore() == .error(.inputOutput))
        try #require(mkfifo(subject.path, 0o600) == 0)
        let pipe = try await subject.restore()
        #expect(pipe == .error(.inputOutput) || pipe == Self.damaged)
        unlink(subject.path)
        for other in ["/dev/zero", "/dev/null", subject.folder.path] {
            try #require(symlink(other, subject.path) == 0)
            let verdict = try await subject.restore()
            #expect(verdict == .error(.inputOutput) || verdict == Self.damaged, "\(other)")
            unlink(subject.path)
        }
    }
}

/// A small generator of pseudo-random numbers (SplitMix64): the same seed gives the same cases.
struct Seeded: RandomNumberGenerator {
    static let hard: [UInt64] = [
        0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1_0000_0000,
        UInt64(Int64.max), 1 << 63, .max, .max - 1, .max - 4095,
    ]

    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
