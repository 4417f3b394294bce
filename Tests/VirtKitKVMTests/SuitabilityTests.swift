#if arch(x86_64)
    import CVirtKit
    import Testing
    import VirtKitCore

    @testable import VirtKitKVM

    /// What KVM answers, and why.
    @Suite struct SuitabilityTests {
        private func configuration(_ boot: BootSource = .flat(.bytes([0xF4]), address: 0x10_0000))
            -> MachineConfiguration
        {
            MachineConfiguration(architecture: .x86_64, memory: .mebibytes(8), boot: boot)
        }

        private var good: KVMProbe {
            var probe = KVMProbe.empty
            probe.timeStampFrequency = 2_500_000_000
            probe.canScaleTimeStamp = true
            probe.maximumVCPUs = 8
            return probe
        }

        @Test func fullWhereEverythingWorks() {
            #expect(KVMAccelerator.suitability(for: configuration(.linux(kernel: "k")), good).level == .full)
        }

        @Test func limitedOrNoWhereRing0IsEmulated() {
            var probe = good
            probe.missing = ["lock cmpxchg16b", "int3"]
            probe.isSlow = true
            let bare = KVMAccelerator.suitability(for: configuration(), probe)
            #expect(bare.level == .limited)
            #expect(bare.reason.contains("int3"))
            let linux = KVMAccelerator.suitability(for: configuration(.linux(kernel: "k")), probe)
            #expect(linux.level == .no)
            #expect(linux.reason.contains("cmpxchg16b"))
            #expect(linux.remedy != nil)
            probe.missing = []
            #expect(KVMAccelerator.suitability(for: configuration(.linux(kernel: "k")), probe).level == .limited)
        }

        @Test func frequencyThatCannotBeHadIsRefused() {
            var probe = good
            probe.canScaleTimeStamp = false
            var configuration = configuration()
            // One that is left open is the host's.
            #expect(KVMAccelerator.suitability(for: configuration, probe).level == .full)
            configuration.timerFrequency = 1_000_000_000
            let answer = KVMAccelerator.suitability(for: configuration, probe)
            #expect(answer.level == .no)
            #expect(answer.remedy?.contains("2500000000") == true)
            configuration.timerFrequency = 2_500_100_000
            #expect(KVMAccelerator.suitability(for: configuration, probe).level == .full)
            configuration.timerFrequency = 2_501_000_000
            #expect(KVMAccelerator.suitability(for: configuration, probe).level == .no)
        }

        @Test func missingFeaturesAreNamed() {
            var probe = good
            probe.missingFeatures = [.x86_64: [], .x86_64v2: ["SSE4.2"], .x86_64v3: ["SSE4.2", "AVX"]]
            var configuration = configuration()
            let answer = KVMAccelerator.suitability(for: configuration, probe)
            #expect(answer.level == .no)
            #expect(answer.reason.contains("lacks SSE4.2 of the CPU model x86-64-v2"))
            #expect(answer.remedy?.contains("x86-64 or host") == true)
            configuration.cpuModel = .x86_64v3
            #expect(KVMAccelerator.suitability(for: configuration, probe).reason.contains("AVX"))
            configuration.cpuModel = .x86_64
            #expect(KVMAccelerator.suitability(for: configuration, probe).level == .full)
            configuration.cpuModel = .host
            #expect(KVMAccelerator.suitability(for: configuration, probe).level == .full)
        }

        @Test func whatItDoesNotKnowIsRefused() async {
            var configuration = configuration()
            var probe = good
            probe.maximumVCPUs = 4
            configuration.cpus = 4
            #expect(KVMAccelerator.suitability(for: configuration, probe).level == .full)
            configuration.cpus = 5
            #expect(KVMAccelerator.suitability(for: configuration, probe).level == .no)
            configuration.cpus = 1
            configuration.cpuModel = CPUModel(rawValue: "unheard-of")
            #expect(await KVMAccelerator().suitability(for: configuration).level == .no)
            configuration.cpuModel = .standard
            configuration.architecture = .riscv64
            let answer = await KVMAccelerator().suitability(for: configuration)
            #expect(answer.level == .no)
            #expect(answer.remedy != nil)
        }

        @Test(.enabled(if: HostKVM.runsGuests, HostKVM.reason)) func thisHostsAnswersAreHonest() async throws {
            var configuration = configuration()
            configuration.cpuModel = HostKVM.model
            configuration.timerFrequency = try await KVMAccelerator().hostTimerFrequency()
            let bare = await KVMAccelerator().suitability(for: configuration)
            #expect(bare.level >= .limited)
            configuration.boot = .linux(kernel: "vmlinuz")
            let linux = await KVMAccelerator().suitability(for: configuration)
            #expect(linux.level == (HostKVM.probe?.missing.isEmpty == true ? bare.level : .no))
        }

        // MARK: CPU models

        /// A host whose CPUID has every bit, and AVX's area where it usually is.
        private var everything: [kvm_cpuid_entry2] {
            let leaves: [(UInt32, UInt32)] = [
                (1, 0), (7, 0), (0xD, 0), (0xD, 1), (0xD, 2), (0x8000_0001, 0), (0x8000_0008, 0),
            ]
            return leaves.map { leaf, index in
                var entry = kvm_cpuid_entry2()
                entry.function = leaf
                entry.index = index
                entry.flags = leaf == 7 || leaf == 0xD ? UInt32(KVM_CPUID_FLAG_SIGNIFCANT_INDEX) : 0
                (entry.eax, entry.ebx, entry.ecx, entry.edx) = (.max, .max, .max, .max)
                if (leaf, index) == (0xD, 2) { (entry.eax, entry.ebx) = (256, 576) }
                return entry
            }
        }

        private func find(_ entries: [kvm_cpuid_entry2], _ leaf: UInt32, _ index: UInt32 = 0) throws -> kvm_cpuid_entry2
        {
            try #require(entries.first { $0.function == leaf && $0.index == index })
        }

        @Test(arguments: [CPUModel.x86_64, .x86_64v2, .x86_64v3]) func modelsOfferTheirLevel(_ model: CPUModel) throws {
            let host = KVMCPUModel(supported: everything)
            #expect(host.missing(of: model).isEmpty)
            let level = try #require(KVMCPULevel.named(model))
            let entries = try #require(host.entries(model, .init(index: 2, count: 4, frequency: 2_000_000_000)))
            for feature in level.required {
                let entry = try find(entries, feature.leaf)
                let value = [entry.ebx, entry.ecx, entry.edx][[.ebx, .ecx, .edx].firstIndex(of: feature.register) ?? 0]
                #expect(value >> feature.bit & 1 == 1, "\(feature.name)")
            }
            let basic = try find(entries, 1)
            #expect(basic.ebx >> 24 == 2)
            #expect(basic.ebx >> 16 & 0xFF == 4)
            // AVX and what a level above has are not offered.
            let isThird = model == .x86_64v3
            #expect((basic.ecx >> 28 & 1 == 1) == isThird)
            #expect((basic.ecx >> 20 & 1 == 1) == (model != .x86_64))
            #expect(try find(entries, 0xD).eax == (isThird ? 7 : 3))
            #expect(try find(entries, 0xD).ecx == (isThird ? 832 : 576))
            #expect(try find(entries, 0xB, 1).ebx == 4)
            // Nested virtualization, AVX-512, AMX, MWAIT: never.
            #expect(basic.ecx & (1 << 5 | 1 << 3) == 0)
            #expect(try find(entries, 7).ebx >> 16 & 1 == 0)
            #expect(try find(entries, 7).edx >> 24 & 1 == 0)
        }

        @Test func modelsNameWhatTheHostLacks() {
            let names: [String] = KVMCPUModel(supported: []).missing(of: .x86_64v3)
            for name in ["FPU", "SSE4.2", "AVX2", "BMI2", "its XSAVE components"] { #expect(names.contains(name)) }
            #expect(KVMCPUModel(supported: []).missing(of: .host).isEmpty)
            #expect(KVMCPUModel(supported: []).entries(CPUModel(rawValue: "?"), .init(index: 0, frequency: 0)) == nil)
        }

        @Test(.enabled(if: HostKVM.runsGuests, HostKVM.reason)) func theHostTakesItsModels() throws {
            let system = try KVMSystem()
            let host = KVMCPUModel(supported: try system.supportedCPUID())
            for model in KVMCPULevel.all.map(\.model) + [.host] where host.missing(of: model).isEmpty {
                let machine = try system.makeVirtualMachine()
                let vcpu = try machine.makeVCPU(0)
                try vcpu.setCPUID(
                    try #require(host.entries(model, .init(index: 0, count: 2, frequency: 2_000_000_000))))
            }
        }
    }
#endif
