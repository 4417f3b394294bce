internal import CVirtKit
internal import Glibc
public import VirtKitCore

/// The host kernel's hypervisor, KVM: runs x86-64 guests on the host's own CPU, by `/dev/kvm`. A preview.
///
/// Each vCPU is stopped by a signal to its thread. The signal's handler does nothing; it is installed for the process when
/// the first machine is made, and stays. A program that uses that signal itself names another one; a program that blocks
/// signals has nothing to do: the accelerator lets its signal through on its vCPUs' threads.
public struct KVMAccelerator: Accelerator {
    /// "kvm".
    public var id: String { "kvm" }

    /// The number of the signal that stops vCPUs.
    public let kickSignal: Int32

    /// Makes an accelerator.
    ///
    /// - Parameter kickSignal: the number of the signal that stops vCPUs, one that nothing else in the process uses. By
    ///   default a real-time signal, the third before the last (`SIGRTMAX - 3`).
    public init(kickSignal: Int32? = nil) { self.kickSignal = kickSignal ?? vk_kvm_realtime_signal(3) }

    /// The frequency in Hz that the time-stamp counter of a machine has here unless KVM can scale it: what
    /// `MachineConfiguration.timerFrequency` must be then.
    ///
    /// - Throws: `VirtKitError` where KVM can't be used.
    public func hostTimerFrequency() async throws -> UInt64 {
        #if arch(x86_64)
            let signal = kickSignal
            let result = await onOwnThread { Self.probe(signal) }
            switch result {
            case .success(let probe): return probe.timeStampFrequency
            case .failure(let error): throw error.wrapped("ask KVM")
            }
        #else
            throw VirtKitError(
                .unsupported, operation: "ask KVM", message: "the KVM backend runs on x86-64 hosts so far",
                remedy: "use another backend")
        #endif
    }

    /// Whether KVM can run a machine here. The first question of a process runs micro-guests, which takes some
    /// milliseconds.
    public func suitability(for configuration: MachineConfiguration) async -> Suitability {
        #if arch(x86_64)
            if let refusal = Self.refusal(
                architecture: configuration.architecture, cpus: configuration.cpus, model: configuration.cpuModel)
            {
                return Suitability(.no, reason: refusal.reason, remedy: refusal.remedy)
            }
            let signal = kickSignal
            switch await onOwnThread({ Self.probe(signal) }) {
            case .failure(let error):
                return Suitability(
                    .no, reason: "KVM can't be used: \(error)", remedy: error.remedy ?? "use another backend")
            case .success(let probe): return Self.suitability(for: configuration, probe)
            }
        #else
            return Suitability(
                .no, reason: "the KVM backend runs on x86-64 hosts so far", remedy: "use another backend")
        #endif
    }

    /// Makes an address space with vCPUs.
    ///
    /// - Throws: `VirtKitError`: `.unsupported` for what ``suitability(for:)`` refuses; what KVM refuses, with the
    ///   system's error number.
    public func makeDomain(_ request: DomainRequest) throws(VirtKitError) -> any AcceleratorDomain {
        let operation = "make a KVM domain"
        #if arch(x86_64)
            var refusal = Self.refusal(
                architecture: request.architecture, cpus: request.cpus, model: request.cpuModel)
            let probe: KVMProbe
            do throws(KVMError) {
                probe = try Self.probe(kickSignal).get()
            } catch {
                throw error.wrapped(operation)
            }
            refusal = refusal ?? Self.refusal(frequency: request.timerFrequency, model: request.cpuModel, probe)
            if let refusal {
                throw VirtKitError(
                    .unsupported, operation: operation, message: refusal.reason, remedy: refusal.remedy)
            }
            return try KVMDomain(
                request, kickSignal: kickSignal, interface: KernelInterface.shared,
                emulatesRing0: probe.isSlow || !probe.missing.isEmpty)
        #else
            throw VirtKitError(
                .unsupported, operation: operation, message: "the KVM backend runs on x86-64 hosts so far",
                remedy: "use another backend")
        #endif
    }
}

#if arch(x86_64)
    extension KVMAccelerator {
        typealias Refusal = (reason: String, remedy: String)

        private static func probe(_ kickSignal: Int32) -> Result<KVMProbe, KVMError> {
            let installed = vk_kvm_install_signal(kickSignal)
            guard installed == 0 else {
                return .failure(
                    KVMError(
                        "sigaction", -installed,
                        details: "signal \(kickSignal) is ignored or has a handler of the program's own: "
                            + "name another one, KVMAccelerator(kickSignal:)"))
            }
            return Result { () throws(KVMError) in try KVMProbe.result(kickSignal: kickSignal) }
        }

        static func refusal(architecture: Architecture, cpus: Int, model: CPUModel) -> Refusal? {
            if architecture != .x86_64 {
                return (
                    "KVM runs guests of the host's own architecture, x86_64, not \(architecture.rawValue)",
                    "use a backend that emulates \(architecture.rawValue)"
                )
            }
            if cpus != 1 {
                return (
                    "the KVM backend runs one vCPU so far; \(cpus) are asked for",
                    "ask for 1 vCPU, or use another backend"
                )
            }
            if model != .standard && model != .x86_64v2 && model != .host {
                return (
                    "the KVM backend does not know the CPU model \(model.rawValue)",
                    "use the model \(CPUModel.x86_64v2.rawValue)"
                )
            }
            return nil
        }

        static func refusal(frequency: UInt64, model: CPUModel, _ probe: KVMProbe) -> Refusal? {
            if model != .host, !probe.missingFeatures.isEmpty {
                return (
                    "the host lacks \(probe.missingFeatures.joined(separator: ", ")) of the CPU model x86-64-v2",
                    "use the model host, or another host"
                )
            }
            // KVM itself takes two frequencies for the same within 250 parts of a million.
            let tolerance = probe.timeStampFrequency / 4000
            if !probe.canScaleTimeStamp,
                (Int64(bitPattern: frequency) &- Int64(bitPattern: probe.timeStampFrequency)).magnitude > tolerance
            {
                return (
                    "the host can't scale the time-stamp counter to \(frequency) Hz; its own runs at "
                        + "\(probe.timeStampFrequency) Hz",
                    "set timerFrequency to \(probe.timeStampFrequency); the machine can then move only to hosts of that "
                        + "frequency, or that can scale"
                )
            }
            return nil
        }

        /// What the board asks for where the configuration leaves the frequency to it.
        static let usualFrequency: UInt64 = 1_000_000_000

        static func suitability(for configuration: MachineConfiguration, _ probe: KVMProbe) -> Suitability {
            var reasons: [String] = []
            if !probe.missing.isEmpty {
                reasons.append("KVM can't execute \(probe.missing.joined(separator: ", ")) in ring 0 here")
            }
            if !probe.canSetTimeStamp {
                reasons.append("guests read the host's time-stamp counter here, which can't be set")
            }
            if probe.isSlow { reasons.append("KVM emulates ring 0 in software here") }
            let remedy = "use another backend here, or a host whose KVM uses the CPU's virtualization (VT-x, AMD-V)"
            if let boot = configuration.boot, case .linux = boot, !probe.missing.isEmpty {
                return Suitability(
                    .no, reason: reasons.joined(separator: "; ") + ": Linux does not boot", remedy: remedy)
            }
            let frequency = configuration.timerFrequency ?? usualFrequency
            if let refusal = refusal(frequency: frequency, model: configuration.cpuModel, probe) {
                return Suitability(.no, reason: refusal.reason, remedy: refusal.remedy)
            }
            return reasons.isEmpty
                ? Suitability(.full, reason: "the host's CPU executes the guest")
                : Suitability(.limited, reason: reasons.joined(separator: "; "), remedy: remedy)
        }
    }
#endif
