extension X86_64 {
    /// What CPUID offers to a guest, as far as it is a matter of the CPU and not of the machine: the words of feature
    /// bits (Intel SDM vol. 2A, CPUID).
    public struct Features: Hashable, Sendable {
        /// Leaf 1 ECX and EDX; leaf 7 EBX, ECX and EDX; leaf 7 sub-leaf 2 EDX; leaf 0DH sub-leaf 1 EAX; leaf 80000001H ECX
        /// and EDX. Always 9.
        public let words: [UInt32]

        /// Makes a set of features of its words; missing ones are 0.
        public init(words: [UInt32]) {
            self.words = zip(0..<Self.places.count, words + [UInt32](repeating: 0, count: Self.places.count))
                .map { $1 & ~Self.places[$0].machine }
        }

        /// Makes a set of what CPUID answers.
        public init(cpuid: (_ leaf: UInt32, _ subleaf: UInt32) -> (eax: UInt32, ebx: UInt32, ecx: UInt32, edx: UInt32))
        {
            self.init(
                words: Self.places.map { place in
                    let answer = cpuid(place.leaf, place.subleaf)
                    return [answer.eax, answer.ebx, answer.ecx, answer.edx][place.register]
                })
        }

        /// What both have.
        public func intersection(_ other: Features) -> Features {
            Features(words: zip(words, other.words).map { $0 & $1 })
        }

        /// What this has and the other has not.
        public func subtracting(_ other: Features) -> Features {
            Features(words: zip(words, other.words).map { $0 & ~$1 })
        }

        /// Whether there is none.
        public var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

        /// The bits of a register that CPUID may show where only these features are offered: those that are a matter of
        /// the machine are left alone. All ones for a register that holds no features.
        ///
        /// - Parameters:
        ///   - leaf: what EAX asks for.
        ///   - subleaf: what ECX asks for, 0 where the leaf has no subleaves.
        ///   - register: 0 to 3 for EAX, EBX, ECX and EDX.
        public func mask(_ leaf: UInt32, _ subleaf: UInt32, register: Int) -> UInt32 {
            for (word, place) in zip(words, Self.places)
            where place.leaf == leaf && place.subleaf == subleaf && place.register == register {
                return word | place.machine
            }
            return .max
        }

        /// The features' names, or else their places.
        public var names: [String] {
            var names: [String] = []
            for (index, word) in words.enumerated() {
                for bit in 0..<UInt32(32) where word >> bit & 1 != 0 {
                    let place = Self.places[index]
                    let register = ["EAX", "EBX", "ECX", "EDX"][place.register]
                    names.append(
                        place.names[bit]
                            ?? "CPUID \(String(place.leaf, radix: 16, uppercase: true))H \(register)[\(bit)]")
                }
            }
            return names
        }

        /// The features of a CPU model that all of some accelerators have: what a machine may be offered that is to move
        /// between them (`MachineConfiguration.cpuFeatures`). Nil where one of them does not tell.
        public static func common(of model: CPUModel, _ accelerators: [any Accelerator]) async -> Features? {
            var common: Features?
            for accelerator in accelerators {
                guard let features = await accelerator.features(of: model) else { return nil }
                common = common?.intersection(features) ?? features
            }
            return common
        }

        private struct Place {
            var leaf: UInt32
            var subleaf: UInt32 = 0
            var register: Int
            /// Bits that are the machine's matter: the local APIC's, of several CPUs, of a hypervisor, and OSXSAVE.
            var machine: UInt32 = 0
            var names: [UInt32: String]
        }

        private static let places = [
            Place(
                leaf: 1, register: 2, machine: 1 << 21 | 1 << 24 | 1 << 27 | 1 << 31,
                names: [
                    0: "SSE3", 1: "PCLMULQDQ", 9: "SSSE3", 12: "FMA", 13: "CMPXCHG16B", 17: "PCID", 19: "SSE4.1",
                    20: "SSE4.2", 22: "MOVBE", 23: "POPCNT", 25: "AES", 26: "XSAVE", 28: "AVX", 29: "F16C",
                    30: "RDRAND",
                ]),
            Place(
                leaf: 1, register: 3, machine: 1 << 9 | 1 << 28,
                names: [
                    0: "FPU", 1: "VME", 2: "DE", 3: "PSE", 4: "TSC", 5: "MSR", 6: "PAE", 7: "MCE", 8: "CMPXCHG8B",
                    11: "SEP",
                    12: "MTRR", 13: "PGE", 14: "MCA", 15: "CMOV", 16: "PAT", 17: "PSE36", 19: "CLFSH", 23: "MMX",
                    24: "FXSR", 25: "SSE", 26: "SSE2",
                ]),
            Place(
                leaf: 7, register: 1,
                names: [
                    0: "FSGSBASE", 1: "TSC_ADJUST", 3: "BMI1", 5: "AVX2", 7: "SMEP", 8: "BMI2", 9: "ERMS",
                    10: "INVPCID",
                    18: "RDSEED", 19: "ADX", 20: "SMAP", 23: "CLFLUSHOPT", 29: "SHA",
                ]),
            Place(leaf: 7, register: 2, names: [2: "UMIP", 3: "PKU", 16: "LA57"]),
            Place(
                leaf: 7, register: 3, names: [4: "FSRM", 26: "speculation control", 29: "ARCH_CAPABILITIES"]),
            Place(leaf: 7, subleaf: 2, register: 3, names: [4: "BHI_CTRL"]),
            Place(leaf: 0xD, subleaf: 1, register: 0, names: [0: "XSAVEOPT", 1: "XSAVEC", 2: "XGETBV1", 3: "XSAVES"]),
            Place(leaf: 0x8000_0001, register: 2, names: [0: "LAHF", 5: "LZCNT"]),
            Place(
                leaf: 0x8000_0001, register: 3,
                names: [11: "SYSCALL", 20: "NX", 26: "1 GiB pages", 27: "RDTSCP", 29: "long mode"]),
        ]
    }
}
