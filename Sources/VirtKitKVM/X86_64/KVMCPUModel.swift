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
        private static let hyperThreading: UInt32 = 1 << 28
        /// XGETBV and OSXSAVE follow CR4; KVM puts the bit in.
        private static let osXSave: UInt32 = 1 << 27

        let supported: [kvm_cpuid_entry2]

        private func find(_ leaf: UInt32, _ subleaf: UInt32 = 0) -> kvm_cpuid_entry2 {
            supported.first {
                $0.function == leaf
                    && ($0.flags & UInt32(KVM_CPUID_FLAG_SIGNIFCANT_INDEX) == 0 || $0.index == subleaf)
            } ?? kvm_cpuid_entry2()
        }

        private func has(_ feature: KVMCPUFeature) -> Bool {
            let entry = find(feature.leaf)
            let value =
                switch feature.register {
                case .ebx: entry.ebx
                case .ecx: entry.ecx
                case .edx: entry.edx
                }
            return value >> feature.bit & 1 != 0
        }

        /// The features of a model that KVM lacks here: of one that has no name here, none.
        func missing(of model: CPUModel) -> [String] {
            guard let level = KVMCPULevel.named(model) else { return [] }
            var missing = level.required.filter { !has($0) }.map(\.name)
            if find(0xD).eax & UInt32(truncatingIfNeeded: level.extendedState) != level.extendedState,
                level.extendedState > 3
            {
                missing.append("its XSAVE components")
            }
            return missing
        }

        /// What a vCPU is told of the machine that it is in.
        struct Place {
            var index: Int
            var count = 1
            /// Of the time-stamp counter, in Hz.
            var frequency: UInt64

            fileprivate var number: UInt32 { UInt32(truncatingIfNeeded: index) }
            fileprivate var processors: UInt32 { UInt32(truncatingIfNeeded: max(1, count)) }
            /// The bits of an APIC ID that number the processors of the package.
            fileprivate var shift: UInt32 { UInt32(truncatingIfNeeded: 32 - (processors - 1).leadingZeroBitCount) }
            fileprivate var identifiers: UInt32 { 1 << shift }
        }

        /// The entries for one vCPU; nil for a model that is not known.
        func entries(_ model: CPUModel, _ place: Place) -> [kvm_cpuid_entry2]? {
            if model == .host { return host(place) }
            return KVMCPULevel.named(model).map { baseline($0, place) }
        }

        /// What a model offers here; nil for one that is not known.
        func features(_ model: CPUModel) -> X86_64.Features? {
            entries(model, Place(index: 0, frequency: 1_000_000_000)).map { entries in
                X86_64.Features { leaf, subleaf in
                    let entry = entries.first {
                        $0.function == leaf
                            && ($0.flags & UInt32(KVM_CPUID_FLAG_SIGNIFCANT_INDEX) == 0 || $0.index == subleaf)
                    }
                    return (entry?.eax ?? 0, entry?.ebx ?? 0, entry?.ecx ?? 0, entry?.edx ?? 0)
                }
            }
        }

        /// Entries that offer some features and no others.
        func entries(_ model: CPUModel, _ place: Place, features: X86_64.Features?) -> [kvm_cpuid_entry2]? {
            guard let features else { return entries(model, place) }
            return entries(model, place)?.map { original in
                var entry = original
                entry.eax &= features.mask(entry.function, entry.index, register: 0)
                entry.ebx &= features.mask(entry.function, entry.index, register: 1)
                entry.ecx &= features.mask(entry.function, entry.index, register: 2)
                entry.edx &= features.mask(entry.function, entry.index, register: 3)
                return entry
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
        private func host(_ place: Place) -> [kvm_cpuid_entry2] {
            let cores = (min(64, place.identifiers) - 1) << 26
            return supported.filter { !(0x4000_0000..<0x5000_0000).contains($0.function) }.map { original in
                var entry = original
                switch entry.function {
                case 1:
                    entry.ebx =
                        entry.ebx & 0x0000_FFFF | (place.identifiers & 0xFF) << 16 | (place.number & 0xFF) << 24
                    entry.ecx |= Self.x2APIC | Self.timeStampDeadline | Self.hypervisor
                    entry.ecx &= ~Self.osXSave
                    entry.edx = entry.edx & ~Self.hyperThreading | Self.apic
                    if place.count > 1 { entry.edx |= Self.hyperThreading }
                case 4 where entry.eax & 0x1F != 0: entry.eax = entry.eax & 0x3FFF | cores
                case 0xB, 0x1F:
                    let topology = self.topology(place)
                    let level = Int(min(entry.index, 2))
                    (entry.eax, entry.ebx, entry.ecx, entry.edx) = topology[level]
                default: break
                }
                return entry
            } + [hypervisorLeaf]
        }

        /// Leaf 0BH: threads of a core (one), cores of the package, nothing more.
        private func topology(_ place: Place) -> [(UInt32, UInt32, UInt32, UInt32)] {
            [
                (0, 1, 0x100, place.number), (place.shift, place.processors, 0x201, place.number),
                (0, 0, 2, place.number),
            ]
        }

        private var hypervisorLeaf: kvm_cpuid_entry2 {
            // "VirtKit", and no leaves after this one.
            entry(0x4000_0000, nil, 0x4000_0000, 0x7472_6956, 0x0074_694B, 0)
        }

        /// The register of a leaf with all the bits of the level that it holds, and of those that are optional what the
        /// host has.
        private func features(_ level: KVMCPULevel, _ leaf: UInt32, _ register: KVMCPUFeature.Register) -> UInt32 {
            (level.required + KVMCPULevel.optional.filter(has))
                .filter { $0.leaf == leaf && $0.register == register }
                .reduce(0) { $0 | 1 << $1.bit }
        }

        /// A model by name, but for what the host lacks the same everywhere.
        private func baseline(_ level: KVMCPULevel, _ place: Place) -> [kvm_cpuid_entry2] {
            let frequency = place.frequency
            let megahertz = UInt32(truncatingIfNeeded: frequency / 1_000_000) & 0xFFFF
            let brand = words("VirtKit Virtual CPU")
            let cores = (min(64, place.identifiers) - 1) << 26
            let sharing = (place.identifiers - 1) << 14
            let topology = topology(place)
            // x87 and SSE state of 576 bytes; AVX's is at the offset that the host tells, always the same one.
            let avx = find(0xD, 2)
            let size = level.extendedState & 4 == 0 ? 576 : avx.ebx + avx.eax
            var entries = [
                entry(0, nil, 0x16, 0x756E_6547, 0x6C65_746E, 0x4965_6E69),
                entry(
                    1, nil, level.signature,
                    (place.number & 0xFF) << 24 | (place.identifiers & 0xFF) << 16 | 8 << 8,
                    features(level, 1, .ecx) | Self.x2APIC | Self.timeStampDeadline | Self.hypervisor,
                    features(level, 1, .edx) | Self.apic | (place.count > 1 ? Self.hyperThreading : 0)),
                entry(2, nil, 0x00FE_FF01, 0, 0, 0),
                // 32 KiB L1 data and code, 256 KiB L2, 8 MiB L3; lines of 64 bytes.
                cache(0, type: 1, level: 1, ways: 8, sets: 64, flags: cores),
                cache(1, type: 2, level: 1, ways: 8, sets: 64, flags: cores),
                cache(2, type: 3, level: 2, ways: 8, sets: 512, flags: cores),
                cache(3, type: 3, level: 3, ways: 16, sets: 8192, flags: cores | sharing, inclusive: true),
                entry(4, 4, 0, 0, 0, 0),
                // Always-running APIC timer.
                entry(6, nil, 1 << 2, 0, 0, 0),
                entry(7, 0, 0, features(level, 7, .ebx), features(level, 7, .ecx), features(level, 7, .edx)),
                entry(0xB, 0, topology[0].0, topology[0].1, topology[0].2, topology[0].3),
                entry(0xB, 1, topology[1].0, topology[1].1, topology[1].2, topology[1].3),
                // KVM puts the present size into EBX.
                entry(0xD, 0, UInt32(truncatingIfNeeded: level.extendedState), size, size, 0),
                entry(0xD, 1, find(0xD, 1).eax & 1, 0, 0, 0),
            ]
            if level.extendedState & 4 != 0 { entries.append(entry(0xD, 2, avx.eax, avx.ebx, 0, 0)) }
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
                entry(
                    0x8000_0001, nil, 0, 0, features(level, 0x8000_0001, .ecx), features(level, 0x8000_0001, .edx)),
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
            _ index: UInt32, type: UInt32, level: UInt32, ways: UInt32, sets: UInt32, flags: UInt32,
            inclusive: Bool = false
        ) -> kvm_cpuid_entry2 {
            entry(4, index, type | level << 5 | 1 << 8 | flags, (ways - 1) << 22 | 63, sets - 1, inclusive ? 2 : 0)
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
