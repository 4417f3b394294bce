#if arch(x86_64)
    internal import CVirtKit
    internal import VirtKitCore

    /// What CPUID answers on a vCPU of KVM's (Intel SDM volume 2A, CPUID): what the CPU model has, but never more than
    /// this host's KVM can do.
    struct KVMCPUModel {
        /// The local APIC is the board's, and so are these features of it.
        private static let x2APIC: UInt32 = 1 << 21
        private static let timeStampDeadline: UInt32 = 1 << 24
        private static let hypervisor: UInt32 = 1 << 31
        private static let apic: UInt32 = 1 << 9
        /// XGETBV and OSXSAVE follow CR4; KVM puts the bit in.
        private static let osXSave: UInt32 = 1 << 27

        let supported: [kvm_cpuid_entry2]

        private func find(_ leaf: UInt32, _ subleaf: UInt32 = 0) -> kvm_cpuid_entry2 {
            supported.first {
                $0.function == leaf
                    && ($0.flags & UInt32(KVM_CPUID_FLAG_SIGNIFCANT_INDEX) == 0 || $0.index == subleaf)
            } ?? kvm_cpuid_entry2()
        }

        /// The features of x86-64-v2 (x86-64 psABI, 3.1.1) that KVM lacks here.
        var missing: [String] {
            let basic = find(1)
            let extended = find(0x8000_0001)
            let needed: [(UInt32, UInt32, String)] = [
                (basic.edx, 0, "FPU"), (basic.edx, 8, "CMPXCHG8B"), (basic.edx, 15, "CMOV"), (basic.edx, 23, "MMX"),
                (basic.edx, 24, "FXSR"), (basic.edx, 25, "SSE"), (basic.edx, 26, "SSE2"), (basic.ecx, 0, "SSE3"),
                (basic.ecx, 9, "SSSE3"), (basic.ecx, 13, "CMPXCHG16B"), (basic.ecx, 19, "SSE4.1"),
                (basic.ecx, 20, "SSE4.2"), (basic.ecx, 23, "POPCNT"), (extended.ecx, 0, "LAHF"),
                (extended.edx, 11, "SYSCALL"), (extended.edx, 20, "NX"), (extended.edx, 29, "long mode"),
            ]
            return needed.filter { $0.0 >> $0.1 & 1 == 0 }.map(\.2)
        }

        /// The entries for one vCPU; nil for a model that is not known.
        func entries(_ model: CPUModel, vcpu: Int, frequency: UInt64) -> [kvm_cpuid_entry2]? {
            switch model {
            case .host: host(vcpu)
            case .x86_64v2, .standard: baseline(vcpu, frequency: frequency)
            default: nil
            }
        }

        private func entry(
            _ leaf: UInt32, _ subleaf: UInt32? = nil, _ eax: UInt32, _ ebx: UInt32, _ ecx: UInt32, _ edx: UInt32
        ) -> kvm_cpuid_entry2 {
            var entry = kvm_cpuid_entry2()
            entry.function = leaf
            entry.index = subleaf ?? 0
            entry.flags = subleaf == nil ? 0 : UInt32(KVM_CPUID_FLAG_SIGNIFCANT_INDEX)
            (entry.eax, entry.ebx, entry.ecx, entry.edx) = (eax, ebx, ecx, edx)
            return entry
        }

        /// All that KVM can do, without its paravirtual leaves.
        private func host(_ vcpu: Int) -> [kvm_cpuid_entry2] {
            let number = UInt32(truncatingIfNeeded: vcpu)
            return supported.filter { !(0x4000_0000..<0x5000_0000).contains($0.function) }.map { original in
                var entry = original
                switch entry.function {
                case 1:
                    entry.ebx = entry.ebx & 0x0000_FFFF | 1 << 16 | (number & 0xFF) << 24
                    entry.ecx |= Self.x2APIC | Self.timeStampDeadline | Self.hypervisor
                    entry.ecx &= ~Self.osXSave
                    entry.edx |= Self.apic
                case 0xB, 0x1F: entry.edx = number
                default: break
                }
                return entry
            } + [hypervisorLeaf]
        }

        private var hypervisorLeaf: kvm_cpuid_entry2 {
            // "VirtKit", and no leaves after this one.
            entry(0x4000_0000, nil, 0x4000_0000, 0x7472_6956, 0x0074_694B, 0)
        }

        /// The model "x86-64-v2", the same as the emulator's: called Nehalem (family 6, model 26, stepping 3).
        private func baseline(_ vcpu: Int, frequency: UInt64) -> [kvm_cpuid_entry2] {
            let number = UInt32(truncatingIfNeeded: vcpu)
            let basic = find(1)
            let structured = find(7)
            let extended = find(0x8000_0001)
            // SSE3 SSSE3 CX16 PCID SSE4.1 SSE4.2 POPCNT XSAVE.
            let moreFeatures: UInt32 =
                1 << 0 | 1 << 9 | 1 << 13 | 1 << 17 | 1 << 19 | 1 << 20 | 1 << 23 | 1 << 26
            // FPU DE PSE TSC MSR PAE MCE CX8 SEP MTRR PGE MCA CMOV PAT PSE36 CLFSH MMX FXSR SSE SSE2.
            let features: UInt32 = 0x078B_F9FD & ~Self.apic
            // FSGSBASE TSC_ADJUST SMEP ERMS INVPCID SMAP.
            let protections: UInt32 = 1 << 0 | 1 << 1 | 1 << 7 | 1 << 9 | 1 << 10 | 1 << 20
            let megahertz = UInt32(truncatingIfNeeded: frequency / 1_000_000) & 0xFFFF
            let brand = words("VirtKit Virtual CPU")
            var entries = [
                entry(0, nil, 0x16, 0x756E_6547, 0x6C65_746E, 0x4965_6E69),
                entry(
                    1, nil, 0x0001_06A3, (number & 0xFF) << 24 | 1 << 16 | 8 << 8,
                    basic.ecx & moreFeatures | Self.x2APIC | Self.timeStampDeadline | Self.hypervisor,
                    basic.edx & features | Self.apic),
                entry(2, nil, 0x00FE_FF01, 0, 0, 0),
                // 32 KiB L1 data and code, 256 KiB L2, 8 MiB L3; lines of 64 bytes.
                cache(0, type: 1, level: 1, ways: 8, sets: 64),
                cache(1, type: 2, level: 1, ways: 8, sets: 64),
                cache(2, type: 3, level: 2, ways: 8, sets: 512),
                cache(3, type: 3, level: 3, ways: 16, sets: 8192, inclusive: true),
                entry(4, 4, 0, 0, 0, 0),
                // Always-running APIC timer.
                entry(6, nil, 1 << 2, 0, 0, 0),
                // Fast short REP MOV, speculation control, architectural capabilities.
                entry(
                    7, 0, 0, structured.ebx & protections, 0, structured.edx & (1 << 4 | 1 << 26 | 1 << 29)),
                entry(0xB, 0, 0, 1, 0x100, number),
                entry(0xB, 1, 0, 1, 0x201, number),
                // x87 and SSE state alone; KVM puts the present size into EBX.
                entry(0xD, 0, 3, 576, 576, 0),
                entry(0xD, 1, find(0xD, 1).eax & 1, 0, 0, 0),
            ]
            if frequency % 1_000_000 == 0, frequency / 1_000_000 <= 4000 {
                // The crystal is the local APIC's timer clock, 1 GHz: TSC = crystal * EBX / EAX.
                let divisor = commonDivisor(1000, frequency / 1_000_000)
                entries.append(
                    entry(
                        0x15, nil, UInt32(truncatingIfNeeded: 1000 / divisor),
                        UInt32(truncatingIfNeeded: frequency / 1_000_000 / divisor), 1_000_000_000, 0))
            }
            entries += [
                entry(0x16, nil, megahertz, megahertz, 100, 0),
                hypervisorLeaf,
                entry(0x8000_0000, nil, 0x8000_0008, 0, 0, 0),
                // LAHF; SYSCALL, NX, pages of 1 GiB, RDTSCP, long mode.
                entry(
                    0x8000_0001, nil, 0, 0, extended.ecx & 1,
                    extended.edx & (1 << 11 | 1 << 20 | 1 << 26 | 1 << 27 | 1 << 29)),
            ]
            for index in 0..<3 {
                entries.append(
                    entry(
                        0x8000_0002 + UInt32(index), nil, brand[index * 4], brand[index * 4 + 1], brand[index * 4 + 2],
                        brand[index * 4 + 3]))
            }
            entries += [
                entry(0x8000_0006, nil, 0, 0, 256 << 16 | 6 << 12 | 64, 0),
                // Invariant TSC.
                entry(0x8000_0007, nil, 0, 0, 0, 1 << 8),
                entry(0x8000_0008, nil, find(0x8000_0008).eax & 0xFF | 48 << 8, 0, 0, 0),
            ]
            return entries
        }

        private func commonDivisor(_ first: UInt64, _ second: UInt64) -> UInt64 {
            var (a, b) = (first, second)
            while b != 0 { (a, b) = (b, a % b) }
            return max(1, a)
        }

        private func cache(
            _ index: UInt32, type: UInt32, level: UInt32, ways: UInt32, sets: UInt32, inclusive: Bool = false
        ) -> kvm_cpuid_entry2 {
            entry(4, index, type | level << 5 | 1 << 8, (ways - 1) << 22 | 63, sets - 1, inclusive ? 2 : 0)
        }

        /// 48 bytes of text as little-endian words.
        private func words(_ text: String) -> [UInt32] {
            var words = [UInt32](repeating: 0, count: 12)
            for (index, byte) in text.utf8.prefix(48).enumerated() {
                words[index / 4] |= UInt32(byte) << UInt32(index % 4 * 8)
            }
            return words
        }
    }
#endif
