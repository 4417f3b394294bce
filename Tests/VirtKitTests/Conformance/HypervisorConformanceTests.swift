import Foundation
import Testing
import VirtKitCore
import VirtKitTesting

@Suite("The conformance kit for hypervisors", .serialized)
struct HypervisorConformanceTests {
    private static func subject(_ hypervisor: any Hypervisor, patience: Duration = .seconds(10)) -> HypervisorSubject {
        HypervisorSubject(
            hypervisor: hypervisor, guests: FakeHypervisor.conformanceGuests,
            greeting: HypervisorSubject.standardGreeting, temporaryFolder: NSTemporaryDirectory(), patience: patience)
    }

    @Test("The fake hypervisor passes", arguments: HypervisorConformance.cases)
    func fake(_ test: ConformanceCase) async {
        #expect(await test.run(Self.subject(FakeHypervisor())) == .pass, "\(test.rule)")
    }

    @Test("Names are unique, and every case states a rule")
    func names() {
        let cases = HypervisorConformance.cases
        #expect(Set(cases.map(\.name)).count == cases.count)
        #expect(cases.allSatisfy { $0.rule.hasSuffix(".") && !$0.name.contains(" ") })
    }

    @Test("A defective hypervisor fails exactly the case that names its fault", arguments: Defect.all)
    func defective(_ defect: Defect) async {
        let subject = Self.subject(DefectiveHypervisor(defect: defect), patience: .seconds(4))
        let leaks = Defect.leaks.map(\.rawValue)
        let failures = await withTaskGroup { group in
            for test in HypervisorConformance.cases where !leaks.contains(test.name) {
                group.addTask { (test.name, await test.run(subject)) }
            }
            var failures: [String: ConformanceResult] = [:]
            for await (name, result) in group where result != .pass { failures[name] = result }
            return failures
        }
        #expect(Array(failures.keys) == [defect.rawValue], "\(failures)")
        if case .fail = failures[defect.rawValue] {} else { Issue.record("\(failures)") }
    }

    @Test("A hypervisor that leaks fails exactly the case that names its leak", arguments: Defect.leaks)
    func leaking(_ defect: Defect) async {
        let subject = Self.subject(DefectiveHypervisor(defect: defect), patience: .seconds(2))
        var failures: [String] = []
        for test in HypervisorConformance.cases where Defect.leaks.map(\.rawValue).contains(test.name) {
            if case .fail = await test.run(subject) { failures.append(test.name) }
        }
        #expect(failures == [defect.rawValue])
    }

    @Test("A case whose guest is missing is skipped, with the reason")
    func missingGuest() async {
        var subject = Self.subject(FakeHypervisor())
        subject.guests = [.runsForever: FakeHypervisor.conformanceGuests[.runsForever]].compactMapValues(\.self)
        let test = HypervisorConformance.cases.first { $0.name == "console-takes-input" }
        #expect(await test?.run(subject) == .skip(reason: "the subject has no guest \"echoes\""))
    }

    @Test("The fake backend says that it is one")
    func backend() async throws {
        let configuration = try #require(FakeHypervisor.conformanceGuests[.powersOff])
        let choice = try await [FakeBackend()].best(for: configuration)
        #expect(choice.suitability.level == .limited)
        let outcome = try await choice.hypervisor.withMachine(configuration) { machine in
            try await machine.start()
            return try await machine.waitUntilStopped()
        }
        #expect(outcome == .poweredOff)
    }
}
