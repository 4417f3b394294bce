import Testing
import VirtKit
import VirtKitTesting

@Suite("The conformance kit for accelerators", .serialized)
struct AcceleratorConformanceTests {
    @Test("The fake accelerator passes", arguments: AcceleratorConformance.cases)
    func fake(_ test: AcceleratorCase) async {
        #expect(await test.run(AcceleratorSubject(accelerator: FakeAccelerator())) == .pass, "\(test.rule)")
    }

    @Test("The emulator keeps every rule", arguments: AcceleratorConformance.cases, [true, false])
    func emulator(_ test: AcceleratorCase, optimises: Bool) async {
        let subject = AcceleratorSubject(accelerator: EmulatorAccelerator(optimises: optimises))
        #expect(await test.run(subject) == .pass, "\(test.rule)")
    }

    @Test(
        "KVM keeps every rule", .enabled("needs a KVM that runs a bare guest") { await KVMSubject.make() != nil },
        arguments: AcceleratorConformance.cases)
    func kvm(_ test: AcceleratorCase) async throws {
        let subject = try #require(await KVMSubject.make())
        let result = await test.run(subject)
        if case .skip(let reason) = result {
            // KVM counts no instructions; some hosts' can't set the counter.
            #expect(
                ["instructions-are-counted", "counter-is-set", "counter-stands-with-the-clock"].contains(test.name),
                "\(reason)")
        } else {
            #expect(result == .pass, "\(test.rule)")
        }
    }

    @Test("Names are unique, and every case states a rule")
    func names() {
        let cases = AcceleratorConformance.cases
        #expect(Set(cases.map(\.name)).count == cases.count)
        #expect(cases.allSatisfy { $0.rule.hasSuffix(".") && !$0.name.contains(" ") })
        print("accelerator conformance: \(cases.count) cases, \(FakeFault.allCases.count) defects")
    }

    @Test("A defective accelerator fails exactly the case that names its fault", arguments: FakeFault.allCases)
    func defective(_ fault: FakeFault) async {
        let subject = AcceleratorSubject(accelerator: FakeAccelerator(fault: fault), patience: .seconds(3))
        var failures: [String: String] = [:]
        for test in AcceleratorConformance.cases {
            // On a host as busy as that of tests, a case may miss its deadline: what fails is asked again.
            for _ in 0..<3 {
                failures[test.name] = nil
                guard case .fail(let reason) = await test.run(subject) else { break }
                failures[test.name] = reason
            }
        }
        #expect(Array(failures.keys) == [fault.rawValue], "\(failures)")
    }

    @Test("A case that needs what an accelerator has not is skipped, with the reason")
    func oneVCPU() async {
        let test = AcceleratorConformance.cases.first { $0.name == "vcpus-share-memory" }
        guard case .skip(let reason) = await test?.run(AcceleratorSubject(accelerator: OneVCPU())) else {
            Issue.record("it was not skipped")
            return
        }
        #expect(reason.contains("makes no 2 vCPUs"))
    }
}

/// KVM, with a CPU model and a frequency that it has here.
private enum KVMSubject {
    static func make() async -> AcceleratorSubject? {
        let kvm = KVMAccelerator()
        var configuration = MachineConfiguration(architecture: .x86_64, memory: .mebibytes(16))
        configuration.boot = .flat(.bytes([0xF4]), address: 0x1000)
        for model in [CPUModel.x86_64v2, .x86_64, .host] {
            configuration.cpuModel = model
            guard await kvm.suitability(for: configuration).level != .no else { continue }
            let frequency = await kvm.preferredTimerFrequency(for: configuration) ?? 1_000_000_000
            let setsCounter = await !kvm.availability().reason.contains("time-stamp counter")
            return AcceleratorSubject(
                accelerator: kvm, cpuModel: model, timerFrequency: frequency, setsTimeStampCounter: setsCounter)
        }
        return nil
    }
}

/// The fake accelerator, with one vCPU at most.
private struct OneVCPU: Accelerator {
    let base = FakeAccelerator()
    var id: String { base.id }
    func suitability(for configuration: MachineConfiguration) async -> Suitability {
        await base.suitability(for: configuration)
    }
    func makeDomain(_ request: DomainRequest) throws(VirtKitError) -> any AcceleratorDomain {
        guard request.cpus == 1 else {
            throw VirtKitError(.unsupported, operation: "make a domain", message: "there is one vCPU only")
        }
        return try base.makeDomain(request)
    }
}
