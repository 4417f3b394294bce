import Foundation
import Testing
import VirtKitCore
import VirtKitLibvirt
import VirtKitTesting

extension RealQEMU {
    /// A real daemon: what happens when it is slow, dies and comes back.
    @Suite("A private daemon")
    struct DaemonTests {
        private func xml(_ name: String) -> String { EmbeddedQEMU.xml(name) }

        @Test func callsEventsAndStreamsOutliveACrash() async throws {
            try await PrivateDaemon.with("crash") { daemon in
                try await live(with: daemon)
                // Idle threads end after five seconds, those of tests before this one as well.
                try await Task.sleep(for: .seconds(7))
                let before = HostResources.now
                for _ in 0..<2 { try await live(with: daemon) }
                do {
                    try await eventually("no more descriptors and threads than before", within: .seconds(30)) {
                        let after = HostResources.now
                        return after.descriptors.count <= before.descriptors.count
                            && after.threads.count <= before.threads.count
                    }
                } catch {
                    let after = HostResources.now
                    Issue.record(
                        """
                        before: \(before.descriptors.sorted()), \(before.threads.sorted())
                        after: \(after.descriptors.sorted()), \(after.threads.sorted())
                        """)
                }
            }
        }

        /// A connection that sees its daemon die in the middle of calls, events and streams, and come back.
        private func live(with daemon: PrivateDaemon) async throws {
            let connection = try await LibvirtConnection.open(daemon.uri, options: .reconnecting)
            let domain = try await connection.create(xml("survivor"))
            let events = try await connection.events([.lifecycle])
            let console = try await domain.openConsole()
            let read = Task { while try await console.read() != nil {} }
            let statistics = Task { for try await _ in domain.statistics(every: .milliseconds(10)) {} }

            daemon.signal(SIGSTOP)
            let calls = (0..<20).map { _ in Task { try await domain.xml() } }
            let write = Task { while true { try await console.write([UInt8](repeating: 65, count: 65536)) } }
            try await Task.sleep(for: .milliseconds(300))
            await daemon.crash()
            for call in calls {
                let result = try await promptly("a call of a daemon that died") { await call.result }
                guard case .failure(let error) = result, let error = error as? LibvirtError else {
                    Issue.record("a pending call gave \(result)")
                    continue
                }
                #expect([.rpc, .remote].contains(error.domain))
                #expect(!error.message.isEmpty)
            }
            for (what, task) in [("read", read), ("write", write), ("stream of statistics", statistics)] {
                let result = try await promptly("a \(what) of a daemon that died") { await task.result }
                if case .success = result { Issue.record("a broken \(what) ended as if it were whole") }
            }

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

        @Test func autostartStarts() async throws {
            try await PrivateDaemon.with("autostart") { daemon in
                let options = LibvirtConnection.Options.reconnecting
                let connection = try await LibvirtConnection.open(daemon.uri, options: options)
                let domain = try await connection.define(xml("early"))
                let other = try await connection.define(xml("late"))
                try await domain.setAutostart(true)
                await daemon.crash()
                daemon.forgetAutostart()
                try await daemon.start()
                try await promptly("the reconnection") { try await connection.waitUntilConnected() }
                try await eventually("started with the daemon") { try await domain.isActive() }
                #expect(try await !other.isActive())
                await connection.close()
            }
        }

        @Test func withoutReconnectionTheEndIsTold() async throws {
            try await PrivateDaemon.with("end") { daemon in
                let connection = try await LibvirtConnection.open(daemon.uri)
                let events = try await connection.events([.lifecycle])
                await daemon.crash()
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

        /// A machine's calls have a limit of a minute, and `stop` tries three times.
        @Test(.enabled(if: Needs.long, "runs with Scripts/test --long")) func aMachineOfAStuckDaemonIsLeft()
            async throws
        {
            try await PrivateDaemon.with("left") { daemon in
                var options = LibvirtConnection.Options()
                options.keepAlive = nil
                let connection = try await LibvirtConnection.open(daemon.uri, options: options)
                let machine = try await LibvirtHypervisor(connection).makeMachine(
                    try #require(EmbeddedQEMU.guests[.runsForever]))
                try await machine.start()
                daemon.signal(SIGSTOP)
                do {
                    try await promptly("a pause", within: .seconds(200)) { try await machine.pause() }
                    Issue.record("a pause by a daemon that stands still succeeded")
                } catch let error as VirtKitError {
                    #expect(error.code == .timedOut)
                }
                try await promptly("a stop", within: .seconds(300)) { await machine.stop() }
                let outcome = try await machine.waitUntilStopped()
                #expect(outcome.kind == .stopped && outcome.details.contains("has not returned"), "\(outcome)")
                daemon.signal(SIGCONT)
                // The calls that were left go on.
                try await eventually("the domain is gone") { try await connection.domains().isEmpty }
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
    }
}

/// What this process has of the host.
struct HostResources {
    /// What is behind each descriptor.
    var descriptors: [String]
    /// Each thread's name.
    var threads: [String]

    static var now: HostResources {
        let files = FileManager.default
        func entries(_ folder: String) -> [String] {
            ((try? files.contentsOfDirectory(atPath: folder)) ?? []).map { "\(folder)/\($0)" }
        }
        return HostResources(
            descriptors: entries("/proc/self/fd").compactMap { try? files.destinationOfSymbolicLink(atPath: $0) },
            threads: entries("/proc/self/task").compactMap {
                (try? String(contentsOfFile: "\($0)/comm", encoding: .utf8))?.split(separator: "\n").first.map(
                    String.init)
            })
    }
}
