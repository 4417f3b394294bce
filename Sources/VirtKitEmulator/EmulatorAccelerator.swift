public import VirtKitCore

/// VirtKit's own CPU emulator: runs guests in software, in this process, on any 64-bit little-endian host.
public struct EmulatorAccelerator: Accelerator {
    /// "emulator".
    public var id: String { "emulator" }

    /// Whether blocks go through the optimising passes. Without them the emulator is its own oracle, and slower.
    public var optimises: Bool

    /// Makes an accelerator.
    public init(optimises: Bool = true) { self.optimises = optimises }

    /// The most vCPUs that a machine may have here. One executes at a time.
    public static let maximumCPUs = 64

    /// Whether the emulator can run a machine: up to ``maximumCPUs`` x86-64 vCPUs, of the model "x86-64", "x86-64-v2" or
    /// "x86-64-v2-crypto".
    public func suitability(for configuration: MachineConfiguration) async -> Suitability {
        if let refusal = refusal(
            architecture: configuration.architecture, cpus: configuration.cpus, model: configuration.cpuModel,
            frequency: configuration.timerFrequency)
        {
            return Suitability(.no, reason: refusal.reason, remedy: refusal.remedy)
        }
        return Suitability(
            .limited, reason: "executes the guest in software, many times slower than the host's own CPU would",
            remedy: "use a backend with the help of the host's CPU, where speed matters")
    }

    private static let models: [CPUModel] = [.standard, .x86_64, .x86_64v2, .x86_64v2Crypto, .host]

    /// What CPUID offers.
    public func features(of model: CPUModel) async -> X86_64.Features? { Self.features(of: model) }

    private static func features(of model: CPUModel) -> X86_64.Features? {
        guard models.contains(model) else { return nil }
        return CPUIDTable(model: CPUIDTable.Machine(level: CPUIDTable.Level(model))).features
    }

    /// Makes an address space with vCPUs.
    ///
    /// - Throws: `VirtKitError` with `.unsupported` for what ``suitability(for:)`` refuses.
    public func makeDomain(_ request: DomainRequest) throws(VirtKitError) -> any AcceleratorDomain {
        if let refusal = refusal(
            architecture: request.architecture, cpus: request.cpus, model: request.cpuModel,
            frequency: request.timerFrequency)
        {
            throw VirtKitError(
                .unsupported, operation: "make an emulator domain", message: refusal.reason, remedy: refusal.remedy)
        }
        if let wanted = request.features, let own = Self.features(of: request.cpuModel),
            !wanted.subtracting(own).isEmpty
        {
            throw VirtKitError(
                .unsupported, operation: "make an emulator domain",
                message: "the emulator's CPU model \(request.cpuModel.rawValue) lacks "
                    + wanted.subtracting(own).names.joined(separator: ", "),
                remedy: "offer only what all accelerators have that the machine is to run on")
        }
        return EmulatorDomain(request, optimises: optimises)
    }

    private func refusal(
        architecture: Architecture, cpus: Int, model: CPUModel, frequency: UInt64?
    ) -> (reason: String, remedy: String)? {
        if architecture != .x86_64 {
            return ("the emulator has no \(architecture.rawValue) guest yet", "use an x86_64 guest, or another backend")
        }
        if !(1...Self.maximumCPUs).contains(cpus) {
            return (
                "the emulator runs 1 to \(Self.maximumCPUs) vCPUs; \(cpus) are asked for",
                "ask for fewer vCPUs, or use another backend"
            )
        }
        if !Self.models.contains(model) {
            return (
                "the emulator does not know the CPU model \(model.rawValue)",
                "use the model \(CPUModel.x86_64v2.rawValue), \(CPUModel.x86_64v2Crypto.rawValue) or "
                    + CPUModel.x86_64.rawValue
            )
        }
        if let frequency, !MachineConfiguration.timerFrequencies.contains(frequency) {
            return ("a time-stamp counter of \(frequency) Hz is beyond reason", "use one of 1 MHz to 100 GHz")
        }
        return nil
    }
}
