import Foundation
import Testing
import VirtKitCore
import VirtKitLibvirt

/// A domain's life under QEMU's real driver, in this process.
@Suite("QEMU's driver", .serialized, .enabled(if: Needs.qemu, "needs VIRTKIT_TEST_QEMU"))
struct QEMUDomainTests {
    /// A persistent, running domain for a test.
    private func withDomain(
        _ name: String, disk: Bool = false, video: String = "none",
        _ body: (LibvirtConnection, LibvirtDomain) async throws -> Void
    ) async throws {
        let connection = try await EmbeddedQEMU.connect()
        let path = disk ? try EmbeddedQEMU.makeDisk(name) : nil
        let domain = try await connection.define(EmbeddedQEMU.xml(name, disk: path, video: video))
        do {
            try await domain.start()
            try await body(connection, domain)
        } catch {
            try? await domain.destroy()
            try? await domain.undefine([.managedSave, .snapshotsMetadata, .checkpointsMetadata])
            throw error
        }
        try? await domain.destroy()
        try await domain.undefine([.managedSave, .snapshotsMetadata, .checkpointsMetadata])
        if let path { unlink(path) }
    }

    @Test func pausesAndResumes() async throws {
        try await withDomain("life") { connection, domain in
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
        try await withDomain("saved") { connection, domain in
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

    @Test func makesSnapshots() async throws {
        try await withDomain("snapshots", disk: true) { connection, domain in
            let first = try await domain.makeSnapshot(xml: "<domainsnapshot><name>a&amp;b</name></domainsnapshot>")
            #expect(first.name == "a&b")
            let second = try await domain.makeSnapshot(xml: "<domainsnapshot><name>two</name></domainsnapshot>")
            #expect(try await second.parent()?.name == "a&b")
            try await first.revert([.paused])
            #expect(try await domain.state().kind == .paused)
            #expect(try await first.isCurrent())
            try await second.delete()
            #expect(try await domain.snapshots().map(\.name) == ["a&b"])
            try await first.delete()
            let overlay = EmbeddedQEMU.path("overlay")
            defer { unlink(overlay) }
            _ = try await domain.makeSnapshot(
                xml: """
                    <domainsnapshot><disks><disk name='vda' snapshot='external'><source file='\(overlay)'/></disk></disks>
                    </domainsnapshot>
                    """, [.diskOnly, .noMetadata])
            let job = try await domain.commitBlock("vda", [.active])
            try await job.wait()
            try await job.pivot()
            #expect(try await domain.blockJob("vda") == nil)
        }
    }

    @Test func copiesAndResizesDisks() async throws {
        try await withDomain("blocks", disk: true) { connection, domain in
            #expect(try await domain.blockInfo("vda").capacity == 16 << 20)
            try await domain.resizeBlock("vda", bytes: 32 << 20)
            #expect(try await domain.blockInfo("vda").capacity == 32 << 20)
            let events = try await domain.events([.blockJob])
            let copy = EmbeddedQEMU.path("copy")
            defer { unlink(copy) }
            let job = try await domain.copyBlock(
                "vda", to: "<disk type='file'><source file='\(copy)'/><driver type='qcow2'/></disk>", [:],
                [.transientJob])
            var last: LibvirtBlockJobProgress?
            for try await progress in job.progress(every: .milliseconds(20)) { last = progress }
            #expect(last?.isReady == true)
            #expect(last?.type == .copy)
            try await job.pivot()
            var seen: [BlockJobStatus] = []
            for await event in events {
                guard let job = event.blockJob, job.disk == "vda" else { continue }
                seen.append(job.status)
                if job.status == .completed { break }
            }
            #expect(seen == [.ready, .completed])
            #expect(try await domain.xml().contains(copy))
            let pull = try await domain.pullBlock("vda")
            try await pull.wait()
            let peek = try await failure("a look into a qcow2 file") {
                _ = try await domain.readBlock("vda", at: 0, count: 512)
            }
            #expect(peek.code == .operationUnsupported)
            #expect(try await domain.blockStatistics("vda")["rd_operations"] != nil)
        }
    }

    @Test func attachesDevices() async throws {
        try await withDomain("devices", disk: true) { connection, domain in
            let events = try await domain.events([.deviceAdded])
            let other = try EmbeddedQEMU.makeDisk("hot")
            defer { unlink(other) }
            let xml = """
                <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='\(other)'/>
                <target dev='vdb' bus='virtio'/></disk>
                """
            try await domain.attachDevice(xml, [.live, .persistent])
            var alias: String?
            for await event in events {
                alias = event.deviceAlias
                break
            }
            #expect(alias == "virtio-disk1")
            #expect(try await domain.statistics([.block]).disks.map(\.name) == ["vda", "vdb"])
            try await domain.detachDevice(xml, [.persistent])
            #expect(try await !domain.xml(.inactive).contains(other))
            let missing = try await failure("a detach of what is not there") {
                try await domain.detachDevice(alias: "none", [.live])
            }
            #expect(missing.message.contains("none"))
        }
    }

    @Test func setsResources() async throws {
        try await withDomain("resources") { connection, domain in
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
            try await domain.setMetadata("<x/>", .element(namespace: "urn:a"), prefix: "a", [.live])
            #expect(try await domain.metadata(.element(namespace: "urn:a")) == "<x/>")
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

    @Test func takesScreenshots() async throws {
        try await withDomain("screen", video: "vga") { connection, domain in
            try await domain.sendKeys([30, 48])
            let (type, bytes) = try await domain.screenshot()
            #expect(type.hasPrefix("image/"))
            #expect(bytes.count > 1000)
        }
    }

    @Test func readsAndWritesVolumes() async throws {
        // The embedded driver has no storage; a file of the test driver has no contents. Streams are tested by consoles here.
        try await withDomain("console") { connection, domain in
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
        let refused = try await failure("a document that is cut short") { _ = try await connection.define("<domain") }
        #expect(refused.code == .xmlDetail)
    }
}
