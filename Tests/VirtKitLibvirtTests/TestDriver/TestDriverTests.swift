import Foundation
import Testing
import VirtKitCore
import VirtKitLibvirt

/// libvirt's own test driver: no daemon, no guest, but the whole way through the library.
@Suite("The test driver", .serialized, .enabled(if: Needs.libvirt, "needs libvirt's client library"))
struct TestDriverTests {
    private static let domainXML = """
        <domain type='test'><name>made</name><memory>65536</memory><vcpu>2</vcpu><os><type>hvm</type></os></domain>
        """

    private func connect(_ options: LibvirtConnection.Options = .init()) async throws -> LibvirtConnection {
        // A file of its own, since all connections to test:///default share one state.
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("virtkit-\(UUID().uuidString).xml")
            .path
        defer { unlink(path) }
        try """
        <node>
          <domain type='test'><name>test</name><memory>2097152</memory><vcpu>2</vcpu><os><type>hvm</type></os></domain>
          <pool type='dir'><name>default-pool</name><target><path>/default-pool</path></target></pool>
          <device><name>computer</name><capability type='system'><hardware><vendor>V</vendor><uuid>00000000-0000-0000-0000-000000000001</uuid></hardware></capability></device>
        </node>
        """.write(toFile: path, atomically: true, encoding: .utf8)
        return try await LibvirtConnection.open("test://\(path)", options: options)
    }

    @Test func hostIsAsked() async throws {
        let connection = try await LibvirtConnection.open("test:///default")
        #expect(try await connection.type().lowercased() == "test")
        #expect(try await connection.libvirtVersion() >= LibvirtVersion(major: 6, minor: 0, release: 0))
        #expect(try await connection.hostname() != nil)
        #expect(try await connection.canonicalURI() == "test:///default")
        #expect(try await connection.capabilities().contains("<capabilities>"))
        let host = try await connection.hostInfo()
        #expect(host.cpus == 16 && host.model == "i686" && host.megahertz == 1400)
        #expect(try await connection.maximumVCPUs() == 32)
        #expect(try await connection.freeMemoryOfNodes()?.count == 2)
        #expect(try await connection.cpuModels(architecture: "x86_64")?.contains("Nehalem") == true)
        #expect(await connection.isAlive())
        #expect(try await connection.isEncrypted() == false)
        #expect(try await connection.isSecure())
        await connection.close()
        #expect(!connection.isConnected && connection.closeReason == .client)
    }

    @Test func whatADriverCanNotDoIsNil() async throws {
        let connection = try await connect()
        let domain = try await connection.domain(named: "test")
        let console = try await connection.ifSupported { try await domain.openConsole() }
        #expect(console == nil)
        await connection.close()
    }

    @Test func aDomainLives() async throws {
        let connection = try await connect()
        let events = try await connection.events()
        let domain = try await connection.define(Self.domainXML)
        #expect(try await domain.isPersistent())
        #expect(try await !domain.isActive())
        #expect(try await domain.id() == nil)
        try await domain.start()
        #expect(try await domain.state().kind == .running)
        #expect(try await domain.id() != nil)
        try await domain.pause()
        #expect(try await domain.info().state == .paused)
        try await domain.resume()
        try await domain.requestReboot()
        #expect(try await domain.info().vcpus == 2)
        #expect(try await domain.vcpus().count == 2)
        #expect(try await domain.shutdown(deadline: .seconds(30)))
        try await domain.setAutostart(true)
        #expect(try await domain.autostart())
        try await domain.rename(to: "renamed")
        #expect(try await connection.domain(named: "renamed").uuid == domain.uuid)
        try await domain.undefine()
        let gone = try await failure("a look-up of what is gone") { _ = try await connection.domain(uuid: domain.uuid) }
        #expect(gone.code == .noDomain && gone.domain == .test)
        var steps: [LifecycleStep] = []
        for await event in events {
            guard let lifecycle = event.lifecycle, event.domain?.uuid == domain.uuid else { continue }
            steps.append(lifecycle.step)
            if lifecycle.step == .undefined, steps.contains(.stopped) { break }
        }
        await connection.close()
        #expect(steps.starts(with: [.defined, .started, .suspended, .resumed]))
        #expect(steps.contains(.stopped) && steps.last == .undefined)
    }

    @Test func aScopeDestroysWhatItMade() async throws {
        let connection = try await connect()
        let name = try await connection.withDomain(Self.domainXML) { domain in
            let (isActive, isPersistent) = (try await domain.isActive(), try await domain.isPersistent())
            #expect(isActive && !isPersistent)
            return domain.name
        }
        #expect(try await connection.domains().allSatisfy { $0.name != name })
        struct Leave: Error {}
        await #expect(throws: Leave.self) { try await connection.withDomain(Self.domainXML) { _ in throw Leave() } }
        #expect(try await connection.domains().allSatisfy { $0.name != name })
        let task = Task {
            try await connection.withDomain(Self.domainXML) { _ in try await Task.sleep(for: .seconds(600)) }
        }
        try await eventually("made") { try await connection.domains().contains { $0.name == name } }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await connection.domains().allSatisfy { $0.name != name })
        await connection.close()
    }

    @Test func documentsGoThroughExactly() async throws {
        let connection = try await connect()
        let domain = try await connection.domain(named: "test")
        let tricky = "<&>\"' ]]> \u{e4}\u{1F600} tab\there"
        try await domain.setMetadata(tricky, .description)
        #expect(try await domain.metadata(.description) == tricky)
        try await domain.setMetadata("<app name='&lt;x&gt;'/>", .element(namespace: "urn:x"), prefix: "x")
        #expect(try await domain.metadata(.element(namespace: "urn:x"))?.contains("&lt;x&gt;") == true)
        #expect(try await domain.metadata(.element(namespace: "urn:none")) == nil)
        let zero = try await failure("a zero byte") { try await domain.setMetadata("a\0b", .title) }
        #expect(zero.code == .invalidArgument)
        let name = try await failure("a zero byte in a name") { _ = try await connection.domain(named: "test\0x") }
        #expect(name.code == .invalidArgument)
        await connection.close()
    }

    @Test func statisticsAreTyped() async throws {
        let connection = try await connect()
        let all = try await connection.statistics()
        let test = try #require(all.first { $0.name == "test" })
        #expect(test.state == .running)
        let one = try await connection.domain(named: "test").statistics([.state])
        #expect(one.state == .running && one.cpuTime == nil)
        var rounds = 0
        for try await statistics in connection.statistics(every: .milliseconds(1)) {
            #expect(statistics.count == all.count)
            rounds += 1
            if rounds == 3 { break }
        }
        #expect(try connection.blocking.statistics().count == all.count)
        await connection.close()
    }

    @Test func resourcesAreSet() async throws {
        let connection = try await connect()
        let domain = try await connection.domain(named: "test")
        try await domain.setMemory(1 << 20)
        #expect(try await domain.info().memory == 1 << 20)
        try await domain.setVCPUCount(2)
        #expect(try await domain.vcpuCount() == 2)
        try await domain.pinVCPU(1, to: [0, 3, 9])
        #expect(try await domain.vcpuPinning()[1] == [0, 3, 9])
        let wrong = try await failure("a set without CPUs") { try await domain.pinVCPU(1, to: []) }
        #expect(wrong.code == .invalidArgument)
        try await domain.setTuning(.memory, ["hard_limit": .unsignedLong(4 << 20)])
        #expect(try await domain.tuning(.memory)["hard_limit"] == .unsignedLong(4 << 20))
        let unknown = try await failure("a limit that is not known") {
            try await domain.setTuning(.memory, ["none": .unsignedLong(1)])
        }
        #expect(unknown.code == .argumentUnsupported)
        await connection.close()
    }

    @Test func snapshotsAndSaves() async throws {
        let connection = try await connect()
        let domain = try await connection.domain(named: "test")
        let first = try await domain.makeSnapshot(xml: "<domainsnapshot><name>one</name></domainsnapshot>")
        let second = try await domain.makeSnapshot(xml: "<domainsnapshot><name>two</name></domainsnapshot>")
        #expect(try await domain.snapshots().map(\.name).sorted() == ["one", "two"])
        #expect(try await second.parent()?.name == "one")
        #expect(try await first.parent() == nil)
        #expect(try await second.isCurrent())
        #expect(try await !first.isCurrent())
        try await first.revert()
        #expect(try await first.isCurrent())
        try await first.delete([.children])
        #expect(try await domain.snapshots().isEmpty)
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("virtkit-\(UUID().uuidString)").path
        defer { unlink(path) }
        try await domain.save(to: path)
        #expect(try await !domain.isActive())
        try await connection.restore(from: path)
        #expect(try await domain.isActive())
        try await domain.managedSave()
        #expect(try await domain.hasManagedSave())
        try await domain.removeManagedSave()
        try await domain.start()
        try await domain.coreDump(to: path, [])
        await connection.close()
    }

    @Test func hostObjects() async throws {
        let connection = try await connect()
        let events = try await connection.events(LibvirtEvent.Kind.allOfHost)
        let network = try await connection.defineNetwork("<network><name>n&amp;m</name><bridge name='vkbr'/></network>")
        #expect(network.name == "n&m")
        try await network.start()
        #expect(try await network.isActive())
        #expect(try await network.isPersistent())
        #expect(try await network.bridge() == "vkbr")
        #expect(try await connection.networks().contains { $0.uuid == network.uuid })
        try await network.stop()
        try await network.undefine()
        let pool = try await connection.storagePool(named: "default-pool")
        let volume = try await pool.makeVolume("<volume><name>v</name><capacity>4096</capacity></volume>")
        #expect(try await volume.sizes().capacity == 4096)
        #expect(try await pool.volumes().contains { $0.name == "v" })
        #expect(try await connection.volume(path: volume.path()).key == volume.key)
        try await volume.delete()
        #expect(try await pool.info().capacity > 0)
        #expect(try await connection.storagePools().count == 1)
        let devices = try await connection.nodeDevices()
        let computer = try #require(devices.first { $0.name == "computer" })
        #expect(try await computer.xml().contains("<device>"))
        for await event in events where event.kind == .networkLifecycle {
            #expect(event.subject == "n&m")
            break
        }
        await connection.close()
    }

    @Test func closedConnectionsSaySo() async throws {
        let connection = try await connect()
        let domain = try await connection.domain(named: "test")
        await connection.close()
        let error = try await failure("a call on a closed connection") { _ = try await domain.info() }
        #expect(error.code == .connectionClosed && error.remedy != nil)
        await #expect(throws: LibvirtError.self) { try await domain.events() }
    }

    @Test func readOnlyRefusesChanges() async throws {
        var options = LibvirtConnection.Options()
        options.isReadOnly = true
        let connection = try await connect(options)
        let domain = try await connection.domain(named: "test")
        let error = try await failure("a change on a read-only connection") { try await domain.destroy() }
        #expect(error.code == .operationDenied && error.remedy?.contains("readOnly") == true)
        await connection.close()
    }

    @Test func slowReadersAreToldWhatTheyMissed() async throws {
        var options = LibvirtConnection.Options()
        options.eventCapacity = 8
        let connection = try await connect(options)
        let domain = try await connection.domain(named: "test")
        let events = try await domain.events([.lifecycle])
        for _ in 0..<20 {
            try await domain.pause()
            try await domain.resume()
        }
        let marker = try await connection.events([.lifecycle])
        try await domain.destroy()
        for await event in marker where event.lifecycle?.step == .stopped { break }
        await connection.close()
        var found: [LibvirtEvent] = []
        for await event in events { found.append(event) }
        let missed = try #require(found.first?.missed)
        #expect(found.first?.kind == .gap && missed >= 33 && found.count == 9)
        #expect(UInt64(found.count - 1) + missed == 41)
    }

    @Test func manyCallsAtOnce() async throws {
        let connection = try await connect()
        let domain = try await connection.domain(named: "test")
        let states = try await withThrowingTaskGroup(of: LibvirtDomainInfo.self) { group in
            for _ in 0..<1000 { group.addTask { try await domain.info() } }
            var count = 0
            for try await info in group where info.state == .running { count += 1 }
            return count
        }
        #expect(states == 1000)
        await connection.close()
    }

    /// libvirt's own records and their copies say the same, also after the connection is closed.
    @Test func statisticsOutliveTheirConnection() async throws {
        let connection = try await LibvirtConnection.open("test:///default")
        let domain = try await connection.domains()[0]
        let copied = try #require(try await connection.statistics().first)
        let direct = try #require(try connection.blocking.statistics().first)
        #expect(copied == direct && copied.hashValue == direct.hashValue)
        #expect(domain.uuid.count == 36 && domain.uuid == domain.uuid.lowercased())
        #expect(try await connection.domain(uuid: domain.uuid).name == domain.name)
        await connection.close()
        #expect(direct.name == domain.name && direct.uuid == domain.uuid)
        #expect(direct["state.state"] == .int(1) && direct.state == .running && direct["state"] == nil)
        #expect(copied.values == direct.values && copied.values["state.state"] == .int(1))
        var changed = direct
        changed.values["balloon.current"] = .unsignedLong(7)
        changed.name = "other"
        #expect(changed.balloonCurrent == 7 && changed.state == .running && changed.uuid == direct.uuid)
        #expect(changed != direct && changed.name == "other" && direct.name != "other")
        #expect(copied[""] == nil && copied[String(repeating: "x", count: 200)] == nil)
    }
}
