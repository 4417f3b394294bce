internal import Synchronization

/// What a vCPU has done, for people. One thread writes, others read.
final class KVMCounters: Sendable {
    enum Kind: Int, CaseIterable {
        case entries, ports, memory, systemRegisters, halts, interrupts, nonMaskableInterrupts, windows, interrupted

        var name: String {
            switch self {
            case .entries: "kvm-entries"
            case .ports: "kvm-port-exits"
            case .memory: "kvm-mmio-exits"
            case .systemRegisters: "kvm-msr-exits"
            case .halts: "kvm-halt-exits"
            case .interrupts: "kvm-interrupts"
            case .nonMaskableInterrupts: "kvm-nmis"
            case .windows: "kvm-window-exits"
            case .interrupted: "kvm-interrupted-entries"
            }
        }
    }

    private let entries = Atomic<UInt64>(0)
    private let ports = Atomic<UInt64>(0)
    private let memory = Atomic<UInt64>(0)
    private let systemRegisters = Atomic<UInt64>(0)
    private let halts = Atomic<UInt64>(0)
    private let interrupts = Atomic<UInt64>(0)
    private let nonMaskableInterrupts = Atomic<UInt64>(0)
    private let windows = Atomic<UInt64>(0)
    private let interrupted = Atomic<UInt64>(0)

    @inline(__always)
    func count(_ kind: Kind) {
        switch kind {
        case .entries: add(entries)
        case .ports: add(ports)
        case .memory: add(memory)
        case .systemRegisters: add(systemRegisters)
        case .halts: add(halts)
        case .interrupts: add(interrupts)
        case .nonMaskableInterrupts: add(nonMaskableInterrupts)
        case .windows: add(windows)
        case .interrupted: add(interrupted)
        }
    }

    /// With one writer an addition needs no locked instruction.
    @inline(__always)
    private func add(_ counter: borrowing Atomic<UInt64>) {
        counter.store(counter.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
    }

    subscript(kind: Kind) -> UInt64 {
        switch kind {
        case .entries: entries.load(ordering: .relaxed)
        case .ports: ports.load(ordering: .relaxed)
        case .memory: memory.load(ordering: .relaxed)
        case .systemRegisters: systemRegisters.load(ordering: .relaxed)
        case .halts: halts.load(ordering: .relaxed)
        case .interrupts: interrupts.load(ordering: .relaxed)
        case .nonMaskableInterrupts: nonMaskableInterrupts.load(ordering: .relaxed)
        case .windows: windows.load(ordering: .relaxed)
        case .interrupted: interrupted.load(ordering: .relaxed)
        }
    }
}
