/// An instruction set architecture that a guest may have.
public struct Architecture: RawRepresentable, Hashable, Sendable, Codable, CustomStringConvertible {
    /// The architecture's name, as `uname -m` prints it.
    public let rawValue: String
    /// Makes an architecture from its name.
    public init(rawValue: String) { self.rawValue = rawValue }
    /// The name.
    public var description: String { rawValue }

    /// 64-bit x86 (AMD64, Intel 64).
    public static let x86_64 = Architecture(rawValue: "x86_64")
    /// 64-bit Arm.
    public static let aarch64 = Architecture(rawValue: "aarch64")
    /// 64-bit RISC-V.
    public static let riscv64 = Architecture(rawValue: "riscv64")

    /// The architecture that this program was built for.
    public static var host: Architecture {
        #if arch(x86_64)
            .x86_64
        #elseif arch(arm64)
            .aarch64
        #elseif arch(riscv64)
            .riscv64
        #else
            Architecture(rawValue: "unknown")
        #endif
    }
}

/// A machine's board: the devices every such machine has, their addresses and their version.
///
/// A board's version is part of its name. A saved machine is restored only on the board that it was saved from.
public struct BoardModel: RawRepresentable, Hashable, Sendable, Codable, CustomStringConvertible {
    /// The board's name and version.
    public let rawValue: String
    /// Makes a board from its name and version.
    public init(rawValue: String) { self.rawValue = rawValue }
    /// The name.
    public var description: String { rawValue }

    /// The PC board, version 1: Intel Q35 where guests can see it.
    public static let pc1 = BoardModel(rawValue: "pc-1")

    /// The board that VirtKit uses for an architecture unless told otherwise; nil where it has none yet.
    public static func standard(for architecture: Architecture) -> BoardModel? {
        architecture == .x86_64 ? .pc1 : nil
    }
}

/// A CPU model: what a guest is told its processor can do.
public struct CPUModel: RawRepresentable, Hashable, Sendable, Codable, CustomStringConvertible {
    /// The model's name.
    public let rawValue: String
    /// Makes a model from its name.
    public init(rawValue: String) { self.rawValue = rawValue }
    /// The name.
    public var description: String { rawValue }

    /// The board's usual model: one that every local accelerator can honour.
    public static let standard = CPUModel(rawValue: "standard")
    /// Whatever the accelerator offers at its best here. A machine with it can't be moved to another host.
    public static let host = CPUModel(rawValue: "host")
    /// The baseline x86-64 of the x86-64 psABI (3.1.1): what every 64-bit x86 CPU has, SSE2 included.
    public static let x86_64 = CPUModel(rawValue: "x86-64")
    /// x86-64-v2 of the x86-64 psABI: SSE4.2, POPCNT, CMPXCHG16B.
    public static let x86_64v2 = CPUModel(rawValue: "x86-64-v2")
    /// x86-64-v3 of the x86-64 psABI: AVX2, BMI2, FMA, MOVBE.
    public static let x86_64v3 = CPUModel(rawValue: "x86-64-v3")
    /// `x86-64-v2-crypto`: ``x86_64v2`` with AES-NI, PCLMULQDQ, the SHA extensions, RDRAND, RDSEED, MOVBE, ADX, LZCNT and
    /// XSAVEC.
    public static let x86_64v2Crypto = CPUModel(rawValue: "x86-64-v2-crypto")
}

/// An amount of memory, in bytes.
public struct ByteCount: RawRepresentable, Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    /// The number of bytes.
    public var rawValue: UInt64
    /// Makes an amount from a number of bytes.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// `count` bytes.
    public static func bytes(_ count: UInt64) -> ByteCount { ByteCount(rawValue: count) }
    /// `count` times 2^10 bytes, or the largest amount where that does not fit.
    public static func kibibytes(_ count: UInt64) -> ByteCount { scaled(count, 10) }
    /// `count` times 2^20 bytes, or the largest amount where that does not fit.
    public static func mebibytes(_ count: UInt64) -> ByteCount { scaled(count, 20) }
    /// `count` times 2^30 bytes, or the largest amount where that does not fit.
    public static func gibibytes(_ count: UInt64) -> ByteCount { scaled(count, 30) }

    private static func scaled(_ count: UInt64, _ shift: UInt64) -> ByteCount {
        let (product, overflow) = count.multipliedReportingOverflow(by: 1 << shift)
        return ByteCount(rawValue: overflow ? .max : product)
    }

    /// Parses a number with an optional binary unit: `1073741824`, `256M`, `4GiB`, `512KiB`. Nil where it is not one.
    public init?(parsing text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = UInt64(digits) else { return nil }
        let shifts: [String: UInt64] = [
            "": 0, "b": 0, "k": 10, "kib": 10, "m": 20, "mib": 20, "g": 30, "gib": 30, "t": 40, "tib": 40,
        ]
        guard let shift = shifts[text.dropFirst(digits.count).lowercased()] else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
        if overflow { return nil }
        self.init(rawValue: product)
    }

    /// Whether `left` is the smaller amount.
    public static func < (left: ByteCount, right: ByteCount) -> Bool { left.rawValue < right.rawValue }

    /// The amount in the largest binary unit of which it is a whole number.
    public var description: String {
        for (shift, unit) in [(UInt64(30), "GiB"), (20, "MiB"), (10, "KiB")]
        where rawValue != 0 && rawValue & ((1 << shift) - 1) == 0 {
            return "\(rawValue >> shift) \(unit)"
        }
        return "\(rawValue) bytes"
    }
}
