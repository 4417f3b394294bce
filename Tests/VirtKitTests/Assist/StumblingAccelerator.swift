import Synchronization
import VirtKit

/// An accelerator that says after every few instructions that it can't execute the next one, and that may refuse states:
/// another accelerator in a clumsy dress.
struct StumblingAccelerator: Accelerator {
    let base: any Accelerator
    /// Instructions between failures; nil: it never fails.
    var steps: UInt64? = 3
    /// How many of the states that it is given it refuses, once `refusesFrom` have been taken.
    var refusals = 0
    var refusesFrom = 1

    var id: String { "stumbling-\(base.id)" }
    func suitability(for configuration: MachineConfiguration) async -> Suitability {
        await base.suitability(for: configuration)
    }
    func makeDomain(_ request: DomainRequest) throws(VirtKitError) -> any AcceleratorDomain {
        guard let domain = try base.makeDomain(request) as? any AcceleratorDomain<X86_64> else {
            throw VirtKitError(.backendFailure, operation: "make a domain", message: "it is of another architecture")
        }
        return StumblingDomain(domain, self)
    }
}

private final class StumblingDomain: AcceleratorDomain {
    typealias Architecture = X86_64
    let base: any AcceleratorDomain<X86_64>
    let accelerator: StumblingAccelerator
    let states = Atomic<Int>(0)

    init(_ base: any AcceleratorDomain<X86_64>, _ accelerator: StumblingAccelerator) {
        self.base = base
        self.accelerator = accelerator
    }

    var interruptMode: InterruptMode { base.interruptMode }
    var engine: String { base.engine }
    var cpuCount: Int { base.cpuCount }
    func connect(_ interruptSource: any InterruptSource) { base.connect(interruptSource) }
    func setMemory(_ memory: GuestMemory) throws(VirtKitError) { try base.setMemory(memory) }
    func handle(_ index: Int) -> any VCPUHandle { base.handle(index) }
    func reset() throws(VirtKitError) { try base.reset() }
    func statistics() -> [String: UInt64] { base.statistics() }
    func noteForeignRun(vcpu index: Int) { base.noteForeignRun(vcpu: index) }

    func withVCPU<Driver: VCPUDriver>(_ index: Int, _ driver: inout Driver) throws(VirtKitError)
    where Driver.Architecture == X86_64 {
        var lender = Lender(driver: driver, domain: self)
        defer { driver = lender.driver }
        try base.withVCPU(index, &lender)
    }

    /// Whether the next state is refused.
    func refusesState() -> Bool {
        let number = states.add(1, ordering: .relaxed).oldValue - accelerator.refusesFrom
        return (0..<accelerator.refusals).contains(number)
    }

    private struct Lender<Driver: VCPUDriver>: VCPUDriver where Driver.Architecture == X86_64 {
        typealias Architecture = X86_64
        var driver: Driver
        let domain: StumblingDomain
        mutating func drive<CPU: VirtualCPU & ~Copyable>(_ cpu: inout CPU) throws(VirtKitError)
        where CPU.Architecture == X86_64 {
            // SAFETY: the pointer is used within the closure alone.
            try withUnsafeMutablePointer(to: &cpu) { pointer throws(VirtKitError) in
                var stumbling = StumblingCPU(base: pointer, domain: domain)
                try driver.drive(&stumbling)
            }
        }
    }

    private struct StumblingCPU<Base: VirtualCPU & ~Copyable>: VirtualCPU, ~Copyable
    where Base.Architecture == X86_64 {
        typealias Architecture = X86_64
        let base: UnsafeMutablePointer<Base>
        let domain: StumblingDomain

        var index: Int { base.pointee.index }
        var instructionCount: UInt64? { base.pointee.instructionCount }

        mutating func run(_ bus: any GuestBus) throws(VirtKitError) -> VCPUExit {
            guard let steps = domain.accelerator.steps else { return try base.pointee.run(bus) }
            let exit = try base.pointee.run(bus, atMost: steps)
            guard exit.kind == .budget else { return exit }
            return .emulationFailure(at: exit.address, low: 0, count: 0)
        }

        mutating func run(_ bus: any GuestBus, atMost instructions: UInt64) throws(VirtKitError) -> VCPUExit {
            try base.pointee.run(bus, atMost: instructions)
        }

        func state() throws(VirtKitError) -> X86_64.State { try base.pointee.state() }

        mutating func setState(_ state: X86_64.State) throws(VirtKitError) {
            if domain.refusesState() {
                throw VirtKitError(.invalidSavedState, operation: "set the state of a vCPU", message: "refused")
            }
            try base.pointee.setState(state)
        }
    }
}
