import CVirtKitTestSupport
import VirtKitCore

@testable import VirtKitEmulator

#if canImport(Glibc)
    import Glibc
#endif

/// The registers of a run, native or emulated.
struct Registers: Equatable {
    var general = [UInt64](repeating: 0, count: 16)
    var flags: UInt64 = 0x202
    var vectors = [UInt64](repeating: 0, count: 32)
    var mxcsr: UInt32 = 0x1F80
    /// The x87 and MMX part of an FXSAVE image: control, status and tags in 0 … 4, ST0 … ST7 in 32 … 159.
    var unit: [UInt8] = {
        var image = [UInt8](repeating: 0, count: 160)
        (image[0], image[1]) = (0x7F, 0x03)
        return image
    }()

    /// Random contents of the x87 unit, with all exceptions masked.
    mutating func fillUnit(_ random: inout RandomBits) {
        unit[3] = UInt8(random.below(8)) << 3
        unit[4] = random.flip() ? 0xFF : UInt8(truncatingIfNeeded: random.next())
        for register in 0..<8 {
            // A double as an extended value, so that the values are of the same size now and then.
            let exponent = 0x3FFF - 20 + random.below(40)
            let significand = random.next() | 1 << 63
            let start = 32 + register * 16
            for index in 0..<8 { unit[start + index] = UInt8(truncatingIfNeeded: significand >> UInt64(index * 8)) }
            unit[start + 8] = UInt8(truncatingIfNeeded: exponent)
            unit[start + 9] = UInt8(exponent >> 8) | (random.flip() ? 0x80 : 0)
        }
    }
}

/// What a run came to.
struct Outcome: Equatable {
    enum End: Equatable {
        /// Fell through (0) or reached the branch target (1).
        case exit(Int)
        case fault(UInt8, at: UInt64)
        case lost(String)
    }

    var end: End
    var registers: Registers
}

/// Runs instructions on the host's CPU and on the interpreter, at the same addresses but in memory of their own, and
/// compares.
///
/// Code is at `code`; the instruction is at its start, exit stub 0 right behind it, and exit stub 1 at `code + 0x80`.
/// Data is three pages at `data`; the page behind them faults.
final class NativeHarness {
    static let code: UInt64 = 0x3A51_7000
    static let target: UInt64 = 0x3A51_7080
    static let data: UInt64 = 0x1000_0000
    static let dataSize = 0x3000
    static let dataEnd: UInt64 = 0x1000_3000

    /// Maps the native side once; nil where the host can't run x86-64 code.
    static let isAvailable: Bool = {
        guard lowering_map(code, 0x1000, 1) == 0, lowering_map(data, UInt64(dataSize) + 0x1000, 0) == 0 else {
            return false
        }
        _ = lowering_protect(dataEnd, 0x1000)
        var state = lowering_state()
        return lowering_native_run(&state) != 0
    }()

    let guest: FlatGuest
    let engine: Engine
    /// Both sides run 32-bit code (compatibility mode).
    let is32: Bool
    let codeCopy: UnsafeMutableRawPointer
    let dataCopy: UnsafeMutableRawPointer
    private let bus = EmptyBus()
    private var length = 0

    var nativeCode: UnsafeMutableRawPointer { UnsafeMutableRawPointer(bitPattern: UInt(Self.code))! }
    var nativeData: UnsafeMutableRawPointer { UnsafeMutableRawPointer(bitPattern: UInt(Self.data))! }

    init(optimise: Bool, is32: Bool = false) {
        self.is32 = is32
        codeCopy = .allocate(byteCount: 0x1000, alignment: 4096)
        dataCopy = .allocate(byteCount: Self.dataSize, alignment: 4096)
        memset(codeCopy, 0xF4, 0x1000)
        memset(dataCopy, 0, Self.dataSize)
        var mode = X86Mode.kernel64
        if is32 { mode.codeSize = .bits32 }
        guest = FlatGuest(mode: mode, mapped: [Self.code..<Self.code + 0x1000, Self.data..<Self.dataEnd])
        let memory = PhysicalMemory(ranges: [
            .init(base: Self.code, size: 0x1000, host: codeCopy, isWritable: true),
            .init(base: Self.data, size: UInt64(Self.dataSize), host: dataCopy, isWritable: true),
        ])
        engine = Engine(guest: guest, memory: memory, bus: bus, optimise: optimise)
    }

    deinit {
        codeCopy.deallocate()
        dataCopy.deallocate()
    }

    /// Puts an instruction into place on both sides.
    func setInstruction(_ bytes: [UInt8]) {
        length = bytes.count
        memset(codeCopy, 0xF4, 0x100)
        for (index, byte) in bytes.enumerated() {
            nativeCode.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
            codeCopy.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
        }
        let stub = nativeCode.assumingMemoryBound(to: UInt8.self)
        if is32 {
            lowering_write_exit32(stub + bytes.count, stub + 0x800, 0)
            lowering_write_exit32(stub + 0x80, stub + 0x820, 1)
        } else {
            lowering_write_exit(stub + bytes.count, 0)
            lowering_write_exit(stub + 0x80, 1)
        }
        engine.memory.noteExternalWrite(Self.code, count: 0x100)
    }

    /// Fills the data on both sides.
    func fillData(_ random: inout RandomBits) {
        for offset in stride(from: 0, to: Self.dataSize, by: 8) {
            let value = random.next()
            nativeData.storeBytes(of: value, toByteOffset: offset, as: UInt64.self)
            dataCopy.storeBytes(of: value, toByteOffset: offset, as: UInt64.self)
        }
    }

    /// Writes bytes at an address of the data, on both sides.
    func setData(_ address: UInt64, _ value: UInt64) {
        let offset = Int(address - Self.data)
        nativeData.storeBytes(of: value, toByteOffset: offset, as: UInt64.self)
        dataCopy.storeBytes(of: value, toByteOffset: offset, as: UInt64.self)
    }

    var dataIsEqual: Bool { memcmp(nativeData, dataCopy, Self.dataSize) == 0 }

    /// Makes the emulated data equal to the native one again, after a difference.
    func repairData() { memcpy(dataCopy, nativeData, Self.dataSize) }

    // MARK: Runs

    func runNatively(_ registers: Registers) -> Outcome {
        var state = lowering_state()
        withUnsafeMutableBytes(of: &state.gpr) { $0.copyBytes(from: registers.general.withUnsafeBytes { Array($0) }) }
        state.rflags = registers.flags
        state.rip = Self.code
        state.compatibility = is32 ? 1 : 0
        withUnsafeMutableBytes(of: &state.fx) { area in
            for (index, byte) in registers.unit.enumerated() { area[index] = byte }
            area.storeBytes(of: registers.mxcsr, toByteOffset: 24, as: UInt32.self)
            area.storeBytes(of: 0xFFFF, toByteOffset: 28, as: UInt32.self)
            for index in 0..<32 {
                area.storeBytes(of: registers.vectors[index], toByteOffset: 160 + index * 8, as: UInt64.self)
            }
        }
        _ = lowering_native_run(&state)
        var result = Registers()
        withUnsafeBytes(of: &state.gpr) { area in
            for index in 0..<16 { result.general[index] = area.load(fromByteOffset: index * 8, as: UInt64.self) }
        }
        clip(&result)
        // RF is set in the image of a fault.
        result.flags = state.rflags & ~(1 << 16)
        withUnsafeBytes(of: &state.fx) { area in
            result.mxcsr = area.load(fromByteOffset: 24, as: UInt32.self)
            result.unit = Self.comparable(Array(area[0..<160]))
            for index in 0..<32 {
                result.vectors[index] = area.load(fromByteOffset: 160 + index * 8, as: UInt64.self)
            }
        }
        return Outcome(end: nativeEnd(state), registers: result)
    }

    /// An image without the pointers (AMD keeps them only where an exception is pending) and reserved bytes.
    private static func comparable(_ image: [UInt8]) -> [UInt8] {
        var image = image
        for index in 5..<32 { image[index] = 0 }
        for register in 0..<8 {
            for index in 10..<16 { image[32 + register * 16 + index] = 0 }
        }
        return image
    }

    private func nativeEnd(_ state: lowering_state) -> Outcome.End {
        guard state.signal != 0 else { return .exit(Int(state.exit)) }
        let place = state.rip &- Self.code
        guard place < UInt64(length) else { return .lost("signal \(state.signal) at \(hex(state.rip))") }
        switch Int32(state.signal) {
        case SIGFPE: return .fault(0, at: place)
        case SIGILL: return .fault(6, at: place)
        case SIGSEGV: return .fault(state.address == .max ? 13 : 14, at: place)
        // A stack segment fault; the flat guest doesn't tell it from general protection.
        case SIGBUS: return .fault(13, at: place)
        default: return .lost("signal \(state.signal)")
        }
    }

    func runEmulated(_ registers: Registers) -> Outcome {
        let frame = guest.frame
        for index in 0..<16 {
            frame.storeBytes(of: registers.general[index], toByteOffset: index * 8, as: UInt64.self)
        }
        for index in 0..<32 {
            let offset = Int(X86Slot.vectorRegisters) + index * 8
            frame.storeBytes(of: registers.vectors[index], toByteOffset: offset, as: UInt64.self)
        }
        frame.storeBytes(of: registers.mxcsr, toByteOffset: Int(X86Slot.vectorEnvironment), as: UInt32.self)
        X87.loadFXSave(frame + Int(X86Slot.x87), from: registers.unit, is64Bit: true)
        let system = registers.flags & ~FlagBits.all
        frame.storeBytes(of: system, toByteOffset: Int(X86Slot.systemFlags), as: UInt64.self)
        engine.flags = registers.flags & FlagBits.all
        engine.programCounter = Self.code
        guest.fault = nil
        let exit = engine.run(maximumInstructions: 100_000)
        var result = Registers()
        for index in 0..<16 { result.general[index] = frame.load(fromByteOffset: index * 8, as: UInt64.self) }
        clip(&result)
        for index in 0..<32 {
            let offset = Int(X86Slot.vectorRegisters) + index * 8
            result.vectors[index] = frame.load(fromByteOffset: offset, as: UInt64.self)
        }
        result.mxcsr = frame.load(fromByteOffset: Int(X86Slot.vectorEnvironment), as: UInt32.self)
        var image = [UInt8](repeating: 0, count: 512)
        X87.storeFXSave(frame + Int(X86Slot.x87), to: &image, is64Bit: true)
        result.unit = Self.comparable(Array(image[0..<160]))
        let rest = frame.load(fromByteOffset: Int(X86Slot.systemFlags), as: UInt64.self)
        result.flags = engine.flags | rest | 2
        return Outcome(end: emulatedEnd(exit), registers: result)
    }

    /// 32-bit code has eight registers of 32 bits.
    func clip(_ registers: inout Registers) {
        guard is32 else { return }
        for index in 0..<16 { registers.general[index] = index < 8 ? registers.general[index] & 0xFFFF_FFFF : 0 }
        for index in 16..<32 { registers.vectors[index] = 0 }
    }

    private func emulatedEnd(_ exit: EngineExit) -> Outcome.End {
        let pc = engine.programCounter
        switch exit {
        case .guest(FlatGuest.halted):
            if pc == Self.code + UInt64(length) { return .exit(0) }
            if pc == Self.target { return .exit(1) }
            return .lost("halt at \(hex(pc))")
        case .guest(FlatGuest.faulted):
            guard pc &- Self.code < UInt64(length) else {
                return .lost("fault at \(hex(pc)): \(String(describing: guest.fault))")
            }
            // SIGFPE stands for #DE, #MF and #XM.
            let vector = guest.fault?.vector ?? 255
            return .fault(vector == 16 || vector == 19 ? 0 : vector, at: pc &- Self.code)
        default: return .lost("\(exit) at \(hex(pc))")
        }
    }
}

func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }

/// A generator with a seed, xorshift64*.
struct RandomBits {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_F491_4F6C_DD1D
    }

    mutating func below(_ bound: Int) -> Int { Int(next() >> 33) % max(1, bound) }
    mutating func flip() -> Bool { next() >> 40 & 1 != 0 }

    /// Two singles or a double, special values included.
    mutating func floats() -> UInt64 {
        switch below(8) {
        case 0: interesting()
        case 1: UInt64(float()) | UInt64(float()) << 32
        case 2: (Double(below(2000)) - 1000).bitPattern
        case 3: (Double(next() >> 40) / 1024).bitPattern
        case 4: [0, 1 << 63, 0x7FF0_0000_0000_0000, 0xFFF0_0000_0000_0000, 0x7FF8_0000_0000_0001][below(5)]
        case 5: UInt64((Float(below(2000)) - 1000).bitPattern) | UInt64(float()) << 32
        default: next()
        }
    }

    private mutating func float() -> UInt32 {
        switch below(4) {
        case 0: [0, 1 << 31, 0x7F80_0000, 0xFF80_0000, 0x7FC0_0001, 0x7F80_0001, 1][below(7)]
        case 1: (Float(below(2000)) - 1000).bitPattern
        default: UInt32(truncatingIfNeeded: next())
        }
    }

    /// Mostly all exceptions masked.
    mutating func mxcsr() -> UInt32 {
        var value: UInt32 = 0x1F80
        if below(2) == 0 { value |= UInt32(below(4)) << 13 | UInt32(below(64)) }
        if below(6) == 0 { value |= 1 << 6 }
        if below(6) == 0 { value |= 1 << 15 }
        if below(10) == 0 { value &= ~(UInt32(below(64)) << 7) }
        return value
    }

    /// A value of the kind that finds mistakes.
    mutating func interesting() -> UInt64 {
        switch below(10) {
        case 0: 0
        case 1: .max
        case 2: UInt64(below(256))
        case 3: 1 << UInt64(below(64))
        case 4: (1 << UInt64(below(64))) &- 1
        case 5: 0x8000_0000_8000_8080
        case 6: 0x7FFF_FFFF_7FFF_7F7F
        case 7: next() & 0xFFFF_FFFF
        default: next()
        }
    }
}
