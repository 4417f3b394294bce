import Testing
import VirtKitCore

/// Placement and memory policy as values: lists of numbers, and every fault with a reason.
@Suite struct PlacementTests {
    @Test(arguments: [
        ("0", [0]), ("0-3,8", [0, 1, 2, 3, 8]), ("8,0-1", [0, 1, 8]), ("3-3", [3]), ("1,1", [1]), ("8191", [8191]),
    ])
    func listsAreRead(_ text: String, _ numbers: [Int]) {
        #expect(HostNumberSet(parsing: text)?.numbers == numbers)
    }

    @Test(arguments: [
        "", ",", "1,", "-1", "1-", "3-1", "a", "1 2", "+1", "8192", "0-99999999999999999999", "1--2", "1-2-3", "١",
    ])
    func othersAreRefused(_ text: String) { #expect(HostNumberSet(parsing: text) == nil) }

    @Test func listsAreWrittenShort() {
        #expect(HostNumberSet([3, 1, 2, 7, 9, 8, 0]).description == "0-3,7-9")
        #expect(HostNumberSet([5]).description == "5")
        #expect(HostNumberSet([Int.max, Int.min]).description == "\(Int.min),\(Int.max)")
    }

    private func faults(_ placement: MachinePlacement, cpus: Int = 2) -> [String] {
        var configuration = MachineConfiguration(
            architecture: .x86_64, cpus: cpus, memory: .mebibytes(64), boot: .elf("k"))
        configuration.placement = placement
        return configuration.faults
    }

    struct Fault: Sendable {
        var placement: ThreadPlacement
        var words: String
    }

    @Test(arguments: [
        Fault(placement: ThreadPlacement(cpus: []), words: "the set of CPUs is empty"),
        Fault(placement: ThreadPlacement(cpus: [-1]), words: "CPU -1"),
        Fault(placement: ThreadPlacement(cpus: [9000]), words: "CPU 9000"),
        Fault(placement: ThreadPlacement(scheduling: ThreadScheduling(.fifo)), words: "must be 1 to 99"),
        Fault(
            placement: ThreadPlacement(scheduling: ThreadScheduling(.fifo, priority: 100)),
            words: "priority of policy fifo is 100"),
        Fault(
            placement: ThreadPlacement(scheduling: ThreadScheduling(.roundRobin, priority: 1, nice: 1)),
            words: "no nice value"),
        Fault(placement: ThreadPlacement(scheduling: ThreadScheduling(.other, priority: 1)), words: "no priority"),
        Fault(placement: ThreadPlacement(scheduling: ThreadScheduling(.other, nice: -21)), words: "nice value is -21"),
        Fault(placement: ThreadPlacement(scheduling: ThreadScheduling(.idle, nice: 1)), words: "idle has no nice"),
        Fault(
            placement: ThreadPlacement(scheduling: ThreadScheduling(SchedulingPolicy(rawValue: "deadline"))),
            words: "\"deadline\" is not known"),
        Fault(placement: ThreadPlacement(name: ""), words: "1 to 15 bytes"),
        Fault(placement: ThreadPlacement(name: "0123456789abcdef"), words: "1 to 15 bytes"),
        Fault(placement: ThreadPlacement(name: "a\nb"), words: "control characters"),
    ])
    func aFaultIsNamed(_ fault: Fault) {
        for placement in [
            MachinePlacement(vcpus: fault.placement), MachinePlacement(vcpu: [1: fault.placement]),
            MachinePlacement(io: fault.placement),
        ] {
            let faults = faults(placement)
            #expect(faults.count == 1 && faults[0].contains(fault.words), "\(faults)")
        }
    }

    @Test func aVCPUThatThereIsNot() {
        #expect(
            faults(MachinePlacement(vcpu: [2: ThreadPlacement(cpus: [0])])) == [
                "placement names vCPU 2, and the machine has 0 to 1"
            ])
        #expect(
            faults(MachinePlacement(vcpu: [-1: ThreadPlacement()]), cpus: 1) == [
                "placement names vCPU -1, and the machine has vCPU 0 only"
            ])
    }

    @Test func whatHoldsForAllFillsWhatIsOpen() {
        let placement = MachinePlacement(
            vcpus: ThreadPlacement(cpus: [0], name: "averylongnameé"), vcpu: [10: ThreadPlacement(cpus: [1])],
            io: ThreadPlacement(name: "io"))
        #expect(placement[.vcpu(0)] == ThreadPlacement(cpus: [0], name: "averylongname0"))
        #expect(placement[.vcpu(10)] == ThreadPlacement(cpus: [1], name: "averylongname10"))
        #expect(placement[.io] == ThreadPlacement(name: "io"))
        #expect(placement[MachineThread(rawValue: "vcpu01")].isEmpty)
        #expect(MachineThread(rawValue: "vcpu12").vcpu == 12 && MachineThread(rawValue: "vcpu+1").vcpu == nil)
    }

    @Test func faultsOfMemoryPolicies() {
        #expect(MemoryPolicy(hugePages: HugePages(rawValue: "4M")).faults.count == 1)
        #expect(MemoryPolicy(hugePages: .size1G, numa: NUMAPolicy(.bind, nodes: [0])).faults.isEmpty)
        #expect(MemoryPolicy(numa: NUMAPolicy(.bind, nodes: [])).faults == ["the NUMA policy names no node"])
        #expect(MemoryPolicy(numa: NUMAPolicy(.preferred, nodes: [0, 1])).faults.count == 1)
        #expect(MemoryPolicy(numa: NUMAPolicy(.bind, nodes: [1024])).faults.count == 1)
        #expect(MemoryPolicy(numa: NUMAPolicy(NUMAPolicy.Mode(rawValue: "x"), nodes: [0])).faults.count == 1)
    }
}
