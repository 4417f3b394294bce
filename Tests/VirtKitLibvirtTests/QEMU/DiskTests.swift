import Foundation
import Testing
import VirtKitCore
import VirtKitLibvirt

extension RealQEMU {
    /// Snapshots, checkpoints, backups and block jobs of images with contents.
    @Suite struct DiskTests {
        @Test func makesInternalSnapshots() async throws {
            try await EmbeddedQEMU.withDomain("internal", disk: true) { connection, domain in
                let first = try await domain.makeSnapshot(xml: "<domainsnapshot><name>a&amp;b</name></domainsnapshot>")
                #expect(first.name == "a&b")
                let second = try await domain.makeSnapshot(xml: "<domainsnapshot><name>two</name></domainsnapshot>")
                #expect(try await second.parent()?.name == "a&b")
                #expect(try await first.parent() == nil)
                #expect(try await second.isCurrent())
                #expect(try await second.xml().contains("<state>running</state>"))
                try await first.revert([.paused])
                #expect(try await domain.state().kind == .paused)
                #expect(try await first.isCurrent())
                #expect(try await domain.snapshot(named: "two").name == "two")
                try await domain.resume()
                let branch = try await domain.makeSnapshot(xml: "<domainsnapshot><name>three</name></domainsnapshot>")
                #expect(try await branch.parent()?.name == "a&b")
                try await second.delete()
                #expect(Set(try await domain.snapshots().map(\.name)) == ["a&b", "three"])
                try await first.delete([.children])
                #expect(try await domain.snapshots().isEmpty)
                let gone = try await failure("a snapshot that was deleted") { try await branch.revert() }
                #expect(gone.code == .noDomainSnapshot)
            }
        }

        @Test func makesExternalSnapshots() async throws {
            try await EmbeddedQEMU.withDomain("external", disk: true) { connection, domain in
                let overlay = EmbeddedQEMU.path("overlay")
                let memory = EmbeddedQEMU.path("memory")
                defer {
                    unlink(overlay)
                    unlink(memory)
                }
                let snapshot = try await domain.makeSnapshot(
                    xml: """
                        <domainsnapshot><name>ext</name><memory snapshot='external' file='\(memory)'/><disks>
                        <disk name='vda' snapshot='external'><source file='\(overlay)'/></disk></disks></domainsnapshot>
                        """, [.live])
                #expect(try await domain.state().kind == .running)
                #expect(try await domain.xml().contains("<source file='\(overlay)'"))
                #expect(FileManager.default.fileExists(atPath: memory))
                // What this libvirt can't do with external ones, it says; later ones can.
                do {
                    try await snapshot.revert([.paused, .force])
                    #expect(try await domain.state().kind == .paused)
                } catch let error as LibvirtError {
                    #expect([.configUnsupported, .operationUnsupported].contains(error.code), "\(error)")
                }
                try await snapshot.delete([.metadataOnly])
                #expect(try await domain.snapshots().isEmpty)
                let both = try await failure("an external snapshot onto a file that is there") {
                    _ = try await domain.makeSnapshot(
                        xml: """
                            <domainsnapshot><disks><disk name='vda' snapshot='external'><source file='\(overlay)'/></disk>
                            </disks></domainsnapshot>
                            """, [.diskOnly])
                }
                #expect(both.message.contains(overlay))
            }
        }

        @Test func commitsAndPullsChains() async throws {
            try await EmbeddedQEMU.withDomain("chains", disk: true, filled: 4) { connection, domain in
                let base = try #require(try await domain.statistics([.block]).disks.first?.path)
                let overlay = EmbeddedQEMU.path("overlay")
                let top = EmbeddedQEMU.path("top")
                defer {
                    unlink(overlay)
                    unlink(top)
                }
                func put(_ path: String) async throws {
                    _ = try await domain.makeSnapshot(
                        xml: """
                            <domainsnapshot><disks><disk name='vda' snapshot='external'><source file='\(path)'/></disk>
                            </disks></domainsnapshot>
                            """, [.diskOnly, .noMetadata])
                }
                try await put(overlay)
                #expect(try await domain.xml().contains("<source file='\(overlay)'"))
                let commit = try await domain.commitBlock("vda", [.active])
                try await commit.wait()
                try await commit.pivot()
                #expect(try await domain.blockJob("vda") == nil)
                #expect(try await domain.statistics([.block]).disks.first?.path == base)
                unlink(overlay)
                try await put(overlay)
                try await put(top)
                // The middle goes into the base, then the base into the top.
                let middle = try await domain.commitBlock("vda", base: base, top: overlay)
                try await middle.wait()
                try await eventually("the middle has gone") { try await !domain.xml().contains("file='\(overlay)'") }
                let pull = try await domain.pullBlock("vda")
                try await pull.wait()
                try await eventually("the base has gone") { try await !domain.xml().contains("file='\(base)'") }
                try await domain.destroy()
                #expect(try !EmbeddedQEMU.diskTool("qemu-img", ["info", top]).contains("backing file"))
                #expect(try EmbeddedQEMU.isFilled(top, mebibytes: 4))
            }
        }

        @Test func copiesTellTheirProgress() async throws {
            try await EmbeddedQEMU.withDomain("copies", disk: true, filled: 12) { connection, domain in
                let events = try await domain.events([.blockJob])
                let copy = EmbeddedQEMU.path("copy")
                defer { unlink(copy) }
                let destination = "<disk type='file'><source file='\(copy)'/><driver type='qcow2'/></disk>"
                let base = try #require(try await domain.statistics([.block]).disks.first?.path)
                // A slow one is seen on its way, and aborted. QEMU's limit is for what goes beyond its buffer.
                let limits: LibvirtParameters = [
                    "bandwidth": .unsignedLong(1 << 20), "buf-size": .unsignedLong(1 << 20),
                    "granularity": .unsignedInt(1 << 16),
                ]
                let slow = try await domain.copyBlock(
                    "vda", to: destination, limits, [.transientJob])
                let fractions = try await promptly("the progress of a slow copy") {
                    var fractions: [Double] = []
                    for try await progress in slow.progress(every: .milliseconds(50)) {
                        #expect(progress.type == .copy)
                        if progress.fraction != fractions.last { fractions.append(progress.fraction) }
                        if fractions.count == 3 { break }
                    }
                    return fractions
                }
                #expect(fractions.count == 3 && fractions == fractions.sorted() && fractions[1] < 1)
                try await slow.abort()
                #expect(try await domain.blockJob("vda") == nil)
                #expect(try await domain.statistics([.block]).disks.first?.path == base)
                unlink(copy)

                let job = try await domain.copyBlock(
                    "vda", to: destination, limits, [.transientJob])
                try await job.setBandwidth(1 << 30)
                var last: LibvirtBlockJobProgress?
                for try await progress in job.progress(every: .milliseconds(20)) { last = progress }
                #expect(last?.isReady == true)
                try await job.pivot()
                let seen = try await promptly("the events of two copies") {
                    var seen: [BlockJobStatus] = []
                    for await event in events {
                        guard let job = event.blockJob, job.disk == "vda" else { continue }
                        seen.append(job.status)
                        if job.status == .completed { break }
                    }
                    return seen
                }
                #expect(seen == [.cancelled, .ready, .completed])
                #expect(try await domain.statistics([.block]).disks.first?.path == copy)
                try await domain.resizeBlock("vda", bytes: 32 << 20)
                #expect(try await domain.blockInfo("vda").capacity == 32 << 20)
                let peek = try await failure("a look into a qcow2 file") {
                    _ = try await domain.readBlock("vda", at: 0, count: 512)
                }
                #expect(peek.code == .operationUnsupported)
                #expect(try await domain.blockStatistics("vda")["rd_operations"] != nil)
                try await domain.destroy()
                #expect(try EmbeddedQEMU.isFilled(copy, mebibytes: 12))
            }
        }

        @Test func makesCheckpointsAndBackups() async throws {
            try await EmbeddedQEMU.withDomain("checks", disk: true, filled: 4) { connection, domain in
                func document(_ name: String) -> String {
                    """
                    <domaincheckpoint><name>\(name)</name><disks><disk name='vda' checkpoint='bitmap'/></disks>
                    </domaincheckpoint>
                    """
                }
                let first = try await domain.makeCheckpoint(xml: document("one"))
                #expect(try await first.xml().contains("<name>one</name>"))
                let file = EmbeddedQEMU.path("backup")
                defer { unlink(file) }
                let events = try await domain.events([.jobCompleted])
                try await domain.beginBackup(
                    xml: """
                        <domainbackup mode='push'><disks><disk name='vda' type='file'><target file='\(file)'/>
                        <driver type='qcow2'/></disk></disks></domainbackup>
                        """, checkpoint: document("two"))
                let done = try await promptly("the event of a backup") {
                    for await event in events { return event.values["success"] }
                    return nil
                }
                #expect(done == .bool(true))
                #expect(try await domain.checkpoints().map(\.name).sorted() == ["one", "two"])
                // QEMU closes the file a moment later.
                try await eventually("the backup has the disk's contents") {
                    try EmbeddedQEMU.isFilled(file, mebibytes: 4)
                }
                try await first.delete()
                #expect(try await domain.checkpoints().map(\.name) == ["two"])
                let again = try await failure("a checkpoint that was deleted") { try await first.delete() }
                #expect(again.code == .noDomainCheckpoint)
            }
        }
    }
}
