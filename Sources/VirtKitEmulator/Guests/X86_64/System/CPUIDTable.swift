internal import VirtKitCore

/// One CPUID leaf or sub-leaf.
struct CPUIDEntry: Equatable, Sendable {
    var leaf: UInt32
    /// Compared only where ``isIndexed``.
    var subleaf: UInt32 = 0
    var isIndexed = false
    var eax: UInt32 = 0
    var ebx: UInt32 = 0
    var ecx: UInt32 = 0
    var edx: UInt32 = 0
}

/// What CPUID answers on one virtual CPU (Intel SDM volume 2A, CPUID).
///
/// A value of its own, made from the CPU model and the board's facts, so that any accelerator can use it. Bits that
/// follow the guest's control registers (OSXSAVE, APIC, the XSAVE area's size) are put in by ``lookup(_:_:_:)``.
struct CPUIDTable: Equatable, Sendable {
    /// What the table is made from.
    struct Machine: Equatable, Sendable {
        /// Index of this CPU, which is its initial APIC ID too.
        var index: Int = 0
        var count: Int = 1
        /// Frequency of the time-stamp counter in Hz. A multiple of 1 MHz can be told exactly to the guest.
        var timeStampFrequency: UInt64 = 1_000_000_000
        /// Frequency of the core crystal in Hz, which is also the input clock of the local APIC's timer.
        var crystalFrequency: UInt64 = 1_000_000_000
        /// The CPU model.
        var level = Level.second

        fileprivate var hasCrypto: Bool { level == .crypto }
        fileprivate var isFirst: Bool { level == .first }
    }

    /// The CPU models "x86-64", "x86-64-v2" and "x86-64-v2-crypto".
    enum Level: Sendable {
        case first, second, crypto

        init(_ model: CPUModel) {
            self = model == .x86_64 ? .first : model == .x86_64v2Crypto || model == .host ? .crypto : .second
        }
    }

    /// State of the CPU that CPUID looks at.
    struct Dynamic {
        var cr4: UInt64
        var xcr0: UInt64
        var isAPICEnabled: Bool
        /// IA32_MISC_ENABLE bit 22.
        var limitsLeaves = false
    }

    var entries: [CPUIDEntry]

    static let highestBasic: UInt32 = 0x16
    static let highestHypervisor: UInt32 = 0x4000_0000
    static let highestExtended: UInt32 = 0x8000_0008

    /// The models "x86-64-v2", called Nehalem (family 6, model 26, stepping 3), "x86-64-v2-crypto", and "x86-64", called
    /// Core 2 (family 6, model 15, stepping 11). What a model does not announce works all the same.
    init(model machine: Machine) {
        entries = Self.basic(machine) + Self.hypervisor() + Self.extended(machine)
    }

    /// The registers for `leaf` and `subleaf`. A leaf beyond the highest answers as the highest basic one.
    func lookup(_ leaf: UInt32, _ subleaf: UInt32, _ state: Dynamic) -> CPUIDEntry {
        var leaf = leaf
        var highest = Self.highestBasic
        if leaf >= 0x4000_0000 { highest = Self.highestHypervisor }
        if leaf >= 0x8000_0000 { highest = Self.highestExtended }
        if leaf > highest { leaf = Self.highestBasic }
        var found = CPUIDEntry(leaf: leaf, subleaf: subleaf)
        for entry in entries where entry.leaf == leaf && (!entry.isIndexed || entry.subleaf == subleaf) {
            found = entry
            break
        }
        switch leaf {
        case 0 where state.limitsLeaves: found.eax = 3
        case 1:
            if state.cr4 & CR4.xsave != 0 { found.ecx |= Feature.osxsave }
            if !state.isAPICEnabled { found.edx &= ~Feature.apic }
        case 0xB where found.eax == 0 && found.ebx == 0 && !found.isIndexed:
            // Beyond the last level: ECX[7:0] echoes the sub-leaf, EDX is the x2APIC ID at every sub-leaf.
            found.ecx = subleaf & 0xFF
            found.edx = entries.first { $0.leaf == 0xB }?.edx ?? 0
        case 0xD where subleaf == 0:
            found.ebx = XSaveLayout.size(of: state.xcr0)
        case 0xD where subleaf == 1:
            found.ebx = XSaveLayout.size(of: state.xcr0)
        default: break
        }
        return found
    }
}

extension CPUIDTable {
    /// Feature bits, named as the SDM does.
    enum Feature {
        // Leaf 1, EDX.
        static let fpu: UInt32 = 1 << 0
        static let de: UInt32 = 1 << 2
        static let pse: UInt32 = 1 << 3
        static let tsc: UInt32 = 1 << 4
        static let msr: UInt32 = 1 << 5
        static let pae: UInt32 = 1 << 6
        static let mce: UInt32 = 1 << 7
        static let cx8: UInt32 = 1 << 8
        static let apic: UInt32 = 1 << 9
        static let sep: UInt32 = 1 << 11
        static let mtrr: UInt32 = 1 << 12
        static let pge: UInt32 = 1 << 13
        static let mca: UInt32 = 1 << 14
        static let cmov: UInt32 = 1 << 15
        static let pat: UInt32 = 1 << 16
        static let pse36: UInt32 = 1 << 17
        static let clfsh: UInt32 = 1 << 19
        static let mmx: UInt32 = 1 << 23
        static let fxsr: UInt32 = 1 << 24
        static let sse: UInt32 = 1 << 25
        static let sse2: UInt32 = 1 << 26
        static let htt: UInt32 = 1 << 28
        // Leaf 1, ECX.
        static let sse3: UInt32 = 1 << 0
        static let pclmulqdq: UInt32 = 1 << 1
        static let ssse3: UInt32 = 1 << 9
        static let cx16: UInt32 = 1 << 13
        static let pcid: UInt32 = 1 << 17
        static let sse41: UInt32 = 1 << 19
        static let sse42: UInt32 = 1 << 20
        static let x2apic: UInt32 = 1 << 21
        static let movbe: UInt32 = 1 << 22
        static let popcnt: UInt32 = 1 << 23
        static let aes: UInt32 = 1 << 25
        static let tscDeadline: UInt32 = 1 << 24
        static let xsave: UInt32 = 1 << 26
        static let osxsave: UInt32 = 1 << 27
        static let rdrand: UInt32 = 1 << 30
        static let hypervisor: UInt32 = 1 << 31
        // Leaf 7, EBX, ECX and EDX.
        static let fsgsbase: UInt32 = 1 << 0
        static let tscAdjust: UInt32 = 1 << 1
        static let smep: UInt32 = 1 << 7
        static let erms: UInt32 = 1 << 9
        static let invpcid: UInt32 = 1 << 10
        static let rdseed: UInt32 = 1 << 18
        static let adx: UInt32 = 1 << 19
        static let smap: UInt32 = 1 << 20
        static let umip: UInt32 = 1 << 2
        static let sha: UInt32 = 1 << 29
        static let fastShortRepMove: UInt32 = 1 << 4
        static let speculationControl: UInt32 = 1 << 26
        static let archCapabilities: UInt32 = 1 << 29
        // Leaf 0x8000_0001, ECX and EDX.
        static let lahf: UInt32 = 1 << 0
        /// LZCNT.
        static let lzcnt: UInt32 = 1 << 5
        static let syscall: UInt32 = 1 << 11
        static let noExecute: UInt32 = 1 << 20
        static let page1GB: UInt32 = 1 << 26
        static let rdtscp: UInt32 = 1 << 27
        static let longMode: UInt32 = 1 << 29
    }

    private static func basic(_ machine: Machine) -> [CPUIDEntry] {
        let identifier = UInt32(truncatingIfNeeded: machine.index)
        let count = UInt32(truncatingIfNeeded: max(1, machine.count))
        // Bits of the APIC ID that number CPUs within the package.
        let shift = count > 1 ? UInt32(truncatingIfNeeded: 32 &- (count &- 1).leadingZeroBitCount) : 0
        let features: UInt32 =
            Feature.fpu | Feature.de | Feature.pse | Feature.tsc | Feature.msr | Feature.pae | Feature.mce | Feature.cx8
            | Feature.apic | Feature.sep | Feature.mtrr | Feature.pge | Feature.mca | Feature.cmov | Feature.pat
            | Feature.pse36 | Feature.clfsh | Feature.mmx | Feature.fxsr | Feature.sse | Feature.sse2
            | (count > 1 ? Feature.htt : 0)
        let moreFeatures: UInt32 =
            Feature.pcid | Feature.x2apic | Feature.tscDeadline | Feature.xsave | Feature.hypervisor
            | (machine.isFirst
                ? 0
                : Feature.sse3 | Feature.ssse3 | Feature.cx16 | Feature.sse41 | Feature.sse42 | Feature.popcnt)
            | (machine.hasCrypto ? Feature.pclmulqdq | Feature.movbe | Feature.aes | Feature.rdrand : 0)
        let structured: UInt32 =
            Feature.fsgsbase | Feature.tscAdjust | Feature.smep | Feature.erms | Feature.invpcid | Feature.smap
            | (machine.hasCrypto ? Feature.rdseed | Feature.adx | Feature.sha : 0)
        // Cores in the package less one in EAX[31:26], as leaf 4 wants it.
        let cores = (min(64, UInt32(1) &<< shift) &- 1) &<< 26
        let sharing = ((UInt32(1) &<< shift) &- 1) &<< 14

        var leaves = [
            CPUIDEntry(leaf: 0, eax: highestBasic, ebx: 0x756E_6547, ecx: 0x6C65_746E, edx: 0x4965_6E69),
            CPUIDEntry(
                leaf: 1, eax: machine.isFirst ? 0x0000_06FB : 0x0001_06A3,
                ebx: (identifier & 0xFF) &<< 24 | (UInt32(1) &<< shift) &<< 16 | 8 &<< 8,
                ecx: moreFeatures, edx: features),
            // Descriptor 0xFF: see leaf 4.
            CPUIDEntry(leaf: 2, eax: 0x00FE_FF01),
            // 32 KiB L1 data and code, 256 KiB L2, 8 MiB shared L3; lines of 64 bytes.
            cache(0, type: 1, level: 1, ways: 8, sets: 64, flags: cores),
            cache(1, type: 2, level: 1, ways: 8, sets: 64, flags: cores),
            cache(2, type: 3, level: 2, ways: 8, sets: 512, flags: cores),
            cache(3, type: 3, level: 3, ways: 16, sets: 8192, flags: cores | sharing, inclusive: true),
            CPUIDEntry(leaf: 4, subleaf: 4, isIndexed: true),
            // Always-running APIC timer.
            CPUIDEntry(leaf: 6, eax: 1 << 2),
            CPUIDEntry(
                leaf: 7, subleaf: 0, isIndexed: true, eax: 2, ebx: structured, ecx: Feature.umip,
                edx: Feature.fastShortRepMove | Feature.speculationControl | Feature.archCapabilities),
            // BHI_CTRL: Linux then has no need of its software loop on each system call.
            CPUIDEntry(leaf: 7, subleaf: 2, isIndexed: true, edx: 1 << 4),
            CPUIDEntry(leaf: 0xB, subleaf: 0, isIndexed: true, eax: 0, ebx: 1, ecx: 0x100, edx: identifier),
            CPUIDEntry(leaf: 0xB, subleaf: 1, isIndexed: true, eax: shift, ebx: count, ecx: 0x201, edx: identifier),
            CPUIDEntry(
                leaf: 0xD, subleaf: 0, isIndexed: true, eax: UInt32(truncatingIfNeeded: XSaveLayout.supported),
                ebx: 0, ecx: XSaveLayout.size(of: XSaveLayout.supported)),
            // XSAVEOPT, XSAVEC.
            CPUIDEntry(leaf: 0xD, subleaf: 1, isIndexed: true, eax: machine.hasCrypto ? 3 : 1),
        ]
        leaves += frequencies(machine)
        return leaves
    }

    private static func cache(
        _ index: UInt32, type: UInt32, level: UInt32, ways: UInt32, sets: UInt32, flags: UInt32,
        inclusive: Bool = false
    ) -> CPUIDEntry {
        CPUIDEntry(
            leaf: 4, subleaf: index, isIndexed: true, eax: type | level &<< 5 | 1 &<< 8 | flags,
            ebx: (ways &- 1) &<< 22 | 63, ecx: sets &- 1, edx: inclusive ? 2 : 0)
    }

    /// Leaves 0x15 and 0x16. TSC = crystal * EBX / EAX; Linux multiplies kHz in 32 bits, so the ratio is kept small.
    private static func frequencies(_ machine: Machine) -> [CPUIDEntry] {
        let crystal = max(1_000_000, machine.crystalFrequency)
        let denominator = crystal / 1_000_000
        let numerator = machine.timeStampFrequency / 1_000_000
        var (a, b) = (numerator, denominator)
        while b != 0 { (a, b) = (b, a % b) }
        let divisor = max(1, a)
        let megahertz = UInt32(truncatingIfNeeded: machine.timeStampFrequency / 1_000_000) & 0xFFFF
        return [
            CPUIDEntry(
                leaf: 0x15, eax: UInt32(truncatingIfNeeded: denominator / divisor),
                ebx: UInt32(truncatingIfNeeded: numerator / divisor), ecx: UInt32(truncatingIfNeeded: crystal)),
            CPUIDEntry(leaf: 0x16, eax: megahertz, ebx: megahertz, ecx: 100),
        ]
    }

    private static func hypervisor() -> [CPUIDEntry] {
        let name = words("VirtKit\0\0\0\0\0")
        return [CPUIDEntry(leaf: 0x4000_0000, eax: highestHypervisor, ebx: name[0], ecx: name[1], edx: name[2])]
    }

    private static func extended(_ machine: Machine) -> [CPUIDEntry] {
        let count = UInt32(truncatingIfNeeded: max(1, machine.count))
        var brand = "VirtKit Virtual CPU"
        while brand.utf8.count < 48 { brand += "\0" }
        let name = words(brand)
        let strings = (0..<3).map { index in
            CPUIDEntry(
                leaf: 0x8000_0002 &+ UInt32(truncatingIfNeeded: index), eax: name[index * 4], ebx: name[index * 4 + 1],
                ecx: name[index * 4 + 2], edx: name[index * 4 + 3])
        }
        return [
            CPUIDEntry(leaf: 0x8000_0000, eax: highestExtended),
            CPUIDEntry(
                leaf: 0x8000_0001, ecx: (machine.isFirst ? 0 : Feature.lahf) | (machine.hasCrypto ? Feature.lzcnt : 0),
                edx: Feature.syscall | Feature.noExecute | Feature.page1GB | Feature.rdtscp | Feature.longMode),
        ] + strings + [
            // L2: 256 KiB, 8-way, lines of 64 bytes.
            CPUIDEntry(leaf: 0x8000_0006, ecx: 256 << 16 | 6 << 12 | 64),
            // Invariant TSC.
            CPUIDEntry(leaf: 0x8000_0007, edx: 1 << 8),
            // ECX is AMD's: the number of cores less one. Some systems look here whatever the vendor is.
            CPUIDEntry(
                leaf: 0x8000_0008, eax: UInt32(truncatingIfNeeded: PageWalker.physicalBits) | 48 << 8,
                ecx: min(256, count) &- 1),
        ]
    }

    /// A string's bytes as little-endian words.
    private static func words(_ text: String) -> [UInt32] {
        let bytes = Array(text.utf8)
        return stride(from: 0, to: bytes.count - 3, by: 4).map { index in
            bytes[index..<index + 4].reversed().reduce(UInt32(0)) { $0 &<< 8 | UInt32($1) }
        }
    }
}
