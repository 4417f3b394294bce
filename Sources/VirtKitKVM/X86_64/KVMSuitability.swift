#if arch(x86_64)
    internal import CVirtKit
    internal import Glibc
    internal import VirtKitCore

    /// What KVM answers on x86: which machines it can run here, and why not.
    extension KVMAccelerator {
        /// Why KVM can't run something.
        struct Refusal: Error {
            var reason: String
            var remedy: String
        }

        /// The probe's result, or why KVM can't be used. It may block, and does so on a thread of its own.
        func judge() async -> Result<KVMProbe, Refusal> {
            let signal = kickSignal
            return await onOwnThread { () -> Result<KVMProbe, Refusal> in
                do throws(KVMError) {
                    return .success(try Self.probe(signal))
                } catch {
                    let diagnosis = KVMDiagnosis(error, on: KVMHost(HostFiles()))
                    return .failure(Refusal(reason: diagnosis.reason, remedy: diagnosis.remedy))
                }
            }
        }

        static func probe(_ kickSignal: Int32) throws(KVMError) -> KVMProbe {
            let installed = vk_kvm_install_signal(kickSignal)
            guard installed == 0 else {
                throw KVMError(
                    "sigaction", -installed,
                    details: "signal \(kickSignal), which stops vCPUs, is ignored or has the program's own handler: "
                        + "name another one, KVMAccelerator(kickSignal:)")
            }
            return try KVMProbe.result(kickSignal: kickSignal)
        }

        static func refusal(architecture: Architecture, model: CPUModel) -> Refusal? {
            if architecture != .x86_64 {
                return Refusal(
                    reason: "KVM runs guests of the host's own architecture, x86_64, not \(architecture.rawValue)",
                    remedy: "use a backend that emulates \(architecture.rawValue)")
            }
            if model != .host, KVMCPULevel.named(model) == nil {
                let names = KVMCPULevel.all.map(\.model.rawValue).joined(separator: ", ")
                return Refusal(
                    reason: "the KVM backend does not know the CPU model \(model.rawValue)",
                    remedy: "use one of the models \(names), or host")
            }
            return nil
        }

        /// Why a host can't run what the backend could, by what the probe has found.
        static func refusal(cpus: Int, frequency: UInt64, model: CPUModel, _ probe: KVMProbe) -> Refusal? {
            if !(1...probe.maximumVCPUs).contains(cpus) {
                return Refusal(
                    reason: "KVM runs 1 to \(probe.maximumVCPUs) vCPUs here; \(cpus) are asked for",
                    remedy: "ask for fewer vCPUs")
            }
            let named = model == .standard ? .x86_64v2 : model
            if let missing = probe.missingFeatures[named], !missing.isEmpty {
                let possible = KVMCPULevel.all.map(\.model).filter { probe.missingFeatures[$0]?.isEmpty == true }
                let names = (possible.map(\.rawValue) + ["host"]).joined(separator: " or ")
                return Refusal(
                    reason: "the host lacks \(missing.joined(separator: ", ")) of the CPU model \(named.rawValue)",
                    remedy: "use the model \(names), or another host")
            }
            // KVM itself takes two frequencies for the same within 250 parts of a million.
            let tolerance = probe.timeStampFrequency / 4000
            if !probe.canScaleTimeStamp,
                (Int64(bitPattern: frequency) &- Int64(bitPattern: probe.timeStampFrequency)).magnitude > tolerance
            {
                return Refusal(
                    reason: "the host can't scale the time-stamp counter to \(frequency) Hz; its own runs at "
                        + "\(probe.timeStampFrequency) Hz",
                    remedy: "leave timerFrequency open, or set it to \(probe.timeStampFrequency); the machine can then "
                        + "move only to hosts of that frequency, or that can scale")
            }
            return nil
        }

        /// How well KVM runs guests, for what the probe has found.
        static func judgement(_ probe: KVMProbe, isLinux: Bool) -> Suitability {
            var reasons: [String] = []
            if !probe.missing.isEmpty {
                reasons.append("KVM can't execute \(probe.missing.joined(separator: ", ")) in ring 0 here")
            }
            if !probe.canSetTimeStamp {
                reasons.append("guests read the host's time-stamp counter here, which can't be set")
            }
            if probe.isSlow { reasons.append("KVM emulates ring 0 in software here") }
            let remedy = "use another backend here, or a host whose KVM uses the CPU's virtualization (VT-x, AMD-V)"
            if isLinux, !probe.missing.isEmpty {
                return Suitability(
                    .no, reason: reasons.joined(separator: "; ") + ": Linux does not boot", remedy: remedy)
            }
            return reasons.isEmpty
                ? Suitability(.full, reason: "the host's CPU executes the guest")
                : Suitability(.limited, reason: reasons.joined(separator: "; "), remedy: remedy)
        }

        static func suitability(for configuration: MachineConfiguration, _ probe: KVMProbe) -> Suitability {
            var isLinux = false
            if let boot = configuration.boot, case .linux = boot { isLinux = true }
            let judgement = judgement(probe, isLinux: isLinux)
            guard judgement.level > .no else { return judgement }
            // A frequency that is left open is one that can be had.
            if let refusal = refusal(
                cpus: configuration.cpus, frequency: configuration.timerFrequency ?? probe.timeStampFrequency,
                model: configuration.cpuModel,
                probe)
            {
                return Suitability(.no, reason: refusal.reason, remedy: refusal.remedy)
            }
            return judgement
        }
    }
#endif
