import Foundation
import Testing
import VirtKitLibvirt

extension RealQEMU {
    /// Migration between two daemons on this host, each with a name and a UUID of its own.
    @Suite struct MigrationTests {
        private static func migration() -> LibvirtMigration {
            var migration = LibvirtMigration([.live])
            migration.uri = "tcp://127.0.0.1:\(Int.random(in: 49200...49800))"
            return migration
        }

        private func withTwo(
            _ body: (PrivateDaemon, LibvirtConnection, PrivateDaemon, LibvirtConnection) async throws -> Void
        ) async throws {
            try await PrivateDaemon.with("source") { source in
                try await PrivateDaemon.with("target") { target in
                    let here = try await LibvirtConnection.open(source.uri)
                    let there = try await LibvirtConnection.open(target.uri)
                    try await body(source, here, target, there)
                    await here.close()
                    await there.close()
                }
            }
        }

        @Test func goesThereAndBack() async throws {
            try await withTwo { source, here, target, there in
                let domain = try await here.create(EmbeddedQEMU.xml("traveller"))
                let moved = try await promptly("a managed migration", within: .seconds(240)) {
                    try await domain.migrate(to: there, Self.migration())
                }
                #expect(moved.uuid == domain.uuid)
                #expect(try await moved.state().kind == .running)
                #expect(try await here.domains().isEmpty)
                var persistent = Self.migration()
                persistent.flags.insert([.persistDestination, .paused])
                let second = persistent
                try await promptly("a peer-to-peer migration", within: .seconds(240)) {
                    try await moved.migrate(toURI: source.uri, second)
                }
                let back = try await here.domain(uuid: domain.uuid)
                #expect(try await back.state().kind == .paused)
                #expect(try await back.isPersistent())
                #expect(try await there.domains().isEmpty)
                let nowhere = try await failure("a migration to nobody") {
                    try await back.migrate(toURI: "qemu+unix:///system?socket=/nowhere", Self.migration())
                }
                #expect(nowhere.domain == .rpc)
                #expect(try await back.state().kind == .paused)
            }
        }

        @Test func tellsItsProgressAndIsAborted() async throws {
            let image = try await LinuxGuest.savedImage()
            try await withTwo { source, here, target, there in
                try await here.restore(from: image)
                let domain = try await here.domain(named: "linux")
                // A limit of 1 MiB a second, of a guest that has tens of it: there is time.
                var slow = Self.migration()
                slow.bandwidth = 1
                let first = slow
                let work = Task { try await domain.migrate(to: there, first) }
                try await waitForProgress(of: domain)
                work.cancel()
                let result = try await promptly("an aborted migration") { await work.result }
                guard case .failure(let error) = result else { throw Unexpected(text: "it was not aborted") }
                #expect((error as? LibvirtError)?.code == .operationAborted, "\(error)")
                #expect(try await domain.state().kind == .running)
                #expect(try await domain.job() == nil)
                try await eventually("nothing is left there") { try await there.domains().isEmpty }

                // Its limit is lifted on the way; the guest goes on where it was.
                slow = Self.migration()
                slow.bandwidth = 1
                let second = slow
                let uri = target.uri
                let other = Task { try await domain.migrate(toURI: uri, second) }
                try await waitForProgress(of: domain)
                #expect(try await domain.migrationBandwidth() == 1)
                try await domain.setMigrationBandwidth(4096)
                try await promptly("a migration without its limit", within: .seconds(240)) { try await other.value }
                let moved = try await there.domain(named: "linux")
                #expect(try await here.domains().isEmpty)
                let job = try #require(try await moved.completedJob())
                #expect(job.kind == .completed && (job.total ?? 0) > 16 << 20)
                let console = try await GuestConsole(moved)
                try await console.ask("echo there-$((40 + 2))", gives: "there-42")
                await console.close()
            }
        }

        /// Waits until a migration has been seen at three places of its way.
        private func waitForProgress(of domain: LibvirtDomain) async throws {
            try await eventually("a job has begun") { try await domain.job()?.processed ?? 0 > 0 }
            let places = try await promptly("the progress of a migration") {
                var places: [UInt64] = []
                for try await job in domain.jobProgress(every: .milliseconds(50)) {
                    guard let done = job.processed, done != places.last else { continue }
                    places.append(done)
                    if places.count == 3 { break }
                }
                return places
            }
            #expect(places.count == 3 && places == places.sorted())
        }
    }
}
