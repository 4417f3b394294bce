import Foundation
import Testing
import VirtKitCore
import VirtKitLibvirt
import VirtKitTesting

extension RealQEMU {
    @Suite("The conformance kit on libvirt")
    struct LibvirtConformanceTests {
        @Test("QEMU under libvirt keeps every rule", arguments: HypervisorConformance.cases)
        func embedded(_ test: ConformanceCase) async throws {
            let connection = try await EmbeddedQEMU.connect()
            var subject = HypervisorSubject(
                hypervisor: LibvirtHypervisor(connection), guests: EmbeddedQEMU.guests,
                greeting: HypervisorSubject.standardGreeting, temporaryFolder: EmbeddedQEMU.root,
                patience: .seconds(120))
            subject.announcing = [.obeysPowerButton]
            // What a pseudo-terminal and QEMU's own buffers take.
            subject.hostInputCapacity = 128 << 10
            let result = await test.run(subject)
            if test.name == "guest-crashes" {
                // A triple fault is a reset for QEMU: there is no guest that crashes.
                guard case .skip = result else { throw Unexpected(text: "a guest that is not there gave \(result)") }
                return
            }
            #expect(result == .pass, "\(test.rule)")
        }

        /// The embedded driver can be opened about ten times only: what we open shares one.
        @Test func theEmbeddedDriverIsOpenedOften() async throws {
            let first = try await EmbeddedQEMU.connect()
            let others = try await withThrowingTaskGroup(of: LibvirtConnection.self) { group in
                for _ in 0..<50 { group.addTask { try await LibvirtConnection.open(EmbeddedQEMU.uri) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(others.count == 50)
            let name = try await first.hostname()
            for connection in others {
                #expect(try await connection.hostname() == name)
                await connection.close()
            }
            let closed = try await failure("a call on one that is closed") { _ = try await others[0].hostname() }
            #expect(closed.code == .connectionClosed)
            for _ in 0..<50 {
                let type = try await LibvirtConnection.with(EmbeddedQEMU.uri) { try await $0.type() }
                #expect(type == "QEMU")
            }
            // Those that are left have their events still.
            let again = try await LibvirtConnection.open(EmbeddedQEMU.uri)
            let events = try await again.events([.lifecycle])
            let domain = try await first.create(EmbeddedQEMU.xml("shared"))
            let seen = try await promptly("an event on another connection") {
                for await event in events where event.domain?.uuid == domain.uuid { return true }
                return false
            }
            #expect(seen)
            try await domain.destroy()
            await again.close()
        }
    }
}
