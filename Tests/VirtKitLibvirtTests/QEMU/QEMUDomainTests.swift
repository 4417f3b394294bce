import Foundation
import Testing
import VirtKitCore
import VirtKitLibvirt

extension RealQEMU {
    /// A domain's life under QEMU's real driver, in this process.
    @Suite("QEMU's driver")
    struct QEMUDomainTests {
        @Test func pausesAndResumes() async throws {
            try await EmbeddedQEMU.withDomain("life") { connection, domain in
                let events = try await domain.events([.lifecycle, .reboot])
                try await domain.pause()
                #expect(try await domain.state().kind == .paused)
                try await domain.resume()
                try await domain.reset()
                #expect(try await domain.id() != nil)
                let timeout = try await failure("a shutdown that the firmware ignores") {
                    try await domain.shutdown(deadline: .milliseconds(300))
                }
                #expect(timeout.code == .operationTimeout)
                #expect(try await domain.shutdown(deadline: .milliseconds(300), thenDestroy: true) == false)
                var steps: [String] = []
                for await event in events {
                    steps.append(event.lifecycle?.step.description ?? event.kind.rawValue)
                    if event.lifecycle?.step == .stopped { break }
                }
                #expect(steps.contains("reboot"))
                #expect(steps.filter { $0 != "reboot" && $0 != "shutdown" } == ["suspended", "resumed", "stopped"])
                try await domain.start([.paused])
                #expect(try await domain.state().kind == .paused)
                let invalid = try await failure("a second start") { try await domain.start() }
                #expect(invalid.code == .operationInvalid)
            }
        }

        @Test func savesAndRestores() async throws {
            try await EmbeddedQEMU.withDomain("saved") { connection, domain in
                let path = EmbeddedQEMU.path("save")
                defer { unlink(path) }
                try await domain.save(to: path, [.paused])
                #expect(try await !domain.isActive())
                #expect(try await connection.savedXML(in: path).contains("<name>saved</name>"))
                try await connection.restore(from: path)
                #expect(try await domain.state().kind == .paused)
                try await domain.resume()
                try await domain.managedSave()
                #expect(try await domain.hasManagedSave())
                try await domain.start()
                #expect(try await !domain.hasManagedSave())
                let core = EmbeddedQEMU.path("core")
                defer { unlink(core) }
                try await domain.coreDump(to: core)
                #expect(FileManager.default.contents(atPath: core)?.prefix(4) == Data([0x7F, 0x45, 0x4C, 0x46]))
                let job = try #require(try await domain.completedJob())
                #expect(job.kind == .completed && (job.total ?? 0) > 0)
            }
        }

        @Test func isDefinedMadeAndTakenAway() async throws {
            let connection = try await EmbeddedQEMU.connect()
            let domain = try await connection.define(EmbeddedQEMU.xml("defined"))
            #expect(try await domain.isPersistent())
            #expect(try await !domain.isActive())
            #expect(try await connection.domains(.inactive).map(\.name).contains("defined"))
            #expect(try await !domain.autostart())
            try await domain.setAutostart(true)
            #expect(try await domain.autostart())
            #expect(try await connection.domains(.autostart).map(\.uuid) == [domain.uuid])
            try await domain.setAutostart(false)
            #expect(try await !domain.autostart())
            try await domain.rename(to: "renamed")
            #expect(try await connection.domain(named: "renamed").uuid == domain.uuid)
            let second = try await failure("another domain of the same name") {
                _ = try await connection.define(EmbeddedQEMU.xml("renamed"))
            }
            #expect(second.code == .operationFailed)
            try await domain.start()
            try await domain.undefine()
            // A running domain becomes a transient one, which is gone when it ends.
            #expect(try await !domain.isPersistent())
            try await domain.destroy()
            let gone = try await failure("a look at a domain that is gone") { _ = try await domain.info() }
            #expect(gone.code == .noDomain)

            let transient = try await connection.create(EmbeddedQEMU.xml("made"), [.paused])
            #expect(try await !transient.isPersistent())
            #expect(try await transient.state().kind == .paused)
            try await transient.destroy()
            #expect(try await connection.domains().allSatisfy { $0.name != "made" })
            let invalid = try await failure("a document with an unknown element") {
                let xml = EmbeddedQEMU.xml("odd", devices: "<teapot/>")
                _ = try await connection.define(xml, validate: true)
            }
            #expect(invalid.code == .xmlInvalidSchema)
        }

        @Test func attachesDevices() async throws {
            try await EmbeddedQEMU.withDomain("devices", disk: true) { connection, domain in
                let events = try await domain.events([.deviceAdded])
                let other = try EmbeddedQEMU.makeDisk("hot")
                defer { unlink(other) }
                let xml = EmbeddedQEMU.disk(other, "vdb")
                try await domain.attachDevice(xml, [.live, .persistent])
                let alias = try await promptly("the event of an attached disk") {
                    for await event in events { return event.deviceAlias }
                    return nil
                }
                #expect(alias == "virtio-disk1")
                #expect(try await domain.statistics([.block]).disks.map(\.name) == ["vda", "vdb"])
                #expect(try await domain.xml(.inactive).contains(other))
                try await domain.detachDevice(xml, [.persistent])
                #expect(try await !domain.xml(.inactive).contains(other))
                #expect(try await domain.xml().contains(other))
                let missing = try await failure("a detach of what is not there") {
                    try await domain.detachDevice(alias: "none", [.live])
                }
                #expect(missing.message.contains("none"))
            }
        }

        @Test func updatesDevices() async throws {
            func drive(_ source: String) -> String {
                """
                <disk type='file' device='cdrom'><driver name='qemu' type='raw'/>\(source)
                <target dev='hda' bus='ide'/><readonly/></disk>
                """
            }
            func card(_ link: String) -> String {
                """
                <interface type='user'><mac address='52:54:00:11:22:33'/><model type='e1000'/><link state='\(link)'/>
                <address type='pci' domain='0' bus='0' slot='9' function='0'/></interface>
                """
            }
            let medium = EmbeddedQEMU.path("medium")
            try Data(count: 1 << 20).write(to: URL(fileURLWithPath: medium))
            defer { unlink(medium) }
            try await EmbeddedQEMU.withDomain("updates", devices: drive("") + card("up")) { connection, domain in
                let events = try await domain.events([.trayChange])
                try await domain.updateDevice(drive("<source file='\(medium)'/>"), [.live, .persistent])
                #expect(try await domain.xml().contains(medium))
                #expect(try await domain.xml(.inactive).contains(medium))
                #expect(try await domain.blockInfo("hda").capacity == 1 << 20)
                try await domain.updateDevice(drive(""), [.live])
                #expect(try await !domain.xml().contains(medium))
                #expect(try await domain.xml(.inactive).contains(medium))
                _ = events
                try await domain.updateDevice(card("down"), [.live, .persistent])
                #expect(try await domain.xml().contains("<link state='down'/>"))
                #expect(try await domain.xml(.inactive).contains("<link state='down'/>"))
                let refused = try await failure("a change that a running card can't have") {
                    try await domain.updateDevice(
                        card("up").replacingOccurrences(of: "e1000", with: "rtl8139"), [.live])
                }
                #expect(refused.code == .operationUnsupported)
            }
        }

        @Test func setsResources() async throws {
            try await EmbeddedQEMU.withDomain("resources") { connection, domain in
                #expect(try await domain.vcpuCount([.maximum]) == 2)
                try await domain.setVCPUCount(2, [.live])
                #expect(try await domain.vcpuCount([.live]) == 2)
                try await domain.pinVCPU(0, to: [0], [.live, .persistent])
                #expect(try await domain.vcpuPinning().first == [0])
                try await domain.pinEmulator(to: [0, 1])
                #expect(try await domain.emulatorPinning() == [0, 1])
                try await domain.addIOThread(3)
                try await domain.pinIOThread(3, to: [1])
                let threads = try await domain.ioThreads()
                #expect(threads.map(\.id) == [3])
                #expect(threads.first?.cpus == [1])
                try await domain.removeIOThread(3)
                try await domain.setMemory(48 << 10, [.persistent])
                #expect(try await domain.xml(.inactive).contains("<currentMemory unit='KiB'>49152</currentMemory>"))
                #expect(try await domain.xml(.inactive).contains("<vcpupin vcpu='0' cpuset='0'/>"))
                let statistics = try await domain.statistics()
                #expect(statistics.state == .running)
                #expect(statistics.vcpuCount == 2)
                #expect((statistics.residentMemory ?? 0) > 0)
                #expect(try await domain.memoryStatistics()[7] ?? 0 > 0)
                #expect(try await domain.readMemory(at: 0xF_FFF0, count: 16).first == 0xEA)
                #expect(try await domain.qemuMonitorCommand("{\"execute\":\"query-status\"}").contains("running"))
                let agent = try await failure("a guest agent that is not there") {
                    _ = try await domain.agent.command("{\"execute\":\"guest-ping\"}", timeout: 1)
                }
                #expect(agent.code == .agentUnresponsive)
                #expect(agent.remedy != nil)
            }
        }

        @Test func keepsMetadata() async throws {
            try await EmbeddedQEMU.withDomain("metadata") { connection, domain in
                let events = try await domain.events([.metadataChange])
                let place = LibvirtMetadata.element(namespace: "urn:a")
                #expect(try await domain.metadata(place) == nil)
                try await domain.setMetadata("<x y='1&amp;2'/>", place, prefix: "a", [.live, .persistent])
                #expect(try await domain.metadata(place, [.live])?.contains("1&amp;2") == true)
                #expect(try await domain.metadata(place, [.persistent])?.contains("1&amp;2") == true)
                let uri = try await promptly("the event of metadata") {
                    for await event in events { return event.values["uri"]?.text }
                    return nil
                }
                #expect(uri == "urn:a")
                try await domain.setMetadata(nil, place, [.live])
                #expect(try await domain.metadata(place, [.live]) == nil)
                #expect(try await domain.metadata(place, [.persistent]) != nil)
                try await domain.setMetadata("of <its> own", .title, [.live, .persistent])
                try await domain.setMetadata("two\nlines", .description, [.persistent])
                #expect(try await domain.metadata(.title, [.live]) == "of <its> own")
                #expect(try await domain.metadata(.description, [.persistent]) == "two\nlines")
                #expect(try await domain.metadata(.description, [.live]) == nil)
            }
        }

        @Test func countsInBulkAndAsAStream() async throws {
            try await EmbeddedQEMU.withDomain("counted", disk: true) { connection, domain in
                let other = try await connection.create(EmbeddedQEMU.xml("beside"))
                let all = try await connection.statistics([.state, .vcpu, .block])
                let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
                #expect(byName["counted"]?.state == .running)
                #expect(byName["counted"]?.disks.map(\.capacity) == [16 << 20])
                #expect(byName["beside"]?.disks.isEmpty == true)
                try await other.destroy()
                let times = try await promptly("a stream of statistics") {
                    var times: [Duration] = []
                    for try await statistics in domain.statistics([.cpu], every: .milliseconds(50)) {
                        if let time = statistics.cpuTime, time != times.last { times.append(time) }
                        if times.count == 3 { break }
                    }
                    return times
                }
                #expect(times.count == 3 && times == times.sorted())
                // A stream of a domain that ends throws.
                let end = Task { for try await _ in domain.statistics(every: .milliseconds(20)) {} }
                let transient = try await connection.create(EmbeddedQEMU.xml("ends"))
                let ends = Task { for try await _ in transient.statistics(every: .milliseconds(20)) {} }
                try await transient.destroy()
                let result = try await promptly("the end of a stream of statistics") { await ends.result }
                #expect(throws: LibvirtError.self) { try result.get() }
                end.cancel()
                let cancelled = try await promptly("a cancelled stream of statistics") { await end.result }
                #expect(throws: CancellationError.self) { try cancelled.get() }
            }
        }

        @Test func takesScreenshots() async throws {
            try await EmbeddedQEMU.withDomain("screen", video: "vga") { connection, domain in
                try await domain.sendKeys([30, 48])
                let (type, bytes) = try await domain.screenshot()
                #expect(type.hasPrefix("image/"))
                #expect(bytes.count > 1000)
            }
        }

        @Test func readsAndWritesVolumes() async throws {
            // The embedded driver has no storage; a file of the test driver has no contents. Streams are tested by consoles here.
            try await EmbeddedQEMU.withDomain("console") { connection, domain in
                let console = try await domain.openConsole()
                try await console.write(Array("x".utf8))
                let busy = try await failure("a second console") { _ = try await domain.openConsole(safe: true) }
                #expect(busy.code == .operationFailed)
                let reader = Task { try await console.read() }
                try await Task.sleep(for: .milliseconds(50))
                reader.cancel()
                await #expect(throws: CancellationError.self) { try await reader.value }
                let again = try await domain.openConsole(force: true)
                try await domain.destroy()
                let end = try await promptly("the console's end") { () -> Bool in
                    for try await _ in again.chunks {}
                    return true
                }
                #expect(end)
                await again.close()
                await console.close()
            }
        }

        @Test func whatTheDriverSays() async throws {
            let connection = try await EmbeddedQEMU.connect()
            #expect(try await connection.type() == "QEMU")
            let capabilities = try await connection.domainCapabilities(architecture: "x86_64", machine: "q35")
            #expect(capabilities?.contains("<domainCapabilities>") == true)
            let argv = try await connection.native(EmbeddedQEMU.xml("native"), format: "qemu-argv")
            #expect(argv.contains("-machine"))
            let unsupported = try await connection.unsupportedEvents()
            #expect(unsupported.isDisjoint(with: LibvirtEvent.Kind.allOfDomains))
            let refused = try await failure("a document that is cut short") {
                _ = try await connection.define("<domain")
            }
            #expect(refused.code == .xmlDetail)
        }
    }
}
