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
        if let frequency, frequency % 1_000_000 != 0 || frequency < 100_000_000 || frequency > 4_000_000_000 {
            return (
                "a time-stamp counter of \(frequency) Hz can't be told exactly to the guest",
                "use a multiple of 1 MHz from 100 MHz to 4 GHz"
            )
        }
        return nil
    }
}
