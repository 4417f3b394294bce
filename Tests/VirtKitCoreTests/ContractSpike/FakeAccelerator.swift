import Synchronization
import VirtKitCore

/// An accelerator without a CPU, written against the low contract alone: each `run` writes the program counter's low
/// byte to port 0xE9 and moves on by one; at `haltAddress` it halts.
struct FakeAccelerator: Accelerator {
    let id = "fake"
    let haltAddress: UInt64

    func suitability(for configuration: MachineConfiguration) async -> Suitability {
        configuration.architecture == .x86_64
            ? Suitability(.limited, reason: "executes nothing; for tests")
            : Suitability(.no, reason: "has only an x86_64 state", remedy: "use the emulator")
    }

    func makeDomain(_ request: DomainRequest) throws(VirtKitError) -> any AcceleratorDomain {
        guard request.cpuModel != .host else {
            throw VirtKitError(
                .unsupported, operation: "make domain", message: "there is no host CPU to show",
                remedy: "name a CPU model")
        }
        return FakeDomain(cpus: request.cpus, haltAddress: haltAddress)
    }
}

final class FakeDomain: AcceleratorDomain {
    typealias Architecture = X86_64

    private final class Handle: VCPUHandle {
        let exitRequested = Atomic<Bool>(false)
        func requestExit() { exitRequested.store(true, ordering: .releasing) }
        func signal() {}
    }

    private struct CPU: VirtualCPU, ~Copyable {
        typealias Architecture = X86_64
        let index: Int
        var current: X86_64.State
        let handle: Handle
        let haltAddress: UInt64
        var executed: UInt64 = 0
        var instructionCount: UInt64? { executed }

        mutating func run(_ bus: any GuestBus) throws(VirtKitError) -> VCPUExit {
            while true {
                if handle.exitRequested.exchange(false, ordering: .acquiring) { return VCPUExit(.requested) }
                if current.rip == haltAddress { return VCPUExit(.halted, address: current.rip) }
                bus.write(current.rip & 0xFF, to: 0xE9, width: 1, space: .port, vcpu: index)
                current.rip &+= 1
                executed += 1
            }
        }

        func state() throws(VirtKitError) -> X86_64.State { current }
        mutating func setState(_ state: X86_64.State) throws(VirtKitError) { current = state }
    }

    let interruptMode = InterruptMode.external
    let engine = "nothing"
    let cpuCount: Int
    private let haltAddress: UInt64
    private let handles: [Handle]
    private let states: Mutex<[X86_64.State?]>

    init(cpus: Int, haltAddress: UInt64) {
        cpuCount = cpus
        self.haltAddress = haltAddress
        handles = (0..<cpus).map { _ in Handle() }
        states = Mutex([X86_64.State?](repeating: .reset, count: cpus))
    }

    func connect(_ interruptSource: any InterruptSource) {}
    func setMemory(_ memory: GuestMemory) throws(VirtKitError) {}
    func handle(_ index: Int) -> any VCPUHandle { handles[index] }
    func statistics() -> [String: UInt64] { [:] }
    func reset() throws(VirtKitError) { states.withLock { $0 = $0.map { _ in .reset } } }

    func withVCPU<Driver: VCPUDriver>(_ index: Int, _ driver: inout Driver) throws(VirtKitError)
    where Driver.Architecture == X86_64 {
        let taken = states.withLock { states in
            defer { states[index] = nil }
            return states[index]
        }
        guard let taken else {
            throw VirtKitError(.invalidState, operation: "lend vCPU", message: "vCPU \(index) is lent already")
        }
        var cpu = CPU(index: index, current: taken, handle: handles[index], haltAddress: haltAddress)
        do throws(VirtKitError) {
            try driver.drive(&cpu)
        } catch {
            let state = cpu.current
            states.withLock { $0[index] = state }
            throw error
        }
        let state = cpu.current
        states.withLock { $0[index] = state }
    }
}
