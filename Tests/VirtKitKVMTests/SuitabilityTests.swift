#if arch(x86_64)
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
            probe.missingFeatures = ["SSE4.2"]
            var configuration = configuration()
            #expect(KVMAccelerator.suitability(for: configuration, probe).reason.contains("SSE4.2"))
            configuration.cpuModel = .host
            #expect(KVMAccelerator.suitability(for: configuration, probe).level == .full)
        }

        @Test func whatItDoesNotKnowIsRefused() async {
            var configuration = configuration()
            configuration.cpus = 2
            #expect(await KVMAccelerator().suitability(for: configuration).level == .no)
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
    }
#endif
