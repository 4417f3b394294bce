import Foundation
import Testing
import VirtKit
import VirtKitTesting

@Suite("The conformance kit on the emulator", .serialized)
struct EmulatorConformanceTests {
    @Test("The emulator keeps every rule", arguments: HypervisorConformance.cases)
    func emulator(_ test: ConformanceCase) async throws {
        let subject = HypervisorSubject(
            hypervisor: try await EmulatorBackend().makeHypervisor(), guests: HypervisorSubject.standardGuests,
            greeting: HypervisorSubject.standardGreeting, temporaryFolder: NSTemporaryDirectory(),
            patience: .seconds(30))
        #expect(await test.run(subject) == .pass, "\(test.rule)")
    }
}
