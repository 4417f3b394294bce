#if arch(x86_64)
    internal import VirtKitCore

    /// A feature of CPUID: the leaf, the register and the bit that tell it (Intel SDM volume 2A, CPUID).
    struct KVMCPUFeature: Sendable {
        enum Register: Sendable { case ebx, ecx, edx }

        var name: String
        var leaf: UInt32
        var register: Register
        var bit: UInt32

        init(_ name: String, _ leaf: UInt32, _ register: Register, _ bit: UInt32) {
            self.name = name
            self.leaf = leaf
            self.register = register
            self.bit = bit
        }
    }

    /// A CPU model by name: one of the levels of the x86-64 psABI (3.1.1). What a level demands the host must have; what
    /// kernels like to have beside it (`optional`) is offered where the host has it.
    struct KVMCPULevel: Sendable {
        var model: CPUModel
        /// Family, model and stepping, as leaf 1 tells them in EAX.
        var signature: UInt32
        var required: [KVMCPUFeature]
        /// The components of XCR0.
        var extendedState: UInt64

        static let all = [first, second, third]

        static func named(_ model: CPUModel) -> KVMCPULevel? {
            all.first { $0.model == (model == .standard ? .x86_64v2 : model) }
        }

        static let first = KVMCPULevel(
            // Called Core 2 (family 6, model 15).
            model: .x86_64, signature: 0x0000_06FB,
            required: [
                .init("FPU", 1, .edx, 0), .init("TSC", 1, .edx, 4), .init("MSR", 1, .edx, 5), .init("PAE", 1, .edx, 6),
                .init("CMPXCHG8B", 1, .edx, 8), .init("CMOV", 1, .edx, 15), .init("MMX", 1, .edx, 23),
                .init("FXSR", 1, .edx, 24), .init("SSE", 1, .edx, 25), .init("SSE2", 1, .edx, 26),
                .init("SYSCALL", 0x8000_0001, .edx, 11), .init("NX", 0x8000_0001, .edx, 20),
                .init("long mode", 0x8000_0001, .edx, 29),
            ], extendedState: 3)

        static let second = KVMCPULevel(
            // Called Nehalem (family 6, model 26), as the emulator's.
            model: .x86_64v2, signature: 0x0001_06A3,
            required: first.required + [
                .init("SSE3", 1, .ecx, 0), .init("SSSE3", 1, .ecx, 9), .init("CMPXCHG16B", 1, .ecx, 13),
                .init("SSE4.1", 1, .ecx, 19), .init("SSE4.2", 1, .ecx, 20), .init("POPCNT", 1, .ecx, 23),
                .init("LAHF", 0x8000_0001, .ecx, 0),
            ], extendedState: 3)

        static let third = KVMCPULevel(
            // Called Haswell (family 6, model 60).
            model: .x86_64v3, signature: 0x0003_06C3,
            required: second.required + [
                .init("XSAVE", 1, .ecx, 26), .init("FMA", 1, .ecx, 12), .init("MOVBE", 1, .ecx, 22),
                .init("AVX", 1, .ecx, 28), .init("F16C", 1, .ecx, 29), .init("BMI1", 7, .ebx, 3),
                .init("AVX2", 7, .ebx, 5), .init("BMI2", 7, .ebx, 8), .init("LZCNT", 0x8000_0001, .ecx, 5),
            ], extendedState: 7)

        /// What is offered with every level where the host has it.
        static let optional: [KVMCPUFeature] = [
            .init("DE", 1, .edx, 2), .init("PSE", 1, .edx, 3), .init("MCE", 1, .edx, 7), .init("SEP", 1, .edx, 11),
            .init("MTRR", 1, .edx, 12), .init("PGE", 1, .edx, 13), .init("MCA", 1, .edx, 14), .init("PAT", 1, .edx, 16),
            .init("PSE36", 1, .edx, 17), .init("CLFSH", 1, .edx, 19), .init("PCID", 1, .ecx, 17),
            .init("XSAVE", 1, .ecx, 26), .init("FSGSBASE", 7, .ebx, 0), .init("TSC_ADJUST", 7, .ebx, 1),
            .init("SMEP", 7, .ebx, 7), .init("ERMS", 7, .ebx, 9), .init("INVPCID", 7, .ebx, 10),
            .init("SMAP", 7, .ebx, 20), .init("FSRM", 7, .edx, 4), .init("speculation control", 7, .edx, 26),
            .init("ARCH_CAPABILITIES", 7, .edx, 29), .init("1 GiB pages", 0x8000_0001, .edx, 26),
            .init("RDTSCP", 0x8000_0001, .edx, 27),
        ]
    }
#endif
