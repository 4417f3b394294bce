public import VirtKitCore

/// Two accelerators as one: the first, the *primary*, executes guests, and the second, the *assistant*, helps where the
/// policy says so: KVM, say, with the emulator for what KVM can't execute.
///
/// Both have the same guest memory and the same board. A vCPU is on one of them at a time, and its whole state is handed
/// over: guests can't tell, but by time. Assists are counted in the machine's statistics (`assists`,
/// `assisted-instructions`, `assist-refusals`), and the first of each kind of instruction is an event `.assisted`.
///
/// Known limits: x86-64 guests with a CPU model by name, since `.host` is not the same CPU on two accelerators; and both
/// accelerators leave the interrupt controllers to the board.
public struct AssistedAccelerator: Accelerator {
    /// "assisted".
    public let id: String
    /// What executes guests.
    public let primary: any Accelerator
    /// What executes the rest.
    public let assistant: any Accelerator
    /// When the assistant helps.
    public let policy: AssistPolicy

    /// Joins two accelerators.
    ///
    /// - Parameters:
    ///   - primary: what executes guests.
    ///   - assistant: what executes the rest.
    ///   - policy: when the assistant helps.
    ///   - id: the name that they have together.
    public init(
        primary: any Accelerator, assistant: any Accelerator, policy: AssistPolicy = .onFailure,
        id: String = "assisted"
    ) {
        self.primary = primary
        self.assistant = assistant
        self.policy = policy
        self.id = id
    }

    /// As well as the primary can run a machine, where both can. What the primary says against a boot image is about
    /// code that it can't execute, and doesn't count.
    public func suitability(for configuration: MachineConfiguration) async -> Suitability {
        if let refusal = refusal(configuration.architecture, configuration.cpuModel) {
            return Suitability(.no, reason: refusal.reason, remedy: refusal.remedy)
        }
        let helper = await assistant.suitability(for: configuration)
        guard helper.level > .no else {
            return Suitability(.no, reason: "\(assistant.id): \(helper.reason)", remedy: helper.remedy)
        }
        var own = await primary.suitability(for: configuration)
        let plain = own
        if own.level == .no {
            var bare = configuration
            bare.boot = nil
            own = await primary.suitability(for: bare)
        }
        guard own.level > .no else {
            return Suitability(.no, reason: "\(primary.id): \(own.reason)", remedy: own.remedy)
        }
        return Suitability(
            plain.level == .no ? .limited : own.level,
            reason: "\(primary.id) executes the guest, and \(assistant.id) what it can't; "
                + "\(primary.id): \(plain.reason)",
            remedy: plain.remedy)
    }

    /// What the primary prefers, or the whole number of megahertz next to it, if the assistant can have only that.
    public func preferredTimerFrequency(for configuration: MachineConfiguration) async -> UInt64? {
        guard let own = await primary.preferredTimerFrequency(for: configuration) else {
            return await assistant.preferredTimerFrequency(for: configuration)
        }
        var asked = configuration
        for frequency in [own, (own &+ 500_000) / 1_000_000 &* 1_000_000] {
            asked.timerFrequency = frequency
            if await suitability(for: asked).level > .no { return frequency }
        }
        return own
    }

    /// What CPUID offers on both; nil where one of them does not tell.
    public func features(of model: CPUModel) async -> X86_64.Features? {
        await X86_64.Features.common(of: model, [primary, assistant])
    }

    /// Makes an address space with vCPUs on both.
    ///
    /// - Throws: what either throws; `VirtKitError` with `.unsupported` for what ``suitability(for:)`` refuses.
    public func makeDomain(_ request: DomainRequest) throws(VirtKitError) -> any AcceleratorDomain {
        let operation = "make an assisted domain"
        if let refusal = refusal(request.architecture, request.cpuModel) {
            throw VirtKitError(.unsupported, operation: operation, message: refusal.reason, remedy: refusal.remedy)
        }
        let first = try primary.makeDomain(request)
        let second = try assistant.makeDomain(request)
        guard let first = first as? any AcceleratorDomain<X86_64>, let second = second as? any AcceleratorDomain<X86_64>
        else {
            throw VirtKitError(
                .backendFailure, operation: operation,
                message: "\(primary.id) or \(assistant.id) made a domain of another architecture")
        }
        for (name, domain) in [(primary.id, first), (assistant.id, second)] where domain.interruptMode != .external {
            throw VirtKitError(
                .unsupported, operation: operation,
                message: "\(name) has interrupt controllers of its own (\(domain.interruptMode.rawValue))",
                remedy: "use an accelerator that leaves them to the board")
        }
        guard first.cpuCount == second.cpuCount else {
            throw VirtKitError(
                .backendFailure, operation: operation,
                message: "\(primary.id) made \(first.cpuCount) vCPUs, and \(assistant.id) \(second.cpuCount)")
        }
        let log = AssistLog(primary: primary.id, assistant: assistant.id)
        return AssistedDomain(request, primary: first, assistant: second, policy: policy, log: log)
    }

    private func refusal(_ architecture: Architecture, _ model: CPUModel) -> (reason: String, remedy: String)? {
        if architecture != .x86_64 {
            return ("accelerators assist each other with x86_64 guests only so far", "use one accelerator alone")
        }
        if model == .host {
            return (
                "\(primary.id) and \(assistant.id) don't have the same CPU under the model host",
                "use a model by name: \(CPUModel.x86_64v2.rawValue)"
            )
        }
        return nil
    }
}
