import VirtKitCore

@testable import VirtKitEmulator

/// Runs recorded vectors on the emulator in real mode.
///
/// A halt instruction stands where the vector ends, so that whatever the instruction does, an exception or a jump among
/// it, is run to its end and no further.
final class VectorRunner {
    enum Outcome: Equatable {
        case passed
        case skipped(String)
        case failed(String)
    }

    /// The sums over all vectors.
    struct Tally {
        var passed = 0
        var failed = 0
        var skipped: [String: Int] = [:]
        var failures: [String] = []

        var run: Int { passed + failed }

        mutating func add(_ outcome: Outcome, _ name: String) {
            switch outcome {
            case .passed: passed += 1
            case .skipped(let reason): skipped[reason, default: 0] += 1
            case .failed(let difference):
                failed += 1
                if failures.count < 20 { failures.append("\(name): \(difference)") }
            }
        }

        var summary: String {
            let total = skipped.values.reduce(0, +)
            let reasons = skipped.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: "; ")
            return "vectors: \(run) run, \(passed) passed, \(total) skipped (\(reasons))"
        }
    }

    private let guest: X86Guest
    private let engine: Engine
    private let memory: GuestMemory
    private let bus = RecordingBus()
    /// One megabyte, and what real mode reaches beyond it.
    private static let memorySize: UInt64 = 2 << 20
    private static let halt: UInt8 = 0xF4

    init(optimise: Bool = false) throws {
        memory = try GuestMemory(regions: [GuestMemoryRegion(guestAddress: 0, size: Self.memorySize)])
        guest = X86Guest(
            index: 0, cpuid: CPUIDTable(model: .init()), clock: MachineClock(), timeStampFrequency: 1_000_000_000)
        let physical = PhysicalMemory(memory)
        engine = Engine(guest: guest, memory: physical, bus: bus, vcpuIndex: 0, optimise: optimise)
        // Code of one vector is no code of the next.
        memory.addObserver(EmulatorMemoryObserver(physical))
        guest.attach(engine)
        // Ports answer with ones.
        bus.input = .max
    }

    func run(_ vector: RecordedVector) throws -> Outcome {
        if let reason = VectorDifferences.reasonToSkip(vector) { return .skipped(reason) }
        let is286 = vector.processor == .i80286
        // The 286's vectors end after a halt of their own.
        let endOffset = is286 ? vector.after(.ip) &- 1 : vector.after(.ip)
        let end = Self.linear(vector.after(.cs), endOffset)
        var touched: Set<UInt32> = []
        func put(_ address: UInt32, _ value: UInt8) throws {
            for place in aliases(address, vector) {
                try memory.write([value], at: UInt64(place))
                touched.insert(place)
            }
        }
        for byte in vector.initialMemory {
            guard UInt64(byte.address) < Self.memorySize else { return .skipped("memory above 2 MiB") }
            try put(byte.address, byte.value)
        }
        defer { for address in touched { try? memory.write([0], at: UInt64(address)) } }
        let start = Self.linear(vector.before(.cs), vector.before(.ip))
        if end >= start, Int(end - start) < instructionLength(vector) { return .skipped("jumps into itself") }
        if vector.finalMemory.contains(where: { $0.address == end }) { return .skipped("writes to its own end") }
        try put(end & (is286 ? 0xFF_FFFF : 0xF_FFFF), Self.halt)
        try guest.importState(state(vector))
        bus.ports = []
        let exit = engine.run(maximumInstructions: 300_000)
        guard exit == .guest(X86ExitCode.halted) else {
            return .failed("it ends with \(exit) at \(hex(guest.programCounter))")
        }
        return compare(vector, endOffset)
    }

    private static func linear(_ segment: UInt16, _ offset: UInt16) -> UInt32 { UInt32(segment) << 4 + UInt32(offset) }

    /// The bytes that an address of the bus stands for: the 8086's addresses wrap at 1 MiB.
    private func aliases(_ address: UInt32, _ vector: RecordedVector) -> [UInt32] {
        guard vector.processor == .i8086, address < 0xFFF0 else { return [address] }
        return [address, address + 0x10_0000]
    }

    private func instructionLength(_ vector: RecordedVector) -> Int {
        let bytes = vector.bytes + [UInt8](repeating: 0x90, count: 16)
        var instruction = X86Instruction()
        _ = bytes.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map {
                X86Decoder.decode($0, count: buffer.count, codeSize: .bits16, into: &instruction)
            }
        }
        return max(1, instruction.length)
    }

    private func state(_ vector: RecordedVector) -> X86_64.State {
        var state = X86_64.State.reset
        let order: [RecordedVector.Register] = [.ax, .cx, .dx, .bx, .sp, .bp, .si, .di]
        for (number, register) in order.enumerated() { state.general[number] = UInt64(vector.before(register)) }
        let segments: [RecordedVector.Register] = [.es, .cs, .ss, .ds]
        for (number, register) in segments.enumerated() {
            let selector = vector.before(register)
            state.segments[number] = X86_64.Segment(
                selector: selector, base: UInt64(selector) << 4, limit: 0xFFFF, attributes: number == 1 ? 0x9B : 0x93)
        }
        state.rip = UInt64(vector.before(.ip))
        // The 8086 has ones in bits 12 to 15, later processors zeros after a reset. Interrupts and TF are not exercised.
        state.rflags = UInt64(vector.before(.flags)) & 0x0ED5 | 2
        state.idtr = X86_64.DescriptorTable(base: 0, limit: 0x3FF)
        return state
    }

    private func compare(_ vector: RecordedVector, _ endOffset: UInt16) -> Outcome {
        var text: [String] = []
        func check(_ name: String, _ expected: UInt64, _ actual: UInt64) {
            if expected != actual { text.append("\(name) \(hex(actual)) for \(hex(expected))") }
        }
        let order: [RecordedVector.Register] = [.ax, .cx, .dx, .bx, .sp, .bp, .si, .di]
        for (number, register) in order.enumerated() {
            check("\(register)", UInt64(vector.after(register)), guest.general(number))
        }
        for (number, register) in [RecordedVector.Register.es, .cs, .ss, .ds].enumerated() {
            check("\(register)", UInt64(vector.after(register)), UInt64(guest.selectorOf(number)))
        }
        check("ip", UInt64(endOffset &+ 1), guest.programCounter & 0xFFFF)
        let defined = VectorDifferences.definedFlags(vector)
        check("flags", UInt64(vector.after(.flags) & defined), guest.flags & UInt64(defined))
        for byte in vector.finalMemory {
            // Flags on the stack may hold undefined ones.
            if let address = vector.flagsAddress, byte.address == address || byte.address == address + 1 { continue }
            guard UInt64(byte.address) < Self.memorySize else { continue }
            let values = aliases(byte.address, vector).compactMap { try? memory.load(UInt8.self, at: UInt64($0)) }
            if !values.contains(byte.value) {
                check("[\(hex(UInt64(byte.address)))]", UInt64(byte.value), UInt64(values.first ?? 0))
            }
        }
        return text.isEmpty ? .passed : .failed(text.joined(separator: ", "))
    }
}
