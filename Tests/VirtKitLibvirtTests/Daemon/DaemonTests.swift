import Foundation
import Testing
import VirtKitCore
import VirtKitLibvirt

extension RealQEMU {
    /// A real daemon: what happens when it is slow, dies and comes back.
    @Suite("A private daemon")
    struct DaemonTests {
        private func xml(_ name: String) -> String { EmbeddedQEMU.xml(name) }

        @Test func callsEventsAndStreamsOutliveACrash() async throws {
            try await PrivateDaemon.with("crash") { daemon in
                let connection = try await LibvirtConnection.open(daemon.uri, options: .reconnecting)
                let domain = try await connection.create(xml("survivor"))
                let events = try await connection.events([.lifecycle])
                let console = try await domain.openConsole()
                let read = Task { while try await console.read() != nil {} }

                daemon.signal(SIGSTOP)
                let calls = (0..<20).map { _ in Task { try await domain.xml() } }
                try await Task.sleep(for: .milliseconds(300))
                daemon.crash()
                for call in calls {
                    let result = try await promptly("a call of a daemon that died") { await call.result }
                    guard case .failure(let error) = result, let error = error as? LibvirtError else {
                        Issue.record("a pending call gave \(result)")
                        continue
                    }
                    #expect([.rpc, .remote].contains(error.domain))
                    #expect(!error.message.isEmpty)
                }
                let stream = try await promptly("a stream of a daemon that died") { await read.result }
                if case .success = stream { Issue.record("a broken stream ended as if it were whole") }

                try await daemon.start()
                try await promptly("the reconnection") { try await connection.waitUntilConnected() }
                #expect(try await domain.state().kind == .running)
                try await domain.pause()
                let seen = try await promptly("events after the crash") {
                    var seen: [String] = []
                    for await event in events {
                        seen.append(event.lifecycle.map { $0.step.description } ?? event.kind.rawValue)
                        if event.lifecycle?.step == .suspended { break }
                    }
                    return seen
                }
                #expect(seen == ["connection-lost", "gap", "suspended"])
                let again = try await domain.openConsole(force: true)
                await again.close()
                await console.close()
                try await domain.destroy()
                await connection.close()
            }
        }

        @Test func withoutReconnectionTheEndIsTold() async throws {
            try await PrivateDaemon.with("end") { daemon in
                let connection = try await LibvirtConnection.open(daemon.uri)
                let events = try await connection.events([.lifecycle])
                daemon.crash()
                let kinds = try await promptly("the end of the events") {
                    var kinds: [LibvirtEvent.Kind] = []
                    for await event in events { kinds.append(event.kind) }
                    return kinds
                }
                #expect(kinds == [.connectionLost])
                let error = try await failure("a call after the end") { _ = try await connection.hostname() }
                #expect(error.code == .connectionClosed)
                #expect(connection.closeReason == .endOfFile || connection.closeReason == .error)
                await connection.close()
                try await daemon.start()
            }
        }

        @Test func aStuckCallIsAbandoned() async throws {
            try await PrivateDaemon.with("stuck") { daemon in
                var options = LibvirtConnection.Options()
                options.maximumThreads = 2
                options.keepAlive = nil
                let connection = try await LibvirtConnection.open(daemon.uri, options: options)
                daemon.signal(SIGSTOP)
                // More than there are threads: each is abandoned, and its thread does not count any more.
                for _ in 0..<5 {
                    let call = Task { try await connection.hostname() }
                    try await Task.sleep(for: .milliseconds(50))
                    call.cancel()
                    await #expect(throws: CancellationError.self) {
                        try await promptly("a cancelled call") { _ = try await call.value }
                    }
                }
                let other = try await LibvirtConnection.open("test:///default")
                #expect(try await promptly("another connection's call") { try await other.hostname() } != nil)
                await other.close()
                daemon.signal(SIGCONT)
                #expect(try await promptly("a call afterwards") { try await connection.hostname() } == "stuck")
                await connection.close()
            }
        }

        @Test func twoConnectionsSeeEachOther() async throws {
            try await PrivateDaemon.with("two") { daemon in
                let first = try await LibvirtConnection.open(daemon.uri)
                let second = try await LibvirtConnection.open(daemon.uri)
                do {
                    let events = try await second.events([.lifecycle])
                    let domain = try await first.create(xml("seen"))
                    for await event in events where event.lifecycle?.step == .started {
                        #expect(event.domain?.uuid == domain.uuid)
                        break
                    }
                    try await second.domain(named: "seen").destroy()
                    let gone = try await failure("a call about a domain that is gone") { _ = try await domain.info() }
                    #expect(gone.code == .noDomain || gone.code == .operationInvalid)
                }
                // What a scope made is destroyed with the connection that made it, if not before. No domain of the first
                // connection is held any more: libvirt would keep it open for that.
                _ = try await first.create(xml("scoped"), [.autoDestroy])
                await first.close()
                try await eventually("destroyed with its connection") {
                    try await second.domains().allSatisfy { $0.name != "scoped" }
                }
                await second.close()
            }
        }

        @Test func volumesGoUpAndDown() async throws {
            try await PrivateDaemon.with("storage") { daemon in
                let connection = try await LibvirtConnection.open(daemon.uri)
                let pool = try await connection.createStoragePool(
                    "<pool type='dir'><name>p</name><target><path>\(daemon.root)/log</path></target></pool>")
                let volume = try await pool.makeVolume(
                    "<volume><name>v.raw</name><capacity>1048576</capacity><target><format type='raw'/></target></volume>"
                )
                let bytes = (0..<1_048_576).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
                let up = try await volume.upload()
                try await up.write(bytes)
                try await up.finish()
                let down = try await volume.download()
                var found: [UInt8] = []
                for try await chunk in down.chunks { found += chunk }
                await down.close()
                #expect(found == bytes)
                try await volume.delete()
                try await pool.stop()
                await connection.close()
            }
        }

        @Test func migratesBetweenDaemons() async throws {
            try await PrivateDaemon.with("source") { source in
                try await PrivateDaemon.with("target") { target in
                    let here = try await LibvirtConnection.open(source.uri)
                    let there = try await LibvirtConnection.open(target.uri)
                    let domain = try await here.create(xml("traveller"))
                    var migration = LibvirtMigration([.live])
                    migration.uri = "tcp://127.0.0.1:\(Int.random(in: 49200...49800))"
                    let first = migration
                    let moved = try await promptly("a managed migration", within: .seconds(120)) {
                        try await domain.migrate(to: there, first)
                    }
                    #expect(moved.uuid == domain.uuid)
                    #expect(try await moved.state().kind == .running)
                    #expect(try await here.domains().isEmpty)
                    migration.uri = "tcp://127.0.0.1:\(Int.random(in: 49200...49800))"
                    let second = migration
                    try await promptly("a peer-to-peer migration", within: .seconds(120)) {
                        try await moved.migrate(toURI: source.uri, second)
                    }
                    let back = try await here.domain(uuid: domain.uuid)
                    #expect(try await back.state().kind == .running)
                    #expect(try await there.domains().isEmpty)
                    // A cancelled migration is aborted: the domain stays. A slow one, so that there is time.
                    try await back.setMigrationBandwidth(1)
                    migration.bandwidth = 1
                    migration.uri = "tcp://127.0.0.1:\(Int.random(in: 49200...49800))"
                    let slow = migration
                    let cancelled = Task { try await back.migrate(to: there, slow) }
                    try await Task.sleep(for: .milliseconds(300))
                    cancelled.cancel()
                    let result = try await promptly("a cancelled migration") { await cancelled.result }
                    if case .failure(let error) = result {
                        #expect((error as? LibvirtError)?.code == .operationAborted, "\(error)")
                        #expect(try await back.state().kind == .running)
                    }
                    await here.close()
                    await there.close()
                }
            }
        }
    }
}
