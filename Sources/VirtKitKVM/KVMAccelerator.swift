internal import CVirtKit
internal import Glibc
public import VirtKitCore

/// The host kernel's hypervisor, KVM: runs x86-64 guests on the host's own CPU, by `/dev/kvm`.
///
/// Each vCPU is stopped by a signal to its thread. The signal's handler does nothing; it is installed for the process when
/// the first machine is made, and stays. A program that uses that signal itself names another one; a program that blocks
/// signals has nothing to do: the accelerator lets its signal through on its vCPUs' threads.
public struct KVMAccelerator: Accelerator {
    /// "kvm".
    public var id: String { "kvm" }

    /// The number of the signal that stops vCPUs.
    public let kickSignal: Int32

    /// Where its machines' interrupt controllers are: `external`, `local` or `full`.
    public let interruptMode: InterruptMode

    /// Makes an accelerator.
    ///
    /// - Parameter kickSignal: the number of the signal that stops vCPUs, one that nothing else in the process uses. By
    ///   default a real-time signal, the third before the last (`SIGRTMAX - 3`).
    public init(kickSignal: Int32? = nil) { self.init(kickSignal: kickSignal, interruptMode: .external) }

    /// Makes an accelerator whose interrupt controllers are where the program says.
    ///
    /// - Parameters:
    ///   - kickSignal: as above.
    ///   - interruptMode: `.external`: all are the board's, in this process. `.local`: the local APICs are in the kernel
    ///     (KVM's split irqchip), with their timers and interrupts between processors, and halts; the others are the
    ///     board's. `.full`: the I/O APIC and the 8259 pair are in the kernel too. A machine that was saved in one mode
    ///     goes on in any.
    public init(kickSignal: Int32? = nil, interruptMode: InterruptMode) {
        self.kickSignal = kickSignal ?? vk_kvm_realtime_signal(3)
        self.interruptMode = interruptMode
    }

    /// The frequency in Hz that the time-stamp counter of a machine has here unless KVM can scale it.
    ///
    /// - Throws: `VirtKitError` where KVM can't be used.
    public func hostTimerFrequency() async throws -> UInt64 {
        #if arch(x86_64)
            switch await judge() {
            case .success(let probe): return probe.timeStampFrequency
            case .failure(let refusal):
                throw VirtKitError(
                    .unsupported, operation: "ask KVM", message: refusal.reason, remedy: refusal.remedy)
            }
        #else
            throw VirtKitError(
                .unsupported, operation: "ask KVM", message: Self.otherHost.reason, remedy: Self.otherHost.remedy)
        #endif
    }

    /// The host's own frequency where KVM can't scale the time-stamp counter; nil where it can.
    public func preferredTimerFrequency(for configuration: MachineConfiguration) async -> UInt64? {
        #if arch(x86_64)
            guard case .success(let probe) = await judge(), !probe.canScaleTimeStamp else { return nil }
            return probe.timeStampFrequency
        #else
            return nil
        #endif
    }

    /// Whether KVM works on this host, apart from any machine: `full` where the CPU executes guests, `limited` where KVM
    /// emulates a part of them.
    public func availability() async -> Suitability {
        #if arch(x86_64)
            switch await judge() {
            case .success(let probe): return Self.judgement(probe, isLinux: false)
            case .failure(let refusal): return Suitability(.no, reason: refusal.reason, remedy: refusal.remedy)
            }
        #else
            return Suitability(.no, reason: Self.otherHost.reason, remedy: Self.otherHost.remedy)
        #endif
    }

    /// Whether KVM can run a machine here. The first question of a process runs micro-guests, which takes some
    /// milliseconds.
    public func suitability(for configuration: MachineConfiguration) async -> Suitability {
        #if arch(x86_64)
            if let refusal = Self.refusal(architecture: configuration.architecture, model: configuration.cpuModel) {
                return Suitability(.no, reason: refusal.reason, remedy: refusal.remedy)
            }
            switch await judge() {
            case .failure(let refusal): return Suitability(.no, reason: refusal.reason, remedy: refusal.remedy)
            case .success(let probe): return Self.suitability(for: configuration, probe)
            }
        #else
            return Suitability(.no, reason: Self.otherHost.reason, remedy: Self.otherHost.remedy)
        #endif
    }

    /// What KVM stands on here, under stable names: "hardware", "hypervisor-beneath", "kvm", "modules", "device",
    /// "container" (in one), "not-executed" (instructions and modes that KVM can't run in ring 0).
    public func hostDetails() async -> [BackendDetail] {
        var details = KVMHost(HostFiles()).details
        #if arch(x86_64)
            if case .success(let probe) = await judge(), !probe.missing.isEmpty {
                details.append(BackendDetail("not-executed", probe.missing.joined(separator: ", ")))
            }
        #endif
        return details
    }

    /// What CPUID offers on a vCPU of a model here; nil for a model that is not known, and where KVM can't be used.
    public func features(of model: CPUModel) async -> X86_64.Features? {
        #if arch(x86_64)
            guard case .success(let probe) = await judge() else { return nil }
            return KVMCPUModel(supported: probe.supportedCPUID).features(model)
        #else
            return nil
        #endif
    }

    /// Makes an address space with vCPUs.
    ///
    /// - Throws: `VirtKitError`: `.unsupported` for what ``suitability(for:)`` refuses; what KVM refuses, with the
    ///   system's error number.
    public func makeDomain(_ request: DomainRequest) throws(VirtKitError) -> any AcceleratorDomain {
        let operation = "make a KVM domain"
        #if arch(x86_64)
            if request.clock.isStepped {
                throw VirtKitError(
                    .unsupported, operation: operation,
                    message: "KVM's guests see the host's time, not that of a stepped clock",
                    remedy: "use a clock that runs, or a backend that emulates the CPU")
            }
            guard [.external, .local, .full].contains(interruptMode) else {
                throw VirtKitError(
                    .unsupported, operation: operation,
                    message: "the interrupt mode \(interruptMode.rawValue) is not known",
                    remedy: "use external, local or full")
            }
            var refusal = Self.refusal(architecture: request.architecture, model: request.cpuModel)
            let probe: KVMProbe
            do throws(KVMError) {
                probe = try Self.probe(kickSignal)
            } catch {
                let diagnosis = KVMDiagnosis(error, on: KVMHost(HostFiles()))
                throw VirtKitError(
                    error.wrapped(operation).code, operation: operation, message: diagnosis.reason,
                    errno: error.errno, remedy: diagnosis.remedy)
            }
            refusal =
                refusal
                ?? Self.refusal(
                    cpus: request.cpus, frequency: request.timerFrequency, model: request.cpuModel, probe)
            if refusal == nil, let wanted = request.features {
                let own = KVMCPUModel(supported: probe.supportedCPUID).features(request.cpuModel)
                let lacking = own.map(wanted.subtracting) ?? wanted
                if !lacking.isEmpty {
                    refusal = Refusal(
                        reason: "the host's KVM lacks \(lacking.names.joined(separator: ", "))",
                        remedy: "offer only what all accelerators have that the machine is to run on")
                }
            }
            if let refusal {
                throw VirtKitError(
                    .unsupported, operation: operation, message: refusal.reason, remedy: refusal.remedy)
            }
            return try KVMDomain(
                request, kickSignal: kickSignal, interface: KernelInterface.shared,
                emulatesRing0: probe.isSlow || !probe.missing.isEmpty,
                hasShadowPages: probe.isSlow || !probe.missing.isEmpty || KVMHost.hasShadowPages(HostFiles()),
                supported: probe.supportedCPUID, interruptMode: interruptMode)
        #else
            throw VirtKitError(
                .unsupported, operation: operation, message: Self.otherHost.reason, remedy: Self.otherHost.remedy)
        #endif
    }

    #if !arch(x86_64)
        private static let otherHost = (
            reason: "the KVM backend runs on x86-64 hosts so far", remedy: "use another backend"
        )
    #endif
}
